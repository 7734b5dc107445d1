"""Classifies errors of vendors that publish no error codes, by English and Chinese words in the message."""

from __future__ import annotations

import re

from extractors.errors import (
    PERMISSION_ADVICE,
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)


def error_in_words(
    vendor: str,
    code: str,
    text: str,
    rest: type[DaybookError] = ConfigError,
    secret: str = "app secret",  # noqa: S107  what it is called
    advice: str = "check the account's configuration against the vendor's page",
    entered: str | None = None,
) -> DaybookError:
    """The error for a code and message, classified by the words in them.

    rest: the class for a message with none of the known words. secret: what the vendor calls the secret that
    signs. advice: for `rest` and for a wrong parameter. entered: for vendors whose token is entered by hand
    and cannot be renewed: the advice for a refused token.
    """
    said = f"{vendor} error {code}: {text}".replace("error :", "error:")
    lower = f"{code} {text}".lower()
    if re.search(r"频率|频繁|限流|次数|配额|quota|too many|too fast|frequen|limit|qps", lower):
        return RateLimitedError(said, retry_after=2.0)
    if re.search(r"timestamp|时间戳", lower):
        return ConfigError(said, advice="check this machine's clock and its time zone database")
    if re.search(r"签名|验签|sign|密钥|secret", lower):
        return AuthError(said, advice=f"the {secret} of the connection does not match the app key")
    if re.search(r"权限|permission|scope", lower):
        return ConfigError(said, advice=PERMISSION_ADVICE)
    if re.search(r"token|session|授权|会话|auth|鉴权|用户名|密码|username|password", lower):
        authorise = "authorise the shop again and update the connection"
        return AuthError(said, refreshable=entered is None, advice=entered or authorise)
    # ContractError makes the read start a new job. Checked after the words above, because "generation failed"
    # may also be about a token or a signature.
    if re.search(r"任务不存在|任务已过期|生成失败|task (not exist|expired)", lower):
        return ContractError(said, advice="run again later; if it stays so, ask the vendor")
    if re.search(r"参数|param", lower):
        return ConfigError(said, advice=advice)
    if re.search(r"系统|繁忙|超时|稍后|内部错误|timeout|busy|system|internal", lower):
        return TransientError(said)
    return rest(said, advice=advice)
