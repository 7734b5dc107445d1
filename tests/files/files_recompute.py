"""What the UCI files say, worked out in plain Python from the files themselves.

Nothing here is shared with the project: no mapping, no SQL, no DuckDB. The classes of lines are written down
once more, from reference descriptions of the data set, so that a slip in the mapping shows.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

CENT = Decimal("0.01")
_CLASSES = {
    "POST": "shipping", "DOT": "shipping", "C2": "shipping", "C3": "shipping", "M": "manual", "m": "manual",
    "BANK CHARGES": "fee", "AMAZONFEE": "fee", "CRUK": "fee", "D": "discount", "B": "bad_debt", "S": "sample",
    "PADS": "adjustment", "ADJUST": "adjustment", "ADJUST2": "adjustment", "TEST001": "test", "TEST002": "test",
}  # fmt: skip

Line = tuple[
    str, str, int, str, Decimal, str
]  # invoice, stock code, quantity, "2010-12-01 08:26:00", price, customer


@dataclass
class Totals:
    """Per local day: orders (distinct), goods, shipping; refunds of goods and of shipping. In pounds."""

    orders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    goods: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    shipping: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    units: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refund_goods: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    refund_shipping: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    lines: int = 0


def read_csv(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield (
                row["InvoiceNo"], row["StockCode"], int(row["Quantity"]), row["InvoiceDate"],
                Decimal(row["UnitPrice"]), row["CustomerID"],
            )  # fmt: skip


def read_parquet(path: Path) -> Iterator[Line]:
    names = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    for batch in pq.ParquetFile(path).iter_batches(columns=names):
        for invoice, code, quantity, when, price, customer in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            yield invoice, code, quantity, when.isoformat(" "), _exact(price), str(customer or "")


@cache
def _exact(price: float) -> Decimal:
    return Decimal(repr(price))


def totals(files: Iterable[Iterable[Line]]) -> Totals:
    """Files in the order of their last invoice: an invoice that is in two is taken from the later one."""
    invoices: dict[str, list[Line]] = {}
    for lines in files:
        in_this_file: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            in_this_file[line[0]].append(line)
        invoices.update(in_this_file)
    found = Totals()
    for invoice, lines in invoices.items():
        found.lines += len(lines)
        day = min(line[3] for line in lines)[:10]
        priced = [(_class(line), _product(line[2], line[4]), line[2]) for line in lines]
        if invoice.startswith("C"):
            found.refund_goods[day] -= sum(
                (a for c, a, _ in priced if c in ("product", "discount")), Decimal()
            )
            found.refund_shipping[day] -= sum((a for c, a, _ in priced if c == "shipping"), Decimal())
        elif not _is_book_entry(lines, {c for c, _, _ in priced}, [a for _, a, _ in priced]):
            found.orders[day].add(invoice)
            found.goods[day] += sum((a for c, a, _ in priced if c == "product"), Decimal())
            found.shipping[day] += sum((a for c, a, _ in priced if c == "shipping"), Decimal())
            found.units[day] += sum(q for c, _, q in priced if c == "product")
    return found


def _class(line: Line) -> str:
    _, code, quantity, _, price, _ = line
    if price == 0 and quantity < 0:
        return "adjustment"
    return "gift_card" if code.lower().startswith("gift") else _CLASSES.get(code, "product")


@cache
def _product(quantity: int, price: Decimal) -> Decimal:
    return (quantity * price).quantize(CENT, ROUND_HALF_UP)


def _is_book_entry(lines: list[Line], classes: set[str], amounts: list[Decimal]) -> bool:
    """Nobody's order: test entries, stock taken out or put back, bank charges, bad debt."""
    if classes == {"test"} or classes <= {"adjustment", "bad_debt", "fee"}:
        return True
    return not any(amounts) and not any(line[5] for line in lines)
