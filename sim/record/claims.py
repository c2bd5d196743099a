"""Judges: is a claim about the machine true, and which cycle proves it?

Each looks only at the record of the ports. ``which`` is how to find accesses, as in
:meth:`.trace.Trace.accesses`; ``since`` and ``until`` are cycles, as everywhere in a trace.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hw.bus import ControlOp, Events, Register
from hw.layout import Entry, Fault
from sw.kernel.trace.ftrace import available_filter_functions

from .records import AccessRecord, Addresses, State, TransferRecord, overlaps
from .signals import Fields
from .trace import Trace
from .words import FAULTS, count, describe, place, values, wanted, when


__all__ = [
    "NOTHING", "Unproven", "Verdict", "ac_brackets", "all_of", "both_in_tlb", "control_done",
    "each", "each_under", "executed", "faulted", "loaded", "no_event", "no_fault", "no_request",
    "not_executed", "set_by_walker", "state_throughout", "stored_through",
]


#: Names of the unit's strobes.
EVENTS = tuple(Fields(Events)(0))

#: What is found where a judge looks in vain.
NOTHING = "there was no such access"


class Unproven(Exception):
    """The record lacks something that a judge has to look at, so the claim does not hold.

    Attributes
    ----------
    expected : :class:`str`
        What had to be there, in words.
    """

    def __init__(self, detail: str, expected: str = ""):
        super().__init__(detail)
        self.expected = expected


class Verdict(NamedTuple):
    """Judgement of a claim: if it holds, the cycle that shows it, if one does, and the finding.

    ``expected`` is what a judge looked for, in words, whether or not it was found.
    """

    holds:    bool
    cycle:    int | None
    detail:   str
    expected: str = ""


def all_of(*verdicts: Verdict) -> Verdict:
    """The first verdict against the claim; without one, the last."""
    for verdict in verdicts:
        if not verdict.holds:
            return verdict
    return verdicts[-1]


def faulted(trace: Trace, *, error_code: int | None = None, fault: Fault = Fault.PAGE_FAULT,
            **which: Any) -> Verdict:
    """An access ended in ``fault``, with this error code if one is given."""
    code     = "" if error_code is None else f", error code {error_code:#x}"
    expected = f"{wanted(**which)} that ends in {FAULTS[fault]}{code}"
    found    = trace.accesses(**which)
    for access in found:
        if access.fault == fault and error_code in (None, access.error_code):
            return Verdict(True, access.completed, describe(access), expected)
    if not found:
        return Verdict(False, None, NOTHING, expected)
    return Verdict(False, found[-1].completed, describe(found[-1]), expected)


def no_fault(trace: Trace, **which: Any) -> Verdict:
    """There were such accesses, and none of them faulted."""
    return each(trace, lambda access: not access.faulted, expected="no fault", **which)


def each(trace: Trace, holds: Callable[[AccessRecord], bool], *, expected: str = "",
         **which: Any) -> Verdict:
    """There were such accesses, and every one of them ``holds``.

    ``expected`` says in a few words what that is.
    """
    expected = f"{wanted(**which)}; each: {expected or 'as the claim says'}"
    found    = trace.accesses(**which)
    if not found:
        return Verdict(False, None, NOTHING, expected)
    for access in found:
        if not holds(access):
            return Verdict(False, access.accepted, describe(access), expected)
    what = describe(found[0]) if len(found) == 1 else count(len(found), "access", "accesses")
    return Verdict(True, found[-1].completed, what, expected)


def each_under(trace: Trace, flags: Mapping[str, int], **which: Any) -> Verdict:
    """There were such accesses, and at every one the control state had these flags.

    Their names are those of :class:`sim.record.records.State`.
    """
    expected = f"{wanted(**which)}; each with {values(flags)}"
    found    = trace.accesses(**which)
    if not found:
        return Verdict(False, None, NOTHING, expected)
    for access in found:
        there = {name: getattr(access.state, name) for name in flags}
        if there != flags:
            return Verdict(False, access.accepted, f"{describe(access)}, with {values(there)}",
                           expected)
    return Verdict(True, found[-1].completed, f"{describe(found[-1])}, with {values(flags)}",
                   expected)


def no_request(trace: Trace, **which: Any) -> Verdict:
    """There was no such access, while there were others."""
    expected = f"accesses, but not {wanted(**which)}"
    found    = trace.accesses(**which)
    if found:
        return Verdict(False, found[0].accepted, describe(found[0]), expected)
    span   = {key: which[key] for key in ("since", "until", "function") if key in which}
    others = trace.accesses(**span)
    return Verdict(bool(others), others[-1].accepted if others else None,
                   f"none of {count(len(others), 'access', 'accesses')}", expected)


def loaded(trace: Trace, value: int, **which: Any) -> Verdict:
    """The last such access that was done returned ``value``."""
    expected = f"{wanted(**which)} that is done, the last of them with value {value:#x}"
    found    = [access for access in trace.accesses(**which) if access.done]
    if not found:
        return Verdict(False, None, NOTHING, expected)
    return Verdict(found[-1].result == value, found[-1].completed,
                   f"{describe(found[-1])}, value {found[-1].result:#x}", expected)


def stored_through(
    trace: Trace, *, physical: Addresses, linear: Addresses, **which: Any,
) -> Verdict:
    """Bytes at ``physical`` were stored to, and through ``linear`` every time."""
    expected = (f"{wanted(writes=True, physical=physical, **which)}; each of linear address "
                f"{place(linear)}")
    found    = trace.accesses(writes=True, physical=physical, **which)
    if not found:
        return Verdict(False, None, "nothing was stored there", expected)
    through = trace.accesses(writes=True, physical=physical, linear=linear, **which)
    for access in found:
        if access not in through:
            return Verdict(False, access.accepted, describe(access), expected)
    return Verdict(True, found[0].completed, describe(found[0]), expected)


def set_by_walker(trace: Trace, bit: str, *, entry: int, since: int = 0,
                  until: int | None = None, **others: int) -> Verdict:
    """The page walker, in one locked bus cycle, set ``bit`` of the entry at physical ``entry``.

    ``bit`` is a name of :data:`hw.layout.Entry`, such as "dirty"; so are those of ``others``,
    which the stored entry must have.
    """
    having   = f", with {values(others)}" if others else ""
    expected = (f"the page walker sets the bit {bit} of the entry at physical {entry:#x} in a "
                f"locked bus cycle{having}{when(since, until)}")
    before: TransferRecord | None = None
    for transfer in trace.transfers(since=since, until=until, physical=entry, walk=True):
        stored = Fields(Entry)(transfer.data >> 8 * (entry % 8))
        if (transfer.write and transfer.lock and before is not None and before.lock
                and stored[bit] and not Fields(Entry)(before.data >> 8 * (entry % 8))[bit]
                and all(stored[name] == value for name, value in others.items())):
            return Verdict(True, transfer.accepted,
                           f"locked store to physical {entry:#x} by the page walker", expected)
        before = transfer
    return Verdict(False, None, f"the page walker did not set it at physical {entry:#x}", expected)


def both_in_tlb(trace: Trace, first: Addresses, second: Addresses, *, since: int = 0,
                until: int | None = None) -> Verdict:
    """Accesses to ``first`` and ``second`` were translated without a walk between them."""
    expected = (f"an access of {place(first)}, then one of {place(second)}, two hits without a "
                f"walk between them{when(since, until)}")
    earlier: AccessRecord | None = None
    for access in trace.accesses(since=since, until=until):
        if overlaps(access.linear, access.size, first):
            earlier = access
        elif overlaps(access.linear, access.size, second) and earlier is not None:
            span = {"since": earlier.accepted, "until": access.completed + 1}
            hits = trace.events("hit", **span)
            if len(hits) >= 2 and all(no_event(trace, name, **span).holds for name in (
                    "missed", "walk_begun", "flushed", "invalidated", "dropped", "evicted")):
                return Verdict(True, access.completed,
                               f"hits in cycles {hits[0].cycle} and {hits[-1].cycle}", expected)
    return Verdict(False, None, "no two hits without a walk between them", expected)


def no_event(trace: Trace, name: str, *, since: int = 0, until: int | None = None) -> Verdict:
    """The strobe ``name`` stayed low, for a cycle or more.

    Raises :class:`ValueError` if there is no such strobe, which would never be high.
    """
    if name not in EVENTS:
        raise ValueError(f'there is no event "{name}"; there are: {", ".join(EVENTS)}')
    expected = f'no "{name}"{when(since, until)}'
    found    = trace.events(name, since=since, until=until)
    if found:
        return Verdict(False, found[0].cycle, f'event "{name}"', expected)
    last = _last(trace, until)
    return Verdict(last >= since, last, f'no "{name}" from cycle {since} to {last}', expected)


def state_throughout(trace: Trace, *, since: int = 0, until: int | None = None,
                     **flags: int) -> Verdict:
    """Control registers and flags, by the names of :class:`.records.State`, had these values."""
    def differs(state: State) -> bool:
        return any(getattr(state, name) != value for name, value in flags.items())

    expected = f"{values(flags)} in every cycle{when(since, until)}"
    for begin, end in trace.while_state(differs, since=since, until=until):
        state = trace.state_at(begin)
        there = {name: getattr(state, name) for name in flags}
        return Verdict(False, begin, f"{values(there)} from cycle {begin} to {end - 1}", expected)
    end = trace.cycles if until is None else until
    return Verdict(end > since, since, f"from cycle {since} to {end - 1}: {values(flags)}",
                   expected)


def ac_brackets(trace: Trace, *, function: str, linear: range, since: int = 0,
                until: int | None = None) -> Verdict:
    """The kernel's accesses to ``linear`` had AC set, and it was set for them alone.

    Every stretch of cycles with AC set lies within ``function`` and holds such an access.
    """
    which    = {"linear": linear, "user": False, "implicit": False, "since": since, "until": until}
    expected = f"AC set for {wanted(**which)}, only then, and only in {function}"
    found    = trace.accesses(**which)
    if not found:
        return Verdict(False, None, "the kernel made no such access", expected)
    for access in found:
        if not access.state.ac:
            return Verdict(False, access.accepted, f"{describe(access)}, AC clear", expected)
    opened  = trace.while_state(lambda state: bool(state.ac), since=since, until=until)
    windows = trace.window(function, since=since, until=until)
    for begin, after in opened:
        if not any(first <= begin and after <= end for first, end in windows):
            return Verdict(False, begin, f"AC was set outside {function}", expected)
        if not any(begin <= access.accepted < after for access in found):
            return Verdict(False, begin, "AC was set for nothing", expected)
    said = ", ".join(f"{begin} to {after - 1}" for begin, after in opened)
    return Verdict(True, opened[0][0], f"AC set in cycles {said}", expected)


def control_done(trace: Trace, *, op: ControlOp, register: Register | None = None,
                 linear: int | None = None, **span: Any) -> Verdict:
    """A control operation was done: on ``register``, or for the page of ``linear`` (INVLPG)."""
    what     = register.name if register is not None else ""
    page     = f"the page of {linear:#x}" if linear is not None else ""
    expected = " ".join(filter(None, (op.name, what, page))) + when(**span)
    found    = trace.controls(op=op, register=register, **span)
    for control in found:
        if not control.refused and (linear is None or control.value >> 12 == linear >> 12):
            return Verdict(True, control.completed, f"{op.name} {control.value:#x}", expected)
    if not found:
        return Verdict(False, None, "there was no such operation", expected)
    last = found[-1]
    return Verdict(False, None, f"{op.name} {last.value:#x}{', refused' * last.refused}", expected)


def executed(trace: Trace, *functions: str, since: int = 0, until: int | None = None) -> Verdict:
    """The kernel entered these functions, one after or inside the other, in this order."""
    expected = f"{', then '.join(functions)}{when(since, until)}"
    cycle    = since
    for function in functions:
        stretches = trace.window(function, since=cycle, until=until)
        if not stretches:
            return Verdict(False, None, f"{function} was not entered after cycle {cycle}",
                           expected)
        cycle = stretches[0][0]
    return Verdict(True, cycle, f"{functions[-1]} was entered in cycle {cycle}", expected)


def not_executed(trace: Trace, *functions: str, since: int = 0,
                 until: int | None = None) -> Verdict:
    """The kernel was in none of these functions, for a cycle or more.

    Raises :class:`ValueError` if one of them leaves no mark, so that it would never be seen.
    """
    for function in functions:
        if function not in available_filter_functions:
            raise ValueError(f"{function} is no function of the kernel that leaves a mark")
    expected = f"nothing of {', '.join(functions)}{when(since, until)}"
    for function in functions:
        for begin, _ in trace.window(function, since=since, until=until):
            return Verdict(False, begin, f"{function} was entered", expected)
    last = _last(trace, until)
    return Verdict(last >= since, last, f"not entered: {', '.join(functions)}", expected)


def _last(trace: Trace, until: int | None) -> int:
    """The last cycle before ``until``: the one that completes the proof of an absence."""
    return max(0, (trace.cycles if until is None else until) - 1)
