"""The pretend Meta answers and refuses as its document says (platforms-global §11)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from extractors.sandbox import Running

SPAN = json.dumps({"since": "2026-11-10", "until": "2026-11-19"})
ASKED = {"level": "ad", "fields": "ad_id,spend,actions", "time_range": SPAN, "time_increment": "1"}


def having(*statuses: str, level: str = "ad") -> str:
    told = {"field": f"{level}.effective_status", "operator": "IN", "value": list(statuses)}
    return json.dumps([told])


EVER = having(
    "ACTIVE", "PAUSED", "CAMPAIGN_PAUSED", "PENDING_REVIEW", "WITH_ISSUES", "DELETED", "ARCHIVED"
)  # fmt: skip


class Caller:
    """A caller with the token of a variant."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        given: Any = sandbox.connections(variant)["meta__harbor"]
        self.host, self.act = given["host"], given["extra"]["ad_account_id"]
        self.token = given["extra"]["access_token"]
        self.proof = hmac.new(given["password"].encode(), self.token.encode(), hashlib.sha256).hexdigest()

    def call(self, verb: str, path: str, **params: Any) -> requests.Response:
        params = {"appsecret_proof": self.proof, **params}
        place = "params" if verb == "GET" else "data"
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(
            verb, f"{self.host}/v26.0/{path}", **{place: params}, headers=headers, timeout=10
        )

    def ask(self, **change: str) -> requests.Response:
        return self.call("POST", f"{self.act}/insights", **{**ASKED, **change})


def test_a_run_says_completed_before_it_has_all_of_its_percent(sandbox: Running) -> None:
    caller = Caller(sandbox)
    run = caller.ask().json()["report_run_id"]
    looks = [caller.call("GET", run).json() for _ in range(3)]
    assert [(look["async_status"], look["async_percent_completion"]) for look in looks] == [
        ("Job Running", 42),
        ("Job Completed", 97),
        ("Job Completed", 100),
    ]
    early = Caller(sandbox).ask().json()["report_run_id"]
    assert caller.call("GET", f"{early}/insights").status_code == 400


def test_pages_hold_every_row_once_and_the_last_has_a_cursor_and_no_next(sandbox: Running) -> None:
    caller = Caller(sandbox)
    run = caller.ask(filtering=EVER).json()["report_run_id"]
    for _ in range(3):
        caller.call("GET", run)
    rows, after, pages = [], "0", 0
    while True:
        body = caller.call("GET", f"{run}/insights", limit="25", after=after, summary='["spend"]').json()
        rows += body["data"]
        pages += 1
        after = body["paging"]["cursors"]["after"]
        if "next" not in body["paging"]:
            break
    keys = [(row["date_start"], row["ad_id"]) for row in rows]
    assert len(set(keys)) == len(keys) and pages > 2
    assert round(sum(float(row["spend"]) for row in rows), 2) == float(body["summary"]["spend"])
    assert all(isinstance(row["spend"], str) for row in rows)


def test_what_is_deleted_is_in_a_report_that_asks_for_it_by_name_alone(sandbox: Running) -> None:
    """Manage Your Ad Object's Status: below the account, a report without such a filter leaves it out."""
    caller = Caller(sandbox)

    def ads(**change: str) -> set[str]:
        day = json.dumps({"since": "2026-11-10", "until": "2026-11-10"})
        run = caller.ask(time_range=day, **change).json()["report_run_id"]
        for _ in range(3):
            caller.call("GET", run)
        return {row["ad_id"] for row in caller.call("GET", f"{run}/insights", limit="500").json()["data"]}

    ever, now, deleted = ads(filtering=EVER), ads(), ads(filtering=having("DELETED"))
    assert now and deleted and now < ever and deleted < ever and not now & deleted


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"level": "shop"}, "level"),
        ({"filtering": having("ACTIVE", level="campaign")}, "filtering"),
        ({"filtering": having("GONE")}, "filtering"),
        ({"filtering": having()}, "filtering"),
        ({"filtering": '{"field": "ad.effective_status"}'}, "filtering"),
        ({"fields": "colour"}, "fields"),
        ({"time_increment": "2"}, "time_increment"),
        ({"time_range": "{}"}, "time_range"),
        ({"time_range": '{"since": "2026-11-10", "until": "2025-11-10"}'}, "reduce"),
        ({"time_range": '{"since": "2023-10-10", "until": "2023-10-12"}'}, "37 months"),
        ({"action_attribution_windows": '["7d_view"]'}, "windows"),
        ({"action_breakdowns": '["action_destination"]'}, "breakdowns"),
        ({"colour": "red"}, "colour"),
        ({"use_unified_attribution_setting": "maybe"}, "boolean"),
        ({"appsecret_proof": "x"}, "appsecret_proof"),
    ],
)
def test_a_wrong_request_is_refused(sandbox: Running, change: dict[str, str], word: str) -> None:
    answer = Caller(sandbox).ask(**change)
    assert answer.status_code >= 400 and word in answer.json()["error"]["message"]


def test_wrong_callers_and_unknown_runs_are_refused(sandbox: Running) -> None:
    assert Caller(sandbox, "revoked").ask().json()["error"]["code"] == 190
    assert Caller(sandbox).call("GET", "12345").json()["error"]["error_subcode"] == 33


def test_campaigns_are_listed_with_the_budgets_that_were_asked_for(sandbox: Running) -> None:
    """The third of three is deleted."""
    caller = Caller(sandbox)
    path, asked = f"{caller.act}/campaigns", {"fields": "id,daily_budget", "summary": '["total_count"]'}
    rows, after = [], "0"
    while after:
        body = caller.call("GET", path, limit="1", after=after, **asked).json()
        rows += body["data"]
        after = body["paging"]["cursors"]["after"] if "next" in body["paging"] else ""
    assert len({row["id"] for row in rows}) == len(rows) == body["summary"]["total_count"] == 2
    # Of a day, and of the whole run.
    assert [row.get("daily_budget") for row in rows] == ["12050", "0"]
    assert not any("lifetime_budget" in row for row in rows)


@pytest.mark.parametrize("change", [{"fields": "id,budget"}, {"limit": "0"}, {"page": "2"}])
def test_what_the_list_of_campaigns_does_not_have_is_refused(
    sandbox: Running, change: dict[str, str]
) -> None:
    caller = Caller(sandbox)
    assert caller.call("GET", f"{caller.act}/campaigns", **change).status_code == 400
