"""A generated history of orders of three lines each, written straight into raw as loads would have left it.

Five shops of file drops, 730 days of steady growth, buyers who come back (nine of ten to the same shop), refunds
days later. Everything follows from the number of the order, so a history is the same on every machine.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from extractors.registry import platform
from warehouse import raw
from warehouse.connection import Resources, connect

DAYS = 730
LAST_DAY = date(2026, 11, 22)
SHOPS = 5
PRODUCTS = 300  # of two variants each, in every shop
ORDERS_A_BUYER = 6
REFUNDED = 8  # one paid order in so many


def write_history(build_dir: Path, orders: int) -> None:
    """Make warehouse.duckdb with `orders` orders, three lines each, and their refunds in raw_files."""
    with connect(build_dir / "warehouse.duckdb", resources=Resources(memory="6GB")) as con:
        raw.prepare(con, {raw.FILES: platform(raw.FILES)}, ())
        for shop in range(SHOPS):
            con.execute(
                "insert into raw_daybook.accounts values (?, 'files', ?, ?, 'Asia/Shanghai', 'CNY', true)",
                [f"files__shop{shop}", f"Shop {shop}", f"shop{shop}"],
            )
        grown = f"cast(floor({DAYS} * pow((i + 0.5) / {orders}, 0.85)) as integer)"
        first = LAST_DAY - timedelta(days=DAYS - 1)
        _insert(con, first=0, count=orders, day=f"date '{first}' + {grown}", load_id=1, history=orders)
        con.execute("checkpoint")


def write_night(build_dir: Path, orders: int, *, oldest: int = 60) -> int:
    """One more day of orders, and a change to one in a thousand of the old ones: half are edited, half refunded.

    orders: how many the history was written with. oldest: a change reaches back so many days at most, as orders
    change while they are shipped and taken back; DAYS spreads the changes evenly over the whole history.
    Returns: how many old orders changed.
    """
    with connect(build_dir / "warehouse.duckdb", resources=Resources(memory="6GB")) as con:
        held, load = con.execute(
            "select (select count(distinct record_key) from raw_files.orders),"
            " (select max(load_id) + 1 from raw_daybook.ledger)"
        ).fetchall()[0]
        new_day = LAST_DAY + timedelta(days=int(load) - 1)
        _insert(
            con,
            first=held,
            count=max(orders // DAYS, 1),
            day=f"date '{new_day}'",
            load_id=load,
            history=orders,
        )
        wanted = orders // 1000
        con.execute(f"""
            create or replace temp table picked as
            select account_id, record_key, payload, row_number() over (order by hash(record_key, {load})) as n
            from raw_files.orders
            where load_id = 1 and cursor_at >= timestamptz '{LAST_DAY} 00:00:00+08' - interval {oldest} day
            qualify n <= {wanted}""")
        moment = f"timestamptz '{new_day} 20:00:00+08'"
        edit = '{"shipping_charged": "8.88", "region": "changed"}'
        _store(
            con, "orders", load,
            f"select account_id, record_key, {moment} as moment,"
            f" cast(json_merge_patch(payload, '{edit}') as varchar) as payload from picked where n % 2 = 0",
        )  # fmt: skip
        _store(
            con,
            "refunds",
            load,
            f"""
            select account_id, 'N{load}-' || record_key as record_key, {moment} as moment,
                cast(json_object('order_id', record_key, 'refunded_at', '{new_day}T10:00:00+08:00',
                    'refund_amount', '12.50', 'quantity', '1', 'reason', 'late', 'currency', 'CNY') as varchar)
                    as payload
            from picked where n % 2 = 1""",
        )
        con.execute("checkpoint")
        return wanted


def _store(con: duckdb.DuckDBPyConnection, stream: str, load_id: int, rows: str) -> None:
    """Rows of (account_id, record_key, moment, payload) as one load would have left them."""
    con.execute(f"""
        insert into raw_files.{stream}
        select account_id, record_key, moment, payload, md5(payload), null, null, moment, {load_id}, moment
        from ({rows})""")


def _insert(
    con: duckdb.DuckDBPyConnection, *, first: int, count: int, day: str, load_id: int, history: int
) -> None:
    """`count` orders from number `first` on, on the day an expression of `i` says, and the refunds of some."""
    buyers = max(history // SHOPS // ORDERS_A_BUYER, 1)
    con.execute(f"""
        create or replace temp macro product(n, l) as
        cast(floor(pow((hash(n, l) % 100000) / 100000, 2.5) * {PRODUCTS}) as bigint)""")
    con.execute(f"""
        create or replace temp table made as
        select
            n, day, h, 'files__shop' || cast(n % {SHOPS} as varchar) as account_id,
            'O' || lpad(cast(n as varchar), 10, '0') as order_id,
            timezone('UTC', cast(day as timestamp) + to_seconds(cast(h % 86400 as integer)) - interval 8 hour) as moment
        from (select i + {first} as n, {day} as day, cast(hash(i + {first}) >> 2 as bigint) as h from range({count}) as t(i))""")
    _store(
        con,
        "orders",
        load_id,
        f"""
        select account_id, order_id as record_key, moment, cast(json_object(
            'created_at', strftime(moment - interval 2 minute, '%Y-%m-%dT%H:%M:%SZ'),
            'paid_at', case when h % 20 > 0 then strftime(moment, '%Y-%m-%dT%H:%M:%SZ') end,
            'buyer_key', case when h % 50 <> 1 then 'b' || cast(hash(n, 7) % {buyers} as varchar)
                || case when h % 10 > 0 then '-' || cast(n % {SHOPS} as varchar) else '' end end,
            'currency', 'CNY', 'region', 'province ' || cast(h % 31 as varchar),
            'payment_type', (['alipay', 'wechat', 'card'])[1 + h % 3],
            'order_state', case when h % 20 = 0 then 'created' else 'completed' end,
            'shipping_charged', case when h % 3 = 0 then '6.00' else '0.00' end,
            'order_discount', case when h % 4 = 0 then '5.01' else '0.00' end,
            'platform_subsidy', case when h % 5 = 0 then '2.50' else '0.00' end, 'tax', '0.00',
            'lines', [json_object('line_id', cast(l as varchar), 'product_id', 'P' || cast(product(n, l) as varchar),
                'sku_id', 'S' || cast(product(n, l) as varchar) || '-' || cast(hash(n, l, 2) % 2 as varchar),
                'product_name', 'Product ' || cast(product(n, l) as varchar),
                'category_path', 'Home > Room ' || cast(product(n, l) % 12 as varchar)
                    || ' > Kind ' || cast(product(n, l) % 60 as varchar),
                'line_class', 'product', 'quantity', cast(1 + hash(n, l, 3) % 3 as varchar),
                'list_amount', cast(cast(30 + hash(n, l, 4) % 400 + 0.99 as decimal(18, 2)) as varchar),
                'merchant_item_discount', cast(cast((hash(n, l, 5) % 1000) / 100 as decimal(18, 2)) as varchar))
                for l in [1, 2, 3]]) as varchar) as payload
        from made""",
    )
    _store(
        con,
        "refunds",
        load_id,
        f"""
        select account_id, 'R' || order_id as record_key, refunded_at as moment, cast(json_object(
            'order_id', order_id, 'refunded_at', strftime(refunded_at, '%Y-%m-%dT%H:%M:%SZ'),
            'refund_amount', cast(cast(10 + hash(n, 9) % 60 as decimal(18, 2)) as varchar), 'quantity', '1',
            'reason', (['late', 'damaged', 'changed my mind', 'not as described'])[cast(1 + hash(n, 11) % 4 as bigint)],
            'currency', 'CNY') as varchar) as payload
        from (select *, timezone('UTC', cast(day as timestamp) + to_days(cast(h % 20 as integer)) + interval 3 hour)
                as refunded_at from made where hash(n, 13) % {REFUNDED} = 0 and h % 20 <> 0)
        where refunded_at < timezone('UTC', cast((select max(day) from made) as timestamp) + interval 16 hour)""",
    )
    until = con.execute("select max(day) + 1 from made").fetchall()[0][0]
    mark = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(hours=8)
    since = mark - timedelta(days=DAYS if load_id == 1 else 1)
    for account, stream in [(f"files__shop{s}", x) for s in range(SHOPS) for x in ("orders", "refunds")]:
        con.execute(
            "insert into raw_daybook.ledger values (?, ?, 'files', ?, ?, 'cursor', ?, ?, ?, 0, 0, ?)",
            [load_id, f"{load_id}/{account}/{stream}", account, stream, since, mark, mark, mark],
        )
        con.execute(
            "delete from raw_daybook.stream_status where (account_id, stream) = (?, ?)", [account, stream]
        )
        con.execute(
            "insert into raw_daybook.stream_status values (?, ?, ?, ?)", [account, stream, mark, mark]
        )
