"""One story of three nights, built once: what staging said after the first, after the last, and built anew."""

from __future__ import annotations

import pytest
import staging_payloads as p
from staging_world import ACCOUNT_OF, Story, World


def first_night(world: World) -> None:
    """Load 1: everything once."""
    read = "2026-01-06T01:00:00"
    step = {"type": "step", "step_paid_fee": "20.00"}
    world.versions(
        "taobao",
        "orders",
        1,
        read,
        [
            (
                "2231958349123456",
                "2026-01-05T02:01:03",
                p.trade("WAIT_SELLER_SEND_GOODS", "2026-01-05 10:01:03"),
            ),
            (
                "presale",
                "2026-01-05T02:06:00",
                p.trade(
                    "WAIT_BUYER_PAY",
                    "2026-01-05 10:06:00",
                    step_trade_status="FRONT_PAID_FINAL_NOPAID",
                    **step,
                    pay_time="2026-01-05 10:05:00",
                ),
            ),
            ("group", "2026-01-05T02:01:03", p.trade("PAID_FORBID_CONSIGN", "2026-01-05 10:01:03")),
        ],
    )
    world.versions(
        "taobao",
        "refunds",
        1,
        read,
        [
            ("9001", "2026-01-05T03:00:00", p.refund("WAIT_SELLER_AGREE", "2026-01-05 11:00:00")),
        ],
    )
    world.versions(
        "taobao",
        "products",
        1,
        read,
        [
            (
                "1489161932",
                "2026-01-01T00:00:00",
                {
                    "num_iid": 1489161932,
                    "title": "灯",
                    "cid": 50012,
                    "price": "100.00",
                    "num": 12,
                    "approve_status": "onsale",
                    "list_time": "2025-12-01 09:00:00",
                    "modified": "2026-01-01 08:00:00",
                },
            ),
        ],
    )
    world.versions(
        "woocommerce",
        "orders",
        1,
        read,
        [
            ("727", "2026-01-05T03:00:00", p.woo_order()),
        ],
    )
    world.versions(
        "woocommerce",
        "products",
        1,
        read,
        [
            ("93", "2026-01-01T00:00:00", p.woo_product("Lighting", "2026-01-01T00:00:00")),
            ("96", "2026-01-01T00:00:00", p.woo_product("Lighting", "2026-01-01T00:00:00")),
            ("97", "2026-01-01T00:00:00", p.woo_product("Lighting", "2026-01-01T00:00:00")),
            ("97", "2026-01-05T00:00:00", None),
        ],
    )
    world.report("taobao", "reviews", 1, read, {"2026-01-05": [p.rate(1, "good"), p.rate(2, "bad")]})
    world.report(
        "woocommerce",
        "reviews",
        1,
        read,
        {"2026-01-04": [p.woo_review(22), p.woo_review(23, status="hold", rating=1), p.woo_review(24)]},
    )
    world.versions("files", "orders", 1, read, [("536365", "2010-12-01T08:26:00", p.invoice())])
    world.report(
        "ocean_engine",
        "ad_report",
        1,
        read,
        {
            "2026-01-04": [p.ad("901", "10.00", "1")],
            "2026-01-05": [p.ad("901", "123.45", "5"), p.ad("902", "1,000.00", "0")],
        },
    )
    world.report(
        "ocean_engine", "account_report", 1, read, {"2026-01-05": [{"date": "2026-01-05", "cost": 1123.45}]}
    )
    world.report(
        "baidu_tongji",
        "traffic",
        1,
        read,
        {
            "2026-01-04": [p.visit(None, 20), p.visit("直接访问", 12), p.visit("量子搜索", 9)],
            "2026-01-05": [p.visit(None, 30), p.visit("直接访问", 30)],
        },
    )
    world.report("baidu_tongji", "traffic_weekly", 1, read, {"2025-12-29": [p.visit(None, 90, "week")]})


def later_nights(world: World) -> None:
    """Loads 2 and 3: changes, a late older version, a second change in one second, dates emptied and restated."""
    second, third = "2026-01-07T01:00:00", "2026-01-08T01:00:00"
    world.versions(
        "taobao",
        "orders",
        2,
        second,
        [
            (
                "2231958349123456",
                "2026-01-06T03:00:00",
                p.trade(
                    "WAIT_BUYER_CONFIRM_GOODS", "2026-01-06 11:00:00", consign_time="2026-01-06 11:00:00"
                ),
            ),
            ("group", "2026-01-06T02:30:00", p.trade("WAIT_SELLER_SEND_GOODS", "2026-01-06 10:30:00")),
            (
                "presale",
                "2026-01-06T12:10:00",
                p.trade(
                    "WAIT_SELLER_SEND_GOODS",
                    "2026-01-06 20:10:00",
                    type="step",
                    step_paid_fee="105.00",
                    step_trade_status="FRONT_PAID_FINAL_PAID",
                    pay_time="2026-01-06 20:10:00",
                ),
            ),
        ],
    )
    world.versions(
        "taobao",
        "refunds",
        2,
        second,
        [
            (
                "9001",
                "2026-01-06T05:00:00",
                p.refund("SUCCESS", "2026-01-06 13:00:00", order_status="TRADE_CLOSED"),
            ),
        ],
    )
    world.versions(
        "woocommerce",
        "orders",
        2,
        second,
        [
            ("727", "2026-01-05T03:00:00", p.woo_order(payment_method="paypal")),
            (
                "728",
                "2026-01-06T03:00:00",
                p.woo_order("completed", "2026-01-06T03:00:00", id=728, refunds_detail=[p.woo_refund()]),
            ),
        ],
    )
    world.versions(
        "woocommerce",
        "products",
        2,
        second,
        [
            ("93", "2026-01-06T03:00:00", p.woo_product("Outdoors", "2026-01-06T03:00:00")),
            ("95", "2026-01-01T00:00:00", p.woo_product("Lighting", "2026-01-01T00:00:00")),
            ("95", "2026-01-04T00:00:00", p.woo_product("Lamps", "2026-01-04T00:00:00")),
            ("95", "2026-01-06T03:00:00", p.woo_product("Outdoors", "2026-01-06T03:00:00")),
        ],
    )
    world.versions(
        "woocommerce",
        "refunds",
        2,
        second,
        [
            ("726", "2026-01-08T01:07:40", p.woo_refund(parent_id=728)),
            ("730", "2026-01-08T02:00:00", p.woo_refund(id=730, parent_id=727, amount="3.00", line_items=[])),
        ],
    )
    world.report("taobao", "reviews", 2, second, {"2026-01-05": [p.rate(1, "good"), p.rate(2, "good")]})
    world.report(
        "woocommerce",
        "reviews",
        2,
        second,
        {"2026-01-04": [p.woo_review(22), p.woo_review(23, rating=1)], "2026-01-05": []},
    )
    world.report(
        "ocean_engine",
        "ad_report",
        2,
        second,
        {
            "2026-01-04": [],
            "2026-01-05": [p.ad("901", "123.45", "8")],
            "2026-01-06": [p.ad("901", "50.00", "1")],
        },
    )
    world.report(
        "baidu_tongji",
        "traffic",
        2,
        second,
        {
            "2026-01-04": [p.visit(None, 21), p.visit("直接访问", 21)],
            "2026-01-05": [],
        },
    )
    # The third night: late arrivals, and a second read of the same day.
    world.versions(
        "taobao",
        "orders",
        3,
        third,
        [
            ("2231958349123456", "2026-01-05T02:00:30", p.trade("WAIT_BUYER_PAY", "2026-01-05 10:00:30")),
            ("odd", "2026-01-07T02:00:00", p.trade("WAIT_FOR_MOON", "2026-01-07 10:00:00", pay_time="昨天")),
        ],
    )
    world.versions(
        "taobao",
        "refunds",
        3,
        third,
        [
            (
                "9001",
                "2026-01-07T05:00:00",
                p.refund("SUCCESS", "2026-01-07 13:00:00", order_status="TRADE_CLOSED"),
            ),
        ],
    )
    world.versions(
        "woocommerce",
        "products",
        3,
        third,
        [
            ("95", "2026-01-03T00:00:00", p.woo_product("Garden", "2026-01-03T00:00:00")),
            ("95", "2026-01-04T00:00:00", p.woo_product("Kitchen", "2026-01-04T00:00:00")),
            ("96", "2026-01-07T00:00:00", None),
            ("97", "2026-01-03T00:00:00", p.woo_product("Garden", "2026-01-03T00:00:00")),
        ],
    )
    world.report(
        "ocean_engine", "ad_report", 3, "2026-01-07T09:00:00", {"2026-01-06": [p.ad("901", "55.00", "2")]}
    )
    world.report("baidu_tongji", "traffic", 3, "2026-01-05T20:00:00", {"2026-01-04": [p.visit(None, 1)]})


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    world = World(tmp_path_factory.mktemp("staging") / "build")
    first_night(world)
    # Tests of data run on data for some platforms; for the others on what their sandboxes serve (tests/platforms).
    first_run = world.dbt("build")
    first, types = world.tables(), world.types()
    later_nights(world)
    # Every platform goes through its incremental run; what nothing came for needs no rebuilding.
    last_run = world.dbt("build", "--exclude-resource-type", "unit_test")
    last = world.tables()
    anew_run = world.dbt("run", "--full-refresh", names=ACCOUNT_OF)
    return Story(first, last, world.tables(), types, world, first_run, last_run, anew_run)
