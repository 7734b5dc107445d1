"""The Amazon half refuses what the Selling Partner API refuses (platforms-global §3)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from extractors.sandbox import Running

ORDERS, MONEY = "/orders/2026-01-01/orders", "/finances/2024-06-19/transactions"
LISTINGS = "/listings/2021-08-01/items/A2SANDBOXSELLER"
CATALOGUE = {"marketplaceIds": "ATVPDKIKX0DER", "sortOrder": "ASC", "pageSize": "20"}
WINDOW = {"lastUpdatedAfter": "2026-11-19T00:00:00Z", "lastUpdatedBefore": "2026-11-20T23:59:59Z"}
POSTED = {"postedAfter": "2026-11-01T00:00:00Z", "postedBefore": "2026-11-20T00:00:00Z"}


class Caller:
    """Speaks as the seller's app does."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        self.connection: dict[str, Any] = sandbox.connections(variant)["amazon__harbor"]

    def get(self, path: str, query: dict[str, str], token: str | None = None) -> requests.Response:
        token = self.connection["extra"]["access_token"] if token is None else token
        headers = {"x-amz-access-token": token}
        return requests.get(self.connection["host"] + path, params=query, headers=headers, timeout=10)


@pytest.fixture
def seller(sandbox: Running) -> Caller:
    return Caller(sandbox)


def test_an_order_shows_money_and_buyers_only_when_asked_for(seller: Caller) -> None:
    plain = seller.get(ORDERS, WINDOW).json()["orders"]
    assert plain and not any({"proceeds", "buyer", "recipient", "fulfillment"} & set(o) for o in plain)
    data = {**WINDOW, "includedData": "PROCEEDS,BUYER,FULFILLMENT"}
    shown = seller.get(ORDERS, data).json()["orders"]
    for order in shown:
        pending = order["fulfillment"]["fulfillmentStatus"] == "PENDING"
        assert ("proceeds" in order) is not pending and "recipient" not in order


def test_a_token_belongs_to_the_arguments_it_was_given_for(seller: Caller) -> None:
    query = {**WINDOW, "maxResultsPerPage": "5"}
    first = seller.get(ORDERS, query).json()
    token = first["pagination"]["nextToken"]
    second = seller.get(ORDERS, {**query, "paginationToken": token}).json()["orders"]
    assert second and not {o["orderId"] for o in second} & {o["orderId"] for o in first["orders"]}
    other = seller.get(ORDERS, {**query, "maxResultsPerPage": "6", "paginationToken": token})
    assert other.status_code == 400


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (ORDERS, {}),
        (ORDERS, {**WINDOW, "createdAfter": "2026-11-19T00:00:00Z"}),
        (ORDERS, {"lastUpdatedAfter": "2026-11-19"}),
        (ORDERS, {"lastUpdatedAfter": "2026-11-19T00:00:00Z", "lastUpdatedBefore": "2026-11-21T01:59:30Z"}),
        (ORDERS, {**WINDOW, "maxResultsPerPage": "101"}),
        (ORDERS, {**WINDOW, "includedData": "MONEY"}),
        (ORDERS, {**WINDOW, "fulfillmentStatuses": "PAID"}),
        (ORDERS, {**WINDOW, "marketplaceIds": "A1F83G8C2ARO7P"}),
        (ORDERS, {**WINDOW, "NextToken": "x"}),
        (ORDERS, {**WINDOW, "paginationToken": "x"}),
        (MONEY, {"postedBefore": "2026-11-20T00:00:00Z"}),
        (MONEY, {**POSTED, "pageSize": "50"}),
        (MONEY, {"postedAfter": "2026-11-20T00:00:00Z", "postedBefore": "2026-11-21T02:00:00Z"}),
        (LISTINGS, {"sortOrder": "ASC"}),
        (LISTINGS, {**CATALOGUE, "pageSize": "21"}),
        (LISTINGS, {**CATALOGUE, "marketplaceIds": "A1F83G8C2ARO7P"}),
        (LISTINGS, {**CATALOGUE, "includedData": "prices"}),
        (LISTINGS, {**CATALOGUE, "lastUpdatedAfter": "yesterday"}),
        (LISTINGS, {**CATALOGUE, "pageToken": "x"}),
    ],
)
def test_what_the_model_forbids_is_refused(seller: Caller, path: str, query: dict[str, str]) -> None:
    answer = seller.get(path, query)
    assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == "InvalidInput"


def test_a_listing_shows_what_was_asked_for_of_it_and_the_pages_make_the_whole(seller: Caller) -> None:
    plain = seller.get(LISTINGS, CATALOGUE).json()
    assert plain["items"] and all(set(item) == {"sku", "summaries"} for item in plain["items"])
    query = {**CATALOGUE, "pageSize": "7", "includedData": "offers"}
    skus, page = [], seller.get(LISTINGS, query).json()
    while page["items"]:
        skus += [item["sku"] for item in page["items"] if set(item) == {"sku", "offers"}]
        token = page["pagination"].get("nextToken")
        page = seller.get(LISTINGS, {**query, "pageToken": token}).json() if token else {"items": []}
    assert len(skus) == len(set(skus)) == plain["numberOfResults"] > 7
    assert seller.get("/listings/2021-08-01/items/ANOTHER", CATALOGUE).status_code in (403, 404)


def test_money_of_more_than_180_days_is_none(seller: Caller) -> None:
    assert seller.get(MONEY, POSTED).json()["payload"]["transactions"]
    wide = {**POSTED, "postedAfter": "2026-05-01T00:00:00Z"}
    assert seller.get(MONEY, wide).json()["payload"]["transactions"] == []


def test_tokens_end_and_are_renewed_by_login_with_amazon(sandbox: Running) -> None:
    for variant in ("expired", "revoked"):
        answer = Caller(sandbox, variant).get(ORDERS, WINDOW)
        assert answer.status_code == 403 and answer.json()["errors"][0]["code"] == "Unauthorized"
    seller = Caller(sandbox, "expired")
    assert "missing" in seller.get(ORDERS, WINDOW, token="").json()["errors"][0]["details"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": seller.connection["extra"]["refresh_token"],
        "client_id": seller.connection["login"],
        "client_secret": seller.connection["password"],
    }
    url = f"{seller.connection['host']}/auth/o2/token"
    granted = requests.post(url, data=form, timeout=10).json()
    assert seller.get(ORDERS, WINDOW, token=granted["access_token"]).status_code == 200
    assert requests.post(url, data={**form, "client_secret": "x"}, timeout=10).status_code == 401
    assert requests.post(url, data={**form, "refresh_token": "x"}, timeout=10).status_code == 400


def test_money_that_is_held_back_is_posted_again_when_it_is_released(seller: Caller) -> None:
    posted, query = [], dict(POSTED)
    while True:
        payload = seller.get(MONEY, query).json()["payload"]
        posted += payload["transactions"]
        if not payload["nextToken"]:
            break
        query["nextToken"] = payload["nextToken"]
    by_id = {record["transactionId"]: record for record in posted}
    assert len(by_id) == len(posted)
    related = {
        key: {
            one["relatedIdentifierName"]: one["relatedIdentifierValue"]
            for one in record["relatedIdentifiers"]
        }
        for key, record in by_id.items()
    }
    first_of = {key: names.get("DEFERRED_TRANSACTION_ID") for key, names in related.items()}
    releases = {key: first for key, first in first_of.items() if first is not None}
    held = {key for key, record in by_id.items() if record["transactionStatus"].startswith("DEFERRED")}
    assert releases and {first for first in releases.values() if first in by_id} <= held
    for key, first in releases.items():
        assert by_id[key]["transactionStatus"] == "RELEASED"
        if first in by_id:
            assert by_id[first]["transactionStatus"] == "DEFERRED_RELEASED"
            assert related[first]["RELEASE_TRANSACTION_ID"] == key
            assert by_id[first]["totalAmount"] == by_id[key]["totalAmount"]
    assert any(by_id[key]["transactionStatus"] == "DEFERRED" for key in held), "some is held still"


def test_a_transaction_comes_to_the_sum_of_its_items_and_of_their_breakdowns(seller: Caller) -> None:
    for record in seller.get(MONEY, POSTED).json()["payload"]["transactions"]:
        total = record["totalAmount"]["currencyAmount"]
        items = [item["totalAmount"]["currencyAmount"] for item in record["items"]]
        parts = [
            part["breakdownAmount"]["currencyAmount"]
            for item in record["items"]
            for part in item["breakdowns"]
        ]
        assert sum(items) == pytest.approx(total) == sum(parts), record["transactionId"]
