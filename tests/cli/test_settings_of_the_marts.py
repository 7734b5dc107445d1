"""A slip in the settings of the marts is told with its line, and nothing is built of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daybook.meanings import slips
from extractors.errors import ConfigError

LINE = {
    "reporting_currency": "reporting_currency: CNY",
    "business_zone": "business_zone: Asia/Shanghai",
    "week_start_day": "week_start_day: 1",
    "fiscal_pattern": 'fiscal_pattern: "4-4-5"',
    "when_a_rate_is_missing": "when_a_rate_is_missing: stop",
    "tax_in_prices": "tax_in_prices: {default: 0}",
    "order_costs": "order_costs: {}",
    "resaleable_share": "resaleable_share: 1",
    "cod_recognised_on": "cod_recognised_on: {default: delivered}",
    "visits_counted_from": "visits_counted_from: {}",
}


@pytest.fixture
def settings_with(tmp_path: Path, project_root: Path):  # type: ignore[no-untyped-def]
    """A home whose dbt_project.yml is the project's with one line changed; gives the file and that line."""

    def write(name: str, value: str) -> tuple[Path, int]:
        text = (project_root / "dbt_project/dbt_project.yml").read_text(encoding="utf-8")
        assert text.count(f"  {LINE[name]}") == 1
        folder = tmp_path / "dbt_project"
        folder.mkdir(exist_ok=True)
        (folder / "seeds").unlink(missing_ok=True)
        (folder / "seeds").symlink_to(project_root / "dbt_project/seeds")
        path = folder / "dbt_project.yml"
        path.write_text(text.replace(f"  {LINE[name]}", f"  {name}: {value}"), encoding="utf-8")
        return path, text[: text.index(f"  {LINE[name]}")].count("\n") + 1

    return write


@pytest.mark.parametrize(
    ("name", "value", "said", "stops"),
    [
        ("reporting_currency", "RMB Yuan", "is not a currency", True),
        ("week_start_day", "Sunday", "is not 1 (Monday) to 7 (Sunday)", True),
        ("week_start_day", "0", "is not 1 (Monday)", True),
        ("week_start_day", "true", "is not 1 (Monday)", True),
        ("fiscal_pattern", "4-5-5", "is not 4-4-5", True),
        ("when_a_rate_is_missing", "pubish", "is not stop or publish", True),
        ("tax_in_prices", "{default: 13}", "13 of default is not a number from 0 to 1", True),
        ("tax_in_prices", "0.13", "0.13 names no store: write {default: …}", True),
        ("tax_in_prices", "", "None names no store: write {default: …}", True),
        ("tax_in_prices", "{s: 0.13}", None, False),
        ("tax_in_prices", "{t: 0.13}", "there is no store 't'", False),
        ("order_costs", "{s: {share_of_paid: 5}}", "is not share_of_paid (0 to 1)", True),
        ("order_costs", "{s: {share: 0.05}}", "is not share_of_paid (0 to 1)", True),
        ("order_costs", "{default: {share_of_paid: 0.05, per_order: 6.5}}", None, False),
        ("order_costs", "[0.05, 6.5]", "names no store", True),
        ("visits_counted_from", "{s: [woocommerce__x]}", None, False),
        ("visits_counted_from", "{s: woocommerce__x}", "is not a list of accounts", True),
        ("visits_counted_from", "{s: []}", "is not a list of accounts", True),
        ("visits_counted_from", "{s: [woocommerce__x, ga4__y]}", "there is no account 'ga4__y'", False),
        ("business_zone", "[Asia/Shanghai]", "is not a time zone", True),
        ("resaleable_share", "90", "90 is not a number from 0 to 1", True),
        ("cod_recognised_on", "{default: placed}", "is not delivered or placing", True),
        (
            "cod_recognised_on",
            "{default: delivered, taoboa: placing}",
            "there is no platform 'taoboa'",
            False,
        ),
    ],
)
def test_a_setting_that_nobody_can_mean_is_told_with_its_line(  # type: ignore[no-untyped-def]
    settings_with, make_account, name: str, value: str, said: str | None, stops: bool
) -> None:
    path, line = settings_with(name, value)
    found = list(slips(path, [make_account("woocommerce__x", store_id="s")]))
    assert [slip.stops for slip in found] == ([stops] if said else [])
    if said:
        assert said in found[0].said and found[0].place == f"{path}:{line}"


def test_a_date_of_no_calendar_is_told_as_what_cannot_be_read(settings_with, make_account) -> None:  # type: ignore[no-untyped-def]
    path, _ = settings_with("week_start_day", "2026-02-30")
    with pytest.raises(ConfigError, match=r"dbt_project\.yml is not valid YAML: day is out of range"):
        list(slips(path, [make_account("woocommerce__x")]))


def test_doctor_tells_of_it_and_nothing_is_built(settings_with, tmp_path: Path, project_root: Path) -> None:  # type: ignore[no-untyped-def]
    _, line = settings_with("tax_in_prices", "{default: 13}")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "DAYBOOK"))}
    own = {"DAYBOOK_HOME": str(tmp_path), "DAYBOOK_ACCOUNTS": str(project_root / "accounts.yml")}
    for words, status in ((["doctor", "--account", "files__online_retail"], 1), (["build"], 2)):
        answer = subprocess.run(
            [sys.executable, "-m", "daybook", *words],
            cwd=project_root,
            env={**clean, **own, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert answer.returncode == status, answer
        assert f"dbt_project.yml:{line} tax_in_prices: 13 of default" in answer.stdout + answer.stderr
    assert not (tmp_path / "data/build/daybook.duckdb").exists()
