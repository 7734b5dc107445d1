"""A shop that drops files, and what its raw tables say afterwards."""

from __future__ import annotations

import io
import json
import os
import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import xlwt

from extractors.accounts import Account
from extractors.errors import DaybookError, ExtractErrors
from extractors.files.catalogue import SHIPPED
from extractors.files.folder import SETTLE
from extractors.files.inbox import import_files
from extractors.landing import Landing, Manifest
from extractors.registry import platform
from warehouse.load import load_pending

DATA = Path(__file__).parent / "data"
HASH_KEY = "a key for the tests"
FILES = {"files": platform("files")}

# A till export in Chinese, as the ugly files below use it.
TILL = """
name: till
title: A till export, one row per receipt line
row: order_line
columns:
  order_id: 小票号
  product_id: 商品编码
  product_name: 商品名称
  quantity: 数量
  unit_price: 单价
  paid_at: 交易时间
  buyer: 会员号
max_unreadable: 0.6
"""
TILL_HEADER = ["小票号", "商品编码", "商品名称", "数量", "单价", "交易时间", "会员号"]


class Shop:
    """One file account with its inbox, landing and warehouse."""

    def __init__(self, home: Path, mapping: str | None = TILL, options: dict[str, Any] | None = None) -> None:
        self.account = Account(
            id="files__shop",
            platform="files",
            name="Shop",
            store_id="shop",
            time_zone="Asia/Shanghai",
            currency="CNY",
            options=options or {},
        )
        self.home = home
        self.inbox = home / "inbox" / self.account.id
        self.inbox.mkdir(parents=True)
        self.mappings = home / "mappings"
        shutil.copytree(SHIPPED, self.mappings)
        if mapping:
            (self.inbox / "mapping.yml").write_text(mapping, encoding="utf-8")
        self.landing = Landing(home / "landing")
        self.warehouse = home / "build" / "warehouse.duckdb"
        self.said: list[str] = []
        self.errors: list[DaybookError] = []

    def drop(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.inbox / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        age(path)
        return path

    def drop_copy(self, source: Path, name: str | None = None) -> Path:
        return Path(shutil.copy(source, self.inbox / (name or source.name)))

    def land(self) -> list[Manifest]:
        """Import; refusals are collected in `errors`."""
        try:
            return import_files(
                self.account, self.inbox, self.landing, HASH_KEY, self.mappings, progress=self.said.append
            )
        except ExtractErrors as error:
            self.errors += error.errors
            return []

    def load(self) -> int:
        """Load what is pending; the number of new versions in raw."""
        return sum(p.rows_new for p in load_pending(self.landing, self.warehouse, FILES, [self.account]))

    def run(self) -> int:
        self.land()
        return self.load()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        con = duckdb.connect(str(self.warehouse), read_only=True)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()

    def records(self, stream: str) -> dict[str, dict[str, Any]]:
        """Latest payload of every record, by key: what staging takes."""
        rows = self.query(
            f"select record_key, arg_max(payload, (cursor_at, read_at, load_id)) from raw_files.{stream} group by 1"
        )
        return {key: json.loads(payload) for key, payload in rows}

    @property
    def orders(self) -> dict[str, dict[str, Any]]:
        return self.records("orders")

    @property
    def refunds(self) -> dict[str, dict[str, Any]]:
        return self.records("refunds")

    @property
    def quarantine(self) -> list[tuple[str, int, str]]:
        return self.query("select file, line, reason from raw_files.quarantine order by file, line")

    def files(self, folder: str) -> list[str]:
        place = self.inbox / folder
        return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def age(path: Path, seconds: float = SETTLE) -> None:
    """Make a file one that was written so long ago."""
    os.utime(path, times=(time.time(), time.time() - seconds))


def till(*rows: str, header: str = ",".join(TILL_HEADER)) -> str:
    """A till export as CSV text."""
    return "\n".join([header, *rows]) + "\n"


def xlsx(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    """A workbook of today, a sheet after the other."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(rows: list[list[Any]]) -> bytes:
    """An old binary workbook of one sheet."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    dates = xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM:SS")
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write(at, column, cell, dates)
            elif cell is not None:
                sheet.write(at, column, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
