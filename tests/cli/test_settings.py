"""Every environment variable is known to the doctor, and said to people."""

from __future__ import annotations

import re
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from daybook.doctor import machine
from daybook.engine import home
from daybook.settings import Settings
from extractors import durable
from extractors.errors import ConfigError

READERS = ("daybook", "dags", "extractors", "warehouse", "dbt_project")
OURS_TO_CHILDREN = {"DAYBOOK_PLATFORMS", "DAYBOOK_ONE_NIGHT"}  # set by one of our processes for another
Usage = namedtuple("Usage", "total used free")


def read_by_the_code(root: Path) -> set[str]:
    files = [
        path
        for folder in READERS
        for path in (root / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".yml"} and "target" not in path.parts
    ]
    return {name for path in files for name in re.findall(r"DAYBOOK_[A-Z_]+[A-Z]", path.read_text())}


def test_the_doctor_knows_every_variable_that_is_read(project_root: Path) -> None:
    assert read_by_the_code(project_root) - OURS_TO_CHILDREN == set(machine.VARIABLES)


@pytest.mark.parametrize("name", machine.VARIABLES)
def test_the_page_for_operators_says_what_a_variable_is_for(project_root: Path, name: str) -> None:
    page = (project_root / "docs" / "operations.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| .*`{name}`.* \| .+ \| .+ \|$", page, re.M)


@pytest.mark.parametrize(
    ("built", "free", "level"),
    [(0, 6 << 30, "ok"), (0, 4 << 30, "warn"), (0, 1 << 20, "bad"), (4 << 30, 7 << 30, "warn")],
)
def test_the_room_that_is_wished_for_grows_with_what_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: int, free: int, level: str
) -> None:
    settings = Settings(tmp_path, tmp_path, tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path)
    settings.build.mkdir()
    with settings.warehouse.open("wb") as file:
        file.truncate(built)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(free * 2, free, free))
    (found,) = machine.room(settings)
    assert found.level == level
    assert (found.advice is None) == (level == "ok")


def test_a_key_made_once_is_on_the_disk_before_it_hides_a_buyer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(durable, "fsync", flushed.append)
    monkeypatch.delenv("DAYBOOK_HASH_KEY", raising=False)
    monkeypatch.setenv("DAYBOOK_DATA", str(tmp_path / "data"))
    key = Settings.from_environment().hash_key()
    assert flushed == [tmp_path / "data" / "keys", tmp_path / "data"]
    assert Settings.from_environment().hash_key() == key and len(flushed) == 2


def test_a_password_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYBOOK_AIRFLOW_HOME", str(tmp_path))
    home.prepare_home(Settings.from_environment())
    (tmp_path / "passwords.json").write_text("")
    with pytest.raises(ConfigError, match=r"passwords\.json holds no password of admin"):
        home.password(Settings.from_environment())
