"""Rows that are figures of a period → a landing partition like that of a vendor's report.

A later read replaces a report's dates completely, so a file that is dropped twice or overlaps another counts
once. Days, weeks and months are separate streams (docs/decisions.md, 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from extractors.accounts import Account
from extractors.core.decode import dumps
from extractors.core.window import days_window
from extractors.files.cells import KEPT, Cells
from extractors.files.fields import REPORTS, Row
from extractors.files.lists import PLATFORM
from extractors.files.mapping import Mapping
from extractors.files.partition import QUARANTINE, quarantine, what_was_read
from extractors.files.refusal import FileRefused
from extractors.files.tables import BadRow
from extractors.files.text import is_remark
from extractors.files.values import grain_of
from extractors.landing import Landing, Manifest

_STREAMS: dict[Row, str] = {
    "traffic": "traffic",
    "product_traffic": "product_traffic",
    "live_session": "live_sessions",
}
_GRAINS = {"day": "", "week": "_weekly", "month": "_monthly"}
# Microseconds of read time added per day that a file reaches further. Up to this many files of one run may
# reach equally far and still have different read times.
REPORTS_TOLD_APART = 10
# 商品_全部_2026-11-16_2026-11-22.xls: the rows of such a file may only have the first of the two days.
_NAMED = re.compile(r"(\d{4}-\d\d-\d\d)[_~\uff5e至 -]+(\d{4}-\d\d-\d\d)")

Key = tuple[str, ...]
Period = tuple[date, date]


@dataclass(frozen=True)
class Report:
    """A table's rows by period (first and last day) and key within the period. grain: day, week or month."""

    grain: str
    rows: dict[tuple[Period, Key], dict[str, Any]]

    @property
    def first(self) -> date:
        return min(period[0] for period, _ in self.rows)

    @property
    def last(self) -> date:
        return max(period[1] for period, _ in self.rows)

    @property
    def dates(self) -> list[date]:
        """The first days of its periods, which are the report dates that it replaces."""
        return sorted({period[0] for period, _ in self.rows})


def read_report(mapping: Mapping, cells: Cells, file: str) -> Report:
    """The readable rows as a report.

    A second row with the same period and key is moved to `cells.bad`; a total row counts as a remark.
    Raises FileRefused when the table mixes days, weeks and months, which are separate reports.
    """
    names = REPORTS[mapping.row]
    rows: dict[tuple[Period, Key], dict[str, Any]] = {}
    for row, period in zip(cells.table.to_pylist(), _periods(cells.table, file), strict=True):
        line = row.pop("line")
        del row["period"]
        key = tuple(row.get(name) or "" for name in names)
        kept = {name.removeprefix(KEPT): row.pop(name) for name in list(row) if name.startswith(KEPT)}
        payload = {name: value for name, value in row.items() if value is not None}
        payload["period_end"] = period[1].isoformat()
        payload["others"] = {name: value for name, value in kept.items() if value is not None}
        if mapping.row == "live_session" and not (row.get("live_id") or row.get("started_at")):
            key = _next_of_the_day(rows, period, key, payload)
        if mapping.row == "product_traffic" and any(is_remark(part) for part in key):
            cells.remarks += 1
        elif (period, key) in rows:
            same = {name: row[name] for name in names if row.get(name) and name.endswith("_id")}
            cells.bad.append(BadRow(line, "is the second row of its period and name", same))
        else:
            rows[period, key] = payload
    grains = sorted({grain_of(*period) or "" for period, _ in rows})
    if len(grains) > 1:
        raise FileRefused(
            f"{file} has rows of a {' and rows of a '.join(grains)}",
            advice="export days, weeks and months apart: people of a week are not the days' added up",
        )
    if mapping.row == "live_session" and grains not in ([], ["day"]):
        raise FileRefused(
            f"{file} has rows of a {grains[0]} where a session has its day",
            advice="export the sessions one by one, each with its date",
        )
    return Report(grains[0] if grains else "", rows)


def _next_of_the_day(
    rows: dict[tuple[Period, Key], dict[str, Any]], period: Period, key: Key, payload: dict[str, Any]
) -> Key:
    """The key of a live session without id and start time: its number within the day and room, so that two
    such sessions of one day stay two."""
    number = 1
    while (held := rows.get((period, (*key, str(number))))) is not None and held != payload:
        number += 1
    return (*key, str(number))


def told_apart(report: Report, read_at: datetime) -> datetime:
    """The read time of a report: that of the run, moved by microseconds so that of two reports of one run the
    one that reaches further is later."""
    return read_at + timedelta(microseconds=(report.last - read_at.date()).days * REPORTS_TOLD_APART)


def land_report(
    landing: Landing,
    account: Account,
    mapping: Mapping,
    report: Report,
    cells: Cells,
    read_at: datetime,
    facts: dict[str, Any],
) -> Manifest:
    """Write the partition of a report that has rows, and return its manifest.

    facts: file, part, file_sha256, file_bytes.
    """
    stream = _STREAMS[mapping.row] + _GRAINS[report.grain]
    window = days_window(report.first, report.last, account.zone)
    with landing.partition(PLATFORM, account.id, stream, "report", window, read_at) as partition:
        for (period, key), payload in report.rows.items():
            record = {"format": mapping.name, "grain": report.grain, **payload}
            partition.write(
                dumps({"key": "|".join(key), "report_date": period[0].isoformat(), "payload": record})
            )
        if cells.bad:
            # Its rows are not records: they do not count towards the partition's rows.
            pq.write_table(quarantine(cells.bad), partition.add_file(QUARANTINE, 0), compression="zstd")
        extra = {**facts, **what_was_read(mapping, cells), "rows": len(report.rows)}
        return partition.commit(dates=report.dates, extra=extra)


def _periods(table: pa.Table, file: str) -> list[Period]:
    """The first and last day of each row. If all rows have the same single day, and the file's name has a
    span of two dates that begins or ends with it, that span is taken."""
    periods = []
    for text in table["period"].to_pylist():
        first, last = text.split("/")
        periods.append((date.fromisoformat(first), date.fromisoformat(last)))
    if (named := _NAMED.search(file)) and len(set(periods)) == 1:
        try:
            span = (date.fromisoformat(named[1]), date.fromisoformat(named[2]))
        except ValueError:
            return periods
        only = periods[0]
        if span[0] < span[1] and only[0] == only[1] and only[0] in span:
            if grain_of(*span) is None:
                raise FileRefused(
                    f"{file} covers {span[0]} to {span[1]}: no week from Monday to Sunday and no calendar "
                    "month",
                    advice="export single days, calendar weeks or calendar months",
                )
            return [span] * len(periods)
    return periods
