"""YAML with line numbers: what a value is and on which line of the file it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from extractors.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """YAML 1.1 makes True of the header `On` and False of `No`; here only true and false are booleans."""


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read(path: Path) -> tuple[Any, yaml.Node]:
    """The document and its node tree. Raises ConfigError naming file and line when it is not YAML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader=_Loader)
        document = None if node is None else _Loader("").construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ConfigError(f"{path}{line} is not valid YAML: {problem}", advice="mend that line") from None
    if node is None:
        raise ConfigError(f"{path} is empty", advice="copy a file of mappings/ and edit it")
    return document, node


def line_of(node: yaml.Node, location: Sequence[int | str]) -> int:
    """The line (from 1) of the deepest part of `location` that the file has."""
    line = node.start_mark.line + 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in reversed(node.value):  # given twice, the last holds
                if key.value == str(step):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
