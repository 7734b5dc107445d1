"""The walls of the house, with an empty baseline: nobody is excused."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = sorted(
    p.name for p in (ROOT / "extractors" / "platforms").iterdir() if (p / "__init__.py").exists()
)
ENGINES = {"airflow", "duckdb", "dbt"}


@cache
def imports_of(path: Path) -> set[str]:
    """Every module a file imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = path.relative_to(ROOT).parts[: -node.level]
                base = ".".join([*package, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def files(folder: str, pattern: str = "**/*.py") -> list[Path]:
    found = sorted((ROOT / folder).glob(pattern))
    assert found, f"no file below {folder}: the test would prove nothing"
    return found


def below(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def test_extractors_import_neither_scheduler_nor_database_nor_rooms_behind_them() -> None:
    for path in files("extractors"):
        for module in imports_of(path):
            assert not below(module, *ENGINES, "warehouse", "daybook", "dags"), f"{path} imports {module}"


def test_a_sandbox_shares_no_code_with_the_clients_it_judges() -> None:
    allowed = ("extractors.sandbox", "extractors.platforms")
    halves = [
        *files("extractors/platforms", "*/sandbox*.py"),
        *files("extractors/platforms", "*/sandbox/**/*.py"),
    ]
    for path in [*files("extractors/sandbox"), *halves]:
        for module in imports_of(path):
            if below(module, "extractors"):
                mine = module == "extractors" or below(module, "extractors.sandbox")
                half = re.match(r"extractors\.platforms\.\w+\.sandbox", module)
                assert mine or half or module in allowed, f"{path} imports {module}"


def test_clients_do_not_import_the_sandbox() -> None:
    for path in files("extractors"):
        if "sandbox" in path.relative_to(ROOT).as_posix():
            continue
        for module in imports_of(path):
            assert "sandbox" not in module, f"{path} imports {module}"


def test_dags_speak_no_http_no_database_and_no_sql() -> None:
    sql = re.compile(r"\b(select|insert|delete|update)\b.{1,80}\b(from|into|set)\b", re.I | re.S)
    for path in files("dags"):
        for module in imports_of(path):
            assert not below(module, "requests", "duckdb", "dbt"), f"{path} imports {module}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(
                    r"\s*(select|insert|delete|update|with|create)\s", node.value, re.I
                ) or not (sql.search(node.value)), f"{path} holds SQL: {node.value[:60]!r}"


def test_only_the_warehouse_opens_the_database() -> None:
    for folder in ("extractors", "dags", "daybook"):
        for path in files(folder):
            assert not any(below(module, "duckdb") for module in imports_of(path)), f"{path} opens DuckDB"


@pytest.mark.parametrize("folder", ["extractors/protocols", "extractors/core"])
def test_a_family_and_the_core_never_name_a_platform(folder: str) -> None:
    names = re.compile(r"\b(" + "|".join(name for name in PLATFORMS if name != "files") + r")\b")
    for path in files(folder):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for module in imports_of(path):
            assert not below(module, "extractors.platforms"), f"{path} imports {module}"
        documentation = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in documentation
            ):
                assert not names.search(node.value.lower()), f"{path} names a platform: {node.value!r}"


def test_a_platform_computes_no_signature() -> None:
    for name in PLATFORMS:
        for module in imports_of(ROOT / "extractors" / "platforms" / name / "__init__.py"):
            assert not below(module, "hashlib", "hmac", "base64"), f"{name} imports {module}"


def test_marts_read_neither_staging_nor_sources() -> None:
    for path in files("dbt_project/models/marts", "**/*.sql"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bsource\s*\(", text), f"{path} reads a source"
        assert not re.search(r"ref\(\s*['\"](stg_|base_)", text), f"{path} reads staging"


def test_models_stay_on_portable_sql() -> None:
    banned = re.compile(r"\b(qualify|exclude|unnest|strftime)\b|::|->>", re.I)
    for path in files("dbt_project/models", "**/*.sql"):
        text = re.sub(r"\{#.*?#\}|--[^\n]*|'[^']*'", "", path.read_text(encoding="utf-8"), flags=re.S)
        found = banned.search(text)
        assert not found, f"{path} uses {found.group(0)!r}: put it behind a macro in macros/engine.sql"


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+)/")
    for folder in ("extractors", "warehouse", "daybook", "dags", "dbt_project/models", "dbt_project/macros"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".sql", ".yml", ".md", ".json"}:
                found = pattern.search(path.read_text(encoding="utf-8"))
                assert not found, f"{path} holds {found.group(0)}"
