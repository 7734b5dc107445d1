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


@pytest.mark.parametrize("grain", GRAINS)
def test_what_a_source_brought_is_told_by_the_export_and_people_are_never_added_up(
    grain: str, built: Any, world: World
) -> None:
    told = {
        (row["grain"], row["period_start"], "ALL" if row["is_total"] else row["source_l2"]): row
        for row in world.streams["source_outcomes"]
    }
    listed = {start for of, start, _ in told if of == "day"}
    rows = built.rows(f"select * from marts.traffic_source_{GRAINS[grain]} where device = 'all'")
    known = orders_told = 0
    for row in rows:
        source, start = row["source_l2"], row["period_start"]
        first = min(day for of, day, name in told if of == "day" and name == source)
        days = [day for day in _days(grain, start) if first <= day <= date(2026, 11, 22)]
        of_days = [told.get(("day", day, source)) for day in days]
        own = told.get((grain, start, source), {})
        for column, name, added in (
            ("buyers", "paid", "buyer_days"),
            ("cart_visitors", "carted", "cart_visitor_days"),
            ("fav_visitors", "favoured", "fav_visitor_days"),
        ):
            figures = [day[name] if day else None for day in of_days]
            # Of 20 October there is no traffic at all; of 5 November nothing but that.
            is_told = set(days) <= listed and None not in figures
            assert row[added] == (sum(figures) if is_told else None), (row, column)
            assert row[f"{column}_at_least"] == (max(figures) if is_told else None), (row, column)
            assert row[column] == own.get(name), (row, column)
        for column in ("orders", "units", "paid_amount"):
            amounts = [day[column] if day else None for day in of_days]
            is_told = set(days) <= listed and None not in amounts
            assert row[column] == (sum(amounts) if is_told else own.get(column)), (row, column)
        assert row["is_source_orders_loaded"] == (row["orders"] is not None)
        orders_told += row["orders"] is not None and row["units"] is None
        assert row["pay_conversion"] == pytest.approx(ratio(row["buyers"], row["visitors"]))
        known += row["paid_amount"] is not None
    assert (known > 5 and (orders_told > 5 or grain == "week")) or grain == "month"


def test_the_funnel_and_the_sources_tell_the_same_of_a_source(built: Any) -> None:
    for sibling in GRAINS.values():
        rows = built.rows(
            f"select f.*, t.paid_amount as of_source, t.buyers, t.cart_visitors from marts.funnel_{sibling} f"
            f" join marts.traffic_source_{sibling} t using (store_id, source_l1, source_l2, period_start)"
            " where not f.is_total and t.device = 'all'"
        )
        assert rows or sibling != "daily"
        for row in rows:
            assert (row["pay_people"], row["cart_people"]) == (row["buyers"], row["cart_visitors"])
            assert row["paid_amount"] == row["of_source"]


def test_who_ordered_paid_and_came_again_within_7_days_each(built: Any, world: World) -> None:
    """The closed funnel of a shop's days, followed buyer by buyer."""
    week = timedelta(days=7)
    orders = built.rows(
        f"select buyer_key, created_date, created_at, paid_at, is_counted from marts.fct_orders"
        f" where store_id = '{JADE}' and buyer_key is not null and exclude_reason is null"
    )
    of_buyer: dict[str, list[Any]] = defaultdict(list)
    for order in orders:
        of_buyer[order["buyer_key"]].append(order)
    paid: dict[date, set[str]] = defaultdict(set)
    again: dict[date, set[str]] = defaultdict(set)
    for buyer, theirs in of_buyer.items():
        for one in theirs:
            if not one["is_counted"] or one["paid_at"] > one["created_at"] + week:
                continue
            paid[one["created_date"]].add(buyer)
            if any(
                o["is_counted"] and o["created_at"] > one["paid_at"] and o["paid_at"] <= one["paid_at"] + week
                for o in theirs
            ):
                again[one["created_date"]].add(buyer)
    rows = built.rows(f"select * from marts.funnel_daily where store_id = '{JADE}' and is_total")
    last = date(2026, 11, 22)
    for row in rows:
        day = row["period_start"]
        assert row["closed_create_people"] == (row["create_people"] if day + week <= last else None)
        assert row["closed_pay_people"] == (len(paid[day]) if day + week <= last else None), day
        assert row["closed_repurchase_people"] == (len(again[day]) if day + 2 * week <= last else None), day
    assert sum(map(len, again.values())) > 5


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
        if row["entity_level"] in ("account", "keyword") or row["report_date"] > books.last_day(
            [row["store_id"]]
        ):
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
def test_a_keyword_is_the_sum_of_its_latest_rows_and_only_a_part_of_its_campaign(
    grain: str, built: Any, world: World, books: Books
) -> None:
    figures: dict[Any, dict[str, Any]] = defaultdict(lambda: defaultdict(Decimal))
    for row in world.streams["ads"]:
        if row["entity_level"] != "keyword" or row["report_date"] > books.last_day([row["store_id"]]):
            continue
        start = period_of(grain, row["report_date"])
        got = figures[row["account_id"], row["ad_group_id"], row["keyword_id"], start]
        if row["is_latest"]:
            for name in (
                "impressions",
                "clicks",
                "spend",
                "conversions_platform",
                "conversion_value_platform",
            ):
                got[name] += row[name]
        elif row["as_of_date"] == row["report_date"] + timedelta(days=1):
            got["spend_as_first_reported"] += row["spend"]
    rows = built.rows(f"select * from marts.ad_keyword_{GRAINS[grain]}")
    assert rows and len(rows) == len(figures)
    campaigns = {
        (row["account_id"], row["campaign_id"], row["period_start"]): row["spend"]
        for row in built.rows(f"select * from marts.ad_campaign_{GRAINS[grain]}")
    }
    spent: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        got = figures[row["account_id"], row["ad_group_id"], row["keyword_id"], row["period_start"]]
        for name in ("impressions", "clicks", "spend", "conversions_platform", "conversion_value_platform"):
            assert row[name] == got[name], (name, row)
        assert (row["keyword_text"], row["ad_id"]) == ("lamp", None)
        assert row["match_type"] == {"10": "exact", "11": "phrase"}[row["keyword_id"]]
        assert row["cpc"] == pytest.approx(ratio(got["spend"], got["clicks"]))
        spent[row["account_id"], row["campaign_id"], row["period_start"]] += row["spend"]
    assert all(0 < spend < campaigns[key] for key, spend in spent.items())
    assert {key[1][-1] for key in campaigns if key[0] == "ocean_engine__reef"} > {key[1][-1] for key in spent}


@pytest.mark.parametrize("grain", GRAINS)
def test_a_budget_is_that_which_stood_on_the_last_day_and_used_by_all_days_that_told_theirs(
    grain: str, built: Any, world: World, books: Books
) -> None:
    spent: dict[Any, dict[date, Decimal]] = defaultdict(dict)
    budgets: dict[Any, dict[date, Decimal]] = defaultdict(dict)
    for row in world.streams["ads"]:
        day = row["report_date"]
        if row["entity_level"] != "campaign" or day > books.last_day([row["store_id"]]):
            continue
        key = (row["account_id"], row["campaign_id"], period_of(grain, day))
        if row["is_latest"]:
            spent[key][day] = row["spend"]
        if row["as_of_date"] == day + timedelta(days=1) and row["daily_budget"]:
            budgets[key][day] = row["daily_budget"]
    kinds = set()
    for row in built.rows(f"select * from marts.ad_campaign_{GRAINS[grain]}"):
        key = (row["account_id"], row["campaign_id"], row["period_start"])
        days = sorted(spent[key])
        last = budgets[key].get(days[-1]) if days else None
        assert (row["budget"], row["is_budget_loaded"]) == (last, last is not None), row
        told = [budgets[key][day] for day in days if day in budgets[key]]
        used = ratio(sum(spent[key].values()), sum(told)) if days and len(told) == len(days) else None
        assert row["budget_used"] == (used if used is None else pytest.approx(used, abs=2e-6))
        kinds.add((last is None, used is None))
    assert kinds >= {(True, True), (False, False)} and (grain == "day" or (False, True) in kinds)
    for mart in ("ad_account", "ad_group", "ad_creative", "ad_keyword"):
        (told,) = built.rows(
            f"select count(budget) + count(budget_used) as n from marts.{mart}_{GRAINS[grain]}"
        )
        assert told["n"] == 0, "a budget is a campaign's own"


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
    checked = losses = 0
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
            share = ratio(row["ad_spend"], max(of["net_sales"], Decimal(0)))
            assert row["cost_ratio"] == pytest.approx(share, abs=2e-6)
            losses += of["net_sales"] < 0
            checked += 1
    assert checked >= 2 and (losses > 3 or grain != "day")


def test_ratios_of_two_sources_are_null_where_one_is_not_loaded_throughout(built: Any) -> None:
    rows = built.rows("select * from marts.store_monthly where ad_spend is not null and not is_ads_loaded")
    assert rows, "reef_us advertised only for a part of October"
    for row in rows:
        assert row["mer_pct"] is None and row["blended_roas"] is None


def test_ratios_of_all_stores_to_ads_begin_where_the_last_that_advertises_was_first_asked(built: Any) -> None:
    """Until 11 October the spend of one would stand beside the sales of both; a third has no ads, and nobody waits for it."""
    days = built.rows("select * from marts.store_daily where store_id = 'ALL' and ad_spend is not null")
    assert {row["period_start"] for row in days if not row["is_ads_loaded"]} == set(
        _days("month", date(2026, 10, 1))[:11]
    )
    for row in days:
        assert row["ad_spend"] > 0 and (row["blended_roas"] is None) == (not row["is_ads_loaded"])
        assert (row["mer_pct"] is None) == (not row["is_ads_loaded"] or not row["paid_amount"])


def test_conversion_of_all_stores_is_null_while_only_some_have_visitors(built: Any) -> None:
    rows = built.rows("select * from marts.store_daily where store_id = 'ALL' and is_traffic_loaded")
    assert len(rows) > 30
    assert all(row["pay_conversion"] is None for row in rows)
