"""The pretend credentials of advertisers and of analytics beside the first two: what each vendor asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .merchants import AD_ACCOUNTS, SITES, Advertiser, Site

Tokens = Callable[[str, str, str], dict[str, str]]
Entry = tuple[str, str, str, dict[str, object]]
"""Path below the sandbox, login, password, extra."""

PROPERTY_BASE = 312_450_000
MANAGER = "9998887776"
"""The manager account through which Google's customer is reached."""
TIKTOK_STORE = "7494055813163900017"
"""The TikTok shop that GMV Max sells for."""
CUSTOMER, DEVELOPER_TOKEN = "250012345", "SANDBOXDEV0001"
"""The customer that Microsoft's account belongs to, and who develops for it."""
APPS: dict[str, tuple[str, str]] = {
    "amazon_ads": ("amzn1.application-oa2-client.sandboxads", "sandbox-amazon-ads-secret"),
    "microsoft_ads": ("7f3c0a52-0000-4000-8000-5ab0c5ab0c01", "sandbox-microsoft-secret"),
    "google_ads": ("sandbox-client.apps.example", "sandbox-google-secret"),
    "meta": ("555000111222333", "sandbox-meta-secret"),
    "qianchuan": ("1790000000000002", "sandbox-qianchuan-secret"),
    "tencent_ads": ("1111000222", "sandbox-tencent-secret"),
    "baidu_marketing": ("sandboxBaiduApp000001", "sandbox-baidu-secret"),
    "alimama": ("23456790", "sandbox-alimama-secret"),
    "jd_ads": ("7A1D0C3F5E8B9C2D4E6F1A3B5C7D9E0F", "sandbox-jzt-secret"),
    "pinduoduo_ads": ("c2f3d4e5f60718293a4b5c6d7e8f90a1", "sandbox-pdd-ads-secret"),
    "suning_ads": ("sandboxSuningAdsKey", "sandbox-suning-ads-secret"),
    "kuaishou_ads": ("165000321", "sandbox-kuaishou-ads-secret"),
}
"""App key and secret of each of these platforms whose accounts belong to one app."""


def _static(platform: str, subject: str, variant: str, tokens: Tokens) -> str:
    """A token that does not expire, for vendors that have no expired tokens."""
    return tokens(platform, subject, "revoked" if variant == "revoked" else "valid")["access_token"]


def _uc_huichuan(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    extra = {"access_token": _static("uc_huichuan", str(account.advertiser_id), variant, tokens)}
    return "uc_huichuan", f"{account.store}@uc", "sandbox-uc-password", dict(extra)


def _google_ads(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    extra: dict[str, object] = {
        **tokens("google_ads", str(account.advertiser_id), variant),
        "customer_id": str(account.advertiser_id),
        "login_customer_id": "-".join((MANAGER[:3], MANAGER[3:6], MANAGER[6:])),  # as Google shows it
    }
    return "google_ads", *APPS["google_ads"], extra


def _app(option: str = "") -> Callable[[Advertiser, str, Tokens], Entry]:
    """An app's key and secret with a pair of tokens, and the advertiser's number under the vendor's name."""

    def made(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
        number = str(account.advertiser_id)
        extra: dict[str, object] = dict(tokens(account.platform, number, variant))
        if option:
            extra[option] = number
        return account.platform, *APPS[account.platform], extra

    return made


def _baidu_marketing(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    path, login, password, extra = _app("user_id")(account, variant, tokens)
    return path, login, password, {**extra, "user_name": f"{account.store}-baidu"}


def _suning_ads(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    """A shop's own app signs with key and secret and has no token."""
    return "suning_ads", *APPS["suning_ads"], {"custnum": str(account.advertiser_id)}


def _meta(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    number = str(account.advertiser_id)
    extra: dict[str, object] = {
        "access_token": _static("meta", number, variant, tokens),
        "ad_account_id": f"act_{number}",
    }
    return "meta", *APPS["meta"], extra


def _tiktok_ads(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    number = str(account.advertiser_id)
    extra: dict[str, object] = {
        "access_token": _static("tiktok_ads", number, variant, tokens),
        "advertiser_id": number,
        "store_ids": TIKTOK_STORE,
    }
    return "tiktok_ads", "", "", extra  # the token alone opens the reports


def _microsoft_ads(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    path, login, password, extra = _app("account_id")(account, variant, tokens)
    return path, login, password, {**extra, "customer_id": CUSTOMER, "developer_token": DEVELOPER_TOKEN}


SERVICE_ACCOUNT = "reader@sandbox.iam.example"
# Two primes of a key that opens nothing but the sandbox.
_PRIMES = (
    "e80ba243a2da74b8379199aa128354a12a1375d99da212e9be1eb40d2d3d8a72"
    "52c67753bf5400e8a42037b9f2f1aa07e21a7491d580691302137d25a8987efb",
    "c3ae5256990bde9d89b195ba0803a929f12a1b682bbf9fd83d1e883d4933e8fc"
    "24170a932e3399b55d6135e75927c14e32fd1e2b099115bec1c8433c7d7a44ab",
)


@cache
def service_key() -> rsa.RSAPrivateKey:
    """The service account's key, the same in every process."""
    p, q = (int(text, 16) for text in _PRIMES)
    e, n = 65_537, p * q
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, n)
    parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *parts, public).private_key()


def _pem() -> str:
    return (
        service_key()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def _ga4(site: Site, variant: str, tokens: Tokens) -> Entry:
    extra = {
        "access_token": tokens("ga4", site.store, variant)["access_token"],
        "property_id": str(PROPERTY_BASE + site.number),
    }
    login = f"gone-{SERVICE_ACCOUNT}" if variant == "revoked" else SERVICE_ACCOUNT
    return "ga4", login, _pem(), dict(extra)


_MADE: dict[str, Callable[[Advertiser, str, Tokens], Entry]] = {
    "uc_huichuan": _uc_huichuan,
    "google_ads": _google_ads,
    "meta": _meta,
    "tiktok_ads": _tiktok_ads,
    "microsoft_ads": _microsoft_ads,
    "amazon_ads": _app("profile_id"),
    "alimama": _app(),
    "qianchuan": _app("advertiser_id"),
    "tencent_ads": _app("account_id"),
    "baidu_marketing": _baidu_marketing,
    "kuaishou_ads": _app("advertiser_id"),
    "jd_ads": _app(),
    "pinduoduo_ads": _app(),
    "suning_ads": _suning_ads,
}


def ad_connections(variant: str, tokens: Tokens) -> dict[str, Entry]:
    """Account id → what ``connections`` adds for it."""
    sites = {f"ga4__{site.store.split('_')[0]}": _ga4(site, variant, tokens) for site in SITES}
    made = {a.account: _MADE[a.platform](a, variant, tokens) for a in AD_ACCOUNTS if a.platform in _MADE}
    return {**made, **sites}
