"""The sandbox half of JD: what JOS answers and refuses (platforms-cn §2).

Served under ``/jd``: ``/routerjson`` (every method) and ``/oauth2/refresh_token`` (open-oauth.jd.com).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import query_of
from extractors.sandbox.book import OrderBook, refund_state
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, OrderState, RefundState
from extractors.sandbox.router import Call, Method, Router, Rules, names
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

NO_TIME = "0001-01-01 00:00:00"
DAY = 86_400
HISTORY = 89 * DAY  # three months, at their shortest

_STATES = names(
    "WAIT_SELLER_STOCK_OUT WAIT_SELLER_DELIVERY WAIT_GOODS_RECEIVE_CONFIRM WAIT_SEND_CODE FINISHED_L "
    "TRADE_CANCELED LOCKED POP_ORDER_PAUSE PAUSE"
)
_FIELDS = names(
    "orderId venderId orderType payType orderTotalPrice orderSellerPrice orderPayment shouldPay actualPay "
    "totalSellerReceivable freightPrice sellerDiscount balanceUsed orderState orderStateRemark "
    "orderStartTime orderEndTime paymentConfirmTime modified "
    "waybill logisticsId parentOrderId directParentOrderId returnOrder orderSource storeOrder "
    "storeId taxFee serviceFee orderSign pin open_id_buyer consigneeInfo itemInfoList couponDetailList "
    "invoiceEasyInfo vatInfo"
)
_WARE_FIELDS = names(
    "wareId title categoryId wareStatus outerId shopId itemNum colType multiCategoryId marketPrice jdPrice "
    "stockNum onlineTime offlineTime modified created"
)
_WARE_SORTS = names("wareId offlineTime onlineTime stockNum jdPrice modified")
# The gateway writes the name behind the number of a coupon and of a way to pay.
_COUPONS = {
    "30": "单品促销优惠",
    "34": "手机红包",
    "35": "满返满送(返现)",
    "39": "京豆优惠",
    "41": "京东券优惠",
    "52": "礼品卡优惠",
    "100": "店铺优惠",
}
DOCUMENTED = {"products": names("1 2 4 8 513 514 516 520 1028")}
_CODES = {
    "rate": ("2", "超过调用次数限制", "App Call Limited"),
    "fixed": ("5", "无效版本", "Invalid version"),
    "time": ("8", "无效时间戳", "Invalid timestamp"),
    "sign": ("12", "无效签名", "Invalid signature"),
    "method": ("15", "不存在的方法名", "Invalid method"),
    "token": ("19", "无效access_token", "Invalid access_token"),
    "expired": ("19", "access_token已过期", "Invalid access_token"),
    "key": ("21", "无效appkey", "Invalid app key"),
}


def _refuse(kind: str, text: str) -> Answer:
    code, chinese, english = _CODES.get(kind, ("60", f"参数{text}不合法", f"parameter {text} is not valid"))
    body = {"error_response": {"code": code, "zh_desc": chinese, "en_desc": english}}
    return Answer(body, refusal=f"{code} {kind}")


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that JD has, for one desk."""
    return gateway(desk, _METHODS, _visible)


def gateway(
    desk: Desk, methods: Mapping[str, Method], visible: Callable[[OrderState], bool] = lambda state: True
) -> list[BaseRoute]:
    """JOS itself, with the methods that an app may call."""
    rules = Rules(_refuse, fixed={"v": "2.0"}, envelope="360buy_param_json", tolerance=360)
    router = Router(desk, rules, methods, visible, rotates=True, access_life=30 * DAY, refresh_life=365 * DAY)

    async def refresh(request: Request) -> Response:
        given = query_of(request)

        def make(fault: Fault | None) -> Answer:
            if fault is not None:  # the token desk has no pages: whatever was ordered, it is busy
                return Answer({"code": 65, "msg": "平台处理超时", "requestId": "0"}, refusal="65 busy")
            if (given.get("app_key"), given.get("app_secret")) != (router.app_key, router.secret):
                return Answer({"code": 401, "msg": "invalid app_key or app_secret"}, refusal="token app")
            grant = router.tokens.refresh(given.get("refresh_token", ""))
            if given.get("grant_type") != "refresh_token" or grant is None:
                return Answer({"code": 403, "msg": "invalid refresh_token"}, refusal="token refresh")
            return Answer(
                {
                    "access_token": grant.access_token,
                    "expires_in": grant.expires_in,
                    "refresh_token": grant.refresh_token,
                    "time": str(desk.now() * 1000),
                    "token_type": "bearer",
                    "uid": grant.subject,
                    "open_id": f"o_{grant.subject}",
                }
            )

        return await desk.serve("token", "", make)

    return [
        Route("/routerjson", router.door, methods=["GET", "POST"]),
        Route("/oauth2/refresh_token", refresh, methods=["GET"]),
    ]


# ---- the methods ---------------------------------------------------------------------------------
def _search(call: Call, fault: Fault | None) -> Any:
    """jingdong.pop.order.search: by creation (dateType 1) or by modified time, a month at most."""
    asked = frozenset(call.params["optional_fields"].split(","))
    if asked - _FIELDS:
        raise call.invalid(f"optional_fields {','.join(sorted(asked - _FIELDS))}")
    states = frozenset(call.params.get("order_state", "").split(",")) - {""}
    if states - _STATES:
        raise call.invalid(f"order_state {','.join(sorted(states - _STATES))}")
    by_creation = call.params.get("dateType") == "1"
    oldest = 730 * DAY if by_creation else HISTORY
    start, end = call.window("start_date", "end_date", 31 * DAY, oldest)
    if by_creation:
        found = [
            call.book.state(day, n, call.now) for day, n in call.book.created_between(start, end, call.now)
        ]
    else:
        rows = call.book.modified_between(start, end, call.now)
        found = [call.book.state(row.day, row.index, call.now) for row in rows]
    wanted = [s for s in found if s is not None and _visible(s) and (not states or _state(s) in states)]
    if call.params.get("sortType") == "1":
        wanted.reverse()
    shown, total, _, _ = call.page(wanted, fault, page="page", default=10, last=300)
    listing = {"orderInfoList": [_order(state, asked) for state in shown]} if shown else {}
    result = {"apiResult": {"success": True, "errorCode": "", "chineseErrCode": "成功"}, "orderTotal": total}
    return {"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": result | listing}}


def _refund_applies(call: Call, fault: Fault | None) -> Any:
    """jingdong.pop.afs.soa.refundapply.queryPageList: cancelled before shipment; fen."""
    moments = _one_span(call, "Start", "End", {"applyTime": None, "checkTime": None})
    shown, total, _, _ = call.page(
        [
            (state, found)
            for state, found in _refunds(call, before_shipment=True)
            if any(_within(_times(state, found)[name], span) for name, span in moments.items())
        ],
        fault,
        page="pageIndex",
        size="pageSize",
        default=10,
        most=50,
        last=100,
    )
    result = {"success": True, "totalCount": total, "result": [_apply(*entry) for entry in shown]}
    return {"jingdong_pop_afs_soa_refundapply_queryPageList_responce": {"code": "0", "queryResult": result}}


def _services(call: Call, fault: Fault | None) -> Any:
    """jingdong.asc.serviceAndRefund.view: after shipment; asked for in 7 days or approved in 10."""
    moments = _one_span(call, "Begin", "End", {"applyTime": 7 * DAY, "approveTime": 10 * DAY})
    shown, total, _, _ = call.page(
        [
            (state, found)
            for state, found in _refunds(call, before_shipment=False)
            if any(_within(_times(state, found)[name], span) for name, span in moments.items())
        ],
        fault,
        page="pageNumber",
        size="pageSize",
        default=10,
        most=50,
    )
    result = {"success": True, "code": "00000", "totalCount": total, "data": [_service(*e) for e in shown]}
    return {"jingdong_asc_serviceAndRefund_view_responce": {"code": "0", "pageResult": result}}


def _wares(call: Call, fault: Fault | None) -> Any:
    """jingdong.ware.read.searchWare4Valid: all that is not deleted, by modified time."""
    asked = frozenset(call.params.get("field", "wareId,title,wareStatus").split(","))
    if asked - _WARE_FIELDS:
        raise call.invalid(f"field {','.join(sorted(asked - _WARE_FIELDS))}")
    status = frozenset(call.params.get("wareStatusValue", "").split(",")) - {""}
    if status - DOCUMENTED["products"]:
        raise call.invalid("wareStatusValue")
    sort = call.choice("orderField", _WARE_SORTS, "wareId")
    backwards = call.choice("orderType", names("asc desc"), "desc") == "desc"
    start, end = 0, call.now
    if "startModifiedTime" in call.params or "endModifiedTime" in call.params:
        start, end = call.window("startModifiedTime", "endModifiedTime", None)
    found = [
        _ware_record(view)
        for view in call.desk.world.products(call.shop.store, call.now)
        if start <= view.modified <= end
    ]
    found = [ware for ware in found if not status or str(ware["wareStatus"]) in status]
    found.sort(key=lambda ware: (ware.get(sort) or 0, ware["wareId"]), reverse=backwards)
    shown, total, number, size = call.page(found, fault, page="pageNo", size="pageSize", default=10)
    data = [{name: value for name, value in ware.items() if name in asked} for ware in shown]
    page = {"data": data, "totalItem": total, "pageNo": number, "pageSize": size}
    return {"jingdong_ware_read_searchWare4Valid_responce": {"code": "0", "page": page}}


def _one_span(
    call: Call, first: str, last: str, allowed: dict[str, int | None]
) -> dict[str, tuple[int, int]]:
    """The one span of times asked for; two at once narrow each other, none is refused."""
    given = {
        name: call.window(f"{name}{first}", f"{name}{last}", most)
        for name, most in allowed.items()
        if f"{name}{first}" in call.params
    }
    if len(given) != 1:
        raise call.invalid("give one span of times")
    return given


def _refunds(call: Call, before_shipment: bool) -> Iterable[tuple[OrderState, RefundState]]:
    """All refunds of one kind that the vendor still shows, newest application first."""
    return _shown(call.book, call.book.version, call.now, before_shipment)


@lru_cache(maxsize=16)  # the pages of one read ask for the same
def _shown(
    book: OrderBook, version: int, now: int, before_shipment: bool
) -> tuple[tuple[OrderState, RefundState], ...]:
    found = []
    for row in book.refunds_modified_between(now - HISTORY, now, now):
        state = book.state(row.day, row.index, now)
        refund = refund_state(state, row.refund) if state is not None else None
        if state and refund and refund.refund.plan.before_shipment == before_shipment:
            found.append((state, refund))
    return tuple(sorted(found, key=lambda pair: (-pair[1].created, pair[1].refund.id)))


def _times(state: OrderState, found: RefundState) -> dict[str, int | None]:
    """When it was asked for, decided and ended (the last two in one where nothing comes back)."""
    steps = [
        event.at
        for event in state.order.timeline.events
        if event.refund == found.refund.plan.number and event.what != tl.ASKED and event.at <= found.modified
    ]
    decided = min(steps, default=None)
    ended = found.modified if found.phase in (tl.REFUNDED, tl.WITHDRAWN) else None
    return {"applyTime": found.created, "checkTime": decided, "approveTime": decided, "completeTime": ended}


def _within(at: int | None, span: tuple[int, int]) -> bool:
    return at is not None and span[0] <= at <= span[1]


# ---- records -------------------------------------------------------------------------------------
def _state(state: OrderState) -> str | None:
    """The order's state; None while nobody has paid: such orders are in no list."""
    if state.status == tl.CREATED:
        return None
    if state.status == tl.PAID:
        open_refund = any(r.refund.plan.before_shipment and r.refunded_at is None for r in state.refunds)
        return "LOCKED" if open_refund else "WAIT_SELLER_STOCK_OUT"
    if state.status == tl.CANCELLED:
        return "FINISHED_L" if state.shipped_at else "TRADE_CANCELED"
    return {
        tl.SHIPPED: "WAIT_GOODS_RECEIVE_CONFIRM",
        tl.COMPLETED: "FINISHED_L",
        tl.CLOSED_UNPAID: "TRADE_CANCELED",
    }[state.status]


def _visible(state: OrderState) -> bool:
    return _state(state) is not None


def _sku(line: Line) -> str:
    return str(10_030_000_000_000 + line.item.number * 100 + line.sku)


def _ware(line: Line) -> str:
    return str(10_020_000_000_000 + line.item.number)


def _ware_record(view: ProductView) -> dict[str, Any]:
    """A ware: prices in yuan, as numbers; times in milliseconds. Of some a change waits for its review."""
    on_sale = 520 if view.item.number % 7 == 0 else 8
    return {
        "wareId": 10_020_000_000_000 + view.item.number,
        "title": view.item.chinese,
        "categoryId": view.item.category_id,
        "wareStatus": on_sale if view.is_on_sale else (2, 4, 1028)[view.item.number % 3],
        "outerId": view.item.key,
        "shopId": 20_000,
        "itemNum": view.item.key,
        "colType": 0,
        "multiCategoryId": view.item.category_id,
        "marketPrice": min(view.prices) / 80,
        "jdPrice": min(view.prices) / 100,
        "stockNum": sum(view.stock),
        "onlineTime": view.listed * 1000,
        "offlineTime": None if view.is_on_sale else view.modified * 1000,
        "modified": view.modified * 1000,
        "created": (view.listed - 3_600) * 1000,
    }


def _order(state: OrderState, asked: frozenset[str]) -> dict[str, Any]:
    order, buyer, lines = state.order, state.order.buyer, state.order.lines
    listed = sum(line.list_amount for line in lines)
    of_items = [line.item_discount - line.adjustment for line in lines]
    of_order = sum(line.order_discount for line in lines)
    subsidy = sum(line.subsidy for line in lines)
    coupons = [(_sku(line), "30", own) for line, own in zip(lines, of_items, strict=True) if own]
    coupons += [("", "35" if order.index % 2 else "100", of_order)] if of_order else []
    coupons += [("", ("34", "39", "41")[order.index % 3], subsidy)] if subsidy else []
    by_card = order.goods // 4 if order.index % 17 == 0 else 0  # a way to pay, no discount
    coupons += [("", "52", by_card)] if by_card else []
    values: dict[str, Any] = {
        "orderId": str(order.id),
        "venderId": str(10_000 + order.shop.number),
        "orderType": "22",
        "payType": "4-在线支付",
        "orderTotalPrice": yuan(listed),
        "orderSellerPrice": yuan(listed - sum(of_items) - of_order),
        "orderPayment": "" if order.index % 3 else yuan(order.goods + order.shipping),
        "shouldPay": yuan(order.goods + order.shipping),
        "actualPay": yuan(order.goods + order.shipping - by_card),
        "totalSellerReceivable": yuan(order.goods + order.shipping + subsidy),
        "freightPrice": yuan(order.shipping),
        "sellerDiscount": yuan(sum(of_items) + of_order),
        "balanceUsed": "0.00",
        "orderState": _state(state),
        "orderStateRemark": "",
        "orderStartTime": wall(order.timeline.created),
        "orderEndTime": wall(state.ended_at) or NO_TIME,
        "paymentConfirmTime": wall(state.paid_at) or (NO_TIME if order.index % 2 else "1970-01-01 00:00:00"),
        "modified": wall(state.modified),
        "waybill": f"JDV{order.id % 10**12}" if state.shipped_at else "",
        "logisticsId": "2087" if state.shipped_at else "",
        "parentOrderId": "0",
        "directParentOrderId": "0",
        "returnOrder": "0",
        "orderSource": "移动端订单",
        "storeOrder": "",
        "storeId": "0",
        "taxFee": "0.00",
        "serviceFee": "0.00",
        "orderSign": {"10": "0", "11": "1" if state.is_edited else "0"},
        "itemInfoList": [
            {
                "skuId": _sku(line),
                "wareId": _ware(line),
                "outerSkuId": f"{line.item.key}-{line.item.skus[line.sku][0]}",
                "skuName": f"{line.item.chinese} {line.item.skus[line.sku][1]}",
                "jdPrice": yuan(line.unit_price),
                "itemTotal": str(line.quantity),
                "productNo": line.item.key,
                "giftPoint": "0",
                "newStoreId": "0",
            }
            for line in lines
        ],
        "couponDetailList": [
            {
                "orderId": str(order.id),
                "skuId": sku,
                "couponType": f"{kind}-{_COUPONS[kind]}",
                "couponPrice": yuan(amount),
            }
            for sku, kind, amount in coupons
        ],
    }
    if buyer is not None:
        values |= {
            "pin": buyer.nick,
            "open_id_buyer": buyer.open_uid,
            "consigneeInfo": {
                "fullname": buyer.name,
                "mobile": buyer.phone,
                "telephone": buyer.phone,
                "fullAddress": buyer.address,
                "encrypt_fullname": f"enc{buyer.name}",
                "encrypt_mobile": f"enc{buyer.phone}",
                "province": buyer.state,
                "city": buyer.city,
                "county": buyer.district,
            },
            "invoiceEasyInfo": {
                "invoiceTitle": buyer.company or buyer.name,
                "invoiceConsigneeEmail": buyer.email,
            },
            "vatInfo": {"userName": buyer.name},
        }
    return {name: value for name, value in values.items() if name in asked}


def _apply(state: OrderState, found: RefundState) -> dict[str, Any]:
    buyer, decided = state.order.buyer, _times(state, found)["checkTime"]
    out = {
        "id": found.refund.id,
        "orderId": str(state.order.id),
        "applyRefundSum": found.refund.amount,
        "status": {tl.ASKED: 0, tl.REFUNDED: 3, tl.WITHDRAWN: 2}.get(found.phase, 1),
        "applyTime": wall(found.created),
        "checkTime": wall(decided),
        "modified": wall(found.modified),
        "reason": found.refund.reason,
    }
    if buyer is not None:
        out |= {
            "buyerId": buyer.nick,
            "buyerName": buyer.name,
            "open_id_buyer": buyer.open_uid,
            "checkRemark": f"已联系 {buyer.phone}",
        }
    return out


def _service(state: OrderState, found: RefundState) -> dict[str, Any]:
    plan, buyer = found.refund.plan, state.order.buyer
    line = state.order.lines[(plan.line or 1) - 1]
    decided = _times(state, found)["approveTime"]
    bill = {
        "serviceId": found.refund.id,
        "afsApplyId": found.refund.id - 1,
        "orderId": state.order.id,
        "wareId": int(_ware(line)),
        "wareName": line.item.chinese,
        "serviceCount": line.quantity,
        "customerExpect": 10 if plan.goods_return else 20,
        "applyReason": found.refund.reason,
        "afsApplyTime": found.created * 1000,
        "approveDate": decided * 1000 if decided else None,
    }
    if buyer is not None:
        bill |= {"customerPin": buyer.nick, "customerName": buyer.name, "customerTel": buyer.phone}
        bill |= {"pickwareAddress": buyer.address, "questionDesc": f"请联系 {buyer.phone}"}
    done = found.phase in (tl.REFUNDED, tl.WITHDRAWN)
    return {
        "afsRefundId": found.refund.id + 5 if done else None,
        "refoundAmount": found.refund.amount / 100,
        "completeTime": found.modified * 1000 if done else None,
        "status": {tl.REFUNDED: 13, tl.WITHDRAWN: 14}.get(found.phase),
        "sameOrderServiceBill": bill,
    }


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``).

    A refund changes when it is asked for, decided and completed: its last step is its modified time.
    """
    shop: Shop = shop_of(account_id)
    if stream == "orders":
        return {str(s.order.id) for s in orders_modified(world, shop, start, end, now) if _visible(s)}
    if stream == "products":
        wares = products_modified(world, shop, start, end, now)
        return {str(10_020_000_000_000 + view.item.number) for view in wares}
    before = {"cancellations": True, "after_sales": False}[stream]
    last = "modified" if before else "completeTime"
    found = set()
    for state, refund in refunds_modified(world, shop, start - 50 * DAY, now + 1, now):
        times = _times(state, refund) | {"modified": refund.modified}
        at = times[last] or times["approveTime"] or refund.created
        if refund.refund.plan.before_shipment == before and start <= at < end:
            found.add(str(refund.refund.id))
    return found


_SPAN = "pageIndex pageSize ids status orderId buyerId buyerName storeId showSku open_id_buyer xid_buyer"
_METHODS: dict[str, Method] = {
    "jingdong.pop.order.search": Method(
        "orders",
        _search,
        names("start_date end_date optional_fields page page_size"),
        names("order_state sortType dateType source_id"),
        window=("start_date", "end_date"),
    ),
    "jingdong.pop.afs.soa.refundapply.queryPageList": Method(
        "cancellations",
        _refund_applies,
        frozenset(),
        names(f"{_SPAN} applyTimeStart applyTimeEnd checkTimeStart checkTimeEnd"),
    ),
    "jingdong.asc.serviceAndRefund.view": Method(
        "after_sales",
        _services,
        names("pageNumber pageSize"),
        names("orderId applyTimeBegin applyTimeEnd approveTimeBegin approveTimeEnd extJsonStr buId"),
    ),
    "jingdong.ware.read.searchWare4Valid": Method(
        "products",
        _wares,
        frozenset(),
        names(
            "wareId searchKey searchField categoryId shopCategoryIdLevel1 shopCategoryIdLevel2 templateId "
            "promiseId brandId featureKey featureValue wareStatusValue itemNum barCode colType "
            "startCreatedTime endCreatedTime startJdPrice endJdPrice startOnlineTime endOnlineTime "
            "startModifiedTime endModifiedTime startOfflineTime endOfflineTime startStockNum endStockNum "
            "orderField orderType pageNo pageSize transportId claim groupId multiCategoryId warePropKey "
            "warePropValue field"
        ),
    ),
}
