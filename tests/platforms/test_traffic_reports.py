"""What those who measure sites and apps must not get past the client: short rows, lost parts, other zones."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from extractors.accounts import Account
from extractors.core.model import Read, Record, Reply
from extractors.core.window import days_window
from extractors.errors import ConfigError, ContractError
from extractors.registry import platforms

DAY = date(2026, 1, 5)


def account_of(name: str, zone: str = "Asia/Shanghai") -> Account:
    options = dict.fromkeys(platforms()[name].options, "1")
    return Account(f"{name}__a", name, "A", "a", zone, "CNY", options=options)


def reads_of(name: str, stream: str = "traffic", account: Account | None = None) -> list[Read]:
    account = account or account_of(name)
    window = days_window(DAY, DAY, account.zone)
    return list(platforms()[name].stream(stream).reads(account, window))


def records(read: Read, body: Any) -> list[Record]:
    found: list[Record] = read.paging.records(Reply(body))  # type: ignore[attr-defined]
    return found


# ---- Plausible -------------------------------------------------------------------------------------
def plausible(parts: list[Any], values: list[Any], **more: Any) -> dict[str, Any]:
    return {"results": [{"dimensions": parts, "metrics": values}], "meta": {"total_rows": 1}, **more}


@pytest.mark.parametrize(
    ("parts", "values"),
    [(["2026-01-05"], [1, 2, 3, 4]), ([], [1, 2, 3, 4, 5]), (["2026-01-05", "x"], [1, 2, 3, 4, 5])],
)
def test_plausible_rows_of_another_length_than_asked_for_are_refused(
    parts: list[Any], values: list[Any]
) -> None:
    total = reads_of("plausible")[0]
    assert len(records(total, plausible(["2026-01-05"], [1, 2, 3, 4, None]))) == 1
    with pytest.raises(ContractError, match="sent"):
        records(total, plausible(parts, values))


def test_plausible_days_of_another_zone_are_refused_and_not_shifted() -> None:
    span = ["2026-01-05T00:00:00-05:00", "2026-01-05T23:59:59-05:00"]
    body = plausible(["2026-01-05"], [1, 2, 3, 4, 5], query={"date_range": span})
    with pytest.raises(ConfigError) as caught:
        records(reads_of("plausible")[0], body)
    assert "Asia/Shanghai" in str(caught.value) and "time_zone" in str(caught.value)
    in_new_york = account_of("plausible", "America/New_York")
    assert records(reads_of("plausible", account=in_new_york)[0], body)


def test_plausible_warnings_stay_with_the_rows() -> None:
    meta = {"total_rows": 1, "metric_warnings": {"visits": {"code": "no_imported"}}}
    (row,) = records(reads_of("plausible")[0], plausible(["2026-01-05"], [1, 2, 3, 4, 5], meta=meta))
    assert row["flags"] == {"metric_warnings": meta["metric_warnings"]}
