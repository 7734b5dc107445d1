"""The vendors' own published signing examples, against the client."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from extractors.accounts import Account
from extractors.core.model import Request
from extractors.credentials import Credentials
from extractors.protocols.key_rest import oauth1_signature
from extractors.protocols.signed_call import Call, form_signed_over_path, json_body_signed_in_query
from extractors.protocols.signed_form import Dialect, SignedForm
from extractors.protocols.signing import hmac_sha1_path, md5_wrapped
from extractors.tokens import Tokens

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "signing-vectors.json").read_text())
TOP = [vector for vector in VECTORS if vector["algorithm"] == "top-md5"]


@pytest.mark.parametrize("vector", TOP, ids=[vector["platform"] for vector in TOP])
def test_the_published_example_is_reproduced(vector: dict[str, Any]) -> None:
    assert md5_wrapped(vector["input"]["secret"], vector["input"]["params"]) == vector["expected_sign"]


def test_a_whole_request_is_signed_as_the_published_example(make_account: Callable[..., Account]) -> None:
    vector = next(vector for vector in TOP if vector["platform"] == "taobao_top")
    given = vector["input"]["params"]
    dialect = Dialect(
        digest=md5_wrapped,
        error=lambda body: None,
        token="session",
        constants={"v": "2.0", "format": "json", "sign_method": "md5"},
        now=lambda: given["timestamp"],
    )
    credentials = Credentials(login=given["app_key"], password=vector["input"]["secret"])
    speaker = SignedForm(dialect, "https://example.invalid", make_account(), credentials)
    request = Request(given["method"], "/router/rest", {"fields": given["fields"], "num_iid": 11223344})
    sent = speaker.prepare(request, Tokens(given["session"]))["data"]
    assert sent == {**given, "sign": vector["expected_sign"]}


def test_business_parameters_in_one_text_are_signed_as_the_text_that_is_sent(
    make_account: Callable[..., Account],
) -> None:
    vector = next(vector for vector in TOP if vector["platform"] == "jd_jos")
    given = vector["input"]["params"]
    dialect = Dialect(
        digest=md5_wrapped,
        error=lambda body: None,
        constants={"v": "2.0"},
        envelope="360buy_param_json",
        now=lambda: given["timestamp"],
    )
    credentials = Credentials(login=given["app_key"], password=vector["input"]["secret"])
    speaker = SignedForm(dialect, "https://example.invalid", make_account(), credentials)
    business = {"order_state": "WAIT_SELLER_STOCK_OUT", "page": 1, "page_size": 200, "absent": None}
    sent = speaker.prepare(Request(given["method"], "", business), Tokens(given["access_token"]))["data"]
    text = sent["360buy_param_json"]
    assert json.loads(text) == {"order_state": "WAIT_SELLER_STOCK_OUT", "page": "1", "page_size": "200"}
    system = {name: given[name] for name in ("access_token", "app_key", "method", "timestamp", "v")}
    sign = md5_wrapped(vector["input"]["secret"], {**system, "360buy_param_json": text})
    assert sent == {**system, "360buy_param_json": text, "sign": sign}


def test_a_token_is_renewed_by_a_signed_call_that_carries_none(make_account: Callable[..., Account]) -> None:
    dialect = Dialect(
        digest=md5_wrapped,
        error=lambda body: None,
        now=lambda: "t",
        refresh_request=lambda tokens: Request("renew", "/r", {"refresh_token": tokens.refresh_token}),
        refresh_read=lambda body: Tokens(body.decode()),
    )
    speaker = SignedForm(dialect, "https://e.invalid", make_account(), Credentials(login="k", password="s"))
    renewal = speaker.refresh(Tokens("old", "r"))
    assert renewal is not None
    arguments, read = renewal
    signed = {"method": "renew", "app_key": "k", "timestamp": "t", "refresh_token": "r"}
    assert arguments["url"] == "https://e.invalid/r"
    assert arguments["data"] == {**signed, "sign": md5_wrapped("s", signed)}
    assert read(b"new") == Tokens("new")


def test_business_parameters_stay_out_of_the_signature_where_the_vendor_leaves_them_out(
    make_account: Callable[..., Account],
) -> None:
    # No published example: the rule (platforms-cn §7) worked out by hand.
    import hashlib

    dialect = Dialect(
        digest=md5_wrapped,
        error=lambda body: None,
        token="session",
        constants={"format": "xml"},
        now=lambda: "2026-01-05 10:00:00",
        signs_system_only=True,
    )
    speaker = SignedForm(dialect, "https://e.invalid", make_account(), Credentials(login="k", password="s"))
    sent = speaker.prepare(Request("m", "", {"os": 9999, "app_mode": "x"}), Tokens("t"))["data"]
    text = "sapp_keykformatxmlmethodmsessionttimestamp2026-01-05 10:00:00s"
    assert sent["sign"] == hashlib.md5(text.encode()).hexdigest().upper()
    assert sent["os"] == "9999" and sent["app_mode"] == "x"


def test_empty_parameters_are_neither_sent_nor_signed(make_account: Callable[..., Account]) -> None:
    dialect = Dialect(digest=md5_wrapped, error=lambda body: None, now=lambda: "t")
    speaker = SignedForm(dialect, "https://e.invalid", make_account(), Credentials(login="k", password="s"))
    plain = speaker.prepare(Request("m", "", {"a": 1}), Tokens("t"))["data"]
    assert speaker.prepare(Request("m", "", {"a": 1, "b": "", "c": None}), Tokens("t"))["data"] == plain


def test_oauth1_signs_the_example_of_its_rfc_with_sha256() -> None:
    # Base string of RFC 5849 §3.4.1.1 rules worked out by hand for a request without a token.
    params = {"oauth_consumer_key": "ck_1", "oauth_nonce": "n", "per_page": "100", "search": "a b&c"}
    import base64
    import hashlib
    import hmac

    base = (
        "GET&http%3A%2F%2F127.0.0.1%2Fwp-json%2Fwc%2Fv3%2Forders&oauth_consumer_key%3Dck_1%26oauth_nonce%3Dn"
        "%26per_page%3D100%26search%3Da%2520b%2526c"
    )
    expected = base64.b64encode(hmac.new(b"cs_1&", base.encode(), hashlib.sha256).digest()).decode()
    assert oauth1_signature("GET", "http://127.0.0.1/wp-json/wc/v3/orders", params, "cs_1") == expected


def test_a_json_body_is_signed_in_the_query_as_the_published_example(
    make_account: Callable[..., Account],
) -> None:
    vector = next(vector for vector in VECTORS if vector["algorithm"] == "doudian-hmac-sha256")
    given = vector["input"]
    body = orjson.loads(given["param_json"])
    sent_at = datetime.fromtimestamp(int(given["timestamp"]), UTC)
    call = Call(given["method"], "/order/searchList", body, given["app_key"], given["secret"], "t", sent_at)
    sent = json_body_signed_in_query(call)
    assert sent["data"].decode() == given["param_json"]
    assert sent["params"]["sign"] == vector["expected_sign"]
    assert sent["params"]["access_token"] == "t"


def test_a_form_is_signed_over_its_path_as_the_published_example() -> None:
    vector = next(vector for vector in VECTORS if vector["algorithm"] == "aop-hmac-sha1")
    given = vector["input"]
    assert hmac_sha1_path(given["secret"], given["url_path"], given["params"]) == vector["expected_sign"]


def test_a_form_covers_its_path_from_the_protocol_part_to_the_key() -> None:
    sent_at = datetime.fromtimestamp(0, UTC)
    call = Call(
        "system.currentTime", "/openapi/param2/1/x/y", {"b": 2, "a": 1}, "1000000", "test123", "t", sent_at
    )
    sent = form_signed_over_path(call)
    signed = {"a": "1", "b": "2", "access_token": "t"}
    assert sent["url"] == "/openapi/param2/1/x/y/1000000"
    assert sent["data"]["_aop_signature"] == hmac_sha1_path("test123", "param2/1/x/y/1000000", signed)


def test_a_call_signed_over_its_path_covers_query_and_body(make_account: Callable[..., Account]) -> None:
    # No published example: the rule (platforms-global §5) worked out by hand.
    import hashlib
    import hmac
    from functools import partial

    from extractors.protocols import signed_call

    shape = partial(
        signed_call.json_body_signed_over_path,
        query=frozenset({"page_size"}),
        extra=("shop_cipher",),
        token_header="x-token",
    )
    dialect = signed_call.Dialect(shape=shape, error=lambda body: None, needs=("shop_cipher",))
    credentials = Credentials(login="key", password="secret", extra={"shop_cipher": "cipher"})
    speaker = signed_call.SignedCall(dialect, "https://example.invalid", make_account(), credentials)
    asked = {"page_size": 5, "update_time_ge": 7}
    sent = speaker.prepare(Request("orders", "/a/b", asked, "POST"), Tokens("t"))
    stamp = sent["params"]["timestamp"]
    text = f'secret/a/bapp_keykeypage_size5shop_cipherciphertimestamp{stamp}{{"update_time_ge":7}}secret'
    assert sent["params"]["sign"] == hmac.new(b"secret", text.encode(), hashlib.sha256).hexdigest()
    assert sent["data"] == b'{"update_time_ge":7}' and sent["headers"]["x-token"] == "t"
    read = speaker.prepare(Request("statements", "/a/b", asked), Tokens("t"))
    stamp = read["params"]["timestamp"]
    text = f"secret/a/bapp_keykeypage_size5shop_cipherciphertimestamp{stamp}update_time_ge7secret"
    assert read["params"]["sign"] == hmac.new(b"secret", text.encode(), hashlib.sha256).hexdigest()
    assert (sent["method"], read["method"], read["data"]) == ("POST", "GET", b"")
