"""Converts a cell's text to a clean value, or reports why it cannot. What is not clearly a number is
refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from extractors.files.fields import TARGET_METRICS, Kind
from extractors.files.mapping import Formats

Clean = Callable[[str], str | None]

_FORMULA = re.compile(r'^="(.*)"$', re.S)
_LOST_DIGITS = re.compile(r"^[+-]?\d(?:\.\d+)?[eE]\+?\d{1,3}$")
_SCIENTIFIC = re.compile(r"^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,2}$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")
_MONEY_SIGNS = "¥¥￥£$€"
_ISO = re.compile(r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[+-]\d\d:?\d\d|Z)?)?$")
# What systems write into a time column to say "never".
_NEVER_YEARS = (1, 1900, 1970)
_INTEGER_DIGITS = 12  # up to 999,999,999,999; more is an id in the wrong column
_LONGEST_SHAPE = 24
_SMALLEST = Decimal("0.00000001")
_DAY = r"\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?"
_RANGE = re.compile(rf"^({_DAY})\s*(?:[~\uff5e至到—–]+|to|\s-\s|_|-(?=\d{{4}}))\s*({_DAY})$")
_MONTH = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})月?$")
_DURATION = re.compile(
    r"^(?:(\d+)\s*(?:小时|时|h))?\s*(?:(\d+)\s*(?:分钟|分|m(?:in)?))?\s*(?:(\d+(?:\.\d+)?)\s*(?:秒|s))?$"
)
_CLOCK = re.compile(r"^(?:(\d{1,3}):)?(\d{1,2}):(\d{2})$")
_CHINESE = re.compile("[\u4e00-\u9fff]")
# The province with which an address in China begins. Only that part is kept: the rest is personal.
_PROVINCE = re.compile(
    "(?:中国|中华人民共和国)?[ ,，]*("
    "(?:北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南"
    "|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)?)"
)
# A Chinese text with a number, a word for a house or many characters is an address, not a region.
_ADDRESS = re.compile(r"[\d号號弄巷栋幢楼室村]|.{13}", re.DOTALL)


class BadValue(ValueError):
    """The cell does not contain what its column should. The message does not repeat the cell's content."""


def cleaner(kind: Kind, formats: Formats, zone: ZoneInfo, hash_buyer: Callable[[str], str]) -> Clean:
    """The function that turns the text of a cell of this kind into a value (None: empty).

    It raises BadValue. Numbers come out plain (`-1234.50`), instants as UTC (`2010-12-01T08:26:00Z`), the
    buyer as a keyed hash, a day, week or month as its first and last day (`2026-11-16/2026-11-22`), a
    duration in seconds.
    """
    nulls = frozenset(formats.nulls)

    def instant(value: str) -> str | None:
        return None if value.startswith("0000") else _utc(value, formats, zone)

    def month(value: str) -> str | None:
        named = _MONTH.match(value)
        return instant(f"{named[1]}-{int(named[2]):02}-01" if named else value)

    readers: dict[Kind, Clean] = {
        "text": str,
        "region": _region,
        "id": _record_id,
        "decimal": lambda value: _plain(value, formats),
        "instant": instant,
        "month": month,
        "buyer": lambda value: hash_buyer(_record_id(value)),
        "period": lambda value: _period(value, formats),
        "seconds": lambda value: _seconds(value, formats),
        "currency": _currency,
        "rate": lambda value: _rate(_plain(value, formats)),
        "cost": lambda value: _cost(_plain(value, formats)),
        "metric": _metric,
    }
    read = readers[kind]

    def clean(cell: str) -> str | None:
        value = _text(cell)
        return None if not value or value in nulls else read(value)

    return clean


def _text(cell: str) -> str:
    value = cell.strip(" \t\r\n\u3000\xa0\ufeff")
    if match := _FORMULA.match(value):
        value = match[1].strip()
    if "\ufffd" in value:
        raise BadValue("has bytes that are not in the file's encoding")
    return value


def _record_id(value: str) -> str:
    if _LOST_DIGITS.match(value):
        raise BadValue("has lost digits: a spreadsheet kept a long id as a number")
    return value.removeprefix("'")  # an apostrophe that keeps a spreadsheet from reading the id as a number


def _region(value: str) -> str | None:
    if province := _PROVINCE.match(value):
        return province[1]
    return None if _CHINESE.search(value) and _ADDRESS.search(value) else value


def _currency(value: str) -> str:
    if not _CURRENCY.match(value):
        raise BadValue("is no currency code of three capitals")
    return value


def _rate(number: str) -> str:
    if Decimal(number) <= 0:
        raise BadValue("is no rate: it has to be above zero")
    return number


def _cost(number: str) -> str:
    if Decimal(number) < 0:
        raise BadValue("is no cost: it cannot be below zero")
    return number


def _metric(value: str) -> str:
    if value not in TARGET_METRICS:
        raise BadValue(f"is none of {', '.join(TARGET_METRICS)}")
    return value


def _plain(text: str, formats: Formats) -> str:
    value = text.strip(_MONEY_SIGNS + " ")
    sign = ""
    if value.startswith("(") and value.endswith(")"):  # accountants' minus
        sign, value = "-", value[1:-1]
    if value.startswith(("+", "-", "−")):
        sign, value = ("-" if value[0] != "+" else "") or sign, value[1:]
    value = value.strip(_MONEY_SIGNS + " ")
    if value.endswith(("%", "\uff05")):  # every number that a mapping can name is an amount or a count
        raise BadValue("is a percentage, no amount and no count")
    number = Decimal(value if _SCIENTIFIC.match(value) else _ungrouped(value, formats))
    if number >= Decimal(10) ** _INTEGER_DIGITS:
        raise BadValue("is too large for an amount")
    if number != number.quantize(_SMALLEST, ROUND_HALF_UP):
        number = number.quantize(_SMALLEST, ROUND_HALF_UP)
    plain = format(number, "f")
    return plain if not number or not sign else sign + plain


def _ungrouped(value: str, formats: Formats) -> str:
    """The number with a decimal point and without thousands separators, which must be in their places."""
    whole, _, fraction = value.partition(formats.decimal)
    if formats.thousands == " ":  # the French write one that does not break
        whole = whole.replace("\xa0", " ").replace("\u202f", " ")
    if formats.thousands and formats.thousands in whole:
        groups = whole.split(formats.thousands)
        if not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
            raise BadValue("is not a number")
        whole = "".join(groups)
    digits = (whole or "0") + fraction
    if not (digits.isascii() and digits.isdigit()) or not (fraction or whole):
        raise BadValue("is not a number")
    return f"{whole or '0'}.{fraction or '0'}" if fraction else whole


def _utc(text: str, formats: Formats, zone: ZoneInfo) -> str | None:
    moment = _parse(text, formats.dates)
    if moment.year in _NEVER_YEARS and (moment.month, moment.day) == (1, 1):
        return None
    if not 1990 <= moment.year <= 2100:
        raise BadValue("is not a time of our age")
    if moment.tzinfo is None:
        # fold=0: of a time that happens twice the first; one that is skipped moves forward (marts.md, Clock).
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse(text: str, dates: list[str]) -> datetime:
    if _ISO.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise BadValue("is not a time") from None
    for form in dates:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise BadValue(f"is not a time in any of the formats {', '.join(dates)}")


def _period(value: str, formats: Formats) -> str:
    """First and last day of `2026-11-20`, `2026-11-16 ~ 2026-11-22`, `2026-11`: a day, ISO week or month."""
    if match := _RANGE.match(value):
        first, last = (_day(end, formats) for end in match.groups())
    elif (match := _MONTH.match(value)) and 1 <= int(match[2]) <= 12 and 1990 <= int(match[1]) <= 2100:
        first = date(int(match[1]), int(match[2]), 1)
        last = _month_end(first)
    else:
        first = last = _day(value, formats)
    if grain_of(first, last) is None:
        raise BadValue(f"is {first} to {last}: no day, no week from Monday to Sunday and no calendar month")
    return f"{first}/{last}"


def grain_of(first: date, last: date) -> str | None:
    """The grain of a span of days: day, week or month; None when it is none of these."""
    if first == last:
        return "day"
    if first.weekday() == 0 and last - first == timedelta(days=6):
        return "week"
    return "month" if first.day == 1 and last == _month_end(first) else None


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _day(text: str, formats: Formats) -> date:
    # strptime also accepts fewer digits: it reads 202411 as 1 January 2024.
    bare = ["%Y%m%d"] if len(text) == 8 else []
    moment = _parse(text, [*formats.dates, *bare, "%Y.%m.%d", "%Y年%m月%d日"])
    if not 1990 <= moment.year <= 2100:
        raise BadValue("is not a time of our age")
    return moment.date()


def _seconds(value: str, formats: Formats) -> str:
    """`90`, `1分30秒`, `01:30` or `00:01:30` as seconds."""
    match = _CLOCK.match(value) or (_DURATION.match(value) if value else None)
    if match is None:
        return _plain(value, formats)
    hours, minutes, seconds = (Decimal(part or 0) for part in match.groups())
    return format(hours * 3600 + minutes * 60 + seconds, "f")


def shape(text: str) -> str:
    """The shape of a cell without its content: digits become 9, letters a, other scripts 字."""
    marks = []
    for sign in text[:_LONGEST_SHAPE]:
        if sign.isdigit():
            marks.append("9")
        elif sign.isalpha():
            marks.append("a" if sign.isascii() else "字")
        else:
            marks.append(sign)
    return "".join(marks) + ("…" if len(text) > _LONGEST_SHAPE else "")
