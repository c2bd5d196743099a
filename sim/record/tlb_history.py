"""Contents of a TLB in any cycle, and the cycles in which they change."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from .tlb import TlbContents, TlbEntry, TlbRecord


__all__ = ["TlbHistory"]


class TlbHistory:
    """Contents of a TLB in any cycle, each after the changes before it.

    What there is of each page is kept after every change that has been looked at, so that it takes
    no time to step through a run, forwards or back.

    Parameters
    ----------
    changes : sequence of :class:`TlbRecord`
        The changes, in the order of cycles. May grow.
    """

    def __init__(self, changes: Sequence[TlbRecord]):
        self._changes  = changes
        self._followed = 0
        self._contents = TlbContents()
        # By size and first byte: the translations of each page, since which cycles.
        self._pages: dict[int, dict[int, list[_Since]]] = defaultdict(lambda: defaultdict(list))

    def at(self, cycle: int) -> tuple[TlbEntry, ...]:
        """Translations that the TLB holds in ``cycle``, in the order in which they came."""
        self._follow(cycle)
        held = (entry for pages in self._pages.values() for turns in pages.values()
                for entry in _held(turns, cycle))
        return tuple(sorted(held, key=attrgetter("filled", "level")))

    def find(self, linear: int, pcid: int, cycle: int) -> TlbEntry | None:
        """The translation of ``linear`` that serves ``pcid`` in ``cycle``, if there is one.

        It is that of the first level, if both have one.
        """
        self._follow(cycle)
        held = (entry for size, pages in self._pages.items()
                for entry in _held(pages.get(linear & -size, ()), cycle))
        return min((entry for entry in held if entry.serves(linear, pcid)),
                   key=attrgetter("level"), default=None)

    def next_change(self, linear: int, *, after: int) -> int | None:
        """First cycle later than ``after`` with another translation of ``linear``, or with none.

        None if what there is stays.
        """
        self._follow(None)
        pages = (turns.get(linear & -size, ()) for size, turns in self._pages.items())
        later = (turns[place].cycle for turns in pages
                 if (place := bisect_right(turns, after, key=attrgetter("cycle"))) < len(turns))
        return min(later, default=None)

    def _follow(self, cycle: int | None) -> None:
        """Look at the changes before ``cycle``, or at all, as far as that was not done before."""
        changes = self._changes
        while self._followed < len(changes) and (
                cycle is None or changes[self._followed].cycle < cycle):
            change = changes[self._followed]
            for entry in self._contents.apply(change):
                self._turn(entry, change.cycle + 1, came=False)
            if change.entry is not None:
                self._turn(change.entry, change.cycle + 1, came=True)
            self._followed += 1

    def _turn(self, entry: TlbEntry, cycle: int, *, came: bool) -> None:
        """Take note of a translation that is there, or is not, from ``cycle`` on."""
        turns  = self._pages[entry.size][entry.linear]
        before = turns[-1].entries if turns else ()
        if turns and turns[-1].cycle == cycle:
            turns.pop()
        turns.append(_Since(cycle, (*before, entry) if came else tuple(
            other for other in before if other != entry)))


class _Since(NamedTuple):
    """Translations of one page from a cycle on."""

    cycle:   int
    entries: tuple[TlbEntry, ...]


def _held(turns: Sequence[_Since], cycle: int) -> tuple[TlbEntry, ...]:
    """Those of a page in ``cycle``."""
    place = bisect_right(turns, cycle, key=attrgetter("cycle"))
    return turns[place - 1].entries if place else ()
