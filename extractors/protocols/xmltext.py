"""Converts XML answers to objects, lists and text, as JSON would have them.

An element with child elements becomes an object, any other its text; several children of one name become a
list. XML cannot distinguish a list of one from a single value, so each platform names its lists, and these
are always lists here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from extractors.errors import ContractError, TransientError

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def xml_reader(encoding: str, lists: frozenset[str]) -> Callable[[bytes, str], Any]:
    """Returns a function (body, name of the call) → `{name of the root element: content}`.

    encoding: the vendor's encoding; the XML declaration is ignored, because the parser does not know GBK.
    lists: names of elements that are always lists.

    The function raises:
        TransientError: it is not XML (an HTML error page, a body cut short), so asking again may help.
        ContractError: it declares entities. No vendor's answer needs any, and they can be used to attack.
    """

    def read(body: bytes, what: str) -> Any:
        text = body.decode(encoding, errors="replace").lstrip("\ufeff \r\n\t")
        if not text:
            raise TransientError(f"{what} answered with an empty body")
        if "<!DOCTYPE html" in text[:200] or "<!doctype html" in text[:200]:
            raise TransientError(f"{what} answered with HTML")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ContractError(f"{what} answered with XML that declares entities")
        try:
            root = ElementTree.fromstring(_DECLARATION.sub("", text))  # noqa: S314  without entities
        except ElementTree.ParseError:
            raise TransientError(f"{what} answered with something that is no XML, or XML cut short") from None
        return {root.tag: _content(root, lists)}

    return read


def _content(element: ElementTree.Element, lists: frozenset[str]) -> Any:
    if not len(element):
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        value = _content(child, lists)
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[child.tag] = [value] if child.tag in lists else value
    return found
