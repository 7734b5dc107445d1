from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from warehouse_helpers import ACCOUNTS, CONTENT, LATEST, PLATFORMS, at, land, line, report_line, rows, window

from extractors.accounts import Account
from extractors.landing import LISTS_ALL, Landing
from warehouse import books
from warehouse.connection import connect
from warehouse.errors import LoadErrors, LockedError, StorageError, WarehouseError
from warehouse.load import LARGE_BATCH_ROWS, insert_cursor_versions, load_pending
from warehouse.lock import writer_lock


def load(landing: Landing, warehouse: Path, **more):
    return load_pending(landing, warehouse, PLATFORMS, ACCOUNTS, **more)


def test_the_payload_is_kept_character_for_character(landing, warehouse):
    text = '{"price":1.10,"id":12345678901234567890123,"exact":0.10000000000000000555,"名":"灯 \\u0000 笼", "a": [1, 2]}'
    tricky = '{"note":"a \\",\\"payload\\":{} b","n":{"key":"x","payload":{"deep":1.50}}}'
    land(landing, [line("1", at(1), text), line('k","payload":"', at(1), tricky)])
    load(landing, warehouse)
    assert rows(warehouse, "select record_key, payload::varchar from raw_shop.orders order by 1") == [
        ("1", text),
        ('k","payload":"', tricky),
    ]


def test_payloads_are_packed_as_text_that_repeats_itself_where_the_form_of_the_file_can(
    landing, warehouse, tmp_path
):
    """In a file of the oldest form they would not be packed at all."""
    manifest = land(landing, [line(str(n), at(1), {"number": n, "note": "x" * 900}) for n in range(3000)])
    old = tmp_path / "old.duckdb"
    duckdb.connect(str(old)).close()
    found = []
    for path in (warehouse, old):
        landing.requeue(manifest)
        load(landing, path)
        found.append(
            {
                kind
                for (kind,) in rows(
                    path,
                    "select distinct compression from pragma_storage_info('raw_shop.orders') "
                    "where column_name = 'payload' and segment_type <> 'VALIDITY'",
                )
            }
        )
        assert rows(path, "select count(distinct payload->>'number') from raw_shop.orders") == [(3000,)]
    assert found[0] == {"ZSTD"} and found[1].isdisjoint({"ZSTD", "Uncompressed"})


def test_a_large_batch_goes_to_the_file_and_not_to_its_log_first(landing, warehouse):
    written = []

    def look(told: str) -> None:
        log = warehouse.with_name(f"{warehouse.name}.wal")
        written.append((warehouse.stat().st_size, log.stat().st_size if log.exists() else 0))

    for account, count in (("shop__one", LARGE_BATCH_ROWS), ("shop__two", 100)):
        land(landing, [line(str(n), at(1), {"id": n * 7919}) for n in range(count)], account=account)
    load(landing, warehouse, progress=look)
    (large, nothing), (same, little) = written
    assert nothing == 0 and large == same and little > 0
    assert rows(warehouse, "select count(*) from raw_shop.orders") == [(LARGE_BATCH_ROWS + 100,)]


@pytest.mark.parametrize(("size", "takes"), [(20, "476.8 MiB"), (90_000, "2.7 GiB")])
def test_loading_keeps_to_one_core_and_half_a_gigabyte_unless_records_are_long(
    landing, warehouse, monkeypatch, size, takes
):
    """Each core held records of its own, and all that was read stayed in memory up to a gigabyte; orders of
    120 kB on average, for which that is too little, were never loaded, and people told to make room."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def watched(*arguments, **more):
        opened.append(connect(*arguments, **more))
        return opened[0]

    monkeypatch.setattr("warehouse.load.connect", watched)
    land(landing, [line(str(n), at(1), {"text": f"{n}" + "x" * size}) for n in range(4000)])
    settings = "select current_setting('threads'), current_setting('memory_limit')"
    seen: list[object] = []
    load(landing, warehouse, progress=lambda told: seen.append(opened[0].execute(settings).fetchone()))
    assert seen == [(1, takes)]
    assert rows(warehouse, "select count(*) from raw_shop.orders") == [(4000,)]


LONG = [line(str(n), at(1), {"text": f"{n}" * 500}) for n in range(3000)]


def tight_at_the_commit(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """So many commits find hardly any memory."""
    left = [None] * times

    def write(con: duckdb.DuckDBPyConnection, *given):
        written = books.write(con, *given)
        if left:
            left.pop()
            con.execute("set memory_limit = '3MB'")  # its rows lie on the disk now: a commit needs them back
        return written

    monkeypatch.setattr("warehouse.load.books", SimpleNamespace(**vars(books) | {"write": write}))


def test_a_commit_that_runs_out_of_memory_is_made_in_more(landing, warehouse, monkeypatch):
    tight_at_the_commit(monkeypatch, 2)
    land(landing, LONG)
    (part,) = load(landing, warehouse)
    assert (part.rows, part.rows_new) == (len(LONG), len(LONG))
    assert rows(warehouse, "select count(*) from raw_shop.orders") == [(len(LONG),)]


def test_memory_that_never_suffices_for_a_commit_stops_the_load_and_leaves_all_pending(
    landing, warehouse, monkeypatch
):
    manifest = land(landing, LONG)
    with monkeypatch.context() as patched, pytest.raises(StorageError, match="Failed to commit"):
        tight_at_the_commit(patched, 3)
        load(landing, warehouse)
    assert [pending.id for pending in landing.pending()] == [manifest.id]
    assert [part.rows for part in load(landing, warehouse)] == [len(LONG)]


def test_loading_again_changes_nothing_and_returns_nothing(landing, warehouse):
    manifest = land(landing, [line("1", at(1), {"a": 1})])
    first = load(landing, warehouse)
    before = rows(warehouse, CONTENT), rows(warehouse, "from raw_daybook.ledger")
    assert [part.manifest_id for part in first] == [manifest.id]
    assert landing.pending() == []
    landing.store.put_text(f"_pending/{manifest.id.replace('/', '~')}.json", json.dumps({"id": manifest.id}))
    assert load(landing, warehouse) == []
    assert landing.pending() == []
    assert (rows(warehouse, CONTENT), rows(warehouse, "from raw_daybook.ledger")) == before


def test_many_partitions_of_a_stream_are_one_transaction_with_a_ledger_row_each(landing, warehouse):
    for day in range(5):
        land(landing, [line(f"{day}-{n}", at(24 * day + 1), {"n": n}) for n in range(3)], span=window(day))
    land(landing, [line("x", at(1), {})], account="shop__two")
    loaded = load(landing, warehouse)
    assert sorted((part.load_id, part.rows, part.rows_new) for part in loaded) == [(1, 3, 3)] * 5 + [
        (2, 1, 1)
    ]
    load_again = land(landing, [line("y", at(1), {})], account="shop__two", read_at=at(27))
    assert [(p.load_id, p.manifest_id) for p in load(landing, warehouse)] == [(3, load_again.id)]


def test_a_reread_adds_only_what_is_new_and_removes_nothing(landing, warehouse):
    land(landing, [line("1", at(1), {"v": 1}), line("2", at(2), {"v": 1})], read_at=at(26))
    load(landing, warehouse)
    # Record 1 has moved to a later window, so the old window comes back without it.
    land(landing, [line("2", at(2), {"v": 1}), line("3", at(3), {"v": 1})], read_at=at(50))
    (part,) = load(landing, warehouse)
    assert (part.rows, part.rows_new) == (2, 1)
    assert [row[1] for row in rows(warehouse, CONTENT)] == ["1", "2", "3"]


def test_a_record_without_modified_time_that_goes_a_b_a_keeps_all_three(landing, warehouse):
    for hour, value in ((26, "A"), (27, "A"), (28, "B"), (29, "B"), (30, "A")):
        land(landing, [line("1", None, {"v": value})], read_at=at(hour))
        load(landing, warehouse)
    kept = rows(warehouse, "select payload->>'v', cursor_at, read_at from raw_shop.orders order by cursor_at")
    assert kept == [("A", at(26), at(26)), ("B", at(28), at(28)), ("A", at(30), at(30))]


def test_a_payload_that_changes_under_one_modified_time_is_a_new_version(landing, warehouse):
    for hour, value in ((26, "A"), (27, "B"), (28, "B"), (29, "A")):
        land(landing, [line("1", at(1), {"v": value})], read_at=at(hour))
    load(landing, warehouse)
    assert rows(warehouse, "select payload->>'v' from raw_shop.orders order by read_at") == [
        ("A",),
        ("B",),
        ("A",),
    ]


@pytest.mark.parametrize("cursor", [None, at(1)])
def test_a_read_that_is_loaded_late_ends_in_the_same_latest_version(landing, warehouse, tmp_path, cursor):
    """A was confirmed after B was seen, and that confirmation was dropped as a repetition before B came."""
    reads = [(26, "A"), (27, "B"), (28, "A"), (29, "A")]
    late = tmp_path / "late.duckdb"
    for hour, value in reads:
        land(landing, [line("1", cursor, {"v": value}), line("2", cursor, {"v": 0})], read_at=at(hour))
    in_order = landing.pending()
    load(landing, warehouse)
    for chosen in ([in_order[0], in_order[2], in_order[3]], [in_order[1]]):
        for manifest in chosen:
            marker = f"_pending/{manifest.id.replace('/', '~')}.json"
            landing.store.put_text(marker, json.dumps({"id": manifest.id}))
        load(landing, late)
    assert rows(late, LATEST) == rows(warehouse, LATEST) == [
        ("shop__one", "1", '{"v":"A"}'),
        ("shop__one", "2", '{"v":0}'),
    ]  # fmt: skip


# Since when each said what. A read that was loaded late may leave a version that says what the one before it says.
SHELF = """
select record_key, extract(hour from cursor_at - timestamptz '2026-11-20 16:00:00+00')::int, payload::varchar
from raw_shop.products
qualify payload_hash is distinct from lag(payload_hash) over (partition by record_key order by cursor_at, read_at)
order by all
"""


def _list(landing: Landing, hour: int, names: str, **more) -> object:
    """A read of all there is, an hour each."""
    lines = [line(name, None, {"v": name}) for name in names]
    return land(landing, lines, stream="products", read_at=at(hour), extra={LISTS_ALL: True}, **more)


def _load_in(order: list[list[int]], lists: list, landing: Landing, warehouse) -> None:
    """Loads reads that landed in an order and in batches of its own."""
    for manifest in landing.pending():
        landing.loaded(manifest)
    for chosen in order:
        for place in chosen:
            landing.requeue(lists[place])
        assert len(load(landing, warehouse)) == len(chosen)


def test_what_a_list_of_all_there_is_names_no_more_has_a_version_that_says_so_until_it_is_back(
    landing, warehouse
):
    for hour, names in ((1, "ab"), (2, "a"), (3, "a"), (4, "ab"), (5, "ab"), (6, "")):
        _list(landing, hour, names)
        load(landing, warehouse)
    # Nothing at all is no list: a vendor that answered so is likelier than a shop without a product.
    assert rows(warehouse, SHELF) == [
        ("a", 1, '{"v":"a"}'),
        ("b", 1, '{"v":"b"}'),
        ("b", 2, "null"),
        ("b", 4, '{"v":"b"}'),
    ]


@pytest.mark.parametrize(
    "order",
    [
        [[0, 1, 2, 3, 4, 5]],
        [[0], [1], [2], [3], [4], [5]],
        [[0, 2, 3, 5], [1], [4]],
        [[5, 4], [3, 0], [2, 1]],
    ],
)
def test_lists_of_all_there_is_end_alike_in_whatever_order_and_batches_they_are_loaded(
    landing, warehouse, order
):
    lists = [_list(landing, hour, names) for hour, names in enumerate(("ab", "a", "ac", "abc", "b", "bc"), 1)]
    _load_in(order, lists, landing, warehouse)
    assert rows(warehouse, SHELF) == [
        ("a", 1, '{"v":"a"}'), ("a", 5, "null"),
        ("b", 1, '{"v":"b"}'), ("b", 2, "null"), ("b", 4, '{"v":"b"}'),
        ("c", 3, '{"v":"c"}'), ("c", 5, "null"), ("c", 6, '{"v":"c"}'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "order",
    [
        [[0, 1, 2, 3, 4, 5]],
        [[0], [1], [2], [3], [4], [5]],
        [[0, 3, 5], [1], [4], [2]],
        [[5, 4], [3, 0], [2, 1]],
    ],
)
def test_what_a_list_names_again_is_back_since_then_though_it_changed_before_it_had_left(
    landing, warehouse, order
):
    """Of what tells when it changed a modified time says nothing of when it was not there."""
    changed = {"a": at(0), "b": at(0), "c": at(0)}
    lists = []
    for hour, names in enumerate(("abc", "a", "ab", "abc", "bc", "bc"), 1):
        if hour == 4:
            changed["c"] = at(3)
        lines = [line(name, changed[name], {"v": name}) for name in names]
        lists.append(land(landing, lines, stream="products", read_at=at(hour), extra={LISTS_ALL: True}))
    _load_in(order, lists, landing, warehouse)
    assert rows(warehouse, SHELF) == [
        ("a", 0, '{"v":"a"}'), ("a", 5, "null"),
        ("b", 0, '{"v":"b"}'), ("b", 2, "null"), ("b", 3, '{"v":"b"}'),
        ("c", 0, '{"v":"c"}'), ("c", 2, "null"), ("c", 3, '{"v":"c"}'),
    ]  # fmt: skip


@pytest.mark.parametrize("order", [[[0, 1, 2, 3, 4]], [[0], [1], [2], [3], [4]], [[0, 3], [1], [2, 4]]])
def test_what_a_list_finds_changed_without_a_later_modified_time_holds_since_the_list(
    landing, warehouse, order
):
    """Dated back to the modified time, a stock or a price of now would be told of all the days since then."""
    lists = []
    for hour, value in ((1, "A"), (2, "B"), (3, "B"), (4, "A"), (5, "C")):
        changed = at(4.5) if value == "C" else at(0)
        told = [line("a", changed, {"v": value}), line("b", at(0), {"v": "b"})]
        lists.append(land(landing, told, stream="products", read_at=at(hour), extra={LISTS_ALL: True}))
    _load_in(order, lists, landing, warehouse)
    assert rows(warehouse, SHELF.replace("hour", "epoch").replace(")::int", ") / 3600")) == [
        ("a", 0, '{"v":"A"}'), ("a", 2, '{"v":"B"}'), ("a", 4, '{"v":"A"}'), ("a", 4.5, '{"v":"C"}'),
        ("b", 0, '{"v":"b"}'),
    ]  # fmt: skip


def test_a_read_of_a_window_says_nothing_of_what_is_not_in_it(landing, warehouse):
    for hour, names in ((1, "ab"), (2, "a")):
        land(landing, [line(name, None, {}) for name in names], stream="products", read_at=at(hour))
    load(landing, warehouse)
    assert [row[0] for row in rows(warehouse, SHELF)] == ["a", "b"]


def test_one_read_that_shows_a_record_twice_keeps_what_the_later_page_said(landing, warehouse):
    land(landing, [line("1", at(1), {"v": 1}), line("1", at(1), {"v": 1}), line("1", at(1), {"v": 2})])
    load(landing, warehouse)
    assert rows(warehouse, "select payload->>'v' from raw_shop.orders") == [("2",)]


def test_a_window_without_records_is_booked_and_moves_the_mark(landing, warehouse):
    land(landing, [], span=window(3), read_at=at(100))
    (part,) = load(landing, warehouse)
    assert (part.rows, part.rows_new) == (0, 0)
    assert rows(warehouse, "from raw_daybook.stream_status") == [
        ("shop__one", "orders", window(3).end, at(100)),
    ]


def test_reading_an_old_window_again_does_not_move_the_mark_back(landing, warehouse):
    land(landing, [], span=window(3), read_at=at(100))
    land(landing, [], span=window(1), read_at=at(110))
    load(landing, warehouse)
    assert rows(warehouse, "select mark_end, last_read_at from raw_daybook.stream_status") == [
        (window(3).end, at(110))
    ]


def test_slices_behind_one_that_failed_say_nothing_of_what_lies_before_them(landing, warehouse):
    land(landing, [], span=window(0), read_at=at(100))
    land(landing, [], span=window(2), read_at=at(101))  # the slice between them failed
    landing.move_mark("shop", "shop__one", "orders", window(0).end)
    load(landing, warehouse)
    assert rows(warehouse, "select mark_end from raw_daybook.stream_status") == [(window(0).end,)]
    land(landing, [], span=window(1, days=2), read_at=at(124))
    landing.move_mark("shop", "shop__one", "orders", window(2).end)
    load(landing, warehouse)
    assert rows(warehouse, "select mark_end from raw_daybook.stream_status") == [(window(2).end,)]


REPORT = "select report_date::varchar, as_of_date::varchar, record_key, payload->>'spend' from raw_ads.report order by all"


def report(landing, spends: dict[str, dict[str, str]], hour: float, dates: list[str] | None = None):
    lines = [
        report_line(f"{day}|{name}", day, {"spend": spend})
        for day, ads in spends.items()
        for name, spend in ads.items()
    ]
    return land(
        landing, lines, account="ads__one", stream="report", read_at=at(hour), dates=dates or sorted(spends)
    )  # fmt: skip


def test_a_report_date_is_replaced_whole_by_a_later_read_of_the_same_day(landing, warehouse):
    report(landing, {"2026-11-20": {"a": "1", "b": "2"}, "2026-11-21": {"a": "5"}}, 10)
    load(landing, warehouse)
    report(landing, {"2026-11-20": {"a": "3"}, "2026-11-21": {}}, 12)
    load(landing, warehouse)
    assert rows(warehouse, REPORT) == [("2026-11-20", "2026-11-21", "2026-11-20|a", "3")]
    books = "select report_date::varchar, as_of_date::varchar, rows, load_id from raw_daybook.report_reads order by 1"
    assert rows(warehouse, books) == [("2026-11-20", "2026-11-21", 1, 2), ("2026-11-21", "2026-11-21", 0, 2)]


def test_reads_of_earlier_days_stay_as_history(landing, warehouse):
    report(landing, {"2026-11-20": {"a": "1"}}, 23.9)  # the last minutes of 21 November in Shanghai
    report(landing, {"2026-11-20": {"a": "2"}}, 24.1)
    load(landing, warehouse)
    assert [(row[1], row[3]) for row in rows(warehouse, REPORT)] == [("2026-11-21", "1"), ("2026-11-22", "2")]


def test_the_as_of_day_is_the_business_day_of_the_accounts_zone(landing, warehouse):
    report(landing, {"2026-11-20": {"a": "1"}}, 10)
    new_york = [*ACCOUNTS[:2], Account("ads__one", "ads", "Ads", "two", "America/New_York", "USD")]
    load_pending(landing, warehouse, PLATFORMS, new_york)
    assert [row[1] for row in rows(warehouse, REPORT)] == ["2026-11-20"]  # 02:00Z is the evening before


def test_reports_loaded_out_of_order_end_with_the_latest_read(landing, warehouse):
    early = report(landing, {"2026-11-20": {"a": "1", "b": "1"}}, 10)
    landing.loaded(early)
    report(landing, {"2026-11-20": {"a": "2"}}, 12)
    load(landing, warehouse)
    landing.store.put_text(f"_pending/{early.id.replace('/', '~')}.json", json.dumps({"id": early.id}))
    (part,) = load(landing, warehouse)
    assert part.rows_new == 0
    assert [row[3] for row in rows(warehouse, REPORT)] == ["2"]


def test_a_report_row_of_a_date_the_manifest_does_not_cover_is_refused(landing, warehouse):
    report(landing, {"2026-11-20": {"a": "1"}, "2026-11-23": {"a": "1"}}, 10, dates=["2026-11-20"])
    with pytest.raises(LoadErrors, match="2026-11-23, which the manifest does not cover"):
        load(landing, warehouse)


def damage(landing: Landing, manifest, how: str) -> None:
    path = Path(manifest.paths[0])
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-7])
    elif how == "one bit":
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:  # the manifest itself counts wrong
        text = (path.parent / "manifest.json").read_text()
        (path.parent / "manifest.json").write_text(text.replace('"rows": 2', '"rows": 3'))


@pytest.mark.parametrize("how", ["missing", "truncated", "one bit", "counts wrong"])
def test_a_damaged_partition_fails_by_name_and_the_others_load(landing, warehouse, how):
    good = [land(landing, [line(f"g{d}", at(1), {})], span=window(d), read_at=at(60)) for d in (1, 2)]
    bad = land(landing, [line("1", at(1), {}), line("2", at(1), {})], span=window(0), read_at=at(59))
    other = land(landing, [line("o", at(1), {})], account="shop__two", read_at=at(61))
    damage(landing, bad, how)
    with pytest.raises(LoadErrors) as caught:
        load(landing, warehouse)
    (error,) = caught.value.errors
    assert (error.account, error.stream, error.window) == ("shop__one", "orders", window(0))
    assert Path(bad.paths[0]).name in str(error) and "read that window again" in str(error)
    assert {part.manifest_id for part in caught.value.loaded} == {*(m.id for m in good), other.id}
    assert [manifest.id for manifest in landing.pending()] == [bad.id]
    assert rows(warehouse, "select count(*) from raw_shop.orders") == [(3,)]


def damage_manifest(landing: Landing, manifest, how: str) -> Path:
    path = Path(landing.root) / manifest.id / "manifest.json"
    whole = path.read_text()
    if how == "missing":
        path.unlink()
    else:
        path.write_text(
            {
                "truncated": whole[: len(whole) // 2],
                "empty": "",
                "no JSON": "\0" * 200,
                "another's": whole.replace(manifest.id, manifest.id[:-1] + "_"),
                "without a checksum": whole.replace("sha256", "sha"),
            }[how]
        )
    return path


BROKEN = ["missing", "truncated", "empty", "no JSON", "another's", "without a checksum"]


@pytest.mark.parametrize("how", BROKEN)
def test_a_damaged_manifest_fails_by_name_and_the_others_load(landing, warehouse, how):
    good = land(landing, [line("g", at(1), {})], span=window(1), read_at=at(60))
    bad = land(landing, [line("1", at(1), {})], span=window(0), read_at=at(59))
    other = land(landing, [line("o", at(1), {})], account="shop__two", read_at=at(61))
    path = damage_manifest(landing, bad, how)
    for _ in range(2):  # it is not forgotten by being told once
        with pytest.raises(LoadErrors) as caught:
            load(landing, warehouse)
        (error,) = caught.value.errors
        assert (error.account, error.stream, error.window) == ("shop__one", "orders", window(0))
        assert str(path) in str(error) and "read that window again" in str(error)
    assert {row[1] for row in rows(warehouse, CONTENT)} == {"g", "o"}
    assert load(landing, warehouse, account_ids=["shop__two"]) == [], (good, other)
    land(landing, [line("1", at(1), {})], span=window(0), read_at=at(70))
    assert load(landing, warehouse), "a later read of the window is in"
    assert load(landing, warehouse) == [] == landing.pending()


def test_a_damaged_marker_hides_nothing(landing, warehouse):
    for text in ("", '{"id": "sh', "[]"):
        manifest = land(landing, [line(text or "none", at(1), {})])
        landing.store.put_text(manifest.marker, text)
    assert len(load(landing, warehouse)) == 3 and landing.pending() == []


def test_what_is_no_marker_is_named_and_holds_up_nothing(landing, warehouse):
    land(landing, [line("1", at(1), {})])
    landing.store.put_text("_pending/notes.txt", "mine")
    with pytest.raises(LoadErrors, match=r"notes\.txt") as caught:
        load(landing, warehouse)
    assert len(caught.value.loaded) == 1 and "move it away" in str(caught.value)


def test_a_loaded_partition_whose_manifest_is_damaged_is_told_and_is_no_failure(landing, warehouse):
    manifest = land(landing, [line("1", at(1), {})])
    load(landing, warehouse)
    damage_manifest(landing, manifest, "truncated")
    landing.requeue(manifest)
    said: list[str] = []
    assert load(landing, warehouse, progress=said.append) == []
    assert any("shop__one" in text and "can no longer be loaded again" in text for text in said)


@pytest.mark.parametrize("text", ["", '{"end": "2026', "[]", '{"end": "2026-11-20T16:00:00"}'])
def test_a_damaged_mark_keeps_its_stream_out_by_name_and_the_others_load(landing, warehouse, text):
    land(landing, [line("1", at(1), {})], span=window(0))
    land(landing, [line("2", at(1), {})], span=window(1), read_at=at(60))
    land(landing, [line("o", at(1), {})], account="shop__two")
    landing.store.put_text("shop/shop__one/orders/mark.json", text)
    with pytest.raises(LoadErrors) as caught:
        load(landing, warehouse)
    (error,) = caught.value.errors
    assert (error.account, error.stream) == ("shop__one", "orders") and "mark.json" in str(error)
    assert "remove it" in str(error) and len(landing.pending()) == 2
    assert [row[1] for row in rows(warehouse, CONTENT)] == ["o"]
    landing.store.remove("shop/shop__one/orders/mark.json")
    assert len(load(landing, warehouse)) == 2


def test_a_damaged_partition_is_set_aside_once_a_later_read_covers_its_window(landing, warehouse):
    bad = land(landing, [line("1", at(1), {})], span=window(1))
    damage(landing, bad, "missing")
    with pytest.raises(LoadErrors):
        load(landing, warehouse)
    land(landing, [line("1", at(1), {})], span=window(0, days=3), read_at=at(60))
    said: list[str] = []
    load(landing, warehouse, progress=said.append)
    assert landing.pending() == []
    assert any("set aside, a later read" in text and "shop__one" in text for text in said)


@pytest.mark.parametrize(
    "text",
    [
        '{"key":"9","cursor_at":"2026-11-20T16:01:02Z","payload":{"a":1}',  # cut off
        '{"key":"9","cursor_at":"yesterday","payload":{}}',
        '{"key":null,"cursor_at":null,"payload":{}}',
        '{"cursor_at":null,"payload":{}}',
        '{"key":"9","cursor_at":null,"payload":null}',
        '{"key":"9","cursor_at":null}',
        '{"payload":{"a":1,"payload":{}},"key":"9"}',
        '{"key":"9","cursor_at":null,"payload":{},"more":1}',
        "[1, 2]",
        "not json",
    ],
)
def test_a_line_that_is_no_landing_line_fails_its_partition_only(landing, warehouse, text):
    land(landing, [line("1", at(1), {})], span=window(0), read_at=at(59))
    bad = land(landing, [line("2", at(1), {}), text], span=window(1), read_at=at(60))
    land(landing, [line("3", at(1), {})], span=window(2), read_at=at(61))
    with pytest.raises(LoadErrors) as caught:
        load(landing, warehouse)
    (error,) = caught.value.errors
    assert error.window == window(1) and bad.paths[0] in str(error)
    assert [row[1] for row in rows(warehouse, CONTENT)] == ["1", "3"]
    assert rows(warehouse, "select count(*), max(load_id) from raw_daybook.ledger") == [(2, 2)]


def test_only_the_named_platform_account_and_stream_are_loaded(landing, warehouse):
    land(landing, [line("1", at(1), {})])
    land(landing, [line("1", at(1), {})], stream="products")
    land(landing, [line("1", at(1), {})], account="shop__two")
    report(landing, {"2026-11-20": {"a": "1"}}, 10)
    assert [part.platform for part in load(landing, warehouse, platform="ads")] == ["ads"]
    (part,) = load(landing, warehouse, account_ids=["shop__one"], stream="products")
    assert (part.account_id, part.stream) == ("shop__one", "products")
    assert len(load(landing, warehouse)) == 2


def test_every_registered_stream_has_its_table_before_anything_is_loaded(landing, warehouse):
    load(landing, warehouse)
    tables = {
        f"{schema}.{name}"
        for schema, name in rows(warehouse, "select schema_name, table_name from duckdb_tables()")
    }
    assert {"raw_shop.orders", "raw_shop.products", "raw_ads.report", "raw_files.orders", "raw_files.refunds",
            "raw_files.quarantine", "raw_daybook.ledger", "raw_daybook.dbt_results"} <= tables  # fmt: skip


def test_an_account_that_left_stays_known_but_inactive(landing, warehouse):
    load(landing, warehouse)
    load_pending(landing, warehouse, PLATFORMS, ACCOUNTS[:1])
    books = "select account_id, store_id, is_active from raw_daybook.accounts order by 1"
    assert rows(warehouse, books) == [
        ("ads__one", "one", False), ("shop__one", "one", True), ("shop__two", "two", False)
    ]  # fmt: skip


def test_what_accounts_yml_has_read_of_an_account_is_known_before_and_after_it_leaves(landing, warehouse):
    asked = "select account_id, stream, is_wanted from raw_daybook.account_streams order by all"
    one, two, ads = ACCOUNTS
    inbox = replace(one, id="files__old", platform="files")
    load_pending(landing, warehouse, PLATFORMS, [replace(one, streams=("orders",)), two, ads, inbox])
    of_two = [("shop__two", "orders", True), ("shop__two", "products", True)]
    first = [("ads__one", "report", True), ("shop__one", "orders", True), ("shop__one", "products", False)]
    assert rows(warehouse, asked) == [*first, *of_two], "an inbox is asked for nothing"
    load_pending(landing, warehouse, PLATFORMS, [one, ads])
    assert rows(warehouse, asked) == [*first[:2], ("shop__one", "products", True), *of_two]


def test_an_account_under_another_id_is_refused_before_its_days_count_twice(landing, warehouse):
    land(landing, [report_line("a", "2026-11-20", {"spend": 1})], account="ads__one", stream="report",
         dates=["2026-11-20"])  # fmt: skip
    load(landing, warehouse)
    land(landing, [report_line("a", "2026-11-20", {"spend": 1})], account="ads__uno", stream="report",
         dates=["2026-11-20"])  # fmt: skip
    renamed = [*ACCOUNTS[:2], replace(ACCOUNTS[2], id="ads__uno")]
    told = r"ads__uno: accounts.yml has it in place of ads__one: .* twice(?s:.*)→ give it the id ads__one"
    for _ in range(2):
        with pytest.raises(WarehouseError, match=told):
            load_pending(landing, warehouse, PLATFORMS, renamed)
    assert rows(warehouse, "select count(*) from raw_ads.report") == [(1,)]
    # Another advertiser of the store comes when the first has left.
    load_pending(landing, warehouse, PLATFORMS, ACCOUNTS[:2], platform="shop")
    assert len(load_pending(landing, warehouse, PLATFORMS, renamed)) == 1


@pytest.mark.parametrize(
    ("account", "stream", "text"),
    [
        ("ads__uno", "report", report_line("a", "2026-11-20", {"spend": 1})),
        ("shop__uno", "orders", line("1", at(1), {"a": 1})),
    ],
)
def test_what_an_unknown_account_read_waits_and_is_told(landing, warehouse, account, stream, text):
    land(landing, [text], account=account, stream=stream)
    land(landing, [line("1", at(1), {"a": 1})])
    platform = account.partition("__")[0]
    with pytest.raises(LoadErrors, match=rf"{account}: 1 partition(?s:.*)_pending/{platform}~{account}~"):
        load(landing, warehouse)
    assert [row[0] for row in rows(warehouse, CONTENT)] == ["shop__one"]
    assert len(landing.pending()) == 1
    for marker in Path(landing.root, "_pending").glob(f"{platform}~{account}~*"):
        marker.unlink()
    shutil.rmtree(Path(landing.root, platform, account))
    assert load(landing, warehouse) == []


def test_a_second_writer_is_told_who_holds_the_lock(landing, warehouse):
    import os

    with writer_lock(warehouse.parent, "daybook publish"), pytest.raises(LockedError) as caught:
        load(landing, warehouse, wait=0.2)
    assert caught.value.pid == os.getpid()
    assert "daybook publish" in str(caught.value)


def test_landing_on_an_object_store_is_fetched_and_loaded(warehouse):
    landing = Landing("memory://bucket/landing")
    manifest = land(landing, [line("1", at(1), {"a": 1})])
    load(landing, warehouse)
    assert [row[1] for row in rows(warehouse, CONTENT)] == ["1"]
    assert landing.pending() == [] and manifest.root.startswith("memory://")


def test_a_relation_of_file_drops_goes_through_the_same_versions(landing, warehouse):
    load(landing, warehouse)
    manifest = land(landing, [])
    con = duckdb.connect(str(warehouse))
    relation = """
        select 'shop__one' as account_id, k::varchar as record_key, '2011-12-09T12:50:00Z'::timestamptz as cursor_at,
            '{"order_id":"' || k || '"}' as payload from range(3) as t(k)
    """
    assert insert_cursor_versions(con, relation, "files", "orders", manifest, 7) == (3, 3)
    con.execute(f"create temp table again as {relation}")
    assert insert_cursor_versions(con, "again", "files", "orders", manifest, 8) == (3, 0)
    assert con.execute(
        "select distinct load_id, read_at = ? from raw_files.orders", [manifest.read_at]
    ).fetchall() == [(7, True)]
    con.close()
