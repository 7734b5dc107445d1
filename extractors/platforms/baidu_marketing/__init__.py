"""Baidu Marketing (百度营销) search reports. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import Offsets
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ContractError,
    DaybookError,
    TransientError,
)
from extractors.personal import dig
from extractors.protocols.header_body import Dialect, HeaderBody, failures_of
from extractors.protocols.oauth import ends_in, unless_passing
from extractors.protocols.words import error_in_words
from extractors.tokens import Tokens

PATH = "/json/sms/service/OpenApiReportService/getReportData"
# 90 is "goods paid", the one purchase of this platform; the plain column `conversion` is often 0.
METRICS = ["impression", "click", "cost", "ocpcConversionsDetail90"]
ACCOUNT, CAMPAIGN, GROUP, CREATIVE, KEYWORD = 2208157, 2290316, 2284618, 2665235, 2602783
OF_CAMPAIGN = ["campaignId", "campaignNameStatus"]
OF_GROUP = [*OF_CAMPAIGN, "adGroupId", "adGroupNameStatus"]
OF_KEYWORD = [*OF_GROUP, "wInfoId", "wInfoNameStatus", "mixWmatchEnum"]
# The keyword report also tells of packs of words (1) and of automatic expansion (3).
KEYWORDS_ONLY = [{"column": "winfoIdTypeEnum", "operator": "EQ", "values": ["0"]}]

EXPIRED = {"89403", "894061"}  # no access token, or one that ended
ENDED = {"894062", "894063", "894064"}  # the authorisation: lapsed, of an app that was reset, taken back
AUTHORISE = "authorise the account again and update the connection"


def error_of(body: Any) -> DaybookError | None:
    """The error in `header`: 0 is success, 1 partial, 2 failed, 3 the vendor's own trouble."""
    header = body.get("header") if isinstance(body, dict) else None
    if not isinstance(header, dict) or "status" not in header:
        return TransientError("Baidu answered with something that is no envelope")
    status = header["status"]
    if status == 0:
        return None
    reason = failures_of(header)
    text = f"Baidu Marketing status {status}: {reason}"
    if status == 3:
        return TransientError(text)
    if status == 1:
        return ContractError(text, advice="the answer was partial; run again")
    codes = {str(entry.get("code")) for entry in header.get("failures") or [] if isinstance(entry, dict)}
    if codes & (EXPIRED | ENDED):
        return AuthError(text, refreshable=not codes & ENDED, advice=AUTHORISE)
    advice = "check user_name, the app's report permission and the report type"
    return error_in_words("Baidu Marketing", "", reason, advice=advice)


def _header(account: Account, credentials: Credentials, tokens: Tokens) -> dict[str, Any]:
    return {"userName": account.need("user_name"), "accessToken": tokens.access_token}


def _part(reply: Reply) -> dict[str, Any]:
    """`body.data`: an object in a list of one, or by itself."""
    data = dig(reply.body, ("body", "data"))
    if isinstance(data, list):
        data = data[0] if len(data) == 1 else None
    if not isinstance(data, dict):
        raise ContractError("getReportData answered without body.data")
    return data


def _rows(reply: Reply) -> list[Record]:
    return _part(reply).get("rows") or []


def _total(reply: Reply) -> int | None:
    total = _part(reply).get("totalRowCount")
    return None if total is None else int(total)


def _report(
    report_type: int, columns: list[str], filters: list[dict[str, Any]], account: Account, window: Window
) -> Iterator[Read]:
    days = window.dates(account.zone)
    params = {
        "reportType": report_type,
        "timeUnit": "DAY",
        "startDate": days[0].isoformat(),
        "endDate": days[-1].isoformat(),
        "columns": ["date", "userId", *columns, *METRICS],
        "sorts": [{"column": "date", "sortRule": "ASC"}],
        "filters": filters,
        "needSum": False,
    }
    paging = Offsets(_rows, _total, 1000, start="startRow", size="rowCount")
    yield Read(Request("getReportData", PATH, params), paging)


def _refresh(app_id: str, secret: str, tokens: Tokens, account: Account) -> dict[str, Any]:
    body = {
        "appId": app_id,
        "secretKey": secret,
        "refreshToken": tokens.refresh_token,
        "userId": account.number("user_id"),
    }
    return {"method": "POST", "url": "/oauth/refreshToken", "json": body}


def read_tokens(body: bytes) -> Tokens:
    """The pair a refresh answers with; both tokens are new."""
    answer = loads(body, "token refresh")
    if not isinstance(answer, dict) or answer.get("code") != 0:
        reason = answer.get("message") if isinstance(answer, dict) else None
        raise AuthError(f"token refresh was refused: {reason}", advice=AUTHORISE)
    data = answer["data"]
    return Tokens(
        access_token=data["accessToken"],
        refresh_token=data["refreshToken"],
        expires_at=ends_in(data.get("expiresIn")),
        refresh_expires_at=ends_in(data.get("refreshExpiresIn")),
    )


def _refusal(answer: Any) -> DaybookError | None:
    """The error of a renewal, `{code, message}`."""
    found = answer if isinstance(answer, dict) else {}
    return error_in_words("Baidu Marketing", str(found.get("code")), str(found.get("message")))


def _stream(
    name: str, report_type: int, columns: list[str], *key: str, filters: list[dict[str, Any]] | None = None
) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date", *key),
        day="date",
        reads=partial(_report, report_type, columns, filters or []),
        widest=timedelta(days=31),
        lookback_days=30,
        retention=timedelta(days=730),
    )


DIALECT = Dialect(
    header=_header,
    error=error_of,
    refresh=_refresh,
    refresh_host="https://u.baidu.com",
    refresh_read=unless_passing(read_tokens, _refusal),
)

PLATFORM = Platform(
    name="baidu_marketing",
    title="Baidu Marketing",
    base_url="https://api.baidu.com",
    protocol=partial(HeaderBody, DIALECT),
    rate=Rate(calls=10, seconds=1.0),
    options=frozenset({"user_name", "user_id"}),
    streams=(
        _stream("account_report", ACCOUNT, [], "userId"),
        _stream("campaign_report", CAMPAIGN, OF_CAMPAIGN, "campaignId"),
        _stream("adgroup_report", GROUP, OF_GROUP, "adGroupId"),
        _stream("creative_report", CREATIVE, [*OF_GROUP, "ideaInfo"], "adGroupId", "ideaInfo.ideaId"),
        _stream("keyword_report", KEYWORD, OF_KEYWORD, "adGroupId", "wInfoId", filters=KEYWORDS_ONLY),
    ),
)
