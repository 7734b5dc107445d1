"""The questions of docs/questions.md are answered by their queries, as they stand there (and tests/e2e asks the demo)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^## (\d+)\. ([^\n]+)\n.*?```sql\n(.*?)```", PAGE, flags=re.S | re.M)


def answer(number: int, built: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = built.rows(QUESTIONS[number - 1][2])
    return rows


SETTLED = 14  # this world has no platform that tells what it settled; the demo has


def test_there_are_fourteen_questions_each_with_one_short_query() -> None:
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 15))
    assert all(title.endswith("?") and len(sql.splitlines()) <= 8 for _, title, sql in QUESTIONS)


@pytest.mark.parametrize("number", [number for number in range(1, 15) if number != SETTLED])
def test_each_question_has_an_answer_without_a_column_of_nothing(number: int, built: Any) -> None:
    rows = answer(number, built)
    assert rows
    for name in set(rows[0]) - {"main_driver"}:  # refunds out of the ordinary have no factors
        assert any(row[name] is not None for row in rows), name


def test_yesterday_is_the_last_closed_day_of_each_shop(built: Any) -> None:
    shown = {row["store_id"]: row["period_start"] for row in answer(1, built)}
    known = built.rows("select store_id, complete_through from marts.dim_store where has_orders")
    assert shown.items() >= {row["store_id"]: row["complete_through"] for row in known}.items()
    assert "ALL" in shown


def test_a_cause_is_given_for_the_same_day_as_the_figure(built: Any) -> None:
    figures = {row["store_id"]: row for row in answer(1, built)}
    causes = [row for row in answer(2, built) if row["compare"] == "prev"]
    assert {"jade_tmall", "ALL"} <= {row["store_id"] for row in causes}
    for row in causes:
        assert row["sentence"].startswith(f"Paid {figures[row['store_id']]['paid_amount']} CNY")


def test_visitors_are_told_by_source_beside_the_shop_as_a_whole(built: Any) -> None:
    rows = answer(6, built)
    sources = [row for row in rows if row["source_l1"] != "ALL"]
    (shop,) = (row for row in rows if row["source_l1"] == "ALL")
    assert {row["source_l1"] for row in sources} == {"free_search", "off_platform", "direct_returning"}
    # Who came by two of them is one visitor of the shop.
    assert sum(row["visitors"] for row in sources) > shop["visitors"] > max(r["visitors"] for r in sources)
    (day,) = built.rows(
        f"select buyers, visitors from marts.store_daily where store_id = '{shop['store_id']}'"
        f" and period_start = '{shop['period_start']}'"
    )
    assert (shop["buyers"], shop["visitors"]) == (day["buyers"], day["visitors"])
