"""Where things are: the one module that reads Daybook's environment variables."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from extractors import durable
from extractors.errors import ConfigError

SHORTEST_KEY = 16  # bytes
_SIZE = re.compile(r"\d+(\.\d+)? *([kmgt]i?b?|b|bytes?)", re.IGNORECASE)  # what DuckDB takes for one

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """The places and the zone of one Daybook.

    home: project root, with dags/ and dbt_project/. data: everything Daybook writes. accounts_file:
    accounts.yml. landing: folder or URL (`s3://…`) of the landing files. zone: IANA name of the business
    time zone, in which a night's day is counted. airflow_home: our Airflow's own files (not AIRFLOW_HOME,
    which may be another project's).
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
        """The secret that turns buyers into keys: DAYBOOK_HASH_KEY, else a private file made once.

        Two tasks may ask for it at the same moment on the first night: the file is linked into place whole,
        so both get the first one's key.
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
                for folder in (path.parent, self.data):  # lost in a power cut, every buyer would be a new one
                    durable.fsync(folder)
            except FileExistsError:
                return _long_enough(path.read_bytes().strip(), str(path))
            finally:
                draft.unlink()
        return _long_enough(path.read_bytes().strip(), str(path))


def port_asked_for() -> int | None:
    """DAYBOOK_PORT; None leaves the choice to Daybook. Raises ConfigError when it is no port."""
    asked = os.environ.get("DAYBOOK_PORT")
    if not asked:
        return None
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise ConfigError(f"DAYBOOK_PORT={asked} is not a port", advice="write a number such as 8080")
    return int(asked)


def check_memory() -> None:
    """Raises ConfigError when DAYBOOK_MEMORY, which dbt's profile reads, is no size.

    DuckDB would take `none`, `-1` and any number below 0 for "no limit". A build without one is ended by the
    kernel where another goes on to the disk.
    """
    asked = os.environ.get("DAYBOOK_MEMORY")
    if asked and not _SIZE.fullmatch(asked.strip()):
        raise ConfigError(
            f"DAYBOOK_MEMORY={asked} is no size",
            advice="write it like 3GB; none and -1 are no limit, and a build has one",
        )


def _long_enough(key: bytes, place: str) -> bytes:
    """The key. Raises ConfigError for one that anybody could guess: buyers would be known by it."""
    if len(key.strip()) < SHORTEST_KEY:
        raise ConfigError(
            f"the key that hides buyers is empty or short ({place})",
            advice=f"give back the key of before, or write one of at least {SHORTEST_KEY} characters: "
            "under another key every buyer is a new one",
        )
    return key
