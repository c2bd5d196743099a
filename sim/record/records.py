"""Records: accesses, transfers, control operations, events, states and marks.

Records hold what was on the signals, decoded, and the cycles in which it was there. They do not
change: one of something that has not ended yet is replaced by another when it ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault

from .tlb import TlbRecord


__all__ = [
    "LEVELS", "AccessRecord", "Addresses", "ControlRecord", "EventRecord", "InterruptRecord",
    "Mark", "Recording", "State", "TransferRecord", "bounds", "overlaps",
]


#: Addresses at which an access may be: one, or a range of them.
Addresses = int | range

# Members of Amaranth's enumerations take long to look up, and these are wanted of each record.
_NONE   = Fault.NONE
_FAULTS = Fault.PAGE_FAULT, Fault.GENERAL_PROTECTION, Fault.BUS_ERROR
_LOADS  = AccessKind.READ, AccessKind.FETCH


def bounds(addresses: Addresses) -> tuple[int, int]:
    """First address, and the first beyond the last."""
    if isinstance(addresses, range):
        return addresses.start, addresses.stop
    return addresses, addresses + 1


def overlaps(address: int, size: int, addresses: Addresses) -> bool:
    """Tell whether any of ``size`` bytes at ``address`` is in ``addresses``."""
    first, end = bounds(addresses)
    return address < end and first < address + size


class State(NamedTuple):
    """Control registers, as they are from one cycle until they change.

    ``cycle`` is the first one. Flags are 0 or 1; they are what the unit has, whether or not the
    paging mode makes use of them. Registers that the unit lacks are 0.
    """

    cycle:  int
    cr0:    int
    cr2:    int
    cr3:    int
    cr4:    int
    efer:   int
    pg:     int
    wp:     int
    smep:   int
    smap:   int
    ac:     int
    pkru:   int = 0
    pkrs:   int = 0
    pdptes: tuple[int, int, int, int] = (0, 0, 0, 0)


class Mark(NamedTuple):
    """Content of the mark signals from ``cycle`` on.

    ``stack`` holds the kernel functions that execute, outermost first; empty: user code.
    ``claim`` is the claim being tested; empty: none.
    """

    cycle: int
    stack: tuple[str, ...]
    claim: str


class AccessRecord(NamedTuple):
    """One access of the processor.

    Attributes
    ----------
    accepted, completed : :class:`int`
        Cycles in which the unit accepted the request, and in which the processor accepted the
        response; ``completed`` is -1 if the run ended before.
    linear, size : :class:`int`
        Address of the first byte, and bytes.
    kind, user, implicit, chained
        As requested.
    data, compare : :class:`int`
        Operands, of ``size`` bytes.
    result : :class:`int`
        What was read, of ``size`` bytes; 0 after a write.
    physical : :class:`int`
        Physical address of the first byte, if there was no fault.
    fault, error_code
        How it ended; the error code belongs to a page fault, and is 0 without one.
    state : :class:`State`
        Control registers when the request was accepted.
    mark : :class:`Mark`
        Functions and claim when the request was accepted.
    """

    accepted:   int
    linear:     int
    size:       int
    kind:       AccessKind
    user:       bool
    implicit:   bool
    chained:    bool
    data:       int
    compare:    int
    state:      State
    mark:       Mark
    completed:  int   = -1
    result:     int   = 0
    physical:   int   = 0
    fault:      Fault = Fault.NONE
    error_code: int   = 0

    @property
    def faulted(self) -> bool:
        """True if it ended in #PF, #GP or a bus error. An access that was skipped did not."""
        return self.fault in _FAULTS

    @property
    def done(self) -> bool:
        """True if it was completed, and without a fault."""
        return self.fault is _NONE and self.completed >= 0

    @property
    def writes(self) -> bool:
        """True if it is a store; a locked access is one."""
        return self.kind not in _LOADS


class TransferRecord(NamedTuple):
    """One transfer of an 8-byte word of physical memory.

    Attributes
    ----------
    accepted, acked : :class:`int`
        Cycles in which the target accepted and acknowledged it; ``acked`` is -1 if it did not.
    address : :class:`int`
        Physical address of the word, in bytes.
    write, lock : :class:`bool`
        Direction; part of a locked bus cycle.
    sel : :class:`int`
        Byte lanes.
    data : :class:`int`
        The word written, or read.
    walk : :class:`bool`
        The page walker did it.
    mark : :class:`Mark`
        Functions and claim at that moment.
    """

    accepted: int
    address:  int
    write:    bool
    lock:     bool
    sel:      int
    data:     int
    walk:     bool
    mark:     Mark
    acked:    int = -1
    failed:   bool = False

    def touches(self, addresses: Addresses) -> bool:
        """Tell whether one of its byte lanes is in ``addresses``."""
        return overlaps(self.address, 8, addresses) and any(
            self.sel >> lane & 1 and overlaps(self.address + lane, 1, addresses)
            for lane in range(8))


class ControlRecord(NamedTuple):
    """One operation on the control port: STAC, a move to CR3, INVLPG, and their like."""

    accepted:  int
    op:        ControlOp
    register:  Register
    value:     int  #: The value written, the linear address of INVLPG, or the type of INVPCID.
    mark:      Mark
    completed: int  = -1
    result:    int  = 0
    refused:   bool = False
    pcid:      int  = 0  #: INVPCID: bits 63 to 0 of its descriptor.
    linear:    int  = 0  #: INVPCID: bits 127 to 64.


class EventRecord(NamedTuple):
    """A strobe of :class:`hw.bus.Events`; ``level`` is which of them, for ``accessed``."""

    cycle: int
    name:  str
    level: int = 0


class InterruptRecord(NamedTuple):
    """An interrupt that the processor sent to ``target``; or, if that is None, that it took."""

    cycle:  int
    vector: int
    target: int | None
    mark:   Mark


@dataclass
class Recording:
    """All that is on record of one processor and its unit, in the order of cycles.

    What there is most of need not be a list: an engine may make those records when they are looked
    at. ``cycles`` is the number of cycles recorded; ``tlb`` is None where the unit does not report
    what its TLB's strobes concern, as on a board.
    """

    accesses:   Sequence[AccessRecord]   = field(default_factory=list)
    transfers:  Sequence[TransferRecord] = field(default_factory=list)
    controls:   Sequence[ControlRecord]  = field(default_factory=list)
    events:     Sequence[EventRecord]    = field(default_factory=list)
    interrupts: list[InterruptRecord]    = field(default_factory=list)
    tlb:        list[TlbRecord] | None   = field(default_factory=list)
    states:     list[State]              = field(default_factory=list)
    marks:      list[Mark]               = field(default_factory=list)
    cycles:     int                      = 0


#: Names of the levels that a :class:`EventRecord` can have.
LEVELS = ("PT", "PD", "PDPT", "PML4")
