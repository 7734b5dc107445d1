"""Tokens that rotate: one refresh however many ask, on disk before use, nobody else's to read."""

import contextlib
import stat
import threading
from pathlib import Path

from extractors.credentials import Credentials
from extractors.tokens import TokenFile, Tokens

GIVEN = Credentials(extra={"access_token": "a0", "refresh_token": "r0"})


def test_before_any_refresh_the_connection_speaks(tmp_path: Path) -> None:
    assert TokenFile(tmp_path, "x__y", GIVEN).current() == Tokens("a0", "r0")


def test_a_refreshed_pair_survives_the_process_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    TokenFile(tmp_path, "x__y", GIVEN).refresh(Tokens("a0", "r0"), lambda old: Tokens("a1", "r1"))
    assert TokenFile(tmp_path, "x__y", GIVEN).current() == Tokens("a1", "r1")
    assert stat.S_IMODE((tmp_path / "x__y.json").stat().st_mode) == 0o600


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
    for name in ("x__y.json.tmp", "x__y.4711.tmp", "x__z.json.tmp"):
        (tmp_path / name).write_text("{")
    TokenFile(tmp_path, "x__y", GIVEN)
    assert [path.name for path in tmp_path.glob("*.tmp")] == ["x__z.json.tmp"]
