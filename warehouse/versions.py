"""Cursor streams in raw: every distinct version of every record, whatever the order of loading."""

from __future__ import annotations

import duckdb

from warehouse.connection import literal

# Adds a version with payload GONE for every record that an earlier read showed and a complete list does not.
_GONE = """
insert into _arriving
with lists as (
    select read_no, account_id, read_at, min(filename) as filename
    from _reads where list_contains($lists, read_no) group by all
),
known as (
    select account_id, record_key, min(read_at) as read_at
    from (
        select account_id, record_key, read_at
        from {table} where account_id in (select account_id from lists)
        union all
        select r.account_id, a.record_key, r.read_at from _arriving as a join _reads as r using (filename)
    )
    where not $is_second_look or record_key in (select record_key from _arriving)
    group by all
)
select l.filename, k.record_key, null, {gone}, md5({gone})
from lists as l
join known as k on k.account_id = l.account_id and k.read_at < l.read_at
where (l.read_no, k.record_key) not in (
    select r.read_no, a.record_key from _arriving as a join _reads as r using (filename)
)
"""
GONE = "null"  # the JSON payload of the version that says that a record was deleted
# A complete list may show a record with a modified time at or before that of a version we already have: the
# record had been deleted and came back, or changed without a new modified time. Its old time would put the
# list's version before ours. So it is dated by the time of the list instead.
_SINCE = """
update _arriving as a set dated = null
from _reads as r, (
    select account_id, record_key, cursor_at, read_at, payload_hash
    from {table} where account_id in (select account_id from _reads)
    union all
    select account_id, record_key, coalesce(dated::timestamptz, read_at), read_at, payload_hash
    from _arriving join _reads using (filename)
) as known
where a.filename = r.filename and list_contains($lists, r.read_no)
  and known.account_id = r.account_id and known.record_key = a.record_key
  and known.read_at < r.read_at and a.dated::timestamptz < r.read_at
  and (
      a.dated::timestamptz < known.cursor_at
      or (a.dated::timestamptz = known.cursor_at and known.payload_hash <> md5({gone}))
  )
"""

# A record's versions are ordered by (cursor_at, read_at). An arriving row is dropped only if it is equal to
# the version before it. Comparing with that one, and not with all versions, keeps A, B, A of a record that
# has no modified time. Comparing by this order, and not by the order of loading, gives the same versions
# whatever order the reads are loaded in.
_KEEP_CHANGES = """
create or replace temp table _kept as
with arriving as (
    select
        a.rowid as seq, r.account_id, a.record_key, coalesce(a.dated::timestamptz, r.read_at) as cursor_at,
        a.dated is null as is_undated, r.read_at, a.payload_hash
    from _arriving as a join _reads as r using (filename)
    -- When one read shows a record twice with the same modified time, the later page is newer.
    qualify row_number() over (
        partition by r.account_id, a.record_key, coalesce(a.dated::timestamptz, r.read_at), r.read_at
        order by a.rowid desc
    ) = 1
),
history as (
    select
        null::bigint as seq, account_id, record_key, cursor_at, false as is_undated, read_at, payload_hash,
        load_id
    from {table}
    where account_id in (select account_id from _reads)
      and record_key in (select record_key from _arriving)
    union all
    select seq, account_id, record_key, cursor_at, is_undated, read_at, payload_hash, {load_id} from arriving
),
judged as (
    select
        seq, cursor_at, is_undated, payload_hash,
        lag(payload_hash) over in_order as hash_before, lag(cursor_at) over in_order as cursor_before
    from history
    window in_order as (
        partition by account_id, record_key order by cursor_at, read_at, load_id, seq nulls first
    )
)
select seq, cursor_at from judged
where seq is not null
  and (hash_before is null or hash_before <> payload_hash or (cursor_before <> cursor_at and not is_undated))
"""

_INSERT = """
insert into {table} by name
select
    r.account_id, a.record_key, k.cursor_at, a.payload::json as payload, a.payload_hash,
    r.window_start, r.window_end, r.read_at, {load_id} as load_id, now() as loaded_at
from _arriving as a
join _kept as k on k.seq = a.rowid
join _reads as r using (filename)
"""


def note_gone(
    con: duckdb.DuckDBPyConnection, table: str, lists: list[int], *, is_second_look: bool = False
) -> None:
    """Add deletions to `_arriving`: records that complete lists no longer name. Also dates what those lists
    show by the time of the list where its own modified time would be too early (see _SINCE).

    lists: the read numbers in `_reads` that are complete lists.
    is_second_look: these lists were staged for the records of `_arriving` only, so they tell nothing about
        other records.
    """
    if lists:
        con.execute(
            _GONE.format(table=table, gone=literal(GONE)),
            {"lists": lists, "is_second_look": is_second_look},
        )
        con.execute(_SINCE.format(table=table, gone=literal(GONE)), {"lists": lists})


def insert_versions(con: duckdb.DuckDBPyConnection, table: str, load_id: int) -> dict[int, int]:
    """Add the new versions of temp tables `_arriving` and `_reads` to a cursor stream's raw table.

    _arriving, in the order in which records were seen: filename, record_key, dated (modified time as text;
        null: use the read's time), payload (text), payload_hash.
    _reads, a row per file: filename, read_no, account_id, window_start, window_end, read_at.

    Returns: rows added per read_no (reads that added nothing are left out).
    """
    con.execute(_KEEP_CHANGES.format(table=table, load_id=load_id))
    con.execute(_INSERT.format(table=table, load_id=load_id))
    counted = con.execute("""
        select r.read_no, count(*)
        from _arriving as a join _kept as k on k.seq = a.rowid join _reads as r using (filename) group by all
    """).fetchall()
    return dict(counted)
