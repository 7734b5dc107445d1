"""Reviews of products as the API shows them: comments of WordPress, with stars."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from extractors.sandbox.merchants import Shop
from extractors.sandbox.reviews import Review, Reviews

from .call import Call, listed_values, ordered
from .orders import item_product, stamps
from .refusals import invalid
from .words import BEGINNING, REVIEW_STATUSES

_DAY = 86_400


def review_id(review: Review) -> int:
    return review.order.id * 10 + review.line.number


def status_of(review: Review, now: int) -> str:
    """Some wait a day for the shop's word; some are thrown away after three, and one in a while is spam."""
    place = review.order.index % 29
    if place == 7:
        return "spam"
    if place == 11 and now >= review.written + 3 * _DAY:
        return "trash"
    return "hold" if place % 5 == 1 and now < review.written + _DAY else "approved"


def is_in(review: Review, status: str, now: int) -> bool:
    """Whether a list of that status holds it: `all` has neither spam nor trash."""
    told = status_of(review, now)
    return told in ("approved", "hold") if status == "all" else told == status


def select_reviews(call: Call, reviews: Reviews) -> list[Review]:
    """What the filters leave, in order. Both dates are exclusive, to the second."""
    status = call.query.get("status", "approved")
    if status not in REVIEW_STATUSES:
        raise invalid("status", f"status is not one of {', '.join(sorted(REVIEW_STATUSES))}.")
    after, before = (_moment(call, name) for name in ("after", "before"))
    found = reviews.between(
        BEGINNING if after is None else after + 1, call.now if before is None else before - 1, call.now
    )
    products = listed_values(call.query, "product")
    wanted = [
        review
        for review in found
        if is_in(review, status, call.now) and (not products or str(item_product(review.line)[0]) in products)
    ]
    by_time = {name: lambda r: (r.written, review_id(r)) for name in ("date", "date_gmt")}
    keys = {
        **by_time,
        "id": review_id,
        "include": review_id,
        "product": lambda r: (item_product(r.line)[0], review_id(r)),
    }
    query = {"orderby": "date_gmt", **call.query}
    return ordered(Call(call.shop, call.book, query, call.path, call.url, call.now), wanted, keys, review_id)


def _moment(call: Call, name: str) -> int | None:
    """A date of WordPress: in the zone it names, else in the site's."""
    text = call.query.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", text):
        raise invalid(name, "Invalid date.")
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=call.shop.zone)).timestamp())


def review_record(call: Call, review: Review) -> dict[str, Any]:
    shop: Shop = call.shop
    buyer, product = review.order.buyer, item_product(review.line)[0]
    name, email = ("Guest", "") if buyer is None else (buyer.name, buyer.email)
    base = call.url.rsplit("/products/", 1)[0]
    return {
        "id": review_id(review),
        **stamps(shop, "date_created", review.written),
        "product_id": product,
        "product_name": review.line.item.english if shop.market == "US" else review.line.item.chinese,
        "product_permalink": f"https://shop.example/product/{review.line.item.key}",
        "status": status_of(review, call.now),
        "reviewer": name,
        "reviewer_email": email,
        "review": f"<p>{review.stars} stars, says {name}, ask me at {email}</p>\n",
        # Some themes let one write without stars.
        "rating": 0 if review.order.index % 17 == 3 else review.stars,
        "verified": buyer is not None,
        "reviewer_avatar_urls": {
            size: f"https://avatar.example/{email}?s={size}" for size in ("24", "48", "96")
        },
        "_links": {
            "self": [{"href": f"{base}/products/reviews/{review_id(review)}"}],
            "up": [{"href": f"{base}/products/{product}"}],
            "reviewer": [{"embeddable": True, "href": f"{base}/users/{name}"}],
        },
    }
