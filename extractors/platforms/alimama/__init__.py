"""Alimama (阿里妈妈 万相台无界) ad reports, through TOP's door. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import Offsets
from extractors.core.window import Window
from extractors.errors import ConfigError, ContractError, DaybookError
from extractors.personal import dig
from extractors.platforms.taobao import DIALECT as TOP
from extractors.protocols.signed_form import SignedForm
from extractors.protocols.words import error_in_words

EFFECT_DAYS = 15  # the attribution window that is asked for, and so the look-back
SCENES = ["onebpSearch", "onebpDisplay", "onebpSite"]
CREATIVE = ["date", "campaign", "adgroup", "creative"]
FIELDS = ["charge", "adPv", "click", "alipayInshopNum", "alipayInshopAmt"]
# The methods of the present package, and those of the older one; where each answer stands.
PRESENT, OLDER = "universalbp.new", "universalbp"
METHODS = {PRESENT: "top_result", OLDER: "result"}
WRONG_METHODS = {"11", "22"}  # no permission for the method, no such method
OTHER_PACKAGE = (
    "ask for the permission package of 万相台无界 in the app console; an app that has only the older one "
    "(直通车) needs options: {older_methods: true}"
)


def error_of(body: Any) -> DaybookError | None:
    """TOP's own error, or that of the report inside a good answer: `info{ok, message, error_code}`."""
    error = TOP.error(body)
    if not isinstance(body, dict):
        return error
    if error is not None:
        code = str(dig(body, ("error_response", "code")))
        return ConfigError(error.message, advice=OTHER_PACKAGE) if code in WRONG_METHODS else error
    parts = [part for part in body.values() if isinstance(part, dict)]
    infos = (dig(part, (result, "info")) for part in parts for result in METHODS.values())
    info = next((found for found in infos if isinstance(found, dict)), None)
    if info is None or info.get("ok") in (True, "true"):
        return None
    advice = "check biz_codes, and that the app has the universalbp permission package"
    return error_in_words("Alimama", str(info.get("error_code")), str(info.get("message")), advice=advice)


def _bulk(level: str, reply: Reply) -> dict[str, Any]:
    for methods, result in METHODS.items():
        name = f"{methods.replace('.', '_')}_report_query_{level}_response"
        found = dig(reply.body, (name, result, "top_report_v_o_top_bulk_data"))
        if isinstance(found, dict):
            return found
    raise ContractError(f"report.query.{level} answered without top_bulk_data")


def _rows(level: str, reply: Reply) -> list[Record]:
    """The rows, in a list or in TOP's wrapper around a list (its name is not confirmed)."""
    found = _bulk(level, reply).get("top_report_v_o_list") or []
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), [])
    if not isinstance(found, list) or any(not isinstance(row, dict) for row in found):
        raise ContractError(f"report.query.{level} answered with rows that are no list")
    return found


def _creatives(reply: Reply) -> list[Record]:
    """The rows of creatives, each with an id. Creatives that the vendor generates all have the id -1; they
    are told apart by the product that they show."""
    found = _rows("creative", reply)
    return [{**row, "creative": _creative(row)} for row in found]


def _creative(row: Record) -> str:
    shown = str(row.get("creative_id") or "")
    return f"-1:{row.get('black_creative_promotion_id') or 'unknown'}" if shown == "-1" else shown


def _total(level: str, reply: Reply) -> int | None:
    count = _bulk(level, reply).get("count")
    return None if count is None else int(count)


def _report(level: str, domains: list[str], account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    scenes = account.several("biz_codes") or SCENES
    query = f"top_{level}_report_query_v_o"
    params = {
        "top_service_context": {"biz_code": scenes[0]},
        query: {
            "by_page": True,
            "split_type": "day",
            "unify_type": "zhai",
            "effect_equal": EFFECT_DAYS,
            "start_time": days[0].isoformat(),
            "end_time": days[-1].isoformat(),
            "query_domains": domains,
            "query_field_in_list": FIELDS,
            "biz_code_in_list": list(scenes),
        },
    }
    records = _creatives if level == "creative" else partial(_rows, level)
    paging = Offsets(records, partial(_total, level), 100, start="offset", size="page_size", within=query)
    methods = OLDER if account.switch("older_methods", default=False) else PRESENT
    yield Read(Request(f"taobao.{methods}.report.query.{level}", "/router/rest", params), paging)


def _stream(name: str, level: str, domains: list[str], *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("thedate", *key),
        day="thedate",
        reads=partial(_report, level, domains),
        widest=timedelta(days=30),
        lookback_days=EFFECT_DAYS,
    )


PLATFORM = Platform(
    name="alimama",
    title="Alimama",
    base_url="https://gw.api.taobao.com",
    protocol=partial(SignedForm, replace(TOP, error=error_of)),
    rate=Rate(calls=5, seconds=1.0),
    options=frozenset({"biz_codes", "older_methods"}),
    renewal_prolongs=None,  # depends on the type of the app
    streams=(
        _stream("account_report", "account", ["date"]),
        _stream("campaign_report", "campaign", ["date", "campaign"], "campaign_id"),
        _stream("adgroup_report", "adgroup", ["date", "campaign", "adgroup"], "adgroup_id"),
        _stream("creative_report", "creative", CREATIVE, "adgroup_id", "creative"),
    ),
)
