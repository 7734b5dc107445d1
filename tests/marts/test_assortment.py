"""Products on sale, what of them sold and what is left: against the same figures taken from the versions by their moments."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from expected import Books, period_end, ratio
from world import CATALOGUE_FIRST_READ, World

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
Key = tuple[str, int, str, date]


def _names(path: str | None) -> list[tuple[int, str]]:
    parts = (path or "unknown").split(" > ")
    return [(0, "ALL"), *((level, " > ".join(parts[:level])) for level in range(1, min(len(parts), 3) + 1))]


def _category(version: dict[str, Any], world: World) -> str | None:
    """What it names, or what was last named before it."""
    if version["category_path"] is not None:
        return str(version["category_path"])
    told = [
        (move["valid_from_at"] <= version["valid_from_at"], move["valid_from_at"], move["category_path"])
        for move in world.streams["product_categories"]
        if (move["store_id"], move["product_id"]) == (version["store_id"], version["product_id"])
        and move["category_path"] is not None
    ]
    before = [move for move in told if move[0]]
    return (max(before) if before else min(told))[2] if told else None


def _recomputed(grain: str, built: Any, world: World, books: Books) -> dict[Key, dict[str, Any]]:
    """Store, level, category and period → the figures; where a catalogue was not known, nulls of all categories only."""
    periods: dict[str, set[date]] = defaultdict(set)
    for row in built.rows(f"select store_id, period_start from marts.store_{GRAINS[grain]}"):
        periods[row["store_id"]].add(row["period_start"])
    sold: set[tuple[str, str, date]] = set()
    sales = {(s.row["store_id"], s.row["order_id"]): s for s in books.sales if s.is_paid and s.paid}
    for line in world.streams["order_lines"]:
        sale = sales.get((str(line["store_id"]), str(line["order_id"])))
        if sale and line["line_class"] == "product" and line["quantity"] > 0:
            sold.add((str(line["store_id"]), str(line["product_id"]), sale.paid))
    found: dict[Key, dict[str, Any]] = {}
    for store in (*CATALOGUE_FIRST_READ, "ALL"):
        for start in periods[store]:
            members = [m for m in CATALOGUE_FIRST_READ if store in (m, "ALL") and start in periods[m]]
            if not members:
                continue
            last = min(
                period_end(grain, start),
                books.last_day(members if store != "ALL" else [*CATALOGUE_FIRST_READ]),
            )
            rows: dict[tuple[int, str], dict[str, Any]] = {(0, "ALL"): {"on_sale": set(), "stock": None}}
            is_known = True
            for member in members:
                zone = ZoneInfo(str(books.stores[member]["time_zone"]))
                since = datetime.combine(start, time(), zone)
                until = datetime.combine(last + timedelta(days=1), time(), zone)
                is_known = is_known and CATALOGUE_FIRST_READ[member] < since
                for version in world.streams["products"]:
                    if version["store_id"] != member or version.get("sku_id") or not version["is_on_sale"]:
                        continue
                    ends: Any = version["valid_until_at"]
                    if version["valid_from_at"] >= until or (ends and ends <= since):  # type: ignore[operator]
                        continue
                    for name in _names(_category(version, world)):
                        row = rows.setdefault(name, {"on_sale": set(), "stock": None})
                        row["on_sale"].add((member, version["product_id"]))
                        if (ends is None or ends >= until) and version["stock"] is not None:
                            row["stock"] = (row["stock"] or Decimal(0)) + version["stock"]
            in_period = {
                (member, product)
                for member, product, day in sold
                if member in members and start <= day <= last
            }
            for (level, path), row in rows.items() if is_known else [((0, "ALL"), {})]:
                on_sale = len(row["on_sale"]) if row else None
                moving = len(row["on_sale"] & in_period) if row else None
                found[store, level, path, start] = {
                    "is_catalogue_loaded": is_known,
                    "products_on_sale": on_sale,
                    "products_on_sale_sold": moving,
                    "sell_through": ratio(moving, on_sale),
                    "stock_last": row["stock"] if row else None,
                }
    return found


@pytest.mark.parametrize("grain", GRAINS)
def test_every_figure_of_the_assortment_is_the_recomputed_one(
    grain: str, built: Any, world: World, books: Books
) -> None:
    expected = _recomputed(grain, built, world, books)
    rows = built.rows(f"select * from marts.assortment_{GRAINS[grain]}")
    assert {(r["store_id"], r["category_level"], r["category_path"], r["period_start"]) for r in rows} == set(
        expected
    )
    for row in rows:
        key = (row["store_id"], row["category_level"], row["category_path"], row["period_start"])
        wanted = dict(expected[key])
        assert row["sell_through"] == pytest.approx(wanted.pop("sell_through"), abs=2e-6), key
        assert {name: row[name] for name in wanted} == wanted, key
        assert row["sell_through"] is None or row["sell_through"] <= 1
    known = [row for row in rows if row["products_on_sale"] is not None]
    assert {row["store_id"] for row in known} == {"jade_tmall", "reef_us", "ALL"} and len(known) > 8
    assert any(row["products_on_sale"] is None for row in rows)


def _row(built: Any, table: str, store: str, start: str, path: str = "ALL") -> dict[str, Any]:
    (row,) = built.rows(
        f"select * from marts.assortment_{table} where store_id = '{store}' and period_start = '{start}'"
        f" and category_path = '{path}'"
    )
    return dict(row)


def test_products_on_sale_of_a_week_are_counted_in_the_week(built: Any) -> None:
    days = [
        _row(built, "daily", "jade_tmall", f"2026-11-{day:02d}")["products_on_sale"] for day in range(2, 9)
    ]
    # One is off sale for all of Thursday.
    assert days == [10, 10, 10, 9, 10, 10, 10]
    assert _row(built, "weekly", "jade_tmall", "2026-11-02")["products_on_sale"] == 10


def test_a_product_taken_off_sale_at_midnight_is_not_on_sale_on_the_day_that_begins(built: Any) -> None:
    before, after = (
        _row(built, "daily", "jade_tmall", day)["products_on_sale"] for day in ("2026-11-09", "2026-11-10")
    )
    assert (before, after) == (10, 9)
    # In New York it was the evening before, and the first hour of the day.
    days = [_row(built, "daily", "reef_us", f"2026-11-0{day}")["products_on_sale"] for day in (1, 2, 3, 4)]
    assert days == [5, 5, 3, 3]


def test_a_catalogue_is_not_known_in_a_period_that_began_before_it_was_read(built: Any) -> None:
    for table, store, unknown, known in (
        ("daily", "jade_tmall", "2026-09-11", "2026-09-12"),
        ("weekly", "jade_tmall", "2026-09-07", "2026-09-14"),
        ("monthly", "jade_tmall", "2026-09-01", "2026-10-01"),
        ("monthly", "reef_us", "2026-10-01", "2026-11-01"),
        ("monthly", "ALL", "2026-10-01", "2026-11-01"),
    ):
        row = _row(built, table, store, unknown)
        assert not row["is_catalogue_loaded"]
        assert [
            row[n] for n in ("products_on_sale", "products_on_sale_sold", "sell_through", "stock_last")
        ] == [None] * 4
        assert _row(built, table, store, known)["products_on_sale"] > 0
    assert built.rows("select * from marts.assortment_daily where store_id = 'attic_uk'") == []


def test_what_sold_without_being_on_sale_is_not_in_the_sell_through(built: Any) -> None:
    month = _row(built, "monthly", "jade_tmall", "2026-11-01")
    (sold,) = built.rows(
        "select count(*) as products, count(case when product_id in ('9007199254740906', '9007199254740911') then 1 end)"
        " as unknown from marts.product_monthly where store_id = 'jade_tmall' and period_start = '2026-11-01'"
        " and units > 0 and product_id <> 'unknown'"
    )
    assert sold["unknown"] == 2
    # Nor is one that went off sale in October.
    assert month["products_on_sale_sold"] == sold["products"] - 3
    assert month["sell_through"] < 1


def test_a_moved_product_is_in_both_categories_of_its_week_and_once_in_all(built: Any) -> None:
    week = {
        row["category_path"]: row["products_on_sale"]
        for row in built.rows(
            "select * from marts.assortment_weekly where store_id = 'jade_tmall' and period_start = '2026-11-09'"
        )
    }
    assert week["Garden"] == week["Garden > Pots"] == week["Garden > Pots > Clay"] == 1
    assert week["Home"] + week["Garden"] + week["unknown"] == week["ALL"] + 1


def test_stock_is_that_of_the_last_day_and_not_a_sum(built: Any) -> None:
    days = {
        (row["store_id"], row["period_start"], row["category_path"]): row["stock_last"]
        for row in built.rows("select * from marts.assortment_daily")
    }
    for table in GRAINS.values():
        rows = built.rows(
            f"select * from marts.assortment_{table} where store_id in ('jade_tmall', 'reef_us') and stock_last is not null"
        )
        assert rows
        for row in rows:
            last = min(row["period_end"], date(2026, 11, 22 if row["store_id"] == "jade_tmall" else 21))
            assert row["stock_last"] == days[row["store_id"], last, row["category_path"]], row
    # 1: 35, 10: 12, and 40 each of 2, 4, 5, 8, 12, 13, 14: 7 tells none, 3 and 9 are off sale.
    assert _row(built, "monthly", "jade_tmall", "2026-11-01")["stock_last"] == 35 + 12 + 7 * 40


def test_the_category_a_product_had_before_holds_while_a_version_names_none(built: Any) -> None:
    (row,) = built.rows(
        "select * from marts.assortment_daily where store_id = 'reef_us' and period_start = '2026-11-05'"
        " and category_path = 'Garden > Pots'"
    )
    assert row["products_on_sale"] == 1


def test_a_period_is_compared_where_both_catalogues_were_known(built: Any) -> None:
    week = _row(built, "weekly", "jade_tmall", "2026-09-21")
    assert (
        week["products_on_sale_prev"] == _row(built, "weekly", "jade_tmall", "2026-09-14")["products_on_sale"]
    )
    assert _row(built, "weekly", "jade_tmall", "2026-09-14")["products_on_sale_prev"] is None


def test_a_category_that_was_empty_in_an_earlier_period_had_nothing_on_sale_then(built: Any) -> None:
    """What is compared with an earlier period is what its categories come to: one without a row there is 0, not unknown."""
    empty = 0
    for table in ("daily", "weekly", "monthly"):
        rows = built.rows(f"select * from marts.assortment_{table}")
        whole = {(row["store_id"], row["period_start"]): row for row in rows if row["category_level"] == 0}
        for row in rows:
            for name in ("products_on_sale_prev", "products_on_sale_sold_prev"):
                known = whole[row["store_id"], row["period_start"]][name] is not None
                assert (row[name] is not None) is known, (row["category_path"], row["period_start"], name)
            if row["products_on_sale_prev"] == 0:
                empty += 1
                assert row["products_on_sale_prev_chg"] is None and row["sell_through_prev"] is None
    assert empty > 1


def test_what_held_at_the_end_of_a_day_is_one_version_with_its_price_and_stock(built: Any) -> None:
    def at_the_end_of(day: str, product: int) -> list[tuple[Any, ...]]:
        return [
            (row["list_price"], row["stock_last"], row["is_on_sale"])
            for row in built.rows(
                "select * from marts.dim_product_version where store_id = 'jade_tmall'"
                f" and product_id = '90071992547409{product:02d}' and from_date <= '{day}' and '{day}' < until_date"
            )
        ]

    assert at_the_end_of("2026-11-09", 1) == [(100, 40, True)]
    assert at_the_end_of("2026-11-10", 1) == [(120, 35, True)]
    assert at_the_end_of("2026-11-05", 10) == [(100, 15, True)]
    assert at_the_end_of("2026-11-11", 4) == [(100, 40, True)]
    assert at_the_end_of("2026-11-14", 8) == []
    assert at_the_end_of("2026-11-14", 11) == []


Held = list[dict[str, Any] | None]
NOTHING_KNOWN = dict.fromkeys(
    ["list_price", "list_price_currency", "stock_last", "in_stock_days", "days_of_cover"]
)


def _held(level: str, item: str, store: str, first: date, last: date, world: World, zone: ZoneInfo) -> Held:
    """The version of a product or a variant that held at the end of each of these days, by its moments."""
    versions = [
        version
        for version in world.streams["products"]
        if version["store_id"] == store
        and version.get(f"{level}_id") == item
        and (level == "sku" or not version.get("sku_id"))
    ]
    days: Held = []
    for number in range((last - first).days + 1):
        end = datetime.combine(first + timedelta(days=number + 1), time(), zone)
        held = [v for v in versions if v["valid_from_at"] < end and (v["valid_until_at"] or end) >= end]  # type: ignore[operator]
        days.append(held[0] if held else None)
    return days


def _in_stock_days(days: Held) -> int | None:
    told = [day for day in days if day]
    return (
        sum(day["stock"] > 0 for day in told) if told and all(d["stock"] is not None for d in told) else None
    )


def _units(level: str, world: World, books: Books) -> dict[tuple[str, str, date], Decimal]:
    """Pieces paid by store, item and day."""
    sales = {(s.row["platform"], s.row["store_id"], s.row["order_id"]): s for s in books.sales if s.is_paid}
    units: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for line in world.streams["order_lines"]:
        sale = sales.get((line["platform"], line["store_id"], line["order_id"]))
        if sale and sale.paid and line["line_class"] == "product":
            units[str(line["store_id"]), str(line[f"{level}_id"]), sale.paid] += line["quantity"]  # type: ignore[operator]
    return units


@pytest.mark.parametrize("level", ["product", "sku"])
@pytest.mark.parametrize("grain", GRAINS)
def test_price_and_stock_of_every_item_are_those_of_its_versions(
    grain: str, level: str, built: Any, world: World, books: Books
) -> None:
    rows = built.rows(f"select * from marts.{level}_{GRAINS[grain]}")
    units = _units(level, world, books)
    shown = covered = 0
    for row in rows:
        store, start, item = row["store_id"], row["period_start"], row[f"{level}_id"]
        zone = ZoneInfo(str(books.stores[store]["time_zone"]))
        wanted: dict[str, Any] = dict(NOTHING_KNOWN)
        first_read = CATALOGUE_FIRST_READ.get(store)
        is_known = bool(first_read and first_read < datetime.combine(start, time(), zone))
        if is_known:
            last = min(period_end(grain, start), books.last_day([store]))
            days = _held(level, item, store, start, last, world, zone)
            wanted["in_stock_days"] = _in_stock_days(days)
            if days[-1]:
                wanted["list_price"], wanted["list_price_currency"] = (
                    days[-1]["list_price"],
                    days[-1]["currency"],
                )
                wanted["stock_last"] = days[-1]["stock"]
            since = last - timedelta(days=27)
            if first_read and first_read < datetime.combine(since, time(), zone):
                sold = sum(units[store, item, since + timedelta(days=n)] for n in range(28))
                held = _held(level, item, store, since, last, world, zone)
                stocked = _in_stock_days(held)
                if None not in (wanted["stock_last"], stocked) and sold:
                    stocked += sum(
                        day is not None and day["stock"] <= 0 < units[store, item, since + timedelta(days=n)]
                        for n, day in enumerate(held)
                    )
                    wanted["days_of_cover"] = pytest.approx(
                        float(wanted["stock_last"] * stocked / sold), abs=1e-6
                    )
                    covered += 1
            shown += wanted["stock_last"] is not None
        assert {name: row[name] for name in wanted} == wanted, (store, item, start)
        assert row["is_stock_loaded"] == is_known
    # One store tells of variants, and that for five weeks.
    assert len(rows) > shown > (10 if level == "product" else 3)
    assert covered > 3
