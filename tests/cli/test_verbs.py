"""Every verb explains itself, and every mistake gets one readable block and an exit status."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import warm

from daybook.cli import VERBS
from daybook.doctor import machine

WANTED = set(
    ["doctor", "sandbox", "extract", "load", "build", "publish", "backfill", "import", "rollback", "status"]
)


@pytest.fixture
def daybook(tmp_path: Path, project_root: Path):  # type: ignore[no-untyped-def]
    """Runs the real command in folders of its own."""
    own = {
        "DAYBOOK_DATA": str(tmp_path / "data"),
        "DAYBOOK_AIRFLOW_HOME": str(tmp_path / "airflow"),
        "COLUMNS": "200",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "DAYBOOK"))}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return warm.run(warm.DAYBOOK, "daybook", *words, folder=project_root, env={**clean, **own, **more})

    return run


def write_accounts(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_verbs_of_the_design_are_there():
    assert set(VERBS) >= WANTED


def test_two_files_of_one_name_are_both_read_and_an_unfinished_one_is_not_passed_over(daybook, tmp_path):
    for month, day in (("jan", "2026-01-05"), ("feb", "2026-02-05")):
        (tmp_path / month).mkdir()
        (tmp_path / month / "rates.csv").write_text(f"currency,rate_date,units_per_usd\nCNY,{day},7.1\n")
    answer = daybook("import", "fx_rates", str(tmp_path / "jan/rates.csv"), str(tmp_path / "feb/rates.csv"))
    assert answer.returncode == 0 and "2 tables landed, 2 rows" in answer.stdout, (
        answer.stdout + answer.stderr
    )
    (tmp_path / "march.tmp").write_text("currency,rate_date,units_per_usd\nCNY,2026-03-05,7.1\n")
    refused = daybook("import", "fx_rates", str(tmp_path / "march.tmp"))
    assert refused.returncode == 2 and "still being written" in refused.stderr


def test_a_key_that_anybody_could_guess_is_refused(daybook, tmp_path):
    key = tmp_path / "data" / "keys" / "hash.key"
    key.parent.mkdir(parents=True)
    key.write_text("")
    answer = daybook("import", "files__online_retail")
    assert answer.returncode == 2 and str(key) in answer.stderr and "→" in answer.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_help_with_examples(project_root, verb):
    """By a start of its own: what is said while modules are imported, a warm one has behind it."""
    command = [sys.executable, "-m", "daybook", verb, "--help"]
    answer = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Examples:" in answer.stdout
    assert f"daybook {verb}" in answer.stdout
    assert answer.stderr == ""


def test_the_command_lists_every_verb_with_one_line(daybook):
    answer = daybook("--help")
    assert answer.returncode == 0
    for verb, line in VERBS.items():
        assert verb in answer.stdout
        assert line.split()[0] in answer.stdout


def test_an_unknown_verb_is_a_usage_error(daybook):
    answer = daybook("frobnicate")
    assert answer.returncode == 2
    assert "No such command 'frobnicate'" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("verb", [["status"], ["doctor"], ["night"], ["extract"], ["load"]])
def test_a_missing_accounts_file_is_named_with_what_to_do(daybook, tmp_path, verb):
    gone = str(tmp_path / "nowhere.yml")
    answer = daybook(*verb, DAYBOOK_ACCOUNTS=gone)
    assert answer.returncode == 2
    assert gone in answer.stderr
    assert "→" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_wrong_line_in_accounts_is_named_by_its_number(daybook, tmp_path):
    path = write_accounts(
        tmp_path / "accounts.yml",
        "accounts:\n  - id: taobao__x\n    name: X\n    store: x\n    time_zone: Shanghai\n    currency: CNY\n",
    )
    answer = daybook("status", DAYBOOK_ACCOUNTS=path)
    assert answer.returncode == 2
    assert "accounts.yml:5" in answer.stderr
    assert "Asia/Shanghai" in answer.stderr


def test_an_empty_list_of_accounts_is_refused(daybook, tmp_path):
    answer = daybook("status", DAYBOOK_ACCOUNTS=write_accounts(tmp_path / "accounts.yml", "accounts: []\n"))
    assert answer.returncode == 2
    assert "lists no account" in answer.stderr


def test_an_unknown_account_is_named_with_those_that_exist(daybook):
    answer = daybook("extract", "taobao__nobody")
    assert answer.returncode == 2
    assert "taobao__nobody" in answer.stderr
    assert "taobao__lantern" in answer.stderr


def test_an_account_without_credentials_says_which_variable_to_set(daybook):
    answer = daybook("extract", "taobao__lantern", "ga4__lantern")
    assert answer.returncode == 2
    for name in ("AIRFLOW_CONN_TAOBAO__LANTERN", "AIRFLOW_CONN_GA4__LANTERN"):
        assert name in answer.stderr, "one account's trouble must not hide the next one's"


def test_an_unreadable_connection_shows_none_of_its_text(daybook):
    answer = daybook("extract", "taobao__lantern", AIRFLOW_CONN_TAOBAO__LANTERN='{"password": "hunter2"')
    assert answer.returncode == 2
    assert "taobao__lantern" in answer.stderr
    assert "hunter2" not in answer.stderr + answer.stdout


def test_a_platform_that_cannot_be_reached_fails_that_account_and_says_so(daybook):
    connection = json.dumps(
        {
            "conn_type": "http",
            "host": "http://127.0.0.1:9",
            "login": "k",
            "password": "hunter2",
            "extra": {"access_token": "hunter3"},
        }
    )
    answer = daybook(
        "doctor", "--account", "taobao__lantern", "--no-sandbox", AIRFLOW_CONN_TAOBAO__LANTERN=connection
    )
    assert answer.returncode == 1
    assert "http://127.0.0.1:9 cannot be reached" in answer.stdout
    assert "hunter" not in answer.stdout + answer.stderr


def test_a_zone_that_does_not_exist_is_named(daybook):
    answer = daybook("status", DAYBOOK_ZONE="Asia/Shangai")
    assert answer.returncode == 2
    assert "Asia/Shangai" in answer.stderr


def test_a_port_in_use_is_named_when_somebody_asked_for_it(daybook):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = daybook("night", DAYBOOK_PORT=port)
    assert answer.returncode == 2
    assert f"port {port} on 127.0.0.1 is in use" in answer.stderr


@pytest.mark.parametrize("port", ["99999", "0", "eighty"])
def test_a_port_that_is_none_is_named(daybook, port):
    answer = daybook("night", DAYBOOK_PORT=port)
    assert answer.returncode == 2
    assert f"DAYBOOK_PORT={port} is not a port" in answer.stderr


@pytest.mark.parametrize("place", ["file", "file/below", "nosuch://bucket/landing"])
@pytest.mark.parametrize("verb", [["status"], ["load"], ["import", "fx_rates"], ["doctor"]])
def test_a_landing_that_can_be_none_is_named(daybook, tmp_path, verb, place):
    (tmp_path / "file").write_text("")
    where = place if "://" in place else str(tmp_path / place)
    answer = daybook(*verb, DAYBOOK_LANDING=where)
    assert answer.returncode in (1, 2)
    said = answer.stderr + answer.stdout
    assert f"landing cannot be at {where}" in said and "→ set DAYBOOK_LANDING" in said
    assert "a bug in Daybook" not in said


@pytest.mark.parametrize("pace", ["-1", "0", "fast", ".nan", ".inf", "true"])
def test_a_pace_that_is_none_is_named_by_its_line(daybook, tmp_path, pace):
    path = write_accounts(
        tmp_path / "accounts.yml",
        "accounts:\n  - id: taobao__x\n    name: X\n    store: x\n    time_zone: Asia/Shanghai\n"
        f"    currency: CNY\n    options:\n      calls_per_second: {pace}\n",
    )
    answer = daybook("status", DAYBOOK_ACCOUNTS=path)
    assert answer.returncode == 2
    assert "accounts.yml:7 options: calls_per_second:" in answer.stderr and "above 0" in answer.stderr


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("ftp://shop.example.com", "the connection's host is ftp://shop.example.com, without https://"),
        ("", "the connection has no host"),
        ("a..b", "the connection's host is https://a..b, which is no address"),
        ("x" * 64 + ".com", ".com, which is no address"),
        (
            "shop.example.com:abc",
            "the connection's host is https://shop.example.com:abc, which is no address",
        ),
        ("http://[::1", "the connection's host is http://[::1, which is no address"),
        ("http://", "the connection's host is http://, which is no address"),
        ("a b.example", "the connection's host is https://a b.example, which is no address"),
        ("https://u:hunter2/x@a..b/p", "the connection's host is https://a..b/p, which is no address"),
        ("https://a.example/?secret=hunter2", "is https://a.example/, with a query behind it"),
        ("https://a.example/?u=me@b.example&secret=hunter2", "is https://…, with a query behind it"),
    ],
)
@pytest.mark.parametrize("verb", [["doctor", "--no-sandbox"], ["extract"]])
def test_a_host_that_is_no_address_is_told_from_one_that_does_not_answer(daybook, tmp_path, host, said, verb):
    path = write_accounts(
        tmp_path / "accounts.yml",
        "accounts:\n  - id: shopify__mine\n    name: Mine\n    store: mine\n    time_zone: Europe/Berlin\n"
        "    currency: EUR\n",
    )
    connection = json.dumps({"conn_type": "http", "host": host, "login": "key", "password": "secret"})
    answer = daybook(*verb, DAYBOOK_ACCOUNTS=path, AIRFLOW_CONN_SHOPIFY__MINE=connection)
    told = answer.stdout + answer.stderr
    assert answer.returncode == (1 if verb[0] == "doctor" else 2)
    assert "shopify__mine" in told and said in told and "as in https://shop.example.com" in told
    assert "hunter2" not in told and "Traceback" not in told


@pytest.mark.parametrize(
    "words", [["backfill", "2026-01-01", "2999-01-01"], ["night", "--day", "2999-01-01"]]
)
def test_airflow_is_not_asked_for_a_day_that_is_not_over(daybook, words):
    answer = daybook(*words)
    assert answer.returncode == 2
    assert "2999-01-01 has not ended" in answer.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backfill", "2026-01-02", "2026-01-01"], "TO is before FROM"),
        (["backfill", "yesterday", "2026-01-01"], "does not match the format"),
        (["extract", "--from", "2026-01-01"], "--from and --to belong together"),
        (["import", "taobao__lantern"], "not from files"),
        (["import", "files__online_retail", "/nowhere.csv"], "does not exist"),
        (["load", "--platform", "tabao"], "unknown platform"),
        (["extract", "--stream", "nosuch"], "no stream 'nosuch'"),
        (["extract", "taobao__lantern", "--stream", "traffic"], "no stream 'traffic' in taobao__lantern"),
        (["extract", "--day", "0001-01-01"], "0001-01-01 is not between 2000-01-01"),
        (["extract", "--from", "2026-01-01", "--to", "9999-12-31"], "9999-12-31 is not between"),
        (["night", "--day", "0001-01-01"], "0001-01-01 is not between"),
        (["backfill", "0001-01-01", "2026-01-01"], "0001-01-01 is not between"),
        (["backfill", "2001-01-01", "2026-01-01"], "9,132 days, and each is a run"),
    ],
)
def test_a_misused_verb_says_what_is_wrong(daybook, words, said):
    answer = daybook(*words)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nothing_to_roll_back_to_is_an_error_with_advice(daybook):
    answer = daybook("rollback")
    assert answer.returncode == 1
    assert "→ publish first" in answer.stderr


def test_status_on_a_fresh_clone_says_that_nothing_was_read_and_nothing_is_published(daybook):
    answer = daybook("status")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("never read") >= 8
    assert "nothing yet" in answer.stdout


@pytest.mark.parametrize(
    ("moment", "told"),
    [("2026-11-29 16:00:00+00:00", "data through 2026-11-30 00:00 CST"), (None, "no data yet")],
)
def test_how_far_the_marts_reach_is_told_by_the_clock_of_the_business_zone(daybook, tmp_path, moment, told):
    release = tmp_path / "data/published/releases/20261130T010000000Z-abcdef"
    release.mkdir(parents=True)
    (release / ".published").touch()
    facts = {
        "created_at": "2026-11-30T01:00:00+00:00",
        "data_through": moment,
        "bytes": 1,
    }
    (release / "release.json").write_text(json.dumps({**facts, "tables": {}, "restated": 0, "forced": []}))
    (tmp_path / "data/published/current").symlink_to(release)
    for verb in (["status"], ["rollback", "--list"]):
        assert told in daybook(*verb).stdout


def test_doctor_warns_of_a_misspelt_variable(daybook):
    answer = daybook(
        "doctor", "--account", "files__online_retail", DAYBOOK_ACOUNTS="x", AIRFLOW_CONN_TAOBAO__LANTRN="x"
    )
    assert "DAYBOOK_ACOUNTS" in answer.stdout
    assert answer.returncode == 0


def test_doctor_tells_of_an_account_under_another_id(daybook, tmp_path):
    rates = tmp_path / "sales.csv"
    rates.write_text("currency,rate_date,units_per_usd\nCNY,2026-03-05,7.1\n")
    entry = (
        "accounts:\n  - id: files__{0}\n    name: X\n    store: x\n    time_zone: UTC\n    currency: CNY\n"
    )
    path = tmp_path / "accounts.yml"
    write_accounts(path, entry.format("old"))
    assert daybook("import", "fx_rates", str(rates), DAYBOOK_ACCOUNTS=str(path)).returncode == 0
    with duckdb.connect(str(tmp_path / "data/build/warehouse.duckdb")) as con:  # as a read of it leaves it
        con.execute("update raw_daybook.ledger set account_id = 'files__old'")
    for name, told in (("old", False), ("new", True)):
        write_accounts(path, entry.format(name))
        answer = daybook("doctor", DAYBOOK_ACCOUNTS=str(path))
        assert ("has it in place of files__old" in answer.stdout) == told, answer.stdout


@pytest.mark.parametrize(("second", "is_told"), [("1", True), ("2", False)])
def test_doctor_tells_of_two_accounts_that_read_the_same(daybook, tmp_path, second, is_told):
    entry = (
        "  - id: ocean_engine__{0}\n    name: X\n    store: x\n    time_zone: Asia/Shanghai\n"
        '    currency: CNY\n    options: {{advertiser_id: "{1}"}}\n'
    )
    text = "accounts:\n" + entry.format("a", "1") + entry.format("b", second)
    path = write_accounts(tmp_path / "accounts.yml", text)
    same = json.dumps({"conn_type": "http", "host": "http://127.0.0.1:9", "login": "app", "password": "x"})
    own = {f"AIRFLOW_CONN_OCEAN_ENGINE__{name}": same for name in "AB"}
    answer = daybook("doctor", "--no-sandbox", DAYBOOK_ACCOUNTS=path, **own)
    told = "has the connection and options of ocean_engine__a" in answer.stdout
    assert told == is_told, answer.stdout


def test_doctor_tells_of_a_start_to_come_and_of_a_currency_without_rates(daybook, tmp_path):
    entry = "  - {{id: files__{0}, name: X, store: {0}, time_zone: UTC, currency: {1}, start: {2}}}\n"
    text = "accounts:\n" + entry.format("a", "RMB", "2020-01-01") + entry.format("b", "USD", "2999-01-01")
    path = write_accounts(tmp_path / "accounts.yml", text)
    told = daybook("doctor", DAYBOOK_ACCOUNTS=path).stdout
    assert told.count("which is in the future") == 1 and "RMB: no rate of this currency is known" in told, (
        told
    )
    assert "begins on 2999-01-01, which is in the future" in told and "USD: no rate" not in told, told
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate_date,units_per_usd\nRMB,2026-03-05,7.1\n")
    assert daybook("import", "fx_rates", str(rates), DAYBOOK_ACCOUNTS=path).returncode == 0
    assert "no rate" not in daybook("doctor", DAYBOOK_ACCOUNTS=path).stdout


@pytest.mark.parametrize(
    ("given", "level", "said"),
    [
        ({}, "ok", "are shown in Airflow only"),
        ({"DAYBOOK_NOTIFY_WEBHOOK": "oapi.dingtalk.com/robot?access_token=SECRET"}, "bad", "is no address"),
        (
            {"DAYBOOK_NOTIFY_WEBHOOK": "http://127.0.0.1:9/hook?access_token=SECRET"},
            "warn",
            "127.0.0.1 cannot",
        ),
        ({"DAYBOOK_NOTIFY_WEBHOOK": "https://hooks..example/SECRET"}, "warn", "hooks..example cannot"),
        ({"DAYBOOK_NOTIFY_WEBHOOK": "ftp://127.0.0.1:{open}/SECRET"}, "bad", "is no address"),
        ({"DAYBOOK_NOTIFY_WEBHOOK": "http://127.0.0.1:{open}/SECRET"}, "ok", "127.0.0.1 can be reached"),
        (
            {"DAYBOOK_NOTIFY_EMAIL": "a@b", "DAYBOOK_SMTP": "smtp://u:SECRET@127.0.0.1:9"},
            "warn",
            "nobody would",
        ),
        ({"DAYBOOK_NOTIFY_EMAIL": "a@b", "DAYBOOK_SMTP": "127.0.0.1:{open}"}, "bad", "is no address"),
        ({"DAYBOOK_NOTIFY_EMAIL": "a@b", "DAYBOOK_SMTP": "smtp://127.0.0.1:{open}"}, "ok", "can be reached"),
    ],
)
def test_doctor_tells_whether_failures_would_reach_somebody(monkeypatch, given, level, said):
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        told = {name: value.replace("{open}", port) for name, value in given.items()}
        (finding,) = machine.messengers(told)
    assert finding.level == level and said in finding.said
    assert "SECRET" not in f"{finding}"


@pytest.mark.parametrize(("bypassed", "level"), [("elsewhere.example", "ok"), ("127.0.0.1", "warn")])
def test_a_webhook_behind_a_proxy_is_not_tried_directly(monkeypatch, bypassed, level):
    """The sending goes through the proxy; a firewall that forbids all else is no fault of the address."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", bypassed)
    (finding,) = machine.messengers({"DAYBOOK_NOTIFY_WEBHOOK": "http://127.0.0.1:9/SECRET"})
    assert finding.level == level and "SECRET" not in f"{finding}"


def test_doctor_tells_of_a_store_that_is_almost_a_shops(daybook, tmp_path):
    entry = "  - {{id: {0}, name: X, store: {1}, time_zone: UTC, currency: USD}}\n"
    given = [("woocommerce__a", "lantern_web"), ("umami__a", "lantern_wbe"), ("umami__b", "offline")]
    text = "accounts:\n" + "".join(entry.format(*one) for one in [*given, ("umami__c", "lantern_web")])
    path = write_accounts(tmp_path / "accounts.yml", text)
    told = daybook("doctor", "--no-sandbox", DAYBOOK_ACCOUNTS=path).stdout
    assert told.count("which no shop has") == 1 and "(did you mean lantern_web?)" in told, told


def test_doctor_tells_of_an_option_that_its_platform_does_not_know(daybook, tmp_path):
    entry = "  - {id: woocommerce__a, name: X, store: a, time_zone: UTC, currency: USD, options: {call_per_second: 4}}"
    path = write_accounts(tmp_path / "accounts.yml", f"accounts:\n{entry}\n")
    answer = daybook("doctor", "--no-sandbox", DAYBOOK_ACCOUNTS=path, AIRFLOW_CONN_WOOCOMMERCE__A="{}")
    assert answer.returncode == 1 and "unknown option call_per_second" in answer.stdout, answer.stdout
    assert "→ woocommerce knows: calls_per_second" in answer.stdout


def test_doctor_knows_the_accounts_it_is_not_asked_about(daybook):
    answer = daybook("doctor", "--account", "files__online_retail", AIRFLOW_CONN_TAOBAO__LANTERN="{}")
    assert "11 accounts" in answer.stdout and "no such account" not in answer.stdout


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DAYBOOK_HASH_KEY", "short", "the key that hides buyers is empty or short"),
        ("DAYBOOK_MEMORY", "lots", "lots is not a size"),
        ("DAYBOOK_MEMORY", "none", "none is not a size"),
        ("DAYBOOK_MEMORY", "-1", "-1 is not a size"),
    ],
)
def test_doctor_tells_of_a_value_that_would_stop_the_night(daybook, variable, value, said):
    answer = daybook("doctor", "--account", "files__online_retail", **{variable: value})
    assert answer.returncode == 1 and said in answer.stdout and "→" in answer.stdout


def test_a_memory_that_is_no_size_is_named_before_anything_is_built(daybook, tmp_path):
    answer = daybook("build", DAYBOOK_MEMORY="lots")
    assert answer.returncode == 2 and "DAYBOOK_MEMORY=lots is not a size" in answer.stderr, answer
    assert "Traceback" not in answer.stdout + answer.stderr and not list(tmp_path.rglob("*.duckdb"))


def test_the_environment_for_airflow_holds_generated_secrets_that_stay_the_same(daybook, tmp_path):
    first, second = daybook("env"), daybook("env")
    assert first.returncode == 0
    assert first.stdout == second.stdout
    assert "AIRFLOW__API_AUTH__JWT_SECRET" in first.stdout
    for name in ("secrets.env", "passwords.json"):
        assert (tmp_path / "airflow" / name).stat().st_mode & 0o077 == 0, name
    password = json.loads((tmp_path / "airflow" / "passwords.json").read_text())["admin"]
    assert len(password) >= 20
    assert password not in first.stdout


def test_an_error_shows_its_traceback_only_when_asked(daybook, tmp_path):
    gone = str(tmp_path / "nowhere.yml")
    assert "Traceback" in daybook("--debug", "status", DAYBOOK_ACCOUNTS=gone).stderr
