"""A gateway of the sorted-parameter kind, as several vendors built one: a router URL, the method as a
parameter, a signature over the parameters (platforms-cn §2, §3, §7 to §10).

It checks what all of them check, in one order; a vendor's half states the names, the methods and, by
``refuse``, its own words for every kind of refusal:

method · key · fixed · time · sign · token · expired · missing · unknown · invalid · rate
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from .ad_credentials import APPS
from .adland import advertiser
from .ads import Adverts
from .asked import fields_of
from .book import OrderBook, Row
from .control import Fault
from .credentials import APP_KEYS
from .desk import Answer, Desk, Refusal
from .market import from_wall
from .merchants import SHOP_BY_STORE, Shop
from .orders import OrderState
from .signatures import same, top
from .tokens import EXPIRED, GOOD, TokenDesk


@dataclass(frozen=True, slots=True)
class Rules:
    """How a vendor's gateway reads a request.

    ``refuse(kind, text)`` is the vendor's answer to what it refuses. ``fixed`` parameters have these values
    and no others; ``optional`` ones may come. ``envelope`` names the one parameter that holds the business
    parameters as JSON. ``epoch``: the time stamp is in seconds, else a wall clock in Shanghai; ``tolerance``
    in seconds. ``signs_system_only``: the signature leaves the business parameters out.
    """

    refuse: Callable[[str, str], Answer]
    method: str = "method"
    key: str = "app_key"
    token: str = "access_token"  # noqa: S105  the name of a parameter
    fixed: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    envelope: str | None = None
    epoch: bool = False
    tolerance: int = 600
    signs_system_only: bool = False

    @property
    def system(self) -> frozenset[str]:
        """Names that are no business parameters."""
        return (
            frozenset({self.method, self.key, self.token, "timestamp", "sign", *self.fixed}) | self.optional
        )


@dataclass(frozen=True, slots=True)
class Method:
    """One method: who answers, its parameters, and which two say the window of modified times (for edits
    ordered from outside)."""

    stream: str
    answer: Callable[[Call, Fault | None], Any]
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    window: tuple[str, str] | None = None
    needs_token: bool = True


@dataclass(slots=True)
class Call:
    """An accepted request: whose, with which business parameters, at which moment of the world.

    ``subject`` is whom the token speaks for: a shop's store or an advertiser's number.
    """

    desk: Desk
    rules: Rules
    tokens: TokenDesk
    name: str
    subject: str
    params: Mapping[str, str]
    now: int

    @property
    def shop(self) -> Shop:
        """The shop that is asked about."""
        return SHOP_BY_STORE[self.subject]

    @property
    def adverts(self) -> Adverts:
        """The advertiser that is asked about."""
        found = advertiser(self.desk.world, self.desk.platform, self.subject)
        if found is None:
            raise self.invalid(f"no advertiser {self.subject}")
        return found

    @property
    def book(self) -> OrderBook:
        """The shop's orders."""
        return self.desk.world.books[self.shop.store]

    def invalid(self, text: str) -> Refusal:
        """A parameter's value is refused."""
        return Refusal(self.rules.refuse("invalid", text))

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number between low and high, both included."""
        text = self.params.get(name, str(default))
        if not re.fullmatch(r"-?\d{1,12}", text) or not low <= int(text) <= high:
            raise self.invalid(f"{name} must be between {low} and {high}")
        return int(text)

    def choice(self, name: str, allowed: frozenset[str], default: str) -> str:
        """One of the allowed words."""
        text = self.params.get(name, default)
        if text not in allowed:
            raise self.invalid(f"{name} {text} is unknown")
        return text

    def window(
        self, first: str, last: str, most: int | None, oldest: int | None = None, epoch: bool = False
    ) -> tuple[int, int]:
        """The window of two parameters in epoch seconds, at most ``most`` seconds wide and begun at most
        ``oldest`` seconds ago."""
        start, end = (self._moment(name, epoch) for name in (first, last))
        if end <= start:
            raise self.invalid(f"{last} must be later than {first}")
        if most is not None and end - start > most:
            raise self.invalid(f"{first} and {last} are more than {most} seconds apart")
        if oldest is not None and start < self.now - oldest:
            raise self.invalid(f"{first} is too long ago")
        return start, end

    def _moment(self, name: str, epoch: bool) -> int:
        found = moment(self.params.get(name, ""), epoch)
        if found is None:
            raise self.invalid(f"{name} is no time")
        return found

    def page(
        self,
        rows: list[Any],
        fault: Fault | None,
        *,
        page: str = "page_no",
        size: str = "page_size",
        default: int = 40,
        most: int = 100,
        last: int = 1_000_000,
    ) -> tuple[list[Any], int, int, int]:
        """The rows of the page asked for, how many there are in all, the page's number and its size."""
        number = self.number(page, 1, 1, last)
        length = self.number(size, default, 1, most)
        key = tuple(sorted((name, value) for name, value in self.params.items() if name != page))
        if not self.desk.announced((self.name, self.subject, key), number, length, len(rows)):
            raise self.invalid(f"{page} {number} is beyond the last page")
        found = self.desk.page(rows, number, length, fault)
        return found.rows, found.total, number, length


class Router:
    """The gateway of one vendor, to shops or to advertisers. ``visible`` tells which orders its lists show
    at all."""

    def __init__(
        self,
        desk: Desk,
        rules: Rules,
        methods: Mapping[str, Method],
        visible: Callable[[OrderState], bool] = lambda state: True,
        *,
        renews: bool = True,
        rotates: bool = False,
        access_life: int = 86_400,
        refresh_life: int = 30 * 86_400,
    ) -> None:
        self.desk, self.rules, self.methods = desk, rules, methods
        self._visible = visible
        self.app_key, self.secret = {**APPS, **APP_KEYS}[desk.platform]
        self.tokens = TokenDesk(
            desk.platform, rotates=rotates, access_life=access_life, refresh_life=refresh_life
        )
        desk.rate_answer = lambda seconds: rules.refuse("rate", "" if seconds is None else f"{seconds:g}")
        if renews:  # a session that nothing renews does not run out in the middle of a night either
            desk.tokens = self.tokens
            desk.token_answer = lambda: rules.refuse("expired", "")
        # A vendor that shows no modified time has nothing that an edit would move.
        desk.touch = self._touch if any(method.window for method in methods.values()) else None

    async def door(self, request: Request) -> Response:
        """POST (or GET) of the router's address."""
        params = await fields_of(request)
        name = params.get(self.rules.method, "")
        method = self.methods.get(name)
        store = self.tokens.check(params.get(self.rules.token, "")).subject

        def make(fault: Fault | None) -> Answer:
            try:
                found = self._answer(name, method, params, store, fault)
                return found if isinstance(found, Answer) else Answer(found)
            except Refusal as refusal:
                return refusal.answer

        business = self._lenient(params) | ({"": name} if name else {})
        return await self.desk.serve(method.stream if method else "unknown", store, make, business)

    def _answer(
        self, name: str, method: Method | None, params: Mapping[str, str], store: str, fault: Fault | None
    ) -> Any:
        self._check_system(params)
        if method is None:
            raise Refusal(self.rules.refuse("method", name))
        if method.needs_token:
            self._check_token(params.get(self.rules.token, ""))
        business = self._business(params)
        unknown = sorted(set(business) - method.required - method.optional)
        if unknown:
            raise Refusal(self.rules.refuse("unknown", ",".join(unknown)))
        missing = sorted(key for key in method.required if not business.get(key))
        if missing:
            raise Refusal(self.rules.refuse("missing", missing[0]))
        call = Call(self.desk, self.rules, self.tokens, name, store, business, self.desk.now())
        return method.answer(call, fault)

    def _check_system(self, params: Mapping[str, str]) -> None:
        rules = self.rules
        if not params.get(rules.method):
            raise Refusal(rules.refuse("method", "is missing"))
        if params.get(rules.key) != self.app_key:
            raise Refusal(rules.refuse("key", "is missing or unknown"))
        for name, value in rules.fixed.items():
            if params.get(name) != value:
                raise Refusal(rules.refuse("fixed", f"{name} must be {value}"))
        stamp = moment(params.get("timestamp", ""), rules.epoch)
        clocks = self.desk.control.clocks()
        if stamp is None or all(abs(stamp - clock) > rules.tolerance for clock in clocks):
            raise Refusal(rules.refuse("time", "is missing or too far from now"))
        signed = {k: v for k, v in params.items() if k in rules.system} if rules.signs_system_only else params
        if not params.get("sign") or not same(top(signed, self.secret), params["sign"]):
            raise Refusal(rules.refuse("sign", "does not match"))

    def _check_token(self, text: str) -> None:
        verdict = self.tokens.check(text)
        if verdict.state == EXPIRED:
            raise Refusal(self.rules.refuse("expired", ""))
        known = verdict.subject in SHOP_BY_STORE or advertiser(
            self.desk.world, self.desk.platform, verdict.subject
        )
        if verdict.state != GOOD or not known:
            raise Refusal(self.rules.refuse("token", "is missing or unknown"))

    def _business(self, params: Mapping[str, str]) -> dict[str, str]:
        plain = {name: value for name, value in params.items() if name not in self.rules.system}
        envelope = self.rules.envelope
        if envelope is None:
            return plain
        others = sorted(set(plain) - {envelope})
        if others:
            raise Refusal(self.rules.refuse("unknown", ",".join(others)))
        try:
            found = orjson.loads(plain.get(envelope, ""))
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise Refusal(self.rules.refuse("missing", envelope))
        return {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in found.items()
            if value is not None
        }

    def _lenient(self, params: Mapping[str, str]) -> dict[str, str]:
        try:
            return self._business(params)
        except Refusal:
            return {}

    def _touch(self, store: str, stream: str, place: int, listing: Mapping[str, Any]) -> None:
        """Edits the order at ``place`` (newest first) of the window being read."""
        method = self.methods.get(listing.get("", ""))
        if method is None or method.window is None:
            return
        start, end = (_any_moment(listing.get(name, "")) for name in method.window)
        if start is None or end is None:
            return
        book = self.desk.world.books[store]
        rows = visible_rows(
            book, book.modified_between(start, end, self.desk.now()), self.desk.now(), self._visible
        )
        if place < len(rows):
            book.touch(rows[-1 - place].day, rows[-1 - place].index, self.desk.now())


def visible_rows(
    book: OrderBook, rows: list[Row], now: int, visible: Callable[[OrderState], bool]
) -> list[Row]:
    """The rows whose order the vendor's lists show."""
    found = []
    for row in rows:
        state = book.state(row.day, row.index, now)
        if state is not None and visible(state):
            found.append(row)
    return found


# ---- texts ---------------------------------------------------------------------------------------
def moment(text: str, epoch: bool = False) -> int | None:
    """Epoch seconds of a wall clock in Shanghai, or of a number of seconds; None for anything else."""
    if epoch:
        return int(text) if re.fullmatch(r"\d{9,10}", text) else None
    return from_wall(text)


def _any_moment(text: str) -> int | None:
    return moment(text) if "-" in text else moment(text, epoch=True)


def names(text: str) -> frozenset[str]:
    """Words as a set."""
    return frozenset(text.split())
