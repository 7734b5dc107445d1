"""The sandbox half of Douyin shop: what Doudian answers and refuses (platforms-cn §4).

Served under ``/doudian``: ``/order/searchList``, ``/afterSale/List``, ``/afterSale/Detail`` and
``/token/refresh``.
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
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHOPS, Shop
from extractors.sandbox.orders import Line, Order, OrderState, RefundState
from extractors.sandbox.signatures import doudian, same
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

TOLERANCE = 600
HISTORY = 90 * 86_400
AFTERSALE_HISTORY = 183 * 86_400
MOST = 100
DEPTH, AFTERSALE_DEPTH = 10_000, 50_000

_SYSTEM = "method app_key timestamp v sign"
_SYSTEM_MORE = "access_token sign_method"


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that the gateway has, for one desk."""
    gateway = Gateway(desk)
    return [
        Route(path, gateway.endpoint(path, name, stream, answer), methods=["POST"])
        for path, name, stream, answer in (
            ("/order/searchList", "order.searchList", "orders", gateway.orders),
            ("/afterSale/List", "afterSale.List", "refunds", gateway.refunds),
            ("/afterSale/Detail", "afterSale.Detail", "refund", gateway.refund),
            ("/token/refresh", "token.refresh", "token", gateway.token),
        )
    ]


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """Keys of a complete read: every order and every after-sale changed in the window."""
    shop = shop_of(account_id)
    if stream == "orders":
        return {str(state.order.id) for state in orders_modified(world, shop, start, end, now)}
    if stream == "refunds":
        return {str(found.refund.id) for _, found in refunds_modified(world, shop, start, end, now)}
    raise KeyError(stream)


def _no(code: int, msg: str, sub_code: str, sub_msg: str = "") -> Answer:
    body = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg, "log_id": "sbx", "data": None}
    return Answer(body, refusal=f"{code} {sub_code}")


def _bad(sub_msg: str) -> Refusal:
    return Refusal(_no(40004, "非法的参数", "isv.parameter-invalid", sub_msg))


class Gateway:
    """The open platform for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_key, self.secret = APP_KEYS["doudian"]
        desk.tokens = self.tokens = TokenDesk(
            "doudian", rotates=True, access_life=7 * 86_400, refresh_life=14 * 86_400
        )
        desk.rate_answer = lambda seconds: _no(60000, "接口限流", "isv.rate-limited", "too many requests")
        desk.token_answer = lambda: _no(40003, "非法的参数", "isv.access-token-expired", "access_token已过期")
        desk.touch = self._touch

    def endpoint(
        self, path: str, name: str, stream: str, answer: Callable[[Shop, dict[str, Any], Fault | None], Any]
    ) -> Callable[[Request], Any]:
        """A POST to one path: query and body checked in the gateway's order, then answered."""

        async def handle(request: Request) -> Response:
            query = dict(request.query_params)
            body = await request.body()
            store = market.store_of_token(self.desk, query.get("access_token", ""))

            def make(fault: Fault | None) -> Answer:
                shop, params = self._accept(name, query, request.headers, body)
                data = answer(shop, params, fault)
                good = {"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "log_id": "sbx"}
                return Answer(good | {"data": data})

            listing = _json(body)
            return await self.desk.serve(stream, store, make, listing if isinstance(listing, dict) else None)

        return handle

    # ---- what the gateway checks -----------------------------------------------------------------
    def _accept(
        self, name: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> tuple[Shop, dict[str, Any]]:
        wrong = market.wrong_names(query, _SYSTEM, _SYSTEM_MORE)
        if wrong is not None:
            raise Refusal(_no(40001, "缺少必选参数", "isv.parameter-missing", wrong))
        if query["app_key"] != self.app_key:
            raise Refusal(_no(40003, "非法的参数", "isv.app-key-invalid", query["app_key"]))
        if query["method"] != name or query["v"] != "2":
            raise Refusal(_no(40003, "非法的参数", "isv.method-invalid", query["method"]))
        stamp = query["timestamp"]
        at = float(stamp) if stamp.isdigit() else market.from_wall(stamp)
        if not market.in_step(self.desk, at, TOLERANCE):
            raise Refusal(_no(40003, "非法的参数", "isv.timestamp-invalid", stamp))
        if not headers.get("content-type", "").startswith("application/json"):
            raise Refusal(_no(40003, "非法的参数", "isv.content-type-invalid"))
        if query.get("sign_method") != "hmac-sha256":
            raise Refusal(_no(40003, "非法的参数", "isv.sign-method-invalid", "md5 was retired"))
        signed = {key: query[key] for key in ("app_key", "method", "timestamp", "v")}
        expected = doudian({**signed, "param_json": body.decode()}, self.secret)
        if not same(expected, query["sign"]):
            raise Refusal(_no(40003, "非法的参数", "isv.signature-invalid", "sign check failed"))
        params = _json(body)
        if not isinstance(params, dict) or orjson.dumps(params, option=orjson.OPT_SORT_KEYS) != body:
            raise Refusal(_no(40003, "非法的参数", "isv.param-json-invalid", "keys must be sorted, compact"))
        if name == "token.refresh":
            return next(iter(_shops())), params
        return self._shop(query.get("access_token", "")), params

    def _shop(self, token: str) -> Shop:
        shop = market.shop_of_token(self.desk, token)
        if shop is None:
            expired = self.tokens.check(token).state in (EXPIRED, GOOD)
            sub_code = "isv.access-token-expired" if expired else "isv.access-token-no-existed"
            raise Refusal(_no(40003, "非法的参数", sub_code, "access_token"))
        return shop

    def _touch(self, store: str, stream: str, place: int, params: Mapping[str, Any]) -> None:
        newest = params.get("order_asc") is not True
        market.touch(
            self.desk, store, params.get("update_time_start"), params.get("update_time_end"), place, newest
        )

    # ---- the methods -----------------------------------------------------------------------------
    def orders(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/order/searchList by update or creation time, at most 90 days back and 10,000 rows deep."""
        wrong = market.wrong_names(
            params,
            "size",
            "page create_time_start create_time_end update_time_start update_time_end order_by order_asc",
        )
        if wrong is not None:
            raise _bad(wrong)
        if params.get("order_by", "create_time") not in ("create_time", "update_time"):
            raise _bad("order_by")
        start, end = self._window(params, "update_time_start", "update_time_end", HISTORY)
        number, size = self._place(params, DEPTH)
        rows = market.rows_between(self.desk, shop, start, end)
        rows = rows if params.get("order_asc") is True else rows[::-1]
        key = (shop.store, "orders", start, end, size, bool(params.get("order_asc")))
        page = market.page_of(self.desk, key, rows, number + 1, size, fault)
        if page is None:
            raise _bad(f"page {number} is beyond the last page")
        shown = [_order(market.state_at(self.desk, shop, row)) for row in page.rows]
        return {"page": number, "size": size, "total": page.total, "shop_order_list": shown}

    def refunds(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/afterSale/List by update time (which needs its order_by) or time of application."""
        optional = (
            "page start_time end_time update_start_time update_end_time order_by standard_aftersale_status"
        )
        wrong = market.wrong_names(params, "size", optional + " aftersale_type order_id")
        if wrong is not None:
            raise _bad(wrong)
        if params.get("order_by") not in (["update_time asc"], ["update_time desc"]):
            raise _bad("update times need order_by update_time asc or desc")
        start, end = self._window(params, "update_start_time", "update_end_time", AFTERSALE_HISTORY)
        number, size = self._place(params, AFTERSALE_DEPTH)
        rows = market.refund_rows_between(self.desk, shop, start, end)
        rows = rows if params["order_by"] == ["update_time asc"] else rows[::-1]
        key = (shop.store, "refunds", start, end, size, params["order_by"][0])
        page = market.page_of(self.desk, key, rows, number + 1, size, fault)
        if page is None:
            raise _bad(f"page {number} is beyond the last page")
        shown = [_aftersale(*market.refund_at(self.desk, shop, row)) for row in page.rows]
        return {
            "page": number,
            "size": size,
            "total": page.total,
            "has_more": (number + 1) * size < page.total,
            "items": shown,
        }

    def refund(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/afterSale/Detail."""
        wrong = market.wrong_names(params, "after_sale_id", "need_operation_record")
        if wrong is not None:
            raise _bad(wrong)
        found = market.refund_by_id(self.desk, shop, str(params["after_sale_id"]))
        if found is None:
            raise Refusal(_no(50002, "业务处理失败", "isv.business-failed:aftersale", "售后单不存在"))
        return _detail(*found)

    def token(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/token/refresh."""
        wrong = market.wrong_names(params, "grant_type refresh_token")
        if wrong is not None or params["grant_type"] != "refresh_token":
            raise _bad(wrong or "grant_type")
        grant = self.tokens.refresh(str(params["refresh_token"]))
        if grant is None:
            raise Refusal(_no(50001, "token错误", "isv.refresh-token-invalid", "refresh_token无效"))
        return {
            "access_token": grant.access_token,
            "expires_in": grant.expires_in,
            "refresh_token": grant.refresh_token,
            "scope": "SCOPE",
            "shop_id": str(_shop_id(next(s for s in _shops() if s.store == grant.subject))),
            "shop_name": "shop",
        }

    def _window(self, params: Mapping[str, Any], first: str, last: str, history: int) -> tuple[int, int]:
        now = self.desk.now()
        start, end = market.whole(params.get(first), 0, 2**40), market.whole(params.get(last), 0, 2**40)
        if start is None or end is None or end <= start:
            raise _bad(f"{first} and {last} must be seconds, the last the later")
        if start < now - history:
            raise _bad(f"{first} is more than {history // 86_400} days ago")
        return start, end

    @staticmethod
    def _place(params: Mapping[str, Any], depth: int) -> tuple[int, int]:
        number, size = market.whole(params.get("page", 0), 0, 10**6), market.whole(params["size"], 1, MOST)
        if number is None or size is None:
            raise _bad(f"page counts from 0, size is 1 to {MOST}")
        if (number + 1) * size > depth:
            raise _bad(f"page * size must not exceed {depth}")
        return number, size


def _shops() -> list[Shop]:
    return [shop for shop in SHOPS if shop.platform == "doudian"]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


# ---- records -------------------------------------------------------------------------------------
def _shop_id(shop: Shop) -> int:
    return 4_463_000 + shop.number


def _order_status(state: OrderState) -> int:
    return {
        tl.CREATED: 1,
        tl.DEPOSIT: 1,
        tl.PAID: 2,
        tl.SHIPPED: 3,
        tl.COMPLETED: 5,
        tl.CANCELLED: 4,
        tl.CLOSED_UNPAID: 4,
        tl.FORFEITED: 4,
    }[state.status]


def _main_status(state: OrderState) -> int:
    if state.status == tl.DEPOSIT:
        return 103
    if state.status == tl.CANCELLED:
        return 21 if state.shipped_at is None else 22
    return _order_status(state)


def _given(order: Order, lines: tuple[Line, ...]) -> dict[str, int]:
    """Discounts of lines by who bears them. The subsidy of an order comes from one of three purses."""
    subsidy = sum(line.subsidy for line in lines)
    purse = order.index % 3
    shop_part = sum(line.item_discount + line.order_discount for line in lines)
    platform, talent, pay = ((subsidy, 0, 0), (0, subsidy, 0), (0, 0, subsidy))[purse]
    return {
        "promotion_amount": shop_part + platform + talent,
        "promotion_shop_amount": shop_part,
        "promotion_platform_amount": platform,
        "promotion_talent_amount": talent,
        "promotion_pay_amount": pay,
        "promotion_redpack_amount": 0,
        "promotion_redpack_platform_amount": 0,
        "promotion_redpack_talent_amount": 0,
        "shop_cost_amount": shop_part,
        "platform_cost_amount": platform + pay,
        "author_cost_amount": talent,
        "only_platform_cost_amount": platform + pay,
        "total_promotion_amount": shop_part + subsidy,
        "modify_amount": sum(line.adjustment for line in lines),
    }


def _scene(order: Order) -> dict[str, Any]:
    """Where the sale came from: a live room, a short video, or neither."""
    kind = order.index % 5
    author = 2_400_000_000_000_000_000 + order.index % 7 if kind < 4 else 0
    room = 7_290_000_000_000_000_000 + order.day.toordinal() * 10 + order.index % 3 if kind < 2 else 0
    return {
        "author_id": author,
        "author_name": f"主播{order.index % 7}" if author else "",
        "room_id": room,
        "room_id_str": str(room),
        "video_id": f"73{order.day.toordinal()}{order.index % 4}" if kind in (2, 3) else "",
        "content_id": str(room) if room else "0",
        "theme_type": "1" if room else "2" if kind in (2, 3) else "0",
        "c_biz": 2,
        "page_id": "0",
        "ad_env_type": "live" if kind == 0 else "video" if kind == 2 else "",
        "source_platform": "aweme",
    }


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    given = _given(order, order.lines)
    listed = sum(line.list_amount for line in order.lines) + given["modify_amount"]
    amount = listed + order.shipping
    paid_any = state.paid_at or state.deposit_at or 0
    out: dict[str, Any] = {
        "order_id": str(order.id),
        "shop_id": _shop_id(order.shop),
        "shop_name": order.shop.title,
        "order_level": 2,
        "order_status": _order_status(state),
        "order_status_desc": "",
        "main_status": _main_status(state),
        "main_status_desc": "",
        "create_time": order.timeline.created,
        # The time of the first payment; of a presale the phases tell more.
        "pay_time": (state.deposit_at or paid_any) if order.timeline.flow == "presale" else paid_any,
        "update_time": state.modified,
        "ship_time": state.shipped_at or 0,
        "finish_time": state.completed_at or 0,
        "order_expire_time": 1800,
        "pay_type": 1 + order.index % 2,
        "order_type": 0,
        "trade_type": 0,
        "b_type": 2,
        "order_amount": amount,
        "pay_amount": amount - given["promotion_amount"],
        "post_amount": order.shipping,
        "post_origin_amount": order.shipping,
        "post_promotion_amount": 0,
        "modify_post_amount": 0,
        "tax_amount": 0,
        "seller_remark_stars": {"brushed": 1, "test": 2}.get(
            state.exclusion or "", 5 if state.is_edited else 0
        ),
        "order_phase_list": _phases(state) if order.timeline.flow == "presale" else [],
        "logistics_info": [{"company": "yuantong", "tracking_no": f"YT{order.id % 10**12}"}]
        if state.shipped_at
        else [],
        "sku_order_list": [_sku_order(state, line) for line in order.lines],
        **given,
    }
    if buyer is not None:
        out |= {
            "doudian_open_id": f"#{buyer.open_uid}",
            "encrypt_post_tel": f"##{buyer.phone}##",
            "encrypt_post_receiver": f"##{buyer.name}##",
            "mask_post_tel": f"{buyer.phone[:3]}{buyer.name}",
            "mask_post_receiver": buyer.name,
            "buyer_words": f"联系 {buyer.phone}" if order.index % 7 == 0 else "",
            "seller_words": f"已联系 {buyer.nick}" if state.is_edited else "",
            "user_id_info": {"encrypt_id_card_no": buyer.phone, "id_card_name": buyer.name},
            "post_addr": {
                "province": {"name": buyer.state, "id": "33"},
                "city": {"name": buyer.city, "id": "3301"},
                "town": {"name": buyer.district, "id": "330106"},
                "street": {"name": buyer.address, "id": ""},
                "detail": buyer.address,
                "encrypt_detail": f"##{buyer.address}##",
            },
        }
    return out


def _stars(state: OrderState) -> int:
    """The seller's flag: purple marks brushed orders, cyan tests, red is an ordinary memo."""
    return {"brushed": 1, "test": 2}.get(state.exclusion or "", 5 if state.is_edited else 0)


def _phases(state: OrderState) -> list[dict[str, Any]]:
    order = state.order
    opens = order.timeline.created
    parts = ((1, order.deposit, state.deposit_at), (2, order.total - order.deposit, state.paid_at))
    return [
        {
            "phase_order_id": str(order.id + 100 + number),
            "total_phase": 2,
            "current_phase": number,
            "pay_success": at is not None,
            "sku_order_id": str(market.line_id(order, order.lines[0])),
            "campaign_id": 3_214_324_342_342,
            "phase_pay_type": 1,
            "phase_open_time": opens,
            "phase_pay_time": at or 0,
            "phase_close_time": 0,
            "phase_pay_amount": amount,
            "phase_post_amount": order.shipping if number == 2 else 0,
            "phase_promotion_amount": 0,
            "current_phase_status_desc": "已支付" if at is not None else "未支付",
        }
        for number, amount, at in parts
    ]


def _refund_number(found: RefundState) -> int:
    return {tl.ASKED: 1, tl.AGREED: 1, tl.RETURNING: 1, tl.REFUNDED: 3, tl.WITHDRAWN: 4}[found.phase]


def _sku_order(state: OrderState, line: Line) -> dict[str, Any]:
    order = state.order
    given = _given(order, (line,))
    amount = line.list_amount + given["modify_amount"]
    refunds = market.refunds_of(state, line)
    last = refunds[-1] if refunds else None
    return {
        "order_id": str(market.line_id(order, line)),
        "parent_order_id": str(order.id),
        "product_id": market.product_id(line),
        "product_id_str": str(market.product_id(line)),
        "sku_id": market.sku_id(line),
        "out_product_id": line.item.number,
        "out_sku_id": 0,
        "code": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "product_name": line.item.chinese,
        "first_cid": line.item.category_id,
        "item_num": line.quantity,
        "origin_amount": line.unit_price,
        "sum_amount": line.list_amount,
        "order_amount": amount,
        "pay_amount": amount - given["promotion_amount"],
        "post_amount": 0,
        "tax_amount": 0,
        "goods_type": 0,
        "given_product_type": "",
        "master_sku_order_id": "0",
        "order_status": _order_status(state),
        "create_time": order.timeline.created,
        "after_sale_info": {
            "after_sale_status": 0 if last is None else _aftersale_status(last),
            "after_sale_type": 0 if last is None else _aftersale_type(last),
            "refund_status": 0 if last is None else _refund_number(last),
        },
        **_scene(order),
        **given,
    }


def _aftersale_status(found: RefundState) -> int:
    return {tl.ASKED: 6, tl.AGREED: 7, tl.RETURNING: 11, tl.REFUNDED: 12, tl.WITHDRAWN: 28}[found.phase]


def _aftersale_type(found: RefundState) -> int:
    plan = found.refund.plan
    return 0 if plan.goods_return else 2 if plan.before_shipment else 1


def _asked_for(found: RefundState) -> int:
    """What the buyer applied for; now and then the seller agrees to less."""
    return found.refund.amount + (300 if found.refund.plan.part == tl.PARTIAL else 0)


def _aftersale(state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    line = market.refunded_line(state, found)
    tel = order.buyer.phone if order.buyer is not None else ""
    return {
        "aftersale_info": {
            "aftersale_id": str(refund.id),
            "aftersale_order_type": 2,
            "aftersale_type": _aftersale_type(found),
            "aftersale_status": _aftersale_status(found),
            "aftersale_refund_type": 0,
            "refund_type": 1,
            "refund_status": _refund_number(found),
            "refund_amount": _asked_for(found),
            "refund_post_amount": refund.shipping,
            "refund_tax_amount": 0,
            "return_promotion_amount": 0,
            "aftersale_num": line.quantity,
            "apply_time": found.created,
            "update_time": found.modified,
            "reason": refund.reason,
            "remark": f"电话 {tel}",
        },
        "order_info": {
            "shop_order_id": str(order.id),
            "related_order_info": [
                {
                    "sku_order_id": str(market.line_id(order, line)),
                    "pay_amount": line.paid,
                    "aftersale_pay_amount": line.paid,
                    "item_num": line.quantity,
                    "price": line.unit_price,
                    "product_name": line.item.chinese,
                }
            ],
        },
        "text_part": {"reason_text": f"{refund.reason} {tel}"},
    }


def _detail(state: OrderState, found: RefundState) -> dict[str, Any]:
    tel = state.order.buyer.phone if state.order.buyer is not None else ""
    return {
        "order_info": {"shop_order_id": state.order.id},
        "process_info": {
            "after_sale_info": {
                "after_sale_id": found.refund.id,
                "after_sale_status": _aftersale_status(found),
                "after_sale_type": _aftersale_type(found),
                "refund_status": _refund_number(found),
                "refund_total_amount": _asked_for(found),
                "refund_post_amount": found.refund.shipping,
                "real_refund_amount": found.refund.amount if found.refunded_at is not None else 0,
                "refund_time": found.refunded_at or 0,
                "apply_time": found.created,
                "update_time": found.modified,
                "remark": f"电话 {tel}",
            },
            "logistics_info": {"return": {"receiver_name": tel}},
        },
    }
