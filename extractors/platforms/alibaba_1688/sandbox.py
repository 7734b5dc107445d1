"""The sandbox half of Alibaba 1688: what the AOP gateway answers and refuses (platforms-cn §5).

Served under ``/alibaba_1688``: ``/openapi/param2/1/com.alibaba.{trade,product}/<api>/<app key>`` and
``/openapi/http/1/system.oauth2/getToken/<app key>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import form_of
from extractors.sandbox.buyers import CANARY
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI, Shop
from extractors.sandbox.orders import Line, OrderState, RefundState
from extractors.sandbox.router import names
from extractors.sandbox.signatures import aop, same
from extractors.sandbox.tokens import TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

MOST = 20
PRESENT = 90 * 86_400  # seconds; orders made before are asked for with isHis
SHOWN = 730 * 86_400  # seconds; refunds applied for before are not shown
_ORDERS = "alibaba.trade.getSellerOrderList"
_REFUNDS = "alibaba.trade.refund.queryOrderRefundList"
_PRODUCTS = "alibaba.product.list.get"
_SPACES = {_ORDERS: "com.alibaba.trade", _REFUNDS: "com.alibaba.trade", _PRODUCTS: "com.alibaba.product"}
_SORTS = names(
    "CREATE_DATE POST_DATE MODIFY_DATE APPROVED_DATE EXPIRE_DATE STATUS ID GROUP_ID PRICE SALE_QUANTITY"
)
DOCUMENTED = {
    "products": frozenset(
        {
            "published",
            "member expired",
            "auto expired",
            "expired",
            "member deleted",
            "modified",
            "new",
            "deleted",
            "TBD",
            "approved",
            "auditing",
            "untread",
        }
    )
}
_STATUSES = frozenset({"success", "cancel", "waitbuyerpay", "waitsellersend", "waitbuyerreceive"})


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that the gateway has, for one desk."""
    gateway = Gateway(desk)
    return [
        Route("/openapi/param2/1/{space}/{api}/{key}", gateway.api, methods=["POST"]),
        Route("/openapi/http/1/system.oauth2/getToken/{key}", gateway.token, methods=["POST"]),
    ]


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """Keys of a complete read: what changed in the window."""
    shop = shop_of(account_id)
    if stream == "orders":
        return {str(state.order.id) for state in orders_modified(world, shop, start, end, now)}
    if stream == "refunds":
        return {_refund_id(refund) for _, refund in refunds_modified(world, shop, start, end, now)}
    if stream == "products":
        views = products_modified(world, shop, start, end, now)
        return {str(market.goods_id(view.item)) for view in views}
    raise KeyError(stream)


def _no(status: int, code: str, text: str) -> Answer:
    body = {"error_code": code, "error_message": text, "exception": "", "request_id": "sbx"}
    return Answer(body, status, refusal=code)


def _bad(text: str) -> Refusal:
    return Refusal(_no(400, "gw.ParamIllegal", text))


class Gateway:
    """The gateway for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_key, self.secret = APP_KEYS["alibaba_1688"]
        desk.tokens = self.tokens = TokenDesk(
            "alibaba_1688", rotates=False, access_life=36_000, refresh_life=180 * 86_400
        )
        desk.rate_answer = lambda seconds: _no(400, "gw.QosAppFrequencyLimit", "the app calls too often")
        desk.token_answer = lambda: _no(401, "401", "Request need user authorized")
        desk.touch = self._touch

    async def api(self, request: Request) -> Response:
        """POST of one API, signed over its path."""
        form = await form_of(request)
        name, key = request.path_params["api"], request.path_params["key"]
        store = market.store_of_token(self.desk, form.get("access_token", ""))
        stream = {_ORDERS: "orders", _REFUNDS: "refunds", _PRODUCTS: "products"}.get(name, "unknown")

        def make(fault: Fault | None) -> Answer:
            shop = self._accept(request.path_params["space"], name, key, form)
            given = {k: v for k, v in form.items() if not k.startswith("_aop_") and k != "access_token"}
            if name == _ORDERS:
                return Answer(self._orders(shop, given, fault))
            if name == _PRODUCTS:
                return Answer(self._products(shop, given, fault))
            return Answer(self._refunds(shop, given, fault))

        return await self.desk.serve(stream, store, make, form)

    async def token(self, request: Request) -> Response:
        """Trades a refresh token for an access token; the refresh token stays."""
        form = await form_of(request)

        def make(fault: Fault | None) -> Answer:
            wrong = market.wrong_names(form, "grant_type client_id client_secret refresh_token")
            if wrong is not None or form["grant_type"] != "refresh_token":
                return _no(400, "gw.ParamIllegal", wrong or "grant_type")
            if (form["client_id"], form["client_secret"]) != (self.app_key, self.secret):
                return _no(401, "401", "client_secret is wrong")
            grant = self.tokens.refresh(form["refresh_token"])
            if grant is None:
                return _no(401, "401", "refresh_token is invalid or expired")
            return Answer(
                {
                    "access_token": grant.access_token,
                    "expires_in": str(grant.expires_in),
                    "aliId": "8888888888",
                    "memberId": "b2b-1623492085",
                    "resource_owner": "seller",
                }
            )

        return await self.desk.serve("token", "", make)

    def _accept(self, space: str, name: str, key: str, form: Mapping[str, str]) -> Shop:
        if key != self.app_key:
            raise Refusal(_no(400, "gw.AppKeyNotFound", key))
        if _SPACES.get(name) != space:
            raise Refusal(_no(404, "gw.APINotFound", name))
        path = f"param2/1/{space}/{name}/{key}"
        signed = {k: v for k, v in form.items() if k != "_aop_signature"}
        if not same(aop(path, signed, self.secret), form.get("_aop_signature", "")):
            raise Refusal(_no(400, "gw.SignatureInvalid", "Invalid signature"))
        shop = market.shop_of_token(self.desk, form.get("access_token", ""))
        if shop is None:
            raise Refusal(_no(401, "401", "Request need user authorized"))
        return shop

    def _touch(self, store: str, stream: str, place: int, form: Mapping[str, Any]) -> None:
        start, end = _moment(form.get("modifyStartTime", "")), _moment(form.get("modifyEndTime", ""))
        market.touch(self.desk, store, start, end, place, newest=True)

    def _orders(self, shop: Shop, given: Mapping[str, str], fault: Fault | None) -> dict[str, Any]:
        optional = (
            "createStartTime createEndTime orderStatus refundStatus page pageSize isHis bizTypes tradeType"
        )
        wrong = market.wrong_names(
            given, "modifyStartTime modifyEndTime", f"{optional} needBuyerAddressAndPhone needMemoInfo"
        )
        if wrong is not None:
            raise _bad(wrong)
        if given.get("orderStatus", "success") not in _STATUSES:
            raise _bad("orderStatus")
        start, end = self._window(given, "modifyStartTime", "modifyEndTime")
        old, border = given.get("isHis", "false"), self.desk.now() - PRESENT
        if old not in ("true", "false"):
            raise _bad("isHis")
        rows = [
            row
            for row in market.rows_between(self.desk, shop, start, end)[::-1]
            if (market.state_at(self.desk, shop, row).order.timeline.created < border) == (old == "true")
        ]
        page = self._page(("orders", shop.store, start, end, old), rows, given, "page", fault)
        shown = [_order(market.state_at(self.desk, shop, row)) for row in page.rows]
        return {"result": shown, "totalRecord": page.total, "success": "true"}

    def _refunds(self, shop: Shop, given: Mapping[str, str], fault: Fault | None) -> dict[str, Any]:
        wrong = market.wrong_names(
            given,
            "modifyStartTime modifyEndTime",
            "orderId applyStartTime applyEndTime refundStatusSet buyerMemberId buyerLoginId currentPageNum "
            "pageSize logisticsNo dipsuteType",
        )
        if wrong is not None:
            raise _bad(wrong)
        start, end = self._window(given, "modifyStartTime", "modifyEndTime")
        kind = given.get("dipsuteType", "1")  # a refund is taken for one in sale where nothing else is said
        if kind not in ("0", "1", "2"):
            raise _bad("dipsuteType")
        rows = [
            (state, refund)
            for row in market.refund_rows_between(self.desk, shop, start, end)[::-1]
            for state, refund in [market.refund_at(self.desk, shop, row)]
            if kind in ("0", _dispute(refund)) and refund.created >= self.desk.now() - SHOWN
        ]
        page = self._page(("refunds", shop.store, start, end, kind), rows, given, "currentPageNum", fault, 0)
        shown = [_refund(*pair) for pair in page.rows]
        number = int(given.get("currentPageNum", "0"))
        return {"result": {"opOrderRefundModels": shown, "totalCount": page.total, "currentPageNum": number}}

    def _products(self, shop: Shop, given: Mapping[str, str], fault: Fault | None) -> dict[str, Any]:
        """alibaba.product.list.get: of every status, by modified time."""
        optional = (
            "pageNo pageSize statusList categoryId startModifyTime endModifyTime subjectKey cargoNumber "
            "productIds orderByCondition orderByType supportOnlineTrade privateOffer needDetail needFreight "
            "needUserCategoryInfo"
        )
        wrong = market.wrong_names(given, "", optional)
        if wrong is not None:
            raise _bad(wrong)
        sort, way = given.get("orderByCondition", "MODIFY_DATE"), given.get("orderByType", "DESC")
        if sort not in _SORTS or way not in ("ASC", "DESC"):
            raise _bad("orderByCondition or orderByType")
        start, end = 0, self.desk.now()
        if "startModifyTime" in given or "endModifyTime" in given:
            start, end = self._window(given, "startModifyTime", "endModifyTime")
        whole = given.get("needDetail", "false")
        if whole not in ("true", "false"):
            raise _bad("needDetail")
        views = [
            view
            for view in self.desk.world.products(shop.store, self.desk.now())
            if start <= view.modified <= end
        ]
        views.sort(key=lambda view: (view.modified, view.item.number), reverse=way == "DESC")
        page = self._page(("products", shop.store, start, end, way), views, given, "pageNo", fault)
        number, size = int(given.get("pageNo", "1")), int(given.get("pageSize", "20"))
        shown = [_product(view, whole == "true") for view in page.rows]
        listing = {
            "resultList": shown,
            "totalRecords": page.total,
            "currentPage": number,
            "sizePerPage": size,
        }
        return {"result": {"success": True, "code": "200", "pageResult": listing}}

    def _page(
        self,
        key: tuple[Any, ...],
        rows: list[Any],
        given: Mapping[str, str],
        name: str,
        fault: Fault | None,
        first: int = 1,
    ) -> Any:
        number = market.whole(given.get(name, first), first, 10**6)
        size = market.whole(given.get("pageSize", "20"), 1, MOST)
        if number is None or size is None:
            raise _bad(f"{name} counts from {first}, pageSize is 1 to {MOST}")
        page = market.page_of(self.desk, (*key, size), rows, number - first + 1, size, fault)
        if page is None:
            raise _bad(f"{name} {number} is beyond the last page")
        return page

    @staticmethod
    def _window(given: Mapping[str, str], first: str, last: str) -> tuple[int, int]:
        start, end = _moment(given.get(first, "")), _moment(given.get(last, ""))
        if start is None or end is None or end <= start:
            raise _bad(f"{first} and {last} must look like 20180802211113000+0800, the last the later")
        return start, end


def _moment(text: str) -> int | None:
    if not re.fullmatch(r"\d{17}\+0800", text):
        return None
    try:
        return int(datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI).timestamp())
    except ValueError:
        return None


def _written(at: int | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y%m%d%H%M%S000+0800")


# ---- records -------------------------------------------------------------------------------------
def _status(state: OrderState) -> str:
    return {
        tl.CREATED: "waitbuyerpay",
        tl.PAID: "waitsellersend",
        tl.SHIPPED: "waitbuyerreceive",
        tl.COMPLETED: "success",
        tl.CANCELLED: "terminated" if state.shipped_at is not None else "cancel",
        tl.CLOSED_UNPAID: "cancel",
    }[state.status]


def _yuan(fen: int) -> float:
    return fen / 100


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    coupon = sum(line.subsidy for line in order.lines)
    given_up = sum(line.item_discount + line.order_discount - line.adjustment for line in order.lines)
    times = {
        "createTime": order.timeline.created,
        "payTime": state.paid_at,
        "modifyTime": state.modified,
        "allDeliveredTime": state.shipped_at,
        "receivingTime": state.completed_at,
        "completeTime": state.completed_at,
    }
    base: dict[str, Any] = {
        "id": order.id,
        "idOfStr": str(order.id),
        "status": _status(state),
        "totalAmount": _yuan(order.total),
        "sumProductPayment": _yuan(order.goods),
        "shippingFee": _yuan(order.shipping),
        "discount": -given_up,
        "couponFee": _yuan(coupon),
        "refund": _yuan(state.refunded),
        "refundPayment": state.refunded,
        "sellerID": f"b2b-{order.shop.number}",
        "tradeType": "50060",
        "newStepOrderList": [_step(state)],
        "businessType": "cn",
        **{name: text for name, at in times.items() if (text := _written(at)) is not None},
    }
    out: dict[str, Any] = {"baseInfo": base, "productItems": [_item(state, line) for line in order.lines]}
    if buyer is not None:
        base |= {
            "buyerID": f"b2b-{buyer.open_uid}",
            "buyerUserId": 10_000_000_000 + order.index,
            "buyerLoginId": buyer.nick,
            "subBuyerLoginId": f"{buyer.nick}:temp",
            "buyerFeedback": f"电话 {buyer.phone}",
            "remark": f"请联系 {buyer.name}",
            "sellerContact": {"name": f"店主{CANARY}", "fax": f"0571-{CANARY}", "shopName": order.shop.store},
            "buyerContact": {"name": buyer.name, "phone": buyer.phone, "companyName": buyer.company},
        }
        out["nativeLogistics"] = {
            "province": buyer.state,
            "city": buyer.city,
            "area": buyer.district,
            "town": buyer.address,
            "address": buyer.address,
            "fax": buyer.phone,
            "logisticsItems": [{"noLogisticsName": buyer.name, "noLogisticsTel": buyer.phone}],
            "contactPerson": buyer.name,
            "mobile": buyer.phone,
            "telephone": buyer.phone,
            "zip": "310000",
        }
    return out


def _step(state: OrderState) -> dict[str, Any]:
    """The one step of an order that is paid at once."""
    paid = state.paid_at is not None
    closed = state.status == tl.CLOSED_UNPAID
    return {
        "stepNo": 1,
        "lastStep": True,
        "stepName": "全款交易",
        "activeStatus": 1,
        "payStatus": 2 if paid else 8 if closed else 1,
        "payFee": _yuan(state.order.total),
        "paidFee": _yuan(state.order.total if paid else 0),
        "postFee": _yuan(state.order.shipping),
        **({"gmtPay": _written(state.paid_at)} if paid else {}),
    }


def _item(state: OrderState, line: Line) -> dict[str, Any]:
    order = state.order
    return {
        "subItemID": market.line_id(order, line),
        "subItemIDString": str(market.line_id(order, line)),
        "productID": market.product_id(line),
        "skuID": market.sku_id(line),
        "cargoNumber": line.item.key,
        "name": line.item.chinese,
        "quantity": line.quantity,
        "price": _yuan(line.unit_price),
        "itemAmount": _yuan(line.paid),
        "entryDiscount": line.adjustment,
        "refund": 0,
        "status": _status(state),
        "logisticsStatus": 1 if state.shipped_at is None else 3 if state.completed_at else 2,
    }


def _product(view: ProductView, whole: bool) -> dict[str, Any]:
    """An offer: by SKU where SKUs differ in price, else by quantity, the smallest first. Prices are yuan."""
    item = view.item
    by_sku = len(set(view.prices)) > 1
    out: dict[str, Any] = {
        "productID": market.goods_id(item),
        "productType": "wholesale",
        "categoryID": item.category_id,
        "categoryName": item.category[-1],
        "subject": item.chinese,
        "productCargoNumber": item.key,
        "status": "published"
        if view.is_on_sale
        else ("expired", "modified", "member expired")[item.number % 3],
        "supplierLoginId": f"shop{CANARY}",
        "createTime": _written(view.listed),
        "lastUpdateTime": _written(view.modified),
        "modifyTime": _written(view.modified),
    }
    if whole:
        tiers = [{"startQuantity": 1, "price": _yuan(view.prices[0])}]
        tiers.append({"startQuantity": 50, "price": _yuan(view.prices[0] * 9 // 10)})
        out["saleInfo"] = {
            "quoteType": 1 if by_sku else 2 if len(item.skus) > 1 else 0,
            "priceRanges": [] if by_sku else tiers,
            "amountOnSale": float(sum(view.stock)),
            "unit": "件",
            "minOrderQuantity": 1,
        }
        out["skuInfos"] = [
            {
                "skuId": market.variant_id(item, place),
                "cargoNumber": f"{item.key}-{sku[0]}",
                "amountOnSale": view.stock[place],
                "price": _yuan(view.prices[place]) if by_sku else None,
            }
            for place, sku in enumerate(item.skus)
        ]
    return out


def _refund_id(refund: RefundState) -> str:
    return f"TQ{refund.refund.id}"


def _dispute(found: RefundState) -> str:
    """1 in sale, 2 after it."""
    return "1" if found.refund.plan.before_shipment else "2"


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    line = market.refunded_line(state, found)
    buyer, back = order.buyer, refund.plan.goods_return
    done = found.refunded_at is not None
    out: dict[str, Any] = {
        "refundId": _refund_id(found),
        "orderId": order.id,
        "orderEntryIdList": [market.line_id(order, line)],
        "orderEntryCountMap": {str(market.line_id(order, line)): line.quantity},
        "status": {
            tl.ASKED: "waitselleragree",
            tl.AGREED: "waitbuyersend",
            tl.RETURNING: "waitsellerreceive",
            tl.REFUNDED: "refundsuccess",
            tl.WITHDRAWN: "refundclose",
        }[found.phase],
        "applyPayment": refund.amount - refund.shipping,
        "applyCarriage": refund.shipping,
        "refundPayment": refund.amount - refund.shipping if done else 0,
        "refundCarriage": refund.shipping if done else 0,
        "canRefundPayment": order.goods,
        "goodsStatus": 3 if back and done else 1 if refund.plan.before_shipment else 2,
        "onlyRefund": not back,
        "disputeType": int(_dispute(found)),
        "applyReason": refund.reason,
        "gmtApply": _written(found.created),
        "gmtCreate": _written(found.created),
        "gmtModified": _written(found.modified),
    }
    if done:
        out["gmtCompleted"] = _written(found.refunded_at)
    if buyer is not None:
        out |= {
            "buyerMemberId": buyer.nick,
            "buyerLoginId": buyer.nick,
            "discription": f"电话 {buyer.phone}",
            "rejectReason": f"已联系 {buyer.phone}",
            "sellerRealName": f"店主{CANARY}",
            "sellerTel": f"0571-{CANARY}",
            "freightBill": f"YT{buyer.phone}",
            "extInfo": {"b2b_buyer_mId": f"b2b-{buyer.nick}"},
        }
    return out
