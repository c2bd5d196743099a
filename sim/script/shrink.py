"""Shrinking of a script that differs: fewer steps that differ likewise."""

from collections.abc import Callable, Sequence
from typing import TypeVar


__all__ = ["shrunk"]


T = TypeVar("T")


def shrunk(steps: Sequence[T], differs: Callable[[Sequence[T]], bool]) -> list[T]:
    """Leave steps out, many at a time and then fewer, as long as the rest ``differs``.

    The last of them is one of those without which nothing differs.
    """
    found = list(steps)
    size  = len(found) // 2
    while size:
        start = 0
        while start < len(found):
            rest = found[:start] + found[start + size:]
            if rest and differs(rest):
                found = rest
            else:
                start += size
        size //= 2
    return found
