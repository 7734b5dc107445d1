"""`daybook backfill FROM TO`: reads past days again through Airflow's backfills, then builds the marts
once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime

from daybook import clock, steps
from daybook.engine.asked import asked
from daybook.engine.follow import Run, Watch
from daybook.night import Outcome, closed_day, finish
from daybook.progress import Progress
from daybook.settings import Settings
from extractors.errors import ConfigError, DaybookError

RUNS_APPEAR_WITHIN = 60.0  # seconds that Airflow may take to create the runs of a backfill
MAX_DAYS = 366  # per backfill: each day is a run of every platform, one after the other


def run_backfill(
    settings: Settings, progress: Progress, first: date, last: date, platforms: Sequence[str] = ()
) -> Outcome:
    """Read the business days `first` to `last`, both included, again; then build and publish.

    platforms: only these (default: all that are configured). Raises ConfigError when the last day has not
    ended, there are too many days, or a platform is not configured.
    """
    accounts = steps.accounts(settings)
    known = steps.platforms_of(accounts)
    wanted = list(platforms) or list(known)
    for platform in wanted:
        if platform not in known:
            raise ConfigError(
                f"no account of {platform} in {settings.accounts_file}",
                advice=f"configured: {', '.join(known)}",
            )
    closed_day(settings, last)
    days = (last - first).days + 1
    if days > MAX_DAYS:
        raise ConfigError(
            f"{first} to {last} is {days:,} days, and each is a run of its own",
            advice=f"ask for {MAX_DAYS} days or fewer at a time; a whole history is one read of an account: "
            f"daybook extract ACCOUNT --from {first} --to {last}, then daybook load, build and publish",
        )
    for account in accounts:
        if account.platform in wanted:
            for said in steps.out_of_reach(settings, account, first):
                progress.line(f"{account.id} · {said}", "bad")
    settings.hash_key()
    asking = ["backfill", first.isoformat(), last.isoformat(), *wanted]
    with asked(settings, accounts, progress, "daybook backfill", asking) as watch:
        progress.doing(f"Reading {days} day(s) again, {first} to {last}, on {len(wanted)} platform(s)")
        outcome = Outcome(last, _runs(watch, settings, wanted, days))
        finish(watch, outcome, progress)
    return outcome


def _runs(watch: Watch, settings: Settings, platforms: Sequence[str], days: int) -> list[Run]:
    """Wait until Airflow has created the runs, one per platform and day, and return them.

    Raises DaybookError when there are fewer after RUNS_APPEAR_WITHIN.
    """
    wanted = days * len(platforms)
    deadline = time.monotonic() + RUNS_APPEAR_WITHIN
    while True:
        watch.look()
        found = []
        for (dag_id, run_id), run in watch.runs.items():
            if run["run_type"] == "backfill" and dag_id.removeprefix("ingest_") in platforms:
                day = clock.business_day(datetime.fromisoformat(run["data_interval_start"]), settings.zone)
                found.append(Run(f"{dag_id.removeprefix('ingest_')} {day}", dag_id, run_id))
        if len(found) >= wanted:
            return sorted(found, key=lambda run: run.name)
        if time.monotonic() > deadline:
            raise DaybookError(
                f"Airflow made {len(found)} of the {wanted} runs of this backfill",
                advice="another backfill may be under way: look at Browse → Backfills in Airflow",
            )
        time.sleep(0.5)
