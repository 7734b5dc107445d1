"""The pretend Microsoft Advertising answers and refuses as its document says (platforms-global §13)."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
import requests

from extractors.sandbox import Running

COLUMNS = ["TimePeriod", "AccountId", "CampaignId", "CurrencyCode", "Spend", "Conversions"]
REPORT: dict[str, Any] = {
    "Type": "CampaignPerformanceReportRequest",
    "Aggregation": "Daily",
    "Columns": COLUMNS,
    "Time": {
        "CustomDateRangeStart": {"Day": 10, "Month": 11, "Year": 2026},
        "CustomDateRangeEnd": {"Day": 19, "Month": 11, "Year": 2026},
    },
    "ExcludeReportHeader": True,
    "ExcludeReportFooter": True,
    "Format": "Csv",
    "FormatVersion": "2.0",
}

BEFORE_ALL = {
    "CustomDateRangeStart": {"Day": 1, "Month": 2, "Year": 2024},
    "CustomDateRangeEnd": {"Day": 2, "Month": 2, "Year": 2024},
}


class Caller:
    """A caller with the tokens of a variant."""

    def __init__(self, sandbox: Running, variant: str = "valid") -> None:
        given: Any = sandbox.connections(variant)["microsoft_ads__harbor"]
        self.given, self.host, self.extra = given, given["host"], given["extra"]
        self.headers = {
            "Authorization": f"Bearer {self.extra['access_token']}",
            "DeveloperToken": self.extra["developer_token"],
            "CustomerId": self.extra["customer_id"],
            "CustomerAccountId": self.extra["account_id"],
        }

    def call(self, verb: str, **body: Any) -> requests.Response:
        url = f"{self.host}/Reporting/v13/GenerateReport/{verb}"
        return requests.post(url, json=body, headers=self.headers, timeout=10)

    def submit(self, **change: Any) -> requests.Response:
        report = {**REPORT, "Scope": {"AccountIds": [self.extra["account_id"]]}, **change}
        return self.call(
            "Submit", ReportRequest={name: value for name, value in report.items() if value is not None}
        )

    def finished(self, **change: Any) -> dict[str, Any]:
        number = self.submit(**change).json()["ReportRequestId"]
        for _ in range(2):
            status = self.call("Poll", ReportRequestId=number).json()["ReportRequestStatus"]
        return status


def code(answer: requests.Response) -> int:
    body = answer.json()
    return (body.get("OperationErrors") or body.get("Errors"))[0]["Code"]


def unpacked(address: str) -> str:
    content = requests.get(address, timeout=10).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return archive.read(name).decode()


def test_a_report_is_pending_and_then_a_zip_of_one_csv_with_a_byte_order_mark(sandbox: Running) -> None:
    caller = Caller(sandbox)
    number = caller.submit().json()["ReportRequestId"]
    looks = [caller.call("Poll", ReportRequestId=number).json()["ReportRequestStatus"] for _ in range(2)]
    assert looks[0] == {"Status": "Pending", "ReportDownloadUrl": None} and looks[1]["Status"] == "Success"
    text = unpacked(looks[1]["ReportDownloadUrl"])
    assert text.startswith("\ufeff")
    names, *rows = csv.reader(io.StringIO(text[1:], newline=""))
    assert names == COLUMNS and len(rows) >= 20 and {row[3] for row in rows} == {"USD"}


def test_a_report_without_rows_has_no_address(sandbox: Running) -> None:
    before = {"Day": 1, "Month": 1, "Year": 2020}
    found = Caller(sandbox).finished(Time={"CustomDateRangeStart": before, "CustomDateRangeEnd": before})
    assert found == {"Status": "Success", "ReportDownloadUrl": None}


def test_the_file_has_its_own_header_and_footer_unless_they_are_left_out(sandbox: Running) -> None:
    address = Caller(sandbox).finished(ExcludeReportHeader=None, ExcludeReportFooter=None)
    lines = unpacked(address["ReportDownloadUrl"]).splitlines()
    assert lines[0].startswith('\ufeff"Report Name') and "Microsoft Corporation" in lines[-1]


def test_a_sixth_report_at_once_is_refused_until_another_is_made(sandbox: Running) -> None:
    caller = Caller(sandbox)
    numbers = [caller.submit().json()["ReportRequestId"] for _ in range(5)]
    assert code(caller.submit()) == 207
    for _ in range(2):
        caller.call("Poll", ReportRequestId=numbers[0])
    assert caller.submit().status_code == 200


def test_an_address_opens_by_itself_and_refuses_a_token_or_another_signature(sandbox: Running) -> None:
    caller = Caller(sandbox)
    address = caller.finished()["ReportDownloadUrl"]
    assert requests.get(address, timeout=10).status_code == 200
    assert requests.get(address, headers=caller.headers, timeout=10).status_code == 400
    assert requests.get(address[:-1], timeout=10).status_code == 403
    sandbox.sandbox.desks["microsoft_ads"].plans[:] = ["stale"]
    assert requests.get(caller.finished()["ReportDownloadUrl"], timeout=10).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"Type": "SearchQueryPerformanceReportRequest"},
        {"Columns": ["TimePeriod", "KeywordId", "Spend"]},  # of the campaigns' report
        {
            "Type": "KeywordPerformanceReportRequest",
            "Columns": ["TimePeriod", "AdId", "Spend", "SearchQuery"],
        },
        {"Columns": ["TimePeriod", "Colour"]},
        {"Columns": ["AccountId", "Spend"]},
        {"Columns": []},
        {"Aggregation": "Summary"},
        {"Format": "Tsv"},
        {"Scope": {"AccountIds": ["1"]}},
        {"Scope": None},
        {"Scope": {"AccountIds": ["1"]}, "Time": BEFORE_ALL},
        {"Scope": "all"},
        {"Columns": ["TimePeriod", "AccountId", "Spend", "Spend"]},
        {"Columns": ["TimePeriod", "AccountId", "CurrencyCode"]},
        {"Time": {**BEFORE_ALL, "PredefinedTime": "Yesterday"}},
        {"MaxRows": 10},
        {"ReturnOnlyCompleteData": "false"},
        {"Time": {"PredefinedTime": "Yesterday"}},
        {"Time": {"CustomDateRangeStart": {"Day": 31, "Month": 11, "Year": 2026}}},
        {"Colour": "red"},
    ],
)
def test_a_wrong_report_is_refused(sandbox: Running, change: dict[str, Any]) -> None:
    answer = Caller(sandbox).submit(**change)
    assert answer.status_code == 400 and code(answer) >= 100


def test_wrong_credentials_are_refused(sandbox: Running) -> None:
    assert code(Caller(sandbox, "expired").submit()) == 109
    assert code(Caller(sandbox, "revoked").submit()) == 105
    for name, wanted in (("DeveloperToken", 105), ("CustomerId", 106), ("CustomerAccountId", 106)):
        caller = Caller(sandbox)
        caller.headers[name] = "1"
        assert code(caller.submit()) == wanted
    assert code(Caller(sandbox).call("Poll", ReportRequestId="1")) == 2100


def test_a_refresh_token_is_good_once(sandbox: Running) -> None:
    caller = Caller(sandbox, "expired")
    form = {
        "grant_type": "refresh_token",
        "client_id": caller.given["login"],
        "client_secret": caller.given["password"],
        "refresh_token": caller.extra["refresh_token"],
        "scope": "https://ads.microsoft.com/msads.manage offline_access",
    }

    def renewed(**change: str) -> requests.Response:
        return requests.post(f"{caller.host}/token", data={**form, **change}, timeout=10)

    assert renewed(scope="everything").status_code == renewed(client_secret="x").status_code == 400
    fresh = renewed().json()
    assert renewed().status_code == 400
    assert renewed(refresh_token=fresh["refresh_token"]).status_code == 200
