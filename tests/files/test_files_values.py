"""One cell at a time: what is a number, a time, an id, and what is not."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from extractors.files.fields import Kind
from extractors.files.mapping import Formats
from extractors.files.text import is_remark
from extractors.files.values import BadValue, cleaner, shape


def _clean(kind: Kind, cell: str, zone: str = "Asia/Shanghai", **formats: object) -> str | None:
    return cleaner(kind, Formats(**formats), ZoneInfo(zone), lambda buyer: f"#{buyer}#")(cell)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567"),
        (" 12 ", "12"),
        ("-0.5", "-0.5"),
        ("−3", "-3"),
        ("(12.50)", "-12.50"),
        ("¥1,234.50", "1234.50"),
        ("-¥3", "-3"),
        ("1.5E-05", "0.000015"),
        (".5", "0.5"),
        ("0.001", "0.001"),
        ('="12"', "12"),
        ("-", None),
        ("--", None),
        ("", None),
        ("\u3000", None),
        ("nan", None),
    ],
)
def test_a_number_comes_out_plain(cell: str, value: str | None) -> None:
    assert _clean("decimal", cell) == value


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "1,23",
        "12,34.5",
        "1.2.3",
        "1 2",
        "12a",
        "1,234,56",
        "--5",
        ".",
        "NaN1",
        "9" * 13,
        "1,,234",
        "%",
        "12.5%",
        "60％",
        "¥",
        "()",
    ],
)
def test_what_is_not_clearly_a_number_is_refused(cell: str) -> None:
    with pytest.raises(BadValue):
        _clean("decimal", cell)


def test_a_continental_number_is_read_when_the_mapping_says_so() -> None:
    assert _clean("decimal", "1.234,50", thousands=".", decimal=",") == "1234.50"
    with pytest.raises(BadValue):
        _clean("decimal", "1,234.50", thousands=".", decimal=",")
    for blank in (" ", "\xa0", "\u202f"):
        assert _clean("decimal", f"1{blank}234,50", thousands=" ", decimal=",") == "1234.50"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2010-12-01 08:26:00", "2010-12-01T00:26:00Z"),
        ("2010/12/1 8:26", "2010-12-01T00:26:00Z"),
        ("2010-12-01", "2010-11-30T16:00:00Z"),
        ("2010-12-01T08:26:00+00:00", "2010-12-01T08:26:00Z"),
        ("0000-00-00 00:00:00", None),
        ("1970-01-01 00:00:00", None),
        ("-", None),
    ],
)
def test_a_time_comes_out_in_utc(cell: str, value: str | None) -> None:
    assert _clean("instant", cell) == value


@pytest.mark.parametrize(
    "cell", ["2010-02-30", "01/02/2010", "20101201", "2010-12-01 25:00:00", "0210-12-01", "soon"]
)
def test_a_time_in_no_stated_format_is_refused(cell: str) -> None:
    with pytest.raises(BadValue):
        _clean("instant", cell)


@pytest.mark.parametrize("cell", ["202411~202411", "202411-202411", "2024121"])
def test_a_period_of_too_few_digits_is_none(cell: str) -> None:
    with pytest.raises(BadValue):
        _clean("period", cell)
    assert _clean("period", "241101", dates=["%y%m%d"]) == "2024-11-01/2024-11-01"


def test_several_date_formats_are_tried_in_order() -> None:
    assert _clean("instant", "2/21/2020 0:00", dates=["%d.%m.%Y", "%m/%d/%Y %H:%M"]) == "2020-02-20T16:00:00Z"


def test_a_time_that_happens_twice_is_the_first_and_a_skipped_one_moves_forward() -> None:
    assert _clean("instant", "2011-10-30 01:30:00", "Europe/London") == "2011-10-30T00:30:00Z"
    assert (
        _clean("instant", "2011-03-27 01:30:00", "Europe/London") == "2011-03-27T01:30:00Z"
    )  # 02:30 summer time


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1234567890123456789", "1234567890123456789"),
        ('="1234567890123456789"', "1234567890123456789"),
        ("1234567890123456789\t", "1234567890123456789"),
        ("'00123", "00123"),
        ("12E", "12E"),
    ],
)
def test_an_id_stays_the_text_it_was(cell: str, value: str) -> None:
    assert _clean("id", cell) == value


@pytest.mark.parametrize("cell", ["1.23457E+18", "1.2E+15", "1E18", "bad\ufffdbytes"])
def test_an_id_that_lost_digits_or_bytes_is_refused(cell: str) -> None:
    with pytest.raises(BadValue):
        _clean("id", cell)


def test_a_complaint_shows_the_shape_of_a_cell_and_not_its_content() -> None:
    assert shape("张三 13800138000") == "字字 99999999999"
    with pytest.raises(BadValue) as error:
        _clean("decimal", "张三")
    assert "张三" not in str(error.value)


@pytest.mark.parametrize(
    "cell", ["合计", "总计:", "备注:以上数据", "注:含运费", "Total", "Grand total", "Note: net"]
)
def test_a_total_or_note_is_a_remark(cell: str) -> None:
    assert is_remark(cell)


@pytest.mark.parametrize("cell", ["10001", "Notebook", "Totalizer", "注射器", "", None])
def test_a_product_or_an_id_is_no_remark(cell: str | None) -> None:
    assert not is_remark(cell)
