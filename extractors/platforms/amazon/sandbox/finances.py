"""Transactions as listTransactions shows them (model ``finances_2024-06-19``): shipments, refunds, releases
and the monthly subscription.

The model names no breakdowns beside those of its example ("Product Charges"). Those of a shipment here are
spelled as third-party recordings of answers have them ("AmazonFees"), those of a refund as the model has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from extractors.sandbox.credentials import EXTRA
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, OrderState, RefundState
from extractors.sandbox.season import day_number
from extractors.sandbox.timeline import HORIZON_DAYS, REFUNDED
from extractors.sandbox.truth import refunds_modified
from extractors.sandbox.world import World

MARKETPLACE = str(EXTRA["amazon"]["marketplaces"])
SUBSCRIPTION = 39_99
"""What selling costs a month, in cents."""

_DAY = 86_400
_HELD = 12 * _DAY  # how long a deferred payment is held back

Posted = tuple[int, str, Callable[[], dict[str, Any]]]
"""When a transaction was posted, its id, and what makes its record."""


# ---- what was posted -----------------------------------------------------------------------------------
def posted_between(world: World, shop: Shop, start: int, end: int, now: int) -> list[Posted]:
    """The transactions posted in ``[start, end)``, in the order of posting."""
    found: list[Posted] = []
    for state, refund in refunds_modified(world, shop, start, end, now):
        if is_posted(refund):
            found.append((refund.modified, refund_id(refund), partial(_refund, shop, state, refund)))
    for state in shipped_between(world, shop, start - _HELD, end, now):
        at = state.shipped_at or 0
        if at >= start:
            found.append((at, _shipment_id(state), partial(_shipment, shop, state, now)))
        if is_deferred(state) and start <= at + _HELD < min(end, now + 1):
            found.append((at + _HELD, _release_id(state), partial(_release, shop, state, now)))
    found += [
        (at, _subscription_id(at), partial(_subscription, shop, at))
        for at in _months(start, min(end, now + 1))
    ]
    return sorted(found, key=lambda entry: entry[:2])


def shipped_between(world: World, shop: Shop, start: int, end: int, now: int) -> Iterator[OrderState]:
    """The orders that were sent in ``[start, end)``, as they are at ``now``."""
    book = world.books[shop.store]
    for day, index in book.created_between(start - HORIZON_DAYS * _DAY, end - 1, now):
        state = book.state(day, index, now)
        if state is not None and state.shipped_at is not None and start <= state.shipped_at < end:
            yield state


def _months(start: int, end: int) -> Iterator[int]:
    """The midnights in UTC of ``[start, end)`` with which a month begins."""
    day = datetime.fromtimestamp(start - 1, UTC).date().replace(day=1)
    while (at := _midnight(day)) < end:
        if at >= start:
            yield at
        day = (day + timedelta(days=31)).replace(day=1)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def is_posted(refund: RefundState) -> bool:
    """What is called off before it is sent was never charged, so nothing is given back."""
    return refund.phase == REFUNDED and not refund.refund.plan.before_shipment


def is_deferred(state: OrderState) -> bool:
    """Whether the money of an order is held back at first: until some days after delivery, or an invoice."""
    return state.order.index % 5 == 0


def is_sent_by_amazon(state: OrderState) -> bool:
    """Whether the order is fulfilled by Amazon (FBA)."""
    return state.order.index % 4 == 0


# ---- what Amazon takes ---------------------------------------------------------------------------------
def fees_of(state: OrderState, line: Line) -> dict[str, int]:
    """What Amazon takes of a line that is sent, in cents without tax: 15 in a hundred, and 3 dollars a piece
    that it sends itself."""
    fees = {"Commission": line.paid * 15 // 100}
    return fees | {"FBAPerUnitFulfillmentFee": 300 * line.quantity} if is_sent_by_amazon(state) else fees


def fee_given_back(refund: RefundState) -> int:
    """What of its fee Amazon gives back with a refund, in cents."""
    return refund.refund.goods * 12 // 100


# ---- records -------------------------------------------------------------------------------------------
def order_number(number: int, index: int) -> str:
    """The id of the order with an index on a day of the world."""
    return f"114-{number:07d}-{index:07d}"


def order_id(state: OrderState) -> str:
    """The order's id."""
    return order_number(day_number(state.order.day), state.order.index)


def refund_id(refund: RefundState) -> str:
    """The id of a refund's transaction."""
    return f"R{refund.refund.id}"


def _shipment_id(state: OrderState) -> str:
    return f"S{state.order.id}"


def _release_id(state: OrderState) -> str:
    return f"D{state.order.id}"


def _subscription_id(at: int) -> str:
    return f"F{at}"


def _moved(shop: Shop, cents: int) -> dict[str, Any]:
    return {"currencyAmount": cents / 100, "currencyCode": shop.currency}


def _part(shop: Shop, name: str, cents: int, *below: dict[str, Any]) -> dict[str, Any]:
    return {"breakdownType": name, "breakdownAmount": _moved(shop, cents), "breakdowns": list(below)}


def _taken(shop: Shop, name: str, cents: int, tax: int = 0) -> dict[str, Any]:
    """A fee, which holds its tax."""
    below = [_part(shop, "Base", -cents)] + ([_part(shop, "Tax", -tax)] if tax else [])
    return _part(shop, name, -cents - tax, *below)


def _posting(
    shop: Shop, kind: str, why: str, key: str, at: int, cents: int, status: str = "RELEASED", **related: str
) -> dict[str, Any]:
    return {
        "sellingPartnerMetadata": {"sellingPartnerId": "A3SANDBOX", "marketplaceId": MARKETPLACE},
        "transactionId": key,
        "transactionType": kind,
        "transactionStatus": status,
        "description": why,
        "postedDate": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "totalAmount": _moved(shop, cents),
        "relatedIdentifiers": [
            {"relatedIdentifierName": name, "relatedIdentifierValue": value}
            for name, value in {"FINANCIAL_EVENT_GROUP_ID": "4MVaHcsAfaYA", **related}.items()
        ],
    }


def _sent(shop: Shop, state: OrderState, line: Line) -> dict[str, Any]:
    """An item of a shipment: what the buyer paid for it, less the fees. Amazon's own service is taxed."""
    fees = fees_of(state, line)
    taxes = {name: cents // 10 for name, cents in fees.items() if name.startswith("FBA")}
    first = line.number == 1
    shipping, tax = (
        (state.order.shipping if first else 0),
        line.tax + (state.order.shipping_tax if first else 0),
    )
    below = [_taken(shop, name, cents, taxes.get(name, 0)) for name, cents in fees.items()]
    taken = sum(fees.values()) + sum(taxes.values())
    parts = [_part(shop, "ProductCharges", line.paid, _part(shop, "OurPricePrincipal", line.paid))]
    parts += [_part(shop, "Shipping", shipping)] if shipping else []
    parts += [_part(shop, "Tax", tax)] if tax else []
    return {
        "description": line.item.english,
        "totalAmount": _moved(shop, line.paid + shipping + tax - taken),
        "breakdowns": [*parts, _part(shop, "AmazonFees", -taken, *below)],
        "contexts": [_context(line, "AFN" if is_sent_by_amazon(state) else "MFN")],
    }


def _paid_out(
    shop: Shop, state: OrderState, key: str, at: int, status: str, **related: str
) -> dict[str, Any]:
    """The money of an order. A transaction tells its parts twice: by item, and summed over all its items."""
    items = [_sent(shop, state, line) for line in state.order.lines]
    taken = sum(round(item["breakdowns"][-1]["breakdownAmount"]["currencyAmount"] * 100) for item in items)
    related = {"ORDER_ID": order_id(state), **related}
    total = state.order.total + taken
    sums = [
        _part(shop, "Sales", state.order.total),
        _part(shop, "Expenses", taken, _part(shop, "AmazonFees", taken)),
    ]
    posted = _posting(shop, "Shipment", "Order Payment", key, at, total, status, **related)
    return posted | {"items": items, "breakdowns": sums}


def _shipment(shop: Shop, state: OrderState, now: int) -> dict[str, Any]:
    """What is posted when an order is sent. Its status changes when held money is released."""
    at, key = state.shipped_at or 0, _shipment_id(state)
    if not is_deferred(state):
        return _paid_out(shop, state, key, at, "RELEASED")
    held = {"contextType": "DeferredContext", "deferralReason": "DD7"}
    held["maturityDate"] = datetime.fromtimestamp(at + _HELD, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if now < at + _HELD:
        return _paid_out(shop, state, key, at, "DEFERRED") | {"contexts": [held]}
    related = {"RELEASE_TRANSACTION_ID": _release_id(state)}
    return _paid_out(shop, state, key, at, "DEFERRED_RELEASED", **related) | {"contexts": [held]}


def _release(shop: Shop, state: OrderState, now: int) -> dict[str, Any]:
    """The same money once more, when it is released."""
    at = (state.shipped_at or 0) + _HELD
    related = {"DEFERRED_TRANSACTION_ID": _shipment_id(state)}
    return _paid_out(shop, state, _release_id(state), at, "RELEASED", **related)


def _subscription(shop: Shop, at: int) -> dict[str, Any]:
    fee = _part(shop, "AmazonFees", -SUBSCRIPTION, _taken(shop, "Subscription", SUBSCRIPTION))
    item = {
        "description": None,
        "totalAmount": _moved(shop, -SUBSCRIPTION),
        "breakdowns": [fee],
        "contexts": [],
    }
    posted = _posting(shop, "ServiceFee", "Subscription", _subscription_id(at), at, -SUBSCRIPTION)
    return posted | {"items": [item]}


def _refund(shop: Shop, state: OrderState, found: RefundState) -> dict[str, Any]:
    """A refund: less to the seller, and a little of the fee back."""
    refund, fee = found.refund, fee_given_back(found)
    posted = _posting(
        shop,
        "Refund",
        "Refund Order",
        refund_id(found),
        found.modified,
        fee - refund.amount,
        ORDER_ID=order_id(state),
    )
    items = [_given_back(shop, part.goods, 0, part.tax, 0, _context(part.line)) for part in refund.lines[1:]]
    goods = refund.goods - sum(part.goods for part in refund.lines[1:])
    tax = refund.tax - sum(part.tax for part in refund.lines[1:])
    first = [_context(refund.lines[0].line)] if refund.lines else []
    return posted | {"items": [_given_back(shop, goods, refund.shipping, tax, fee, *first), *items]}


def _context(line: Line, network: str = "MFN") -> dict[str, Any]:
    return {
        "contextType": "ProductContext",
        "asin": f"B0{line.item.number:08d}",
        "sku": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "quantityShipped": line.quantity,
        "fulfillmentNetwork": network,
    }


def _given_back(
    shop: Shop, goods: int, shipping: int, tax: int, fee: int, *contexts: dict[str, Any]
) -> dict[str, Any]:
    """An item of a refund."""
    parts = [_part(shop, "Product Charges", -goods, _part(shop, "Principal", -goods))] if goods else []
    parts += [_part(shop, "Shipping", -shipping)] if shipping else []
    parts += [_part(shop, "Tax", -tax)] if tax else []
    parts += [_part(shop, "Amazon Fees", fee, _part(shop, "Commission", fee))] if fee else []
    total = _moved(shop, fee - goods - shipping - tax)
    return {"description": "Refund", "totalAmount": total, "breakdowns": parts, "contexts": list(contexts)}
