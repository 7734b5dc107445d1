"""What reports say of the marts' world: visits, what came of them, and ads."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from world_tables import World
from world_trade import READ_UNTIL, money


def visits(world: World, rng: random.Random) -> None:
    """A site whose platform counts days, weeks and months apart; it was first read in October, and once had no visitor."""
    sources = (("free_search", "Baidu"), ("off_platform", "example.org"), ("direct_returning", "direct"))
    first, last = date(2026, 10, 5), date(2026, 11, 22)
    base = {
        "platform": "baidu_tongji",
        "account_id": "baidu_tongji__jade",
        "store_id": "jade_tmall",
        "time_zone": "Asia/Shanghai",
        "load_id": 1,
    }
    day_totals: dict[date, int] = {}
    day = first
    while day <= last:
        if day == date(2026, 10, 20):
            world.books["report_reads"].append(
                {
                    "platform": "baidu_tongji",
                    "account_id": "baidu_tongji__jade",
                    "stream": "traffic",
                    "report_date": day,
                    "as_of_date": day,
                    "read_at": READ_UNTIL,
                    "load_id": 1,
                    "rows": 0,
                }
            )
            day += timedelta(days=1)
            continue
        for device, scale in (("all", 1.0), ("pc", 0.4), ("mobile", 0.65)):
            total = 0
            for source_l1, source_l2 in sources:
                if source_l1 == "off_platform" and day < date(2026, 10, 15):
                    continue
                visitors = int(rng.randint(40, 90) * scale)
                total += visitors
                world.streams["traffic"].append(
                    {
                        **base,
                        "grain": "day",
                        "period_start": day,
                        "source_l1": source_l1,
                        "source_l2": source_l2,
                        "device": device,
                        "is_total": False,
                        "visitors": visitors,
                        "new_visitors": visitors // 3,
                        "sessions": visitors + 7,
                        "page_views": visitors * 4,
                        "bounces": visitors // 2,
                        "seconds": visitors * 61,
                    }
                )
            distinct = int(total * 0.9)
            if device == "all":
                day_totals[day] = distinct
            world.streams["traffic"].append(
                {
                    **base,
                    "grain": "day",
                    "period_start": day,
                    "device": device,
                    "is_total": True,
                    "visitors": distinct,
                    "new_visitors": distinct // 3,
                    "sessions": total + 21,
                    "page_views": total * 4,
                    "bounces": total // 2,
                    "seconds": total * 61,
                }
            )
        day += timedelta(days=1)
    for grain, start, days in [("week", date(2026, 10, 12) + timedelta(days=7 * n), 7) for n in range(6)] + [
        ("month", date(2026, 11, 1), 30)
    ]:
        seen = sum(n for day, n in day_totals.items() if start <= day < start + timedelta(days=days))
        if start == date(2026, 10, 26):
            continue  # the platform had no figure of this week
        world.streams["traffic"].append(
            {
                **base,
                "grain": grain,
                "period_start": start,
                "device": "all",
                "is_total": True,
                "visitors": int(seen * 0.7),
                "new_visitors": int(seen * 0.2),
                "sessions": seen,
                "page_views": seen * 4,
            }
        )


def outcomes(world: World) -> None:
    """What the visitors of jade's sources did, by export: favourites are told from November on, orders from the 3rd and
    pieces from the 10th; one day of nothing at all, and the week's people of one week only. A product's visitors are told of three days."""
    base = {"platform": "files", "account_id": "files__jade", "store_id": "jade_tmall", "load_id": 1}
    for row in list(world.streams["traffic"]):
        day = row["period_start"]
        if row["device"] != "all" or day == date(2026, 11, 5) or row["grain"] == "month":
            continue
        if row["grain"] == "week" and day != date(2026, 11, 9):
            continue
        seen = row["visitors"]
        world.streams["source_outcomes"].append(
            {
                **base,
                **{
                    name: row.get(name)
                    for name in ("grain", "period_start", "source_l1", "source_l2", "is_total")
                },
                "visited": seen,
                "saw_detail": seen - seen // 4,
                "carted": seen // 5,
                "favoured": seen // 9 if day >= date(2026, 11, 1) else None,
                "ordered": seen // 11,
                "paid": seen // 13,
                "orders": seen // 12 if day >= date(2026, 11, 3) else None,
                "units": Decimal(seen // 12 * 2) if day >= date(2026, 11, 10) else None,
                "paid_amount": Decimal(seen // 13 * 80) + Decimal("0.35"),
                "currency": "CNY",
            }
        )
    product = next(
        row["product_id"] for row in world.streams["order_lines"] if row["store_id"] == "jade_tmall"
    )
    for day in (date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 12)):
        world.streams["product_traffic"].append(
            {**base, "grain": "day", "period_start": day, "product_id": product, "product_name": "Looked at",
             "visitors": 40, "page_views": 90}
        )  # fmt: skip
    # Two of one aisle until product 5 moves on the twelfth; one whose catalogue names no category, and one in none.
    for number, views, days in (
        (2, 60, (10, 11, 12, 13)),
        (5, 50, (10, 11, 12, 13)),
        (12, 7, (11,)),
        (11, 8, (11,)),
    ):
        for number_of_day in days:
            world.streams["product_traffic"].append(
                {**base, "grain": "day", "period_start": date(2026, 11, number_of_day),
                 "product_id": f"90071992547409{number:02d}", "visitors": views - number_of_day,
                 "page_views": views + number_of_day, "cart_units": None if number_of_day == 13 else number}
            )  # fmt: skip


def advertising(world: World, rng: random.Random) -> None:
    """Two advertisers. One reports ads and, apart, a finance figure of the whole account; one reports campaigns and the
    keywords of two of them. Both restate. The second was asked from the 12th on, and began on the 20th."""
    for number_of_day in range(12, 20):
        day = date(2026, 10, number_of_day)
        world.books["report_reads"].append(
            {"platform": "ocean_engine", "account_id": "ocean_engine__reef", "stream": "campaign_report",
             "report_date": day, "as_of_date": day, "read_at": READ_UNTIL, "load_id": 1, "rows": 0}
        )  # fmt: skip
    for account, store, currency, level, first in (
        ("ocean_engine__jade", "jade_tmall", "CNY", "ad", date(2026, 10, 1)),
        ("ocean_engine__reef", "reef_us", "CNY", "campaign", date(2026, 10, 20)),
    ):
        day = first
        while day <= date(2026, 11, 22):
            reads = [day + timedelta(days=age) for age in (1, 4, 7, 29)]
            reads = [as_of for as_of in reads if as_of <= date(2026, 11, 23)]
            for as_of in reads:
                latest = as_of == reads[-1]
                spent = Decimal(0)
                for campaign in range(1, 4):
                    if campaign == 3 and latest and day.day % 9 == 0:
                        continue  # withdrawn in the restatement
                    ads = range(1, 3) if level == "ad" else range(1)
                    for ad in ads:
                        spend = money(rng, 1000, 9000)
                        spent += spend
                        clicks = rng.randint(10, 60)
                        world.streams["ads"].append(
                            {
                                "platform": "ocean_engine",
                                "account_id": account,
                                "store_id": store,
                                "report_date": day,
                                "as_of_date": as_of,
                                "is_latest": latest,
                                "entity_level": level,
                                "campaign_id": f"7300000000000000{campaign:03d}",
                                "campaign_name": f"Campaign {campaign}",
                                "ad_id": f"18000000000000{campaign}{ad}" if level == "ad" else None,
                                "ad_name": f"Ad {ad}" if level == "ad" else None,
                                "impressions": clicks * 40,
                                "clicks": clicks,
                                "spend": spend,
                                "conversions_platform": Decimal(rng.randint(0, 4)),
                                "conversion_value_platform": money(rng, 0, 30000),
                                # As it is on the day of the read; on some days of one campaign it is not told.
                                "daily_budget": Decimal(500 + as_of.day)
                                if level == "campaign" and (campaign != 2 or day.day % 5)
                                else None,
                                "currency": currency,
                                "ad_time_zone": "Asia/Shanghai",
                                "attribution_window": "7d_click",
                                "conversion_time_basis": "click",
                                "load_id": 1,
                            }
                        )
                if level == "ad":
                    world.streams["ads"].append(
                        {
                            "platform": "ocean_engine",
                            "account_id": account,
                            "store_id": store,
                            "report_date": day,
                            "as_of_date": as_of,
                            "is_latest": latest,
                            "entity_level": "account",
                            "spend": spent + Decimal("0.37"),
                            "currency": currency,
                            "ad_time_zone": "Asia/Shanghai",
                            "load_id": 1,
                        }
                    )
            day += timedelta(days=1)
    _keywords(world)


def _keywords(world: World) -> None:
    """What the campaigns of the second advertiser bid on: one text in two ways of matching. The third campaign has none."""
    for row in list(world.streams["ads"]):
        if row["entity_level"] != "campaign" or row["campaign_id"].endswith("3"):
            continue
        for number, match_type in enumerate(("exact", "phrase")):
            world.streams["ads"].append(
                {
                    **row,
                    "entity_level": "keyword",
                    "ad_group_id": f"{row['campaign_id']}7",
                    "ad_group_name": "Words",
                    "keyword_id": str(10 + number),
                    "keyword_text": "lamp",
                    "match_type": match_type,
                    "impressions": row["impressions"] // (2 + number),
                    "clicks": row["clicks"] // (2 + number),
                    "spend": (row["spend"] / (2 + number)).quantize(Decimal("0.01"), ROUND_DOWN),
                    "daily_budget": None,
                    "conversions_platform": row["conversions_platform"] // (2 + number),
                    "conversion_value_platform": row["conversion_value_platform"] // (2 + number),
                }
            )
