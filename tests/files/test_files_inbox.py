"""Files in an inbox: dealt with once, never lost, whatever is dropped and whenever the import dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_shop import TILL, Shop, age, till, xlsx

from extractors.errors import ConfigError, TransientError
from extractors.files import inbox as flow
from extractors.files.folder import Inbox
from extractors.landing import Partition
from warehouse.errors import LoadErrors

ROW = "1001,A,x,1,2.00,2026-11-01 10:00:00,7"
LATER = "1002,A,x,1,3.00,2026-11-02 10:00:00,7"


def test_a_landed_file_moves_to_done(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW))
    (manifest,) = shop.land()
    assert shop.files("done") == ["a.csv"]
    assert not (shop.inbox / "a.csv").exists()
    assert (manifest.platform, manifest.stream, manifest.kind, manifest.rows) == (
        "files",
        "orders",
        "cursor",
        1,
    )
    assert manifest.extra["file"] == "a.csv"
    assert manifest.extra["mapping"]["currency"] == "CNY"
    assert manifest.extra["watermark"] == "2026-11-01T02:00:00Z"


def test_what_landed_is_told_by_the_days_that_the_file_names(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW.replace("2026-11-01 10:00:00", "2026-11-01"), LATER))
    shop.land()
    assert shop.said == ["files__shop a.csv: 2 rows as till, 2026-11-01 to 2026-11-02"]


def test_rows_that_were_put_aside_are_told_with_line_and_reason(shop: Shop) -> None:
    unreadable = [f"{order},A,x,1,many,2026-11-01 10:00:00,7" for order in range(4)]
    shop.drop("a.csv", till(*unreadable, *(ROW.replace("1001", str(order)) for order in range(100, 200))))
    shop.land()
    (said,) = shop.said
    assert "(4 quarantined); line 2: " in said
    assert said.endswith("…"), "three lines are named, and that there are more"
    assert said.count("is not a number") == 3


def test_files_of_one_name_are_all_kept_in_done(shop: Shop) -> None:
    for row in (ROW, LATER):
        shop.drop("a.csv", till(row))
        shop.run()
    assert len(shop.files("done")) == 2
    assert set(shop.orders) == {"1001", "1002"}


def test_an_order_is_as_the_file_of_one_name_says_last_also_when_it_said_so_before(shop: Shop) -> None:
    for price in ("2.00", "9.00", "2.00"):
        shop.drop("a.csv", till(ROW.replace("2.00", price)))
        shop.run()
    assert shop.query(
        "select payload->'lines'->0->>'line_amount' from raw_files.orders order by read_at"
    ) == [
        ("2.00",),
        ("9.00",),
        ("2.00",),
    ]


def test_unfinished_copies_and_hidden_files_are_left_alone(shop: Shop) -> None:
    for name in ("a.csv.part", "b.csv.crdownload", ".hidden.csv", "~$c.xlsx"):
        shop.drop(name, till(ROW))
    assert shop.land() == []
    assert (shop.inbox / "a.csv.part").exists()
    assert not shop.errors


@pytest.mark.parametrize("trouble", ["cannot be written", "cannot be read"])
def test_a_good_file_waits_in_the_inbox_while_landing_fails(shop: Shop, trouble: str) -> None:
    shop.drop("a.csv", till(ROW))
    if trouble == "cannot be written":
        blocked = shop.landing.store.scratch
        blocked.parent.mkdir(parents=True)
        blocked.touch()
    else:
        (manifest,) = shop.land()
        shop.drop("a.csv", till(ROW))
        blocked = Path(manifest.paths[0])
        blocked.unlink()
        blocked.mkdir()
    shop.drop("b.csv", till(LATER))
    shop.land()
    assert (shop.inbox / "a.csv").exists() and shop.files("refused") == []
    error = shop.errors[0]
    assert isinstance(error, ConfigError) and error.account == shop.account.id
    assert shop.landing.root in str(error.advice)
    if trouble == "cannot be read":
        assert "b.csv" in shop.files("done")


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop.drop("a.csv", till(ROW))
    really_open = flow.open_tables

    def open_and_append(path: Path, encodings: list[str] | None = None) -> object:
        tables = really_open(path, encodings)
        with path.open("a", encoding="utf-8") as file:
            file.write(LATER + "\n")
        return tables

    monkeypatch.setattr(flow, "open_tables", open_and_append)
    assert shop.land() == []
    assert path.exists()
    monkeypatch.undo()
    shop.run()
    assert set(shop.orders) == {"1001", "1002"}


class Killed(BaseException):
    """Stands in for a SIGKILL: nothing after it runs, no handler catches it."""


@pytest.mark.parametrize("place", ["before landing", "before the marker", "before the move"])
def test_killed_at_any_line_the_next_run_finishes_the_job(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def die(*args: object, **kwargs: object) -> None:
        raise Killed

    owner, name = {
        "before landing": (Partition, "commit"),
        "before the marker": (type(shop.landing), "requeue"),
        "before the move": (Inbox, "done"),
    }[place]
    shop.drop("a.csv", till(ROW, LATER))
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(Killed):
            shop.land()
    assert (shop.inbox / "a.csv").exists()
    shop.run()
    assert set(shop.orders) == {"1001", "1002"}
    assert shop.files("done") == ["a.csv"]
    assert shop.query("select count(*) from raw_files.orders") == [(2,)]


def test_two_imports_of_one_inbox_do_not_race(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW))
    with (shop.inbox / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TransientError, match="another import"):
            shop.land()
    assert len(shop.land()) == 1


def test_a_refused_file_put_right_and_moved_back_loads(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW).replace("数量", "件数"))
    shop.land()
    assert shop.files("refused") == ["a.csv", "a.csv.reason.txt"]
    (shop.inbox / "mapping.yml").write_text(TILL.replace("数量", "件数"), encoding="utf-8")
    (shop.inbox / "refused" / "a.csv").rename(shop.inbox / "a.csv")
    shop.run()
    assert list(shop.orders) == ["1001"]


def test_a_changed_mapping_reads_known_content_again_and_counts(shop: Shop) -> None:
    content = till(ROW)
    shop.drop("a.csv", content)
    shop.run()
    assert shop.orders["1001"]["lines"][0]["line_class"] == "product"
    (shop.inbox / "mapping.yml").write_text(
        TILL + "line_class: [{class: shipping, when: {product_id: A}}]\n", encoding="utf-8"
    )
    shop.drop("a.csv", content)
    shop.run()
    assert shop.orders["1001"]["lines"][0]["line_class"] == "shipping"


def test_a_file_with_a_header_and_no_rows_is_done_with(shop: Shop) -> None:
    shop.drop("a.csv", till())
    assert shop.land() == []
    assert shop.files("done") == ["a.csv"]
    assert not shop.errors


def test_an_empty_inbox_is_no_error(shop: Shop) -> None:
    assert shop.land() == []
    assert shop.inbox.is_dir()


def test_of_two_files_that_reach_equally_far_the_one_whose_name_sorts_last_counts(
    new_shop: Callable[..., Shop],
) -> None:
    results = []
    for names in (("a.csv", "b.csv"), ("b.csv", "a.csv")):
        shop = new_shop()
        for name in names:
            shop.drop(name, till(ROW.replace("2.00", {"a.csv": "5.00", "b.csv": "6.00"}[name])))
        shop.run()
        results.append(shop.orders["1001"]["lines"][0]["line_amount"])
    assert results == ["6.00", "6.00"]


def test_refused_files_are_mentioned_until_someone_acts(shop: Shop) -> None:
    shop.drop("a.csv", "what,is,this\n1,2,3\n")
    shop.land()
    shop.land()
    assert len(shop.errors) == 1  # the second run is not red for it
    assert any("1 refused file(s) wait" in line for line in shop.said)


def test_a_file_that_trips_up_its_reader_is_refused_and_those_behind_it_are_read(shop: Shop) -> None:
    gbk = os.fsdecode("订单".encode("gbk") + b".csv")
    shop.drop(gbk, till(ROW))
    shop.drop("l" * 246 + ".csv", "no,table,of,ours\n1,2,3,4\n")
    shop.drop("zz_good.csv", till(LATER))
    (shop.inbox / "odd.parquet").write_bytes(b"PAR1" + bytes(64) + b"PAR1")
    shop.land()
    assert "zz_good.csv" in shop.files("done"), "the good one was not read"
    left = [path for path in shop.inbox.iterdir() if path.suffix in (".csv", ".parquet")]
    assert left == [] and len(shop.errors) == 2
    assert all("refused" in str(error) and "→" in str(error) for error in shop.errors)


def test_a_file_whose_manifest_is_damaged_lands_anew_and_the_load_names_what_to_remove(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW))
    (lost,) = shop.land()
    (shop.home / "landing" / lost.id / "manifest.json").write_text("{")
    shop.drop("a.csv", till(ROW))
    assert len(shop.land()) == 1
    with pytest.raises(LoadErrors, match=r"manifest\.json cannot be read") as caught:
        shop.load()
    assert list(shop.orders) == ["1001"]
    for place in (lost.id, lost.marker):
        assert place in str(caught.value)


def test_files_behind_one_that_cannot_be_marked_are_read(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW))
    shop.drop("b.csv", till(LATER))
    shop.landing.store.put_text("files/files__shop/orders/mark.json", "")
    shop.land()
    assert [("mark.json" in str(error), error.account) for error in shop.errors] == [
        (True, "files__shop")
    ] * 2
    known = shop.landing.pending()
    assert len(known) == 2, "both have landed"
    shop.landing.store.remove("files/files__shop/orders/mark.json")
    assert shop.land() == [] and len(shop.errors) == 2
    assert shop.landing.mark("files", "files__shop", "orders") == max(one.window_end for one in known)


@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_a_file_that_was_damaged_in_landing_is_mended_by_dropping_it_again(shop: Shop, how: str) -> None:
    shop.drop("a.csv", till(ROW))
    (lost,) = shop.land()
    cells = Path(lost.paths[0])
    if how == "missing":
        cells.unlink()
    else:
        cells.write_bytes(cells.read_bytes()[:-9])
    with pytest.raises(LoadErrors, match="drop the file again"):
        shop.load()
    shop.drop("again.csv", till(ROW))
    assert shop.run() == 1 and list(shop.orders) == ["1001"]
    assert any("was damaged in landing, and is whole again" in line for line in shop.said)
    assert [one.id for one in shop.landing.all()] != [lost.id] and shop.landing.pending() == []
    shop.drop("once more.csv", till(ROW))
    assert shop.land() == [] and "nothing to do" in shop.said[-1]


def test_a_file_damaged_after_it_was_loaded_changes_nothing_when_it_is_dropped_again(shop: Shop) -> None:
    shop.drop("a.csv", till(ROW))
    (lost,) = shop.land()
    shop.load()
    Path(lost.paths[0]).unlink()
    shop.drop("again.csv", till(ROW))
    assert shop.run() == 0
    assert shop.query("select count(*) from raw_files.orders") == [(1,)]


def test_a_file_that_is_back_counts_now_though_an_earlier_copy_of_it_is_damaged(shop: Shop) -> None:
    for price in ("2.00", "9.00", "2.00"):
        shop.drop("a.csv", till(ROW.replace("2.00", price)))
        shop.run()
    Path(min(shop.landing.all(), key=lambda one: one.read_at).paths[0]).unlink()
    for price in ("9.00", "2.00"):
        shop.drop("a.csv", till(ROW.replace("2.00", price)))
        shop.run()
    assert shop.query(
        "select max_by(payload->'lines'->0->>'line_amount', read_at) from raw_files.orders"
    ) == [("2.00",)]


def test_a_copy_that_pauses_is_left_until_whoever_writes_it_is_done(shop: Shop) -> None:
    whole = till(ROW, LATER)
    with (shop.inbox / "a.csv").open("w", encoding="utf-8") as copy:
        copy.write(till(ROW))  # up to the end of a row: nothing in the file tells
        copy.flush()
        age(shop.inbox / "a.csv", 3600)
        assert shop.land() == [] and "still being written, left for the next run" in shop.said[-1]
        copy.write(whole.removeprefix(till(ROW)))
    shop.run()
    assert set(shop.orders) == {"1001", "1002"} and not shop.errors


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet", "b.csv"])
def test_a_file_that_ends_in_the_middle_is_given_a_moment(shop: Shop, name: str) -> None:
    rows = [line.split(",") for line in till(ROW).splitlines()]
    parquet = pa.BufferOutputStream()
    pq.write_table(pa.table({head: [cell] for head, cell in zip(*rows, strict=True)}), parquet)
    whole = {
        "a.csv": till(ROW, LATER).encode(),
        "a.xlsx": xlsx(("x", [list(row) for row in rows])),
        "a.parquet": parquet.getvalue().to_pybytes(),
        "b.csv": till(ROW).encode("utf-16"),
    }[name]
    for cut in (0, len(whole) - 8):
        path = shop.inbox / name
        path.write_bytes(whole[:cut])
        assert shop.land() == [] and path.exists() and not shop.errors
        assert f"{name}: ends in the middle" in shop.said[-1]
    path.write_bytes(whole)
    shop.run()
    assert "1001" in shop.orders and shop.files("refused") == []


def test_a_refused_file_that_is_growing_is_left_where_it_grows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop.drop("a.csv", "a,table\n")
    really_open = flow.open_tables

    def open_and_append(path: Path, encodings: list[str] | None = None) -> object:
        with path.open("a", encoding="utf-8") as file:
            file.write("of,another\n")
        return really_open(path, encodings)

    monkeypatch.setattr(flow, "open_tables", open_and_append)
    assert shop.land() == [] and path.exists() and not shop.errors
    monkeypatch.undo()
    age(path)
    shop.land()
    assert len(shop.errors) == 1
