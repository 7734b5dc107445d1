"""A separate Daybook installation for experiments: runs its commands as real processes and compares results."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import zstandard

from extractors.credentials import variable
from extractors.landing import Landing
from prove.record import ROOT

# When a row was read or loaded, and by which run, differs between two runs that are equal.
OF_THE_RUN = {"load_id", "loaded_at", "read_at", "window_start", "window_end", "as_of_date", "cursor_at"}
OF_THE_RELEASE = {"changed_at", "release_id", "reported_at"}


def words_of(pid: int) -> str:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@dataclass
class Home:
    """The folder `root` holds data/; accounts is the text of accounts.yml; connections go by environment."""

    root: Path
    accounts: str
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "accounts.yml").write_text(self.accounts, encoding="utf-8")

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def env(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "DAYBOOK"))}
        given = {variable(name): json.dumps(found) for name, found in self.connections.items()}
        own = {
            "DAYBOOK_DATA": str(self.data),
            "DAYBOOK_ACCOUNTS": str(self.root / "accounts.yml"),
            "DAYBOOK_AIRFLOW_HOME": str(self.root / "airflow"),
            "DAYBOOK_HASH_KEY": "the key of this experiment",
        }
        return {**clean, **given, **own}

    def twin(self, root: Path) -> Home:
        """A copy of everything, elsewhere."""
        if self.data.exists():
            shutil.copytree(self.data, root / "data", symlinks=True)
        return Home(root, self.accounts, self.connections)

    def start(
        self, *words: str, program: str = "daybook", before: Callable[[], None] | None = None, **more: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", program, *words],
            cwd=ROOT,
            env={**self.env, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=before,
        )

    def run(
        self, *words: str, program: str = "daybook", before: Callable[[], None] | None = None, **more: str
    ) -> tuple[int, str]:
        """Exit status and everything said. before: run in the child ahead of the command."""
        process = self.start(*words, program=program, before=before, **more)
        said, _ = process.communicate()
        return process.returncode, said

    def good(self, *words: str, **more: str) -> str:
        """`run` for a command that must succeed."""
        code, said = self.run(*words, **more)
        assert code == 0, f"daybook {' '.join(words)} ended with {code}:\n{said[-3000:]}"
        return said

    # ---- what is left of a run -----------------------------------------------------------------------
    def processes(self) -> list[int]:
        """Living processes that work on this home, and their children: one that writes itself a title (Airflow's
        API server) writes it over its environment."""
        mark = f"DAYBOOK_DATA={self.data}".encode()
        found, parent_of = set(), {}
        for entry in Path("/proc").iterdir():
            try:
                if not entry.name.isdecimal():
                    continue
                parent_of[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
            except OSError:
                continue
        while more := {pid for pid, parent in parent_of.items() if parent in found} - found:
            found |= more
        return sorted(found)

    def wait_for_quiet(self, seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while self.processes():
            assert time.monotonic() < deadline, f"still alive: {self.processes()}"
            time.sleep(0.02)

    def held_locks(self) -> list[Path]:
        """Lock files that somebody holds."""
        held = []
        for path in self.data.rglob("*.lock"):
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    held.append(path)
        return held

    def rubbish(self) -> list[Path]:
        """Half-written files, which a later run must remove."""
        scratch = [*self.data.glob("landing/.tmp/*"), *self.data.glob("published/releases/.tmp/*")]
        drafts = [p for p in self.data.rglob(".*") if p.is_file() and p.parent.name == "releases"]
        return [*scratch, *drafts, *self.data.glob("build/*.wal")]

    # ---- what may be compared ------------------------------------------------------------------------
    def landed(self) -> dict[str, list[bytes]]:
        """The distinct lines of every account's stream, each partition held to its manifest."""
        found: dict[str, set[bytes]] = {}
        for manifest in Landing(self.data / "landing").all():
            lines = [line for path in manifest.paths for line in unpacked(Path(path)).splitlines()]
            assert len(lines) == manifest.rows, f"{manifest.id} is not what its manifest says"
            found.setdefault(f"{manifest.account_id}/{manifest.stream}", set()).update(lines)
        return {name: sorted(lines) for name, lines in found.items()}

    def marks(self) -> set[str]:
        """Streams that count as read."""
        landing = self.data / "landing"
        return {path.parent.relative_to(landing).as_posix() for path in landing.rglob("mark.json")}

    def raw(self) -> dict[str, Counter[tuple[Any, ...]]]:
        """Every raw table's rows, without when they were read and by which load."""
        return contents(self.data / "build" / "warehouse.duckdb", "raw_%", skip=("raw_daybook",))

    def marts(self) -> dict[str, tuple[int, int]]:
        """A fingerprint of every table that dbt built."""
        return fingerprints(self.data / "build" / "daybook.duckdb")

    def published(self, skip: Collection[str] = ()) -> dict[str, tuple[int, int]]:
        """The same of what readers open, without columns to skip; the Parquet beside it has to have the same rows."""
        current = self.data / "published" / "current"
        found = fingerprints(current / "daybook.duckdb", skip)
        with duckdb.connect() as con:
            for table, (rows, _) in found.items():
                path = current / "parquet" / f"{table.split('.')[1]}.parquet"
                assert con.execute(f"select count(*) from '{path}'").fetchone() == (rows,), path
        return found


def unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def _columns(con: duckdb.DuckDBPyConnection, like: str, skip: Sequence[str] = ()) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for schema, table, column in con.execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "join information_schema.tables using (table_schema, table_name) "
        "where table_schema like ? and table_type = 'BASE TABLE' order by all",
        [like],
    ).fetchall():
        if schema not in skip:
            names = tables.setdefault(f"{schema}.{table}", [])
            if column not in OF_THE_RUN | OF_THE_RELEASE:
                names.append(f'"{column}"')
    return tables


def contents(path: Path, schemas: str, skip: Sequence[str] = ()) -> dict[str, Counter[tuple[Any, ...]]]:
    """Table → its rows with the number of times that each occurs, for all tables of these schemas."""
    with duckdb.connect(str(path), read_only=True) as con:
        return {
            table: Counter(con.execute(f"select {', '.join(columns)} from {table}").fetchall())
            for table, columns in _columns(con, schemas, skip).items()
        }


def fingerprints(path: Path, skip: Collection[str] = ()) -> dict[str, tuple[int, int]]:
    """Rows and a sum of the rows' hashes of every table of schema marts, whatever their order."""
    with duckdb.connect(str(path), read_only=True) as con:
        found = {}
        for table, columns in _columns(con, "marts").items():
            compared = [column for column in columns if column.strip('"') not in skip]
            row = con.execute(
                f"select count(*), coalesce(sum(hash({', '.join(compared)})::hugeint), 0) from {table}"
            ).fetchone()
            assert row is not None
            found[table] = (int(row[0]), int(row[1]))
        assert found, f"{path} holds no marts"
        return found


def accounts_text(accounts: Sequence[Any], start: date) -> str:
    """accounts.yml for these accounts, read from `start` on whichever night comes first."""
    lines = ["accounts:"]
    for account in accounts:
        lines.append(
            f"  - {{id: {account.id}, name: {account.id}, store: {account.id}, "
            f"time_zone: {account.time_zone}, currency: {account.currency}, start: {start}, "
            f"options: {json.dumps(dict(account.options))}}}"
        )
    return "\n".join(lines) + "\n"
