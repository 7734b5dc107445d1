"""The folder of Daybook's Airflow: its generated secrets and password, and its processes' environment."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from daybook.settings import PROJECT, Settings
from extractors import durable
from extractors.errors import ConfigError

USER = "admin"
DEFAULT_PORT = 8080
_SECRETS = ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY")


def passwords_file(settings: Settings) -> Path:
    return settings.airflow_home / "passwords.json"


def password(settings: Settings) -> str:
    """The password of the user `admin`, made on first use. Raises ConfigError when it cannot be read."""
    prepare_home(settings)
    try:
        return str(json.loads(passwords_file(settings).read_text())[USER])
    except (ValueError, LookupError, TypeError):
        raise ConfigError(
            f"{passwords_file(settings)} holds no password of {USER}",
            advice="remove the file: a new password is made",
        ) from None


def prepare_home(settings: Settings) -> None:
    """Create Airflow's folder with its secrets and password, readable by the owner only.

    Existing files are not changed.
    """
    home = settings.airflow_home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (home / "secrets.env").exists():
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        values = (secrets.token_urlsafe(64), secrets.token_urlsafe(48), fernet)
        text = "".join(f"{name}={value}\n" for name, value in zip(_SECRETS, values, strict=True))
        durable.replace(home / "secrets.env", text, mode=0o600)
    if not passwords_file(settings).exists():
        text = json.dumps({USER: secrets.token_urlsafe(18)}) + "\n"
        durable.replace(passwords_file(settings), text, mode=0o600)


def environment(settings: Settings, port: int = DEFAULT_PORT) -> dict[str, str]:
    """The variables that Airflow's processes need in addition to the caller's environment.

    AIRFLOW__… variables that the caller has set are left out, so that the caller's values count.

    port: where the API server listens on loopback.
    """
    prepare_home(settings)
    url = f"http://127.0.0.1:{port}"
    wanted = {
        "PROJECT_ROOT": str(settings.home if (settings.home / "dags").is_dir() else PROJECT),
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW_CONFIG": str(PROJECT / "airflow.cfg"),
        "DAYBOOK_HOME": str(settings.home),
        "DAYBOOK_DATA": str(settings.data),
        "DAYBOOK_ACCOUNTS": str(settings.accounts_file),
        "DAYBOOK_LANDING": settings.landing,
        "DAYBOOK_ZONE": settings.zone,
        "DAYBOOK_AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": settings.zone,
        # Nothing phones home, and logs stay free of colour codes.
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DBT_USE_COLORS": "False",
        **dict(line.split("=", 1) for line in (settings.airflow_home / "secrets.env").read_text().split()),
    }
    if port != DEFAULT_PORT:
        wanted |= {
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        }
    return {name: value for name, value in wanted.items() if name not in os.environ or not _ours(name)}


def child_environment(settings: Settings, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of an Airflow process: the caller's, ours, and `extra` (connections)."""
    result = {**os.environ, **environment(settings, port), **extra}
    result.pop("PYTHONDONTWRITEBYTECODE", None)  # without .pyc files every task needs two seconds more
    return result


def in_this_process(settings: Settings) -> bool:
    """Set the environment so that `import airflow` in this process uses Daybook's Airflow.

    Returns False, and sets nothing, when that has no database yet.
    """
    database = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    if not database and not (settings.airflow_home / "airflow.db").exists():
        return False
    os.environ.update(environment(settings))
    return True


def _ours(name: str) -> bool:
    """Whether a variable may be overridden by the caller's environment (PostgreSQL, secrets of a vault)."""
    return name.startswith("AIRFLOW__")
