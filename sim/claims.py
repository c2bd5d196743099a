"""Judges: is a claim about the machine true, and which cycle proves it?

Each looks only at the record of the ports. ``which`` is how to find accesses, as in
:meth:`sim.trace.Trace.accesses`; ``since`` and ``until`` are cycles, as everywhere in a trace.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from hw.bus import ControlOp, Register
from hw.layout import Entry, Fault

from .recorder import Fields
from .records import Access, Place, State, Transfer, meets
from .trace import Trace


__all__ = [
    "Unproven", "Verdict", "ac_brackets", "all_of", "both_in_tlb", "control_done", "describe",
    "each", "executed", "faulted", "loaded", "no_event", "no_fault", "no_request", "not_executed",
    "set_by_walker", "state_throughout", "stored_through",
]


class Unproven(Exception):
    """What a judge had to look at is not on record, so the claim does not hold.

    Attributes
    ----------
    expected : :class:`str`
        What had to be there, in words.
    """

    def __init__(self, detail: str, expected: str = ""):
        super().__init__(detail)
        self.expected = expected


class Verdict(NamedTuple):
    """Whether a claim holds, the cycle that shows it (if one does), and what was found.

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
    found = trace.accesses(**which)
    for access in found:
        if access.fault == fault and error_code in (None, access.error_code):
            return Verdict(True, access.answered, describe(access))
    if not found:
        return Verdict(False, None, "there was no such access")
    return Verdict(False, found[-1].answered, describe(found[-1]))


def no_fault(trace: Trace, **which: Any) -> Verdict:
    """There were such accesses, and none of them faulted."""
    return each(trace, lambda access: not access.faulted, **which)


def each(trace: Trace, holds: Callable[[Access], bool], **which: Any) -> Verdict:
    """There were such accesses, and every one of them ``holds``."""
    found = trace.accesses(**which)
    if not found:
        return Verdict(False, None, "there was no such access")
    for access in found:
        if not holds(access):
            return Verdict(False, access.asked, describe(access))
    what = describe(found[0]) if len(found) == 1 else _count(len(found), "access", "accesses")
    return Verdict(True, found[-1].answered, what)


def no_request(trace: Trace, **which: Any) -> Verdict:
    """There was no such access, while there were others."""
    found = trace.accesses(**which)
    if found:
        return Verdict(False, found[0].asked, describe(found[0]))
    span   = {key: which[key] for key in ("since", "until", "function") if key in which}
    others = trace.accesses(**span)
    return Verdict(bool(others), others[-1].asked if others else None,
                   f"none of {_count(len(others), 'access', 'accesses')}")


def loaded(trace: Trace, value: int, **which: Any) -> Verdict:
    """The last such access that was done returned ``value``."""
    found = [access for access in trace.accesses(**which) if access.done]
    if not found:
        return Verdict(False, None, "there was no such access")
    return Verdict(found[-1].answer == value, found[-1].answered,
                   f"{describe(found[-1])}, value {found[-1].answer:#x}")


def stored_through(trace: Trace, *, physical: Place, linear: Place, **which: Any) -> Verdict:
    """Bytes at ``physical`` were stored to, and through ``linear`` every time."""
    found = trace.accesses(writes=True, physical=physical, **which)
    if not found:
        return Verdict(False, None, "nothing was stored there")
    through = trace.accesses(writes=True, physical=physical, linear=linear, **which)
    for access in found:
        if access not in through:
            return Verdict(False, access.asked, describe(access))
    return Verdict(True, found[0].answered, describe(found[0]))


def set_by_walker(trace: Trace, bit: str, *, entry: int, since: int = 0,
                  until: int | None = None, **others: int) -> Verdict:
    """The page walker, in one locked bus cycle, set ``bit`` of the entry at physical ``entry``.

    ``bit`` is a name of :data:`hw.layout.Entry`, such as "dirty"; so are those of ``others``,
    which the stored entry must have.
    """
    before: Transfer | None = None
    for transfer in trace.transfers(since=since, until=until, physical=entry, walk=True):
        stored = Fields(Entry)(transfer.data >> 8 * (entry % 8))
        if (transfer.write and transfer.lock and before is not None and before.lock
                and stored[bit] and not Fields(Entry)(before.data >> 8 * (entry % 8))[bit]
                and all(stored[name] == value for name, value in others.items())):
            return Verdict(True, transfer.asked,
                           f"locked store to physical {entry:#x} by the page walker")
        before = transfer
    return Verdict(False, None, f"the page walker did not set it at physical {entry:#x}")


def both_in_tlb(trace: Trace, first: Place, second: Place, *, since: int = 0,
                until: int | None = None) -> Verdict:
    """Accesses to ``first`` and ``second`` were translated without a walk between them."""
    earlier: Access | None = None
    for access in trace.accesses(since=since, until=until):
        if meets(access.linear, access.size, first):
            earlier = access
        elif meets(access.linear, access.size, second) and earlier is not None:
            span = {"since": earlier.asked, "until": access.answered + 1}
            hits = trace.events("hit", **span)
            if len(hits) >= 2 and all(no_event(trace, name, **span).holds for name in (
                    "missed", "walk_begun", "flushed", "invalidated", "dropped", "evicted")):
                return Verdict(True, access.answered,
                               f"hits in cycles {hits[0].cycle} and {hits[-1].cycle}")
    return Verdict(False, None, "no two hits without a walk between them")


def no_event(trace: Trace, name: str, *, since: int = 0, until: int | None = None) -> Verdict:
    """The strobe ``name`` stayed low."""
    found = trace.events(name, since=since, until=until)
    if found:
        return Verdict(False, found[0].cycle, f'event "{name}"')
    return Verdict(True, _last(trace, until), f'no "{name}" from cycle {since} on')


def state_throughout(trace: Trace, *, since: int = 0, until: int | None = None,
                     **flags: int) -> Verdict:
    """Control registers and flags, by the names of :class:`sim.records.State`, had these values."""
    def differs(state: State) -> bool:
        return any(getattr(state, name) != value for name, value in flags.items())

    said = ", ".join(f"{name} = {value}" for name, value in flags.items())
    for begin, end in trace.while_state(differs, since=since, until=until):
        return Verdict(False, begin, f"not so from cycle {begin} to {end - 1}: {said}")
    end = trace.cycles if until is None else until
    return Verdict(end > since, since, f"from cycle {since} to {end - 1}: {said}")


def ac_brackets(trace: Trace, *, function: str, linear: range, since: int = 0,
                until: int | None = None) -> Verdict:
    """The kernel's accesses to ``linear`` had AC set, and it was set for them alone.

    Every stretch of cycles with AC set lies within ``function`` and holds such an access.
    """
    found = trace.accesses(since=since, until=until, linear=linear, user=False, implicit=False)
    if not found:
        return Verdict(False, None, "the kernel made no such access")
    for access in found:
        if not access.state.ac:
            return Verdict(False, access.asked, f"{describe(access)}, AC clear")
    opened  = trace.while_state(lambda state: bool(state.ac), since=since, until=until)
    windows = trace.window(function, since=since, until=until)
    for begin, after in opened:
        if not any(first <= begin and after <= end for first, end in windows):
            return Verdict(False, begin, f"AC was set outside {function}")
        if not any(begin <= access.asked < after for access in found):
            return Verdict(False, begin, "AC was set for nothing")
    said = ", ".join(f"{begin} to {after - 1}" for begin, after in opened)
    return Verdict(True, opened[0][0], f"AC set in cycles {said}")


def control_done(trace: Trace, *, op: ControlOp, register: Register | None = None,
                 linear: int | None = None, **span: Any) -> Verdict:
    """A control operation was done: on ``register``, or for the page of ``linear`` (INVLPG)."""
    for control in trace.controls(op=op, register=register, **span):
        if not control.refused and (linear is None or control.value >> 12 == linear >> 12):
            return Verdict(True, control.answered, f"{op.name} {control.value:#x}")
    return Verdict(False, None, "there was no such operation")


def executed(trace: Trace, *functions: str, since: int = 0, until: int | None = None) -> Verdict:
    """The kernel entered these functions, one after or inside the other, in this order."""
    cycle = since
    for function in functions:
        stretches = trace.window(function, since=cycle, until=until)
        if not stretches:
            return Verdict(False, None, f"{function} was not entered after cycle {cycle}")
        cycle = stretches[0][0]
    return Verdict(True, cycle, f"{functions[-1]} was entered in cycle {cycle}")


def not_executed(trace: Trace, *functions: str, since: int = 0,
                 until: int | None = None) -> Verdict:
    """The kernel was in none of these functions."""
    for function in functions:
        for begin, _ in trace.window(function, since=since, until=until):
            return Verdict(False, begin, f"{function} was entered")
    return Verdict(True, _last(trace, until), f"not entered: {', '.join(functions)}")


def describe(access: Access) -> str:
    """An access in a few words."""
    who    = "user" if access.user else "kernel"
    ending = {
        Fault.NONE:               f"physical {access.physical:#x}",
        Fault.PAGE_FAULT:         f"#PF, error code {access.error_code:#x}",
        Fault.GENERAL_PROTECTION: "#GP",
        Fault.SKIPPED:            "skipped",
    }[access.fault]
    if access.answered < 0:
        ending = "no answer"
    kind = access.kind.name.lower().replace("_", "-")
    return f"{who} {kind} of {access.linear:#x}: {ending}"


def _last(trace: Trace, until: int | None) -> int:
    """The last cycle before ``until``: the one that completes the proof of an absence."""
    return max(0, (trace.cycles if until is None else until) - 1)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
