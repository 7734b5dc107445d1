"""What the sandbox answers it answers to a call in the documented form only: a client that strays from it is told."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from contract_bench import BUSY_DAY, SPOKEN, TESTED, Bench, a_few_records, has_tokens

from extractors.core.session import Session
from extractors.errors import ExtractErrors

Make = Callable[..., Bench]
Arguments = dict[str, Any]


def other_verb(given: Arguments) -> Arguments:
    return {**given, "method": "GET" if given["method"] == "POST" else "POST"}


def doubled(given: Arguments) -> Arguments | None:
    """One parameter of the address or the form once more."""
    for place in ("params", "data"):
        if isinstance(given.get(place), dict) and given[place]:
            pairs = list(given[place].items())
            return {**given, place: [*pairs, pairs[0]]}
    return None


def untyped(given: Arguments) -> Arguments | None:
    """A form or JSON that is not said to be that: no server has to read it."""
    if given["method"] == "GET":
        return None
    return {**given, "headers": {**given.get("headers", {}), "Content-Type": "text/plain"}}


# What a server can say that does not find what it needs where it looks for it. That a token is over or that an account may
# not see something is no word on the form of a call.
OF_THE_FORM = re.compile(
    r"""method|sign|content-?type|json|body|twice|unknown|unsupported|criterion|\bproperty
        |param|argument|missing|required|must\ be|a\ number|invalid|bad-request|非法|wrong|refresh|client|grant
        |module|app_?(id|key)|authenticat|token\ 1000""",
    re.IGNORECASE | re.VERBOSE,
)
NOT_OF_IT = re.compile("expired|过期|permission|too many", re.IGNORECASE)
RENEWABLE = [name for name in TESTED if has_tokens(name) and SPOKEN[name].renew_ahead is None]


@pytest.mark.parametrize("spoil", [other_verb, doubled, untyped])
@pytest.mark.parametrize(
    ("platform", "variant"),
    [*((name, "valid") for name in TESTED), *((name, "expired") for name in RENEWABLE)],
)
def test_a_call_in_another_form_is_refused(
    spoil: Callable[[Arguments], Arguments | None],
    platform: str,
    variant: str,
    bench: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All calls that bring records, or (its token expired) the one that renews it."""
    on = bench(platform, SPOKEN[platform].streams[0].name, variant=variant)
    window = a_few_records(on, BUSY_DAY)
    send, spoilt, refusals = Session._send, [], on.running.control.refusals
    one_by_one = threading.Lock()

    def strayed(session: Session, name: str, arguments: Arguments) -> Any:
        is_meant = (name == "token refresh") == (variant == "expired")
        with one_by_one:
            said = refusals.copy()
            answer = send(session, name, (is_meant and spoil(arguments)) or arguments)
            if is_meant and spoil(arguments):
                spoilt.append((answer[0], [why.split(": ", 1)[1] for why in refusals - said]))
        return answer

    monkeypatch.setattr(Session, "_send", strayed)
    try:
        on.run(window)
    except ExtractErrors:
        assert spoilt
        for status, reasons in spoilt:
            assert status == 405 or reasons, f"the sandbox broke: HTTP {status}"
            for why in reasons:
                assert OF_THE_FORM.search(why) and not NOT_OF_IT.search(why), why
    else:
        assert not spoilt, "the sandbox took it"
