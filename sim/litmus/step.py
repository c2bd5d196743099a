"""Steps of a run: what other processors could see, and so which steps commute; and evictions."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from .test import Outcome


__all__ = ["Eviction", "Evictions", "Play", "Step"]


class Eviction(NamedTuple):
    """Something that a processor forgets of its own accord.

    Attributes
    ----------
    cpu, place : :class:`int`
        The processor, and the number of its access before which it forgets the translation of the
        address.
    tables : :class:`bool`
        It forgets the entry of the page directory, too.
    """

    cpu:    int
    place:  int
    tables: bool


#: All that processors forget in a run.
Evictions = frozenset[Eviction]


@dataclass(frozen=True)
class Step:
    """A step of a processor.

    Attributes
    ----------
    cpu : :class:`int`
        The processor.
    reads, writes : :class:`frozenset`
        What it touches: a word of memory by its address, an interrupt by its target's name.
    told : :class:`str`
        The step in words.
    weight : :class:`int`
        Transfers, control operations and interrupts that it is made of.
    sends, takes : :class:`int` or :class:`None`
        The processor that is interrupted; the one that takes an interrupt, for which it has waited.
    """

    cpu:    int
    reads:  frozenset[Hashable] = frozenset()
    writes: frozenset[Hashable] = frozenset()
    told:   str = field(default="", compare=False)
    weight: int = field(default=1, compare=False)
    sends:  int | None = None
    takes:  int | None = None

    def depends(self, other: "Step") -> bool:
        """Tell whether the order of two steps matters."""
        return self.cpu == other.cpu or bool(
            self.writes & (other.reads | other.writes) or self.reads & other.writes)


@dataclass
class Play:
    """A run of a test under one schedule.

    Attributes
    ----------
    steps : :class:`list` of :class:`Step`
        Its steps, in their order; of a locked access both halves together are one.
    outcome : :data:`.test.Outcome`
        Its end.
    """

    steps:   list[Step]
    outcome: Outcome
