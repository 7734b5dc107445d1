"""Files that vendors pack: whole or not at all."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from extractors.core.model import Reply
from extractors.errors import ContractError, TransientError
from extractors.protocols import packed
from extractors.protocols.csvfile import named_rows
from extractors.protocols.packed import gunzipped, unzipped

CONTENT = b"\xef\xbb\xbfa,b\r\n" + b"".join(b"%d,%d\r\n" % (n, n * n) for n in range(500))


def zipped(*contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"report{number}.csv", content)
    return file.getvalue()


def test_a_packed_file_is_its_content() -> None:
    assert gunzipped(gzip.compress(CONTENT), "x") == unzipped(zipped(CONTENT), "x") == CONTENT
    assert gunzipped(b"[]", "x") == b"[]", "the transport unpacked it already"


def test_a_gzip_file_of_several_members_is_all_of_them() -> None:
    first, second = gzip.compress(CONTENT[:900]), gzip.compress(CONTENT[900:])
    assert gunzipped(first + second, "x") == CONTENT
    assert gunzipped(first + second + b"\0" * 512, "x") == CONTENT
    for wrong in (first + second[:-3], first + b"<html>"):
        with pytest.raises(TransientError):
            gunzipped(wrong, "x")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.98])
def test_a_file_cut_short_is_no_file(place: float) -> None:
    for whole, unpack in ((gzip.compress(CONTENT), gunzipped), (zipped(CONTENT), unzipped)):
        with pytest.raises(TransientError):
            unpack(whole[: int(len(whole) * place)], "x")


def test_a_flipped_bit_is_found_out() -> None:
    for whole, unpack in ((gzip.compress(CONTENT), gunzipped), (zipped(CONTENT), unzipped)):
        middle = len(whole) // 2
        with pytest.raises(TransientError):
            unpack(whole[:middle] + bytes([whole[middle] ^ 8]) + whole[middle + 1 :], "x")


def test_a_web_page_is_no_archive_and_says_so() -> None:
    with pytest.raises(TransientError, match="a web page"):
        unzipped(b"<!DOCTYPE html><html></html>", "x")
    with pytest.raises(TransientError):
        unzipped(b"", "x")


def test_an_archive_holds_one_file() -> None:
    for wrong in (zipped(), zipped(CONTENT, CONTENT)):
        with pytest.raises(ContractError):
            unzipped(wrong, "x")


def test_a_file_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", 1_000)
    for whole, unpack in ((gzip.compress(CONTENT), gunzipped), (zipped(CONTENT), unzipped)):
        with pytest.raises(ContractError, match="more than"):
            unpack(whole, "x")


def test_columns_are_found_by_their_names() -> None:
    rows = named_rows(Reply('b,a,new\n"1,5","x\ny",z\n\n'), ("a", "b"), "x")
    assert rows == [{"b": "1,5", "a": "x\ny", "new": "z"}]


@pytest.mark.parametrize("text", ["", "a\n1\n", "a,b\n1\n", "a,b\n1,2,3\n", "a,b,a\n1,2,3\n", "<html>\n"])
def test_a_file_without_its_columns_is_told(text: str) -> None:
    with pytest.raises(ContractError):
        named_rows(Reply(text), ("a", "b"), "x")
