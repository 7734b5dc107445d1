"""No secret and no personal data in anything a run with faults writes or says; names and paths cannot be broken out of."""

from __future__ import annotations

import json
import random
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from contract_bench import ACCOUNTS, TESTED, connection
from files_shop import Shop
from test_privacy import CANARY, planted

from extractors.accounts import AccountsError, load_accounts
from extractors.registry import streams_of
from extractors.sandbox import Running, running
from extractors.sandbox.control import Fault
from extractors.sandbox.server import SandboxError, listen
from prove.conftest import SEED, Notebook, count
from prove.home import Home, unpacked
from prove.record import ROOT
from prove.world import BUILT, World

EXPERIMENT = "nothing leaks, nothing escapes"
PATIENT = {"meta", "pinduoduo", "ga4", "uc_huichuan"}


class Planter:
    """Puts personal data into every object of every list that the sandbox answers with."""

    def __init__(self, app: Any) -> None:
        self.app, self.planted = app, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        start: dict[str, Any] = {}
        body = bytearray()

        async def hold(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, hold)
        if start:
            sent = planted(bytes(body)) if start["status"] == 200 else bytes(body)
            headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            await send({**start, "headers": [*headers, (b"content-length", str(len(sent)).encode())]})
            await send({"type": "http.response.body", "body": sent})


@pytest.fixture(scope="module")
def planting() -> Iterator[Running]:
    with running() as box:
        box.sandbox.app.add_middleware(Planter)
        yield box


def secrets_of(home: Home) -> list[str]:
    """Everything in the connections and token files that nobody else may see."""
    found: list[str] = ["the key of this experiment"]
    for given in home.connections.values():
        found += [str(given["password"] or "")]
        found += [
            str(v) for k, v in given["extra"].items() if any(w in k for w in ("token", "secret", "key"))
        ]
    for path in home.data.glob("tokens/*.json"):
        kept = json.loads(path.read_text())
        found += [kept["access_token"] or "", kept["refresh_token"] or ""]
    return [value for value in found if len(value) > 7]


def searched(home: Home, said: str, needles: list[str]) -> int:
    """How many files and tables were searched. Asserts that none holds a needle."""

    def hold(text: bytes, where: object) -> None:
        for needle in needles:
            assert needle.encode() not in text, f"{where} holds {needle[:12]}…"

    hold(said.encode(), "what was said")
    places = 1
    private = (home.data / "tokens", home.data / "keys")
    for path in sorted(home.data.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.is_relative_to(private[0]):
            continue
        if path.is_relative_to(private[1]):
            continue
        hold(unpacked(path) if path.suffix == ".zst" else path.read_bytes(), path)
        places += 1
        if path.suffix == ".duckdb":
            places += _tables(path, hold)
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                rows = con.execute(f"select t::varchar from '{path}' as t").fetchall()
            hold("\n".join(str(row[0]) for row in rows).encode(), path)
    return places


def _tables(path: Path, hold: Any) -> int:
    with duckdb.connect(str(path), read_only=True) as con:
        names = con.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
        ).fetchall()
        for schema, table in names:
            rows = con.execute(f'select t::varchar from "{schema}"."{table}" as t').fetchall()
            hold("\n".join(str(row[0]) for row in rows).encode(), f"{path} {schema}.{table}")
    return len(names)


def disturb(box: Running, chance: random.Random) -> None:
    """Something of everything for every platform."""
    for platform in TESTED:
        for kind in ("http_500", "half_body", "html", "expired_token", "vendor_rate", "empty_page", "reset"):
            box.control.faults.append(Fault(kind, platform, skip=chance.randrange(8), seconds=None))


def test_a_whole_run_with_faults_leaves_no_secret_and_no_personal_data_anywhere(
    planting: Running, world: World, tmp_path: Path, notebook: Notebook
) -> None:
    names = [one for one in world.accounts if one.split("__")[0] not in PATIENT]
    home = world.home("leaks", names, "expired")
    home.connections = {one: connection(planting.base_url, one, "expired") for one in names}
    dead = ACCOUNTS["taobao"][1]
    disturb(planting, random.Random(SEED))
    said = [home.run("extract", "--debug")[1]]  # red: some faults stay
    planting.control.faults.clear()
    said += [home.run("extract", "--debug")[1]]
    revoked = {**home.connections, "taobao__lantern": connection(planting.base_url, dead, "revoked")}
    refused = Home(home.root, home.accounts, revoked)
    _, more = refused.run("extract", "taobao__lantern", "--debug")
    said += [more, home.run("load", "--debug")[1], home.run("status")[1], home.run("doctor")[1]]
    # The marts of two accounts are built: staging of all was searched by the landing and raw of all.
    built = world.home("leaks-built", BUILT, "expired")
    built.connections = {one: connection(planting.base_url, one, "expired") for one in BUILT}
    said += [built.good(word) for word in ("extract", "load", "build", "publish")]
    places = 0
    for place in (home, built):
        needles = [CANARY, *secrets_of(home), *secrets_of(built), *secrets_of(refused)]
        places += searched(place, "\n".join(said), sorted(set(needles)))
        for path in place.data.glob("tokens/*"):
            assert path.stat().st_mode & 0o077 == 0, path
    landed = home.landed()
    assert len(landed) > 30 and sum(map(len, landed.values())) > 1_000, "a run that read little proves little"
    assert len(list(home.data.glob("tokens/*.json"))) > 8, "few tokens were renewed"
    notebook.say("streams read with planted data", len(landed))
    notebook.say("files and tables searched", places)
    notebook.say("secrets looked for", len(set(needles)))
    notebook.say("found", 0)


def test_a_sandboxs_credentials_open_nothing_else_and_it_listens_on_loopback_only(notebook: Notebook) -> None:
    for address in ("0.0.0.0", "192.0.2.1", socket.gethostname()):
        with pytest.raises(SandboxError):
            listen(address, 0)
    for given in (one for platform in TESTED for one in ACCOUNTS[platform]):
        assert connection("http://127.0.0.1:1", given)["host"].startswith("http://127.0.0.1:1/")
    notebook.say("addresses the sandbox refuses", 3)


NASTY = (
    "../../etc/passwd", "a'; drop table raw_files.orders; --", 'a"; drop schema marts; --', "a\x00b", "-rf", "$(touch pwned)",
    "`touch pwned`", "a\nb", "a\tb", "..", ".", "a/b", "a\\b", "%2e%2e%2f", "a" * 300, "имя", "名字", "a{0}b", "{{ env_var('HOME') }}",
    "a;b", "a|b", "a&b", "*", "?", "~root", "con", "a'||(select 1)||'", "/* */", "a--b", "\u202eabc", "a' or '1'='1",
)  # fmt: skip


def nasty(chance: random.Random) -> str:
    """A name that somebody might hope to break out with."""
    parts = [chance.choice(NASTY) for _ in range(chance.randint(1, 2))]
    return chance.choice(("", "taobao__", "files__shop")) + chance.choice(("", "_", " ")).join(parts)


def test_no_account_name_escapes(tmp_path: Path, notebook: Notebook) -> None:
    chance = random.Random(SEED)
    known = {name: set(streams) for name, streams in streams_of().items()}
    tried, refused = count(1000, 100), 0
    path = tmp_path / "accounts.yml"
    for number in range(tried):
        entry: dict[str, Any] = {
            "id": "taobao__shop", "name": "Shop", "store": "shop", "time_zone": "Asia/Shanghai", "currency": "CNY",
        }  # fmt: skip
        spoilt = chance.choice(("id", "store", "time_zone", "currency", "streams"))
        entry[spoilt] = [nasty(chance)] if spoilt == "streams" else nasty(chance)
        path.write_text(yaml.safe_dump({"accounts": [entry]}, allow_unicode=True), encoding="utf-8")
        try:
            (account,) = load_accounts(path, known)
        except AccountsError as error:
            assert str(path) in str(error), number
            refused += 1
        else:
            assert re.fullmatch(r"(taobao|files)__[a-z0-9_]{1,92}", account.id), account.id
            assert re.fullmatch(r"[a-z0-9_]{1,100}", account.store_id), account.store_id
    assert refused > tried * 0.9
    notebook.say("names of accounts tried", tried)


HEADERS = ("order", "sku", "qty", "price", "when", "who")


def test_no_file_name_and_no_header_escapes(tmp_path: Path, notebook: Notebook) -> None:
    chance = random.Random(SEED)
    tried = count(300, 30)
    rows = 0
    for number in range(tried):
        headers = [f"{nasty(chance)} {place}".replace("\n", " ").replace("\x00", "") for place in HEADERS]
        columns = ("order_id", "product_id", "quantity", "unit_price", "paid_at", "buyer")
        mapping = {
            "name": "fuzzed", "title": "Fuzzed", "row": "order_line",
            "columns": dict(zip(columns, headers, strict=True)),
        }  # fmt: skip
        shop = Shop(tmp_path / f"shop{number}", yaml.safe_dump(mapping, allow_unicode=True))
        quoted = ",".join('"' + text.replace('"', '""') + '"' for text in headers)
        name = nasty(chance).replace("/", "∕").replace("\x00", "")[:80].strip(".") or "x"
        inside = chance.choice(NASTY).replace('"', '""').replace("\x00", "")
        body = f'{quoted}\nA-1,"{inside}",1,2.50,2026-11-01 10:00:00,b1\n'
        shop.drop(f"{name}.csv", body)
        shop.land()
        shop.load()
        strangers = {path.name for path in shop.home.iterdir()} - {"inbox", "mappings", "landing", "build"}
        assert not strangers, f"{name!r} wrote {strangers}"
        if shop.errors:
            assert all(error.advice for error in shop.errors), shop.errors
        else:
            with duckdb.connect(str(shop.warehouse), read_only=True) as con:
                found = con.execute("select count(*) from raw_files.orders").fetchone()
            assert found is not None and found[0] == 1, f"{name!r} with {headers} landed {found}"
            rows += 1
        shutil.rmtree(shop.home)
    assert rows > tried // 4, "nearly all were refused: the loader met few"
    assert not (ROOT / "pwned").exists() and not Path("pwned").exists()
    notebook.say("file names and headers tried", tried)
    notebook.say("of which loaded whole", rows)
