"""The pretend Qianchuan, Tencent Ads, Baidu Marketing, Alimama and TikTok ads answer and refuse as their documents
say (platforms-cn §13, §16, §17, §18; platforms-global §12)."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from extractors.sandbox import Running
from extractors.sandbox.halves import half
from extractors.sandbox.signatures import top

_nonce = itertools.count(time.time_ns())
FIRST, LAST = "2026-11-10", "2026-11-19"


def qianchuan(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["qianchuan__plum"]
    asked = {
        "advertiser_id": given["extra"]["advertiser_id"],
        "start_date": FIRST,
        "end_date": LAST,
        "fields": '["stat_cost"]',
        "filtering": '{"marketing_goal": "ALL", "order_platform": "ALL"}',
        "time_granularity": "TIME_GRANULARITY_DAILY",
        "page": "1",
        "page_size": "20",
        **change,
    }
    return called(f"{given['host']}/open_api/v1.0/qianchuan/report/ad/get/", asked, given)


def uni_promotion(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["qianchuan__plum"]
    asked = {
        "advertiser_id": given["extra"]["advertiser_id"],
        "start_date": f"{FIRST} 00:00:00",
        "end_date": f"{LAST} 23:59:59",
        "fields": '["stat_cost", "total_pay_order_count_for_roi2"]',
        "marketing_goal": "ALL",
        "order_platform": "ALL",
        **change,
    }
    return called(f"{given['host']}/open_api/v1.0/qianchuan/report/uni_promotion/get/", asked, given)


def tencent(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["tencent_ads__lantern"]
    asked = {
        "access_token": given["extra"]["access_token"],
        "timestamp": str(int(time.time())),
        "nonce": str(next(_nonce)),
        "account_id": given["extra"]["account_id"],
        "level": "REPORT_LEVEL_ADGROUP",
        "date_range": json.dumps({"start_date": FIRST, "end_date": LAST}),
        "group_by": '["date","adgroup_id"]',
        "fields": '["date","adgroup_id","cost"]',
        "page": "1",
        "page_size": "20",
        **change,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    return requests.get(f"{given['host']}/v3.0/daily_reports/get", params=asked, timeout=10).json()


def baidu(sandbox: Running, variant: str = "valid", header: Any = None, **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["baidu_marketing__lantern"]
    who = {"userName": given["extra"]["user_name"], "accessToken": given["extra"]["access_token"]}
    body = {
        "reportType": 2290316,
        "timeUnit": "DAY",
        "startDate": FIRST,
        "endDate": LAST,
        "columns": ["date", "campaignId", "cost"],
        "sorts": [],
        "filters": [],
        "startRow": 0,
        "rowCount": 20,
        **change,
    }
    body = {name: value for name, value in body.items() if value is not None}
    url = f"{given['host']}/json/sms/service/OpenApiReportService/getReportData"
    return requests.post(url, json={"header": {**who, **(header or {})}, "body": body}, timeout=10).json()


def alimama(sandbox: Running, variant: str = "valid", secret: str = "", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["alimama__lantern"]
    query = {
        "by_page": True,
        "split_type": "day",
        "unify_type": "zhai",
        "effect_equal": 15,
        "start_time": FIRST,
        "end_time": LAST,
        "query_domains": ["date", "campaign"],
        "query_field_in_list": ["charge"],
        "biz_code_in_list": ["onebpSearch", "onebpDisplay", "onebpSite"],
        "offset": 0,
        "page_size": 20,
        **change,
    }
    params = {
        "method": "taobao.universalbp.new.report.query.campaign",
        "app_key": given["login"],
        "session": given["extra"]["access_token"],
        "timestamp": datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S"),
        "v": "2.0",
        "format": "json",
        "sign_method": "md5",
        "top_service_context": '{"biz_code": "onebpSearch"}',
        "top_campaign_report_query_v_o": json.dumps(query),
    }
    params["sign"] = top(params, secret or given["password"])
    return requests.post(f"{given['host']}/router/rest", data=params, timeout=10).json()


WORDS = ["date", "adGroupId", "wInfoId", "winfoIdTypeEnum", "cost"]
KEYWORDS_ONLY = {"column": "winfoIdTypeEnum", "operator": "EQ", "values": ["0"]}
ALL_ADS = '[{"field_name": "ad_status", "filter_type": "IN", "filter_value": "[\\"STATUS_ALL\\"]"}]'


def tiktok(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["tiktok_ads__harbor"]
    asked = {
        "advertiser_id": given["extra"]["advertiser_id"],
        "report_type": "BASIC",
        "data_level": "AUCTION_AD",
        "dimensions": '["ad_id","stat_time_day"]',
        "metrics": '["spend","campaign_id","likes","complete_payment","secondary_goal_result"]',
        "filtering": ALL_ADS,
        "start_date": FIRST,
        "end_date": LAST,
        "page": "1",
        "page_size": "20",
        **change,
    }
    url = f"{given['host']}/open_api/v1.3/report/integrated/get/"
    return called(url, asked, given)


def gmv_max(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["tiktok_ads__harbor"]
    asked = {
        "advertiser_id": given["extra"]["advertiser_id"],
        "store_ids": json.dumps([given["extra"]["store_ids"]]),
        "dimensions": '["campaign_id","stat_time_day"]',
        "metrics": '["cost","orders","gross_revenue","campaign_name"]',
        "filtering": '{"gmv_max_promotion_types": ["PRODUCT", "LIVE"]}',
        "start_date": FIRST,
        "end_date": LAST,
        **change,
    }
    return called(f"{given['host']}/open_api/v1.3/gmv_max/report/get/", asked, given)


def called(url: str, asked: dict[str, Any], given: Any) -> dict[str, Any]:
    asked = {name: value for name, value in asked.items() if value is not None}
    token = {"Access-Token": given["extra"]["access_token"]}
    return requests.get(url, params=asked, headers=token, timeout=10).json()


def tiktok_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    data = tiktok(sandbox, page=str(number + 1))["data"]
    rows = [tuple(sorted(row["dimensions"].items())) for row in data["list"]]
    return rows, data["page_info"]["total_number"]


def qianchuan_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    data = qianchuan(sandbox, page=str(number + 1))["data"]
    return [(row["stat_datetime"], row["ad_id"]) for row in data["list"]], data["page_info"]["total_number"]


def tencent_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    data = tencent(sandbox, page=str(number + 1))["data"]
    return [(row["date"], row["adgroup_id"]) for row in data["list"]], data["page_info"]["total_number"]


def baidu_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    (data,) = baidu(sandbox, startRow=20 * number)["body"]["data"]
    return [(row["date"], row["campaignId"]) for row in data["rows"]], data["totalRowCount"]


def alimama_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    result = alimama(sandbox, offset=20 * number)["universalbp_new_report_query_campaign_response"][
        "top_result"
    ]
    bulk = result["top_report_v_o_top_bulk_data"]
    rows = bulk["top_report_v_o_list"]["top_report_vo"]
    return [(row["thedate"], row["campaign_id"]) for row in rows], bulk["count"]


@pytest.mark.parametrize("page", [qianchuan_page, tencent_page, baidu_page, alimama_page, tiktok_page])
def test_pages_hold_every_row_once(sandbox: Running, page: Callable[..., tuple[list[Any], int]]) -> None:
    first, total = page(sandbox, 0)
    found = [key for number in range(-(-total // 20)) for key in page(sandbox, number)[0]]
    assert len(found) == len(set(found)) == total > 20 and found[: len(first)] == first


@pytest.mark.parametrize(
    ("call", "change"),
    [
        (qianchuan, {"start_date": "2026-09-01"}),
        (qianchuan, {"fields": '["colour"]'}),
        (qianchuan, {"fields": "stat_cost"}),
        (qianchuan, {"filtering": "{}"}),
        (qianchuan, {"page": "99"}),
        (qianchuan, {"page_size": "1001"}),
        (qianchuan, {"time_granularity": "TIME_GRANULARITY_HOURLY"}),
        (qianchuan, {"advertiser_id": "1"}),
        (qianchuan, {"colour": "red"}),
        (qianchuan, {"filtering": '{"marketing_goal": "colour"}'}),
        (qianchuan, {"filtering": '{"marketing_goal": "ALL", "colour": "red"}'}),
        (qianchuan, {"order_field": "colour"}),
        (qianchuan, {"order_field": "stat_cost", "order_type": "UP"}),
        (qianchuan, {"start_date": "2026-05-20", "end_date": "2026-05-21"}),
        (uni_promotion, {"start_date": FIRST}),
        (uni_promotion, {"start_date": "2026-05-20 00:00:00"}),
        (uni_promotion, {"fields": '["show_cnt"]'}),
        (uni_promotion, {"fields": None}),
        (uni_promotion, {"marketing_goal": "LIVE_PROM_GOODS"}),
        (uni_promotion, {"marketing_goal": "colour"}),
        (uni_promotion, {"order_platform": "colour"}),
        (uni_promotion, {"advertiser_id": "1"}),
        (uni_promotion, {"page": "1"}),
        (tencent, {"fields": '["colour"]'}),
        (tencent, {"fields": None}),
        (tencent, {"level": "REPORT_LEVEL_CAMPAIGN"}),
        (tencent, {"group_by": '["date"]'}),
        (tencent, {"date_range": '{"start_date": "2025-01-01", "end_date": "2026-11-19"}'}),
        (tencent, {"timestamp": "1700000000"}),
        (tencent, {"nonce": "x" * 33}),
        (tencent, {"page_size": "2001"}),
        (tencent, {"order_by": '[{"sort_field": "colour", "sort_type": "ASCENDING"}]'}),
        (tencent, {"order_by": '[{"sort_field": "date", "sort_type": "UP"}]'}),
        (
            tencent,
            {"order_by": str([{"sort_field": "date", "sort_type": "ASCENDING"}] * 3).replace("'", '"')},
        ),
        (tencent, {"filtering": '[{"field": "adgroup_id", "operator": "EQUALS", "values": ["1"]}]'}),
        (tencent, {"date_range": '["2026-11-10", "2026-11-19"]'}),
        (tencent, {"date_range": '{"start_date": "2025-11-01", "end_date": "2025-11-02"}'}),
        (tencent, {"account_id": "1"}),
        (baidu, {"columns": ["colour"]}),
        (baidu, {"reportType": 1}),
        (baidu, {"needSum": "no"}),
        (baidu, {"sorts": ""}),
        (baidu, {"reportType": 2208157}),
        (baidu, {"startDate": "2024-01-01"}),
        (baidu, {"rowCount": 10_001}),
        (baidu, {"filters": None}),
        (baidu, {"startDate": "2024-10-01", "endDate": "2024-10-02"}),
        (baidu, {"columns": ["date", "campaignId"]}),
        (baidu, {"sorts": [{"column": "click", "sortRule": "ASC"}]}),
        (baidu, {"sorts": [{"column": "date", "sortRule": "UP"}]}),
        (baidu, {"filters": [KEYWORDS_ONLY]}),
        (baidu, {"reportType": 2602783, "columns": WORDS, "filters": [{**KEYWORDS_ONLY, "values": ["2"]}]}),
        (
            baidu,
            {"reportType": 2602783, "columns": WORDS, "filters": [{**KEYWORDS_ONLY, "values": ["0", "1"]}]},
        ),
        (
            baidu,
            {"reportType": 2602783, "columns": WORDS, "filters": [{**KEYWORDS_ONLY, "column": "queryWord"}]},
        ),
        (baidu, {"reportType": 2602783, "columns": [*WORDS, "queryWord"]}),
        (baidu, {"userIds": [1]}),
        (baidu, {"header": {"userName": "x"}}),
        (alimama, {"page_size": 101}),
        (alimama, {"effect_equal": 2}),
        (alimama, {"unify_type": "first"}),
        (alimama, {"query_field_in_list": ["alipay_inshop_amt"]}),
        (alimama, {"biz_code_in_list": []}),
        (alimama, {"end_time": "2026-11-01"}),
        (alimama, {"secret": "wrong"}),
        (tiktok, {"start_date": "2026-10-01"}),
        (tiktok, {"start_date": "yesterday"}),
        (tiktok, {"metrics": '["colour"]'}),
        (tiktok, {"metrics": "spend"}),
        (tiktok, {"metrics": None}),
        (tiktok, {"report_type": "AUDIENCE"}),
        (tiktok, {"dimensions": '["campaign_id","stat_time_day"]'}),
        (tiktok, {"data_level": "AUCTION_STORE"}),
        (
            tiktok,
            {
                "filtering": '[{"field_name": "ad_status", "filter_type": "IN", "filter_value": ["STATUS_ALL"]}]'
            },
        ),
        (tiktok, {"filtering": '[{"field_name": "colour", "filter_type": "IN", "filter_value": "[]"}]'}),
        (tiktok, {"page": "99"}),
        (tiktok, {"page_size": "1001"}),
        (tiktok, {"query_lifetime": "true"}),
        (tiktok, {"order_field": "spend"}),
        (tiktok, {"advertiser_id": "1"}),
        (tiktok, {"colour": "red"}),
        (gmv_max, {"store_ids": "[]"}),
        (gmv_max, {"store_ids": '["1"]'}),
        (gmv_max, {"store_ids": '["7494055813163900017","7494055813163900017"]'}),
        (gmv_max, {"dimensions": '["ad_id","stat_time_day"]'}),
        (gmv_max, {"metrics": '["spend"]'}),
        (gmv_max, {"start_date": "2026-10-01"}),
        (gmv_max, {"filtering": '{"gmv_max_promotion_types": ["PRODUCT_GMV_MAX"]}'}),
        (gmv_max, {"data_level": "AUCTION_AD"}),
        (gmv_max, {"filtering": '{"campaign_ids": ["1"]}'}),
        (gmv_max, {"filtering": "[]"}),
    ],
)
def test_a_wrong_request_is_refused(
    sandbox: Running, call: Callable[..., dict[str, Any]], change: dict[str, Any]
) -> None:
    assert is_good(call(sandbox)) and not is_good(call(sandbox, **change))


@pytest.mark.parametrize(
    ("call", "variant"),
    [
        *itertools.product([qianchuan, uni_promotion, tencent, baidu, alimama], ["expired", "revoked"]),
        (tiktok, "revoked"),  # a token of TikTok's does not run out
        (gmv_max, "revoked"),
    ],
)
def test_a_bad_token_is_refused(sandbox: Running, call: Callable[..., dict[str, Any]], variant: str) -> None:
    assert not is_good(call(sandbox, variant))


def test_gmv_max_takes_240_calls_a_minute_while_other_reports_take_more(sandbox: Running) -> None:
    sandbox.control.limits["tiktok_ads/gmv_max"] = half("tiktok_ads").LIMITS["tiktok_ads/gmv_max"]
    codes = [gmv_max(sandbox)["code"] for _ in range(241)]
    assert set(codes[:240]) == {0} and codes[240] == 40100
    assert is_good(tiktok(sandbox)), "reports of auctions are counted apart"


def is_good(body: dict[str, Any]) -> bool:
    """Whether an answer of any of the five is a success."""
    if "header" in body:
        return body["header"]["status"] == 0
    if "code" in body:
        return body["code"] == 0
    parts = [part for part in body.values() if isinstance(part, dict)]
    return "error_response" not in body and all(part["top_result"]["info"]["ok"] for part in parts)


def test_a_nonce_is_good_once(sandbox: Running) -> None:
    assert is_good(tencent(sandbox, nonce="once")) and not is_good(tencent(sandbox, nonce="once"))


def test_packs_of_words_are_left_out_where_keywords_alone_are_asked_for(sandbox: Running) -> None:
    def rows(filters: list[Any]) -> list[dict[str, Any]]:
        asked = {"reportType": 2602783, "columns": WORDS, "filters": filters, "rowCount": 1000}
        return baidu(sandbox, **asked)["body"]["data"][0]["rows"]

    every, words = rows([]), rows([KEYWORDS_ONLY])
    assert {row["winfoIdTypeEnum"] for row in every} == {"关键词", "词包"}
    assert words == [row for row in every if row["winfoIdTypeEnum"] == "关键词"] and words


def test_a_scene_that_is_not_asked_for_is_left_out(sandbox: Running) -> None:
    def count(**change: Any) -> int:
        result = alimama(sandbox, **change)["universalbp_new_report_query_campaign_response"]["top_result"]
        return result["top_report_v_o_top_bulk_data"]["count"]

    assert 0 < count(biz_code_in_list=["onebpSearch"]) < count()


def test_without_all_doors_only_some_orders_are_told(sandbox: Running) -> None:
    def count(filtering: str) -> int:
        return qianchuan(sandbox, filtering=filtering)["data"]["page_info"]["total_number"]

    assert count('{"marketing_goal": "ALL"}') < count('{"marketing_goal": "ALL", "order_platform": "ALL"}')


def test_uni_promotion_stands_in_no_standard_report_and_adds_its_days_up(sandbox: Running) -> None:
    of_ads = {row["campaign_id"] for row in qianchuan(sandbox, page_size="1000")["data"]["list"]}
    every = [f"2026-11-{day}" for day in range(10, 20)]
    days = [
        uni_promotion(sandbox, start_date=f"{d} 00:00:00", end_date=f"{d} 23:59:59")["data"] for d in every
    ]
    whole = uni_promotion(sandbox)["data"]
    assert len(of_ads) == 2 and all(day["stat_cost"] > 0 for day in days)
    assert all(round(sum(day[name] for day in days), 2) == whole[name] for name in whole)


def test_deleted_ads_are_told_only_when_all_are_asked_for(sandbox: Running) -> None:
    some = tiktok(sandbox, filtering=None)["data"]["page_info"]["total_number"]
    assert 0 < some < tiktok(sandbox)["data"]["page_info"]["total_number"]


def test_gmv_max_stands_in_no_auction_report(sandbox: Running) -> None:
    at_auction = tiktok(
        sandbox,
        data_level="AUCTION_CAMPAIGN",
        dimensions='["campaign_id","stat_time_day"]',
        metrics='["spend","campaign_name"]',
        filtering=None,
        page_size="1000",
    )["data"]["list"]
    of_gmv_max = gmv_max(sandbox)["data"]["list"]
    campaigns = [{row["dimensions"]["campaign_id"] for row in rows} for rows in (at_auction, of_gmv_max)]
    assert len(campaigns[0]) == 2 and len(campaigns[1]) == 1 and not campaigns[0] & campaigns[1]
    assert all(float(row["metrics"]["cost"]) > 0 for row in of_gmv_max)


@pytest.mark.parametrize("filtering", ["{}", '{"gmv_max_promotion_types": ["PRODUCT"]}'])
def test_gmv_max_tells_of_live_rooms_only_where_they_are_asked_for(sandbox: Running, filtering: str) -> None:
    assert gmv_max(sandbox, filtering=filtering)["data"]["list"] == []


def test_values_are_texts_numbers_and_null_side_by_side(sandbox: Running) -> None:
    kinds = {type(v).__name__ for row in tiktok(sandbox)["data"]["list"] for v in row["metrics"].values()}
    assert kinds == {"str", "int", "NoneType"}
