"""The vendors' token services: which access tokens are valid, and what a refresh token is exchanged for."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

from .credentials import NEVER, RENEWED_AHEAD, mint

GOOD, EXPIRED, UNKNOWN, REVOKED = "good", "expired", "unknown", "revoked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the desk says of a token: a state, and whose it is when it is one of ours."""

    state: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A new pair of tokens and their lifetimes in seconds."""

    subject: str
    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


class TokenDesk:
    """Tokens of one platform. ``rotates``: a refresh also replaces the refresh token, and the old one
    is spent. ``prolongs``: the new one lives its whole life again; else it ends when the old one would."""

    def __init__(
        self, platform: str, *, rotates: bool, access_life: int, refresh_life: int, prolongs: bool = True
    ) -> None:
        self.platform = platform
        self.rotates = rotates
        self.prolongs = prolongs
        self.access_life = access_life
        self.refresh_life = refresh_life
        self.refreshes = 0
        self._spent: set[str] = set()
        self._voided_up_to = -1

    def check(self, text: str, use: str = "access") -> Verdict:
        """Judges a token. Expiry is by the machine's clock."""
        parts = text.split(".")
        if len(parts) != 7 or parts[:2] != ["sbx", self.platform] or parts[3] != use:
            return Verdict(UNKNOWN)
        _, platform, subject, _, serial, expires, _ = parts
        if not (serial.isdigit() and expires.isdigit()):
            return Verdict(UNKNOWN)
        if not hmac.compare_digest(mint(platform, subject, use, int(serial), int(expires)), text):
            return Verdict(UNKNOWN)
        if int(serial) == 2:
            return Verdict(REVOKED, subject)
        if text in self._spent:
            return Verdict(UNKNOWN, subject)
        until = int(expires)
        voided = use == "access" and int(serial) <= self._voided_up_to
        if voided or (until != NEVER and until <= time.time()):
            return Verdict(EXPIRED, subject)
        return Verdict(GOOD, subject)

    def expire_all(self) -> None:
        """Every access token given out so far counts as expired from now on; refresh tokens still work."""
        self._voided_up_to = time.time_ns()

    def forgive_all(self) -> None:
        """Takes back ``expire_all``."""
        self._voided_up_to = -1

    def issue(self, subject: str) -> Grant:
        """A new access token for callers that only need key and secret. There is no refresh token."""
        self.refreshes += 1
        access = mint(self.platform, subject, "access", time.time_ns(), int(time.time()) + self.access_life)
        return Grant(subject, access, "", self.access_life, 0)

    def refresh(self, refresh_token: str) -> Grant | None:
        """New tokens for a good refresh token, None for any other."""
        verdict = self.check(refresh_token, "refresh")
        if verdict.state != GOOD:
            return None
        ends, ahead = int(refresh_token.split(".")[5]), RENEWED_AHEAD.get(self.platform, 0)
        if ends != NEVER and ends - ahead <= time.time():
            return None
        self.refreshes += 1
        serial = time.time_ns()
        now = int(time.time())
        access = mint(self.platform, verdict.subject, "access", serial, now + self.access_life)
        renewed, life = refresh_token, self.refresh_life
        if self.rotates:
            self._spent.add(refresh_token)
            until = now + (self.access_life if ahead else self.refresh_life)
            if not self.prolongs:
                until, life = ends, self.refresh_life if ends == NEVER else ends - now
            renewed = mint(self.platform, verdict.subject, "refresh", serial, until)
        return Grant(verdict.subject, access, renewed, self.access_life, life)
