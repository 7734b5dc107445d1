"""How Shopify says no."""

from __future__ import annotations

from typing import Any

from extractors.sandbox.desk import Answer

from .schema import BUCKET, RESTORE, VERSION


def unknown_token() -> Answer:
    text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return Answer({"errors": text}, 401, refusal="access token")


def throttled(seconds: float | None) -> Answer:
    """Too little is left: the price says how long until there is enough."""
    missing = (seconds or 1.0) * RESTORE
    return errors("THROTTLED", "Throttled", cost=cost_of(int(missing), None, 0.0))


def cost_of(requested: int, actual: int | None, left: float) -> dict[str, Any]:
    status = {"maximumAvailable": BUCKET, "currentlyAvailable": left, "restoreRate": RESTORE}
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}


def errors(code: str, message: str, cost: dict[str, Any] | None = None) -> Answer:
    body: dict[str, Any] = {"errors": [{"message": message, "extensions": {"code": code}}]}
    if cost is not None:
        body["extensions"] = {"cost": cost}
    return Answer(body, headers={"X-Shopify-API-Version": VERSION}, refusal=code)
