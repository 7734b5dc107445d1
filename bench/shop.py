"""A shop of any size that answers as WooCommerce does: `python -m bench.shop ORDERS [LATENCY_MS]`, on loopback.

It is not the sandbox: it checks nothing and needs almost no CPU, so that the client's cost can be measured. Orders are 3 KB,
spread evenly over DAYS days before UNTIL, two to four lines each. Prints its port.
"""

from __future__ import annotations

import json
import random
import socketserver
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 10
SHAPES = 500  # different orders; the rest repeat them under ids and times of their own


def shape(number: int) -> bytes:
    """One order as JSON text with places for id and time."""
    draw = random.Random(number)
    lines = [
        {
            "id": number * 10 + place, "name": f"Lantern no. {draw.randrange(200)}, hand-made",
            "product_id": draw.randrange(200), "variation_id": draw.randrange(3), "quantity": draw.randrange(1, 4),
            "tax_class": "", "subtotal": f"{draw.randrange(1, 90000) / 100:.2f}", "subtotal_tax": "0.00",
            "total": f"{draw.randrange(1, 90000) / 100:.2f}", "total_tax": "0.00", "taxes": [],
            "meta_data": [{"id": place, "key": "pa_colour", "value": draw.choice(("red", "blue")),
                           "display_key": "Colour", "display_value": "Red"}],
            "sku": f"LAN-{draw.randrange(999):03d}", "price": draw.randrange(1, 90000) / 100, "image": {"id": "7", "src": ""},
            "parent_name": None,
        }
        for place in range(draw.randrange(2, 5))
    ]  # fmt: skip
    person = {
        "first_name": "Ann", "last_name": f"Example{number}", "company": "", "address_1": "5 Sample Street",
        "address_2": "", "city": "Springfield", "state": "IL", "postcode": "62701", "country": "US",
        "email": f"ann{number}@mail.example", "phone": "+1-555-0100",
    }  # fmt: skip
    order = {
        "id": 777777777, "parent_id": 0, "status": draw.choice(("completed", "processing", "refunded")),
        "currency": "USD", "version": "9.4.2", "prices_include_tax": False, "date_created": "@@@", "date_modified": "@@@",
        "date_created_gmt": "@@@", "date_modified_gmt": "@@@", "date_paid": "@@@", "date_paid_gmt": "@@@",
        "date_completed": None, "date_completed_gmt": None, "discount_total": "0.00", "discount_tax": "0.00",
        "shipping_total": "4.90", "shipping_tax": "0.00", "cart_tax": "0.00",
        "total": f"{draw.randrange(1, 90000) / 100:.2f}", "total_tax": "0.00", "customer_id": draw.randrange(50000),
        "order_key": "wc_order_x", "billing": person, "shipping": person, "payment_method": "stripe",
        "payment_method_title": "Card", "transaction_id": "ch_1", "customer_ip_address": "203.0.113.9",
        "customer_user_agent": "Mozilla/5.0", "created_via": "checkout", "customer_note": "", "cart_hash": "x",
        "number": "777777777", "meta_data": [], "line_items": lines, "tax_lines": [], "fee_lines": [], "coupon_lines": [],
        "shipping_lines": [{"id": 1, "method_title": "Flat rate", "method_id": "flat_rate", "instance_id": "1",
                            "total": "4.90", "total_tax": "0.00", "taxes": [], "meta_data": []}],
        "refunds": [], "payment_url": "", "is_editable": False, "needs_payment": False, "needs_processing": True,
        "currency_symbol": "$", "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/777777777"}]},
    }  # fmt: skip
    text = json.dumps(order, separators=(",", ":")).encode()
    return text.replace(b'"meta_data":[],"line', b'"meta_data":[{"id":1,"key":"_note","value":"%s"}],"line' % (b"x" * max(0, 2960 - len(text))))  # fmt: skip


class Shop:
    def __init__(self, orders: int) -> None:
        self.orders = orders
        self.begin = UNTIL - timedelta(days=DAYS)
        self.gap = timedelta(days=DAYS) / orders
        self.shapes = [shape(number).replace(b"%", b"%%").replace(b"777777777", b"%(id)d").replace(b"@@@", b"%(at)b") for number in range(SHAPES)]  # fmt: skip

    def place(self, text: str | None, otherwise: int) -> int:
        """How many orders were changed before an instant."""
        if text is None:
            return otherwise
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return min(self.orders, max(0, -((self.begin - at) // self.gap)))

    def page(self, query: dict[str, list[str]]) -> tuple[int, bytes]:
        def one(name: str) -> str | None:
            return query.get(name, [None])[0]  # type: ignore[list-item]

        if one("status") == "trash":
            return 0, b"[]"
        after = one("modified_after")
        first = self.place(after and (datetime.fromisoformat(after) + timedelta(seconds=1)).isoformat(), 0)
        last = self.place(one("modified_before"), self.orders)
        size, number = int(one("per_page") or 10), int(one("page") or 1)
        begin = first + (number - 1) * size
        rows = []
        for order in range(begin, min(begin + size, last)):
            at = (self.begin + self.gap * order).strftime("%Y-%m-%dT%H:%M:%S").encode()
            rows.append(self.shapes[order % SHAPES] % {b"id": 1_000_000 + order, b"at": at})
        return max(0, last - first), b"[" + b",".join(rows) + b"]"


def handler(shop: Shop, latency: float) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            if latency:
                time.sleep(latency)
            total, body = shop.page(parse_qs(urlsplit(self.path).query))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-WP-Total", str(total))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    latency = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    socketserver.TCPServer.allow_reuse_address = True
    with Server(("127.0.0.1", 0), handler(Shop(int(sys.argv[1])), latency)) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
