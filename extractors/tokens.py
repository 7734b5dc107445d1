"""Tokens that vendors renew, in one file per account (mode 0600), with one writer at a time.

A renewal runs under a file lock: a second process that wants the same waits, finds the new token and does not
ask the vendor again. The new pair is on disk before anyone uses it, so a kill afterwards loses nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from extractors import durable, locks
from extractors.credentials import Credentials
from extractors.errors import ConfigError

_INSTANT_FIELDS = ("expires_at", "refresh_expires_at", "renewed_at")
_ROOM = 16_384  # bytes; tokens are a few thousand long
WARN_AHEAD = timedelta(days=7)  # how long before an authorisation ends `doctor` and the night warn of it


@dataclass(frozen=True)
class Tokens:
    """An access token, its refresh token, and when each expires (None: not told).

    renewed_at: when it was last renewed (None: it is the token of the connection).
    """

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    renewed_at: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        # A number or list in a vendor's answer would be kept, and every later call would stumble over it.
        if not isinstance(self.access_token, str) or not isinstance(self.refresh_token, str | None):
            raise TypeError("a token that is no text")

    def __repr__(self) -> str:
        return f"Tokens(…, expires_at={self.expires_at})"


def authorised_until(tokens: Tokens, prolongs: bool | None) -> datetime | None:
    """When the merchant must have authorised the app again; None when nothing says so.

    prolongs: see `Platform.renewal_prolongs`. When it is None (apps differ), a renewed token that lives for
    at most WARN_AHEAD is taken as one that can be renewed for ever: the vendor gives no better sign.
    """
    ends = [tokens.refresh_expires_at] if tokens.refresh_token else []
    renewed = tokens.renewed_at
    is_short = bool(renewed and tokens.expires_at and tokens.expires_at - renewed <= WARN_AHEAD)
    if not tokens.refresh_token or prolongs is False or (prolongs is None and not is_short):
        ends.append(tokens.expires_at)
    return min((end for end in ends if end is not None), default=None)


def _parse_instant(value: Any, account_id: str) -> datetime | None:
    """An instant written into a connection: ISO 8601 with a zone, or epoch seconds. None when empty.

    Raises ConfigError for anything else.
    """
    if value in (None, ""):
        return None
    try:
        if isinstance(value, int | float) or str(value).isdigit():
            return datetime.fromtimestamp(float(value), UTC)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            "the connection says when its token ends in a way that cannot be read",
            account=account_id,
            advice="write expires_at and refresh_expires_at as 2026-12-31T00:00:00+08:00 or in epoch seconds",
        )
    return moment


class TokenFile:
    """The tokens of one account: those of its connection, until a renewal has replaced them.

    The file records a hash of the connection's tokens that it descends from. When somebody authorises again
    and pastes new tokens into the connection, the hash differs and the file is ignored.
    """

    def __init__(self, folder: Path, account_id: str, credentials: Credentials) -> None:
        self._account_id = account_id
        self._path = folder / f"{account_id}.json"
        self._lock = folder / f"{account_id}.lock"
        extra = credentials.extra
        refresh_token = extra.get("refresh_token")
        self._given = Tokens(
            access_token=str(extra.get("access_token") or ""),
            refresh_token=refresh_token if refresh_token is None else str(refresh_token),
            expires_at=_parse_instant(extra.get("expires_at"), account_id),
            refresh_expires_at=_parse_instant(extra.get("refresh_expires_at"), account_id),
        )
        seed = f"{self._given.access_token}|{self._given.refresh_token}"
        self._origin = hashlib.sha256(seed.encode()).hexdigest()
        self._known: tuple[tuple[int, int, int], Tokens] | None = None
        self._sweep()

    def current(self) -> Tokens:
        """The tokens to use now.

        Raises ConfigError when the file cannot be read. The connection's own tokens are not tried instead:
        they may have been replaced by a renewal, and a vendor may lock an account that uses them again.
        """
        try:
            # Asked before every call, so the file is parsed only when it has changed. Writers replace it, so
            # that its inode changes.
            file = self._path.stat()
            version = file.st_ino, file.st_mtime_ns, file.st_size
            known = self._known  # a local copy: another thread may replace it between check and use
            if known is None or known[0] != version:
                known = self._known = version, self._read()
            return known[1]
        except FileNotFoundError:
            return self._given
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"its renewed tokens cannot be read from {self._path} ({type(error).__name__})",
                account=self._account_id,
                advice="bring the file back from a backup, or remove it and authorise again: "
                "the connection's own token is then used",
            ) from None

    def _read(self) -> Tokens:
        data = json.loads(self._path.read_text(encoding="utf-8"))
        if data.pop("origin", None) != self._origin:
            return self._given
        for name in _INSTANT_FIELDS:
            data[name] = datetime.fromisoformat(data[name]) if data.get(name) else None
        return Tokens(**data)

    def refresh(self, used: Tokens, ask_vendor: Callable[[Tokens], Tokens]) -> Tokens:
        """The tokens after a renewal of `used`. The vendor is called once, however many processes ask.

        ask_vendor: makes the call. Raises ConfigError when the file can be neither read nor written, and
        what `ask_vendor` raises.
        """
        with self._locked():
            current = self.current()
            if current.access_token != used.access_token:
                return current
            with self._room():
                fresh = replace(ask_vendor(current), renewed_at=datetime.now(UTC))
            self._save(fresh)
            return fresh

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Keep room on the disk for new tokens. Asked while it is full, many vendors would take back the old
        pair, and nobody would have the new one."""
        path = self._path.with_name(f".{self._path.name}.room.tmp")
        try:
            try:
                durable.write(path, secrets.token_hex(_ROOM // 2), mode=0o600)  # blanks could be compressed
            except OSError as error:
                raise self._cannot_keep(error) from None
            yield
        finally:
            path.unlink(missing_ok=True)

    def _save(self, tokens: Tokens) -> None:
        try:
            self._write(tokens)
        except OSError as error:
            raise self._cannot_keep(error) from None

    def _write(self, tokens: Tokens) -> None:
        data = asdict(tokens) | {"origin": self._origin}
        for name in _INSTANT_FIELDS:
            data[name] = data[name].astimezone(UTC).isoformat() if data[name] else None
        durable.replace(self._path, json.dumps(data), mode=0o600)

    def _sweep(self) -> None:
        """Remove half-written files of a killed process. Under the lock, so no running writer has any."""
        if self._drafts():
            with self._locked():
                for path in self._drafts():
                    path.unlink(missing_ok=True)

    def _drafts(self) -> list[Path]:
        folder, name = self._path.parent, self._path.stem
        return [*folder.glob(f".{name}.*tmp"), *folder.glob(f"{name}.*tmp")]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = locks.locked(self._lock, wait=None, mode=0o600)
        except OSError as error:
            raise self._cannot_keep(error) from None
        with lock:
            yield

    def _cannot_keep(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"renewed tokens cannot be kept in {self._path.parent}: {error.strerror}",
            account=self._account_id,
            advice="free space or mend the folder's permissions before the next run: many vendors accept "
            "a refresh token only once",
        )
