"""Counts what each platform is made of and writes docs/platforms.md. Run it as `make platforms`.

The table is in the repository so that it can be read; tests/architecture/test_platforms_table.py recounts.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_type_hints

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from extractors.core.model import Platform  # noqa: E402  the path is set above
from extractors.registry import platforms  # noqa: E402

TARGET = Path(__file__).with_suffix(".md")
WORDS = (".md", ".json", ".yml")
HEAD = """# What each platform is made of

Files / lines, counted by `make platforms`. A platform is one folder below `extractors/platforms/` (client:
facts in Python; sandbox: a second reading of the vendor's document; documents: README, answers, meanings),
one below `dbt_project/models/staging/` (SQL, and the yml that describes and tests it) and one line of
`dbt_project.yml`. How it talks is a family below `extractors/protocols/`, shared. Nothing else names a
platform; tests hold that.

| platform | family | streams | client | sandbox | documents | staging SQL | staging yml |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One platform: how it talks, what it gives, and (files, lines) of each of its parts."""

    name: str
    family: str
    streams: tuple[str, ...]
    parts: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        counts = " | ".join(f"{files} / {lines}" if files else "–" for files, lines in self.parts)
        return f"| `{self.name}` | {self.family} | {', '.join(self.streams)} | {counts} |"


def count(paths: list[Path]) -> tuple[int, int]:
    """(files, lines) of these files."""
    return len(paths), sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def family_of(platform: Platform) -> str:
    """The family that its speaker is of, or comes from; `own` where it has none."""
    make = platform.protocol
    if make is None:
        return "–"
    speaker = make.func if isinstance(make, partial) else make
    if not isinstance(speaker, type):
        speaker = get_type_hints(speaker).get("return", object)
    modules = [parent.__module__ for parent in speaker.__mro__]
    found = [module.rsplit(".", 1)[1] for module in modules if module.startswith("extractors.protocols.")]
    return f"`{found[0]}`" if found else "own"


def rows() -> list[Row]:
    """A row for every registered platform, in the order of their names."""
    found = []
    for name, platform in platforms().items():
        folder = ROOT / "extractors" / "platforms" / name
        staging = ROOT / "dbt_project" / "models" / "staging" / name
        code = sorted(folder.rglob("*.py"))
        half = [path for path in code if path.relative_to(folder).parts[0] in ("sandbox", "sandbox.py")]
        documents = [path for path in sorted(folder.iterdir()) if path.suffix in WORDS]
        parts = (
            count([path for path in code if path not in half]),
            count(half),
            count(documents),
            count(sorted(staging.rglob("*.sql"))),
            count(sorted(staging.rglob("*.yml"))),
        )
        found.append(Row(name, family_of(platform), platform.stream_names, parts))
    return found


def render(all_rows: list[Row]) -> str:
    """The page."""
    columns = zip(*(row.parts for row in all_rows), strict=True)
    sums = [(sum(files for files, _ in column), sum(lines for _, lines in column)) for column in columns]
    total = " | ".join(f"{files:,} / {lines:,}" for files, lines in sums)
    streams = sum(len(row.streams) for row in all_rows)
    last = f"| **{len(all_rows)} platforms** | | {streams} streams | {total} |"
    return HEAD + "\n".join([*map(str, all_rows), last]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(rows()), encoding="utf-8")
