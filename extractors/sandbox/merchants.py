"""The merchants of the pretend world: their shops, advertisers and one measured web site.

The ids are those of the demo's ``accounts.yml``; ``store`` is what the marts speak of.
"""

from __future__ import annotations

from dataclasses import dataclass
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

SHOPS: tuple[Shop, ...] = (
    Shop(
        number=1,
        store="lantern_tmall",
        platform="taobao",
        title="灯笼家居旗舰店",
        seller="灯笼家居",
        daily_orders=75,
        assortment=_LIGHTS + _TABLE,
    ),
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
    Shop(
        number=4,
        store="harbor_us",
        platform="woocommerce",
        title="Harbor Lantern Co.",
        seller="harbor",
        market="US",
        currency="USD",
        zone=ZoneInfo("America/New_York"),
        daily_orders=27,
        price_factor=0.24,
        tax_rate=0.08875,
        assortment=(*_LIGHTS, "gaiwan", "teapot", "oolong_tea", "rice_bowl"),
    ),
    Shop(
        number=41,
        store="harbor_shopify",
        platform="shopify",
        title="Harbor Lantern",
        seller="harbor-lantern",
        market="US",
        currency="USD",
        zone=ZoneInfo("America/New_York"),
        daily_orders=14,
        price_factor=0.25,
        tax_rate=0.08875,
        assortment=(*_LIGHTS, "gaiwan", "teapot", "green_tea"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        is_subsidised=False,
        splits_refunds=True,
    ),
    Shop(
        number=44,
        store="harbor_tiktok_shop",
        platform="tiktok_shop",
        title="Harbor Lantern TikTok",
        seller="harbor-tiktok-shop",
        market="US",
        currency="USD",
        zone=ZoneInfo("America/New_York"),
        daily_orders=12,
        price_factor=0.24,
        tax_rate=0.08875,
        assortment=(*_LIGHTS, "gaiwan", "teapot"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        splits_refunds=True,
    ),
    Shop(
        number=43,
        store="harbor_magento",
        platform="magento",
        title="Harbor Lantern Magento",
        seller="harbor-magento",
        market="US",
        currency="USD",
        zone=ZoneInfo("America/New_York"),
        daily_orders=10,
        price_factor=0.24,
        tax_rate=0.08875,
        assortment=(*_LIGHTS, "gaiwan", "teapot"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        is_subsidised=False,
        splits_refunds=True,
    ),
    Shop(
        number=42,
        store="harbor_amazon",
        platform="amazon",
        title="Harbor Lantern Amazon",
        seller="harbor-amazon",
        market="US",
        currency="USD",
        zone=ZoneInfo("America/New_York"),
        daily_orders=14,
        price_factor=0.26,
        tax_rate=0.08875,
        assortment=(*_LIGHTS, "gaiwan", "teapot"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        is_subsidised=False,
        splits_refunds=True,
    ),
    Shop(
        number=5,
        store="lantern_jd",
        platform="jd",
        title="灯笼家居京东旗舰店",
        seller="灯笼家居",
        daily_orders=24,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        cancels_whole=True,
        marks_orders=False,
    ),
    Shop(
        number=6,
        store="lantern_pinduoduo",
        platform="pinduoduo",
        title="灯笼家居拼多多店",
        seller="灯笼家居",
        daily_orders=40,
        price_factor=0.9,
        assortment=_LIGHTS + _TABLE,
        flows=("group",),
        most_lines=1,
        marks_orders=False,
    ),
    Shop(
        number=7,
        store="lantern_kaola",
        platform="kaola",
        title="灯笼家居考拉店",
        seller="灯笼家居",
        daily_orders=24,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        number=8,
        store="lantern_beibei",
        platform="beibei",
        title="灯笼家居贝贝店",
        seller="灯笼家居",
        daily_orders=24,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        number=21,
        store="lantern_douyin",
        platform="doudian",
        title="灯笼家居抖音旗舰店",
        seller="灯笼家居",
        daily_orders=12,
        assortment=_LIGHTS + _TABLE,
        flows=("presale",),
        splits_refunds=True,
    ),
    Shop(
        number=22,
        store="lantern_1688",
        platform="alibaba_1688",
        title="灯笼家居批发",
        seller="灯笼家居",
        daily_orders=11,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        number=23,
        store="lantern_suning",
        platform="suning",
        title="灯笼家居苏宁旗舰店",
        seller="灯笼家居",
        daily_orders=11,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        number=24,
        store="lantern_kuaishou",
        platform="kuaishou_shop",
        title="灯笼家居快手店",
        seller="灯笼家居",
        daily_orders=11,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        most_lines=1,
        marks_orders=False,
    ),
    Shop(
        number=25,
        store="lantern_xhs",
        platform="xiaohongshu",
        title="灯笼家居小红书店",
        seller="灯笼家居",
        daily_orders=11,
        assortment=_LIGHTS + _TABLE,
        flows=(),
    ),
    Shop(
        number=32,
        store="lantern_youzan",
        platform="youzan",
        title="灯笼家居有赞店",
        seller="灯笼家居",
        daily_orders=12,
        assortment=_LIGHTS + _TABLE,
        flows=("group",),
        marks_orders=False,
        is_subsidised=False,
    ),
    Shop(
        number=33,
        store="lantern_dangdang",
        platform="dangdang",
        title="灯笼家居当当店",
        seller="灯笼家居",
        daily_orders=24,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        cancels_whole=True,
        marks_orders=False,
    ),
    Shop(
        number=31,
        store="lantern_mogujie",
        platform="mogujie",
        title="灯笼家居蘑菇街店",
        seller="灯笼家居",
        daily_orders=12,
        assortment=_LIGHTS + _TABLE,
        flows=(),
        cancels_whole=True,
        marks_orders=False,
    ),
)

ADVERTISERS: tuple[Advertiser, ...] = (
    Advertiser(
        number=1,
        advertiser_id=1_760_000_000_000_000_123,
        name="灯笼家居官网",
        store="lantern_web",
        daily_spend=1480.0,
    ),
    Advertiser(
        number=2,
        advertiser_id=1_760_000_000_000_000_457,
        name="梅子铺",
        store="plum_taobao",
        daily_spend=1150.0,
    ),
)

AD_ACCOUNTS: tuple[Advertiser, ...] = (
    Advertiser(
        number=11,
        advertiser_id=26_001_177,
        name="梅子铺",
        store="plum_taobao",
        daily_spend=310.0,
        platform="uc_huichuan",
    ),
    Advertiser(
        number=12,
        advertiser_id=4_512_309_871,
        name="Harbor Lantern",
        store="harbor_us",
        daily_spend=140.0,
        platform="google_ads",
        zone="America/New_York",
        market="US",
        currency="USD",
    ),
    Advertiser(
        number=13,
        advertiser_id=1_020_304_050_607_080,
        name="Harbor Lantern",
        store="harbor_us",
        daily_spend=165.0,
        platform="meta",
        zone="America/New_York",
        market="US",
        currency="USD",
    ),
    Advertiser(
        number=31,
        advertiser_id=7_012_345_678_901_234_567,
        name="Harbor Lantern",
        store="harbor_us",
        daily_spend=120.0,
        platform="tiktok_ads",
        zone="America/New_York",
        market="US",
        currency="USD",
    ),
    Advertiser(
        number=32,
        advertiser_id=180_512_345,
        name="Harbor Lantern",
        store="harbor_us",
        daily_spend=85.0,
        platform="microsoft_ads",
        zone="America/New_York",
        market="US",
        currency="USD",
    ),
    Advertiser(
        number=33,
        advertiser_id=2_712_345_678_901,
        name="Harbor Lantern",
        store="harbor_us",
        daily_spend=110.0,
        platform="amazon_ads",
        zone="America/New_York",
        market="US",
        currency="USD",
    ),
    Advertiser(
        number=14,
        advertiser_id=3_300_120_450,
        name="灯笼家居旗舰店",
        store="lantern_tmall",
        daily_spend=920.0,
        platform="alimama",
    ),
    Advertiser(
        number=15,
        advertiser_id=1_761_000_000_000_000_789,
        name="梅子铺",
        store="plum_taobao",
        daily_spend=760.0,
        platform="qianchuan",
    ),
    Advertiser(
        number=16,
        advertiser_id=25_610_042,
        name="灯笼家居官网",
        store="lantern_web",
        daily_spend=540.0,
        platform="tencent_ads",
    ),
    Advertiser(
        number=17,
        advertiser_id=40_210_336,
        name="灯笼家居官网",
        store="lantern_web",
        daily_spend=680.0,
        platform="baidu_marketing",
    ),
    Advertiser(
        number=18,
        advertiser_id=20_000_817,
        name="灯笼家居快手店",
        store="lantern_kuaishou",
        daily_spend=260.0,
        platform="kuaishou_ads",
    ),
    Advertiser(
        number=19,
        advertiser_id=60_402_118,
        name="灯笼家居京东店",
        store="lantern_jd",
        daily_spend=610.0,
        platform="jd_ads",
    ),
    Advertiser(
        number=20,
        advertiser_id=70_311_905,
        name="灯笼家居拼多多店",
        store="lantern_pinduoduo",
        daily_spend=330.0,
        platform="pinduoduo_ads",
    ),
    Advertiser(
        number=21,
        advertiser_id=80_064_273,
        name="灯笼家居苏宁店",
        store="lantern_suning",
        daily_spend=150.0,
        platform="suning_ads",
    ),
)
"""Advertisers of the other platforms; ``ADVERTISERS`` are Ocean Engine's."""

SITES: tuple[Site, ...] = (
    Site(
        number=1, site_id=16_847_648, domain="lantern-home.example", store="lantern_web", daily_visits=1150.0
    ),
)

SHOP_BY_STORE = {shop.store: shop for shop in SHOPS}
ADVERTISER_BY_ID = {advertiser.advertiser_id: advertiser for advertiser in ADVERTISERS}
SITE_BY_ID = {site.site_id: site for site in SITES}
