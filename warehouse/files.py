"""File drops: landed cells → orders and refunds in raw, by SQL made from the file's mapping.

A record is a whole order: all its lines in the file. Its version is dated by the file's watermark (the latest
instant in the file). Of two files that overlap, the one that reaches further therefore counts, in whatever
order they arrive; so an order that lies on the edge between two files is taken from the later one.

Line amounts are exact decimals (price × quantity), rounded to cents per line with halves away from zero, so
that a refund is the exact negative of its sale. Nothing else is rounded.
"""

# ruff: noqa: S608 (every value goes in through literal(), every name is checked against FIELDS)
from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from pydantic import ValidationError

from extractors.errors import LandingError
from extractors.files.fields import FIELDS
from extractors.files.mapping import Mapping, Test, comparison
from extractors.files.partition import CELLS, QUARANTINE
from extractors.landing import MANIFEST, Manifest
from warehouse.connection import literal
from warehouse.lists import is_list, load_list
from warehouse.load import insert_cursor_versions
from warehouse.parts import local_files, told_by

# Lines of a cancellation that count as refund of goods: merchandise, and discounts granted later by a credit
# note. Fees, samples, manual entries and bookkeeping entries do not.
_GOODS = "line_class in ('product', 'discount')"
_LINE_TEXTS = ("product_id", "sku_id", "product_name", "category_path")
_LINE_FACTS = {*_LINE_TEXTS, "line_id", "quantity", "line_amount", "merchant_item_discount"}
_ORDER_TEXTS = ("region", "payment_type")
_ORDER_AMOUNTS = ("shipping_charged", "tax", "order_discount", "platform_subsidy", "buyer_paid_total")
# The order's discount where the file does not give it: list price plus charges less what was paid.
_DISCOUNT_OF_ORDER = """
    case when paid_at is null then null else greatest(
        list_ + coalesce(shipping_charged, 0) + coalesce(tax, 0) - coalesce(platform_subsidy, 0) - total_, 0
    )::decimal(18, 2) end"""
_REFUND_AMOUNTS = ("refund_goods", "refund_shipping", "refund_tax")


def load_partition(con: duckdb.DuckDBPyConnection, manifest: Manifest, load_id: int) -> tuple[int, int]:
    """Load one landed file inside the caller's transaction.

    Args:
        manifest: of platform `files`; its extra carries mapping, watermark, file and file_sha256.
    Returns: (orders and refunds in the file, versions that were new).
    Raises: WarehouseError when a landed file is missing or damaged, or nothing says how to read it.
    """
    mapping = _mapping(manifest)
    with local_files(manifest) as paths:
        files = {path.name: path for path in paths}
        if is_list(mapping):
            told = load_list(con, manifest, mapping, files[CELLS], load_id)
            write_quarantine(con, manifest, load_id, files.get(QUARANTINE))
            return told
        _read_cells(con, mapping, files[CELLS])
        rows = new = 0
        for stream, payloads in _payloads(mapping, manifest.extra["file"]):
            relation = (
                f"select {literal(manifest.account_id)} as account_id, record_key, "
                f"timestamptz {literal(manifest.extra['watermark'])} as cursor_at, payload from ({payloads})"
            )
            found, added = insert_cursor_versions(con, relation, manifest.platform, stream, manifest, load_id)
            rows, new = rows + found, new + added
        new += _withdraw_refunds(con, manifest, mapping, load_id)
        write_quarantine(con, manifest, load_id, files.get(QUARANTINE))
        con.execute("drop view _cells")
    return rows, new


def _mapping(manifest: Manifest) -> Mapping:
    try:
        mapping = Mapping.model_validate(manifest.extra["mapping"])
        wanted = ("file", "file_sha256") if is_list(mapping) else ("file", "file_sha256", "watermark")
        lacking = [name for name in wanted if name not in manifest.extra]
    except (KeyError, ValidationError) as error:
        lacking = [f"a mapping ({type(error).__name__})"]
    if lacking:
        what = f"{manifest.root}/{manifest.id}/{MANIFEST} lacks {', '.join(lacking)}"
        raise told_by(LandingError(what, partition=manifest))
    return mapping


def _read_cells(con: duckdb.DuckDBPyConnection, mapping: Mapping, path: Path) -> None:
    """Create temp view `_cells` with one row per row of the file: typed columns, computed amounts,
    classes."""
    have = set(pq.read_schema(path).names)
    kinds = FIELDS[mapping.row]
    typed = ["line"]
    for name, kind in kinds.items():
        ours = "buyer_key" if name == "buyer" else name
        constant = mapping.constants.get(name)
        source = ours if ours in have else "null" if constant is None else literal(constant)
        typed.append(f"{source}::{_type(name, kind)} as {ours}")
    line_class = _case(mapping, [(rule.when, rule.line_class) for rule in mapping.line_class], "'product'")
    con.execute(f"""
        create or replace temp view _cells as
        with typed as (select {", ".join(typed)} from read_parquet({literal(str(path))})),
        priced as (select *, {_amounts(mapping)} from typed)
        select
            *,
            {line_class} as line_class,
            {_condition(mapping, mapping.refund_when) if mapping.refund_when else "false"} as is_refund
        from priced""")


def _type(name: str, kind: str) -> str:
    if kind == "decimal":  # price × quantity has to fit 38 digits
        return {"unit_price": "decimal(21, 8)", "quantity": "decimal(17, 4)"}.get(name, "decimal(21, 8)")
    return "timestamptz" if kind == "instant" else "varchar"


def _amounts(mapping: Mapping) -> str:
    """SQL for list_, discount_, line_ and total_ (in cents) from whichever amounts the file gives."""
    if mapping.row == "refund":
        return "null as list_, null as discount_, null as line_"
    paid = "buyer_paid_total"
    if mapping.paid_is_net_of_refunds:
        paid = "(buyer_paid_total + coalesce(refund_amount, 0))"
    listed = "coalesce(list_amount, unit_price * quantity)"
    discount = "coalesce(merchant_item_discount, 0)"
    if mapping.row == "order":
        # A row is an order, and its only line has the price paid for the goods; unpaid: the price to pay.
        goods = (
            f"case when paid_at is not null then {paid} - coalesce(shipping_charged, 0) - coalesce(tax, 0) "
            "+ coalesce(order_discount, 0) + coalesce(platform_subsidy, 0) end"
        )
        line = f"coalesce(line_amount, {goods}, {listed} - {discount}, {paid})"
    else:
        line = f"coalesce(line_amount, {listed} - {discount})"
    return f"""
        round(coalesce({listed}, line_amount + {discount}), 2)::decimal(18, 2) as list_,
        round(coalesce(merchant_item_discount, {listed} - line_amount), 2)::decimal(18, 2) as discount_,
        round({line}, 2)::decimal(18, 2) as line_,
        round({paid}, 2)::decimal(18, 2) as total_"""


def _payloads(mapping: Mapping, file: str) -> list[tuple[str, str]]:
    """(stream, SELECT record_key, payload) for each kind of record the file holds."""
    if mapping.row == "refund":
        return [("refunds", _refund_rows(mapping))]
    found = [("orders", _orders(mapping, file))]
    if mapping.row == "order_line" and mapping.refund_when:
        found.append(("refunds", _refunds_of_lines(mapping)))
    if mapping.row == "order" and "refund_amount" in mapping.columns:
        found.append(("refunds", _refunds_of_orders(mapping)))
    return found


def _orders(mapping: Mapping, file: str) -> str:
    given = set(mapping.columns) | set(mapping.constants)
    fields = ["'order_id': order_id", f"'created_at': {_iso('coalesce(min(created_at), min(paid_at))')}"]
    fields += [f"'paid_at': {_iso('min(paid_at)')}"]
    fields += ["'buyer_key': arg_min(buyer_key, line)", f"'currency': {literal(mapping.currency or '')}"]
    # Order-level values are repeated on every line of the order; the first line that has one is used.
    fields += [f"'{name}': arg_min({name}, line)" for name in _ORDER_TEXTS if name in given]
    fields += [f"'order_state': arg_min({_state(mapping)}, line)"]
    for name in _ORDER_AMOUNTS:
        if name in given:
            source = "total_" if name == "buyer_paid_total" else f"round({name}, 2)::decimal(18, 2)"
            fields.append(f"'{name}': arg_min({source}, line)::varchar")
    fields += [f"'exclude_reason': {_exclude(mapping)}", f"'source_file': {literal(file)}"]
    if mapping.row == "order" and not given & _LINE_FACTS:
        # The file has no columns about goods: no line is invented, and the order has its amounts only.
        if "order_discount" not in given and {"list_amount", "buyer_paid_total"} <= given:
            fields.append(f"'order_discount': arg_min({_DISCOUNT_OF_ORDER}, line)::varchar")
        fields.append("'lines': '[]'::json")
    else:
        fields.append(f"'lines': {_lines(mapping, '')}")
    # Where a row is an order, a second row with the same id (another refund, say) is the same order again and
    # not more goods.
    once = "qualify row_number() over (partition by order_id order by line desc) = 1"
    return f"""
        select order_id as record_key, to_json({{{", ".join(fields)}}})::varchar as payload
        from (
            select *, {_line_no(mapping)} as line_no from _cells where not is_refund
            {once if mapping.row == "order" else ""})
        group by order_id"""


def _refunds_of_lines(mapping: Mapping) -> str:
    """Refunds from an order-line file: the document of negative lines is the refund; signs are reversed."""
    goods = f"coalesce(-sum(line_) filter ({_GOODS}), 0)"
    shipping = "coalesce(-sum(line_) filter (line_class = 'shipping'), 0)"
    reason = "arg_min(reason, line)" if "reason" in mapping.columns else "null::varchar"
    fields = [
        "'refund_id': order_id",
        "'order_id': null::varchar",
        f"'refunded_at': {_iso('coalesce(min(paid_at), min(created_at))')}",
        f"'refund_amount': ({goods} + {shipping})::varchar",
        f"'refund_goods': ({goods})::varchar",
        f"'refund_shipping': ({shipping})::varchar",
        "'refund_tax': '0.00'",
        "'quantity': coalesce(-sum(quantity) filter (line_class = 'product'), 0)::decimal(18, 4)::varchar",
        f"'reason': {reason}",
        f"'currency': {literal(mapping.currency or '')}",
        "'buyer_key': arg_min(buyer_key, line)",
        f"'lines': {_lines(mapping, '-')}",
    ]
    return f"""
        select order_id as record_key, to_json({{{", ".join(fields)}}})::varchar as payload
        from (select *, {_line_no(mapping)} as line_no from _cells where is_refund)
        group by order_id"""


def _refunds_of_orders(mapping: Mapping) -> str:
    """Refunds from an order file: one per row with a refund amount; its id is the order's unless it has one.

    Without a time of its own it is dated as the mapping says, and by the order's creation as a last resort: a
    refund without a date would be in no period.
    """
    told = ["refunded_at", mapping.refunds_dated or "paid_at", "paid_at", "created_at"]
    dated = f"coalesce({', '.join(dict.fromkeys(told))})"
    return f"""
        select record_key, max_by(payload, line) as payload
        from (
            select
                line, coalesce(refund_id, order_id) as record_key,
                {_refund_payload(mapping, dated)} as payload
            from _cells where refund_amount > 0)
        group by record_key"""


def _refund_rows(mapping: Mapping) -> str:
    """Refunds from a refund file: one per row. Of two rows with one id the lower one counts."""
    return f"""
        select record_key, max_by(payload, line) as payload
        from (
            select
                line, coalesce(refund_id, order_id) as record_key,
                {_refund_payload(mapping, "refunded_at")} as payload
            from _cells)
        group by record_key"""


def _refund_payload(mapping: Mapping, dated: str) -> str:
    fields = [
        "'refund_id': coalesce(refund_id, order_id)",
        "'order_id': order_id",
        f"'refunded_at': {_iso(dated)}",
        "'refund_amount': round(refund_amount, 2)::decimal(18, 2)::varchar",
        *(
            f"'{name}': round({name}, 2)::decimal(18, 2)::varchar"
            for name in _REFUND_AMOUNTS
            if name in mapping.columns or name in mapping.constants
        ),
        "'quantity': quantity::varchar" if mapping.row == "refund" else "'quantity': null::varchar",
        "'reason': reason",
        f"'currency': {literal(mapping.currency or '')}",
        "'buyer_key': buyer_key",
        "'lines': '[]'::json",
    ]
    return f"to_json({{{', '.join(fields)}}})::varchar"


def _lines(mapping: Mapping, sign: str) -> str:
    """The `lines` of a payload, in the order of the file. sign: '-' reverses a cancellation's amounts."""
    given = set(mapping.columns) | set(mapping.constants)
    fields = [
        "'line_id': " + ("coalesce(line_id, line_no::varchar)" if "line_id" in given else "line_no::varchar")
    ]
    fields += [f"'{name}': {name}" for name in _LINE_TEXTS if name in given]
    fields += ["'line_class': line_class"]
    if "quantity" in given:
        fields.append(f"'quantity': ({sign}quantity)::varchar")
    fields += [f"'list_amount': ({sign}list_)::varchar"]
    if given & {"merchant_item_discount", "line_amount"}:
        fields.append(f"'merchant_item_discount': ({sign}discount_)::varchar")
    fields.append(f"'line_amount': ({sign}line_)::varchar")
    # Each line becomes text, then all are joined: a list of structs per order would need much more memory.
    return f"('[' || string_agg(to_json({{{', '.join(fields)}}})::varchar, ',' order by line) || ']')::json"


def _line_no(mapping: Mapping) -> str:
    """SQL for a line's number within its order. It is the line's id where the file has none, so that two
    equal lines stay two."""
    if mapping.row == "order":
        return "1"
    return "row_number() over (partition by order_id order by line)"


def _state(mapping: Mapping) -> str:
    default = "case when paid_at is null then 'created' else 'paid' end"
    return _case(mapping, [(rule.when, rule.state) for rule in mapping.order_state], default)


def _exclude(mapping: Mapping) -> str:
    branches = []
    for rule in mapping.exclude:
        tests = [f"bool_and({_condition(mapping, rule.when)})"] if rule.when else []
        if rule.every_line:
            tests.append(f"bool_and(line_class in ({', '.join(map(literal, rule.every_line))}))")
        if rule.without_amount:
            tests.append("bool_and(line_ = 0)")
        branches.append(f"when {' and '.join(tests)} then {literal(rule.reason)}")
    return f"case {' '.join(branches)} end" if branches else "null::varchar"


def _case(mapping: Mapping, rules: list[tuple[dict[str, Test], str]], default: str) -> str:
    """SQL: the value of the first rule whose conditions hold, else the default."""
    branches = [
        f"when {_condition(mapping, when) if when else 'true'} then {literal(value)}" for when, value in rules
    ]
    return f"case {' '.join(branches)} else {default} end" if branches else default


def _condition(mapping: Mapping, when: dict[str, Test]) -> str:
    return " and ".join(_test(mapping, name, test) for name, test in when.items())


def _test(mapping: Mapping, name: str, test: Test) -> str:
    """One test as SQL that is true or false, never null."""
    kind = FIELDS[mapping.row][name]
    column = "buyer_key" if kind == "buyer" else name
    if test is None:
        return f"({column} is null)"
    if kind == "decimal":
        sign, number = comparison(test) or ("=", "0")
        return f"coalesce({column} {sign.replace('!=', '<>')} {number}::decimal(21, 8), false)"
    if kind in ("instant", "buyer"):
        return f"({column} is not null)"
    options = [str(option) for option in (test if isinstance(test, list) else [test])]
    exact = [option for option in options if not set(option) & set("*?")]
    parts = [f"{column} in ({', '.join(map(literal, exact))})"] if exact else []
    parts += [
        f"{column} glob {literal(option.replace('[', '[[]'))}" for option in options if option not in exact
    ]
    return f"coalesce({' or '.join(parts)}, false)"


def _iso(instant: str) -> str:
    """SQL for an instant as UTC text; connections always have the time zone UTC (warehouse.connection)."""
    return f"strftime({instant}, '%Y-%m-%dT%H:%M:%SZ')"


def _withdraw_refunds(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, mapping: Mapping, load_id: int
) -> int:
    """In an order file, a row without refund amount says that the order has no refund: set an earlier one to
    0.

    Compares with raw as it is now, so it does not matter which file was loaded first. Returns: rows added.
    """
    if mapping.row != "order" or "refund_amount" not in mapping.columns:
        return 0
    con.execute(f"""
        create or replace temp table _withdrawn as
        with latest_orders as (
            select record_key, max(cursor_at) as cursor_at from raw_files.orders
            where account_id = {literal(manifest.account_id)} and record_key in (select order_id from _cells)
            group by record_key
        ),
        latest_refunds as (
            select record_key, max(cursor_at) as cursor_at, arg_max(read_at, (cursor_at, read_at)) as read_at,
                arg_max(payload, (cursor_at, read_at, load_id))::json as payload
            from raw_files.refunds where account_id = {literal(manifest.account_id)}
            and record_key in (select order_id from _cells) group by record_key
        )
        select
            {literal(manifest.account_id)} as account_id, r.record_key, o.cursor_at,
            json_merge_patch(r.payload, '{{"refund_amount": "0.00"}}'::json)::varchar as payload
        from latest_refunds as r join latest_orders as o using (record_key)
        where (r.payload ->> 'order_id') = r.record_key and (
            o.cursor_at > r.cursor_at
            -- Of two files with the same watermark the one read later counts. A refund that both show has no
            -- version of the later file, because nothing changed, and must stay.
            or r.cursor_at = timestamptz {literal(manifest.extra["watermark"])}
            and r.read_at < timestamptz {literal(manifest.read_at.isoformat())}
            and r.record_key not in (
                select coalesce(refund_id, order_id) from _cells where refund_amount > 0))""")
    found = con.execute("select count(*) from _withdrawn").fetchone()
    if not found or not found[0]:
        return 0
    return insert_cursor_versions(con, "_withdrawn", manifest.platform, "refunds", manifest, load_id)[1]


def write_quarantine(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, load_id: int, path: Path | None
) -> None:
    """Write the rejected rows of a file, in place of those of an earlier load of the same file."""
    values = [manifest.account_id, manifest.extra["file"], manifest.extra["file_sha256"]]
    con.execute(
        "delete from raw_files.quarantine where account_id = ? and file = ? and file_sha256 = ?", values
    )
    if path is not None:
        con.execute(
            f"""
            insert into raw_files.quarantine
                (account_id, file, file_sha256, line, reason, cells, load_id, loaded_at)
            select ?, ?, ?, line, reason, cells::json, ?, now() from read_parquet({literal(str(path))})""",
            [*values, load_id],
        )
