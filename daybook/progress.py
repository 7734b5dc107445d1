"""Progress output: a live line on a terminal, plain lines with the elapsed seconds elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape

_MARK = {"ok": "[green]✓[/]", "bad": "[red]✗[/]", "info": "[dim]·[/]"}


def wide_console() -> Console:
    """A console for tables: as wide as the terminal, or 160 characters where there is none (a pipe, a
    log)."""
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


class Progress:
    """`doing` shows what is under way, `line` what has happened. Use it as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._start = time.monotonic()
        self._status = self.console.status("") if self.console.is_terminal else None
        self._doing = ""

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def doing(self, text: str) -> None:
        """Show what is under way, if it has changed."""
        if text == self._doing:
            return
        self._doing = text
        if self._status:
            self._status.update(escape(text))
        else:
            self.line(text)

    def waiting(self, text: str) -> None:
        """Like `doing`, but only on a terminal: for details that would flood a log."""
        if self._status and text != self._doing:
            self._doing = text
            self._status.update(escape(text))

    def line(self, text: str, mark: str = "info") -> None:
        """Print something that has happened. mark: ok, bad or info."""
        self.console.print(f"[dim]{self.seconds:6.1f}s[/] {_MARK[mark]} {escape(text)}")
