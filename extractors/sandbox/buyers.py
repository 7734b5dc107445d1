"""Who buys: people who come back, organisations, guests; all with recognisable invented personal data.

A buyer is named by the order that could have been his first (day number, index), so that a returning
buyer is found by
drawing an earlier pair, without looking at any other order. Every personal value holds CANARY: a test
that finds the
word anywhere past the extractors has found a leak.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from .dice import Dice, lag
from .merchants import Shop
from .season import day_number, day_of
from .timeline import TimelineMaker

CANARY = "PIICANARY"

_REGIONS_CN = (
    ("浙江省", "杭州市", "西湖区"),
    ("上海", "上海市", "徐汇区"),
    ("广东省", "广州市", "天河区"),
    ("北京", "北京市", "海淀区"),
    ("江苏省", "南京市", "鼓楼区"),
    ("四川省", "成都市", "锦江区"),
    ("山东省", "青岛市", "市南区"),
    ("湖北省", "武汉市", "武昌区"),
    ("福建省", "厦门市", "思明区"),
    ("陕西省", "西安市", "雁塔区"),
    ("新疆维吾尔自治区", "乌鲁木齐市", "天山区"),
)
_REGIONS_US = (
    ("NY", "Brooklyn", ""),
    ("CA", "Oakland", ""),
    ("MA", "Boston", ""),
    ("TX", "Austin", ""),
    ("WA", "Seattle", ""),
    ("IL", "Chicago", ""),
    ("ME", "Portland", ""),
    ("FL", "Tampa", ""),
    ("NJ", "Hoboken", ""),
)
_WOO_CODES = {
    "浙江省": "CN10",
    "上海": "CN9",
    "广东省": "CN30",
    "北京": "CN2",
    "江苏省": "CN8",
    "四川省": "CN19",
    "山东省": "CN15",
    "湖北省": "CN27",
    "福建省": "CN12",
    "陕西省": "CN14",
    "新疆维吾尔自治区": "CN32",
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer of one shop. ``key`` identifies him in the world's ledger; the other texts are what
    records show."""

    key: str
    is_organisation: bool
    open_uid: str
    customer_id: int
    nick: str
    name: str
    phone: str
    email: str
    address: str
    state: str
    state_code: str
    city: str
    district: str
    company: str


class Crowd:
    """The buyers of one shop."""

    def __init__(self, shop: Shop, seed: int, maker: TimelineMaker) -> None:
        self.shop = shop
        self._maker = maker
        self._choice = Dice(seed, f"buyers/{shop.store}")
        self._person = Dice(seed, f"people/{shop.platform}/{shop.store}")

    def buyer_of(self, day: date, index: int) -> Buyer | None:
        """Who placed order ``index`` of ``day``; None for an order typed in by staff without any
        contact data."""
        u = self._choice.sixteen(day_number(day), index)
        if self.shop.is_own_site and u[3] < 0.02:
            return None
        born, place = day_number(day), index
        if u[0] > 0.46:
            earlier = born - 1 - int(lag(u[1], 42.0))
            crowd = max(self._maker.count(day_of(earlier)), 1)
            born, place = earlier, int(u[2] ** 1.7 * crowd)
        return self._describe(born, place, shouting=u[4] < 0.2)

    def _describe(self, born: int, place: int, shouting: bool) -> Buyer:
        u = self._person.sixteen(born, place)
        digest = hashlib.blake2b(f"{self.shop.store}/{born}/{place}".encode(), digest_size=15).hexdigest()
        number = (born + 100_000) * 1_000_000 + place
        tag = f"{CANARY}{number % 10**8:08d}"
        regions = _REGIONS_US if self.shop.market == "US" else _REGIONS_CN
        state, city, district = regions[int(u[0] * u[0] * len(regions))]
        organisation = u[1] < 0.05
        mailbox = f"{tag}.{digest[:6]}"
        return Buyer(
            key=digest,
            is_organisation=organisation,
            open_uid=f"AAH{digest}",
            customer_id=number % 2_147_483_647 if u[2] < 0.55 else 0,
            nick=f"t_{tag}",
            name=f"{'Pat' if self.shop.market == 'US' else '张'} {tag}",
            phone=f"+1-555-{tag}" if self.shop.market == "US" else f"199{tag}",
            email=f"{mailbox}@Mail.Example" if shouting else f"{mailbox}@mail.example",
            address=f"{1 + int(u[3] * 900)} {tag} {'Street' if self.shop.market == 'US' else '路'}",
            state=state,
            state_code=_WOO_CODES.get(state, state),
            city=city,
            district=district,
            company=f"{tag} Ltd" if organisation else "",
        )
