"""Files that people drop into an inbox: no vendor is called, and a mapping says what their columns mean."""

from dataclasses import replace

from extractors.core.model import Instant, Platform, Stream


def _nothing(account: object, window: object) -> list:
    return []


def _figures(name: str, *key: str) -> tuple[Stream, ...]:
    """The streams of a report by day, week and month. Each is separate, because distinct people of a week are
    not the sum of its days."""
    day = Stream(name, "report", key=key, day="report_date", reads=_nothing)
    return (
        day,
        replace(day, name=f"{name}_weekly", period="week"),
        replace(day, name=f"{name}_monthly", period="month"),
    )


PLATFORM = Platform(
    name="files",
    title="File drops",
    base_url="",
    protocol=None,
    streams=(
        Stream("orders", "cursor", key=("order_id",), cursor=Instant("watermark"), reads=_nothing),
        Stream("refunds", "cursor", key=("refund_id",), cursor=Instant("watermark"), reads=_nothing),
        *_figures("traffic", "source_1", "source_2", "source_3", "device"),
        *_figures("product_traffic", "product_id", "sku_id"),
        *_figures("live_sessions", "live_id", "host_id", "host_name", "started_at")[:1],
    ),
    options=frozenset({"mapping"}),
)
