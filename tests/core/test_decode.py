import pytest

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
    ],
)
def test_numbers_leave_as_exactly_as_they_came(text: bytes) -> None:
    assert dumps(loads(text, "x")) == text


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
