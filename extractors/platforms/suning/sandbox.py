"""The sandbox half of Suning: what its open platform answers and refuses (platforms-cn §6).

Served under ``/suning``: ``/api/http/sopRequest``. An order appears once it is paid.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Container, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHOPS, Shop
from extractors.sandbox.orders import Line, OrderState, RefundState
from extractors.sandbox.signatures import same
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

TOLERANCE = 600
WIDEST, HISTORY = 30 * 86_400, 89 * 86_400  # three months, at their shortest
_BIZ = {
    "suning.custom.ordmodtime.query": ("orderQuery", "orders", 50),
    "suning.custom.batchrejected.query": ("batchQueryRejected", "refunds", 40),
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The one address that the gateway has, for one desk."""
    return [Route("/api/http/sopRequest", Gateway(desk).rest, methods=["POST"])]


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """Keys of a complete read: paid orders, and returns, changed in the window."""
    shop = shop_of(account_id)
    if stream == "orders":
        found = orders_modified(world, shop, start, end, now)
        return {str(state.order.id) for state in found if state.paid_at is not None}
    if stream == "refunds":
        pairs = refunds_modified(world, shop, start, end, now)
        return {f"{state.order.id}|{_code(market.refunded_line(state, refund))}" for state, refund in pairs}
    raise KeyError(stream)


def no(code: str, text: str = "") -> Answer:
    """The platform's way to say no."""
    body = {"sn_responseContent": {"sn_error": {"error_code": code, "error_msg": text or code}}}
    return Answer(body, refusal=code)


def accept(
    desk: Desk, headers: Mapping[str, str], body: bytes, app: tuple[str, str], methods: Container[str]
) -> None:
    """What every call must have right before it is looked at: method, key, version, clock, signature."""
    (app_key, secret), at = app, headers.get("AppRequestTime", "")
    method = headers.get("AppMethod", "")
    if method not in methods:
        raise Refusal(no("sys.check.app-method:null", method))
    if headers.get("AppKey") != app_key:
        raise Refusal(no("sys.check.header-param:forbidden", "AppKey"))
    if headers.get("Format") != "json" or headers.get("VersionNo") != "v1.2":
        raise Refusal(no("sys.check.header-param:error", "Format, VersionNo"))
    if not market.in_step(desk, market.from_wall(at), TOLERANCE):
        raise Refusal(no("sys.check.request-apprequesttime:error", at))
    text = secret + method + at + app_key + "v1.2" + base64.b64encode(body).decode()
    expected = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    if not same(expected, headers.get("signInfo", "")):
        raise Refusal(no("sys.check.sign-info:error", "signInfo"))


class Gateway:
    """The open platform for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_key, self.secret = APP_KEYS["suning"]
        desk.rate_answer = lambda seconds: no("sys.check.access:limit", "too many requests")
        # A shop's own app has no token: its key is the shop.
        self.shop = next(shop for shop in SHOPS if shop.platform == "suning")
        desk.touch = self._touch

    async def rest(self, request: Request) -> Response:
        """POST of every method."""
        headers, body = request.headers, await json_text(request)
        name, stream, most = _BIZ.get(headers.get("AppMethod", ""), ("", "unknown", 0))
        given = content(body, name)

        def make(fault: Fault | None) -> Answer:
            accept(self.desk, headers, body, (self.app_key, self.secret), _BIZ)
            if given is None:
                raise Refusal(no("sys.check.request-param:error", f"sn_request.sn_body.{name}"))
            return self._listing(self.shop, name, stream, most, given, fault)

        return await self.desk.serve(stream, self.shop.store, make, given)

    def _touch(self, store: str, stream: str, place: int, given: Mapping[str, Any]) -> None:
        start, end = (market.from_wall(given.get(name, "")) for name in ("startTime", "endTime"))
        market.touch(self.desk, store, start, end, place, newest=True)

    def _listing(
        self, shop: Shop, name: str, stream: str, most: int, given: Mapping[str, Any], fault: Fault | None
    ) -> Answer:
        # Of returns the page must be told, and their state cannot be asked for.
        paged, asked = "pageNo pageSize", "orderLineStatus" if stream == "orders" else ""
        needed = "startTime endTime" if stream == "orders" else f"startTime endTime {paged}"
        wrong = market.wrong_names(given, needed, f"{paged} {asked}")
        if wrong is not None or any(not isinstance(value, str) for value in given.values()):
            raise Refusal(no("biz.check.param:error", wrong or "all values are texts"))
        start, end = market.from_wall(given["startTime"]), market.from_wall(given["endTime"])
        if start is None or end is None or end <= start:
            raise Refusal(no("biz.check.query-time:error", "startTime, endTime"))
        if end - start > WIDEST or start < self.desk.now() - HISTORY:
            raise Refusal(no("sys.check.query-time:outofrange", "30 days at most, 3 months back"))
        number = market.whole(given.get("pageNo", "1"), 1, 99_999)
        size = market.whole(given.get("pageSize", "10"), 1, most)
        if number is None or size is None:
            raise Refusal(no("biz.check.page:error", f"pageSize is at most {most}"))
        rows = self._orders(shop, start, end) if stream == "orders" else self._returns(shop, start, end)
        if not rows:
            # Nothing found is told as an error.
            code = "biz.handler.data-get:no-result"
            return Answer(
                {"sn_responseContent": {"sn_error": {"error_code": code, "error_msg": "no result"}}}
            )
        page = market.page_of(self.desk, (shop.store, stream, start, end, size), rows, number, size, fault)
        if page is None:
            raise Refusal(no("biz.check.page:error", f"pageNo {number} is beyond the last page"))
        head = {
            "pageNo": str(number),
            "pageTotal": str(-(-page.total // size)),
            "totalSize": str(page.total),
            "returnMessage": "biz.handler.data-get:success",
        }
        return Answer({"sn_responseContent": {"sn_head": head, "sn_body": {name: page.rows}}})

    def _orders(self, shop: Shop, start: int, end: int) -> list[dict[str, Any]]:
        found = market.orders_between(self.desk, shop, start, end - 1)[::-1]
        return [_order(state) for state in found if state.paid_at is not None]

    def _returns(self, shop: Shop, start: int, end: int) -> list[dict[str, Any]]:
        rows = market.refund_rows_between(self.desk, shop, start, end - 1)[::-1]
        return [_return(*market.refund_at(self.desk, shop, row)) for row in rows]


def content(body: bytes, name: str) -> dict[str, Any] | None:
    """The business parameters below the content's name; None where there are none."""
    try:
        found = orjson.loads(body)["sn_request"]["sn_body"][name]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


# ---- records -------------------------------------------------------------------------------------
def _code(line: Line) -> str:
    return str(market.sku_id(line))


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    out: dict[str, Any] = {
        "orderCode": str(order.id),
        "orderSaleTime": market.wall(state.paid_at),
        "orderTotalStatus": {
            tl.PAID: "15" if order.index % 3 == 0 else "10",
            tl.SHIPPED: "20",
            tl.COMPLETED: "30",
            tl.CANCELLED: "40",
        }[state.status],
        "sellerOrdRemark": "",
        "orderDetail": [_line(state, line) for line in order.lines],
    }
    if buyer is not None:
        out |= {
            "userName": f"u{buyer.key}",
            "customerName": buyer.name,
            "mobNum": buyer.phone,
            "customerAddress": buyer.address,
            "provinceName": buyer.state,
            "cityName": buyer.city,
            "cityCode": "571",
            "districtName": buyer.district,
            "buyerOrdRemark": f"电话 {buyer.phone}",
            "sellerOrdRemark": f"已联系 {buyer.name}" if state.is_edited else "",
            "invoiceHead": buyer.name,
            "registerPhone": buyer.phone,
        }
    return out


def _line(state: OrderState, line: Line) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    given = line.item_discount + line.order_discount - line.adjustment
    returned = any(r.refund.plan.goods_return and r.refunded_at for r in market.refunds_of(state, line))
    return {
        "orderLineNumber": str(market.line_id(order, line)),
        "productCode": _code(line),
        "itemCode": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "productName": line.item.chinese,
        "unitPrice": market.yuan(line.unit_price),
        "saleNum": f"{line.quantity}.0",
        "payAmount": market.yuan(line.paid),
        "transportFee": market.yuan(order.shipping if line.number == 1 else 0),
        "coupontotalMoney": market.yuan(given),
        "vouchertotalMoney": market.yuan(line.subsidy),
        "returnOrderFlag": "1" if returned else "0",
        "invCode": "",
        "payerCustomerName": buyer.name if buyer is not None else "",
        "payerIdNumber": f"3301{buyer.phone}" if buyer is not None else "",
    }


def _return(state: OrderState, found: RefundState) -> dict[str, Any]:
    line, buyer = market.refunded_line(state, found), state.order.buyer
    return {
        "orderCode": str(state.order.id),
        "productCode": _code(line),
        "productName": line.item.chinese,
        "dealMoney": market.yuan(line.paid),
        "returnMoney": market.yuan(found.refund.amount),
        "applyTime": market.wall(found.created),
        # The end of a countdown, not something that has happened.
        "statusPassTime": market.wall(found.modified + 7 * 86_400),
        "statusDesc": {
            tl.ASKED: "退款待处理",
            tl.AGREED: "待买家发货",
            tl.RETURNING: "待商家收货",
            tl.REFUNDED: "退款成功",
            tl.WITHDRAWN: "退款关闭",
        }[found.phase],
        "returnReason": found.refund.reason,
        "customer": buyer.nick if buyer is not None else "",
    }
