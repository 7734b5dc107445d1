"""Rows that reach TOP late: a trade changes, and the seller's store hears of it minutes or hours afterwards.

`taobao.trades.sold.increment.get` lists by the time of the change, `…incrementv.get` by the time the row came
in (`async_modified`). Until it is in, both show the trade as it was before.
"""

from __future__ import annotations

from extractors.sandbox.book import Row
from extractors.sandbox.control import LateEdit
from extractors.sandbox.desk import Desk

from .call import Call


def hold_back(desk: Desk, store: str, row: Row, seconds: int) -> None:
    """The trade changes now, and TOP hears of it ``seconds`` later."""
    now = desk.now()
    desk.control.late.append(LateEdit(desk.platform, store, row.day, row.index, now, now + seconds))


def let_in(desk: Desk) -> None:
    """Enters what has arrived by now."""
    for edit in desk.control.late:
        if edit.platform == desk.platform and not edit.is_in and edit.enters <= desk.now():
            desk.world.books[edit.account].touch(edit.day, edit.index, edit.at)
            edit.is_in = True


def entered_between(call: Call, start: int, end: int) -> list[tuple[int, Row]]:
    """The trades whose last change came in within [start, end]: (when, row), oldest first."""
    mine = [e for e in call.desk.control.late if e.is_in and e.account == call.shop.store]
    late = {(edit.day, edit.index, edit.at): edit.enters for edit in mine}
    found = []
    for row in call.book.modified_between(min([start, *(e.at for e in mine)]), end, call.now):
        at = late.get((row.day, row.index, row.modified), row.modified)
        if start <= at <= end:
            found.append((at, row))
    return sorted(found, key=lambda pair: (pair[0], pair[1].day, pair[1].index))


def entered_at(call: Call, row: Row) -> int:
    """When the trade's last change came in."""
    return next(
        (
            edit.enters
            for edit in call.desk.control.late
            if (edit.account, edit.day, edit.index, edit.at)
            == (call.shop.store, row.day, row.index, row.modified)
        ),
        row.modified,
    )
