"""Runs of one processor of a litmus test: all that it can come by, whatever it may have read.

A walk reads its entries, and sets A and D as a locked access: its read is the read of the walk. An
access uses what a walk of its own has read, or a walk of an access before it, if no INVLPG was
between; an entry that is not present is not kept, and a fault drops what was kept of its address.

Ref: Intel SDM Vol. 3A, sections 4.10.2.3 and 4.10.4.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from .test import DIRECTORY, Entry, Instruction, Kind, LitmusTest, Location, Op, Value


__all__ = ["Event", "Run", "runs"]


class Event(NamedTuple):
    """Something that a processor does.

    Attributes
    ----------
    thread, place : :class:`int`
        Processor, and number of the instruction.
    what : :class:`str`
        ``R`` and ``W``: a read or a write of memory; ``I``: INVLPG; ``F``: a fence; ``S`` and
        ``H``: an interrupt is sent, or taken.
    location : :class:`Location` or :class:`None`
        The page of memory or the entry that is read or written, or the address of INVLPG.
    value : :data:`Value`
        What is read or written; the target of an interrupt.
    ghost : :class:`bool`
        The walker does it.
    locked : :class:`bool`
        It is half of a locked access.
    fails : :class:`bool`
        It is a read of a walk that ends in a page fault.
    """

    thread:   int
    place:    int
    what:     str
    location: Location | None = None
    value:    Value = 0
    ghost:    bool  = False
    locked:   bool  = False
    fails:    bool  = False


@dataclass(frozen=True)
class Run:
    """One processor's part of a candidate: numbers in it are those of its own events.

    ``pairs`` are the halves of locked accesses; ``uses`` are an access, whether it was done, the
    reads of the walk that it uses, and the access that made that walk.
    """

    events: tuple[Event, ...] = ()
    pairs:  tuple[tuple[int, int], ...] = ()
    uses:   tuple[tuple[int, tuple[int, ...], int], ...] = ()
    known:  tuple[tuple[str, Value], ...] = ()


def runs(test: LitmusTest, thread: int, values: dict[Location, set[Value]], *,
         structures: bool) -> Iterator[Run]:
    """Yield the runs of a processor, which may read any of the ``values`` of a location.

    ``structures``: it has caches of paging structures.
    """
    return _Guesses(test, thread, values, structures=structures).runs()


class _Cached(NamedTuple):
    """A translation that a processor may have kept: its entry, where it is from, whose it is."""

    entry: Entry
    reads: tuple[int, ...]
    owner: int


class _Guesses:
    """All runs of one processor."""

    def __init__(self, test: LitmusTest, thread: int, values: dict[Location, set[Value]], *,
                 structures: bool):
        self._structures = structures
        self._test    = test
        self._thread  = thread
        self._program = test.threads[thread]
        self._values  = values

    def runs(self) -> Iterator[Run]:
        """Yield them."""
        yield from self._go_on(0, Run(), {}, None)

    def _go_on(self, place: int, run: Run, cached: dict[str, _Cached],
               upper: int | None) -> Iterator[Run]:
        """Yield runs that go on from instruction number ``place``.

        ``upper`` is the read of a page-directory entry that the processor may have kept.
        """
        if place == len(self._program):
            yield run
            return
        step = self._program[place]
        match step.op:
            case Op.INVLPG:
                assert step.location is not None
                after = {name: entry for name, entry in cached.items()
                         if name != step.location.name}
                yield from self._go_on(place + 1, self._add(run, place, "I", step.location),
                                       after, None)
            case Op.FENCE:
                yield from self._go_on(place + 1, self._add(run, place, "F"), cached, upper)
            case Op.INTERRUPT:
                yield from self._go_on(place + 1, self._add(run, place, "S", value=step.target),
                                       cached, upper)
            case Op.WAIT:
                yield from self._go_on(place + 1, self._add(run, place, "H"), cached, upper)
            case _:
                assert step.location is not None
                if step.location.kind is Kind.VIRTUAL:
                    yield from self._translate(place, step, run, cached, upper)
                else:
                    for done in self._moves(place, step, run, step.location):
                        yield from self._go_on(place + 1, done, cached, upper)

    def _add(self, run: Run, place: int, what: str, location: Location | None = None,
             value: Value = 0, *, ghost: bool = False, locked: bool = False,
             fails: bool = False) -> Run:
        event = Event(self._thread, place, what, location, value, ghost, locked, fails)
        return replace(run, events=(*run.events, event))

    def _moves(self, place: int, step: Instruction, run: Run,
               location: Location) -> Iterator[Run]:
        """Load, store or exchange at a location that is known, whatever is read there."""
        if step.op is Op.STORE:
            yield self._add(run, place, "W", location, step.value)
            return
        locked = step.op is Op.EXCHANGE
        for value in self._values[location]:
            done = self._add(run, place, "R", location, value, locked=locked)
            done = replace(done, known=(*done.known, (f"{self._thread}:{step.register}", value)))
            if locked:
                done  = self._add(done, place, "W", location, step.value, locked=True)
                count = len(done.events)
                done  = replace(done, pairs=(*done.pairs, (count - 2, count - 1)))
            yield done

    def _translate(self, place: int, step: Instruction, run: Run, cached: dict[str, _Cached],
                   upper: int | None) -> Iterator[Run]:
        """Have the address translated: by what was kept, or by a walk."""
        assert step.location is not None
        letter, write = step.location.name, step.op is not Op.LOAD
        kept = cached.get(letter)
        if kept is not None and (kept.entry.dirty or not write):
            if _denied(kept.entry, write=write):
                yield from self._fault(place, run, cached, letter)
            else:
                yield from self._use(place, step, run, cached, upper, kept)
        for walked, reads, entry, above in self._walks(place, letter, run, upper, write=write):
            if entry is None or _denied(entry, write=write):
                yield from self._fault(place, walked, cached, letter)
                continue
            found = _Cached(entry, reads, len(walked.events))
            yield from self._use(place, step, walked, {**cached, letter: found}, above, found)

    def _use(self, place: int, step: Instruction, run: Run, cached: dict[str, _Cached],
             upper: int | None, found: _Cached) -> Iterator[Run]:
        """Carry out the access through a translation."""
        for done in self._moves(place, step, run, Location(Kind.PHYSICAL, found.entry.frame)):
            used = tuple((access, found.reads, found.owner)
                         for access in range(len(run.events), len(done.events)))
            yield from self._go_on(place + 1, replace(done, uses=done.uses + used), cached, upper)

    def _fault(self, place: int, run: Run, cached: dict[str, _Cached],
               letter: str) -> Iterator[Run]:
        """Go on behind an access that has faulted, which drops what was kept of its address."""
        after = {name: entry for name, entry in cached.items() if name != letter}
        run   = replace(run, known=(*run.known, (f"fault({self._thread},{letter})", 1)))
        yield from self._go_on(place + 1, run, after, None)

    def _walks(
        self, place: int, letter: str, run: Run, upper: int | None, *, write: bool,
    ) -> Iterator[tuple[Run, tuple[int, ...], Entry | None, int | None]]:
        """Yield walks: what has happened then, the reads, the entry (None: none), and the PDE."""
        if not self._test.upper:
            starts: list[tuple[Run, tuple[int, ...], int | None]] = [(run, (), None)]
        else:
            starts = [(run, (upper,), upper)] if upper is not None and self._structures else []
            for value in self._values[DIRECTORY]:
                assert isinstance(value, Entry)
                here = len(run.events)
                read = self._add(run, place, "R", DIRECTORY, value, ghost=True,
                                 fails=not value.present)
                if value.present:
                    starts.append((read, (here,), here))
                else:
                    yield read, (here,), None, None
        location = Location(Kind.TABLE, letter)
        for before, above, directory in starts:
            for value in self._values[location]:
                assert isinstance(value, Entry)
                reads   = (*above, len(before.events))
                denied  = not value.present or _denied(value, write=write)
                updated = value.touched(write=write)
                changes = not denied and updated != value
                after   = self._add(before, place, "R", location, value, ghost=True,
                                    locked=changes, fails=denied)
                if changes:
                    after = self._add(after, place, "W", location, updated, ghost=True,
                                      locked=True)
                    after = replace(after, pairs=(*after.pairs, (reads[-1], reads[-1] + 1)))
                yield after, reads, updated if value.present else None, directory


def _denied(entry: Entry, *, write: bool) -> bool:
    """Tell whether an entry forbids a user's access."""
    return not entry.user or write and not entry.writable
