"""What back-offices let people export: recognised by its headers, loaded as a report, refused where it is something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from files_shop import Shop, till, xls, xlsx

PRODUCTS = [
    "统计日期", "商品ID", "商品名称", "主商品ID", "商品状态", "商品访客数", "商品访客数变化", "商品浏览量", "平均停留时长(s)",
    "商品收藏人数", "商品加购件数", "商品加购人数", "下单买家数", "支付买家数", "支付件数", "支付金额", "商品支付转化率",
]  # fmt: skip
SOURCES = [
    "日期", "一级来源", "二级来源", "三级来源", "访客数", "变化", "新访客", "变化", "引导商品访客数", "加购人数",
    "收藏商品买家数", "下单买家数", "支付买家数", "支付金额", "支付转化率",
]  # fmt: skip
SKUS = [
    "时间", "SKU", "SKU名称", "一级类目", "二级类目", "三级类目", "成交金额", "成交商品件数", "成交单量", "成交客户数",
    "商品访客数", "商品浏览量", "搜索曝光次数", "搜索点击次数", "商品曝光次数", "商品曝光人数", "加购客户数",
]  # fmt: skip
LIVE = [
    "直播间名称", "日期", "直播时长(小时)", "成交金额", "有效GMV", "成交订单数", "成交件数", "成交人数", "直播间退款金额", "退款率",
    "直播间观看人数", "直播间观看人次", "最高在线人数", "平均在线人数", "人均看播时长", "商品曝光人数", "商品点击人数", "投放消耗",
]  # fmt: skip


def product(day: str, number: int = 1, visitors: str = "1,234", name: str = "红灯笼") -> list[str]:
    """A row of the product ranking as the back-office writes it: everything as text."""
    product_id = f"65012345678901234{number}"
    return [day, product_id, name, "-", "当前在线", visitors, "12.50%", "3,456", "21.5", "7", "40", "33", "9", "8", "10",
            "1,299.00", "0.65%"]  # fmt: skip


def banner(header: list[str], *rows: list[Any], note: str = "数据来源：生意参谋") -> list[list[Any]]:
    """The table as it comes: a title, the span, an empty row, the header, and remarks below."""
    return [
        ["商品排行"],
        ["统计时间", "2026-11-20"],
        [],
        header,
        *rows,
        [],
        ["备注：访客数为去重人数"],
        [note],
    ]


def loaded(shop: Shop, stream: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(date, key) → payload of a report stream, of the last read of every date."""
    rows = shop.query(f"""
        select t.report_date::varchar, t.record_key, t.payload from raw_files.{stream} as t
        join (select report_date, max(read_at) as read_at from raw_files.{stream} group by 1) using (report_date, read_at)
    """)
    return {(day, key): json.loads(payload) for day, key, payload in rows}


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Shop:
    return new_shop(mapping=None)


@pytest.mark.parametrize("kind", ["xls", "xlsx", "csv", "gb18030"])
def test_a_product_ranking_is_recognised_in_every_kind_of_file(shop: Shop, kind: str) -> None:
    table = banner(PRODUCTS, product("2026-11-20"), product("2026-11-20", 2, "--"))
    if kind in ("xls", "xlsx"):
        content = {"xls": xls, "xlsx": lambda rows: xlsx(("商品", rows))}[kind](table)
        shop.drop(f"【生意参谋平台】商品_全部_2026-11-20.{kind}", content)
    else:
        text = "\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in table)
        shop.drop("export.csv", text, "gb18030" if kind == "gb18030" else "utf-8-sig")
    manifest = shop.land()[0]
    assert not shop.errors
    assert (manifest.stream, manifest.kind, manifest.dates) == ("product_traffic", "report", ["2026-11-20"])
    assert (manifest.rows, manifest.extra["quarantined"], manifest.extra["remarks"]) == (2, 0, 2)
    assert shop.load() == 2
    first = loaded(shop, "product_traffic")["2026-11-20", "650123456789012341|"]
    assert first == {
        "format": "sycm_product_ranking",
        "grain": "day",
        "product_id": "650123456789012341",
        "visitors": "1234",
        "page_views": "3456",
        "product_name": "红灯笼",
        "cart_visitors": "33",
        "cart_units": "40",
        "fav_visitors": "7",
        "buyers_created": "9",
        "buyers": "8",
        "units": "10",
        "paid_amount": "1299.00",
        "period_end": "2026-11-20",
        "others": {
            "主商品ID": "-",
            "商品状态": "当前在线",
            "商品访客数变化": "12.50%",
            "平均停留时长(s)": "21.5",
            "商品支付转化率": "0.65%",
        },
    }
    assert (
        "visitors" not in loaded(shop, "product_traffic")["2026-11-20", "650123456789012342|"]
    )  # "--" is no figure


def test_a_traffic_source_file_keeps_its_levels_and_its_nameless_change_columns(shop: Shop) -> None:
    rows = [
        [
            "2026-11-20",
            "淘内免费",
            "汇总",
            "汇总",
            "900",
            "1%",
            "500",
            "2%",
            "800",
            "60",
            "20",
            "12",
            "10",
            "1,000.50",
            "1.11%",
        ],
        [
            "2026-11-20",
            "淘内免费",
            "手淘搜索",
            "汇总",
            "500",
            "3%",
            "300",
            "-",
            "450",
            "-",
            "9",
            "7",
            "6",
            "600.00",
            "1.2%",
        ],
        [
            "2026-11-20",
            "付费流量",
            "直通车",
            "-",
            "200",
            "4%",
            "100",
            "5%",
            "200",
            "9",
            "4",
            "3",
            "2",
            "88",
            "1%",
        ],
    ]
    shop.drop("【生意参谋平台】流量来源.xls", xls(banner(SOURCES, *rows)))
    shop.run()
    figures = loaded(shop, "traffic")
    assert set(figures) == {
        ("2026-11-20", key) for key in ("|淘内免费|汇总|汇总", "|淘内免费|手淘搜索|汇总", "|付费流量|直通车|")
    }
    search = figures["2026-11-20", "|淘内免费|手淘搜索|汇总"]
    assert (search["visitors"], search["product_visitors"], search["paid_amount"]) == ("500", "450", "600.00")
    assert "cart_visitors" not in search
    assert search["others"] == {"访客数 变化": "3%", "新访客 变化": "-", "支付转化率": "1.2%"}


def test_a_sku_detail_in_gb18030_with_a_note_above_and_a_total_below_loads(shop: Shop) -> None:
    rows = [
        ["2026-11-20", "10001234567890", "灯", "家居", "灯具", "吊灯", '"12,345.60"', "120", "100", "98", '"5,000"', "9000", "80000",
         "4000", "90000", "50000", "300"],
        ["2026-11-20", "合计", "", "", "", "", '"12,345.60"', "120", "100", "98", '"5,000"', "9000", "80000", "4000", "90000",
         "50000", "300"],
    ]  # fmt: skip
    text = till(*(",".join(row) for row in rows), header="注：数据为去重后人数\n" + ",".join(SKUS))
    shop.drop("商品明细.csv", text, "gb18030")
    shop.run()
    assert not shop.errors
    ((key, payload),) = loaded(shop, "product_traffic").items()
    assert key == ("2026-11-20", "|10001234567890")
    assert (payload["visitors"], payload["exposures"], payload["search_clicks"]) == ("5000", "90000", "4000")
    assert (payload["orders"], payload["paid_amount"], payload["others"]["三级类目"]) == (
        "100",
        "12345.60",
        "吊灯",
    )


def test_live_sessions_load_with_their_durations_and_two_of_a_day_need_a_start(shop: Shop) -> None:
    row = ["灯笼旗舰店", "2026-11-20", "4.5", "10,000.00", "9,000.00", "120", "130", "100", "500", "5%", "8,000", "12,000", "300",
           "120", "1分30秒", "4,000", "900", "800.00"]  # fmt: skip
    header = [*LIVE, "开播时间"]
    table = banner(
        header,
        [*row, "2026-11-20 20:00:00"],
        [*row, datetime(2026, 11, 20, 9, 0)],
        [*row, "2026-11-20 20:00:00"],
    )
    shop.drop("直播概览.xlsx", xlsx(("直播", table)))
    shop.run()
    figures = loaded(shop, "live_sessions")
    assert {payload["started_at"] for payload in figures.values()} == {
        "2026-11-20T12:00:00Z",
        "2026-11-20T01:00:00Z",
    }
    for payload in figures.values():
        assert (payload["seconds_per_viewer"], payload["viewers"], payload["views"]) == (
            "90",
            "8000",
            "12000",
        )
    assert [(line, reason) for _, line, reason in shop.quarantine] == [
        (7, "is the second row of its period and name")
    ]


def test_sessions_that_only_their_room_and_day_name_are_numbered_in_file_order(shop: Shop) -> None:
    row = ["灯笼旗舰店", "2026-11-20", *["1"] * (len(LIVE) - 2)]
    shop.drop("直播概览.xlsx", xlsx(("直播", banner(LIVE, row, [*row[:3], "7,000", *row[4:]], row))))
    shop.run()
    figures = loaded(shop, "live_sessions")
    assert [(key, row["paid_amount"]) for key, row in sorted(figures.items())] == [
        (("2026-11-20", "||灯笼旗舰店||1"), "1"),
        (("2026-11-20", "||灯笼旗舰店||2"), "7000"),
    ]
    assert [line for _, line, _ in shop.quarantine] == [7]


@pytest.mark.parametrize(
    ("cell", "name", "stream"),
    [
        ("2026-11-16~2026-11-22", "商品.xlsx", "product_traffic_weekly"),
        ("2026-11-16 至 2026-11-22", "商品.xlsx", "product_traffic_weekly"),
        ("2026-11-01 ~ 2026-11-30", "商品.xlsx", "product_traffic_monthly"),
        ("2026-11", "商品.xlsx", "product_traffic_monthly"),
        ("2026-11-16", "商品_全部_2026-11-16_2026-11-22.xlsx", "product_traffic_weekly"),
        ("2026/11/16", "商品_全部_2026-11-16_2026-11-16.xlsx", "product_traffic"),
        ("20261116", "商品.xlsx", "product_traffic"),
    ],
)
def test_a_weeks_and_a_months_file_are_reports_of_their_own(
    shop: Shop, cell: str, name: str, stream: str
) -> None:
    shop.drop(name, xlsx(("商品", banner(PRODUCTS, product(cell)))))
    (manifest,) = shop.land()
    assert not shop.errors
    assert manifest.stream == stream
    assert manifest.dates == ["2026-11-01" if "monthly" in stream else "2026-11-16"]


@pytest.mark.parametrize(
    ("rows", "name", "reason"),
    [
        (
            [product("2026-11-14~2026-11-20")],
            "商品.xlsx",
            "no day, no week from Monday to Sunday and no calendar month",
        ),
        (
            [product("2026-11-14")],
            "商品_2026-11-14_2026-11-20.xlsx",
            "no week from Monday to Sunday and no calendar month",
        ),
        (
            [product("2026-11-16"), product("2026-11-16~2026-11-22")],
            "商品.xlsx",
            "rows of a day and rows of a week",
        ),
    ],
)
def test_a_span_that_is_no_day_week_or_month_is_refused(
    shop: Shop, rows: Any, name: str, reason: str
) -> None:
    shop.drop(name, xlsx(("商品", banner(PRODUCTS, *rows))))
    assert shop.land() == []
    assert reason in shop.errors[0].message
    assert shop.files("refused")[0] == name


def test_an_unknown_export_is_refused_with_its_header_row_and_the_nearest_known_format(shop: Shop) -> None:
    header = ["统计日期", "商品ID", "商品名称", "商品访客数", "商品跳出率"]  # no page views
    shop.drop("a.xls", xls(banner(header, ["2026-11-20", "1", "灯", "12", "3%"])))
    assert shop.land() == []
    message = shop.errors[0].message
    assert "row 4 reads [统计日期 | 商品ID | 商品名称 | 商品访客数 | 商品跳出率]" in message
    assert "the nearest mapping is sycm_product_ranking, which also wants 商品浏览量" in message


def test_a_file_twice_or_overlapping_changes_nothing_and_a_restated_date_is_replaced_whole(
    shop: Shop,
) -> None:
    def drop(name: str, *rows: list[str]) -> None:
        shop.drop(name, xlsx(("商品", banner(PRODUCTS, *rows))))

    drop("a.xlsx", product("2026-11-19"), product("2026-11-20"), product("2026-11-20", 2))
    shop.run()
    before = loaded(shop, "product_traffic")
    drop("a again.xlsx", product("2026-11-19"), product("2026-11-20"), product("2026-11-20", 2))
    shop.run()
    drop("b.xlsx", product("2026-11-20"), product("2026-11-20", 2), note_free := product("2026-11-21"))
    shop.run()
    after = loaded(shop, "product_traffic")
    assert {key: row for key, row in after.items() if key[0] < "2026-11-21"} == before
    assert after["2026-11-21", f"{note_free[1]}|"]["visitors"] == "1234"
    assert shop.query("select count(*) from raw_files.product_traffic") == [(4,)]

    drop("c.xlsx", product("2026-11-20", 2, "9"))  # product 1 is gone, product 2 restated
    shop.run()
    figures = loaded(shop, "product_traffic")
    assert [(key, row["visitors"]) for key, row in sorted(figures.items())] == [
        (("2026-11-19", "650123456789012341|"), "1234"),
        (("2026-11-20", "650123456789012342|"), "9"),
        (("2026-11-21", "650123456789012341|"), "1234"),
    ]


def test_of_files_in_one_run_the_one_that_reaches_further_counts_whatever_they_are_called(
    new_shop: Callable[..., Shop],
) -> None:
    seen = []
    for early, late in (("a.xlsx", "b.xlsx"), ("b.xlsx", "a.xlsx")):
        shop = new_shop(mapping=None)
        shop.drop(
            early,
            xlsx(
                (
                    "商品",
                    banner(
                        PRODUCTS, product("2026-11-19", visitors="5"), product("2026-11-20", visitors="5")
                    ),
                )
            ),
        )
        shop.drop(
            late,
            xlsx(
                (
                    "商品",
                    banner(
                        PRODUCTS, product("2026-11-20", visitors="6"), product("2026-11-21", visitors="6")
                    ),
                )
            ),
        )
        shop.run()
        seen.append({key[0]: row["visitors"] for key, row in loaded(shop, "product_traffic").items()})
    assert seen == [{"2026-11-19": "5", "2026-11-20": "6", "2026-11-21": "6"}] * 2


def test_a_column_that_no_mapping_names_is_not_stored_and_is_named(shop: Shop) -> None:
    header = [*PRODUCTS, "负责人电话"]
    shop.drop("a.xlsx", xlsx(("商品", banner(header, [*product("2026-11-20"), "13800138000"]))))
    shop.run()
    assert any("no mapping names them: 负责人电话" in line for line in shop.said)
    assert "13800138000" not in json.dumps(list(loaded(shop, "product_traffic").values()))


def test_an_id_a_spreadsheet_spoilt_is_set_aside_and_the_rest_loads(shop: Shop) -> None:
    rows = [product("2026-11-20", number) for number in range(1, 10)] + [
        product("2026-11-20", n) for n in range(20, 41)
    ]
    spoilt: list[Any] = [*rows[0]]
    spoilt[1] = 650123456789012341.0
    shop.drop("a.xlsx", xlsx(("商品", banner(PRODUCTS, spoilt, *rows[1:]))))
    shop.run()
    ((_, line, reason),) = shop.quarantine
    assert line == 5 and "lost digits" in reason
    assert len(loaded(shop, "product_traffic")) == 29


def test_known_content_with_its_marker_gone_is_loaded_from_landing_alone(shop: Shop) -> None:
    shop.drop("a.xlsx", xlsx(("商品", banner(PRODUCTS, product("2026-11-20")))))
    (manifest,) = shop.land()
    shop.landing.loaded(manifest)
    assert shop.load() == 0
    shop.drop("b.xlsx", (shop.inbox / "done" / "a.xlsx").read_bytes())
    shop.run()
    assert set(loaded(shop, "product_traffic")) == {("2026-11-20", "650123456789012341|")}


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_report_that_was_damaged_in_landing_comes_back_without_overruling_a_later_one(
    shop: Shop, is_loaded: bool
) -> None:
    old = xlsx(("商品", banner(PRODUCTS, product("2026-11-20", visitors="5"), product("2026-11-20", 2))))
    shop.drop("a.xlsx", old)
    (lost,) = shop.land()
    if is_loaded:
        shop.load()
    shop.drop("b.xlsx", xlsx(("商品", banner(PRODUCTS, product("2026-11-20", visitors="9")))))
    shop.land()
    Path(lost.paths[0]).unlink()
    shop.drop("again.xlsx", old)
    shop.run()
    (mended,) = [one for one in shop.landing.all() if one.extra["file"] == "a.xlsx"]
    assert mended.id != lost.id and mended.read_at == lost.read_at
    (row,) = loaded(shop, "product_traffic").values()
    assert row["visitors"] == "9"
