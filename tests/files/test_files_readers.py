"""Every kind of file that people drop, with what their programs do to it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_shop import TILL, TILL_HEADER, Shop, till, xls, xlsx

ROWS = [
    "1001,A-1,红灯笼,2,10.50,2026-11-01 10:00:00,77",
    "1001,A-2,蜡烛,1,3.00,2026-11-01 10:00:00,77",
    '1002,A-1,红灯笼,1,"1,234.50",2026-11-02 09:30:00,',
]
EXPECTED = {
    "1001": ("2026-11-01T02:00:00Z", ["21.00", "3.00"]),
    "1002": ("2026-11-02T01:30:00Z", ["1234.50"]),
}


def _seen(shop: Shop) -> dict[str, tuple[str, list[str]]]:
    assert not shop.errors, shop.errors
    return {
        key: (order["paid_at"], [line["line_amount"] for line in order["lines"]])
        for key, order in shop.orders.items()
    }


def _cells(*rows: str) -> list[list[Any]]:
    """The rows as a spreadsheet holds them: numbers and dates typed."""
    cells: list[list[Any]] = []
    for row in rows:
        order, product, name, quantity, price, when, buyer = row.replace('"1,234.50"', "1234.50").split(",")
        cells.append(
            [
                order,
                product,
                name,
                int(quantity),
                float(price),
                datetime.fromisoformat(when),
                int(buyer) if buyer else None,
            ]
        )
    return cells


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_csv_in_any_usual_encoding_is_read(shop: Shop, encoding: str) -> None:
    shop.drop("a.csv", till(*ROWS), encoding)
    shop.run()
    assert _seen(shop) == EXPECTED
    assert shop.orders["1001"]["lines"][0]["product_name"] == "红灯笼"


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_a_csv_with_another_delimiter_is_read(shop: Shop, delimiter: str) -> None:
    text = till(*(row.replace('"1,234.50"', "1234.50") for row in ROWS)).replace(",", delimiter)
    shop.drop("a.txt", text)
    shop.run()
    assert _seen(shop) == EXPECTED


def test_windows_line_ends_and_a_delimiter_at_the_end_of_lines_are_read(shop: Shop) -> None:
    shop.drop("a.csv", till(*ROWS).replace("\n", ",\r\n"))
    shop.run()
    assert _seen(shop) == EXPECTED


def test_banner_rows_above_and_remarks_below_are_passed_over(shop: Shop) -> None:
    banner = "店铺经营报表\n统计时间,2026-11-01 至 2026-11-02\n\n"
    foot = "\n合计,,,4,1258.50,,\n备注:金额为实付金额\n"
    shop.drop("a.csv", banner + till(*ROWS) + foot)
    manifest = shop.land()[0]
    shop.load()
    assert _seen(shop) == EXPECTED
    assert (manifest.extra["quarantined"], manifest.extra["remarks"], manifest.extra["blank"]) == (0, 2, 1)


MEMOS = [f"{order},A,x,1,2.00,2026-11-01 10:00:00,7,memo" for order in range(1001, 1061)]


@pytest.mark.parametrize(
    ("torn", "lost"),
    [
        ({3: "\"Ann's", 33: '"quick"'}, {3, 33}),  # the next text that begins with a quote ends it
        ({3: '5 " or "', 8: '"so'}, {8}),  # none does, to the end of the file
        ({3: '"large', 33: '32"'}, {3}),  # an inch sign does
    ],
    ids=["next", "end", "inch"],
)
def test_a_quote_that_was_no_quote_costs_its_own_row_and_none_of_those_it_holds_together(
    shop: Shop, torn: dict[int, str], lost: set[int]
) -> None:
    rows = [row.replace("memo", torn.get(at, "memo")) for at, row in enumerate(MEMOS)]
    shop.drop("a.csv", till(*rows, header=",".join([*TILL_HEADER, "备注"])))
    shop.run()
    assert not shop.errors
    assert {int(order) for order in shop.orders} | {1001 + at for at in lost} == set(range(1001, 1061))
    assert {line for _, line, _ in shop.quarantine} <= {at + 2 for at in lost}


def test_a_note_of_several_lines_is_one_cell_whatever_stands_in_it(shop: Shop) -> None:
    notes = ['"two\nlines, and a ""quote"""', '"a\nb"\t', '"to\r\n1,2,3\r\nAnn, London, W1"']
    rows = [row.replace("memo", note) for row, note in zip(MEMOS, notes, strict=False)]
    shop.drop("a.csv", till(*rows, header=",".join([*TILL_HEADER, "备注"])))
    shop.run()
    assert not shop.errors and not shop.quarantine
    assert set(shop.orders) == {"1001", "1002", "1003"}


def test_blanks_around_headers_do_not_matter(shop: Shop) -> None:
    header = ",".join(f" {name}\u3000" for name in TILL_HEADER)
    shop.drop("a.csv", till(*ROWS, header=header))
    shop.run()
    assert _seen(shop) == EXPECTED


def test_the_header_standing_there_again_is_no_row(shop: Shop) -> None:
    shop.drop("a.csv", till(*ROWS[:2], ",".join(TILL_HEADER), ROWS[2]))
    manifest = shop.land()[0]
    shop.load()
    assert _seen(shop) == EXPECTED
    assert manifest.extra["remarks"] == 1


def test_an_xlsx_with_typed_cells_is_read(shop: Shop) -> None:
    rows = [["报表"], [], list(TILL_HEADER), *_cells(*ROWS), ["合计", None, None, 4]]
    shop.drop("a.xlsx", xlsx(("Sheet1", rows)))
    manifest = shop.land()[0]
    shop.load()
    assert _seen(shop) == EXPECTED
    assert manifest.extra["remarks"] == 1


def test_an_old_xls_is_read(shop: Shop) -> None:
    shop.drop("a.xls", xls([["报表"], list(TILL_HEADER), *_cells(*ROWS)]))
    shop.run()
    assert _seen(shop) == EXPECTED


def test_a_workbook_under_the_name_of_a_csv_is_read_for_what_it_is(shop: Shop) -> None:
    shop.drop("a.csv", xlsx(("Sheet1", [list(TILL_HEADER), *_cells(*ROWS)])))
    shop.run()
    assert _seen(shop) == EXPECTED


def test_sheets_that_overlap_count_an_order_once_and_a_cover_sheet_is_passed_over(shop: Shop) -> None:
    first = [list(TILL_HEADER), *_cells(*ROWS[:2])]
    second = [list(TILL_HEADER), *_cells(*ROWS)]
    shop.drop(
        "a.xlsx", xlsx(("Cover", [["Made by the till"]]), ("2026-11-02", second), ("2026-11-01", first))
    )
    assert len(shop.land()) == 2
    shop.load()
    assert _seen(shop) == EXPECTED
    assert shop.orders["1001"]["source_file"] == "a.xlsx#2026-11-02"
    assert any("passed over" in line for line in shop.said)


def test_long_ids_stay_exact_as_text_and_in_parquet(shop: Shop) -> None:
    big = 2**53 + 1
    shop.drop("a.csv", till(f"{big},A,x,1,2.00,2026-11-01 10:00:00,7"))
    table = pa.table(
        {
            "小票号": pa.array([2**62 + 1], pa.int64()),
            "商品编码": ["A"],
            "商品名称": ["x"],
            "数量": [1.0],
            "单价": [0.1 + 0.2],
            "交易时间": pa.array([datetime(2026, 11, 3)], pa.timestamp("ns")),
            "会员号": pa.array([float("nan")], pa.float64()),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    shop.drop("b.parquet", out.getvalue())
    shop.run()
    assert set(shop.orders) == {str(big), str(2**62 + 1)}
    line = shop.orders[str(2**62 + 1)]["lines"][0]
    assert (line["line_amount"], shop.orders[str(2**62 + 1)]["buyer_key"]) == ("0.30", None)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_id_whose_digits_a_spreadsheet_lost_is_quarantined(shop: Shop, kind: str) -> None:
    if kind == "csv":
        shop.drop("a.csv", till("1.23457E+18,A,x,1,2.00,2026-11-01 10:00:00,7", ROWS[2]))
    else:
        rows = _cells(ROWS[0], ROWS[2])
        rows[0][0] = 1234567890123456789
        shop.drop("a.xlsx", xlsx(("Sheet1", [list(TILL_HEADER), *rows])))
    shop.run()
    assert list(shop.orders) == ["1002"]
    ((_, line, reason),) = shop.quarantine
    assert line == 2
    assert "lost digits" in reason


def test_a_byte_that_is_no_text_spoils_its_row_only(shop: Shop) -> None:
    shop.drop("a.csv", till(*ROWS).encode().replace("蜡烛".encode(), b"\xff\xfe\xff"))
    shop.run()
    assert set(shop.orders) == {"1001", "1002"}
    ((_, line, reason),) = shop.quarantine
    assert line == 3
    assert "bytes" in reason


def test_a_stated_encoding_is_used_where_the_file_is_not_utf_8(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop("encoding: cp1252\n" + TILL.replace("小票号", "Bon n°"))
    text = till("1,A,Café £1,1,2.00,2026-11-01 10:00:00,7").replace("小票号", "Bon n°")
    english = text.replace("商品编码,商品名称,数量,单价,交易时间,会员号", "Code,Name,Qty,Price,When,Who")
    for theirs, ours in zip(["商品编码", "商品名称", "数量", "单价", "交易时间", "会员号"],
                            ["Code", "Name", "Qty", "Price", "When", "Who"], strict=True):  # fmt: skip
        mapping = (shop.inbox / "mapping.yml").read_text(encoding="utf-8")
        (shop.inbox / "mapping.yml").write_text(mapping.replace(theirs, ours), encoding="utf-8")
    shop.drop("a.csv", english, "cp1252")
    shop.drop("b.csv", english.replace("1,A", "2,A"), "utf-8")
    shop.run()
    assert [order["lines"][0]["product_name"] for order in shop.orders.values()] == ["Café £1"] * 2


def _zip_of_text() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inside.csv"), till(*ROWS))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("archive.csv", _zip_of_text(), "ZIP archive (holds inside.csv)"),
        ("cut.xlsx", _zip_of_text()[:40], "damaged ZIP"),
        ("page.xls", b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        ("paper.csv", b"%PDF-1.7 ...", "PDF"),
        ("noise.csv", bytes(range(256)) * 20, "not a text file"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be opened as a workbook"),
        ("cut.parquet", b"PAR1" + b"\0" * 50, "cannot be read as Parquet"),
        (
            "quote.csv",
            till('1,A,"x,1,2.00,2026-11-01 10:00:00,7', *ROWS[:2] * 60).encode(),
            "quote that is not closed",
        ),
        ("other.csv", "一,二,三\n1,2,3\n".encode(), "none of the headers we know"),
        ("headless.csv", b"1001,13800138000,Ann,2\n1002,13900139000,Bob,1\n", "no header row"),
        (
            "near.csv",
            "小票号,商品编码,商品名称,数量,单价,日期\n1,2,3,4,5,6\n".encode(),
            "nearest mapping is till",
        ),
        ("twice.csv", ("小票号," + ",".join(TILL_HEADER) + "\n1,1,2,3,4,5,6,7\n").encode(), "'小票号' twice"),
        ("bad.csv", till(*["x,A,y,?,?,?,7"] * 9, ROWS[0]).encode(), "9 of 10 rows cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_foreign_or_damaged_file_is_refused_with_its_reason_and_the_others_load(
    shop: Shop, name: str, content: bytes, words: str
) -> None:
    shop.drop(name, content)
    shop.drop("zz_good.csv", till(*ROWS))
    shop.run()
    (error,) = shop.errors
    assert words in error.message
    assert name in error.message
    assert error.account == shop.account.id
    assert error.advice
    assert shop.files("refused") == sorted([name, f"{name}.reason.txt"])
    assert (shop.inbox / "refused" / name).read_bytes() == content
    assert words in (shop.inbox / "refused" / f"{name}.reason.txt").read_text(encoding="utf-8")
    assert "13800138000" not in str(error) + "".join(shop.said)
    assert set(shop.orders) == {"1001", "1002"}


def test_the_refusal_of_an_unknown_file_names_header_nearest_mapping_and_what_misses(shop: Shop) -> None:
    shop.drop("near.csv", "banner\n小票号,商品编码,商品名称,数量,单价,日期\n1,2,3,4,5,6\n")
    shop.land()
    message = shop.errors[0].message
    assert "row 2 reads [小票号 | 商品编码 | 商品名称 | 数量 | 单价 | 日期]" in message
    assert "wants 交易时间, 会员号" in message


def test_a_cell_far_from_the_table_refuses_the_file_instead_of_ending_the_process(shop: Shop) -> None:
    rows = [TILL_HEADER, *_cells(*ROWS)]
    shop.drop("far.xlsx", _with_cell(rows, "XFD1048576", "x"))
    shop.drop("good.xlsx", _with_cell(rows, "ZZ40", "x"))
    shop.run()
    (error,) = shop.errors
    assert "far.xlsx has cells as far as row 1,048,576 and column 16,384" in str(error)
    assert shop.files("done") == ["good.xlsx"] and set(shop.orders) == {"1001", "1002"}


@pytest.mark.parametrize("place", ["sheet", "beside"])
def test_a_workbook_of_kilobytes_that_unpacks_to_gigabytes_is_refused(
    shop: Shop, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, out = xlsx(("S", [TILL_HEADER, *_cells(*ROWS)])), io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good)) as sound,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as swollen,
    ):
        for name in sound.namelist():
            text = sound.read(name)
            if name.endswith("sheet1.xml") and place == "sheet":
                text = text.replace("蜡烛".encode(), b"a" * (8 << 20), 1)
            swollen.writestr(name, text)
        swollen.writestr("xl/media/picture.png", bytes(16 << 20))
    if place == "beside":  # 16 MiB stand for what takes a minute to pack
        monkeypatch.setattr("extractors.files.workbook._LARGEST", 8 << 20)
    shop.drop("swollen.xlsx", out.getvalue())
    shop.drop("good.xlsx", good)
    shop.run()
    (error,) = shop.errors
    assert "swollen.xlsx unpacks to more than any workbook holds" in error.message
    assert shop.files("done") == ["good.xlsx"] and set(shop.orders) == {"1001", "1002"}


def test_a_far_cell_that_is_only_coloured_is_no_trouble(shop: Shop) -> None:
    shop.drop("coloured.xlsx", _with_cell([TILL_HEADER, *_cells(*ROWS)], "XFD1048576", None))
    shop.run()
    assert _seen(shop) == EXPECTED


@pytest.mark.parametrize(
    ("cell", "saved"),
    [
        ("<f>1+1</f><v>2</v>", True),
        ("<f>1+1</f>", False),
        ("<f>1+1</f><v/>", False),
        ("<f>1+1</f><v></v>", False),
        ('<f t="shared" si="0"/>', False),
    ],
)
def test_a_formula_whose_result_is_not_saved_is_told_with_its_cell_and_is_not_empty(
    shop: Shop, cell: str, saved: bool
) -> None:
    """Programs that write workbooks do not calculate; a spreadsheet does when it saves."""
    rows = [list(TILL_HEADER), *_cells(*ROWS)]
    price = TILL_HEADER.index("单价")
    place = f"{'ABCDEFGH'[price]}3"
    good = xlsx(("Cover", [["x"]]), ("小票 & more", rows))
    shop.drop("a.xlsx", _with_inner(good, place, cell))
    shop.run()
    if saved:
        assert shop.quarantine == [] and len(shop.orders) == 2
        return
    ((file, line, reason),) = shop.quarantine or [(shop.errors[0].message, 3, shop.errors[0].message)]
    assert "a.xlsx#小票 & more" in file and line == 3
    assert (
        f"单价 is a formula whose result is not saved (cell {place}): open the file in a spreadsheet"
        in reason
    )


def test_a_formula_without_a_result_in_a_column_that_nobody_reads_or_in_a_total_is_no_trouble(
    shop: Shop,
) -> None:
    rows = [
        [*TILL_HEADER, "备用"],
        *([*row, "=1+1"] for row in _cells(*ROWS)),
        ["合计", *["=SUM(D2:D3)"] * 6],
    ]
    shop.drop("a.xlsx", xlsx(("S", rows)))
    shop.run()
    assert shop.errors == [] and shop.quarantine == [] and len(shop.orders) == 2


def test_rows_of_nothing_but_formulas_without_results_are_not_blank(shop: Shop) -> None:
    rows = [list(TILL_HEADER), *([f"=Source!{letter}{number}" for letter in "ABCDEFG"] for number in (2, 3))]
    shop.drop("a.xlsx", xlsx(("S", rows)))
    shop.run()
    (error,) = shop.errors
    assert "2 of 2 rows cannot be read" in error.message
    assert "line 2: 小票号 is a formula whose result is not saved (cell A2)" in error.message


def test_a_formula_without_a_result_is_told_however_many_cells_of_nothing_but_colour_stand_before_it(
    shop: Shop,
) -> None:
    """The sheet is looked through in pieces of a megabyte; in one of these no cell ends that has anything in it."""
    rows = [list(TILL_HEADER), *_cells(*ROWS)]
    place = f"{'ABCDEFGH'[TILL_HEADER.index('单价')]}3"
    book = _with_inner(xlsx(("Cover", [["x"]]), ("S", rows)), place, "<f>1+1</f>", starts=(2 << 20) - 10)
    shop.drop("a.xlsx", book)
    shop.run()
    ((_, line, reason),) = shop.quarantine
    assert line == 3 and f"单价 is a formula whose result is not saved (cell {place})" in reason


def _with_inner(book: bytes, place: str, inner: str, starts: int = 0) -> bytes:
    """The workbook with other XML inside of one cell, and so many empty ones before it that it starts there."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet2.xml"):
                changed = re.sub(
                    rf'(<c r="{place}")[^>]*>.*?</c>'.encode(), rf"\1>{inner}</c>".encode(), text
                )
                assert changed != text
                at, empty = changed.index(f'<c r="{place}"'.encode()), b'<c r="Z3" s="0"/>'
                many, rest = divmod(max(0, starts - at), len(empty))
                text = changed[:at] + empty * many + b" " * rest + changed[at:]
            new.writestr(name, text)
    return out.getvalue()


def _with_cell(rows: list[list[Any]], where: str, value: str | None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    sheet[where] = value
    sheet[where].fill = openpyxl.styles.PatternFill("solid", start_color="FFFF00")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_bytes_of_another_encoding_are_told_and_read_once_the_mapping_names_it(shop: Shop) -> None:
    words = ["Order", "Item", "Name", "Qty", "Price", "Paid", "Customer"]
    western = TILL.replace("0.6", "0.05")
    for theirs, ours in zip(words, TILL_HEADER, strict=True):
        western = western.replace(ours, theirs)
    mapping = shop.inbox / "mapping.yml"
    mapping.write_text(western, encoding="utf-8")
    rows = ",".join(words) + "\nL1,A,Café,1,5,2026-11-02 10:00:00,7\nL2,B,Crème,1,6,2026-11-02 10:00:00,7\n"
    shop.drop("a.csv", rows, "cp1252")
    shop.run()
    (error,) = shop.errors
    assert "mapping's formats or encoding" in error.advice

    mapping.write_text(western + "encoding: cp1252\n", encoding="utf-8")
    shop.drop("a.csv", rows, "cp1252")
    shop.run()
    assert [order["lines"][0]["product_name"] for order in shop.orders.values()] == ["Café", "Crème"]
