"""The pretend Google Ads answers and refuses as its document says (platforms-global §10)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from extractors.sandbox import Running

WHERE = "WHERE segments.date BETWEEN '2026-11-10' AND '2026-11-19'"
CAMPAIGNS = f"SELECT campaign.id, segments.date, metrics.cost_micros FROM campaign {WHERE}"
SUMMARY = "SUMMARY_ROW_WITH_RESULTS"


def ask(
    sandbox: Running, query: str, variant: str = "valid", manager: str = "9998887776", **body: Any
) -> requests.Response:
    given: Any = sandbox.connections(variant)["google_ads__harbor"]
    return requests.post(
        f"{given['host']}/v26/customers/{given['extra']['customer_id']}/googleAds:searchStream",
        json={"query": query, **body},
        headers={
            "Authorization": f"Bearer {given['extra']['access_token']}",
            "login-customer-id": manager,
        },
        timeout=10,
    )


def micros(answer: requests.Response) -> int:
    rows = [row for chunk in answer.json() for row in chunk.get("results", [])]
    return sum(int(row["metrics"]["costMicros"]) for row in rows)


def test_campaigns_are_the_whole_spend_and_ads_are_not(sandbox: Running) -> None:
    customer = ask(sandbox, CAMPAIGNS.replace("campaign.id, ", "").replace("FROM campaign", "FROM customer"))
    ads = ask(sandbox, CAMPAIGNS.replace("FROM campaign", "FROM ad_group_ad"))
    campaigns = ask(sandbox, CAMPAIGNS, summaryRowSetting=SUMMARY)
    assert micros(campaigns) == micros(customer) > micros(ads) > 0
    assert campaigns.json()[-1]["summaryRow"]["metrics"]["costMicros"] == str(micros(campaigns))


def test_keywords_are_a_part_of_the_ads_and_have_one_id_in_every_ad_group(sandbox: Running) -> None:
    words = (
        "ad_group.id, ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, "
        "ad_group_criterion.keyword.match_type, segments.date, metrics.cost_micros"
    )
    keywords = ask(sandbox, f"SELECT {words} FROM keyword_view {WHERE}")
    ads = ask(sandbox, CAMPAIGNS.replace("FROM campaign", "FROM ad_group_ad"))
    assert 0 < micros(keywords) < micros(ads)
    rows = [row for chunk in keywords.json() for row in chunk["results"]]
    criteria = {row["adGroupCriterion"]["criterionId"]: row["adGroupCriterion"]["keyword"] for row in rows}
    assert {word["matchType"] for word in criteria.values()} == {"EXACT", "PHRASE", "BROAD"}
    assert len({row["adGroup"]["id"] for row in rows}) > len(criteria) == 3


def test_only_what_was_asked_for_is_sent_and_numbers_are_text(sandbox: Running) -> None:
    row = ask(sandbox, CAMPAIGNS).json()[0]["results"][0]
    assert set(row["metrics"]) == {"costMicros"} and isinstance(row["metrics"]["costMicros"], str)
    assert set(row["campaign"]) == {"resourceName", "id"} and int(row["campaign"]["id"]) > 2**53


@pytest.mark.parametrize(
    ("query", "word"),
    [
        (CAMPAIGNS.replace("campaign.id", "campaign.colour"), "UNRECOGNIZED_FIELD"),
        (CAMPAIGNS.replace("campaign.id", "ad_group.id"), "UNRECOGNIZED_FIELD"),
        (CAMPAIGNS.replace("FROM campaign", "FROM search_term_view"), "BAD_RESOURCE"),
        (CAMPAIGNS.replace("campaign.id", "ad_group_criterion.criterion_id"), "UNRECOGNIZED_FIELD"),
        (CAMPAIGNS.split(" WHERE")[0], "BAD_RESOURCE"),
        (CAMPAIGNS.replace("2026-11-10", "2026-11-99"), "INVALID_VALUE"),
        (CAMPAIGNS.replace("2026-11-10", "2026-11-30"), "START_DATE_AFTER_END_DATE"),
        (CAMPAIGNS.replace("2026-11-10", "2023-10-10"), "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED"),
    ],
)
def test_a_wrong_query_is_refused(sandbox: Running, query: str, word: str) -> None:
    answer = ask(sandbox, query)
    assert answer.status_code == 400 and word in answer.text


def test_a_page_size_is_refused(sandbox: Running) -> None:
    assert ask(sandbox, CAMPAIGNS, pageSize=100).status_code == 400


def test_a_summary_that_no_document_names_is_refused(sandbox: Running) -> None:
    assert ask(sandbox, CAMPAIGNS, summaryRowSetting="SUMMARY_ROW_WITH_RESULTS").status_code == 200
    assert ask(sandbox, CAMPAIGNS, summaryRowSetting="WITH_RESULTS").status_code == 400


def test_wrong_callers_are_refused(sandbox: Running) -> None:
    assert "OAUTH_TOKEN_EXPIRED" in ask(sandbox, CAMPAIGNS, "expired").text
    assert ask(sandbox, CAMPAIGNS, "revoked").status_code == 401
    for manager in ("1", "999-888-7776"):
        assert "USER_PERMISSION_DENIED" in ask(sandbox, CAMPAIGNS, manager=manager).text
