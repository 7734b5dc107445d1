"""The sandbox half of Taobao/Tmall: what TOP answers and refuses (platforms-cn §1).

Served under ``/taobao``: ``/router/rest`` (every method) and ``/token`` (oauth.taobao.com/token).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import timeline as tl
from extractors.sandbox.book import OrderBook, Row, refund_state
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI, SHOP_BY_STORE, Shop
from extractors.sandbox.orders import Line, OrderState, RefundState, locate_market
from extractors.sandbox.signatures import same, top
from extractors.sandbox.tokens import EXPIRED, GOOD, Grant, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

TIMESTAMP_TOLERANCE = 600
HISTORY = timedelta(days=92)
"""Three months, counted generously: the documents say 3 months and do not say how long a month is."""

_SYSTEM = frozenset(
    {
        "method",
        "app_key",
        "session",
        "timestamp",
        "v",
        "format",
        "sign_method",
        "sign",
        "simplify",
        "partner_id",
        "target_app_key",
    }
)
_TRADE_TYPES = frozenset(
    [
        "fixed",
        "auction",
        "guarantee_trade",
        "step",
        "independent_simple_trade",
        "independent_shop_trade",
        "auto_delivery",
        "ec",
        "cod",
        "game_equipment",
        "shopex_trade",
        "netcn_trade",
        "external_trade",
        "instant_trade",
        "b2c_cod",
        "hotel_trade",
        "super_market_trade",
        "super_market_cod_trade",
        "taohua",
        "waimai",
        "o2o_offlinetrade",
        "nopaid",
        "pre_auth_type",
        "eticket",
        "tmall_i18n",
        "insurance_plus",
        "finance",
        "lazada",
        "fenxiao",
    ]
)
_DEFAULT_TRADE_TYPES = frozenset({"guarantee_trade", "auto_delivery", "ec", "cod", "step"})
_DEFAULT_REFUND_TYPES = frozenset({"guarantee_trade", "auto_delivery"})
_TRADE_STATUSES = frozenset(
    {
        "TRADE_NO_CREATE_PAY",
        "WAIT_BUYER_PAY",
        "PAY_PENDING",
        "WAIT_PRE_AUTH_CONFIRM",
        "SELLER_CONSIGNED_PART",
        "WAIT_SELLER_SEND_GOODS",
        "PAID_FORBID_CONSIGN",
        "WAIT_BUYER_CONFIRM_GOODS",
        "TRADE_BUYER_SIGNED",
        "TRADE_FINISHED",
        "TRADE_CLOSED",
        "TRADE_CLOSED_BY_TAOBAO",
        "ALL_WAIT_PAY",
        "ALL_CLOSED",
    }
)
_REFUND_STATUSES = frozenset(
    {
        "WAIT_SELLER_AGREE",
        "WAIT_BUYER_RETURN_GOODS",
        "WAIT_SELLER_CONFIRM_GOODS",
        "SELLER_REFUSE_BUYER",
        "CLOSED",
        "SUCCESS",
        "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS",
        "EXCHANGE_TRANSFORM_TO_REFUND",
        "WAIT_SELLER_CONSIGN_GOODS",
    }
)

_TRADE_FIELDS = frozenset(
    [
        "tid",
        "tid_str",
        "status",
        "type",
        "title",
        "seller_nick",
        "buyer_nick",
        "buyer_open_uid",
        "num",
        "num_iid",
        "price",
        "total_fee",
        "payment",
        "post_fee",
        "discount_fee",
        "adjust_fee",
        "received_payment",
        "created",
        "pay_time",
        "consign_time",
        "modified",
        "end_time",
        "step_trade_status",
        "step_paid_fee",
        "shipping_type",
        "receiver_name",
        "receiver_state",
        "receiver_city",
        "receiver_district",
        "receiver_town",
        "receiver_address",
        "receiver_zip",
        "receiver_mobile",
        "receiver_phone",
        "receiver_country",
        "oaid",
        "has_buyer_message",
        "buyer_message",
        "seller_memo",
        "seller_flag",
        "service_orders",
        "order_tax_fee",
        "platform_subsidy_fee",
        "credit_card_fee",
        "mark_desc",
        "pic_path",
        "seller_rate",
        "buyer_rate",
        "coupon_fee",
        "alipay_point",
        "trade_from",
        "orders",
    ]
)
_FULLINFO_FIELDS = _TRADE_FIELDS | {"promotion_details", "logistics_infos", "invoice_name", "buyer_email"}
_ORDER_FIELDS = frozenset(
    [
        "oid",
        "oid_str",
        "num_iid",
        "sku_id",
        "outer_iid",
        "outer_sku_id",
        "title",
        "sku_properties_name",
        "price",
        "num",
        "total_fee",
        "discount_fee",
        "adjust_fee",
        "payment",
        "divide_order_fee",
        "part_mjz_discount",
        "refund_status",
        "refund_id",
        "status",
        "end_time",
        "consign_time",
        "logistics_company",
        "invoice_no",
        "store_code",
        "cid",
        "is_daixiao",
        "md_fee",
        "platform_subsidy_fee",
        "sub_order_tax_fee",
        "pic_path",
        "seller_type",
        "shipping_type",
    ]
)
_REFUND_FIELDS = frozenset(
    [
        "refund_id",
        "tid",
        "oid",
        "status",
        "order_status",
        "good_status",
        "has_good_return",
        "refund_fee",
        "total_fee",
        "payment",
        "reason",
        "desc",
        "created",
        "modified",
        "refund_phase",
        "dispute_type",
        "refund_version",
        "outer_id",
        "sku",
        "sid",
        "company_name",
        "buyer_nick",
        "buyer_open_uid",
        "seller_nick",
        "title",
        "num",
        "address",
        "shipping_type",
        "alipay_no",
        "attribute",
    ]
)
_REFUND_DETAIL_FIELDS = _REFUND_FIELDS | {"end_time", "num_iid", "price"}
_ITEM_FIELDS = frozenset(
    [
        "num_iid",
        "title",
        "nick",
        "type",
        "cid",
        "pic_url",
        "num",
        "props",
        "price",
        "list_time",
        "delist_time",
        "modified",
        "approve_status",
        "outer_id",
        "seller_cids",
        "has_discount",
        "has_invoice",
        "has_showcase",
        "valid_thru",
        "sold_quantity",
        "postage_id",
    ]
)


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that TOP has, for one desk."""
    gateway = Gateway(desk)
    return [
        Route("/router/rest", gateway.rest, methods=["GET", "POST"]),
        Route("/token", gateway.token, methods=["POST"]),
    ]


def _refusal(code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> Answer:
    error: dict[str, Any] = {"code": code, "msg": msg}
    if sub_code:
        error |= {"sub_code": sub_code, "sub_msg": sub_msg}
    return Answer(
        {"error_response": error | {"request_id": "sbx0error"}}, refusal=f"{code} {sub_code or msg}"
    )


def _invalid(sub_msg: str) -> Refusal:
    return Refusal(_refusal(15, "Remote service error", "isv.invalid-parameter", sub_msg))


@dataclass(frozen=True, slots=True)
class _Method:
    """A method: its own parameters, the fields it may be asked for, and who answers."""

    stream: str
    params: frozenset[str]
    required: frozenset[str]
    fields: frozenset[str] | None
    answer: Callable[[Gateway, _Call, Fault | None], dict[str, Any]]
    needs_session: bool = True


@dataclass(frozen=True, slots=True)
class _Call:
    """One accepted request: the seller's shop, the parameters, the fields asked for."""

    shop: Shop
    params: Mapping[str, str]
    fields: frozenset[str]
    order_fields: frozenset[str]
    now: int
    book: OrderBook


class Gateway:
    """TOP's router for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_key, self.secret = APP_KEYS["taobao"]
        desk.tokens = self.tokens = TokenDesk(
            "taobao", rotates=False, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refusal(
            27, "Invalid session", "invalid-sessionkey", "session key expired"
        )
        desk.touch = self._touch

    # ---- the two doors ---------------------------------------------------------------------------
    async def rest(self, request: Request) -> Response:
        """POST (or GET) /router/rest."""
        params = dict(request.query_params)
        if request.method == "POST":
            kind = request.headers.get("content-type", "")
            if not kind.startswith("application/x-www-form-urlencoded"):
                wrong = _refusal(9, "Http Action Not Allowed", "isv.invalid-content-type", kind)
                return await self.desk.serve("unknown", "", lambda fault: wrong)
            params |= dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        name = params.get("method", "")
        method = _METHODS.get(name)
        store = self._store(params.get("session", ""))
        stream = method.stream if method is not None else "unknown"
        simplify = params.get("simplify") == "true"
        as_json = params.get("format", "xml") == "json"

        def make(fault: Fault | None) -> Answer:
            try:
                answer = Answer(self._answer(name, method, params, store, fault, simplify))
            except Refusal as refusal:
                answer = refusal.answer
            if not as_json:
                answer.body = _xml(answer.body)
                answer.content_type = "text/xml;charset=utf-8"
            return answer

        return await self.desk.serve(stream, store, make, params)

    async def token(self, request: Request) -> Response:
        """POST /token: trades a refresh token for a new access token."""
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))

        def make(fault: Fault | None) -> Answer:
            grant = self._refresh(form)
            if isinstance(grant, Answer):
                return grant
            return Answer(_grant_fields(grant))

        return await self.desk.serve("token", "", make)

    def _refresh(self, form: Mapping[str, str]) -> Grant | Answer:
        def no(error: str, text: str) -> Answer:
            return Answer({"error": error, "error_description": text}, 400, refusal=f"token {error}")

        if (form.get("client_id"), form.get("client_secret")) != (self.app_key, self.secret):
            return no("invalid_client", "client_id or client_secret is wrong")
        if form.get("grant_type") != "refresh_token":
            return no("unsupported_grant_type", "grant_type must be refresh_token here")
        grant = self.tokens.refresh(form.get("refresh_token", ""))
        return grant if grant is not None else no("invalid_grant", "refresh token is expired or invalid")

    # ---- what the gateway checks, in its order ---------------------------------------------------
    def _store(self, session: str) -> str:
        return self.tokens.check(session).subject

    def _answer(
        self,
        name: str,
        method: _Method | None,
        params: Mapping[str, str],
        store: str,
        fault: Fault | None,
        simplify: bool,
    ) -> dict[str, Any]:
        self._check_system(name, method, params)
        if method is None:
            raise Refusal(_refusal(22, "Invalid method", "isv.invalid-method", name))
        if method.needs_session:
            self._check_session(params)
        unknown = set(params) - _SYSTEM - method.params
        if unknown:
            raise Refusal(_refusal(41, f"Invalid arguments:{','.join(sorted(unknown))}"))
        missing = sorted(key for key in method.required if not params.get(key))
        if missing:
            raise Refusal(_refusal(40, f"Missing required arguments:{missing[0]}"))
        shop = SHOP_BY_STORE[store] if method.needs_session else next(iter(SHOP_BY_STORE.values()))
        fields, order_fields = _asked(params.get("fields", ""), method.fields)
        call = _Call(shop, params, fields, order_fields, self.desk.now(), self.desk.world.books[shop.store])
        inner = method.answer(self, call, fault)
        inner["request_id"] = f"sbx{self.desk.now():x}"
        if simplify:
            return {key: _simplified(value) for key, value in inner.items()}
        return {name.removeprefix("taobao.").replace(".", "_") + "_response": inner}

    def _check_system(self, name: str, method: _Method | None, params: Mapping[str, str]) -> None:
        if not name:
            raise Refusal(_refusal(21, "Missing method"))
        if not params.get("app_key"):
            raise Refusal(_refusal(28, "Missing app key"))
        if params["app_key"] != self.app_key:
            raise Refusal(_refusal(29, "Invalid app key"))
        if not params.get("v"):
            raise Refusal(_refusal(32, "Missing version"))
        if params["v"] != "2.0":
            raise Refusal(_refusal(33, "Invalid version"))
        if params.get("format", "xml") not in ("json", "xml"):
            raise Refusal(_refusal(23, "Invalid format"))
        if not params.get("timestamp"):
            raise Refusal(_refusal(30, "Missing timestamp"))
        stamp = _moment(params["timestamp"])
        if stamp is None or all(
            abs(stamp - clock) > TIMESTAMP_TOLERANCE for clock in self.desk.control.clocks()
        ):
            raise Refusal(_refusal(31, "Invalid timestamp"))
        if not params.get("sign"):
            raise Refusal(_refusal(24, "Missing signature"))
        try:
            expected = top(params, self.secret, params.get("sign_method", ""))
        except ValueError:
            raise Refusal(
                _refusal(25, "Invalid signature", "isv.invalid-sign-method", params.get("sign_method", ""))
            ) from None
        if not same(expected, params["sign"]):
            raise Refusal(_refusal(25, "Invalid signature"))

    def _check_session(self, params: Mapping[str, str]) -> None:
        session = params.get("session", "")
        if not session:
            raise Refusal(_refusal(26, "Missing session"))
        verdict = self.tokens.check(session)
        if verdict.state == GOOD and verdict.subject in SHOP_BY_STORE:
            return
        text = "session key expired" if verdict.state == EXPIRED else "session key is invalid"
        raise Refusal(_refusal(27, "Invalid session", "invalid-sessionkey", text))

    def _touch(self, store: str, stream: str, place: int, params: Mapping[str, Any]) -> None:
        """Edits the order at ``place`` (newest first) of the window being read."""
        start, end = _moment(params.get("start_modified", "")), _moment(params.get("end_modified", ""))
        if start is None or end is None:
            return
        book = self.desk.world.books[store]
        rows = book.modified_between(start, end, self.desk.now())[::-1]
        if place < len(rows):
            book.touch(rows[place].day, rows[place].index, self.desk.now())

    # ---- the methods -----------------------------------------------------------------------------
    def sold_increment(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.trades.sold.increment.get: by modified time, newest first, at most a day."""
        start, end = _window(call, "start_modified", "end_modified", timedelta(days=1))
        types = _types(call.params, _DEFAULT_TRADE_TYPES)
        status = _choice(call.params, "status", _TRADE_STATUSES)
        oldest = call.now - int(HISTORY.total_seconds())
        rows = call.book.modified_between(start, end, call.now)
        return self._trades(call, rows[::-1], types, status, oldest, fault)

    def sold(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.trades.sold.get: by creation time, newest first, the last three months."""
        oldest = call.now - int(HISTORY.total_seconds())
        start = _instant(call.params, "start_created", oldest)
        end = _instant(call.params, "end_created", call.now)
        if start < oldest - 86_400:
            raise _invalid("start_created is more than 3 months ago")
        types = _types(call.params, _DEFAULT_TRADE_TYPES)
        status = _choice(call.params, "status", _TRADE_STATUSES)
        rows = [Row(0, day, index) for day, index in call.book.created_between(start, end, call.now)]
        return self._trades(call, rows[::-1], types, status, oldest, fault)

    def _trades(
        self,
        call: _Call,
        rows: list[Row],
        types: frozenset[str],
        status: str | None,
        oldest: int,
        fault: Fault | None,
    ) -> dict[str, Any]:
        buyer = call.params.get("buyer_open_uid")
        wanted = [
            row
            for row in rows
            if (order := call.book.order(row.day, row.index)).type in types
            and order.timeline.created >= oldest
            and (buyer is None or (order.buyer is not None and order.buyer.open_uid == buyer))
        ]
        if status is not None:
            wanted = [row for row in wanted if self._status(call, row) == status]

        def show(row: Row) -> dict[str, Any] | None:
            state = call.book.state(row.day, row.index, call.now)
            return None if state is None else _trade(state, call.fields, call.order_fields)

        return self._listing(call, wanted, "trades", "trade", show, fault, 100)

    @staticmethod
    def _status(call: _Call, row: Row) -> str:
        state = call.book.state(row.day, row.index, call.now)
        return _trade_status(state) if state is not None else ""

    def fullinfo(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.trade.fullinfo.get."""
        state = self._find(call, call.params["tid"])
        if state is None or str(state.order.id) != call.params["tid"]:
            raise Refusal(_refusal(15, "Remote service error", "isv.trade-not-exist", "trade does not exist"))
        return {"trade": _trade(state, call.fields, call.order_fields)}

    def refunds(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.refunds.receive.get: by modified time, newest first."""
        start = _instant(call.params, "start_modified", call.now - int(HISTORY.total_seconds()))
        end = _instant(call.params, "end_modified", call.now)
        if end < start:
            raise _invalid("end_modified is before start_modified")
        types = _types(call.params, _DEFAULT_REFUND_TYPES)
        status = _choice(call.params, "status", _REFUND_STATUSES)
        rows = call.book.refunds_modified_between(start, end, call.now)[::-1]
        wanted = [row for row in rows if call.book.order(row.day, row.index).type in types]

        def find(row: Row) -> tuple[OrderState, RefundState]:
            state = call.book.state(row.day, row.index, call.now)
            refund = refund_state(state, row.refund) if state is not None else None
            if state is None or refund is None:
                raise LookupError(f"a listed refund does not exist: {row}")
            return state, refund

        if status is not None:
            wanted = [row for row in wanted if _refund_status(find(row)[1]) == status]
        return self._listing(
            call, wanted, "refunds", "refund", lambda row: _refund(*find(row), call.fields), fault, 100
        )

    def refund(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.refund.get."""
        state = self._find(call, call.params["refund_id"])
        number = int(call.params["refund_id"]) % 10_000 - 9_000 if state is not None else 0
        found = refund_state(state, number) if state is not None else None
        if state is None or found is None:
            raise Refusal(
                _refusal(15, "Remote service error", "isv.refund-not-exist", "refund does not exist")
            )
        return {"refund": _refund(state, found, call.fields)}

    def _find(self, call: _Call, text: str) -> OrderState | None:
        place = locate_market(int(text)) if text.isdigit() else None
        if place is None or place[0] is not call.shop or not call.book.exists(place[1], place[2]):
            return None
        return call.book.state(place[1], place[2], call.now)

    def items_onsale(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.items.onsale.get."""
        return self._items(call, fault, on_sale=True)

    def items_inventory(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.items.inventory.get: what is not on sale."""
        return self._items(call, fault, on_sale=False)

    def _items(self, call: _Call, fault: Fault | None, *, on_sale: bool) -> dict[str, Any]:
        start = _instant(call.params, "start_modified", 0)
        end = _instant(call.params, "end_modified", call.now)
        column, _, direction = call.params.get("order_by", "list_time:desc").partition(":")
        keys: dict[str, Callable[[ProductView], Any]] = {
            "list_time": lambda p: (p.listed, p.item.number),
            "modified": lambda p: (p.modified, p.item.number),
            "num": lambda p: (sum(p.stock), p.item.number),
        }
        if column not in keys or direction not in ("asc", "desc"):
            raise _invalid("order_by must be list_time, modified or num with :asc or :desc")
        found = [
            p
            for p in self.desk.world.products(call.shop.store, call.now)
            if p.is_on_sale == on_sale
            and start <= p.modified <= end
            and call.params.get("q", "") in p.item.chinese
            and call.params.get("cid", str(p.item.category_id)) == str(p.item.category_id)
        ]
        found.sort(key=keys[column], reverse=direction == "desc")
        if _number(call.params, "page_no", 1) * _number(call.params, "page_size", 40) > 20_000:
            raise _invalid("page_no * page_size must not exceed 20000")
        return self._listing(call, found, "items", "item", lambda p: _item(call, p), fault, 200)

    def token_refresh(self, call: _Call, fault: Fault | None) -> dict[str, Any]:
        """taobao.top.auth.token.refresh: the fields of /token as a JSON string."""
        grant = self.tokens.refresh(call.params["refresh_token"])
        if grant is None:
            raise Refusal(
                _refusal(15, "Remote service error", "isv.invalid-refresh-token", "refresh token is invalid")
            )
        return {"token_result": orjson.dumps(_grant_fields(grant)).decode()}

    def _listing(
        self,
        call: _Call,
        rows: list[Any],
        outer: str,
        inner: str,
        show: Callable[[Any], dict[str, Any] | None],
        fault: Fault | None,
        most: int,
    ) -> dict[str, Any]:
        number, size = _number(call.params, "page_no", 1), _number(call.params, "page_size", 40)
        if not 1 <= size <= most:
            raise _invalid(f"page_size must be between 1 and {most}")
        if number < 1:
            raise _invalid("page_no must be at least 1")
        by_next = call.params.get("use_has_next", "false")
        if by_next not in ("true", "false"):
            raise _invalid("use_has_next must be true or false")
        key = tuple(sorted((k, v) for k, v in call.params.items() if k not in _SYSTEM and k != "page_no"))
        if not self.desk.announced((call.shop.store, outer, key), number, size, len(rows)):
            raise _invalid(f"page_no {number} is beyond the last page")
        page = self.desk.page(rows, number, size, fault)
        shown = [record for row in page.rows if (record := show(row)) is not None]
        out: dict[str, Any] = {outer: {inner: shown}} if shown else {}
        if by_next == "true":
            out["has_next"] = number * size < page.total
        else:
            out["total_results"] = page.total
        return out


# ---- parameters ----------------------------------------------------------------------------------
def _moment(text: str) -> int | None:
    """Epoch seconds of ``yyyy-MM-dd HH:mm:ss`` in Shanghai, None if it is not one."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).timestamp())
    except ValueError:
        return None


def _instant(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if not text:
        return default
    moment = _moment(text)
    if moment is None:
        raise _invalid(f"{name} must look like 2026-01-05 10:00:00")
    return moment


def _window(call: _Call, first: str, last: str, most: timedelta) -> tuple[int, int]:
    start, end = _instant(call.params, first, 0), _instant(call.params, last, 0)
    if end <= start:
        raise _invalid(f"{last} must be later than {first}")
    if end - start > most.total_seconds():
        raise _invalid(f"{first} and {last} must not be more than a day apart")
    if start < call.now - HISTORY.total_seconds():
        raise _invalid(f"{first} is more than 3 months ago")
    return start, end


def _number(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if not text:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise _invalid(f"{name} must be a number")
    return int(text)


def _choice(params: Mapping[str, str], name: str, allowed: frozenset[str]) -> str | None:
    text = params.get(name)
    if text and text not in allowed:
        raise _invalid(f"{name} {text} is unknown")
    return text or None


def _types(params: Mapping[str, str], default: frozenset[str]) -> frozenset[str]:
    """The trade types asked for. ``guarantee_trade`` is a group that stands for fixed and auction."""
    given = frozenset(t for t in params.get("type", "").split(",") if t)
    unknown = given - _TRADE_TYPES
    if unknown:
        raise _invalid(f"type {','.join(sorted(unknown))} is unknown")
    chosen = given or default
    return chosen | {"fixed", "auction"} if "guarantee_trade" in chosen else chosen


def _asked(text: str, allowed: frozenset[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    """(fields of the record, fields of its sub-orders)."""
    if allowed is None:
        return frozenset(), frozenset()
    names = [name.strip() for name in text.split(",") if name.strip()]
    nested = {name.removeprefix("orders.") for name in names if name.startswith("orders.")}
    plain = {name for name in names if not name.startswith("orders.")}
    unknown = sorted((plain - allowed) | {f"orders.{name}" for name in nested - _ORDER_FIELDS})
    if unknown or (nested and "orders" not in allowed):
        raise Refusal(_refusal(41, f"Invalid arguments:fields({','.join(unknown)})"))
    if "orders" in plain:
        nested = set(_ORDER_FIELDS) | {"undocumented"}
    return frozenset(plain), frozenset(nested)


# ---- records -------------------------------------------------------------------------------------
def _yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"


def _wall(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _trade_status(state: OrderState) -> str:
    status = state.status
    if status == tl.SHIPPED:
        return "WAIT_BUYER_CONFIRM_GOODS"
    if status == tl.CREATED and state.order.timeline.flow == "cod":
        return "WAIT_SELLER_SEND_GOODS"
    if status == tl.PAID:
        return "WAIT_SELLER_SEND_GOODS"
    return {
        tl.CREATED: "WAIT_BUYER_PAY",
        tl.DEPOSIT: "WAIT_BUYER_PAY",
        tl.SIGNED: "TRADE_BUYER_SIGNED",
        tl.COMPLETED: "TRADE_FINISHED",
        tl.CANCELLED: "TRADE_CLOSED",
        tl.CLOSED_UNPAID: "TRADE_CLOSED_BY_TAOBAO",
        tl.FORFEITED: "TRADE_CLOSED_BY_TAOBAO",
        tl.REFUSED: "TRADE_CLOSED_BY_TAOBAO",
    }[status]


def _step_status(state: OrderState) -> str:
    if state.paid_at is not None:
        return "FRONT_PAID_FINAL_PAID"
    if state.status == tl.FORFEITED:
        return "FRONT_PAID_FRONT_FORFEITED"
    return "FRONT_PAID_FINAL_NOPAID" if state.deposit_at is not None else "FRONT_NOPAID_FINAL_NOPAID"


def _trade(state: OrderState, fields: frozenset[str], order_fields: frozenset[str]) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    single = len(order.lines) == 1
    lines = order.lines
    whole = order.goods + order.shipping
    values: dict[str, Any] = {
        "tid": order.id,
        "tid_str": str(order.id),
        "status": _trade_status(state),
        "type": order.type,
        "title": order.shop.title,
        "seller_nick": order.shop.seller,
        "num": lines[0].quantity if single else 0,
        "num_iid": _num_iid(lines[0]),
        "price": _yuan(lines[0].unit_price),
        "total_fee": _yuan(sum(line.list_amount for line in lines)),
        "payment": _yuan(max(whole - state.refunded, 0)),
        "post_fee": _yuan(order.shipping),
        "discount_fee": _yuan(sum(line.item_discount + line.order_discount for line in lines)),
        "adjust_fee": _yuan(lines[0].adjustment if single else 0),
        "platform_subsidy_fee": _yuan(sum(line.subsidy for line in lines)),
        "received_payment": _yuan(max(whole - state.refunded, 0) if state.status == tl.COMPLETED else 0),
        "created": _wall(order.timeline.created),
        "modified": _wall(state.modified),
        "pay_time": _wall(state.paid_at if state.paid_at is not None else state.deposit_at),
        "consign_time": _wall(state.shipped_at),
        "end_time": _wall(state.ended_at),
        "shipping_type": "free" if order.shipping == 0 else "express",
        "seller_flag": {"brushed": 5, "test": 4}.get(state.exclusion or "", 1 if state.is_edited else 0),
        "seller_memo": "已联系买家" if state.is_edited else None,
        "has_buyer_message": order.index % 9 == 0,
        "coupon_fee": 0,
        "alipay_point": 0,
        "trade_from": "WAP,WAP",
        "credit_card_fee": "0.00",
        "order_tax_fee": "0.00",
        "seller_rate": False,
        "buyer_rate": False,
        "pic_path": f"https://img.example/{lines[0].item.key}.jpg",
    }
    if order.timeline.flow == "presale":
        values["step_trade_status"] = _step_status(state)
        paid = whole if state.paid_at is not None else order.deposit if state.deposit_at is not None else 0
        values["step_paid_fee"] = _yuan(paid)
    if buyer is not None:
        values |= {
            "buyer_nick": buyer.nick,
            "buyer_open_uid": buyer.open_uid,
            "oaid": f"1{buyer.key}Masked",
            "receiver_name": buyer.name,
            "receiver_state": buyer.state,
            "receiver_city": buyer.city,
            "receiver_district": buyer.district,
            "receiver_town": f"{buyer.district}街道",
            "receiver_address": buyer.address,
            "receiver_zip": "310000",
            "receiver_mobile": buyer.phone,
            "receiver_phone": buyer.phone,
            "receiver_country": "",
            "buyer_email": buyer.email,
            "invoice_name": buyer.company or None,
            "buyer_message": f"请放门口 {buyer.phone}" if order.index % 9 == 0 else None,
        }
    out = {name: value for name in fields if (value := values.get(name)) is not None}
    if order_fields:
        out["orders"] = {"order": [_sub_order(state, line, order_fields) for line in order.lines]}
    if "promotion_details" in fields and any(line.order_discount for line in lines):
        amount = _yuan(sum(line.order_discount for line in lines))
        out["promotion_details"] = {
            "promotion_detail": [
                {
                    "id": order.id,
                    "promotion_name": "满300减30",
                    "discount_fee": amount,
                    "promotion_id": "mjs-30",
                }
            ]
        }
    return out


def _num_iid(line: Line) -> int:
    return 620_000_000_000 + line.item.number


def _sku_id(line: Line) -> str:
    return str(5_100_000_000_000 + line.item.number * 100 + line.sku)


def _oid(state: OrderState, line: Line) -> int:
    """A trade with one line has its own id as oid."""
    return state.order.id if len(state.order.lines) == 1 else state.order.id + line.number


def _refund_of(state: OrderState, line: Line) -> RefundState | None:
    for refund in reversed(state.refunds):
        if (refund.refund.plan.line or 1) == line.number:
            return refund
    return None


def _sub_order(state: OrderState, line: Line, fields: frozenset[str]) -> dict[str, Any]:
    order, refund = state.order, _refund_of(state, line)
    single = len(order.lines) == 1
    status = _trade_status(state)
    whole_back = (
        refund is not None
        and refund.refunded_at is not None
        and refund.refund.plan.part in (tl.FULL, tl.LINE)
    )
    if whole_back and status not in ("TRADE_FINISHED", "TRADE_CLOSED"):
        status = "TRADE_CLOSED"
    name = line.item.skus[line.sku][1]
    values: dict[str, Any] = {
        "oid": _oid(state, line),
        "oid_str": str(_oid(state, line)),
        "num_iid": _num_iid(line),
        "sku_id": _sku_id(line),
        "outer_iid": line.item.key,
        "outer_sku_id": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "title": line.item.chinese,
        "sku_properties_name": f"规格:{name}",
        "price": _yuan(line.unit_price),
        "num": line.quantity,
        "total_fee": _yuan(line.net),
        "discount_fee": _yuan(line.item_discount),
        "adjust_fee": _yuan(line.adjustment),
        "payment": _yuan(line.paid + order.shipping if single else line.net),
        "divide_order_fee": _yuan(line.paid),
        "part_mjz_discount": _yuan(line.order_discount),
        "platform_subsidy_fee": _yuan(line.subsidy),
        "refund_status": "NO_REFUND" if refund is None else _refund_status(refund),
        "refund_id": None if refund is None else str(refund.refund.id),
        "status": status,
        "end_time": _wall(state.ended_at),
        "consign_time": _wall(state.shipped_at),
        "logistics_company": "圆通速递" if state.shipped_at else None,
        "invoice_no": f"YT{order.id % 10**13:013d}" if state.shipped_at else None,
        "cid": line.item.category_id,
        "is_daixiao": False,
        "store_code": "WH01",
        "sub_order_tax_fee": "0.00",
        "pic_path": f"https://img.example/{line.item.key}.jpg",
        "shipping_type": "express",
        "seller_type": "B" if "tmall" in order.shop.store else "C",
    }
    out = {key: value for key in fields if (value := values.get(key)) is not None}
    if "undocumented" in fields and order.index % 31 == 0:
        out["nr_outer_score"] = {"level": "A", "points": 9_007_199_254_740_993 + order.index}
    return out


def _refund_status(refund: RefundState) -> str:
    return {
        tl.ASKED: "WAIT_SELLER_AGREE",
        tl.AGREED: "WAIT_BUYER_RETURN_GOODS",
        tl.RETURNING: "WAIT_SELLER_CONFIRM_GOODS",
        tl.REFUNDED: "SUCCESS",
        tl.WITHDRAWN: "CLOSED",
    }[refund.phase]


def _refund(state: OrderState, found: RefundState, fields: frozenset[str]) -> dict[str, Any]:
    order, refund = state.order, found.refund
    line = order.lines[(refund.plan.line or 1) - 1]
    buyer = order.buyer
    back = refund.plan.goods_return
    done = found.refunded_at is not None
    paid = line.paid + (order.shipping if len(order.lines) == 1 else 0)
    values: dict[str, Any] = {
        "refund_id": str(refund.id),
        "tid": order.id,
        "oid": _oid(state, line),
        "status": _refund_status(found),
        "order_status": _trade_status(state),
        "has_good_return": back,
        "good_status": "BUYER_NOT_RECEIVED"
        if refund.plan.before_shipment
        else "BUYER_RETURNED_GOODS"
        if back and found.phase in (tl.RETURNING, tl.REFUNDED)
        else "BUYER_RECEIVED",
        "refund_fee": _yuan(refund.amount),
        "total_fee": _yuan(paid),
        "payment": _yuan(max(paid - refund.amount, 0)),
        "reason": refund.reason,
        "created": _wall(found.created),
        "modified": _wall(found.modified),
        "refund_phase": "aftersale"
        if state.completed_at and found.created >= state.completed_at
        else "onsale",
        "dispute_type": "REFUND_AND_RETURN" if back else "REFUND",
        "refund_version": found.modified * 1000,
        "outer_id": line.item.key,
        "sku": f"{_sku_id(line)}|规格:{line.item.skus[line.sku][1]}",
        "title": line.item.chinese,
        "num": line.quantity,
        "seller_nick": order.shop.seller,
        "shipping_type": "express",
        "company_name": "中通快递" if back and found.phase in (tl.RETURNING, tl.REFUNDED) else None,
        "sid": f"ZT{refund.id % 10**12}" if back and found.phase in (tl.RETURNING, tl.REFUNDED) else None,
        "num_iid": _num_iid(line),
        "price": _yuan(line.unit_price),
        "end_time": _wall(found.modified) if done or found.phase == tl.WITHDRAWN else None,
        "attribute": f";sbx:{refund.id % 97};",
    }
    if buyer is not None:
        values |= {
            "buyer_nick": buyer.nick,
            "buyer_open_uid": buyer.open_uid,
            "desc": f"请联系 {buyer.phone}",
            "alipay_no": buyer.email,
            "address": f"{buyer.name},{buyer.phone},{buyer.address}",
        }
    return {name: value for name in fields if (value := values.get(name)) is not None}


def _item(call: _Call, product: ProductView) -> dict[str, Any]:
    item = product.item
    values: dict[str, Any] = {
        "num_iid": 620_000_000_000 + item.number,
        "title": item.chinese,
        "nick": call.shop.seller,
        "type": "fixed",
        "cid": item.category_id,
        "pic_url": f"https://img.example/{item.key}.jpg",
        "num": sum(product.stock),
        "props": "",
        "price": _yuan(min(product.prices)),
        "list_time": _wall(product.listed),
        "delist_time": _wall(product.listed + 7 * 86_400),
        "modified": _wall(product.modified),
        "approve_status": "onsale" if product.is_on_sale else "instock",
        "outer_id": item.key,
        "seller_cids": f",{item.category_id % 1000},",
        "has_discount": False,
        "has_invoice": True,
        "has_showcase": False,
        "valid_thru": 7,
        "sold_quantity": item.number * 13,
        "postage_id": 0,
    }
    return {name: value for name in call.fields if (value := values.get(name)) is not None}


# ---- envelopes -----------------------------------------------------------------------------------
def _too_fast(seconds: float | None) -> Answer:
    hint = "" if seconds is None else f"This ban will last for {max(int(seconds), 1)} more seconds"
    return _refusal(7, "App Call Limited", "accesscontrol.limited-by-app-api-access-count", hint)


def _grant_fields(grant: Grant) -> dict[str, Any]:
    shop = SHOP_BY_STORE[grant.subject]
    life = grant.expires_in
    return {
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": life,
        "refresh_token": grant.refresh_token,
        "re_expires_in": grant.refresh_expires_in,
        "r1_expires_in": life,
        "r2_expires_in": life,
        "w1_expires_in": life,
        "w2_expires_in": life,
        "taobao_user_nick": shop.seller,
        "taobao_user_id": str(2_200_000_000_000 + shop.number),
    }


def _simplified(value: Any) -> Any:
    """``simplify=true`` drops the object around each list."""
    if isinstance(value, dict):
        if len(value) == 1:
            only = next(iter(value.values()))
            if isinstance(only, list):
                return [_simplified(entry) for entry in only]
        return {key: _simplified(entry) for key, entry in value.items()}
    return value


def _xml(body: dict[str, Any]) -> bytes:
    def write(name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(write(name, entry) for entry in value)
        if isinstance(value, dict):
            inner = "".join(write(key, entry) for key, entry in value.items())
            return f"<{name}>{inner}</{name}>"
        text = str(value).lower() if isinstance(value, bool) else escape(str(value))
        return f"<{name}>{text}</{name}>"

    declaration = '<?xml version="1.0" encoding="utf-8" ?>'
    return (declaration + "".join(write(name, value) for name, value in body.items())).encode()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PAGING = "fields page_no page_size use_has_next"
_METHODS: dict[str, _Method] = {
    "taobao.trades.sold.increment.get": _Method(
        "orders",
        _names(f"{_PAGING} start_modified end_modified status type buyer_open_uid"),
        _names("fields start_modified end_modified"),
        _TRADE_FIELDS,
        Gateway.sold_increment,
    ),
    "taobao.trades.sold.get": _Method(
        "orders",
        _names(f"{_PAGING} start_created end_created status type buyer_open_uid"),
        _names("fields"),
        _TRADE_FIELDS,
        Gateway.sold,
    ),
    "taobao.trade.fullinfo.get": _Method(
        "order", _names("fields tid include_oaid"), _names("fields tid"), _FULLINFO_FIELDS, Gateway.fullinfo
    ),
    "taobao.refunds.receive.get": _Method(
        "refunds",
        _names(f"{_PAGING} start_modified end_modified status type"),
        _names("fields"),
        _REFUND_FIELDS,
        Gateway.refunds,
    ),
    "taobao.refund.get": _Method(
        "refund",
        _names("fields refund_id"),
        _names("fields refund_id"),
        _REFUND_DETAIL_FIELDS,
        Gateway.refund,
    ),
    "taobao.items.onsale.get": _Method(
        "products",
        _names("fields page_no page_size q cid seller_cids order_by start_modified end_modified"),
        _names("fields"),
        _ITEM_FIELDS,
        Gateway.items_onsale,
    ),
    "taobao.items.inventory.get": _Method(
        "products",
        _names("fields page_no page_size q cid seller_cids order_by start_modified end_modified"),
        _names("fields"),
        _ITEM_FIELDS,
        Gateway.items_inventory,
    ),
    "taobao.top.auth.token.refresh": _Method(
        "token",
        _names("refresh_token"),
        _names("refresh_token"),
        None,
        Gateway.token_refresh,
        needs_session=False,
    ),
}


# ---- what a complete read holds ------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``).

    Trades of every type created in the last three months (API 128), refunds of every type (API 52), items on
    sale (API 18) and in stock (``items.inventory.get``).
    """
    shop = shop_of(account_id)
    window = (world, shop, start, end, now)
    oldest = now - int(HISTORY.total_seconds())
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {
            str(s.order.id) for s in orders_modified(*window) if s.order.timeline.created >= oldest
        },
        "refunds": lambda: {str(found.refund.id) for _, found in refunds_modified(*window)},
        "products": lambda: {str(620_000_000_000 + p.item.number) for p in products_modified(*window)},
    }
    return keys[stream]()
