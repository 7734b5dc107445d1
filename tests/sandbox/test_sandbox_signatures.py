"""The sandbox checks signatures as the vendors publish them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from extractors.sandbox import signatures

VECTORS = json.loads((Path(__file__).parent / "signing-vectors.json").read_text("utf-8"))


def _signed(vector: dict[str, Any]) -> str:
    given = vector["input"]
    if vector["algorithm"] == "top-md5":
        return signatures.top(given["params"], given["secret"])
    if vector["algorithm"] == "aop-hmac-sha1":
        return signatures.aop(given["url_path"], given["params"], given["secret"])
    fields = {key: given[key] for key in ("app_key", "method", "param_json", "timestamp", "v")}
    return signatures.doudian(fields, given["secret"])


@pytest.mark.parametrize("vector", VECTORS, ids=[v["platform"].split(" ")[0] for v in VECTORS])
def test_a_published_example_gets_the_published_signature(vector: dict[str, Any]) -> None:
    assert _signed(vector) == vector["expected_sign"]


@pytest.mark.parametrize("vector", VECTORS, ids=[v["platform"].split(" ")[0] for v in VECTORS])
def test_another_secret_gives_another_signature(vector: dict[str, Any]) -> None:
    other = {**vector, "input": {**vector["input"], "secret": vector["input"]["secret"] + "x"}}
    assert _signed(other) != vector["expected_sign"]


def test_top_hmac_signs_with_the_secret_as_key_and_leaves_empty_values_out() -> None:
    # HMAC over "foo1foobar2": computed with openssl dgst -hmac
    params = {"foobar": "2", "foo": "1", "empty": "", "sign": "ignored"}
    assert signatures.top(params, "test", "hmac-sha256") == (
        "B7F9D660C1953AE950E345D57B818BF8F584C407151EC465BCF73B2D7D1E92F8"
    )
    assert signatures.top(params, "test", "hmac") == "F8959E6ADDB6AE412648A49AD594B370"


def test_an_unknown_top_method_is_an_error() -> None:
    with pytest.raises(ValueError, match="sha1"):
        signatures.top({"a": "1"}, "secret", "sha1")


def test_oauth_signs_the_base_string_of_rfc_5849() -> None:
    # computed with openssl dgst -hmac over GET&<url>&<parameters>
    signature = signatures.oauth1(
        "get", "http://example.test/wp-json/wc/v3/orders", [("status", "any")], "s", "HMAC-SHA1"
    )
    assert signature == "RhzZGjUO7VZNuuUxkMzORJTelH4="


def test_oauth_does_not_depend_on_the_order_of_parameters_and_escapes_them() -> None:
    pairs = [("b", "2 &=%"), ("a", "汉"), ("oauth_nonce", "n")]
    once = signatures.oauth1("GET", "http://h.test/x", pairs, "s", "HMAC-SHA256")
    again = signatures.oauth1(
        "GET", "http://h.test/x", [*reversed(pairs), ("oauth_signature", "z")], "s", "HMAC-SHA256"
    )
    assert once == again
    assert once != signatures.oauth1("POST", "http://h.test/x", pairs, "s", "HMAC-SHA256")
