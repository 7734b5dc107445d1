"""Settings of dbt that repeat a fact of a platform agree with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yml

from extractors.registry import platforms

PROJECT = yml.read(Path(__file__).resolve().parents[2] / "dbt_project" / "dbt_project.yml")
SETTINGS = PROJECT["vars"]
ADS = [name for name, kinds in SETTINGS["platforms"].items() if "ads" in kinds and name in platforms()]


@pytest.mark.parametrize("name", ADS)
def test_an_ad_day_is_final_while_it_is_still_read(name: str) -> None:
    """A day that no night reads again at the age of being final never is: what it will come to stays unknown."""
    final = SETTINGS["ad_matures_after_days"]
    reports = [s for s in platforms()[name].streams if s.period == "day" and "report" in s.name]
    assert reports and final.get(name, final["default"]) <= min(s.lookback_days for s in reports)
