"""How errors are printed on the command line: as a readable block, with a traceback only for --debug."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from daybook.problems import Problem, problems_of
from extractors.errors import ConfigError, DaybookError

FAILED, MISCONFIGURED, INTERRUPTED = 1, 2, 130
"""Exit statuses: something failed; our own configuration or the command line is wrong; Ctrl-C."""


def exit_status(error: DaybookError) -> int:
    return MISCONFIGURED if isinstance(error, ConfigError) else FAILED


def show(error: DaybookError) -> None:
    """Print an error as a block on standard error."""
    show_problems(problems_of(error))


def show_problems(problems: list[Problem]) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for problem in problems:
        head, *rest = problem.lines()
        console.print(f"[red]✗[/] {escape(head)}")
        for line in rest:
            console.print(escape(line))
