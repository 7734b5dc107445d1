"""Mappings: short YAML files, without code, that assign the columns of a kind of file to our names.

`mappings/README.md` describes every key for the person who writes one; this module is the same in types.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from extractors.errors import ConfigError
from extractors.files import yamltext
from extractors.files.fields import (
    CURRENCY,
    EXCLUDE_REASONS,
    FIELDS,
    INSTANTS,
    LINE_CLASSES,
    LISTS,
    ORDER_STATES,
    REPORTS,
    Row,
)

Test = None | str | int | float | list[str | int | float]
_zones = cache(available_timezones)  # every call reads the folders of all zones
_COMPARISON = re.compile(r"^(<=|>=|<|>|!=|=)\s*(-?\d+(?:\.\d+)?)$")
# Values that are converted to text. Nested lists are not: with YAML aliases they could expand to gigabytes.
_PLAIN = (str, int, float, date)
# Only with the year first is the order of day and month certain. Other formats have to be given.
DATES = [
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
]  # fmt: skip


class _Wrong(ValueError):
    """A mistake in a mapping. path: the keys that lead to it."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Formats(_Strict):
    """The notation of values in a file. dates: strptime formats, tried in order."""

    dates: list[str] = Field(default_factory=lambda: list(DATES), min_length=1)
    thousands: Literal[",", ".", " ", "'", ""] = ","
    decimal: Literal[".", ","] = "."
    nulls: list[str] = Field(default_factory=lambda: ["-", "--", "—", "nan", "null", "NULL", "N/A"])

    @field_validator("dates")
    @classmethod
    def _usable(cls, formats: list[str]) -> list[str]:
        for text in formats:
            try:
                now = datetime(2001, 2, 3, 4, 5, 6)
                back = datetime.strptime(now.strftime(text), text)
            except ValueError as error:
                raise ValueError(f"{text!r} is not a date format: {error}") from None
            if (back.year, back.month, back.day) != (2001, 2, 3):
                raise ValueError(f"{text!r} does not tell year, month and day")
        return formats

    @model_validator(mode="after")
    def _apart(self) -> Formats:
        if self.thousands == self.decimal:
            raise ValueError("thousands and decimal are the same sign")
        return self


class When(_Strict):
    """Conditions on columns, all of which must hold: our name → test.

    A test is a text or a list of texts (exact, or with the wildcards * and ?), a number, a comparison such
    as "< 0", or null for an empty cell.
    """

    when: dict[str, Test] = Field(default_factory=dict)


class StateRule(When):
    state: str

    @field_validator("state")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, ORDER_STATES, "order state")


class ClassRule(When):
    line_class: str = Field(alias="class")

    @field_validator("line_class")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, LINE_CLASSES, "line class")


class ExcludeRule(When):
    """Orders that are stored but not counted. All given conditions must hold.

    reason: one of EXCLUDE_REASONS. every_line: every line of the order is of one of these classes.
    without_amount: no line has an amount.
    """

    reason: str
    every_line: list[str] = Field(default_factory=list)
    without_amount: bool = False

    @field_validator("reason")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, EXCLUDE_REASONS, "exclude reason")

    @field_validator("every_line")
    @classmethod
    def _known_classes(cls, value: list[str]) -> list[str]:
        return [_one_of(name, LINE_CLASSES, "line class") for name in value]

    @model_validator(mode="after")
    def _says_something(self) -> ExcludeRule:
        if not (self.when or self.every_line or self.without_amount):
            raise ValueError("an exclude rule without a condition would leave out every order")
        return self


class Mapping(_Strict):
    """How to read one kind of file.

    columns: our name → the file's header, or a list of headers of which the file has one.
    optional: the same for columns that some exports lack (only for rows that are figures of a period).
    keep: headers (with * and ?) of columns that are stored unchanged, although we have no name for them.
    recognise: further headers that must exist for the mapping to apply; they are not read.
    refund_when: the condition for rows that are refunds and not sales (order_line only).
    refunds_dated: the column whose time is taken for refunds in order rows without a refund time.
    paid_is_net_of_refunds: refunds are already deducted from buyer_paid_total, so they are added back.
    encoding: of a text file that is not UTF-8 and has no byte-order mark.
    max_unreadable: the share of unreadable rows (0 to 1) above which the whole file is refused.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    row: Row
    columns: dict[str, list[str]] = Field(min_length=1)
    optional: dict[str, list[str]] = Field(default_factory=dict)
    keep: list[str] = Field(default_factory=list)
    recognise: list[str] = Field(default_factory=list)
    constants: dict[str, str] = Field(default_factory=dict)
    time_zone: str | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    encoding: str | None = None
    formats: Formats = Field(default_factory=Formats)
    order_state: list[StateRule] = Field(default_factory=list)
    line_class: list[ClassRule] = Field(default_factory=list)
    exclude: list[ExcludeRule] = Field(default_factory=list)
    refund_when: dict[str, Test] = Field(default_factory=dict)
    refunds_dated: Literal["paid_at", "created_at"] | None = None
    paid_is_net_of_refunds: bool = False
    max_unreadable: float = Field(default=0.05, ge=0, le=1)

    @field_validator("columns", "optional", mode="before")
    @classmethod
    def _as_lists(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        lists = {
            ours: [theirs] if isinstance(theirs, str | int) else theirs for ours, theirs in value.items()
        }
        return {
            ours: [clean_header(str(h)) if isinstance(h, _PLAIN) else h for h in theirs]
            if isinstance(theirs, list)
            else theirs
            for ours, theirs in lists.items()
        }

    @field_validator("constants", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: str(told) if isinstance(told, _PLAIN) else told for name, told in value.items()}

    @field_validator("recognise", "keep")
    @classmethod
    def _clean(cls, value: list[str]) -> list[str]:
        return [clean_header(header) for header in value]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in _zones():
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/London")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                "".encode(value)
        except LookupError:
            raise ValueError(f"{value!r} is not an encoding such as utf-8, gb18030 or cp1252") from None
        return value

    @model_validator(mode="after")
    def _adds_up(self) -> Mapping:
        known = FIELDS[self.row]
        for place, columns in (("columns", self.columns), ("optional", self.optional)):
            for ours in columns:
                if ours not in known:
                    nearest = _nearest(ours, tuple(known))
                    raise _Wrong(f"is no column of {self.row} rows{nearest}", place, ours)
        if both := set(self.columns) & set(self.optional):
            raise _Wrong("is in columns, too", "optional", min(both))
        for place in ("optional", "keep"):
            if getattr(self, place) and not self.is_report:
                raise _Wrong(f"is for {', '.join(REPORTS)} rows", place)
        for ours in self.constants:
            if known.get(ours) not in ("text", "region", "decimal"):
                raise _Wrong(f"is no text or amount of a {self.row} row", "constants", ours)
            if ours in self.columns:
                raise _Wrong("is a column, too", "constants", ours)
        for place, group in self._conditions():
            for ours, test in group.items():
                if ours not in self.columns:
                    raise _Wrong(f"asks for {ours}, which is not in columns", place)
                _check_test(ours, known[ours], test, place)
        self._check_required()
        return self

    def _conditions(self) -> list[tuple[str, dict[str, Test]]]:
        rules: dict[str, Sequence[When]] = {
            "order_state": self.order_state,
            "line_class": self.line_class,
            "exclude": self.exclude,
        }
        found = [(place, rule.when) for place, group in rules.items() for rule in group]
        return [*found, ("refund_when", self.refund_when)]

    def _check_required(self) -> None:
        have = set(self.columns)
        if self.is_report:
            needed = [{"period"}]
            if self.row == "product_traffic":
                needed += [{"product_id", "sku_id"}]
            if self.row == "live_session":
                needed += [{"live_id", "host_id", "host_name"}]
        elif self.row == "refund":
            needed = [{"refund_id", "order_id"}, {"refund_amount"}, {"refunded_at"}]
        elif self.row in LISTS:
            needed = [set(group) for group in LISTS[self.row]]
        else:
            needed = [{"order_id"}, {"created_at", "paid_at"}]
        if self.row == "order_line":
            needed += [{"unit_price", "list_amount", "line_amount"}]
            if "unit_price" in have and not have & {"list_amount", "line_amount"}:
                needed += [{"quantity"}]
        if self.row == "order":
            needed += [{"list_amount", "line_amount", "buyer_paid_total"}]
            if "refund_amount" in have and not self.refunds_dated:
                needed += [{"refunded_at"}]
        for group in needed:
            if not group & have:
                raise _Wrong(f"lack {' or '.join(sorted(group))}", "columns")
        if self.refund_when and self.row != "order_line":
            raise _Wrong("is for rows that are order lines", "refund_when")
        if self.refunds_dated and (self.row != "order" or self.refunds_dated not in have):
            raise _Wrong(f"{self.refunds_dated} needs order rows with that column", "refunds_dated")
        if self.paid_is_net_of_refunds and not {"buyer_paid_total", "refund_amount"} <= have:
            raise _Wrong("needs buyer_paid_total and refund_amount", "paid_is_net_of_refunds")

    @property
    def is_report(self) -> bool:
        """Whether rows are figures of a day, week or month, and not orders or refunds."""
        return self.row in REPORTS

    @property
    def headers(self) -> list[str]:
        """Every header that the mapping mentions, each once."""
        read = [h for columns in (self.columns, self.optional) for theirs in columns.values() for h in theirs]
        return list(dict.fromkeys(read + self.recognise))

    def read_from(self, header: Collection[str]) -> dict[str, str]:
        """Our name → the header from which it is read, for the columns that a file with this header has."""
        found = {}
        for ours, theirs in {**self.columns, **self.optional}.items():
            there = next((name for name in theirs if name in header), None)
            if there is not None:
                found[ours] = there
        return found

    def kept(self, header: Sequence[str]) -> list[str]:
        """The headers whose cells are stored unchanged."""
        read = set(self.read_from(header).values())
        return [
            name
            for name in dict.fromkeys(header)
            if name and name not in read and any(fnmatchcase(name, pattern) for pattern in self.keep)
        ]

    def missing(self, header: set[str]) -> list[str]:
        """The headers that the mapping needs and a file lacks; empty when the mapping applies."""
        lacking = [" / ".join(theirs) for theirs in self.columns.values() if not set(theirs) & header]
        return list(dict.fromkeys(lacking)) + [name for name in self.recognise if name not in header]

    def resolved(self, time_zone: str, currency: str) -> Mapping:
        """The mapping with the account's time zone and currency where it has none."""
        return self.model_copy(
            update={"time_zone": self.time_zone or time_zone, CURRENCY: self.currency or currency}
        )

    def as_json(self) -> dict[str, Any]:
        document = self.model_dump(mode="json", by_alias=True)
        for added in ("optional", "keep"):  # files read before these keys existed stay known
            if not document[added]:
                del document[added]
        return document

    @property
    def fingerprint(self) -> str:
        """A hash that changes when files read with this mapping could give different records."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def instants(self) -> list[str]:
        return [name for name in INSTANTS if name in self.columns]


def load_mapping(path: Path) -> Mapping:
    """Read and check one mapping file.

    Raises ConfigError naming file, line and key, and what was expected there.
    """
    document, node = yamltext.read(path)
    try:
        return Mapping.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        location = [*first["loc"], *getattr(first.get("ctx", {}).get("error"), "path", ())]
        line = yamltext.line_of(node, location)
        text = first["msg"].removeprefix("Value error, ")
        key = ".".join(str(step) for step in location)
        if first["type"] == "extra_forbidden":
            text = f"is no key of a mapping{_nearest(str(location[-1]), tuple(Mapping.model_fields))}"
        raise ConfigError(
            f"{path}:{line} {key + ': ' if key else ''}{text}", advice="mappings/README.md describes each key"
        ) from None


def clean_header(text: str) -> str:
    """A header without blanks, byte-order marks and line breaks around it."""
    return " ".join(text.replace("\ufeff", "").replace("\u3000", " ").replace("\xa0", " ").split())


def comparison(test: Test) -> tuple[str, str] | None:
    """The operator and number of a numeric test such as "< 0"; None when it is not one."""
    if isinstance(test, int | float):
        return "=", str(test)
    match = _COMPARISON.match(test) if isinstance(test, str) else None
    return (match[1], match[2]) if match else None


def _check_test(ours: str, kind: str, test: Test, place: str) -> None:
    if test is None:
        return
    if kind == "decimal" and comparison(test) is None:
        raise _Wrong(
            f'the test of {ours} must be a number or a comparison such as "< 0", not {test!r}', place
        )
    if kind in ("instant", "buyer") and test != "*":
        raise _Wrong(f'{ours} can be tested for null (empty) or "*" (filled) only', place)


def _one_of(value: str, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise ValueError(f"{value!r} is no {what}{_nearest(value, known)}; known: {', '.join(known)}")
    return value


def _nearest(word: str, words: tuple[str, ...]) -> str:
    match = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {match[0]!r}?)" if match else ""
