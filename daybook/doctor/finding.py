"""The result of a check of `daybook doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing checked. what: its name. said: the result. advice: what to do when level is not ok."""

    level: Level
    what: str
    said: str
    advice: str | None = None
