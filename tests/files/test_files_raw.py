"""Landed cells become orders, refunds and quarantine as the mapping says."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from files_shop import TILL, Shop, till

from warehouse.errors import LoadErrors

ORDERS = """
name: report
title: One row per order
row: order
columns:
  order_id: Order
  list_amount: Total
  buyer_paid_total: Paid
  created_at: Created
  paid_at: Paid on
  refund_amount: Refunded
  status: Status
paid_is_net_of_refunds: true
refunds_dated: paid_at
order_state:
  - {state: cancelled, when: {status: ["closed*", void]}}
  - {state: closed_unpaid, when: {paid_at: null}}
  - {state: paid}
exclude:
  - {reason: brushed, when: {status: fake}}
"""
HEADER = "Order,Total,Paid,Created,Paid on,Refunded,Status"


def _report(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def test_identical_lines_stay_two_and_keep_their_order(shop: Shop) -> None:
    row = "1,{},x,1,2.00,2026-11-01 10:00:00,7"
    shop.drop("a.csv", till(row.format("B"), row.format("A"), row.format("A")))
    shop.run()
    lines = shop.orders["1"]["lines"]
    assert [(line["line_id"], line["product_id"]) for line in lines] == [("1", "B"), ("2", "A"), ("3", "A")]


def test_lines_of_an_order_need_not_stand_together(shop: Shop) -> None:
    row = "{},A,x,1,2.00,2026-11-01 10:00:00,7"
    shop.drop("a.csv", till(*(row.format(order) for order in ("1", "2", "1"))))
    shop.run()
    assert {key: len(order["lines"]) for key, order in shop.orders.items()} == {"1": 2, "2": 1}


def test_a_line_is_rounded_to_cents_half_away_from_zero_and_exactly(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(TILL + "refund_when: {order_id: R*}\n")
    rows = [f"{order},A,x,{sign}3,0.335,2026-11-01 10:00:00,7" for order, sign in (("1", ""), ("R1", "-"))]
    shop.drop("a.csv", till(*rows))  # 1.005: 1.01, and not the 1.00 that doubles give
    shop.run()
    assert shop.orders["1"]["lines"][0]["line_amount"] == "1.01"
    assert shop.refunds["R1"]["refund_amount"] == "1.01"
    assert shop.refunds["R1"]["lines"][0]["quantity"] == "3.0000"


def test_unreadable_rows_are_quarantined_with_file_line_and_reason_and_the_rest_loads(shop: Shop) -> None:
    good = "1,A,x,1,2.00,2026-11-01 10:00:00,7"
    rows = [
        good,
        "2,A,x",
        "3,A,x,one,2.00,2026-11-01 10:00:00,7",
        "4,A,x,1,2.00,2026-13-01 10:00:00,7",
        ",A,x,1,2.00,2026-11-01 10:00:00,7",
        "6,A,x,1,2.00,2026-11-01 10:00:00,7,too,many",
        "7,A,x,1,-,2026-11-01 10:00:00,7",
        *(good.replace("1,A", f"{order},A") for order in (8, 9, 10, 11)),
    ]
    shop.drop("a.csv", till(*rows))
    manifest = shop.land()[0]
    shop.load()
    assert set(shop.orders) == {"1", "8", "9", "10", "11"}
    assert manifest.extra["quarantined"] == 6
    reasons = {line: reason for file, line, reason in shop.quarantine if file == "a.csv"}
    assert sorted(reasons) == [3, 4, 5, 6, 7, 8]
    assert reasons[3] == "3 cells where the header has 7"
    assert reasons[4] == "数量 is not a number (looks like 'aaa')"
    assert reasons[5].startswith("交易时间 is not a time")
    assert reasons[6] == "小票号 is empty"
    assert reasons[8] == "单价 is empty"


@pytest.mark.parametrize("broken", [("1,", "1x,"), ("2.00", "2.00元"), ("10:00:00", "25:00:00")])
def test_a_row_whose_product_is_called_like_a_remark_is_quarantined_and_the_total_is_not(
    new_shop: Callable[..., Shop], broken: tuple[str, str]
) -> None:
    shop = new_shop()
    rows = [f"pen,{n},A,1,2.00,2026-11-01 10:00:00,7" for n in range(20)]
    odd = rows[0].replace("pen,0,A,", "Notes A5,77,A,").replace(*broken)
    shop.drop(
        "a.csv",
        till(*rows, odd, "合计,,,21,42.00,,", header="商品名称,小票号,商品编码,数量,单价,交易时间,会员号"),
    )
    shop.run()
    assert not shop.errors and len(shop.orders) == 20
    assert [line for _, line, _ in shop.quarantine] == [22]


def test_reading_a_file_again_replaces_what_it_had_in_quarantine(shop: Shop) -> None:
    content = till("1,A,x,1,2.00,2026-11-01 10:00:00,7", "2,A,x,1,2.00,01.11.2026 10:00,7")
    shop.drop("a.csv", content)
    shop.run()
    assert len(shop.quarantine) == 1
    (shop.inbox / "mapping.yml").write_text(
        TILL + "formats: {dates: ['%Y-%m-%d %H:%M:%S', '%d.%m.%Y %H:%M']}\n", encoding="utf-8"
    )
    shop.drop("a.csv", content)
    shop.run()
    assert shop.quarantine == []
    assert set(shop.orders) == {"1", "2"}


def test_a_line_in_a_quoted_cell_does_not_shift_line_numbers(shop: Shop) -> None:
    rows = ['1,A,"two\nlines",1,2.00,2026-11-01 10:00:00,7', "2,A,x,?,2.00,2026-11-01 10:00:00,7"]
    shop.drop("a.csv", till(*rows))
    shop.run()
    assert [line for _, line, _ in shop.quarantine] == [4]


def test_paid_net_of_refunds_gets_the_refund_back(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(ORDERS)
    shop.drop(
        "a.csv",
        _report(
            "1,100.00,30.00,2026-11-01 09:00:00,2026-11-01 10:00:00,60.00,ok",
            "2,50.00,0.00,2026-11-01 09:00:00,,0.00,ok",
            "3,20.00,0.00,2026-11-01 09:00:00,2026-11-02 00:30:00,20.00,ok",
        ),
    )
    shop.run()
    paid = {key: (o["buyer_paid_total"], o["order_discount"]) for key, o in shop.orders.items()}
    assert paid == {"1": ("90.00", "10.00"), "2": ("0.00", None), "3": ("20.00", "0.00")}
    assert {key: (r["refund_amount"], r["order_id"]) for key, r in shop.refunds.items()} == {
        "1": ("60.00", "1"),
        "3": ("20.00", "3"),
    }
    assert shop.refunds["3"]["refunded_at"] == "2026-11-01T16:30:00Z"
    assert shop.orders["1"]["lines"] == []  # the file says nothing of goods


def test_the_first_rule_that_fits_decides(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(ORDERS)
    row = "{},10,10,2026-11-01 09:00:00,{},0,{}"
    shop.drop(
        "a.csv",
        _report(
            row.format("1", "", "closed by seller"),
            row.format("2", "", "void"),
            row.format("3", "", "open"),
            row.format("4", "2026-11-01 10:00:00", "fake"),
            row.format("5", "2026-11-01 10:00:00", ""),
        ),
    )
    shop.run()
    found = {key: (order["order_state"], order["exclude_reason"]) for key, order in shop.orders.items()}
    assert found == {
        "1": ("cancelled", None),
        "2": ("cancelled", None),
        "3": ("closed_unpaid", None),
        "4": ("paid", "brushed"),
        "5": ("paid", None),
    }


def test_a_refund_that_a_later_file_no_longer_shows_is_taken_back_in_either_order(
    new_shop: Callable[..., Shop],
) -> None:
    row = "1,100,{},2026-11-01 09:00:00,2026-11-01 10:00:00,{},ok"
    early = _report(row.format("40", "60"))
    late = _report(row.format("100", "0"), "2,5,5,2026-11-05 09:00:00,2026-11-05 10:00:00,0,ok")
    seen = []
    for order in ((early, late), (late, early)):
        shop = new_shop(ORDERS)
        for at, content in enumerate(order):
            shop.drop(f"{at}.csv", content)
            shop.run()
        seen.append((shop.orders["1"]["buyer_paid_total"], Decimal(shop.refunds["1"]["refund_amount"])))
    assert seen == [("100.00", Decimal(0))] * 2


def test_a_refund_that_a_file_exported_again_no_longer_shows_is_taken_back(
    new_shop: Callable[..., Shop],
) -> None:
    shop = new_shop(ORDERS)
    row = "{},100,{},2026-11-01 09:00:00,2026-11-01 10:00:00,{},ok"
    for name, refunded in (("a", 60), ("b", 0)):  # both reach as far: nothing was sold in between
        shop.drop(f"{name}.csv", _report(row.format(1, 100 - refunded, refunded), row.format(2, 70, 30)))
        shop.run()
    assert shop.orders["1"]["buyer_paid_total"] == "100.00"
    amounts = {key: Decimal(refund["refund_amount"]) for key, refund in shop.refunds.items()}
    assert amounts == {"1": Decimal(0), "2": Decimal(30)}


def test_an_order_whose_row_stands_in_a_file_twice_is_one_order_as_the_lower_row_has_it(
    new_shop: Callable[..., Shop],
) -> None:
    shop = new_shop(ORDERS.replace("list_amount: Total", "list_amount: Total\n  product_name: What"))
    first = "1,lamp,10,10,2026-11-01 09:00:00,2026-11-01 10:00:00,0,ok"
    rows = [
        first,
        *(first.replace("1,lamp", f"{n},vase") for n in range(2, 40)),
        first,
        first.replace("10,10", "12,12"),
    ]
    shop.drop("a.csv", "\n".join([HEADER.replace("Order,", "Order,What,"), *rows]) + "\n")
    shop.run()
    assert not shop.errors and len(shop.orders) == 39
    assert [line["line_amount"] for line in shop.orders["1"]["lines"]] == ["12.00"]
    assert shop.orders["1"]["lines"][0]["line_id"] == "1"
    assert shop.orders["1"]["buyer_paid_total"] == "12.00"
    assert shop.quarantine == [("a.csv", 41, "is told otherwise in line 42")]  # line 2 says what 41 does


def test_a_refund_that_is_told_twice_counts_once_and_one_told_otherwise_is_shown(
    new_shop: Callable[..., Shop],
) -> None:
    shop = new_shop(
        "name: returns\ntitle: Refund report\nrow: refund\nmax_unreadable: 0.5\ncolumns:\n"
        "  {order_id: Order, refund_amount: Amount, refunded_at: On}\n"
    )
    rows = ["1,3,2026-11-01", "1,3,2026-11-01", "2,4,2026-11-02", "2,5,2026-11-03"]
    shop.drop("r.csv", "\n".join(["Order,Amount,On", *rows]) + "\n")
    shop.run()
    assert {key: refund["refund_amount"] for key, refund in shop.refunds.items()} == {
        "1": "3.00",
        "2": "5.00",
    }
    assert shop.quarantine == [("r.csv", 4, "is told otherwise in line 5")]
    assert "1 remarks" in "".join(shop.said)


def test_a_refund_report_becomes_refunds(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(
        "name: returns\ntitle: Refund report\nrow: refund\ncolumns:\n"
        "  {refund_id: Id, order_id: Order, refund_amount: Amount, refund_shipping: Postage, refunded_at: On, reason: Why}\n"
    )
    shop.drop("r.csv", "Id,Order,Amount,Postage,On,Why\nR1,1,12.5,2,2026-11-03 08:00:00,broken\n")
    (manifest,) = shop.land()
    shop.load()
    assert manifest.stream == "refunds"
    refund = shop.refunds["R1"]
    assert (refund["refund_amount"], refund["refund_shipping"], refund["reason"]) == (
        "12.50",
        "2.00",
        "broken",
    )
    assert refund["refunded_at"] == "2026-11-03T00:00:00Z"


def test_discounts_and_stated_line_amounts_fit_together(new_shop: Callable[..., Shop]) -> None:
    mapping = TILL.replace("  buyer: 会员号", "  buyer: 会员号\n  line_amount: 实收")
    shop = new_shop(mapping)
    header = "小票号,商品编码,商品名称,数量,单价,交易时间,会员号,实收"
    shop.drop("a.csv", till("1,A,x,2,10.00,2026-11-01 10:00:00,7,15.50", header=header))
    shop.run()
    line = shop.orders["1"]["lines"][0]
    assert (line["list_amount"], line["merchant_item_discount"], line["line_amount"]) == (
        "20.00",
        "4.50",
        "15.50",
    )


def test_constants_fill_what_a_file_does_not_say(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(TILL + "constants: {payment_type: cash, shipping_charged: 8}\n")
    shop.drop("a.csv", till("1,A,x,1,2.00,2026-11-01 10:00:00,7"))
    shop.run()
    assert (shop.orders["1"]["payment_type"], shop.orders["1"]["shipping_charged"]) == ("cash", "8.00")


def test_a_buyer_is_one_key_in_a_shop(shop: Shop) -> None:
    row = "{},A,x,1,2.00,2026-11-01 10:00:00,{}"
    shop.drop(
        "a.csv",
        till(row.format("1", "77"), row.format("2", "77"), row.format("3", "78"), row.format("4", "")),
    )
    shop.run()
    keys = [shop.orders[key]["buyer_key"] for key in "1234"]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] is None
    assert "77" not in json.dumps(shop.orders["1"]["buyer_key"])[1:3]


def test_an_order_cut_by_the_edge_of_a_file_is_as_the_later_file_has_it(
    new_shop: Callable[..., Shop],
) -> None:
    """Documented: export whole days."""
    row = "{},A,x,1,2.00,2026-11-0{} 10:00:00,7"
    early, late = till(row.format("1", 1), row.format("1", 1)), till(row.format("1", 1), row.format("2", 2))
    for order in ((early, late), (late, early)):
        shop = new_shop()
        for at, content in enumerate(order):
            shop.drop(f"{at}.csv", content)
            shop.run()
        assert len(shop.orders["1"]["lines"]) == 1


def test_a_quote_in_a_value_or_a_name_is_only_text(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(
        TILL + 'line_class: [{class: fee, when: {product_name: ["O\'Brien\'s [fee]", "it\'s*"]}}]\n'
    )
    row = "1,A,{},1,2.00,2026-11-01 10:00:00,7"
    shop.drop("it's.csv", till(row.format("O'Brien's [fee]"), row.format("it's new"), row.format("plain")))
    shop.run()
    assert [line["line_class"] for line in shop.orders["1"]["lines"]] == ["fee", "fee", "product"]
    assert shop.orders["1"]["source_file"] == "it's.csv"


@pytest.mark.parametrize("lost", ["mapping", "file", "watermark"])
def test_a_manifest_that_does_not_say_how_to_read_its_file_is_named_and_the_others_load(
    shop: Shop, lost: str
) -> None:
    row = "{},A,x,1,2.00,2026-11-01 10:00:00,7"
    shop.drop("a.csv", till(row.format(1)))
    (manifest,) = shop.land()
    path = Path(manifest.root) / manifest.id / "manifest.json"
    told = json.loads(path.read_text())
    del told["extra"][lost]
    path.write_text(json.dumps(told))
    shop.drop("b.csv", till(row.format(2)))
    shop.land()
    with pytest.raises(LoadErrors, match=f"manifest.json lacks (a )?{lost}.*drop the file again"):
        shop.load()
    assert set(shop.orders) == {"2"}
