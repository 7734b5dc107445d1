"""accounts.yml: every shop, advertiser and site that is read. It contains no secrets."""

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

# Ids become names of folders, lock files and connections; a file name with its suffix may have 255 bytes.
_ID = re.compile(r"(?=.{1,100}\Z)[a-z0-9]+(?:_[a-z0-9]+)*__[a-z0-9]+(?:_[a-z0-9]+)*\Z")
CALLS_PER_SECOND = "calls_per_second"  # an option of every platform
_NAME = re.compile(r"[a-z0-9_]{1,100}\Z")


class AccountsError(ConfigError):
    """accounts.yml is missing or wrong. The message names file and line."""


@dataclass(frozen=True)
class Account:
    """One shop, advertiser or site on a platform.

    id: `<platform>__<name>`, also the name of its Airflow connection. streams: the streams to read; empty
    means all of the platform. History starts at `start`, or `history_days` days before the first run.
    """

    id: str
    platform: str
    name: str
    store_id: str
    time_zone: str
    currency: str
    streams: tuple[str, ...] = ()
    start: date | None = None
    history_days: int = 31
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def text(self, option: str, hint: str = "") -> str:
        """The value of an option as text; "" when it is not given.

        Raises ConfigError for a list, and for a boolean: YAML reads words such as `no` and `on` as booleans,
        and the word that was written cannot be recovered.
        """
        value = self.options.get(option)
        if isinstance(value, bool | list | dict):
            raise self._bad_option(f"the option {option} is not a text", option, hint)
        return "" if value is None else str(value).strip()

    def several(self, option: str) -> list[str]:
        """The values of an option that takes several: a list, or one text separated by commas or spaces.

        Raises ConfigError for anything else.
        """
        value = self.options.get(option)
        if not isinstance(value, list):
            return self.text(option).replace(",", " ").split()
        if any(isinstance(one, bool | list | dict) or one is None for one in value):
            raise self._bad_option(f"the option {option} is not a list of texts", option, "")
        return [str(one).strip() for one in value]

    def switch(self, option: str, default: bool) -> bool:
        """Whether an option is on. Raises ConfigError for anything but a boolean: the text "false" would
        otherwise count as true."""
        value = self.options.get(option, default)
        if not isinstance(value, bool):
            raise ConfigError(
                f"the option {option} is {value!r}",
                account=self.id,
                advice=f"write `options: {{{option}: true}}` or false, without quotes, in accounts.yml",
            )
        return value

    def need(self, option: str, hint: str = "") -> str:
        """The value of a required option, as text. Raises ConfigError when it is missing.

        hint: where the merchant finds the value, for the error's advice.
        """
        value = self.text(option, hint)
        if not value:
            raise self._bad_option(f"the option {option} is missing", option, hint)
        return value

    def number(self, option: str, hint: str = "") -> int:
        """The value of a required option that is a whole number. Raises ConfigError when it is not one."""
        value = self.need(option, hint)
        if not value.isdecimal():
            raise self._bad_option(f"the option {option} is not a number", option, hint)
        return int(value)

    def _bad_option(self, said: str, option: str, hint: str) -> ConfigError:
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
    history_days: int = Field(default=31, ge=1, le=3660)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("id")
    @classmethod
    def _id_shape(cls, value: str) -> str:
        if not _ID.match(value):
            raise ValueError(
                "must look like <platform>__<name>: lower-case letters, digits and single underscores, "
                "at most 100 characters"
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
            raise ValueError("must be lower-case letters, digits and underscores, at most 100 characters")
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
        pace = value.get(CALLS_PER_SECOND, 1)
        if isinstance(pace, bool) or not isinstance(pace, int | float) or not 0 < pace < math.inf:
            raise ValueError(
                f"{CALLS_PER_SECOND}: {pace!r} is not a number above 0 (0.5 is a call every two seconds)"
            )
        return value


@cache
def _zones() -> frozenset[str]:
    """Time zones that mean the same on every machine. `localtime` is this machine's own zone, and DuckDB does
    not know it."""
    return frozenset(available_timezones() - {"localtime"})


_KEYS = tuple(_Entry.model_fields)
_MESSAGES = {  # for pydantic's error types, in words for the merchant
    "date_type": "is not a date: write it like 2026-10-01, without quotes",
    "dict_type": "is not a list of names and values: write it like {calls_per_second: 4}",
    "int_type": "is not a whole number: write it like 28, without quotes",
    "list_type": "is not a list: write it like [orders, refunds]",
    "model_type": "is not an account: write its lines as `- id: …`, `name: …` and so on",
    "string_type": "is not a text: put it in quotes if YAML reads it as a number, a date or yes/no",
}
_YAML_ADVICE = {  # what YAML's message holds, and what to do
    "'\\t'": "indent with spaces, not tabs",
    "mapping values are not": "put a text with a colon in it in quotes, and indent an account's lines alike",
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
        problem = str(getattr(error, "problem", None) or error)
        advice = next((said for words, said in _YAML_ADVICE.items() if words in problem), "mend that line")
        raise AccountsError(f"{path}{line} is not valid YAML: {problem}", advice=advice) from None
    if root is not None:
        _refuse_duplicate_keys(path, root)
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


def _refuse_duplicate_keys(path: Path, node: yaml.Node, *above: yaml.Node) -> None:
    """Raises AccountsError when a mapping has a key twice: YAML would silently use only the second, and a
    store or a list of streams would be missing. Also when a node contains itself (`&a [*a]`).

    above: the nodes that contain this one.
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
                raise AccountsError(f"{path}:{line} has a name that is not a text", advice="mend that line")
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
        _refuse_duplicate_keys(path, one, *above, node)


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
    said = _value_of(path, node)
    _refuse_misread(path, node)
    try:
        entry = _Entry.model_validate(said)
    except ValidationError as error:
        # A misspelt key gives two errors, an unknown and a missing one: show the unknown one.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        where = str(first["loc"][0]) if first["loc"] else ""
        text = _MESSAGES.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            text = f"an account has no such line{_nearest(where, _KEYS)}"
        raise AccountsError(
            f"{path}:{lines.get(where, lines[''])} {where or 'account'}: {text}",
            advice=f"an account has the lines {', '.join(_KEYS)}; the head of the project's accounts.yml "
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


def _value_of(path: Path, node: yaml.Node) -> Any:
    """The Python value of a YAML node. Its parts are converted first, so that an error (a date such as
    2026-02-30) names the line of the part."""
    for part in node.value if isinstance(node, yaml.SequenceNode | yaml.MappingNode) else ():
        _value_of(path, part[1] if isinstance(part, tuple) else part)
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        raise AccountsError(
            f"{path}:{node.start_mark.line + 1} cannot be read: {getattr(error, 'problem', None) or error}",
            advice="mend that line",
        ) from None


def _refuse_misread(path: Path, node: yaml.Node, *, of_options: bool = False) -> None:
    """Raises AccountsError for an option that YAML reads as a number or date other than what is written (0123
    becomes 83, 1_000 becomes 1000): such an id would silently be somebody else's."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value != CALLS_PER_SECOND:
                _refuse_misread(path, value, of_options=of_options or key.value == "options")
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _refuse_misread(path, one, of_options=of_options)
    elif of_options and node.tag.rpartition(":")[2] in ("int", "float", "timestamp"):
        read = str(_value_of(path, node))
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
