from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import duckdb
import pytest
from marts_helpers import build_marts, change
from rich.console import Console
from warehouse_helpers import ACCOUNTS, PLATFORMS, at, land, line, window

from warehouse import raw
from warehouse.build import STATE
from warehouse.errors import WarehouseError
from warehouse.load import load_pending
from warehouse.publish import publish
from warehouse.status import status
from warehouse.summary import render, summarise


@pytest.fixture
def published(tmp_path):
    path = build_marts(tmp_path / "build")
    change(
        path,
        "update marts.store_daily set visitors = 400, pay_conversion = 0.025 where period_start = '2026-10-31'",
    )
    change(path, "delete from marts.store_daily where store_id = 'beta' and period_start > '2026-10-20'")
    publish(tmp_path / "build", tmp_path / "published")
    return tmp_path / "published"


def test_the_summary_gives_each_store_its_last_day_with_the_week_and_month_that_hold_it(published):
    alpha, beta = summarise(published)
    assert (alpha.store_id, alpha.day, alpha.is_behind) == ("alpha", date(2026, 10, 31), False)
    assert (beta.store_id, beta.day, beta.is_behind) == ("beta", date(2026, 10, 20), True)
    day, week, month = alpha.figures["day"], alpha.figures["week"], alpha.figures["month"]
    assert (day.orders_paid, day.paid_amount, day.visitors, day.pay_conversion) == (
        1,
        Decimal(100),
        400,
        0.025,
    )
    assert (week.period_start, week.paid_amount, week.is_complete) == (
        date(2026, 10, 26),
        Decimal(600),
        False,
    )
    assert (month.period_start, month.paid_amount, month.visitors) == (date(2026, 10, 1), Decimal(3100), None)
    assert beta.figures["week"].period_start == date(2026, 10, 19)


def test_the_summary_of_a_named_day_is_of_that_day(published):
    alpha, beta = summarise(published, date(2026, 9, 30))
    assert alpha.day == beta.day == date(2026, 9, 30)
    assert alpha.figures["month"].paid_amount == Decimal(3000)
    assert not beta.is_behind


def test_the_summary_prints_unknown_as_a_dash_and_says_whose_day_is_older(published):
    text = StringIO()
    Console(file=text, width=140, highlight=False).print(render(published))
    lines = [" ".join(one.split()) for one in text.getvalue().splitlines()]
    assert "alpha Sat 2026-10-31 1 100.00 0.00 400 2.50% – –" in lines
    assert "beta Tue 2026-10-20 (its last) 1 100.00 0.00 – – – –" in lines
    assert "week of 2026-10-26, so far 6 600.00 0.00 – – – –" in lines


def test_a_summary_before_the_first_publish_says_what_to_do(tmp_path):
    with pytest.raises(WarehouseError, match=r"(?s)does not exist.*daybook extract.*build, daybook publish"):
        summarise(tmp_path)


def test_a_summary_of_a_release_without_a_whole_day_says_so(tmp_path):
    change(build_marts(tmp_path / "build"), "update marts.store_daily set is_complete = false")
    publish(tmp_path / "build", tmp_path / "published")
    text = StringIO()
    Console(file=text, width=140).print(render(tmp_path / "published"))
    assert "No store has a complete day yet; daybook status shows" in text.getvalue()


def test_status_before_anything_is_empty(tmp_path):
    found = status(tmp_path / "build", tmp_path / "published")
    assert (found.busy, found.loads, found.streams, found.build, found.current) == (None, [], [], None, None)


def test_status_tells_loads_freshness_builds_and_releases(tmp_path, landing, warehouse):
    for day in (0, 1):
        land(landing, [line(str(day), at(1), {})], span=window(day), read_at=at(50 + day))
    load_pending(landing, warehouse, PLATFORMS, ACCOUNTS)
    con = duckdb.connect(str(warehouse))
    raw.prepare_books(con)
    con.execute("""
        insert into raw_daybook.dbt_results values
        -- The clock was ahead when this one ran, and was set back.
        ('a', 'model.x.old', 'model', 'error', 1, null, 'old trouble', '2026-11-23 00:00:00+00'),
        ('b', 'model.x.one', 'model', 'success', 2, null, 'OK', '2026-11-21 00:00:00+00'),
        ('b', 'test.x.two', 'test', 'fail', 3, null, 'Got 4 results', '2026-11-21 00:00:01+00');
        insert into raw_files.quarantine values ('files__uk', 'a.csv', 'x', 3, 'no date', null, 1, now())
    """)
    con.close()
    build_marts(tmp_path / "build")
    release = publish(tmp_path / "build", tmp_path / "published")
    for name in ("daybook.duckdb", STATE):  # what is kept of the last run's results is all that tells of it
        (tmp_path / "build" / name).unlink()
    found = status(tmp_path / "build", tmp_path / "published", now=at(72))
    (one,) = found.streams
    assert (one.platform, one.account_id, one.stream, one.rows) == ("shop", "shop__one", "orders", 2)
    assert (one.mark_end, one.last_read_at, one.behind_s) == (window(1).end, at(51), 24 * 3600)
    assert [(load["partitions"], load["rows"], load["rows_new"]) for load in found.loads] == [(2, 2, 2)]
    assert found.build is not None and found.build.nodes == {"fail": 1, "success": 1}
    assert found.build.status == "failed" and found.build.failures == [("test.x.two", "Got 4 results")]
    assert found.build.at == datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)
    assert found.quarantine == {"files__uk": 1}
    for its, nodes in (("null", {}), ('"b"', found.build.nodes)):
        state = f'{{"status": "failed", "run_id": {its}, "at": "2026-11-22T00:00:00+00:00"}}'
        (tmp_path / "build" / STATE).write_text(state)
        failed = status(tmp_path / "build", tmp_path / "published").build
        assert failed is not None and (failed.status, failed.nodes) == ("failed", nodes)
    assert found.current is not None and found.current.id == release.id


def test_status_names_a_writer_instead_of_waiting_for_it(tmp_path, landing, warehouse):
    import subprocess
    import sys

    load_pending(landing, warehouse, PLATFORMS, ACCOUNTS)
    writer = subprocess.Popen(
        [sys.executable, "-c", f"import duckdb; c = duckdb.connect({str(warehouse)!r}); print(1, flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    writer.stdout.readline()
    found = status(tmp_path / "build", tmp_path / "published")
    writer.communicate("\n")
    assert found.busy is not None and str(writer.pid) in found.busy
