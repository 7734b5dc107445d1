"""Orders as the API shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from extractors.sandbox.book import Summary
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, OrderState, Refund, woo_id
from extractors.sandbox.season import day_number

from .call import Call
from .words import ORDER_STATUS, PAYMENT_TITLES, VERSION


def money_of(cents: int) -> str:
    return f"{cents / 100:.2f}"


def stamps(shop: Shop, name: str, at: int | None) -> dict[str, str | None]:
    if at is None:
        return {name: None, f"{name}_gmt": None}
    moment = datetime.fromtimestamp(at, UTC)
    local = moment.astimezone(shop.zone)
    return {name: local.strftime("%Y-%m-%dT%H:%M:%S"), f"{name}_gmt": moment.strftime("%Y-%m-%dT%H:%M:%S")}


def status_of(state: OrderState) -> str:
    return ORDER_STATUS[state.status]


def id_of(short: Summary) -> int:
    return woo_id(day_number(short.day), short.index)


def item_product(line: Line) -> tuple[int, int]:
    product = 4_000 + line.item.number * 20
    return product, product + 1 + line.sku if len(line.item.skus) > 1 else 0


def names_of(call: Call, line: Line) -> tuple[str, str]:
    us = call.shop.market == "US"
    sku = line.item.skus[line.sku]
    title = line.item.english if us else line.item.chinese
    option = sku[2] if us else sku[1]
    return (title if len(line.item.skus) == 1 else f"{title} - {option}"), option


def line_item(call: Call, order_id: int, line: Line) -> dict[str, Any]:
    product, variation = item_product(line)
    name, option = names_of(call, line)
    subtotal_tax = round(line.net * call.shop.tax_rate)
    return {
        "id": order_id * 10 + line.number,
        "name": name,
        "product_id": product,
        "variation_id": variation,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": money_of(line.net),
        "subtotal_tax": money_of(subtotal_tax),
        "total": money_of(line.paid),
        "total_tax": money_of(line.tax),
        "taxes": [{"id": 1, "total": money_of(line.tax), "subtotal": money_of(subtotal_tax)}]
        if line.tax
        else [],
        "meta_data": [{"id": order_id * 100 + line.number, "key": "pa_option", "value": option}]
        if variation
        else [],
        "sku": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "price": line.paid / line.quantity / 100,
    }


def order_record(call: Call, state: OrderState) -> dict[str, Any]:
    order, buyer, shop = state.order, state.order.buyer, call.shop
    discount = sum(line.order_discount for line in order.lines)
    paid = state.paid_at
    attribution = (
        ("utm", "baidu"),
        ("organic", "google"),
        ("typein", "(direct)"),
        ("referral", "xiaohongshu.example"),
    )
    kind, source = attribution[order.index % 4]
    meta = [
        ("_wc_order_attribution_source_type", kind),
        ("_wc_order_attribution_utm_source", source),
        ("_order_stock_reduced", "yes"),
    ]
    if order.timeline.exclusion == "test":
        meta.append(("_wcpay_mode", "test"))
    if buyer and order.index % 3 == 0:  # as a plug-in for payments writes it
        meta += [("_paypal_payer_email", buyer.email), ("_shipping_phone", buyer.phone)]
    if state.is_edited or state.touches:
        meta.append(("_internal_revision", str(int(state.is_edited) + state.touches)))
    if buyer is not None and buyer.is_organisation:
        meta.append(("_buyer_type", "organisation"))
    out: dict[str, Any] = {
        "id": order.id,
        "parent_id": 0,
        "status": status_of(state),
        "currency": shop.currency,
        "version": VERSION,
        "prices_include_tax": False,
        **stamps(shop, "date_created", order.timeline.created),
        **stamps(shop, "date_modified", state.modified),
        "discount_total": money_of(discount),
        "discount_tax": "0.00",
        "shipping_total": money_of(order.shipping),
        "shipping_tax": money_of(order.shipping_tax),
        "cart_tax": money_of(order.tax - order.shipping_tax),
        "total": money_of(order.total),
        "total_tax": money_of(order.tax),
        "customer_id": 0 if buyer is None else buyer.customer_id,
        "order_key": f"wc_order_{order.id:x}",
        "billing": address_of(state, billing=True),
        "shipping": address_of(state, billing=False),
        "payment_method": order.payment,
        "payment_method_title": PAYMENT_TITLES[order.payment],
        "transaction_id": f"{order.id * 7919:d}" if paid else "",
        "customer_ip_address": "203.0.113.7" if buyer else "",
        "customer_user_agent": f"Mozilla/5.0 {buyer.nick}" if buyer else "",
        "created_via": "checkout" if buyer else "admin",
        "customer_note": f"Ring {buyer.phone}" if buyer and order.index % 8 == 0 else "",
        **stamps(shop, "date_completed", state.completed_at),
        **stamps(shop, "date_paid", paid),
        "cart_hash": f"{order.id:032x}",
        "number": str(order.id),
        "meta_data": [
            {"id": 9_007_199_254_740_993 + order.id * 8 + i, "key": key, "value": value}
            for i, (key, value) in enumerate(meta)
        ],
        "line_items": [line_item(call, order.id, line) for line in order.lines],
        "tax_lines": [
            {
                "id": order.id * 10 + 7,
                "rate_code": "US-NY-TAX-1",
                "rate_id": 1,
                "label": "Tax",
                "compound": False,
                "tax_total": money_of(order.tax - order.shipping_tax),
                "shipping_tax_total": money_of(order.shipping_tax),
                "rate_percent": 8.875,
                "meta_data": [],
            }
        ]
        if order.tax
        else [],
        "shipping_lines": [
            {
                "id": order.id * 10 + 8,
                "method_title": "Flat rate" if order.shipping else "Free shipping",
                "method_id": "flat_rate" if order.shipping else "free_shipping",
                "instance_id": "1",
                "total": money_of(order.shipping),
                "total_tax": money_of(order.shipping_tax),
                "taxes": [],
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [
            {
                "id": order.id * 10 + 9,
                "code": order.coupon.lower(),
                "discount": money_of(discount),
                "discount_tax": "0.00",
                "meta_data": [],
            }
        ]
        if discount
        else [],
        "refunds": [
            {"id": r.refund.id, "reason": typed_reason(state, r.refund), "total": money_of(-r.refund.amount)}
            for r in sorted(state.refunds, key=lambda r: r.refund.id, reverse=True)
        ],
        "payment_url": "",
        "is_editable": status_of(state) in ("pending", "on-hold"),
        "needs_payment": paid is None,
        "needs_processing": True,
        "currency_symbol": "$" if shop.currency == "USD" else "¥",
    }
    if order.index % 37 == 0:
        out["fulfillment_hint"] = {"wave": order.index % 5, "token": 9_007_199_254_740_995 + order.index}
    return out


def address_of(state: OrderState, *, billing: bool) -> dict[str, str]:
    buyer = state.order.buyer
    us = state.order.shop.market == "US"
    names = (
        "first_name",
        "last_name",
        "company",
        "address_1",
        "address_2",
        "city",
        "state",
        "postcode",
        "country",
        "phone",
    )
    if buyer is None:
        empty = dict.fromkeys(names, "")
        return empty | {"email": ""} if billing else empty
    first, _, last = buyer.name.partition(" ")
    values = (
        first,
        last,
        buyer.company,
        buyer.address,
        "",
        buyer.city,
        buyer.state_code,
        "11201" if us else "310000",
        "US" if us else "CN",
        buyer.phone,
    )
    out = dict(zip(names, values, strict=True))
    return out | {"email": buyer.email} if billing else out


def typed_reason(state: OrderState, refund: Refund) -> str:
    """What the shop's staff write beside a refund: the reason, and of whom it is."""
    buyer = state.order.buyer
    return refund.reason if buyer is None else f"{refund.reason} ({buyer.name})"
