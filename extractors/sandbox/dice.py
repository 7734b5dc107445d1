"""Random numbers by hashing: the same question always gets the same answer, independent of any other.

A sequential generator would make day 900 depend on days 1 to 899. Here every draw is a hash of what it
is about,
so any order of any day can be computed alone, in any process, in any order.
"""

from __future__ import annotations

import math
import struct
from hashlib import blake2b

_SIXTEEN = struct.Struct("<16I")
_KEY = struct.Struct("<qqq")
_FULL = float(2**32)


class Dice:
    """Draws for one purpose (a shop's orders, an advertiser's reports). ``seed`` and ``purpose`` fix
    every answer."""

    __slots__ = ("_base",)

    def __init__(self, seed: int, purpose: str) -> None:
        self._base = blake2b(f"{seed}/{purpose}".encode(), digest_size=64)

    def sixteen(self, a: int, b: int = 0, c: int = 0) -> tuple[float, ...]:
        """Sixteen numbers in [0, 1) for the triple (a, b, c)."""
        state = self._base.copy()
        state.update(_KEY.pack(a, b, c))
        return tuple(x / _FULL for x in _SIXTEEN.unpack(state.digest()))

    def one(self, a: int, b: int = 0, c: int = 0) -> float:
        """One number in [0, 1) for the triple (a, b, c)."""
        state = self._base.copy()
        state.update(_KEY.pack(a, b, c))
        return int.from_bytes(state.digest()[:4], "little") / _FULL


def between(u: float, low: float, high: float) -> int:
    """The whole number that ``u`` in [0, 1) picks from [low, high]."""
    return int(low + u * (high - low + 1))


def lag(u: float, mean: float) -> float:
    """An exponential waiting time with this mean."""
    return -mean * math.log(1.0 - u)


def pick(u: float, weighted: tuple[tuple[object, float], ...]) -> object:
    """The option whose share of the total weight ``u`` falls into."""
    total = sum(weight for _, weight in weighted)
    mark = u * total
    for option, weight in weighted:
        mark -= weight
        if mark < 0:
            return option
    return weighted[-1][0]
