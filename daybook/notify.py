"""Notifies the person on call by a chat webhook, by e-mail, or both.

DAYBOOK_NOTIFY_WEBHOOK: URL of an incoming webhook of DingTalk, Feishu, WeCom, Slack or a chat server that is
compatible with Slack. DAYBOOK_NOTIFY_EMAIL: addresses separated by commas; they need DAYBOOK_SMTP,
`smtp://user:password@host:587?from=a@b` (`smtps://` for TLS from the start). Messages contain no secrets,
because errors do not.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import date
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from daybook import clock, expiry
from daybook.problems import problems_of
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.credentials import Credentials

log = logging.getLogger(__name__)
SMTP = "smtp://127.0.0.1:25"  # the default of DAYBOOK_SMTP
_ANSWER_BYTES = 64 * 1024  # of an answer that are looked at
TIMEOUT = 15  # seconds; a chat server that is down must not hold up the night

Body = Callable[[str], dict[str, Any]]
_SHAPES: dict[str, Body] = {
    "oapi.dingtalk.com": lambda text: {"msgtype": "text", "text": {"content": text}},
    "qyapi.weixin.qq.com": lambda text: {"msgtype": "text", "text": {"content": text}},
    "open.feishu.cn": lambda text: {"msg_type": "text", "content": {"text": text}},
}
_CODES = (
    "errcode",
    "code",
    "StatusCode",
)  # where DingTalk and WeCom, Feishu, and older Feishu say 0 for sent


class _NotSent(Exception):
    """The chat server answered that it did not take the message; the text holds no secret."""


def on_failure(context: Mapping[str, Any]) -> None:
    """Airflow's failure callback: send what failed, where, why and what to do. Never raises."""
    ti = context.get("task_instance") or context["ti"]
    error = context.get("exception") or RuntimeError("the task ended without an exception")
    subject = f"Daybook: {ti.dag_id}.{ti.task_id} failed"
    start, end = context.get("data_interval_start"), context.get("data_interval_end")
    day = None
    if start and start != end:  # the run of `breakfast` has no interval, and its date is a day too late
        day = clock.business_day(start, Settings.from_environment().zone)
    send(subject, message(error, day=day))


def before_it_ends(settings: Settings, account: Account, credentials: Credentials | None) -> list[str]:
    """Warn, once a day, of an authorisation that ends soon; returns where to (see `send`). Never raises."""
    try:
        problem = expiry.ending(settings, account, credentials) if credentials is not None else None
        if problem is None or expiry.is_told_today(settings, account):
            return []
        lines = problem.lines()
        log.warning("%s", " ".join(lines))
        sent = send(f"Daybook: {account.id} has to be authorised again", "\n".join(lines))
        if sent:
            expiry.was_told(settings, account)
        return sent
    except Exception as error:  # a failed warning must not fail the night
        log.warning("could not check the authorisation of %s: %s", account.id, type(error).__name__)
        return []


def message(error: BaseException, day: date | None = None) -> str:
    """The text of a notification: the business day, then one block per account and stream."""
    lines = [line for problem in problems_of(error) for line in problem.lines()]
    return "\n".join([f"night of {day:%A %Y-%m-%d}", *lines] if day else lines)


def send(subject: str, text: str) -> list[str]:
    """Send to every configured place; returns the names of those that took it ("webhook", "e-mail").

    A failure is logged and not raised.
    """
    sent = []
    for name, variable, deliver in (
        ("webhook", "DAYBOOK_NOTIFY_WEBHOOK", _webhook),
        ("e-mail", "DAYBOOK_NOTIFY_EMAIL", _email),
    ):
        target = os.environ.get(variable)
        if not target:
            continue
        try:
            deliver(target, subject, text)
            sent.append(name)
        except _NotSent as error:
            log.warning("could not notify by %s: %s", name, error)
        except Exception as error:  # its message may hold the address, and with it a token
            log.warning("could not notify by %s: %s", name, type(error).__name__)
    return sent


def body_for(host: str, text: str) -> dict[str, Any]:
    """The JSON body for a chat server: DingTalk's, WeCom's or Feishu's; for all others Slack's."""
    return _SHAPES.get(host, lambda whole: {"text": whole})(text)


def _check_answer(body: bytes) -> None:
    """Raises _NotSent when the answer carries an error code.

    DingTalk, WeCom and Feishu answer HTTP 200 to a message that they drop, for example because it lacks the
    robot's keyword or signature. Slack answers such a message with an HTTP error, and with no JSON otherwise.
    """
    try:
        answer = json.loads(body)
    except ValueError:
        return
    for name in _CODES if isinstance(answer, dict) else ():
        if isinstance(answer.get(name), int) and answer[name] != 0:
            raise _NotSent(f"the chat server refused the message ({name} {answer[name]})")


class _Here(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would ask for the other page without the message, and take it for sent."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _webhook(url: str, subject: str, text: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("a webhook is an http(s) address")
    body = body_for(parts.hostname or "", f"{subject}\n{text}")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url,
        json.dumps(body, ensure_ascii=False).encode(),
        {"Content-Type": "application/json; charset=utf-8"},
    )
    try:
        with urllib.request.build_opener(_Here).open(request, timeout=TIMEOUT) as answer:
            _check_answer(answer.read(_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        raise _NotSent(f"the chat server answered HTTP {error.code}") from None


def _email(addresses: str, subject: str, text: str) -> None:
    server = urlsplit(os.environ.get("DAYBOOK_SMTP", SMTP))
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = parse_qs(server.query).get("from", ["daybook@localhost"])[0]
    mail["To"] = addresses
    mail.set_content(text)
    host, user = server.hostname or "127.0.0.1", unquote(server.username or "")
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            host, server.port or 465, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        smtp = smtplib.SMTP(host, server.port or 25, timeout=TIMEOUT)
    with contextlib.closing(smtp):
        if user and server.scheme != "smtps":
            smtp.starttls(context=ssl.create_default_context())
        if user:
            smtp.login(user, unquote(server.password or ""))
        smtp.send_message(mail)
        with contextlib.suppress(smtplib.SMTPException):  # taken is taken, whatever is said to a good-bye
            smtp.quit()
