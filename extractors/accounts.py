"""accounts.yml: every shop, advertiser and site we read, and no secret."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from extractors.core.window import BEGINNING
from extractors.errors import ConfigError

# Ids become names of folders, locks and connections: no longer than a file's name may be with what is added.
_ID = re.compile(r"(?=.{1,100}\Z)[a-z0-9]+(?:_[a-z0-9]+)*__[a-z0-9]+(?:_[a-z0-9]+)*\Z")
PACE = "calls_per_second"  # the option that every platform has
_NAME = re.compile(r"[a-z0-9_]{1,100}\Z")


class AccountsError(ConfigError):
    """accounts.yml is missing or wrong; the message names file and line."""


@dataclass(frozen=True)
class Account:
    """One shop, advertiser or site on a platform.

    id is `<platform>__<name>` and the name of its Airflow connection. `streams` is empty for "all the
    platform has". History starts at `start`, or `history_days` before the first run.
    """

    id: str
    platform: str
    name: str
    store_id: str
    time_zone: str
    currency: str
    streams: tuple[str, ...] = ()
    start: date | None = None
    history_days: int = 28
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def text(self, option: str, hint: str = "") -> str:
        """The value of an option as text; "" for one that is not given. Raises ConfigError for a list, or for
        a word that YAML takes for yes or no: what it was nobody can tell."""
        value = self.options.get(option)
        if isinstance(value, bool | list | dict):
            raise self._without(f"the option {option} is no text", option, hint)
        return "" if value is None else str(value).strip()

    def several(self, option: str) -> list[str]:
        """The values of an option that may have many: a list, or a text with commas or spaces between them.
        Raises ConfigError for anything else."""
        value = self.options.get(option)
        if not isinstance(value, list):
            return self.text(option).replace(",", " ").split()
        if any(isinstance(one, bool | list | dict) or one is None for one in value):
            raise self._without(f"the option {option} is no list of texts", option, "")
        return [str(one).strip() for one in value]

    def switch(self, option: str, default: bool) -> bool:
        """Whether an option is on. Raises ConfigError when it is neither yes nor no: "false" is a text."""
        value = self.options.get(option, default)
        if not isinstance(value, bool):
            raise ConfigError(
                f"the option {option} is {value!r}",
                account=self.id,
                advice=f"write `options: {{{option}: true}}` or false, without quotes, in accounts.yml",
            )
        return value

    def need(self, option: str, hint: str = "") -> str:
        """The value of an option that its platform cannot do without, as text.

        hint: where the vendor shows it. Raises ConfigError when it is missing.
        """
        value = self.text(option, hint)
        if not value:
            raise self._without(f"the option {option} is missing", option, hint)
        return value

    def number(self, option: str, hint: str = "") -> int:
        """The same of one that is a number. Raises ConfigError when it is none."""
        value = self.need(option, hint)
        if not value.isdecimal():
            raise self._without(f"the option {option} is no number", option, hint)
        return int(value)

    def _without(self, said: str, option: str, hint: str) -> ConfigError:
        where = f" ({hint})" if hint else ""
        advice = f'add `options: {{{option}: "…"}}`{where} to the account in accounts.yml'
        return ConfigError(said, account=self.id, advice=advice)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    name: str
    store: str
    time_zone: str
    currency: str
    streams: list[str] = Field(default_factory=list)
    start: date | None = Field(default=None, ge=BEGINNING.date())
    history_days: int = Field(default=28, ge=1, le=3660)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("id")
    @classmethod
    def _id_shape(cls, value: str) -> str:
        if not _ID.match(value):
            raise ValueError(
                "must look like <platform>__<name>, small letters, digits and single underscores, at most 100"
            )
        return value

    @field_validator("name")
    @classmethod
    def _name_to_read(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty: write what people call it")
        return value

    @field_validator("store")
    @classmethod
    def _store_shape(cls, value: str) -> str:
        if not _NAME.match(value):
            raise ValueError("must be small letters, digits and underscores, at most 100")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in _zones():
            raise ValueError(
                f"{value!r} is not an IANA time zone such as Asia/Shanghai{_nearest(value, _zones())}"
            )
        return value

    @field_validator("currency")
    @classmethod
    def _iso_currency(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError(f"{value!r} is not an ISO 4217 code such as CNY")
        return value

    @field_validator("streams")
    @classmethod
    def _once_each(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("names a stream twice")
        return value

    @field_validator("options")
    @classmethod
    def _possible_pace(cls, value: dict[str, Any]) -> dict[str, Any]:
        pace = value.get(PACE, 1)
        if isinstance(pace, bool) or not isinstance(pace, int | float) or not 0 < pace < math.inf:
            raise ValueError(f"{PACE}: {pace!r} is no number above 0 (0.5 is a call every two seconds)")
        return value


@cache
def _zones() -> frozenset[str]:
    """Names that mean the same on every machine: a file of this one's (posix/…, right/…, localtime) has none
    that DuckDB knows."""
    return frozenset(available_timezones() - {"localtime"})


_LINES = tuple(_Entry.model_fields)
_WORDS = {  # pydantic's kinds of mistake, in a merchant's words
    "date_type": "is no date: write it like 2026-10-01, without quotes",
    "dict_type": "is no list of names and values: write it like {calls_per_second: 4}",
    "int_type": "is no whole number: write it like 28, without quotes",
    "list_type": "is no list: write it like [orders, refunds]",
    "model_type": "is no account: write its lines as `- id: …`, `name: …` and so on",
    "string_type": "is no text: write it, in quotes where YAML takes it for something else",
}


def load_accounts(path: Path | str, known: dict[str, Collection[str]] | None = None) -> list[Account]:
    """Read and check accounts.yml.

    Args:
        path: the file.
        known: platform → its stream names (from the registry); when given, an unknown platform or stream
            is an error that names the nearest known one.
    Raises:
        AccountsError: naming file, line and what to write instead.
    """
    path = Path(path)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AccountsError(
            f"{path} does not exist", advice="copy the accounts.yml of the project and edit it"
        ) from None
    except OSError as error:
        raise AccountsError(
            f"{path} cannot be read: {error.strerror}", advice="make it a file that Daybook may read"
        ) from None
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise AccountsError(f"{path}:{number} is not UTF-8", advice="save the file as UTF-8") from None
    except RecursionError:
        raise AccountsError(
            f"{path} is nested too deep", advice="write it as the project's accounts.yml is"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        advice = "indent with spaces, not tabs" if "'\\t'" in str(problem) else "mend that line"
        raise AccountsError(f"{path}{line} is not valid YAML: {problem}", advice=advice) from None
    if root is not None:
        _refuse_said_twice(path, root)
    entries = _entries(path, root)
    accounts: list[Account] = []
    for node in entries:
        account = _account(path, node, known)
        if any(account.id == other.id for other in accounts):
            raise AccountsError(
                f"{path}:{node.start_mark.line + 1} account {account.id} is there twice", advice="rename one"
            )
        accounts.append(account)
    return accounts


def _refuse_said_twice(path: Path, node: yaml.Node, *above: yaml.Node) -> None:
    """YAML takes one of two lines of one name: a list, or a store, would be left out in silence.

    above: what the node stands in, and so may not hold (`&a [*a]`).
    """
    if node in above:
        line = above[above.index(node)].start_mark.line + 1
        raise AccountsError(
            f"{path}:{line} holds itself", advice="take out the `*` that names what it stands in"
        )
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        seen: dict[Any, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise AccountsError(f"{path}:{line} has a name that is no text", advice="mend that line")
            if key.value in seen:
                raise AccountsError(
                    f"{path}:{line} `{key.value}` is said twice, first in line {seen[key.value]}",
                    advice="keep one of the two lines, or make one list of both",
                )
            seen[key.value] = line
            inner.append(value)
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    for one in inner:
        _refuse_said_twice(path, one, *above, node)


def _entries(path: Path, root: yaml.Node | None) -> list[yaml.Node]:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "accounts" and isinstance(value, yaml.SequenceNode):
                return list(value.value)
    raise AccountsError(f"{path}:1 has no list `accounts:`", advice="start the file with `accounts:`")


def _account(path: Path, node: yaml.Node, known: dict[str, Collection[str]] | None) -> Account:
    lines = {"": node.start_mark.line + 1}
    if isinstance(node, yaml.MappingNode):
        lines |= {key.value: key.start_mark.line + 1 for key, _ in node.value}
    said = _said(path, node)
    _refuse_misread(path, node)
    try:
        entry = _Entry.model_validate(said)
    except ValidationError as error:
        # A misspelt name says more than the missing one it leaves behind.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        where = str(first["loc"][0]) if first["loc"] else ""
        text = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            text = f"an account has no such line{_nearest(where, _LINES)}"
        raise AccountsError(
            f"{path}:{lines.get(where, lines[''])} {where or 'account'}: {text}",
            advice=f"an account has the lines {', '.join(_LINES)}; the head of the project's accounts.yml "
            "explains each (a text that YAML takes for a number, date or yes/no wants quotes)",
        ) from None
    platform = entry.id.split("__", 1)[0]
    if known is not None:
        _check_known(path, lines, platform, entry.streams, known)
    return Account(
        id=entry.id,
        platform=platform,
        name=entry.name,
        store_id=entry.store,
        time_zone=entry.time_zone,
        currency=entry.currency,
        streams=tuple(entry.streams),
        start=entry.start,
        history_days=entry.history_days,
        options=entry.options,
    )


def _said(path: Path, node: yaml.Node) -> Any:
    """What a node says. Its parts are looked at first: a date of no calendar is told with its own line."""
    for part in node.value if isinstance(node, yaml.SequenceNode | yaml.MappingNode) else ():
        _said(path, part[1] if isinstance(part, tuple) else part)
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        raise AccountsError(
            f"{path}:{node.start_mark.line + 1} cannot be read: {getattr(error, 'problem', None) or error}",
            advice="mend that line",
        ) from None


def _refuse_misread(path: Path, node: yaml.Node, *, of_options: bool = False) -> None:
    """An id in the options that YAML takes for a number of another spelling (0123 is 83, 1_000 is 1000) would
    be another's, and nobody would be told."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value != PACE:
                _refuse_misread(path, value, of_options=of_options or key.value == "options")
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _refuse_misread(path, one, of_options=of_options)
    elif of_options and node.tag.rpartition(":")[2] in ("int", "float", "timestamp"):
        read = str(_said(path, node))
        if read != node.value:
            raise AccountsError(
                f"{path}:{node.start_mark.line + 1} options: YAML reads {node.value} as {read}",
                advice="write it in quotes",
            )


def _check_known(
    path: Path,
    lines: dict[str, int],
    platform: str,
    streams: list[str],
    known: dict[str, Collection[str]],
) -> None:
    if platform not in known:
        raise AccountsError(
            f"{path}:{lines.get('id', lines[''])} unknown platform {platform!r}{_nearest(platform, known)}",
            advice=f"known platforms: {', '.join(sorted(known))}",
        )
    for stream in streams:
        if stream not in known[platform]:
            raise AccountsError(
                f"{path}:{lines.get('streams', lines[''])} platform {platform} has no stream {stream!r}"
                f"{_nearest(stream, known[platform])}",
                advice=f"its streams: {', '.join(known[platform])}",
            )


def _nearest(word: str, words: Collection[str]) -> str:
    match = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {match[0]!r}?)" if match else ""
