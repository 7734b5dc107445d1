"""Daybook's own Airflow: its home, its processes, its API."""
