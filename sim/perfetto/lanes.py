"""Lanes: slices that overlap side by side.

If one begins within another of its track and outlasts it, Perfetto takes the end of each for that
of the other, without a word.
"""

from collections.abc import Iterable

from .slices import Slice


__all__ = ["lanes"]


def lanes(slices: Iterable[Slice]) -> list[list[Slice]]:
    """Distribute slices over lanes in which no two overlap; as few lanes as can be.

    They last a cycle or more, and come in the order of their first cycles. Each goes to the first
    lane that is free.
    """
    found: list[list[Slice]] = []
    for piece in slices:
        for lane in found:
            if lane[-1].until <= piece.since:
                lane.append(piece)
                break
        else:
            found.append([piece])
    return found
