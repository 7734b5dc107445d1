"""When a platform's night is whole, what failures become, and who is told."""

from __future__ import annotations

import email.policy
import json
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from types import SimpleNamespace
from urllib.parse import quote, unquote, urlsplit

import pytest

from daybook import notify, steps
from daybook.problems import HopelessErrors, IncompleteError, Problem, problems_of, verdict
from daybook.settings import Settings
from extractors.errors import AuthError, ConfigError, ExtractErrors, TransientError
from extractors.landing import Landing

READ = {"account": "a", "partitions": 1, "rows": 5, "streams": ["orders"]}


def judge(**changes):  # type: ignore[no-untyped-def]
    facts = {
        "reads": [READ, READ],
        "read_problems": [None, None],
        "loaded": {"rows": 1},
        "load_problems": None,
    }
    return verdict("taobao", ["taobao__a", "taobao__b"], **{**facts, **changes})


def test_a_platform_is_in_when_every_account_was_read_and_all_was_loaded():
    assert judge() == {"accounts": 2, "rows": 10}


def test_a_failed_account_is_named_with_stream_cause_and_advice():
    said = [Problem("taobao__b", "orders", "w", "the token was refused", "authorise again").as_dict()]
    with pytest.raises(IncompleteError) as caught:
        judge(reads=[READ, None], read_problems=[None, said])
    text = str(caught.value)
    assert "taobao: 1 of 2 accounts are not in" in text
    assert "taobao__b · orders · w: the token was refused" in text
    assert "→ authorise again" in text
    assert "taobao__a" not in text


def test_an_account_whose_process_was_killed_is_not_taken_for_read():
    with pytest.raises(IncompleteError, match="taobao__a: the read ended without a word"):
        judge(reads=[None, READ])


def test_a_load_that_failed_keeps_the_platform_out():
    with pytest.raises(IncompleteError, match="could not be loaded") as caught:
        judge(
            loaded=None, load_problems=[Problem(None, None, None, "the disk is full", "make room").as_dict()]
        )
    assert "the disk is full" in str(caught.value)


def test_every_stream_of_a_failed_read_becomes_a_problem_of_its_own():
    error = ExtractErrors(
        [
            AuthError("no", account="x", stream="orders", advice="log in"),
            TransientError("gone", stream="refunds"),
        ],
        account="x",
    )
    assert problems_of(error) == [
        Problem("x", "orders", None, "no", "log in"),
        Problem("x", "refunds", None, "gone", None),
    ]


def test_a_bug_is_told_by_its_kind():
    assert problems_of(KeyError("tid"), "x")[0].cause == "KeyError: 'tid'"


def test_a_read_without_hope_is_told_apart_from_a_hiccup(tmp_path, make_account, monkeypatch):
    settings = Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    account = make_account("files__x", options={"mapping": "no_such_mapping"})
    with pytest.raises(ConfigError) as caught:
        steps.read_account(settings, account, None)
    assert "no_such_mapping" in str(caught.value)
    inbox = settings.inbox / "files__y"
    inbox.mkdir(parents=True)
    (inbox / "nonsense.csv").write_text("a,b\n1,2\n")
    with pytest.raises(HopelessErrors, match=r"nonsense\.csv"):
        steps.read_account(settings, make_account("files__y"), None)


@pytest.fixture
def webhook():  # type: ignore[no-untyped-def]
    """A chat server that keeps what it is sent, and answers what its path says."""
    received: list[dict[str, object]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(unquote(urlsplit(self.path).query).encode())

        def log_message(self, *words: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()


def test_a_failed_night_is_told_with_account_stream_cause_and_what_to_do(webhook, monkeypatch):
    url, received = webhook
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", url)
    monkeypatch.setenv("DAYBOOK_ZONE", "Asia/Shanghai")
    problem = Problem("taobao__plum", "orders", "w", "the token was refused", "authorise the app again")
    notify.on_failure(
        {
            "task_instance": SimpleNamespace(dag_id="ingest_taobao", task_id="ready"),
            "exception": IncompleteError("taobao: 1 of 2 accounts are not in", [problem]),
            "data_interval_start": datetime(
                2026, 11, 28, 17, 30, tzinfo=UTC
            ),  # the day is the business zone's
        }
    )
    (message,) = received
    for part in (
        "ingest_taobao.ready",
        "night of Sunday 2026-11-29",
        "taobao__plum · orders · w",
        "the token was refused",
        "authorise the app",
    ):
        assert part in message["text"]


def test_a_breakfast_that_failed_is_of_no_night(webhook, monkeypatch):
    url, received = webhook
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", url)
    task = SimpleNamespace(dag_id="breakfast", task_id="whoever_came")
    moment = datetime(2026, 11, 29, 21, 30, tzinfo=UTC)  # 05:30 of the 30th, with the night of the 29th
    notify.on_failure({"task_instance": task, "data_interval_start": moment, "data_interval_end": moment})
    (message,) = received
    assert "breakfast.whoever_came failed" in message["text"] and "night of" not in message["text"]


def test_without_a_place_to_tell_nothing_is_sent(webhook, monkeypatch):
    _, received = webhook
    monkeypatch.delenv("DAYBOOK_NOTIFY_WEBHOOK", raising=False)
    assert notify.send("subject", "text") == []
    assert received == []


def test_a_chat_server_that_is_down_is_no_second_failure(monkeypatch, caplog):
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", "http://127.0.0.1:9/hook?access_token=hunter2")
    assert notify.send("subject", "text") == []
    assert "could not notify by webhook" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ('{"errcode": 310000, "errmsg": "keywords not in content"}', "errcode 310000"),  # DingTalk
        ('{"errcode": 93000, "errmsg": "invalid webhook url"}', "errcode 93000"),  # WeCom
        ('{"code": 19024, "msg": "Key Words Not Found", "data": {}}', "code 19024"),  # Feishu
    ],
)
def test_a_message_that_the_chat_server_drops_is_not_taken_for_sent(
    webhook, monkeypatch, caplog, answer, code
):
    url, received = webhook
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", f"{url}?{quote(answer)}")
    assert notify.send("subject", "text") == []
    assert len(received) == 1 and f"refused the message ({code})" in caplog.text


@pytest.fixture
def mail_server():  # type: ignore[no-untyped-def]
    """A mail server that offers a login but no encryption, and keeps every line it is sent."""
    lines: list[str] = []

    class Mail(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while text := self.rfile.readline().decode().rstrip("\r\n"):
                lines.append(text)
                answers = {"EHLO": "250-here\r\n250 AUTH PLAIN", "DATA": "354 go on", "QUIT": "421 too late"}
                self.wfile.write(f"{answers.get(text[:4].upper(), '250 yes')}\r\n".encode())
                if text.upper() == "DATA":
                    while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(text)
                    self.wfile.write(b"250 taken\r\n")

    server = TCPServer(("127.0.0.1", 0), Mail)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}", lines
    server.shutdown()
    server.server_close()


def test_everybody_named_gets_the_mail_with_all_of_its_text(mail_server, monkeypatch):
    address, lines = mail_server
    monkeypatch.setenv("DAYBOOK_NOTIFY_EMAIL", "a@b.example, c@d.example")
    monkeypatch.setenv("DAYBOOK_SMTP", f"smtp://{address}?from=daybook@shop.example")
    assert notify.send("Daybook: 失败", "taobao__plum\n→ 重新授权") == ["e-mail"]
    assert lines[1:4] == [
        "mail FROM:<daybook@shop.example>",
        "rcpt TO:<a@b.example>",
        "rcpt TO:<c@d.example>",
    ]
    text = "\n".join(lines[lines.index("data") + 1 : -1]).encode()
    mail = email.message_from_bytes(text, policy=email.policy.default)
    assert mail["Subject"] == "Daybook: 失败" and mail.get_content() == "taobao__plum\n→ 重新授权"


def test_a_password_goes_to_no_mail_server_without_encryption(mail_server, monkeypatch, caplog):
    address, lines = mail_server
    monkeypatch.setenv("DAYBOOK_NOTIFY_EMAIL", "a@b.example")
    monkeypatch.setenv("DAYBOOK_SMTP", f"smtp://me:hunter2@{address}")
    assert notify.send("subject", "text") == []
    assert lines and not [line for line in lines if line.upper().startswith("AUTH")]
    assert "could not notify by e-mail" in caplog.text and "hunter2" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_message_that_is_sent_elsewhere_reached_nobody(monkeypatch, caplog, status):
    """Followed, a redirect asks for a page without the message, and the page answers well."""
    asked = []

    class Moved(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Location", self.path)
            self.end_headers()

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Moved)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook?key=hunter2")
    assert notify.send("subject", "text") == []
    server.shutdown()
    server.server_close()
    assert asked == [] and f"answered HTTP {status}" in caplog.text and "hunter2" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        '{"errcode": 0, "errmsg": "ok"}',
        '{"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}',
        "ok",
        "",
    ],
)
def test_a_message_that_the_chat_server_takes_is_sent(webhook, monkeypatch, answer):
    url, received = webhook
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", f"{url}?{quote(answer)}")
    assert notify.send("subject", "text") == ["webhook"] and len(received) == 1


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("oapi.dingtalk.com", ["text", "content"]),
        ("open.feishu.cn", ["content", "text"]),
        ("elsewhere", ["text"]),
    ],
)
def test_each_chat_server_gets_the_shape_it_documents(host, path):
    body = notify.body_for(host, "hello")
    for key in path:
        body = body[key]
    assert body == "hello"


def test_the_bundled_files_are_dropped_once(tmp_path, project_root, make_account):
    from daybook.progress import Progress
    from daybook.sandbox import bundled_files

    settings = Settings(
        project_root, tmp_path, tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    account = make_account("files__online_retail", platform="files")
    inbox = settings.inbox / account.id
    bundled_files(settings, [account], Progress())
    dropped = sorted(path.name for path in inbox.glob("*.parquet"))
    assert dropped == sorted(path.name for path in (project_root / "examples").rglob("*.parquet"))
    (inbox / "done").mkdir()
    for name in dropped:
        (inbox / name).rename(inbox / "done" / name)
    bundled_files(settings, [account], Progress())
    assert list(inbox.glob("*.parquet")) == []


def test_only_demo_accounts_without_credentials_are_given_to_the_sandbox(tmp_path, make_account, monkeypatch):
    from daybook.sandbox import connections_for

    monkeypatch.setenv("DAYBOOK_AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("AIRFLOW_CONN_TAOBAO__PLUM", '{"conn_type": "http", "login": "mine"}')
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    accounts = [make_account(name) for name in ("taobao__lantern", "taobao__plum", "taobao__a_real_shop")]
    found = connections_for(accounts)
    assert found.sandboxed == ("taobao__lantern",)
    assert list(found.environment) == ["AIRFLOW_CONN_TAOBAO__LANTERN"]
    assert json.loads(found.environment["AIRFLOW_CONN_TAOBAO__LANTERN"])["host"].startswith(
        "http://127.0.0.1:"
    )


def test_a_first_load_and_a_backfill_say_what_the_vendor_can_no_longer_give(tmp_path, make_account):
    settings = Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    long_ago, lately = (date.today() - timedelta(days=days) for days in (200, 20))
    account = make_account("taobao__x", start=long_ago)
    first = steps.out_of_reach(settings, account)
    assert [line.split(":")[0] for line in first] == ["orders", "refunds", "reviews"]
    for line, days in zip(first, (90, 90, 179), strict=True):
        assert f"last {days} days" in line and "can no longer be had" in line
    # A stream that has been read has had its first load; a back-fill is another matter.
    Landing(settings.landing).move_mark("taobao", "taobao__x", "orders", datetime.now(UTC))
    assert [line.split(":")[0] for line in steps.out_of_reach(settings, account)] == ["refunds", "reviews"]
    landing = Landing(settings.landing)
    landing.store.put_text("taobao/taobao__x/refunds/mark.json", "{")  # the read of the stream tells of it
    assert [line.split(":")[0] for line in steps.out_of_reach(settings, account)] == ["reviews"]
    landing.move_mark("taobao", "taobao__x", "reviews", datetime.now(UTC))
    assert steps.out_of_reach(settings, account) == []
    assert len(steps.out_of_reach(settings, account, long_ago)) == 3
    assert steps.out_of_reach(settings, account, lately) == []
    assert steps.out_of_reach(settings, make_account("files__x", start=long_ago)) == []
    (shopify,) = steps.out_of_reach(settings, make_account("shopify__x", start=long_ago))
    assert "read_all_orders" in shopify
