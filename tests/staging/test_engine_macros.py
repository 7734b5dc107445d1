"""The engine macros on DuckDB, against Python's own calendar and arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
import pytest
from dbt_runs import PROJECT
from hypothesis import given, settings
from hypothesis import strategies as st


class _Adapter:
    """dbt's adapter.dispatch, for DuckDB."""

    macros: Any

    def dispatch(self, name: str, package: str) -> Callable[..., str]:
        return getattr(self.macros, f"duckdb__{name}")  # type: ignore[no-any-return]


def _macros() -> Any:
    adapter = _Adapter()
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    environment.globals |= {"return": lambda value: value, "adapter": adapter}
    adapter.macros = environment.from_string((PROJECT / "macros" / "engine.sql").read_text()).module
    return adapter.macros


MACROS = _macros()
CON = duckdb.connect()
CON.execute("set TimeZone = 'UTC'")


def value(sql: str, *parameters: Any) -> Any:
    row = CON.execute(f"select {sql}", list(parameters)).fetchone()
    assert row is not None
    return row[0]


def local_time(text: str | None, zone: str) -> datetime | None:
    sql = f"select {MACROS.local_time('wall', 'zone')} from (select ?::varchar as wall, ?::varchar as zone)"
    row = CON.execute(sql, [text, zone]).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-01-05 10:00:00", "Asia/Shanghai", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026-11-01 01:30:00", "America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("2026-11-01 02:00:00", "America/New_York", datetime(2026, 11, 1, 7, 0, tzinfo=UTC)),
        ("2026-03-08 02:30:00", "America/New_York", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        ("2026-03-08 03:30:00", "America/New_York", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        ("2026-04-05 01:45:00", "Australia/Lord_Howe", datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
    ],
)
def test_a_time_that_happens_twice_is_the_first_and_one_that_does_not_exist_moves_forward(
    text: str, zone: str, instant: datetime
) -> None:
    assert local_time(text, zone) == instant


@settings(deadline=None, max_examples=300)
@given(
    wall=st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    zone=st.sampled_from(
        ["America/New_York", "Europe/London", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kolkata"]
    ),
)
def test_local_times_are_those_of_the_zone_database(wall: datetime, zone: str) -> None:
    expected = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    assert local_time(wall.isoformat(sep=" "), zone) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "--",
        "0",
        "0000-00-00 00:00:00",
        "0001-01-01 00:00:00",
        "1970-01-01 00:00:00",
        "tomorrow",
        None,
    ],
)
def test_sentinels_and_unreadable_times_are_null(text: str | None) -> None:
    assert local_time(text, "Asia/Shanghai") is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-05T02:00:00Z", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026-01-05T02:00:00", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026-01-05T10:00:00+08:00", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("2026-01-05 10:00:00 +0800", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("soon", None),
        (None, None),
    ],
)
def test_an_instant_is_read_with_its_offset_or_else_as_utc(
    text: str | None, instant: datetime | None
) -> None:
    assert value(MACROS.parse_instant("?::varchar").replace("?::varchar", "$1::varchar"), text) == instant


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", Decimal("1234.5")),
        ("--", None),
        ("-", None),
        ("", None),
        ("-12", Decimal(-12)),
        ("0", Decimal(0)),
        (" 7 ", Decimal(7)),
        ("n/a", None),
    ],
)
def test_a_number_may_have_separators_and_dashes_mean_none(text: str, number: Decimal | None) -> None:
    assert value(MACROS.number("$1"), text) == number


def test_money_stays_exact_to_the_fourth_place() -> None:
    assert value(MACROS.money("$1"), "12345678901234.1234") == Decimal("12345678901234.1234")
    assert value(MACROS.money("$1"), "0.1") + value(MACROS.money("$1"), "0.2") == Decimal("0.3")


def test_a_ratio_to_nothing_is_null() -> None:
    assert value(MACROS.ratio("1", "0")) is None
    assert value(MACROS.ratio("1", "cast(null as decimal(18, 4))")) is None
    assert value(MACROS.ratio("1", "3")) == 0.333333


def test_a_local_date_is_that_of_the_zone() -> None:
    instant = "timestamptz '2026-01-04 16:30:00+00'"
    assert value(MACROS.local_date(instant, "'Asia/Shanghai'")) == date(2026, 1, 5)
    assert value(MACROS.local_date(instant, "'America/New_York'")) == date(2026, 1, 4)


def test_a_local_hour_is_that_of_the_zones_clock_and_the_same_twice_when_clocks_go_back() -> None:
    hours = [
        value(MACROS.local_hour(f"timestamptz '2026-11-01 {utc}:30:00+00'", "'America/New_York'"))
        for utc in ("04", "05", "06", "07")
    ]
    assert hours == [0, 1, 1, 2]
    assert value(MACROS.local_hour("timestamptz '2026-01-04 15:59:59+00'", "'Asia/Shanghai'")) == 23
    assert value(MACROS.local_hour("timestamptz '2026-01-04 16:00:00+00'", "'Asia/Shanghai'")) == 0


def test_a_week_starts_on_monday_also_over_new_year() -> None:
    assert value(MACROS.week_start("date '2017-01-01'")) == date(2016, 12, 26)
    assert value(MACROS.month_start("date '2017-01-31'")) == date(2017, 1, 1)


def test_dates_are_counted_and_listed_with_both_ends() -> None:
    assert value(MACROS.add_days("date '2026-02-28'", "1")) == date(2026, 3, 1)
    assert value(MACROS.days_between("date '2026-02-28'", "date '2026-03-01'")) == 1
    series = MACROS.date_series("date '2026-02-27'", "date '2026-03-01'", "day")
    assert [day for (day,) in CON.execute(f"select day from {series} order by day").fetchall()] == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]


def test_an_array_gives_its_elements_and_their_sum() -> None:
    table = (
        "(select 1 as id, [{'a': 5}, {'a': 7}] as items union all select 2, [] union all select 3, null) as x"
    )
    exploded = (
        f"select id, item.a from (select id, {MACROS.explode('x.items')} as item from {table}) order by 2"
    )
    assert CON.execute(exploded).fetchall() == [(1, 5), (1, 7)]
    total = MACROS.array_sum("x.items", "item", "item.a")
    length = MACROS.array_length("x.items")
    told = MACROS.array_told_sum("x.items", "item", "nullif(item.a, 5)")
    counted = CON.execute(f"select id, {total}, {told}, {length} from {table} order by id").fetchall()
    assert counted == [(1, 12, 7, 2), (2, 0, None, 0), (3, None, None, 0)]


def test_a_value_is_found_by_its_key() -> None:
    array = "[{'key': 'a', 'value': 'x'}, {'key': 'b', 'value': 'y'}]"
    assert value(MACROS.value_of(array, "b")) == "y"
    assert value(MACROS.value_of(array, "c")) is None


@pytest.mark.parametrize(
    ("text", "per_second", "instant"),
    [
        ("1767578400", 1, datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("1767578400123", 1000, datetime(2026, 1, 5, 2, 0, 0, 123000, tzinfo=UTC)),
        ("0", 1, None),
        ("", 1000, None),
        ("soon", 1, None),
        (None, 1, None),
    ],
)
def test_a_count_of_seconds_is_an_instant_and_zero_is_none(
    text: str | None, per_second: int, instant: datetime | None
) -> None:
    assert value(MACROS.epoch_time("?::varchar", per_second), text) == instant


def test_hundredths_become_an_exact_amount() -> None:
    assert value(MACROS.hundredths("?::varchar"), "12345") == Decimal("123.4500")
    assert value(MACROS.hundredths("?::varchar"), "-7") == Decimal("-0.0700")
    assert value(MACROS.hundredths("?::varchar"), "") is None


def test_digits_run_together_are_an_instant() -> None:
    sql = f"(select {MACROS.compact_time('t')} from (select ?::varchar as t))"
    assert value(sql, "20260105100101123+0800") == datetime(2026, 1, 5, 2, 1, 1, 123000, tzinfo=UTC)
    assert value(sql, "soon") is None
