"""Judges of claims about the machine: is a claim true, and which cycle proves it?

Each looks only at the record of the ports, ``during`` an interval. ``which`` is how to find
accesses, as in :meth:`.trace.Trace.accesses`.
"""

from collections.abc import Callable, Mapping
from typing import Unpack

from hw.bus import ControlOp, Events, Register
from hw.layout import Entry, Fault
from sw.kernel.trace.ftrace import available_filter_functions

from .interval import ALWAYS, Interval
from .records import AccessRecord, Addresses, State, TransferRecord, overlaps
from .signals import Fields
from .trace import AccessFilter, Trace
from .verdict import NOTHING, Verdict, judge
from .words import FAULTS, addresses, count, describe, values, wanted, when


__all__ = [
    "ac_brackets", "both_in_tlb", "control_done", "each", "each_under", "executed", "faulted",
    "loaded", "no_event", "no_fault", "no_request", "not_executed", "set_by_walker",
    "state_throughout", "stored_through",
]


#: Names of the unit's strobes.
EVENTS = tuple(Fields(Events)(0))


@judge
def faulted(
    trace: Trace, *, error_code: int | None = None, fault: Fault = Fault.PAGE_FAULT,
    **which: Unpack[AccessFilter],
) -> Verdict:
    """An access ended in ``fault``, with this error code if one is given."""
    code     = "" if error_code is None else f", error code {error_code:#x}"
    expected = f"{wanted(**which)} that ends in {FAULTS[fault]}{code}"
    accesses = trace.accesses(**which)
    for access in accesses:
        if access.fault == fault and error_code in (None, access.error_code):
            return Verdict(True, access.completed, describe(access), expected, access.linear)
    if not accesses:
        return _missing(expected, **which)
    last = accesses[-1]
    return Verdict(False, last.completed, describe(last), expected, last.linear)


@judge
def no_fault(trace: Trace, **which: Unpack[AccessFilter]) -> Verdict:
    """There were such accesses, and none of them faulted."""
    return each(trace, lambda access: not access.faulted, expected="no fault", **which)


@judge
def each(trace: Trace, holds: Callable[[AccessRecord], bool], *, expected: str = "",
         **which: Unpack[AccessFilter]) -> Verdict:
    """There were such accesses, and every one of them ``holds``.

    ``expected`` says in a few words what that is.
    """
    expected = f"{wanted(**which)}; each: {expected or 'as the claim says'}"
    accesses = trace.accesses(**which)
    if not accesses:
        return _missing(expected, **which)
    for access in accesses:
        if not holds(access):
            return Verdict(False, access.accepted, describe(access), expected, access.linear)
    last = accesses[-1]
    what = describe(last) if len(accesses) == 1 else count(len(accesses), "access", "accesses")
    return Verdict(True, last.completed, what, expected, last.linear)


@judge
def each_under(trace: Trace, flags: Mapping[str, int], **which: Unpack[AccessFilter]) -> Verdict:
    """There were such accesses, and at every one the control state had these flags.

    Their names are those of :class:`sim.record.records.State`.
    """
    expected = f"{wanted(**which)}; each with {values(flags)}"
    accesses = trace.accesses(**which)
    if not accesses:
        return _missing(expected, **which)
    for access in accesses:
        there = {name: getattr(access.state, name) for name in flags}
        if there != flags:
            return Verdict(False, access.accepted, f"{describe(access)}, with {values(there)}",
                           expected, access.linear)
    last = accesses[-1]
    return Verdict(True, last.completed, f"{describe(last)}, with {values(flags)}", expected,
                   last.linear)


@judge
def no_request(trace: Trace, **which: Unpack[AccessFilter]) -> Verdict:
    """There was no such access, while there were others."""
    expected = f"accesses, but not {wanted(**which)}"
    accesses = trace.accesses(**which)
    if accesses:
        first = accesses[0]
        return Verdict(False, first.accepted, describe(first), expected, first.linear)
    others = trace.accesses(during=which.get("during", ALWAYS), function=which.get("function"))
    return Verdict(bool(others), others[-1].accepted if others else None,
                   f"none of {count(len(others), 'access', 'accesses')}", expected)


@judge
def loaded(trace: Trace, value: int, **which: Unpack[AccessFilter]) -> Verdict:
    """The last such access that was done returned ``value``."""
    expected = f"{wanted(**which)} that is done, the last of them with value {value:#x}"
    accesses = [access for access in trace.accesses(**which) if access.done]
    if not accesses:
        return _missing(expected, **which)
    last = accesses[-1]
    return Verdict(last.result == value, last.completed,
                   f"{describe(last)}, value {last.result:#x}", expected, last.linear)


@judge
def stored_through(
    trace: Trace, *, physical: Addresses, linear: Addresses, during: Interval = ALWAYS,
    function: str | None = None,
) -> Verdict:
    """Bytes at ``physical`` were stored to, and through ``linear`` every time."""
    which    = AccessFilter(writes=True, physical=physical, during=during, function=function)
    expected = f"{wanted(**which)}; each of linear address {addresses(linear)}"
    accesses = trace.accesses(**which)
    if not accesses:
        return Verdict(False, None, "nothing was stored there", expected, _first(linear))
    for access in accesses:
        if not overlaps(access.linear, access.size, linear):
            return Verdict(False, access.accepted, describe(access), expected, access.linear)
    first = accesses[0]
    return Verdict(True, first.completed, describe(first), expected, first.linear)


@judge
def set_by_walker(trace: Trace, /, bit: str, *, entry: int, during: Interval = ALWAYS,
                  **others: int) -> Verdict:
    """The page walker, in one locked bus cycle, set ``bit`` of the entry at physical ``entry``.

    ``bit`` is a name of :data:`hw.layout.Entry`, such as "dirty"; so are those of ``others``,
    which the stored entry must have.
    """
    having   = f", with {values(others)}" if others else ""
    expected = (f"the page walker sets the bit {bit} of the entry at physical {entry:#x} in a "
                f"locked bus cycle{having}{when(during)}")
    before: TransferRecord | None = None
    for transfer in trace.transfers(during=during, physical=entry, walk=True):
        stored = Fields(Entry)(transfer.data >> 8 * (entry % 8))
        if (transfer.write and transfer.lock and before is not None and before.lock
                and stored[bit] and not Fields(Entry)(before.data >> 8 * (entry % 8))[bit]
                and all(stored[name] == value for name, value in others.items())):
            return Verdict(True, transfer.accepted,
                           f"locked store to physical {entry:#x} by the page walker", expected,
                           trace.linear_at(transfer.accepted))
        before = transfer
    return Verdict(False, None, f"the page walker did not set it at physical {entry:#x}", expected)


@judge
def both_in_tlb(trace: Trace, first: Addresses, second: Addresses, *,
                during: Interval = ALWAYS) -> Verdict:
    """Accesses to ``first`` and ``second`` were translated without a walk between them."""
    expected = (f"an access of {addresses(first)}, then one of {addresses(second)}, two hits "
                f"without a walk between them{when(during)}")
    earlier: AccessRecord | None = None
    for access in trace.accesses(during=during):
        if overlaps(access.linear, access.size, first):
            earlier = access
        elif overlaps(access.linear, access.size, second) and earlier is not None:
            both = Interval(earlier.accepted, access.completed + 1)
            hits = trace.events("hit", during=both)
            if len(hits) >= 2 and all(no_event(trace, name, during=both).holds for name in (
                    "missed", "walk_begun", "flushed", "invalidated", "dropped", "evicted")):
                return Verdict(True, access.completed,
                               f"hits in cycles {hits[0].cycle} and {hits[-1].cycle}", expected,
                               access.linear)
    return Verdict(False, None, "no two hits without a walk between them", expected)


@judge
def no_event(trace: Trace, name: str, *, during: Interval = ALWAYS) -> Verdict:
    """The strobe ``name`` stayed low, for a cycle or more.

    Raises :class:`ValueError` if there is no such strobe, which would never be high.
    """
    if name not in EVENTS:
        raise ValueError(f'there is no event "{name}"; there are: {", ".join(EVENTS)}')
    expected = f'no "{name}"{when(during)}'
    events   = trace.events(name, during=during)
    if events:
        return Verdict(False, events[0].cycle, f'event "{name}"', expected)
    last = _last(trace, during)
    return Verdict(last >= during.since, last,
                   f'no "{name}" from cycle {during.since} to {last}', expected)


@judge
def state_throughout(trace: Trace, /, *, during: Interval = ALWAYS, **flags: int) -> Verdict:
    """Control registers and flags had these values, in every cycle.

    Their names are those of :class:`sim.record.records.State`.
    """
    def differs(state: State) -> bool:
        return any(getattr(state, name) != value for name, value in flags.items())

    expected = f"{values(flags)} in every cycle{when(during)}"
    for wrong in trace.while_state(differs, during=during):
        state = trace.state_at(wrong.since)
        there = {name: getattr(state, name) for name in flags}
        return Verdict(False, wrong.since, f"{values(there)} {_span(trace, wrong)}", expected)
    return Verdict(during.end(trace.cycles) > during.since, during.since,
                   f"{_span(trace, during)}: {values(flags)}", expected)


@judge
def ac_brackets(trace: Trace, *, function: str, linear: range,
                during: Interval = ALWAYS) -> Verdict:
    """The kernel's accesses to ``linear`` had AC set, and it was set for them alone.

    Each interval with AC set lies within ``function`` and holds such an access.
    """
    which    = AccessFilter(linear=linear, user=False, implicit=False, during=during)
    expected = f"AC set for {wanted(**which)}, only then, and only in {function}"
    accesses = trace.accesses(**which)
    if not accesses:
        return Verdict(False, None, "the kernel made no such access", expected, linear.start)
    for access in accesses:
        if not access.state.ac:
            return Verdict(False, access.accepted, f"{describe(access)}, AC clear", expected,
                           access.linear)
    opened  = trace.while_state(lambda state: bool(state.ac), during=during)
    windows = trace.window(function, during=during)
    for open_ in opened:
        if not any(open_ in window for window in windows):
            return Verdict(False, open_.since, f"AC was set outside {function}", expected)
        if not any(access.accepted in open_ for access in accesses):
            return Verdict(False, open_.since, "AC was set for nothing", expected)
    said = ", ".join(f"{open_.since} to {open_.end(trace.cycles) - 1}" for open_ in opened)
    return Verdict(True, opened[0].since, f"AC set in cycles {said}", expected)


@judge
def control_done(trace: Trace, *, op: ControlOp, register: Register | None = None,
                 linear: int | None = None, during: Interval = ALWAYS,
                 function: str | None = None) -> Verdict:
    """A control operation was done: on ``register``, or for the page of ``linear`` (INVLPG)."""
    what     = register.name if register is not None else ""
    page     = f"the page of {linear:#x}" if linear is not None else ""
    expected = " ".join(filter(None, (op.name, what, page))) + when(during, function)
    controls = trace.controls(op=op, register=register, during=during,
                              function=function)
    for control in controls:
        if not control.refused and (linear is None or control.value >> 12 == linear >> 12):
            return Verdict(True, control.completed, f"{op.name} {control.value:#x}", expected)
    if not controls:
        return Verdict(False, None, "there was no such operation", expected)
    last = controls[-1]
    return Verdict(False, None, f"{op.name} {last.value:#x}{', refused' * last.refused}", expected)


@judge
def executed(trace: Trace, *functions: str, during: Interval = ALWAYS) -> Verdict:
    """The kernel entered these functions, one after or inside the other, in this order."""
    expected = f"{', then '.join(functions)}{when(during)}"
    cycle    = during.since
    for function in functions:
        windows = trace.window(function, during=Interval(cycle, during.until))
        if not windows:
            return Verdict(False, None, f"{function} was not entered after cycle {cycle}",
                           expected)
        cycle = windows[0].since
    return Verdict(True, cycle, f"{functions[-1]} was entered in cycle {cycle}", expected)


@judge
def not_executed(trace: Trace, *functions: str, during: Interval = ALWAYS) -> Verdict:
    """The kernel was in none of these functions, for a cycle or more.

    Raises :class:`ValueError` if one of them leaves no mark, so that it would never be seen.
    """
    for function in functions:
        if function not in available_filter_functions:
            raise ValueError(f"{function} is no function of the kernel that leaves a mark")
    expected = f"nothing of {', '.join(functions)}{when(during)}"
    for function in functions:
        for window in trace.window(function, during=during):
            return Verdict(False, window.since, f"{function} was entered", expected)
    last = _last(trace, during)
    return Verdict(last >= during.since, last, f"not entered: {', '.join(functions)}", expected)


def _missing(expected: str, **which: Unpack[AccessFilter]) -> Verdict:
    """The verdict on a claim about accesses of which there are none."""
    return Verdict(False, None, NOTHING, expected, _first(which.get("linear")))


def _first(where: Addresses | None) -> int | None:
    """The first of some addresses."""
    return where.start if isinstance(where, range) else where


def _last(trace: Trace, during: Interval) -> int:
    """The last cycle of an interval: the one that completes the proof of an absence."""
    return max(0, during.end(trace.cycles) - 1)


def _span(trace: Trace, during: Interval) -> str:
    """The first and the last cycle of an interval, in words."""
    return f"from cycle {during.since} to {during.end(trace.cycles) - 1}"
