"""No process outlives the command that started it, and no port is taken by surprise."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daybook.processes import children, free_port
from daybook.stopping import Stopped
from extractors.errors import ConfigError, DaybookError

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); time.sleep(600)",
]


def alive(pid: int) -> bool:
    """False for zombies, too: they are dead and wait for their parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_until(true, seconds: float = 20.0) -> bool:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_children_are_stopped_when_the_block_ends(tmp_path):
    with children(tmp_path) as kids:
        kids.start("one", SLEEPER, os.environ)
        kids.start("two", SLEEPER, os.environ)
        pids = [child.pid for child in kids.running.values()]
        assert wait_until(lambda: kids.log("two").read_text() == "up\n")
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


def test_a_child_that_will_not_stop_is_killed_with_its_own_children(tmp_path):
    with children(tmp_path) as kids:
        kids.start("stubborn", STUBBORN, os.environ)
        leader = kids.running["stubborn"].pid
        assert wait_until(lambda: kids.log("stubborn").read_text().strip().isdecimal())
        grandchild = int(kids.log("stubborn").read_text())
        assert alive(leader) and alive(grandchild)
        kids.grace = 0.5
    assert not alive(leader)
    assert wait_until(lambda: not alive(grandchild))


def test_whom_a_child_that_was_killed_had_started_is_stopped_too(tmp_path):
    with children(tmp_path) as kids:
        kids.start("killed", STUBBORN, os.environ)
        assert wait_until(lambda: kids.log("killed").read_text().strip().isdecimal())
        grandchild = int(kids.log("killed").read_text())
        os.kill(kids.running["killed"].pid, signal.SIGKILL)
        assert wait_until(lambda: kids.running["killed"].poll() is not None)
        assert alive(grandchild)
        kids.grace = 0.5
    assert wait_until(lambda: not alive(grandchild))


def test_a_child_that_ends_by_itself_is_noticed_with_the_end_of_its_log(tmp_path):
    with children(tmp_path) as kids:
        kids.start("short", [sys.executable, "-c", "print('no room left'); raise SystemExit(3)"], os.environ)
        assert wait_until(lambda: kids.running["short"].poll() is not None)
        with pytest.raises(DaybookError, match=r"(?s)short ended with status 3.*no room left"):
            kids.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_and_the_children(tmp_path, number):
    with pytest.raises(Stopped, match=number.name), children(tmp_path) as kids:
        kids.start("one", SLEEPER, os.environ)
        pid = kids.running["one"].pid
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert not alive(pid)


def test_children_end_even_when_the_parent_is_killed_outright(tmp_path):
    script = (
        "import os, time; from pathlib import Path; from daybook.processes import children\n"
        f"with children(Path({str(tmp_path)!r})) as kids:\n"
        f"    kids.start('one', {SLEEPER!r}, os.environ)\n"
        "    print(kids.running['one'].pid, flush=True); time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert wait_until(lambda: (tmp_path / "one.log").read_text() == "up\n")
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not alive(pid))


def test_a_taken_port_is_replaced_unless_somebody_asked_for_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
        with pytest.raises(ConfigError, match=f"port {port} on 127.0.0.1 is in use"):
            free_port(port, fixed=True)
    assert free_port(port) == port
