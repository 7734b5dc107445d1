"""The pretend UC Huichuan answers and refuses as its document says (platforms-cn §19)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from extractors.sandbox import Running

GOOD = {
    "startDate": "2026-11-18",
    "endDate": "2026-11-20",
    "unitOfTime": 1,
    "performanceData": ["srch", "consume"],
}


def ask(sandbox: Running, path: str, body: Any, variant: str = "valid", **header: Any) -> requests.Response:
    given: Any = sandbox.connections(variant)["uc_huichuan__plum"]
    who = {
        "username": given["login"],
        "password": given["password"],
        "token": given["extra"]["access_token"],
        **header,
    }
    who = {name: value for name, value in who.items() if value is not None}
    answer = requests.post(f"{given['host']}/{path}", json={"header": who, "body": body}, timeout=10)
    assert answer.status_code == 200
    return answer


def made(sandbox: Running, level: str, body: dict[str, Any]) -> bytes:
    number = ask(sandbox, f"report/{level}", body).json()["body"]["taskId"]
    task = {"taskId": number, "adReport": True}
    looks = [ask(sandbox, "report/getFile", task).json()["body"]["reportFileType"]["ready"] for _ in range(2)]
    assert looks == [False, True]
    answer = ask(sandbox, "report/downloadFile", task)
    assert answer.headers["content-type"] == "application/octet-stream"
    return answer.content


def test_a_report_is_a_file_that_is_ready_at_the_second_look(sandbox: Running) -> None:
    files = [made(sandbox, level, GOOD) for level in ("account", "campaign")]
    account, campaign = (sorted(file.splitlines()[1:]) for file in files)
    assert len(account) == 3 and len(campaign) > len(account)

    def consumed(line: bytes) -> int:
        return round(float(line.rsplit(b",", 1)[1]) * 100)

    assert sum(map(consumed, account)) == sum(map(consumed, campaign)) > 0


def test_files_come_in_either_encoding(sandbox: Running) -> None:
    texts = [made(sandbox, "account", GOOD) for _ in range(2)]
    assert len(set(texts)) == 2
    assert {
        file.decode(code)
        for file in texts
        for code in ("utf-8", "gbk")
        if "账户" in file.decode(code, "replace")
    }


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"endDate": "2026-11-17"}, "时间范围"),
        ({"startDate": "2024-01-01"}, "时间范围"),
        ({"startDate": "18/11/2026"}, "日期"),
        ({"unitOfTime": 5}, "unitOfTime"),
        ({"performanceData": []}, "performanceData"),
        ({"performanceData": ["spend"]}, "performanceData"),
        ({"page": 1}, "未知"),
    ],
)
def test_a_wrong_report_is_refused(sandbox: Running, change: dict[str, Any], word: str) -> None:
    header = ask(sandbox, "report/campaign", {**GOOD, **change}).json()["header"]
    assert header["status"] == 2 and word in header["failures"][0]["message"]


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"token": "x"}, "token"),
        ({"token": None}, "token"),
        ({"password": "x"}, "密码"),
        ({"username": "x"}, "用户名"),
        ({"colour": "red"}, "header"),
    ],
)
def test_a_wrong_caller_is_refused(sandbox: Running, header: dict[str, Any], word: str) -> None:
    said = ask(sandbox, "report/account", GOOD, **header).json()["header"]
    assert said["status"] == 2 and word in said["failures"][0]["message"]


def test_a_revoked_token_is_refused(sandbox: Running) -> None:
    assert ask(sandbox, "report/account", GOOD, "revoked").json()["header"]["status"] == 2


def test_a_task_that_is_unknown_or_not_ready_gives_no_file(sandbox: Running) -> None:
    number = ask(sandbox, "report/account", GOOD).json()["body"]["taskId"]
    for task in (number, 1):
        said = ask(sandbox, "report/downloadFile", {"taskId": task, "adReport": True}).json()["header"]
        assert said["status"] == 2
    for body in ({"taskId": number, "adReport": "true"}, {"taskId": str(number), "adReport": True}):
        assert ask(sandbox, "report/getFile", body).json()["header"]["status"] == 2
