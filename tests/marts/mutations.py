"""What a night may bring: late, repeated, reordered and reversed changes to the rows of the staging contract.

Each changes the tables as staging would show them after the load, with the load's number on every record it touched.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import duckdb

SHOPS = ("taobao", "woocommerce", "files")
_EDITS = (
    "region = 'West'",
    "region = null",
    "buyer_key = 'b1'",
    "buyer_key = 'newcomer'",
    "buyer_key = null",
    "exclude_reason = 'brushed'",
    "exclude_reason = null",
    "paid_at = paid_at + interval 1 day",
    "paid_at = paid_at - interval 40 day",
    "paid_at = null, order_state = 'closed_unpaid'",
    "paid_at = created_at + interval 3 hour, order_state = 'paid'",
    "order_state = 'cancelled'",
    "order_state = 'completed'",
    "order_discount = coalesce(order_discount, 0) + 1.23",
    "shipping_charged = 6.66",
    "platform_subsidy = 0.07",
    "currency = 'EUR'",
    "currency = 'XXX'",
    "order_type = 'cod', delivered_at = created_at + interval 50 hour",
    "payment_type = 'card', buyer_type = 'organisation'",
    "promised_delivery_at = paid_at + interval 2 day",
    "delivered_at = null, order_state = 'shipped'",
)
_LINE_EDITS = (
    "quantity = quantity + 1",
    "line_amount = line_amount + 3.33, list_amount = list_amount + 3.33",
    "product_id = '777', product_name = 'Renamed'",
    "product_name = 'Zz renamed'",
    "category_path = 'Home > Moved > Deep'",
    "line_class = 'gift_card'",
    "line_class = 'product'",
)
_REFUND_EDITS = (
    "refund_amount = refund_amount + 1.11",
    "refund_state = 'success', refunded_at = coalesce(refunded_at, requested_at + interval 2 day)",
    "refund_state = 'closed'",
    "refunded_at = refunded_at + interval 9 day",
    "reason = 'second thoughts'",
    "order_id = null",
    "line_id = null",
)

_REVIEW_EDITS = (
    "rating = 1, is_low = true",
    "rating = null, is_low = false",
    "is_counted = not is_counted",
    "reviewed_at = reviewed_at + interval 9 day",
    "product_id = '777', order_id = null",
)

# Kinds of changes, and how often chance picks each.
KINDS = {
    "edit": 9, "line": 4, "drop_line": 2, "add_line": 2, "refund": 4, "refund_lines": 2, "edit_refund": 5, "move_refund": 2, "lose_refunds": 1,
    "late_order": 4, "repeat": 2, "save": 3, "revert": 3, "time": 3, "rate": 1, "traffic": 1, "ads": 1, "looked_at": 1,
    "outcomes": 1, "review": 4, "reviews_of_day": 1, "category": 2, "product": 5, "catalogue": 1, "source": 2, "history": 2,
}  # fmt: skip


class Night:
    """One load after another into the tables of one build folder."""

    def __init__(self, con: duckdb.DuckDBPyConnection, rng: random.Random) -> None:
        self.con = con
        self.rng = rng
        self.load = int(con.execute("select max(load_id) from raw_daybook.ledger").fetchall()[0][0])
        self.saved = 0

    def falls(self, names: Sequence[str] = ()) -> list[str]:
        """A night of these changes, or of one to eight that chance picks. Returns their names."""
        self.load += 1
        names = names or self.rng.choices([*KINDS], [*KINDS.values()], k=self.rng.randint(1, 8))
        for name in names:
            self.shop = self.rng.choice(SHOPS)
            getattr(self, f"_{name}")()
        self.con.execute(
            "insert into raw_daybook.ledger select * replace (? as load_id, 'night ' || ? as manifest_id)"
            " from raw_daybook.ledger limit 1",
            [self.load, self.load],
        )
        return [*names]

    # ---- orders -----------------------------------------------------------------------------------
    def _edit(self) -> None:
        self._touch(self._an_order(), self.rng.choice(_EDITS))

    def _line(self) -> None:
        order = self._an_order()
        self.con.execute(
            f"update {self._of('order_lines')} set {self.rng.choice(_LINE_EDITS)} where order_id = ? and line_id ="
            f" (select min(line_id) from {self._of('order_lines')} where order_id = ?)", [order, order],
        )  # fmt: skip
        self._touch(order)

    def _drop_line(self) -> None:
        order = self._an_order()
        self.con.execute(
            f"delete from {self._of('order_lines')} where order_id = ? and line_id ="
            f" (select max(line_id) from {self._of('order_lines')} where order_id = ?)", [order, order],
        )  # fmt: skip
        self._touch(order)

    def _add_line(self) -> None:
        order, other = self._an_order(), self._an_order()
        self.con.execute(
            f"insert into {self._of('order_lines')} select * replace (? as order_id, 'added ' || ? || line_id as line_id)"
            f" from {self._of('order_lines')} where order_id = ?", [order, self.load, other],
        )  # fmt: skip
        self._touch(order)

    def _late_order(self) -> None:
        like, late = self._an_order(), f"late {self.load} {self.rng.randrange(10**6)}"
        days = self.rng.choice((0, 1, 33, 150))
        self.con.execute(
            f"insert into {self._of('orders')} select * replace (? as order_id, created_at + to_days({days}) as created_at,"
            f" paid_at + to_days({days}) as paid_at) from {self._of('orders')} where order_id = ?", [late, like],
        )  # fmt: skip
        self.con.execute(
            f"insert into {self._of('order_lines')} select * replace (? as order_id) from {self._of('order_lines')}"
            " where order_id = ?", [late, like],
        )  # fmt: skip
        self._touch(late)

    def _repeat(self) -> None:
        self._touch(self._an_order())

    def _save(self) -> None:
        """Remember an order as it is, to be told so again some night."""
        order = self._an_order()
        for stream in ("orders", "order_lines", "refunds"):
            self.con.execute(
                f"create or replace temp table saved_{stream} as select * from {self._of(stream)} where order_id = ?",
                [order],
            )
        self.saved_of = self.shop, order

    def _revert(self) -> None:
        if not hasattr(self, "saved_of"):
            return
        self.shop, order = self.saved_of
        for stream in ("orders", "order_lines"):
            self.con.execute(f"delete from {self._of(stream)} where order_id = ?", [order])
            self.con.execute(f"insert into {self._of(stream)} from saved_{stream}")
        self.con.execute(
            f"delete from {self._of('refunds')} where refund_id in (select refund_id from saved_refunds)"
        )
        self.con.execute(
            f"insert into {self._of('refunds')} select * replace ({self.load} as load_id) from saved_refunds"
        )
        self._touch(order)

    def _source(self) -> None:
        """An order says that its visit came from elsewhere, or nothing any more."""
        self.shop = "woocommerce"
        order = self._an_order()
        self.con.execute(f"delete from {self._of('order_sources')} where order_id = ?", [order])
        if source := self.rng.choice(("affiliate", "owned", None)):
            self.con.execute(
                f"insert into {self._of('order_sources')} select platform, account_id, store_id, order_id, ?, ?"
                f" from {self._of('orders')} where order_id = ?", [source, self.load, order],
            )  # fmt: skip
        self._touch(order)

    # ---- refunds ----------------------------------------------------------------------------------
    def _refund(self) -> None:
        self.con.execute(
            f"insert into {self._of('refunds')} select * replace (? as refund_id, ? as order_id, ? as load_id,"
            f" refunded_at + to_days({self.rng.choice((0, 1, 20))}) as refunded_at)"
            f" from {self._of('refunds')} where refund_id = ?",
            [f"new {self.load} {self.rng.randrange(10**6)}", self._an_order(), self.load, self._a_refund()],
        )

    def _edit_refund(self) -> None:
        self.con.execute(
            f"update {self._of('refunds')} set {self.rng.choice(_REFUND_EDITS)}, load_id = ? where refund_id = ?",
            [self.load, self._a_refund()],
        )

    def _refund_lines(self) -> None:
        """A refund tells of lines of its order, or of others than before, or of none any more."""
        self.shop = "woocommerce"
        refund = self._a_refund()
        self.con.execute(f"delete from {self._of('refund_lines')} where refund_id = ?", [refund])
        self.con.execute(
            f"insert into {self._of('refund_lines')} by name select platform, refunds.account_id, store_id, refund_id,"
            " lines.line_id, 1 + row_number() over (order by lines.line_id) as refund_goods, 1 as quantity, ? as load_id"
            f" from {self._of('refunds')} as refunds join {self._of('order_lines')} as lines using (platform, store_id, order_id)"
            " where refund_id = ? and hash(lines.line_id) % 3 < ?", [self.load, refund, self.rng.choice((0, 1, 2))],
        )  # fmt: skip
        self.con.execute(
            f"update {self._of('refunds')} set load_id = ? where refund_id = ?", [self.load, refund]
        )

    def _move_refund(self) -> None:
        self.con.execute(
            f"update {self._of('refunds')} set order_id = ?, load_id = ? where refund_id = ?",
            [self._an_order(), self.load, self._a_refund()],
        )

    def _lose_refunds(self) -> None:
        """Refunds that stand inside their order are gone from its next version."""
        found = self.con.execute(
            f"select order_id from {self._of('refunds')} join {self._of('orders')} using (order_id) order by 1"
        ).fetchall()
        order = self.rng.choice(found)[0]
        self.con.execute(f"delete from {self._of('refunds')} where order_id = ?", [order])
        self._touch(order)

    # ---- reviews ----------------------------------------------------------------------------------
    def _review(self) -> None:
        """One is written, edited, let through or thrown away; or its order is told."""
        self.shop, table = "woocommerce", "staging.stg_woocommerce__reviews"
        found = self.con.execute(f"select review_id from {table} order by 1").fetchall()
        review, what = str(self.rng.choice(found)[0]), self.rng.choice(("new", "edit", "order", "gone"))
        if what == "new":
            self.con.execute(
                f"insert into {table} select * replace (? as review_id, ? as load_id,"
                f" reviewed_at - to_days({self.rng.choice((0, 1, 30))}) as reviewed_at) from {table} where review_id = ?",
                [f"new {self.load} {self.rng.randrange(10**6)}", self.load, review],
            )
        elif what == "gone":
            self.con.execute(f"delete from {table} where review_id = ?", [review])
        else:
            edit = f"order_id = '{self._an_order()}'" if what == "order" else self.rng.choice(_REVIEW_EDITS)
            self.con.execute(
                f"update {table} set {edit}, load_id = ? where review_id = ?", [self.load, review]
            )

    def _reviews_of_day(self) -> None:
        """A day's reviews are asked for that were not before."""
        self.con.execute(
            "insert into raw_daybook.report_reads by name select 'woocommerce' as platform, 'woocommerce__reef' as account_id,"
            f" 'reviews' as stream, date '2026-09-01' + {self.rng.randrange(90)} as report_date, current_date as as_of_date,"
            f" {self.load} as load_id, 0 as rows"
        )

    # ---- everything else --------------------------------------------------------------------------
    def _time(self) -> None:
        hours = self.rng.choice((3, 24, 24, 60))
        self.con.execute(
            f"update raw_daybook.stream_status set mark_end = mark_end + interval {hours} hour"
            " where account_id not like 'files%'"
        )

    def _rate(self) -> None:
        """A file tells the rate of a day, which it may have told otherwise before: the loader keeps one of a day."""
        day, rate = f"date '2026-09-01' + {self.rng.randrange(90)}", 0.8 + self.rng.random() / 10
        self.con.execute(
            f"delete from raw_daybook.dropped_rates where currency = 'EUR' and rate_date = {day}"
        )
        self.con.execute(
            f"insert into raw_daybook.dropped_rates by name select 'EUR' as currency, {day} as rate_date,"
            f" cast({rate} as decimal(18, 8)) as units_per_usd"
        )

    def _traffic(self) -> None:
        self.con.execute(
            "update staging.stg_baidu_tongji__traffic set visitors = visitors + 1, load_id = ?"
            " where grain = 'day' and day(period_start) = ?", [self.load, self.rng.randint(1, 28)],
        )  # fmt: skip

    def _ads(self) -> None:
        self.con.execute(
            "update staging.stg_ocean_engine__ads set spend = spend + 1, load_id = ? where day(report_date) = ?",
            [self.load, self.rng.randint(1, 28)],
        )

    def _looked_at(self) -> None:
        """A file tells the visitors of products on a day, sold or not; the day is replaced whole."""
        day = f"date '2026-09-20' + {self.rng.randrange(60)}"
        self.con.execute(
            f"delete from staging.stg_files__product_traffic where grain = 'day' and period_start = {day}"
        )
        self.con.execute(
            "insert into staging.stg_files__product_traffic by name"
            " select 'files' as platform, 'files__jade' as account_id, 'jade_tmall' as store_id, 'day' as grain,"
            f" {day} as period_start, product_id, 'Looked at' as product_name, 30 + {self.rng.randrange(9)} as visitors,"
            f" 4 as cart_visitors, {self.load} as load_id from (select distinct product_id from staging.stg_taobao__order_lines"
            " order by 1 limit 3) union all by name select 'files' as platform, 'files__jade' as account_id,"
            f" 'jade_tmall' as store_id, 'day' as grain, {day} as period_start, 'unsold' as product_id, 2 as visitors,"
            f" {self.load} as load_id"
        )

    def _outcomes(self) -> None:
        self.con.execute(
            "update staging.stg_files__source_outcomes set paid = paid + 1, orders = orders + 1,"
            " paid_amount = paid_amount + 9, load_id = ?"
            " where day(period_start) = ?", [self.load, self.rng.randint(1, 28)],
        )  # fmt: skip

    def _category(self) -> None:
        """A version of a product names a category of its time, in the order in which nights happen to bring them."""
        day, category = (
            self.rng.randrange(90),
            self.rng.choice(("'Garden > Pots'", "'Garden > Sheds'", "null")),
        )
        self.con.execute(
            "insert into staging.stg_woocommerce__product_categories by name select distinct platform, account_id, store_id,"
            f" product_id, {category} as category_path, timestamptz '2026-08-25 00:00:00+00' + to_days({day}) as valid_from_at,"
            f" {self.load} as load_id from staging.stg_woocommerce__order_lines where category_path is null and product_id is not null"
        )

    def _product(self) -> None:
        """A version of a product, new or late or in the place of one it had: with another price, stock, category, on sale or
        off; and the spans as staging tells them then."""
        shop = self.rng.choice(("taobao", "woocommerce"))
        table, product = f"staging.stg_{shop}__products", f"90071992547409{self.rng.randint(1, 16):02d}"
        moment = f"timestamptz '2026-09-01 00:00:00+00' + to_hours({self.rng.choice((0, 16, 4))} + 24 * {self.rng.randrange(90)})"
        edit = self.rng.choice(
            ("is_on_sale = not is_on_sale", "stock = stock + 3", "stock = null", "list_price = 77, stock = 5",
             "category_path = 'Garden > Sheds'", "category_path = null", "product_name = 'Again'",
             "listed_at = listed_at - interval 40 day", "listed_at = valid_from_at")
        )  # fmt: skip
        self.con.execute(
            f"create or replace temp table version as select * replace ('{product}' as product_id, {moment} as valid_from_at,"
            f" {moment} as modified_at, replace(sku_id, product_id, '{product}') as sku_id, {self.load} as load_id) from {table}"
            f" where product_id = (select product_id from {table} order by product_id = '{product}' desc, product_id limit 1)"
            f" qualify row_number() over (partition by sku_id order by valid_from_at <= {moment} desc, valid_from_at desc) = 1"
        )
        self.con.execute(f"update version set {edit}")
        self.con.execute(f"delete from {table} where product_id = '{product}' and valid_from_at = {moment}")
        self.con.execute(f"insert into {table} by name from version")
        self.con.execute(
            f"update {table} as held set valid_until_at = (select min(later.valid_from_at) from {table} as later"
            " where later.product_id = held.product_id and later.sku_id is not distinct from held.sku_id"
            f" and later.valid_from_at > held.valid_from_at) where product_id = '{product}'"
        )

    def _catalogue(self) -> None:
        """Products lag behind orders, or have caught up."""
        self.con.execute(
            f"update raw_daybook.stream_status set mark_end = mark_end + to_hours({self.rng.choice((-30, 30))})"
            " where stream = 'products'"
        )

    def _history(self) -> None:
        """A piece of history before the first that was read, of a store that knows orders of that time."""
        self.con.execute(
            f"update raw_daybook.ledger set window_start = window_start - to_days({self.rng.randrange(4, 40)})"
            " where stream = 'orders' and account_id = 'woocommerce__reef'"
        )

    # ---- helpers ----------------------------------------------------------------------------------
    def _of(self, stream: str) -> str:
        return f"staging.stg_{self.shop}__{stream}"

    def _an_order(self) -> str:
        found = self.con.execute(f"select distinct order_id from {self._of('orders')} order by 1").fetchall()
        return str(self.rng.choice(found)[0])

    def _a_refund(self) -> str:
        found = self.con.execute(
            f"select distinct refund_id from {self._of('refunds')} order by 1"
        ).fetchall()
        return str(self.rng.choice(found)[0])

    def _touch(self, order: str, edit: str = "") -> None:
        """The order's record came with this load, and its lines with it."""
        also = f", {edit}" if edit else ""
        self.con.execute(
            f"update {self._of('orders')} set load_id = ?{also} where order_id = ?", [self.load, order]
        )
        self.con.execute(
            f"update {self._of('order_lines')} set load_id = ? where order_id = ?", [self.load, order]
        )
