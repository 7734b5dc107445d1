"""What a platform states and what flows through the read loop. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import ConfigError
from extractors.personal import Personal, dig
from extractors.tokens import Tokens

if TYPE_CHECKING:
    from extractors.core.jobs import State
    from extractors.core.session import Session

Record = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One call to a vendor, before signing.

    name: the vendor's method or report, as errors and rate limits speak of it.
    path: appended to the base URL.
    params: business parameters; the protocol adds its own and signs.
    verb: where one vendor uses several and the family leaves the choice to the platform.
    """

    name: str
    path: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    verb: Literal["GET", "POST"] = "GET"

    def with_params(self, **params: Any) -> Request:
        return replace(self, params={**self.params, **params})


@dataclass(frozen=True)
class Reply:
    """A vendor's answer after its envelope was found good.

    hold: seconds before which the vendor could not take another such call (it says how much is left).
    """

    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    hold: float = 0.0


@dataclass(frozen=True)
class Page:
    """Records of one reply. `total` is the vendor's own count for the whole read, where it gives one."""

    records: list[Record]
    total: int | None = None


class Paging(Protocol):
    """Turns one request into all its pages."""

    def pages(self, call: Callable[[Request], Reply], request: Request) -> Iterator[Page]: ...


@dataclass(frozen=True)
class Job:
    """An asynchronous report, as facts (see `core.jobs`).

    ticket: the job's number, as it stands in the answer to the request that asks for the report.
    look: number → the request that asks how it stands; state: what the answer to that says.
    fetch: number → the request that brings the finished report; it is paged like any other.
    address: where the look that finds the report finished says it lies; `fetch` is given that in place of the
        number. Two answers without one: the report is empty.
    patience: how long a job may take; life: how long after being asked for it is still worth fetching.
    """

    ticket: Callable[[Reply], Any]
    look: Callable[[str], Request]
    state: Callable[[Reply], State]
    fetch: Callable[[str], Request]
    address: Callable[[Reply], str | None] | None = None
    patience: timedelta = timedelta(hours=1)
    life: timedelta = timedelta(hours=6)


@dataclass(frozen=True)
class Read:
    """One paged read: a request, how it is paged, and what finishes its records (None: nothing).

    job: the request asks for an asynchronous report; what is paged is the finished one.
    halves: what is read in its place where it is too deep to be paged through (None: the window is halved).
        For reads that reach back behind their window: its halves would reach back as far.
    """

    request: Request
    paging: Paging
    finish: Callable[[list[Record]], list[Record]] | None = None
    job: Job | None = None
    halves: Callable[[], Iterable[Read]] | None = None


@dataclass(frozen=True)
class Instant:
    """Where a record says when it changed. A naive time is in `zone` (None: in UTC).

    parse: reads a vendor's own way of writing time; without it a number is epoch seconds, a text ISO 8601.
    before: paths of earlier moments, latest first, for records that have not come to `path` yet.
    """

    path: str
    zone: str | None = None
    parse: Callable[[Any], datetime] | None = None
    before: tuple[str, ...] = ()

    def of(self, record: Record) -> str | None:
        """The instant as `YYYY-MM-DDTHH:MM:SSZ` (fractions kept), or None when the record has none.

        Raises ValueError when the text is no time.
        """
        value = None
        for path in (self.path, *self.before):
            value = dig(record, tuple(path.split(".")))
            if value not in (None, ""):
                break
        else:
            return None
        if self.parse is not None:
            moment = self.parse(value)
        elif isinstance(value, int | float):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC if self.zone is None else ZoneInfo(self.zone))
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch_milliseconds(value: Any) -> datetime:
    """The instant of a number (or its text) of milliseconds since 1970."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))


@dataclass(frozen=True)
class Lift:
    """What lets an account see past a stream's retention.

    asked: asks the vendor whether this account may. advice: how it comes to it.
    unseen: what an account that may not misses every night, without a word from the vendor.
    """

    asked: Callable[[Session], bool]
    advice: str
    unseen: str


@dataclass(frozen=True)
class Stream:
    """One kind of record of a platform, as facts.

    name: orders, refunds, products, traffic, ad_report, …
    kind: `cursor` (read by modified time; every version kept) or `report` (keyed by date; replaced whole).
    key: paths that make a record's primary key.
    reads: (account, window) → the paged reads that cover the window.
    cursor: where the modified time stands (cursor streams). None: the vendor tells none; every read is of all
        there is, and the moment of the read stands for it.
    day: path of the report's date (report streams); may hold a time after the date.
    slice: how much time one landing partition covers: "day", or None for the whole window.
    long_from, long_slice: a stretch of at least `long_from` is landed in slices of `long_slice`, not by the
        day: for vendors with another way for so long a window, which `reads` then takes.
    widest: the vendor's widest window for one read; slices are cut to it.
    stride: read in windows so short, side by side: for vendors who permit more calls a second than pages that
        are read one after the other can use.
    settle: how far behind now a window may end, because the vendor's index lags.
    overlap: how far the next window reaches back over the last one.
    lookback_days: days a report re-reads because the vendor restates them.
    weekly_lookback_days: days that one run a week re-reads in their place (a far look), where the vendor
        restates a little for longer than is worth every night (0: nothing).
    weekly_whole: once a week all there is is read, as on the first night, and what it names no more has left:
        for lists of changes that say nothing of what was deleted. Landed in one partition (`slice` None).
    period: the grain of a report's dates: day, week (Mondays) or month (firsts).
    retention: how far back the vendor answers (None: no limit stated).
    lift: what takes the limit away from an account (None: nothing does).
    from_beginning: a first load reads all there is, not the account's history window (products).
    detail: a further call for each record, where the list leaves something out.
    incomplete: whether a record needs that call (None: each does).
    personal: what must not land.
    """

    name: str
    kind: Literal["cursor", "report"]
    key: tuple[str, ...]
    reads: Callable[[Account, Window], Iterable[Read]]
    cursor: Instant | None = None
    day: str | None = None
    slice: Literal["day"] | None = "day"
    long_from: timedelta | None = None
    long_slice: timedelta | None = None
    widest: timedelta | None = None
    stride: timedelta | None = None
    settle: timedelta = timedelta(minutes=3)
    overlap: timedelta = timedelta(minutes=10)
    lookback_days: int = 0
    weekly_lookback_days: int = 0
    weekly_whole: bool = False
    period: Literal["day", "week", "month"] = "day"
    retention: timedelta | None = None
    lift: Lift | None = None
    from_beginning: bool = False
    detail: Callable[[Session, Record], None] | None = None
    incomplete: Callable[[Record], bool] | None = None
    personal: Personal = field(default_factory=Personal)

    def key_of(self, record: Record) -> str | None:
        """The primary key as text, its parts joined by `|`; None when a part is missing, empty or no plain
        value (a list, an object, true: its text would be a key that nobody sent)."""
        parts = []
        for path in self.key:
            value = dig(record, tuple(path.split("."))) if "." in path else record.get(path)
            if value is None or value == "" or isinstance(value, bool | list | dict):
                return None
            parts.append(str(value))
        return "|".join(parts)

    def day_of(self, record: Record) -> str | None:
        """The report date as YYYY-MM-DD, or None when it is missing. Raises ValueError when it is no date."""
        value = dig(record, tuple((self.day or "").split(".")))
        return date.fromisoformat(str(value)[:10].replace("/", "-")).isoformat() if value else None


@dataclass(frozen=True)
class Rate:
    """At most `calls` in `seconds`, per account and method.

    burst: calls the vendor lets a quiet caller save up and make at once.
    """

    calls: int
    seconds: float
    burst: int = 1


class Speaker(Protocol):
    """How a family talks: what the session asks of it. One instance an account."""

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        """The keyword arguments of `requests.Session.request`, signed."""
        ...

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        """The reply, or the error its envelope tells of."""
        ...

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        """The call that renews the tokens and how to read its answer; None where tokens do not renew."""
        ...


@dataclass(frozen=True)
class Platform:
    """A vendor, as facts.

    protocol: makes the family's speaker for one account: (base URL, account, credentials) → speaker. None for
        file drops, which no vendor answers for.
    rate: the vendor's limit per account and method, or our own restraint where it states none; `rates`
        names the methods with a limit of their own.
    is_rate_shared: the vendor counts all methods together; `rate` holds for their sum.
    width: how many calls may be under way at once for one account.
    patience: seconds to wait for the next bytes of an answer.
    renew_ahead: a token is renewed so long before it ends, where the vendor renews none that is about to end.
    renewal_prolongs: whether renewing moves the day on which someone must authorise again (None: depends on
        the type of the app).
    """

    name: str
    title: str
    base_url: str
    protocol: Callable[[str, Account, Credentials], Speaker] | None
    streams: tuple[Stream, ...]
    rate: Rate = Rate(calls=20, seconds=1.0)
    rates: dict[str, Rate] = field(default_factory=dict)
    is_rate_shared: bool = False
    width: int = 4
    patience: float = 90.0
    zone: str = "Asia/Shanghai"
    renew_ahead: timedelta | None = None
    renewal_prolongs: bool | None = True
    options: frozenset[str] = frozenset()

    def stream(self, name: str) -> Stream:
        """One of its streams. Raises ConfigError for a name that it has not."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        raise ConfigError(
            f"platform {self.name} has no stream {name!r}",
            advice=f"its streams: {', '.join(self.stream_names)}",
        )

    @property
    def stream_names(self) -> tuple[str, ...]:
        return tuple(stream.name for stream in self.streams)
