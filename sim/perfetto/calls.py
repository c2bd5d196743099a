"""The kernel's functions as a flame graph: a slice from entering each to leaving it."""

from collections.abc import Sequence

from sim.record.records import Mark

from .slices import Slice

__all__ = ["calls"]


def calls(marks: Sequence[Mark], cycles: int) -> list[Slice]:
    """Slices of the functions in ``marks``, callers first.

    What has not returned when the record of ``cycles`` ends, ends there.
    """
    found: list[Slice] = []
    entered: list[int] = []  # places in it of the functions that execute
    stack: tuple[str, ...] = ()
    for mark in (*marks, Mark(cycles, (), "")):
        kept = 0
        while kept < min(len(stack), len(mark.stack)) and stack[kept] == mark.stack[kept]:
            kept += 1
        for place in entered[kept:]:
            found[place] = found[place]._replace(until=mark.cycle)
        del entered[kept:]
        for function in mark.stack[kept:]:
            entered.append(len(found))
            found.append(Slice(mark.cycle, cycles, function))
        stack = mark.stack
    return found
