"""What those who measure sites and apps must not get past the client: short rows, lost parts, other zones."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest

from extractors.accounts import Account
from extractors.core.model import Read, Record, Reply, Request
from extractors.core.window import days_window
from extractors.credentials import Credentials
from extractors.errors import ConfigError, ContractError
from extractors.platforms.ga4 import METRICS as GA4_METRICS
from extractors.registry import platforms
from extractors.tokens import Tokens

DAY = date(2026, 1, 5)


def account_of(name: str, zone: str = "Asia/Shanghai") -> Account:
    options = dict.fromkeys(platforms()[name].options, "1")
    return Account(f"{name}__a", name, "A", "a", zone, "CNY", options=options)


def reads_of(name: str, stream: str = "traffic", account: Account | None = None) -> list[Read]:
    account = account or account_of(name)
    window = days_window(DAY, DAY, account.zone)
    return list(platforms()[name].stream(stream).reads(account, window))


def records(read: Read, body: Any) -> list[Record]:
    found: list[Record] = read.paging.records(Reply(body))  # type: ignore[attr-defined]
    return found


# ---- Plausible -------------------------------------------------------------------------------------
def plausible(parts: list[Any], values: list[Any], **more: Any) -> dict[str, Any]:
    return {"results": [{"dimensions": parts, "metrics": values}], "meta": {"total_rows": 1}, **more}


@pytest.mark.parametrize(
    ("parts", "values"),
    [(["2026-01-05"], [1, 2, 3, 4]), ([], [1, 2, 3, 4, 5]), (["2026-01-05", "x"], [1, 2, 3, 4, 5])],
)
def test_plausible_rows_of_another_length_than_asked_for_are_refused(
    parts: list[Any], values: list[Any]
) -> None:
    total = reads_of("plausible")[0]
    assert len(records(total, plausible(["2026-01-05"], [1, 2, 3, 4, None]))) == 1
    with pytest.raises(ContractError, match="sent"):
        records(total, plausible(parts, values))


def test_plausible_days_of_another_zone_are_refused_and_not_shifted() -> None:
    span = ["2026-01-05T00:00:00-05:00", "2026-01-05T23:59:59-05:00"]
    body = plausible(["2026-01-05"], [1, 2, 3, 4, 5], query={"date_range": span})
    with pytest.raises(ConfigError) as caught:
        records(reads_of("plausible")[0], body)
    assert "Asia/Shanghai" in str(caught.value) and "time_zone" in str(caught.value)
    in_new_york = account_of("plausible", "America/New_York")
    assert records(reads_of("plausible", account=in_new_york)[0], body)


def test_plausible_warnings_stay_with_the_rows() -> None:
    meta = {"total_rows": 1, "metric_warnings": {"visits": {"code": "no_imported"}}}
    (row,) = records(reads_of("plausible")[0], plausible(["2026-01-05"], [1, 2, 3, 4, 5], meta=meta))
    assert row["flags"] == {"metric_warnings": meta["metric_warnings"]}


# ---- Umami -----------------------------------------------------------------------------------------
STATS = {"pageviews": 9, "visitors": 3, "visits": 4, "bounces": 1, "totaltime": 60}


def answers(*bodies: Any) -> Any:
    """A vendor that answers with these bodies, one after the other."""
    waiting = list(bodies)
    return lambda request: Reply(waiting.pop(0))


def test_umami_figures_without_their_devices_are_refused() -> None:
    _, stats = reads_of("umami")
    with pytest.raises(ContractError, match="counts 3 more"):
        list(stats.paging.pages(answers(STATS, []), stats.request))
    nobody = dict.fromkeys(STATS, 0)
    (total, devices) = stats.paging.pages(answers(nobody, []), stats.request)
    assert [row["visitors"] for row in total.records] == [0] and devices.records == []


def test_umami_figures_that_leave_something_out_are_refused() -> None:
    _, stats = reads_of("umami")
    with pytest.raises(ContractError, match="without totaltime"):
        records(stats, {name: 1 for name in STATS if name != "totaltime"})
    channels = reads_of("umami")[0]
    for row in ({"name": True, "visitors": 3}, {"name": None, "visitors": 3}, {"name": "direct"}):
        with pytest.raises(ContractError, match=r"without its (name|visitors)"):
            records(channels, [row])
    old = {name: {"value": value, "prev": 7} for name, value in STATS.items()}
    assert records(stats, old) == records(stats, STATS)


def test_umami_days_are_asked_for_in_the_accounts_zone_to_the_millisecond() -> None:
    account = account_of("umami", "America/New_York")
    window = days_window(date(2026, 11, 1), date(2026, 11, 1), account.zone)  # clocks go back: 25 hours
    stream = platforms()["umami"].stream("traffic")
    spans = {(r.request.params["startAt"], r.request.params["endAt"]) for r in stream.reads(account, window)}
    assert spans == {("1793505600000", "1793595599999")}


def test_umami_speaks_to_the_cloud_with_a_key_and_to_a_server_of_ones_own_with_a_token() -> None:
    make, request, tokens = platforms()["umami"].protocol, Request("stats", "/x"), Tokens("t")
    assert make is not None
    cloud = make("https://c", account_of("umami"), Credentials(None, None, "key", {}))
    own = make("https://s/api", account_of("umami"), Credentials("https://s/api", "me", "pw", {}))
    assert cloud.prepare(request, tokens)["headers"] == {"x-umami-api-key": "key"}
    assert own.prepare(request, tokens)["headers"] == {"Authorization": "Bearer t"}
    assert cloud.refresh(tokens) is None
    arguments, read = own.refresh(tokens) or ({}, None)
    assert arguments["url"] == "https://s/api/auth/login" and arguments["json"]["password"] == "pw"
    assert read is not None and read(b'{"token": "new"}') == Tokens("new")


# ---- Matomo ----------------------------------------------------------------------------------------
SITE = [{"timezone": "Asia/Shanghai"}]
VISITS = {"nb_uniq_visitors": 3, "nb_visits": 4, "nb_actions": 9}
KINDS = [{"label": "Direct Entry", "nb_visits": 4, "referer_type": 1}]
PHONES = [{"label": "Smartphone", "nb_visits": 4}]


def matomo(*tables: Any, site: Any = None, sold: tuple[Any, Any] = ([], [])) -> list[Any]:
    return [site or SITE, *({"2026-01-05": table} for table in (*tables, *sold))]


def test_matomo_reports_are_one_call_and_a_missing_answer_is_refused() -> None:
    (read,) = reads_of("matomo")
    body = matomo(VISITS, {"nb_uniq_visitors_new": 1, "nb_visits_returning": 3}, PHONES, KINDS, [])
    total, phones, direct = records(read, body)
    assert (total["nb_uniq_visitors"], total["nb_uniq_visitors_new"]) == (3, 1)
    assert "nb_visits_returning" not in total
    assert (phones["report"], direct["report"]) == ("device", "source")
    with pytest.raises(ContractError, match="8 reports"):
        records(read, body[:-1])


@pytest.mark.parametrize(
    "body",
    [
        matomo(VISITS, {}, PHONES, [], []),
        matomo(VISITS, {}, [], KINDS, []),
        [SITE, {"2026-01-04": VISITS}, *matomo({}, PHONES, KINDS, [])[1:]],
        [SITE, VISITS, {}, PHONES, KINDS, [], [], []],
        matomo(VISITS, {}, PHONES, [{"nb_visits": 4}], []),
        matomo(VISITS, {}, PHONES, {"label": "Direct Entry"}, []),
    ],
    ids=["no sources", "no devices", "another day", "no days", "a row without a label", "no list"],
)
def test_matomo_reports_with_something_lost_are_refused(body: Any) -> None:
    with pytest.raises(ContractError):
        records(reads_of("matomo")[0], body)


def test_matomo_days_of_another_zone_are_refused_and_not_shifted() -> None:
    body = matomo(VISITS, {}, PHONES, KINDS, [], site={"timezone": "Europe/Paris"})
    with pytest.raises(ConfigError, match="Europe/Paris"):
        records(reads_of("matomo")[0], body)


def test_matomo_weeks_that_are_not_over_are_asked_for_by_their_days() -> None:
    account = account_of("matomo")
    window = days_window(date(2026, 1, 1), date(2026, 1, 14), account.zone)  # a Thursday to a Wednesday
    (read,) = platforms()["matomo"].stream("traffic_weekly").reads(account, window)
    spans = [dict(parse_qsl(url)) for name, url in read.request.params.items() if name.startswith("urls")]
    asked = dict.fromkeys((call["period"], call["date"]) for call in spans[1:])
    assert list(asked) == [("week", "2025-12-29,2026-01-11"), ("range", "2026-01-12,2026-01-14")]
    assert len(spans) == 15


def test_matomo_campaigns_are_told_by_name_in_place_of_their_kind() -> None:
    kinds = [*KINDS, {"label": "Campaigns", "nb_visits": 2, "segment": "referrerType==campaign"}]
    named = [{"label": "spring", "nb_visits": 2}]
    for campaigns, entries in (([], ["Direct Entry", "Campaigns"]), (named, ["Direct Entry", "spring"])):
        rows = records(reads_of("matomo")[0], matomo(VISITS, {}, PHONES, kinds, campaigns))
        assert [row["entry"] for row in rows if row["report"] in ("source", "campaign")] == entries


def test_matomo_orders_stand_with_their_source_and_who_orders_later_is_of_one_without_visits() -> None:
    site = [{"timezone": "Asia/Shanghai", "ecommerce": "1", "currency": "EUR"}]
    bought = {"goal_ecommerceOrder_nb_conversions": 2, "goal_ecommerceOrder_revenue": 30.5}
    late = {"label": "Websites", **bought}
    body = matomo(VISITS, {}, PHONES, KINDS, [], site=site, sold=([{**KINDS[0], **bought}, late], []))
    rows = {row["entry"]: row for row in records(reads_of("matomo")[0], body)}
    assert all((row["ecommerce"], row["currency"]) == ("1", "EUR") for row in rows.values())
    assert bought.items() <= rows["Direct Entry"].items() and bought.items() <= rows["Websites"].items()
    assert rows["Direct Entry"]["nb_visits"] == 4 and "goal_ecommerceOrder_revenue" not in rows["total"]
    (read,) = reads_of("matomo")
    calls = [dict(parse_qsl(url)) for name, url in read.request.params.items() if name.startswith("urls")]
    asked = [call["method"] for call in calls if call.get("idGoal") == "ecommerceOrder"]
    assert asked == ["Referrers.getReferrerType", "Referrers.getCampaigns"]


# ---- Umeng -----------------------------------------------------------------------------------------
def day_of(launches: Any, day: str = "2026-01-05") -> dict[str, Any]:
    return {"dailyData": {"date": day, "activityUsers": 5, "newUsers": 1, "launches": launches}}


def channels(*launches: int) -> dict[str, Any]:
    return {"channelInfos": [{"channel": f"c{n}", "launch": count} for n, count in enumerate(launches)]}


def test_umeng_channels_that_end_before_the_days_launches_are_refused() -> None:
    (read,) = reads_of("umeng")
    with pytest.raises(ContractError, match="counts 7 more"):
        list(read.paging.pages(answers(day_of("7"), channels()), read.request))
    full = replace(read.paging, page_size=2)  # type: ignore[type-var]
    with pytest.raises(ContractError, match="counts 4 more"):
        list(full.pages(answers(day_of(7), channels(1, 2), channels()), read.request))
    for launches in (3, "--"):  # what came is enough, or nothing is told to hold it to
        pages = full.pages(answers(day_of(launches), channels(1, 2), channels()), read.request)
        assert [len(page.records) for page in pages] == [1, 2, 0]


def test_umeng_days_and_weeks_that_were_not_asked_for_or_are_left_out_are_refused() -> None:
    (read,) = reads_of("umeng")
    with pytest.raises(ContractError, match="told of 2026-01-04"):
        records(read, day_of(7, "2026-01-04"))
    week = reads_of("umeng", "traffic_weekly")[0]
    rows = {"activeUserInfo": [{"date": "2026-01-05", "value": 3}]}
    assert len(list(week.paging.pages(answers(rows), week.request))) == 1
    with pytest.raises(ContractError, match="left out 2026-01-05") as caught:
        list(week.paging.pages(answers({"activeUserInfo": []}), week.request))
    assert "start" in str(caught.value)


def test_umeng_signs_without_a_token() -> None:
    make, (read,) = platforms()["umeng"].protocol, reads_of("umeng")
    assert make is not None
    speaker = make("https://u", account_of("umeng"), Credentials(None, "1001", "secret", {}))
    form = speaker.prepare(read.request, Tokens(""))["data"]
    text = "param2/1/com.umeng.uapp/umeng.uapp.getDailyData/1001appkey1date2026-01-05"
    signed = hmac.new(b"secret", text.encode(), hashlib.sha1).hexdigest().upper()
    assert form == {"appkey": "1", "date": "2026-01-05", "_aop_signature": signed}
    assert speaker.refresh(Tokens("")) is None


# ---- Baidu Tongji and GA4 --------------------------------------------------------------------------
TONGJI = {"fields": ["simple_date_title", "pv_count", "visitor_count"], "total": 1}


@pytest.mark.parametrize(
    "items",
    [
        [[["2026/01/05"]], [["1,234"]], [], []],
        [[["2026/01/05"]], [["1,234", 8, 9]], [], []],
        [[["2026/01/05"], ["2026/01/04"]], [["1,234", 8]], [], []],
        [[[]], [["1,234", 8]], [], []],
        [[["2026/01/05"]]],
    ],
    ids=["a value short", "a value more", "a row of values short", "no date", "no values at all"],
)
def test_tongji_arrays_of_another_length_than_their_fields_are_refused(items: list[Any]) -> None:
    trend = reads_of("baidu_tongji")[0]
    good = {"result": {**TONGJI, "items": [[["2026/01/05"]], [["1,234", "--"]], [], []]}}
    (row,) = records(trend, good)
    assert (row["pv_count"], row["visitor_count"]) == ("1,234", "--")
    with pytest.raises(ContractError):
        records(trend, {"result": {**TONGJI, "items": items}})


def test_tongji_is_asked_for_each_kind_of_search_apart() -> None:
    searches = [read for read in reads_of("baidu_tongji") if read.request.params["source"]]
    asked = [(read.request.params["source"], read.request.params["clientDevice"]) for read in searches]
    kinds = ("searchBaiduPro", "searchBaiduNature", "searchOther")
    assert asked == [(kind, device) for device in (None, "pc", "mobile") for kind in kinds]
    body = {"result": {**TONGJI, "items": [[["2026/01/05"]], [[7, 3]], [], []]}}
    (row,) = records(searches[0], body)
    assert (row["report"], row["entry"], row["source"]["name"]) == ("search", "searchBaiduPro", "百度推广")


def ga4(dimensions: list[str | None], values: list[str], **metadata: Any) -> dict[str, Any]:
    row = {
        "dimensionValues": [{"value": v} for v in dimensions],
        "metricValues": [{"value": v} for v in values],
    }
    return {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": name} for name in GA4_METRICS],
        "rows": [row],
        "metadata": metadata,
    }


def test_ga4_rows_that_do_not_fit_what_was_asked_are_refused_and_what_it_leaves_out_is_kept() -> None:
    values = [str(number) for number in range(3, 13)]
    total = reads_of("ga4")[0]
    sampled = [{"samplesReadCount": "5", "samplingSpaceSize": "9"}]
    flags = {"subjectToThresholding": True, "dataLossFromOtherRow": True, "samplingMetadatas": sampled}
    (row,) = records(total, ga4(["20260105"], values, timeZone="Asia/Shanghai", **flags))
    assert row["flags"] == flags and (row["totalUsers"], row["sessions"]) == ("3", "6")
    for dimensions, cells in (
        (["20260105"], ["3"]),
        (["20260105", "x"], values),
        ([], values),
        ([None], values),
    ):
        with pytest.raises(ContractError):
            records(total, ga4(dimensions, cells))
    for heads in ("dimensionHeaders", "metricHeaders"):
        answer = ga4(["20260105"], values)
        answer[heads] = answer[heads][::-1][1:]
        with pytest.raises(ContractError, match="asked for"):
            records(total, answer)
    with pytest.raises(ConfigError, match="America/New_York"):
        records(total, ga4(["20260105"], values, timeZone="America/New_York"))


def test_ga4_is_asked_for_the_people_of_each_step_and_of_no_other_event() -> None:
    steps = ["view_item", "add_to_cart", "add_to_wishlist", "begin_checkout"]
    asked = [read for read in reads_of("ga4") if "dimensionFilter" in read.request.params]
    for read in asked:
        kept = read.request.params["dimensionFilter"]["filter"]
        assert kept["fieldName"] == "eventName" and kept["inListFilter"]["values"] == steps
        assert read.request.params["metrics"] == [{"name": "totalUsers"}]
    body = {
        "dimensionHeaders": [
            {"name": name}
            for name in ("date", "sessionDefaultChannelGroup", "sessionSourceMedium", "eventName")
        ],
        "metricHeaders": [{"name": "totalUsers"}],
        "rows": [
            {
                "dimensionValues": [
                    {"value": v} for v in ("20260105", "Direct", "(direct) / (none)", "view_item")
                ],
                "metricValues": [{"value": "5"}],
            }
        ],
    }
    assert len(asked) == 2
    (row,) = records(asked[1], body)
    assert (row["report"], row["entry"]) == ("source_steps", "Direct · (direct) / (none) · view_item")
    assert (row["eventName"], row["totalUsers"]) == ("view_item", "5") and "sessions" not in row
