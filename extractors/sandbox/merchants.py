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
    market: str
    currency: str
    zone: ZoneInfo
    daily_orders: float
    price_factor: float
    tax_rate: float
    assortment: tuple[str, ...]
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
        1,
        "lantern_tmall",
        "taobao",
        "灯笼家居旗舰店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        75,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
    ),
    Shop(
        2,
        "plum_taobao",
        "taobao",
        "梅子铺",
        "梅子铺",
        "CN",
        "CNY",
        SHANGHAI,
        46,
        0.95,
        0.0,
        (*_PANTRY, "tea_tin", "gaiwan", "paper_lantern"),
    ),
    Shop(
        3,
        "lantern_web",
        "woocommerce",
        "Lantern Home",
        "lantern",
        "CN",
        "CNY",
        SHANGHAI,
        34,
        1.05,
        0.0,
        (*_LIGHTS, "gift_box", "green_tea", "gaiwan"),
    ),
    Shop(
        4,
        "harbor_us",
        "woocommerce",
        "Harbor Lantern Co.",
        "harbor",
        "US",
        "USD",
        ZoneInfo("America/New_York"),
        27,
        0.24,
        0.08875,
        (*_LIGHTS, "gaiwan", "teapot", "oolong_tea", "rice_bowl"),
    ),
    Shop(
        41,
        "harbor_shopify",
        "shopify",
        "Harbor Lantern",
        "harbor-lantern",
        "US",
        "USD",
        ZoneInfo("America/New_York"),
        14,
        0.25,
        0.08875,
        (*_LIGHTS, "gaiwan", "teapot", "green_tea"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        is_subsidised=False,
        splits_refunds=True,
    ),
    Shop(
        44,
        "harbor_tiktok_shop",
        "tiktok_shop",
        "Harbor Lantern TikTok",
        "harbor-tiktok-shop",
        "US",
        "USD",
        ZoneInfo("America/New_York"),
        12,
        0.24,
        0.08875,
        (*_LIGHTS, "gaiwan", "teapot"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        splits_refunds=True,
    ),
    Shop(
        43,
        "harbor_magento",
        "magento",
        "Harbor Lantern Magento",
        "harbor-magento",
        "US",
        "USD",
        ZoneInfo("America/New_York"),
        10,
        0.24,
        0.08875,
        (*_LIGHTS, "gaiwan", "teapot"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        is_subsidised=False,
        splits_refunds=True,
    ),
    Shop(
        42,
        "harbor_amazon",
        "amazon",
        "Harbor Lantern Amazon",
        "harbor-amazon",
        "US",
        "USD",
        ZoneInfo("America/New_York"),
        14,
        0.26,
        0.08875,
        (*_LIGHTS, "gaiwan", "teapot"),
        flows=(),
        cancels_whole=True,
        marks_orders=False,
        is_subsidised=False,
        splits_refunds=True,
    ),
    Shop(
        5,
        "lantern_jd",
        "jd",
        "灯笼家居京东旗舰店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        24,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        cancels_whole=True,
        marks_orders=False,
    ),
    Shop(
        6,
        "lantern_pinduoduo",
        "pinduoduo",
        "灯笼家居拼多多店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        40,
        0.9,
        0.0,
        _LIGHTS + _TABLE,
        flows=("group",),
        most_lines=1,
        marks_orders=False,
    ),
    Shop(
        7,
        "lantern_kaola",
        "kaola",
        "灯笼家居考拉店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        24,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        8,
        "lantern_beibei",
        "beibei",
        "灯笼家居贝贝店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        24,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        21,
        "lantern_douyin",
        "doudian",
        "灯笼家居抖音旗舰店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        12,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=("presale",),
        splits_refunds=True,
    ),
    Shop(
        22,
        "lantern_1688",
        "alibaba_1688",
        "灯笼家居批发",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        11,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        23,
        "lantern_suning",
        "suning",
        "灯笼家居苏宁旗舰店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        11,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        marks_orders=False,
    ),
    Shop(
        24,
        "lantern_kuaishou",
        "kuaishou_shop",
        "灯笼家居快手店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        11,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        most_lines=1,
        marks_orders=False,
    ),
    Shop(
        25,
        "lantern_xhs",
        "xiaohongshu",
        "灯笼家居小红书店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        11,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
    ),
    Shop(
        32,
        "lantern_youzan",
        "youzan",
        "灯笼家居有赞店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        12,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=("group",),
        marks_orders=False,
        is_subsidised=False,
    ),
    Shop(
        33,
        "lantern_dangdang",
        "dangdang",
        "灯笼家居当当店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        24,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        cancels_whole=True,
        marks_orders=False,
    ),
    Shop(
        31,
        "lantern_mogujie",
        "mogujie",
        "灯笼家居蘑菇街店",
        "灯笼家居",
        "CN",
        "CNY",
        SHANGHAI,
        12,
        1.0,
        0.0,
        _LIGHTS + _TABLE,
        flows=(),
        cancels_whole=True,
        marks_orders=False,
    ),
)

ADVERTISERS: tuple[Advertiser, ...] = (
    Advertiser(1, 1_760_000_000_000_000_123, "灯笼家居官网", "lantern_web", 1480.0),
    Advertiser(2, 1_760_000_000_000_000_457, "梅子铺", "plum_taobao", 1150.0),
)

AD_ACCOUNTS: tuple[Advertiser, ...] = (
    Advertiser(11, 26_001_177, "梅子铺", "plum_taobao", 310.0, "uc_huichuan"),
    Advertiser(
        12, 4_512_309_871, "Harbor Lantern", "harbor_us", 140.0, "google_ads", "America/New_York", "US", "USD"
    ),
    Advertiser(
        13,
        1_020_304_050_607_080,
        "Harbor Lantern",
        "harbor_us",
        165.0,
        "meta",
        "America/New_York",
        "US",
        "USD",
    ),
    Advertiser(
        31,
        7_012_345_678_901_234_567,
        "Harbor Lantern",
        "harbor_us",
        120.0,
        "tiktok_ads",
        "America/New_York",
        "US",
        "USD",
    ),
    Advertiser(
        32, 180_512_345, "Harbor Lantern", "harbor_us", 85.0, "microsoft_ads", "America/New_York", "US", "USD"
    ),
    Advertiser(
        33,
        2_712_345_678_901,
        "Harbor Lantern",
        "harbor_us",
        110.0,
        "amazon_ads",
        "America/New_York",
        "US",
        "USD",
    ),
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
