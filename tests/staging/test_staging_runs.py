"""Real dbt over raw: what a night changes, what it leaves, and that a rebuild says the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import staging_payloads as payloads
import yml
from dbt_runs import PROJECT
from staging_world import ACCOUNT_OF, STREAMS, Story, Tables, World

from extractors.registry import streams_of

MONEY = "DECIMAL(18,4)"
STAGED = yml.read(PROJECT / "dbt_project.yml")["vars"]["platforms"]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def rows(tables: Tables, name: str, **equal: Any) -> list[dict[str, Any]]:
    """The rows of a relation that have these values; at least one."""
    found = [row for row in tables[name] if all(row[key] == value for key, value in equal.items())]
    assert found, f"no row of {name} has {equal}"
    return found


def one(tables: Tables, name: str, **equal: Any) -> dict[str, Any]:
    found = rows(tables, name, **equal)
    assert len(found) == 1
    return found[0]


def pick(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def staging_views(tables: Iterable[str]) -> list[str]:
    return sorted(name for name in tables if name.startswith("stg_"))


# ---- the runs as such --------------------------------------------------------------------------------------------


def test_a_first_run_on_documented_payloads_passes_every_test_and_every_unit_test(story: Story) -> None:
    assert story.first_run.failures == {}
    assert len(story.first_run.passed("model")) > 100
    for name in ACCOUNT_OF:
        assert any(f"_{name}__" in test for test in story.first_run.passed("test")), name


def test_every_platform_has_unit_tests_and_they_passed(story: Story) -> None:
    passed = story.first_run.passed("unit_test")
    assert len(passed) > 140
    for name in STAGED:
        assert any(f"_{name}__" in node for node in passed), name


def test_every_platforms_tests_of_data_run_on_data() -> None:
    """Here, or in tests/platforms on what the platform's sandbox serves."""
    nights = [
        path.read_text(encoding="utf-8") for path in (PROJECT.parent / "tests" / "platforms").glob("*.py")
    ]
    built = "".join(text for text in nights if "build_staging(" in text or "with staged(" in text)
    assert [name for name in STAGED if name not in ACCOUNT_OF and f'"{name}"' not in built] == []


def test_an_incremental_run_leaves_what_a_full_rebuild_gives(story: Story) -> None:
    assert story.last_run.failures.keys() <= {"stg_taobao__orders_is_sound"} and story.anew_run.failures == {}
    assert story.last_run.passed("model") == story.first_run.passed("model") > story.anew_run.passed("model")
    assert story.first.keys() == story.last.keys() == story.anew.keys()
    for name in story.last:
        if name.split("__")[0].split("_", 1)[1] in ACCOUNT_OF:
            assert story.last[name] == story.anew[name], name
        else:
            assert story.last[name] == story.first[name], name
    assert story.first != story.last


def test_an_undocumented_status_fails_its_tests_by_name_and_the_row_stays(story: Story) -> None:
    assert one(story.last, "stg_taobao__orders", order_id="odd")["order_state"] == "unknown"
    broken, _ = story.last_run.found["stg_taobao__orders_is_sound"]
    assert broken == (
        "order_state is unknown (1 rows, for example odd); "
        "source_status is not in the vendor's documentation: WAIT_FOR_MOON (1 rows, for example odd)"
    )
    assert list(story.last_run.failures) == ["stg_taobao__orders_is_sound"]


def test_a_garbled_time_fails_a_test_instead_of_passing_for_an_absent_one(story: Story) -> None:
    assert one(story.last, "stg_taobao__orders", order_id="odd")["paid_at"] is None
    garbled = story.last_run.found["stg_taobao__orders_is_sound"][1]
    assert garbled.startswith("pay_time is no time: "), garbled


def test_a_number_that_no_amount_can_hold_is_not_said_to_be_missing_or_none(tmp_path: Path) -> None:
    """An amount has fourteen digits before its point. What stands in a list within the record has no rule of its own."""
    world = World(tmp_path / "build")
    huge = payloads.trade("WAIT_SELLER_SEND_GOODS", "2026-01-05 10:01:03", payment="123456789012345.00")
    huge["orders"]["order"][0]["price"] = "123456789012345.00"
    world.versions("taobao", "orders", 1, "2026-01-06T01:00:00", [("huge", "2026-01-05T02:01:03", huge)])
    found = world.dbt("build", "--exclude-resource-type", "unit_test", names=["taobao"]).found
    (of_order,) = found["stg_taobao__orders_is_sound"]
    assert of_order.startswith("payment is no number, or too large: 123456789012345.00 ")
    (of_line,) = found["stg_taobao__order_lines_is_sound"]
    assert of_line.startswith("list_amount is missing, or too large to be read (1 rows")


def test_rows_that_passed_with_a_whole_build_are_not_judged_again(story: Story) -> None:
    load = one(story.last, "stg_taobao__orders", order_id="odd")["load_id"]
    test = "stg_taobao__orders_is_sound"
    assert story.world.found_since(test, load - 1) == story.last_run.found[test]
    assert story.world.found_since(test, load) == []


# ---- the contract ------------------------------------------------------------------------------------------------


def test_every_platform_has_the_same_columns_in_the_same_order_and_types(story: Story) -> None:
    by_stream: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for name in staging_views(story.types):
        by_stream.setdefault(name.split("__")[1], {})[name] = story.types[name]
    assert set(by_stream) == {
        "orders", "order_lines", "refunds", "products", "product_categories", "traffic", "ads",
        "order_scenes", "order_sources", "refund_lines", "gift_card_payments", "settlements", "reviews",
        "source_outcomes", "product_traffic", "live_sessions", "ad_reach", "report_flags",
    }  # fmt: skip
    for stream, views in by_stream.items():
        shapes = {name: dict(columns) for name, columns in views.items()}
        first = next(iter(shapes.values()))
        for name, shape in shapes.items():
            assert shape == first, (stream, name)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("line_amount", MONEY),
        ("refund_goods", MONEY),
        ("spend", MONEY),
        ("buyer_paid_total", MONEY),
        ("quantity", MONEY),
        ("order_id", "VARCHAR"),
        ("created_at", "TIMESTAMP WITH TIME ZONE"),
        ("visitors", "BIGINT"),
        ("seconds", "BIGINT"),
        ("report_date", "DATE"),
        ("is_latest", "BOOLEAN"),
    ],
)
def test_a_column_has_its_type_wherever_it_stands(story: Story, column: str, kind: str) -> None:
    kinds = {dict(story.types[name]).get(column) for name in staging_views(story.types)} - {None}
    assert kinds == {kind}


def test_the_sources_of_dbt_are_the_streams_of_the_registry() -> None:
    declared = {}
    for path in (PROJECT / "models" / "staging").glob("*/_*__sources.yml"):
        for source in yml.read(path)["sources"]:
            names = {table["name"] for table in source["tables"]} - {"quarantine"}
            declared[source["schema"].removeprefix("raw_")] = names
    assert declared == {name: set(streams) for name, streams in STREAMS.items()}
    registered = streams_of()
    for name, streams in declared.items():
        assert streams == set(registered[name]), name


def test_every_column_of_every_staging_model_is_described(story: Story) -> None:
    described = {}
    for path in (PROJECT / "models" / "staging").glob("*/_*__models.yml"):
        for model in yml.read(path)["models"]:
            assert model["description"]
            described[model["name"]] = {c["name"] for c in model["columns"] if c["description"]}
    assert described == {name: {column for column, _ in columns} for name, columns in story.types.items()}


# ---- versions of records -----------------------------------------------------------------------------------------


def test_the_documented_trade_comes_out_as_its_document_says(story: Story) -> None:
    order = one(story.first, "stg_taobao__orders", order_id="2231958349123456")
    assert pick(order, "store_id", "currency", "order_state", "order_type", "region", "buyer_key") == (
        "a_tmall",
        "CNY",
        "paid",
        "standard",
        "浙江省",
        "b1",
    )
    assert pick(order, "created_at", "paid_at", "modified_at") == (
        at(2026, 1, 5, 2),
        at(2026, 1, 5, 2, 1, 2),
        at(2026, 1, 5, 2, 1, 3),
    )
    assert pick(order, "buyer_paid_total", "shipping_charged", "tax") == (
        Decimal(105),
        Decimal(5),
        Decimal(0),
    )
    line = one(story.first, "stg_taobao__order_lines", order_id="2231958349123456")
    assert pick(line, "line_id", "product_id", "sku_id") == ("2231958349123457", "1489161932", "33242")
    assert pick(line, "list_amount", "merchant_item_discount", "line_amount") == (
        Decimal(200),
        Decimal(100),
        Decimal(100),
    )


def test_a_newer_version_replaces_and_a_late_older_one_does_not(story: Story) -> None:
    order = one(story.last, "stg_taobao__orders", order_id="2231958349123456")
    assert pick(order, "order_state", "shipped_at") == ("shipped", at(2026, 1, 6, 3))
    assert order["load_id"] == 3, "the late version must still be seen as news of the record"


def test_of_two_versions_of_one_second_the_later_read_counts(story: Story) -> None:
    assert one(story.first, "stg_woocommerce__orders", order_id="727")["payment_type"] == "stripe"
    assert one(story.last, "stg_woocommerce__orders", order_id="727")["payment_type"] == "paypal"


def test_a_record_that_did_not_change_keeps_the_number_of_its_load(story: Story) -> None:
    assert story.first["stg_files__orders"] == story.last["stg_files__orders"]
    assert one(story.last, "stg_files__orders", order_id="536365")["load_id"] == 1


def test_the_deposit_of_a_presale_is_remembered_after_the_balance_was_paid(story: Story) -> None:
    before = one(story.first, "stg_taobao__orders", order_id="presale")
    after = one(story.last, "stg_taobao__orders", order_id="presale")
    deposit = (Decimal(20), at(2026, 1, 5, 2, 5))
    assert pick(before, "order_state", "paid_at") == ("deposit_paid", None)
    assert pick(before, "deposit_paid_amount", "deposit_paid_at") == deposit
    assert pick(after, "order_state", "paid_at") == ("paid", at(2026, 1, 6, 12, 10))
    assert pick(after, "deposit_paid_amount", "deposit_paid_at") == deposit


def test_a_group_buy_is_a_sale_from_the_version_that_showed_the_group_formed(story: Story) -> None:
    before, after = (
        one(tables, "stg_taobao__orders", order_id="group") for tables in (story.first, story.last)
    )
    assert pick(before, "order_state", "paid_at", "order_type") == ("created", None, "group_buy")
    assert pick(after, "order_state", "paid_at", "order_type") == ("paid", at(2026, 1, 6, 2, 30), "group_buy")


def test_a_refund_edited_after_it_succeeded_keeps_its_day_and_its_type(story: Story) -> None:
    assert one(story.first, "stg_taobao__refunds")["refund_state"] == "requested"
    done = one(story.last, "stg_taobao__refunds", refund_id="9001")
    assert pick(done, "refund_state", "refunded_at", "refund_type") == (
        "success",
        at(2026, 1, 6, 5),
        "before_shipment",
    )
    assert pick(done, "order_id", "line_id", "refund_amount") == (
        "2231958349123456",
        "2231958349123457",
        Decimal(100),
    )


def test_woocommerce_refunds_come_from_orders_and_from_the_list_each_once(story: Story) -> None:
    assert {row["refund_id"] for row in story.last["stg_woocommerce__refunds"]} == {"726", "730"}
    split = one(story.last, "stg_woocommerce__refunds", refund_id="726")
    assert pick(split, "order_id", "line_id", "currency") == ("728", "315", "USD")
    assert pick(split, "refund_amount", "refund_goods", "refund_shipping", "refund_tax", "quantity") == (
        Decimal("9.68"),
        Decimal("9.00"),
        Decimal(0),
        Decimal("0.68"),
        Decimal(1),
    )
    amount_only = one(story.last, "stg_woocommerce__refunds", refund_id="730")
    assert pick(amount_only, "order_id", "refund_amount", "refund_goods") == ("727", Decimal(3), None)


def test_a_review_that_was_thrown_away_is_gone_and_one_that_was_let_through_counts(story: Story) -> None:
    def told(tables: Tables) -> dict[str, tuple[Any, ...]]:
        found = rows(tables, "stg_woocommerce__reviews", account_id="woocommerce__a")
        return {row["review_id"]: pick(row, "rating", "is_low", "is_counted") for row in found}

    fine, bad = (Decimal(5), False, True), (Decimal(1), True)
    assert told(story.first) == {"22": fine, "23": (*bad, False), "24": fine}
    assert told(story.last) == {"22": fine, "23": (*bad, True)}


def test_a_bad_review_that_the_buyer_made_a_good_one_is_low_no_more(story: Story) -> None:
    of_it = {"account_id": "taobao__a", "review_id": "2"}
    assert one(story.first, "stg_taobao__reviews", **of_it)["is_low"]
    assert pick(one(story.last, "stg_taobao__reviews", **of_it), "is_low", "rating") == (False, None)


def test_the_parts_of_a_woocommerce_order_add_up_to_its_total(story: Story) -> None:
    order = one(story.first, "stg_woocommerce__orders", order_id="727")
    goods = sum(
        row["line_amount"] for row in rows(story.first, "stg_woocommerce__order_lines", order_id="727")
    )
    assert goods + order["shipping_charged"] + order["tax"] == order["buyer_paid_total"] == Decimal("29.35")


def test_products_come_whole_and_by_variant(story: Story) -> None:
    item = one(story.first, "stg_taobao__products")
    assert pick(item, "product_id", "list_price", "stock", "is_on_sale") == (
        "1489161932",
        Decimal(100),
        Decimal(12),
        True,
    )
    whole = one(story.first, "stg_woocommerce__products", product_id="93", sku_id=None)
    variant = one(story.first, "stg_woocommerce__products", product_id="93", sku_id="94")
    assert pick(whole, "product_id", "list_price", "category_path") == ("93", Decimal(9), "Lighting")
    assert pick(variant, "product_id", "list_price", "stock") == ("93", Decimal(10), Decimal(3))


def test_every_version_of_a_product_tells_its_category(story: Story) -> None:
    first = rows(story.first, "stg_woocommerce__product_categories", product_id="93")
    assert [row["category_path"] for row in first] == ["Lighting"]
    last = rows(story.last, "stg_woocommerce__product_categories", product_id="93")
    moves = sorted((row["valid_from_at"], row["category_path"], row["store_id"]) for row in last)
    assert moves == [
        (at(2026, 1, 1), "Lighting", "a_web"),
        (at(2026, 1, 6, 3), "Outdoors", "a_web"),
    ]
    assert (
        one(story.last, "stg_woocommerce__products", product_id="93", sku_id=None, valid_until_at=None)[
            "category_path"
        ]
        == "Outdoors"
    )


def test_every_version_of_a_product_holds_until_the_next(story: Story) -> None:
    """Also one that came late, older than what was there; of two with one modified time the later read stands."""
    for sku in (None, "94"):
        held = rows(story.last, "stg_woocommerce__products", product_id="95", sku_id=sku)
        told = [pick(row, "valid_from_at", "valid_until_at", "category_path", "load_id") for row in held]
        assert sorted(told, key=lambda version: version[0]) == [
            (at(2026, 1, 1), at(2026, 1, 3), "Lighting", 2),
            (at(2026, 1, 3), at(2026, 1, 4), "Garden", 3),
            (at(2026, 1, 4), at(2026, 1, 6, 3), "Kitchen", 3),
            (at(2026, 1, 6, 3), None, "Outdoors", 2),
        ]


def test_what_left_a_list_ends_then_also_where_that_alone_is_new_or_a_version_from_before_comes_late(
    story: Story,
) -> None:
    spans = {}
    for name, tables in {"first": story.first, "last": story.last}.items():
        for product in ("96", "97"):
            held = rows(tables, "stg_woocommerce__products", product_id=product, sku_id=None)
            spans[name, product] = sorted(
                (row["valid_from_at"], row["valid_until_at"], row["category_path"]) for row in held
            )
    assert spans == {
        ("first", "96"): [(at(2026, 1, 1), None, "Lighting")],
        ("last", "96"): [(at(2026, 1, 1), at(2026, 1, 7), "Lighting")],
        ("first", "97"): [(at(2026, 1, 1), at(2026, 1, 5), "Lighting")],
        ("last", "97"): [
            (at(2026, 1, 1), at(2026, 1, 3), "Lighting"),
            (at(2026, 1, 3), at(2026, 1, 5), "Garden"),
        ],
    }


def test_a_dropped_files_lines_keep_their_class(story: Story) -> None:
    lines = rows(story.first, "stg_files__order_lines", order_id="536365")
    assert {(row["line_class"], row["line_amount"]) for row in lines} == {
        ("product", Decimal("15.30")),
        ("shipping", Decimal(18)),
    }


# ---- reports -----------------------------------------------------------------------------------------------------


def test_every_reading_of_an_ad_date_is_kept_and_the_last_stands(story: Story) -> None:
    readings = rows(story.last, "stg_ocean_engine__ads", report_date=date(2026, 1, 5), ad_id="901")
    assert [pick(row, "as_of_date", "conversions_platform", "is_latest") for row in readings] == [
        (date(2026, 1, 6), Decimal(5), False),
        (date(2026, 1, 7), Decimal(8), True),
    ]
    gone = one(story.last, "stg_ocean_engine__ads", report_date=date(2026, 1, 5), ad_id="902")
    assert pick(gone, "spend", "is_latest") == (Decimal(1000), False)


def test_an_ad_date_that_was_emptied_has_no_latest_row(story: Story) -> None:
    assert one(story.first, "stg_ocean_engine__ads", report_date=date(2026, 1, 4))["is_latest"]
    assert not one(story.last, "stg_ocean_engine__ads", report_date=date(2026, 1, 4))["is_latest"]


def test_a_second_reading_on_the_same_day_replaces_the_first(story: Story) -> None:
    row = one(story.last, "stg_ocean_engine__ads", report_date=date(2026, 1, 6))
    assert pick(row, "spend", "is_latest", "load_id") == (Decimal(55), True, 3)


def test_the_account_level_stands_beside_the_ads(story: Story) -> None:
    row = one(story.last, "stg_ocean_engine__ads", entity_level="account")
    assert pick(row, "spend", "campaign_id", "impressions") == (Decimal("1123.45"), None, None)


def test_a_traffic_day_is_replaced_whole_by_the_last_reading_of_it(story: Story) -> None:
    day = {"grain": "day", "period_start": date(2026, 1, 4)}
    before, after = (rows(tables, "stg_baidu_tongji__traffic", **day) for tables in (story.first, story.last))
    assert {(row["source_l1"], row["source_l2"], row["visitors"]) for row in before} == {
        (None, None, 20),
        ("direct_returning", "直接访问", 12),
        ("unknown", "量子搜索", 9),
    }
    # The reading of the first evening was loaded last; it is still the older one.
    assert {(row["source_l1"], row["visitors"]) for row in after} == {(None, 21), ("direct_returning", 21)}


def test_a_traffic_day_that_was_emptied_is_gone_and_other_periods_stay(story: Story) -> None:
    assert rows(story.first, "stg_baidu_tongji__traffic", period_start=date(2026, 1, 5))
    assert all(row["period_start"] != date(2026, 1, 5) for row in story.last["stg_baidu_tongji__traffic"])
    week = one(story.last, "stg_baidu_tongji__traffic", grain="week")
    assert pick(week, "visitors", "page_views", "new_visitors", "bounces", "seconds") == (
        90,
        1234,
        None,
        15,
        2440,
    )
