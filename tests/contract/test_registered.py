"""A platform that is registered is under test: nothing to switch on, nothing to forget."""

from __future__ import annotations

import inspect

import pytest
from contract_bench import ACCOUNTS, FIRST_DAY, HALVES, SPOKEN, STREAMS, TESTED

from extractors.core.model import Stream
from extractors.sandbox.world import World

FOLDER = "extractors/platforms"


@pytest.mark.parametrize("name", SPOKEN)
def test_a_platform_comes_with_its_sandbox_its_documented_answers_and_its_readme(
    name: str, project_root: object
) -> None:
    folder = project_root / FOLDER / name  # type: ignore[operator]
    assert (folder / "sandbox.py").is_file() != (folder / "sandbox").is_dir(), (
        f"{FOLDER}/{name} has no sandbox half"
    )
    for file in ("golden.json", "README.md"):
        assert (folder / file).is_file(), f"{FOLDER}/{name}/{file} is missing"


@pytest.mark.parametrize("name", SPOKEN)
def test_a_sandbox_half_says_what_a_complete_read_must_contain(name: str) -> None:
    half = HALVES.get(name)
    assert half is not None and callable(getattr(half, "truth", None)), (
        f"{FOLDER}/{name}/sandbox.py offers no `truth` (see extractors/sandbox/truth.py)"
    )
    parameters = list(inspect.signature(half.truth).parameters)
    assert parameters == ["world", "account_id", "stream", "start", "end", "now"]


@pytest.mark.parametrize("name", SPOKEN)
def test_the_sandbox_has_an_account_of_the_platform(name: str) -> None:
    assert ACCOUNTS[name], f"extractors.sandbox.connections() knows no account {name}__…"


@pytest.mark.parametrize("name", TESTED)
def test_a_stream_the_sandbox_half_does_not_know_is_no_empty_stream(name: str) -> None:
    with pytest.raises(KeyError):
        HALVES[name].truth(World(first_day=FIRST_DAY), ACCOUNTS[name][0], "no_such_stream", 0, 1, 2)


def test_every_stream_of_every_platform_is_tested() -> None:
    assert len(STREAMS) == sum(len(platform.streams) for platform in SPOKEN.values()) > 0


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(stream, id=f"{name}-{stream.name}")
        for name, platform in SPOKEN.items()
        for stream in platform.streams
        if stream.kind == "cursor" and (stream.cursor is None or stream.weekly_whole)
    ],
)
def test_what_is_told_to_be_all_there_is_is_landed_in_one_partition_and_begins_with_the_beginning(
    stream: Stream,
) -> None:
    """A part of it, told to be all there is, would end whatever is not in it."""
    assert stream.slice is None and stream.from_beginning and stream.retention is None
