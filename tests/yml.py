"""What a YAML file of the project holds, read by libyaml: PyYAML's own reader takes ten times as long for the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read(path: Path) -> Any:
    with path.open("rb") as file:
        return yaml.load(file, yaml.CSafeLoader)
