"""The live overview that a shop of the sandbox's world would export from Compass: an audience for every room, no room ids."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import openpyxl

FIRST, LAST = date(2026, 11, 9), date(2026, 11, 18)
HEADER = [
    "直播间名称",
    "日期",
    "直播时长(小时)",
    "成交金额",
    "直播间观看人数",
    "直播间观看人次",
    "人均看播时长",
    "退款率",
]


def audience_of(day: date) -> dict[str, tuple[int, int, int]]:
    """Room → viewers, views, seconds a viewer stayed; three rooms a day, each its host's."""
    hosts = [(day.toordinal() + number) % 7 for number in range(3)]
    return {f"主播{host}": (1000 + host, 2000 + day.day, 60 + host) for host in hosts}


def drop_compass(inbox: Path) -> None:
    """Write the export into the inbox, with what such files have around their tables."""
    inbox.mkdir(parents=True)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["直播概览"])
    sheet.append([])
    sheet.append(HEADER)
    day = FIRST
    while day <= LAST:
        for host, (viewers, views, seconds) in audience_of(day).items():
            duration = f"{seconds // 60}分{seconds % 60}秒"
            sheet.append(
                [host, day.isoformat(), "3.5", "1,000.00", f"{viewers:,}", f"{views:,}", duration, "-"]
            )
        day += timedelta(days=1)
    sheet.append(["备注：成交金额不含退款"])
    book.save(inbox / "直播概览.xlsx")
