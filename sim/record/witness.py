"""Witnesses: the access that a verdict names by its cycle and its address."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from .records import AccessRecord
from .trace import Trace


__all__ = ["Witness", "witness"]


class Witness(NamedTuple):
    """An access of a processor; ``number`` is its place in that one's trace."""

    cpu:    int
    number: int
    access: AccessRecord


def witness(traces: Sequence[Trace], cycle: int | None, linear: int | None,
            cpu: int | None = None) -> Witness | None:
    """The access to ``linear`` that ends or begins in ``cycle``, or else is under way in it.

    It is one of processor ``cpu``, or else of any. None if there is none, or nothing is asked
    for.
    """
    if cycle is None or linear is None:
        return None
    found = []
    for trace in traces if cpu is None else [traces[cpu]]:
        accesses = trace.all_accesses
        place    = bisect_right(accesses, cycle, key=attrgetter("accepted"))
        while place and not 0 <= accesses[place - 1].completed < cycle:
            place -= 1
            if accesses[place].linear == linear:
                found.append(Witness(trace.cpu, place, accesses[place]))
    return min(found, key=lambda each: (each.access.completed != cycle,
                                        each.access.accepted != cycle), default=None)
