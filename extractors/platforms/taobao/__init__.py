"""Taobao and Tmall, through TOP (淘宝开放平台). Facts from the protocol and API pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Record, Request, Stream
from extractors.core.paging import ForwardPages, LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import (
    PERMISSION_ADVICE,
    AuthError,
    ConfigError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import Personal, dig
from extractors.protocols.oauth import ends_in, refresh_form, token_reader
from extractors.protocols.restraint import until_midnight
from extractors.protocols.signed_form import (
    Dialect,
    SignedForm,
    expect_object,
    seconds_named_in,
)
from extractors.protocols.signing import md5_wrapped
from extractors.tokens import Tokens

ZONE = "Asia/Shanghai"

# Unless told, the API leaves out most kinds of trade (API 128, parameter `type`).
TRADE_TYPES = (
    "fixed,auction,guarantee_trade,step,independent_simple_trade,independent_shop_trade,auto_delivery,ec,cod,"
    "game_equipment,shopex_trade,netcn_trade,external_trade,instant_trade,b2c_cod,hotel_trade,"
    "super_market_trade,super_market_cod_trade,taohua,waimai,o2o_offlinetrade,nopaid,pre_auth_type,eticket,"
    "tmall_i18n,insurance_plus,finance,lazada,fenxiao"
)
# Trades of an extended type are asked for by it, one at a time (second hand, services, marked in promotions).
EXT_TYPES = ("ershou", "service", "mark")
TRADE_FIELDS = (
    "tid,tid_str,status,type,title,seller_nick,buyer_open_uid,num,total_fee,payment,post_fee,discount_fee,"
    "adjust_fee,received_payment,created,pay_time,consign_time,modified,end_time,step_trade_status,"
    "step_paid_fee,shipping_type,receiver_state,seller_flag,platform_subsidy_fee,order_tax_fee,orders"
)
REFUND_FIELDS = (
    "refund_id,tid,oid,status,order_status,good_status,has_good_return,refund_fee,total_fee,payment,reason,"
    "created,modified,refund_phase,dispute_type,refund_version,outer_id,sku"
)
ITEM_FIELDS = "num_iid,title,cid,seller_cids,outer_id,price,num,approve_status,list_time,delist_time,modified"

# Without the buyer's nick and the texts: what is not asked for cannot land.
RATE_FIELDS = "tid,oid,role,result,created,num_iid,valid_score"

OFF_SALE = ("for_shelved", "sold_out", "violation_off_shelf")  # the first holds what the shop itself took off

DEPTH = 20_000  # page_no × page_size; the item page gives two figures, this is the smaller one

# API 55 gives at most 1,500 reviews of one window. A window with 1,500 may hold more, so it is split, too.
RATES_DEPTH = 1_499

# 1, 4, 5 and 6 (user, session, partner) stand in the table of the vendor's SDK alone.
RATE_CODES = {"4", "5", "6", "7", "8"}
RETRY_CODES = {"1", "10", "15"}
TOKEN_CODES = {"26", "27", "42", "44"}
PERMISSION_CODES = {"11", "12", "13", "53"}
SALE_WAIT = 300.0  # seconds between two looks whether trades have their lines again


def error_of(body: Any) -> DaybookError | None:
    """The error in a TOP answer (HTTP 200 even then), by the table of the protocol page."""
    found = expect_object(body, "TOP").get("error_response")
    if found is None:
        return _short_of_lines(body)
    code, sub_code = str(found.get("code")), str(found.get("sub_code") or "")
    text = f"TOP error {code} {sub_code}: {found.get('sub_msg') or found.get('msg')}".replace("  ", " ")
    if code in RATE_CODES:
        if sub_code == "accesscontrol.limited-by-app-access-count":
            wait = until_midnight(ZONE)
            return RateLimitedError(text, retry_after=wait, advice="the app's daily quota is spent")
        return RateLimitedError(text, retry_after=seconds_named_in(str(found.get("sub_msg") or "")))
    # isp.* is the platform's trouble; isv.* is the caller's, and comes again when asked again.
    if sub_code.startswith("isp.") or (code in RETRY_CODES and not sub_code.startswith("isv.")):
        return TransientError(text)
    if code == "31":
        return ConfigError(text, advice="set the clock of this machine: TOP allows ten minutes either way")
    if code in TOKEN_CODES:
        return AuthError(text, refreshable=True, advice="authorise the shop again and update the connection")
    if code in PERMISSION_CODES:
        return ConfigError(text, advice=PERMISSION_ADVICE)
    if code == "25":
        return AuthError(text, advice="the app secret of the connection does not match the app key")
    return ConfigError(text, advice="check the account's configuration against the API page")


def _short_of_lines(body: dict[str, Any]) -> DaybookError | None:
    """Around a great sale the lists of trades leave out the lines and the payments of every trade."""
    lists = [dig(part, ("trades", "trade")) for part in body.values() if isinstance(part, dict)]
    trades = [trade for found in lists if isinstance(found, list) for trade in found]
    if not trades or any(not isinstance(trade, dict) or trade.get("orders") for trade in trades):
        return None
    return RateLimitedError(
        "TOP leaves out the lines of all trades, as it does in the hours around a great sale",
        retry_after=SALE_WAIT,
        advice="run again two hours after the sale began (TOP announces these hours as 大促API服务调整公告)",
    )


_read_pair = token_reader(refresh_life="re_expires_in")


def read_tokens(body: bytes) -> Tokens:
    """The pair of `POST https://oauth.taobao.com/token`. A renewal lengthens r1, what every app may read, and
    with many types of app not r2, where trades are: where r2 ends first, so does the authorisation."""
    tokens = _read_pair(body)
    trades = ends_in(loads(body, "token refresh").get("r2_expires_in"))
    if trades and tokens.expires_at and trades < tokens.expires_at - timedelta(minutes=1):
        ends = (trades, tokens.refresh_expires_at or trades)
        return replace(tokens, refresh_expires_at=min(ends))
    return tokens


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    token="session",  # noqa: S106  the name of a parameter
    constants={"v": "2.0", "format": "json", "sign_method": "md5"},
    refresh_url="https://oauth.taobao.com/token",
    refresh_form=refresh_form(),
    refresh_read=read_tokens,
)


def _listed(
    method: str, fields: str, records: str, size: int, window: Window, clock: str = "modified", **more: Any
) -> Read:
    """A list over a window of one of its clocks: the time of change, or of entry into TOP (`create`)."""
    envelope = method.removeprefix("taobao.").replace(".", "_") + "_response"
    paging = LastPageFirst(
        records_at(f"{envelope}.{records}"), number_at(f"{envelope}.total_results"), size, depth=DEPTH
    )
    params = {
        "fields": fields,
        f"start_{clock}": _local(window.start),
        f"end_{clock}": _local(window.end),
        **more,
    }
    return Read(Request(method, "/router/rest", params), paging)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    """By the time of change, then by the time of entry: a row that reached TOP late has a change time whose
    window was read before it was there. What both hold is written once. The option `late_rows: false` leaves
    the second out, for apps that may not call it."""
    change = ("taobao.trades.sold.increment.get", "modified")
    entry = ("taobao.trades.sold.incrementv.get", "create")
    ways = (change, entry) if account.switch("late_rows", True) else (change,)
    # What came in within a window holds what changed in it and came in at once: the rare types need one way.
    wanted: list[tuple[tuple[str, str], str | None]] = [(way, None) for way in ways]
    for (method, clock), ext_type in wanted + [(ways[-1], name) for name in EXT_TYPES]:
        more: dict[str, Any] = {"type": TRADE_TYPES, "ext_type": ext_type, "use_has_next": False}
        yield _listed(method, TRADE_FIELDS, "trades.trade", 100, window, clock, **more)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    more: dict[str, Any] = {"type": TRADE_TYPES, "use_has_next": False}
    yield _listed("taobao.refunds.receive.get", REFUND_FIELDS, "refunds.refund", 100, window, **more)


def _items(account: Account, window: Window) -> Iterator[Read]:
    # An item that goes off sale must not stay on sale with us. What is off sale is asked for by the reason:
    # unless told, the API leaves out what sold out and what the platform took off.
    shelves = [("onsale", None)] + [("inventory", banner) for banner in OFF_SALE]
    for shelf, banner in shelves:
        more: dict[str, Any] = {"order_by": "modified:asc", "banner": banner}
        yield _listed(f"taobao.items.{shelf}.get", ITEM_FIELDS, "items.item", 200, window, **more)


RATES = ForwardPages(
    records_at("traderates_get_response.trade_rates.trade_rate"),
    number_at("traderates_get_response.total_results"),
    150,
    page="page_no",
    depth=RATES_DEPTH,
)


def _reviews(account: Account, window: Window) -> Iterator[Read]:
    yield _rated(account.zone, window)


def _rated(zone: ZoneInfo, window: Window) -> Read:
    """The reviews that buyers wrote in a window (`get`: the seller received them). zone: the account's."""
    params = {
        "fields": RATE_FIELDS,
        "rate_type": "get",
        "role": "buyer",
        "start_date": _local(window.start),
        "end_date": _local(window.end - timedelta(seconds=1)),
        "use_has_next": False,
    }
    created = Instant("created", ZONE)

    def dated(rates: list[Record]) -> list[Record]:
        return [{**rate, "review_date": created.day_in(rate, zone)} for rate in rates]

    def halves() -> list[Read]:
        return [_rated(zone, half) for half in window.halves()] if window.is_divisible else []

    return Read(Request("taobao.traderates.get", "/router/rest", params), RATES, finish=dated, halves=halves)


def _local(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S")


PLATFORM = Platform(
    name="taobao",
    title="Taobao / Tmall",
    base_url="https://gw.api.taobao.com",
    protocol=partial(SignedForm, DIALECT),
    # The app's own limits differ by category and are told only when broken; 10/s is what every app may do.
    rate=Rate(calls=10, seconds=1.0),
    options=frozenset({"late_rows"}),
    renewal_prolongs=None,  # depends on the type of the app
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("tid",),
            cursor=Instant("modified", ZONE),
            reads=_orders,
            widest=timedelta(days=1),
            retention=timedelta(days=90),
            personal=Personal(
                drop=("buyer_open_uid",),
                keep=("receiver_state", "seller_nick"),
                buyer=("buyer_open_uid", "buyer_nick"),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("refund_id",),
            cursor=Instant("modified", ZONE),
            reads=_refunds,
            widest=timedelta(days=1),
            retention=timedelta(days=90),
            personal=Personal(drop=("desc",)),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("num_iid",),
            cursor=Instant("modified", ZONE),
            reads=_items,
            slice=None,
            from_beginning=True,
            weekly_whole=True,
        ),
        # A review has no time of change, and one taken back is no longer listed: its days are read again.
        Stream(
            name="reviews",
            kind="report",
            key=("oid",),
            day="review_date",
            reads=_reviews,
            widest=timedelta(days=31),
            lookback_days=30,
            weekly_lookback_days=90,
            retention=timedelta(days=179),
            personal=Personal(drop=("content", "reply")),
        ),
    ),
)
