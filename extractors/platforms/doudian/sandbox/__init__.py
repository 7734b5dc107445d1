"""The sandbox half of Douyin shop: what Doudian answers and refuses (platforms-cn §4).

Served under ``/doudian``: ``/order/searchList``, ``/afterSale/List``, ``/afterSale/Detail``,
``/product/listV2`` and ``/token/refresh``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox.asked import query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHOPS, Shop
from extractors.sandbox.signatures import doudian, same
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

from .products import PRODUCT_STATUSES, product_record
from .records import aftersale_record, detail_record, order_record, shop_id

TOLERANCE = 600
HISTORY = 90 * 86_400
AFTERSALE_HISTORY = 183 * 86_400
MOST = 100
DEPTH, AFTERSALE_DEPTH = 10_000, 50_000
DOCUMENTED = {"products": PRODUCT_STATUSES}

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
            ("/product/listV2", "product.listV2", "products", gateway.products),
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
    if stream == "products":
        views = products_modified(world, shop, start, end, now)
        return {str(market.goods_id(view.item)) for view in views}
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
            query = query_of(request)
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
            "page size",
            "create_time_start create_time_end update_time_start update_time_end order_by order_asc",
        )
        if wrong is not None:
            raise _bad(wrong)
        if params.get("order_by", "create_time") not in ("create_time", "update_time"):
            raise _bad("order_by")
        if not isinstance(params.get("order_asc", False), bool):
            raise _bad("order_asc is a Bool")
        start, end = self._window(params, "update_time_start", "update_time_end", HISTORY)
        number, size = self._place(params, DEPTH)
        rows = market.rows_between(self.desk, shop, start, end)
        rows = rows if params.get("order_asc") is True else rows[::-1]
        key = (shop.store, "orders", start, end, size, bool(params.get("order_asc")))
        page = market.page_of(self.desk, key, rows, number + 1, size, fault)
        if page is None:
            raise _bad(f"page {number} is beyond the last page")
        shown = [order_record(market.state_at(self.desk, shop, row)) for row in page.rows]
        return {"page": number, "size": size, "total": page.total, "shop_order_list": shown}

    def refunds(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/afterSale/List by update time (which needs its order_by) or time of application."""
        optional = (
            "page start_time end_time update_start_time update_end_time order_by standard_aftersale_status"
        )
        wrong = market.wrong_names(params, "page size", optional + " aftersale_type order_id")
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
        shown = [aftersale_record(*market.refund_at(self.desk, shop, row)) for row in page.rows]
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
        return detail_record(*found)

    def products(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/product/listV2 by update time, neither end included; pages from 1 to 100, 10,000 rows deep."""
        optional = (
            "status check_status product_type start_time end_time update_start_time update_end_time store_id "
            "name product_id use_cursor cursor_id can_combine_product"
        )
        wrong = market.wrong_names(params, "page size", optional)
        if wrong is not None:
            raise _bad(wrong)
        status = None if "status" not in params else str(params["status"])
        if status is not None and status not in PRODUCT_STATUSES:
            raise _bad("status")
        start, end = -1, self.desk.now() + 1
        if "update_start_time" in params or "update_end_time" in params:
            start, end = self._window(params, "update_start_time", "update_end_time", self.desk.now())
        number, size = market.whole(params["page"], 1, 100), market.whole(params["size"], 1, MOST)
        if number is None or size is None or number * size > DEPTH:
            raise _bad(f"page is 1 to 100, size 1 to {MOST}, page * size at most {DEPTH}")
        found = [
            record
            for view in self.desk.world.products(shop.store, self.desk.now())
            if start < view.modified < end
            for record in [product_record(view)]
            if status in (None, str(record["status"]))
        ]
        found.sort(key=lambda record: (-record["create_time"], record["product_id"]))
        page = market.page_of(
            self.desk, (shop.store, "products", start, end, size), found, number, size, fault
        )
        if page is None:
            raise _bad(f"page {number} is beyond the last page")
        return {"page": number, "size": size, "total": page.total, "data": page.rows}

    def token(self, shop: Shop, params: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """/token/refresh."""
        wrong = market.wrong_names(params, "grant_type refresh_token")
        if wrong is not None or params["grant_type"] != "refresh_token":
            raise _bad(wrong or "grant_type")
        grant = self.tokens.refresh(str(params["refresh_token"]))
        if grant is None:
            sub_code = "dop.token-generate-failed:token-invalid"
            raise Refusal(_no(50001, "平台处理失败", sub_code, "生成token失败，token不存在"))
        return {
            "access_token": grant.access_token,
            "expires_in": grant.expires_in,
            "refresh_token": grant.refresh_token,
            "scope": "SCOPE",
            "shop_id": str(shop_id(next(s for s in _shops() if s.store == grant.subject))),
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
        number, size = market.whole(params["page"], 0, 10**6), market.whole(params["size"], 1, MOST)
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
