"""Calls of kernel functions, and what was notable in each."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sim.record.interval import Interval
from sim.record.records import Mark
from sim.record.trace import Trace
from sim.record.words import describe, describe_control

from .evidence import PAGE, Paths
from .numbered import Numbered
from .tables import EntryStore


__all__ = ["calls"]


class _Call(NamedTuple):
    """A call: how deep, of which function, and its first cycle and the one after its last."""

    depth:    int
    function: str
    since:    int
    until:    int


def calls(trace: Trace, cpu: int, during: Interval, paths: Paths, stores: Iterable[EntryStore],
          functions: Numbered[str], known: dict[int, str]) -> list[list[Any]]:
    """Calls on a processor in an interval, in the order in which they began.

    Each is a list of its depth, function, interval, processor, and notable texts: control
    operations, faults, stores to entries, and accesses to the pages of ``paths``, in the function
    itself.
    """
    found = sorted(_calls(trace.marks, during, trace.cycles), key=lambda call: (
        call.since, call.depth))
    said  = _said(found, sorted(_notes(trace, cpu, during, paths, stores, known)))
    return [[call.depth, functions.number(call.function), call.since, call.until, cpu,
             list(dict.fromkeys(said.get(call, ())))] for call in found]


def _said(found: Sequence[_Call], notes: Iterable[tuple[int, str]]) -> dict[_Call, list[str]]:
    """The notes of each call: those in whose cycle it is the innermost."""
    said: dict[_Call, list[str]] = {}
    later = deque(found)
    inside: list[_Call] = []
    for cycle, text in notes:
        while later and later[0].since <= cycle:
            inside = [call for call in inside if call.until > later[0].since]
            inside.append(later.popleft())
        inside = [call for call in inside if call.until > cycle]
        if inside:
            said.setdefault(inside[-1], []).append(text)
    return said


def _calls(marks: Sequence[Mark], during: Interval, cycles: int) -> Iterator[_Call]:
    """The calls, each once it is over."""
    end = during.end(cycles)
    stack: list[tuple[str, int]] = []
    for mark in marks:
        if mark.cycle >= end:
            break
        same = _common([name for name, _ in stack], mark.stack)
        while len(stack) > same:
            yield from _ended(stack, mark.cycle, during.since)
        stack += [(name, mark.cycle) for name in mark.stack[same:]]
    while stack:
        yield from _ended(stack, end, during.since)


def _ended(stack: list[tuple[str, int]], cycle: int, first: int) -> Iterator[_Call]:
    name, since = stack.pop()
    if cycle > first:
        yield _Call(len(stack), name, max(since, first), cycle)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Number of names at the beginning that are the same."""
    return next((number for number, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)))


def _notes(trace: Trace, cpu: int, during: Interval, paths: Paths, stores: Iterable[EntryStore],
           known: dict[int, str]) -> Iterator[tuple[int, str]]:
    pages = [range(path.linear, path.linear + PAGE)
             for path in (paths.left, paths.right) if path is not None]
    for access in trace.accesses(during=during):
        if access.faulted or any(access.linear in page for page in pages):
            yield access.accepted, describe(access)
    for control in trace.controls(during=during):
        yield control.accepted, describe_control(control)
    for store in stores:
        if store.cpu == cpu and during.since <= store.cycle < during.end(trace.cycles):
            who = "the walker stores" if store.walker else "stores"
            yield store.cycle, f"{who} {store.after:#x} to {known.get(store.address, 'an entry')}"
