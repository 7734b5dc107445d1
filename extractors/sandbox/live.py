"""Where the orders of a content shop were sold: a live room, a short video, or the shelf.

Three rooms are on air each day, each with one host; the ids are as large as the vendor's.
"""

from __future__ import annotations

from dataclasses import dataclass

from .orders import Order

_ROOMS_A_DAY = 3
_HOSTS = 7
_ROOM = 7_290_000_000_000_000_000
_AUTHOR = 2_400_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Scene:
    """0 or "": none. ``author`` is the host of the room or the maker of the video."""

    room: int
    author: int
    author_name: str
    video: str


def scene_of(order: Order) -> Scene:
    """The scene of all lines of an order. Of five orders two come from live rooms, two from videos, one from
    the shelf."""
    kind = order.index % 5
    day = order.day.toordinal()
    if kind < 2:
        number = order.index % _ROOMS_A_DAY
        host = (day + number) % _HOSTS
        return Scene(_ROOM + day * 10 + number, _AUTHOR + host, f"主播{host}", "")
    if kind < 4:
        host = order.index % _HOSTS
        return Scene(0, _AUTHOR + host, f"主播{host}", f"73{day}{order.index % 4}")
    return Scene(0, 0, "", "")
