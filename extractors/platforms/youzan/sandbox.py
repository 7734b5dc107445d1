"""The sandbox half of Youzan: what Youzan Cloud answers and refuses (platforms-cn §12).

Served under ``/youzan``: ``/api/<name>/<version>`` and ``/auth/token``. Nothing is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import query_of
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.merchants import SHOP_BY_STORE, SHOPS, Shop
from extractors.sandbox.orders import Order, OrderState, RefundState, allocate
from extractors.sandbox.tokens import EXPIRED, GOOD, Grant, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

WEEK = 7 * 86_400
WIDEST = 92 * 86_400
Given = Mapping[str, Any]
Shown = Callable[[Shop, Given, Fault | None], Any]


def _gateway(code: int, text: str) -> Answer:
    error = {"trace_id": "yz7-sandbox", "err_msg": text, "err_code": code}
    return Answer({"gw_err_resp": error}, refusal=f"{code} {text}")


def _no(code: int, text: str) -> Answer:
    body = {"code": code, "success": False, "message": text, "data": {"full_order_info_list": []}}
    return Answer(body, refusal=f"{code} {text}")


def _wrong(text: str) -> Refusal:
    return Refusal(_no(5000, text))


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that Youzan Cloud has, for one desk."""
    cloud = Cloud(desk)
    return [
        Route("/api/{name}/{version}", cloud.api, methods=["POST"]),
        Route("/auth/token", cloud.token, methods=["POST"]),
    ]


class Cloud:
    """Youzan Cloud for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.key, self.secret = APP_KEYS["youzan"]
        self.tokens = TokenDesk("youzan", rotates=True, access_life=WEEK, refresh_life=4 * WEEK)
        desk.tokens = self.tokens
        desk.token_answer = lambda: _gateway(4202, "请求凭证过期")
        desk.rate_answer = lambda seconds: _gateway(4101, "请求太频繁")
        desk.touch = self._touch
        self._apis: dict[tuple[str, str], tuple[str, Shown, str, str]] = {
            ("youzan.trades.sold.get", "4.0.4"): (
                "orders",
                self._trades,
                "",
                "start_update end_update start_created end_created status type page_no page_size",
            ),
            ("youzan.trade.refund.search", "3.0.1"): (
                "refunds",
                self._refunds,
                "",
                "update_time_start update_time_end create_time_start create_time_end status page_no "
                "page_size",
            ),
            ("youzan.trade.refund.get", "3.0.1"): ("refunds", self._refund, "refund_id", ""),
            ("youzan.items.onsale.get", "3.0.0"): ("products", self._on_sale, "", _ITEM_PARAMS),
            ("youzan.items.inventory.get", "3.0.0"): (
                "products",
                self._in_stock,
                "",
                f"{_ITEM_PARAMS} banner",
            ),
        }

    # ---- the gateway -------------------------------------------------------------------------------
    async def api(self, request: Request) -> Response:
        """POST of every API: the token in the query, the rest as JSON."""
        name, version = request.path_params["name"], request.path_params["version"]
        known = self._apis.get((name, version))
        body, query = await request.body(), query_of(request)
        kind = request.headers.get("content-type", "")
        verdict = self.tokens.check(query.get("access_token", ""))

        def make(fault: Fault | None) -> Answer:
            if known is None:
                raise Refusal(_gateway(4005, "非法的API"))
            if not kind.startswith("application/json"):
                raise Refusal(_gateway(4007, f"非法的请求姿势，httpMethod:POST, contentType:{kind}"))
            if not query.get("access_token") or set(query) != {"access_token"}:
                raise Refusal(_gateway(4201, "非法的请求凭证"))
            if verdict.state == EXPIRED:
                raise Refusal(_gateway(4202, "请求凭证过期"))
            if verdict.state != GOOD or verdict.subject not in SHOP_BY_STORE:
                raise Refusal(_gateway(4203, "Token 不存在"))
            if name in self.desk.control.withheld:
                raise Refusal(_gateway(4204, "无权限访问"))
            given = _object(body)
            if given is None:
                raise Refusal(_gateway(4004, "非法的Content"))
            strange = market.wrong_names(given, known[2], known[3])
            if strange is not None:
                raise _wrong(f"参数错误 {strange}")
            data = known[1](SHOP_BY_STORE[verdict.subject], given, fault)
            good = {"trace_id": "yz7-ok", "code": 200, "success": True, "message": "successful"}
            return Answer({**good, "data": data})

        stream = known[0] if known is not None else "unknown"
        return await self.desk.serve(stream, verdict.subject, make, _object(body) or {})

    async def token(self, request: Request) -> Response:
        """POST /auth/token, JSON only: an app of the market renews, a merchant's own buys for its shop."""
        given = _object(await request.body()) or {}
        kind = request.headers.get("content-type", "")

        def make(fault: Fault | None) -> Answer:
            if not kind.startswith("application/json"):
                return _token_no(1000, f"Content type '{kind}' not supported")
            if given.get("client_id") != self.key:
                return _token_no(1103, "Client 不存在")
            if given.get("client_secret") != self.secret:
                return _token_no(1000, "应用信息错误")
            grant = self._grant(given)
            if grant is None:
                return _token_no(1004, "授权关系已过期")
            data = {
                "expires": (grant[0].expires_in + int(self.desk.control.clocks()[0])) * 1000,
                "scope": "trade item",
                "access_token": grant[0].access_token,
                "authority_id": grant[0].subject,
            }
            if grant[1]:
                data["refresh_token"] = grant[0].refresh_token
            return Answer({"success": True, "code": 200, "data": data, "message": None})

        return await self.desk.serve("token", "", make)

    def _grant(self, given: Given) -> tuple[Grant, bool] | None:
        """What was bought, and whether a refresh token comes with it."""
        if given.get("authorize_type") == "refresh_token":
            found = self.tokens.refresh(str(given.get("refresh_token")))
            return None if found is None else (found, True)
        mine = (shop for shop in SHOPS if shop.platform == "youzan")
        shop = next((shop for shop in mine if str(shop.number) == given.get("grant_id")), None)
        if given.get("authorize_type") != "silent" or shop is None or given.get("refresh") is not True:
            return None
        return self.tokens.issue(shop.store), False

    def _touch(self, store: str, stream: str, place: int, given: Mapping[str, Any]) -> None:
        start, end = (market.from_wall(str(given.get(name, ""))) for name in ("start_update", "end_update"))
        market.touch(self.desk, store, start, end, place, newest=True)

    # ---- the APIs ------------------------------------------------------------------------------------
    def _trades(self, shop: Shop, given: Given, fault: Fault | None) -> Any:
        """youzan.trades.sold.get: by time of change, newest first, a hundred pages of a hundred at most."""
        start, end = _walls(given, "start_update", "end_update")
        if given.get("status", "TRADE_CLOSED") not in _STATES.values():
            raise _wrong("status")
        rows = market.rows_between(self.desk, shop, start, end)[::-1]
        number, size = _place(given, most=100, last=100)
        shown, total = self._page(shop, "orders", (start, end), rows, number, size, fault)
        states = (market.state_at(self.desk, shop, row) for row in shown)
        wanted = given.get("status")
        found = [_trade(state) for state in states if wanted in (None, _status(state))]
        return {"total_results": total, "full_order_info_list": found}

    def _refunds(self, shop: Shop, given: Given, fault: Fault | None) -> Any:
        """youzan.trade.refund.search: times are seconds; page times size is at most 3,000."""
        start, end = _numbers(given, "update_time_start", "update_time_end", 1)
        number, size = _place(given, most=3_000, last=100)
        if number * size > 3_000:
            raise _wrong("超过ES搜索最大深度")
        rows = market.refund_rows_between(self.desk, shop, start, end)[::-1]
        shown, total = self._page(shop, "refunds", (start, end), rows, number, size, fault)
        return {
            "total": total,
            "refunds": [_refund(*market.refund_at(self.desk, shop, row)) for row in shown],
        }

    def _refund(self, shop: Shop, given: Given, fault: Fault | None) -> Any:
        """youzan.trade.refund.get: one refund whole."""
        text = given["refund_id"]
        found = market.refund_by_id(self.desk, shop, text[1:]) if isinstance(text, str) else None
        if found is None:
            raise Refusal(_no(103011024, "退款记录不存在"))
        return _refund_detail(*found)

    def _on_sale(self, shop: Shop, given: Given, fault: Fault | None) -> Any:
        """youzan.items.onsale.get."""
        return self._items(shop, given, fault, "onsale")

    def _in_stock(self, shop: Shop, given: Given, fault: Fault | None) -> Any:
        """youzan.items.inventory.get: what was taken off, or what sold out."""
        banner = given.get("banner", "for_shelved")
        if banner not in ("for_shelved", "sold_out"):
            raise _wrong("banner")
        return self._items(shop, given, fault, banner)

    def _items(self, shop: Shop, given: Given, fault: Fault | None, shelf: str) -> Any:
        start, end = _numbers(given, "update_time_start", "update_time_end", 1000)
        if given.get("order_by", "created_time:desc") not in ("created_time:desc", "update_time:asc"):
            raise _wrong("order_by")
        number, size = _place(given, most=199, last=100)
        if number * size >= 4_000:
            raise _wrong("page_no * page_size 必须小于 4000")
        found = [
            view
            for view in self.desk.world.products(shop.store, self.desk.now())
            if _shelf(view) == shelf and start <= view.modified <= end
        ]
        found.sort(key=lambda view: (view.modified, view.item.number))
        shown, total = self._page(shop, f"items {shelf}", (start, end), found, number, size, fault)
        return {"count": total, "items": [_item(view) for view in shown]}

    def _page(
        self, shop: Shop, what: str, span: Any, rows: list[Any], number: int, size: int, fault: Fault | None
    ) -> tuple[list[Any], int]:
        page = market.page_of(self.desk, (shop.store, what, span, size), rows, number, size, fault)
        if page is None:
            raise _wrong(f"page_no {number} 超过最大页数")
        return page.rows, page.total


_ITEM_PARAMS = "update_time_start update_time_end order_by channel page_no page_size"


# ---- judging -------------------------------------------------------------------------------------
def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _token_no(code: int, text: str) -> Answer:
    body = {"success": False, "code": code, "data": None, "message": text}
    return Answer(body, refusal=f"token {code}")


def _place(given: Given, most: int, last: int) -> tuple[int, int]:
    """Page and size, both numbers."""
    found = []
    for name, default, high in (("page_no", 1, last), ("page_size", 20, most)):
        value = given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
            raise _wrong(f"{name} 最大 {high}")
        found.append(value)
    return found[0], found[1]


def _walls(given: Given, first: str, last: str) -> tuple[int, int]:
    """A pair of wall clocks, three months apart at most."""
    values = (given.get(first), given.get(last))
    start, end = (market.from_wall(value) if isinstance(value, str) else None for value in values)
    if start is None or end is None:
        raise Refusal(_gateway(5001, "系统异常"))
    if end <= start or end - start > WIDEST:
        raise _wrong("开始时间不能大于结束时间，跨度不超过三个月")
    return start, end


def _numbers(given: Given, first: str, last: str, per_second: int) -> tuple[int, int]:
    """A pair of instants in seconds, from numbers of 1/per_second seconds."""
    values = [given.get(first), given.get(last)]
    if any(isinstance(value, bool) or not isinstance(value, int) for value in values):
        raise Refusal(_gateway(5001, "系统异常"))
    start, end = (int(value) // per_second for value in values if value is not None)
    if end <= start:
        raise _wrong("开始时间不能大于结束时间")
    return start, end


# ---- records -------------------------------------------------------------------------------------
_STATES = {
    tl.CREATED: "WAIT_BUYER_PAY",
    tl.DEPOSIT: "WAIT_CONFIRM",
    tl.PAID: "WAIT_SELLER_SEND_GOODS",
    tl.SHIPPED: "WAIT_BUYER_CONFIRM_GOODS",
    tl.COMPLETED: "TRADE_SUCCESS",
    tl.CLOSED_UNPAID: "TRADE_CLOSED",
    tl.CANCELLED: "TRADE_CLOSED",
}


def _tid(order: Order) -> str:
    return f"E{order.id}"


def _status(state: OrderState) -> str:
    return _STATES[state.status]


def _trade(state: OrderState) -> dict[str, Any]:
    """Money in yuan; a line's ``total_fee`` is after its own discount, ``payment`` after all."""
    order, buyer = state.order, state.order.buyer
    group = order.timeline.flow == "group"
    paid_at = state.deposit_at if group else state.paid_at
    shares = allocate(order.shipping, [line.paid for line in order.lines])
    refunded = 12 if state.status == tl.CANCELLED else 2 if state.refunded else 0
    info: dict[str, Any] = {
        "tid": _tid(order),
        "status": _status(state),
        "type": 10 if group else 0,
        "created": wall(order.timeline.created),
        "update_time": wall(state.modified),
        "pay_time": wall(paid_at) or "",
        "confirm_time": (wall(state.paid_at) or "") if group else "",
        "consign_time": wall(state.shipped_at) or "",
        "success_time": wall(state.completed_at) or "",
        "expired_time": wall(order.timeline.created + 86_400),
        "refund_state": refunded,
        "close_type": 2 if refunded == 12 else 1 if state.status == tl.CLOSED_UNPAID else 0,
        "express_type": 0,
        "pay_type": 0 if paid_at is None else 10,
        "pay_type_str": "" if paid_at is None else "WEIXIN_DAIXIAO",
        "order_tags": {"is_virtual": False, "is_down_payment_pre": False, "is_refund": bool(refunded)},
        "order_extra": {"is_from_cart": "true"},
    }
    full: dict[str, Any] = {
        "order_info": info,
        "pay_info": {
            "total_fee": yuan(sum(line.list_amount for line in order.lines)),
            "post_fee": yuan(order.shipping),
            "payment": yuan(order.total),
            "real_payment": yuan(order.total if paid_at is not None else 0),
            "deduction_pay": 0,
            "deduction_real_pay": 0,
            "transaction": [] if paid_at is None else [f"26{order.id}"],
            "outer_transactions": [] if paid_at is None else [f"4200{order.id}"],
            "phase_payments": [],
        },
        "orders": [
            {
                "oid": str(market.line_id(order, line)),
                "item_id": _item_id(line.item.number),
                "sku_id": 0 if len(line.item.skus) == 1 else 36_000_000 + line.item.number * 100 + line.sku,
                "title": line.item.chinese,
                "num": line.quantity,
                "price": yuan(line.unit_price),
                "total_fee": yuan(line.net),
                "payment": yuan(line.paid + shares[place]),
                "discount_price": yuan(line.net // line.quantity),
                "outer_item_id": line.item.key,
                "outer_sku_id": f"{line.item.key}-{line.item.skus[line.sku][0]}",
                "sku_properties_name": "[]",
                "item_type": 0,
                "is_present": False,
            }
            for place, line in enumerate(order.lines)
        ],
        "remark_info": {},
        "address_info": {},
        "buyer_info": {},
        "child_info": {},
    }
    if buyer is not None:
        info["order_extra"] |= {"buyer_name": buyer.nick, "id_card_number": f"3301{buyer.phone}"}
        for line in full["orders"]:
            line["buyer_messages"] = f"请联系 {buyer.phone}"
        full["remark_info"] = {
            "buyer_message": f"请联系 {buyer.phone}",
            "trade_memo": f"已联系 {buyer.name}" if state.is_edited else "",
        }
        full["address_info"] = {
            "receiver_name": buyer.name,
            "receiver_tel": buyer.phone,
            "delivery_province": buyer.state,
            "delivery_city": buyer.city,
            "delivery_district": buyer.district,
            "delivery_address": buyer.address,
            "delivery_postal_code": "310000",
            "address_extra": orjson.dumps({"recipients": buyer.name}).decode(),
            "self_fetch_info": orjson.dumps({"user_name": buyer.name, "user_tel": buyer.phone}).decode(),
        }
        full["buyer_info"] = {
            "yz_open_id": f"yz{buyer.key}",
            "buyer_phone": buyer.phone,
            "fans_nickname": buyer.nick,
            "outer_user_id": f"o{buyer.phone}",
        }
    return {"full_order_info": full}


def _phase(found: RefundState) -> str:
    if found.is_in_dispute:
        return "SELLER_REFUSE_BUYER"
    return {
        tl.ASKED: "WAIT_SELLER_AGREE",
        tl.AGREED: "WAIT_BUYER_RETURN_GOODS",
        tl.RETURNING: "WAIT_SELLER_CONFIRM_GOODS",
        tl.REFUNDED: "SUCCESS",
        tl.WITHDRAWN: "CLOSED",
    }[found.phase]


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    return {
        "refund_id": f"R{found.refund.id}",
        "tid": _tid(state.order),
        "kdt_id": state.order.shop.number,
        "status": _phase(found),
        "cs_status": 2 if found.is_in_dispute else 1,
        "return_goods": found.refund.plan.goods_return,
        "reason": 3,
        "refund_fee": yuan(found.refund.amount),
        "created": wall(found.created),
        "modified": wall(found.modified),
    }


def _refund_detail(state: OrderState, found: RefundState) -> dict[str, Any]:
    """The refund whole; ``refund_fund_list`` is in fen."""
    plan, buyer, parts = found.refund.plan, state.order.buyer, found.refund.lines
    first = market.refunded_line(state, found)
    rest = found.refund.amount - sum(part.goods for part in parts)
    out = _refund(state, found) | {
        "oid": str(market.line_id(state.order, first)),
        "refund_postage": yuan(found.refund.shipping),
        # Each with the postage in it; a count is told of goods that come back alone.
        "refund_order_item": [
            {
                "kdt_id": state.order.shop.number,
                "oid": str(market.line_id(state.order, part.line)),
                "refund_fee": part.goods + (0 if number else rest),
                "item_num": part.quantity if plan.goods_return else 0,
            }
            for number, part in enumerate(parts)
        ],
        "version": found.modified * 1000,
        "refund_type": "BUYER_APPLY_REFUND",
        "demand": 2 if plan.goods_return else 1,
        "refund_success_time": wall(found.refunded_at) or "",
        "refund_fund_list": [{"refund_fee": found.refund.amount, "status": 2}] if found.refunded_at else [],
    }
    if buyer is not None:
        out |= {"desc": f"请联系 {buyer.phone}", "buyer_phone": buyer.phone, "yz_open_id": f"yz{buyer.phone}"}
    return out


def _shelf(view: ProductView) -> str:
    return "onsale" if view.is_on_sale else "sold_out" if view.item.number % 2 else "for_shelved"


def _item_id(number: int) -> int:
    return 405_000_000 + number


def _item(view: ProductView) -> dict[str, Any]:
    """An item of either shelf; its price in fen."""
    return {
        "item_id": _item_id(view.item.number),
        "alias": f"3ni{view.item.number}",
        "title": view.item.chinese,
        "price": min(view.prices),
        "quantity": sum(view.stock),
        "item_no": view.item.key,
        "created_time": wall(view.listed),
        "update_time": wall(view.modified),
    }


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``)."""
    shop = shop_of(account_id)
    if stream == "orders":
        return {_tid(state.order) for state in orders_modified(world, shop, start, end, now)}
    if stream == "refunds":
        return {f"R{found.refund.id}" for _, found in refunds_modified(world, shop, start, end, now)}
    if stream == "products":
        return {str(_item_id(v.item.number)) for v in products_modified(world, shop, start, end, now)}
    raise KeyError(stream)
