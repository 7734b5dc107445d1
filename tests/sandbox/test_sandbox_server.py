"""The server, its faults and its control surface, over real HTTP."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date
from typing import Any

import orjson
import pytest
import requests
from sandbox_callers import Callers

from extractors.sandbox import Running, Sandbox, SandboxError, connections
from extractors.sandbox.control import FAULT_KINDS, Fault, Touch
from extractors.sandbox.halves import platform_halves
from extractors.sandbox.server import listen

DAY = ("2026-11-11 00:00:00", "2026-11-12 00:00:00")
ORDERS: dict[str, Any] = {
    "modified_after": "2026-11-10T00:00:00",
    "modified_before": "2026-11-12T00:00:00",
    "dates_are_gmt": "true",
    "orderby": "modified",
    "order": "asc",
    "per_page": 20,
}


def test_every_platform_folder_with_a_sandbox_half_is_served(sandbox: Running) -> None:
    front = requests.get(f"{sandbox.base_url}/", timeout=10).json()
    assert front["platforms"] == sorted(platform_halves())
    assert set(front["platforms"]) >= {"taobao", "woocommerce", "ocean_engine", "baidu_tongji"}


def test_there_is_a_connection_for_every_account_of_the_demo() -> None:
    found = connections("http://127.0.0.1:1/")
    assert set(found) >= {
        "taobao__lantern",
        "taobao__plum",
        "woocommerce__lantern",
        "woocommerce__harbor",
        "ocean_engine__lantern",
        "ocean_engine__plum",
        "baidu_tongji__lantern",
    }
    for connection in found.values():
        assert set(connection) == {"conn_type", "host", "login", "password", "extra"}
        assert str(connection["host"]).startswith("http://127.0.0.1:1/")
        assert orjson.dumps(connection)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "example.test"])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(SandboxError, match=r"loopback|127\.0\.0\.1"):
        listen(host, 0)


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"port {port} on 127.0.0.1 is in use.*--port"):
            listen("127.0.0.1", port)


def test_the_command_serves_until_it_is_stopped_and_says_where() -> None:
    command = [sys.executable, "-m", "extractors.sandbox", "--port", "0", "--start", "2026-11-01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            url = line.split()[-1]
            state = requests.get(f"{url}/_control/state", timeout=10).json()
            assert state["first_day"] == "2026-11-01"
            assert abs(state["now"] - time.time()) < 30
        finally:
            process.terminate()


def test_the_command_ends_with_an_error_when_the_port_is_in_use() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "extractors.sandbox", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_serving_loads_nothing_of_the_clients() -> None:
    program = (
        "import sys; from extractors.sandbox import Sandbox; Sandbox();"
        "print([m for m in sys.modules if m.startswith('extractors.') and not m.startswith('extractors.sandbox')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


# ---- faults ---------------------------------------------------------------------------------------
def test_a_fault_strikes_only_what_it_was_meant_for_and_as_often(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.append(Fault("http_500", "woocommerce", "orders", "lantern_web", times=2, skip=1))
    statuses = [callers.woo("/orders", **ORDERS).status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert callers.woo("/products").status_code == 200


def test_other_accounts_are_spared(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.append(Fault("http_500", "woocommerce", account="lantern_web"))
    assert callers.woo("/orders", "woocommerce__harbor", **ORDERS).status_code == 200
    assert callers.woo("/orders", **ORDERS).status_code == 500


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (None, None)])
def test_http_429_comes_with_or_without_retry_after(
    sandbox: Running, callers: Callers, seconds: float | None, header: str | None
) -> None:
    sandbox.control.faults.append(Fault("http_429", "woocommerce", seconds=seconds))
    answer = callers.woo("/orders", **ORDERS)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == header


def test_each_vendor_says_too_fast_in_its_own_words(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.extend(Fault("vendor_rate", p, seconds=3) for p in sandbox.sandbox.desks)
    top = callers.trades(*DAY)
    assert (top["code"], top["sub_code"]) == (7, "accesscontrol.limited-by-app-api-access-count")
    assert top["sub_msg"] == "This ban will last for 3 more seconds"
    assert callers.woo("/orders").headers["Retry-After"] == "3"
    assert callers.report()["code"] == 40100
    assert callers.tongji()["error_code"] == 18


def test_each_vendor_says_expired_in_its_own_words(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.extend(
        Fault("expired_token", p) for p in ("taobao", "ocean_engine", "baidu_tongji")
    )
    assert callers.trades(*DAY)["code"] == 27
    assert callers.report()["code"] == 40102
    assert callers.tongji()["error_code"] == 111


def test_bodies_can_be_html_or_broken(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.extend(Fault(kind, "woocommerce") for kind in ("html", "half_body", "bom"))
    html, half, bom = (callers.woo("/orders", **ORDERS) for _ in range(3))
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for broken in (half, bom):
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(broken.content)
    assert bom.content.startswith(b"\xef\xbb\xbf")
    assert orjson.loads(bom.content[bom.content.index(b"[{") :])


@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_connections_can_be_cut(sandbox: Running, callers: Callers, kind: str) -> None:
    sandbox.control.faults.append(Fault(kind, "woocommerce"))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        callers.woo("/orders", **ORDERS)
    assert callers.woo("/orders", **ORDERS).status_code == 200


def test_an_answer_can_drip(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.append(Fault("slow", "woocommerce", seconds=0.4))
    start = time.monotonic()
    assert len(callers.woo("/orders", **ORDERS).json()) == 20
    assert time.monotonic() - start >= 0.4


def test_a_page_in_the_middle_can_come_empty_or_twice_and_the_total_can_change(
    sandbox: Running, callers: Callers
) -> None:
    def page(number: int) -> requests.Response:
        return callers.woo("/orders", **ORDERS, page=number)

    first, second = page(1), page(2)
    sandbox.control.faults.append(Fault("empty_page", "woocommerce", "orders"))
    empty = page(2)
    assert empty.json() == []
    assert empty.headers["X-WP-Total"] == second.headers["X-WP-Total"]
    sandbox.control.faults.append(Fault("repeated_page", "woocommerce", "orders"))
    assert page(2).json() == first.json()
    sandbox.control.faults.append(Fault("changed_total", "woocommerce", "orders"))
    assert int(page(2).headers["X-WP-Total"]) > int(second.headers["X-WP-Total"])
    assert page(2).json() == second.json()


def test_page_faults_reach_every_vendors_lists(sandbox: Running, callers: Callers) -> None:
    sandbox.control.faults.extend(Fault("empty_page", p) for p in ("taobao", "ocean_engine", "baidu_tongji"))
    assert "trades" not in callers.trades(*DAY)
    assert callers.report()["data"]["rows"] == []
    assert callers.tongji()["result"]["items"][0] == []


# ---- control --------------------------------------------------------------------------------------
def test_the_control_surface_orders_faults_and_reports_them(
    sandbox: Running, callers: Callers, ask_control: Any
) -> None:
    waiting = ask_control("faults", kind="http_503", platform="woocommerce", times=1).json()["faults"]
    assert [fault["kind"] for fault in waiting] == ["http_503"]
    assert callers.woo("/orders").status_code == 503
    counters = requests.get(f"{sandbox.base_url}/_control/counters", timeout=10).json()
    assert counters["struck"] == {"http_503": 1}
    assert counters["requests"]["woocommerce/orders"] == 1
    assert counters["refusals"] == {"woocommerce/orders: http_503": 1}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kid": "html"}),
        ("clock", {"now": "2026-11-20T00:00:00"}),
        ("touch", {"platform": "taobao", "account": "x", "stream": "products"}),
        ("skew", {}),
    ],
)
def test_a_nonsensical_order_is_refused(ask_control: Any, path: str, body: dict[str, Any]) -> None:
    answer = ask_control(path, **body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_clock_can_be_set_moved_and_let_go(ask_control: Any) -> None:
    set_to = ask_control("clock", now="2026-11-20T00:00:00+08:00").json()["now"]
    assert ask_control("clock", advance_seconds=90).json()["now"] == set_to + 90
    assert abs(ask_control("clock", now=None).json()["now"] - time.time()) < 30


def test_a_clock_two_hours_off_is_refused_by_signed_vendors(sandbox: Running, callers: Callers) -> None:
    sandbox.control.skew_seconds = 7_200
    sandbox.control.set_clock(None)
    assert callers.trades(*DAY)["code"] == 31
    assert callers.woo("/orders").json()["message"] == "Invalid timestamp."


def test_limits_refuse_what_comes_too_fast(sandbox: Running, callers: Callers, ask_control: Any) -> None:
    ask_control("limits", ocean_engine=1)
    codes = [callers.report()["code"] for _ in range(4)]
    assert codes[0] == 0
    assert 40100 in codes[1:]
    assert callers.woo("/products").status_code == 200


def test_a_limit_may_hold_for_a_longer_stretch_than_a_second(callers: Callers, ask_control: Any) -> None:
    ask_control("limits", ocean_engine=[2, 60])
    codes = []
    for _ in range(3):
        codes.append(callers.report()["code"])
        time.sleep(0.6)
    assert codes == [0, 0, 40100]


def test_all_tokens_of_a_platform_can_be_made_to_expire(sandbox: Running, callers: Callers) -> None:
    tokens = sandbox.sandbox.desks["ocean_engine"].tokens
    assert tokens is not None
    before = tokens.refreshes
    sandbox.sandbox.expire_tokens("ocean_engine")
    assert callers.report()["code"] == 40102
    assert callers.tongji()["result"]
    connection = callers.connections["ocean_engine__plum"]
    body = {
        "app_id": connection["login"],
        "secret": connection["password"],
        "refresh_token": connection["extra"]["refresh_token"],
    }
    url = f"{connection['host']}/open_api/oauth2/refresh_token/"
    fresh = requests.post(url, json=body, timeout=10).json()["data"]["access_token"]
    mine = str(connection["extra"]["advertiser_id"])
    assert callers.report(token=fresh, advertiser_id=mine)["code"] == 0
    assert tokens.refreshes == before + 1


def test_every_kind_of_fault_is_known_by_name() -> None:
    assert len(FAULT_KINDS) == 14
    for kind in FAULT_KINDS:
        assert Fault(kind).kind == kind
    with pytest.raises(ValueError, match="earthquake"):
        Fault("earthquake")


def test_reset_forgets_everything_ordered(sandbox: Running, ask_control: Any) -> None:
    sandbox.control.faults.append(Fault("html"))
    sandbox.control.touches.append(Touch("taobao", "lantern_tmall"))
    sandbox.control.limits["taobao"] = 1.0
    state = ask_control("reset").json()
    assert state["faults"] == state["touches"] == []
    assert sandbox.control.limits == {}


def test_two_sandboxes_do_not_share_state() -> None:
    one, other = (Sandbox(first_day=date(2026, 11, 1)) for _ in range(2))
    one.control.faults.append(Fault("html"))
    assert other.control.faults == []
