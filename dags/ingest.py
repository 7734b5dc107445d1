"""A DAG `ingest_<platform>` for each platform in accounts.yml: read every account, load, check that all
are in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    DAG,
    CronDataIntervalTimetable,
    TriggerRule,
    get_current_context,
    get_parsing_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from daybook import clock, connections, notify, problems, steps
from daybook.names import WRITER_POOL, ingest_dag, platform_pool
from daybook.schedule import RETRY_POLICY, raw_asset
from daybook.settings import Settings
from daybook.tasks import PROBLEMS, telling

DOC = """### {title}: one night

Reads the accounts of **{platform}** for one business day, loads what landed and says whether all are in.

* `extract`, one mapped task per account, reads all its streams to landing files. A wrong credential or an
  answer that breaks the vendor's documentation fails at once; temporary errors are retried. Other accounts
  are not affected. An authorisation that ends within a week is notified once a day.
* `load` loads everything of this platform that has landed and is not loaded yet. Loading twice changes
  nothing.
* `ready` emits the asset `raw_{platform}` when every account is read and loaded. Otherwise it fails and names
  the accounts that are not, why, and what to do. In a backfill it is skipped when all is well, because
  `daybook backfill` builds the marts once at the end.

**The day** is the local date ({zone}) of the data interval's start: the run of 01:30 reads yesterday. A read
continues where the account's last one ended, so the night after a missed one reads both days. An interval
can run again, in any order.

**Accounts**: {accounts}.
"""


def ingest(platform: str, account_ids: list[str], settings: Settings, title: str) -> DAG:
    """The DAG of one platform."""
    with DAG(
        dag_id=ingest_dag(platform),
        dag_display_name=f"Ingest {title}",
        description=f"Nightly read of {len(account_ids)} {title} account(s) into raw_{platform}",
        doc_md=DOC.format(
            title=title,
            platform=platform,
            zone=settings.zone,
            accounts=", ".join(f"`{one}`" for one in account_ids),
        ),
        schedule=CronDataIntervalTimetable(clock.cron(clock.INGEST_AT), timezone=settings.zone),
        catchup=False,
        max_active_runs=1,
        tags=["ingest", platform],
        default_args={
            "owner": "data-platform",
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=10),
            "retry_policy": RETRY_POLICY,
        },
    ) as dag:

        @task(
            pool=platform_pool(platform),
            map_index_template="{{ task.op_kwargs['account'] }}",
            execution_timeout=timedelta(hours=3),
        )
        def extract(account: str) -> dict[str, Any]:
            """Read one account's streams to landing."""
            now = Settings.from_environment()
            with telling(account):
                found = steps.account_named(now, account)
                credentials = None if steps.fed_by_files(platform) else connections.in_task(account)
                try:
                    return steps.read_account(
                        now, found, credentials, day=clock.run_day(get_current_context(), now.zone)
                    )
                finally:
                    notify.before_it_ends(now, found, credentials)

        @task(pool=WRITER_POOL, trigger_rule=TriggerRule.ALL_DONE, execution_timeout=timedelta(hours=2))
        def load() -> dict[str, Any]:
            """Load everything of this platform that landed."""
            with telling():
                return steps.load_platform(Settings.from_environment(), platform)

        @task(
            trigger_rule=TriggerRule.ALL_DONE,
            outlets=[raw_asset(platform)],
            retries=0,
            on_failure_callback=notify.on_failure,
        )
        def ready() -> dict[str, Any]:
            """Emit the asset when every account is in; else fail with accounts, causes and advice."""
            context = get_current_context()
            ti = context["ti"]
            every = list(range(len(account_ids)))
            with telling():
                result = problems.verdict(
                    platform,
                    account_ids,
                    reads=ti.xcom_pull(task_ids="extract", map_indexes=every),
                    read_problems=ti.xcom_pull(task_ids="extract", key=PROBLEMS, map_indexes=every),
                    loaded=ti.xcom_pull(task_ids="load"),
                    load_problems=ti.xcom_pull(task_ids="load", key=PROBLEMS),
                )
            if context["dag_run"].run_type == "backfill":
                raise AirflowSkipException(
                    "all accounts are in; a backfill builds the marts once, at its end"
                )
            return result

        extract.expand(account=account_ids) >> load() >> ready()
    return dag


_settings = Settings.from_environment()
_wanted = get_parsing_context().dag_id
for _platform, _accounts in steps.platforms_of(steps.accounts(_settings)).items():
    if _wanted in (None, ingest_dag(_platform)):
        globals()[ingest_dag(_platform)] = ingest(
            _platform, [account.id for account in _accounts], _settings, steps.platform_title(_platform)
        )
