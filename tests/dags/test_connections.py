"""A connection says the same to the command line, which reads the environment itself, as to a task of Airflow's."""

from __future__ import annotations

import json

import pytest

from daybook.connections import from_connection
from extractors.credentials import Credentials

SAID = {"conn_type": "http", "login": "key", "password": "s/1"}


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ({}, None),
        ({"host": "https://shop.example.com/base"}, "https://shop.example.com/base"),
        ({"host": "shop.example.com"}, "https://shop.example.com"),
        ({"host": "stats.example.com", "schema": "http", "port": 8080}, "http://stats.example.com:8080"),
        ({"host": "http://stats.example.com/base", "port": 8080}, "http://stats.example.com:8080/base"),
        ({"host": "http://stats.example.com:81", "port": 8080}, "http://stats.example.com:81"),
    ],
)
def test_of_a_connection_as_json(place: dict[str, object], address: str | None) -> None:
    from airflow.models import Connection

    extra = {"access_token": "t", "more": {"n": 1}}
    for said in (extra, json.dumps(extra)):
        text = json.dumps({**SAID, **place, "extra": said})
        found = Credentials.from_airflow(text, "a__b")
        assert found == from_connection(Connection.from_json(text)) and found.extra == extra
    assert (found.host, found.login, found.password) == (address, "key", "s/1")


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("http://key:s%2F1@/?access_token=t", None),
        ("https://key:s%2F1@shop.example.com/?access_token=t", "https://shop.example.com"),
        ("http://key:s%2F1@stats.example.com:8080/http?access_token=t", "http://stats.example.com:8080"),
        ("http://key:s%2F1@https%3A%2F%2Fshop.example.com/?access_token=t", "https://shop.example.com"),
        ("http://https://key:s%2F1@shop.example.com:8443/?access_token=t", "https://shop.example.com:8443"),
        (
            "http://key:s%2F1@shop.example.com?__extra__=%7B%22access_token%22%3A+%22t%22%7D",
            "https://shop.example.com",
        ),
    ],
)
def test_of_a_connection_as_uri(uri: str, address: str | None) -> None:
    from airflow.models import Connection

    found = Credentials.from_airflow(uri, "a__b")
    assert found == from_connection(Connection(uri=uri))
    assert (found.host, found.login, found.password) == (address, "key", "s/1")
    assert found.extra == {"access_token": "t"}
