"""UC Huichuan (超级汇川) ad reports: asynchronous files. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.jobs import State
from extractors.core.model import Job, Platform, Rate, Read, Reply, Request, Stream
from extractors.core.paging import OnePage
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import ConfigError, ContractError, DaybookError, RateLimitedError, TransientError
from extractors.personal import dig
from extractors.protocols.csvfile import rows_of
from extractors.protocols.header_body import Dialect, HeaderBody, failures_of
from extractors.protocols.restraint import until_midnight
from extractors.protocols.words import error_in_words
from extractors.tokens import Tokens

METRICS = ("srch", "click", "consume", "ctr", "acp", "bindingConversion")
DAY = ("date", "accountId", "accountName")
OF_GROUP = ("adgroupId", "adgroupName")
OF_CAMPAIGN = (*OF_GROUP, "campaignId", "campaignName")
OF_CREATIVE = (*OF_CAMPAIGN, "creativeId", "creativeName")
DOWNLOAD = "/report/downloadFile"


def error_of(body: Any) -> DaybookError | None:
    """The error in `header`: 0 is success, 3 the vendor's own trouble; a spent quota has leftQuota 0. No list
    of codes is public."""
    header = body.get("header") if isinstance(body, dict) else None
    if not isinstance(header, dict) or "status" not in header:
        return TransientError("Huichuan answered with something that is no envelope")
    if header["status"] == 0:
        return None
    reason = failures_of(header)
    if header.get("leftQuota") == 0:
        text = f"Huichuan status {header['status']}: {reason}"
        return RateLimitedError(text, retry_after=until_midnight("Asia/Shanghai"))
    return error_in_words(
        "Huichuan",
        f"status {header['status']}",
        reason,
        rest=TransientError if header["status"] == 3 else ConfigError,
        advice="check the account's report permission, and `target` if it is an agency's",
        entered="check user name, password and token of the connection",
    )


def _header(account: Account, credentials: Credentials, tokens: Tokens) -> dict[str, Any]:
    header = {
        "username": credentials.need("login", account.id),
        "password": credentials.need("password", account.id),
        "token": tokens.access_token,
    }
    target = account.text("target")
    return {**header, "target": target} if target else header


def _state(reply: Reply) -> State:
    ready = dig(reply.body, ("body", "reportFileType", "ready"))
    if not isinstance(ready, bool):
        raise ContractError("report/getFile answered without reportFileType.ready")
    return State.READY if ready else State.WAITING


def _task(name: str, number: str) -> Request:
    return Request(name, f"/{name}", {"taskId": int(number), "adReport": True})


JOB = Job(
    ticket=lambda reply: dig(reply.body, ("body", "taskId")),
    look=partial(_task, "report/getFile"),
    state=_state,
    fetch=partial(_task, "report/downloadFile"),
    patience=timedelta(minutes=30),
)


def _report(level: str, columns: tuple[str, ...], account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    params = {
        "startDate": days[0].isoformat(),
        "endDate": days[-1].isoformat(),
        "unitOfTime": 1,
        "performanceData": list(METRICS),
    }
    request = Request(f"report/{level}", f"/report/{level}", params)
    named = (*DAY, *columns, *METRICS)
    rows = partial(rows_of, columns=named, what=request.name)
    yield Read(request, OnePage(rows, asks_twice=True), job=JOB)


def _stream(level: str, columns: tuple[str, ...], *key: str) -> Stream:
    return Stream(
        name=f"{level}_report",
        kind="report",
        key=("date", *key),
        day="date",
        reads=partial(_report, level, columns),
        widest=timedelta(days=30),
        lookback_days=30,
    )


DIALECT = Dialect(header=_header, error=error_of, files=frozenset({DOWNLOAD}))

PLATFORM = Platform(
    name="uc_huichuan",
    title="UC Huichuan",
    base_url="https://e.uc.cn/shc/api",
    protocol=partial(HeaderBody, DIALECT),
    rate=Rate(calls=2, seconds=1.0),
    width=2,
    options=frozenset({"target"}),
    streams=(
        # In Huichuan the ad group (推广组) holds the campaigns (推广计划).
        _stream("account", (), "accountId"),
        _stream("adgroup", OF_GROUP, "adgroupId"),
        _stream("campaign", OF_CAMPAIGN, "adgroupId", "campaignId"),
        _stream("creative", OF_CREATIVE, "adgroupId", "campaignId", "creativeId"),
    ),
)
