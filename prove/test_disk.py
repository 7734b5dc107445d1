"""A full disk, a read-only one and folders without rights: a clear error, readers keep theirs, then on as if nothing was."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from prove.conftest import Notebook
from prove.home import Home
from prove.world import BUILT, World

EXPERIMENT = "full disk, read-only disk, no rights"
MEGABYTES = 700
PHASES = ("extract", "load", "build", "publish")


@dataclass
class Disk:
    """A small disk of its own (tmpfs). Where mounting is not allowed, files are limited in size instead."""

    path: Path
    is_mounted: bool

    def fill(self, left: int) -> Callable[[], None] | None:
        """Leave so many bytes free; gives what a child has to do first, if anything."""
        if not self.is_mounted:
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (left, left))
        with (self.path / "ballast").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(self.path).free - left))
        return None

    def empty(self) -> None:
        (self.path / "ballast").unlink(missing_ok=True)

    def read_only(self, on: bool) -> None:
        subprocess.run(["mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.path)], check=True)


@pytest.fixture
def disk(world: World) -> Iterator[Disk]:
    path = world.clear_stage().parent
    path.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "prove", str(path)]
    is_mounted = subprocess.run(words, capture_output=True).returncode == 0
    yield Disk(path, is_mounted)
    if is_mounted:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture(scope="module")
def states(warm: tuple[Home, Home], world: World) -> dict[str, tuple[Home, Home]]:
    """Phase → the state before it and behind it, each with a release out."""
    loaded, built = warm
    unread = world.home("unread", BUILT)
    read = unread.twin(world.folder / "read")
    read.good("extract")
    out = built.twin(world.folder / "out")
    out.good("publish")
    for home in (unread, read, loaded, built):
        if not (home.data / "published").exists():
            shutil.copytree(out.data / "published", home.data / "published", symlinks=True)
    after = built.twin(world.folder / "after")
    after.good("publish")
    return {
        "extract": (unread, read),
        "load": (read, loaded),
        "build": (loaded, built),
        "publish": (built, after),
    }


def compared(phase: str, home: Home) -> object:
    """What the phase makes."""
    if phase == "extract":
        return home.landed()
    return {"load": home.raw, "build": home.marts, "publish": home.published}[phase]()


def assert_clear(code: int, said: str) -> None:
    assert code not in (0, None) and code > 0, f"no error: {said[-500:]}"
    assert "a bug in Daybook" not in said, said[-3000:]
    # dbt's own lines are passed on as they come; what we say at the end has to be clear.
    verdict = said[said.rfind("✗") :]
    assert "✗" in verdict and "Traceback" not in verdict, said[-3000:]
    assert "→" in verdict, f"it does not say what to do: {said[-1500:]}"


def troubled(
    phase: str, states: dict[str, tuple[Home, Home]], place: Path, spoil: Callable[[Home], Callable[[], None] | None],
    mend: Callable[[Home], None],
) -> None:  # fmt: skip
    before, after = states[phase]
    home = before.twin(place / "home")
    shown = home.published()
    first = spoil(home)
    try:
        code, said = home.run(phase, before=first)
        assert_clear(code, said)
        assert home.published() == shown, "readers lost what they had"
    finally:
        mend(home)
    home.good(phase)
    assert compared(phase, home) == compared(phase, after)
    assert home.held_locks() == []


# What the phase needs more than this, and the disk has no more.
LEFT = {"extract": 8_192, "load": 300_000, "build": 500_000, "publish": 2_000_000}


@pytest.mark.parametrize("phase", PHASES)
def test_a_full_disk_is_told_and_work_goes_on_when_there_is_room(
    phase: str, states: dict[str, tuple[Home, Home]], disk: Disk, notebook: Notebook
) -> None:
    troubled(phase, states, disk.path, lambda home: disk.fill(LEFT[phase]), lambda home: disk.empty())
    notebook.add("phases on a full disk")
    notebook.say("made by", "a tmpfs mount" if disk.is_mounted else "RLIMIT_FSIZE")


@pytest.mark.parametrize("phase", PHASES)
def test_a_read_only_disk_is_told(
    phase: str, states: dict[str, tuple[Home, Home]], disk: Disk, notebook: Notebook
) -> None:
    assert disk.is_mounted, "a read-only disk needs the right to mount one: run as root"

    def spoil(home: Home) -> None:
        disk.read_only(True)

    troubled(phase, states, disk.path, spoil, lambda home: disk.read_only(False))
    notebook.add("phases on a read-only disk")


def as_one_who_obeys_rights() -> None:
    """Drop the capabilities with which root ignores file permissions, so that a folder's mode stops root, too."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: for what is started from here


FOLDERS = {"extract": "landing", "load": "build", "build": "build", "publish": "published"}


@pytest.mark.parametrize("phase", PHASES)
def test_a_folder_without_rights_is_told(
    phase: str, states: dict[str, tuple[Home, Home]], world: World, notebook: Notebook
) -> None:
    def spoil(home: Home) -> Callable[[], None]:
        top = home.data / FOLDERS[phase]
        top.mkdir(exist_ok=True)
        for path in [top, *top.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o500 if path.is_dir() else 0o400)
        return as_one_who_obeys_rights

    def mend(home: Home) -> None:
        top = home.data / FOLDERS[phase]
        for path in [top, *top.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o700 if path.is_dir() else 0o600)

    troubled(phase, states, world.clear_stage().parent, spoil, mend)
    notebook.add("phases in a folder without rights")
