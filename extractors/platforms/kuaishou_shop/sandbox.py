"""The sandbox half of Kuaishou shop: what its open platform answers and refuses (platforms-cn §11).

Served under ``/kuaishou_shop``: ``/open/order/cursor/list``, ``/open/seller/order/refund/pcursor/list``,
``/open/item/list/get`` and ``/oauth2/refresh_token``. An order holds one item.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import form_of, query_of
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS, SIGN_SECRETS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import OrderState, RefundState
from extractors.sandbox.signatures import same
from extractors.sandbox.tokens import TokenDesk
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

TOLERANCE = 600
HISTORY = 90 * 86_400
PAGE_SIZES = {"products": tuple(range(10, 101))}
DOCUMENTED = {"products": frozenset({"0", "1"})}
_STATES = {tl.ASKED: 10, tl.AGREED: 30, tl.RETURNING: 40, tl.REFUNDED: 60, tl.WITHDRAWN: 70}
_SYSTEM = "appkey method version access_token timestamp signMethod param sign"


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that the gateway has, for one desk."""
    gateway = Gateway(desk)
    orders = gateway.endpoint("open.order.cursor.list", "orders", gateway.orders)
    refunds = gateway.endpoint("open.seller.order.refund.pcursor.list", "refunds", gateway.refunds)
    items = gateway.endpoint("open.item.list.get", "products", gateway.items)
    return [
        Route("/open/item/list/get", items, methods=["GET"]),
        Route("/open/order/cursor/list", orders, methods=["GET"]),
        Route("/open/seller/order/refund/pcursor/list", refunds, methods=["GET"]),
        Route("/oauth2/refresh_token", gateway.token, methods=["POST", "GET"]),
    ]


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """Keys of a complete read: every order and every refund changed in the window."""
    shop = shop_of(account_id)
    if stream == "orders":
        return {str(state.order.id) for state in orders_modified(world, shop, start, end, now)}
    if stream == "refunds":
        return {str(found.refund.id) for _, found in refunds_modified(world, shop, start, end, now)}
    if stream == "products":  # no window: all that the shop has
        return {str(market.goods_id(view.item)) for view in world.products(shop.store, now)}
    raise KeyError(stream)


def _no(result: int, sub_code: str, text: str) -> Answer:
    body = {"result": result, "error_msg": text, "sub_code": sub_code, "sub_msg": text, "request_id": "sbx"}
    return Answer(body, refusal=sub_code)


def _bad(text: str) -> Refusal:
    return Refusal(_no(802, "gateway.param.invalid", f"param: {text}"))


class Gateway:
    """The open platform for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_key, self.secret = APP_KEYS["kuaishou_shop"]
        self.sign_secret = SIGN_SECRETS["kuaishou_shop"]
        desk.tokens = self.tokens = TokenDesk(
            "kuaishou_shop", rotates=True, prolongs=False, access_life=48 * 3_600, refresh_life=180 * 86_400
        )
        desk.rate_answer = lambda seconds: _no(804, "gateway.qps.limit", "qps limit exceeded")
        desk.token_answer = lambda: _no(801, "oauth.access_token.expired", "access_token expired")
        desk.touch = self._touch

    def endpoint(
        self, name: str, stream: str, answer: Callable[[Shop, dict[str, Any], Fault | None], Any]
    ) -> Callable[[Request], Any]:
        """A GET of one method: checked in the gateway's order, then answered."""

        async def handle(request: Request) -> Response:
            query = query_of(request)
            store = market.store_of_token(self.desk, query.get("access_token", ""))
            given = _json(query.get("param", ""))

            def make(fault: Fault | None) -> Answer:
                shop = self._accept(name, query)
                if given is None:
                    raise _bad("is no JSON object")
                return Answer({"result": 1, "error_msg": "SUCCESS", "data": answer(shop, given, fault)})

            return await self.desk.serve(stream, store, make, given)

        return handle

    async def token(self, request: Request) -> Response:
        """Trades a refresh token for a new pair."""
        form = await form_of(request)

        def make(fault: Fault | None) -> Answer:
            wrong = market.wrong_names(form, "app_id app_secret grant_type refresh_token")
            if wrong is not None or form["grant_type"] != "refresh_token":
                return _no(802, "oauth.param.invalid", wrong or "grant_type")
            if (form["app_id"], form["app_secret"]) != (self.app_key, self.secret):
                return _no(801, "oauth.app.invalid", "app_secret")
            grant = self.tokens.refresh(form["refresh_token"])
            if grant is None:
                return _no(801, "oauth.refresh_token.invalid", "refresh_token")
            return Answer(
                {
                    "result": 1,
                    "access_token": grant.access_token,
                    "expires_in": grant.expires_in,
                    "refresh_token": grant.refresh_token,
                    "refresh_token_expires_in": grant.refresh_expires_in,
                    "scopes": ["merchant_order", "merchant_refund"],
                }
            )

        return await self.desk.serve("token", "", make)

    def _accept(self, name: str, query: Mapping[str, str]) -> Shop:
        wrong = market.wrong_names(query, _SYSTEM)
        if wrong is not None:
            raise _bad(wrong)
        if query["appkey"] != self.app_key or query["method"] != name or query["version"] != "1":
            raise _bad("appkey, method, version")
        stamp = query["timestamp"]
        if not stamp.isdigit() or not market.in_step(self.desk, int(stamp) / 1000, TOLERANCE):
            raise Refusal(_no(803, "gateway.timestamp.invalid", "timestamp: check the clock"))
        text = "&".join(f"{key}={query[key]}" for key in sorted(query) if key != "sign")
        text += f"&signSecret={self.sign_secret}"
        if query["signMethod"] == "MD5":
            expected = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        else:
            digest = hmac.new(self.sign_secret.encode(), text.encode(), "sha256").digest()
            expected = base64.b64encode(digest).decode()
        if not same(expected, query["sign"]):
            raise Refusal(_no(805, "gateway.sign.invalid", "sign check failed"))
        shop = market.shop_of_token(self.desk, query["access_token"])
        if shop is None:
            raise Refusal(_no(801, "oauth.access_token.expired", "access_token expired or invalid"))
        return shop

    def _touch(self, store: str, stream: str, place: int, given: Mapping[str, Any]) -> None:
        start, end = given.get("beginTime", 0) // 1000, given.get("endTime", 0) // 1000
        market.touch(self.desk, store, start, end, place, newest=False)

    # ---- the methods -----------------------------------------------------------------------------
    def orders(self, shop: Shop, given: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """open.order.cursor.list: by update time, oldest first, by cursor."""
        wrong = market.wrong_names(
            given, "orderViewStatus pageSize beginTime endTime", "queryType cursor sort cpsType"
        )
        if wrong is not None or "cursor" not in given:
            raise _bad(wrong or "cursor")
        if given["orderViewStatus"] != 1 or given.get("queryType") != 2:
            raise _bad("the sandbox lists all orders by update time")
        start, end = self._window(given, 7 * 86_400)
        rows = market.rows_between(self.desk, shop, start, end)
        shown, further = self._after(rows, given["cursor"], given, 50, fault)
        return {
            "cursor": further,
            "pageSize": given["pageSize"],
            "orderList": [_order(market.state_at(self.desk, shop, row)) for row in shown],
        }

    def refunds(self, shop: Shop, given: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """open.seller.order.refund.pcursor.list: by update time, by cursor and page."""
        wrong = market.wrong_names(
            given,
            "type currentPage pageSize beginTime endTime",
            "queryType pcursor sort negotiateStatus status",
        )
        if wrong is not None or "pcursor" not in given:
            raise _bad(wrong or "pcursor")
        if given["type"] != 9 or given.get("queryType") != 2 or given.get("sort") != 2:
            raise _bad("the sandbox lists all refunds by update time, oldest first")
        if market.whole(given["currentPage"], 1, 10**6) is None:
            raise _bad("currentPage counts from 1")
        start, end = self._window(given, 86_400)
        rows = market.refund_rows_between(self.desk, shop, start, end)
        shown, further = self._after(rows, given["pcursor"], given, 100, fault)
        size = given["pageSize"]
        return {
            "pcursor": further,
            "currentPage": given["currentPage"],
            "pageSize": size,
            "totalPage": -(-len(rows) // size),
            "totalSize": len(rows),
            "refundOrderInfoList": [_refund(*market.refund_at(self.desk, shop, row)) for row in shown],
        }

    def items(self, shop: Shop, given: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """open.item.list.get: all that is not deleted, or (onOfflineStatus 1) what is on its shelf."""
        wrong = market.wrong_names(
            given, "", "kwaiItemId relItemId itemStatus itemType pageNumber pageSize onOfflineStatus"
        )
        if wrong is not None:
            raise _bad(wrong)
        if given.get("itemStatus", 1) != 1 or given.get("itemType", 1) != 1:
            raise _bad("itemStatus and itemType can be 1 only")
        if given.get("onOfflineStatus", 1) != 1 or "kwaiItemId" in given or "relItemId" in given:
            raise _bad("the sandbox lists all items or those on their shelf: onOfflineStatus 1")
        number = market.whole(given.get("pageNumber", 1), 1, 10**6)
        size = market.whole(given.get("pageSize", 100), 10, 100)
        if number is None or size is None:
            raise _bad("pageNumber counts from 1, pageSize is 10 to 100")
        views = [
            view
            for view in self.desk.world.products(shop.store, self.desk.now())
            if view.is_on_sale or "onOfflineStatus" not in given
        ]
        key = ("items", shop.store, "onOfflineStatus" in given, size)
        page = market.page_of(self.desk, key, views, number, size, fault)
        if page is None:
            raise _bad(f"pageNumber {number} is beyond the last page")
        return {
            "totalItemCount": page.total,
            "totalPage": -(-page.total // size),
            "currentPageNumber": number,
            "currentPageItemCount": len(page.rows),
            "items": [_item(view) for view in page.rows],
        }

    def _window(self, given: Mapping[str, Any], widest: int) -> tuple[int, int]:
        begin, end = (
            market.whole(given["beginTime"], 10**12, 10**14),
            market.whole(given["endTime"], 10**12, 10**14),
        )
        if begin is None or end is None or end <= begin:
            raise _bad("beginTime and endTime are milliseconds, the last the later")
        if end - begin > widest * 1000:
            raise _bad(f"beginTime and endTime must not be more than {widest // 86_400} days apart")
        if begin // 1000 < self.desk.now() - HISTORY:
            raise _bad("beginTime is more than 90 days ago")
        return begin // 1000, end // 1000

    def _after(
        self, rows: list[Any], cursor: Any, given: Mapping[str, Any], most: int, fault: Fault | None
    ) -> tuple[list[Any], str]:
        """The rows behind a cursor, which names the last row given, and the next cursor."""
        size = market.whole(given["pageSize"], 1, most)
        if size is None:
            raise _bad(f"pageSize is 1 to {most}")
        if not isinstance(cursor, str):
            raise _bad("the cursor is a text")
        behind = rows
        if cursor:
            try:
                place = tuple(int(part) for part in base64.urlsafe_b64decode(cursor).decode().split("-"))
            except ValueError:
                raise _bad("the cursor is none of ours") from None
            behind = [row for row in rows if _place(row) > place]
        shown = behind[:size]
        last = len(behind) <= size
        if fault is not None and fault.kind == "empty_page":
            shown = []
        further = "nomore"
        if not last:
            further = base64.urlsafe_b64encode("-".join(map(str, _place(behind[size - 1]))).encode()).decode()
        if fault is not None and fault.kind == "repeated_page" and cursor:
            further = cursor
        return shown, further


def _place(row: Any) -> tuple[int, ...]:
    return row.modified, row.day.toordinal(), row.index, row.refund


def _json(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _ms(at: int | None) -> int:
    return 0 if at is None else at * 1000


# ---- records -------------------------------------------------------------------------------------
def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    line = order.lines[0]
    status = {
        tl.CREATED: 10, tl.PAID: 30, tl.SHIPPED: 40, tl.COMPLETED: 70, tl.CANCELLED: 80, tl.CLOSED_UNPAID: 80,
    }[state.status]  # fmt: skip
    base: dict[str, Any] = {
        "oid": order.id,
        "status": status,
        "createTime": _ms(order.timeline.created),
        "payTime": _ms(state.paid_at),
        "sendTime": _ms(state.shipped_at),
        "recvTime": _ms(state.completed_at),
        "updateTime": _ms(state.modified),
        "totalFee": order.total,
        "expressFee": order.shipping,
        "discountFee": line.list_amount - line.paid,
        "allowanceExpressFee": 0,
        "sellerOpenId": f"s{order.shop.number}",
        "cpsType": 1 + order.index % 2,
        "payType": 1,
    }
    out: dict[str, Any] = {
        "orderBaseInfo": base,
        "orderItemInfo": {
            "itemId": market.product_id(line),
            "skuId": market.sku_id(line),
            "itemTitle": line.item.chinese,
            "skuNick": line.item.key,
            "num": line.quantity,
            "originalPrice": line.unit_price,
            "price": line.unit_price,
        },
        "orderCpsInfo": {"distributorId": 900 + order.index % 5} if order.index % 2 == 0 else {},
    }
    if buyer is not None:
        base |= {
            "buyerOpenId": buyer.open_uid,
            "buyerNick": buyer.nick,
            "buyerImage": f"https://img.example/{buyer.nick}.jpg",
            "remark": f"电话 {buyer.phone}",
        }
        out["orderAddress"] = {
            "province": buyer.state,
            "encryptedConsignee": buyer.name,
            "encryptedMobile": buyer.phone,
            "encryptedAddress": buyer.address,
            "desensitiseConsignee": buyer.name[:1] + "*",
        }
        out["coordinateInfo"] = {"longitude": buyer.address, "latitude": buyer.address}
        if state.shipped_at is not None:
            out["orderLogisticsInfo"] = [{"expressNo": f"SF{buyer.phone}", "expressCode": 4}]
        out["orderNote"] = {"orderNoteInfo": [{"note": buyer.name}]}
    return out


def _item(view: ProductView) -> dict[str, Any]:
    """An item with its SKUs: prices in fen, times in milliseconds."""
    item = view.item
    return {
        "kwaiItemId": market.goods_id(item),
        "relItemId": 0,
        "title": item.chinese,
        "categoryId": item.category_id,
        "categoryName": item.category[-1],
        "price": min(view.prices),
        "itemStatus": 1,
        "itemType": 1,
        "auditStatus": 2,
        "shelfStatus": int(view.is_on_sale),
        "multipleStock": False,
        "createTime": _ms(view.listed),
        "updateTime": _ms(view.modified),
        "skuList": [
            {
                "kwaiSkuId": market.variant_id(item, place),
                "kwaiItemId": market.goods_id(item),
                "skuNick": f"{item.key}-{sku[0]}",
                "specification": sku[1],
                "skuSalePrice": view.prices[place],
                "skuStock": view.stock[place],
                "isValid": 1,
                "createTime": _ms(view.listed),
                "updateTime": _ms(view.modified),
            }
            for place, sku in enumerate(item.skus)
        ],
    }


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    tel = order.buyer.phone if order.buyer is not None else ""
    uid = order.buyer.open_uid if order.buyer is not None else ""
    return {
        "refundId": refund.id,
        "oid": order.id,
        "status": 20 if found.is_in_dispute else _STATES[found.phase],
        "handlingWay": 1 if refund.plan.goods_return else 10,
        "refundType": 1,
        "receiptStatus": 1 if refund.plan.before_shipment else 2,
        "refundFee": refund.amount,
        "refundReasonDesc": refund.reason,
        "refundDesc": f"电话 {tel}",
        "buyerId": uid,
        "itemId": market.product_id(order.lines[0]),
        "skuId": market.sku_id(order.lines[0]),
        "createTime": _ms(found.created),
        "submitTime": _ms(found.created),
        "updateTime": _ms(found.modified),
        "endTime": 0 if found.is_open else _ms(found.modified),
    }
