"""XML as vendors of old send it, as objects, lists and text."""

from __future__ import annotations

import pytest

from extractors.errors import ContractError, TransientError
from extractors.protocols.xmltext import xml_reader

READ = xml_reader("gb18030", frozenset({"item"}))


def test_what_is_written_in_gbk_is_read_whatever_the_declaration_says() -> None:
    for declared in ("GBK", "gb2312", "UTF-8"):
        body = f'<?xml version="1.0" encoding="{declared}"?>\n<r><name>灯笼 &amp; 茶</name></r>'.encode("gbk")
        assert READ(body, "x") == {"r": {"name": "灯笼 & 茶"}}


def test_a_list_is_a_list_however_many_are_in_it() -> None:
    assert READ(b"<r><item>1</item></r>", "x") == {"r": {"item": ["1"]}}
    assert READ(b"<r><item><a>1</a></item><item><a>2</a></item></r>", "x") == {
        "r": {"item": [{"a": "1"}, {"a": "2"}]}
    }
    assert READ(b"<r><a>1</a><a>2</a><a>3</a></r>", "x") == {"r": {"a": ["1", "2", "3"]}}
    assert READ(b"<r><list/></r>", "x") == {"r": {"list": ""}}


def test_numbers_stay_the_text_that_was_sent() -> None:
    assert READ(b"<r><n> 10.10 </n><w>9007199254740993</w></r>", "x") == {
        "r": {"n": "10.10", "w": "9007199254740993"}
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"  \n", b"<r><a>1</a>", b"<html><p>x</html>", b"\xef\xbb\xbf<br />\n<b>Notice</b>: <r/>", b"{}"],
)
def test_what_is_no_xml_may_be_asked_for_again(body: bytes) -> None:
    with pytest.raises(TransientError):
        READ(body, "x")


def test_entities_are_refused_unread() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'
    with pytest.raises(ContractError):
        READ(bomb, "x")
