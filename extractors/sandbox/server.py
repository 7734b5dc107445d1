"""The sandbox as a server: finds each platform's half by listing the folders, and speaks HTTP on
loopback only."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from .control import Control, Fault, Touch
from .credentials import connections
from .desk import Desk
from .halves import platform_halves
from .world import FIRST_DAY, World


class SandboxError(Exception):
    """The sandbox cannot do what it was asked; the message says what to do."""


class Sandbox:
    """The world, its control and the desks of all platforms, as one ASGI application (``app``)."""

    def __init__(
        self, seed: int = 7, scale: float = 1.0, latency_ms: float = 0.0, first_day: date = FIRST_DAY
    ) -> None:
        self.world = World(seed, scale, first_day)
        self.control = Control(latency_ms=latency_ms)
        self.desks: dict[str, Desk] = {}
        routes: list[BaseRoute] = [Mount("/_control", routes=self._control_routes())]
        for name, half in platform_halves().items():
            desk = self.desks[name] = Desk(name, self.world, self.control)
            routes.append(Mount(f"/{name}", routes=half.routes(desk)))
        routes.append(Route("/", self._front))
        self.app = Starlette(routes=routes)

    async def _front(self, request: Request) -> JSONResponse:
        return JSONResponse({"sandbox": "daybook", "platforms": sorted(self.desks)})

    # ---- the control surface ---------------------------------------------------------------------
    def _control_routes(self) -> list[BaseRoute]:
        actions: dict[str, Callable[[dict], object]] = {
            "/clock": self._set_clock,
            "/faults": self._add_fault,
            "/touch": lambda body: self.control.touches.append(Touch(**body)),
            "/limits": lambda body: self.control.limits.update(body),
            "/skew": lambda body: setattr(self.control, "skew_seconds", float(body["seconds"])),
            "/latency": lambda body: setattr(self.control, "latency_ms", float(body["ms"])),
            "/expire_tokens": lambda body: self.expire_tokens(body.get("platform")),
            "/reset": lambda body: self.reset(),
        }
        routes: list[BaseRoute] = [
            Route(path, self._action(act), methods=["POST"]) for path, act in actions.items()
        ]
        routes.append(Route("/state", self._state))
        routes.append(Route("/counters", self._counters))
        return routes

    def _action(self, act: Callable[[dict], object]) -> Callable:
        async def endpoint(request: Request) -> JSONResponse:
            text = await request.body()
            try:
                act(await request.json() if text else {})
            except (ValueError, TypeError, KeyError) as problem:
                return JSONResponse({"error": str(problem)}, 400)
            return JSONResponse(self._describe())

        return endpoint

    def _set_clock(self, body: dict) -> None:
        if "now" in body:
            at = body["now"]
            self.control.set_clock(None if at is None else datetime.fromisoformat(at))
        if "advance_seconds" in body:
            self.control.advance(float(body["advance_seconds"]))

    def _add_fault(self, body: dict) -> None:
        self.control.faults.append(Fault(**body))

    def reset(self) -> None:
        """Forgets all that was ordered: faults, edits, limits, counters, clock, expired tokens."""
        self.control.reset()
        for book in self.world.books.values():
            book.forget_touches()
        for desk in self.desks.values():
            if desk.tokens is not None:
                desk.tokens.forgive_all()

    def expire_tokens(self, platform: str | None = None) -> None:
        """Every access token given out so far, of one platform or of all, counts as expired."""
        for name, desk in self.desks.items():
            if platform in (None, name) and desk.tokens is not None:
                desk.tokens.expire_all()

    def _describe(self) -> dict[str, object]:
        return {
            "now": self.control.now(),
            "seed": self.world.seed,
            "scale": self.world.scale,
            "first_day": self.world.first_day.isoformat(),
            **self.control.waiting(),
        }

    async def _state(self, request: Request) -> JSONResponse:
        return JSONResponse(self._describe())

    async def _counters(self, request: Request) -> JSONResponse:
        return JSONResponse(self.control.counters())


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on loopback. Raises SandboxError for another address, or when the port is in use."""
    try:
        loopback = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError as problem:
        raise SandboxError(f"{host!r} is not an address; the sandbox listens on 127.0.0.1") from problem
    if not loopback:
        raise SandboxError(
            f"the sandbox refuses to listen on {host}: its credentials are public, so loopback only"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only for sockets that say they are TCP; without it small answers wait 40 ms
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as problem:
        sock.close()
        raise SandboxError(
            f"port {port} on {host} is in use ({problem.strerror}); "
            "stop what listens there or choose another with --port"
        ) from problem
    sock.listen(512)
    return sock


def _server(sandbox: Sandbox) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            sandbox.app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            timeout_keep_alive=60,
        )
    )


def serve(sandbox: Sandbox, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serves until interrupted. ``ready`` is told the base URL once the port is bound."""
    sock = listen(host, port)
    ready(f"http://{host}:{sock.getsockname()[1]}")
    with sock:
        _server(sandbox).run(sockets=[sock])


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox being served from a thread of this process."""

    base_url: str
    sandbox: Sandbox

    @property
    def control(self) -> Control:
        """Clock, faults, edits, limits and counters."""
        return self.sandbox.control

    def connections(self, variant: str = "valid") -> dict[str, dict[str, object]]:
        """The credentials of every account, pointed at this sandbox."""
        return connections(self.base_url, variant)


@contextmanager
def running(
    seed: int = 7,
    latency_ms: float = 0.0,
    first_day: date = FIRST_DAY,
    now: datetime | None = None,
) -> Iterator[Running]:
    """Serves a sandbox over real HTTP on a free loopback port for the length of the block."""
    sandbox = Sandbox(seed, latency_ms=latency_ms, first_day=first_day)
    sandbox.control.set_clock(now)
    sock = listen("127.0.0.1", 0)
    server = _server(sandbox)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[sock])), name="sandbox", daemon=True
    )
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{sock.getsockname()[1]}", sandbox)
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)
        sock.close()
