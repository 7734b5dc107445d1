"""Tokens that rotate: one refresh however many ask, on disk before use, nobody else's to read."""

import contextlib
import json
import os
import resource
import stat
import threading
import zlib
from pathlib import Path

import pytest

from extractors.credentials import Credentials
from extractors.errors import ConfigError
from extractors.protocols.oauth import ends_at, token_reader
from extractors.tokens import TokenFile, Tokens

GIVEN = Credentials(extra={"access_token": "a0", "refresh_token": "r0"})


def test_before_any_refresh_the_connection_speaks(tmp_path: Path) -> None:
    assert TokenFile(tmp_path, "x__y", GIVEN).current() == Tokens("a0", "r0")


def test_a_refreshed_pair_survives_the_process_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens("a0", "r0"), lambda old: Tokens("a1", "r1"))
    assert TokenFile(tmp_path, "x__y", GIVEN).current() == Tokens("a1", "r1")
    assert stat.S_IMODE((tmp_path / "x__y.json").stat().st_mode) == 0o600


def test_what_another_process_renewed_is_used_from_then_on(tmp_path: Path) -> None:
    mine, other = TokenFile(tmp_path, "x__y", GIVEN), TokenFile(tmp_path, "x__y", GIVEN)
    assert mine.current() == Tokens("a0", "r0")
    for number in range(1, 30):
        renewed = Tokens(f"a{number:02}", f"r{number:02}")
        other.refresh(other.current(), lambda old, renewed=renewed: renewed)  # type: ignore[misc]
        assert mine.current() == mine.current() == renewed


def test_a_slower_thread_does_not_hand_its_old_tokens_to_one_that_knows_the_new(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path, "x__y", GIVEN)
    tokens.refresh(Tokens("a0", "r0"), lambda old: Tokens("a1", "r1"))
    tokens.current()
    assert tokens._known is not None
    old = tokens._known
    tokens.refresh(Tokens("a1", "r1"), lambda old: Tokens("a2", "r2"))
    assert tokens.current() == Tokens("a2", "r2")

    class Version(tuple[int, int, int]):
        def __ne__(self, other: object) -> bool:  # between the look at the version and the answer
            tokens._known = old
            return super().__ne__(other)

    tokens._known = Version(tokens._known[0]), tokens._known[1]
    assert tokens.current() == Tokens("a2", "r2")


def test_twenty_threads_with_a_dead_token_refresh_it_once(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def ask(old: Tokens) -> Tokens:
        asked.append(old.refresh_token)
        return Tokens("a1", "r1")

    def work() -> None:
        tokens = TokenFile(tmp_path, "x__y", GIVEN)
        assert tokens.refresh(Tokens("a0", "r0"), ask).access_token == "a1"

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["r0"]


def test_tokens_of_one_moment_and_one_length_are_told_apart(tmp_path: Path) -> None:
    tokens, path = TokenFile(tmp_path, "x__y", GIVEN), tmp_path / "x__y.json"
    for old, new in (("a0", "a1"), ("a1", "a2")):
        TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens(old), lambda _, new=new: Tokens(new))
        os.utime(path, ns=(1, 1))
        assert tokens.current() == Tokens(new)


def test_what_a_running_renewal_has_on_the_disk_is_not_taken_for_left_by_a_killed_one(tmp_path: Path) -> None:
    found: list[list[Path]] = []

    def ask(old: Tokens) -> Tokens:
        other = threading.Thread(target=TokenFile, args=(tmp_path, "x__y", GIVEN))
        other.start()
        other.join(0.3)
        found.append([*tmp_path.glob(".x__y.*tmp")])
        return Tokens("a1", "r1")

    TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens("a0", "r0"), ask)
    assert len(found[0]) == 1


def test_room_for_new_tokens_is_kept_on_a_disk_that_compresses(tmp_path: Path) -> None:
    held: list[int] = []

    def ask(old: Tokens) -> Tokens:
        (path,) = tmp_path.glob(".x__y.*tmp")
        held.append(len(zlib.compress(path.read_bytes())))
        return Tokens("a1", "r1")

    TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens("a0", "r0"), ask)
    assert held[0] > 8_000


def test_a_new_authorisation_in_the_connection_wins_over_an_old_file(tmp_path: Path) -> None:
    TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens("a0", "r0"), lambda old: Tokens("a1", "r1"))
    again = Credentials(extra={"access_token": "b0", "refresh_token": "s0"})
    assert TokenFile(tmp_path, "x__y", again).current() == Tokens("b0", "s0")


def test_a_failed_refresh_leaves_the_old_tokens(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path, "x__y", GIVEN)

    def refuse(old: Tokens) -> Tokens:
        raise RuntimeError("revoked")

    with contextlib.suppress(RuntimeError):
        tokens.refresh(Tokens("a0", "r0"), refuse)
    assert tokens.current() == Tokens("a0", "r0")
    assert [path.name for path in tmp_path.iterdir()] == ["x__y.lock"]


def test_half_written_tokens_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    for name in (".x__y.json.4711.a1.tmp", "x__y.json.tmp", "x__y.4711.tmp", "x__z.json.tmp"):
        (tmp_path / name).write_text("{")
    TokenFile(tmp_path, "x__y", GIVEN)
    assert [path.name for path in tmp_path.glob("*.tmp")] == ["x__z.json.tmp"]


@pytest.mark.parametrize("text", ["", '{"access_token": "a1", "ref', "[]", "null", '{"origin": %s, "x": 1}'])
def test_renewed_tokens_that_cannot_be_read_are_named_and_the_old_ones_are_not_tried(
    tmp_path: Path, text: str
) -> None:
    tokens = TokenFile(tmp_path, "x__y", GIVEN)
    tokens.refresh(Tokens("a0", "r0"), lambda old: Tokens("a1", "r1"))
    path = tmp_path / "x__y.json"
    origin = path.read_text().rsplit(" ", 1)[1].rstrip("}")
    path.write_text(text.replace("%s", origin))
    with pytest.raises(ConfigError) as caught:
        tokens.current()
    assert str(path) in str(caught.value) and caught.value.account == "x__y"
    assert "a1" not in str(caught.value) and "authorise again" in str(caught.value)


def test_tokens_that_cannot_be_kept_are_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tokens = TokenFile(tmp_path / "file", "x__y", GIVEN)
    with pytest.raises(ConfigError, match="cannot be kept in"):
        tokens.refresh(Tokens("a0", "r0"), lambda old: pytest.fail("the vendor was asked"))


def test_a_disk_without_room_is_noticed_before_the_vendor_takes_the_refresh_token_back(
    tmp_path: Path,
) -> None:
    (tmp_path / "x__y.lock").touch()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As on a full disk, files can be made and stay empty.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(ConfigError, match="cannot be kept in"):
            TokenFile(tmp_path, "x__y", GIVEN).refresh(
                Tokens("a0", "r0"), lambda old: pytest.fail("the vendor was asked")
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["x__y.lock"]


def test_the_folder_of_new_tokens_is_on_the_disk_before_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[bool, bool]] = []  # of a folder? with the tokens in it?

    def flush(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        flushed.append((folder, (tmp_path / "x__y.json").exists()))

    monkeypatch.setattr(os, "fsync", flush)
    TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens("a0", "r0"), lambda old: Tokens("a1", "r1"))
    assert flushed[-2:] == [(False, False), (True, True)]


@pytest.mark.parametrize("life", [None, "", "7200.0", "soon", [], 10**15, "9" * 30])
def test_a_renewed_pair_is_kept_whatever_its_life_is_said_to_be(life: object) -> None:
    told = {"access_token": "a1", "refresh_token": "r1", "expires_in": life, "refresh_life": life}
    answer = json.dumps(told).encode()
    tokens = token_reader(refresh_life="refresh_life")(answer)
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_at) == ("a1", "r1", None)
    assert ends_at(life, 1000) is None and ends_at(1_900_000_000_000, 1000) == ends_at("1900000000")
