"""Orders, refunds and products as the API shows them in full; a query shows what it selects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from extractors.sandbox.book import Row
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.market import product_id, sku_id
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, Order, OrderState, RefundState, market_id
from extractors.sandbox.season import day_number


def money_of(shop: Shop, cents: int) -> dict[str, Any]:
    amount = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    # Shopify writes amounts without needless zeros: 57.5, 57.0.
    amount = re.sub(r"(\.\d)0$", r"\1", amount)
    money = {"amount": amount, "currencyCode": shop.currency}
    return {"shopMoney": money, "presentmentMoney": money}


def written(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def order_id(shop: Shop, row: Row) -> int:
    return market_id(shop, day_number(row.day), row.index)


def gid_of(of: str, number: int | str) -> str:
    return f"gid://shopify/{of}/{number}"


def given_back(state: OrderState) -> list[RefundState]:
    """The refunds of an order's record: a request is a return, which has a record of its own elsewhere."""
    return [found for found in state.refunds if found.refunded_at is not None]


def financial(state: OrderState) -> str:
    if state.paid_at is None:
        return "EXPIRED" if state.ended_at is not None else "PENDING"
    if not state.refunded:
        return "PAID"
    return "REFUNDED" if state.refunded >= state.order.total else "PARTIALLY_REFUNDED"


def is_called_off(state: OrderState) -> bool:
    """Closed before anything was sent: an order that comes back is refunded, not cancelled."""
    return state.ended_at is not None and state.shipped_at is None


def order_record(shop: Shop, state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    called_off = is_called_off(state)
    discounts = sum(line.list_amount - line.paid for line in order.lines)
    address = None if buyer is None else _address(buyer)
    paid, refunds = state.paid_at, given_back(state)
    money = lambda cents: money_of(shop, cents)  # noqa: E731
    return {
        "id": gid_of("Order", order.id),
        "legacyResourceId": str(order.id),
        "name": f"#{order.index + 1001}",
        "number": order.index + 1001,
        "createdAt": written(order.timeline.created),
        "processedAt": written(order.timeline.created),
        "updatedAt": written(state.modified),
        "cancelledAt": written(state.ended_at) if called_off else None,
        "cancelReason": "CUSTOMER" if called_off else None,
        "closedAt": written(state.completed_at),
        "closed": state.completed_at is not None,
        "test": False,
        "confirmed": True,
        "edited": state.is_edited,
        "currencyCode": shop.currency,
        "presentmentCurrencyCode": shop.currency,
        "taxesIncluded": False,
        "displayFinancialStatus": financial(state),
        "displayFulfillmentStatus": "FULFILLED" if state.shipped_at else "UNFULFILLED",
        "returnStatus": "RETURNED" if any(r.refund.plan.goods_return for r in refunds) else "NO_RETURN",
        "sourceName": "web",
        "paymentGatewayNames": list(_paid_with(order)),
        "email": None if buyer is None else buyer.email,
        "phone": None if buyer is None else buyer.phone,
        "note": None if buyer is None else f"Leave it with {buyer.name}",
        "clientIp": "203.0.113.7",
        "customer": None if buyer is None else _customer(buyer),
        "purchasingEntity": None if buyer is None else _entity(buyer),
        "shippingAddress": address,
        "billingAddress": address,
        "originalTotalPriceSet": money(order.total),
        "totalPriceSet": money(order.total),
        "subtotalPriceSet": money(order.goods),
        "currentTotalPriceSet": money(max(order.total - state.refunded, 0)),
        "totalDiscountsSet": money(discounts),
        "totalTaxSet": money(order.tax),
        "totalShippingPriceSet": money(order.shipping),
        "totalTipReceivedSet": money(0),
        "originalTotalDutiesSet": None,
        "originalTotalAdditionalFeesSet": None,
        "totalRefundedSet": money(state.refunded),
        "totalReceivedSet": money(order.total if paid else 0),
        "shippingLines": [_shipping_line(shop, order.shipping, order.shipping_tax)],
        "transactions": _transactions(shop, state),
        "fulfillments": _fulfillments(state),
        "lineItems": [_line_item(shop, state, line) for line in order.lines],
        "refunds": [refund_record(shop, state, found) for found in refunds],
    }


def _customer(buyer: Any) -> dict[str, Any]:
    number = int(buyer.key[:12], 16)
    first, _, last = buyer.name.partition(" ")
    return {
        "id": gid_of("Customer", number),
        "legacyResourceId": str(number),
        "email": buyer.email,
        "firstName": first,
        "lastName": last,
        "phone": buyer.phone,
    }


def _entity(buyer: Any) -> dict[str, Any]:
    return {"__typename": "PurchasingCompany" if buyer.is_organisation else "Customer"}


def _address(buyer: Any) -> dict[str, Any]:
    return {
        "name": buyer.name,
        "address1": buyer.address,
        "city": buyer.city,
        "zip": "11201",
        "phone": buyer.phone,
        "countryCodeV2": "US",
        "provinceCode": buyer.state_code,
    }


def _shipping_line(shop: Shop, price: int, tax: int) -> dict[str, Any]:
    money = money_of(shop, price)
    taxes = [{"title": "Tax", "rate": shop.tax_rate, "priceSet": money_of(shop, tax)}] if tax else []
    prices = {"discountedPriceSet": money, "originalPriceSet": money, "taxLines": taxes}
    return {"title": "Standard", "isRemoved": False, **prices}


def paid_by_gift_card(order: Order) -> int:
    """Every eighth order is paid with a card over 25 as far as that goes."""
    return min(order.total, 25_00) if order.index % 8 == 3 else 0


def _paid_with(order: Order) -> dict[str, int]:
    card = paid_by_gift_card(order)
    parts = {"shopify_payments": order.total - card, "gift_card": card}
    return {gateway: cents for gateway, cents in parts.items() if cents}


def _transactions(shop: Shop, state: OrderState) -> list[dict[str, Any]]:
    """A declined try, the payments, and what was given back."""
    order = state.order
    out: list[dict[str, Any]] = []

    def add(kind: str, status: str, at: int, cents: int, gateway: str = "shopify_payments") -> None:
        out.append(
            {
                "id": gid_of("OrderTransaction", order.id + 500 + len(out)),
                "kind": kind,
                "status": status,
                "gateway": gateway,
                "processedAt": written(at),
                "createdAt": written(at),
                "test": False,
                "amountSet": money_of(shop, cents),
            }
        )

    if order.index % 9 == 0:
        add("SALE", "FAILURE", order.timeline.created, order.total)
    if state.paid_at is not None:
        for gateway, cents in _paid_with(order).items():
            add("SALE", "SUCCESS", state.paid_at, cents, gateway)
    for found in given_back(state):
        add("REFUND", "SUCCESS", found.refunded_at or 0, found.refund.amount)
    return out


def _fulfillments(state: OrderState) -> list[dict[str, Any]]:
    if state.shipped_at is None:
        return []
    sent = {"id": gid_of("Fulfillment", state.order.id + 700), "createdAt": written(state.shipped_at)}
    return [{**sent, "deliveredAt": None, "status": "SUCCESS"}]


def _line_item(shop: Shop, state: OrderState, line: Line) -> dict[str, Any]:
    money = lambda cents: money_of(shop, cents)  # noqa: E731
    parts = [part for found in given_back(state) for part in found.refund.lines]
    returned = sum(part.quantity for part in parts if part.line.number == line.number)
    own = line.item_discount - line.adjustment
    allocated = [cents for cents in (own, line.order_discount) if cents]
    code, _, english, _ = line.item.skus[line.sku]
    taxes = [{"title": "Tax", "rate": shop.tax_rate, "priceSet": money(line.tax)}] if line.tax else []
    return {
        "id": gid_of("LineItem", state.order.id + line.number),
        "name": f"{line.item.english} - {english}",
        "title": line.item.english,
        "sku": f"{line.item.key}-{code}",
        "quantity": line.quantity,
        "currentQuantity": line.quantity - returned,
        "isGiftCard": False,
        "product": _sold("Product", product_id(line)),
        "variant": _sold("ProductVariant", sku_id(line)),
        "originalUnitPriceSet": money(line.unit_price),
        "originalTotalSet": money(line.list_amount),
        "discountedTotalSet": money(line.list_amount - own),
        "discountAllocations": [{"allocatedAmountSet": money(cents)} for cents in allocated],
        "taxLines": taxes,
    }


def _sold(of: str, number: int) -> dict[str, Any]:
    return {"id": gid_of(of, number), "legacyResourceId": str(number)}


def refund_record(shop: Shop, state: OrderState, found: RefundState) -> dict[str, Any]:
    refund, order = found.refund, state.order
    money = lambda cents: money_of(shop, cents)  # noqa: E731
    shipping_tax = refund.tax - sum(part.tax for part in refund.lines) if refund.shipping else 0
    loose = refund.goods - sum(part.goods for part in refund.lines)
    restock = "NO_RESTOCK"
    if refund.lines:
        restock = "RETURN" if refund.plan.goods_return else "CANCEL"
    at = written(found.refunded_at)
    paid = next(t for t in _transactions(shop, state) if t["kind"] == "REFUND" and t["processedAt"] == at)
    adjusted = {"id": gid_of("OrderAdjustment", refund.id), "reason": "REFUND_DISCREPANCY"}
    postage = {"id": gid_of("RefundShippingLine", refund.id), "subtotalAmountSet": money(refund.shipping)}
    return {
        "id": gid_of("Refund", refund.id),
        "legacyResourceId": str(refund.id),
        "createdAt": at,
        "processedAt": at,
        "updatedAt": at,
        "note": None if order.buyer is None else f"{refund.reason} ({order.buyer.name})",
        "totalRefundedSet": money(refund.amount),
        "refundLineItems": [
            {
                "id": gid_of("RefundLineItem", refund.id + 100 * part.line.number),
                "quantity": part.quantity,
                "restockType": restock,
                "lineItem": {"id": gid_of("LineItem", order.id + part.line.number), "isGiftCard": False},
                "subtotalSet": money(part.goods),
                "totalTaxSet": money(part.tax),
                "priceSet": money(part.goods // part.quantity),
            }
            for part in refund.lines
        ],
        "refundShippingLines": [{**postage, "taxAmountSet": money(shipping_tax)}] if refund.shipping else [],
        "orderAdjustments": [{**adjusted, "amountSet": money(-loose), "taxAmountSet": money(0)}]
        if loose
        else [],
        "transactions": [{**paid, "amountSet": money(refund.amount)}],
    }


def product_number(product: ProductView) -> int:
    return 3_600_000_000_000_000_000 + product.item.number


def product_record(product: ProductView) -> dict[str, Any]:
    item, number = product.item, product_number(product)
    times = {"createdAt": written(product.listed), "updatedAt": written(product.modified)}
    return {
        "id": gid_of("Product", number),
        "legacyResourceId": str(number),
        "title": item.english,
        "handle": item.key.replace("_", "-"),
        "status": "ACTIVE" if product.is_on_sale else "DRAFT",
        "productType": item.category[-1],
        "vendor": "Harbor Lantern",
        **times,
        "publishedAt": written(product.listed) if product.is_on_sale else None,
        "totalInventory": sum(product.stock),
        "tracksInventory": True,
        "isGiftCard": False,
        "variants": [
            {
                "id": gid_of("ProductVariant", 1_700_000_000_000_000_000 + item.number * 100 + i),
                "legacyResourceId": str(1_700_000_000_000_000_000 + item.number * 100 + i),
                "title": item.skus[i][2],
                "sku": f"{item.key}-{item.skus[i][0]}",
                "price": f"{cents // 100}.{cents % 100:02d}",
                "compareAtPrice": None,
                "inventoryQuantity": product.stock[i],
                **times,
            }
            for i, cents in enumerate(product.prices)
        ],
    }
