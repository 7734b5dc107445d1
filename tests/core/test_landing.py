"""Landing under fire: whole or absent, whenever it is killed."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
import zstandard

from extractors.core.window import Window
from extractors.errors import ConfigError, ExtractErrors
from extractors.landing import Landing, Manifest

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
NOW = datetime(2026, 1, 2, 1, tzinfo=UTC)


def land(landing: Landing, rows: int = 3, window: Window = WINDOW) -> Manifest:
    with landing.partition("taobao", "taobao__x", "orders", "cursor", window, NOW) as partition:
        for n in range(rows):
            partition.write(json.dumps({"key": str(n)}).encode())
        return partition.commit()


def lines(manifest: Manifest) -> list[bytes]:
    found: list[bytes] = []
    for path in manifest.paths:
        with Path(path).open("rb") as file:
            found += zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
    return found


def test_a_partition_is_invisible_until_it_is_committed(landing: Landing) -> None:
    with landing.partition("taobao", "taobao__x", "orders", "cursor", WINDOW, NOW) as partition:
        partition.write(b"{}")
        assert list(landing.all()) == [] and landing.pending() == []
    assert list(landing.all()) == [] and list(landing.store.scratch.iterdir()) == []  # type: ignore[attr-defined]


def test_what_was_written_is_what_is_read_and_the_manifest_counts_it(landing: Landing) -> None:
    manifest = land(landing, 1000)
    assert len(lines(manifest)) == 1000 == manifest.rows
    assert list(landing.all()) == [manifest] == landing.pending()
    assert landing.pending("taobao") == [manifest] and landing.pending("jd") == []


def test_a_partition_is_on_the_disk_before_it_is_seen_and_marked_as_waiting(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut may take is what was not flushed."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.fstat(handle).st_ino))
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda old, new: (flushed.append(0), rename(old, new))[1])
    with landing.partition("taobao", "taobao__x", "orders", "cursor", WINDOW, NOW) as partition:
        partition.write(b"{}")
        partition.add_file("more.parquet", 0).touch()
        manifest = partition.commit()
    folder = Path(landing.root) / manifest.id
    files = [folder / name for name in ("part-00000.ndjson.zst", "more.parquet", "manifest.json", "")]
    marker = Path(landing.root) / manifest.marker
    hidden, seen = ([path.stat().st_ino for path in some] for some in (files, [folder.parent]))
    assert flushed == [*hidden, 0, *seen, marker.stat().st_ino, marker.parent.stat().st_ino]


def test_reading_a_window_again_adds_a_read_and_removes_none(landing: Landing) -> None:
    assert {m.id for m in (land(landing), land(landing))} == {m.id for m in landing.all()}
    assert len(list(landing.all())) == 2


def test_a_loaded_partition_is_pending_no_more_and_still_there(landing: Landing) -> None:
    manifest = land(landing)
    landing.loaded(manifest)
    landing.loaded(manifest)
    assert landing.pending() == [] and list(landing.all()) == [manifest]


def test_an_empty_window_is_a_partition_too(landing: Landing) -> None:
    assert land(landing, 0).rows == 0 and len(landing.pending()) == 1


def test_a_mark_never_moves_back(landing: Landing) -> None:
    assert landing.mark("taobao", "taobao__x", "orders") is None
    landing.move_mark("taobao", "taobao__x", "orders", WINDOW.end)
    landing.move_mark("taobao", "taobao__x", "orders", WINDOW.start)
    assert landing.mark("taobao", "taobao__x", "orders") == WINDOW.end


def test_pruning_removes_what_is_old_and_loaded_only(landing: Landing) -> None:
    loaded, waiting = land(landing), land(landing)
    landing.loaded(loaded)
    assert landing.prune(NOW) == 0
    assert landing.prune(NOW + timedelta(days=1)) == 1
    assert list(landing.all()) == [waiting]


def test_landing_works_the_same_on_an_object_store() -> None:
    landing = Landing("memory://daybook-landing")
    manifest = land(landing, 5)
    assert landing.pending() == [manifest] == list(landing.all())
    assert all(path.startswith("memory://") for path in manifest.paths)
    assert landing.is_whole(manifest)
    assert not landing.is_whole(replace(manifest, files=[{**manifest.files[0], "sha256": "another's"}]))
    landing.move_mark("taobao", "taobao__x", "orders", WINDOW.end)
    assert landing.mark("taobao", "taobao__x", "orders") == WINDOW.end
    landing.loaded(manifest)
    assert landing.pending() == [] and landing.prune(NOW + timedelta(days=1)) == 1
    assert list(landing.all()) == []


def damage(landing: Landing) -> list[str]:
    found: list[str] = []
    list(landing.all(damaged=lambda error: found.append(str(error))))
    return found


UPLOAD = """
import os, sys
from datetime import UTC, datetime
from extractors.core.window import Window
from extractors.landing import Landing
landing = Landing(sys.argv[1])
put, files = landing.store.fs.put_file, []
def put_file(path, name):
    put(path, name)
    files.append(name)
    if len(files) == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
landing.store.fs.put_file = put_file
window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
with landing.partition("taobao", "taobao__x", "orders", "cursor", window, datetime.now(UTC)) as partition:
    partition.write(b"{}")
    partition.commit()
"""


@pytest.mark.parametrize("files", [1, 2])
def test_an_upload_that_is_killed_is_unfinished_and_one_that_lost_its_manifest_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """The first file is the data, the second the manifest: with it the partition is whole."""
    monkeypatch.setenv("FSSPEC_FILE_AUTO_MKDIR", "true")  # as object stores do
    monkeypatch.setitem(fsspec.config.conf, "file", {"auto_mkdir": True})
    landing = Landing(f"file://{tmp_path}/bucket")
    killed = subprocess.run(
        [sys.executable, "-c", UPLOAD, f"file://{tmp_path}/bucket", str(files)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert damage(landing) == [] and len(list(landing.all())) == landing.requeue_all() == files - 1
    landing.sweep()
    assert damage(landing) == [] and len(list(landing.all())) == files - 1 and landing.store.arriving() == {}
    assert len(list(landing.store.find("taobao"))) == (2 if files == 2 else 0)
    manifest = land(landing)
    landing.store.remove(f"{manifest.id}/manifest.json")
    (told,) = damage(landing)
    assert "manifest.json is missing" in told


REMOVE = """
import os, sys
from datetime import UTC, datetime, timedelta
from extractors.landing import Landing
landing = Landing(sys.argv[1])
fs, files = landing.store.fs, []
def rm(path, recursive=False):
    for name in sorted(fs.find(path), reverse=sys.argv[2] == "manifest last") if recursive else [path]:
        fs.rm_file(name)
        files.append(name)
        if len(files) == int(sys.argv[3]):
            os.kill(os.getpid(), 9)
fs.rm = rm
landing.prune(datetime.now(UTC) + timedelta(days=1))
"""


@pytest.mark.parametrize("order", ["manifest first", "manifest last"])
@pytest.mark.parametrize("files", [1, 2])
def test_a_removal_that_is_killed_leaves_the_whole_or_nothing_and_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, files: int
) -> None:
    """An object store removes a folder file by file, in an order of its own."""
    monkeypatch.setenv("FSSPEC_FILE_AUTO_MKDIR", "true")
    monkeypatch.setitem(fsspec.config.conf, "file", {"auto_mkdir": True})
    landing = Landing(f"file://{tmp_path}/bucket")
    landing.loaded(land(landing))
    killed = subprocess.run(
        [sys.executable, "-c", REMOVE, f"file://{tmp_path}/bucket", order, str(files)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    for _ in range(2):
        assert damage(landing) == [] and all(map(landing.is_whole, landing.all()))
        landing.sweep()
    assert landing.store.arriving() == {}
    assert bool(list(landing.store.find("taobao"))) is bool(list(landing.all()))


@pytest.mark.parametrize(
    ("error", "hopeless"),
    [
        (ConnectionResetError(errno.ECONNRESET, "reset"), False),
        (TimeoutError(), False),
        (OSError(errno.EBUSY, "Please reduce your request rate."), False),  # how s3fs tells SlowDown
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (PermissionError("Access Denied"), True),
    ],
)
def test_a_store_that_is_cut_off_or_busy_is_tried_again_the_same_night(
    landing: Landing, error: OSError, hopeless: bool
) -> None:
    told = landing.trouble(error)
    assert ExtractErrors([told]).hopeless is hopeless
    assert landing.root in str(told) and str(error.strerror or type(error).__name__) in told.message


def test_a_note_of_an_upload_that_was_cut_off_stops_nothing() -> None:
    landing = Landing("memory://cut/landing")
    whole = land(landing)
    for text in ("", "{}", "[1]"):
        landing.store.put_text("_arriving/taobao~taobao__x~orders~window~read.json", text)
        landing.sweep()
        assert damage(landing) == [] and [found.id for found in landing.all()] == [whole.id]


WORKER = """
import sys
from datetime import UTC, datetime
from extractors.core.window import Window
from extractors.landing import Landing
landing = Landing(sys.argv[1])
window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
while True:
    with landing.partition("taobao", "taobao__x", "orders", "cursor", window, datetime.now(UTC)) as partition:
        for n in range(200):
            partition.write(b'{"key": "%d"}' % n)
        partition.commit()
    print(".", end="", flush=True)
"""


@pytest.mark.parametrize("seed", range(int(os.environ.get("DAYBOOK_KILLS", "6"))))
def test_a_writer_killed_anywhere_leaves_whole_partitions_only(tmp_path: Path, seed: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    time.sleep(random.Random(seed).uniform(0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.wait()
    landing = Landing(tmp_path)
    found = list(landing.all())
    assert found
    for manifest in found:
        assert len(lines(manifest)) == 200 == manifest.rows
    assert {m.id for m in landing.pending()} <= {m.id for m in found}
    landing.sweep()
    assert list(landing.store.scratch.iterdir()) == []  # type: ignore[attr-defined]


def test_what_another_machine_writes_to_a_shared_landing_stays_until_it_is_forgotten(
    landing: Landing,
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    with landing.partition("demo", "demo__one", "orders", "cursor", WINDOW, WINDOW.end) as partition:
        partition.write(b"{}")
        (own,) = landing.store.scratch.iterdir()
        # The number that its process has there nobody has here.
        theirs = own.with_name(f"{gone.pid}-worker-2-{own.name.rsplit('-', 1)[1]}")
        own.rename(theirs)
        landing.sweep()
        assert [path.name for path in theirs.iterdir()] == ["part-00000.ndjson.zst"]
        for path in (*theirs.iterdir(), theirs):
            os.utime(path, (time.time() - 3 * 86_400,) * 2)
        landing.sweep()
        assert not theirs.exists()


def test_a_landing_that_cannot_be_written_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    store = Landing(tmp_path / "a" / "landing").store  # reading it is another matter
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        store.check_writable()
    assert str(tmp_path) in str(caught.value)
    assert caught.value.advice.startswith("mend its owner or its permissions, or set DAYBOOK_LANDING")
