"""docs/traps.md: each trap once, and every test it names is there and runs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d+ \|", line)
]
HELD_BY = {int(row[0]): re.findall(r"`([^`]+)`", row[3]) for row in ROWS}
# Staging has its own world and build (tests/staging), which asserts that every unit test of it passed.
STAGING = "models/staging"


@pytest.fixture(scope="module")
def nodes(built: Any) -> dict[str, tuple[str, str]]:
    """Unit and singular tests of the project: name → (unique id, the file it is in)."""
    manifest = json.loads((built.target_dir / "manifest.json").read_text())
    found = [*manifest["unit_tests"].items()] + [
        (key, node) for key, node in manifest["nodes"].items() if node["resource_type"] == "test"
    ]
    return {node["name"]: (key, node["original_file_path"]) for key, node in found}


def test_all_63_traps_are_listed_once() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 64))
    assert all(len(row) == 4 and all(row) for row in ROWS)


@pytest.mark.parametrize("trap", HELD_BY)
def test_each_test_of_a_trap_is_there_and_passed(trap: int, nodes: Any, built: Any) -> None:
    assert HELD_BY[trap]
    for name in HELD_BY[trap]:
        path, _, function = name.partition("::")
        if function:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name
        else:
            assert name in nodes, f"no dbt test is called {name}"
            unique_id, file = nodes[name]
            assert STAGING in file or built.statuses.get(unique_id) == "pass", name
            assert len(name.split("_")) >= 4, "a name is a sentence"
