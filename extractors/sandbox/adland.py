"""What halves of advertising platforms have in common and no vendor says: figures by level, and finding an
advertiser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from .ads import Adverts, Promotion
from .world import World

LEVELS = ("account", "campaign", "ad")


@dataclass(frozen=True, slots=True)
class Figures:
    """One day of an account, a campaign (project) or an ad (promotion). Money in hundredths."""

    day: date
    promotion: Promotion | None
    """Any promotion of the campaign, the ad's own, None for the account."""
    cost: int = 0
    shows: int = 0
    clicks: int = 0
    conversions: int = 0
    value: int = 0


def figures(adverts: Adverts, days: Iterable[date], level: str, now: int) -> list[Figures]:
    """The rows of a level as shown at ``now``, by day and entity; nothing delivered, no row."""
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


def advertiser(world: World, platform: str, identity: str) -> Adverts | None:
    """The platform's advertiser with this id."""
    for adverts in world.ad_accounts.values():
        known = adverts.advertiser
        if known.platform == platform and str(known.advertiser_id) == identity:
            return adverts
    return None


def money(hundredths: int) -> str:
    """Hundredths as a decimal text with two digits."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def group_id(promotion: Promotion) -> int:
    """The ad group of an ad, for vendors that have that level: each ad stands in one of its own."""
    return promotion.promotion_id - 300_000_000_000_000_000
