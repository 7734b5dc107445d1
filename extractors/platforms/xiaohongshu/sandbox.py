"""The sandbox half of Xiaohongshu: what its open platform answers and refuses (platforms-cn §11).

Served under ``/xiaohongshu``: ``/ark/open_api/v3/common_controller`` (every method).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import json_text
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, OrderState, RefundState
from extractors.sandbox.signatures import same
from extractors.sandbox.tokens import TokenDesk
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

TOLERANCE = 600
WIDEST = 1_800
MOST = 100
LIMITS = {"xiaohongshu": (100, 1.0)}  # of an app, all methods together
_SYSTEM = "appId method version timestamp sign"
_STREAMS = {
    "order.getOrderList": "orders",
    "order.getOrderDetail": "order",
    "afterSale.listAfterSaleInfos": "refunds",
    "afterSale.getAfterSaleInfo": "refund",
    "product.getDetailSkuList": "products",
    "oauth.refreshToken": "token",
}
_PRODUCT_FILTERS = (
    "id createTimeFrom createTimeTo updateTimeFrom updateTimeTo buyable stockGte stockLte pageNo pageSize "
    "barcode singlePackOnly lastId isChannel"
)
DOCUMENTED = {"products": frozenset({"true", "false"})}
_STATES = {tl.ASKED: 1, tl.AGREED: 2, tl.RETURNING: 3, tl.REFUNDED: 4, tl.WITHDRAWN: 5}


def routes(desk: Desk) -> list[BaseRoute]:
    """The one address that the gateway has, for one desk."""
    return [Route("/ark/open_api/v3/common_controller", Gateway(desk).rest, methods=["POST"])]


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """Keys of a complete read: every order and every after-sale changed in the window."""
    shop = shop_of(account_id)
    if stream == "orders":
        return {f"P{state.order.id}" for state in orders_modified(world, shop, start, end, now)}
    if stream == "refunds":
        return {f"R{found.refund.id}" for _, found in refunds_modified(world, shop, start, end, now)}
    if stream == "products":  # no window: all that the shop has, by SKU
        views = world.products(shop.store, now)
        return {_sku_id(view, place) for view in views for place in range(len(view.prices))}
    raise KeyError(stream)


def _no(code: int, text: str) -> Answer:
    return Answer({"success": False, "error_code": code, "error_msg": text, "data": None}, refusal=text)


def _bad(text: str) -> Refusal:
    return Refusal(_no(10006, f"param error: {text}"))


class Gateway:
    """The open platform for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_id, self.secret = APP_KEYS["xiaohongshu"]
        desk.tokens = self.tokens = TokenDesk(
            "xiaohongshu", rotates=True, access_life=7 * 86_400, refresh_life=14 * 86_400
        )
        desk.rate_answer = lambda seconds: _no(10003, "rate limit exceeded")
        desk.token_answer = lambda: _no(10001, "accessToken expired")
        desk.touch = self._touch

    async def rest(self, request: Request) -> Response:
        """POST of every method."""
        body = _json(await json_text(request))
        method = str(body.get("method", ""))
        store = market.store_of_token(self.desk, str(body.get("accessToken", "")))
        given = {k: v for k, v in body.items() if k not in _SYSTEM.split() and k != "accessToken"}

        def make(fault: Fault | None) -> Answer:
            self._accept(method, body)
            if method == "oauth.refreshToken":
                data = self._refresh(given)
            else:
                data = self._answer(method, self._shop(str(body.get("accessToken", ""))), given, fault)
            return Answer({"success": True, "error_code": 0, "error_msg": "", "data": data})

        return await self.desk.serve(_STREAMS.get(method, "unknown"), store, make, given)

    def _accept(self, method: str, body: Mapping[str, Any]) -> None:
        missing = next((name for name in _SYSTEM.split() if body.get(name) in (None, "")), None)
        if missing is not None:
            raise _bad(missing)
        if body["appId"] != self.app_id or body["version"] != "2.0" or method not in _STREAMS:
            raise _bad("appId, version, method")
        stamp = str(body["timestamp"])
        if not stamp.isdigit() or not market.in_step(self.desk, int(stamp), TOLERANCE):
            raise Refusal(_no(10004, "timestamp out of range: check the clock"))
        text = f"{method}?appId={self.app_id}&timestamp={stamp}&version=2.0{self.secret}"
        if not same(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), str(body["sign"])):
            raise Refusal(_no(10002, "sign error"))

    def _shop(self, token: str) -> Shop:
        shop = market.shop_of_token(self.desk, token)
        if shop is None:
            raise Refusal(_no(10001, "accessToken expired or invalid"))
        return shop

    def _refresh(self, given: Mapping[str, Any]) -> dict[str, Any]:
        grant = self.tokens.refresh(str(given.get("refreshToken", "")))
        if grant is None:
            raise Refusal(_no(10001, "refreshToken invalid"))
        now = int(time.time())
        return {
            "accessToken": grant.access_token,
            "accessTokenExpiresAt": (now + grant.expires_in) * 1000,
            "refreshToken": grant.refresh_token,
            "refreshTokenExpiresAt": (now + grant.refresh_expires_in) * 1000,
            "sellerId": "5f2a3b4c5d6e7f8091a2b3c4",
        }

    def _touch(self, store: str, stream: str, place: int, given: Mapping[str, Any]) -> None:
        market.touch(self.desk, store, given.get("startTime"), given.get("endTime"), place, newest=True)

    def _answer(
        self, method: str, shop: Shop, given: Mapping[str, Any], fault: Fault | None
    ) -> dict[str, Any]:
        if method == "order.getOrderList":
            return self._orders(shop, given, fault)
        if method == "afterSale.listAfterSaleInfos":
            return self._refunds(shop, given, fault)
        if method == "product.getDetailSkuList":
            return self._products(shop, given, fault)
        if method == "order.getOrderDetail":
            wrong = market.wrong_names(given, "orderId")
            state = None if wrong else market.order_by_id(self.desk, shop, str(given["orderId"])[1:])
            if state is None or f"P{state.order.id}" != given["orderId"]:
                raise _bad(wrong or "orderId is unknown")
            return _order(state)
        wrong = market.wrong_names(given, "returnsId")
        found = None if wrong else market.refund_by_id(self.desk, shop, str(given["returnsId"])[1:])
        if found is None:
            raise _bad(wrong or "returnsId is unknown")
        return {"afterSaleInfo": _detail(*found)}

    def _orders(self, shop: Shop, given: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        start, end, number, size = self._place(given, "orderType orderStatus", 1)
        if number > 100:
            raise _bad("pageNo must not exceed 100")
        rows = market.rows_between(self.desk, shop, start, end)[::-1]
        page = market.page_of(self.desk, ("orders", shop.store, start, end, size), rows, number, size, fault)
        if page is None:
            raise _bad(f"pageNo {number} is beyond the last page")
        shown = [_head(market.state_at(self.desk, shop, row)) for row in page.rows]
        pages = -(-page.total // size)
        return {
            "total": page.total,
            "pageNo": number,
            "pageSize": size,
            "maxPageNo": pages,
            "orderList": shown,
        }

    def _refunds(self, shop: Shop, given: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        start, end, number, size = self._place(given, "orderId statuses returnTypes", 1000)
        if number * size > 50_000:
            raise _bad("pageNo * pageSize must not exceed 50000")
        rows = market.refund_rows_between(self.desk, shop, start, end)[::-1]
        page = market.page_of(self.desk, ("refunds", shop.store, start, end, size), rows, number, size, fault)
        if page is None:
            raise _bad(f"pageNo {number} is beyond the last page")
        shown = [_aftersale(*market.refund_at(self.desk, shop, row)) for row in page.rows]
        return {"totalCount": page.total, "pageNo": number, "pageSize": size, "afterSaleBasicInfos": shown}

    def _products(self, shop: Shop, given: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        """product.getDetailSkuList: a row for every SKU, on sale or not."""
        wrong = market.wrong_names(given, "", _PRODUCT_FILTERS)
        if wrong is not None:
            raise _bad(wrong)
        if set(given) - {"pageNo", "pageSize", "buyable"} or given.get("buyable", True) not in (True, False):
            raise _bad("the sandbox filters by buyable alone")
        number = market.whole(given.get("pageNo", 1), 1, 10**6)
        size = market.whole(given.get("pageSize", 50), 1, MOST)
        if number is None or size is None:
            raise _bad(f"pageNo counts from 1, pageSize is 1 to {MOST}")
        rows = [
            _product(view, place)
            for view in self.desk.world.products(shop.store, self.desk.now())
            for place in range(len(view.prices))
            if given.get("buyable", view.is_on_sale) == view.is_on_sale
        ]
        key = ("products", shop.store, given.get("buyable"), size)
        page = market.page_of(self.desk, key, rows, number, size, fault)
        if page is None:
            raise _bad(f"pageNo {number} is beyond the last page")
        return {"total": page.total, "pageNO": number, "pageSize": size, "data": page.rows}

    def _place(self, given: Mapping[str, Any], optional: str, unit: int) -> tuple[int, int, int, int]:
        """(start, end, page, size). ``unit``: parts of a second that the method's times are in."""
        wrong = market.wrong_names(given, "startTime endTime timeType", f"pageNo pageSize {optional}")
        if wrong is not None:
            raise _bad(wrong)
        if given["timeType"] != 2:
            raise _bad("the sandbox lists by update time: timeType 2")
        low, high = 10**9 * unit, 10**10 * unit
        start, end = market.whole(given["startTime"], low, high), market.whole(given["endTime"], low, high)
        if start is None or end is None or end <= start or end - start > WIDEST * unit:
            raise _bad("startTime and endTime: the last the later, 30 minutes apart at most")
        number = market.whole(given.get("pageNo", 1), 1, 10**6)
        size = market.whole(given.get("pageSize", 20), 1, MOST)
        if number is None or size is None:
            raise _bad(f"pageNo counts from 1, pageSize is 1 to {MOST}")
        return start // unit, end // unit, number, size


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _ms(at: int | None) -> int:
    return 0 if at is None else at * 1000


# ---- records -------------------------------------------------------------------------------------
def _sku_id(view: ProductView, place: int) -> str:
    return f"{market.variant_id(view.item, place):x}"


def _product(view: ProductView, place: int) -> dict[str, Any]:
    """One SKU with the item it is of: prices in fen, times in milliseconds."""
    item = view.item
    return {
        "item": {
            "id": f"{market.goods_id(item):x}",
            "name": item.chinese,
            "categoryId": f"{item.category_id:x}",
            "articleNo": item.key,
            "createTime": _ms(view.listed),
            "updateTime": _ms(view.modified),
        },
        "sku": {
            "id": _sku_id(view, place),
            "itemId": f"{market.goods_id(item):x}",
            "name": f"{item.chinese} {item.skus[place][1]}",
            "ipq": 1,
            "originalPrice": view.prices[place] * 12 // 10,
            "price": view.prices[place],
            "stock": view.stock[place],
            "erpCode": item.key,
            "buyable": view.is_on_sale,
            "isGift": False,
            "createTime": _ms(view.listed),
            "updateTime": _ms(view.modified),
        },
    }


def _head(state: OrderState) -> dict[str, Any]:
    order = state.order
    status = {
        tl.CREATED: 1, tl.PAID: 4, tl.SHIPPED: 6, tl.COMPLETED: 7, tl.CANCELLED: 8, tl.CLOSED_UNPAID: 9,
    }[state.status]  # fmt: skip
    return {
        "orderId": f"P{order.id}",
        "orderType": 1,
        "orderStatus": status,
        "orderAfterSalesStatus": 2 if state.refunds else 1,
        "cancelStatus": 0,
        "createdTime": _ms(order.timeline.created),
        "paidTime": _ms(state.paid_at),
        "updateTime": _ms(state.modified),
        "deliveryTime": _ms(state.shipped_at),
        "cancelTime": _ms(state.ended_at) if status in (8, 9) else 0,
        "finishTime": _ms(state.completed_at),
    }


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    out = _head(state) | {
        "shopId": "5f2a3b4c5d6e7f8091a2b3c4",
        "totalPayAmount": order.total,
        "totalShippingFree": order.shipping,
        "totalDepositAmount": 0,
        "totalMerchantDiscount": sum(_given(line) for line in order.lines),
        "totalRedDiscount": sum(line.subsidy for line in order.lines),
        "merchantActualReceiveAmount": order.total + sum(line.subsidy for line in order.lines),
        "totalChangePriceAmount": 0,
        "paymentType": 1,
        "sellerRemarkFlag": {"brushed": 5, "test": 4}.get(state.exclusion or "", 1 if state.is_edited else 0),
        "skuList": [_sku(line) for line in order.lines],
    }
    if buyer is not None:
        out |= {
            "userId": buyer.open_uid,
            "openAddressId": f"addr{buyer.name}",
            "receiverName": buyer.name,
            "receiverPhone": buyer.phone,
            "receiverAddress": buyer.address,
            "receiverProvinceName": buyer.state,
            "receiverCityName": buyer.city,
            "receiverDistrictName": buyer.district,
            "expressTrackingNo": f"SF{buyer.phone}" if state.shipped_at else "",
            "boundExtendInfo": {"payNo": f"T{buyer.phone}"},
            "customerRemark": f"电话 {buyer.phone}",
            "sellerRemark": f"已联系 {buyer.nick}" if state.is_edited else "",
        }
    return out


def _given(line: Line) -> int:
    return line.item_discount + line.order_discount - line.adjustment


def _sku(line: Line) -> dict[str, Any]:
    return {
        "skuId": f"{market.sku_id(line):x}",
        "skuName": f"{line.item.chinese} {line.item.skus[line.sku][1]}",
        "erpcode": line.item.key,
        "skuQuantity": line.quantity,
        "totalPaidAmount": line.paid,
        "totalMerchantDiscount": _given(line),
        "totalRedDiscount": line.subsidy,
        "totalTaxAmount": 0,
        "skuTag": 0,
        "kolId": "",
        "skuDetailList": [
            {
                "skuId": f"{market.product_id(line):x}",
                "quantity": line.quantity,
                "rawPricePerSku": line.unit_price,
            }
        ],
    }


def _aftersale(state: OrderState, found: RefundState) -> dict[str, Any]:
    plan = found.refund.plan
    tel = state.order.buyer.phone if state.order.buyer is not None else ""
    return {
        "returnsId": f"R{found.refund.id}",
        "returnType": 1 if plan.goods_return else 5 if plan.before_shipment else 4,
        "status": 14 if found.is_in_dispute else _STATES[found.phase],
        "orderId": f"P{state.order.id}",
        "userId": state.order.buyer.open_uid if state.order.buyer is not None else "",
        "applyTime": _ms(found.created),
        "updatedAt": _ms(found.modified),
        "reasonId": 1,
        "reasonNameZh": found.refund.reason,
        "desc": f"电话 {tel}",
        "expectedRefundAmountYuan": (found.refund.amount + (300 if plan.part == tl.PARTIAL else 0)) / 100,
    }


def _detail(state: OrderState, found: RefundState) -> dict[str, Any]:
    done, refund = found.refunded_at is not None, found.refund
    asked = refund.amount + (300 if refund.plan.part == tl.PARTIAL else 0)
    tel = state.order.buyer.phone if state.order.buyer is not None else ""
    return {
        "returnsId": f"R{found.refund.id}",
        "refundStatus": 2 if done else 1,
        "refundAmountYuan": refund.amount / 100 if done else 0,
        "appliedShipFeeAmountYuan": refund.shipping / 100,
        "appliedSkusAmountYuan": (asked - refund.shipping) / 100,
        "skus": [
            {"skuId": f"{market.sku_id(part.line):x}", "appliedCount": part.quantity} for part in refund.lines
        ],
        "refundTime": _ms(found.refunded_at),
        "desc": f"电话 {tel}",
        "logisticsInfo": {"receiverName": tel},
    }
