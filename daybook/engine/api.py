"""The few calls of Airflow's REST API that a night needs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import requests

from extractors.errors import DaybookError

PAGE = 100  # Airflow's own upper limit of a page


class AirflowApi:
    """Airflow's public API on loopback, logged in as the generated user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._http = requests.Session()
        self._http.trust_env = False  # loopback is never behind a proxy

    def healthy(self) -> dict[str, str | None]:
        """Component → status, empty while the server does not answer."""
        try:
            answer = self._http.get(f"{self.url}/api/v2/monitor/health", timeout=5)
        except requests.RequestException:
            return {}
        return {name: part["status"] for name, part in answer.json().items()} if answer.ok else {}

    def log_in(self) -> None:
        """Raises DaybookError when the password file and the server do not agree."""
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

    def runs(self, dag_ids: list[str], *, at_most: int = PAGE) -> list[dict[str, Any]]:
        """The latest runs of these DAGs, newest first."""
        found: list[dict[str, Any]] = []
        while len(found) < at_most:
            body = {"dag_ids": dag_ids, "order_by": "-id", "page_offset": len(found), "page_limit": PAGE}
            page = self._call("POST", "/dags/~/dagRuns/list", json=body)["dag_runs"]
            found += page
            if len(page) < PAGE:
                break
        return found

    def tasks(self, run_ids: list[str]) -> list[dict[str, Any]]:
        """All task instances of these runs, mapped ones each."""
        found: list[dict[str, Any]] = []
        while True:
            body = {"dag_run_ids": run_ids, "page_offset": len(found), "page_limit": PAGE}
            answer = self._call("POST", "/dags/~/dagRuns/~/taskInstances/list", json=body)
            found += answer["task_instances"]
            if not answer["task_instances"] or len(found) >= answer["total_entries"]:
                return found

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int = -1) -> Any:
        """A value a task left, None when it left none."""
        answer = self._http.get(
            f"{self.url}/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}",
            params={"map_index": str(map_index), "deserialize": "true"},
            timeout=60,
        )
        return answer.json()["value"] if answer.ok else None

    def trigger(self, dag_id: str, interval: tuple[datetime, datetime] | None, note: str) -> dict[str, Any]:
        """Start a run now; its data interval is `interval` (None: what the timetable says of this moment)."""
        body: dict[str, Any] = {"logical_date": datetime.now(UTC).isoformat(), "note": note}
        if interval:
            body |= {
                "data_interval_start": interval[0].isoformat(),
                "data_interval_end": interval[1].isoformat(),
            }
        return self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def backfill(self, dag_id: str, start: datetime, end: datetime) -> None:
        """Create the runs of all ticks in [start, end].

        Finished ones run again, one at a time and oldest first.
        """
        body = {
            "dag_id": dag_id,
            "from_date": start.isoformat(),
            "to_date": end.isoformat(),
            "reprocess_behavior": "completed",
            "max_active_runs": 1,  # two days of one account at once would share its tokens and its rate limit
        }
        self._call("POST", "/backfills", json=body)

    def _get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params=params)

    def _call(self, method: str, path: str, **body: Any) -> Any:
        for left in (2, 1, 0):
            try:
                answer = self._http.request(method, f"{self.url}/api/v2{path}", timeout=60, **body)
            except requests.ConnectionError:
                if not left:
                    raise
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
