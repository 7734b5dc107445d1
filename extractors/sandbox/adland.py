"""What the sandbox halves of advertising platforms share: figures by level, and finding an
advertiser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .ads import Adverts, Promotion
from .world import World

LEVELS = ("account", "campaign", "ad", "keyword")
SUMS = ("cost", "shows", "clicks", "conversions", "value")


@dataclass(frozen=True, slots=True)
class Keyword:
    """Words that an ad group bids on, how near a search must come, and their part of the ad's figures."""

    number: int
    text: str
    match: str
    part: int


# What is left of an ad was shown without a keyword.
KEYWORDS = (
    Keyword(1, "护眼 台灯", "exact", 2),
    Keyword(2, "desk lamp", "phrase", 4),
    Keyword(3, "护眼 台灯", "broad", 8),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One day of an account, a campaign (project), an ad (promotion) or a keyword. Money in hundredths."""

    day: date
    promotion: Promotion | None
    """Any promotion of the campaign, the ad's own, None for the account."""
    cost: int = 0
    shows: int = 0
    clicks: int = 0
    conversions: int = 0
    value: int = 0
    keyword: Keyword | None = None


def figures(adverts: Adverts, days: Iterable[date], level: str, now: int) -> list[Figures]:
    """The rows of a level as shown at ``now``, by day and entity; nothing delivered, no row."""
    if level == "keyword":
        return [part for row in figures(adverts, days, "ad", now) for part in _keywords(row)]
    out: dict[tuple[date, int], Figures] = {}
    for day in days:
        for row in adverts.deliveries(day, now):
            p = row.promotion
            entity = {"account": 0, "campaign": p.project_id, "ad": p.promotion_id}[level]
            old = out.get((day, entity)) or Figures(day, None if level == "account" else p)
            out[day, entity] = replace(
                old,
                cost=old.cost + row.cost,
                shows=old.shows + row.shows,
                clicks=old.clicks + row.clicks,
                conversions=old.conversions + row.conversions,
                value=old.value + row.value,
            )
    return [out[key] for key in sorted(out)]


def _keywords(row: Figures) -> list[Figures]:
    """What was shown of an ad for each of the keywords of its group. All that it sold on a day came by one of
    them, and nothing by the broadest."""
    bought = KEYWORDS[1 if row.day.toordinal() % 7 > 4 else 0]
    parts = [
        replace(
            row,
            keyword=word,
            cost=row.cost // word.part,
            shows=row.shows // word.part,
            clicks=row.clicks // word.part,
            conversions=row.conversions if word is bought else 0,
            value=row.value if word is bought else 0,
        )
        for word in KEYWORDS
    ]
    return [part for part in parts if part.shows]


def today(adverts: Adverts, now: int) -> date:
    """The account's own day."""
    return datetime.fromtimestamp(now, ZoneInfo(adverts.advertiser.zone)).date()


def added_by_day(rows: Iterable[Figures]) -> list[Figures]:
    """Rows of campaigns or ads as the account's own: one a day."""
    out: dict[date, Figures] = {}
    for row in rows:
        old = out.get(row.day) or Figures(row.day, None)
        out[row.day] = replace(old, **{name: getattr(old, name) + getattr(row, name) for name in SUMS})
    return [out[day] for day in sorted(out)]


def advertiser(world: World, platform: str, identity: str) -> Adverts | None:
    """The platform's advertiser with this id."""
    for adverts in world.ad_accounts.values():
        known = adverts.advertiser
        if known.platform == platform and str(known.advertiser_id) == identity:
            return adverts
    return None


def keys(world: World, account_id: str, level: str, days: Iterable[date], now: int, names: str) -> set[str]:
    """Record keys of a level: the day and, as ``names`` says, ``account``, ``campaign``, ``group``, ``ad``
    and ``keyword`` ids."""
    adverts = world.ad_accounts[account_id]
    out = set()
    for row in figures(adverts, days, level, now):
        ids = {"account": str(adverts.advertiser.advertiser_id)}
        if row.promotion is not None:
            p = row.promotion
            ids |= {"campaign": str(p.project_id), "group": str(group_id(p)), "ad": str(p.promotion_id)}
            ids["keyword"] = str(keyword_id(row))
        out.add("|".join([row.day.isoformat(), *(ids[name] for name in names.split())]))
    return out


def span(first: str, last: str, most: int) -> list[date] | None:
    """The days between two texts yyyy-MM-dd, both in; None for no such span or one longer than ``most``."""
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except (TypeError, ValueError):
        return None
    days = (end - begin).days + 1
    return [begin + timedelta(days=i) for i in range(days)] if 1 <= days <= most else None


def money(hundredths: int) -> str:
    """Hundredths as a decimal text with two digits."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def people(shows: Iterable[int]) -> int:
    """How many people were shown something, given how often on each day. Of those beyond the best day every
    second had been met before: never fewer than on any day, never as many as the days' together."""
    daily = [-(-number * 3 // 5) for number in shows]
    most = max(daily, default=0)
    return most + (sum(daily) - most) // 2


def keyword_id(row: Figures) -> int | None:
    """The id of a keyword, for vendors to whom the same words in two ad groups are two."""
    if row.keyword is None or row.promotion is None:
        return None
    return row.promotion.promotion_id * 10 - 70_000_000_000_000_000_000 + row.keyword.number


def group_id(promotion: Promotion) -> int:
    """The ad group of an ad, for vendors that have that level: each ad stands in one of its own."""
    return promotion.promotion_id - 300_000_000_000_000_000
