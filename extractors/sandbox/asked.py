"""What a request asks, read as strictly as its form allows: shared by the halves."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"


def query_of(request: Request) -> dict[str, str]:
    """The parameters of the address."""
    return _once(_pairs(request.url.query))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was posted. A body that is not said to be a form holds none."""
    return _once(await _posted(request))


async def fields_of(request: Request) -> dict[str, str]:
    """The parameters of the address and of a form that was posted, as gateways take them."""
    return _once(_pairs(request.url.query) + await _posted(request))


async def json_text(request: Request) -> bytes:
    """The body of a request that says it is JSON; of any other nothing."""
    is_json = request.headers.get("content-type", "").startswith("application/json")
    return await request.body() if is_json else b""


async def _posted(request: Request) -> list[tuple[str, str]]:
    if request.method != "POST" or not request.headers.get("content-type", "").startswith(FORM):
        return []
    return _pairs((await request.body()).decode())


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters without names that occur twice: no vendor says which of the two values it would use."""
    times = Counter(name for name, _ in pairs)
    return {name if times[name] == 1 else f"{name} twice": value for name, value in pairs}
