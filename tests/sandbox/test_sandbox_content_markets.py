"""What the halves of Doudian, 1688, Suning, Kuaishou and Xiaohongshu refuse, over real HTTP, as their documents forbid it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from extractors.sandbox import Running
from extractors.sandbox.signatures import aop, doudian

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 19, tzinfo=SHANGHAI)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Caller:
    """Calls as the documents describe them; `variant` chooses the token."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        self.connections: dict[str, Any] = sandbox.connections(variant)

    def doudian(
        self, *, secret: str = "", shift: int = 0, method: str = "order.searchList", **changes: Any
    ) -> str:
        """The sub code of an order list (or another), or `total n`."""
        connection = self.connections["doudian__lantern"]
        start = int(DAY.timestamp())
        params = {
            "page": 0, "size": 100, "update_time_start": start, "update_time_end": start + 86_400, **changes,
        }  # fmt: skip
        body = canonical({key: value for key, value in params.items() if value is not None})
        signed = {
            "app_key": connection["login"], "method": method,
            "timestamp": str(int(time.time()) + shift), "v": "2",
        }  # fmt: skip
        sign = doudian({**signed, "param_json": body}, secret or connection["password"])
        answer = requests.post(
            f"{connection['host']}/{method.replace('.', '/')}",
            params={
                **signed,
                "sign": sign,
                "sign_method": "hmac-sha256",
                "access_token": connection["extra"]["access_token"],
            },
            data=body.encode(),
            headers={"Content-Type": "application/json;charset=UTF-8"},
            timeout=10,
        ).json()
        return f"total {answer['data']['total']}" if answer["code"] == 10000 else str(answer["sub_code"])

    def alibaba(
        self,
        *,
        secret: str = "",
        api: str = "com.alibaba.trade/alibaba.trade.getSellerOrderList",
        **changes: Any,
    ) -> str:
        """The error code of an order list (or another), or `total n`."""
        connection = self.connections["alibaba_1688__lantern"]
        form = {
            "modifyStartTime": DAY.strftime("%Y%m%d%H%M%S000+0800"),
            "modifyEndTime": (DAY + timedelta(days=1)).strftime("%Y%m%d%H%M%S000+0800"),
            "page": "1", "pageSize": "20", "access_token": connection["extra"]["access_token"], **changes,
        }  # fmt: skip
        form = {key: value for key, value in form.items() if value is not None}
        path = f"param2/1/{api}/{connection['login']}"
        form["_aop_signature"] = aop(path, form, secret or connection["password"])
        answer = requests.post(f"{connection['host']}/openapi/{path}", data=form, timeout=10).json()
        if "error_code" in answer:
            return str(answer["error_code"])
        total = (
            answer["totalRecord"]
            if "totalRecord" in answer
            else answer["result"]["pageResult"]["totalRecords"]
        )
        return f"total {total}"

    def suning(self, *, secret: str = "", shift: int = 0, **changes: Any) -> str:
        """The error code of an order list, or `total n`."""
        connection = self.connections["suning__lantern"]
        given = {
            "startTime": f"{DAY:%Y-%m-%d %H:%M:%S}", "endTime": f"{DAY + timedelta(days=1):%Y-%m-%d %H:%M:%S}",
            "pageNo": "1", "pageSize": "50", **changes,
        }  # fmt: skip
        body = json.dumps({"sn_request": {"sn_body": {"orderQuery": given}}}).encode()
        at = f"{datetime.now(SHANGHAI) + timedelta(seconds=shift):%Y-%m-%d %H:%M:%S}"
        method, key = "suning.custom.ordmodtime.query", connection["login"]
        text = (
            (secret or connection["password"]) + method + at + key + "v1.2" + base64.b64encode(body).decode()
        )
        headers = {
            "AppMethod": method, "AppRequestTime": at, "AppKey": key, "Format": "json", "VersionNo": "v1.2",
            "signInfo": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
            "Content-Type": "application/json;charset=UTF-8",
        }  # fmt: skip
        answer = requests.post(
            f"{connection['host']}/api/http/sopRequest", data=body, headers=headers, timeout=10
        ).json()["sn_responseContent"]
        if "sn_error" in answer:
            return str(answer["sn_error"]["error_code"])
        return f"total {answer['sn_head']['totalSize']}"

    def kuaishou(
        self, *, secret: str = "", shift: int = 0, method: str = "open.order.cursor.list", **changes: Any
    ) -> str:
        """The sub code of an order list (or another), or the number of what it holds."""
        connection = self.connections["kuaishou_shop__lantern"]
        start = int(DAY.timestamp() * 1000)
        given = {
            "orderViewStatus": 1, "queryType": 2, "pageSize": 50, "cursor": "", "beginTime": start,
            "endTime": start + 86_400_000, **changes,
        }  # fmt: skip
        query = {
            "appkey": connection["login"], "method": method, "version": "1",
            "access_token": connection["extra"]["access_token"], "timestamp": str(int(time.time() + shift) * 1000),
            "signMethod": "MD5", "param": canonical({k: v for k, v in given.items() if v is not None}),
        }  # fmt: skip
        text = "&".join(f"{key}={query[key]}" for key in sorted(query))
        text += f"&signSecret={secret or connection['extra']['sign_secret']}"
        query["sign"] = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        url = f"{connection['host']}/{method.replace('.', '/')}"
        answer = requests.get(url, params=query, timeout=10).json()
        if answer["result"] != 1:
            return str(answer["sub_code"])
        return f"total {len(answer['data'].get('orderList') or answer['data']['items'])}"

    def xiaohongshu(
        self, *, secret: str = "", shift: int = 0, method: str = "order.getOrderList", **changes: Any
    ) -> str:
        """The message of an order list (or another), or `total n`."""
        connection = self.connections["xiaohongshu__lantern"]
        start = int(DAY.timestamp()) + 20 * 3_600
        stamp = str(int(time.time()) + shift)
        text = f"{method}?appId={connection['login']}&timestamp={stamp}&version=2.0"
        body = {
            "appId": connection["login"], "method": method, "version": "2.0", "timestamp": stamp,
            "sign": hashlib.md5((text + (secret or connection["password"])).encode()).hexdigest(),
            "accessToken": connection["extra"]["access_token"], "timeType": 2, "startTime": start,
            "endTime": start + 1_800, "pageNo": 1, "pageSize": 100, **changes,
        }  # fmt: skip
        url = f"{connection['host']}/ark/open_api/v3/common_controller"
        answer = requests.post(url, json={k: v for k, v in body.items() if v is not None}, timeout=10).json()
        return f"total {answer['data']['total']}" if answer["success"] else str(answer["error_msg"])


# The parameters of each order list that its list of products does not know, and the name of the latter.
PRODUCTS: dict[str, dict[str, Any]] = {
    "doudian": {
        "method": "product.listV2", "page": 1, "update_time_start": None, "update_time_end": None,
    },
    "alibaba": {
        "api": "com.alibaba.product/alibaba.product.list.get", "modifyStartTime": None, "modifyEndTime": None,
        "page": None, "pageNo": "1",
    },
    "kuaishou": {
        "method": "open.item.list.get", "orderViewStatus": None, "queryType": None, "cursor": None,
        "beginTime": None, "endTime": None, "pageNumber": 1,
    },
    "xiaohongshu": {
        "method": "product.getDetailSkuList", "timeType": None, "startTime": None, "endTime": None,
    },
}  # fmt: skip
CALLS = ("doudian", "alibaba", "suning", "kuaishou", "xiaohongshu")
OLD = DAY - timedelta(days=120)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_as_documented_is_answered(sandbox: Running, name: str) -> None:
    answer = getattr(Caller(sandbox), name)()
    assert answer.startswith("total ") and int(answer.split()[1]) > 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("doudian", "isv.signature-invalid"), ("alibaba", "gw.SignatureInvalid"),
        ("suning", "sys.check.sign-info:error"), ("kuaishou", "gateway.sign.invalid"), ("xiaohongshu", "sign error"),
    ],
)  # fmt: skip
def test_a_wrong_signature_is_refused(sandbox: Running, name: str, code: str) -> None:
    assert getattr(Caller(sandbox), name)(secret="another") == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("doudian", "isv.timestamp-invalid"), ("suning", "sys.check.request-apprequesttime:error"),
        ("kuaishou", "gateway.timestamp.invalid"),
        ("xiaohongshu", "timestamp out of range: check the clock"),
    ],
)  # fmt: skip
def test_a_clock_that_is_off_is_refused(sandbox: Running, name: str, code: str) -> None:
    assert getattr(Caller(sandbox), name)(shift=-1200) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("doudian", "isv.access-token-expired"),
        ("alibaba", "401"),
        ("kuaishou", "oauth.access_token.expired"),
        ("xiaohongshu", "accessToken expired or invalid"),
    ],
)
@pytest.mark.parametrize("variant", ["expired", "revoked"])
def test_a_dead_token_is_refused(sandbox: Running, name: str, code: str, variant: str) -> None:
    assert getattr(Caller(sandbox, variant), name)() in (code, "isv.access-token-no-existed")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("doudian", {"size": 101}), ("doudian", {"size": None}), ("doudian", {"page": 99}), ("doudian", {"surprise": 1}),
        ("doudian", {"page": 100, "size": 100}), ("doudian", {"update_time_start": int(OLD.timestamp())}),
        ("doudian", {"order_by": "pay_time"}),
        ("doudian", {"page": None}), ("doudian", {"order_asc": "true"}), ("kuaishou", {"cursor": []}),
        ("alibaba", {"pageSize": "21"}), ("alibaba", {"page": "99"}), ("alibaba", {"surprise": "1"}),
        ("alibaba", {"modifyStartTime": "2026-11-19 00:00:00"}), ("alibaba", {"modifyEndTime": ""}),
        ("suning", {"pageSize": "51"}), ("suning", {"pageNo": "99"}), ("suning", {"surprise": "1"}),
        ("suning", {"pageNo": 1}), ("suning", {"startTime": f"{DAY - timedelta(days=31):%Y-%m-%d %H:%M:%S}"}),
        ("kuaishou", {"pageSize": 51}), ("kuaishou", {"surprise": 1}), ("kuaishou", {"cursor": None}),
        ("kuaishou", {"orderViewStatus": None}), ("kuaishou", {"cursor": "!"}),
        ("xiaohongshu", {"pageSize": 101}), ("xiaohongshu", {"pageNo": 99}), ("xiaohongshu", {"surprise": 1}),
        ("xiaohongshu", {"startTime": None}), ("xiaohongshu", {"startTime": int(DAY.timestamp())}),
        ("kuaishou", {"beginTime": int((DAY - timedelta(days=8)).timestamp() * 1000)}),
    ],
)  # fmt: skip
def test_what_the_document_forbids_is_refused(sandbox: Running, name: str, changes: dict[str, Any]) -> None:
    code = getattr(Caller(sandbox), name)(**changes)
    assert code.split(":")[0] == "param error" or code in {
        "isv.parameter-invalid", "gw.ParamIllegal", "gateway.param.invalid", "biz.check.param:error",
        "biz.check.page:error", "sys.check.query-time:outofrange",
    }  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_listed_as_documented(sandbox: Running, name: str) -> None:
    answer = getattr(Caller(sandbox), name)(**PRODUCTS[name])
    assert answer.startswith("total ") and int(answer.split()[1]) > 5


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("doudian", {"page": 0}), ("doudian", {"page": 101}), ("doudian", {"size": 101}), ("doudian", {"status": 3}),
        ("doudian", {"update_start_time": 1}), ("doudian", {"surprise": 1}),
        ("alibaba", {"pageSize": "21"}), ("alibaba", {"pageNo": "99"}), ("alibaba", {"orderByType": "UP"}),
        ("alibaba", {"startModifyTime": "2026-11-19 00:00:00"}), ("alibaba", {"surprise": "1"}),
        ("kuaishou", {"pageSize": 9}), ("kuaishou", {"pageSize": 101}), ("kuaishou", {"pageNumber": 99}),
        ("kuaishou", {"itemStatus": 2}), ("kuaishou", {"surprise": 1}),
        ("xiaohongshu", {"pageSize": 101}), ("xiaohongshu", {"pageNo": 99}), ("xiaohongshu", {"surprise": 1}),
    ],
)  # fmt: skip
def test_what_the_document_of_products_forbids_is_refused(
    sandbox: Running, name: str, changes: dict[str, Any]
) -> None:
    code = getattr(Caller(sandbox), name)(**PRODUCTS[name] | changes)
    assert code.split(":")[0] == "param error" or code in {
        "isv.parameter-invalid", "gw.ParamIllegal", "gateway.param.invalid",
    }  # fmt: skip


def test_an_api_of_1688_is_found_in_its_own_space_only(sandbox: Running) -> None:
    assert Caller(sandbox).alibaba(api="com.alibaba.trade/alibaba.product.list.get") == "gw.APINotFound"


def test_nothing_found_at_suning_is_told_as_an_error(sandbox: Running) -> None:
    quiet = {"startTime": "2026-11-19 00:00:00", "endTime": "2026-11-19 00:00:01"}
    assert Caller(sandbox).suning(**quiet) == "biz.handler.data-get:no-result"
