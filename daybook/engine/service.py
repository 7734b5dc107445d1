"""Starts Daybook's Airflow on loopback, and finds out whether one is running already."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from daybook.engine.api import AirflowApi
from daybook.engine.home import DEFAULT_PORT, USER, child_environment, password, prepare_home
from daybook.processes import Children, free_port
from daybook.progress import Progress
from daybook.settings import Settings, port_asked_for
from extractors.errors import ConfigError, DaybookError
from extractors.locks import locked

UP = "daybook up"
START_TIMEOUT = 180.0  # seconds; it takes 10 on an idle machine
BUSY_TIMEOUT = 60.0  # seconds that a starting or busy Airflow may not answer


@dataclass(frozen=True)
class Running:
    """A running Airflow of this folder, as the command that started it noted."""

    pid: int
    verb: str
    url: str


def running(settings: Settings) -> Running | None:
    """The running Airflow of this folder; None when there is none.

    Its file is locked by the command that started it, for as long as that command runs.
    """
    path = settings.airflow_home / "running.json"
    try:
        with path.open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Running(
                    **json.loads(file.read() or '{"pid": 0, "verb": "a command that is starting", "url": ""}')
                )
    except FileNotFoundError:
        return None
    return None


def staying(settings: Settings) -> Running | None:
    """The running Airflow if `daybook up` started it, else None: that of a night would end during our
    work."""
    other = running(settings)
    return other if other and other.verb == UP else None


@contextlib.contextmanager
def only_one(settings: Settings, verb: str) -> Iterator[int]:
    """Lock the Airflow of this folder while the block runs; gives the port to use.

    verb: this command, for others that find it locked. Raises ConfigError when another command holds the
    lock, or when DAYBOOK_PORT is in use.
    """
    prepare_home(settings)
    try:
        file = locked(settings.airflow_home / "running.json", wait=0, mode=0o600)
    except BlockingIOError:
        other = running(settings)
        raise ConfigError(
            f"Daybook's Airflow is in use by {other.verb} (process {other.pid})"
            if other
            else "Airflow is in use",
            advice="let it finish or stop it (Ctrl-C), then try again",
        ) from None
    with file:
        asked = port_asked_for()
        port = free_port(asked or DEFAULT_PORT, fixed=asked is not None)
        file.truncate(0)
        file.write(json.dumps(asdict(Running(os.getpid(), verb, f"http://127.0.0.1:{port}"))))
        file.flush()
        yield port


def start(
    settings: Settings,
    kids: Children,
    port: int,
    connections: Mapping[str, str],
    progress: Progress,
    *,
    whole: bool,
    asking: Sequence[str] = (),
) -> AirflowApi:
    """Start Airflow and wait until it works.

    Args:
        connections: AIRFLOW_CONN_… for the tasks.
        asking: words for daybook.engine.ask: runs to create before the scheduler starts.
        whole: also the DAG processor and the triggerer, for an Airflow that stays up and sees edited DAGs.
    Returns the API, logged in. Raises DaybookError with the end of the log when a part does not come up.
    """
    env = child_environment(settings, port, connections)
    prepare = [sys.executable, "-m", "daybook.engine.prepare", *asking]
    first = not (settings.airflow_home / "migrated").exists()
    progress.doing("Preparing Airflow" + (" (first time: making its database)" if first else ""))
    kids.start("prepare", prepare, env)
    if first:  # the API server cannot start on an empty database; later both start at once
        _finish_preparing(kids)
    kids.start("api-server", [_airflow(), "api-server"], env)
    if not first:
        _finish_preparing(kids)
    kids.start("scheduler", [_airflow(), "scheduler", "--skip-serve-logs"], env)
    if whole:
        kids.start("dag-processor", [_airflow(), "dag-processor"], env)
        kids.start("triggerer", [_airflow(), "triggerer", "--skip-serve-logs"], env)
    return _wait_until_healthy(settings, kids, port, whole)


def attach(settings: Settings, other: Running) -> AirflowApi:
    """The API, logged in, of an Airflow that `daybook up` started. Waits BUSY_TIMEOUT if it is starting or
    busy, then raises DaybookError."""
    api = AirflowApi(other.url, USER, password(settings))
    deadline = time.monotonic() + BUSY_TIMEOUT
    while not api.healthy():
        if time.monotonic() > deadline:
            raise DaybookError(
                f"{other.verb} (process {other.pid}) holds Airflow, but {other.url} does not answer",
                advice=f"look at its log in {settings.airflow_home / 'logs'}, or stop it and start it again",
            )
        time.sleep(0.3)
    api.log_in()
    return api


def ask(settings: Settings, other: Running, words: Sequence[str]) -> None:
    """Create runs in a running Airflow. words: the arguments of daybook.engine.ask.

    Raises DaybookError with the end of its output when that fails.
    """
    env = child_environment(settings, int(other.url.rsplit(":", 1)[1]), {})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "daybook.engine.ask", *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DaybookError(
            f"Airflow did not create the runs within {START_TIMEOUT:.0f} s",
            advice="the machine or the database is busy: try again later",
        ) from None
    if done.returncode:
        tail = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-15:])
        raise DaybookError(f"Airflow could not create the runs\n{tail}", advice="is its database reachable?")


def _finish_preparing(kids: Children) -> None:
    code = kids.wait("prepare", START_TIMEOUT)
    if code:
        raise DaybookError(
            f"Airflow could not be prepared\n{kids.tail('prepare')}",
            advice=f"the whole log: {kids.log('prepare')}",
        )


def _wait_until_healthy(settings: Settings, kids: Children, port: int, whole: bool) -> AirflowApi:
    api = AirflowApi(f"http://127.0.0.1:{port}", USER, password(settings))
    wanted = {"metadatabase", "scheduler", *(("dag_processor", "triggerer") if whole else ())}
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        kids.check()
        health = api.healthy()
        if wanted <= {name for name, status in health.items() if status == "healthy"}:
            api.log_in()
            errors = api.import_errors()
            if errors:
                raise DaybookError(
                    f"a DAG file cannot be read\n{errors[0].strip()}", advice="mend it and try again"
                )
            return api
        time.sleep(0.3)
    raise DaybookError(
        f"Airflow did not come up within {START_TIMEOUT:.0f} s: {api.healthy() or 'no answer'}",
        advice=f"logs: {kids.logs}",
    )


def _airflow() -> str:
    return str(Path(sys.executable).with_name("airflow"))
