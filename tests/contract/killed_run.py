"""A run in a process of its own, for a test to kill. Facts come as JSON on standard input."""

import json
import sys
from datetime import datetime
from pathlib import Path

from extractors.accounts import Account
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing

facts = json.load(sys.stdin)
folder = Path(facts["folder"])
start, end = (datetime.fromisoformat(text) for text in facts["window"])
extract(
    Account(**{**facts["account"], "streams": ()}),
    Credentials(**facts["connection"]),
    Landing(folder / "landing"),
    hash_key=b"contract",
    token_dir=folder / "tokens",
    window=Window(start, end),
    streams=(facts["stream"],),
    now=end,
)
