"""Which level of the ads a report tells (var ad_reports), held to the staging models that read the reports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yml

from extractors.registry import platforms

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MODELS = sorted((PROJECT / "models" / "staging").glob("*/stg_*__ads.sql"))
REPORTS = yml.read(PROJECT / "dbt_project.yml")["vars"]["ad_reports"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.parent.name)
def test_each_report_of_ads_is_known_by_the_level_that_its_platform_tells_in_it(model: Path) -> None:
    platform = model.parent.name
    known = REPORTS["default"] | REPORTS.get(platform, {})
    read = re.findall(r"level='(\w+)',\s+base='base_\w+?__(\w+)'(.*?)\)", model.read_text(), re.DOTALL)
    levels = {report: level for level, report, rest in read if "is_summed" not in rest}
    levels |= {report: level for level, report, _ in read if report not in levels}  # told in one sum alone
    assert levels and {report: known.get(report) for report in levels} == levels
    streams = {stream.name for stream in platforms()[platform].streams if stream.name.endswith("_report")}
    assert streams == set(levels)
