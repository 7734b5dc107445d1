"""How a shop says no."""

from __future__ import annotations

from typing import Any

from extractors.sandbox.desk import HTML_PAGE, Answer, Refusal


def no(status: int, code: str, message: str, **data: Any) -> Refusal:
    body = {"code": code, "message": message, "data": {"status": status, **data}}
    return Refusal(Answer(body, status, content_type="application/json; charset=UTF-8", refusal=code))


def invalid(name: str, text: str) -> Refusal:
    return no(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: text},
        details={name: {"code": "rest_invalid_param", "message": text, "data": None}},
    )


def too_fast(seconds: float | None) -> Answer:
    """The core has no limit; a host answers for it, in HTML."""
    headers = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
    return Answer(HTML_PAGE % (b"429", b"Slow down"), 429, headers, "text/html", "http_429")
