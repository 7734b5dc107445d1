"""Products, categories and after-sales against the same figures taken straight from the rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from expected import Books, Sale, period_of, ratio
from world import CATALOGUE_FIRST_READ, MOVED_PRODUCT, REVIEWS_READ, World

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}


@pytest.mark.parametrize("grain", GRAINS)
def test_an_order_counts_once_in_each_of_its_products_and_a_buyer_once_in_each_period(
    grain: str, built: Any, world: World, books: Books
) -> None:
    orders: dict[Any, set[Any]] = defaultdict(set)
    buyers: dict[Any, set[Any]] = defaultdict(set)
    units: dict[Any, Decimal] = defaultdict(Decimal)
    sales = {
        (sale.row["platform"], sale.row["store_id"], sale.row["order_id"]): sale
        for sale in books.sales
        if sale.is_paid
    }
    for line in world.streams["order_lines"]:
        sale = sales.get((line["platform"], line["store_id"], line["order_id"]))
        if sale is None or sale.paid is None or line["line_class"] != "product":
            continue
        if sale.paid > books.last_day([str(line["store_id"])]):
            continue
        key = (line["store_id"], line["product_id"] or "unknown", period_of(grain, sale.paid))
        orders[key].add(line["order_id"])
        if sale.row["buyer_key"]:
            buyers[key].add(sale.row["buyer_key"])
        units[key] += line["quantity"]
    rows = built.rows(f"select * from marts.product_{GRAINS[grain]}")
    assert len(rows) > 200
    known = 0
    for row in rows:
        key = (row["store_id"], row["product_id"], row["period_start"])
        if row["product_id"] != "unknown":  # which also carries what belongs to no line
            assert row["orders"] == len(orders[key]), key
            assert row["buyers"] == len(buyers[key]), key
            known += 1
        assert row["units"] == units[key], key
        assert row["price_realisation"] == pytest.approx(
            ratio(row["goods_paid"], row["list_amount"]), abs=2e-6
        )
    assert known > 150
    assert {key for key in orders if key[1] != "unknown"} <= {
        (row["store_id"], row["product_id"], row["period_start"]) for row in rows
    }


def test_refund_parts_of_an_order_sum_to_the_refund(built: Any) -> None:
    rows = built.rows(
        "select r.refund_id, r.refund_goods, sum(l.refund_goods) as parts, r.refund_goods_cohort,"
        " sum(l.refund_goods_cohort) as cohort_parts, count(*) as lines from marts.fct_refunds r"
        " join marts.fct_refund_lines l using (platform, store_id, refund_id) where r.is_counted group by all"
    )
    counted = built.rows("select count(*) as n from marts.fct_refunds where is_counted")[0]["n"]
    assert len(rows) == counted > 100
    assert sum(row["lines"] > 1 for row in rows) > 40
    for row in rows:
        assert (row["parts"], row["cohort_parts"]) == (row["refund_goods"], row["refund_goods_cohort"])


def test_a_category_level_counts_each_product_once(built: Any) -> None:
    rows = built.rows("select * from marts.category_monthly where store_id = 'jade_tmall'")
    assert {row["category_level"] for row in rows if row["units"]} == {1, 2}
    top = [row for row in rows if row["category_path"] == "Home"]
    assert len(top) >= 14
    for row in top:
        below = [
            other
            for other in rows
            if other["category_level"] == 2 and other["period_start"] == row["period_start"]
        ]
        assert row["units"] == sum(other["units"] for other in below)
        assert row["orders"] <= sum(other["orders"] for other in below)
        assert row["products_sold"] <= 12
    assert any(row["category_path"] == "unknown" and row["goods_paid"] for row in rows)


def test_a_sale_whose_line_names_no_category_stands_under_that_of_its_product_at_its_time(built: Any) -> None:
    rows = built.rows(
        "select category_path, min(paid_date) as first, max(paid_date) as last, count(*) as lines from marts.fct_order_lines"
        f" where product_id = '{MOVED_PRODUCT}' and store_id = 'reef_us' and paid_date is not null group by all"
    )
    found = {row["category_path"]: row for row in rows}
    assert set(found) == {"Garden > Pots", "Garden > Tools"} and min(row["lines"] for row in rows) > 5
    # Moved at midnight UTC, which is the evening before in New York.
    assert found["Garden > Pots"]["last"] <= date(2026, 11, 5) <= found["Garden > Tools"]["first"]
    by_day = built.rows(
        "select category_path, sum(units) as units from marts.category_daily where store_id = 'reef_us'"
        " and category_level = 2 and category_path like 'Garden%' group by all"
    )
    sold = built.rows(
        "select category_path, sum(units) as units from marts.fct_order_lines where store_id = 'reef_us' and"
        " category_path like 'Garden%' and line_class = 'product' and exclude_reason is null and paid_date is not null"
        " and paid_date <= (select max(period_start) from marts.category_daily where store_id = 'reef_us') group by all"
    )
    assert {row["category_path"]: row["units"] for row in by_day} == {
        row["category_path"]: row["units"] for row in sold
    }
    # A store whose catalogue is not read: not known, and kept.
    assert built.rows(
        f"select 1 from marts.fct_order_lines where product_id = '{MOVED_PRODUCT}' and category_path is null"
        " and store_id = 'jade_tmall'"
    )


@pytest.mark.parametrize("grain", GRAINS)
def test_views_of_products_come_to_their_category_of_the_day_and_people_to_none(
    grain: str, built: Any, world: World
) -> None:
    shanghai = ZoneInfo("Asia/Shanghai")

    def category(product: Any, day: date) -> str:
        named = [
            (row["valid_from_at"].astimezone(shanghai).date(), row["valid_from_at"], row["category_path"])
            for row in world.streams["products"]
            if row["store_id"] == "jade_tmall" and row["product_id"] == product and row["category_path"]
        ]
        by_then = [row for row in named if row[0] <= day] or [min(named)] if named else []
        return str(max(by_then)[2]) if by_then else "unknown"

    seen: dict[Any, list[Any]] = defaultdict(list)
    for row in world.streams["product_traffic"]:
        steps = category(row["product_id"], row["period_start"]).split(" > ")
        for level in range(1, len(steps) + 1):
            seen[level, " > ".join(steps[:level]), period_of(grain, row["period_start"])].append(row)
    assert {"Home > Aisle 2", "Garden > Pots > Clay", "unknown"} <= {path for _, path, _ in seen}
    looked_at = 0
    for row in built.rows(f"select * from marts.category_{GRAINS[grain]}"):
        key = (row["category_level"], row["category_path"], row["period_start"])
        rows = seen.pop(key, None) if row["store_id"] == "jade_tmall" else None
        if rows is None:
            assert row["traffic_days"] is row["page_views"] is row["visitor_days"] is None, key
            continue
        looked_at += 1
        assert row["traffic_days"] == len({told["period_start"] for told in rows}), key
        assert row["visitor_days"] == sum(told["visitors"] for told in rows), key
        assert row["visitors_at_least"] == max(told["visitors"] for told in rows), key
        for name in ("page_views", "cart_units", "search_clicks"):
            values = [told.get(name) for told in rows]
            assert row[name] == (None if None in values else sum(values)), (key, name)
        if not row["units"]:
            assert row["products_sold"] == 0, key
    assert not seen and looked_at > 3
    assert "visitors" not in row


@pytest.mark.parametrize("grain", GRAINS)
def test_a_product_is_new_for_thirty_days_from_its_first_listing_or_its_first_sale(
    grain: str, built: Any, world: World
) -> None:
    zones = {row["store_id"]: ZoneInfo(row["time_zone"]) for row in built.rows("from marts.dim_store")}
    days: dict[Any, list[date]] = defaultdict(list)
    for version in world.streams["products"]:
        store = str(version["store_id"])
        days[store, version["product_id"]].append(version["listed_at"].astimezone(zones[store]).date())
    for row in built.rows("from marts.dim_product where first_paid_date is not null"):
        if row["store_id"] in CATALOGUE_FIRST_READ:
            days[row["store_id"], row["product_id"]].append(row["first_paid_date"])
    launched = {key: min(told) for key, told in days.items()}
    rows = [
        row
        for row in built.rows(f"select * from marts.product_{GRAINS[grain]}")
        if (row["store_id"], row["product_id"]) in launched
    ]
    for row in rows:
        age = (row["period_end"] - launched[row["store_id"], row["product_id"]]).days
        assert row["is_new"] == (age < 30), row
    # Sold for the first time in these weeks and on sale since January.
    early = [row for row in rows if (row["period_end"] - row["first_paid_date"]).days < 30]
    assert {row["is_new"] for row in early} == {True, False}


def test_the_first_days_of_a_launch_are_those_of_its_own_lines(
    built: Any, world: World, books: Books
) -> None:
    sales = {(sale.row["store_id"], sale.row["order_id"]): sale for sale in books.sales if sale.is_paid}
    sold: dict[Any, list[tuple[date, Any]]] = defaultdict(list)
    for line in world.streams["order_lines"]:
        sale = sales.get((line["store_id"], line["order_id"]))
        if sale is not None and sale.paid is not None and line["line_class"] == "product":
            sold[line["store_id"], line["product_id"]].append((sale.paid, line))
    whole = {store: books.last_day([store]) for store in books.stores}
    starts = {
        row["store_id"]: row["history_from"]
        for row in built.rows(
            "select store_id, max(history_from) as history_from from marts.store_daily group by 1"
        )
    }
    zones = {row["store_id"]: ZoneInfo(row["time_zone"]) for row in built.rows("from marts.dim_store")}
    listings = {
        (store, version["product_id"], version["listed_at"].astimezone(zones[store]).date())
        for version in world.streams["products"]
        for store in [str(version["store_id"])]
    }
    rows = built.rows("select * from marts.new_product")
    for row in rows:
        key, last = (row["store_id"], row["product_id"]), whole[row["store_id"]]
        first = min((day for day, _ in sold[key]), default=None)
        unseen = timedelta(days=0 if (*key, row["launched_date"]) in listings else 90)
        assert row["launched_date"] > starts[row["store_id"]] + unseen, key
        until = row["launched_date"] + timedelta(days=row["window_days"] - 1)
        lines = [line for day, line in sold[key] if row["launched_date"] <= day <= min(until, last)]
        assert row["units"] == sum(line["quantity"] for line in lines), key
        assert row["orders"] == len({line["order_id"] for line in lines}), key
        assert row["days_to_first_sale"] == ((first - row["launched_date"]).days if first else None), key
        if row["store_id"] not in ("attic_uk",):
            assert row["is_complete"] == (until <= last), key
    assert {row["window_days"] for row in rows} == {7, 14, 28, 60, 90}
    # Listed when its store was seen already, and sold to nobody yet.
    assert ("jade_tmall", "9007199254740913", "Product 13") in {
        (row["store_id"], row["product_id"], row["product_name"])
        for row in rows
        if row["first_paid_date"] is None
    }


def test_what_reviews_say_of_a_launch_is_what_was_written_in_its_first_days(
    built: Any, world: World, books: Books
) -> None:
    lines = {
        (line["order_id"], line["line_id"]): line["product_id"]
        for line in world.streams["order_lines"]
        if line["store_id"] == "reef_us"
    }
    written: dict[Any, list[Any]] = defaultdict(list)
    for day, review in counted_reviews(world, books):
        product = review.get("product_id") or lines.get((review.get("order_id"), review.get("line_id")))
        written[product].append((day, review["rating"]))
    last = books.last_day(["reef_us"])
    for row in built.rows("select * from marts.new_product"):
        elapsed = (last - row["launched_date"]).days + 1
        days = {row["launched_date"] + timedelta(days=n) for n in range(min(row["window_days"], elapsed))}
        is_loaded = row["store_id"] == "reef_us" and days <= set(REVIEWS_READ)
        assert row["is_reviews_loaded"] == is_loaded, row
        reviews = [stars for day, stars in written[row["product_id"]] if day in days]
        rated = [stars for stars in reviews if stars is not None]
        told = (len(reviews), len(rated), sum(rated)) if is_loaded else (None, None, None)
        assert (row["reviews"], row["reviews_rated"], row["rating_sum"]) == told


def test_the_a_products_make_eighty_percent_of_the_sales(built: Any) -> None:
    rows = built.rows(
        "select period_start, abc_class, sum(gmv_share) as share, min(rank_in_store) as best, count(*) as n"
        " from marts.product_monthly where store_id = 'jade_tmall' group by all order by 1, 2"
    )
    by_month: dict[Any, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        by_month[row["period_start"]][row["abc_class"]] = row
    assert len(by_month) > 10
    for classes in by_month.values():
        assert classes["A"]["best"] == 1
        assert classes["A"]["share"] >= 0.8
        assert sum(row["share"] for row in classes.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("grain", GRAINS)
def test_refunds_by_reason_and_hours_come_from_the_refunds_of_the_period(
    grain: str, built: Any, books: Books
) -> None:
    found: dict[Any, list[Any]] = defaultdict(list)
    for refund in books.refunds:
        if refund.day > books.last_day([str(refund.row["store_id"])]):
            continue
        for reason in ("ALL", refund.row["reason"] or "unknown"):
            found[refund.row["store_id"], reason, period_of(grain, refund.day)].append(refund)
    rows = built.rows(f"select * from marts.after_sales_{GRAINS[grain]} where store_id <> 'ALL'")
    for row in rows:
        refunds = found.pop((row["store_id"], row["reason"], row["period_start"]), [])
        assert row["refunds"] == len(refunds)
        assert row["refund_amount"] == sum((sum(r.value.values(), Decimal(0)) for r in refunds), Decimal(0))
        timed = [r for r in refunds if r.row["requested_at"] not in (None, r.row["refunded_at"])]
        assert row["refunds_timed"] == len(timed)
        hours = sum((r.row["refunded_at"] - r.row["requested_at"]) / timedelta(hours=1) for r in timed)
        assert row["avg_refund_hours"] == pytest.approx(ratio(hours, len(timed)), abs=1e-4)
    assert not found


@pytest.mark.parametrize("grain", GRAINS)
def test_disputes_are_those_of_the_refunds_asked_for_in_the_period(
    grain: str, built: Any, world: World, books: Books
) -> None:
    left_out = {(sale.row["store_id"], sale.row["order_id"]) for sale in books.sales if sale.excluded}
    asked: dict[Any, list[Any]] = defaultdict(list)
    tells = set()
    for row in world.streams["refunds"]:
        if (row["store_id"], row["order_id"]) in left_out:
            continue
        tells |= {row["store_id"]} if row.get("is_disputed") is not None else set()
        day = row["requested_at"] and books.day(str(row["store_id"]), row["requested_at"])
        if day is None or day > books.last_day([str(row["store_id"])]):
            continue
        for reason in ("ALL", row.get("reason") or "unknown"):
            asked[row["store_id"], reason, period_of(grain, day)].append(row)
    seen = set()
    for row in built.rows(f"select * from marts.after_sales_{GRAINS[grain]} where store_id <> 'ALL'"):
        if not books.counts_in_all(row["store_id"], row["period_start"]):
            continue  # before the history, whose days are those of its events
        refunds = asked[row["store_id"], row["reason"], row["period_start"]]
        assert row["refunds_requested"] == len(refunds)
        told, decided = (
            [refund.get(name) for refund in refunds] for name in ("is_disputed", "is_platform_decided")
        )
        is_loaded = row["store_id"] in tells and None not in told
        assert row["is_disputes_loaded"] == is_loaded
        assert row["disputes"] == (sum(told) if is_loaded else None)
        assert row["platform_interventions"] == (sum(decided) if is_loaded and None not in decided else None)
        seen.add((is_loaded, bool(row["disputes"]), row["platform_interventions"] is None))
    assert len(seen) >= 4


def counted_reviews(world: World, books: Books) -> list[tuple[date, Any]]:
    """Reviews of reef that count, each with its day."""
    left_out = {(sale.row["store_id"], sale.row["order_id"]) for sale in books.sales if sale.excluded}
    return [
        (books.day("reef_us", review["reviewed_at"]), review)
        for review in world.streams["reviews"]
        if review["is_counted"] and (review["store_id"], review.get("order_id")) not in left_out
    ]


def days_of_reef(grain: str, books: Books) -> dict[Any, set[date]]:
    """The days of reef's history in each period."""
    days: dict[Any, set[date]] = defaultdict(set)
    for number in range((books.last_day(["reef_us"]) - date(2026, 9, 1)).days + 1):
        day = date(2026, 9, 1) + timedelta(days=number)
        days[period_of(grain, day)].add(day)
    return days


@pytest.mark.parametrize("grain", GRAINS)
def test_reviews_of_products_and_variants_come_to_those_of_the_store(
    grain: str, built: Any, world: World, books: Books
) -> None:
    lines = {
        (line["order_id"], line["line_id"]): line
        for line in world.streams["order_lines"]
        if line["store_id"] == "reef_us"
    }
    of_product: dict[Any, list[Any]] = defaultdict(list)
    of_sku: dict[Any, list[Any]] = defaultdict(list)
    for day, review in counted_reviews(world, books):
        line = lines.get((review.get("order_id"), review.get("line_id")), {})
        product, sku = review.get("product_id") or line.get("product_id") or "unknown", line.get("sku_id")
        of_product[product, period_of(grain, day)].append((sku, review["rating"]))
        if sku:
            of_sku[sku, period_of(grain, day)].append((sku, review["rating"]))
    days, last = days_of_reef(grain, books), period_of(grain, books.last_day(["reef_us"]))
    seen: dict[tuple[str, bool], int] = defaultdict(int)
    for table, item, held in (("product", "product_id", of_product), ("sku", "sku_id", of_sku)):
        found = set()
        for row in built.rows(f"select * from marts.{table}_{GRAINS[grain]} where store_id = 'reef_us'"):
            start = row["period_start"]
            reviews = held[row[item], start]
            found.add((row[item], start))
            is_loaded = bool(days[start]) and days[start] <= set(REVIEWS_READ)
            if table == "sku":
                is_loaded = is_loaded and all(sku for sku, _ in of_product[row["product_id"], start])
            assert row["is_reviews_loaded"] == is_loaded, (row[item], start)
            stars = [rating for _, rating in reviews if rating is not None]
            told = (len(reviews), len(stars), sum(stars)) if is_loaded else (None, None, None)
            assert (row["reviews"], row["reviews_rated"], row["rating_sum"]) == told
            mean = ratio(sum(stars), len(stars)) if is_loaded else None
            assert row["rating_avg"] == (None if mean is None else pytest.approx(mean, abs=1e-6))
            seen[table, bool(row["reviews"])] += 1
        assert {key for key, reviews in held.items() if reviews and key[1] <= last} <= found
    assert seen["product", True] and (seen["sku", True] or grain != "day") and seen["sku", False]


@pytest.mark.parametrize("grain", GRAINS)
def test_reviews_stand_on_the_day_they_were_written_where_each_day_of_the_period_was_read(
    grain: str, built: Any, world: World, books: Books
) -> None:
    written: dict[Any, list[Any]] = defaultdict(list)
    for day, review in counted_reviews(world, books):
        written[period_of(grain, day)].append(review)
    days = days_of_reef(grain, books)
    seen: dict[bool, int] = defaultdict(int)
    for row in built.rows(f"select * from marts.after_sales_{GRAINS[grain]}"):
        of_all = row["store_id"] == "reef_us" and row["reason"] == "ALL"
        is_loaded = (
            of_all and days[row["period_start"]] <= set(REVIEWS_READ) and bool(days[row["period_start"]])
        )
        assert row["is_reviews_loaded"] == is_loaded, row["period_start"]
        seen[is_loaded] += of_all
        if not is_loaded:
            names = ("reviews", "reviews_rated", "rating_sum", "low_reviews", "rating_avg", "low_rating_rate")
            assert {row[name] for name in names} == {None}
            continue
        reviews = written[row["period_start"]]
        stars = [review["rating"] for review in reviews if review["rating"] is not None]
        low = sum(star <= 2 for star in stars)
        assert (row["reviews"], row["reviews_rated"], row["low_reviews"]) == (len(reviews), len(stars), low)
        assert row["rating_sum"] == sum(stars)
        assert row["rating_avg"] == pytest.approx(ratio(sum(stars), len(stars)), abs=1e-6)
        assert row["low_rating_rate"] == pytest.approx(ratio(low, len(reviews)), abs=1e-6)
    assert seen[False] and seen[True]


@pytest.mark.parametrize("grain", GRAINS)
def test_a_reason_that_nobody_gave_in_an_earlier_period_had_no_refunds_then(grain: str, built: Any) -> None:
    """What is compared with an earlier period is what its reasons come to: a reason without a row there is 0, not unknown."""
    rows = built.rows(f"select * from marts.after_sales_{GRAINS[grain]}")
    whole = {(row["store_id"], row["period_start"]): row for row in rows if row["reason"] == "ALL"}
    nobody = 0
    for row in rows:
        for name in ("refunds_prev", "refund_amount_prev", "refunds_yoy", "refund_amount_yoy"):
            known = whole[row["store_id"], row["period_start"]][name] is not None
            assert (row[name] is not None) is known, (
                row["store_id"],
                row["reason"],
                row["period_start"],
                name,
            )
        nobody += row["refunds_prev"] == 0
        if row["refunds_prev"] == 0:
            assert row["refunds_prev_chg"] is None and row["avg_refund_hours_prev"] is None
    assert nobody > 3 or grain == "month", "every reason was given in each of the world's months"


@pytest.mark.parametrize("grain", GRAINS)
def test_refunds_by_product_and_reason_come_from_the_refunds_of_the_period(
    grain: str, built: Any, world: World, books: Books
) -> None:
    lines: dict[Any, list[Any]] = defaultdict(list)
    for line in world.streams["order_lines"]:
        if line["line_class"] == "product":
            lines[line["platform"], line["store_id"], line["order_id"]].append(line)
    found: dict[Any, list[Any]] = defaultdict(list)
    for refund in books.refunds:
        row = refund.row
        if refund.day > books.last_day([str(row["store_id"])]):
            continue
        own = lines[row["platform"], row["store_id"], row["order_id"]] if refund.sale else []
        named = [line for line in own if line["line_id"] == row["line_id"]] or own
        paid_for = [line for line in named if line["line_amount"] > 0] or named
        if sum(refund.value.values(), Decimal(0)) == 0:
            paid_for = named
        elif refund.value["goods"] == 0:
            continue
        for product in {line["product_id"] or "unknown" for line in paid_for} or {"unknown"}:
            for reason in ("ALL", row["reason"] or "unknown"):
                found[row["store_id"], product, reason, period_of(grain, refund.day)].append(refund)
    rows = built.rows(f"select * from marts.after_sales_product_{GRAINS[grain]}")
    assert len(rows) > 100
    for row in rows:
        refunds = found.pop((row["store_id"], row["product_id"], row["reason"], row["period_start"]), [])
        assert row["refunds"] == len(refunds), row
        types = [refund.row["refund_type"] for refund in refunds]
        assert row["return_refund"] == types.count("return_refund")
        timed = [r for r in refunds if r.row["requested_at"] not in (None, r.row["refunded_at"])]
        hours = sum((r.row["refunded_at"] - r.row["requested_at"]) / timedelta(hours=1) for r in timed)
        assert row["avg_refund_hours"] == pytest.approx(ratio(hours, len(timed)), abs=1e-4)
    assert not found


@pytest.mark.parametrize("grain", GRAINS)
def test_what_products_gave_back_is_what_the_product_and_the_store_gave_back(grain: str, built: Any) -> None:
    by_product, by_store = (
        built.rows(
            f"select {key}, period_start, sum(refund_goods) as goods from marts.{table}_{GRAINS[grain]}"
            f" where {only} group by all having sum(refund_goods) <> 0"
        )
        for key, table, only in (
            ("store_id, product_id", "product", "true"),
            ("store_id", "after_sales", "reason = 'ALL' and store_id <> 'ALL'"),
        )
    )
    for key, wanted in (("store_id, product_id", by_product), ("store_id", by_store)):
        for reasons in ("reason = 'ALL'", "reason <> 'ALL'"):
            told = built.rows(
                f"select {key}, period_start, sum(refund_goods) as goods"
                f" from marts.after_sales_product_{GRAINS[grain]} where {reasons} group by all having sum(refund_goods) <> 0"
            )
            assert len(told) > 5
            assert sorted(map(str, told)) == sorted(map(str, wanted))


def test_all_stores_have_what_came_back_of_each_from_the_first_day_of_its_history(built: Any) -> None:
    figures = "refunds_requested, refunds, refund_amount, orders_delivered"
    totals = ", ".join(f"sum({name}) as {name}" for name in figures.split(", "))
    own = "marts.after_sales_daily as own join marts.dim_store using (store_id)"
    last = "(select max(period_start) from marts.store_daily where store_id = 'ALL')"
    (told,) = built.rows(
        f"select {totals} from marts.after_sales_daily where store_id = 'ALL' and reason = 'ALL'"
    )
    (added,) = built.rows(
        f"select {totals} from {own} where reason = 'ALL' and period_start between history_from and {last}"
    )
    (before,) = built.rows(f"select {totals} from {own} where reason = 'ALL' and period_start < history_from")
    assert told == added
    assert before["refunds"] > 0 and before["refund_amount"] > 0 and before["orders_delivered"] > 0


def test_a_store_whose_platform_tells_no_shipping_times_has_no_late_parcels(built: Any, books: Books) -> None:
    rows = {
        row["store_id"]: row
        for row in built.rows(
            "select * from marts.after_sales_monthly where reason = 'ALL' and period_start = '2026-10-01'"
        )
    }
    assert rows["reef_us"]["ship_within_48h_rate"] is None
    jade = [
        sale
        for sale in books.sales
        if sale.counted
        and sale.row["store_id"] == "jade_tmall"
        and sale.paid is not None
        and (sale.paid.year, sale.paid.month) == (2026, 10)
    ]

    def is_due(sale: Sale) -> bool:
        ends = sale.row["recognised_at"] + timedelta(hours=48)
        goods = [refund for refund in sale.refunds if refund.parts["goods"]]
        is_back = goods and sum(refund.parts["goods"] for refund in goods) >= sale.parts["goods"]
        return bool(
            sale.row["shipped_at"]
            or (
                (sale.row["order_state"] != "cancelled" or sale.row["cancelled_at"] > ends)
                and not (is_back and max(refund.row["refunded_at"] for refund in goods) <= ends)
            )
        )

    due = [sale for sale in jade if is_due(sale)]
    in_time = [
        sale
        for sale in jade
        if sale.row["shipped_at"]
        and sale.row["shipped_at"] <= sale.row["recognised_at"] + timedelta(hours=48)
    ]
    assert 0 < len(in_time) <= len(due) < len(jade)
    assert rows["jade_tmall"]["orders_due_48h"] == len(due)
    assert rows["jade_tmall"]["ship_within_48h_rate"] == pytest.approx(len(in_time) / len(due), abs=1e-6)


@pytest.mark.parametrize("grain", GRAINS)
def test_parcels_are_late_against_the_promised_day_once_it_is_over(
    grain: str, built: Any, books: Books
) -> None:
    """jade_tmall alone is told what was promised: no other store, and not all together, has a late parcel."""
    (known,) = built.rows(
        "select max(period_start) as last_whole from marts.store_daily"
        " where store_id = 'jade_tmall' and is_complete and is_orders_loaded"
    )

    def is_late(sale: Sale) -> bool | None:
        row, store = sale.row, str(sale.row["store_id"])
        if row["promised_delivery_at"] is None:
            return None
        promised = books.day(store, row["promised_delivery_at"])
        if promised > known["last_whole"]:
            return None
        goods = [refund for refund in sale.refunds if refund.parts["goods"]]
        over = [row["cancelled_at"]] if row["order_state"] == "cancelled" else []
        if goods and sum(refund.parts["goods"] for refund in goods) >= sale.parts["goods"]:
            over.append(max(refund.row["refunded_at"] for refund in goods))
        came = row["delivered_at"]
        if any(books.day(store, at) <= promised and (came is None or at < came) for at in over):
            return None
        if came:
            return books.day(store, came) > promised
        return None if row["order_state"] in ("delivered", "completed") and not over else True

    sold: dict[Any, list[Sale]] = defaultdict(list)
    for sale in books.sales:
        if sale.counted and sale.row["store_id"] == "jade_tmall":
            assert sale.paid is not None
            sold[period_of(grain, sale.paid)].append(sale)
    unfinished = promised_in_vain = 0
    for row in built.rows(f"select * from marts.after_sales_{GRAINS[grain]}"):
        if row["store_id"] != "jade_tmall" or row["reason"] != "ALL":
            assert row["orders_promised"] is row["orders_late"] is row["late_rate"] is None
            assert not row["is_promised_dates_loaded"]
            continue
        sales = sold[row["period_start"]]
        told = [sale for sale in sales if sale.row["promised_delivery_at"]]
        assert row["is_promised_dates_loaded"] == bool(told or not sales)
        judged = [late for sale in sales if (late := is_late(sale)) is not None]
        if row["is_promised_dates_loaded"]:
            assert (row["orders_promised"], row["orders_late"]) == (len(judged), sum(judged))
            assert row["late_rate"] == pytest.approx(ratio(sum(judged), len(judged)), abs=1e-6)
        unfinished += len(told) - len(judged)
        promised_in_vain += sum(not sale.row["delivered_at"] and bool(is_late(sale)) for sale in sales)
    assert unfinished > 5 and promised_in_vain > 5


def test_every_record_left_out_or_in_doubt_is_counted(built: Any, world: World) -> None:
    found = {
        (row["store_id"], row["check_name"]): row["findings"]
        for row in built.rows("select * from marts.data_quality")
    }
    for reason in ("test", "staff", "brushed", "deleted"):
        stated = sum(
            row["exclude_reason"] == reason and row["store_id"] == "jade_tmall"
            for row in world.streams["orders"]
        )
        assert found["jade_tmall", f"excluded_{reason}"] >= stated > 0
    assert found["jade_tmall", "lines_without_order"] == 1
    assert found["attic_uk", "refunds_without_order"] > 5
    assert found["jade_tmall", "orders_without_rate"] == 0


def test_a_parcel_paid_at_the_door_is_under_way_from_the_order_on(built: Any) -> None:
    (told,) = built.rows(
        "select sum(orders_delivered) as n, sum(delivery_days) as days from marts.after_sales_daily"
        " where store_id <> 'ALL' and reason = 'ALL'"
    )
    (own,) = built.rows(
        "select count(*) as n, sum(epoch(delivered_at - begun_at)) / 86400 as days, count(*) filter (order_type = 'cod') as cod"
        " from (select *, case when order_type = 'cod' then created_at else paid_at end as begun_at from marts.fct_orders)"
        " where is_counted and delivered_at >= begun_at and paid_date <= (select max(period_start) from marts.after_sales_daily)"
    )
    assert own["cod"] > 0 and told["n"] == own["n"]
    assert float(told["days"]) == pytest.approx(float(own["days"]))
