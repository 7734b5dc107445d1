"""Report streams in raw: each later read on the same business day replaces a report date completely.

Reads on different days are all kept (`as_of_date`), so that it stays known what was first reported.
"""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

import duckdb

# Each (account, report date, as-of day) gets the rows of its latest read, whatever the order of loading.
_CLAIMS = """
create or replace temp table _claims as
select c.read_no, c.report_date, r.account_id, r.as_of_date, r.read_at
from _dates as c
join (select distinct on (read_no) * from _reads) as r using (read_no)
left join raw_daybook.report_reads as held
    on held.platform = $platform and held.stream = $stream and held.account_id = r.account_id
    and held.report_date = c.report_date and held.as_of_date = r.as_of_date
where held.read_at is null or held.read_at <= r.read_at
qualify row_number() over (
    partition by r.account_id, c.report_date, r.as_of_date order by r.read_at desc, c.read_no desc
) = 1
"""

_INSERT = """
insert into {table} by name
select
    c.account_id, a.record_key, a.report_date, c.as_of_date, a.payload::json as payload, a.payload_hash,
    a.window_start, a.window_end, c.read_at, {load_id} as load_id, now() as loaded_at
from (
    -- The same row twice, on two pages of one read, is one row.
    select
        r.read_no, a.record_key, a.dated::date as report_date, a.payload_hash,
        any_value(a.payload) as payload,
        any_value(r.window_start) as window_start, any_value(r.window_end) as window_end
    from _arriving as a join _reads as r using (filename)
    group by r.read_no, a.record_key, a.dated, a.payload_hash
) as a
join _claims as c using (read_no, report_date)
"""


def replace_dates(
    con: duckdb.DuckDBPyConnection, table: str, platform: str, stream: str, load_id: int
) -> dict[int, int]:
    """Replace the rows of every (account, report date, as-of day) that the staged reads are the latest of.

    _arriving: filename, record_key, dated (report date as text), payload (text), payload_hash.
    _reads, a row per file: filename, read_no, account_id, as_of_date, window_start, window_end, read_at.
    _dates: read_no, report_date.

    A date that came back without rows is emptied, and raw_daybook.report_reads says that it was read.

    Returns: rows written per read_no (0 for a read that is not the latest).
    """
    con.execute(_CLAIMS, {"platform": platform, "stream": stream})
    con.execute(f"""
        delete from {table} as t using _claims as c
        where t.account_id = c.account_id and t.report_date = c.report_date and t.as_of_date = c.as_of_date
    """)
    con.execute(_INSERT.format(table=table, load_id=load_id))
    con.execute(
        """
        delete from raw_daybook.report_reads as r using _claims as c
        where r.platform = $platform and r.stream = $stream and r.account_id = c.account_id
          and r.report_date = c.report_date and r.as_of_date = c.as_of_date
        """,
        {"platform": platform, "stream": stream},
    )
    con.execute(
        f"""
        insert into raw_daybook.report_reads by name
        select
            $platform as platform, c.account_id, $stream as stream, c.report_date, c.as_of_date, c.read_at,
            $load_id as load_id, count(t.record_key) as rows
        from _claims as c
        left join {table} as t
            on t.account_id = c.account_id and t.report_date = c.report_date and t.as_of_date = c.as_of_date
        group by all
        """,
        {"platform": platform, "stream": stream, "load_id": load_id},
    )
    return dict(
        con.execute(f"""
            select c.read_no, count(t.record_key) from _claims as c
            left join {table} as t
                on t.account_id = c.account_id
                and t.report_date = c.report_date and t.as_of_date = c.as_of_date
            group by c.read_no
        """).fetchall()
    )
