"""Callers that speak to the sandbox as a vendor's own example would, apart from the project's clients."""

from __future__ import annotations

import itertools
import json
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests

from extractors.sandbox import Running
from extractors.sandbox.signatures import oauth1, top

SHANGHAI = ZoneInfo("Asia/Shanghai")
_nonce = itertools.count(time.time_ns())

TRADE_FIELDS = "tid,type,status,payment,created,pay_time,modified,post_fee,orders"
ALL_TYPES = "fixed,step,cod,eticket,tmall_i18n"


class Callers:
    """One caller per vendor; every keyword replaces or adds a parameter, None removes it."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        self.sandbox = sandbox
        self.connections: dict[str, Any] = sandbox.connections(variant)
        self.session = requests.Session()

    def top(
        self, method: str, account: str = "taobao__lantern", *, secret: str | None = None, **given: Any
    ) -> Any:
        """A signed TOP call; the decoded JSON."""
        connection = self.connections[account]
        params: dict[str, Any] = {
            "method": method,
            "app_key": connection["login"],
            "session": connection["extra"]["access_token"],
            "timestamp": datetime.now(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            "v": "2.0",
            "format": "json",
            "sign_method": "md5",
            **given,
        }
        params = {key: value for key, value in params.items() if value is not None}
        if "sign" not in given:
            method_name = params.get("sign_method", "md5")
            params["sign"] = top(params, secret or connection["password"], method_name)
        answer = self.session.post(f"{connection['host']}/router/rest", data=params)
        return answer.json() if "json" in answer.headers["content-type"] else answer

    def trades(self, start: str, end: str, account: str = "taobao__lantern", **given: Any) -> dict[str, Any]:
        """A page of trades by modified time; the content of the response object, or the error."""
        given = {"fields": TRADE_FIELDS, "page_size": "100", "type": ALL_TYPES, **given}
        body = self.top(
            "taobao.trades.sold.increment.get", account, start_modified=start, end_modified=end, **given
        )
        return body.get("trades_sold_increment_get_response") or body["error_response"]

    def refunds(self, start: str, end: str, account: str = "taobao__lantern", **given: Any) -> dict[str, Any]:
        """A page of refunds by modified time."""
        fields = "refund_id,tid,oid,status,refund_fee,created,modified,buyer_nick"
        given = {"fields": fields, "page_size": "100", "type": ALL_TYPES, **given}
        body = self.top(
            "taobao.refunds.receive.get", account, start_modified=start, end_modified=end, **given
        )
        return body.get("refunds_receive_get_response") or body["error_response"]

    def woo(
        self,
        path: str,
        account: str = "woocommerce__lantern",
        *,
        oauth: dict[str, Any] | None = None,
        secret: str | None = None,
        **query: Any,
    ) -> requests.Response:
        """An OAuth 1.0a call over plain HTTP. ``oauth`` replaces protocol parameters (None removes one)."""
        connection = self.connections[account]
        url = f"{connection['host']}/wp-json/wc/v3{path}"
        params = {
            **{key: str(value) for key, value in query.items()},
            "oauth_consumer_key": connection["login"],
            "oauth_nonce": str(next(_nonce)),
            "oauth_timestamp": str(int(time.time())),
            "oauth_signature_method": "HMAC-SHA256",
            **(oauth or {}),
        }
        params = {key: value for key, value in params.items() if value is not None}
        if "oauth_signature" not in params and "oauth_signature_method" in params:
            algorithm = params["oauth_signature_method"]
            params["oauth_signature"] = oauth1(
                "GET", url, params.items(), secret or connection["password"], algorithm
            )
        return self.session.get(url, params=params)

    def ocean(
        self, path: str, account: str = "ocean_engine__lantern", *, token: str | None = None, **query: Any
    ) -> Any:
        """A Marketing API call; values that are no text are sent as JSON. The decoded answer."""
        connection = self.connections[account]
        asked: dict[str, Any] = {"advertiser_id": connection["extra"]["advertiser_id"], **query}
        params = {k: v if isinstance(v, str) else json.dumps(v) for k, v in asked.items() if v is not None}
        headers = {"Access-Token": connection["extra"]["access_token"] if token is None else token}
        answer = self.session.get(f"{connection['host']}/open_api/{path}", params=params, headers=headers)
        assert answer.status_code == 200
        return answer.json()

    def report(self, **query: Any) -> Any:
        """A custom report of Ocean Engine with everything required filled in."""
        asked: dict[str, Any] = {
            "dimensions": ["stat_time_day", "cdp_promotion_id"],
            "metrics": ["stat_cost", "convert_cnt"],
            "filters": [],
            "order_by": [],
            "start_time": "2026-11-01",
            "end_time": "2026-11-20",
            "page_size": "100",
            **query,
        }
        return self.ocean("v3.0/report/custom/get/", **asked)

    def tongji(self, account: str = "baidu_tongji__lantern", **query: Any) -> Any:
        """A Tongji report with everything required filled in; the decoded answer."""
        connection = self.connections[account]
        params = {
            "access_token": connection["extra"]["access_token"],
            "site_id": connection["extra"]["site_id"],
            "method": "trend/time/a",
            "start_date": "20261101",
            "end_date": "20261120",
            "metrics": "pv_count,visitor_count",
            **query,
        }
        params = {key: value for key, value in params.items() if value is not None}
        return self.session.get(f"{connection['host']}/rest/2.0/tongji/report/getData", params=params).json()
