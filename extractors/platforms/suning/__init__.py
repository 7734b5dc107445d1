"""Suning (苏宁易购), through its open platform. Facts from the SDK copies and pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Reply, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError
from extractors.personal import Personal
from extractors.protocols.signed_call import Call, Dialect, Shape, SignedCall, json_body_signed_in_headers

ZONE = "Asia/Shanghai"
PATH = "/api/http/sopRequest"
ORDERS, ORDERS_CONTENT = "suning.custom.ordmodtime.query", "orderQuery"
RETURNS, RETURNS_CONTENT = "suning.custom.batchrejected.query", "batchQueryRejected"
NO_RESULT = "biz.handler.data-get:no-result"

_HEAD = "sn_responseContent.sn_head.totalSize"
_CONTENT = {ORDERS: ORDERS_CONTENT, RETURNS: RETURNS_CONTENT}
_ADVICE = {
    "sys.check.request-apprequesttime:error": "set this machine's clock: it is more than ten minutes off",
    "sys.check.query-time:outofrange": "the window is too wide or too old; report this as a fault of Daybook",
    "sys.check.header-param:forbidden": "check the app key and the state of the app in the console",
    "sys.check.api-permission:authority": "ask for this API's permission in the app console",
}


def error_of(body: Any) -> DaybookError | None:
    """The error in `sn_responseContent.sn_error`; None when there is none. "No result" is an empty answer."""
    content = body.get("sn_responseContent") if isinstance(body, dict) else None
    if not isinstance(content, dict):
        return TransientError("Suning answered with something that is no envelope")
    found = content.get("sn_error")
    if found is None or found.get("error_code") == NO_RESULT:
        return None
    code = str(found.get("error_code"))
    text = f"Suning error {code}: {found.get('error_msg')}"
    if code.startswith("sys.oauth.check.access_token"):
        return AuthError(text, advice="authorise the app again and update the connection")
    if "sign" in code.lower():
        return AuthError(text, advice="the app secret of the connection does not match the app key")
    if "limit" in code or "frequency" in code:
        return RateLimitedError(text)
    if code.startswith(("isp.", "sys.server", "biz.handler.data-get:error", "sys.check.timeout")):
        return TransientError(text)
    return ConfigError(text, advice=_ADVICE.get(code, "check the account against the API page"))


def _records(content: str) -> Any:
    """The list below the content's name; empty for "no result"."""
    below = records_at(f"sn_responseContent.sn_body.{content}")
    return lambda reply: [] if _is_empty(reply) else below(reply)


def _total(reply: Reply) -> int | None:
    return 0 if _is_empty(reply) else number_at(_HEAD)(reply)


def _is_empty(reply: Reply) -> bool:
    return reply.body["sn_responseContent"].get("sn_error") is not None


def shape_of(content: Mapping[str, str]) -> Shape:
    """How a call is put together: all values as text, below the content's name that each method has."""

    def shape(call: Call) -> dict[str, Any]:
        given = {name: str(value) for name, value in call.params.items()}
        return json_body_signed_in_headers(replace(call, params={content[call.name]: given}), ZONE, "v1.2")

    return shape


def _local(window: Window) -> dict[str, str]:
    zone = ZoneInfo(ZONE)
    return {
        "startTime": window.start.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        "endTime": window.end.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _paging(content: str, size: int) -> LastPageFirst:
    return LastPageFirst(_records(content), _total, size, page="pageNo", size="pageSize")


def _orders(account: Account, window: Window) -> Iterator[Read]:
    yield Read(Request(ORDERS, PATH, _local(window)), _paging(ORDERS_CONTENT, 50))


def _returns(account: Account, window: Window) -> Iterator[Read]:
    yield Read(Request(RETURNS, PATH, _local(window)), _paging(RETURNS_CONTENT, 40))


DIALECT = Dialect(shape=shape_of(_CONTENT), error=error_of)

_HIDDEN = (
    "*customername", "*idnumber", "mobnum", "username", "invoice*", "buyerordremark", "sellerordremark",
    "vat*", "bank", "account", "register*", "cityname", "districtname", "citycode", "districtcode",
    "deliveryarea", "*zipcode", "alipaypayno", "expressno", "refverifycode",
    # Of a contract with a telephone company that is sold with the thing.
    "name", "cardnum", "installname", "*photo",
)  # fmt: skip

PLATFORM = Platform(
    name="suning",
    title="Suning",
    base_url="https://open.suning.com",
    protocol=partial(SignedCall, DIALECT),
    rate=Rate(calls=10, seconds=1.0),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("orderCode",),
            # No modified time stands in the record as documented: then the time of the read is used.
            cursor=Instant("orderModifyTime", ZONE),
            reads=_orders,
            widest=timedelta(days=30),
            retention=timedelta(days=90),
            personal=Personal(drop=_HIDDEN, buyer=("userName",)),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("orderCode", "productCode"),
            # Listed by when its state changed, which the record does not tell: the time of the read is used.
            cursor=Instant("modifyTime", ZONE),
            reads=_returns,
            widest=timedelta(days=30),
            retention=timedelta(days=90),
            personal=Personal(drop=(*_HIDDEN, "buyername", "customer")),
        ),
    ),
)
