# Sourced, not run: gives this shell the `airflow` command on Daybook's Airflow.   . ./env.sh && airflow dags list
# The values (home, config, generated secrets) come from one place, `daybook env`.
PROJECT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")" && pwd)"
PATH="$PROJECT_ROOT/.venv/bin:$PATH"
eval "$("$PROJECT_ROOT/.venv/bin/daybook" env)"
