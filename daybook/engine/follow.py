"""Follows DAG runs to their end and reports what their tasks do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from daybook.engine.api import AirflowApi
from daybook.problems import Problem
from daybook.progress import Progress

POLL_SECONDS = 1.0  # between two polls; each takes about 50 ms of the API server's time
COUNT_SECONDS = 8.0  # between two reads of a long task's log
_OF = re.compile(r"\b(\d+) of (\d+)\b")
LOOK_BACK = timedelta(seconds=10)
ENDED = {"success", "failed"}
_TASK_ENDED = {"success", "failed", "upstream_failed", "skipped", "removed"}


@dataclass
class Run:
    """One DAG run that is followed. name: what is shown for it."""

    name: str
    dag_id: str
    run_id: str
    state: str = "queued"
    started: str | None = None
    ended: str | None = None
    last_task_ended: str | None = None
    emitted: bool = False  # whether its last task succeeded, and so emitted its asset
    problems: list[Problem] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        if not (self.started and self.ended):
            return 0.0
        return (datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.started)).total_seconds()


class Watch:
    """The runs and tasks that have changed since `since`, kept up to date by asking for changes only.

    check: called before each poll; raises when an Airflow process has died.
    """

    def __init__(self, api: AirflowApi, since: datetime, check: Callable[[], None] = lambda: None) -> None:
        self.api = api
        self._check = check
        self._began = since
        self._since = since
        self._looks = 0
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        # Keyed by DAG, run, task and map index: a task instance gets a new id with every try.
        self.tasks: dict[tuple[str, str, str, int], dict[str, Any]] = {}

    def look(self) -> None:
        """Poll once: update runs and tasks."""
        self._check()
        now = datetime.now(UTC)
        for run in self.api.runs(self._since):
            self.runs[_key(run)] = run
        for task in self.api.tasks(self._since):
            self.tasks[(*_key(task), task["task_id"], task["map_index"])] = task
        self._looks += 1
        # Look back a little, for changes that were not committed yet; and at everything every 20th time, in
        # case a change was missed otherwise.
        self._since = self._began if self._looks % 20 == 0 else max(self._began, now - LOOK_BACK)

    def tasks_of(self, key: tuple[str, str]) -> list[dict[str, Any]]:
        return [task for task in self.tasks.values() if _key(task) == key]


def follow(watch: Watch, runs: list[Run], progress: Progress, counting: str | None = None) -> None:
    """Wait until all runs have ended; fill in their states, times and problems.

    Args:
        watch: must begin before the runs were created.
        counting: a long task whose log contains lines such as `17 of 300`; the latest is shown now and then.
    """
    told: set[tuple[str, str, str, int, str]] = set()
    next_count = time.monotonic() + COUNT_SECONDS
    going = {(run.dag_id, run.run_id): run for run in runs}
    while going:
        watch.look()
        for key, run in going.items():
            found = watch.runs.get(key)
            if found:
                run.state, run.started, run.ended = found["state"], found["start_date"], found["end_date"]
        _tell(going, watch.tasks.values(), told, progress)
        if counting and time.monotonic() >= next_count:
            next_count = time.monotonic() + COUNT_SECONDS
            _count(going, watch, counting, progress)
        for key, run in list(going.items()):
            if run.state in ENDED:
                tasks = watch.tasks_of(key)
                run.emitted = any(task["task_id"] == "ready" and task["state"] == "success" for task in tasks)
                run.last_task_ended = max(
                    (task["end_date"] for task in tasks if task["end_date"]), default=None
                )
                if run.state == "failed":
                    run.problems = _problems(watch.api, run, tasks)
                del going[key]
        if going:
            time.sleep(POLL_SECONDS)


def _tell(
    by_key: dict[tuple[str, str], Run],
    tasks: Iterable[dict[str, Any]],
    told: set[tuple[str, str, str, int, str]],
    progress: Progress,
) -> None:
    going: dict[str, list[str]] = {}
    for task in tasks:
        run = by_key.get(_key(task))
        if run is None:
            continue
        state = task["state"] or "waiting"
        what = (task.get("rendered_map_index") if task["map_index"] >= 0 else None) or task["task_id"]
        if state == "running":
            going.setdefault(run.name, []).append(what)
        mark = (*_key(task), task["task_id"], task["map_index"], f"{state} {task['try_number']}")
        if mark in told or state not in (*_TASK_ENDED, "up_for_retry"):
            continue
        told.add(mark)
        label = f"{run.name}: {task['task_id']}" + (f" {what}" if what != task["task_id"] else "")
        took = f" ({task['duration']:.1f} s)" if task.get("duration") else ""
        if state == "success":
            progress.line(f"{label}{took}", "ok")
        elif state == "skipped":  # how a day of a backfill ends when all is well
            progress.line(f"{label}: all in", "ok")
        elif state == "up_for_retry":
            progress.line(f"{label}: try {task['try_number']} failed, will try again{took}", "bad")
        else:
            progress.line(f"{label}: {state.replace('_', ' ')}{took}", "bad")
    progress.waiting(
        " · ".join(f"{name}: {', '.join(sorted(what))}" for name, what in going.items()) or "waiting"
    )


def _count(going: dict[tuple[str, str], Run], watch: Watch, task_id: str, progress: Progress) -> None:
    for key, run in going.items():
        for task in watch.tasks_of(key):
            if task["task_id"] == task_id and task["state"] == "running":
                steps = [found for line in watch.api.log(task) for found in _OF.findall(line)]
                if steps:
                    progress.line(f"{run.name}: {task_id} {steps[-1][0]} of {steps[-1][1]}")


def _problems(api: AirflowApi, run: Run, tasks: list[dict[str, Any]]) -> list[Problem]:
    """The problems of a failed run: those of its `ready` task if it has any, else those of each failed
    task."""
    failed = [task for task in tasks if task["state"] == "failed"]
    failed.sort(key=lambda task: task["task_id"] != "ready")
    found: list[Problem] = []
    for task in failed:
        left = api.xcom(run.dag_id, run.run_id, task["task_id"], "problems", task["map_index"])
        found += [Problem(**one) for one in left or []]
        if found and task["task_id"] == "ready":
            break
    return list(dict.fromkeys(found)) or [
        Problem(
            None, None, None, f"{run.name} failed without a word", "look at its log in Airflow (`make up`)"
        )
    ]


def _key(thing: dict[str, Any]) -> tuple[str, str]:
    return thing["dag_id"], thing["dag_run_id"]
