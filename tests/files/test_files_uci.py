"""The bundled retailer's files end in raw exactly as a plain reading of them says."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from files_recompute import Totals, read_csv, read_parquet, totals
from files_shop import DATA, Shop

EXAMPLES = Path(__file__).parents[2] / "examples" / "uci_online_retail"
OLD, NEW = DATA / "uci_2009_2010.csv", DATA / "uci_2010_2011.csv"
LONDON = ZoneInfo("Europe/London")


def _day(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(LONDON).date().isoformat()


_LATEST = """
    select record_key, arg_max(payload, (cursor_at, read_at, load_id)) as payload from raw_files.{} group by record_key
"""
_LINES = """[{"line_class": "varchar", "line_amount": "decimal(18, 2)", "quantity": "decimal(18, 4)"}]"""


def _landed(shop: Shop) -> Totals:
    """The same totals from what is in raw, read as staging reads it: latest version, excluded orders apart."""
    found = Totals()
    orders = shop.query(f"""
        select record_key, payload ->> 'paid_at', len(lines),
            list_sum([line.line_amount for line in lines if line.line_class = 'product']),
            list_sum([line.line_amount for line in lines if line.line_class = 'shipping']),
            list_sum([line.quantity for line in lines if line.line_class = 'product']),
            payload ->> 'exclude_reason'
        from (select *, from_json(payload -> 'lines', '{_LINES}') as lines from ({_LATEST.format("orders")}))""")
    for key, paid_at, lines, goods, shipping, units, exclude_reason in orders:
        found.lines += lines
        if exclude_reason is None:
            day = _day(paid_at)
            found.orders[day].add(key)
            found.goods[day] += goods or 0
            found.shipping[day] += shipping or 0
            found.units[day] += int(units or 0)
    refunds = shop.query(f"""
        select payload ->> 'refunded_at', (payload ->> 'refund_goods')::decimal(18, 2),
            (payload ->> 'refund_shipping')::decimal(18, 2), (payload ->> 'refund_amount')::decimal(18, 2),
            json_array_length(payload -> 'lines')
        from ({_LATEST.format("refunds")})""")
    for refunded_at, goods, shipping, amount, lines in refunds:
        found.lines += lines
        found.refund_goods[_day(refunded_at)] += goods
        found.refund_shipping[_day(refunded_at)] += shipping
        assert amount == goods + shipping
    return found


def _assert_same(found: Totals, expected: Totals) -> None:
    assert expected.orders, "the recomputation found nothing to compare"
    assert found.lines == expected.lines
    for name in ("orders", "goods", "shipping", "units", "refund_goods", "refund_shipping"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        days = {day for day in (*mine, *theirs) if mine.get(day) or theirs.get(day)}
        assert {day: mine.get(day) for day in days} == {day: theirs.get(day) for day in days}, name


def test_a_slice_of_the_real_files_adds_up_to_what_plain_python_says(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    shop.drop_copy(OLD)
    shop.drop_copy(NEW)
    shop.run()
    _assert_same(_landed(shop), totals([read_csv(OLD), read_csv(NEW)]))


@pytest.mark.thorough
def test_the_whole_files_add_up_to_what_plain_python_says(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    old, new = EXAMPLES / "online_retail_ii_2009_2010.parquet", EXAMPLES / "online_retail_2010_2011.parquet"
    shop.drop_copy(old)
    shop.drop_copy(new)
    assert shop.run() > 0
    assert shop.quarantine == []
    expected = totals([read_parquet(old), read_parquet(new)])
    _assert_same(_landed(shop), expected)
    counted = "select count(distinct record_key) from raw_files."
    assert shop.query(f"{counted}orders") + shop.query(f"{counted}refunds") == [(45_336,), (8_292,)]
    assert expected.lines == 525_461 + 541_909 - 22_523


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_overlapping_files_count_an_order_once_whichever_comes_first(
    new_shop: Callable[..., Shop], order: tuple[Path, Path]
) -> None:
    one_by_one, together = new_shop(mapping=None), new_shop(mapping=None)
    for path in order:
        one_by_one.drop_copy(path)
        one_by_one.run()
    for path in order:
        together.drop_copy(path)
    together.run()
    assert one_by_one.orders == together.orders
    assert one_by_one.refunds == together.refunds
    in_both = {line[0] for line in read_csv(OLD)} & {line[0] for line in read_csv(NEW)}
    assert len(in_both) > 20
    for invoice in in_both:
        if not invoice.startswith("C"):
            assert together.orders[invoice]["source_file"] == NEW.name


def test_a_file_dropped_twice_under_two_names_changes_nothing(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    shop.drop_copy(NEW)
    assert shop.run() > 0
    before = shop.query("select count(*) from raw_files.orders")
    shop.drop_copy(NEW)
    shop.drop_copy(NEW, "the same.csv")
    assert shop.run() == 0
    assert shop.query("select count(*) from raw_files.orders") == before
    assert len(shop.files("done")) == 3
    assert any("known since" in line for line in shop.said)


def test_stock_codes_that_are_no_goods_have_their_class(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    shop.drop_copy(OLD)
    shop.drop_copy(NEW)
    shop.run()
    classes: dict[str, set[str]] = defaultdict(set)
    for record in (*shop.orders.values(), *shop.refunds.values()):
        for line in record["lines"]:
            if Decimal(line["line_amount"]):
                classes[line["product_id"]].add(line["line_class"])
    expected = {
        "POST": "shipping", "DOT": "shipping", "C2": "shipping", "M": "manual", "m": "manual", "D": "discount",
        "BANK CHARGES": "fee", "AMAZONFEE": "fee", "CRUK": "fee", "B": "bad_debt", "S": "sample",
        "ADJUST": "adjustment", "ADJUST2": "adjustment", "TEST001": "test", "gift_0001_20": "gift_card",
        "85123A": "product",
    }  # fmt: skip
    assert {code: classes[code] for code in expected} == {code: {name} for code, name in expected.items()}


def test_book_entries_are_kept_and_not_counted(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    shop.drop_copy(OLD)
    shop.run()
    reasons = {key: order["exclude_reason"] for key, order in shop.orders.items()}
    assert reasons["A506401"] == "staff"  # bad debt of 53,594.36
    assert "test" in reasons.values()
    written_off = [o for o in shop.orders.values() if o["exclude_reason"] == "staff" and len(o["lines"]) == 1]
    assert any(Decimal(o["lines"][0]["quantity"]) < 0 for o in written_off)
    free_for_a_customer = [
        o for o in shop.orders.values()
        if o["buyer_key"] and not any(Decimal(line["line_amount"]) for line in o["lines"])
    ]  # fmt: skip
    assert free_for_a_customer
    assert all(o["exclude_reason"] in (None, "test") for o in free_for_a_customer)


def test_a_cancellation_is_a_refund_on_its_own_date_with_positive_amounts(
    new_shop: Callable[..., Shop],
) -> None:
    shop = new_shop(mapping=None)
    shop.drop_copy(NEW)
    shop.run()
    lines = [line for line in read_csv(NEW) if line[0].startswith("C") and line[1][0].isdigit()]
    invoice, code, quantity, when, price, _ = lines[0]
    refund = shop.refunds[invoice]
    assert invoice not in shop.orders
    assert refund["order_id"] is None
    assert _day(refund["refunded_at"]) == when[:10]
    first = next(line for line in refund["lines"] if line["product_id"] == code)
    assert Decimal(first["quantity"]) == -quantity > 0
    assert Decimal(first["line_amount"]) == -(quantity * price).quantize(Decimal("0.01")) > 0


def test_summer_time_is_the_shops(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    shop.drop_copy(NEW)
    shop.drop_copy(OLD)
    shop.run()
    summer = next(line for line in read_csv(NEW) if "2011-06" <= line[3] < "2011-08" and line[0][0] == "5")
    local = datetime.fromisoformat(summer[3]).replace(tzinfo=LONDON)
    assert shop.orders[summer[0]]["paid_at"] == local.astimezone(ZoneInfo("UTC")).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    assert local.utcoffset()


def test_the_bundled_files_are_the_ones_the_attribution_names() -> None:
    text = (EXAMPLES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    files = sorted(EXAMPLES.glob("*.parquet"))
    assert len(files) == 2
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
        assert f"{pq.read_metadata(path).num_rows:,}" in text
    assert "CC BY 4.0" in text
