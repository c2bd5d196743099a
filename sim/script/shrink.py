"""Shrinking of a script that differs: fewer steps that differ likewise."""

from collections.abc import Callable, Sequence
from typing import TypeVar


__all__ = ["shrunk"]


T = TypeVar("T")


def shrunk(steps: Sequence[T], differs: Callable[[Sequence[T]], bool]) -> list[T]:
    """Leave steps out, many at a time and then fewer, as long as the rest ``differs``.

    In the end nothing differs without any of them. A step that another one needed is left out when
    that one is.
    """
    found = list(steps)
    size  = max(len(found) // 2, 1)
    while True:
        start, before = 0, len(found)
        while start < len(found):
            rest = found[:start] + found[start + size:]
            if rest and differs(rest):
                found = rest
            else:
                start += size
        if size == 1 and len(found) == before:
            return found
        size = max(size // 2, 1)
