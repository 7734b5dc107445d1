"""How TOP wraps what it says: errors of haste, grants, XML."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import orjson

from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Refusal
from extractors.sandbox.merchants import SHOP_BY_STORE
from extractors.sandbox.tokens import Grant

from .call import Call
from .parameters import top_error


def too_fast(seconds: float | None) -> Answer:
    hint = "" if seconds is None else f"This ban will last for {max(int(seconds), 1)} more seconds"
    return top_error(7, "App Call Limited", "accesscontrol.limited-by-app-api-access-count", hint)


def grant_fields(grant: Grant) -> dict[str, Any]:
    shop = SHOP_BY_STORE[grant.subject]
    life = grant.expires_in
    return {
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": life,
        "refresh_token": grant.refresh_token,
        "re_expires_in": grant.refresh_expires_in,
        "r1_expires_in": life,
        "r2_expires_in": life,
        "w1_expires_in": life,
        "w2_expires_in": life,
        "taobao_user_nick": shop.seller,
        "taobao_user_id": str(2_200_000_000_000 + shop.number),
    }


def simplified(value: Any) -> Any:
    """``simplify=true`` drops the object around each list."""
    if isinstance(value, dict):
        if len(value) == 1:
            only = next(iter(value.values()))
            if isinstance(only, list):
                return [simplified(entry) for entry in only]
        return {key: simplified(entry) for key, entry in value.items()}
    return value


def as_xml(body: dict[str, Any]) -> bytes:
    def write(name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(write(name, entry) for entry in value)
        if isinstance(value, dict):
            inner = "".join(write(key, entry) for key, entry in value.items())
            return f"<{name}>{inner}</{name}>"
        text = str(value).lower() if isinstance(value, bool) else escape(str(value))
        return f"<{name}>{text}</{name}>"

    declaration = '<?xml version="1.0" encoding="utf-8" ?>'
    return (declaration + "".join(write(name, value) for name, value in body.items())).encode()


def token_refresh(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.top.auth.token.refresh: the fields of /token as a JSON string."""
    assert call.desk.tokens is not None
    grant = call.desk.tokens.refresh(call.params["refresh_token"])
    if grant is None:
        raise Refusal(
            top_error(15, "Remote service error", "isv.invalid-refresh-token", "refresh token is invalid")
        )
    return {"token_result": orjson.dumps(grant_fields(grant)).decode()}
