"""Files people drop into the inbox: no vendor answers for them, a mapping says what they mean."""

from extractors.core.model import Instant, Platform, Stream


def _nothing(account: object, window: object) -> list:
    return []


PLATFORM = Platform(
    name="files",
    title="File drops",
    base_url="",
    protocol=None,
    streams=(
        Stream("orders", "cursor", key=("order_id",), cursor=Instant("watermark"), reads=_nothing),
        Stream("refunds", "cursor", key=("refund_id",), cursor=Instant("watermark"), reads=_nothing),
    ),
    options=frozenset({"mapping"}),
)
