"""What every platform's sandbox half is given: the world, the clock, tokens, and one way to serve a
request.

``Desk.serve`` counts the request, makes waiting edits, strikes ordered faults and turns an Answer into
bytes on the wire. The platform's half decides only what the vendor would say.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .control import PAGE_FAULTS, Control, Fault
from .tokens import TokenDesk
from .world import World

T = TypeVar("T")

HTML_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"


@dataclass(slots=True)
class Answer:
    """An HTTP answer: body as bytes, or any value for JSON. ``refusal`` names why the vendor said no
    (for counters)."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=utf-8"
    refusal: str | None = None

    def after(self, seconds: float | None) -> Answer:
        """The answer with a Retry-After header of so many seconds (None: without one)."""
        if seconds is not None:
            self.headers["Retry-After"] = f"{seconds:g}"
        return self

    def encoded(self) -> bytes:
        """The body on the wire."""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


class Refusal(Exception):
    """Raised inside a platform's half to stop with the vendor's own error answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.refusal)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing as it will be answered, after any ordered page fault."""

    rows: list[Any]
    total: int


class _Broken(Response):
    """An answer that breaks off: no body or half of it, then the connection is closed."""

    def __init__(self, answer: Answer, share: float) -> None:
        super().__init__(answer.encoded(), answer.status, answer.headers, media_type=answer.content_type)
        self._share = share

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if self._share > 0:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            half = bytes(self.body)[: max(int(len(self.body) * self._share), 1)]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if transport is None:
            raise RuntimeError("the sandbox cannot cut a connection without uvicorn's transport")
        if self._share > 0:
            await asyncio.sleep(0.02)
            transport.close()
            return
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class _Slow(Response):
    """An answer whose body is sent slowly, over ``seconds``."""

    def __init__(self, answer: Answer, seconds: float) -> None:
        super().__init__(answer.encoded(), answer.status, answer.headers, media_type=answer.content_type)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body, drops = bytes(self.body), 10
        size = len(body) // drops + 1
        for place in range(0, len(body), size):
            await asyncio.sleep(self._seconds / drops)
            await send({"type": "http.response.body", "body": body[place : place + size], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Desk:
    """The sandbox's service for one platform.

    ``rate_answer(seconds)`` and ``token_answer()`` are what the vendor says when a caller is too fast
    and when its
    token has run out; the platform's half sets them.
    """

    def __init__(self, platform: str, world: World, control: Control) -> None:
        self.platform = platform
        self.world = world
        self.control = control
        self.tokens: TokenDesk | None = None
        self.rate_answer: Callable[[float | None], Answer] = _plain_429
        self.token_answer: Callable[[], Answer] | None = None
        self.touch: Callable[[str, str, int, Mapping[str, Any]], None] | None = None
        self.touch_late: Callable[[str, int, Mapping[str, Any], int], None] | None = None
        self.plans: list[str] = []
        """What becomes of the next asynchronous reports: never | fails | stale | '' (made). The first
        address of a stale one has run out."""
        self._announced: dict[tuple[Any, ...], int] = {}

    def now(self) -> int:
        """The world's now in epoch seconds."""
        return self.control.now()

    def next_plan(self) -> str:
        """What becomes of the report that is being asked for."""
        return self.plans.pop(0) if self.plans else ""

    async def serve(
        self,
        stream: str,
        account: str,
        make: Callable[[Fault | None], Answer],
        listing: Mapping[str, Any] | None = None,
        method: str = "",
        narrow: str = "",
    ) -> Response:
        """Answers one request. ``make`` gives the vendor's answer; it is told of a page fault and may
        raise Refusal.

        ``listing`` is what ``touch`` needs to find the record that a waiting edit means. ``method`` is given
        where the vendor counts the calls of each method by themselves, ``narrow`` where it counts those of
        one by themselves as well.
        """
        control = self.control
        control.requests[f"{self.platform}/{stream}"] += 1
        if control.latency_ms:
            await asyncio.sleep(control.latency_ms / 1000.0)
        counted = (self.platform, f"{self.platform}/{stream}", f"{self.platform}/{narrow}")
        if any(control.over_limit(name, account, method) for name in counted):
            return self._plain(self.rate_answer(1.0), stream)
        for touch in control.due_touches(self.platform, stream, account):
            if touch.late_seconds and self.touch_late is not None:
                self.touch_late(account, touch.place, listing or {}, touch.late_seconds)
            elif self.touch is not None:
                self.touch(account, stream, touch.place, listing or {})
        fault = control.take_fault(self.platform, stream, account)
        if fault is not None and fault.kind not in PAGE_FAULTS:
            early = self._instead(fault)
            if early is not None:
                return self._plain(early, stream)
        try:
            answer = make(fault if fault is not None and fault.kind in PAGE_FAULTS else None)
        except Refusal as refusal:
            answer = refusal.answer
        return self._spoiled(answer, fault, stream)

    def _instead(self, fault: Fault) -> Answer | None:
        """The answer that a fault gives in place of the vendor's."""
        if fault.kind in ("http_500", "http_503"):
            status = 500 if fault.kind == "http_500" else 503
            text = b"Internal Server Error" if status == 500 else b"Service Unavailable"
            return Answer(HTML_PAGE % (text, text), status, content_type="text/html", refusal=fault.kind)
        if fault.kind == "http_429":
            return _plain_429(fault.seconds)
        if fault.kind == "vendor_rate":
            return self.rate_answer(fault.seconds)
        if fault.kind == "expired_token" and self.token_answer is not None:
            return self.token_answer()
        if fault.kind == "html":
            return Answer(
                HTML_PAGE % (b"Maintenance", b"Back soon"), 200, content_type="text/html", refusal="html"
            )
        return None

    def _spoiled(self, answer: Answer, fault: Fault | None, stream: str) -> Response:
        kind = fault.kind if fault is not None else ""
        if kind == "reset":
            return _Broken(answer, 0.0)
        if kind == "truncated":
            return _Broken(answer, 0.5)
        if kind == "slow" and fault is not None:
            return _Slow(answer, fault.seconds or 1.0)
        if kind == "half_body":
            body = answer.encoded()
            answer = Answer(body[: len(body) // 2], answer.status, answer.headers, answer.content_type)
        if kind == "bom":
            notice = b"\xef\xbb\xbf<br />\n<b>Notice</b>: Undefined index in plugins/x.php on line 3<br />\n"
            answer = Answer(notice + answer.encoded(), answer.status, answer.headers, answer.content_type)
        return self._plain(answer, stream)

    def _plain(self, answer: Answer, stream: str) -> Response:
        if answer.refusal is not None:
            self.control.refusals[f"{self.platform}/{stream}: {answer.refusal}"] += 1
        return Response(answer.encoded(), answer.status, answer.headers, media_type=answer.content_type)

    def page(self, rows: list[Any], number: int, size: int, fault: Fault | None) -> Page:
        """Page ``number`` (from 1) of a listing, spoiled as ordered."""
        first = (number - 1) * size
        shown, total = rows[first : first + size], len(rows)
        if fault is not None and fault.kind == "empty_page":
            shown = []
        elif fault is not None and fault.kind == "repeated_page":
            before = max(first - size, 0) if first else min(size, max(total - size, 0))
            shown = rows[before : before + size]
        elif fault is not None and fault.kind == "changed_total":
            total += size + 1
        return Page(shown, total)

    def announced(self, key: tuple[Any, ...], number: int, size: int, total: int) -> bool:
        """Whether page ``number`` is one that this listing has had at some time (page 1 always is).

        A listing that shrinks while it is read leaves its reader asking for a page that was there a
        moment ago: that
        page is answered empty. A page that never was is for the caller to refuse.
        """
        if len(self._announced) > 50_000:
            self._announced.clear()
        most = max(self._announced.get(key, 0), total)
        self._announced[key] = most
        return number == 1 or (number - 1) * size < most


def _plain_429(seconds: float | None) -> Answer:
    headers = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
    text = b"Too Many Requests"
    return Answer(HTML_PAGE % (text, text), 429, headers, "text/html", "http_429")
