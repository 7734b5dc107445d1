"""The few calls of Airflow's REST API that a night needs.

Lists are read by GET. Their POST variants write an audit log to the database from the server's event loop,
which can block SQLite (see daybook.engine.ask).
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import requests

from extractors.errors import DaybookError

PAGE = 100  # Airflow's maximum page size


class AirflowApi:
    """Airflow's public API on loopback, logged in as the generated user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._http = requests.Session()
        self._http.trust_env = False  # loopback is never behind a proxy

    def healthy(self) -> dict[str, str | None]:
        """Component → status; empty while the server does not answer."""
        try:
            answer = self._http.get(f"{self.url}/api/v2/monitor/health", timeout=5)
        except requests.RequestException:
            return {}
        return {name: part["status"] for name, part in answer.json().items()} if answer.ok else {}

    def log_in(self) -> None:
        """Log in as the generated user. Raises DaybookError when the server refuses the password."""
        answer = self._http.post(f"{self.url}/auth/token", json=self._login, timeout=30)
        if answer.status_code != 201:
            raise DaybookError(
                f"Airflow at {self.url} refused the login (HTTP {answer.status_code})",
                advice="another Airflow listens there, or passwords.json changed while it ran: restart it",
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def dag(self, dag_id: str) -> dict[str, Any]:
        return self._get(f"/dags/{dag_id}")

    def import_errors(self) -> list[str]:
        return [error["stack_trace"] for error in self._get("/importErrors")["import_errors"]]

    def runs(self, since: datetime) -> list[dict[str, Any]]:
        """Runs of all DAGs that changed at or after `since`."""
        return self._all("/dags/~/dagRuns", "dag_runs", since)

    def is_active(self, dag_id: str) -> bool:
        """Whether a run of the DAG is queued or running."""
        return bool(
            self._get(f"/dags/{dag_id}/dagRuns", state=["queued", "running"], limit=1)["total_entries"]
        )

    def tasks(self, since: datetime) -> list[dict[str, Any]]:
        """Task instances of all runs that changed at or after `since`; each mapped one by itself."""
        return self._all("/dags/~/dagRuns/~/taskInstances", "task_instances", since)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int = -1) -> Any:
        """The value of a task's XCom; None when there is none."""
        answer = self._http.get(
            f"{self.url}/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}",
            params={"map_index": str(map_index), "deserialize": "true"},
            timeout=60,
        )
        return answer.json()["value"] if answer.ok else None

    def log(self, task: dict[str, Any]) -> list[str]:
        """The lines a task instance has logged so far."""
        place = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        answer = self._get(
            f"{place}/logs/{task['try_number']}", map_index=task["map_index"], full_content="true"
        )
        return [line if isinstance(line, str) else str(line.get("event", "")) for line in answer["content"]]

    def emit(self, asset: str) -> None:
        """Create an asset event. Only while no task is running (daybook.engine.ask says why)."""
        found = [one for one in self._get("/assets", name_pattern=asset)["assets"] if one["name"] == asset]
        if not found:
            raise DaybookError(
                f"Airflow knows no asset {asset}", advice="are the DAGs read? Look at its home page"
            )
        self._call("POST", "/assets/events", json={"asset_id": found[0]["id"]})

    def _all(self, path: str, name: str, since: datetime) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._get(
                path, updated_at_gte=since.isoformat(), limit=PAGE, offset=len(found), order_by="id"
            )
            found += page[name]
            if not page[name] or len(found) >= page["total_entries"]:
                return found

    def _get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params=params)

    def _call(self, method: str, path: str, **body: Any) -> Any:
        for left in (2, 1, 0):
            try:
                answer = self._http.request(method, f"{self.url}/api/v2{path}", timeout=60, **body)
            except (requests.ConnectionError, requests.Timeout) as error:
                if not left or (method != "GET" and isinstance(error, requests.Timeout)):
                    raise DaybookError(
                        f"Airflow at {self.url} does not answer ({type(error).__name__})",
                        advice="was it stopped? Its logs are in Airflow's logs folder",
                    ) from None
                time.sleep(1)
                continue
            if answer.ok:
                return answer.json()
            if answer.status_code < 500 or not left or method != "GET":
                raise DaybookError(
                    f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}",
                    advice="look at api-server.log in Airflow's logs folder",
                )
            time.sleep(1)
        raise AssertionError("unreachable")
