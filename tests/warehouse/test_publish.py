from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from marts_helpers import build_marts, change
from warehouse_helpers import rows

from warehouse.build import STATE
from warehouse.errors import LockedError, PublishError, RefusedError, WarehouseError
from warehouse.publish import publish, releases, rollback
from warehouse.releases import Shelf
from warehouse.status import status

COUNT = "select count(*), min(version), max(version) from marts.fct_sales"


@pytest.fixture
def build_dir(tmp_path: Path) -> Path:
    return tmp_path / "build"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


def test_a_release_is_the_marts_with_parquet_and_a_description(build_dir, published):
    build_marts(build_dir)
    release = publish(build_dir, published, now=datetime(2026, 11, 1, 1, 30, tzinfo=UTC))
    assert release.id.startswith("20261101T013000000Z-") and release.is_current
    assert release.data_through == "2026-11-01 00:00:00+00:00"
    assert release.tables["fct_sales"] == 122 and release.rows == sum(release.tables.values())
    current = published / "current"
    assert rows(current / "daybook.duckdb", COUNT) == [(122, 1, 1)]
    assert rows(current / "daybook.duckdb", "select count(*) from marts.best_store") == [(4,)]
    names = sorted(path.name for path in (current / "parquet").iterdir())
    assert names == sorted(f"{table}.parquet" for table in release.tables)
    con = duckdb.connect()
    parquet = con.execute(
        f"select sum(paid_amount) from '{current}/parquet/store_monthly.parquet'"
    ).fetchall()
    con.close()
    assert parquet == rows(current / "daybook.duckdb", "select sum(paid_amount) from marts.store_monthly")
    told = json.loads((current / "release.json").read_text())
    assert told["tables"]["fct_sales"] == {"rows": 122} and told["previous"] is None
    assert (current / "daybook.duckdb").stat().st_mode & 0o222 == 0


def test_comments_and_constraints_travel_with_the_release(build_dir, published):
    build_marts(
        build_dir,
        extra="""create or replace table marts.dim_metric (name varchar primary key);
        insert into marts.dim_metric values ('aov');
        comment on column marts.store_daily.paid_amount is 'What buyers paid.'""",
    )
    publish(build_dir, published)
    file = published / "current" / "daybook.duckdb"
    comment = "select comment from duckdb_columns() where table_name = 'store_daily' and column_name = 'paid_amount'"
    assert rows(file, comment) == [("What buyers paid.",)]
    assert ("PRIMARY KEY",) in rows(file, "select constraint_type from duckdb_constraints()")


def test_the_last_releases_are_kept_and_the_newest_is_current(build_dir, published):
    ids = []
    for version in range(1, 6):
        build_marts(build_dir, version=version)
        ids.append(publish(build_dir, published).id)
    assert ids == sorted(ids)
    assert [(r.id, r.is_current) for r in releases(published)] == [
        (ids[4], True),
        (ids[3], False),
        (ids[2], False),
    ]
    assert sorted(path.name for path in (published / "releases").iterdir()) == ids[2:]
    assert (
        publish(build_dir, published, keep=1).id == releases(published)[0].id
        and len(releases(published)) == 1
    )


def test_ids_sort_even_when_the_clock_is_set_back(build_dir, published):
    build_marts(build_dir)
    first = publish(build_dir, published, now=datetime(2026, 11, 2, tzinfo=UTC))
    second = publish(build_dir, published, now=datetime(2026, 11, 1, tzinfo=UTC))
    assert first.id.split("-")[0] < second.id.split("-")[0] and second.is_current


def test_rollback_points_back_and_a_later_publish_goes_forward(build_dir, published):
    ids = []
    for version in (1, 2, 3):
        build_marts(build_dir, version=version)
        ids.append(publish(build_dir, published).id)
    assert rollback(published).id == ids[1]
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 2, 2)]
    assert rollback(published).id == ids[0]
    with pytest.raises(PublishError, match="no release before"):
        rollback(published)
    assert rollback(published, ids[2][:18]).id == ids[2]
    with pytest.raises(PublishError, match=r"no release is named 'nope'.*current"):
        rollback(published, "nope")
    rollback(published, ids[0])
    (published / "releases" / ids[1] / "daybook.duckdb").unlink()
    with pytest.raises(PublishError, match="lost its database"):
        rollback(published, ids[1])
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 1, 1)]
    build_marts(build_dir, version=4)
    publish(build_dir, published, keep=2)
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 4, 4)]


def test_the_current_release_is_never_pruned(build_dir, published):
    for version in (1, 2, 3):
        build_marts(build_dir, version=version)
        publish(build_dir, published)
    old = rollback(published, releases(published)[-1].id)
    Shelf(published).prune(1)
    assert old.id in [release.id for release in releases(published)]
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 1, 1)]


def test_a_release_is_published_though_an_old_one_cannot_be_removed(build_dir, published, monkeypatch):
    build_marts(build_dir)
    old = publish(build_dir, published)
    build_marts(build_dir, version=2)
    rename = Path.rename

    def refused(path: Path, target: Path) -> Path:
        if path == old.path:
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    said: list[str] = []
    with monkeypatch.context() as held:
        held.setattr(Path, "rename", refused)
        assert publish(build_dir, published, keep=1, progress=said.append).is_current
    assert "Permission denied" in said[-1]
    build_marts(build_dir, version=3)
    publish(build_dir, published, keep=1)
    assert len(list((published / "releases").iterdir())) == 1, "the next publish removes what stayed"


def test_what_a_publish_killed_at_its_end_made_current_stays_and_its_litter_goes(
    build_dir, published, monkeypatch
):
    for version in (1, 2):
        build_marts(build_dir, version=version)
        current = publish(build_dir, published)
    (current.path / ".published").unlink()  # killed after the rename of the link
    (published / ".current-0.tmp").symlink_to("releases")  # killed before it
    Shelf(published).sweep()
    assert [path.name for path in published.glob(".current*")] == []
    assert releases(published)[0].is_current

    def killed(folder: Path, **_: object) -> None:
        (folder / "daybook.duckdb").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        Shelf(published).prune(1)
    assert [release.id for release in releases(published)] == [current.id], "the half that is left is none"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("delete from marts.fct_sales where sale_date < '2026-09-20'", "marts.fct_sales has 84 rows, 31% fewer"),
        ("delete from marts.store_daily", "marts.store_daily is empty"),
        ("delete from marts.dim_store", "marts.dim_store is empty"),
        ("drop table marts.store_weekly", "marts.store_weekly is gone"),
        ("update marts.store_monthly set paid_amount = 2000", "paid_amount of the closed months is 8,000.00, 34% less"),
        ("update marts.store_daily set data_through_at = '2026-10-30 00:00:00+00'", "data reaches to 2026-10-30"),
    ],
)  # fmt: skip
def test_a_suspicious_shrink_is_refused_until_someone_insists(build_dir, published, spoil, reason):
    path = build_marts(build_dir)
    first = publish(build_dir, published)
    change(path, spoil)
    with pytest.raises(RefusedError) as caught:
        publish(build_dir, published)
    assert reason in str(caught.value) and "--force" in str(caught.value)
    assert [release.id for release in releases(published)] == [first.id]
    forced = publish(build_dir, published, force=True)
    assert forced.is_current and any(reason in doubt for doubt in forced.forced)


REPORTS = """
    create or replace table marts.ad_account_daily as
    select account_id, d::date as period_start, 12.5::decimal(18, 4) as spend_orig
    from (values ('jd_ads__a'), ('meta__b')) as t(account_id),
        range(date '2026-10-01', date '2026-10-15', interval 1 day) as r(d);
    create or replace table marts.fct_traffic as
    select 'ga4__c' as account_id, 'day' as grain, true as is_total, d::date as period_start,
        40 as sessions, null::bigint as page_views
    from range(date '2026-10-01', date '2026-10-15', interval 1 day) as r(d);
"""


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        # The rows stay, withdrawn, and their figures are null: no table shrinks.
        ("update marts.ad_account_daily set spend_orig = null where account_id = 'jd_ads__a' and period_start > '2026-10-11'",
         "ad spend of jd_ads__a is gone for 3 of the 14 days that had some"),
        ("update marts.ad_account_daily set spend_orig = 0 where account_id = 'meta__b'",
         "ad spend of meta__b is gone for 14 of the 14 days that had some"),
        ("update marts.fct_traffic set sessions = 0 where period_start > '2026-10-05'",
         "visits of ga4__c is gone for 9 of the 14 days that had some"),
    ],
)  # fmt: skip
def test_reports_that_shrink_to_nothing_are_held_back_and_named(build_dir, published, spoil, reason):
    path = build_marts(build_dir, extra=REPORTS)
    first = publish(build_dir, published)
    assert first.reported_days == {
        "ad spend of jd_ads__a": 14,
        "ad spend of meta__b": 14,
        "visits of ga4__c": 14,
    }
    change(path, spoil)
    with pytest.raises(RefusedError) as caught:
        publish(build_dir, published)
    assert caught.value.reasons == [reason]
    assert [release.id for release in releases(published)] == [first.id]
    assert publish(build_dir, published, force=True).forced == [reason]


def test_a_day_that_a_vendor_takes_back_is_no_doubt(build_dir, published):
    path = build_marts(build_dir, extra=REPORTS)
    publish(build_dir, published)
    change(path, "update marts.ad_account_daily set spend_orig = 0 where period_start > '2026-10-12'")
    change(path, "insert into marts.ad_account_daily values ('jd_ads__a', '2026-10-15', 3)")
    assert publish(build_dir, published).reported_days["ad spend of jd_ads__a"] == 13


def test_a_small_shrink_and_a_new_table_pass(build_dir, published):
    path = build_marts(build_dir)
    publish(build_dir, published)
    change(path, "delete from marts.fct_sales where sale_date < '2026-09-15'")  # 23 %
    change(path, "create table marts.fct_new as select 1 as i")
    assert publish(build_dir, published).tables["fct_new"] == 1


@pytest.mark.parametrize(
    ("state", "words"), [("failed", "build failed"), ("running", "build was interrupted")]
)
def test_marts_of_a_build_that_did_not_pass_are_refused(build_dir, published, state, words):
    build_marts(build_dir)
    (build_dir / STATE).write_text(json.dumps({"status": state, "run_id": None}))
    with pytest.raises(RefusedError, match=words):
        publish(build_dir, published)
    assert releases(published) == [] and not (published / "current").exists()
    (build_dir / STATE).write_text(json.dumps({"status": "passed", "run_id": "x"}))
    publish(build_dir, published)


@pytest.mark.parametrize("text", ["", '{"status": "pas', "[]", "null", '{"at": "2026-11-01T00:00:00+00:00"}'])
def test_marts_of_a_build_of_which_nobody_knows_how_it_went_are_refused(build_dir, published, text):
    build_marts(build_dir)
    (build_dir / STATE).write_text(text)
    with pytest.raises(RefusedError, match="cannot be read") as caught:
        publish(build_dir, published)
    assert str(build_dir / STATE) in str(caught.value) and releases(published) == []
    found = status(build_dir, published)
    assert found.build is not None and found.build.status == "unknown"
    assert publish(build_dir, published, force=True).forced


def test_marts_that_came_without_word_of_how_their_build_went_are_refused(build_dir, published):
    build_marts(build_dir)
    (build_dir / STATE).unlink()  # of a backup of the databases alone
    with pytest.raises(RefusedError, match="is missing") as caught:
        publish(build_dir, published)
    assert str(build_dir / STATE) in str(caught.value) and releases(published) == []
    found = status(build_dir, published)
    assert found.build is not None and found.build.status == "unknown"
    assert publish(build_dir, published, force=True).forced


LISTED = '{"created_at": "2026-11-01T00:00:00+00:00", "data_through": null, "bytes": 1, "tables": []}'


@pytest.mark.parametrize("text", ["", "[]", '{"id": "x"}', '{"created_at": 7}', LISTED])
def test_a_release_whose_description_is_damaged_is_named_and_not_gone_back_to(build_dir, published, text):
    build_marts(build_dir)
    first, second = publish(build_dir, published), publish(build_dir, published)
    (second.path / "release.json").write_text(text)
    assert [release.id for release in releases(published)] == [first.id]
    with pytest.raises(PublishError, match=f"points to {second.id}, which is incomplete"):
        publish(build_dir, published)
    assert rollback(published, first.id).id == first.id


def test_an_empty_build_and_a_missing_one_are_refused(build_dir, published):
    with pytest.raises(PublishError, match="does not exist"):
        publish(build_dir, published)
    build_dir.mkdir(exist_ok=True)
    change(build_dir / "daybook.duckdb", "create schema other")
    (build_dir / STATE).write_text(json.dumps({"status": "passed", "run_id": None}))
    with pytest.raises(RefusedError, match="no table"):
        publish(build_dir, published)


def test_a_broken_view_is_found_before_readers_find_it(build_dir, published):
    path = build_marts(build_dir)
    change(path, "create table marts.gone as select 1 as i; create view marts.broken as from marts.gone")
    change(path, "drop table marts.gone")
    with pytest.raises(PublishError, match="gone"):
        publish(build_dir, published)


def test_a_build_file_that_is_open_elsewhere_is_named_with_the_process(build_dir, published):
    path = build_marts(build_dir)
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(LockedError) as caught:
        publish(build_dir, published, wait=0.3)
    holder.communicate("\n")
    assert caught.value.pid == holder.pid and str(holder.pid) in str(caught.value)


def test_a_release_that_a_reader_opened_to_write_is_told_as_such(build_dir, published):
    build_marts(build_dir)
    release = publish(build_dir, published)
    release.database.chmod(0o644)
    holder = subprocess.Popen(
        [sys.executable, "-c",
         f"import duckdb; c = duckdb.connect({str(release.database)!r}); print('open', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(LockedError, match="has the published release open for writing") as caught:
        publish(build_dir, published, wait=0.3)
    holder.communicate("\n")
    assert caught.value.pid == holder.pid and "read-only" in str(caught.value)
    assert published.joinpath("current").resolve().name == release.id


def test_on_a_disk_with_room_for_two_releases_the_oldest_goes_before_the_next_comes(
    build_dir, published, monkeypatch
):
    build_marts(build_dir)
    first, second = (publish(build_dir, published).id for _ in range(2))
    size = (build_dir / "daybook.duckdb").stat().st_size

    def usage(path):
        used = size * len(list((published / "releases").iterdir()))
        return SimpleNamespace(free=int(size * 2.6) - used)

    monkeypatch.setattr("warehouse.publish.shutil.disk_usage", usage)
    with pytest.raises(PublishError, match="--keep 1"):
        publish(build_dir, published)
    assert [one.id for one in releases(published)] == [second, first]
    third = publish(build_dir, published, keep=1).id
    assert [one.id for one in releases(published)] == [third]
    monkeypatch.setattr("warehouse.publish.shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(PublishError):
        publish(build_dir, published, keep=1)
    assert [one.id for one in releases(published)] == [third], "readers keep theirs"


def test_a_log_left_beside_an_old_release_does_not_reach_the_new_one(build_dir, published):
    build_marts(build_dir)
    publish(build_dir, published)
    old = published / "current" / "daybook.duckdb"
    old.chmod(0o644)
    writer = subprocess.run(
        [sys.executable, "-c",
         f"import duckdb, os; c = duckdb.connect({str(old)!r}); c.execute('create table marts.scratch as select 1');"
         "os._exit(0)"],
        check=True,
    )  # fmt: skip
    assert writer.returncode == 0 and Path(f"{old.resolve()}.wal").exists()
    build_marts(build_dir, version=2)
    publish(build_dir, published)
    tables = [
        name
        for (name,) in rows(
            published / "current" / "daybook.duckdb", "select table_name from duckdb_tables()"
        )
    ]
    assert "scratch" not in tables
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 2, 2)]


def test_what_a_killed_writer_left_in_the_build_log_is_published_whole(build_dir, published):
    path = build_marts(build_dir)
    subprocess.run(
        [sys.executable, "-c",
         f"import duckdb, os; c = duckdb.connect({str(path)!r}); c.execute('set checkpoint_threshold = \\'1TB\\'');"
         "c.execute('update marts.fct_sales set version = 7'); os._exit(9)"],
        check=False,
    )  # fmt: skip
    assert Path(f"{path}.wal").exists()
    publish(build_dir, published)
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 7, 7)]
    assert not Path(f"{path}.wal").exists()


def test_a_reader_keeps_its_release_and_a_new_connection_of_the_same_process_gets_the_new(
    build_dir, published
):
    address = str(published / "current" / "daybook.duckdb")
    build_marts(build_dir, version=1)
    publish(build_dir, published)
    held = duckdb.connect(address, read_only=True)
    for version in (2, 3, 4, 5):  # further than `keep` reaches
        build_marts(build_dir, version=version)
        publish(build_dir, published)
        fresh = duckdb.connect(address, read_only=True)
        assert fresh.execute("select version, current_database() from marts.dim_store").fetchone() == (
            version,
            "daybook",
        )
        fresh.close()
        assert held.execute("select distinct version from marts.fct_sales").fetchall() == [(1,)]
    held.close()


READER = """
import duckdb, sys, time
from pathlib import Path
from types import SimpleNamespace
address, stop = sys.argv[1], Path(sys.argv[2])
print('ready', flush=True)
opens, seen = 0, set()
while True:
    last = stop.exists()
    con = duckdb.connect(address, read_only=True)
    for _ in range(3):
        row = con.execute('''select min(v), max(v) from (
            select version as v from marts.dim_store union all select version from marts.fct_sales
            union all select version from marts.store_daily union all select version from marts.store_monthly)
        ''').fetchone()
        assert row[0] == row[1], row
        seen.add(row[0])
    con.close()
    time.sleep(0.02)  # leave the two cores something for the publisher
    opens += 1
    if last:
        break
print(opens, len(seen), max(seen), flush=True)
"""


@pytest.mark.thorough
def test_readers_in_other_processes_see_whole_releases_through_twenty_publishes(
    build_dir, published, tmp_path
):
    build_marts(build_dir, version=1)
    publish(build_dir, published)
    stop = tmp_path / "stop"
    address = str(published / "current" / "daybook.duckdb")
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, address, str(stop)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for reader in readers:
        assert reader.stdout.readline() == "ready\n"
    for version in range(2, 22):
        build_marts(build_dir, version=version)
        publish(build_dir, published)
    stop.touch()
    for reader in readers:
        out, err = reader.communicate(timeout=30)
        assert reader.returncode == 0, err
        opens, seen, newest = map(int, out.split())
        assert opens > 20 and seen > 3 and newest == 21


LIMITED = """
import resource, sys
from pathlib import Path
from types import SimpleNamespace
from warehouse.errors import WarehouseError
from warehouse.publish import publish
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    publish(sys.argv[1], sys.argv[2])
except WarehouseError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_full_disk_leaves_the_readers_release_alone_and_says_what_to_do(build_dir, published, share):
    """A file size limit is a disk that is full at a chosen byte: first in the copy, then in the Parquet files."""
    build_marts(build_dir)
    first = publish(build_dir, published)
    # Tables that compress well in DuckDB's file and whose Parquet is larger than the whole database.
    path = build_marts(build_dir, version=2)
    if share == 1.0:
        limit = path.stat().st_size
        change(path, f"create view marts.wide as select hash(i) as h from range({limit // 4}) as t(i)")
        limit = path.stat().st_size
    else:
        limit = int(path.stat().st_size * share)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(build_dir), str(published), str(limit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("PublishError the disk is full"), done.stdout + done.stderr
    assert "make room" in done.stdout
    assert [path.name for path in (published / "releases").iterdir()] == [first.id]
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 1, 1)]
    assert publish(build_dir, published).is_current
    assert rows(published / "current" / "daybook.duckdb", COUNT) == [(122, 2, 2)]


def test_a_current_that_is_no_link_is_not_deleted(build_dir, published):
    build_marts(build_dir)
    (published / "current").mkdir(parents=True)
    with pytest.raises(WarehouseError, match="is not a link"):
        publish(build_dir, published)
    assert (published / "current").is_dir()
