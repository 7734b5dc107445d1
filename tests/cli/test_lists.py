"""A merchant's own lists wait in inboxes of their own, and every build takes them first."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from daybook import steps
from daybook.doctor.account import one_account
from daybook.doctor.configuration import listed
from daybook.settings import PROJECT, Settings
from extractors.files.lists import LISTS

RATES = LISTS[0]
GOOD = "currency,rate_date,units_per_usd\nCNY,2026-11-02,7.1162\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=PROJECT,
        data=tmp_path / "data",
        accounts_file=PROJECT / "accounts.yml",
        landing=str(tmp_path / "landing"),
        zone="Asia/Shanghai",
        airflow_home=tmp_path / "airflow",
    )


def drop(settings: Settings, name: str, content: str) -> Path:
    folder = settings.inbox / "fx_rates"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", [own.name for own in LISTS])
def test_the_inbox_of_a_list_is_named_by_its_folder_and_is_no_store(settings: Settings, name: str) -> None:
    account = steps.account_named(settings, name)
    assert account.options == {"mapping": name}
    assert steps.inbox_of(settings, account) == settings.inbox / name
    assert account.id not in {one.id for one in steps.accounts(settings)}


def test_waiting_rates_are_loaded_once_and_a_bad_file_holds_up_nothing(settings: Settings) -> None:
    said: list[str] = []
    folder = drop(settings, "good.csv", GOOD)
    drop(settings, "bad.csv", GOOD.replace("7.1162", "none"))
    assert steps.take_lists(settings, say=said.append) == 1
    assert any("bad.csv" in line and "is not a number" in line for line in said)
    assert (folder / "refused" / "bad.csv").exists() and (folder / "done" / "good.csv").exists()
    assert steps.take_lists(settings, say=said.append) == 0
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        assert con.execute(
            "select currency, units_per_usd::varchar from raw_daybook.dropped_rates"
        ).fetchall() == [("CNY", "7.116200")]
        stores = con.execute("select store_id from raw_daybook.accounts").fetchall()
    assert ("fx_rates",) not in stores


def test_doctor_shows_rates_that_were_refused(settings: Settings) -> None:
    drop(settings, "bad.csv", GOOD.replace("CNY", "yuan"))
    steps.take_lists(settings, say=lambda line: None)
    (finding,) = one_account(settings, RATES.account)
    assert (finding.level, finding.said) == ("warn", "1 refused files")


@pytest.mark.parametrize(
    ("rate", "doubtful"),
    [
        ("7.1162", False),
        ("6.4", False),
        ("0.1405", True),
        ("711.62", True),
    ],  # the other way round; of 100 dollars
)
def test_doctor_shows_a_dropped_rate_that_is_far_from_our_own(
    settings: Settings, rate: str, doubtful: bool
) -> None:
    drop(settings, "mine.csv", GOOD.replace("7.1162", rate))
    steps.take_lists(settings, say=lambda line: None)
    said = [finding.said for finding in listed(settings, steps.accounts(settings))]
    assert len(said) == doubtful
    if said:
        assert said[0].startswith(f"mine.csv gives {rate} CNY for one US dollar on 2026-11-02, where")
        drop(settings, "mine.csv", GOOD)
        steps.take_lists(settings, say=lambda line: None)
        assert not list(listed(settings, steps.accounts(settings))), "mended by dropping it again"


def test_doctor_shows_a_list_that_tells_of_a_store_nobody_has_until_its_file_is_mended(
    settings: Settings,
) -> None:
    head = "store_id,product_id,sku_id,valid_from,unit_cost,currency\n"
    known = steps.accounts(settings)
    store = known[0].store_id

    def dropped(name: str, content: str, file: str = "mine.csv") -> list[str]:
        folder = settings.inbox / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content, encoding="utf-8")
        assert steps.take_lists(settings, say=lambda line: None) > 0
        return [finding.said for finding in listed(settings, known)]

    assert dropped("unit_costs", f"{head},,S-1,2026-01-01,5,CNY\n{store},,S-1,2026-01-01,5,CNY\n") == []
    (said,) = dropped("unit_costs", f"{head}{store}x,,S-1,2026-01-01,5,CNY\n")
    assert said == f"mine.csv names the store {store}x, which no account has (did you mean {store}?)"
    row = "{},,S-1,2026-01-01,5,CNY\n"
    assert len(dropped("unit_costs", head + row.format(f"{store}x") + row.format(f"{store}y"))) == 2
    more = f"{store},,S-2,2026-01-01,8,CNY\n"
    found = dropped("unit_costs", head + row.format(f"{store}x") + more, "yours.csv")
    assert [said.split()[0] for said in found] == ["yours.csv", "mine.csv"], "the other row is still of mine"
    assert len(dropped("unit_costs", f"{head}{store},,S-1,2026-01-01,6,CNY\n")) == 1
    assert dropped("unit_costs", f"{head}{store},,S-2,2026-01-01,9,CNY\n", "yours.csv") == []
    goal = "store_id,metric,month,target\nALL,net_sales,2026-11-01,9\n"
    assert dropped("targets", goal) == []
    assert len(dropped("targets", f"{goal}all,net_sales,2026-11-01,9\n")) == 1
