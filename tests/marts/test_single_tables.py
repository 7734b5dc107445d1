"""Tables that are not a subject in three grains keep the same promises: every measure defined, classed and described."""

from __future__ import annotations

from typing import Any

import pytest

# Each table and its name in dim_metric.
TABLES = {
    "dim_customer": "dim_customer",
    "customer_weekly": "customer",
    "customer_monthly": "customer",
    "cohort_monthly": "cohort",
    "repurchase_monthly": "repurchase",
    "rfm_monthly": "rfm",
    "new_product": "new_product",
    "promo_event": "promo_event",
    "promo_event_daily": "promo_event_daily",
    "promo_event_hourly": "promo_event_hourly",
    "reconciliation": "reconciliation",
    "anomaly_daily": "anomaly",
}
KEYS = {
    "days_in_period",
    "days_elapsed",
    "days_in_event",
    "event_year",
    "day_number",
    "hour_of_day",
    "month_number",
    "window_days",
}


@pytest.mark.parametrize("table", TABLES)
def test_every_measure_of_a_single_table_is_in_dim_metric_as_its_comment_says(table: str, built: Any) -> None:
    metrics = {
        row["metric"]: row
        for row in built.rows(f"select * from marts.dim_metric where mart = '{TABLES[table]}'")
    }
    columns = built.rows(
        "select column_name, data_type, comment from duckdb_columns() where schema_name = 'marts'"
        f" and table_name = '{table}'"
    )
    measures = 0
    for column in columns:
        name = column["column_name"]
        if not column["data_type"].startswith(("DECIMAL", "BIGINT", "DOUBLE", "INTEGER")):
            continue
        if name in KEYS or name.endswith(("_prev", "_yoy")):
            continue
        assert column["comment"].startswith(metrics[name]["definition"])
        assert f"({metrics[name]['additivity']})" in column["comment"]
        measures += 1
    assert measures > 3


def test_a_subject_without_days_is_in_dim_metric_once(built: Any) -> None:
    rows = built.rows("select mart, metric, count(*) as times from marts.dim_metric group by all")
    assert {row["times"] for row in rows} == {1}
    assert {"customer", "cohort", "repurchase", "rfm", "gmv_change", "store"} <= {row["mart"] for row in rows}
