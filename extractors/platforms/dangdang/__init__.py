"""Dangdang (当当), whose gateway answers in XML. Facts from the integrations listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Record, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.errors import ContractError, DaybookError, TransientError
from extractors.personal import Personal
from extractors.protocols.signed_form import Dialect, SignedForm
from extractors.protocols.signing import md5_wrapped
from extractors.protocols.words import error_in_words
from extractors.protocols.xmltext import xml_reader

ZONE = "Asia/Shanghai"
PATH = "/openapi/rest"
ALL = 9999

# 5, 10, 15 or 20 a page and no other number.
ORDERS = LastPageFirst(
    records_at("response.OrdersList.OrderInfo"),
    number_at("response.totalInfo.orderCount"),
    20,
    page="p",
    size="pageSize",
)
REFUNDS = LastPageFirst(
    records_at("response.refundInfos.refundInfoList.refundInfo"),
    number_at("response.refundInfos.totalSize"),
    20,
    page="pageIndex",
    size="pageSize",
)


def error_of(body: Any) -> DaybookError | None:
    """The error in an answer, in one of three places; no codes are published, so its words decide."""
    answer = body.get("response") if isinstance(body, dict) else None
    failure = body.get("errorResponse") if isinstance(body, dict) else None
    if isinstance(failure, dict):
        return _worded(failure.get("errorCode"), failure.get("errorMessage"))
    if not isinstance(answer, dict):
        return TransientError("Dangdang answered with something that is no envelope")
    older = answer.get("Error")
    if isinstance(older, dict) and older.get("operCode") not in (None, "", "0"):
        return _worded(older.get("operCode"), older.get("operation"))
    if answer.get("resultCode") not in (None, "", "0"):
        return _worded(answer.get("resultCode"), answer.get("resultMessage"))
    return None


def _worded(code: Any, said: Any) -> DaybookError:
    return error_in_words("Dangdang", str(code or ""), str(said or ""))


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    decode=xml_reader(
        "gb18030", frozenset({"OrderInfo", "ItemInfo", "OperateInfo", "promoItem", "refundInfo"})
    ),
    signs_system_only=True,
    token="session",  # noqa: S106  the name of a parameter
    constants={"format": "xml", "v": "1.0", "sign_method": "md5"},
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    params = {"os": ALL, **_span("lastModifyTime_start", "lastModifyTime_end", window.start, window.end)}
    yield Read(Request("dangdang.orders.list.get", PATH, params), ORDERS)


def _whole_order(session: Session, record: Record) -> None:
    """The list has neither lines nor amounts."""
    request = Request("dangdang.order.details.get", PATH, {"o": record["orderID"]})
    found = session.call(request).body["response"]
    if str(found.get("orderID")) != str(record["orderID"]):
        raise ContractError("dangdang.order.details.get answered without the order that was asked for")
    record["detail"] = found


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    """Refunds changed in the window. The call also needs a range of creation times, of three months at
    most."""
    params = {
        "refundApp_Status": ALL,
        **_span("osd", "oed", window.end - timedelta(days=89), window.end),
        **_span("lastModifyTime_start", "lastModifyTime_end", window.start, window.end),
    }
    yield Read(Request("dangdang.orders.refund.list", PATH, params), REFUNDS)


def _span(first: str, last: str, start: datetime, end: datetime) -> dict[str, str]:
    zone = ZoneInfo(ZONE)
    return {
        name: moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        for name, moment in ((first, start), (last, end))
    }


PLATFORM = Platform(
    name="dangdang",
    title="Dangdang",
    base_url="http://api.open.dangdang.com",
    protocol=partial(SignedForm, DIALECT),
    # No limit is published; 5/s is our own restraint.
    rate=Rate(calls=5, seconds=1.0),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("orderID",),
            cursor=Instant("detail.lastModifyTime", ZONE, before=("lastModifyTime",)),
            reads=_orders,
            widest=timedelta(days=15),
            detail=_whole_order,
            personal=Personal(
                drop=(
                    "message",
                    "remark",
                    "dangdangaccountid",
                    "receipt*",
                    "sendorderid",
                    "energysubsidy",
                    "operaterole",
                ),
                keep=("consigneeaddr_province",),
                buyer=("detail.sendGoodsInfo.dangdangAccountID", "dangdangAccountID"),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("orderId", "refundSource", "creationDate"),
            cursor=Instant("lastModifiedDate", ZONE, before=("refundDate", "creationDate")),
            reads=_refunds,
            widest=timedelta(days=15),
            personal=Personal(drop=("remark", "bank*", "*account*")),
        ),
    ),
)
