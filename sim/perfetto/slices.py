"""Slices, counters, and the rows that show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


__all__ = ["Column", "Counter", "Row", "Slice"]


class Slice(NamedTuple):
    """Something with a name, from cycle ``since`` up to, but not including, ``until``.

    If both are the same, it is an instant. ``values`` are the arguments that are shown with it, one
    for each column of its row; None is not shown. ``leads`` and ``led`` are the numbers of the flow
    that begins or ends at it, if one does.
    """

    since:  int
    until:  int
    name:   str
    values: tuple[int | str | None, ...] = ()
    leads:  int | None = None
    led:    int | None = None


class Column(NamedTuple):
    """An argument of the slices of a row: its name, and whether its numbers are hexadecimal."""

    name:        str
    hexadecimal: bool = False


@dataclass(frozen=True)
class Row:
    """A row of slices.

    Attributes
    ----------
    name : :class:`str`
        Its title.
    columns : sequence of :class:`Column`
        Arguments of its slices.
    lanes : sequence of sequences of :class:`Slice`
        Its slices. In a lane they come in the order of their first cycles, and one that begins
        before another has ended ends no later.
    """

    name:    str
    columns: Sequence[Column]
    lanes:   Sequence[Sequence[Slice]]


@dataclass(frozen=True)
class Counter:
    """A number: its value from each of these cycles on."""

    name:   str
    values: Sequence[tuple[int, int]]
