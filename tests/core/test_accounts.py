import json
from collections.abc import Callable
from pathlib import Path

import pytest

from extractors.accounts import Account, AccountsError, load_accounts
from extractors.credentials import Credentials
from extractors.errors import ConfigError

GOOD = """accounts:
  - id: taobao__lantern
    name: Lantern
    store: lantern_tmall
    time_zone: Asia/Shanghai
    currency: CNY
    streams: [orders]
    start: 2026-10-01
"""
KNOWN = {"taobao": ("orders", "refunds", "products")}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "accounts.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_becomes_accounts(tmp_path: Path) -> None:
    (account,) = load_accounts(write(tmp_path, GOOD), KNOWN)
    assert (account.id, account.platform, account.store_id) == ("taobao__lantern", "taobao", "lantern_tmall")
    assert (
        account.streams == ("orders",) and str(account.start) == "2026-10-01" and account.history_days == 31
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("taobao__lantern", "taboao__lantern", 2, "did you mean 'taobao'"),
        ("taobao__lantern", "Taobao-lantern", 2, "must look like"),
        ("taobao__lantern", "../etc__x", 2, "must look like"),
        ("taobao__lantern", '"taobao__lantern\\n"', 2, "must look like"),
        ("taobao__lantern", "taobao__" + "n" * 93, 2, "at most 100"),
        ("lantern_tmall", '"lantern_tmall\\n"', 4, "lower-case letters"),
        ("Asia/Shanghai", "Asia/Shangai", 5, "IANA"),
        ("Asia/Shanghai", "asia/shanghai", 5, "(did you mean 'Asia/Shanghai'?)"),
        ("Asia/Shanghai", "posix/Asia/Shanghai", 5, "IANA"),
        ("Asia/Shanghai", "right/Asia/Shanghai", 5, "IANA"),
        ("Asia/Shanghai", "localtime", 5, "IANA"),
        ("name: Lantern", 'name: " "', 3, "is empty"),
        ("[orders]", "[orders, orders]", 7, "names a stream twice"),
        ("CNY", "CNY\n    options: {site_id: 0123}", 7, "YAML reads 0123 as 83"),
        ("CNY", "CNY\n    options:\n      a: b\n      c: [1_000]", 9, "YAML reads 1_000 as 1000"),
        ("CNY", "CNY\n    options: {site_id: 12:30:45}", 7, "YAML reads 12:30:45 as 45045"),
        ("CNY", "yuan", 6, "ISO 4217"),
        ("[orders]", "[order]", 7, "did you mean 'orders'"),
        ("2026-10-01", "soon", 8, "start: is not a date: write it like 2026-10-01"),
        ("2026-10-01", "2026-09-31", 8, "cannot be read: day is out of range for month"),
        ("[orders]", "!all [orders]", 7, "cannot be read: could not determine a constructor"),
        ("    name: Lantern", "    {{ name }}: Lantern", 3, "has a name that is not a text"),
        ("[orders]", "orders", 7, "streams: is not a list: write it like [orders, refunds]"),
        ("    currency: CNY\n", "    currency: CNY\n    history_days: many\n", 7, "is not a whole number"),
        (
            "accounts:\n",
            "accounts:\n  - taobao__other\n",
            2,
            "is not an account: write its lines as `- id: …`",
        ),
        ("    name: Lantern\n", "\tname: Lantern\n", 3, "indent with spaces, not tabs"),
        ("name: Lantern", "name: Lantern: web", 3, "put a text with a colon in it in quotes"),
        ("    name: Lantern\n", "", 2, "Field required"),
        ("    name: Lantern", "    nom: Lantern", 3, "nom"),
        ("    store:", "    stor:", 4, "stor: an account has no such line (did you mean 'store'?)"),
        ("CNY", "NO", 6, "wants quotes"),
        ("    store:", "    store: other\n    store:", 5, "`store` is said twice, first in line 4"),
        ("    currency: CNY\n", "    currency: CNY\naccounts:\n", 7, "`accounts` is said twice"),
        ("CNY", "CNY\n    options: &own {a: [*own]}", 7, "holds itself"),
    ],
)
def test_a_wrong_entry_is_told_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    with pytest.raises(AccountsError) as error:
        load_accounts(write(tmp_path, GOOD.replace(old, new)), KNOWN)
    assert f"accounts.yml:{line} " in str(error.value) and words in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "shops: []", "accounts: 3", "accounts:\n  - id: [\n", "accounts:\n\t- x"]
)
def test_a_file_that_is_no_list_of_accounts_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AccountsError, match=r"accounts\.yml"):
        load_accounts(write(tmp_path, text))


def test_a_file_nested_too_deep_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"accounts\.yml is nested too deep →"):
        load_accounts(write(tmp_path, "accounts: " + "[" * 5000 + "]" * 5000))


def test_a_file_in_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "accounts.yml").write_bytes(GOOD.replace("Lantern", "灯笼").encode("gb18030"))
    with pytest.raises(AccountsError, match=r"accounts\.yml:3 is not UTF-8 → save the file as UTF-8"):
        load_accounts(tmp_path / "accounts.yml")


def test_what_is_no_file_to_read_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"cannot be read: Is a directory → make it a file"):
        load_accounts(tmp_path)


def test_an_option_is_the_text_it_reads_as(tmp_path: Path) -> None:
    text = (
        GOOD
        + "    options: {a: 0891, b: ' 17 ', c: 2026-10-01, d: [1, x], e: '1, x', calls_per_second: 0.50}\n"
    )
    (account,) = load_accounts(write(tmp_path, text), KNOWN)
    assert [account.need(name) for name in "abc"] == ["0891", "17", "2026-10-01"]
    assert account.several("d") == account.several("e") == ["1", "x"]
    assert account.text("f") == "" and account.several("f") == []


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("yes", Account.need),
        ("[1]", Account.text),
        ("{a: 1}", Account.several),
        ("[[1]]", Account.several),
        ("[yes]", Account.several),
        ("[~]", Account.several),
    ],
)
def test_an_option_that_is_no_text_is_told_with_its_account(
    tmp_path: Path, said: str, read: Callable[[Account, str], object]
) -> None:
    (account,) = load_accounts(write(tmp_path, GOOD + f"    options: {{site_id: {said}}}\n"), KNOWN)
    with pytest.raises(ConfigError, match=r"taobao__lantern: the option site_id is not a .* accounts\.yml"):
        read(account, "site_id")


@pytest.mark.parametrize("said", ["'false'", "0", "off-peak", "~", "[]"])
def test_a_switch_that_is_neither_on_nor_off_is_told_with_its_account(tmp_path: Path, said: str) -> None:
    (account,) = load_accounts(write(tmp_path, GOOD + f"    options: {{late_rows: {said}}}\n"), KNOWN)
    with pytest.raises(ConfigError, match=r"taobao__lantern: the option late_rows is .* accounts\.yml"):
        account.switch("late_rows", True)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match="does not exist"):
        load_accounts(tmp_path / "accounts.yml")


def test_an_account_listed_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r":9 account taobao__lantern is there twice"):
        load_accounts(write(tmp_path, GOOD + GOOD.removeprefix("accounts:\n")))


def test_credentials_are_read_from_either_form_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    json_form = (
        '{"conn_type":"http","host":"http://h:1/x","login":"k","password":"s","extra":{"access_token":"t"}}'
    )
    found = Credentials.from_airflow(json_form, "a__b")
    assert (found.host, found.login, found.password, found.extra) == (
        "http://h:1/x",
        "k",
        "s",
        {"access_token": "t"},
    )
    uri = Credentials.from_airflow("http://k:s%2F1@/?access_token=t", "a__b")
    assert (uri.login, uri.password, uri.extra["access_token"]) == ("k", "s/1", "t")
    monkeypatch.setenv("AIRFLOW_CONN_A__B", json_form)
    assert Credentials.from_environment("a__b") == found


AROUND = "\ufeff{}\r\n"


def test_what_a_file_or_a_clipboard_leaves_around_a_secret_is_no_part_of_it() -> None:
    given = {name: AROUND.format(name) for name in ("login", "password")}
    text = json.dumps(
        {**given, "host": " https://h \n", "extra": {"access_token": AROUND.format("t"), "n": 1}}
    )
    found = Credentials.from_airflow(text, "a__b")
    assert (found.host, found.login, found.password) == ("https://h", "login", "password")
    assert found.extra == {"access_token": "t", "n": 1}


def test_a_connection_that_begins_with_a_byte_order_mark_is_told_as_unreadable() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Credentials.from_airflow('\ufeff{"host": "https://h"}', "a__b")


def test_no_credential_shows_in_a_repr_or_an_error() -> None:
    secret = "hunter2-secret"
    found = Credentials(login=secret, password=secret, extra={"access_token": secret})
    assert secret not in repr(found)
    with pytest.raises(ConfigError) as error:
        Credentials.from_airflow("{" + secret, "a__b")
    assert secret not in str(error.value) and "A__B" in str(error.value)
    with pytest.raises(ConfigError, match="refresh_token"):
        found.need("refresh_token", "a__b")
