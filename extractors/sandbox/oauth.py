"""The refresh of OAuth 2 (RFC 6749 §6) as several vendors serve it to the letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .asked import form_of
from .control import Fault
from .desk import Answer, Desk
from .tokens import Grant, TokenDesk


def pair(grant: Grant) -> dict[str, Any]:
    """The usual answer: both tokens, and how long the first one lives."""
    return {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "expires_in": grant.expires_in,
        "token_type": "Bearer",
    }


async def refresh(
    request: Request,
    desk: Desk,
    tokens: TokenDesk,
    app: dict[str, str],
    answer: Callable[[Grant], dict[str, Any]] = pair,
) -> Response:
    """Answers a form that holds the fields of ``app`` and a refresh token; anything else is no grant."""
    form = await form_of(request)

    def make(fault: Fault | None) -> Answer:
        asked = {**app, "grant_type": "refresh_token"}.items() <= form.items()
        grant = tokens.refresh(form.get("refresh_token", "")) if asked else None
        if grant is None:
            return Answer({"error": "invalid_grant"}, 400, refusal="invalid_grant")
        return Answer(answer(grant))

    return await desk.serve("token", "", make)


def client(key: str, secret: str) -> dict[str, str]:
    """An app by the names that the standard gives its fields."""
    return {"client_id": key, "client_secret": secret}
