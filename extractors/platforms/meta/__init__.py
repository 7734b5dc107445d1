"""Meta ads through asynchronous insights (Marketing API v26.0). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.jobs import State
from extractors.core.model import Job, Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import NextToken, SizedNextToken, Summed, number_at, records_at
from extractors.core.window import Window, period_bounds
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
from extractors.personal import dig
from extractors.protocols import signing
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

VERSION = "v26.0"
# A year after its release, as v23.0: Meta names the day late.
ENDS = date(2027, 7, 29)
FIELDS = (
    "account_id,account_currency,date_start,date_stop,spend,impressions,clicks,reach,actions,action_values,"
    "attribution_setting"  # by which an ad set counts its purchases
)
REACH_FIELDS = "account_id,date_start,date_stop,spend,reach"
# What names an entity of each level. The daily reports tell the reach of all but ad sets.
IDS = {
    "account": "",
    "campaign": ",campaign_id",
    "adset": ",campaign_id,adset_id",
    "ad": ",campaign_id,adset_id,ad_id",
}
UNTOLD = {"day": ("adset",), "week": tuple(IDS), "month": tuple(IDS)}
# A campaign without a budget of its own leaves the money to its ad sets.
BUDGET_FIELDS = "id,daily_budget,lifetime_budget"
INCREMENTS: dict[str, int | str] = {"day": 1, "week": 7, "month": "monthly"}
NAMES = {
    "account": "",
    "campaign": ",campaign_id,campaign_name",
    "ad": ",campaign_id,campaign_name,adset_id,adset_name,ad_id,ad_name",
}
# Every status that an entity can have. Without a filter that names them, Meta leaves out what is deleted.
CAMPAIGN_STATUSES = ["ACTIVE", "ARCHIVED", "DELETED", "IN_PROCESS", "PAUSED", "WITH_ISSUES"]
ADSET_STATUSES = [*CAMPAIGN_STATUSES, "CAMPAIGN_PAUSED"]
STATUSES = {
    "campaign": CAMPAIGN_STATUSES,
    "adset": ADSET_STATUSES,
    "ad": [
        *ADSET_STATUSES,
        "ADSET_PAUSED",
        "DISAPPROVED",
        "PENDING_BILLING_INFO",
        "PENDING_REVIEW",
        "PREAPPROVED",
    ],
}

RATE_CODES = {4, 17, 32, 341, 613, *range(80000, 80007), 80008}
RETRY_CODES = {-2, 1, 2, 960}
TOO_MUCH = {1504018, 1504038, 2490547}
PERMISSION_CODES = {10, *range(200, 300)}
RUN = "insights run"
BUSY, FULL = 85, 95  # percent of a quota


def error_of(body: Any, headers: dict[str, str], name: str = "") -> DaybookError | None:
    """The error in `{"error": {code, error_subcode, message, is_transient}}`."""
    if not isinstance(body, dict):
        return TransientError("Meta answered with something that is no object")
    error = body.get("error")
    if not isinstance(error, dict):
        return _served_otherwise(headers)
    code, subcode = error.get("code"), error.get("error_subcode")
    text = f"Meta error {code}/{subcode}: {error.get('error_user_title') or error.get('message')}"
    if code in RATE_CODES:
        return RateLimitedError(text, retry_after=_regained(headers))
    if subcode in TOO_MUCH or (code == 1 and "reduce the amount" in str(error.get("message"))):
        return TooMuchError(text)
    spurious = "in summary param" in str(error.get("message"))
    if code in RETRY_CODES or error.get("is_transient") or spurious:
        return TransientError(text)
    if code in (102, 190):
        return AuthError(text, advice="make a new token of the system user and update the connection")
    if "appsecret_proof" in str(error.get("message")):
        return AuthError(text, advice="the connection's password must be the app's secret")
    if code in PERMISSION_CODES:
        return AuthError(text, advice="give the system user ads_read and assign the ad account to it")
    if name == RUN and code == 100 and subcode == 33:
        return ContractError(text, advice="the report run is gone; the next run asks for it anew")
    if code == 2635:
        return ConfigError(text, advice=f"{VERSION} is no longer served: update Daybook")
    return ConfigError(text, advice="check ad_account_id, and that the dates are not older than 37 months")


def _served_otherwise(headers: dict[str, str]) -> DaybookError | None:
    """The error for a good answer of another version: Meta upgrades calls of one that ended and says so in
    headers only."""
    served = headers.get("facebook-api-version", VERSION)
    upgraded = "auto-upgraded" in headers.get("x-ad-api-version-warning", "")
    if served == VERSION and not upgraded:
        return None
    told = f"version {served}" if served != VERSION else "a later version"
    advice = (
        f"{VERSION} has ended: update Daybook; or the app's settings (Advanced) upgrade all calls: undo that"
    )
    return ConfigError(f"Meta answered {told} to a call of {VERSION}", advice=advice)


def _refusal(name: str, status: int, headers: dict[str, str], body: bytes) -> DaybookError | None:
    try:
        return error_of(loads(body, name), headers, name)
    except TransientError:
        return None


def _usage(headers: dict[str, str]) -> Iterator[tuple[float, float]]:
    """(percent used, seconds until it is regained or 0) of every quota the headers speak of."""
    try:
        business = loads(headers.get("x-business-use-case-usage", "{}").encode(), "usage")
        account = loads(headers.get("x-ad-account-usage", "{}").encode(), "usage")
        throttle = loads(headers.get("x-fb-ads-insights-throttle", "{}").encode(), "usage")
        app = loads(headers.get("x-app-usage", "{}").encode(), "usage")
    except TransientError:
        return
    counted = ("call_count", "total_cputime", "total_time")
    yield max(float(app.get(n) or 0) for n in counted), 0.0
    for entries in business.values():
        for entry in entries:
            used = max(float(entry.get(n) or 0) for n in counted)
            yield used, 60 * float(entry.get("estimated_time_to_regain_access") or 0)
    yield float(account.get("acc_id_util_pct") or 0), float(account.get("reset_time_duration") or 0)
    yield max(float(throttle.get(n) or 0) for n in ("app_id_util_pct", "acc_id_util_pct")), 0.0


def _regained(headers: dict[str, str]) -> float | None:
    return max((seconds for used, seconds in _usage(headers) if used >= BUSY), default=0.0) or None


def left(headers: dict[str, str]) -> tuple[float, str] | None:
    """(seconds to wait, why): two minutes at 85 % of a quota, ten minutes at 95 %, or what the header
    says."""
    used = max((percent for percent, _ in _usage(headers)), default=0.0)
    if used < BUSY:
        return None
    wait = 120.0 if used < FULL else _regained(headers) or 600.0
    return wait, f"{used:g} % of a quota are used"


def _stamp(credentials: Credentials, tokens: Tokens) -> dict[str, str]:
    secret = credentials.password
    return {"appsecret_proof": signing.token_proof(tokens.access_token, secret)} if secret else {}


def _state(reply: Reply) -> State:
    """The job's state. "Completed" counts only together with 100 percent.

    Raises TooMuchError when the run failed because it was too large; smaller ones may succeed.
    """
    status, percent = reply.body.get("async_status"), reply.body.get("async_percent_completion")
    if status == "Job Completed":
        return State.READY if percent == 100 else State.WAITING
    if status == "Job Failed":
        told = {name.removeprefix("error_"): reply.body.get(name) for name in ("error_code", "error_message")}
        failure = error_of({"error": {**told, "error_subcode": reply.body.get("error_subcode")}}, {})
        if isinstance(failure, TooMuchError):
            raise failure
        return State.FAILED
    if status == "Job Skipped":
        return State.GONE
    if status in ("Job Not Started", "Job Started", "Job Running"):
        return State.WAITING
    raise ContractError(f"an async_status no document names: {status!r}")


JOB = Job(
    ticket=lambda reply: reply.body.get("report_run_id"),
    look=lambda number: Request(RUN, f"/{VERSION}/{number}"),
    state=_state,
    fetch=lambda number: Request(RUN, f"/{VERSION}/{number}/insights", {"limit": 500, "summary": ["spend"]}),
    patience=timedelta(hours=1),
)


def _after(reply: Reply) -> str | None:
    """The cursor if there is a next page, else None; the last page has a cursor, too."""
    return dig(reply.body, ("paging", "cursors", "after")) if dig(reply.body, ("paging", "next")) else None


def _amount(record: Record) -> Decimal:
    try:
        return Decimal(str(record.get("spend") or 0))
    except InvalidOperation:
        raise ContractError(f"a spend that is no number: {record.get('spend')!r}") from None


def _claimed(reply: Reply) -> Decimal | None:
    summary = reply.body.get("summary")
    return _amount(summary) if isinstance(summary, dict) and "spend" in summary else None


PAGING = Summed(
    NextToken(records_at("data", always=True), _after, "after"), _amount, _claimed, slack=Decimal("0.005")
)


CAMPAIGNS = SizedNextToken(
    records_at("data", always=True),
    _after,
    "after",
    counted=number_at("summary.total_count"),
    size="limit",
    page_size=500,
)


def _insights(level: str, account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    params = {
        "fields": FIELDS + NAMES[level],
        # Further breakdowns of actions make purchases vanish.
        "action_breakdowns": ["action_type"],
        "action_attribution_windows": ["7d_click", "1d_view"],
        "use_unified_attribution_setting": "true",
    }
    yield _read(account, level, "day", days[0], days[-1], params)


def _budgets(account: Account, window: Window) -> Iterator[Read]:
    """The campaigns' budgets as they stand now, for each day of the window: the vendor tells no others."""
    number = account.need("ad_account_id").removeprefix("act_")
    days = [day.isoformat() for day in window.dates(account.zone)]
    params = {"fields": BUDGET_FIELDS, "summary": ["total_count"]}
    request = Request("campaigns", f"/{VERSION}/act_{number}/campaigns", params)
    yield Read(request, CAMPAIGNS, finish=partial(_on_each, days))


def _on_each(days: list[str], records: list[Record]) -> list[Record]:
    return [{**record, "date_start": day} for record in records for day in days]


def _reach(grain: str, account: Account, window: Window) -> Iterator[Read]:
    """People reached per complete week and month, and per ad set: distinct people cannot be added up from
    days or ads."""
    days = window.dates(account.zone)
    # Periods of seven days are counted from the first day asked for.
    first = period_bounds(grain, days[0])[0]
    for level in UNTOLD[grain]:
        read = _read(account, level, grain, first, days[-1], {"fields": REACH_FIELDS + IDS[level]})
        yield replace(read, finish=partial(_marked, level))


def _marked(level: str, records: list[Record]) -> list[Record]:
    """The rows of a level, each marked with its level, because all levels share one stream."""
    return [{**record, "level": level, "entity": record.get(f"{level}_id")} for record in records]


def _read(account: Account, level: str, grain: str, first: date, last: date, more: dict[str, Any]) -> Read:
    number = account.need("ad_account_id").removeprefix("act_")
    params = {
        "level": level,
        "time_range": {"since": first.isoformat(), "until": last.isoformat()},
        "time_increment": INCREMENTS[grain],
        **more,
    }
    if level in STATUSES:
        told = {"field": f"{level}.effective_status", "operator": "IN", "value": STATUSES[level]}
        params["filtering"] = [told]
    request = Request("insights", f"/{VERSION}/act_{number}/insights", params, verb="POST")
    return Read(request, PAGING, job=JOB)


def _stream(name: str, level: str, *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date_start", *key),
        day="date_start",
        reads=partial(_insights, level),
        widest=timedelta(days=30),
        lookback_days=28,
        retention=timedelta(days=37 * 30),
    )


def _reach_stream(name: str, grain: Any, lookback_days: int) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date_start", "level", "entity"),
        day="date_start",
        reads=partial(_reach, grain),
        lookback_days=lookback_days,
        retention=timedelta(days=13 * 30),
        period=grain,
    )


DIALECT = Dialect(
    token_header="Authorization",  # noqa: S106  the name of a header
    token_prefix="Bearer ",  # noqa: S106  the name of a scheme
    error=error_of,
    refusal=_refusal,
    stamp=_stamp,
    left=left,
)

PLATFORM = Platform(
    name="meta",
    title="Meta Ads",
    base_url="https://graph.facebook.com",
    protocol=partial(TokenRest, DIALECT),
    rate=Rate(calls=2, seconds=1.0),
    width=3,
    options=frozenset({"ad_account_id"}),
    version_ends=ENDS,
    is_end_estimated=True,
    streams=(
        _stream("account_report", "account", "account_id"),
        _stream("campaign_report", "campaign", "campaign_id"),
        _stream("ad_report", "ad", "adset_id", "ad_id"),
        Stream(
            name="campaign_budgets",
            kind="report",
            key=("date_start", "id"),
            day="date_start",
            reads=_budgets,
            slice=None,
            overlap=timedelta(0),  # the day before would get the budgets of now
        ),
        _reach_stream("reach_daily", "day", 28),
        _reach_stream("reach_weekly", "week", 14),
        _reach_stream("reach_monthly", "month", 35),
    ),
)
