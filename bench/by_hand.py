"""The store, product and category marts as an analyst would write them in DuckDB alone: the floor of a full rebuild.

`python -m bench.by_hand FOLDER` reads the raw payloads of FOLDER/warehouse.duckdb and leaves FOLDER/by_hand.duckdb. One
currency, one time zone, no versions, no states, no allocation: what is left when all that the marts promise is taken away.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

_TYPED = """
create table orders as
select account_id as store_id, record_key as order_id, o.buyer_key, o.region,
    cast(timezone('Asia/Shanghai', cast(o.paid_at as timestamptz)) as date) as day,
    cast(o.shipping_charged as decimal(18, 2)) as shipping, cast(o.order_discount as decimal(18, 2)) as discount, o.lines
from (select account_id, record_key, from_json(payload, '{"paid_at": "VARCHAR", "buyer_key": "VARCHAR", "region": "VARCHAR",
    "shipping_charged": "VARCHAR", "order_discount": "VARCHAR", "lines": [{"product_id": "VARCHAR", "sku_id": "VARCHAR",
    "category_path": "VARCHAR", "quantity": "VARCHAR", "list_amount": "VARCHAR", "merchant_item_discount": "VARCHAR"}]}') as o
    from raw.raw_files.orders)
where o.paid_at is not null;
create table lines as
select store_id, order_id, buyer_key, day, l.product_id, l.sku_id, l.category_path,
    cast(l.quantity as decimal(18, 2)) as units,
    cast(l.list_amount as decimal(18, 2)) - cast(l.merchant_item_discount as decimal(18, 2)) as goods
from (select * exclude (lines), unnest(lines) as l from orders);
create table refunds as
select account_id as store_id, r.order_id, cast(r.refund_amount as decimal(18, 2)) as amount,
    cast(timezone('Asia/Shanghai', cast(r.refunded_at as timestamptz)) as date) as day
from (select account_id, from_json(payload, '{"order_id": "VARCHAR", "refund_amount": "VARCHAR", "refunded_at": "VARCHAR"}') as r
    from raw.raw_files.refunds);
"""

_MARTS = """
create table store_{grain} as
select store_id, period, sum(orders) as orders, sum(paid) as paid, sum(refunded) as refunded, any_value(buyers) as buyers
from (
    select store_id, date_trunc('{grain}', day) as period, count(*) as orders, sum(shipping - discount) as paid, 0 as refunded
    from orders group by all
    union all
    select store_id, date_trunc('{grain}', day), 0, sum(goods), 0 from lines group by all
    union all
    select store_id, date_trunc('{grain}', day), 0, 0, sum(amount) from refunds group by all
)
join (select store_id, date_trunc('{grain}', day) as period, count(distinct buyer_key) as buyers from orders group by all)
    using (store_id, period)
group by all;
"""

_ITEMS = """
create table {name}_{grain} as
select *, row_number() over (partition by store_id, period order by goods desc) as rank_in_store from (
    select store_id, {item} as item, period, count(distinct order_id) as orders, count(distinct buyer_key) as buyers,
        sum(units) as units, sum(goods) as goods
    from (select *, date_trunc('{grain}', day) as period from lines) group by all);
"""

_LEVELS = {
    "product": "product_id",
    "sku": "sku_id",
    "category_1": "split_part(category_path, ' > ', 1)",
    "category_2": "array_to_string(string_split(category_path, ' > ')[:2], ' > ')",
    "category_3": "category_path",
}


def main(folder: Path) -> None:
    path = folder / "by_hand.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute(f"attach '{folder / 'warehouse.duckdb'}' as raw (read_only)")
        con.execute(_TYPED)
        for grain in ("day", "week", "month"):
            con.execute(_MARTS.format(grain=grain))
            for name, item in _LEVELS.items():
                con.execute(_ITEMS.format(name=name, item=item, grain=grain))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
