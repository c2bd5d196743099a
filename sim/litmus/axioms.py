"""The axioms: which candidate executions the memory and translations of x86 allow.

Those of x86t_elt, in the words of this project, and two sentences of the manual which it leaves
out. They are relations of events that must have no cycle: nothing here knows of a machine.

Ref: Hossain, Trippel, Martonosi, "TransForm: Formally Specifying Transistency Models and
Synthesizing Enhanced Litmus Tests", ISCA 2020; Intel SDM Vol. 3A, sections 4.10.2.3, 4.10.4, 8.2.
"""

from collections.abc import Iterator
from enum import Enum

from .candidates import INITIAL, Candidate
from .runs import Event
from .test import Kind, Outcome


__all__ = ["AXIOMS", "Model", "broken", "permitted"]


class Model(Enum):
    """Machine that an outcome needs, the plainest one first."""

    ORDERED  = "does one thing at a time"
    BUFFERED = "has store buffers"
    EARLY    = "walks before its turn"
    NONE     = "does not obey the axioms"


Relation = set[tuple[int, int]]

#: The axioms by their names, and what each says. x86t_elt has a fifth one, "TLB causality": nothing
#: follows from itself by what is read and by whose walk is used. Here it follows from coherence, as
#: whoever uses the walk of another access comes after it, on one processor, at one place in memory.
AXIOMS = {
    "coherence":   "the writes of a place in memory have one order, which its reads agree with",
    "atomicity":   "no write comes between the halves of a locked access, or of an update of "
                   "A or D",
    "causality":   "there is one order of all writes, reads and fences, but that a processor's "
                   "read may overtake its own writes; a walk is before what it is for, and one "
                   "that faults is a read like others; an INVLPG is before the walks of later "
                   "accesses",
    "INVLPG":      "an access behind the INVLPG of a remap does not use what was there before",
}


class _Relations:
    """Relations of a candidate."""

    def __init__(self, candidate: Candidate):
        self.candidate = candidate
        self.events    = candidate.events
        self.reads     = {(write, read) for read, write in candidate.source.items()
                          if write != INITIAL}
        self.writes: Relation = set()
        self.before: Relation = set()  # a read, and a later write of its location
        place: dict[int, int] = {}
        for order in candidate.order.values():
            for index, write in enumerate(order):
                place[write] = index
                self.writes |= {(write, later) for later in order[index + 1:]}
        for read, write in candidate.source.items():
            location = self.events[read].location
            assert location is not None
            order = candidate.order[location]
            first = 0 if write == INITIAL else place[write] + 1
            self.before |= {(read, later) for later in order[first:] if later != read}
        self.memory = self.reads | self.writes | self.before

    def program(self) -> Iterator[tuple[int, int]]:
        """Yield all pairs of a processor's events, in their order."""
        events = self.events
        for one in range(len(events)):
            for other in range(one + 1, len(events)):
                if events[one].thread == events[other].thread:
                    yield one, other


def permitted(found: Iterator[Candidate]) -> dict[Outcome, Model]:
    """All outcomes that can be thought of, each with the plainest machine that has it."""
    models = list(Model)
    best: dict[Outcome, Model] = {}
    for candidate in found:
        known = best.get(candidate.outcome)
        if known is Model.ORDERED:
            continue
        relations = _Relations(candidate)
        model = _model(relations)
        if known is None or models.index(model) < models.index(known):
            best[candidate.outcome] = model
    return best


def broken(candidate: Candidate) -> list[str]:
    """Names of the axioms that a candidate breaks."""
    relations = _Relations(candidate)
    return [name for name, holds in _CHECKS.items() if not holds(relations)]


def _model(relations: _Relations) -> Model:
    if not _atomicity(relations):
        return Model.NONE
    if _acyclic(relations, relations.memory | set(relations.program())
                | set(relations.candidate.interrupts)):
        return Model.ORDERED
    if not all(holds(relations) for holds in _CHECKS.values()):
        return Model.NONE
    return Model.BUFFERED if _causality(relations, early=False) else Model.EARLY


def _acyclic(relations: _Relations, relation: Relation) -> bool:
    """Tell whether a relation has no cycle."""
    below: list[list[int]] = [[] for _ in relations.events]
    incoming = [0] * len(relations.events)
    for one, other in relation:
        below[one].append(other)
        incoming[other] += 1
    ready = [number for number, count in enumerate(incoming) if not count]
    done  = 0
    while ready:
        done += 1
        for other in below[ready.pop()]:
            incoming[other] -= 1
            if not incoming[other]:
                ready.append(other)
    return done == len(relations.events)


def _atomicity(relations: _Relations) -> bool:
    for read, write in relations.candidate.pairs:
        location = relations.events[write].location
        assert location is not None
        order  = relations.candidate.order[location]
        source = relations.candidate.source[read]
        first  = 0 if source == INITIAL else order.index(source) + 1
        if order.index(write) != first:
            return False
    return True


def _coherence(relations: _Relations) -> bool:
    events = relations.events
    same   = {(one, other) for one, other in relations.program()
              if events[one].location == events[other].location
              and events[one].what in "RW" and events[other].what in "RW"}
    return _acyclic(relations, relations.memory | same)


def _causality(relations: _Relations, *, early: bool = True) -> bool:
    """TSO; ``early``: walks that do not fault may be done at any time."""
    events = relations.events
    kept   = {(one, other) for one, other in relations.program()
              if _kept(events[one], events[other], early=early)}
    outside = {(write, read) for write, read in relations.reads
               if events[write].thread != events[read].thread}
    walked  = {(read, access) for access, reads, _ in relations.candidate.uses for read in reads}
    walked |= {(write, access) for read, write in relations.candidate.pairs if events[write].ghost
               for one, access in walked if one == read}
    return _acyclic(relations, outside | relations.writes | relations.before | kept | walked
                    | set(relations.candidate.interrupts))


def _free(event: Event, *, early: bool) -> bool:
    """Tell whether an event may be done at any time, as far as program order goes."""
    return event.ghost and early and not event.fails


def _is_fence(event: Event) -> bool:
    return event.what in "IFSH" or event.locked and not event.ghost


def _kept(one: Event, other: Event, *, early: bool) -> bool:
    """Tell whether two events of a processor keep their order without a fence."""
    if _free(one, early=early) or _free(other, early=early):
        # An INVLPG forgets what was read before it: a walk that is used after it is after it.
        return one.what == "I" and other.ghost and _forgets(one, other)
    if _is_fence(one) or _is_fence(other):
        return True
    return not (one.what == "W" and other.what == "R")


def _invlpg(relations: _Relations) -> bool:
    events, candidate = relations.events, relations.candidate
    after = _closed({*relations.program(), *candidate.interrupts})
    for access, reads, _ in candidate.uses:
        for read, write in relations.before:
            if read not in reads or events[write].ghost:
                continue
            if any(event.what == "I" and _forgets(event, events[read])
                   and (write, number) in after and (number, access) in after
                   and event.thread == events[access].thread
                   for number, event in enumerate(events)):
                return False
    return True


def _forgets(invlpg: Event, read: Event) -> bool:
    """Tell whether an INVLPG makes a processor forget what a walk has read."""
    assert invlpg.location is not None and read.location is not None
    return read.location.kind is Kind.DIRECTORY or read.location.name == invlpg.location.name


def _closed(relation: Relation) -> Relation:
    """The transitive closure of a relation."""
    closed = set(relation)
    while True:
        more = {(one, last) for one, other in closed for first, last in relation
                if first == other} - closed
        if not more:
            return closed
        closed |= more


_CHECKS = {
    "coherence": _coherence, "atomicity": _atomicity, "causality": _causality,
    "INVLPG": _invlpg,
}
