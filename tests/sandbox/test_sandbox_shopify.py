"""The Shopify half refuses what the Admin API refuses (platforms-global §1)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from extractors.sandbox import Running

WINDOW = "updated_at:>='2026-11-20T14:00:00Z' updated_at:<'2026-11-20T15:00:00Z'"
ORDERS = """query Orders($search: String!, $first: Int!, $after: String) {
  ordersCount(query: $search, limit: 10000) { count precision }
  orders(first: $first, after: $after, query: $search, sortKey: UPDATED_AT) {
    nodes { legacyResourceId updatedAt } pageInfo { hasNextPage endCursor }
  }
}"""


class Caller:
    """Speaks to the one shop as the vendor's own example does."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        self.connection: dict[str, Any] = sandbox.connections(variant)["shopify__harbor"]

    def post(
        self, query: str = ORDERS, version: str = "2026-10", token: str | None = None, **variables: Any
    ) -> Any:
        variables = {"search": WINDOW, "first": 50, **variables} if query is ORDERS else variables
        token = self.connection["extra"]["access_token"] if token is None else token
        return requests.post(
            f"{self.connection['host']}/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": token},
            timeout=10,
        )

    def code(self, query: str = ORDERS, **variables: Any) -> str:
        return self.post(query, **variables).json()["errors"][0]["extensions"]["code"]


@pytest.fixture
def shop(sandbox: Running) -> Caller:
    return Caller(sandbox)


def test_a_quoted_window_holds_its_hour_and_an_unquoted_one_the_whole_day(shop: Caller) -> None:
    quoted = shop.post().json()["data"]
    times = [node["updatedAt"] for node in quoted["orders"]["nodes"]]
    assert times == sorted(times)
    assert all("2026-11-20T14:00:00Z" <= at < "2026-11-20T15:00:00Z" for at in times)
    assert quoted["ordersCount"] == {"count": len(times), "precision": "EXACT"}
    unquoted = shop.post(search="updated_at:>=2026-11-20T14:00:00Z updated_at:<'2026-11-20T15:00:00Z'")
    assert unquoted.json()["data"]["ordersCount"]["count"] > len(times)


def test_pages_follow_the_cursor(shop: Caller) -> None:
    search = "updated_at:>='2026-11-20T00:00:00Z' updated_at:<'2026-11-21T00:00:00Z'"
    whole = [
        n["legacyResourceId"] for n in shop.post(search=search, first=250).json()["data"]["orders"]["nodes"]
    ]
    found: list[str] = []
    after, more = None, True
    while more:
        page = shop.post(search=search, first=4, after=after).json()["data"]["orders"]
        found += [node["legacyResourceId"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == whole and len(whole) > 8


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (ORDERS, {"first": 251}, "argumentLiteralsIncompatible"),
        (ORDERS, {"after": "bm9uc2Vuc2U="}, "invalidCursor"),
        (ORDERS, {"stray": 1}, "variableNotUsed"),
        ("{ shop { name } }", {}, "parseError"),
        ("query Q { orders(first: 2, sortKey: UPDATED_AT) { nodes { total } } }", {}, "undefinedField"),
        ("query Q { orders(first: 2, sortKey: UPDATED_AT) { nodes { customer } } }", {}, "selectionMismatch"),
        ("query Q { orders(sortKey: UPDATED_AT) { nodes { id } } }", {}, "missingFirstOrLast"),
        ('query Q { orders(first: 2, status: "any") { nodes { id } } }', {}, "argumentNotAccepted"),
        ('query Q { order(id: "123") { id } }', {}, "argumentLiteralsIncompatible"),
        (
            "query Q { orders(first: 250, sortKey: UPDATED_AT) { nodes { lineItems(first: 250) { nodes { "
            "originalTotalSet { shopMoney { amount } } product { id } variant { id } taxLines { title } "
            "discountedTotalSet { shopMoney { amount } } } } } } }",
            {},
            "MAX_COST_EXCEEDED",
        ),
    ],
)
def test_what_the_schema_or_the_price_forbids_is_refused(
    shop: Caller, query: str, variables: dict[str, Any], code: str
) -> None:
    assert shop.code(query, **variables) == code


def test_an_ended_version_is_answered_by_the_oldest_that_is_not(shop: Caller) -> None:
    assert shop.post(version="2026-10").headers["X-Shopify-API-Version"] == "2026-10"
    assert shop.post(version="2024-01").headers["X-Shopify-API-Version"] == "2026-01"


def test_tokens_are_the_shops_own_and_are_bought_with_key_and_secret(sandbox: Running) -> None:
    for variant in ("expired", "revoked"):
        assert Caller(sandbox, variant).post().status_code == 401
    assert Caller(sandbox).post(token="").status_code == 401
    shop = Caller(sandbox)
    form = {
        "client_id": shop.connection["login"],
        "client_secret": shop.connection["password"],
        "grant_type": "client_credentials",
    }
    url = f"{shop.connection['host']}/admin/oauth/access_token"
    bought = requests.post(url, data=form, timeout=10).json()
    assert bought["expires_in"] == 86_399 and shop.post(token=bought["access_token"]).status_code == 200
    assert requests.post(url, data={**form, "client_secret": "x"}, timeout=10).status_code == 400
    assert requests.post(url, data={**form, "grant_type": "refresh_token"}, timeout=10).status_code == 400
