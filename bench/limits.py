"""Every vendor's limit on, 50 ms away: how much of the permitted rate a read uses, and whether it is ever refused.

Client and sandbox are a process each. The sandbox counts calls in a sliding stretch as long as the vendor's, of an account
where the vendor counts all together and else of the stream, and refuses one too many, at the rate the platform's facts state.
The stream read is the first that is one method (with no call for each record); pages are made small so that there are enough
calls to measure. The share is of the calls after the first second, in which connections are opened and calls spread further
apart. Vendors that permit less than a call a second are left out by name: an hour each would be needed.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.measure import ROOT

LATENCY_MS = 50
SECONDS = 25  # so long is measured, about
SLOWEST = 1.0
FEWEST = 40  # calls that say something
DAYS = 11
MORE_DAYS = {"doudian": 80, "kuaishou_shop": 80}  # hundreds of calls a second: twelve days would last for one
ONE_METHOD = {"taobao": "refunds"}  # its orders are a list and a call for each, counted apart


def _read(name: str, base_url: str) -> list[float]:
    """Reads a stream of a platform from the sandbox at `base_url`, for so many seconds; gives when each call left."""
    from contract_bench import BUSY_DAY, BUSY_NOW, Bench, Killed

    from extractors.credentials import Credentials

    with tempfile.TemporaryDirectory() as root:
        facts, account, stream, given = _asked_of(name, base_url)
        secrets = Credentials(given["host"], given["login"], given["password"], given["extra"])
        bench = Bench(None, facts, stream, account, secrets, Path(root))  # type: ignore[arg-type]
        bench.in_pages_of(2)
        times: list[float] = []
        guard = threading.Lock()

        def note(number: int) -> None:
            with guard:
                times.append(time.monotonic())
            if times[-1] - times[0] > SECONDS:
                raise Killed

        bench.wire.before = note
        first = BUSY_DAY - timedelta(days=MORE_DAYS.get(name, DAYS))
        with contextlib.suppress(Killed):
            bench.run(_window(account, first), now=BUSY_NOW, sleep=time.sleep)
    return times


def _asked_of(name: str, base_url: str) -> tuple[Any, ...]:
    """The platform's facts, an account at its own rate, the stream, and the connection."""
    from contract_bench import ACCOUNTS, SPOKEN, account_of, connection

    facts = SPOKEN[name]
    plain = [stream for stream in facts.streams if stream.detail is None] or list(facts.streams)
    plain.sort(key=lambda stream: stream.name != ONE_METHOD.get(name))
    given = connection(base_url, ACCOUNTS[name][0])
    account = account_of(facts, ACCOUNTS[name][0], given)
    options = {key: value for key, value in account.options.items() if key != "calls_per_second"}
    return facts, replace(account, options=options), plain[0], given


def _window(account: Any, first: Any) -> Any:
    from contract_bench import BUSY_DAY

    from extractors.core.window import days_window

    return days_window(first, BUSY_DAY, account.zone)


def _permitted(name: str, base_url: str) -> tuple[str, Any]:
    """What the sandbox counts the calls under, and the rate the vendor permits."""
    from contract_bench import BUSY_DAY

    facts, account, stream, _ = _asked_of(name, base_url)
    method = next(iter(stream.reads(account, _window(account, BUSY_DAY)))).request.name
    allowed = facts.rate if facts.is_rate_shared else facts.rates.get(method, facts.rate)
    return name if facts.is_rate_shared else f"{name}/{stream.name}", allowed


@contextlib.contextmanager
def _client() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=_know_the_contracts) as client:
        yield client


def _know_the_contracts() -> None:
    sys.path.insert(0, str(ROOT / "tests" / "contract"))


def limits() -> dict[str, Any]:
    """Reads one stream of every platform; gives {platform: share of the permitted rate}, the refusals, and who was
    left out."""
    _know_the_contracts()
    from contract_bench import BUSY_NOW, FIRST_DAY, HALVES, TESTED

    from extractors.core.rate import WARMING_SECONDS
    from extractors.sandbox import running

    shares: dict[str, float] = {}
    left_out: list[str] = []
    refused = 0
    gc.disable()  # a look through the whole world stops the sandbox for a tenth of a second, and calls come in a heap
    with running(first_day=FIRST_DAY, now=BUSY_NOW, latency_ms=LATENCY_MS) as box, _client() as client:
        for name in TESTED:
            counted, allowed = _permitted(name, box.base_url)
            rate = allowed.calls / allowed.seconds
            if rate < SLOWEST:
                left_out.append(f"{name} ({rate:g} a second)")
                continue
            box.sandbox.reset()
            box.control.set_clock(BUSY_NOW)
            box.control.latency_ms = LATENCY_MS
            box.control.limits[counted] = allowed.calls, allowed.seconds
            box.control.limits.update(getattr(HALVES[name], "LIMITS", {}))
            times = client.submit(_read, name, box.base_url).result()
            said_no = sum(n for why, n in box.control.refusals.items() if why.startswith(f"{name}/"))
            refused += said_no
            if len(times) < FEWEST:
                left_out.append(f"{name} (only {len(times)} calls)")
                continue
            warm = [moment for moment in times if moment >= times[0] + WARMING_SECONDS]
            shares[name] = (len(warm) - 1) / (warm[-1] - warm[0]) / rate
            told = f", {said_no} refused" if said_no else ""
            print(
                f"{name:<20} {len(times):5} calls at {shares[name]:6.1%} of {rate:g} a second{told}",
                flush=True,
            )
    return {"shares": shares, "refused": refused, "left out": left_out}
