import pytest

from extractors.core import decode
from extractors.core.decode import dumps, loads, name_of
from extractors.errors import ContractError, TransientError


@pytest.mark.parametrize(
    "text",
    [
        b'{"tid":2231958349123456789,"payment":"105.00"}',
        b'{"id":92233720368547758079223372036854775807}',
        b'{"amount":12345678901234567.89,"price":18.333333}',
        b"[1.10000000000000000001,-0.5]",
        b'{"u":18446744073709551616}',
        b'{"u":9999999999999999999,"v":18446744073709551615}',
        b'{"i":-9223372036854775808,"j":-9223372036854775809}',
        b'{"i":-9999999999999999999}',
    ],
)
def test_numbers_leave_as_exactly_as_they_came(text: bytes) -> None:
    assert dumps(loads(text, "x")) == text


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_of_any_length_and_a_long_one_with_a_point_keep_every_digit(sign: str) -> None:
    digits = "9876543210987654321098765"
    wholes = [sign + digits[:count] for count in range(1, 26)]
    points = [
        f"{sign}{digits[:place]}.{digits[place:count]}"
        for count in range(16, 26)
        for place in range(1, count)
    ]
    for number in wholes + points:
        for text in (f'{{"n":{number}}}'.encode(), f"[{number},1]".encode()):
            assert dumps(loads(text, "x")) == text


@pytest.mark.parametrize("beside", [b"", b',"wide":12345678901234567890123'])
def test_an_id_of_nineteen_digits_is_a_number_like_any_other(beside: bytes) -> None:
    assert loads(b'{"id":4781320682406083640%b}' % beside, "x")["id"] == 4781320682406083640


def test_a_page_of_such_ids_goes_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(text: bytes) -> None:
        raise AssertionError("read the slow way")

    monkeypatch.setattr(decode, "_exact", slow)
    assert loads(b'[{"id":4781320682406083640,"price":18.33},{"id":"12345678901234567890"}]', "x")
    with pytest.raises(AssertionError, match="slow"):
        loads(b'[{"id":12345678901234567890}]', "x")


def test_a_byte_order_mark_and_blank_lines_before_json_are_forgiven() -> None:
    assert loads(b"\xef\xbb\xbf\r\n[1]", "x") == [1]


@pytest.mark.parametrize(
    "body", [b"", b"  ", b"<html>502</html>", b'{"a":', b'{"a":NaN, "b":12345678901234567890}']
)
def test_what_is_no_json_is_worth_another_try(body: bytes) -> None:
    with pytest.raises(TransientError):
        loads(body, "x")


def test_what_names_a_row_is_text_or_a_number_and_nothing_else() -> None:
    assert (name_of("direct", "a row"), name_of(-1, "a row"), name_of("", "a row")) == ("direct", "-1", "")
    for value in (None, True, ["direct"], {"value": "direct"}, 1.5):
        with pytest.raises(ContractError, match="a row without its name"):
            name_of(value, "a row")


@pytest.mark.parametrize(
    ("text", "memo"),
    [
        (b'{"id":12345678901234567890123,"memo":"cut \\ud83d"}', "cut \ufffd"),
        (b'{"id":12345678901234567890123,"memo":"\\ude00 cut"}', "\ufffd cut"),
        (
            b'{"id":12345678901234567890123,"memo":"whole \\ud83d\\ude00 and \\ud83dx"}',
            "whole \U0001f600 and \ufffdx",
        ),
        (b'{"id":12345678901234567890123,"memo":"a\ttab\x01"}', "a tab "),
        (b'{"id":12345678901234567890123,"memo":"\xe4\xb8"}', "\ufffd"),
    ],
    ids=["first half", "second half", "a pair and a half", "controls", "half a character"],
)
def test_a_character_that_no_json_may_hold_costs_itself_and_not_its_page(text: bytes, memo: str) -> None:
    found = loads(text, "x")
    assert found["memo"] == memo
    assert dumps(found).startswith(b'{"id":12345678901234567890123,')


@pytest.mark.parametrize(
    "text", [b'{"memo":"cut \\ud83d', b"<html>\x01</html>", b'{"a":1,}'], ids=["cut", "html", "comma"]
)
def test_what_is_broken_otherwise_is_still_no_json(text: bytes) -> None:
    with pytest.raises(TransientError):
        loads(text, "x")
