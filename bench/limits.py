"""Every vendor's limit on, 50 ms away: how much of the permitted rate a read uses, and whether it is ever refused.

The sandbox counts calls in a sliding second, of an account where the vendor counts all together and else of the stream,
and refuses one too many, at the rate the platform's facts state. The stream read is the first that is one method (with no
call for each record); pages are made small so that there are enough calls to measure. The share is of the calls after
the first second, in which connections are opened and calls spread further apart.
Vendors that permit less than a call a second are left out by name: an hour each would be needed.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.measure import ROOT

LATENCY_MS = 50
SECONDS = 25  # so long is measured, about
SLOWEST = 1.0
ONE_METHOD = {"taobao": "refunds"}  # its orders are a list and a call for each, counted apart


def limits() -> dict[str, Any]:
    """Reads one stream of every platform; gives {platform: share of the permitted rate}, the refusals, and who was
    left out."""
    sys.path.insert(0, str(ROOT / "tests" / "contract"))
    from contract_bench import (
        ACCOUNTS,
        BUSY_DAY,
        BUSY_NOW,
        FIRST_DAY,
        SPOKEN,
        TESTED,
        Bench,
        Killed,
        account_of,
        connection,
    )

    from extractors.core.rate import WARMING_SECONDS
    from extractors.core.window import days_window
    from extractors.credentials import Credentials
    from extractors.sandbox import running

    shares: dict[str, float] = {}
    left_out: list[str] = []
    refused = 0
    with (
        running(first_day=FIRST_DAY, now=BUSY_NOW, latency_ms=LATENCY_MS) as box,
        tempfile.TemporaryDirectory() as root,
    ):
        for name in TESTED:
            facts = SPOKEN[name]
            plain = [stream for stream in facts.streams if stream.detail is None] or list(facts.streams)
            plain.sort(key=lambda stream, name=name: stream.name != ONE_METHOD.get(name))
            box.sandbox.reset()
            box.control.set_clock(BUSY_NOW)
            box.control.latency_ms = LATENCY_MS
            account_id = ACCOUNTS[name][0]
            given = connection(box.base_url, account_id)
            account = account_of(facts, account_id, given)
            options = {key: value for key, value in account.options.items() if key != "calls_per_second"}
            on = Bench(
                box,
                facts,
                plain[0],
                replace(account, options=options),
                Credentials(given["host"], given["login"], given["password"], given["extra"]),
                Path(root) / name,
            )
            window = days_window(BUSY_DAY - timedelta(days=11), BUSY_DAY, account.zone)
            method = next(iter(on.stream.reads(on.account, window))).request.name
            allowed = facts.rate if facts.is_rate_shared else facts.rates.get(method, facts.rate)
            rate = allowed.calls / allowed.seconds
            if rate < SLOWEST:
                left_out.append(f"{name} ({rate:g} a second)")
                continue
            counted = name if facts.is_rate_shared else f"{name}/{on.stream.name}"
            box.control.limits[counted] = max(1.0, rate)
            on.in_pages_of(2)
            times: list[float] = []
            guard = threading.Lock()

            def note(number: int, times: list[float] = times, guard: Any = guard) -> None:
                with guard:
                    times.append(time.monotonic())
                if times[-1] - times[0] > SECONDS:
                    raise Killed

            on.wire.before = note
            with contextlib.suppress(Killed):
                on.run(window, sleep=time.sleep)
            said_no = sum(n for why, n in box.control.refusals.items() if why.startswith(f"{name}/"))
            refused += said_no
            if len(times) < 40:
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
