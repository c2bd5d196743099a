"""Candidate executions of a litmus test: who may have read what, before any axiom is asked.

Every value that a load, a walk or a locked access could have read is guessed, and then who wrote
it; so nothing here knows of time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product

from .runs import Event, Run, runs
from .test import Entry, Kind, LitmusTest, Location, Op, Outcome, Value


__all__ = ["INITIAL", "Candidate", "candidates"]


#: What stands for the write of a location's first value.
INITIAL = -1


@dataclass
class Candidate:
    """One candidate execution.

    Attributes
    ----------
    events : :class:`list` of :class:`Event`
        All events, those of each processor in the order in which a machine that does one thing at
        a time would do them.
    pairs : :class:`list`
        Halves of locked accesses: the read and the write.
    uses : :class:`list`
        An access, the reads of the walk that it uses, and the access that made it.
    source : :class:`dict`
        For each read the write that it reads; -1: the first value.
    order : :class:`dict`
        For each location the order of its writes.
    interrupts : :class:`list`
        Each interrupt: its sending and its taking.
    outcome : :data:`.test.Outcome`
        What is known at its end.
    """

    events:     list[Event]
    pairs:      list[tuple[int, int]]
    uses:       list[tuple[int, tuple[int, ...], int]]
    interrupts: list[tuple[int, int]]
    source:     dict[int, int] = field(default_factory=dict)
    order:      dict[Location, tuple[int, ...]] = field(default_factory=dict)
    outcome:    Outcome = frozenset()


def candidates(test: LitmusTest, *, structures: bool = True) -> Iterator[Candidate]:
    """Yield all candidate executions of a test, with caches of paging structures or without."""
    values = _values(test)
    found  = [list(runs(test, thread, values, structures=structures))
              for thread in range(len(test.threads))]
    for chosen in product(*found):
        yield from _joined(test, chosen)


def _values(test: LitmusTest) -> dict[Location, set[Value]]:
    """All that can ever be read at a location."""
    values: dict[Location, set[Value]] = {place: {value} for place, value in test.initial.items()}
    data = {step.value for thread in test.threads for step in thread
            if step.op in (Op.STORE, Op.EXCHANGE) and step.location is not None
            and step.location.kind is Kind.VIRTUAL}
    for thread in test.threads:
        for step in thread:
            if step.op in (Op.STORE, Op.EXCHANGE) and step.location in values:
                values[step.location].add(step.value)
    for place, found in values.items():
        if place.kind is Kind.PHYSICAL:
            found |= data
        elif place.kind is Kind.TABLE:
            found |= {entry.touched(write=write) for entry in found for write in (False, True)
                      if isinstance(entry, Entry) and entry.present}
    return values


def _joined(test: LitmusTest, chosen: Sequence[Run]) -> Iterator[Candidate]:
    """Yield all that runs can be together: who reads from whom, and which write comes first."""
    events: list[Event] = []
    pairs:  list[tuple[int, int]] = []
    uses:   list[tuple[int, tuple[int, ...], int]] = []
    known:  list[tuple[str, Value]] = []
    for run in chosen:
        base = len(events)
        events += run.events
        pairs  += [(base + read, base + write) for read, write in run.pairs]
        uses   += [(base + access, tuple(base + read for read in reads),
                    base + owner) for access, reads, owner in run.uses]
        known  += run.known
    writes: dict[Location, list[int]] = {place: [] for place in test.initial}
    for number, event in enumerate(events):
        if event.what == "W":
            assert event.location is not None
            writes[event.location].append(number)
    sources = list(_sources(test, events, writes))
    if not all(found for _, found in sources):
        return
    for interrupts in _interrupts(events):
        for writers in product(*(found for _, found in sources)):
            source = {read: write for (read, _), write in zip(sources, writers, strict=True)}
            for orders in product(*(permutations(numbers) for numbers in writes.values())):
                order = dict(zip(writes, orders, strict=True))
                last  = [(f"[{place}]", events[numbers[-1]].value if numbers
                          else test.initial[place]) for place, numbers in order.items()]
                yield Candidate(events, pairs, uses, interrupts, source, order,
                                frozenset([*known, *last]))


def _sources(test: LitmusTest, events: Sequence[Event], writes: dict[Location, list[int]],
             ) -> Iterator[tuple[int, list[int]]]:
    """Yield each read, and the writes that it can have read."""
    for number, event in enumerate(events):
        if event.what != "R":
            continue
        assert event.location is not None
        found = [write for write in writes[event.location] if events[write].value == event.value]
        if test.initial[event.location] == event.value:
            found.append(INITIAL)
        yield number, found


def _interrupts(events: Sequence[Event]) -> Iterator[list[tuple[int, int]]]:
    """Yield the ways in which interrupts that are waited for can be those that were sent."""
    taken = [number for number, event in enumerate(events) if event.what == "H"]
    sent  = [[number for number, event in enumerate(events)
              if event.what == "S" and event.value == events[wait].thread] for wait in taken]
    for chosen in product(*sent):
        if len(set(chosen)) == len(chosen):
            yield list(zip(chosen, taken, strict=True))
