"""Calls of kernel functions, and what was notable in each."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sim.record.calls import Call
from sim.record.calls import calls as recorded_calls
from sim.record.interval import Interval
from sim.record.trace import Trace
from sim.record.words import describe, describe_control

from .evidence import PAGE, Paths
from .tables import EntryStore


__all__ = ["calls"]


def calls(trace: Trace, cpu: int, during: Interval, paths: Paths, stores: Iterable[EntryStore],
          functions: Mapping[str, int], known: Mapping[int, str]) -> list[list[Any]]:
    """Calls on a processor in an interval, in the order in which they began.

    Each is a list of its depth, function, interval, processor, and notable texts: control
    operations, faults, stores to entries, and accesses to the pages of ``paths``, in the function
    itself.
    """
    found = list(_calls(trace, during))
    said  = _said(found, sorted(_notes(trace, cpu, during, paths, stores, known)))
    return [[call.depth, functions[call.function], call.since, call.until, cpu,
             list(dict.fromkeys(said.get(call, ())))] for call in found]


def _said(found: Sequence[Call], notes: Iterable[tuple[int, str]]) -> dict[Call, list[str]]:
    """The notes of each call: those in whose cycle it is the innermost."""
    said: dict[Call, list[str]] = {}
    later = deque(found)
    inside: list[Call] = []
    for cycle, text in notes:
        while later and later[0].since <= cycle:
            inside = [call for call in inside if call.until > later[0].since]
            inside.append(later.popleft())
        inside = [call for call in inside if call.until > cycle]
        if inside:
            said.setdefault(inside[-1], []).append(text)
    return said


def _calls(trace: Trace, during: Interval) -> Iterator[Call]:
    """The calls, as far as they are in the interval."""
    end = during.end(trace.cycles)
    for call in recorded_calls(trace.marks, trace.cycles):
        if call.since < end and call.until > during.since:
            yield call._replace(since=max(call.since, during.since), until=min(call.until, end))


def _notes(trace: Trace, cpu: int, during: Interval, paths: Paths, stores: Iterable[EntryStore],
           known: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    shown = [(path.cr3, path.linear) for path in (paths.left, paths.right) if path is not None]
    for access in trace.accesses(during=during):
        if access.faulted or (access.state.cr3, access.linear & -PAGE) in shown:
            yield access.accepted, describe(access)
    for control in trace.controls(during=during):
        yield control.accepted, describe_control(control)
    for store in stores:
        if store.cpu == cpu and during.since <= store.cycle < during.end(trace.cycles):
            who = "the walker stores" if store.walker else "stores"
            yield store.cycle, f"{who} {store.after:#x} to {known.get(store.address, 'an entry')}"
