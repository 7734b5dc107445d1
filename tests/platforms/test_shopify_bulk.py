"""Shopify's bulk operations: a long window by one file, whole however the operation ends, and never by default."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
import zstandard

from extractors.accounts import Account
from extractors.core.model import Page, Reply, Request
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import ConfigError, ContractError, ExtractErrors, RateLimitedError, TransientError
from extractors.extract import extract
from extractors.landing import Landing, Manifest
from extractors.platforms.shopify import PLATFORM, bulk
from extractors.sandbox import Running, running
from extractors.sandbox.control import Fault
from extractors.sandbox.halves import half
from extractors.sandbox.truth import orders_modified, shop_of

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 10, 20, 9, 0, tzinfo=NEW_YORK)
LONG = Window(NOW - timedelta(days=20), NOW - timedelta(hours=1))
NAME = "shopify__harbor"


class Killed(BaseException):
    """The process dies."""


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(first_day=date(2026, 9, 20), now=NOW) as box:
        yield box


@dataclass
class Bench:
    """One shop, a landing, and the sandbox."""

    box: Running
    folder: Path
    calls: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def run(
        self,
        window: Window | None = LONG,
        stream: str = "orders",
        before: Callable[[str], None] = lambda n: None,
    ) -> list[Manifest]:
        given: Any = self.box.connections()[NAME]
        account = Account(
            NAME, "shopify", "x", "harbor_us", "America/New_York", "USD", options={"calls_per_second": 10_000}
        )
        send = Session.__dict__["_send"]

        def watched(session: Session, name: str, arguments: dict[str, Any]) -> Any:
            before(name)
            self.calls[name] += 1
            self.sent.append(arguments)
            return send(session, name, arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Session, "_send", watched)
            return extract(
                account, Credentials(given["host"], given["login"], given["password"], given["extra"]),
                Landing(self.folder / "landing"), hash_key=b"x", token_dir=self.folder / "tokens",
                streams=(stream,), window=window, now=NOW, sleep=self.waits.append, progress=self.lines.append,
            )  # fmt: skip

    def refused(self, **given: Any) -> Any:
        """The one error a run ends with."""
        with pytest.raises(ExtractErrors) as caught:
            self.run(**given)
        (error,) = caught.value.errors
        return error

    def truth(self, window: Window = LONG) -> set[str]:
        bounds = (int(window.start.timestamp()), int(window.end.timestamp()), int(NOW.timestamp()))
        return {str(s.order.id) for s in orders_modified(self.box.sandbox.world, shop_of(NAME), *bounds)}


@pytest.fixture
def bench(served: Running, tmp_path: Path) -> Bench:
    served.control.reset()
    served.control.set_clock(NOW)
    served.sandbox.desks["shopify"].plans.clear()
    return Bench(served, tmp_path)


def payloads(manifests: list[Manifest]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for manifest in manifests:
        for path in manifest.paths:
            with Path(path).open("rb") as file:
                for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
                    row = json.loads(line)
                    found[row["key"]] = row["payload"]
    return found


def without_page_info(record: dict[str, Any]) -> dict[str, Any]:
    """The record as both ways give it: a page of lines says besides whether there are more, a file has no order."""
    return record | {
        "lineItems": sorted(record["lineItems"]["nodes"], key=lambda line: str(line["id"])),
        "shippingLines": sorted(record["shippingLines"]["nodes"], key=json.dumps),
    }


def test_a_long_window_comes_by_one_file_with_what_pages_would_bring(bench: Bench, tmp_path: Path) -> None:
    landed = bench.run()
    whole = payloads(landed)
    assert len(landed) == 1 and set(whole) == bench.truth() and len(whole) > 100
    assert bench.calls["bulk operation"] == bench.calls["bulk file"] == 1
    last = Window(LONG.end - timedelta(days=2), LONG.end)
    paged = payloads(Bench(bench.box, tmp_path / "paged").run(last))
    assert paged and any(record["refunds"] for record in paged.values())
    for key, record in paged.items():
        assert without_page_info(record) == without_page_info(whole[key]), key


def test_an_order_is_the_same_whatever_order_the_file_has(bench: Bench, tmp_path: Path) -> None:
    send = Session._send

    def reversed_file(session: Session, name: str, arguments: dict[str, Any]) -> Any:
        status, headers, body = send(session, name, arguments)
        return status, headers, b"\n".join(body.splitlines()[::-1]) if name == "bulk file" else body

    whole = payloads(bench.run())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "_send", reversed_file)
        assert payloads(Bench(bench.box, tmp_path / "reversed").run()) == whole


def test_an_order_with_more_of_anything_than_a_page_shows_lands_whole(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, of_refunds = {"lineItems", "shippingLines", "transactions", "fulfillments"}, (
        "refundLineItems", "refundShippingLines", "orderAdjustments", "transactions"
    )  # fmt: skip
    store = sys.modules[f"{half('shopify').__name__}.store"]
    made = store.order_record

    def is_padded(order: dict[str, Any]) -> bool:
        """Some are enough, all would take twenty seconds."""
        return bool(order["refunds"]) or order["id"].endswith("7")

    def padded(*given: Any) -> dict[str, Any]:
        order = made(*given)
        if not is_padded(order):
            return order
        for refund in order["refunds"]:
            money = {
                "reason": "OTHER",
                **dict.fromkeys(("amountSet", "taxAmountSet"), refund["totalRefundedSet"]),
            }
            refund["orderAdjustments"] = [{"id": "gid://shopify/OrderAdjustment/1", **money}]
        order["shippingLines"][0]["isRemoved"] = True
        for record, fields in [(order, many), *((refund, of_refunds) for refund in order["refunds"])]:
            for name in fields:
                record[name] = record[name] * (120 // max(len(record[name]), 1))
        return order

    def padded_refund(shop: Any, state: Any, found: Any) -> dict[str, Any]:
        return next(r for r in padded(shop, state)["refunds"] if r["id"].endswith(f"/{found.refund.id}"))

    monkeypatch.setattr(store, "order_record", padded)
    monkeypatch.setattr(store, "refund_record", padded_refund)
    day = Window(LONG.end - timedelta(days=1), LONG.end)
    for orders in (payloads(bench.run(day)), payloads(Bench(bench.box, tmp_path / "bulk").run(LONG))):
        counts: Counter[str] = Counter()
        for order in filter(is_padded, orders.values()):
            for record, fields in [(order, many), *((refund, of_refunds) for refund in order["refunds"])]:
                for name in fields:
                    found = record[name] if isinstance(record[name], list) else record[name]["nodes"]
                    assert len(found) in (0, 120), (order["id"], name)
                    counts[f"{name} of {record['id'].split('/')[3]}"] += bool(found)
        assert len(counts) == 8 and all(counts.values()), counts


def test_the_file_is_fetched_without_the_token(bench: Bench) -> None:
    bench.run()
    (file,) = [arguments for arguments in bench.sent if "/bulk/" in arguments["url"]]
    assert "headers" not in file and "data" not in file


def test_a_night_is_paged(bench: Bench) -> None:
    bench.run(Window(LONG.end - timedelta(days=13), LONG.end))
    assert bench.calls["graphql"] > 13 and not bench.calls["bulk operation"]


def test_a_first_load_is_cut_into_months_and_its_rest_into_days(bench: Bench) -> None:
    end = NOW - timedelta(minutes=3)  # nothing is read nearer to now
    start = end - timedelta(days=70)
    landed = bench.run(Window(start, end))
    spans = [manifest.window.span for manifest in landed]
    assert spans[:2] == [bulk.SLICE, bulk.SLICE] and all(span <= timedelta(days=1) for span in spans[2:])
    assert landed[0].window.start == start.astimezone(landed[0].window.start.tzinfo)
    assert sum(span.total_seconds() for span in spans) == timedelta(days=70).total_seconds()


def test_nothing_found_is_no_file_and_no_error(bench: Bench) -> None:
    before_history = Window(NOW - timedelta(days=120), NOW - timedelta(days=95))
    (landed,) = bench.run(before_history)
    assert landed.rows == 0 and bench.calls["bulk operation"] == 1 and not bench.calls["bulk file"]


@pytest.mark.parametrize("plan", ["fails", "cancelled", "expires"])
def test_an_operation_that_came_to_nothing_is_asked_for_anew(plan: str, bench: Bench) -> None:
    bench.box.sandbox.desks["shopify"].plans[:] = [plan]
    assert set(payloads(bench.run())) == bench.truth()
    assert bench.calls["bulk operation"] == 2, "its partial file would be a short read"


def test_one_that_takes_the_vendor_too_long_is_asked_for_in_halves(bench: Bench) -> None:
    bench.box.sandbox.desks["shopify"].plans[:] = ["timeout"]
    window = Window(NOW - timedelta(days=29), LONG.end)
    assert set(payloads(bench.run(window))) == bench.truth(window)
    assert bench.calls["bulk operation"] == 3


def test_a_file_too_big_to_hold_is_asked_for_in_halves(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BIGGEST", 1_000)
    assert set(payloads(bench.run())) == bench.truth()
    assert bench.calls["bulk operation"] == 1, "ten days are paged"


def test_one_that_is_denied_is_told_at_once(bench: Bench) -> None:
    bench.box.sandbox.desks["shopify"].plans[:] = ["denied"]
    error = bench.refused()
    assert isinstance(error, ConfigError) and error.advice and "read_all_orders" in error.advice
    assert bench.calls["bulk operation"] == 1


def test_one_that_never_ends_is_left_and_gone_on_with_by_the_next_run(bench: Bench) -> None:
    bench.box.sandbox.desks["shopify"].plans[:] = ["never"]
    assert isinstance(bench.refused(), TransientError) and sum(bench.waits) > 7_000


def test_a_run_killed_while_it_waits_asks_for_nothing_twice(bench: Bench) -> None:
    def die(name: str) -> None:
        if bench.calls["bulk operation"] and bench.calls["graphql"] == 1:
            raise Killed

    with pytest.raises(Killed):
        bench.run(before=die)
    assert set(payloads(bench.run())) == bench.truth()
    assert bench.calls["bulk operation"] == 1


def test_a_sixth_operation_waits_for_its_turn_and_then_says_what_is_the_matter(bench: Bench) -> None:
    bench.box.sandbox.desks["shopify"].plans[:] = ["never"] * 6
    speak = Speaker(bench.box)
    for _ in range(5):
        assert speak.begin("{ products { edges { node { id } } } }")["bulkOperation"]
    error = bench.refused()
    assert isinstance(error, RateLimitedError) and "already in progress" in error.message and error.advice
    assert bench.waits and max(bench.waits) == 60.0


def test_an_address_that_has_ended_makes_the_file_anew(bench: Bench) -> None:
    bench.box.control.faults.append(Fault("empty_page", "shopify", "file"))
    assert set(payloads(bench.run())) == bench.truth()
    assert bench.calls["bulk operation"] == 2


# ---- sixty days ----------------------------------------------------------------------------------------
OLD = Window(NOW - timedelta(days=80), NOW - timedelta(hours=1))


def test_an_app_without_read_all_orders_is_told_what_it_cannot_see(bench: Bench) -> None:
    bench.box.control.withheld.add("read_all_orders")
    landed = bench.run(OLD)
    assert landed[0].window.start == (NOW - timedelta(days=60)).astimezone(landed[0].window.start.tzinfo)
    (line,) = [line for line in bench.lines if "can no longer be had" in line]
    assert "60 days" in line and "read_all_orders" in line and NAME in line


def test_an_app_with_read_all_orders_sees_everything(bench: Bench) -> None:
    landed = bench.run(OLD)
    assert landed[0].window.start == OLD.start and not [line for line in bench.lines if "no longer" in line]


@pytest.mark.parametrize("withheld", [True, False])
def test_every_night_says_that_refunds_of_old_orders_are_not_shown(bench: Bench, withheld: bool) -> None:
    Landing(bench.folder / "landing").move_mark("shopify", NAME, "orders", LONG.end)
    if withheld:
        bench.box.control.withheld.add("read_all_orders")
    bench.run(None)
    told = [line for line in bench.lines if "older than 60 days" in line]
    assert len(told) == withheld
    assert all(NAME in line and "refunds" in line and "read_all_orders" in line for line in told)


def test_the_scopes_are_asked_for_only_when_it_matters(bench: Bench) -> None:
    bench.run(LONG)
    assert not [sent for sent in bench.sent if b"accessScopes" in (sent.get("data") or b"")]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"accessScopes": None},
        {"accessScopes": []},
        {"accessScopes": ["read_all_orders"]},
        {"accessScopes": [{"handle": "read_orders"}, {}]},
        {"accessScopes": [{"handle": "read_orders"}, {"handle": ["read_all_orders"]}]},
        {"accessScopes": [{"handle": "read_orders"}, {"handle": "1e+308"}]},
    ],
)
def test_an_answer_that_does_not_say_which_scopes_there_are_leaves_no_history_out(
    told: dict[str, Any],
) -> None:
    """Taken for an app without read_all_orders, a first load left out all that was older, and said it was done."""
    session: Any = SimpleNamespace(call=lambda request: Reply({"currentAppInstallation": told}))
    lift = PLATFORM.stream("orders").lift
    assert lift is not None
    with pytest.raises(ContractError, match="which scopes"):
        lift.asked(session)


DONE = {"status": "COMPLETED", "objectCount": "0", "rootObjectCount": "0", "url": None}


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {**DONE, "status": "RUNNING"},
        {**DONE, "objectCount": None},
        {**DONE, "rootObjectCount": None},
    ],
)
def test_an_answer_that_does_not_say_what_was_found_is_not_taken_for_nothing(
    told: dict[str, Any] | None,
) -> None:
    """The look that tells the address may be answered by a copy that lags, or in half."""

    def pages(answer: dict[str, Any] | None) -> list[Page]:
        file = bulk.BulkFile("Order", {})
        return list(file.pages(lambda request: Reply({"bulkOperation": answer}), Request("graphql", "look")))

    assert [page.records for page in pages(DONE)] == [[]]
    with pytest.raises(ContractError):
        pages(told)


@pytest.mark.parametrize("more", [{"hasNextPage": None}, {"hasNextPage": {"value": True}}, {}])
def test_lines_that_do_not_say_whether_there_are_more_are_not_all(bench: Bench, more: dict[str, Any]) -> None:
    def spoiled(session: Session, name: str, arguments: dict[str, Any]) -> Any:
        status, headers, body = send(session, name, arguments)
        data = json.loads(body)
        for order in ((data.get("data") or {}).get("orders") or {}).get("nodes") or []:
            order["lineItems"]["pageInfo"] = more
        return status, headers, json.dumps(data).encode()

    send = Session.__dict__["_send"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "_send", spoiled)
        error = bench.refused(window=Window(LONG.end - timedelta(hours=6), LONG.end))
    assert isinstance(error, ContractError) and "next page" in str(error)


# ---- what the vendor refuses ---------------------------------------------------------------------------
class Speaker:
    """Speaks to the shop as the vendor's own example does."""

    def __init__(self, box: Running) -> None:
        self._given: Any = box.connections()[NAME]

    def begin(self, text: str, **more: Any) -> Any:
        run = """mutation R($query: String!, $group: Boolean) {
          bulkOperationRunQuery(query: $query, groupObjects: $group) {
            bulkOperation { id status } userErrors { field message code } } }"""
        answer = requests.post(
            f"{self._given['host']}/admin/api/2026-10/graphql.json",
            json={"query": run, "variables": {"query": text, "group": more.get("group", False)}},
            headers={"X-Shopify-Access-Token": self._given["extra"]["access_token"]},
            timeout=10,
        ).json()
        return answer["data"]["bulkOperationRunQuery"]


LINES = "lineItems { edges { node { id } } }"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ order { id } }", "at least one connection"),
        ("{ orders { edges { node { id total } } } }", "doesn't exist"),
        ("{ orders { nodes { id lineItems { pageInfo { hasNextPage } } } } }", "neither edges"),
        ("{ orders { edges { node { name " + LINES + " } } } }", "must select the 'id'"),
        ("{ orders { edges { node { id refunds { id refundLineItems { edges { node { id } } } } } } } }", "list field"),
        ("{ orders(status: 1) { edges { node { id } } } }", "doesn't accept"),
        ("{ orders { edges { node { id " + LINES * 5 + " } } } }", "more than 5"),
        ("{ orders { edges { node { id } } } products { edges { node { id } } } }", "one root"),
    ],
)  # fmt: skip
def test_what_may_not_be_asked_in_bulk_is_refused(bench: Bench, text: str, said: str) -> None:
    answer = Speaker(bench.box).begin(text)
    assert answer["bulkOperation"] is None
    assert said in answer["userErrors"][0]["message"] and answer["userErrors"][0]["code"] == "INVALID"


def test_a_file_needs_its_own_address_and_no_token(bench: Bench) -> None:
    bench.run()
    (url,) = [arguments["url"] for arguments in bench.sent if "/bulk/" in arguments["url"]]
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url.partition("?")[0], timeout=10).status_code == 403
    assert requests.get(url, headers={"X-Shopify-Access-Token": "x"}, timeout=10).status_code == 400
    bench.box.control.advance(8 * 86_400)
    assert requests.get(url, timeout=10).status_code == 403, "an address lasts for seven days"
