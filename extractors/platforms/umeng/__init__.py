"""Umeng U-App (友盟+), figures of an app. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import name_of
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import InPagedParts, OneADay, records_at
from extractors.core.window import Window, period_bounds
from extractors.errors import ContractError, DaybookError
from extractors.personal import dig
from extractors.protocols.aop import gateway_error
from extractors.protocols.signed_call import Dialect, SignedCall, form_signed_over_path

API = "/openapi/param2/1/com.umeng.uapp"
DAILY, CHANNELS = "umeng.uapp.getDailyData", "umeng.uapp.getChannelData"
# Of weeks and months each figure is a report of its own: API and where its rows are.
TRENDS = {
    "active_users": ("umeng.uapp.getActiveUsers", "activeUserInfo"),
    "new_users": ("umeng.uapp.getNewUsers", "newUserInfo"),
    "launches": ("umeng.uapp.getLaunches", "launchInfo"),
}
PERIODS = {"week": "weekly", "month": "monthly"}
MOST_ROWS = 100


def error_of(body: Any) -> DaybookError | None:
    """The gateway's error; there is no token, so a refusal is one of key, secret or permission."""
    return gateway_error(body, "Umeng", "check apiKey and apiSecurity of the connection")


def _total(day: date, account: Account) -> Callable[[Reply], list[Record]]:
    def records(reply: Reply) -> list[Record]:
        found = dig(reply.body, ("dailyData",))
        if not isinstance(found, dict) or "launches" not in found:
            raise ContractError(f"{DAILY} answered without dailyData")
        told = _date_of(found.get("date", day))
        if told != day:
            raise ContractError(f"{DAILY} was asked for {day} and told of {told}")
        return [{**found, **_facts("total", "day", day, "total", account)}]

    return records


def _channels(day: date, account: Account) -> Callable[[Reply], list[Record]]:
    def records(reply: Reply) -> list[Record]:
        rows = records_at("channelInfos")(reply)
        return [{**row, **_facts("channel", "day", day, _name(row), account)} for row in rows]

    return records


def _trend(report: str, grain: str, path: str, account: Account) -> Callable[[Reply], list[Record]]:
    def row(found: Record) -> Record:
        first = period_bounds(grain, _date_of(found.get("date")))[0]
        return {**found, **_facts(report, grain, first, "total", account)}

    def records(reply: Reply) -> list[Record]:
        return [row(found) for found in records_at(path)(reply)]

    return records


def _facts(report: str, grain: str, day: date, entry: str, account: Account) -> Record:
    return {
        "report": report,
        "gran": grain,
        "date": day.isoformat(),
        "entry": entry,
        "timeZone": account.time_zone,
    }


def _name(row: Record) -> str:
    return name_of(row.get("channel"), f"{CHANNELS} sent a channel") or "unnamed"


def _date_of(text: Any) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise ContractError(f"a date that cannot be read: {str(text)[:20]!r}") from None


def _launches(record: Record) -> int:
    try:
        return int(str(record.get("launches", record.get("launch")) or 0).replace(",", ""))
    except ValueError:
        return 0  # "--": not known


def _traffic(grain: str, account: Account, window: Window) -> Iterator[Read]:
    app = account.need("appkey", "the app's, under 应用信息")
    days = window.dates(account.zone)
    if grain == "day":
        for day in days:
            params = {"appkey": app, "date": day.isoformat()}
            yield Read(
                Request(DAILY, f"{API}/{DAILY}", params),
                InPagedParts(
                    _total(day, account),
                    _launches,
                    Request(CHANNELS, f"{API}/{CHANNELS}", params),
                    _channels(day, account),
                    MOST_ROWS,
                    page="page",
                    size="perPage",
                ),
            )
        return
    firsts = sorted({period_bounds(grain, day)[0] for day in days})
    params = {"appkey": app, "startDate": firsts[0].isoformat(), "endDate": days[-1].isoformat()}
    for report, (name, path) in TRENDS.items():
        yield Read(
            Request(name, f"{API}/{name}", {**params, "periodType": PERIODS[grain]}),
            OneADay(_trend(report, grain, path, account), frozenset(first.isoformat() for first in firsts)),
        )


def _stream(name: str, grain: Any) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("report", "gran", "date", "entry"),
        day="date",
        reads=partial(_traffic, grain),
        widest=timedelta(days=93),
        # Devices without a network report their launches days later.
        lookback_days=7,
        period=grain,
    )


DIALECT = Dialect(shape=form_signed_over_path, error=error_of)

PLATFORM = Platform(
    name="umeng",
    title="Umeng U-App",
    base_url="https://gateway.open.umeng.com",
    protocol=partial(SignedCall, DIALECT),
    # No limit is published: so many of all methods together.
    rate=Rate(calls=5, seconds=1.0),
    is_rate_shared=True,
    options=frozenset({"appkey"}),
    streams=(
        _stream("traffic", "day"),
        _stream("traffic_weekly", "week"),
        _stream("traffic_monthly", "month"),
    ),
)
