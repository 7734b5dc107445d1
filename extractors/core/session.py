"""Calls to one account's vendor: signing, rate limits, retries and token renewal, all in one place."""

from __future__ import annotations

import contextlib
import copy
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests

from extractors.accounts import CALLS_PER_SECOND, Account
from extractors.core.decode import Broken, asked_again
from extractors.core.model import Platform, Rate, Reply, Request
from extractors.core.rate import Bucket
from extractors.credentials import Credentials, shown, variable
from extractors.errors import (
    MISFITS,
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TooMuchError,
    TransientError,
    misfit,
)
from extractors.protocols.http_status import http_date, retry_after
from extractors.tokens import TokenFile, Tokens

CONNECT_TIMEOUT = 10.0  # seconds
DEFAULT_HEADERS = requests.utils.default_headers()
BODY_LIMIT = 256 * 1024 * 1024  # bytes; far above any real page: an endless answer must not fill the memory
CALL_ATTEMPTS = 5
LATER = (
    "run again later, as Airflow does by itself: that reads what is missing; if it stays, ask the platform"
)
# Connection fields whose values are blanked out in error messages. Values shorter than six characters are
# not: they also occur by chance in ordinary words.
SECRET_FIELD = re.compile("token|secret|key|password|cookie", re.IGNORECASE)
SHORTEST_SECRET = 6
MAX_RETRY_AFTER = 366 * 86_400.0  # seconds; a longer wait is nonsense, and its end might be no valid date
# Seconds that this machine's clock may be ahead of the vendor's `Date` header. The header is set when an
# answer begins, so a long download alone makes a difference of minutes.
MAX_CLOCK_AHEAD = 3600.0
# Seconds. When the vendor demands a longer wait, the attempt fails and the run is retried later, instead of
# holding its Airflow slot.
LONGEST_WAIT = 300.0


T = TypeVar("T")


def base_url(platform: Platform, account: Account, credentials: Credentials) -> str:
    """The base URL of an account's calls: the connection's host, or the platform's own.

    Raises ConfigError when the connection's host is not a usable http(s) URL.
    """
    address = credentials.host or platform.base_url
    try:
        parts = urlsplit(address)
        requests.Request("GET", address).prepare()
        (parts.hostname or "").encode("idna")
        wrong = "" if parts.scheme in ("http", "https") else ", without https://"
        wrong = ", with a query behind it" if parts.query or parts.fragment else wrong
    except (requests.RequestException, ValueError):
        wrong = ", which is no address" if "://" in address else ", without https://"
    if not wrong:
        return address
    raise ConfigError(
        f"the connection's host is {shown(address)}{wrong}" if address else "the connection has no host",
        account=account.id,
        advice="give the whole address, as in https://shop.example.com, on the Airflow connection "
        f"{account.id} ({variable(account.id)})",
    )


def _refuse_clock_ahead(headers: Mapping[str, str]) -> None:
    """Raises ConfigError when this machine's clock is ahead of the vendor's.

    The marks would then cover time that has not happened yet, and what happens in it would never be read. A
    clock that is behind does no harm: its records are read the next night.
    """
    if "age" in headers:  # the answer came from a cache, and its `date` is when it was stored
        return
    told = http_date(headers.get("date", ""))
    ahead = (datetime.now(UTC) - told).total_seconds() if told is not None else 0.0
    if ahead > MAX_CLOCK_AHEAD:
        raise ConfigError(
            f"this machine's clock is {ahead / 60:.0f} minutes ahead of the vendor's",
            advice="set the clock (NTP) and run again; until then nothing is read",
        )


class Session:
    """Calls for one account. Thread-safe; `close` it when done.

    Every error that it raises is a DaybookError that names the account and contains no secret.
    """

    def __init__(
        self,
        platform: Platform,
        account: Account,
        credentials: Credentials,
        tokens: TokenFile,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.platform = platform
        self.account = account
        self._tokens = tokens
        self._sleep = sleep
        assert platform.protocol is not None
        self._protocol = platform.protocol(base_url(platform, account, credentials), account, credentials)
        self._http = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=platform.width)
        self._buckets: dict[str, Bucket] = {}
        self._guard = threading.Lock()
        self._call_slots = threading.BoundedSemaphore(platform.width)
        self._pool = ThreadPoolExecutor(platform.width)
        self._refused: AuthError | None = None
        self._secrets = {str(value) for name, value in credentials.extra.items() if SECRET_FIELD.search(name)}
        self._secrets.add(credentials.password or "")
        self._looked_ahead = False
        self.calls = 0

    def close(self) -> None:
        self._pool.shutdown()
        self._http.close()

    def each(self, do: Callable[[T], None], items: Iterable[T]) -> None:
        """Run `do` for every item, `platform.width` at a time. The first error is raised.

        `do` must not call `each` itself: it would wait for a thread of the pool that it occupies.
        """
        for _ in self._pool.map(do, items):
            pass

    def wait(self, seconds: float) -> None:
        """Sleep for so many seconds while the vendor works on a report."""
        self._sleep(seconds)

    def call(self, request: Request) -> Reply:
        """Make a call and return its successful reply.

        Transient errors are retried with exponential backoff and jitter. When rate limited it waits exactly
        as long as the vendor says. An expired token is renewed once.

        Raises:
            TransientError: all CALL_ATTEMPTS failed.
            RateLimitedError: the same, or the vendor demands a wait of more than LONGEST_WAIT.
            AuthError: the credential is refused; retrying would not help.
            ConfigError: the connection, a permission or this machine's clock has to be mended first.
            ContractError: the answer is not what the vendor's document allows.
        """
        self._renew_ahead()
        refreshed = False
        broken: frozenset[bytes] = frozenset()
        for attempt in range(1, CALL_ATTEMPTS + 1):
            self._stop_if_refused()
            tokens = self._tokens.current()
            self._know(tokens)
            try:
                with asked_again(broken):
                    return self._once(request, tokens)
            except AuthError as error:
                try:
                    mended = not refreshed and error.refreshable and self._refresh(tokens)
                except AuthError as refusal:
                    raise self._refuse(refusal) from None
                except DaybookError as trouble:
                    raise self._located(trouble) from None
                if not mended:
                    raise self._refuse(error) from None
                refreshed = True
            except RateLimitedError as error:
                # A wait of 0 (or one that is over by our clock) falls back to the backoff: without any wait
                # all attempts would be used up at once.
                wait = min(error.retry_after or self._backoff(attempt), MAX_RETRY_AFTER)
                if wait > LONGEST_WAIT:
                    free = datetime.now(UTC) + timedelta(seconds=wait)
                    error.advice = f"the vendor answers again from {free:%Y-%m-%d %H:%M} UTC; run again then"
                if attempt == CALL_ATTEMPTS or wait > LONGEST_WAIT:
                    raise self._located(error) from None
                self._bucket(request.name).hold(wait)
                self._sleep(wait)
            except TransientError as error:
                if isinstance(error, Broken):
                    broken |= error.texts
                # A request that is too much for the vendor stays so, and each failure takes its whole
                # timeout: retry it once only.
                is_too_much = isinstance(error, TooMuchError)
                if attempt == (2 if is_too_much else CALL_ATTEMPTS):
                    error.advice = error.advice or (None if is_too_much else LATER)
                    raise self._located(error) from None
                self._sleep(self._backoff(attempt))
            except DaybookError as error:
                raise self._located(error) from None
            except MISFITS as error:
                raise self._located(misfit(request.name, error)) from None
        raise self._located(TransientError(f"{request.name} did not succeed in {CALL_ATTEMPTS} tries"))

    def _once(self, request: Request, tokens: Tokens) -> Reply:
        self._bucket(request.name).take()
        status, headers, body = self._send(request.name, self._protocol.prepare(request, tokens))
        try:
            reply = self._protocol.check(request, status, headers, body)
        except RateLimitedError as error:
            if error.retry_after is None:  # the envelope names no wait; the HTTP header may
                error.retry_after = retry_after(headers)
            raise
        _refuse_clock_ahead(headers)
        if reply.hold > 0:
            self._bucket(request.name).hold(reply.hold)
        return reply

    def _send(self, name: str, arguments: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        with self._guard:
            self.calls += 1
        try:
            # Without a session of `requests`: its merging costs a tenth of a call's time, redirects and
            # cookies could alter a signed request, and a proxy or .netrc of the machine see it.
            arguments = {**arguments, "headers": {**DEFAULT_HEADERS, **arguments.get("headers", {})}}
            call = requests.Request(**arguments).prepare()
            timeout = CONNECT_TIMEOUT, self.platform.patience
            with self._call_slots, self._http.send(call, stream=True, timeout=timeout) as response:
                body = bytearray()
                for chunk in response.iter_content(1 << 16):
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        raise ContractError(f"{name} answered with more than {BODY_LIMIT >> 20} MiB")
                lowered = {key.lower(): value for key, value in response.headers.items()}
                return response.status_code, lowered, bytes(body)
        except (requests.exceptions.InvalidHeader, UnicodeError):  # their message contains the header
            raise ConfigError(
                f"{name} cannot be sent: the token or key contains characters that an HTTP header may not",
                advice="paste token and key into the connection again, without line breaks",
            ) from None
        except requests.RequestException as error:
            # Only the kind of the error is shown: its message may contain the signed URL.
            raise TransientError(
                f"{name} could not be reached ({type(error).__name__})",
                advice="check the network and the host of the connection",
            ) from None

    def _refresh(self, used: Tokens) -> bool:
        """Renew the tokens, unless another process has since `used` was read. False where they cannot be."""
        renewal = self._protocol.refresh(used)
        renews_by_key = getattr(self._protocol, "renews_by_key", False)
        if renewal is None or not (used.refresh_token or renews_by_key):
            return False

        def ask(current: Tokens) -> Tokens:
            self._stop_if_refused()
            again = self._protocol.refresh(current)
            assert again is not None
            arguments, read = again
            for attempt in range(1, CALL_ATTEMPTS + 1):
                try:
                    status, _, body = self._send("token refresh", arguments)
                    if status == 429 or status >= 500:
                        raise TransientError(f"token refresh answered HTTP {status}")
                    with asked_again(frozenset()):  # never accept a token with broken characters
                        fresh = read(body)
                    if not fresh.access_token:
                        raise ValueError("a token without a letter")
                    self._know(fresh)
                    if fresh.refresh_token is not None:
                        return fresh
                    # Without a new refresh token the old one stays valid (RFC 6749, section 6), but never
                    # longer than the vendor said before.
                    told = (current.refresh_expires_at, fresh.refresh_expires_at)
                    ends = min((end for end in told if end is not None), default=None)
                    return replace(fresh, refresh_token=current.refresh_token, refresh_expires_at=ends)
                except MISFITS as error:
                    text = (
                        f"token refresh answered without what its document promises ({type(error).__name__})"
                    )
                    raise ContractError(text) from None
                except TransientError:
                    if attempt == CALL_ATTEMPTS:
                        raise
                    self._sleep(self._backoff(attempt))
            raise AssertionError("unreachable")

        self._tokens.refresh(used, ask)
        return True

    def _renew_ahead(self) -> None:
        """Renew a token early, for vendors that refuse to renew one that is about to expire. Checked once per
        session. A failure is ignored here: the token still works for a while, and `daybook doctor` and the
        nightly notice warn of its end."""
        ahead = self.platform.renew_ahead
        if ahead is None or self._looked_ahead:
            return
        with self._guard:
            if self._looked_ahead:
                return
            self._looked_ahead = True
        tokens = self._tokens.current()
        if tokens.expires_at is not None and tokens.expires_at - datetime.now(UTC) < ahead:
            with contextlib.suppress(DaybookError):
                self._refresh(tokens)

    def _bucket(self, name: str) -> Bucket:
        name = "" if self.platform.is_rate_shared else name
        with self._guard:
            if name not in self._buckets:
                rate = self.platform.rates.get(name, self.platform.rate)
                if CALLS_PER_SECOND in self.account.options:
                    rate = _rate_of(self.account.options[CALLS_PER_SECOND])
                self._buckets[name] = Bucket(rate, sleep=self._sleep)
            return self._buckets[name]

    def _refuse(self, error: AuthError) -> DaybookError:
        """Remember that the credential is refused, so that parallel reads stop as well instead of calling
        on with it; returns the error to raise."""
        self._refused = error
        return self._located(error)

    def _stop_if_refused(self) -> None:
        if self._refused is not None:
            raise copy.copy(self._refused)

    def _know(self, tokens: Tokens) -> None:
        with self._guard:
            self._secrets |= {tokens.access_token, tokens.refresh_token or ""}

    def _located(self, error: DaybookError) -> DaybookError:
        """The error with its account added, and with secrets blanked that a vendor's message may repeat."""
        with self._guard:
            secrets = sorted(
                (one for one in self._secrets if len(one) >= SHORTEST_SECRET), key=len, reverse=True
            )
        for secret in secrets:
            for form in (secret, quote(secret, safe="")):
                error.message = error.message.replace(form, "…")
                error.advice = error.advice and error.advice.replace(form, "…")
        error.args = (error.message,)
        # What fails on this side (an option, the file of tokens) names its account where it is raised.
        error.is_vendors = error.is_vendors or error.account is None
        return error.at(account=self.account.id)

    @staticmethod
    def _backoff(attempt: int) -> float:
        return min(60.0, 0.5 * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311  jitter, not a secret


def _rate_of(calls_per_second: float) -> Rate:
    """A Rate of whole calls: 0.5 calls a second becomes one call in two seconds."""
    calls = max(1, int(calls_per_second))
    return Rate(calls, calls / calls_per_second)
