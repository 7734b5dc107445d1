"""The pretend Amazon Ads answers and refuses as its document says (platforms-global §14)."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import requests

from extractors.sandbox import Running

CONFIGURATION: dict[str, Any] = {
    "adProduct": "SPONSORED_BRANDS",
    "groupBy": ["campaign"],
    "columns": ["date", "campaignId", "cost", "purchasesClicks", "purchases"],
    "reportTypeId": "sbCampaigns",
    "timeUnit": "DAILY",
    "format": "GZIP_JSON",
}
KEYWORDS: dict[str, Any] = {
    "adProduct": "SPONSORED_PRODUCTS",
    "groupBy": ["targeting"],
    "columns": ["date", "adGroupId", "keywordId", "keyword", "keywordType", "cost", "purchases14d"],
    "reportTypeId": "spTargeting",
}
ORDER: dict[str, Any] = {"name": "x", "startDate": "2026-11-10", "endDate": "2026-11-19"}


class Caller:
    """A caller with the tokens of a variant."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        given: Any = sandbox.connections(variant)["amazon_ads__harbor"]
        self.given, self.host = given, given["host"]
        self.headers = {
            "Authorization": f"Bearer {given['extra']['access_token']}",
            "Amazon-Advertising-API-ClientId": given["login"],
            "Amazon-Advertising-API-Scope": given["extra"]["profile_id"],
            "Content-Type": "application/vnd.createasyncreportrequest.v3+json",
        }

    def ask(self, order: dict[str, Any] | None = None, **change: Any) -> requests.Response:
        body = json.dumps({**ORDER, **(order or {}), "configuration": {**CONFIGURATION, **change}})
        return requests.post(f"{self.host}/reporting/reports", body, headers=self.headers, timeout=10)

    def look(self, number: str) -> dict[str, Any]:
        return requests.get(
            f"{self.host}/reporting/reports/{number}", headers=self.headers, timeout=10
        ).json()

    def finished(self, **change: Any) -> list[dict[str, Any]]:
        number = self.ask(**change).json()["reportId"]
        address = [self.look(number) for _ in range(3)][-1]["url"]
        return json.loads(gzip.decompress(requests.get(address, timeout=10).content))


def test_a_report_goes_through_its_states_to_gzip_json_of_numbers(sandbox: Running) -> None:
    caller = Caller(sandbox)
    number = caller.ask().json()["reportId"]
    looks = [caller.look(number) for _ in range(3)]
    assert [look["status"] for look in looks] == ["PENDING", "PROCESSING", "COMPLETED"]
    assert looks[0]["url"] is None
    rows = json.loads(gzip.decompress(requests.get(looks[2]["url"], timeout=10).content))
    assert rows and all(set(row) == set(CONFIGURATION["columns"]) for row in rows)
    assert all(isinstance(row["cost"], float) and isinstance(row["campaignId"], int) for row in rows)


def test_the_same_request_is_a_duplicate_only_while_the_first_runs(sandbox: Running) -> None:
    caller = Caller(sandbox)
    order = {"endDate": "2026-11-18"}
    number = caller.ask(order).json()["reportId"]
    again = caller.ask(order)
    assert again.status_code == 425 and number in again.json()["detail"]
    for _ in range(3):
        caller.look(number)
    assert caller.ask(order).json()["reportId"] != number


def test_each_product_has_campaigns_of_its_own_and_purchases_include_views_elsewhere(
    sandbox: Running,
) -> None:
    caller = Caller(sandbox)
    brands = caller.finished()
    products = caller.finished(
        adProduct="SPONSORED_PRODUCTS",
        reportTypeId="spCampaigns",
        columns=["date", "campaignId", "cost", "purchases14d"],
    )
    ids = [{row["campaignId"] for row in rows} for rows in (brands, products)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
    assert all(row["purchases"] > row["purchasesClicks"] for row in brands)


def test_products_that_are_bid_on_are_left_out_where_keywords_alone_are_asked_for(sandbox: Running) -> None:
    caller = Caller(sandbox)
    words = ["BROAD", "PHRASE", "EXACT"]
    every = caller.finished(**KEYWORDS)
    keywords = caller.finished(**KEYWORDS, filters=[{"field": "keywordType", "values": words}])
    assert {row["keywordType"] for row in every} == {*words, "TARGETING_EXPRESSION"}
    assert keywords == [row for row in every if row["keywordType"] in words] and keywords


def test_an_address_opens_by_itself_and_refuses_a_token_or_another_signature(sandbox: Running) -> None:
    caller = Caller(sandbox)
    number = caller.ask({"endDate": "2026-11-17"}).json()["reportId"]
    address = [caller.look(number) for _ in range(3)][-1]["url"]
    assert requests.get(address, timeout=10).status_code == 200
    assert requests.get(address, headers=caller.headers, timeout=10).status_code == 400
    assert requests.get(address[:-1], timeout=10).status_code == 403


@pytest.mark.parametrize(
    ("order", "change"),
    [
        ({"startDate": "2026-10-01"}, {}),
        ({"endDate": "2026-11-01"}, {}),
        ({"startDate": "yesterday"}, {}),
        ({"startDate": "2026-09-20", "endDate": "2026-09-21"}, {}),  # Sponsored Brands are kept for 60 days
        ({"endDate": "2026-11-22"}, {}),
        ({"colour": "red"}, {}),
        ({"name": ["x"]}, {}),
        ({}, {"columns": ["date", "colour"]}),
        ({}, {"columns": ["date", "purchases14d"]}),
        ({}, {"columns": ["campaignId"]}),
        ({}, {"columns": ["date", "date"]}),
        ({}, {"reportTypeId": "spCampaigns"}),
        ({}, {"adProduct": "SPONSORED_TELEVISION"}),
        ({}, {"groupBy": ["adGroup"]}),
        ({}, {"timeUnit": "SUMMARY"}),
        ({}, {"format": "CSV"}),
        ({}, {"colour": "red"}),
        ({}, {"filters": [{"field": "keywordType", "values": ["EXACT"]}]}),  # campaigns have no keywords
        ({}, {**KEYWORDS, "filters": [{"field": "keywordType", "values": ["NEAR"]}]}),
        ({}, {**KEYWORDS, "filters": [{"field": "keywordType", "values": []}]}),
        ({}, {**KEYWORDS, "columns": [*KEYWORDS["columns"], "searchTerm"]}),
        ({}, {**KEYWORDS, "adProduct": "SPONSORED_DISPLAY", "reportTypeId": "sdTargeting"}),
    ],
)
def test_a_wrong_request_is_refused(sandbox: Running, order: dict[str, Any], change: dict[str, Any]) -> None:
    assert Caller(sandbox).ask(order, **change).status_code == 400


def test_wrong_credentials_are_refused(sandbox: Running) -> None:
    for variant in ("expired", "revoked"):
        assert Caller(sandbox, variant).ask().status_code == 401
    for name, status in (
        ("Amazon-Advertising-API-ClientId", 401),
        ("Amazon-Advertising-API-Scope", 403),
        ("Content-Type", 415),
    ):
        caller = Caller(sandbox)
        caller.headers[name] = "1"
        assert caller.ask().status_code == status
    assert Caller(sandbox).look("00000000-0000")["code"] == "404"
