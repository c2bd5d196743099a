"""Calls of kernel functions, from the marks that say which of them execute."""

from collections.abc import Sequence
from typing import NamedTuple

from .records import Mark


__all__ = ["Call", "calls"]


class Call(NamedTuple):
    """A function, from the cycle in which it is entered up to that in which it has returned.

    ``depth`` is the number of its callers.
    """

    since:    int
    until:    int
    depth:    int
    function: str


def calls(marks: Sequence[Mark], cycles: int) -> list[Call]:
    """The calls in ``marks``, in the order in which they begin, callers first.

    What has not returned when the record of ``cycles`` ends, ends there.
    """
    found: list[Call] = []
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
            found.append(Call(mark.cycle, cycles, len(entered) - 1, function))
        stack = mark.stack
    return found
