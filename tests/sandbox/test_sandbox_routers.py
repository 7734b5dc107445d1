"""What the gateways in TOP's manner refuse, each in its vendor's own words, over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
import requests
from sandbox_callers import SHANGHAI, Callers

from extractors.sandbox import Running
from extractors.sandbox.credentials import token
from extractors.sandbox.signatures import top


@dataclass(frozen=True)
class Vendor:
    """How one vendor is spoken to, and its codes for what it refuses."""

    path: str
    method: str
    good: dict[str, str]
    codes: dict[str, str]
    code_of: Callable[[Any], str]
    wide: dict[str, str]
    big: dict[str, str]
    names: tuple[str, str, str] = ("method", "app_key", "access_token")
    fixed: dict[str, str] = field(default_factory=dict)
    epoch: bool = False
    envelope: str | None = None
    signs_business: bool = True
    page: str = "page_no"


def _seconds(text: str) -> str:
    return str(int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()))


VENDORS = {
    "jd": Vendor(
        path="/routerjson",
        method="jingdong.pop.order.search",
        good={
            "start_date": "2026-11-19 00:00:00",
            "end_date": "2026-11-20 00:00:00",
            "dateType": "0",
            "optional_fields": "orderId,orderState,modified",
            "page": "1",
            "page_size": "10",
        },
        fixed={"v": "2.0"},
        envelope="360buy_param_json",
        page="page",
        wide={"start_date": "2026-10-19 00:00:00"},
        big={"page_size": "101"},
        code_of=lambda body: body["error_response"]["code"],
        codes={"sign": "12", "time": "8", "key": "21", "token": "19", "method": "15", "other": "60"},
    ),
    "pinduoduo": Vendor(
        path="/api/router",
        method="pdd.order.number.list.increment.get",
        good={
            "start_updated_at": _seconds("2026-11-19 20:00"),
            "end_updated_at": _seconds("2026-11-19 20:30"),
            "order_status": "5",
            "refund_status": "5",
            "is_lucky_flag": "0",
            "page": "1",
            "page_size": "10",
        },
        names=("type", "client_id", "access_token"),
        fixed={"data_type": "JSON", "version": "V1"},
        epoch=True,
        page="page",
        wide={"start_updated_at": _seconds("2026-11-19 19:59")},
        big={"page_size": "101"},
        code_of=lambda body: str(body["error_response"]["error_code"]),
        codes={
            "sign": "20004",
            "time": "10001",
            "key": "10001",
            "method": "10001",
            "token": "20032",
            "expired": "10019",
            "other": "10000",
        },
    ),
    "kaola": Vendor(
        path="/router",
        method="kaola.order.search",
        good={
            "order_status": "2",
            "date_type": "2",
            "start_time": "2026-11-19 00:00:00",
            "end_time": "2026-11-20 00:00:00",
            "page_no": "1",
            "page_size": "20",
        },
        wide={"start_time": "2026-11-18 23:59:59"},
        big={"page_size": "101"},
        code_of=lambda body: body["error_response"]["code"],
        codes={"sign": "25", "time": "31", "key": "29", "token": "27", "method": "22", "other": "41"},
    ),
    "beibei": Vendor(
        path="/outer_api/out_gateway/route.html",
        method="beibei.outer.trade.order.get",
        good={
            "status": "-1",
            "time_range": "modified_time",
            "start_time": _seconds("2026-11-19 00:00"),
            "end_time": _seconds("2026-11-20 00:00"),
            "page_no": "1",
            "page_size": "20",
        },
        names=("method", "app_id", "session"),
        epoch=True,
        wide={"start_time": _seconds("2026-11-20 00:01")},
        big={},
        code_of=lambda body: str(body["message"])[:4],
        codes={
            "sign": "签名错误",
            "time": "time",
            "key": "app_",
            "method": "meth",
            "token": "sess",
            "other": "参数错误",
        },
    ),
    "mogujie": Vendor(
        path="/invoke",
        method="xiaodian.trade.sold.get",
        good={
            "startUpdated": "2026-11-19 08:00:00",
            "endUpdated": "2026-11-19 20:00:00",
            "page": "1",
            "pageSize": "10",
        },
        fixed={"format": "json", "sign_method": "md5", "version": "1.0"},
        envelope="Params",
        epoch=True,
        page="page",
        wide={"startUpdated": "2026-11-19 07:59:59"},
        big={"pageSize": "31"},
        code_of=lambda body: body["status"]["code"],
        codes={
            "sign": "0000004",
            "time": "0000005",
            "key": "0000007",
            "token": "0000011",
            "expired": "0000010",
            "method": "0000008",
            "other": "0000003",
        },
    ),
    "dangdang": Vendor(
        path="/openapi/rest",
        method="dangdang.orders.list.get",
        good={
            "os": "9999",
            "lastModifyTime_start": "2026-11-18 00:00:00",
            "lastModifyTime_end": "2026-11-20 00:00:00",
            "p": "1",
            "pageSize": "20",
        },
        names=("method", "app_key", "session"),
        fixed={"format": "xml", "v": "1.0", "sign_method": "md5"},
        signs_business=False,
        page="p",
        wide={"lastModifyTime_start": "2026-11-04 23:59:59"},
        big={"pageSize": "12"},
        code_of=lambda answer: answer.content.decode("gbk").split("errorCode>")[1].rstrip("</"),
        codes={
            "sign": "25",
            "time": "31",
            "key": "29",
            "token": "27",
            "expired": "26",
            "method": "22",
            "other": "41",
        },
    ),
}
each = pytest.mark.parametrize("name", VENDORS)


@dataclass
class Speaker:
    """Signed calls to one vendor; ``system`` replaces or (None) removes system parameters after signing."""

    callers: Callers
    name: str

    def ask(self, secret: str | None = None, system: dict[str, Any] | None = None, **business: Any) -> Any:
        vendor = VENDORS[self.name]
        connection = self.callers.connections[f"{self.name}__lantern"]
        method, key, access = vendor.names
        now = datetime.now(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        own: dict[str, Any] = {
            method: vendor.method,
            key: connection["login"],
            access: connection["extra"]["access_token"],
            "timestamp": str(int(time.time())) if vendor.epoch else now,
            **vendor.fixed,
            **(system or {}),
        }
        given = {k: v for k, v in {**vendor.good, **business}.items() if v is not None}
        if vendor.envelope:
            given = {vendor.envelope: json.dumps(given)}
        own = {k: v for k, v in own.items() if v is not None}
        signed = {**own, **given} if vendor.signs_business else own
        sign = top(signed, secret or connection["password"])
        answer = requests.post(
            connection["host"] + vendor.path, data={**own, **given, "sign": sign}, timeout=20
        )
        assert answer.status_code == 200
        return answer.json() if "json" in answer.headers["content-type"] else answer

    def refused(self, **call: Any) -> str:
        body = self.ask(**call)
        assert self.callers.sandbox.control.refusals, f"it was answered: {body}"
        return VENDORS[self.name].code_of(body)


@pytest.fixture
def speak(callers: Callers) -> Callable[[str], Speaker]:
    return lambda name: Speaker(callers, name)


@each
def test_a_well_made_call_is_answered(name: str, speak: Callable[[str], Speaker], sandbox: Running) -> None:
    speak(name).ask()
    assert not sandbox.control.refusals


@each
def test_a_wrong_signature_is_refused(name: str, speak: Callable[[str], Speaker]) -> None:
    assert speak(name).refused(secret="another") == VENDORS[name].codes["sign"]


@each
def test_a_clock_far_from_now_is_refused(name: str, speak: Callable[[str], Speaker]) -> None:
    stale = "1767578400" if VENDORS[name].epoch else "2026-01-05 10:00:00"
    for stamp in (stale, None, "yesterday"):
        assert speak(name).refused(system={"timestamp": stamp}) == VENDORS[name].codes["time"]


@each
def test_an_unknown_app_and_an_unknown_method_are_refused(name: str, speak: Callable[[str], Speaker]) -> None:
    method, key, _ = VENDORS[name].names
    assert speak(name).refused(system={key: "12345"}) == VENDORS[name].codes["key"]
    assert speak(name).refused(system={method: "no.such.method"}) == VENDORS[name].codes["method"]


@each
def test_tokens_that_are_absent_invented_revoked_or_expired_are_refused(
    name: str, speak: Callable[[str], Speaker], sandbox: Running
) -> None:
    _, _, access = VENDORS[name].names
    store = next(shop for shop in sandbox.sandbox.world.books if shop == f"lantern_{name}")
    for bad in (None, "invented", token(name, store, "revoked")):
        assert speak(name).refused(system={access: bad}) == VENDORS[name].codes["token"]
    expired = VENDORS[name].codes.get("expired", VENDORS[name].codes["token"])
    assert speak(name).refused(system={access: token(name, store, "expired")}) == expired


@each
def test_parameters_that_are_missing_or_unknown_are_refused(
    name: str, speak: Callable[[str], Speaker]
) -> None:
    vendor = VENDORS[name]
    first = next(iter(vendor.wide))
    assert speak(name).refused(**{first: None}) == vendor.codes["other"]
    assert speak(name).refused(colour="red") == vendor.codes["other"]


@each
def test_windows_too_wide_pages_too_big_and_pages_that_never_were_are_refused(
    name: str, speak: Callable[[str], Speaker]
) -> None:
    vendor = VENDORS[name]
    assert speak(name).refused(**vendor.wide) == vendor.codes["other"]
    if vendor.big:
        assert speak(name).refused(**vendor.big) == vendor.codes["other"]
    assert speak(name).refused(**{vendor.page: "250"}) == vendor.codes["other"]


def test_jd_shows_only_the_fields_asked_for_and_no_order_that_nobody_paid(
    speak: Callable[[str], Speaker],
) -> None:
    body = speak("jd").ask(page_size="100")
    found = body["jingdong_pop_order_search_responce"]["searchorderinfo_result"]
    assert found["orderTotal"] > 30
    assert {tuple(sorted(order)) for order in found["orderInfoList"]} == {
        ("modified", "orderId", "orderState")
    }
    assert speak("jd").refused(optional_fields="orderId,colour") == "60"
    assert speak("jd").refused(order_state="WAIT_FOR_MOON") == "60"


def test_jd_lists_wares_by_the_fields_and_status_asked_for(speak: Callable[[str], Speaker]) -> None:
    asked: dict[str, Any] = dict.fromkeys(VENDORS["jd"].good) | {
        "system": {"method": "jingdong.ware.read.searchWare4Valid"},
        "field": "wareId,wareStatus",
        "wareStatusValue": "8,520",
    }
    page = speak("jd").ask(**asked)["jingdong_ware_read_searchWare4Valid_responce"]["page"]
    assert page["totalItem"] > 5 and {ware["wareStatus"] for ware in page["data"]} <= {8, 520}
    assert {tuple(sorted(ware)) for ware in page["data"]} == {("wareId", "wareStatus")}
    assert speak("jd").refused(**asked | {"field": "wareId,colour"}) == "60"
    assert speak("jd").refused(**asked | {"wareStatusValue": "16"}) == "60"


def test_pinduoduo_keeps_goods_on_two_shelves(speak: Callable[[str], Speaker]) -> None:
    asked: dict[str, Any] = dict.fromkeys(VENDORS["pinduoduo"].good) | {
        "system": {"type": "pdd.goods.list.get"}
    }
    assert speak("pinduoduo").refused(**asked) == "10000"
    assert speak("pinduoduo").refused(**asked, is_onsale="2") == "10000"
    for shelf in ("1", "0"):
        found = speak("pinduoduo").ask(**asked, is_onsale=shelf)["goods_list_get_response"]
        assert found["total_count"] == len(found["goods_list"])
        assert {str(goods["is_onsale"]) for goods in found["goods_list"]} <= {shelf}


def test_pinduoduo_wants_one_after_sale_status_a_call(speak: Callable[[str], Speaker]) -> None:
    refunds: dict[str, Any] = {
        "system": {"type": "pdd.refund.list.increment.get"},
        "order_status": None,
        "refund_status": None,
        "is_lucky_flag": None,
        "after_sales_type": "1",
    }
    for status in (None, "1", "99", "2,3"):
        assert speak("pinduoduo").refused(**refunds, after_sales_status=status) == "10000"
    body = speak("pinduoduo").ask(**refunds, after_sales_status="10")
    assert body["refund_increment_get_response"]["total_count"] >= 0
    refunds["after_sales_type"] = "7"
    assert speak("pinduoduo").refused(**refunds, after_sales_status="10") == "10000"


def test_pinduoduo_shows_an_order_once_its_group_has_formed(speak: Callable[[str], Speaker]) -> None:
    shown = []
    for minutes in range(0, 24 * 60, 30):
        start = int(_seconds("2026-11-19 00:00")) + minutes * 60
        span = {"start_updated_at": str(start), "end_updated_at": str(start + 1800)}
        shown += speak("pinduoduo").ask(**span, page_size="100")["order_sn_increment_get_response"][
            "order_sn_list"
        ]
    assert len(shown) > 30
    assert {order["confirm_status"] for order in shown} == {1}
    assert any(order["confirm_time"] > order["pay_time"] for order in shown), "no group took its time"
    assert all("-" in order["order_sn"] for order in shown)


def test_kaola_finds_orders_by_one_status_and_one_kind_of_date(speak: Callable[[str], Speaker]) -> None:
    for status, kind in ((None, "1"), ("7", "1"), ("2", None), ("2", "4")):
        assert speak("kaola").refused(order_status=status, date_type=kind) == "41"
    shipped = speak("kaola").ask(page_size="100")["kaola_order_search_response"]
    assert shipped["total_count"] > 10
    for order in shipped["orders"]:
        assert order["order_status"] == 2
        assert "2026-11-19" <= order["deliver_time"] <= "2026-11-20"
    assert speak("kaola").ask(date_type="3")["kaola_order_search_response"]["orders"] == []


def test_beibei_answers_a_page_of_more_than_300_with_forty(speak: Callable[[str], Speaker]) -> None:
    span = {"start_time": _seconds("2026-11-10 00:00")}
    assert len(speak("beibei").ask(**span, page_size="300")["data"]) > 40
    assert len(speak("beibei").ask(**span, page_size="301")["data"]) == 40


def test_beibei_shows_an_order_half_an_hour_after_it_was_paid(
    speak: Callable[[str], Speaker], sandbox: Running
) -> None:
    span = {"start_time": _seconds("2026-11-20 00:00"), "end_time": _seconds("2026-11-21 10:00")}
    paid = [order["pay_time"] for order in speak("beibei").ask(**span, page_size="300")["data"]]
    assert "2026-11-21 00:00" < max(paid) <= "2026-11-21 09:30:00"


def test_dangdang_answers_in_gbk_and_leaves_the_sort_of_a_list_to_its_reader(
    speak: Callable[[str], Speaker],
) -> None:
    text = speak("dangdang").ask().content.decode("gbk")
    assert text.startswith('<?xml version="1.0" encoding="GBK"?><response>')
    assert text.count("<OrderInfo>") == 20
    order = text.split("<orderID>")[1].split("<")[0]
    detail: dict[str, Any] = {"system": {"method": "dangdang.order.details.get"}}
    detail |= dict.fromkeys(("os", "lastModifyTime_start", "lastModifyTime_end", "p", "pageSize"))
    whole = speak("dangdang").ask(**detail, o=order).content.decode("gbk")
    assert f"<orderID>{order}</orderID>" in whole and "顾客下单" in whole
    assert speak("dangdang").refused(**detail, o="1") == "41"


def test_dangdang_wants_the_span_in_which_refunds_were_made(speak: Callable[[str], Speaker]) -> None:
    asked: dict[str, Any] = {"system": {"method": "dangdang.orders.refund.list"}}
    asked |= dict.fromkeys(("os", "lastModifyTime_start", "lastModifyTime_end", "p", "pageSize"))
    span: dict[str, Any] = {"osd": "2026-09-01 00:00:00", "oed": "2026-11-20 00:00:00"}
    text = speak("dangdang").ask(**asked, **span).content.decode("gbk")
    assert text.count("<refundInfo>") == 10 and "<refundSource>" in text
    for wrong in ({"osd": None}, {"osd": "2026-08-01 00:00:00"}):
        assert speak("dangdang").refused(**asked, **{**span, **wrong}) == "41"
    half = {**asked, **span, "lastModifyTime_start": "2026-11-01 00:00:00"}
    assert speak("dangdang").refused(**half) == "41"


def test_jd_trades_a_refresh_token_once(callers: Callers) -> None:
    connection = callers.connections["jd__lantern"]
    query = {
        "app_key": connection["login"],
        "app_secret": connection["password"],
        "grant_type": "refresh_token",
        "refresh_token": connection["extra"]["refresh_token"],
    }
    url = f"{connection['host']}/oauth2/refresh_token"
    fresh = requests.get(url, params=query, timeout=10).json()
    assert fresh["access_token"] != connection["extra"]["access_token"]
    assert fresh["expires_in"] > 86_400
    assert "access_token" not in requests.get(url, params={**query, "app_secret": "x"}, timeout=10).json()
    again = requests.get(url, params={**query, "refresh_token": "x"}, timeout=10).json()
    assert set(again) == {"code", "msg"}
