"""Errors of Alibaba's older open gateway (AOP), which several platforms use.

Only a few of its error codes are documented; the others are classified by the words in them.
"""

from __future__ import annotations

from typing import Any

from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError


def gateway_error(body: Any, vendor: str, authorise: str) -> DaybookError | None:
    """The error in an answer: the gateway's `{error_code, error_message}`, or an API's own
    `{success: false, errorCode, errorMessage}`. None when the answer is good.

    vendor: the vendor's name in the message. authorise: the advice for an expired token.
    """
    if not isinstance(body, dict):
        return TransientError(f"{vendor} answered with something that is no envelope")
    if "error_code" in body:
        return _by_words(str(body["error_code"]), body.get("error_message"), vendor, authorise)
    if str(body.get("success", "true")).lower() == "false":
        return _by_words(str(body.get("errorCode")), body.get("errorMessage"), vendor, authorise)
    return None


def _by_words(code: str, message: Any, vendor: str, authorise: str) -> DaybookError:
    word, text = code.lower(), f"{vendor} error {code}: {message}"
    if "signature" in word or "appkey" in word:
        return AuthError(text, advice="the app key or app secret of the connection is wrong")
    if word == "401" or "token" in word or "session" in word:
        return AuthError(text, refreshable=True, advice=authorise)
    if "limit" in word or "frequency" in word:
        return RateLimitedError(text)
    if "timeout" in word or "system" in word or "unavailable" in word:
        return TransientError(text)
    if "acl" in word:
        return ConfigError(text, advice="ask for this API's permission package in the app console")
    return ConfigError(text, advice="check the account's configuration against the API page")
