"""``python -m extractors.sandbox``: the platforms, played on loopback."""

from __future__ import annotations

import argparse
import sys
from datetime import date

from .server import Sandbox, SandboxError, serve
from .world import FIRST_DAY


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; 2 when it cannot start, with the reason on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m extractors.sandbox",
        description="One pretend merchant world behind all vendors that Daybook reads.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="loopback address to listen on (default %(default)s)"
    )
    parser.add_argument("--port", type=int, default=8765, help="port (default %(default)s; 0 = any free one)")
    parser.add_argument("--seed", type=int, default=7, help="which world (default %(default)s)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="times the ordinary traffic (default %(default)s)"
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, help="added to every answer (default %(default)s)"
    )
    parser.add_argument(
        "--start",
        type=date.fromisoformat,
        default=FIRST_DAY,
        metavar="DATE",
        help="first day of history (default %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    try:
        sandbox = Sandbox(chosen.seed, chosen.scale, chosen.latency_ms, chosen.start)
        serve(sandbox, chosen.host, chosen.port, lambda url: print(f"sandbox at {url}", flush=True))
    except SandboxError as problem:
        print(f"sandbox: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
