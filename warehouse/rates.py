"""Currency rates that people dropped as files → raw_daybook.dropped_rates, one row per currency and day.

Of two files that tell a currency's rate of one day, the one that was read later counts, in whichever
order they are loaded.
"""

# ruff: noqa: S608 (every value goes in through literal())
from __future__ import annotations

from pathlib import Path

import duckdb

from extractors.files.mapping import Mapping
from extractors.landing import Manifest
from warehouse.connection import literal


def load_rates(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, mapping: Mapping, cells: Path, load_id: int
) -> tuple[int, int]:
    """Add a file's rates inside the caller's transaction; of a day told twice in it, the lower row counts.

    Returns: (rows of the file, rows that tell something the table did not say before).
    """
    con.execute(f"""
        create or replace temp table _rates as
        select
            currency,
            (rate_date::timestamptz at time zone {literal(mapping.time_zone or "UTC")})::date as rate_date,
            arg_max(units_per_usd, line)::decimal(18, 6) as units_per_usd, count(*) as lines
        from read_parquet({literal(str(cells))})
        group by all""")
    read_at = f"timestamptz {literal(manifest.read_at.isoformat())}"
    same = "held.currency = _rates.currency and held.rate_date = _rates.rate_date"
    con.execute(f"""
        delete from raw_daybook.dropped_rates as held using _rates where {same} and held.read_at <= {read_at}
        and held.units_per_usd <> _rates.units_per_usd""")
    con.execute(f"""
        update raw_daybook.dropped_rates as held set read_at = {read_at} from _rates
        where {same} and held.read_at < {read_at}""")
    added = con.execute(f"""
        insert into raw_daybook.dropped_rates
        select currency, rate_date, units_per_usd, {literal(manifest.extra["file"])}, {read_at}, {load_id}
        from _rates where not exists (select 1 from raw_daybook.dropped_rates as held where {same})
        """).fetchall()[0][0]
    rows = con.execute("select coalesce(sum(lines), 0)::bigint from _rates").fetchall()[0][0]
    con.execute("drop table _rates")
    return int(rows), int(added)
