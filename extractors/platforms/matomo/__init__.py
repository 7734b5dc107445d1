"""Matomo, hosted or self-hosted (Reporting API). Facts from the pages listed in README.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from extractors.accounts import Account
from extractors.core.decode import name_of
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import OnePage
from extractors.core.window import Window, period_bounds
from extractors.errors import AuthError, ConfigError, ContractError, DaybookError, TransientError
from extractors.personal import dig
from extractors.protocols.token_rest import Dialect, TokenRest

# Asked for in one call, so that all are of the same moment. The site itself tells its time zone.
SITE = "SitesManager.getSiteFromId"
TOTAL, NEW, DEVICES, TYPES, CAMPAIGNS = (
    "VisitsSummary.get", "VisitFrequency.get", "DevicesDetection.getType", "Referrers.getReferrerType",
    "Referrers.getCampaigns",
)  # fmt: skip
# What has a report by source tell the orders of each; all three are needed.
ORDERS = dict.fromkeys(
    ("idGoal", "filter_update_columns_when_show_all_goals", "filter_show_goal_columns_process_goals"),
    "ecommerceOrder",
)
REPORTS: tuple[tuple[str, dict[str, str]], ...] = (
    *((name, {}) for name in (TOTAL, NEW, DEVICES, TYPES, CAMPAIGNS)),
    (TYPES, ORDERS),
    (CAMPAIGNS, ORDERS),
)
CAMPAIGN = "6"  # the type of referrer that campaigns come under
LABEL = re.compile(r"\d{4}-\d\d(-\d\d(,\d{4}-\d\d-\d\d)?)?")


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error `{"result": "error", "message": …}`: with HTTP 200, maybe for one report of several."""
    if not isinstance(body, dict | list):
        return TransientError("Matomo answered with something that is no report")
    for part in body if isinstance(body, list) else [body]:
        if isinstance(part, dict) and part.get("result") == "error":
            return _error(str(part.get("message")))
    return None


def _error(message: str) -> DaybookError:
    text, words = f"Matomo: {message[:300]}", message.lower()
    if "token" in words or "authenticate" in words or "logged in" in words:
        return AuthError(text, advice="make a new token (Administration → Personal → Security) and update it")
    if "access" in words and "view" in words:
        return AuthError(text, advice="give the token's user the permission View for this website")
    if any(word in words for word in ("sqlstate", "mysql", "database", "try again", "archiv")):
        return TransientError(text)
    return ConfigError(text, advice="check site_id and the version of the server (5 or later)")


def refusal(name: str, status: int, headers: dict[str, str], body: bytes) -> DaybookError | None:
    """The same error where the server sends it with a status of its own."""
    found = re.search(rb'"message"\s*:\s*"([^"]*)"', body[:2_000])
    if found is None or status == 429 or status >= 500:
        return None
    error = _error(found[1].decode(errors="replace"))
    if status == 401 and not isinstance(error, AuthError):
        return AuthError(str(error), advice="make a new token and update the connection")
    return error


@dataclass(frozen=True)
class Batch:
    """One call for all reports of some time: complete periods by their name, or the days of an incomplete
    one.

    An incomplete week may not be requested by its name: it would contain the hours of today.
    """

    period: str
    span: str
    firsts: tuple[date, ...]


def _batches(grain: str, days: list[date]) -> list[Batch]:
    firsts = sorted({period_bounds(grain, day)[0] for day in days})
    over = tuple(first for first in firsts if period_bounds(grain, first)[1] <= days[-1])
    found = [Batch(grain, f"{over[0]},{period_bounds(grain, over[-1])[1]}", over)] if over else []
    if over != tuple(firsts):
        found.append(Batch("range", f"{firsts[-1]},{days[-1]}", (firsts[-1],)))
    return found


def _rows(grain: str, batches: list[Batch], account: Account) -> Callable[[Reply], list[Record]]:
    def rows(reply: Reply) -> list[Record]:
        answers, wanted = reply.body, 1 + len(REPORTS) * len(batches)
        if not isinstance(answers, list) or len(answers) != wanted:
            got = len(answers) if isinstance(answers, list) else "no list"
            raise ContractError(f"{wanted} reports were asked for together and {got} came")
        site = _site(answers[0], account)
        found: list[Record] = []
        for place, batch in enumerate(batches):
            begin = 1 + place * len(REPORTS)
            tables = [
                _by_first_day(name, grain, batch, table)
                for (name, _), table in zip(REPORTS, answers[begin : begin + len(REPORTS)], strict=True)
            ]
            for first in batch.firsts:
                facts = {"gran": grain, "date": first.isoformat(), "timeZone": account.time_zone, **site}
                found += _period(facts, [table[first] for table in tables])
        return found

    return rows


def _site(answer: Any, account: Account) -> Record:
    """Whether the site tracks orders, and in which currency. Raises ConfigError when its time zone is not the
    account's."""
    facts = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(facts, dict):
        return {}
    zone = dig(facts, ("timezone",))
    if zone is not None and zone != account.time_zone:
        raise ConfigError(
            f"the site's days are those of {zone}, the account's of {account.time_zone}",
            advice=f"set time_zone: {zone} for this account in accounts.yml",
        )
    return {name: facts[name] for name in ("ecommerce", "currency") if name in facts}


def _by_first_day(name: str, grain: str, batch: Batch, table: Any) -> dict[date, Any]:
    """Tables labelled `2026-11-01`, `2026-11-02,2026-11-08` or `2026-11`, by their first day."""
    if batch.period == "range":
        return {batch.firsts[0]: table}
    if table == []:  # a server without any data
        return {first: [] for first in batch.firsts}
    if not isinstance(table, dict):
        raise ContractError(f"{name} answered with no object of periods")
    found = {
        period_bounds(grain, date.fromisoformat(f"{label}-01"[:10]))[0]: part
        for label, part in table.items()
        if LABEL.fullmatch(label)
    }
    missing = sorted(set(batch.firsts) - set(found))
    if missing:
        raise ContractError(f"{name} left out {missing[0]}")
    return found


def _period(facts: Record, parts: list[Any]) -> list[Record]:
    """The rows of one period. An empty list, an empty object or zeros all mean that nothing happened."""
    where = f"{facts['gran']} {facts['date']}"
    total, new = (part if isinstance(part, dict) else {} for part in parts[:2])
    devices, kinds, campaigns, *sold = (_list(part, where) for part in parts[2:])
    if not total and not kinds:
        return []
    visits = str(total.get("nb_visits") or 0)
    if visits != "0" and not (kinds and devices):
        raise ContractError(f"{where} has {visits} visits and no sources or devices of them")
    fresh = {name: value for name, value in new.items() if name.endswith("_new")}
    rows = [{**facts, "report": "total", "entry": "total", **total, **fresh}]
    rows += [{**facts, "report": "device", "entry": _label(row), **row} for row in devices]
    kinds, campaigns = (_with_orders(*pair) for pair in zip((kinds, campaigns), sold, strict=True))
    for row in kinds:
        # Campaigns are told by name where the server lists them.
        if not (campaigns and _type_of(row) == CAMPAIGN):
            rows.append({**facts, "report": "source", "entry": _label(row), **row})
    rows += [{**facts, "report": "campaign", "entry": _label(row), **row} for row in campaigns]
    return rows


def _with_orders(rows: list[Record], sold: list[Record]) -> list[Record]:
    """Rows with the orders of their source added. A source may have orders without visits, because people may
    order on a later day."""
    orders = {
        _label(row): {name: value for name, value in row.items() if name.startswith("goal_")} for row in sold
    }
    visited = {_label(row) for row in rows}
    late = [row for row in sold if _label(row) not in visited]
    return [{**row, **orders.get(_label(row), {})} for row in rows] + late


def _type_of(row: Record) -> str:
    """The number of the type of referrer; some versions say it in the row's segment only."""
    told = CAMPAIGN if "campaign" in str(row.get("segment")) else ""
    return str(row.get("referer_type", told))


def _label(row: Record) -> str:
    # What a report cuts off comes as one row, -1 where names are not translated.
    label = name_of(row.get("label"), "a row")
    return "Others" if label == "-1" else label or "unnamed"


def _list(table: Any, where: str) -> list[Record]:
    if table is None or table == {}:
        return []
    if not isinstance(table, list) or any(not isinstance(row, dict) for row in table):
        raise ContractError(f"{where}: a report that is no list of rows")
    return table


def _traffic(grain: str, account: Account, window: Window) -> Iterator[Read]:
    site = account.need("site_id", "Administration → Websites → Manage")
    batches = _batches(grain, window.dates(account.zone))
    calls = [{"method": SITE, "idSite": site}]
    for batch in batches:
        span = {"idSite": site, "period": batch.period, "date": batch.span}
        span |= {"filter_limit": "-1", "format_metrics": "0", "language": "en"}
        calls += [{"method": name, **span, **more} for name, more in REPORTS]
    params = {"module": "API", "method": "API.getBulkRequest", "format": "JSON"}
    params |= {f"urls[{place}]": urlencode(call) for place, call in enumerate(calls)}
    yield Read(
        Request("API.getBulkRequest", "/index.php", params, "POST"), OnePage(_rows(grain, batches, account))
    )


def _stream(name: str, grain: Any) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("report", "gran", "date", "entry"),
        day="date",
        reads=partial(_traffic, grain),
        # Archives are made while one waits: a week of days in one call is enough for a small server.
        widest=timedelta(days=7) if grain == "day" else timedelta(days=93),
        # Past days change when logs are imported, archives invalidated or offline hits come in.
        lookback_days=7,
        period=grain,
    )


DIALECT = Dialect(
    error=error_of,
    refusal=refusal,
    # In the body of a POST: since version 5 new tokens are good nowhere else.
    token_param="token_auth",  # noqa: S106  the name of a parameter
    key_is_token=True,
)

PLATFORM = Platform(
    name="matomo",
    title="Matomo",
    base_url="",  # every server is its own host: the connection names it
    protocol=partial(TokenRest, DIALECT),
    # No limit; making archives is heavy, so one thing after the other.
    rate=Rate(calls=2, seconds=1.0),
    width=1,
    patience=300.0,  # archives are made while one waits: two minutes and more for a busy site
    options=frozenset({"site_id"}),
    streams=(
        _stream("traffic", "day"),
        _stream("traffic_weekly", "week"),
        _stream("traffic_monthly", "month"),
    ),
)
