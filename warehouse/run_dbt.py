"""dbt as the program that `daybook build` starts: `python -m warehouse.run_dbt build --select …`.

dbt's own command line formats each of some ten thousand debug events twice over, for its console and its
log file, and writes a manifest of all models twice. Here lines that are worth reading are printed, and the
results are all that is written.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

RESULTS = "run_results.json"
_QUIET = {"LOG_LEVEL": "none", "LOG_LEVEL_FILE": "none", "WRITE_JSON": "false", "USE_COLORS": "false"}


def main(arguments: list[str], parsed: Manifest | None = None) -> int:
    """Run dbt with these arguments, `--target-path` among them; on what is parsed already, if it is given.

    Prints dbt's lines from `info` up; writes dbt's results to <target path>/run_results.json when it got as
    far as running something. dbt's own flags and environment say if it shall write more
    (DBT_LOG_LEVEL_FILE=debug for its log).
    Returns: 0 when all passed, 1 when something failed, 2 when dbt could not start.
    """
    for flag, value in _QUIET.items():
        os.environ.setdefault(f"DBT_{flag}", value)
    ran = dbtRunner(manifest=parsed, callbacks=[_say]).invoke(arguments)
    if isinstance(ran.result, RunExecutionResult):
        ran.result.write(f"{arguments[arguments.index('--target-path') + 1]}/{RESULTS}")
    if ran.exception is not None:
        print(ran.exception, flush=True)
        return 2
    return 0 if ran.success else 1


def _say(event: Any) -> None:
    if event.info.level not in ("debug", "test"):
        sys.stdout.write(f"{event.info.msg}\n")  # in one piece: dbt's threads talk at once
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
