"""dbt as the program that `daybook build` starts: `python -m warehouse.run_dbt build --select …`.

dbt's own command line formats each of some ten thousand debug events twice over, for its console and its
log file, and writes a manifest of all models twice. Here lines that are worth reading are printed, and the
results are all that is written.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Any, NoReturn

import networkx
from dbt import compilation
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

RESULTS = "run_results.json"
_QUIET = {"LOG_LEVEL": "none", "LOG_LEVEL_FILE": "none", "WRITE_JSON": "false", "USE_COLORS": "false"}


class _WorthTelling(EventManager):
    """Makes no messages of debug events, thousands a build, unless a logger of dbt shows them."""

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: Any = None,
        force_warn_or_error_handling: bool = False,
    ) -> None:
        if self.loggers or (level or e.level_tag()) not in (EventLevel.DEBUG, EventLevel.TEST):
            super().fire_event(e, level, node, force_warn_or_error_handling)


class _Linker(compilation.Linker):
    """The graph of the project, without what every run would pay for anew."""

    def find_cycles(self) -> str | None:
        # Whether there is one is seen in a hundredth of the time that it takes to look for its nodes.
        return None if networkx.is_directed_acyclic_graph(self.graph) else super().find_cycles()

    def get_graph_summary(self, manifest: Manifest) -> dict[int, dict[str, Any]]:
        return {}  # a file of dbt's for its own diagnostics


compilation.Linker = _Linker  # type: ignore[misc]


def main(arguments: list[str], parsed: Manifest | None = None) -> int:
    """Run dbt with these arguments, `--target-path` among them; on what is parsed already, if it is given.

    Prints dbt's lines from `info` up; writes dbt's results to <target path>/run_results.json when it got as
    far as running something. dbt's own flags and environment say if it shall write more
    (DBT_LOG_LEVEL_FILE=debug for its log).
    Returns: 0 when all passed, 1 when something failed, 2 when dbt could not start.
    """
    for flag, value in _QUIET.items():
        os.environ.setdefault(f"DBT_{flag}", value)
    ctx_set_event_manager(_WorthTelling())
    # A project is a million objects that stay; Python's search for dead ones goes through them all the time.
    gc.set_threshold(100_000, 50, 1000)
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


def _end(status: int) -> NoReturn:
    """End as dbt asks for (it lets go of the databases), but not as Python: object by object, a second."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _end(main(sys.argv[1:]))
