"""docs/platforms.md says what each platform is made of, and is not far from the truth."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEND = "run `make platforms` and commit docs/platforms.md"


def counter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("platforms_table", ROOT / "docs" / "platforms.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["platforms_table"] = module
    spec.loader.exec_module(module)
    return module


COUNTER = counter()
TRUE = {row.name: row for row in COUNTER.rows()}
WRITTEN = {
    found.group(1): [part.strip() for part in found.group(2).split("|")]
    for found in re.finditer(r"^\| `(\w+)` \| (.*) \|$", COUNTER.TARGET.read_text(encoding="utf-8"), re.M)
}


def test_every_platform_has_its_row() -> None:
    assert len(TRUE) > 20 and list(WRITTEN) == list(TRUE), MEND


@pytest.mark.parametrize("name", [name for name in TRUE if name in WRITTEN])
def test_a_row_tells_family_streams_and_about_how_much_there_is(name: str) -> None:
    family, streams, *parts = WRITTEN[name]
    assert (family, tuple(streams.split(", "))) == (TRUE[name].family, TRUE[name].streams), MEND
    assert len(parts) == len(TRUE[name].parts)
    for written, (files, lines) in zip(parts, TRUE[name].parts, strict=True):
        said = [int(number) for number in written.split(" / ")] if written != "–" else [0, 0]
        # A line more is no reason to touch the page; a third more, or another file, is.
        assert abs(said[0] - files) <= 1 and abs(said[1] - lines) <= max(60, lines // 3), f"{name}: {MEND}"


def test_the_readme_tells_about_how_many_lines_a_platform_takes() -> None:
    told = re.findall(r"^\| `([^`]+)` \| (\d+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    files = {name: int(lines) for name, lines in told if name.startswith("extractors/platforms/")}
    assert len(files) == 4
    for name, lines in files.items():
        assert abs(lines - len((ROOT / name).read_text(encoding="utf-8").splitlines())) <= 5, name


@pytest.mark.parametrize(
    "folder", ["dags", "warehouse", "dbt_project/models/intermediate", "dbt_project/models/marts"]
)
def test_nothing_behind_staging_and_no_dag_names_a_platform(folder: str) -> None:
    # A vendor's name that is also a word of the trade (`meta`, `files`) proves nothing.
    names = re.compile(r"\b(" + "|".join(name for name in TRUE if name not in ("files", "meta")) + r")\b")
    looked_at = [p for p in sorted((ROOT / folder).rglob("*")) if p.suffix in (".py", ".sql")]
    assert looked_at
    for path in looked_at:
        text = re.sub(r"\{#.*?#\}|--[^\n]*|#[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
        found = names.search(text)
        assert not found, f"{path} names {found.group(0)}"
