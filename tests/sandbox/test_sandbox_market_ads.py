"""The pretend ad reports of Kuaishou, JD, Pinduoduo and Suning answer and refuse as their documents say
(platforms-cn §6, §14, §15, §20)."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from extractors.sandbox import Running
from extractors.sandbox.signatures import top

FIRST, LAST = "2026-11-10", "2026-11-19"
Call = Callable[..., dict[str, Any]]


def kuaishou(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["kuaishou_ads__lantern"]
    asked = {
        "advertiser_id": int(given["extra"]["advertiser_id"]),
        "start_date": "2026-11-15",
        "end_date": LAST,
        "temporal_granularity": "DAILY",
        "page": 1,
        "page_size": 20,
        **change,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    url = f"{given['host']}/rest/openapi/v1/report/unit_report"
    token = {"Access-Token": given["extra"]["access_token"]}
    return requests.post(url, json=asked, headers=token, timeout=10).json()


def jd(
    sandbox: Running, variant: str = "valid", secret: str = "", method: str = "Group", **change: Any
) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["jd_ads__lantern"]
    asked = {
        "startDay": f"{FIRST} 00:00:00",
        "endDay": f"{LAST} 23:59:59",
        "isDaily": "true",
        "platform": "all",
        "isTodayOr15Days": "true",
        "isOrderOrClick": "false",
        "OrderStatusCategory": "1",
        "pageIndex": "1",
        "pageSize": "20",
        **change,
    }
    params = {
        "method": f"jingdong.dsp.report.query{method}DailySum",
        "app_key": given["login"],
        "access_token": given["extra"]["access_token"],
        "timestamp": datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S"),
        "v": "2.0",
        "360buy_param_json": json.dumps({name: value for name, value in asked.items() if value is not None}),
    }
    params["sign"] = top(params, secret or given["password"])
    return requests.post(f"{given['host']}/routerjson", data=params, timeout=10).json()


def jd_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    answer = jd(sandbox, pageIndex=str(number + 1))["jingdong_dsp_report_queryGroupDailySum_responce"]
    result = answer["querycampdailysum_result"]
    return [(row["date"], row["id"]) for row in result["value"]], result["total"]


def pinduoduo(
    sandbox: Running, variant: str = "valid", secret: str = "", report: str = "entity", **change: Any
) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["pinduoduo_ads__lantern"]
    params = {
        "type": f"pdd.ad.api.report.{report}.report.query",
        "client_id": given["login"],
        "access_token": given["extra"]["access_token"],
        "timestamp": str(int(time.time())),
        "data_type": "JSON",
        "version": "V1",
        "scenesType": "0",
        "queryDimensionType": "1",
        "startDateString": LAST,
        "endDateString": LAST,
        "queryRange": '{"pageNumber": 1, "pageSize": 20}',
        **change,
    }
    params = {name: value for name, value in params.items() if value is not None}
    params["sign"] = top(params, secret or given["password"])
    return requests.post(f"{given['host']}/api/router", data=params, timeout=10).json()


def pinduoduo_days(sandbox: Running, **change: Any) -> dict[str, Any]:
    asked = {"queryDimensionType": "0", "queryRange": None, **change}
    return pinduoduo(sandbox, report="daily", **asked)


def suning(sandbox: Running, secret: str = "", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections()["suning_ads__lantern"]
    asked = {
        "custnum": given["extra"]["custnum"],
        "startDate": LAST,
        "endDate": LAST,
        "pagerNumber": "1",
        "pagerSize": "20",
        "dayType": "0",
        **change,
    }
    named = {name: value for name, value in asked.items() if value is not None}
    method = "suning.advertise.getpromotionrepdatalist.query"
    body = json.dumps({"sn_request": {"sn_body": {"queryGetpromotionrepdatalist": named}}}).encode()
    at = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    parts = (secret or given["password"], method, at, given["login"], "v1.2", base64.b64encode(body).decode())
    headers = {
        "AppMethod": method,
        "AppRequestTime": at,
        "AppKey": given["login"],
        "Format": "json",
        "VersionNo": "v1.2",
        "Content-Type": "application/json;charset=UTF-8",
        "signInfo": hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest(),
    }
    return requests.post(
        f"{given['host']}/api/http/sopRequest", data=body, headers=headers, timeout=10
    ).json()


def kuaishou_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    data = kuaishou(sandbox, page=number + 1)["data"]
    return [(row["stat_date"], row["unit_id"]) for row in data["details"]], data["total_count"]


def is_good(body: dict[str, Any]) -> bool:
    """Whether an answer of any of them is a success."""
    if "sn_responseContent" in body:
        found = body["sn_responseContent"].get("sn_body", {}).get("queryGetpromotionrepdatalist", {})
        return found.get("status") == "0"
    return "error_response" not in body and body.get("code", 0) == 0


@pytest.mark.parametrize("page", [kuaishou_page, jd_page])
def test_pages_hold_every_row_once(sandbox: Running, page: Callable[..., tuple[list[Any], int]]) -> None:
    first, total = page(sandbox, 0)
    found = [key for number in range(-(-total // 20)) for key in page(sandbox, number)[0]]
    assert len(found) == len(set(found)) == total > 20 and found[: len(first)] == first


@pytest.mark.parametrize(
    ("call", "change"),
    [
        (kuaishou, {"start_date": "2026-11-13", "end_date": "2026-11-14"}),
        (kuaishou, {"end_date": "2026-11-01"}),
        (kuaishou, {"start_date": None}),
        (kuaishou, {"advertiser_id": 1}),
        (kuaishou, {"advertiser_id": "20000817"}),
        (kuaishou, {"temporal_granularity": "HOURLY"}),
        (kuaishou, {"page": 99}),
        (kuaishou, {"page_size": 2001}),
        (kuaishou, {"campaign_ids": [1]}),
        (kuaishou, {"colour": "red"}),
        (jd, {"startDay": FIRST}),
        (jd, {"startDay": "2026-01-01 00:00:00"}),
        (jd, {"isTodayOr15Days": "15"}),
        (jd, {"OrderStatusCategory": "2"}),
        (jd, {"isDaily": None}),
        (jd, {"platform": "tablet"}),
        (jd, {"pageSize": "101"}),
        (jd, {"pageIndex": "99"}),
        (jd, {"adId": "1"}),
        (jd, {"campaignId": "1"}),
        (jd, {"method": "Keyword"}),
        (jd, {"secret": "wrong"}),
        (pinduoduo, {"scenesType": "3"}),
        (pinduoduo, {"queryDimensionType": "0"}),
        (pinduoduo, {"startDateString": "2026-11-20", "endDateString": "2026-11-21"}),
        (pinduoduo, {"startDateString": "2026-06-01"}),
        (pinduoduo, {"queryRange": '{"pageNumber": 1, "pageSize": 101}'}),
        (pinduoduo, {"queryRange": '{"pageNumber": 2, "pageSize": 20}'}),
        (pinduoduo, {"queryRange": None}),
        (pinduoduo, {"colour": "red"}),
        (pinduoduo, {"entityId": "1"}),
        (pinduoduo, {"secret": "wrong"}),
        (pinduoduo_days, {"startDateString": "2026-11-20", "endDateString": "2026-11-21"}),
        (pinduoduo_days, {"queryDimensionType": "1"}),
        (suning, {"custnum": "1"}),
        (suning, {"custnum": None}),
        (suning, {"endDate": "2026-11-01"}),
        (suning, {"pagerSize": "51"}),
        (suning, {"pagerSize": 20}),
        (suning, {"pagerNumber": "2"}),
        (suning, {"promotionId": "1"}),
        (suning, {"promotionName": "x"}),
        (suning, {"dayType": "15"}),
        (suning, {"secret": "wrong"}),
    ],
)
def test_a_wrong_request_is_refused(sandbox: Running, call: Call, change: dict[str, Any]) -> None:
    assert is_good(call(sandbox)) and not is_good(call(sandbox, **change))


@pytest.mark.parametrize("call", [kuaishou, jd, pinduoduo])
@pytest.mark.parametrize("variant", ["expired", "revoked"])
def test_a_bad_token_is_refused(sandbox: Running, call: Call, variant: str) -> None:
    assert not is_good(call(sandbox, variant))


def test_jd_counts_the_orders_that_it_is_asked_for(sandbox: Running) -> None:
    def lines(**change: Any) -> int:
        answer = jd(sandbox, method="Camp", pageSize="100", **change)
        rows = answer["jingdong_dsp_report_queryCampDailySum_responce"]["querycampdailysum_result"]["value"]
        return sum(int(row["figureData"]["TotalOrderCnt"]) for row in rows)

    assert 0 < lines(isTodayOr15Days="false") < lines(isOrderOrClick="true") < lines()
    assert lines() < lines(OrderStatusCategory=None)


def test_pinduoduo_adds_up_the_days_of_plans_and_tells_the_accounts_apart(sandbox: Running) -> None:
    span = {"startDateString": FIRST, "endDateString": LAST}
    plans = pinduoduo(sandbox, **span)["response"]["result"]["entityReportList"]
    days = pinduoduo_days(sandbox, **span)["response"]["result"]
    assert (len(plans), len(days["dailyReportList"])) == (2, 10)
    spent = sum(row["spend"] for row in days["dailyReportList"])
    assert spent == sum(plan["spend"] for plan in plans) == days["sumReport"]["spend"] > 0
    assert "date" not in plans[0] and "total" not in days


def test_suning_adds_up_the_days_it_is_asked_for(sandbox: Running) -> None:
    def spent(**change: Any) -> tuple[int, float]:
        found = suning(sandbox, **change)["sn_responseContent"]["sn_body"]["queryGetpromotionrepdatalist"]
        rows = found["data"]["dataList"]
        return len(rows), sum(float(row["totalCost"]) for row in rows)

    (one, last), (several, whole) = spent(), spent(startDate=FIRST)
    assert one == several == 3 and 0 < last < whole


def test_suning_tells_an_empty_report_as_an_error_of_its_own(sandbox: Running) -> None:
    empty = suning(sandbox, startDate="2026-08-01", endDate="2026-08-02")["sn_responseContent"]["sn_error"]
    assert empty["error_code"] == "biz.handler.data-get:no-result"
