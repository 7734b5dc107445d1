"""The conversation with a vendor, over real HTTP: what is retried, waited for, refreshed, and given up."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Request
from extractors.core.rate import WARMING_GAP, Bucket
from extractors.core.session import Session
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TooMuchError,
    TransientError,
)
from extractors.protocols.oauth import token_reader
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.registry import platforms
from extractors.tokens import TokenFile, Tokens

SECRET = "tok-SECRET-123"
Answer = tuple[int, dict[str, str], bytes]


def _error(body: Any, headers: dict[str, str]) -> DaybookError | None:
    said = body.get("said", "")
    if body.get("code") == 40100:
        return RateLimitedError(f"too fast {said}")
    if body.get("code") == 40101:
        return ConfigError(f"not allowed {said}", advice=said)
    if body.get("code") == 50001:
        return TooMuchError(f"too many days {said}")
    return AuthError(f"expired {said}", refreshable=True) if body.get("code") == 40102 else None


DIALECT = Dialect(
    error=_error,
    token_param="access_token",
    refresh=lambda key, secret, tokens: {"method": "POST", "url": "/refresh", "json": {}},
)


@contextmanager
def vendor(answers: list[Answer | str]) -> Iterator[tuple[str, list[str]]]:
    """Serves the answers in turn (the last one for ever); "cut", "reset" and "late" misbehave on the wire."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            paths.append(self.path)
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer == "reset":
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if answer == "late":
                time.sleep(0.4)
            status, headers, body = (200, {}, b'{"code":0}') if isinstance(answer, str) else answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + (50 if answer == "cut" else 0)))
            self.end_headers()
            self.wfile.write(body)
            if answer == "cut":
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", paths
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def open_session(tmp_path: Path, make_account: Callable[..., Account]) -> Callable[..., Session]:
    def build(
        url: str,
        waits: list[float] | None = None,
        refresh_read: Callable[[bytes], Tokens] = lambda body: Tokens(json.loads(body)["token"], "r1"),
        extra: dict[str, str] | None = None,
        **facts: Any,
    ) -> Session:
        given = {"access_token": SECRET, "refresh_token": "r0", **(extra or {})}
        credentials = Credentials(url, "key", "pass", given)
        platform = Platform(
            "demo",
            "Demo",
            "",
            partial(TokenRest, replace(DIALECT, refresh_read=refresh_read)),
            (),
            **{"rate": Rate(1000, 1.0), **facts},
        )
        account = make_account("demo__one")
        sleep = (waits if waits is not None else []).append
        return Session(
            platform, account, credentials, TokenFile(tmp_path / "t", account.id, credentials), sleep
        )

    return build


OK: Answer = (200, {}, b'{"code":0,"data":1}')


@pytest.mark.parametrize(
    "trouble",
    [
        (500, {}, b"oops"),
        (503, {}, b""),
        (200, {}, b"<html>maintenance</html>"),
        (200, {}, b'{"code":0,"da'),
        (200, {}, b""),
        "cut",
        "reset",
    ],
)
def test_what_is_transient_is_tried_again(trouble: Any, open_session: Callable[..., Session]) -> None:
    with vendor([trouble, trouble, OK]) as (url, paths):
        reply = open_session(url).call(Request("report", "/x"))
    assert reply.body == {"code": 0, "data": 1} and len(paths) == 3


@pytest.mark.parametrize(
    ("answers", "memo", "calls"),
    [
        ([b'{"memo":"a \xe4\xb8"}'] * 2, "a \ufffd", 2),
        ([b'{"memo":"a\ttab","n":1}', b'{"n":2,"memo":"a\ttab"}'], "a tab", 2),
        ([b'{"me\xc3(\x00mo":"x"}', b'{"memo":"x"}'], "x", 2),
        ([b'{"me\xc3(\x00mo":"x"}', b'{"memo":"\xc3(\x00x"}', b'{"memo":"x"}'], "x", 3),
        ([b'{"memo":"x"}'], "x", 1),
    ],
    ids=["kept by the vendor", "in another place", "on the way", "twice on the way", "whole"],
)
def test_a_broken_text_is_believed_when_it_comes_again(
    answers: list[bytes], memo: str, calls: int, open_session: Callable[..., Session]
) -> None:
    """One that the network broke may be the name of a field: its record would lack it without a sign."""
    with vendor([(200, {}, answer) for answer in answers]) as (url, seen):
        assert open_session(url).call(Request("report", "/x")).body["memo"] == memo
    assert len(seen) == calls


def test_an_answer_that_is_long_in_coming_is_waited_for_as_long_as_the_platform_says(
    open_session: Callable[..., Session],
) -> None:
    with vendor(["late"]) as (url, paths):
        assert open_session(url, patience=5.0).call(Request("report", "/x")).body == {"code": 0}
        assert len(paths) == 1
        with pytest.raises(TransientError, match="ReadTimeout"):
            open_session(url, patience=0.1).call(Request("report", "/x"))


def test_a_server_that_makes_archives_while_one_waits_is_given_minutes() -> None:
    assert platforms()["matomo"].patience > 120 > platforms()["taobao"].patience


def test_trying_ends_and_the_error_names_the_account_and_no_secret(
    open_session: Callable[..., Session],
) -> None:
    with vendor([(500, {}, SECRET.encode())]) as (url, paths), pytest.raises(TransientError) as error:
        open_session(url).call(Request("report", "/x"))
    assert len(paths) == 5 and error.value.account == "demo__one" and SECRET not in str(error.value)
    assert "run again later" in (error.value.advice or "")


def test_what_is_too_much_is_asked_twice_and_left_to_whoever_can_ask_for_less(
    open_session: Callable[..., Session],
) -> None:
    with vendor([(200, {}, b'{"code":50001}')]) as (url, paths), pytest.raises(TooMuchError) as error:
        open_session(url).call(Request("report", "/x"))
    assert len(paths) == 2 and error.value.advice is None


def test_an_unreachable_host_is_told_without_the_signed_url(open_session: Callable[..., Session]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransientError) as error:
        open_session(url).call(Request("report", "/x"))
    assert SECRET not in str(error.value) and "could not be reached" in str(error.value)


@pytest.mark.parametrize("pasted", [f"{SECRET}\nmore", f"{SECRET}密"])
def test_a_token_that_no_header_can_hold_is_the_connections_mistake(
    open_session: Callable[..., Session], pasted: str
) -> None:
    session = open_session("http://127.0.0.1:9", extra={"access_token": pasted})
    session._protocol = TokenRest(
        Dialect(error=_error, token_header="Access-Token"),
        "http://127.0.0.1:9",
        session.account,
        Credentials("", "key", "pass", {"access_token": pasted}),
    )
    with pytest.raises(ConfigError, match="without line breaks") as error:
        session.call(Request("report", "/x"))
    assert SECRET not in str(error.value)


def test_waits_grow_with_every_failure(open_session: Callable[..., Session]) -> None:
    waits: list[float] = []
    with vendor([(500, {}, b"")]) as (url, _), pytest.raises(TransientError):
        open_session(url, waits).call(Request("report", "/x"))
    backoffs = [wait for wait in waits if wait > 0.1]
    assert len(backoffs) == 4
    for attempt, wait in enumerate(backoffs):
        assert 0.25 * 2**attempt <= wait <= 0.75 * 2**attempt


def test_told_to_wait_it_waits_exactly_that(open_session: Callable[..., Session]) -> None:
    waits: list[float] = []
    with vendor([(429, {"Retry-After": "7"}, b""), OK]) as (url, paths):
        open_session(url, waits).call(Request("report", "/x"))
    assert waits[0] == 7.0 and len(paths) == 2


def test_the_wait_of_the_header_counts_where_the_envelope_only_says_too_fast(
    open_session: Callable[..., Session],
) -> None:
    waits: list[float] = []
    with vendor([(200, {"Retry-After": "7"}, b'{"code":40100}'), OK]) as (url, paths):
        open_session(url, waits).call(Request("report", "/x"))
    assert waits[0] == 7.0 and len(paths) == 2


def test_a_ban_of_an_hour_ends_the_attempt_instead_of_holding_its_place(
    open_session: Callable[..., Session],
) -> None:
    waits: list[float] = []
    with (
        vendor([(429, {"Retry-After": "3600"}, b"")]) as (url, paths),
        pytest.raises(RateLimitedError) as error,
    ):
        open_session(url, waits).call(Request("report", "/x"))
    assert error.value.retry_after == 3600 and len(paths) == 1 and waits == []


@pytest.mark.parametrize("named", ["inf", "1000000000000", "1e300"])
def test_a_ban_without_an_end_is_told_with_its_account(
    open_session: Callable[..., Session], named: str
) -> None:
    waits: list[float] = []
    with (
        vendor([(429, {"Retry-After": named}, b"")]) as (url, _),
        pytest.raises(RateLimitedError, match=r"demo__one.*answers again from") as error,
    ):
        open_session(url, waits).call(Request("orders", "/x"))
    assert error.value.retry_after and waits == []


NO_TIME = "Sun, 29 Nov 2026 99999999999:00:00 GMT"  # reads as a date until it is one


@pytest.mark.parametrize("named", ["0", "-5", "nan", "Sun, 29 Nov 2020 10:00:00 GMT", NO_TIME])
def test_a_wait_of_nothing_does_not_spend_all_tries_at_once(
    open_session: Callable[..., Session], named: str
) -> None:
    waits: list[float] = []
    with vendor([(429, {"Retry-After": named}, b"")] * 2 + [OK]) as (url, paths):
        assert open_session(url, waits).call(Request("orders", "/x")).body["data"] == 1
    assert len(paths) == 3 and all(wait > 0.2 for wait in waits)


@pytest.mark.parametrize("answer", [b"[]", b"null", b'{"token": {}}', b'{"data": 1}'])
def test_a_refresh_of_any_other_shape_is_an_error_that_names_the_account(
    open_session: Callable[..., Session], answer: bytes
) -> None:
    expired = (200, {}, b'{"code":40102}')
    with vendor([expired, (200, {}, answer), OK]) as (url, _), pytest.raises(DaybookError) as error:
        open_session(url, refresh_read=lambda body: json.loads(body).get("token")["a"]).call(
            Request("orders", "/x")
        )
    assert error.value.account == "demo__one" and "token refresh" in str(error.value)


def test_a_token_that_was_broken_on_the_way_is_not_taken(open_session: Callable[..., Session]) -> None:
    """Taken, it would be sent and refused for ever, in the place of the one that was good."""
    expired, broken = (200, {}, b'{"code":40102}'), (200, {}, b'{"access_token":"n\xc3(\x00ew"}')
    fresh = (200, {}, b'{"access_token":"new"}')
    with vendor([expired, broken, fresh, OK]) as (url, paths):
        session = open_session(url, refresh_read=token_reader())
        session.call(Request("orders", "/x"))
    assert [path.partition("access_token=")[2] for path in paths][-1] == "new"


@pytest.mark.parametrize("code", [40100, 40101, 40102, 50001])
def test_a_vendor_that_repeats_a_secret_puts_it_into_no_message(
    open_session: Callable[..., Session], code: int
) -> None:
    said = json.dumps({"code": code, "said": f"Invalid session {SECRET}&secret=r0-SECRET%2F9"}).encode()
    answers: list[Answer | str] = [(200, {}, said)]
    if code == 40102:  # the token that is bad after the renewal is the new one
        answers += [
            (200, {}, b'{"token":"new-SECRET"}'),
            (200, {}, said.replace(SECRET.encode(), b"new-SECRET")),
        ]
    with vendor(answers) as (url, _), pytest.raises(DaybookError, match="Invalid session …") as error:
        open_session(url, extra={"app_secret": "r0-SECRET/9"}).call(Request("orders", "/x"))
    assert "SECRET" not in f"{error.value} {error.value!r} {error.value.args}"


@pytest.mark.parametrize("answer", [b"[]", b"null", b'"Ann 13800138000"'])
def test_an_answer_of_another_shape_is_an_error_that_names_the_account_and_shows_no_value(
    open_session: Callable[..., Session], answer: bytes
) -> None:
    with vendor([(200, {}, answer)]) as (url, _), pytest.raises(ContractError, match="shape") as error:
        open_session(url).call(Request("orders", "/x"))
    assert error.value.account == "demo__one" and "138" not in str(error.value)


def test_a_renewal_without_a_refresh_token_leaves_the_old_one_good(
    open_session: Callable[..., Session],
) -> None:
    expired = (200, {}, b'{"code":40102}')
    with vendor([expired, (200, {}, b'{"token":"a1"}'), OK]) as (url, _):
        session = open_session(url, refresh_read=lambda body: Tokens(json.loads(body)["token"]))
        session.call(Request("orders", "/x"))
        assert session._tokens.current() == Tokens("a1", "r0")


def test_an_expired_token_is_refreshed_once_and_the_call_repeated(
    open_session: Callable[..., Session],
) -> None:
    expired: Answer = (200, {}, b'{"code":40102}')
    with vendor([expired, (200, {}, b'{"token":"fresh"}'), OK]) as (url, paths):
        session = open_session(url)
        assert session.call(Request("report", "/x")).body["data"] == 1
    assert [path.split("?")[0] for path in paths] == [
        "/x",
        "/refresh",
        "/x",
    ] and "access_token=fresh" in paths[2]


def test_a_token_that_stays_bad_after_a_refresh_fails_fast(open_session: Callable[..., Session]) -> None:
    expired: Answer = (200, {}, b'{"code":40102}')
    with (
        vendor([expired, (200, {}, b'{"token":"fresh"}'), expired]) as (url, paths),
        pytest.raises(AuthError),
    ):
        open_session(url).call(Request("report", "/x"))
    assert len(paths) == 3, "no retry storm"


def test_a_credential_once_refused_is_not_tried_again_by_anybody(
    open_session: Callable[..., Session],
) -> None:
    with vendor([(401, {}, b"{}"), (200, {}, b'{"token":"fresh"}'), (401, {}, b"{}")]) as (url, paths):
        session = open_session(url)
        for _ in range(3):
            with pytest.raises(AuthError) as error:
                session.call(Request("report", "/x"))
            assert error.value.account == "demo__one"
    assert [path.split("?")[0] for path in paths] == ["/x", "/refresh", "/x"]


@pytest.mark.parametrize("answer", [b"{}", b'{"token": 7}', b'{"token": ["a"]}', b'{"token": ""}'])
def test_a_refresh_that_answers_without_a_token_is_an_error_that_names_the_account(
    open_session: Callable[..., Session], answer: bytes
) -> None:
    with vendor([(401, {}, b"{}"), (200, {}, answer)]) as (url, _), pytest.raises(ContractError) as error:
        open_session(url).call(Request("report", "/x"))
    assert error.value.account == "demo__one" and "token refresh" in str(error.value)


@pytest.mark.parametrize(("status", "kind"), [(403, ConfigError), (404, ConfigError), (302, ConfigError)])
def test_what_is_hopeless_is_not_tried_again(
    status: int, kind: type[Exception], open_session: Callable[..., Session]
) -> None:
    with vendor([(status, {"Location": "http://127.0.0.1:1/"}, b"{}")]) as (url, paths), pytest.raises(kind):
        open_session(url).call(Request("report", "/x"))
    assert len(paths) == 1


@pytest.mark.parametrize(
    ("hours", "headers", "is_refused"),
    [(2, {}, True), (25, {}, True), (0.5, {}, False), (-25, {}, False), (25, {"Age": "9"}, False)],
)
def test_a_clock_ahead_of_the_vendors_reads_nothing(
    hours: float, headers: dict[str, str], is_refused: bool,
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    stamp = formatdate(time.time() - hours * 3600, usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self, timestamp=None: stamp)
    with vendor([(200, headers, b'{"code":0}')]) as (url, paths):
        if is_refused:
            with pytest.raises(ConfigError, match=f"clock is {hours * 60} minutes ahead.*NTP") as caught:
                open_session(url).call(Request("report", "/x"))
            assert caught.value.account
        else:
            open_session(url).call(Request("report", "/x"))
    assert len(paths) == 1


@pytest.mark.parametrize("form", ["%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S -0000"])
def test_a_vendors_date_without_a_zone_is_in_utc_whatever_the_machines(
    form: str, open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All forms of an HTTP date are (RFC 9110, 5.6.7), the one of asctime without saying so."""
    monkeypatch.setattr(
        BaseHTTPRequestHandler,
        "date_time_string",
        lambda self, timestamp=None: time.strftime(form, time.gmtime()),
    )
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        with vendor([(200, {}, b'{"code":0}')]) as (url, _):
            assert open_session(url).call(Request("report", "/x")).body == {"code": 0}
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_proxy_and_no_netrc_of_the_machine_sees_a_call(
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login x password y")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    seen: list[Any] = []
    parse = BaseHTTPRequestHandler.parse_request
    monkeypatch.setattr(
        BaseHTTPRequestHandler, "parse_request", lambda self: (parse(self), seen.append(self.headers))[0]
    )
    with vendor([OK]) as (proxy, asked), vendor([OK]) as (url, paths):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        open_session(url).call(Request("report", "/x"))
    assert not asked and len(paths) == 1 and "Authorization" not in seen[0]


def test_a_secret_that_begins_like_another_is_not_shown_by_its_end(
    open_session: Callable[..., Session],
) -> None:
    longer = f"{SECRET}-and-more"
    said = json.dumps({"code": 40101, "said": f"{longer} and {SECRET}"}).encode()
    with vendor([(200, {}, said)]) as (url, _), pytest.raises(ConfigError) as caught:
        open_session(url, extra={"client_secret": longer}).call(Request("report", "/x"))
    assert "… and …" in str(caught.value) and "more" not in str(caught.value)


def test_an_answer_without_an_end_is_given_up(
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extractors.core.session.BODY_LIMIT", 2 << 20)
    with (
        vendor([(200, {}, b'{"code":0}'.ljust(5 << 20))]) as (url, paths),
        pytest.raises(ContractError, match="more than 2 MiB"),
    ):
        open_session(url).call(Request("report", "/x"))
    assert len(paths) == 1


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1:1/x"])
def test_nothing_but_http_is_asked(address: str, open_session: Callable[..., Session]) -> None:
    with pytest.raises(TransientError, match="could not be reached"):
        open_session("http://127.0.0.1:1")._send("report", {"method": "GET", "url": address})


def test_a_good_answer_with_a_date_that_is_none_is_good(
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self, timestamp=None: NO_TIME)
    with vendor([OK]) as (url, _):
        assert open_session(url).call(Request("report", "/x")).body["data"] == 1


def test_a_bucket_never_lets_more_calls_through_than_permitted_and_wastes_little() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    bucket = Bucket(Rate(calls=10, seconds=1.0), clock=lambda: now[0], sleep=sleep)
    times = []
    for _ in range(200):
        bucket.take()
        times.append(now[0])
    assert all(times[n + 10] - times[n] > 1.0 for n in range(190))
    assert 189 / (times[-1] - times[10]) >= 0.95 * 10  # the first second opens connections


def test_a_call_that_leaves_late_crowds_no_stretch_and_delays_nobody() -> None:
    now, late = [0.0], [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds + late[0]

    bucket = Bucket(Rate(calls=10, seconds=1.0), clock=lambda: now[0], sleep=sleep)
    times = []
    for number in range(200):
        late[0] = 0.08 if number % 7 == 0 else 0.0
        bucket.take()
        times.append(now[0])
    assert all(times[n + 10] - times[n] > 1.0 for n in range(190))
    assert 189 / (times[-1] - times[10]) >= 0.9 * 10


def test_a_bucket_told_to_hold_holds_everybody() -> None:
    now = [0.0]
    bucket = Bucket(Rate(10, 1.0), clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    bucket.take()
    bucket.hold(30)
    bucket.take()
    assert now[0] >= 30


def test_calls_under_way_never_exceed_the_platforms_width(open_session: Callable[..., Session]) -> None:
    active, most, guard = 0, 0, threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal active, most
            with guard:
                active += 1
                most = max(most, active)
            time.sleep(0.02)
            with guard:
                active -= 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"code":0}')

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        session = open_session(f"http://127.0.0.1:{server.server_port}", width=3)
        threads = [threading.Thread(target=session.call, args=(Request("r", "/x"),)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.shutdown()
        server.server_close()
    assert 2 <= most <= 3


@pytest.mark.parametrize(("pace", "apart"), [(0.5, 2.0), (2.5, 0.4), (50, 0.02)])
def test_an_account_may_be_read_at_any_pace(
    open_session: Callable[..., Session], pace: float, apart: float
) -> None:
    waits: list[float] = []
    with vendor([OK]) as (url, _):
        session = open_session(url, waits)
        session.account.options["calls_per_second"] = pace
        for _ in range(2):
            session.call(Request("report", "/x"))
    (wait,) = waits
    assert apart < wait + 0.02 and wait < apart * 1.1 + WARMING_GAP
