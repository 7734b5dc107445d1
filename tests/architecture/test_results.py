"""The pages of results say what the files of results say."""

from __future__ import annotations

from pathlib import Path

import pytest

from prove.record import rendered

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["proofs", "benchmarks"])
def test_a_page_shows_exactly_what_its_results_file_holds(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert rendered(page, text) == text
