"""A mapping file that is wrong says where, and what was expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from files_shop import TILL, Shop, till

from extractors.errors import ConfigError
from extractors.files.catalogue import SHIPPED
from extractors.files.fields import FIELDS
from extractors.files.mapping import load_mapping


def _error(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_mapping(path)
    assert str(path) in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("quantity: 数量", "quantitty: 数量"), ":9 columns.quantitty", "did you mean 'quantity'"),
        (("row: order_line", "row: orderline"), ":4 ", "'order_line', 'order', 'refund'"),
        (("max_unreadable: 0.6", "max_unread: 0.6"), ":13 ", "did you mean 'max_unreadable'"),
        (("max_unreadable: 0.6", "time_zone: Shanghai"), ":13 ", "not an IANA time zone"),
        (("max_unreadable: 0.6", "currency: yuan"), ":13 ", "currency"),
        (("max_unreadable: 0.6", "encoding: utf-9"), ":13 ", "is not an encoding"),
        (("max_unreadable: 0.6", "line_class: [{class: postage}]"), ":13 ", "no line class"),
        (("max_unreadable: 0.6", "formats: {dates: ['%Y-%m']}"), ":13 ", "year, month and day"),
        (("max_unreadable: 0.6", "refund_when: {status: x}"), ":13 refund_when", "not in columns"),
        (
            ("max_unreadable: 0.6", "refund_when: {quantity: minus}"),
            ":13 refund_when",
            "a number or a comparison",
        ),
        (("max_unreadable: 0.6", "exclude: [{reason: test}]"), ":13 ", "leave out every order"),
        (("  order_id: 小票号\n", ""), ":5 columns", "lack order_id"),
        (("  paid_at: 交易时间\n", ""), ":5 columns", "lack created_at or paid_at"),
        (("title: A", "title: [A"), "mine.yml:", "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(
    tmp_path: Path, change: tuple[str, str], line: str, words: str
) -> None:
    assert change[0] in TILL
    message = _error(tmp_path, TILL.replace(*change))
    assert line in message
    assert words in message


def test_a_mapping_that_unfolds_to_gigabytes_or_has_no_bottom_is_only_wrong(tmp_path: Path) -> None:
    inside, levels = "a", "keep:\n  - &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name in "bcdefghijkl":
        levels += f"  - &{name} [{', '.join([f'*{inside}'] * 10)}]\n"
        inside = name
    bomb = TILL.replace("  order_id: 小票号", f"  order_id: [*{inside}]").replace(
        "columns:", f"{levels}columns:"
    )
    assert ":17 columns.order_id.0" in _error(tmp_path, bomb)
    assert "not valid YAML" in _error(tmp_path, "[" * 5000)


def test_an_empty_mapping_says_so(tmp_path: Path) -> None:
    assert "is empty" in _error(tmp_path, "# nothing yet\n")


def test_a_wrong_mapping_stops_the_import_before_a_file_is_touched(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(TILL.replace("quantity", "quantitty"))
    shop.drop("a.csv", till("1,A,x,1,2.00,2026-11-01 10:00:00,7"))
    with pytest.raises(ConfigError):
        shop.land()
    assert (shop.inbox / "a.csv").is_file()


def test_the_account_option_narrows_the_choice(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(None, {"mapping": "tmall_order_report"})
    shop.drop("a.csv", till("1,A,x,1,2.00,2026-11-01 10:00:00,7"))
    shop.land()
    assert "tmall_order_report" in shop.errors[0].message
    with pytest.raises(ConfigError, match="no mapping 'nobody'"):
        new_shop(None, {"mapping": "nobody"}).land()


def test_two_mappings_between_which_headers_do_not_decide_are_named(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop()
    (shop.mappings / "twin.yml").write_text(TILL.replace("name: till", "name: twin"), encoding="utf-8")
    shop.drop("a.csv", till("1,A,x,1,2.00,2026-11-01 10:00:00,7"))
    shop.land()
    assert "till and twin" in shop.errors[0].message


def test_every_shipped_mapping_loads_under_its_files_name() -> None:
    files = sorted(SHIPPED.glob("*.yml"))
    assert len(files) >= 2
    for path in files:
        assert load_mapping(path).name == path.stem


def test_the_mapping_guide_names_every_column_and_key() -> None:
    guide = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for fields in FIELDS.values():
        for name in fields:
            assert f"`{name}`" in guide, name


def test_a_mistake_in_a_key_that_is_given_again_is_named_where_it_holds(tmp_path: Path) -> None:
    assert ":14 max_unreadable" in _error(tmp_path, TILL + "max_unreadable: 6\n")
    merged = "x: &x {max_unreadable: 0.5}\n" + TILL.replace("max_unreadable", "<<: *x\nmax_unreadable")
    assert ":15 max_unreadable" in _error(tmp_path, merged.replace("0.6", "6"))
