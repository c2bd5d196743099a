"""Numbers on the signals, as records have them: enumerations, strobes, control state, the TLB.

Whatever makes records, from samples or from what compiled code has kept, decodes with these.
"""

from collections.abc import Iterator

from amaranth.lib import data

from hw.bus import ControlOp, Events, Register
from hw.layout import CR0, CR4, AccessKind, Fault, Flush
from hw.permission import Rights

from .records import State
from .signals import FIELDS, Fields
from .tlb import TlbChange, TlbEntry, TlbRecord


__all__ = [
    "EVENTS", "FAULTS", "KINDS", "OPERATIONS", "REGISTERS", "TLB_STROBES", "control_state",
    "tlb_changes",
]


# By number: looking one up is much faster than calling Amaranth's enumerations.
KINDS      = {kind.value: kind for kind in AccessKind}
FAULTS     = {fault.value: fault for fault in Fault}
OPERATIONS = {operation.value: operation for operation in ControlOp}
REGISTERS  = {register.value: register for register in Register}

#: Name and level of each strobe, by its bit among the events.
EVENTS = tuple((name, level) for name, field in data.Layout.cast(Events)
               for level in range(field.width))

_strobes = FIELDS["events"]
_state   = FIELDS["state"]
_update  = FIELDS["tlb"]
_cr0     = Fields(CR0)
_cr4     = Fields(CR4)
_rights  = Fields(Rights)
_changes = {_strobes.pack({change.value: 1}): change for change in TlbChange}
_flushes = {flush.value: flush for flush in Flush}
_evicted = _strobes.pack({"evicted": 1})

#: Events that change the TLB, all together.
TLB_STROBES = sum(_changes)


def control_state(cycle: int, bits: int) -> State:
    """The control registers of a cycle, from the signal that has them all."""
    state    = _state(bits)
    cr0, cr4 = _cr0(state["cr0"]), _cr4(state["cr4"])
    return State(cycle, state["cr0"], state["cr2"], state["cr3"], state["cr4"], state["efer"],
                 pg=cr0["pg"], wp=cr0["wp"], smep=cr4["smep"], smap=cr4["smap"], ac=state["ac"],
                 pkru=state["pkru"], pkrs=state["pkrs"],
                 pdptes=(state["pdpte0"], state["pdpte1"], state["pdpte2"], state["pdpte3"]))


def tlb_changes(cycle: int, events: int, bits: int) -> Iterator[TlbRecord]:
    """The changes of the TLB in a cycle, from its events and the signal that says more of them."""
    update = _update(bits)
    for strobe, change in _changes.items():
        if not events & strobe:
            continue
        if change is TlbChange.FLUSHED:
            yield TlbRecord(cycle, change, pcid=update["pcid"], flush=_flushes[update["flush"]])
        elif change is TlbChange.FILLED:
            evicted = _linear(update["evicted_page"]) if events & _evicted else None
            yield TlbRecord(cycle, change, _linear(update["page"]), _entry(cycle, update), evicted,
                            update["pcid"])
        elif change is TlbChange.KEPT:
            kept = _kept(cycle, update)
            yield TlbRecord(cycle, change, kept.linear, kept, pcid=update["pcid"])
        elif change is TlbChange.DISPLACED:
            yield TlbRecord(cycle, change, row=update["row"])
        elif change is TlbChange.EXPIRED:
            yield TlbRecord(cycle, change, pcid=update["pcid"])
        elif change in (TlbChange.SWITCHED, TlbChange.SWEPT):
            yield TlbRecord(cycle, change)
        else:
            yield TlbRecord(cycle, change, _linear(update["page"]), pcid=update["pcid"],
                            global_page=change is TlbChange.DROPPED or bool(update["global_page"]))


def _linear(page: int) -> int:
    """Address of the first byte of a page."""
    return page << 12


def _entry(cycle: int, update: dict[str, int]) -> TlbEntry:
    """The translation of a fill."""
    rights = _rights(update["rights"])
    return TlbEntry(
        linear=_linear(update["page"]), physical=_linear(update["frame"]), size=1 << 12,
        writable=bool(rights["writable"]), user=bool(rights["user"]),
        execute_disable=bool(rights["execute_disable"]), dirty=bool(update["dirty"]),
        global_page=bool(update["global_page"]), filled=cycle, pcid=update["pcid"],
        key=update["key"], large=bool(update["large"]))


def _kept(cycle: int, update: dict[str, int]) -> TlbEntry:
    """The translation that the second level keeps with a fill: the whole page."""
    entry = _entry(cycle, update)
    size  = 1 << 21 if entry.large else 1 << 12
    return entry._replace(linear=entry.linear & -size, physical=entry.physical & -size, size=size,
                          large=False, row=update["row"])
