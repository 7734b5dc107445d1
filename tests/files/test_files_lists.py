"""Lists by file drop: any day's rate, cost or target can be told, corrected, and told again without harm."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from extractors.errors import ExtractErrors
from extractors.files.inbox import import_files
from extractors.files.lists import list_named
from extractors.landing import Landing
from extractors.registry import platform
from warehouse.load import load_pending

RATES = list_named("fx_rates")
assert RATES is not None
HEAD = "currency,rate_date,units_per_usd\n"


class Rates:
    """The inbox of rates, and the table they end in."""

    def __init__(self, home: Path) -> None:
        self.inbox = home / "inbox" / "fx_rates"
        self.inbox.mkdir(parents=True)
        self.landing = Landing(home / "landing")
        self.warehouse = home / "build" / "warehouse.duckdb"

    def take(self, name: str, rows: str, load: bool = True) -> int:
        (self.inbox / name).write_text(HEAD + rows, encoding="utf-8")
        import_files(RATES.account, self.inbox, self.landing, "a key")
        return self.load() if load else 0

    def load(self) -> int:
        found = load_pending(self.landing, self.warehouse, {"files": platform("files")}, [], "files")
        return sum(partition.rows_new for partition in found)

    @property
    def table(self) -> dict[tuple[str, str], str]:
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            rows = con.execute(
                "select currency, rate_date::varchar, units_per_usd::varchar from raw_daybook.dropped_rates"
            ).fetchall()
        assert len({row[:2] for row in rows}) == len(rows)
        return {(currency, day): rate for currency, day, rate in rows}


@pytest.fixture
def rates(tmp_path: Path) -> Rates:
    return Rates(tmp_path)


def test_dropped_rates_are_there_exactly_once_however_often_they_are_told(rates: Rates) -> None:
    assert rates.take("a.csv", "CNY,2026-11-02,7.1162\nEUR,2026-11-02,0.8671\n") == 2
    told = {("CNY", "2026-11-02"): "7.116200", ("EUR", "2026-11-02"): "0.867100"}
    assert rates.table == told
    assert rates.take("again.csv", "CNY,2026-11-02,7.1162\nEUR,2026-11-02,0.8671\n") == 0
    assert rates.take("more.csv", "CNY,2026-11-02,7.1162\nCNY,2026-11-03,7.12\n") == 1
    assert rates.table == {**told, ("CNY", "2026-11-03"): "7.120000"}


def test_a_file_that_says_again_what_it_said_before_its_last_change_counts_again(rates: Rates) -> None:
    before, after = "CNY,2026-11-02,7.1\n", "CNY,2026-11-02,7.2\n"
    assert [rates.take("rates.csv", rows) for rows in (before, after, before, before)] == [1, 1, 1, 0]
    assert rates.table == {("CNY", "2026-11-02"): "7.100000"}
    # Under another name it is a copy of what is known, and not the last word of its own file.
    rates.take("rates.csv", after)
    assert rates.take("old copy.csv", before) == 0
    assert rates.table == {("CNY", "2026-11-02"): "7.200000"}


def test_a_correction_counts_even_when_its_file_ends_earlier(rates: Rates) -> None:
    rates.take("a.csv", "CNY,2026-11-02,7.1\nCNY,2026-11-30,7.3\n")
    assert rates.take("correction.csv", "CNY,2026-11-02,7.2\n") == 1
    assert rates.table == {("CNY", "2026-11-02"): "7.200000", ("CNY", "2026-11-30"): "7.300000"}


def test_the_file_read_later_counts_in_whichever_order_they_are_loaded(rates: Rates) -> None:
    rates.take("a.csv", "CNY,2026-11-02,7.1\n", load=False)
    rates.take("b.csv", "CNY,2026-11-02,7.2\n", load=False)
    rates.take("c.csv", "CNY,2026-11-02,7.1\nCNY,2026-11-03,7.1\n", load=False)
    first, second, third = sorted(rates.landing.pending("files"), key=lambda manifest: manifest.read_at)
    for manifest in (third, first, second):
        for other in (first, second, third):
            if other is not manifest:
                rates.landing.loaded(other)
        rates.landing.requeue(manifest)
        rates.load()
    assert rates.table == {("CNY", "2026-11-02"): "7.100000", ("CNY", "2026-11-03"): "7.100000"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("CNY,2026-11-02,0", "above zero"),
        ("CNY,2026-11-02,-7.1", "above zero"),
        ("yuan,2026-11-02,7.1", "three capitals"),
        ("CNY,soon,7.1", "is not a time"),
        ("CNY,2026-11-02,", "is empty"),
    ],
)
def test_a_file_with_a_rate_that_is_none_is_refused_whole(rates: Rates, row: str, reason: str) -> None:
    with pytest.raises(ExtractErrors, match=reason):
        rates.take("a.csv", f"EUR,2026-11-02,0.9\n{row}\n")
    assert "refused" in {path.name for path in rates.inbox.iterdir()}
    assert rates.load() == 0 and rates.table == {}


def taken(home: Path, name: str, files: dict[str, str]) -> tuple[list[int], list[tuple[str, ...]]]:
    """A list's files dropped one after the other: the rows that were new each time, and its table in the end."""
    own = list_named(name)
    assert own is not None
    inbox, landing = home / "inbox" / name, Landing(home / "landing")
    warehouse = home / "build" / "warehouse.duckdb"
    inbox.mkdir(parents=True)
    new = []
    for file, text in files.items():
        (inbox / file).write_text(text, encoding="utf-8")
        import_files(own.account, inbox, landing, "a key")
        found = load_pending(landing, warehouse, {"files": platform("files")}, [], "files")
        new.append(sum(partition.rows_new for partition in found))
    table = {"unit_costs": "dropped_costs", "targets": "dropped_targets"}[name]
    with duckdb.connect(str(warehouse), read_only=True) as con:
        rows = con.execute(
            f"select columns(* exclude (file, read_at, load_id))::varchar from raw_daybook.{table} order by all"
        ).fetchall()
    return new, rows


def test_a_cost_told_again_replaces_the_one_before_and_a_new_day_is_a_new_cost(tmp_path: Path) -> None:
    head = "store_id,product_id,sku_id,valid_from,unit_cost,currency\n"
    new, rows = taken(
        tmp_path,
        "unit_costs",
        {
            "first.csv": head + "a,,s1,2026-01-01,4.00,CNY\n,p1,,2026-01-01,7.5,USD\n",
            "same.csv": head + ",p1,,2026-01-01,7.50,USD\n",
            "second.csv": head + "a,,s1,2026-01-01,4.25,CNY\na,,s1,2026-02-01,5,CNY\n",
        },
    )
    assert new == [2, 0, 2]
    assert rows == [
        ("", "p1", "", "2026-01-01", "7.5000", "USD"),
        ("a", "", "s1", "2026-01-01", "4.2500", "CNY"),
        ("a", "", "s1", "2026-02-01", "5.0000", "CNY"),
    ]


@pytest.mark.parametrize(
    ("row", "why"), [("a,,,2026-01-01,4,CNY", "are empty"), ("a,,s1,2026-01-01,-4,CNY", "below zero")]
)
def test_a_cost_of_nothing_or_below_zero_is_refused_with_its_reason(
    tmp_path: Path, row: str, why: str
) -> None:
    head = "store_id,product_id,sku_id,valid_from,unit_cost,currency\n"
    with pytest.raises(ExtractErrors, match=why):
        taken(tmp_path, "unit_costs", {"bad.csv": head + row + "\n"})


def test_a_target_of_a_month_is_corrected_in_place(tmp_path: Path) -> None:
    head = "store_id,metric,month,target\n"
    new, rows = taken(
        tmp_path,
        "targets",
        {
            "plan.csv": head + "a,net_sales,2026-11-01,1000\nALL,net_sales,2026-11-01,3000\n",
            "raised.csv": head + "a,net_sales,2026-11-01,1200\n",
        },
    )
    assert new == [2, 1]
    assert rows == [
        ("ALL", "net_sales", "2026-11-01", "3000.0000"),
        ("a", "net_sales", "2026-11-01", "1200.0000"),
    ]


def test_the_month_of_a_target_may_be_written_as_a_month(tmp_path: Path) -> None:
    months = ["2026-01", "2026/2", "2026年3月", "2026/4/15", "2026-05-31", "2026/6/1 0:00", "202607"]
    text = "store_id,metric,month,target\n" + "".join(f"a,net_sales,{month},1000\n" for month in months)
    _, rows = taken(tmp_path, "targets", {"plan.csv": text})
    days = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-15", "2026-05-31", "2026-06-01", "2026-07-01"]
    assert [row[2] for row in rows] == days


def test_a_cost_told_as_a_percentage_is_refused(tmp_path: Path) -> None:
    head = "store_id,product_id,sku_id,valid_from,unit_cost,currency\n"
    with pytest.raises(ExtractErrors, match=r"line 2: unit_cost is a percentage"):
        taken(tmp_path, "unit_costs", {"bad.csv": head + "a,,s1,2026-01-01,60%,CNY\n"})
