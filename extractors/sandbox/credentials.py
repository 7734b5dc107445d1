"""The pretend credentials, fixed and public: they open nothing but the sandbox.

``connections(base_url)`` gives them in Airflow's JSON form, one for each account of the demo. Further
tokens for tests:
``token(platform, subject, "expired")`` is refused as expired but its refresh token works; ``"revoked"``
is refused and
so is its refresh token.
"""

from __future__ import annotations

import hashlib
import hmac

from .ad_credentials import ad_connections
from .merchants import ADVERTISERS, SHOPS, SITES
from .site_credentials import site_connections

_MAC_KEY = b"sandbox tokens are no secret"

APP_KEYS: dict[str, tuple[str, str]] = {
    "taobao": ("23456789", "sandbox-top-secret"),
    "pinduoduo": ("b1f2c3d4e5f60718293a4b5c6d7e8f90", "sandbox-pdd-secret"),
    "kaola": ("edb6c3b9ac4847e7584c38e2b630b14f", "sandbox-kaola-secret"),
    "beibei": ("lantern", "sandbox-beibei-secret"),
    "jd": ("5E8B3C0D4A1F4E6C9B7A2D1C0F3E5A7B", "sandbox-jos-secret"),
    "ocean_engine": ("1790000000000001", "sandbox-ocean-secret"),
    "amazon": ("amzn1.application-oa2-client.sandbox", "amzn1.oa2-cs.v1.sandbox"),
    "magento": ("sandbox-integration", "sandbox-integration-secret"),
    "tiktok_shop": ("6h4sandboxkey", "sandbox-tiktok-shop-secret"),
    "shopify": ("5b1f0c8de2a94d6fb7c1e9a3d4f60718", "shpss_sandbox0000000000000000000000"),
    "baidu_tongji": ("sandboxTongjiClientId000", "sandbox-tongji-secret"),
    "doudian": ("7050000000000000001", "sandbox-doudian-secret"),
    "alibaba_1688": ("1000168", "sandbox-1688-secret"),
    "suning": ("sandboxSuningAppKey", "sandbox-suning-secret"),
    "kuaishou_shop": ("ks683000000000000001", "sandbox-kuaishou-secret"),
    "xiaohongshu": ("a1b2c3d4e5f64a7b8c9d", "sandbox-xhs-secret"),
    "youzan": ("5f0c1e7b2d9a4c6388", "sandbox-youzan-secret"),
    "dangdang": ("2100009999", "sandbox-dangdang-secret"),
    "mogujie": ("100310", "sandbox-mogujie-secret"),
}
"""App key and secret of each platform whose accounts belong to one app."""

OWN_ADDRESS = frozenset({"shopify", "magento"})
"""Platforms whose shops have each a host of its own: here a path below the platform's."""

EXTRA: dict[str, dict[str, object]] = {
    "amazon": {"marketplaces": "ATVPDKIKX0DER", "seller_id": "A2SANDBOXSELLER"},
    "tiktok_shop": {"shop_cipher": "ROW_sandboxcipher"},
}
"""What else the connections of a platform hold."""

LASTING = frozenset({"beibei", "dangdang"})
"""Platforms whose sessions nothing renews: they last until the merchant ends them."""

RENEWED_AHEAD = {"jd": 86_400, "jd_ads": 86_400}
"""Platforms that renew no token within its last so many seconds: its refresh token ends with it."""

KEYS_RENEW = frozenset({"shopify", "magento"})
"""Platforms where key and secret buy a new token: no refresh token, and a revoked app has a dead key."""

KEYS_ONLY = frozenset({"suning"})
"""Platforms where a shop's own app signs with key and secret and has no token."""

SIGN_SECRETS = {"kuaishou_shop": "sandbox-kuaishou-sign-secret"}
"""Secrets that sign, of platforms where the app's secret does not."""

CONSUMERS: dict[str, tuple[str, str]] = {
    shop.store: (
        f"ck_{hashlib.sha1(shop.store.encode(), usedforsecurity=False).hexdigest()}",
        f"cs_{hashlib.sha1(shop.seller.encode(), usedforsecurity=False).hexdigest()}",
    )
    for shop in SHOPS
    if shop.is_own_site
}
"""Consumer key and secret of each WooCommerce shop."""

NEVER = 0
LONG_AGO = 1


def mint(platform: str, subject: str, use: str, serial: int, expires: int) -> str:
    """A token that any sandbox process recognises: it says whose it is, and a keyed hash proves it was
    minted here.

    ``use`` access | refresh; ``expires`` epoch seconds, NEVER for tokens that do not expire by the
    clock.
    """
    text = f"sbx.{platform}.{subject}.{use}.{serial}.{expires}"
    return f"{text}.{hmac.new(_MAC_KEY, text.encode(), 'sha256').hexdigest()[:16]}"


_VARIANTS = {"valid": (0, NEVER), "expired": (1, LONG_AGO), "revoked": (2, NEVER)}


def token(platform: str, subject: str, variant: str = "valid", use: str = "access") -> str:
    """The fixed token of this variant: valid | expired | revoked."""
    serial, expires = _VARIANTS[variant]
    ends = use == "access" or platform in RENEWED_AHEAD
    return mint(platform, subject, use, serial, expires if ends else NEVER)


def _tokens(platform: str, subject: str, variant: str) -> dict[str, str]:
    return {
        "access_token": token(platform, subject, variant),
        "refresh_token": token(platform, subject, variant, "refresh"),
    }


def connections(base_url: str, variant: str = "valid") -> dict[str, dict[str, object]]:
    """Connection per account id, shaped as Airflow's JSON: conn_type, host, login, password, extra.

    ``base_url`` such as http://127.0.0.1:8765. ``variant`` chooses the tokens; consumer keys have no
    variants.
    """
    base = base_url.rstrip("/")
    out: dict[str, dict[str, object]] = {}

    def add(account: str, path: str, login: str, password: str, extra: dict[str, object]) -> None:
        out[account] = {
            "conn_type": "http",
            "host": f"{base}/{path}",
            "login": login,
            "password": password,
            "extra": extra,
        }

    for shop in SHOPS:
        name = f"{shop.platform}__{shop.store.split('_')[0]}"
        if shop.is_own_site:
            add(name, f"woocommerce/{shop.store}", *CONSUMERS[shop.store], {})
        else:
            tokens: dict[str, object] = {}
            if shop.platform not in KEYS_ONLY:
                lasts = shop.platform in LASTING and variant == "expired"
                tokens |= _tokens(shop.platform, shop.store, "valid" if lasts else variant)
            if shop.platform in SIGN_SECRETS:
                tokens["sign_secret"] = SIGN_SECRETS[shop.platform]
            path = f"{shop.platform}/{shop.store}" if shop.platform in OWN_ADDRESS else shop.platform
            key, secret = APP_KEYS[shop.platform]
            if shop.platform in KEYS_RENEW:
                del tokens["refresh_token"]
                secret = f"{secret}-dead" if variant == "revoked" else secret
            tokens |= EXTRA.get(shop.platform, {})
            add(name, path, key, secret, tokens)
    for advertiser in ADVERTISERS:
        extra: dict[str, object] = dict(_tokens("ocean_engine", str(advertiser.advertiser_id), variant))
        extra["advertiser_id"] = str(advertiser.advertiser_id)
        add(
            f"ocean_engine__{advertiser.store.split('_')[0]}",
            "ocean_engine",
            *APP_KEYS["ocean_engine"],
            extra,
        )
    for site in SITES:
        extra = dict(_tokens("baidu_tongji", site.store, variant))
        extra["site_id"] = str(site.site_id)
        add(f"baidu_tongji__{site.store.split('_')[0]}", "baidu_tongji", *APP_KEYS["baidu_tongji"], extra)
    known = {**ad_connections(variant, _tokens), **site_connections(variant, _tokens)}
    for account, entry in known.items():
        add(account, *entry)
    return out
