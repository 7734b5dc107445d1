"""The Magento half refuses what a shop's REST API refuses (platforms-global §4)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from extractors.sandbox import Running


def criteria(
    *filters: tuple[str, str, str], page: str = "1", size: str = "100", **more: str
) -> dict[str, str]:
    """Search criteria; each filter in a group of its own."""
    params = {"searchCriteria[pageSize]": size, "searchCriteria[currentPage]": page, **more}
    for n, (field, value, condition) in enumerate(filters):
        place = f"searchCriteria[filter_groups][{n}][filters][0]"
        params |= {f"{place}[field]": field, f"{place}[value]": value, f"{place}[condition_type]": condition}
    return params


DAY = (("updated_at", "2026-11-20 00:00:00", "gteq"), ("updated_at", "2026-11-21 00:00:00", "lt"))


class Caller:
    """Speaks as an integration of the shop."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        self.connection: dict[str, Any] = sandbox.connections(variant)["magento__harbor"]

    def get(self, path: str, params: dict[str, str], token: str | None = None) -> requests.Response:
        token = self.connection["extra"]["access_token"] if token is None else token
        url = f"{self.connection['host']}/rest/all/V1/{path}"
        return requests.get(url, params=params, headers={"Authorization": f"Bearer {token}"}, timeout=10)


@pytest.fixture
def shop(sandbox: Running) -> Caller:
    return Caller(sandbox)


def test_groups_mean_and_filters_in_one_group_mean_or(shop: Caller) -> None:
    both = shop.get("orders", criteria(*DAY)).json()
    assert all("2026-11-20" in item["updated_at"] for item in both["items"]) and both["total_count"] > 5
    either = criteria(DAY[0])
    either |= {
        "searchCriteria[filter_groups][0][filters][1][field]": "updated_at",
        "searchCriteria[filter_groups][0][filters][1][value]": "2026-11-21 00:00:00",
        "searchCriteria[filter_groups][0][filters][1][condition_type]": "lt",
    }
    assert shop.get("orders", either).json()["total_count"] > both["total_count"]


def test_a_page_past_the_end_is_the_last_page_again(shop: Caller) -> None:
    whole = [item["entity_id"] for item in shop.get("orders", criteria(*DAY)).json()["items"]]
    size = len(whole) // 2 + 1
    last = shop.get("orders", criteria(*DAY, page="2", size=str(size))).json()["items"]
    past = shop.get("orders", criteria(*DAY, page="9", size=str(size))).json()["items"]
    assert [item["entity_id"] for item in last] == whole[size:] == [item["entity_id"] for item in past]


def test_a_configurable_product_has_a_second_row_without_money(shop: Caller) -> None:
    items = [item for order in shop.get("orders", criteria(*DAY)).json()["items"] for item in order["items"]]
    children = [item for item in items if "parent_item_id" in item]
    assert children and all(item["base_row_total"] == 0 for item in children)


@pytest.mark.parametrize(
    "params",
    [
        {},
        criteria(*DAY, size="301"),
        criteria(*DAY, page="0"),
        criteria(("updated", "2026-11-20 00:00:00", "gteq")),
        criteria(("updated_at", "2026-11-20T00:00:00Z", "gteq")),
        criteria(("updated_at", "2026-11-20 00:00:00", "after")),
        criteria(*DAY, per_page="20"),
        {**criteria(*DAY), "searchCriteria[sortOrders][0][field]": "entity_id"}
        | {"searchCriteria[sortOrders][0][direction]": "upwards"},
    ],
)
def test_what_is_no_search_criterion_is_refused(shop: Caller, params: dict[str, str]) -> None:
    answer = shop.get("orders", params)
    assert answer.status_code == 400 and answer.json()["message"]


def test_tokens_are_the_shops_own_and_a_sign_in_gives_new_ones(sandbox: Running) -> None:
    for variant in ("expired", "revoked"):
        assert Caller(sandbox, variant).get("orders", criteria(*DAY)).status_code == 401
    shop = Caller(sandbox)
    url = f"{shop.connection['host']}/rest/all/V1/integration/admin/token"
    user = {"username": shop.connection["login"], "password": shop.connection["password"]}
    bought = requests.post(url, json=user, timeout=10).json()
    assert shop.get("orders", criteria(*DAY), token=bought).status_code == 200
    assert requests.post(url, json={**user, "password": "x"}, timeout=10).status_code == 401
    assert requests.post(url, json={}, timeout=10).status_code == 400
