#!/bin/sh
# Make .venv and install one lock file: sh requirements/install.sh requirements/run.lock
# uv does it in a third of the time and is used when it is there; pip needs nothing else.
set -eu
lock=$1
if ! command -v "$PYTHON" >/dev/null 2>&1; then
    echo "✗ $PYTHON is not on the PATH" >&2
    echo "  → install Python 3.11, or say where it is: make PYTHON=/path/to/python3.11 …" >&2
    exit 2
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    echo "✗ $PYTHON is $("$PYTHON" --version 2>&1), and the locked packages are for Python 3.11" >&2
    echo "  → make PYTHON=/path/to/python3.11 …" >&2
    exit 2
fi
echo "Installing $lock into .venv (once; a minute or so)"
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
# --no-deps: the lock names everything, and pip's check of hashes trips over extras such as fastapi[standard].
with_uv() {
    command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1 || return 1
    export VIRTUAL_ENV="$PWD/.venv"
    uv pip install --quiet --no-deps --require-hashes --compile-bytecode -r "$lock" &&
        uv pip install --quiet --no-deps --no-build-isolation -e .
}
with_pip() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" &&
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
}
# uv reads other settings than pip (a company's mirror): where it fails, pip may not.
with_uv || with_pip
