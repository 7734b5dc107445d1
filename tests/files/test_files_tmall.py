"""The Tmall order report: blanks at the ends of headers, paid net of refunds, no refund time."""

from __future__ import annotations

from collections.abc import Callable

from files_shop import Shop

REPORT = """订单编号,总金额,买家实际支付金额,收货地址 ,订单创建时间,订单付款时间 ,退款金额
1,178.8,0.0,上海,2020-02-21 00:00:00,,0.0
2,21.0,21.0,内蒙古自治区,2020-02-20 23:59:54,2020-02-21 00:00:02,0.0
3,64.8,0.0,江苏省,2020-02-20 23:57:04,2020-02-20 23:57:11,64.8
4,327.7,148.9,浙江省,2020-02-20 23:56:39,2020-02-20 23:56:53,178.8
"""

HOME = "杭州市 西湖区 文三路478号3幢502室(310000)"
UNNUMBERED = "杭州市 西湖区 文三路 翠苑小区 王先生"


def test_of_an_address_in_the_tmall_order_report_the_province_alone_is_kept(
    new_shop: Callable[..., Shop],
) -> None:
    shop = new_shop(mapping=None)
    header, *_, last = REPORT.strip().split("\n")
    wanted = {
        f"浙江省 {HOME}": "浙江省",
        f"广西壮族自治区{HOME}": "广西壮族自治区",
        f"中国 浙江省 {UNNUMBERED}": "浙江省",
        HOME: None,
        UNNUMBERED: None,
        "西湖区文三路翠苑三幢": None,
        "延边朝鲜族自治州": "延边朝鲜族自治州",
        "圣文森特和格林纳丁斯": "圣文森特和格林纳丁斯",
    }
    rows = [last.replace("浙江省", place).replace("4,", f"{n},", 1) for n, place in enumerate(wanted, 1)]
    shop.drop("tmall.csv", "\n".join([header, *rows]) + "\n")
    shop.run()
    found = {place: shop.orders[str(n)]["region"] for n, place in enumerate(wanted, 1)}
    assert found == wanted
    assert "文三路" not in repr(shop.query("from raw_files.orders"))


def test_the_tmall_order_report_loads_with_its_refunds(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mapping=None)
    shop.drop("tmall.csv", REPORT)
    shop.run()
    orders = shop.orders
    assert {key: order["buyer_paid_total"] for key, order in orders.items()} == {
        "1": "0.00",
        "2": "21.00",
        "3": "64.80",
        "4": "327.70",
    }
    assert orders["1"]["order_state"] == "closed_unpaid"
    assert orders["2"]["paid_at"] == "2020-02-20T16:00:02Z"
    assert orders["2"]["region"] == "内蒙古自治区"
    assert {key: (r["refund_amount"], r["refunded_at"]) for key, r in shop.refunds.items()} == {
        "3": ("64.80", "2020-02-20T15:57:11Z"),
        "4": ("178.80", "2020-02-20T15:56:53Z"),
    }
