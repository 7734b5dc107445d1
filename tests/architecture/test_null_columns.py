"""A column of the contract that nothing fills yet says so: an analyst would look for the account that lacks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

MODELS = Path(__file__).resolve().parents[2] / "dbt_project/models"
FIXED = re.compile(r"^\s*(?:false|cast\(null as .*\)) as (\w+),?$", re.MULTILINE)
COLUMNS = sorted(
    (path.stem.removeprefix("int_").removesuffix("_mart"), name)
    for path in MODELS.glob("intermediate/periods/int_*_mart.sql")
    for name in FIXED.findall(path.read_text())
)


def test_some_columns_are_the_same_in_every_row() -> None:
    assert ("after_sales", "enquiries") in COLUMNS


@pytest.mark.parametrize(("mart", "name"), COLUMNS)
def test_a_column_that_is_the_same_in_every_row_says_why(mart: str, name: str) -> None:
    described = [
        column["description"]
        for path in MODELS.glob("marts/**/*.yml")
        for model in yaml.safe_load(path.read_text()).get("models") or []
        if model["name"].startswith(f"{mart}_")
        for column in model.get("columns") or []
        if column["name"] == name
    ]
    assert described and all(re.search(r"Null: not read|in every row", said) for said in described)
