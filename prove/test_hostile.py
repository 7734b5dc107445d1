"""A storm over every stream of every platform: complete and correct, or loud with what landed kept. Never short."""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from contract_bench import (
    ACCOUNTS,
    BUSY_DAY,
    BUSY_NOW,
    ENOUGH,
    FIRST_DAY,
    SPOKEN,
    STREAMS,
    TESTED,
    Bench,
    a_few_records,
    account_of,
    connection,
    has_tokens,
    keys_of,
)

from extractors.core.model import Read, Stream
from extractors.core.paging import NextToken, OnePage
from extractors.core.window import Window, days_window
from extractors.credentials import Credentials
from extractors.errors import AuthError, DaybookError, ExtractErrors
from extractors.sandbox import Running, running
from extractors.sandbox.control import FAULT_KINDS, Fault, Touch
from extractors.sandbox.credentials import RENEWED_AHEAD
from prove.conftest import SEED, Notebook, count
from prove.storm import CONTENT, KINDS, Layer, Storm, Strike

EXPERIMENT = "hostile platforms"
MUTATED = 10_000
PER_RUN = 3
# Every stream in a short window, and in a long one where that is read another way (Shopify, in bulk).
CASES = [
    *(pytest.param(*case.values, False, id=case.id) for case in STREAMS),
    *(
        pytest.param(name, stream.name, True, id=f"{name}-{stream.name}-long")
        for name in TESTED
        for stream in SPOKEN[name].streams
        if stream.long_from is not None
    ),
]
PLAIN_FILES = {"uc_huichuan"}
EMPTYING = ("list_emptied", "list_gone", "hollow")
MEET_AN_ANSWER = 0.5  # the others are drawn for answers that a short read has not
RUNS = round(count(MUTATED) / (len(CASES) * PER_RUN * MEET_AN_ANSWER)) + 1


@pytest.fixture(scope="module")
def weather() -> Iterator[tuple[Running, Storm]]:
    storm = Storm()
    with running(first_day=FIRST_DAY, now=BUSY_NOW) as box:
        box.sandbox.app.add_middleware(Layer, storm=storm)
        yield box, storm


@pytest.fixture(autouse=True)
def no_disk_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@dataclass
class Field:
    """One stream under the weather: what a calm read of it comes to, in small pages."""

    box: Running
    storm: Storm
    folder: Path
    platform: str
    name: str
    stream: Stream | None = None
    window: Window | None = None
    rows: Counter[bytes] = field(default_factory=Counter)
    calls: int = 0
    made: int = 0

    def bench(self, variant: str = "valid") -> Bench:
        self.made += 1
        self.box.sandbox.reset()
        self.box.control.set_clock(BUSY_NOW)
        account_id = ACCOUNTS[self.platform][0]
        given = connection(self.box.base_url, account_id, variant)
        facts = SPOKEN[self.platform]
        on = Bench(
            self.box,
            facts,
            self.stream or facts.stream(self.name),
            account_of(facts, account_id, given),
            Credentials(given["host"], given["login"], given["password"], given["extra"]),
            self.folder / str(self.made),
        )
        return on

    def survey(self, *, is_long: bool) -> None:
        on = self.bench()
        self.window = a_long_one(on) if is_long else a_few_records(on, BUSY_DAY)
        on.in_pages(3, sum(manifest.rows for manifest in on.run(self.window)))
        on.running.control.requests.clear()
        self.rows = Counter(on.rows(on.run(self.window)))
        self.calls = sum(on.running.control.requests.values())
        self.stream = on.stream
        assert self.rows

    def spare(self) -> frozenset[str]:
        assert self.stream is not None
        return frozenset(path.rsplit(".", 1)[-1] for path in self.stream.key)

    def ids(self) -> frozenset[str]:
        """What the records' keys are made of, as vendors write it."""
        keys = keys_of(list(self.rows))
        return frozenset(
            part for key in keys for ends in (r"[|:,/]", r"\|| · ") for part in re.split(ends, key)
        )

    def copies(self) -> int:
        """How many records one of the vendor's becomes, alike but for the day: a budget stands on each of them."""
        assert self.stream is not None
        told = (json.loads(row)["payload"] for row in self.rows)
        alike = Counter(json.dumps({**one, self.stream.day: None}) for one in told)
        return max(alike.values()) if self.stream.day else 1


def counts_nothing(read: Read) -> bool:
    """Whether the vendor says nowhere how many records there are."""
    return isinstance(read.paging, OnePage) or (
        isinstance(read.paging, NextToken) and read.paging.total is None
    )


def a_long_one(on: Bench) -> Window:
    """A window so long that it is read another way, most of it before the world began: a few records."""
    assert on.stream.long_from is not None
    for days in range(1, 30):
        end = days_window(FIRST_DAY, FIRST_DAY + timedelta(days=days), on.account.zone).end
        window = Window(end - on.stream.long_from, end)
        if len(on.truth(window)) >= ENOUGH:
            break
    return window


def ordered(field: Field, chance: random.Random) -> list[Fault]:
    """Faults that the sandbox itself can make: rate limits with and without a hint, resets, pages gone wrong."""
    faults = []
    for _ in range(chance.choice((0, 0, 1, 2))):
        kind = chance.choice(sorted(FAULT_KINDS))
        hint = chance.choice((None, 1.0)) if kind != "slow" else 0.02
        times = chance.choice((1, 1, 2, 6))
        faults.append(
            Fault(kind, field.platform, skip=chance.randrange(field.calls), times=times, seconds=hint)
        )
    return faults


@pytest.mark.parametrize(("platform", "stream", "is_long"), CASES)
def test_a_storm_ends_complete_or_loud(
    platform: str,
    stream: str,
    is_long: bool,
    weather: tuple[Running, Storm],
    tmp_path: Path,
    notebook: Notebook,
) -> None:
    field = Field(*weather, tmp_path, platform, stream)
    field.survey(is_long=is_long)
    for run in range(RUNS):
        seed = f"{SEED}/{platform}/{stream}/{'long/' if is_long else ''}{run}"
        try:
            one_run(field, random.Random(seed), notebook)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            field.storm.calm()


def again(on: Bench, window: Window, renewals: int) -> None:
    """The plain re-run. Where the answer to a renewal was spoiled and the vendor had taken the old refresh token
    back, no client has a token any more: it has to say so, and a new authorisation has to do."""
    try:
        on.run(window)
    except ExtractErrors as error:
        desk = on.running.sandbox.desks[on.platform.name].tokens
        assert isinstance(error.errors[0], AuthError), error
        assert desk is not None and desk.rotates, error
        assert desk.refreshes > renewals or on.platform.name in RENEWED_AHEAD, error
        given = connection(on.running.base_url, on.account.id)
        on.credentials = Credentials(given["host"], given["login"], given["password"], given["extra"])
        on.run(window)


def one_run(field: Field, chance: random.Random, notebook: Notebook) -> None:
    storm, window = field.storm, field.window
    assert window is not None
    variant = "valid"
    if has_tokens(field.platform) and chance.random() < 0.15:
        variant = chance.choice(("expired", "expired", "revoked"))
    on = field.bench(variant)
    on.set_mark(window.start)
    skew = chance.choice((0, 0, 0, 0, 0, 0, 0, 0, 30, -30, 1_300, -86_400))
    on.running.control.skew_seconds = skew
    faults = ordered(field, chance)
    on.running.control.faults[:] = faults
    touched = (
        field.name == "orders"
        and on.running.sandbox.desks[field.platform].touch is not None
        and chance.random() < 0.15
    )
    if touched:
        on.running.control.touches.append(Touch(field.platform, None, "orders", chance.randrange(3), place=1))
    kinds = [chance.choice(KINDS) for _ in range(chance.randint(1, PER_RUN * 2 - 1))]
    strikes = [Strike(chance.randrange(field.calls + 1), kind) for kind in kinds]
    if variant == "expired":  # the answer that renews the token is among the first
        strikes[0].at = chance.randrange(3)
    if chance.random() < 0.15:
        on.no_deeper_than(max(2, len(field.rows) // 3))
    before = on.truth(window)
    desk = on.running.sandbox.desks[field.platform].tokens
    renewals = desk.refreshes if desk is not None else 0
    storm.expire = desk.expire_all if desk is not None and has_tokens(field.platform) else None
    storm.begin(strikes, chance.randrange(2**32), field.spare(), field.ids())
    error: ExtractErrors | None = None
    try:
        on.run(window)
    except ExtractErrors as caught:
        error = caught
    storm.calm()
    landed = on.rows()
    keys, clean = set(keys_of(landed)), set(keys_of(list(field.rows)))
    strange = [row for row in landed if row not in field.rows]
    doubled = Counter(row for row in landed if row in field.rows) - field.rows
    moved = len(on.truth(window) ^ before)
    # An answer to another question, of a vendor that does not repeat what was asked: nothing in it tells.
    untold = storm.misplaced and len(on.reads) > 1 and bool(strange or doubled or clean - keys)
    if untold:
        notebook.add("answers to another question, which nothing tells")
    # A plain file that breaks off at the same end of a line both times it is fetched: nothing in it tells, either.
    halved = on.running.control.struck["half_body"]
    if field.platform in PLAIN_FILES and halved > 1 and error is None and clean - keys:
        notebook.add("files cut alike twice, which nothing tells")
        untold = True
    # A list that is empty each of the two times it is asked for, of a vendor that counts nothing: the same.
    emptied = sum(storm.spoiled.get(kind, 0) for kind in EMPTYING)
    if emptied > 1 and error is None and clean - keys and any(counts_nothing(read) for read in on.reads):
        notebook.add("lists empty twice, which nothing tells")
        untold = True
    if not touched and not untold:
        allowed = storm.changed_records * max(1, len(on.reads)) * field.copies()
        assert len(strange) <= allowed, f"{len(strange)} records nobody sent: {strange[:2]}; {storm.spoiled}"
        # Where some were changed, one may have come as it is, changed, and as it is again.
        assert not doubled or storm.changed_records, f"{list(doubled)[:2]} landed twice; {storm.spoiled}"
    if on.stream.kind == "report":
        twice = [key for key, times in keys_of(landed).items() if times > 1]
        assert not twice, f"{twice[:3]} would be counted twice; {storm.spoiled}"
    if error is None:
        stayed = clean if not touched else clean & {str(key) for key in on.truth(window)} or clean - keys
        if untold:
            pass
        elif not touched:
            # One whose key lost a part that may be missing came under another.
            lost = len(clean - keys) - min(len(keys - clean), storm.changed_records)
            assert lost <= 0, f"short by {sorted(clean - keys)[:3]}, and silent; {storm.spoiled}"
            assert keys == clean or storm.changed_records, f"{sorted(keys - clean)[:3]} come from nowhere"
        else:
            assert len(stayed - keys) <= moved + 1, f"short by {sorted(stayed - keys)[:3]}, and silent"
        assert on.mark() == window.end
        notebook.add("runs complete and correct")
    else:
        for part in error.errors:
            assert isinstance(part, DaybookError) and part.message, repr(part)
            assert (part.account, part.stream) == (on.account.id, on.stream.name)
        assert on.mark() is None or on.mark() < window.end, "failed, and the mark moved to the end"
        for secret in on.secrets():
            assert secret not in str(error) and secret not in "\n".join(on.lines)
        notebook.add("runs failed loudly")
        if variant != "revoked" and not touched and not untold:  # then the same command in good weather
            on.running.control.skew_seconds = 0
            on.running.control.faults.clear()
            on.running.control.resets += 1  # no wait was a real one: what was in the making is made by then
            if desk is not None:
                desk.forgive_all()
            before_again = Counter(landed)
            again(on, window, renewals)
            assert set(on.rows()) >= set(field.rows), "the re-run did not close the gap"
            assert on.mark() == window.end
            assert not before_again - Counter(on.rows()), "what had landed is gone"
            notebook.add("of which the plain re-run completed")
    for book in on.running.sandbox.world.books.values():
        book.forget_touches()
    for kind, times in storm.spoiled.items():
        notebook.add("answers mutated", times)
        notebook.add(f"{'content' if kind in CONTENT else 'wire'} mutations", times)
    notebook.add("vendor faults ordered", len(faults))
    notebook.most("streams", len(STREAMS))
