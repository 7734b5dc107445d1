"""WooCommerce over https: what a shop behind a proxy that ends TLS sees of a key, and what it lets through."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests

from extractors.accounts import Account
from extractors.core.session import Session
from extractors.core.window import Window, days_window
from extractors.credentials import Credentials
from extractors.errors import AuthError, ContractError
from extractors.personal import Scrubber
from extractors.platforms.woocommerce import PLATFORM
from extractors.sandbox import Running, running
from extractors.tokens import TokenFile

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
NAME = "woocommerce__lantern"


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with running(first_day=date(2026, 11, 10), now=NOW) as found:
        yield found


class EndOfTls(requests.adapters.HTTPAdapter):
    """A proxy before the shop: ends TLS and says so; some take the Authorization header away."""

    def __init__(self, *, strips: bool) -> None:
        super().__init__()
        self.strips = strips
        self.seen: list[str] = []

    def send(self, request: Any, *arguments: Any, **named: Any) -> Any:
        self.seen.append(str(request.url))
        request.url = request.url.replace("https://", "http://", 1)
        request.headers["X-Forwarded-Proto"] = "https"
        if self.strips:
            request.headers.pop("Authorization", None)
        named["verify"] = False
        return super().send(request, *arguments, **named)


def shop(box: Running, folder: Path, proxy: requests.adapters.HTTPAdapter, **options: Any) -> Session:
    given: Any = box.connections()[NAME]
    account = Account(
        NAME, "woocommerce", "x", "lantern_web", "Asia/Shanghai", "CNY",
        options={"calls_per_second": 1_000, **options},
    )  # fmt: skip
    host = given["host"].replace("http://", "https://")
    credentials = Credentials(host, given["login"], given["password"], {})
    session = Session(PLATFORM, account, credentials, TokenFile(folder, NAME, credentials), lambda s: None)
    session._http = proxy
    return session


def orders_of_an_hour(session: Session) -> list[Any]:
    window = Window(NOW - timedelta(hours=12), NOW)
    read = next(iter(PLATFORM.stream("orders").reads(session.account, window)))
    found: list[Any] = session.call(read.request).body
    return found


def test_basic_over_https_reads_and_shows_no_secret_in_the_address(box: Running, tmp_path: Path) -> None:
    proxy = EndOfTls(strips=False)
    session = shop(box, tmp_path, proxy)
    assert orders_of_an_hour(session)
    secret = str(box.connections()[NAME]["password"])
    assert proxy.seen and not any(secret in url or "oauth_" in url for url in proxy.seen)


def test_a_host_that_strips_the_header_is_named_and_read_by_the_query(box: Running, tmp_path: Path) -> None:
    with pytest.raises(AuthError) as caught:
        orders_of_an_hour(shop(box, tmp_path, EndOfTls(strips=True)))
    assert caught.value.advice and "keys_in_query" in caught.value.advice
    assert orders_of_an_hour(shop(box, tmp_path, EndOfTls(strips=True), keys_in_query=True))


def test_over_plain_http_the_secret_never_travels(box: Running, tmp_path: Path) -> None:
    given: Any = box.connections()[NAME]
    account = Account(
        NAME, "woocommerce", "x", "lantern_web", "Asia/Shanghai", "CNY", options={"keys_in_query": True}
    )
    credentials = Credentials(given["host"], given["login"], given["password"], {})
    session = Session(PLATFORM, account, credentials, TokenFile(tmp_path, NAME, credentials))
    read = next(iter(PLATFORM.stream("orders").reads(account, Window(NOW - timedelta(hours=1), NOW))))
    sent = str(session._protocol.prepare(read.request, session._tokens.current()))
    assert "oauth_signature" in sent and given["password"] not in sent
    assert orders_of_an_hour(session)


class ManyVariations(requests.adapters.HTTPAdapter):
    """A shop whose product has 250 variations, in pages of 100; a page of `lost` comes empty."""

    def __init__(self, *lost: str) -> None:
        super().__init__()
        self.lost = lost

    def send(self, request: Any, *arguments: Any, **named: Any) -> Any:
        page = parse_qs(urlsplit(request.url).query)["page"][0]
        begin = (int(page) - 1) * 100
        rows = [] if page in self.lost else [{"id": n} for n in range(begin, min(begin + 100, 250))]
        answer = requests.Response()
        answer.status_code, answer.headers["X-WP-Total"] = 200, "250"
        answer.raw = io.BytesIO(json.dumps(rows).encode())
        return answer


@pytest.mark.parametrize("lost", ["2", "3"])
def test_variations_that_were_lost_on_the_way_are_told_and_not_left_out(
    box: Running, tmp_path: Path, lost: str
) -> None:
    complete = PLATFORM.stream("products").detail
    assert complete is not None
    product: dict[str, Any] = {"id": 7}
    complete(shop(box, tmp_path, ManyVariations()), product)
    assert {record["id"] for record in product["variations_detail"]} == set(range(250))
    with pytest.raises(ContractError, match="says 250 records and sent"):
        complete(shop(box, tmp_path, ManyVariations(lost)), {"id": 7})


def test_a_review_that_an_import_left_without_a_gmt_date_has_the_day_of_its_own(
    box: Running, tmp_path: Path
) -> None:
    session = shop(box, tmp_path, EndOfTls(strips=False))
    stream = PLATFORM.stream("reviews")
    window = days_window(date(2026, 11, 18), date(2026, 11, 18), session.account.zone)
    finish = next(iter(stream.reads(session.account, window))).finish
    assert finish is not None
    for gmt in (None, "", "-0001-11-30T00:00:00"):
        (review,) = finish([{"id": 7, "date_created": "2026-11-18T23:30:00", "date_created_gmt": gmt}])
        assert stream.day_of(review) == "2026-11-18"


def test_a_review_is_read_on_the_day_it_has_where_the_store_is(box: Running, tmp_path: Path) -> None:
    session = shop(box, tmp_path, EndOfTls(strips=False))
    stream = PLATFORM.stream("reviews")
    window = days_window(date(2026, 11, 18), date(2026, 11, 18), session.account.zone)
    read = next(iter(stream.reads(session.account, window)))
    assert read.finish is not None
    found = [
        record
        for page in read.paging.pages(session.call, read.request)
        for record in read.finish(page.records)
    ]
    assert found and {stream.day_of(review) for review in found} == {"2026-11-18"}
    assert {review["date_created_gmt"][:10] for review in found} == {"2026-11-17", "2026-11-18"}
    landed = [Scrubber(stream.personal, "woocommerce", b"k").scrub(review) for review in found]
    assert landed[0].keys() == {
        "id", "date_created", "date_created_gmt", "product_id", "product_name", "product_permalink", "status",
        "rating", "verified", "review_date",
    }  # fmt: skip
