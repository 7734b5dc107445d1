"""Traffic, ad and marketing marts against the same figures taken straight from the rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import Books, period_end, period_of, ratio
from world import World

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
JADE = "jade_tmall"


def _days(grain: str, start: date) -> list[date]:
    return [start + timedelta(days=n) for n in range((period_end(grain, start) - start).days + 1)]


@pytest.mark.parametrize("grain", GRAINS)
def test_traffic_adds_up_what_adds_up_and_takes_the_platforms_own_distinct_figures(
    grain: str, built: Any, world: World
) -> None:
    figures: dict[Any, dict[str, Any]] = {}
    for row in world.streams["traffic"]:
        source = ("ALL", "ALL") if row["is_total"] else (row["source_l1"], row["source_l2"])
        figures[row["grain"], row["period_start"], source, row["device"]] = row
    first_seen: dict[Any, date] = {}
    for (of, start, source, device), _ in figures.items():
        if of == "day":
            first_seen[source, device] = min(first_seen.get((source, device), date.max), start)
    rows = built.rows(f"select * from marts.traffic_source_{GRAINS[grain]}")
    seen = set()
    for row in rows:
        source, device, start = (row["source_l1"], row["source_l2"]), row["device"], row["period_start"]
        daily = [figures.get(("day", day, source, device)) for day in _days(grain, start)]
        loaded = [day for day in daily if day is not None]
        for name in ("sessions", "page_views", "bounces", "seconds"):
            assert row[name] == sum(day[name] for day in loaded), (row, name)
        assert row["visitor_days"] == sum(day["visitors"] for day in loaded)
        assert row["visitors_at_least"] == max((day["visitors"] for day in loaded), default=0)
        own = figures.get((grain, start, source, device))
        quiet = not row["visitor_days"] and row["is_traffic_loaded"]
        assert row["visitors"] == (own["visitors"] if own else 0 if quiet else None)
        assert row["bounce_rate"] == pytest.approx(ratio(row["bounces"], row["sessions"]))
        seen.add((source, device, start))
    expected = {
        (source, device, period_of(grain, day))
        for (source, device), first in first_seen.items()
        for day in [date(2026, 10, 5) + timedelta(days=n) for n in range(49)]
        if day >= first
    }
    assert seen == expected


def test_a_day_the_platform_was_asked_about_and_had_nothing_is_zero_and_a_day_before_is_null(
    built: Any,
) -> None:
    rows = built.rows(
        f"select period_start, is_traffic_loaded, visitors, page_views, pay_conversion from marts.store_daily"
        f" where store_id = '{JADE}' and period_start in ('2026-10-04', '2026-10-20') order by 1"
    )
    assert [(row["is_traffic_loaded"], row["visitors"], row["page_views"]) for row in rows] == [
        (False, None, None),
        (True, 0, 0),
    ]


def test_weekly_visitors_are_not_the_sum_of_the_days(built: Any) -> None:
    rows = built.rows(
        f"select * from marts.store_weekly where store_id = '{JADE}' and is_traffic_loaded order by period_start"
    )
    with_figure = [row for row in rows if row["visitors"] is not None]
    assert len(with_figure) >= 4
    for row in with_figure:
        assert row["visitors_at_least"] <= row["visitors"] < row["visitor_days"]
        assert row["pay_conversion"] == pytest.approx(ratio(row["buyers"], row["visitors"]))
    assert [row["period_start"] for row in rows if row["visitors"] is None] == [
        date(2026, 10, 5),
        date(2026, 10, 26),
    ]


@pytest.mark.parametrize("grain", GRAINS)
def test_a_campaign_is_the_sum_of_its_latest_rows(grain: str, built: Any, world: World, books: Books) -> None:
    figures: dict[Any, dict[str, Any]] = defaultdict(lambda: defaultdict(Decimal))
    for row in world.streams["ads"]:
        if row["entity_level"] == "account" or row["report_date"] > books.last_day([row["store_id"]]):
            continue
        key = (row["account_id"], row["campaign_id"], period_of(grain, row["report_date"]))
        if row["is_latest"]:
            for name in (
                "impressions",
                "clicks",
                "spend",
                "conversions_platform",
                "conversion_value_platform",
            ):
                figures[key][name] += row[name]
        elif row["as_of_date"] == row["report_date"] + timedelta(days=1):
            figures[key]["spend_as_first_reported"] += row["spend"]
    rows = built.rows(f"select * from marts.ad_campaign_{GRAINS[grain]}")
    assert len(rows) == len(figures)
    for row in rows:
        got = figures[row["account_id"], row["campaign_id"], row["period_start"]]
        if not got["spend"]:
            assert row["is_deleted_entity"] and row["spend"] is None
            continue
        for name in ("impressions", "clicks", "spend", "conversions_platform", "conversion_value_platform"):
            assert row[name] == got[name], (name, row)
        assert row["ctr"] == pytest.approx(ratio(got["clicks"], got["impressions"]))
        assert row["roas_platform"] == pytest.approx(ratio(got["conversion_value_platform"], got["spend"]))
        assert row["is_ad_zone_of_store"] == (row["store_id"] == JADE)


@pytest.mark.parametrize("grain", GRAINS)
def test_marketing_takes_the_finance_figure_and_never_adds_levels(
    grain: str, built: Any, world: World, books: Books
) -> None:
    spent: dict[Any, Decimal] = defaultdict(Decimal)
    days: dict[str, set[date]] = defaultdict(set)
    for row in world.streams["ads"]:
        day = row["report_date"]
        days[row["store_id"]].add(day)
        if row["is_latest"] and row["entity_level"] == ("account" if row["store_id"] == JADE else "campaign"):
            if day <= books.last_day([row["store_id"]]):
                spent[row["store_id"], period_of(grain, day)] += row["spend"]
            if day <= books.last_day(books.stores):
                spent["ALL", period_of(grain, day)] += row["spend"]
    checked = 0
    for row in built.rows(f"select * from marts.marketing_{GRAINS[grain]} where ad_spend is not null"):
        start = row["period_start"]
        assert row["ad_spend"] == spent[row["store_id"], start]
        if row["is_ads_loaded"] and row["is_orders_loaded"]:
            chosen = list(books.stores) if row["store_id"] == "ALL" else [row["store_id"]]
            inside = set(_days(grain, start))
            of = books.measures(chosen, inside.__contains__, start)
            assert row["mer_pct"] == pytest.approx(ratio(row["ad_spend"], of["paid_amount"]), abs=2e-6)
            assert row["blended_roas"] == pytest.approx(ratio(of["net_sales"], row["ad_spend"]), abs=2e-6)
            assert row["ncac"] == pytest.approx(ratio(row["ad_spend"], of["new_buyers"]), abs=2e-6)
            checked += 1
    assert checked >= 2


def test_ratios_of_two_sources_are_null_where_one_is_not_loaded_throughout(built: Any) -> None:
    rows = built.rows("select * from marts.store_monthly where ad_spend is not null and not is_ads_loaded")
    assert rows, "reef_us advertised only for a part of October"
    for row in rows:
        assert row["mer_pct"] is None and row["blended_roas"] is None


def test_conversion_of_all_stores_is_null_while_only_some_have_visitors(built: Any) -> None:
    rows = built.rows("select * from marts.store_daily where store_id = 'ALL' and is_traffic_loaded")
    assert len(rows) > 30
    assert all(row["pay_conversion"] is None for row in rows)
