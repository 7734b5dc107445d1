"""kill -9 anywhere: real commands, a real SIGKILL, then the same command again, and nothing to tell it by.

Each kill starts from a copy of the state before its phase and ends, after the plain re-run, in the state that
an undisturbed run ends in. Where to die is drawn evenly over the statements of the code at work (prove/victim.py),
and for the build, which is a child process, over its steps and over parent and child.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract_bench import HALVES, SPOKEN, connection, has_tokens

from extractors.landing import Landing
from extractors.sandbox.credentials import RENEWED_AHEAD
from prove.conftest import Notebook, experiment, seeds
from prove.home import Home, words_of
from prove.world import World

EXPERIMENT = "kill -9: there is a bench for every platform"
READING = (
    "extractors/core,extractors/protocols,extractors/platforms,extractors/extract.py,extractors/personal.py"
)
WRITING = "extractors/landing.py,extractors/store.py"
LOADING = "warehouse,extractors/landing.py,extractors/store.py"
RENEWING = "extractors/tokens.py,extractors/core/session.py"
# Amazon takes no window that ends after its own clock, and this world's stands still.
UNTIMELY = {"amazon"}
PATIENT = {"meta", "pinduoduo", "ga4", "uc_huichuan"}  # these pretend reports take seconds to be made

VICTIM = "prove.victim"


@dataclass
class Undisturbed:
    """The state before a phase, the state behind it, and the statements the phase came to."""

    before: Home
    after: Home
    hits: list[tuple[str, int]]
    seconds: float


_known: dict[tuple[str, ...], Undisturbed] = {}


def undisturbed(before: Home, key: tuple[str, ...], words: list[str], watch: str) -> Undisturbed:
    """Run the phase once without killing it; remembered by key."""
    if key not in _known:
        after = before.twin(before.root.with_name(f"{before.root.name}-after-{len(_known)}"))
        told = after.root / "hits.json"
        began = time.monotonic()
        code, said = after.run(*words, program=VICTIM, PROVE_WATCH=watch, PROVE_HITS=str(told))
        assert code == 0, said[-3000:]
        hits = sorted(json.loads(told.read_text()).items())
        assert len(hits) > 20, "too few statements were watched to draw from"
        _known[key] = Undisturbed(before, after, hits, time.monotonic() - began)
    return _known[key]


def killed_from(known: Undisturbed, root: Path, words: list[str], watch: str, seed: int) -> tuple[Home, str]:
    """A fresh copy of the state before, in which the phase died."""
    chance = random.Random(seed)
    for attempt in range(20):
        home = known.before.twin(root / str(attempt))
        place, times = chance.choice(known.hits)
        die = f"{place}:{chance.randint(1, times)}"
        code, said = home.run(*words, program=VICTIM, PROVE_WATCH=watch, PROVE_DIE=die)
        if code == -signal.SIGKILL:
            return home, die
        assert code == 0, said[-3000:]  # a run whose threads went another way and never came there
    raise AssertionError("twenty draws and no kill")


def nothing_left_behind(home: Home) -> None:
    assert home.held_locks() == [] and home.processes() == []
    assert home.rubbish() == [], "rubbish of the killed"


def same_landing(home: Home, expected: Home) -> None:
    assert home.landed() == expected.landed()
    assert home.marks() == expected.marks() != set()
    landing = Landing(home.data / "landing")
    waiting = landing.pending()
    # Killed between a partition and its marker: the mark had not moved, so its window was read again.
    for one in landing.all():
        assert any(
            (other.account_id, other.stream) == (one.account_id, one.stream)
            and other.window_start <= one.window_start
            and one.window_end <= other.window_end
            for other in waiting
        ), f"{one.id} is landed, not waiting, and its window was not read again"


def reading(world: World, account_id: str, variant: str, watch: str) -> tuple[Undisturbed, list[str]]:
    words = ["extract", account_id]
    if variant != "valid":  # one call is enough to find a token expired
        words += ["--stream", SPOKEN[account_id.split("__")[0]].streams[0].name]
    key = (account_id, variant, watch)
    if key not in _known:
        before = world.home(f"read-{len(_known)}", (account_id,), variant)
        undisturbed(before, key, words, watch)
    return _known[key], words


def some_account(chance: random.Random, among: list[str]) -> str:
    among = [name for name in among if name.split("__")[0] not in UNTIMELY]
    quick = [name for name in among if name.split("__")[0] not in PATIENT]
    return chance.choice(quick if chance.random() < 0.95 else among)


@experiment("kill -9 while reading")
@pytest.mark.parametrize("seed", seeds(95), ids=lambda seed: f"extract-{seed}")
def test_a_read_killed_at_any_statement_and_run_again_lands_the_same(
    world: World, tmp_path: Path, seed: int, notebook: Notebook
) -> None:
    account = some_account(random.Random(seed), list(world.accounts))
    known, words = reading(world, account, "valid", READING)
    home, _ = killed_from(known, tmp_path, words, READING, seed)
    home.good(*words)
    same_landing(home, known.after)
    nothing_left_behind(home)
    notebook.add("kills")


@experiment("kill -9 while landing")
@pytest.mark.parametrize("seed", seeds(65), ids=lambda seed: f"land-{seed}")
def test_a_read_killed_while_it_lands_and_run_again_lands_the_same(
    world: World, tmp_path: Path, seed: int, notebook: Notebook
) -> None:
    account = some_account(random.Random(seed), list(world.accounts))
    known, words = reading(world, account, "valid", WRITING)
    home, _ = killed_from(known, tmp_path, words, WRITING, seed)
    home.good(*words)
    same_landing(home, known.after)
    nothing_left_behind(home)
    notebook.add("kills")


def renewable(world: World) -> list[str]:
    """Accounts whose expired token is renewed by a call."""
    platforms = {name: name.split("__")[0] for name in world.accounts}
    return [name for name, one in platforms.items() if has_tokens(one) and one not in RENEWED_AHEAD]


@experiment("kill -9 while a token is renewed")
@pytest.mark.parametrize("seed", seeds(40), ids=lambda seed: f"token-{seed}")
def test_a_token_refresh_killed_at_any_statement_loses_no_token_that_reached_the_disk(
    world: World, tmp_path: Path, seed: int, notebook: Notebook
) -> None:
    account = some_account(random.Random(seed), renewable(world))
    platform = account.split("__")[0]
    known, words = reading(world, account, "expired", RENEWING)
    known.before.connections[account] = connection(world.box.base_url, account, "expired")
    desk = world.box.sandbox.desks[platform].tokens
    assert desk is not None
    spent = desk.refreshes
    home, _ = killed_from(known, tmp_path, words, RENEWING, seed)
    kept = home.data / "tokens" / f"{account}.json"
    if desk.rotates and desk.refreshes > spent and not kept.exists():
        # Between the vendor's answer and the disk: the vendor took the old refresh token back, and nobody
        # has the new one. No client can mend that; it has to say so, and a new authorisation has to do.
        code, said = home.run(*words)
        assert code == 1 and account in said and "authorise" in said, said
        home.connections = {account: connection(world.box.base_url, account)}
        notebook.add("of those between a vendor's answer and the disk, told to authorise again")
    home.good(*words)
    same_landing(home, known.after)
    nothing_left_behind(home)
    if kept.exists():
        assert kept.stat().st_mode & 0o777 == 0o600
    assert not list(home.data.glob("tokens/*.tmp")), "a half-written token"
    notebook.add("kills")


@pytest.fixture(scope="module")
def landed(world: World) -> Home:
    """Every platform landed and nothing loaded."""
    quick = [one for one in world.accounts if one.split("__")[0] not in PATIENT | UNTIMELY]
    home = world.home("landed", quick)
    home.good("extract")
    return home


@experiment("kill -9 while loading")
@pytest.mark.parametrize("seed", seeds(60), ids=lambda seed: f"load-{seed}")
def test_a_load_killed_at_any_statement_and_run_again_gives_the_same_raw(
    landed: Home, tmp_path: Path, seed: int, notebook: Notebook
) -> None:
    known = undisturbed(landed, ("load",), ["load"], LOADING)
    home, _ = killed_from(known, tmp_path, ["load"], LOADING, seed)
    home.good("load")
    assert home.raw() == known.after.raw()
    assert Landing(home.data / "landing").pending() == []
    nothing_left_behind(home)
    notebook.add("kills")


def is_done(line: str) -> bool:
    """Whether a line of a build says that a node is done."""
    return re.search(r"\d+ of \d+ (OK|PASS)", line) is not None


@pytest.fixture(scope="module")
def build_steps(world: World, warm: tuple[Home, Home]) -> int:
    """How many nodes an undisturbed build tells of."""
    home = warm[0].twin(world.clear_stage())
    return sum(map(is_done, home.good("build").splitlines()))


@experiment("kill -9 while building")
@pytest.mark.parametrize("seed", seeds(20), ids=lambda seed: f"build-{seed}")
def test_a_build_killed_at_any_moment_and_run_again_gives_the_same_marts(
    world: World, warm: tuple[Home, Home], build_steps: int, seed: int, notebook: Notebook
) -> None:
    chance = random.Random(seed)
    loaded, expected = warm
    home = loaded.twin(world.clear_stage())
    process = home.start("build")
    wanted = chance.randrange(build_steps)
    while wanted and (line := process.stdout.readline()):
        wanted -= is_done(line)
    time.sleep(chance.random())
    # Python's own helper of dbt, which only tidies up, may die without anybody minding.
    others = [
        pid for pid in home.processes() if pid != process.pid and "resource_tracker" not in words_of(pid)
    ]
    victim = chance.choice(others) if others and chance.random() < 0.4 else process.pid
    os.kill(victim, signal.SIGKILL)
    said, _ = process.communicate()
    assert process.returncode != 0, "it was over before it could be killed"
    if victim != process.pid:
        assert "exit status" in said or "✗" in said, said  # dbt died under it: it says so
    home.wait_for_quiet()
    code, _ = home.run("publish")
    assert code != 0, "a build that was killed must not be published"
    home.good("build")
    assert home.raw() == expected.raw() and home.marts() == expected.marts()
    nothing_left_behind(home)
    notebook.add("kills")


@pytest.fixture(scope="module")
def shelved(warm: tuple[Home, Home]) -> Home:
    """One release out, and a build that is to be the next."""
    home = warm[1].twin(warm[1].root.with_name("shelved"))
    home.good("publish")
    return home


@experiment("kill -9 while publishing")
@pytest.mark.parametrize("seed", seeds(50), ids=lambda seed: f"publish-{seed}")
def test_a_publish_killed_at_any_statement_leaves_the_last_snapshot_and_then_gives_the_same(
    shelved: Home, tmp_path: Path, seed: int, notebook: Notebook
) -> None:
    known = undisturbed(shelved, ("publish",), ["publish"], "warehouse,extractors/store.py")
    home, _ = killed_from(known, tmp_path, ["publish"], "warehouse,extractors/store.py", seed)
    assert home.published() == shelved.published(), "readers saw something else after the kill"
    home.good("publish")
    assert home.published() == known.after.published() and home.marts() == known.after.marts()
    nothing_left_behind(home)
    notebook.add("kills")


def test_there_is_a_bench_for_every_platform(world: World) -> None:
    assert set(HALVES) <= {one.split("__")[0] for one in world.accounts} | {"files"}
