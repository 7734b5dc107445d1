"""From the vendors' ad and traffic reports to staging: every figure is what the pretend world did.

One sandbox over real HTTP, one load, one dbt build of all platforms below; what the figures are held to comes from
the world, without the clients and without dbt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from staged import Staged, staged

from extractors.accounts import Account
from extractors.core.window import period_bounds
from extractors.sandbox.adland import Figures, figures, group_id, people
from extractors.sandbox.ads import Adverts, Promotion
from extractors.sandbox.ledger import Ledger
from extractors.sandbox.merchants import AD_ACCOUNTS, Advertiser
from extractors.sandbox.traffic import days_between

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=SHANGHAI)  # 02:00 in New York
DAY, START = date(2026, 11, 20), date(2026, 10, 24)  # four weeks with Double 11 in them

# What staging calls the rows of a platform, and which of the world's levels they are: ad rows of a promotion,
# campaign rows of a project.
LEVELS: dict[str, dict[str, str]] = {
    "uc_huichuan": {"account": "account", "campaign": "campaign", "ad_group": "ad", "ad": "ad"},
    "google_ads": {"account": "account", "campaign": "campaign", "ad": "ad", "keyword": "keyword"},
    "meta": {"account": "account", "campaign": "campaign", "ad": "ad"},
    "tiktok_ads": {"account": "account", "campaign": "campaign", "ad": "ad"},
    "microsoft_ads": {"account": "account", "campaign": "campaign", "ad": "ad", "keyword": "keyword"},
    "amazon_ads": {"account": "account", "campaign": "campaign", "ad": "ad", "keyword": "keyword"},
    "alimama": {"account": "account", "campaign": "campaign", "ad_group": "ad", "ad": "ad"},
    "qianchuan": {"account": "account", "ad_group": "ad", "ad": "ad"},
    "tencent_ads": {"account": "account", "ad_group": "ad", "ad": "ad"},
    "baidu_marketing": {
        "account": "account",
        "campaign": "campaign",
        "ad_group": "ad",
        "ad": "ad",
        "keyword": "keyword",
    },
    "kuaishou_ads": {"account": "account", "campaign": "campaign", "ad_group": "ad", "ad": "ad"},
    "jd_ads": {"account": "account", "campaign": "campaign", "ad_group": "ad", "ad": "ad"},
    "pinduoduo_ads": {"account": "account", "campaign": "campaign"},
    "suning_ads": {"campaign": "campaign"},
}
# Vendors with campaigns that have no ads, and which of the world's projects that is.
WITHOUT_ADS = {"google_ads": 2, "tiktok_ads": 2, "microsoft_ads": 2, "qianchuan": 2}
# Vendors with campaigns that have no keywords, and which of the world's projects that is.
WITHOUT_KEYWORDS = {"google_ads": 2, "microsoft_ads": 2, "amazon_ads": 2}
# First day read, where the vendor answers for a week only.
STARTS = {"kuaishou_ads": DAY - timedelta(days=5)}
# Vendors that do not say whom such campaigns reached.
UNREACHED = {"tiktok_ads": 2}
# Vendors that do not say what such campaigns were shown and clicked.
WITHOUT_CLICKS = {"tiktok_ads", "qianchuan"}
# Vendors that say nothing about the value of a conversion.
WITHOUT_VALUE = {"uc_huichuan", "baidu_marketing"}
TRAFFIC = dict.fromkeys(("baidu_tongji", "ga4", "matomo", "plausible", "umami", "umeng"), "lantern_web")
# Vendors that tell a rate in place of a count: what is made of it is that near to the count.
NEAR_BOUNCES = {"plausible": 0.005, "baidu_tongji": 0.00005}
# Sources whose kind the vendor does not tell: only the merchant knows what a campaign was.
UNMAPPED = {"matomo": {"Campaigns · baidu-sem"}, "umeng": {"市场部地推"}}
# An app has channels of installation in place of sources, no kinds of device, no pages.
APPS = {"umeng"}
ADVERTISERS = {a.platform: a for a in AD_ACCOUNTS if a.platform in LEVELS}


def account_of(name: str) -> Account:
    known = Advertiser(0, 0, name, TRAFFIC[name], 0.0, name) if name in TRAFFIC else ADVERTISERS[name]
    return Account(
        known.account,
        name,
        known.name,
        known.store,
        known.zone,
        known.currency,
        start=STARTS.get(name, START),
        options={"calls_per_second": 1000},
    )


class Night(Staged):
    def adverts(self, name: str) -> Adverts:
        return self.box.sandbox.world.ad_accounts[ADVERTISERS[name].account]


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    accounts = {name: account_of(name) for name in (*LEVELS, *TRAFFIC)}
    with staged(Night, tmp_path_factory.mktemp("advertising"), accounts, NOW, timedelta(), DAY) as night:
        yield night


def test_every_staging_test_passes_on_what_the_vendors_sent(night: Night) -> None:
    assert len(night.statuses) >= 3 * len(LEVELS)
    assert set(night.statuses.values()) <= {"success", "pass"}, night.output[-6000:]


def is_shown(name: str, level: str, row: Figures) -> bool:
    hidden = {"ad": WITHOUT_ADS, "keyword": WITHOUT_KEYWORDS}.get(LEVELS[name].get(level, ""), {}).get(name)
    return row.promotion is None or row.promotion.project != hidden


@pytest.mark.parametrize(("name", "level"), [(n, level) for n in LEVELS for level in LEVELS[n]])
def test_every_day_of_every_level_says_what_was_delivered(night: Night, name: str, level: str) -> None:
    rows = night.rows(
        f"select report_date, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks, "
        f"sum(conversions_platform) as conversions, sum(conversion_value_platform) as worth, "
        f"count(*) as entities, "
        f"count(distinct concat_ws('|', campaign_id, ad_group_id, ad_id, keyword_id)) as different "
        f"from staging.stg_{name}__ads where entity_level = '{level}' and is_latest and report_date >= '{START}' "
        f"group by report_date"
    )
    found = {row.pop("report_date"): row for row in rows}
    adverts, now = night.adverts(name), int(NOW.timestamp())
    wanted = 0
    for day in days_between(STARTS.get(name, START), DAY):
        world = [f for f in figures(adverts, [day], LEVELS[name][level], now) if is_shown(name, level, f)]
        row = found.pop(day)
        assert row["entities"] == row["different"] == len(world)
        assert row["spend"] == Decimal(sum(f.cost for f in world)) / 100
        untold = False
        if name in WITHOUT_CLICKS and LEVELS[name][level] != "ad":
            campaigns = figures(adverts, [day], "campaign", now)
            told = [f for f in campaigns if is_shown(name, "ad", f)]
            # Nobody knows the clicks of an account that spent a part of its money on ads that tell none.
            untold = level == "account" and any(f.cost for f in campaigns if f not in told)
        else:
            told = world
        clicked = (sum(f.shows for f in told), sum(f.clicks for f in told))
        assert (row["impressions"], row["clicks"]) == ((None, None) if untold else clicked)
        if row["conversions"] is not None:
            assert row["conversions"] == sum(f.conversions for f in world)
        if name not in WITHOUT_VALUE and row["worth"] is not None:
            assert row["worth"] == Decimal(sum(f.value for f in world)) / 100
        wanted += len(world)
    assert wanted >= (DAY - STARTS.get(name, START)).days + 1 and not found


@pytest.mark.parametrize("name", LEVELS)
def test_every_row_has_a_currency_a_zone_and_a_named_attribution(night: Night, name: str) -> None:
    (row,) = night.rows(
        f"select list(distinct currency) as currency, list(distinct ad_time_zone) as zone, "
        f"list(distinct attribution_window) as attribution, list(distinct store_id) as store, "
        f"count(conversions_platform) as conversions, count(conversion_value_platform) as worth "
        f"from staging.stg_{name}__ads"
    )
    known = ADVERTISERS[name]
    assert (row["currency"], row["zone"], row["store"]) == ([known.currency], [known.zone], [known.store])
    assert len(row["attribution"]) == 1 and row["conversions"] > 0
    assert (row["worth"] > 0) is (name not in WITHOUT_VALUE)


@pytest.mark.parametrize("name", [n for n in LEVELS if len(LEVELS[n]) > 1])
def test_the_levels_below_add_up_to_the_accounts_own_total(night: Night, name: str) -> None:
    rows = night.rows(
        f"select entity_level, sum(spend) as spend from staging.stg_{name}__ads where is_latest group by 1"
    )
    totals = {row["entity_level"]: row["spend"] for row in rows}
    assert set(totals) == set(LEVELS[name])
    if "keyword" in totals:
        assert 0 < totals.pop("keyword") < totals["ad"], "keywords are a part"
    if name in WITHOUT_ADS:
        ads = {totals.pop(level) for level, of_world in LEVELS[name].items() if of_world == "ad"}
        assert len(ads) == 1 and 0 < min(ads) < totals["account"], "the gap shows"
    assert len(set(totals.values())) == 1 and totals["account"] > 0


@pytest.mark.parametrize(
    ("name", "budgets"),
    [
        ("amazon_ads", {"0": Decimal("1500.5"), "1": Decimal(900), "2": None}),  # Display names no type
        ("google_ads", {"0": Decimal("120.5"), "1": None, "2": Decimal("120.5")}),  # one is shared
        ("meta", {"0": Decimal("120.5"), "1": None, "2": None}),  # one of the whole run, one of its ad sets
    ],
)
def test_a_campaign_has_the_budget_of_a_day_and_no_other(
    night: Night, name: str, budgets: dict[str, Decimal | None]
) -> None:
    rows = night.rows(
        "select entity_level, right(campaign_id, 1) as project, min(daily_budget) as least,"
        " max(daily_budget) as most, count(*) - count(daily_budget) as untold"
        f" from staging.stg_{name}__ads group by all"
    )
    for row in rows:
        budget = budgets[row["project"]] if row["entity_level"] == "campaign" else None
        assert row["least"] == row["most"] == budget
        assert budget is None or row["untold"] == 0
    assert {row["project"] for row in rows if row["entity_level"] == "campaign"} == set(budgets)


def test_nothing_asked_for_is_left_to_be_remembered(night: Night) -> None:
    assert not list((night.home / "landing").rglob("job-*.json"))
    assert list((night.home / "landing").rglob("manifest.json"))


def test_reports_were_read_up_to_the_day_asked_for(night: Night) -> None:
    for name in LEVELS:
        (row,) = night.rows(f"select max(report_date) as last from staging.stg_{name}__ads")
        assert row["last"] in (DAY, DAY + timedelta(days=1))


def is_counted(name: str, device: str, grain: str, start: date) -> bool:
    """Whether the vendor makes a distinct count of it at all; what it does not make must be null."""
    if name != "matomo":
        return True
    if device == "all":
        return period_bounds(grain, start)[1] <= DAY  # not of a stretch that is no whole period
    return device == "pc" and grain == "day"  # people with two kinds of phone cannot be added up


@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("name", TRAFFIC)
def test_visitors_are_the_worlds_own_distinct_people_at_every_grain(
    night: Night, name: str, grain: str
) -> None:
    rows = night.rows(
        f"select period_start, device, visitors, sessions, page_views, bounces from staging.stg_{name}__traffic "
        f"where grain = '{grain}' and is_total"
    )
    ledger, checked, counted = Ledger(night.box.sandbox.world), 0, 0
    for device in ("all",) if name in APPS else ("all", "pc", "mobile"):
        found = {row["period_start"]: row for row in rows if row["device"] == device}
        for want in ledger.traffic(
            TRAFFIC[name], int(NOW.timestamp()), date(2026, 9, 8), DAY, grain, device=device
        ):
            if want.period_start >= START:
                row = found.pop(want.period_start)
                is_told = is_counted(name, device, grain, want.period_start)
                assert row["visitors"] == (want.visitors if is_told else None), (device, row)
                assert row["sessions"] == want.visits
                checked, counted = checked + 1, counted + is_told
                if name in APPS:
                    assert row["page_views"] is row["bounces"] is None
                    continue
                assert row["page_views"] == want.page_views
                assert abs(row["bounces"] - want.bounces) <= NEAR_BOUNCES.get(name, 0) * want.visits + 0.5
    enough = {"day": 28, "week": 4, "month": 1}[grain] * (1 if name in APPS else 3)
    assert checked == enough and (counted or grain == "month")


@pytest.mark.parametrize("name", TRAFFIC)
def test_sources_are_told_apart_and_what_is_not_mapped_stays_visible(night: Night, name: str) -> None:
    rows = night.rows(
        f"select source_l1, source_l2, sum(sessions) as sessions from staging.stg_{name}__traffic "
        f"where grain = 'day' and not is_total and device = 'all' group by 1, 2"
    )
    (total,) = night.rows(
        f"select sum(sessions) as n from staging.stg_{name}__traffic "
        f"where grain = 'day' and is_total and device = 'all'"
    )
    assert sum(row["sessions"] for row in rows) == total["n"] > 0
    unknown = {row["source_l2"] for row in rows if row["source_l1"] == "unknown"}
    assert unknown == UNMAPPED.get(name, set())
    mapped = {"direct_returning", "free_search", *(() if unknown else ("paid_search_bidding",))}
    if name in APPS:
        mapped = {"owned", "paid_display_feed"}
    assert {row["source_l1"] for row in rows} >= mapped


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("meta", "account"),
        ("meta", "campaign"),
        ("meta", "ad_group"),
        ("meta", "ad"),
        ("tiktok_ads", "campaign"),
    ],
)
@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_reach_is_the_vendors_own_distinct_count_at_every_grain(
    night: Night, grain: str, name: str, level: str
) -> None:
    rows = night.rows(
        "select period_start, coalesce(ad_id, ad_group_id, campaign_id, '') as entity, reach"
        f" from staging.stg_{name}__ad_reach where grain = '{grain}' and entity_level = '{level}'"
    )
    found = {(row["period_start"], row["entity"]): row["reach"] for row in rows}

    def entity(p: Promotion | None) -> str:
        if p is None:
            return ""
        return str({"campaign": p.project_id, "ad_group": group_id(p), "ad": p.promotion_id}[level])

    shows: dict[tuple[date, str], list[int]] = {}
    for day in days_between(date(2026, 9, 8), DAY):
        start = period_bounds(grain, day)[0]
        for f in figures(night.adverts(name), [day], level.removesuffix("_group"), int(NOW.timestamp())):
            if f.promotion is not None and f.promotion.project == UNREACHED.get(name):
                continue
            shows.setdefault((start, entity(f.promotion)), []).append(f.shows)
    wanted = {key: people(each) for key, each in shows.items() if key[0] >= START}
    assert wanted and {key: reach for key, reach in found.items() if key[0] >= START} == wanted
    if grain == "week":
        assert any(wanted[key] < sum(people([n]) for n in shows[key]) for key in wanted), "nobody came twice"


def test_an_account_whose_people_were_not_counted_together_has_no_reach(night: Night) -> None:
    rows = night.rows(
        "select entity_level, period_start, count(*) as n from staging.stg_tiktok_ads__ad_reach "
        f"where period_start >= '{START}' group by 1, 2"
    )
    told = {
        level: {r["period_start"] for r in rows if r["entity_level"] == level} for level in ("account", "ad")
    }
    # GMV Max tells nobody's reach: only a day without it has an account's.
    without = {
        day
        for day in days_between(START, DAY)
        if not any(
            f.promotion is not None and f.promotion.project == WITHOUT_ADS["tiktok_ads"]
            for f in figures(night.adverts("tiktok_ads"), [day], "campaign", int(NOW.timestamp()))
        )
    }
    assert told["account"] == without and len(without) < len(told["ad"]) == 28


def test_an_ad_of_meta_says_by_which_setting_its_purchases_are_counted(night: Night) -> None:
    landed = night.rows(
        "select distinct json_extract_string(payload, '$.attribution_setting') as setting from raw_meta.ad_report"
    )
    named = night.rows("select distinct attribution_window as name from staging.stg_meta__ads")
    assert [row["setting"] for row in landed] == ["7d_click_1d_view"]
    assert [row["name"] for row in named] == ["meta_default_7d_click_1d_view"], "an ad set may have its own"
