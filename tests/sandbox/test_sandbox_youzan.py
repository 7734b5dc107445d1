"""What Youzan's sandbox half refuses, in the vendor's own codes, over real HTTP; and the two ways to a token."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests
from sandbox_callers import SHANGHAI, Callers

from extractors.sandbox import Running
from extractors.sandbox.credentials import token

DAY = datetime(2026, 11, 19, tzinfo=SHANGHAI)
GOOD: dict[str, Any] = {
    "start_update": "2026-11-19 00:00:00",
    "end_update": "2026-11-20 00:00:00",
    "page_no": 1,
    "page_size": 100,
}


class Youzan:
    """Calls as the documents describe them."""

    def __init__(self, callers: Callers) -> None:
        self.connection = callers.connections["youzan__lantern"]
        self.post = partial(requests.post, timeout=20)

    def ask(
        self,
        api: str = "youzan.trades.sold.get/4.0.4",
        access: str | None = None,
        given: dict[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        query = {"access_token": self.connection["extra"]["access_token"] if access is None else access}
        body = {name: value for name, value in {**(given or GOOD), **more}.items() if value is not None}
        answer = self.post(f"{self.connection['host']}/api/{api}", params=query, json=body)
        assert answer.status_code == 200, "errors are told in the body"
        return answer.json()

    def code(self, *args: Any, **more: Any) -> int:
        """The gateway's or the business's code."""
        body = self.ask(*args, **more)
        return int(body.get("gw_err_resp", {}).get("err_code") or body["code"])

    def token(self, **given: Any) -> Any:
        body = {"client_id": self.connection["login"], "client_secret": self.connection["password"], **given}
        return self.post(f"{self.connection['host']}/auth/token", json=body).json()


@pytest.fixture
def youzan(callers: Callers) -> Youzan:
    return Youzan(callers)


def test_a_well_made_call_is_answered(youzan: Youzan, sandbox: Running) -> None:
    body = youzan.ask()
    assert (body["code"], body["success"]) == (200, True)
    assert len(body["data"]["full_order_info_list"]) == min(body["data"]["total_results"], 100) > 10
    assert not sandbox.control.refusals


def test_tokens_that_are_absent_invented_revoked_or_expired_are_refused(youzan: Youzan) -> None:
    assert youzan.code(access="") == 4201
    assert youzan.code(access="invented") == 4203
    assert youzan.code(access=token("youzan", "lantern_youzan", "revoked")) == 4203
    assert youzan.code(access=token("youzan", "lantern_youzan", "expired")) == 4202


def test_the_token_belongs_into_the_query_and_the_rest_into_json(youzan: Youzan) -> None:
    url = f"{youzan.connection['host']}/api/youzan.trades.sold.get/4.0.4"
    access = youzan.connection["extra"]["access_token"]
    in_header = youzan.post(url, json=GOOD, headers={"Authorization": f"Bearer {access}"}).json()
    as_form = youzan.post(url, data=GOOD, params={"access_token": access}).json()
    assert in_header["gw_err_resp"]["err_code"] == 4201
    assert as_form["gw_err_resp"]["err_code"] == 4007


def test_an_api_or_version_that_is_none_is_refused_before_the_token(youzan: Youzan) -> None:
    assert youzan.code("youzan.trades.sold.get/9.9.9", access="invented") == 4005
    assert youzan.code("youzan.no.such.thing/4.0.4") == 4005


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"start_update": "2026-11-19"}, 5001),
        ({"end_update": None}, 5001),
        ({"start_update": "2026-11-20 00:00:00"}, 5000),
        ({"start_update": "2026-08-19 00:00:00"}, 5000),
        ({"page_size": 101}, 5000),
        ({"page_size": "100"}, 5000),
        ({"page_no": 101}, 5000),
        ({"page_no": 90}, 5000),
        ({"status": "WAIT_FOR_MOON"}, 5000),
        ({"colour": "red"}, 5000),
    ],
)
def test_what_the_document_forbids_is_refused(youzan: Youzan, wrong: dict[str, Any], code: int) -> None:
    assert youzan.code(**wrong) == code


def test_refunds_take_seconds_and_go_three_thousand_deep(youzan: Youzan) -> None:
    api, start = "youzan.trade.refund.search/3.0.1", int((DAY - timedelta(days=20)).timestamp())
    span = {"update_time_start": start, "update_time_end": start + 20 * 86_400, "page_no": 1, "page_size": 50}
    found = youzan.ask(api, given=span)["data"]
    assert len(found["refunds"]) == min(found["total"], 50) > 5
    assert youzan.code(api, given=span, page_no=61) == 5000
    assert youzan.code(api, given=span, update_time_start="2026-11-01 00:00:00") == 5001
    one = found["refunds"][0]
    whole = youzan.ask("youzan.trade.refund.get/3.0.1", given={"refund_id": one["refund_id"]})["data"]
    assert whole["refund_fee"] == one["refund_fee"] and whole["oid"]
    assert youzan.code("youzan.trade.refund.get/3.0.1", given={"refund_id": "R1"}) == 103011024


def test_the_two_shelves_hold_every_item_once(youzan: Youzan) -> None:
    span = {"update_time_start": 1, "update_time_end": int(DAY.timestamp() * 1000), "page_no": 1}
    places: list[tuple[str, dict[str, Any]]] = [
        ("onsale", {}),
        ("inventory", {}),
        ("inventory", {"banner": "sold_out"}),
    ]
    shelves = [
        {
            item["item_id"]
            for item in youzan.ask(f"youzan.items.{shelf}.get/3.0.0", given=span | more)["data"]["items"]
        }
        for shelf, more in places
    ]
    assert len(set.union(*shelves)) == sum(map(len, shelves)) and len(shelves[0]) > 5
    assert youzan.code("youzan.items.inventory.get/3.0.0", given=span | {"banner": "all"}) == 5000
    assert youzan.code("youzan.items.onsale.get/3.0.0", given=span, page_size=200) == 5000


def test_an_app_of_the_market_trades_a_refresh_token_once(youzan: Youzan) -> None:
    renewal = {
        "authorize_type": "refresh_token",
        "refresh_token": youzan.connection["extra"]["refresh_token"],
    }
    fresh = youzan.token(**renewal)["data"]
    assert youzan.code(access=fresh["access_token"]) == 200
    assert fresh["expires"] > datetime.now().timestamp() * 1000, "an instant in milliseconds"
    assert youzan.token(**renewal)["code"] == 1004, "the old one is spent"
    again = youzan.token(**{**renewal, "refresh_token": fresh["refresh_token"]})
    assert again["data"]["access_token"] != fresh["access_token"]


def test_a_merchants_own_app_buys_a_token_for_its_shop(youzan: Youzan) -> None:
    bought = youzan.token(authorize_type="silent", grant_id="32", refresh=True)["data"]
    assert youzan.code(access=bought["access_token"]) == 200 and "refresh_token" not in bought
    assert youzan.token(authorize_type="silent", grant_id="32", refresh="true")["code"] == 1004
    assert youzan.token(authorize_type="silent", grant_id="99", refresh=True)["code"] == 1004
    wrong = {"authorize_type": "silent", "grant_id": "32", "refresh": True, "client_secret": "x"}
    assert youzan.token(**wrong)["code"] == 1000
    assert youzan.token(**{**wrong, "client_id": "test"})["code"] == 1103
