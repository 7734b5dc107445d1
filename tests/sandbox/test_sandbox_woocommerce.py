"""The pretend WooCommerce answers and refuses as its document says (platforms-global §2)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from sandbox_callers import SHANGHAI, Callers

from extractors.sandbox import Running
from extractors.sandbox.control import Touch

WINDOW: dict[str, Any] = {
    "modified_after": "2026-11-10T00:00:00",
    "modified_before": "2026-11-12T00:00:00",
    "dates_are_gmt": "true",
    "orderby": "modified",
    "order": "asc",
    "per_page": 100,
}
HARBOR = "woocommerce__harbor"


def _all(
    callers: Callers, path: str, account: str = "woocommerce__lantern", **query: Any
) -> list[dict[str, Any]]:
    first = callers.woo(path, account, **query)
    found = first.json()
    for page in range(2, int(first.headers["X-WP-TotalPages"]) + 1):
        found += callers.woo(path, account, page=page, **query).json()
    assert len(found) == int(first.headers["X-WP-Total"]) > 0
    return found


def test_pages_hold_every_order_once_in_the_order_asked_for(callers: Callers) -> None:
    orders = _all(callers, "/orders", **{**WINDOW, "per_page": 20})
    assert len(orders) > 60
    assert len({order["id"] for order in orders}) == len(orders)
    marks = [(order["date_modified_gmt"], order["id"]) for order in orders]
    assert marks == sorted(marks)


def test_the_body_is_a_bare_array_with_totals_in_headers_and_a_link_to_the_next_page(
    callers: Callers,
) -> None:
    answer = callers.woo("/orders", **{**WINDOW, "per_page": 20})
    assert isinstance(answer.json(), list)
    assert int(answer.headers["X-WP-TotalPages"]) == -(-int(answer.headers["X-WP-Total"]) // 20)
    assert 'page=2>; rel="next"' in answer.headers["Link"]


def test_ten_newest_orders_come_by_default(callers: Callers) -> None:
    orders = callers.woo("/orders").json()
    assert len(orders) == 10
    created = [order["date_created_gmt"] for order in orders]
    assert created == sorted(created, reverse=True)


def test_a_page_past_the_end_is_an_empty_array(callers: Callers) -> None:
    answer = callers.woo("/orders", **{**WINDOW, "page": 99})
    assert answer.status_code == 200
    assert answer.json() == []


def test_both_ends_of_the_modified_filter_are_exclusive(callers: Callers) -> None:
    orders = callers.woo("/orders", **WINDOW).json()
    first, last = orders[0]["date_modified_gmt"], orders[-1]["date_modified_gmt"]
    inner = callers.woo("/orders", **{**WINDOW, "modified_after": first, "modified_before": last}).json()
    ids = {order["id"] for order in inner}
    assert orders[0]["id"] not in ids
    assert orders[-1]["id"] not in ids
    assert len(inner) <= len(orders) - 2


def test_dates_are_site_local_unless_said_to_be_gmt(callers: Callers) -> None:
    local = _all(callers, "/orders", **{**WINDOW, "dates_are_gmt": "false"})
    with_z = _all(
        callers,
        "/orders",
        **{
            **WINDOW,
            "dates_are_gmt": "false",
            "modified_after": "2026-11-10T00:00:00Z",
            "modified_before": "2026-11-12T00:00:00Z",
        },
    )
    assert [o["id"] for o in local] == [o["id"] for o in with_z]
    assert all("2026-11-10T00:00:00" < o["date_modified"] < "2026-11-12T00:00:00" for o in local)
    assert {o["id"] for o in local} != {o["id"] for o in _all(callers, "/orders", **WINDOW)}


def test_local_and_gmt_stamps_agree_across_the_clock_change(callers: Callers) -> None:
    span = {**WINDOW, "modified_after": "2026-10-31T00:00:00", "modified_before": "2026-11-03T00:00:00"}
    offsets = set()
    for order in _all(callers, "/orders", HARBOR, **span):
        gmt = datetime.fromisoformat(order["date_modified_gmt"] + "+00:00")
        local = gmt.astimezone(ZoneInfo("America/New_York"))
        assert local.strftime("%Y-%m-%dT%H:%M:%S") == order["date_modified"]
        offsets.add(local.utcoffset())
    assert offsets == {timedelta(hours=-4), timedelta(hours=-5)}


def test_any_leaves_the_trash_out(callers: Callers) -> None:
    span: dict[str, Any] = {"after": "2026-09-01T00:00:00", "dates_are_gmt": "true", "per_page": 100}
    trash = _all(callers, "/orders", status="trash", **span)
    usual = {order["status"] for order in _all(callers, "/orders", **span)}
    assert trash
    assert "trash" not in usual
    assert usual - {"pending"} == {"on-hold", "processing", "completed", "cancelled", "refunded", "failed"}


@pytest.mark.parametrize("account", ["woocommerce__lantern", HARBOR])
def test_money_adds_up_from_the_lines_to_the_total(callers: Callers, account: str) -> None:
    for order in _all(callers, "/orders", account, **WINDOW):
        lines = order["line_items"]
        goods = sum(Decimal(line["total"]) for line in lines)
        tax = sum(Decimal(line["total_tax"]) for line in lines)
        assert tax == Decimal(order["cart_tax"])
        assert tax + Decimal(order["shipping_tax"]) == Decimal(order["total_tax"])
        assert goods + Decimal(order["shipping_total"]) + Decimal(order["total_tax"]) == Decimal(
            order["total"]
        )
        before = sum(Decimal(line["subtotal"]) for line in lines)
        assert before - goods == Decimal(order["discount_total"])
        assert isinstance(lines[0]["price"], float)


def test_only_the_american_shop_charges_tax(callers: Callers) -> None:
    assert all(Decimal(o["total_tax"]) > 0 for o in _all(callers, "/orders", HARBOR, **WINDOW))
    assert all(Decimal(o["total_tax"]) == 0 for o in _all(callers, "/orders", **WINDOW))


def test_an_orders_refunds_are_the_same_in_all_three_places(callers: Callers) -> None:
    span = {"after": "2026-10-20T00:00:00", "dates_are_gmt": "true", "per_page": 100}
    refunds = _all(callers, "/refunds", **span)
    assert len(refunds) > 20
    kinds = set()
    for refund in refunds[:30]:
        order = callers.woo(f"/orders/{refund['parent_id']}").json()
        own = {r["id"]: r for r in callers.woo(f"/orders/{refund['parent_id']}/refunds").json()}
        assert own[refund["id"]] == refund
        short = {r["id"]: r for r in order["refunds"]}
        assert short[refund["id"]]["total"] == f"-{refund['amount']}"
        lines = refund["line_items"] + refund["shipping_lines"]
        if lines:
            parts = sum(Decimal(line["total"]) + Decimal(line["total_tax"]) for line in lines)
            assert -parts == Decimal(refund["amount"])
        kinds.add((bool(refund["line_items"]), bool(refund["shipping_lines"])))
        if Decimal(refund["amount"]) == Decimal(order["total"]):
            assert order["status"] == "refunded"
    assert {(False, False), (True, True)} <= kinds


def test_some_refunds_do_not_move_the_order(callers: Callers) -> None:
    span = {"after": "2026-10-01T00:00:00", "dates_are_gmt": "true", "per_page": 100}
    still = 0
    for refund in _all(callers, "/refunds", **span):
        order = callers.woo(f"/orders/{refund['parent_id']}").json()
        still += order["date_modified_gmt"] < refund["date_created_gmt"]
    assert still > 0


def test_cash_on_delivery_is_paid_when_it_is_completed(callers: Callers) -> None:
    orders = [
        o
        for o in _all(callers, "/orders", after="2026-11-01T00:00:00", per_page=100)
        if o["payment_method"] == "cod"
    ]
    assert {o["status"] for o in orders} >= {"processing", "completed"}
    for order in orders:
        assert (order["date_paid"] is not None) == (order["date_completed"] is not None)


def test_orders_carry_canaries_and_big_numbers(callers: Callers) -> None:
    orders = _all(callers, "/orders", **WINDOW)
    with_buyer = [o for o in orders if o["billing"]["email"]]
    assert all("PIICANARY" in o["billing"]["email"] for o in with_buyer)
    assert all("PIICANARY" in o["shipping"]["last_name"] for o in with_buyer)
    assert all(o["meta_data"][0]["id"] > 2**53 for o in orders)
    assert any("fulfillment_hint" in o for o in orders)


def test_one_buyers_address_may_differ_in_case_only(callers: Callers) -> None:
    orders = _all(callers, "/orders", after="2026-10-01T00:00:00", per_page=100)
    spellings: dict[str, set[str]] = {}
    for order in orders:
        email = order["billing"]["email"]
        spellings.setdefault(email.lower(), set()).add(email)
    assert any(len(found) == 2 for found in spellings.values())


def test_products_have_variations_and_categories(callers: Callers) -> None:
    products = _all(callers, "/products", per_page=100)
    variable = [p for p in products if p["type"] == "variable"]
    assert variable
    assert all(len(p["categories"]) == 2 for p in products)
    for product in variable:
        variations = callers.woo(f"/products/{product['id']}/variations", per_page=100).json()
        assert sorted(v["id"] for v in variations) == product["variations"]
        assert min(Decimal(v["price"]) for v in variations) == Decimal(product["price"])
        assert {v["parent_id"] for v in variations} == {product["id"]}
    named = {p["id"] for p in products} | {i for p in products for i in p["variations"]}
    lines = [line for o in callers.woo("/orders", **WINDOW).json() for line in o["line_items"]]
    assert {line["product_id"] for line in lines} <= named
    assert {line["variation_id"] for line in lines} <= named | {0}


def test_basic_works_only_when_the_request_came_over_https(callers: Callers) -> None:
    connection = callers.connections["woocommerce__lantern"]
    url = f"{connection['host']}/wp-json/wc/v3/products"
    both = (connection["login"], connection["password"])
    plain = requests.get(url, auth=both, timeout=10)
    assert plain.status_code == 401
    assert plain.json()["code"] == "woocommerce_rest_cannot_view"
    secure = {"X-Forwarded-Proto": "https"}
    assert requests.get(url, auth=both, headers=secure, timeout=10).status_code == 200
    wrong = requests.get(url, auth=(both[0], "cs_wrong"), headers=secure, timeout=10)
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Consumer secret is invalid.")
    stranger = requests.get(url, auth=("ck_x", both[1]), headers=secure, timeout=10)
    assert stranger.json()["message"] == "Consumer key is invalid."
    in_query = {"consumer_key": both[0], "consumer_secret": both[1]}
    assert requests.get(url, params=in_query, headers=secure, timeout=10).status_code == 200


OAUTH_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong secret": ({"secret": "cs_wrong"}, "Invalid signature - provided signature does not match."),
    "an unknown key": ({"oauth": {"oauth_consumer_key": "ck_x"}}, "Consumer key is invalid."),
    "an old time stamp": (
        {"oauth": {"oauth_timestamp": str(int(time.time()) - 3_600)}},
        "Invalid timestamp.",
    ),
    "no nonce": ({"oauth": {"oauth_nonce": None}}, "Missing OAuth parameter oauth_nonce"),
    "another method": (
        {"oauth": {"oauth_signature_method": "PLAINTEXT", "oauth_signature": "x"}},
        "Invalid signature - signature method is invalid.",
    ),
}


@pytest.mark.parametrize("case", list(OAUTH_REFUSED))
def test_oauth_refuses(callers: Callers, case: str) -> None:
    change, message = OAUTH_REFUSED[case]
    answer = callers.woo("/products", **change)
    assert answer.status_code == 401
    assert answer.json() == {
        "code": "woocommerce_rest_authentication_error",
        "message": message,
        "data": {"status": 401},
    }


def test_a_nonce_is_good_for_one_request(callers: Callers) -> None:
    once: dict[str, Any] = {"oauth_nonce": "only-once"}
    assert callers.woo("/products", oauth=once).status_code == 200
    again = callers.woo("/products", oauth=once)
    assert again.json()["message"] == "Invalid nonce - nonce has already been used."


def test_oauth_signs_with_sha1_too(callers: Callers) -> None:
    assert callers.woo("/products", oauth={"oauth_signature_method": "HMAC-SHA1"}).status_code == 200


PARAM_REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "more than a hundred": ("/orders", {"per_page": 101}, "per_page"),
    "none at all": ("/orders", {"per_page": 0}, "per_page"),
    "page zero": ("/orders", {"page": 0}, "page"),
    "an unknown parameter": ("/orders", {"modified_afer": "2026-11-01T00:00:00"}, "modified_afer"),
    "an unknown status": ("/orders", {"status": "paid"}, "status"),
    "an unknown order": ("/orders", {"orderby": "total"}, "orderby"),
    "a sideways order": ("/orders", {"order": "up"}, "order"),
    "an unknown order of variations": ("/products/{variable}/variations", {"orderby": "price"}, "orderby"),
    "a malformed date": ("/orders", {"modified_after": "2026-11-01"}, "modified_after"),
    "an impossible date": ("/refunds", {"after": "2026-13-01T00:00:00"}, "after"),
    "a filter that reviews have not": ("/products/reviews", {"dates_are_gmt": "true"}, "dates_are_gmt"),
    "a status that reviews have not": ("/products/reviews", {"status": "any"}, "status"),
    "an order that reviews have not": ("/products/reviews", {"orderby": "rating"}, "orderby"),
    "a day for a moment": ("/products/reviews", {"after": "2026-11-01"}, "after"),
    "a word for a boolean": ("/orders", {"dates_are_gmt": "yes"}, "dates_are_gmt"),
}


@pytest.mark.parametrize("case", list(PARAM_REFUSED))
def test_a_parameter_is_refused_by_name(callers: Callers, case: str) -> None:
    path, query, name = PARAM_REFUSED[case]
    if "{variable}" in path:
        products = _all(callers, "/products", per_page=100)
        path = path.format(variable=next(p["id"] for p in products if p["type"] == "variable"))
    answer = callers.woo(path, **query)
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"] == "rest_invalid_param"
    assert set(body["data"]["params"]) == {name}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/orders/123", "woocommerce_rest_shop_order_invalid_id"),
        ("/products/1", "woocommerce_rest_product_invalid_id"),
        ("/orderz", "rest_no_route"),
    ],
)
def test_what_does_not_exist_is_not_found(callers: Callers, path: str, code: str) -> None:
    answer = callers.woo(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_a_date_of_reviews_is_the_sites_unless_it_names_a_zone(callers: Callers) -> None:
    def reviews(after: str, before: str) -> set[int]:
        return {
            review["id"]
            for review in _all(callers, "/products/reviews", HARBOR, per_page=100, after=after, before=before)
        }

    local = reviews("2026-11-09T23:59:59", "2026-11-12T00:00:00")
    assert local == reviews("2026-11-10T04:59:59Z", "2026-11-12T05:00:00Z")
    assert local != reviews("2026-11-09T23:59:59Z", "2026-11-12T00:00:00Z")


def test_reviews_are_listed_by_status_and_all_is_all_but_spam_and_the_trash(callers: Callers) -> None:
    def reviews(**query: Any) -> dict[int, str]:
        return {review["id"]: review["status"] for review in _all(callers, "/products/reviews", **query)}

    every = {name: reviews(status=name, per_page=100) for name in ("approved", "hold", "spam", "trash")}
    assert all(set(found.values()) == {name} for name, found in every.items())
    assert reviews(status="all", per_page=100) == every["approved"] | every["hold"]
    assert reviews(per_page=100) == every["approved"]


def test_one_shops_key_opens_no_other_shop(callers: Callers) -> None:
    harbor = callers.connections[HARBOR]
    answer = callers.woo("/orders", oauth={"oauth_consumer_key": harbor["login"]}, secret=harbor["password"])
    assert answer.json()["message"] == "Consumer key is invalid."


def test_an_order_edited_while_it_is_read_leaves_its_window(sandbox: Running, callers: Callers) -> None:
    sandbox.control.set_clock(datetime(2026, 11, 12, 12, 0, tzinfo=SHANGHAI))
    before = callers.woo("/orders", **WINDOW).json()[0]["id"]
    sandbox.control.touches.append(Touch("woocommerce", "lantern_web", after_requests=0, place=0))
    after = callers.woo("/orders", **WINDOW)
    assert before not in {order["id"] for order in after.json()}
    moved = callers.woo(f"/orders/{before}").json()
    assert moved["date_modified_gmt"] == "2026-11-12T04:00:00"


def test_an_unfiltered_listing_tells_the_same_story_as_the_records(
    sandbox: Running, callers: Callers
) -> None:
    sandbox.control.set_clock(datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI))
    late = _all(callers, "/orders", status="any,trash", per_page=100)
    sandbox.control.set_clock(datetime(2026, 10, 1, 10, 0, tzinfo=SHANGHAI))
    early = _all(callers, "/orders", status="any,trash", per_page=100)
    book = sandbox.sandbox.world.books["lantern_web"]
    for orders, moment in ((late, datetime(2026, 11, 21, 10, 0)), (early, datetime(2026, 10, 1, 10, 0))):
        now = int(moment.replace(tzinfo=SHANGHAI).timestamp())
        states = [book.state(day, index, now) for day, index in book.created_between(0, now, now)]
        assert {(o["id"], o["date_modified_gmt"]) for o in orders} == {
            (s.order.id, datetime.fromtimestamp(s.modified, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
            for s in states
            if s is not None
        }
    assert len(late) > len(early) > 500
