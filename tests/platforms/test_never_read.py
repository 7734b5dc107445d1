"""A shop that may not read its after-sales: what the platform refuses is not known in the marts, and not nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dbt_runs
import duckdb
import pytest

from extractors.accounts import load_accounts
from extractors.credentials import Credentials
from extractors.errors import ExtractErrors
from extractors.extract import extract
from extractors.landing import Landing
from extractors.registry import platforms
from extractors.sandbox import running
from warehouse.build import build
from warehouse.load import load_pending

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 10, 15, 1, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
FIRST, LAST = date(2026, 10, 12), date(2026, 10, 14)
REFUNDS = "taobao.refunds.receive.get"
MODELS = {"DBT_INDIRECT_SELECTION": "empty"}  # tests that hold them against other marts have their own builds


def test_days_wait_for_after_sales_that_the_platform_refuses_and_are_complete_once_it_gives_them(
    tmp_path: Path,
) -> None:
    landing, built = Landing(tmp_path / "landing"), tmp_path / "build"
    refused, read = (
        replace(account, start=FIRST, options={"calls_per_second": 500})
        for account in load_accounts(ROOT / "accounts.yml")
        if account.platform == "taobao"
    )

    def night(account: Any) -> None:
        given = Credentials.from_airflow(json.dumps(box.connections()[account.id]), account.id)
        extract(account, given, landing, hash_key=b"k" * 32, token_dir=tmp_path, day=LAST, now=NOW)

    def marts(*accounts: Any) -> tuple[dict[str, list[Any]], dict[str, tuple[int, str | None]]]:
        load_pending(landing, built / "warehouse.duckdb", platforms(), accounts)
        dbt_runs.remind(tmp_path / "target")
        wanted = ["+store_daily", "+data_quality"]
        build(ROOT / "dbt_project", built, select=wanted, env=MODELS, target_path=tmp_path / "target")
        with duckdb.connect(str(built / "daybook.duckdb"), read_only=True) as con:
            days = con.execute("""
                select store_id, list((orders_paid > 0, refunds > 0, is_complete) order by period_start)
                from marts.store_daily where period_start between ? and ? group by store_id
            """, [FIRST, LAST]).fetchall()  # fmt: skip
            told = con.execute("""
                select check_name, findings, first_told from marts.data_quality
                where check_name in ('refunds_never_read', 'refunds_left_out') order by findings
            """).fetchall()
        return dict(days), {name: (findings, first) for name, findings, first in told}

    nothing = {"refunds_never_read": (0, None), "refunds_left_out": (0, None)}
    with running(now=NOW) as box:
        night(read)
        box.control.withheld.add(REFUNDS)
        with pytest.raises(ExtractErrors, match="permission"):
            night(refused)
        days, told = marts(refused, read)
        assert days[refused.store_id] == [(True, False, False)] * 3, "sold, and nobody knows what came back"
        assert days[read.store_id] == [(True, True, True)] * 3
        assert not any(is_complete for *_, is_complete in days["ALL"])
        where = f"accounts.yml: {refused.id} refunds"
        assert told == {**nothing, "refunds_never_read": (1, where)}

        # The operator goes on without them: that is his word, and told as such.
        without = replace(refused, streams=("orders", "products"))
        days, told = marts(without, read)
        assert days[refused.store_id] == [(True, False, True)] * 3
        assert told == {**nothing, "refunds_left_out": (1, where)}

        box.control.withheld.clear()
        night(refused)
        days, told = marts(refused, read)
        assert days[refused.store_id] == [(True, True, True)] * 3
        assert all(is_complete for *_, is_complete in days["ALL"])
        assert told == nothing
