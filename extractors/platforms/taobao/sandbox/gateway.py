"""TOP's two doors, ``/router/rest`` and ``/token``, and what the gateway checks before a method answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import form_of, query_of
from extractors.sandbox.book import Row
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.market import from_wall
from extractors.sandbox.merchants import SHOP_BY_STORE
from extractors.sandbox.signatures import same, top
from extractors.sandbox.tokens import EXPIRED, GOOD, Grant, TokenDesk

from .call import Call, Method
from .envelopes import as_xml, grant_fields, simplified, token_refresh, too_fast
from .items import items_inventory, items_onsale
from .late import hold_back, let_in
from .parameters import TIMESTAMP_TOLERANCE, fields_asked, top_error
from .rates import traderates
from .refunds import refund, refunds
from .trades import fullinfo, sold, sold_increment, sold_incrementv
from .words import (
    FULLINFO_FIELDS,
    ITEM_FIELDS,
    RATE_FIELDS,
    REFUND_DETAIL_FIELDS,
    REFUND_FIELDS,
    SYSTEM,
    TRADE_FIELDS,
    names,
)


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that TOP has, for one desk."""
    gateway = Gateway(desk)
    return [
        Route("/router/rest", gateway.rest, methods=["GET", "POST"]),
        Route("/token", gateway.token, methods=["POST"]),
    ]


class Gateway:
    """TOP's router for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_key, self.secret = APP_KEYS["taobao"]
        desk.tokens = self.tokens = TokenDesk(
            "taobao", rotates=False, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = too_fast
        desk.token_answer = lambda: top_error(
            27, "Invalid session", "invalid-sessionkey", "session key expired"
        )
        desk.touch = self._touch
        desk.touch_late = self._touch_late

    # ---- the two doors ---------------------------------------------------------------------------
    async def rest(self, request: Request) -> Response:
        """POST (or GET) /router/rest."""
        params = query_of(request)
        if request.method == "POST":
            kind = request.headers.get("content-type", "")
            if not kind.startswith("application/x-www-form-urlencoded"):
                wrong = top_error(9, "Http Action Not Allowed", "isv.invalid-content-type", kind)
                return await self.desk.serve("unknown", "", lambda fault: wrong)
            params |= await form_of(request)
        name = params.get("method", "")
        method = METHODS.get(name)
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
                answer.body = as_xml(answer.body)
                answer.content_type = "text/xml;charset=utf-8"
            return answer

        return await self.desk.serve(stream, store, make, params, method=name)

    async def token(self, request: Request) -> Response:
        """POST /token: trades a refresh token for a new access token."""
        form = await form_of(request)

        def make(fault: Fault | None) -> Answer:
            grant = self._refresh(form)
            if isinstance(grant, Answer):
                return grant
            return Answer(grant_fields(grant))

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
        method: Method | None,
        params: Mapping[str, str],
        store: str,
        fault: Fault | None,
        simplify: bool,
    ) -> dict[str, Any]:
        let_in(self.desk)
        self._check_system(name, method, params)
        if method is None:
            raise Refusal(top_error(22, "Invalid method", "isv.invalid-method", name))
        if method.needs_session:
            self._check_session(params)
        if name in self.desk.control.withheld:
            raise Refusal(
                top_error(11, "Insufficient isv permissions", "isv.permission-api-package-limit", name)
            )
        unknown = set(params) - SYSTEM - method.params
        if unknown:
            raise Refusal(top_error(41, f"Invalid arguments:{','.join(sorted(unknown))}"))
        missing = sorted(key for key in method.required if not params.get(key))
        if missing:
            raise Refusal(top_error(40, f"Missing required arguments:{missing[0]}"))
        shop = SHOP_BY_STORE[store] if method.needs_session else next(iter(SHOP_BY_STORE.values()))
        fields, order_fields = fields_asked(params.get("fields", ""), method.fields)
        call = Call(
            self.desk, shop, params, fields, order_fields, self.desk.now(), self.desk.world.books[shop.store]
        )
        inner = method.answer(call, fault)
        inner["request_id"] = f"sbx{self.desk.now():x}"
        if simplify:
            return {key: simplified(value) for key, value in inner.items()}
        return {name.removeprefix("taobao.").replace(".", "_") + "_response": inner}

    def _check_system(self, name: str, method: Method | None, params: Mapping[str, str]) -> None:
        if not name:
            raise Refusal(top_error(21, "Missing method"))
        if not params.get("app_key"):
            raise Refusal(top_error(28, "Missing app key"))
        if params["app_key"] != self.app_key:
            raise Refusal(top_error(29, "Invalid app key"))
        if not params.get("v"):
            raise Refusal(top_error(32, "Missing version"))
        if params["v"] != "2.0":
            raise Refusal(top_error(33, "Invalid version"))
        if params.get("format", "xml") not in ("json", "xml"):
            raise Refusal(top_error(23, "Invalid format"))
        if not params.get("timestamp"):
            raise Refusal(top_error(30, "Missing timestamp"))
        stamp = from_wall(params["timestamp"])
        if stamp is None or all(
            abs(stamp - clock) > TIMESTAMP_TOLERANCE for clock in self.desk.control.clocks()
        ):
            raise Refusal(top_error(31, "Invalid timestamp"))
        if not params.get("sign"):
            raise Refusal(top_error(24, "Missing signature"))
        try:
            expected = top(params, self.secret, params.get("sign_method", ""))
        except ValueError:
            raise Refusal(
                top_error(25, "Invalid signature", "isv.invalid-sign-method", params.get("sign_method", ""))
            ) from None
        if not same(expected, params["sign"]):
            raise Refusal(top_error(25, "Invalid signature"))

    def _check_session(self, params: Mapping[str, str]) -> None:
        session = params.get("session", "")
        if not session:
            raise Refusal(top_error(26, "Missing session"))
        verdict = self.tokens.check(session)
        if verdict.state == GOOD and verdict.subject in SHOP_BY_STORE:
            return
        text = "session key expired" if verdict.state == EXPIRED else "session key is invalid"
        raise Refusal(top_error(27, "Invalid session", "invalid-sessionkey", text))

    def _touch(self, store: str, stream: str, place: int, params: Mapping[str, Any]) -> None:
        """Edits the order at ``place`` (newest first) of the window being read."""
        row = self._listed(store, place, params)
        if row is not None:
            self.desk.world.books[store].touch(row.day, row.index, self.desk.now())

    def _touch_late(self, store: str, place: int, params: Mapping[str, Any], seconds: int) -> None:
        row = self._listed(store, place, params)
        if row is not None:
            hold_back(self.desk, store, row, seconds)

    def _listed(self, store: str, place: int, params: Mapping[str, Any]) -> Row | None:
        """The order at ``place`` (newest first) of the window being read."""
        start, end = (
            from_wall(params.get(f"{name}_modified", "") or params.get(f"{name}_create", ""))
            for name in ("start", "end")
        )
        if start is None or end is None:
            return None
        rows = self.desk.world.books[store].modified_between(start, end, self.desk.now())[::-1]
        return rows[place] if place < len(rows) else None


PAGING = "fields page_no page_size use_has_next"
METHODS: dict[str, Method] = {
    "taobao.trades.sold.increment.get": Method(
        "orders",
        names(f"{PAGING} start_modified end_modified status type ext_type tag rate_status buyer_open_uid"),
        names("fields start_modified end_modified"),
        TRADE_FIELDS,
        sold_increment,
    ),
    "taobao.trades.sold.incrementv.get": Method(
        "orders",
        names(f"{PAGING} start_create end_create status type ext_type tag"),
        names("fields start_create end_create"),
        TRADE_FIELDS | {"async_modified"},
        sold_incrementv,
    ),
    "taobao.trades.sold.get": Method(
        "orders",
        names(f"{PAGING} start_created end_created status type ext_type tag rate_status buyer_open_uid"),
        names("fields"),
        TRADE_FIELDS,
        sold,
    ),
    "taobao.trade.fullinfo.get": Method(
        "order", names("fields tid include_oaid"), names("fields tid"), FULLINFO_FIELDS, fullinfo
    ),
    "taobao.refunds.receive.get": Method(
        "refunds",
        names(f"{PAGING} start_modified end_modified status type"),
        names("fields"),
        REFUND_FIELDS,
        refunds,
    ),
    "taobao.refund.get": Method(
        "refund",
        names("fields refund_id"),
        names("fields refund_id"),
        REFUND_DETAIL_FIELDS,
        refund,
    ),
    "taobao.items.onsale.get": Method(
        "products",
        names("fields page_no page_size q cid seller_cids order_by start_modified end_modified"),
        names("fields"),
        ITEM_FIELDS,
        items_onsale,
    ),
    "taobao.items.inventory.get": Method(
        "products",
        names("fields page_no page_size q cid seller_cids banner order_by start_modified end_modified"),
        names("fields"),
        ITEM_FIELDS,
        items_inventory,
    ),
    "taobao.traderates.get": Method(
        "reviews",
        names(f"{PAGING} rate_type role result start_date end_date tid num_iid ouid"),
        names("fields rate_type role"),
        RATE_FIELDS,
        traderates,
    ),
    "taobao.top.auth.token.refresh": Method(
        "token",
        names("refresh_token"),
        names("refresh_token"),
        None,
        token_refresh,
        needs_session=False,
    ),
}
