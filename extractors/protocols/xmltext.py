"""XML in, as objects and lists of text: for vendors that answered before JSON was the rule.

An element with elements in it becomes an object, any other its text; what stands several times under one name
becomes a list. XML does not tell a list of one from a single thing, nor an empty list from nothing: which
names are lists is the vendor's fact, and they are always lists here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from extractors.errors import ContractError, TransientError

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def xml_reader(encoding: str, lists: frozenset[str]) -> Callable[[bytes, str], Any]:
    """Decodes a vendor's XML: (body, what was asked) → `{name of the root: content}`.

    encoding: what the vendor writes, whatever its declaration says (the parser does not know GBK).
    lists: names of elements that are always lists.

    Raises:
        TransientError: it is no XML (an HTML error page, a body cut short): asking again may help.
        ContractError: it declares entities, which no vendor's answer needs and an attacker's does.
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
