"""`python -m prove [EXPERIMENT…] [--share 0.1] [--seed 7] [pytest's own words]`: the experiments behind the claims.

EXPERIMENT is a file's name without `test_` and `.py`: `kills`, `readers`, …; none means all. --share makes the
counts smaller (0.05: a twentieth) for a first look. --seed draws other kills, faults and mutations; every test's id
holds its seed, so `make prove ARGS='kills -k load-17'` replays a failure. Results go to docs/results/proofs.json
and from there into docs/proofs.md.
"""

from __future__ import annotations

import argparse
import os
import sys

import pytest

from prove.record import ROOT

FOLDER = ROOT / "prove"


def main(arguments: list[str]) -> int:
    names = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    parser = argparse.ArgumentParser(
        prog="python -m prove", description=f"Experiments: {', '.join(names)}. Other words go to pytest."
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the full counts (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn (default %(default)s)")
    chosen, words = parser.parse_known_args(arguments)
    os.environ["PROVE_SHARE"], os.environ["PROVE_SEED"] = str(chosen.share), str(chosen.seed)
    picked = [word for word in words if word in names]
    others = [word for word in words if word not in picked]
    files = [str(FOLDER / f"test_{name}.py") for name in picked] or [str(FOLDER)]
    return int(pytest.main([*files, "-p", "no:cacheprovider", "--timeout=7200", "-q", "-rf", *others]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
