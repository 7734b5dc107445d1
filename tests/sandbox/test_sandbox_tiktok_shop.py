"""The TikTok Shop half refuses what its API is said to refuse (platforms-global §5)."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from decimal import Decimal
from typing import Any

import pytest
import requests

from extractors.sandbox import Running

ORDERS = "/order/202309/orders/search"
DAY = {"update_time_ge": 1_795_104_000, "update_time_lt": 1_795_190_400}  # 2026-11-19T16:00Z and a day on
LIST = {"page_size": "100", "sort_field": "update_time", "sort_order": "ASC"}


class Caller:
    """Speaks as the seller's app does; keywords replace parts of the call, None removes a query parameter.

    ahead: seconds that its clock is before the right time."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        self.connection: dict[str, Any] = sandbox.connections(variant)["tiktok_shop__harbor"]

    def post(
        self,
        path: str = ORDERS,
        body: Any = DAY,
        *,
        secret: str | None = None,
        token: str | None = None,
        tampered: bytes | None = None,
        ahead: int = 0,
        verb: str = "POST",
        **query: Any,
    ) -> dict[str, Any]:
        connection = self.connection
        given = {
            "app_key": connection["login"],
            "timestamp": str(int(time.time()) + ahead),
            "shop_cipher": connection["extra"]["shop_cipher"],
            **LIST,
            **query,
        }
        given = {name: str(value) for name, value in given.items() if value is not None}
        raw = json.dumps(body).encode() if verb == "POST" else b""
        key = secret or connection["password"]
        joined = "".join(name + given[name] for name in sorted(given))
        text = (key + path + joined).encode() + raw + key.encode()
        given["sign"] = hmac.new(key.encode(), text, hashlib.sha256).hexdigest()
        token = connection["extra"]["access_token"] if token is None else token
        headers = {"x-tts-access-token": token, "content-type": "application/json"}
        url = connection["host"] + path
        answer = requests.request(verb, url, params=given, data=tampered or raw, headers=headers, timeout=10)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def seller(sandbox: Running) -> Caller:
    return Caller(sandbox)


def test_a_day_is_listed_page_by_page_with_one_line_a_unit(seller: Caller) -> None:
    whole = seller.post()["data"]
    assert whole["total_count"] == len(whole["orders"]) > 5 and whole["next_page_token"] == ""
    found: list[str] = []
    token: Any = None
    while token != "":
        page = seller.post(page_size="3", page_token=token)["data"]
        found += [order["id"] for order in page["orders"]]
        token = page["next_page_token"]
    assert found == [order["id"] for order in whole["orders"]]
    assert all("quantity" not in line for order in whole["orders"] for line in order["line_items"])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"secret": "wrong"}, 106001),
        ({"tampered": b'{"update_time_ge": 0}'}, 106001),
        ({"ahead": -3_600}, 36009004),
        ({"ahead": 60}, 36009004),
        ({"app_key": "other"}, 36009004),
        ({"token": "nonsense"}, 36009004),
        ({"shop_cipher": "other"}, 106011),
        ({"shop_cipher": None}, 36009004),
        ({"version": "202309"}, 36009006),
        ({"page_size": "101"}, 36009005),
        ({"page_token": "bm9uc2Vuc2U"}, 36009005),
        ({"body": {"updated_after": 1}}, 36009005),
        ({"body": {"update_time_ge": 1_795_104_000_000}}, 36009005),
    ],
)
def test_what_is_not_in_order_is_refused(seller: Caller, given: dict[str, Any], code: int) -> None:
    assert seller.post(**given)["code"] == code


STATEMENTS = {
    "path": "/finance/202309/statements",
    "verb": "GET",
    "sort_field": "statement_time",
    "statement_time_ge": 1_795_046_400,  # 2026-11-19T00:00Z and a day on
    "statement_time_lt": 1_795_132_800,
}


def test_a_statement_is_of_a_midnight_and_its_transactions_come_to_its_sums(seller: Caller) -> None:
    (statement,) = seller.post(**STATEMENTS)["data"]["statements"]
    assert statement["statement_time"] == STATEMENTS["statement_time_ge"]
    path = f"/finance/202501/statements/{statement['id']}/statement_transactions"
    told = seller.post(path, verb="GET", sort_field="order_create_time")["data"]
    assert told["total_count"] == len(told["transactions"]) > 5
    for name, sum_of in {"settlement_amount": "settlement_amount", "fee_amount": "fee_tax_amount"}.items():
        whole = sum(Decimal(one[sum_of]) for one in told["transactions"])
        assert whole == Decimal(statement[name]) != 0
    for one in told["transactions"]:
        taken = sum(Decimal(amount) for amount in one["fee_tax_breakdown"]["fee"].values())
        assert taken == Decimal(one["fee_tax_amount"])


@pytest.mark.parametrize(
    "given",
    [
        {"sort_field": "create_time"},
        {"page_size": "101"},
        {"statement_time_ge": "yesterday"},
        {"path": "/finance/202501/statements/5/statement_transactions"},
        {"path": "/finance/202501/statements/5/statement_transactions", "sort_field": "order_create_time"},
        {"update_time_ge": 1},
    ],
)
def test_a_wrong_question_about_statements_is_refused(seller: Caller, given: dict[str, Any]) -> None:
    assert seller.post(**{**STATEMENTS, **given})["code"] in (36009005, 36009006)


def test_tokens_end_and_are_renewed_with_both_replaced(sandbox: Running) -> None:
    seller = Caller(sandbox, "expired")
    assert seller.post()["code"] == 105002 and Caller(sandbox, "revoked").post()["code"] == 36009004
    ask = {
        "app_key": seller.connection["login"],
        "app_secret": seller.connection["password"],
        "refresh_token": seller.connection["extra"]["refresh_token"],
        "grant_type": "refresh_token",
    }
    url = seller.connection["host"] + "/api/v2/token/refresh"
    given = requests.get(url, params=ask, timeout=10).json()["data"]
    assert seller.post(token=given["access_token"])["code"] == 0
    assert given["access_token_expire_in"] > time.time()
    assert requests.get(url, params=ask, timeout=10).json()["code"] != 0  # spent
    assert requests.get(url, params={**ask, "app_secret": "x"}, timeout=10).json()["code"] != 0
