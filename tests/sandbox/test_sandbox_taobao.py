"""The pretend TOP answers and refuses as its document says (platforms-cn §1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from sandbox_callers import ALL_TYPES, SHANGHAI, Callers

from extractors.sandbox import Running
from extractors.sandbox.control import Touch

DAY = ("2026-11-11 00:00:00", "2026-11-12 00:00:00")


def _error(body: dict[str, Any]) -> tuple[int, str]:
    error = body["error_response"]
    return error["code"], error.get("sub_code", "")


def _everything(callers: Callers, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    total = callers.trades(*DAY, **given)["total_results"]
    for page in range(1, -(-total // 100) + 1):
        found += callers.trades(*DAY, page_no=str(page), **given)["trades"]["trade"]
    assert len(found) == total
    return found


def test_pages_hold_every_trade_once_newest_first(callers: Callers) -> None:
    trades = _everything(callers)
    assert len(trades) > 250
    assert len({trade["tid"] for trade in trades}) == len(trades)
    times = [trade["modified"] for trade in trades]
    assert times == sorted(times, reverse=True)
    assert DAY[0] <= times[-1] <= times[0] <= DAY[1]


def test_trade_ids_need_more_than_a_double(callers: Callers) -> None:
    trades = callers.trades(*DAY)["trades"]["trade"]
    assert min(trade["tid"] for trade in trades) > 2**53


def test_only_the_fields_asked_for_come_back(callers: Callers) -> None:
    page = callers.trades(*DAY, fields="tid,orders.oid,orders.price")
    trade = page["trades"]["trade"][0]
    assert set(trade) == {"tid", "orders"}
    assert set(trade["orders"]["order"][0]) == {"oid", "price"}


def test_the_default_type_leaves_some_types_out(callers: Callers) -> None:
    wide = {trade["type"] for trade in _everything(callers, type=ALL_TYPES)}
    usual = {trade["type"] for trade in _everything(callers, type=None)}
    assert {"eticket", "tmall_i18n"} & wide
    assert usual == {"fixed", "step", "cod"}


def test_the_default_type_of_refunds_leaves_presales_out(callers: Callers) -> None:
    span = ("2026-11-02 00:00:00", "2026-11-20 00:00:00")
    wide = callers.refunds(*span, account="taobao__plum", type="step")
    assert wide["total_results"] > 0
    everything = callers.refunds(*span, account="taobao__plum")["total_results"]
    usual = callers.refunds(*span, account="taobao__plum", type=None)["total_results"]
    assert usual < everything


def test_has_next_comes_instead_of_a_total(callers: Callers) -> None:
    page = callers.trades(*DAY, use_has_next="true")
    assert page["has_next"] is True
    assert "total_results" not in page


def test_the_list_is_absent_when_nothing_was_found(callers: Callers) -> None:
    page = callers.trades("2026-11-11 04:00:00", "2026-11-11 04:00:01", status="PAY_PENDING")
    assert page["total_results"] == 0
    assert "trades" not in page


def test_simplify_drops_the_wrappers(callers: Callers) -> None:
    body = callers.top(
        "taobao.trades.sold.increment.get",
        simplify="true",
        fields="tid,orders.oid",
        start_modified=DAY[0],
        end_modified=DAY[1],
    )
    assert isinstance(body["trades"], list)
    assert isinstance(body["trades"][0]["orders"], list)


def test_xml_comes_unless_json_is_asked_for(callers: Callers) -> None:
    answer = callers.top("taobao.items.onsale.get", format=None, fields="num_iid")
    assert isinstance(answer, requests.Response)
    assert answer.text.startswith("<?xml")
    assert "<items_onsale_get_response>" in answer.text


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "a wrong signature": ({"secret": "wrong"}, (25, "")),
    "no signature": ({"sign": ""}, (24, "")),
    "an unknown way to sign": ({"sign_method": "sha1", "sign": "X"}, (25, "isv.invalid-sign-method")),
    "no app key": ({"app_key": None}, (28, "")),
    "an unknown app key": ({"app_key": "1"}, (29, "")),
    "no session": ({"session": None}, (26, "")),
    "an unknown session": ({"session": "made up"}, (27, "invalid-sessionkey")),
    "no version": ({"v": None}, (32, "")),
    "another version": ({"v": "1.0"}, (33, "")),
    "no time stamp": ({"timestamp": None}, (30, "")),
    "an old time stamp": ({"timestamp": "2026-01-01 00:00:00"}, (31, "")),
    "an unknown parameter": ({"fomate": "json"}, (41, "")),
    "an unknown field": ({"fields": "tid,payed"}, (41, "")),
    "an unknown field of the sub-orders": ({"fields": "tid,orders.payed"}, (41, "")),
    "no fields": ({"fields": None}, (40, "")),
    "no end": ({"end_modified": None}, (40, "")),
    "an end before the start": ({"end_modified": "2026-11-10 00:00:00"}, (15, "isv.invalid-parameter")),
    "more than a day": ({"end_modified": "2026-11-12 00:00:01"}, (15, "isv.invalid-parameter")),
    "more than three months back": (
        {"start_modified": "2026-08-01 00:00:00", "end_modified": "2026-08-01 01:00:00"},
        (15, "isv.invalid-parameter"),
    ),
    "a malformed time": ({"start_modified": "2026-11-11T00:00:00"}, (15, "isv.invalid-parameter")),
    "a page too large": ({"page_size": "101"}, (15, "isv.invalid-parameter")),
    "page zero": ({"page_no": "0"}, (15, "isv.invalid-parameter")),
    "a page past the end": ({"page_no": "99"}, (15, "isv.invalid-parameter")),
    "an unknown type": ({"type": "fixd"}, (15, "isv.invalid-parameter")),
    "an unknown status": ({"status": "PAID"}, (15, "isv.invalid-parameter")),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_the_gateway_refuses(callers: Callers, case: str) -> None:
    change, expected = REFUSED[case]
    given = {"fields": "tid", "start_modified": DAY[0], "end_modified": DAY[1], **change}
    body = callers.top("taobao.trades.sold.increment.get", **given)
    assert _error(body) == expected


RATES: dict[str, Any] = {"fields": "oid,result", "rate_type": "get", "role": "buyer"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rate_type": None}, (40, "")),
        ({"role": None}, (40, "")),
        ({"role": "shop"}, (15, "isv.invalid-parameter")),
        ({"result": "fine"}, (15, "isv.invalid-parameter")),
        ({"page_size": "151"}, (15, "isv.invalid-parameter")),
        ({"page_no": "201"}, (15, "isv.invalid-parameter")),
        ({"fields": "oid,buyer_open_uid"}, (41, "")),
        ({"start_modified": DAY[0]}, (41, "")),
    ],
)
def test_reviews_are_refused_as_their_page_says(
    callers: Callers, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert _error(callers.top("taobao.traderates.get", **{**RATES, **change})) == expected


def test_reviews_are_what_buyers_gave_newest_first_and_by_their_result(callers: Callers) -> None:
    def reviews(**change: Any) -> list[dict[str, Any]]:
        asked = {**RATES, "fields": "oid,result,created", "page_size": "150", **change}
        span = {"start_date": DAY[0], "end_date": "2026-11-11 23:59:59"}
        found = callers.top("taobao.traderates.get", **asked, **span)["traderates_get_response"]
        shown = found.get("trade_rates", {}).get("trade_rate", [])
        assert len(shown) == found["total_results"]
        return list(shown)

    times = [review["created"] for review in reviews()]
    assert times == sorted(times, reverse=True) and DAY[0] <= times[-1] <= times[0] < DAY[1]
    by_result = {name: reviews(result=name) for name in ("good", "neutral", "bad")}
    assert all({review["result"] for review in found} == {name} for name, found in by_result.items())
    assert sum(map(len, by_result.values())) == len(times)
    assert reviews(rate_type="give", role="seller") == []


ENTRY = "taobao.trades.sold.incrementv.get"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"end_create": None}, (40, "")),
        ({"end_create": "2026-11-12 00:00:01"}, (15, "isv.invalid-parameter")),
        (
            {"start_create": "2026-08-01 00:00:00", "end_create": "2026-08-01 01:00:00"},
            (15, "isv.invalid-parameter"),
        ),
        ({"start_modified": DAY[0]}, (41, "")),
        ({"rate_status": "RATE_UNBUYER"}, (41, "")),
        ({"ext_type": "service,mark"}, (15, "isv.invalid-parameter")),
        ({"ext_type": "services"}, (15, "isv.invalid-parameter")),
        ({"page_no": "99"}, (15, "isv.invalid-parameter")),
    ],
)
def test_the_list_by_time_of_entry_refuses(
    callers: Callers, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    given = {"fields": "tid", "start_create": DAY[0], "end_create": DAY[1], "type": ALL_TYPES, **change}
    assert _error(callers.top(ENTRY, **given)) == expected


def test_a_late_change_is_listed_under_both_its_times_once_it_is_in(
    sandbox: Running, callers: Callers
) -> None:
    def changed() -> list[dict[str, Any]]:
        page = callers.trades(
            "2026-11-12 00:30:00", "2026-11-12 00:30:01", fields="tid,modified", type=ALL_TYPES
        )
        return list(page.get("trades", {}).get("trade", []))

    sandbox.control.set_clock(datetime(2026, 11, 12, 0, 30, tzinfo=SHANGHAI))
    sandbox.control.touches.append(Touch("taobao", None, after_requests=0, place=0, late_seconds=3_600))
    callers.trades(*DAY, type=ALL_TYPES)
    (edit,) = sandbox.control.late
    tid = sandbox.sandbox.world.books["lantern_tmall"].order(edit.day, edit.index).id
    assert tid not in {trade["tid"] for trade in changed()}, "the change is not in yet"
    sandbox.control.set_clock(datetime(2026, 11, 12, 2, 0, tzinfo=SHANGHAI))
    assert {"tid": tid, "modified": "2026-11-12 00:30:00"} in changed()
    span = {"start_create": "2026-11-12 01:30:00", "end_create": "2026-11-12 01:30:01", "type": ALL_TYPES}
    answer = callers.top(ENTRY, fields="tid,modified,async_modified", **span)
    entered = answer["trades_sold_incrementv_get_response"]["trades"]["trade"]
    times = {"modified": "2026-11-12 00:30:00", "async_modified": "2026-11-12 01:30:00"}
    assert {"tid": tid, **times} in entered


def test_no_method_and_an_unknown_method_are_refused(callers: Callers) -> None:
    assert _error(callers.top("")) == (21, "")
    assert _error(callers.top("taobao.trades.sold.increment")) == (22, "isv.invalid-method")


def test_another_format_is_refused_in_xml(callers: Callers) -> None:
    answer = callers.top("taobao.items.onsale.get", format="yaml", fields="num_iid")
    assert "<error_response><code>23</code><msg>Invalid format</msg>" in answer.text


def test_json_bodies_are_refused(callers: Callers) -> None:
    url = f"{callers.connections['taobao__lantern']['host']}/router/rest?format=json"
    assert _error(requests.post(url, json={"method": "x"}, timeout=10).json()) == (
        9,
        "isv.invalid-content-type",
    )


def test_items_cannot_be_paged_beyond_twenty_thousand(callers: Callers) -> None:
    body = callers.top("taobao.items.onsale.get", fields="num_iid", page_no="101", page_size="200")
    assert _error(body) == (15, "isv.invalid-parameter")
    assert "20000" in body["error_response"]["sub_msg"]


def test_items_are_all_on_sale_and_have_prices(callers: Callers) -> None:
    body = callers.top(
        "taobao.items.onsale.get", fields="num_iid,price,approve_status,modified", page_size="200"
    )
    content = body["items_onsale_get_response"]
    items = content["items"]["item"]
    assert len(items) == content["total_results"] > 5
    assert {item["approve_status"] for item in items} == {"onsale"}
    assert all(float(item["price"]) > 0 for item in items)


@pytest.mark.parametrize(
    ("day", "reason"), [("09-01", "sold_out"), ("09-12", "for_shelved"), ("10-02", "violation_off_shelf")]
)
def test_what_is_off_sale_is_told_by_its_reason(
    sandbox: Running, callers: Callers, day: str, reason: str
) -> None:
    def items(**banner: str) -> set[int]:
        body = callers.top(
            "taobao.items.inventory.get", fields="num_iid,approve_status", page_size="200", **banner
        )
        found = body["items_inventory_get_response"].get("items", {}).get("item", [])
        assert {item["approve_status"] for item in found} <= {"instock"}
        return {item["num_iid"] for item in found}

    sandbox.control.set_clock(datetime.fromisoformat(f"2026-{day}T12:00:00+08:00"))
    told = {name: items(banner=name) for name in ("for_shelved", "sold_out", "violation_off_shelf")}
    assert {name for name, found in told.items() if found} == {reason}
    assert items() == told["for_shelved"]
    body = callers.top("taobao.items.inventory.get", fields="num_iid", banner="all")
    assert _error(body) == (15, "isv.invalid-parameter")


def test_money_adds_up_from_the_lines_to_the_trade(callers: Callers) -> None:
    fields = (
        "tid,total_fee,discount_fee,adjust_fee,platform_subsidy_fee,post_fee,payment,orders.price,orders.num,"
        "orders.total_fee,orders.discount_fee,orders.adjust_fee,orders.part_mjz_discount,"
        "orders.platform_subsidy_fee,orders.divide_order_fee,orders.refund_status"
    )
    seen_promotions = seen_subsidies = 0

    def fen(text: str) -> int:
        return round(float(text) * 100)

    for trade in _everything(callers, fields=fields):
        lines = trade["orders"]["order"]
        for line in lines:
            net = fen(line["price"]) * line["num"] - fen(line["discount_fee"]) + fen(line["adjust_fee"])
            assert fen(line["total_fee"]) == net
            given = fen(line["part_mjz_discount"]) + fen(line["platform_subsidy_fee"])
            assert fen(line["divide_order_fee"]) == net - given
        subsidies = sum(fen(line["platform_subsidy_fee"]) for line in lines)
        assert fen(trade["platform_subsidy_fee"]) == subsidies
        seen_subsidies += subsidies > 0
        seen_promotions += any(fen(line["part_mjz_discount"]) for line in lines)
        if {line["refund_status"] for line in lines} == {"NO_REFUND"}:
            goods = sum(fen(line["divide_order_fee"]) for line in lines)
            assert fen(trade["payment"]) == goods + fen(trade["post_fee"])
    assert seen_promotions > 20
    assert seen_subsidies > 10


def test_payment_shrinks_by_what_was_refunded(callers: Callers) -> None:
    span = ("2026-11-02 00:00:00", "2026-11-20 00:00:00")
    done = callers.refunds(*span, status="SUCCESS")["refunds"]["refund"]
    checked = 0
    for refund in done[:20]:
        fields = "tid,payment,post_fee,orders.divide_order_fee,orders.refund_status"
        body = callers.top("taobao.trade.fullinfo.get", tid=str(refund["tid"]), fields=fields)
        trade = body["trade_fullinfo_get_response"]["trade"]
        lines = trade["orders"]["order"]
        if sum(line["refund_status"] == "SUCCESS" for line in lines) == 1:
            whole = sum(float(line["divide_order_fee"]) for line in lines) + float(trade["post_fee"])
            assert float(trade["payment"]) == pytest.approx(whole - float(refund["refund_fee"]))
            checked += 1
    assert checked > 3


def test_a_refund_says_when_it_ended_only_when_asked_alone(callers: Callers) -> None:
    listed = callers.refunds(*DAY, status="SUCCESS")["refunds"]["refund"][0]
    body = callers.top(
        "taobao.refund.get", refund_id=listed["refund_id"], fields="refund_id,end_time,modified"
    )
    refund = body["refund_get_response"]["refund"]
    assert refund["end_time"] == refund["modified"] == listed["modified"]


def test_presales_tell_deposit_balance_and_forfeit(callers: Callers) -> None:
    fields = "tid,status,step_trade_status,step_paid_fee,pay_time,payment,created"
    seen: dict[str, dict[str, Any]] = {}
    for day in range(20):
        start = datetime(2026, 10, 22) + timedelta(days=day)
        end = start + timedelta(days=1)
        page = callers.trades(str(start), str(end), "taobao__plum", fields=fields, type="step")
        for trade in page.get("trades", {}).get("trade", []):
            if "2026-10-15" <= trade["created"] < "2026-10-31":
                seen.setdefault(trade["step_trade_status"], trade)
    assert set(seen) == {"FRONT_NOPAID_FINAL_NOPAID", "FRONT_PAID_FINAL_PAID", "FRONT_PAID_FRONT_FORFEITED"}
    assert "pay_time" not in seen["FRONT_NOPAID_FINAL_NOPAID"]
    forfeited = seen["FRONT_PAID_FRONT_FORFEITED"]
    assert forfeited["status"] == "TRADE_CLOSED_BY_TAOBAO"
    assert forfeited["pay_time"] < "2026-11-01"
    assert 0 < float(forfeited["step_paid_fee"]) < float(forfeited["payment"])
    assert seen["FRONT_PAID_FINAL_PAID"]["pay_time"] >= "2026-11-01"


def test_a_presale_waits_for_its_balance_with_the_deposit_as_pay_time(
    sandbox: Running, callers: Callers
) -> None:
    sandbox.control.set_clock(datetime(2026, 10, 28, 12, 0, tzinfo=SHANGHAI))
    fields = "tid,status,step_trade_status,step_paid_fee,pay_time,payment,created"
    page = callers.trades("2026-10-27 00:00:00", "2026-10-28 00:00:00", fields=fields, type="step")
    waiting = [t for t in page["trades"]["trade"] if t["step_trade_status"] == "FRONT_PAID_FINAL_NOPAID"]
    assert len(waiting) > 3
    assert {t["status"] for t in waiting} == {"WAIT_BUYER_PAY"}
    assert all(t["pay_time"] > t["created"] for t in waiting)


def test_every_stream_of_orders_carries_canaries(callers: Callers) -> None:
    fields = "tid,buyer_nick,receiver_name,receiver_mobile,receiver_address"
    for record in (
        callers.trades(*DAY, fields=fields)["trades"]["trade"][0],
        callers.refunds(*DAY)["refunds"]["refund"][0],
    ):
        assert "PIICANARY" in record["buyer_nick"]


def test_an_undocumented_field_shows_up_now_and_then(callers: Callers) -> None:
    lines = [line for trade in _everything(callers) for line in trade["orders"]["order"]]
    odd = [line for line in lines if "nr_outer_score" in line]
    assert 0 < len(odd) < len(lines) / 5
    assert odd[0]["nr_outer_score"]["points"] > 2**53


def test_an_order_edited_while_it_is_read_moves_the_others_forward(
    sandbox: Running, callers: Callers
) -> None:
    window = ("2026-11-10 00:00:00", "2026-11-11 00:00:00")
    sandbox.control.touches.append(Touch("taobao", "lantern_tmall", after_requests=1, place=0))
    first = callers.trades(*window, page_size="40")
    second = callers.trades(*window, page_size="40", page_no="2")
    assert second["total_results"] == first["total_results"] - 1
    before = callers.trades(*window, page_size="40", page_no="1")["trades"]["trade"]
    skipped = before[-1]["tid"]
    seen = {trade["tid"] for page in (first, second) for trade in page["trades"]["trade"]}
    assert skipped not in seen


def test_a_last_page_that_vanished_while_it_was_read_is_answered_empty(
    sandbox: Running, callers: Callers
) -> None:
    windows = [(f"2026-11-{day:02} 00:00:00", f"2026-11-{day + 1:02} 00:00:00") for day in range(2, 20)]
    totals = {window: callers.trades(*window)["total_results"] for window in windows}
    window, size = next(
        (w, n) for w in windows for n in range(20, 101) if totals[w] % n == 1 and totals[w] > n
    )
    total = totals[window]
    last = str(-(-total // size))
    callers.trades(*window, page_size=str(size))
    sandbox.control.touches.append(Touch("taobao", "lantern_tmall", after_requests=0, place=3))
    page = callers.trades(*window, page_size=str(size), page_no=last)
    assert page["total_results"] == total - 1
    assert "trades" not in page
    assert callers.trades(*window, page_size=str(size), page_no=str(int(last) + 1))["code"] == 15


def test_a_record_is_the_fold_of_what_has_happened_by_now(sandbox: Running, callers: Callers) -> None:
    window = ("2026-11-20 09:00:00", "2026-11-20 12:00:00")
    early = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
    sandbox.control.set_clock(early)
    then = {t["tid"]: t for t in callers.trades(*window)["trades"]["trade"]}
    sandbox.control.set_clock(early + timedelta(days=1))
    later = {t["tid"]: t for t in callers.trades(*window).get("trades", {}).get("trade", [])}
    assert set(later) < set(then)
    assert all(later[tid] == then[tid] for tid in later)
    moved = next(iter(set(then) - set(later)))
    body = callers.top("taobao.trade.fullinfo.get", tid=str(moved), fields="tid,modified")
    assert body["trade_fullinfo_get_response"]["trade"]["modified"] > "2026-11-20 12:00:00"


def test_an_expired_session_is_refreshed_and_a_revoked_one_is_not(sandbox: Running) -> None:
    expired = Callers(sandbox, "expired")
    assert expired.trades(*DAY)["code"] == 27
    for variant, status in (("expired", 200), ("revoked", 400)):
        connection = sandbox.connections(variant)["taobao__lantern"]
        extra: Any = connection["extra"]
        form = {
            "grant_type": "refresh_token",
            "client_id": connection["login"],
            "client_secret": connection["password"],
            "refresh_token": extra["refresh_token"],
        }
        answer = requests.post(f"{connection['host']}/token", data=form, timeout=10)
        assert answer.status_code == status
        if status == 200:
            fresh = answer.json()
            assert fresh["re_expires_in"] > 0
            expired.connections["taobao__lantern"]["extra"]["access_token"] = fresh["access_token"]
    assert expired.trades(*DAY)["total_results"] > 0


def test_the_refresh_method_gives_its_result_as_text(sandbox: Running, callers: Callers) -> None:
    extra: Any = callers.connections["taobao__plum"]["extra"]
    body = callers.top("taobao.top.auth.token.refresh", session=None, refresh_token=extra["refresh_token"])
    assert (
        '"access_token":"sbx.taobao.plum_taobao.' in body["top_auth_token_refresh_response"]["token_result"]
    )


def test_one_sellers_session_shows_no_other_sellers_trades(callers: Callers) -> None:
    lantern = {t["tid"] for t in callers.trades(*DAY)["trades"]["trade"]}
    plum = {t["tid"] for t in callers.trades(*DAY, account="taobao__plum")["trades"]["trade"]}
    assert lantern
    assert plum
    assert not lantern & plum
