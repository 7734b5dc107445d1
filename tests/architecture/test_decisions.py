"""The decision log stays honest: every entry says why, at what cost, and names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = re.split(r"^## ", (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8"), flags=re.M)[1:]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(entry.split(".")[0]) for entry in ENTRIES] == list(range(1, len(ENTRIES) + 1))


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.split("\n")[0] for entry in ENTRIES])
def test_a_decision_has_a_reason_a_cost_and_a_test_that_exists(entry: str) -> None:
    for part in ("**Reason.**", "**Cost.**", "**Held by**"):
        assert part in entry
    held_by = re.findall(r"`(tests/[^`]+)`", entry.split("**Held by**")[1])
    assert held_by
    for path in held_by:
        assert (ROOT / path).exists(), path
