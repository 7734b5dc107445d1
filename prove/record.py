"""What the experiments and benchmarks found, kept in one file each, and the pages that show it.

docs/results/<page>.json   one entry an experiment, rewritten when it runs
docs/<page>.md             its table between two marks is written from that file
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results: written by the command -->", "<!-- end of results -->"


def note(page: str, name: str, entry: dict[str, Any]) -> None:
    """Put an entry in place of the last one of that name, with the day and the commit, and rewrite the page.

    An entry with `share` (of the full counts) stands until a run of the same share or a larger one.
    """
    path = ROOT / "docs" / "results" / f"{page}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if known.get(name, {"share": 0.0}).get("share", 1.0) > entry.get("share", 1.0):
        return
    known[name] = {**entry, "on": f"{datetime.now(UTC):%Y-%m-%d}", "commit": _commit()}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(sorted(known.items())), ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    refresh(page)


def refresh(page: str) -> None:
    """Write the page's table anew from its results."""
    path = ROOT / "docs" / f"{page}.md"
    if path.exists():
        path.write_text(rendered(page, path.read_text(encoding="utf-8")), encoding="utf-8")


def rendered(page: str, text: str) -> str:
    """The page's text with the table its results file says."""
    path = ROOT / "docs" / "results" / f"{page}.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    return f"{head}{BEGIN}\n{table(results)}\n{END}{tail}"


def table(results: dict[str, Any]) -> str:
    """The results as one Markdown table."""
    if not results:
        return "Nothing has been run yet."
    lines = ["| experiment | found | seed | took | on, at commit |", "|---|---|---|---|---|"]
    for name, entry in results.items():
        found = "; ".join(f"{key} **{_shown(value)}**" for key, value in entry["found"].items())
        so_far = f" (so far at {entry['share']:.0%} of the full counts)" if "share" in entry else ""
        cells = [f"{name}{so_far}", found, entry.get("seed", "–"), _duration(entry.get("seconds"))]
        lines.append(
            "| " + " | ".join(str(cell) for cell in cells) + f" | {entry['on']}, {entry['commit']} |"
        )
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
