"""The types with which a platform describes itself, and those that pass through the read loop. No I/O."""

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


# How late a vendor lists a change, where nothing else is known of it.
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True)
class Request:
    """One call to a vendor, before signing.

    name: the vendor's method or report; error messages and `Platform.rates` use this name.
    path: appended to the base URL.
    params: business parameters; the protocol adds its own (key, time, signature).
    verb: the HTTP method, for protocols that leave the choice to the platform.
    """

    name: str
    path: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    verb: Literal["GET", "POST"] = "GET"

    def with_params(self, **params: Any) -> Request:
        return replace(self, params={**self.params, **params})


@dataclass(frozen=True)
class Reply:
    """A vendor's answer whose envelope reports no error.

    hold: seconds to wait before the next call of this method, because the vendor says its quota is used up.
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
    """How a vendor's asynchronous report is asked for and fetched (see `core.jobs`).

    ticket: takes the job's id out of the answer to the request that starts the job.
    look: job id → the request for the job's status.
    state: the status that the answer to `look` tells.
    fetch: job id → the request that downloads the finished report; it is paged like any other.
    address: for vendors that give a download address when the job is finished: takes it out of that answer,
        and `fetch` receives it in place of the id. None in two answers means that the report is empty.
    patience: how long the vendor may work on a job before the read fails.
    life: how long after its start a job's result is still used; an older one is requested anew.
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
    """One paged read.

    request: the first call. paging: how its pages are walked.
    finish: changes the records of each page before they are keyed, for example unpacks them (None: nothing).
    job: the request starts an asynchronous report; the finished report is what is paged.
    halves: the smaller reads to make when this one holds more records than the vendor lets one page through
        (None: the window is halved). For reads that begin earlier than their window: both halves of the
        window would begin as early and be as deep.
    """

    request: Request
    paging: Paging
    finish: Callable[[list[Record]], list[Record]] | None = None
    job: Job | None = None
    halves: Callable[[], Iterable[Read]] | None = None


@dataclass(frozen=True)
class Instant:
    """The field of a record that says when it changed.

    path: the field, dotted. zone: the time zone of texts that name none (None: UTC).
    parse: reads the vendor's own notation; without it a number is epoch seconds and a text ISO 8601.
    before: fields to use when `path` is empty, latest event first: an order that is not shipped has no time
        of shipping yet.
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

    def day_in(self, record: Record, zone: ZoneInfo) -> str | None:
        """Its day in a zone, YYYY-MM-DD; None and ValueError as with `of`."""
        moment = self.of(record)
        return moment and datetime.fromisoformat(moment).astimezone(zone).date().isoformat()


def epoch_milliseconds(value: Any) -> datetime:
    """The instant of a number (or its text) of milliseconds since 1970."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))


@dataclass(frozen=True)
class Lift:
    """A permission that lets an account read records older than a stream's retention.

    asked: asks the vendor whether this account has it. advice: how the merchant gets it.
    unseen: the records that are missing every night without it; the vendor leaves them out and reports no
        error.
    """

    asked: Callable[[Session], bool]
    advice: str
    unseen: str


@dataclass(frozen=True)
class Stream:
    """One kind of record of a platform.

    name: orders, refunds, products, traffic, ad_report, …
    kind: `cursor` (read by modified time; every version is kept) or `report` (keyed by date; a re-read
        replaces the whole date).
    key: paths of the fields that make up a record's primary key.
    reads: (account, window) → the paged reads that cover the window.
    cursor: the field with the modified time (cursor streams). None: the vendor gives none; then every read
        is of the whole list, and the time of the read is taken instead.
    day: path of the report's date (report streams); a time behind the date is ignored.
    slice: how much time one landing partition covers: "day", or None for the whole window.
    long_from, long_slice: a window of at least `long_from` is landed in slices of `long_slice` instead, and
        `reads` may choose a special way to read them by their length.
    widest: the longest window the vendor accepts in one read; slices are cut to it.
    stride: cut slices into windows this short and read them in parallel, for vendors whose rate limit allows
        more calls than pages read one after the other can use.
    settle: a window ends at least this long before now, because the vendor's index lags.
    overlap: how far the next window reaches back into the last one.
    lookback_days: how many past days a report re-reads every night, because the vendor restates them.
    weekly_lookback_days: the same for one run a week (the far look), where the vendor restates a little for
        longer than is worth reading every night (0: no far look).
    weekly_whole: one run a week reads the whole list, as on the first night; what it no longer names is
        gone. For lists of changes that never mention deletions. Landed in one partition (`slice` None).
    period: the grain of a report's dates: day, week (its Monday) or month (its first day).
    retention: how far back the vendor answers (None: no limit stated).
    lift: the permission that removes the limit (None: there is none).
    from_beginning: a first load reads everything, not only the account's history (products).
    detail: makes a further call for a record and adds what the list leaves out.
    incomplete: whether a record needs `detail` (None: every record does).
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
    overlap: timedelta = OVERLAP
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
        """The primary key as text, its parts joined by `|`.

        None when a part is missing, empty, a list, an object or a boolean: no vendor has such ids, so the
        answer is damaged.
        """
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

    burst: how many calls may be made at once after a pause (the size of the vendor's own token bucket).
    """

    calls: int
    seconds: float
    burst: int = 1


class Speaker(Protocol):
    """A protocol: how requests are signed and answers checked. One instance per account."""

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        """The keyword arguments of `requests.Session.request`, signed."""
        ...

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        """The reply. Raises the DaybookError that the status or the envelope stands for."""
        ...

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        """The call that renews the tokens (keyword arguments as in `prepare`) and the function that reads
        its answer. None where tokens cannot be renewed."""
        ...


@dataclass(frozen=True)
class Platform:
    """A vendor.

    name: as in ids and folders. title: as people call it. base_url: where calls go unless the connection
        names a host.
    protocol: (base URL, account, credentials) → the speaker for one account. None for file drops, where no
        vendor is called.
    rate: the vendor's limit per account and method, or one we chose where it states none. rates: method →
        its own limit, where it differs.
    is_rate_shared: the vendor counts all methods together; `rate` limits their sum.
    width: how many calls may be under way at once for one account.
    patience: seconds to wait for the next bytes of an answer.
    zone: the time zone in which the vendor's days begin; the contract tests cut days by it.
    renew_ahead: renew a token this long before it expires, for vendors that refuse to renew one that is
        about to.
    renewal_prolongs: whether renewing also postpones the day on which the merchant must authorise again
        (None: depends on the type of the app).
    options: the names of the account options that the platform knows.
    version_ends: the day from which the vendor may no longer serve the version of its API that this client
        speaks (None: it names no end). is_end_estimated: the vendor had not named that day when this client
        was written.
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
    version_ends: date | None = None
    is_end_estimated: bool = False

    def stream(self, name: str) -> Stream:
        """The stream of that name. Raises ConfigError when the platform has none."""
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
