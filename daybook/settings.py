"""Daybook's settings: the one module that reads its environment variables."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from extractors import durable
from extractors.errors import ConfigError

MIN_KEY_BYTES = 16
_SIZE = re.compile(r"\d+(\.\d+)? *([kmgt]i?b?|b|bytes?)", re.IGNORECASE)  # as DuckDB accepts them

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """The paths and the time zone of one installation.

    home: project root, with dags/ and dbt_project/. data: everything that Daybook writes. accounts_file:
    accounts.yml. landing: folder or URL (`s3://…`) of the landing files. zone: IANA name of the business
    time zone, in which nights and their days are counted. airflow_home: the files of Daybook's own Airflow
    (AIRFLOW_HOME is not used, because it may be another project's).
    """

    home: Path
    data: Path
    accounts_file: Path
    landing: str
    zone: str
    airflow_home: Path

    @classmethod
    def from_environment(cls) -> Settings:
        """Read DAYBOOK_HOME, _DATA, _ACCOUNTS, _LANDING, _ZONE and _AIRFLOW_HOME; all have defaults.

        Raises ConfigError when the zone is not an IANA name.
        """
        home = Path(os.environ.get("DAYBOOK_HOME") or PROJECT).expanduser().resolve()
        data = Path(os.environ.get("DAYBOOK_DATA") or home / "data").expanduser().resolve()
        zone = os.environ.get("DAYBOOK_ZONE") or "Asia/Shanghai"
        if zone not in available_timezones():
            raise ConfigError(
                f"DAYBOOK_ZONE={zone} is not an IANA time zone",
                advice="write it like Asia/Shanghai or America/New_York",
            )
        return cls(
            home=home,
            data=data,
            accounts_file=Path(os.environ.get("DAYBOOK_ACCOUNTS") or home / "accounts.yml").expanduser(),
            landing=os.environ.get("DAYBOOK_LANDING") or str(data / "landing"),
            zone=zone,
            airflow_home=Path(os.environ.get("DAYBOOK_AIRFLOW_HOME") or home / ".airflow")
            .expanduser()
            .resolve(),
        )

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def inbox(self) -> Path:
        return self.data / "inbox"

    @property
    def tokens(self) -> Path:
        return self.data / "tokens"

    @property
    def build(self) -> Path:
        return self.data / "build"

    @property
    def warehouse(self) -> Path:
        return self.build / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.data / "published"

    @property
    def dbt_project(self) -> Path:
        return self.home / "dbt_project"

    def hash_key(self) -> bytes:
        """The secret key for hashing buyers: DAYBOOK_HASH_KEY, or else a private file that is made once.

        On the first night two tasks may make it at the same moment. The finished file is hard-linked to its
        name, which only one of them can do, so both get the same key. Raises ConfigError for a short key.
        """
        given = os.environ.get("DAYBOOK_HASH_KEY")
        if given:
            return _long_enough(given.encode(), "DAYBOOK_HASH_KEY")
        path = self.data / "keys" / "hash.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_name(f".{secrets.token_hex(8)}")
            durable.write(draft, secrets.token_hex(32), mode=0o600)
            try:
                path.hardlink_to(draft)
                # Flushed to disk: if a power cut lost the key, every buyer would get a new hash.
                for folder in (path.parent, self.data):
                    durable.fsync(folder)
            except FileExistsError:
                return _long_enough(path.read_bytes().strip(), str(path))
            finally:
                draft.unlink()
        return _long_enough(path.read_bytes().strip(), str(path))


def port_asked_for() -> int | None:
    """DAYBOOK_PORT; None when it is not set. Raises ConfigError when it is not a port number."""
    asked = os.environ.get("DAYBOOK_PORT")
    if not asked:
        return None
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise ConfigError(f"DAYBOOK_PORT={asked} is not a port", advice="write a number such as 8080")
    return int(asked)


def check_memory() -> None:
    """Raises ConfigError when DAYBOOK_MEMORY, which dbt's profile reads, is not a size such as 3GB.

    DuckDB would take `none`, `-1` and any other number below 0 as "no limit". The kernel would end a build
    without a limit where a limited one goes on to the disk.
    """
    asked = os.environ.get("DAYBOOK_MEMORY")
    if asked and not _SIZE.fullmatch(asked.strip()):
        raise ConfigError(
            f"DAYBOOK_MEMORY={asked} is not a size",
            advice="write it like 3GB; a build must have a limit, so none and -1 are refused",
        )


def _long_enough(key: bytes, place: str) -> bytes:
    """The key itself. Raises ConfigError for a short one: whoever guesses it can recover buyers'
    identities."""
    if len(key.strip()) < MIN_KEY_BYTES:
        raise ConfigError(
            f"the key that hides buyers is empty or short ({place})",
            advice=f"restore the previous key, or write one of at least {MIN_KEY_BYTES} characters; "
            "with a different key every buyer counts as new",
        )
    return key
