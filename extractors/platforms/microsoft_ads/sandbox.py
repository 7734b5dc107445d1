"""The sandbox half of Microsoft Advertising: what its reporting service answers and refuses (platforms-global
§13).

Served under ``/microsoft_ads``: ``/Reporting/v13/GenerateReport/Submit`` and ``/Poll``, ``/token`` and
``/files/<report>``: a zip archive of one CSV file, its address signed and good for five minutes. A report
holds the figures of the moment it was asked for; one without rows has no file. Performance Max has no ads and
no keywords.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import oauth
from extractors.sandbox.ad_credentials import APPS, CUSTOMER, DEVELOPER_TOKEN
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, keyword_id, money
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.signatures import same
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.traffic import days_between
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

LINK_SECONDS = 300
LOOKS_NEEDED = 2
AT_ONCE = 5
"""Reports of an account that may be in the making; the vendor's own number is not published."""
FORGOTTEN = 2.0
"""Seconds of real time after which a report that nobody looks at counts as made."""
PERFORMANCE_MAX = 2
SCOPE = "https://ads.microsoft.com/msads.manage offline_access"
_KINDS = {"Account": "account", "Campaign": "campaign", "Ad": "ad", "Keyword": "keyword"}
_REQUIRED = frozenset(["Type", "Aggregation", "Columns", "Scope", "Time"])
_OPTIONAL = frozenset(
    [
        "ReportName", "ReturnOnlyCompleteData", "ExcludeColumnHeaders", "ExcludeReportHeader",
        "ExcludeReportFooter", "Format", "FormatVersion",
    ]
)  # fmt: skip
_FLAGS = (
    "ReturnOnlyCompleteData",
    "ExcludeColumnHeaders",
    "ExcludeReportHeader",
    "ExcludeReportFooter",
)
_TIME = frozenset(["CustomDateRangeStart", "CustomDateRangeEnd", "ReportTimeZone"])
_STATISTICS = frozenset(["Spend", "Impressions", "Clicks", "Conversions", "ConversionsQualified", "Revenue"])
_METRICS: dict[str, Callable[[Adverts, Figures], str]] = {
    "TimePeriod": lambda a, f: f.day.isoformat(),
    "AccountId": lambda a, f: str(a.advertiser.advertiser_id),
    "CurrencyCode": lambda a, f: a.advertiser.currency,
    "Spend": lambda a, f: money(f.cost),
    "Impressions": lambda a, f: str(f.shows),
    "Clicks": lambda a, f: str(f.clicks),
    # Deprecated since 2022: a whole number, and "may be inaccurate".
    "Conversions": lambda a, f: str(f.conversions) if f.clicks else "--",
    "ConversionsQualified": lambda a, f: f"{f.conversions}.00" if f.clicks else "--",
    "Revenue": lambda a, f: money(f.value) if f.clicks else "",
}
_CAMPAIGN: dict[str, Callable[[Adverts, Figures], str]] = {
    "CampaignId": lambda a, f: str(f.promotion.project_id) if f.promotion else "",
    "CampaignName": lambda a, f: (
        f'{f.promotion.project_name}, "{f.promotion.project}"' if f.promotion else ""
    ),
    "CampaignStatus": lambda a, f: "Deleted" if f.day.day % 9 == 0 else "Active",
}
_GROUP: dict[str, Callable[[Adverts, Figures], str]] = {
    "AdGroupId": lambda a, f: str(group_id(f.promotion)) if f.promotion else "",
    "AdGroupName": lambda a, f: f"{f.promotion.promotion_name} group" if f.promotion else "",
}
_AD: dict[str, Callable[[Adverts, Figures], str]] = {
    "AdId": lambda a, f: str(f.promotion.promotion_id) if f.promotion else "",
    "AdTitle": lambda a, f: f.promotion.promotion_name if f.promotion else "",
}
_KEYWORD: dict[str, Callable[[Adverts, Figures], str]] = {
    "KeywordId": lambda a, f: str(keyword_id(f)),
    "Keyword": lambda a, f: f.keyword.text if f.keyword else "",
    "BidMatchType": lambda a, f: f.keyword.match.title() if f.keyword else "",
}
_COLUMNS = {
    "Account": _METRICS,
    "Campaign": _METRICS | _CAMPAIGN,
    "Ad": _METRICS | _CAMPAIGN | _GROUP | _AD,
    "Keyword": _METRICS | _CAMPAIGN | _GROUP | _KEYWORD,
}


@dataclass(slots=True)
class Report:
    """A report that was asked for."""

    account: str
    file: bytes | None
    plan: str
    resets: int
    looks: int = 0
    clock: float = field(default_factory=time.monotonic)

    @property
    def status(self) -> str:
        """What it says at the present look."""
        if self.plan == "fails":
            return "Error"
        return "Success" if self.looks >= LOOKS_NEEDED and self.plan != "never" else "Pending"

    @property
    def is_running(self) -> bool:
        """Whether it counts against the number that may be in the making."""
        is_kept = self.plan == "never" or time.monotonic() - self.clock < FORGOTTEN
        return self.status == "Pending" and is_kept


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    return [
        Route("/token", api.token, methods=["POST"]),
        Route("/Reporting/v13/GenerateReport/Submit", api.submit, methods=["POST"]),
        Route("/Reporting/v13/GenerateReport/Poll", api.poll, methods=["POST"]),
        Route("/files/{number}", api.file, methods=["GET"]),
    ]


def _refused(code: int, word: str, status: int = 400, where: str = "OperationErrors") -> Answer:
    error = {"Code": code, "ErrorCode": word, "Message": word, "Details": None}
    return Answer({where: [error], "TrackingId": "sbx"}, status, refusal=f"{code} {word}")


def _bad(word: str, code: int = 2001) -> Refusal:
    return Refusal(_refused(code, word))


def _too_fast(seconds: float | None) -> Answer:
    return _refused(117, "CallRateExceeded")


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk(
            "microsoft_ads", rotates=True, access_life=3_600, refresh_life=90 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(109, "AuthenticationTokenExpired", 401, "Errors")
        self.reports: dict[str, Report] = {}

    async def token(self, request: Request) -> Response:
        """POST /token: new tokens for a refresh token, which is spent."""
        app = {**oauth.client(*APPS["microsoft_ads"]), "scope": SCOPE}
        return await oauth.refresh(
            request, self.desk, self.tokens, app, lambda grant: {**oauth.pair(grant), "scope": SCOPE}
        )

    def _caller(self, request: Request) -> Adverts:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        verdict = self.tokens.check(token)
        if scheme == "Bearer" and verdict.state == EXPIRED:
            raise Refusal(_refused(109, "AuthenticationTokenExpired", 401, "Errors"))
        if scheme != "Bearer" or verdict.state != GOOD:
            raise Refusal(_refused(105, "InvalidCredentials", 401, "Errors"))
        if request.headers.get("developertoken") != DEVELOPER_TOKEN:
            raise Refusal(_refused(105, "InvalidCredentials", 401, "Errors"))
        account = request.headers.get("customeraccountid", "")
        adverts = advertiser(self.desk.world, "microsoft_ads", account)
        if adverts is None or account != verdict.subject or request.headers.get("customerid") != CUSTOMER:
            raise Refusal(_refused(106, "UserIsNotAuthorized", 401, "Errors"))
        return adverts

    async def submit(self, request: Request) -> Response:
        """POST GenerateReport/Submit: takes the order and gives its number."""
        text = await json_text(request)
        kind = next((kind for kind in _KINDS if f'"{kind}PerformanceReportRequest"'.encode() in text), "Ad")

        def make(fault: Fault | None) -> Answer:
            adverts = self._caller(request)
            report = _json(text).get("ReportRequest")
            if not isinstance(report, dict):
                raise _bad("ReportingServiceInvalidReportRequest")
            kind = _kind(report)
            _check_scope(adverts, report["Scope"])
            rows = _rows(adverts, kind, _days(report), self.desk.now())
            file = _file(adverts, report, rows) if rows else None
            number = str(30_000_000_000_000 + len(self.reports))
            account, resets = str(adverts.advertiser.advertiser_id), self.desk.control.resets
            mine = [old for old in self.reports.values() if (old.account, old.resets) == (account, resets)]
            if sum(old.is_running for old in mine) >= AT_ONCE:
                raise _bad("ConcurrentRequestOverLimit", 207)
            self.reports[number] = Report(account, file, self.desk.next_plan(), resets)
            return Answer({"ReportRequestId": number})

        return await self.desk.serve(f"{kind.lower()}_report", "", make)

    async def poll(self, request: Request) -> Response:
        """POST GenerateReport/Poll: how a report stands, and where its file lies."""
        text = await json_text(request)

        def make(fault: Fault | None) -> Answer:
            adverts = self._caller(request)
            number = str(_json(text).get("ReportRequestId"))
            report = self.reports.get(number)
            if report is None or report.account != str(adverts.advertiser.advertiser_id):
                raise _bad("ReportingServiceInvalidReportId", 2100)
            report.looks += 1
            url = None
            if report.status == "Success" and report.file is not None:
                ends = int(time.time()) + (-1 if report.plan == "stale" else LINK_SECONDS)
                report.plan = ""
                host = f"{request.url.scheme}://{request.url.netloc}/microsoft_ads"
                url = f"{host}/files/{number}?se={ends}&sig={_signed(number, ends)}"
            return Answer({"ReportRequestStatus": {"Status": report.status, "ReportDownloadUrl": url}})

        return await self.desk.serve("look", "", make)

    async def file(self, request: Request) -> Response:
        """GET the file: the address opens by itself, and only while it lasts."""
        number, query = request.path_params["number"], request.query_params

        def make(fault: Fault | None) -> Answer:
            report = self.reports.get(number)
            ends = query.get("se", "0")
            if "authorization" in request.headers:
                raise Refusal(_storage(400, "InvalidAuthenticationInfo"))
            if not ends.isdigit() or not same(query.get("sig", ""), _signed(number, int(ends))):
                raise Refusal(_storage(403, "AuthenticationFailed"))
            if int(ends) < time.time():
                raise Refusal(
                    _storage(403, "AuthenticationFailed: Signature not valid in the specified time")
                )
            if report is None or report.file is None:
                raise Refusal(_storage(404, "BlobNotFound"))
            lost = fault is not None and fault.kind == "empty_page"
            return Answer(b"" if lost else report.file, content_type="application/octet-stream")

        return await self.desk.serve("download", "", make)


def _storage(status: int, word: str) -> Answer:
    text = f'<?xml version="1.0"?><Error><Code>{word}</Code></Error>'
    return Answer(text.encode(), status, content_type="application/xml", refusal=word)


def _signed(number: str, ends: int) -> str:
    return hmac.new(b"sandbox storage", f"{number}/{ends}".encode(), hashlib.sha256).hexdigest()[:24]


# ---- what was asked -------------------------------------------------------------------------------
def _json(text: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise _bad("InvalidRequest", 100)
    return found


def _kind(report: Mapping[str, Any]) -> str:
    strange = sorted(set(report) - _REQUIRED - _OPTIONAL)
    missing = sorted(_REQUIRED - set(report))
    if strange or missing:
        raise _bad(f"InvalidRequest: {(strange or missing)[0]}", 100)
    for name in _FLAGS:
        if not isinstance(report.get(name, False), bool):
            raise _bad(f"InvalidRequest: {name}", 100)
    kind = str(report["Type"]).removesuffix("PerformanceReportRequest")
    columns = report["Columns"]
    if kind not in _KINDS:
        raise _bad("ReportingServiceInvalidReportType")
    if (
        not isinstance(columns, list)
        or len(set(columns)) < len(columns)
        or set(columns) - set(_COLUMNS[kind])
    ):
        raise _bad("ReportingServiceInvalidColumns", 2011)
    if not set(columns) & _STATISTICS:
        raise _bad("ReportingServiceNoPerformanceStatisticColumn", 2011)
    if "TimePeriod" not in columns or report["Aggregation"] != "Daily":
        raise _bad("ReportingServiceInvalidReportAggregation", 2012)
    if report.get("Format", "Csv") != "Csv" or report.get("FormatVersion", "1.0") not in ("1.0", "2.0"):
        raise _bad("ReportingServiceInvalidFormat")
    return kind


def _check_scope(adverts: Adverts, scope: Any) -> None:
    accounts = scope.get("AccountIds") if isinstance(scope, dict) else None
    if [str(number) for number in accounts or []] != [str(adverts.advertiser.advertiser_id)]:
        raise _bad("ReportingServiceInvalidAccountId", 2016)


def _days(report: Mapping[str, Any]) -> list[date]:
    try:
        first, last = (
            date(part["Year"], part["Month"], part["Day"])
            for part in (report["Time"]["CustomDateRangeStart"], report["Time"]["CustomDateRangeEnd"])
        )
    except (KeyError, TypeError, ValueError):
        raise _bad("ReportingServiceInvalidCustomDateRange", 2009) from None
    if last < first or set(report["Time"]) - _TIME:
        raise _bad("ReportingServiceInvalidCustomDateRange", 2009)
    return days_between(first, last)


# ---- what there is --------------------------------------------------------------------------------
def _rows(adverts: Adverts, kind: str, days: list[date], now: int) -> list[Figures]:
    found = figures(adverts, days, _KINDS[kind], now)
    if kind not in ("Ad", "Keyword"):
        return found
    return [row for row in found if row.promotion is not None and row.promotion.project != PERFORMANCE_MAX]


def _file(adverts: Adverts, report: Mapping[str, Any], rows: list[Figures]) -> bytes:
    lines = []
    if not report.get("ExcludeReportHeader", False):
        lines += ['"Report Name: x"', f'"Rows: {len(rows)}"', ""]
    columns = {name: _COLUMNS[_kind(report)][name] for name in report["Columns"]}
    if not report.get("ExcludeColumnHeaders", False):
        lines.append(_line(list(columns)))
    for row in rows:
        cells = {name: value(adverts, row) for name, value in columns.items()}
        if report.get("FormatVersion", "1.0") == "1.0" and "Impressions" in cells:
            cells["Impressions"] = f"{row.shows:,}"
        lines.append(_line(list(cells.values())))
    if not report.get("ExcludeReportFooter", False):
        lines += ["", '"©2026 Microsoft Corporation. All rights reserved. "']
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.csv", "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig"))
    return packed.getvalue()


def _line(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


# ---- what a complete read holds -------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the account's days begin."""
    return "America/New_York"


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    adverts = world.ad_accounts[account_id]
    kind = {f"{kind.lower()}_report": kind for kind in _KINDS}[stream]
    keys = set()
    for row in _rows(adverts, kind, days_of(start, end, zone(account_id)), now):
        p = row.promotion
        if p is None:
            keys.add(f"{row.day}|{adverts.advertiser.advertiser_id}")
        elif kind == "Campaign":
            keys.add(f"{row.day}|{p.project_id}")
        else:
            keys.add(f"{row.day}|{group_id(p)}|{keyword_id(row) or p.promotion_id}")
    return keys
