"""Our figures beside the platforms' own, and bands that know the weekday, recomputed in Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from statistics import mean, median
from typing import Any

import pytest
from conftest import PROJECT
from expected import ZERO, Books
from test_promo_events import span
from world import World


def test_the_finance_figure_of_an_ad_account_is_set_against_its_ads(built: Any, world: World) -> None:
    ours: dict[date, Decimal] = defaultdict(Decimal)
    theirs: dict[date, Decimal] = {}
    for row in world.streams["ads"]:
        if not row["is_latest"] or row["account_id"] != "ocean_engine__jade":
            continue
        if row["entity_level"] == "account":
            theirs[row["report_date"]] = row["spend"]
        else:
            ours[row["report_date"]] += row["spend"]
    rows = built.rows("select * from marts.reconciliation where subject = 'ad_spend'")
    assert {row["account_id"] for row in rows} == {"ocean_engine__jade"}, (
        "only one account has a finance figure"
    )
    assert len(rows) == len(theirs) > 40
    for row in rows:
        day = row["date_day"]
        assert (row["our_figure"], row["platform_figure"]) == (ours[day], theirs[day])
        assert row["difference"] == Decimal("-0.37")
        assert row["is_within_tolerance"] == (Decimal("0.37") <= theirs[day] / 100)


def test_page_views_of_all_sources_come_to_the_total_of_the_site(built: Any) -> None:
    rows = built.rows("select * from marts.reconciliation where subject = 'page_views'")
    assert len(rows) > 40
    assert all(row["difference"] == 0 and row["is_within_tolerance"] for row in rows)


def lens_of(books: Books, store: str, day: date) -> tuple[Decimal, Decimal]:
    """What the platform of a store shows of a day, and the part of it that we leave out of the marts."""
    shown = left_out = ZERO
    platform = books.stores[store]["platform"]
    parts = ("goods", "shipping", "tax") if platform == "taobao" else ("goods",)
    for sale in books.sales:
        is_gone = platform == "woocommerce" and sale.row["order_state"] == "cancelled"
        if sale.row["store_id"] != store or sale.excluded not in (None, "brushed", "staff") or is_gone:
            continue
        if sale.paid == day:
            amount = sum((sale.store_value(part) for part in parts), ZERO)
            shown += amount
            left_out += amount if sale.excluded else ZERO
    for refund in books.refunds:
        is_gone = refund.sale is not None and refund.sale.row["order_state"] == "cancelled"
        if (
            platform == "woocommerce"
            and refund.row["store_id"] == store
            and refund.day == day
            and not is_gone
        ):
            shown -= refund.store_value["goods"]
    return shown, left_out


def test_what_a_platforms_own_pages_show_is_rebuilt_beside_our_figure(built: Any, books: Books) -> None:
    rows = built.rows("select * from marts.platform_lens_daily")
    assert {row["lens"] for row in rows} == {"生意参谋 支付金额", "WooCommerce net sales"}
    ours = {
        (row["store_id"], row["period_start"]): row for row in built.rows("select * from marts.store_daily")
    }
    for row in rows:
        key = (row["store_id"], row["period_start"])
        assert (row["lens_amount"], row["left_out_by_us"]) == lens_of(books, *key), key
        our = ours[key][f"{row['our_metric']}_store"]
        assert (row["our_amount"], row["difference"]) == (our, row["lens_amount"] - our), key
    assert sum(row["left_out_by_us"] > 0 for row in rows) > 5
    assert sum(row["difference"] != row["left_out_by_us"] for row in rows) > 5, "cancelled orders are gone"
    months = built.rows(
        "select m.store_id, m.lens_amount, d.added from marts.platform_lens_monthly m join (select store_id,"
        " date_trunc('month', period_start) as period_start, sum(lens_amount) as added"
        " from marts.platform_lens_daily group by all) d using (store_id, period_start)"
    )
    assert len(months) > 10 and all(row["lens_amount"] == row["added"] for row in months)


@pytest.fixture(scope="module")
def promoted() -> set[date]:
    days: set[date] = set()
    for line in (PROJECT / "seeds" / "promo_calendar.csv").read_text().splitlines()[1:]:
        first, last = line.split(",")[5:7]
        days.update(span(date.fromisoformat(first), date.fromisoformat(last)))
    return days


@pytest.mark.parametrize("metric", ["paid_amount", "refund_amount"])
def test_a_day_is_out_of_the_ordinary_by_the_last_eight_clean_days_of_its_weekday(
    metric: str, built: Any, promoted: set[date]
) -> None:
    figures = {
        row["period_start"]: float(row[metric])
        for row in built.rows(
            f"select period_start, {metric} from marts.store_daily where store_id = 'jade_tmall' and is_complete"
        )
    }
    rows = built.rows(
        f"select * from marts.anomaly_daily where store_id = 'jade_tmall' and metric = '{metric}'"
    )
    assert len(rows) > 300
    for row in rows:
        day = row["date_day"]
        past = [day - timedelta(days=7 * n) for n in range(1, 60)]
        clean = [figures[d] for d in past if d in figures and d not in promoted][:8]
        centre = median(clean)
        distances = [abs(figure - centre) for figure in clean]
        width = 3.5 * 1.4826 * median(distances) or 3.5 * 1.2533 * mean(distances)
        width = max(width, 0.1 * centre)
        assert row["expected_value"] == pytest.approx(centre, abs=0.01)
        assert row["band_high"] == pytest.approx(centre + width, abs=0.02)
        out = abs(figures[day] - centre) > width + 1e-9
        assert row["is_anomaly"] == (out and day not in promoted)
        assert (row["verdict"] == "event") == (day in promoted)
    assert 3 < sum(row["is_anomaly"] for row in rows) < 100


def test_an_anomaly_of_sales_says_which_factor_moved(built: Any) -> None:
    rows = built.rows(
        "select a.main_driver, a.sentence, c.main_driver as cause from marts.anomaly_daily a"
        " join marts.gmv_change_daily c on c.store_id = a.store_id and c.period_start = a.date_day"
        " and c.compare = 'prev' where a.is_anomaly and a.metric = 'paid_amount'"
    )
    assert len(rows) > 10
    assert all(row["main_driver"] == row["cause"] and row["sentence"] for row in rows)
    # Orders were many, "mostly because orders were smaller": that is said of the sales.
    counts = "metric <> 'paid_amount' and (main_driver is not null or sentence is not null)"
    assert not built.rows(f"select * from marts.anomaly_daily where {counts}")
