"""The merchants of the pretend world: their shops, advertisers and one measured web site.

The ids are those of the demo's ``accounts.yml``; ``store`` is what the marts speak of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Shop:
    """A selling unit. ``daily_orders`` is an ordinary day's orders at scale 1; ``assortment`` names
    catalogue keys."""

    number: int
    store: str
    platform: str
    title: str
    seller: str
    daily_orders: float
    assortment: tuple[str, ...]
    market: str = "CN"
    currency: str = "CNY"
    zone: ZoneInfo = SHANGHAI
    price_factor: float = 1.0
    tax_rate: float = 0.0
    flows: tuple[str, ...] = ("presale", "cod")
    """Which orders besides ordinary ones its platform has: presale, cod, group."""
    most_lines: int = 3
    cancels_whole: bool = False
    """A cancellation before shipment is one refund of the whole order, not one a line."""
    marks_orders: bool = True
    """Records show the merchant's marks for brushed and test orders; else there are none."""
    is_subsidised: bool = True
    """Its platform pays part of the price of some orders (never on the merchant's own site)."""
    splits_refunds: bool = False
    """Refund records tell goods, postage and tax apart."""
    tells_arrival: bool = False
    """Its platform promises a day of delivery, and its records change when the parcel arrives."""

    @property
    def is_own_site(self) -> bool:
        """The merchant's own web shop; all others sell on a marketplace."""
        return self.platform == "woocommerce"


@dataclass(frozen=True, slots=True)
class Advertiser:
    """An advertiser that promotes one store. ``daily_spend`` in its currency on an ordinary day at
    scale 1."""

    number: int
    advertiser_id: int
    name: str
    store: str
    daily_spend: float
    platform: str = "ocean_engine"
    zone: str = "Asia/Shanghai"
    market: str = "CN"
    currency: str = "CNY"

    @property
    def account(self) -> str:
        """The id of its account in ``accounts.yml``."""
        return f"{self.platform}__{self.store.split('_')[0]}"


@dataclass(frozen=True, slots=True)
class Site:
    """A measured web site. ``daily_visits`` on an ordinary day at scale 1."""

    number: int
    site_id: int
    domain: str
    store: str
    daily_visits: float


_LIGHTS = (
    "paper_lantern",
    "silk_lantern",
    "garden_lamp",
    "desk_lamp",
    "night_light",
    "string_lights",
    "candle_set",
)
_TABLE = ("tea_tin", "gaiwan", "teapot", "tea_towel", "rice_bowl")
_PANTRY = ("dried_plum", "plum_syrup", "plum_jam", "green_tea", "oolong_tea", "gift_box")
_ABROAD = (*_LIGHTS, "gaiwan", "teapot")

# What most shops on a market of the mainland have in common, those abroad, and those of them on a market.
_market = partial(
    Shop, seller="灯笼家居", daily_orders=24, assortment=_LIGHTS + _TABLE, flows=(), marks_orders=False
)
_american = partial(
    Shop, market="US", currency="USD", zone=ZoneInfo("America/New_York"), price_factor=0.24, tax_rate=0.08875
)
_harbor = partial(
    _american, assortment=_ABROAD, flows=(), cancels_whole=True, marks_orders=False, splits_refunds=True
)

SHOPS: tuple[Shop, ...] = (
    Shop(1, "lantern_tmall", "taobao", "灯笼家居旗舰店", "灯笼家居", 75, _LIGHTS + _TABLE),
    Shop(
        number=2,
        store="plum_taobao",
        platform="taobao",
        title="梅子铺",
        seller="梅子铺",
        daily_orders=46,
        price_factor=0.95,
        assortment=(*_PANTRY, "tea_tin", "gaiwan", "paper_lantern"),
    ),
    Shop(
        number=3,
        store="lantern_web",
        platform="woocommerce",
        title="Lantern Home",
        seller="lantern",
        daily_orders=34,
        price_factor=1.05,
        assortment=(*_LIGHTS, "gift_box", "green_tea", "gaiwan"),
    ),
    _american(
        4,
        "harbor_us",
        "woocommerce",
        "Harbor Lantern Co.",
        "harbor",
        27,
        (*_ABROAD, "oolong_tea", "rice_bowl"),
    ),
    _harbor(
        41,
        "harbor_shopify",
        "shopify",
        "Harbor Lantern",
        seller="harbor-lantern",
        daily_orders=14,
        assortment=(*_ABROAD, "green_tea"),
        price_factor=0.25,
        is_subsidised=False,
    ),
    _harbor(
        44,
        "harbor_tiktok_shop",
        "tiktok_shop",
        "Harbor Lantern TikTok",
        seller="harbor-tiktok-shop",
        daily_orders=12,
        tells_arrival=True,
    ),
    _harbor(
        43,
        "harbor_magento",
        "magento",
        "Harbor Lantern Magento",
        seller="harbor-magento",
        daily_orders=10,
        is_subsidised=False,
    ),
    _harbor(
        42,
        "harbor_amazon",
        "amazon",
        "Harbor Lantern Amazon",
        seller="harbor-amazon",
        daily_orders=14,
        price_factor=0.26,
        is_subsidised=False,
    ),
    _market(5, "lantern_jd", "jd", "灯笼家居京东旗舰店", cancels_whole=True),
    _market(
        6,
        "lantern_pinduoduo",
        "pinduoduo",
        "灯笼家居拼多多店",
        daily_orders=40,
        price_factor=0.9,
        flows=("group",),
        most_lines=1,
    ),
    _market(7, "lantern_kaola", "kaola", "灯笼家居考拉店"),
    _market(8, "lantern_beibei", "beibei", "灯笼家居贝贝店"),
    _market(
        21,
        "lantern_douyin",
        "doudian",
        "灯笼家居抖音旗舰店",
        daily_orders=12,
        flows=("presale",),
        marks_orders=True,
        splits_refunds=True,
    ),
    _market(22, "lantern_1688", "alibaba_1688", "灯笼家居批发", daily_orders=11),
    _market(23, "lantern_suning", "suning", "灯笼家居苏宁旗舰店", daily_orders=11),
    _market(24, "lantern_kuaishou", "kuaishou_shop", "灯笼家居快手店", daily_orders=11, most_lines=1),
    _market(25, "lantern_xhs", "xiaohongshu", "灯笼家居小红书店", daily_orders=11, marks_orders=True),
    _market(
        32,
        "lantern_youzan",
        "youzan",
        "灯笼家居有赞店",
        daily_orders=12,
        flows=("group",),
        is_subsidised=False,
    ),
    _market(33, "lantern_dangdang", "dangdang", "灯笼家居当当店", cancels_whole=True),
    _market(31, "lantern_mogujie", "mogujie", "灯笼家居蘑菇街店", daily_orders=12, cancels_whole=True),
)

ADVERTISERS: tuple[Advertiser, ...] = (
    Advertiser(1, 1_760_000_000_000_000_123, "灯笼家居官网", "lantern_web", 1480.0),
    Advertiser(2, 1_760_000_000_000_000_457, "梅子铺", "plum_taobao", 1150.0),
)

_harbor_ads = partial(
    Advertiser, name="Harbor Lantern", store="harbor_us", zone="America/New_York", market="US", currency="USD"
)

AD_ACCOUNTS: tuple[Advertiser, ...] = (
    Advertiser(11, 26_001_177, "梅子铺", "plum_taobao", 310.0, "uc_huichuan"),
    _harbor_ads(12, 4_512_309_871, daily_spend=140.0, platform="google_ads"),
    _harbor_ads(13, 1_020_304_050_607_080, daily_spend=165.0, platform="meta"),
    _harbor_ads(31, 7_012_345_678_901_234_567, daily_spend=120.0, platform="tiktok_ads"),
    _harbor_ads(32, 180_512_345, daily_spend=85.0, platform="microsoft_ads"),
    _harbor_ads(33, 2_712_345_678_901, daily_spend=110.0, platform="amazon_ads"),
    Advertiser(14, 3_300_120_450, "灯笼家居旗舰店", "lantern_tmall", 920.0, "alimama"),
    Advertiser(15, 1_761_000_000_000_000_789, "梅子铺", "plum_taobao", 760.0, "qianchuan"),
    Advertiser(16, 25_610_042, "灯笼家居官网", "lantern_web", 540.0, "tencent_ads"),
    Advertiser(17, 40_210_336, "灯笼家居官网", "lantern_web", 680.0, "baidu_marketing"),
    Advertiser(18, 20_000_817, "灯笼家居快手店", "lantern_kuaishou", 260.0, "kuaishou_ads"),
    Advertiser(19, 60_402_118, "灯笼家居京东店", "lantern_jd", 610.0, "jd_ads"),
    Advertiser(20, 70_311_905, "灯笼家居拼多多店", "lantern_pinduoduo", 330.0, "pinduoduo_ads"),
    Advertiser(21, 80_064_273, "灯笼家居苏宁店", "lantern_suning", 150.0, "suning_ads"),
)
"""Advertisers of the other platforms; ``ADVERTISERS`` are Ocean Engine's."""

SITES: tuple[Site, ...] = (Site(1, 16_847_648, "lantern-home.example", "lantern_web", 1150.0),)

SHOP_BY_STORE = {shop.store: shop for shop in SHOPS}
ADVERTISER_BY_ID = {advertiser.advertiser_id: advertiser for advertiser in ADVERTISERS}
SITE_BY_ID = {site.site_id: site for site in SITES}
