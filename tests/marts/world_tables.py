"""The tables of the marts' world: staging, the loader's books, and the warehouse file that they are written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import yml

from warehouse import built

Row = dict[str, object]

_INSTANT = pa.timestamp("us", tz="UTC")
_MONEY = pa.decimal128(18, 4)


def _fields(kind: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


# The staging contract, written down a second time: a column lost in the macro must not be lost here too.
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "orders": {
        **_fields(
            pa.string(), "platform account_id store_id order_id buyer_key currency order_state order_type"
        ),
        **_fields(
            _INSTANT,
            "created_at paid_at shipped_at delivered_at promised_delivery_at completed_at cancelled_at modified_at",
        ),
        **_fields(
            _MONEY,
            "shipping_charged tax order_discount platform_subsidy buyer_paid_total deposit_paid_amount",
        ),
        "deposit_paid_at": _INSTANT,
        "is_deposit_forfeited": pa.bool_(),
        **_fields(pa.string(), "payment_type region buyer_type exclude_reason source_status"),
        "load_id": pa.int64(),
        "loaded_at": _INSTANT,
    },
    "order_lines": {
        **_fields(
            pa.string(),
            "platform account_id store_id order_id line_id product_id sku_id product_name category_path"
            " line_class",
        ),
        **_fields(
            _MONEY, "quantity list_amount merchant_item_discount line_platform_subsidy line_amount line_tax"
        ),
        "load_id": pa.int64(),
    },
    "refunds": {
        **_fields(
            pa.string(), "platform account_id store_id refund_id order_id line_id refund_state refund_type"
        ),
        "requested_at": _INSTANT,
        "refunded_at": _INSTANT,
        **_fields(_MONEY, "refund_amount refund_goods refund_shipping refund_tax quantity"),
        "reason": pa.string(),
        **_fields(pa.bool_(), "is_disputed is_platform_decided"),
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "reviews": {
        **_fields(pa.string(), "platform account_id store_id review_id order_id line_id product_id sku_id"),
        "reviewed_at": _INSTANT,
        "rating": _MONEY,
        **_fields(pa.bool_(), "is_low is_counted"),
        "load_id": pa.int64(),
    },
    "products": {
        **_fields(pa.string(), "platform account_id store_id product_id sku_id product_name category_path"),
        "list_price": _MONEY,
        "currency": pa.string(),
        "is_on_sale": pa.bool_(),
        "stock": _MONEY,
        **_fields(_INSTANT, "listed_at modified_at valid_from_at valid_until_at"),
        "load_id": pa.int64(),
    },
    "product_categories": {
        **_fields(pa.string(), "platform account_id store_id product_id category_path"),
        "valid_from_at": _INSTANT,
        "load_id": pa.int64(),
    },
    "traffic": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "source_l1 source_l2 device"),
        "is_total": pa.bool_(),
        **_fields(pa.int64(), "visitors new_visitors sessions page_views bounces seconds"),
        "time_zone": pa.string(),
        "load_id": pa.int64(),
    },
    "report_flags": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        "cut": pa.string(),
        **_fields(pa.bool_(), "is_thresholded is_cut_off is_sampled"),
        "load_id": pa.int64(),
    },
    "source_outcomes": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "source_l1 source_l2"),
        "is_total": pa.bool_(),
        **_fields(pa.int64(), "exposed clicked visited saw_detail carted favoured checked_out ordered paid"),
        "orders": pa.int64(),
        "units": _MONEY,
        "paid_amount": _MONEY,
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "product_traffic": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "product_id sku_id product_name"),
        **_fields(
            pa.int64(),
            "exposures search_exposures search_clicks visitors page_views cart_visitors cart_units fav_visitors",
        ),
        "load_id": pa.int64(),
    },
    "ad_reach": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "entity_level campaign_id ad_group_id ad_id"),
        **_fields(pa.int64(), "reach load_id"),
    },
    "refund_lines": {
        **_fields(pa.string(), "platform account_id store_id refund_id line_id"),
        **_fields(_MONEY, "refund_goods quantity"),
        "load_id": pa.int64(),
    },
    "order_sources": {
        **_fields(pa.string(), "platform account_id store_id order_id source_l1"),
        "load_id": pa.int64(),
    },
    "gift_card_payments": {
        **_fields(pa.string(), "platform account_id store_id order_id"),
        "paid_by_gift_card": _MONEY,
        "load_id": pa.int64(),
    },
    "settlements": {
        **_fields(pa.string(), "platform account_id store_id settlement_id order_id"),
        "settled_at": _INSTANT,
        **_fields(_MONEY, "affiliate_commission fees_platform"),
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "order_scenes": {
        **_fields(
            pa.string(), "platform account_id store_id order_id line_id live_id host_id host_name video_id"
        ),
        "load_id": pa.int64(),
    },
    "live_sessions": {
        **_fields(pa.string(), "platform account_id store_id"),
        "session_date": pa.date32(),
        **_fields(pa.string(), "session_key live_id host_id host_name"),
        "started_at": _INSTANT,
        "ended_at": _INSTANT,
        **_fields(
            pa.int64(),
            "seconds_on_air views viewers peak_concurrent watch_seconds comments likes new_fans"
            " product_exposures product_clicks exposed_viewers clicked_viewers buyers orders",
        ),
        **_fields(_MONEY, "units paid_amount refund_amount ad_spend"),
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "ads": {
        **_fields(pa.string(), "platform account_id store_id"),
        "report_date": pa.date32(),
        "as_of_date": pa.date32(),
        "is_latest": pa.bool_(),
        **_fields(
            pa.string(), "entity_level campaign_id campaign_name ad_group_id ad_group_name ad_id ad_name"
        ),
        **_fields(pa.string(), "keyword_id keyword_text match_type"),
        "impressions": pa.int64(),
        "clicks": pa.int64(),
        **_fields(_MONEY, "spend conversions_platform conversion_value_platform daily_budget"),
        **_fields(pa.string(), "currency ad_time_zone attribution_window conversion_time_basis"),
        "load_id": pa.int64(),
    },
}
STREAMS: dict[str, list[str]] = yml.read(
    Path(__file__).resolve().parents[2] / "dbt_project" / "dbt_project.yml"
)["vars"]["platforms"]
BOOKS: dict[str, dict[str, pa.DataType]] = {
    "accounts": {
        **_fields(pa.string(), "account_id platform name store_id time_zone currency"),
        "is_active": pa.bool_(),
    },
    "account_streams": {**_fields(pa.string(), "account_id stream"), "is_wanted": pa.bool_()},
    "stream_status": {
        "account_id": pa.string(),
        "stream": pa.string(),
        "mark_end": _INSTANT,
        "last_read_at": _INSTANT,
    },
    "ledger": {
        "load_id": pa.int64(),
        **_fields(pa.string(), "manifest_id platform account_id stream kind"),
        "window_start": _INSTANT,
        "window_end": _INSTANT,
        "read_at": _INSTANT,
        "rows": pa.int64(),
        "rows_new": pa.int64(),
        "loaded_at": _INSTANT,
    },
    "dropped_rates": {
        "currency": pa.string(),
        "rate_date": pa.date32(),
        "units_per_usd": pa.decimal128(18, 6),
        "file": pa.string(),
        "read_at": _INSTANT,
        "load_id": pa.int64(),
    },
    "dropped_costs": {
        **_fields(pa.string(), "store_id product_id sku_id"),
        "valid_from": pa.date32(),
        "unit_cost": pa.decimal128(18, 4),
        **_fields(pa.string(), "currency file"),
        "read_at": _INSTANT,
        "load_id": pa.int64(),
    },
    "dropped_targets": {
        **_fields(pa.string(), "store_id metric"),
        "month": pa.date32(),
        "target": pa.decimal128(18, 4),
        "file": pa.string(),
        "read_at": _INSTANT,
        "load_id": pa.int64(),
    },
    "report_reads": {
        **_fields(pa.string(), "platform account_id stream"),
        "report_date": pa.date32(),
        "as_of_date": pa.date32(),
        "read_at": _INSTANT,
        "load_id": pa.int64(),
        "rows": pa.int64(),
    },
}


@dataclass
class World:
    """Rows by stream of the staging contract (all platforms together) and by table of the loader's books."""

    streams: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    books: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in BOOKS})

    def write(self, build_dir: Path) -> None:
        """Create warehouse.duckdb with schema staging (a table per platform and stream) and raw_daybook."""
        build_dir.mkdir(parents=True, exist_ok=True)
        path = build_dir / "warehouse.duckdb"
        path.unlink(missing_ok=True)
        (build_dir / "daybook.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(path)) as con:
            con.execute("create schema staging")
            con.execute("create schema raw_daybook")
            for platform, streams in STREAMS.items():
                for stream in streams:
                    rows = [row for row in self.streams[stream] if row["platform"] == platform]
                    _create(con, f"staging.stg_{platform}__{stream}", rows, COLUMNS[stream])
            con.execute(built.TABLES)
            for name, columns in BOOKS.items():
                _create(con, f"raw_daybook.{name}", self.books[name], columns)


def _create(
    con: duckdb.DuckDBPyConnection, table: str, rows: list[Row], columns: dict[str, pa.DataType]
) -> None:
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown, f"{table}: {unknown} are not in the contract"
    schema = pa.schema(list(columns.items()))
    arrow = pa.table({name: [row.get(name) for row in rows] for name in columns}, schema=schema)
    con.register("rows_to_write", arrow)
    con.execute(f"create table {table} as select * from rows_to_write")
    con.unregister("rows_to_write")
