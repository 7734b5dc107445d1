"""One shop's own address: who asks, what is asked, what it costs, and then the records."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from extractors.sandbox import graphql
from extractors.sandbox.asked import json_text
from extractors.sandbox.book import Row
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.cursor import seal, unseal
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.graphql import Field, Wrong
from extractors.sandbox.market import rows_between, state_at
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import OrderState, locate_market
from extractors.sandbox.tokens import GOOD

from .bulk import AT_ONCE, KEPT, Operation, lines_of, parse
from .records import given_back, order_id, order_record, product_number, product_record, refund_record
from .refusals import cost_of, errors, unknown_token
from .schema import BUCKET, DEEPEST, MOST_COST, RECENT, ROOTS, SCOPES, SUPPORTED, TYPES
from .search import number_of, window_of


class Store:
    """One shop's own address."""

    def __init__(self, desk: Desk, shop: Shop) -> None:
        self.desk = desk
        self.shop = shop
        self._operations: dict[int, Operation] = {}

    async def serve(self, request: Request) -> Response:
        """Answers one query: who asks, what is asked, what it costs, and then the records."""
        body = await json_text(request)
        try:
            given = json.loads(body)
            kind = "mutation" if str(given["query"]).lstrip().startswith("mutation") else "query"
            fields = graphql.read(given["query"], given.get("variables") or {}, kind)
            wrong = None
        except (ValueError, KeyError, TypeError):
            fields, wrong, given, kind = [], Answer({"errors": "Bad Request"}, 400, refusal="body"), {}, ""
        except Wrong as refusal:
            fields, wrong = [], errors(refusal.code, refusal.message)
        main = next((f.name for f in fields if not f.name.endswith("Count")), "unknown")
        version = request.path_params["version"]
        own = str(request.url).partition("/admin/")[0]

        def make(fault: Fault | None) -> Answer:
            self._check_token(request.headers.get("x-shopify-access-token", ""))
            if wrong is not None:
                return wrong
            # A version that has ended is answered by the oldest that has not.
            served = version if version in SUPPORTED else SUPPORTED[0]
            return self._answer(fields, kind.capitalize(), own, served, fault)

        return await self.desk.serve(main, self.shop.store, make, given.get("variables") or {})

    def _check_token(self, text: str) -> None:
        tokens = self.desk.tokens
        verdict = tokens.check(text) if tokens is not None else None
        if verdict is None or verdict.state != GOOD or verdict.subject != self.shop.store:
            raise Refusal(unknown_token())

    async def file(self, request: Request) -> Response:
        """The file of a bulk operation: its address is the whole permission, for seven days."""
        number = int(request.path_params["number"])

        def make(fault: Fault | None) -> Answer:
            if "x-shopify-access-token" in request.headers:
                return Answer(b"a secret that is none of this address's", 400, refusal="token sent to a file")
            found = self._operations.get(number)
            is_ours = request.query_params.get("signature") == _signature(number)
            if found is None or not is_ours or self.desk.now() - found.begun > KEPT:
                return Answer(b"<Error><Code>ExpiredToken</Code></Error>", 403, refusal="file address")
            body = b"" if fault is not None and fault.kind == "empty_page" else found.body
            if fault is not None and fault.kind == "repeated_page":
                body += found.lines[0] + b"\n"
            return Answer(body, content_type="application/jsonl")

        return await self.desk.serve("file", self.shop.store, make)

    def _answer(self, fields: list[Field], root: str, own: str, version: str, fault: Fault | None) -> Answer:
        try:
            cost = sum(graphql.price(found, root, TYPES, ROOTS) for found in fields)
            if cost > MOST_COST:
                text = f"Query cost is {cost}, which exceeds the single query max cost limit ({MOST_COST})."
                raise Wrong("MAX_COST_EXCEEDED", text)
            data = {found.name: self._root(found, own, fault) for found in fields}
        except Wrong as refusal:
            return errors(refusal.code, refusal.message)
        body = {"data": data, "extensions": {"cost": cost_of(cost, cost, BUCKET - cost)}}
        return Answer(body, headers={"X-Shopify-API-Version": version})

    def _root(self, chosen: Field, own: str, fault: Fault | None) -> Any:
        name = chosen.name
        if name == "bulkOperationRunQuery":
            return graphql.show(self._begin(chosen), chosen.below, "BulkStarted", TYPES)
        if name == "currentAppInstallation":
            held = [scope for scope in SCOPES if scope not in self.desk.control.withheld]
            shown = {"id": "gid://shopify/AppInstallation/1", "accessScopes": [
                {"handle": scope, "description": scope} for scope in held
            ]}  # fmt: skip
            return graphql.show(shown, chosen.below, "AppInstallation", TYPES)
        if name == "bulkOperation":
            return graphql.show(self._look(chosen, own, fault), chosen.below, "BulkOperation", TYPES)
        if name in ("orders", "products"):
            return self._listing(chosen, fault)
        if name in ("ordersCount", "productsCount"):
            return self._count(chosen, fault)
        record = getattr(self, f"_one_{name}")(chosen.arguments.get("id"))
        return graphql.show(record, chosen.below, TYPES["Query"][name].of, TYPES)

    # ---- bulk operations -----------------------------------------------------------------------------
    def _begin(self, chosen: Field) -> dict[str, Any]:
        def no(code: str, message: str) -> dict[str, Any]:
            self.desk.control.refusals[f"shopify/bulk: {code}"] += 1
            return {
                "bulkOperation": None,
                "userErrors": [{"field": ["query"], "message": message, "code": code}],
            }

        resets = self.desk.control.resets
        running = [
            found for found in self._operations.values() if found.is_running and found.resets == resets
        ]
        if len(running) >= AT_ONCE:
            text = "A bulk query operation for this app and shop is already in progress: "
            return no("LIMIT_REACHED", f"{text}gid://shopify/BulkOperation/{running[0].number}")
        if chosen.arguments.get("groupObjects", False) is not False:
            return no("INVALID", "the sandbox does not group objects")
        try:
            root = parse(str(chosen.arguments.get("query", "")), TYPES, ROOTS)
            rows = self._rows(root.name, str(root.arguments.get("query", "")))
        except Wrong as wrong:
            return no("INVALID", wrong.message)
        make = self._order if root.name == "orders" else self._product
        records = [make(row[2]) for row in rows]
        lines = lines_of(root, TYPES["Query"][root.name].of, records, TYPES)
        number = 1_000_000 + len(self._operations)
        plan, now = self.desk.next_plan(), self.desk.now()
        operation = Operation(number, plan, lines, len(records), now, resets)
        self._operations[number] = operation
        return {"bulkOperation": operation.shown(""), "userErrors": []}

    def _look(self, chosen: Field, own: str, fault: Fault | None) -> dict[str, Any] | None:
        number = number_of(chosen.arguments.get("id"), "BulkOperation")
        found = self._operations.get(number)
        if found is None:
            return None
        found.looks += 1
        shown = found.shown(f"{own}/bulk/{number}.jsonl?signature={_signature(number)}")
        if fault is not None and fault.kind == "changed_total":
            shown["objectCount"] = str(int(shown["objectCount"]) + 1)
        return shown

    # ---- listings ------------------------------------------------------------------------------------
    def _rows(self, name: str, search: str) -> list[tuple[int, int, Any]]:
        """(modified, id, what) of a listing's records, oldest change first."""
        start, end = window_of(search)
        now = self.desk.now()
        if name.startswith("orders"):
            rows: list[Row] = rows_between(self.desk, self.shop, start, end - 1)
            if "read_all_orders" in self.desk.control.withheld:
                rows = [row for row in rows if self._is_recent(row)]
            return sorted((row.modified, order_id(self.shop, row), row) for row in rows)
        found = self.desk.world.products(self.shop.store, now)
        return sorted((p.modified, product_number(p), p) for p in found if start <= p.modified < end)

    def _is_recent(self, row: Row) -> bool:
        """Without read_all_orders an app sees the orders that were made in the last sixty days."""
        made = state_at(self.desk, self.shop, row).order.timeline.created
        return made >= self.desk.now() - RECENT

    def _listing(self, chosen: Field, fault: Fault | None) -> dict[str, Any]:
        given = chosen.arguments
        if given.get("sortKey", "PROCESSED_AT" if chosen.name == "orders" else "ID") != "UPDATED_AT":
            raise Wrong("sandbox", "the sandbox sorts by UPDATED_AT only: ask for it by sortKey")
        rows = self._rows(chosen.name, str(given.get("query", "")))
        size, first = int(given["first"]), 0
        if given.get("after") is not None:
            place = unseal(given["after"])
            if place is None or len(place) != 2 or not all(part.isdigit() for part in place):
                raise Wrong("invalidCursor", "Invalid cursor for current pagination sort.")
            mark = (int(place[0]), int(place[1]))
            first = sum(1 for row in rows if row[:2] <= mark)
        if first >= DEEPEST:
            raise Wrong("paginationLimit", f"Only the first {DEEPEST} records can be paged through.")
        shown = rows[first : first + size]
        if fault is not None and fault.kind == "empty_page":
            shown = []
        elif fault is not None and fault.kind == "repeated_page":
            before = max(first - size, 0) if first else min(size, max(len(rows) - size, 0))
            shown = rows[before : before + size]
        last = shown[-1][:2] if shown else None
        make = self._order if chosen.name == "orders" else self._product
        of = "Order" if chosen.name == "orders" else "Product"
        return graphql.connection(
            chosen,
            graphql.records(chosen, [row[2] for row in shown], make, of, TYPES),
            has_next=first + size < len(rows),
            end_cursor=None if last is None else seal(str(last[0]), str(last[1])),
        )

    def _count(self, chosen: Field, fault: Fault | None) -> dict[str, Any]:
        most = chosen.arguments.get("limit", 10_000)
        total = len(self._rows(chosen.name, str(chosen.arguments.get("query", ""))))
        if fault is not None and fault.kind == "changed_total":
            total += 300
        over = most is not None and total > most
        count = {"count": most if over else total, "precision": "AT_LEAST" if over else "EXACT"}
        return {inner.name: count[inner.name] for inner in chosen.below}

    # ---- one record ----------------------------------------------------------------------------------
    def _order(self, row: Row) -> dict[str, Any]:
        return order_record(self.shop, state_at(self.desk, self.shop, row))

    def _product(self, product: ProductView) -> dict[str, Any]:
        return product_record(product)

    def _state(self, number: int) -> OrderState | None:
        place = locate_market(number)
        book = self.desk.world.books[self.shop.store]
        if place is None or place[0] is not self.shop or not book.exists(place[1], place[2]):
            return None
        return book.state(place[1], place[2], self.desk.now())

    def _one_order(self, gid: Any) -> dict[str, Any] | None:
        state = self._state(number_of(gid, "Order"))
        return None if state is None else order_record(self.shop, state)

    def _one_refund(self, gid: Any) -> dict[str, Any] | None:
        number = number_of(gid, "Refund")
        state = self._state(number)
        found = [] if state is None else given_back(state)
        refund = next((r for r in found if r.refund.id == number), None)
        return None if refund is None or state is None else refund_record(self.shop, state, refund)

    def _one_product(self, gid: Any) -> dict[str, Any] | None:
        number = number_of(gid, "Product")
        found = self.desk.world.products(self.shop.store, self.desk.now())
        return next((product_record(p) for p in found if product_number(p) == number), None)


def _signature(number: int) -> str:
    return sha256(f"file {number}".encode()).hexdigest()[:16]
