"""Slices of a processor: what was on the ports of its unit.

A slice covers all cycles of what it shows, also the last: an access that is accepted in cycle 10
and completed in cycle 11 lasts from 10 up to 12. Names have no addresses in them, so that what is
alike has one colour; addresses are arguments.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from hw.bus import ControlOp, Register
from hw.layout import RFLAGS, AccessKind, Fault, Flush
from sim.paging.flags import cached_rights_text
from sim.record.records import (
    LEVELS, AccessRecord, ControlRecord, EventRecord, InterruptRecord, State, TransferRecord,
)
from sim.record.signals import Fields
from sim.record.tlb import TlbRecord
from sim.record.view import error_text
from sim.record.words import FAULTS

from .slices import Column, Counter, Slice


__all__ = [
    "ACCESS", "CONTROL", "INTERRUPT", "TLB", "TRANSFER",
    "access_slices", "control_slices", "counters", "interrupt_slices", "look_ups", "tlb_slices",
    "transfer_slices", "walks",
]


def _hexadecimal(*names: str) -> list[Column]:
    return [Column(name, hexadecimal=True) for name in names]


#: Arguments of slices, by what they show.
ACCESS    = [*_hexadecimal("linear", "physical"), Column("bytes"),
             *_hexadecimal("stored", "loaded"), Column("error code")]
TRANSFER  = _hexadecimal("address", "data", "lanes")
CONTROL   = _hexadecimal("value")
TLB       = [*_hexadecimal("linear", "physical", "evicted"), Column("bytes"), Column("rights")]
INTERRUPT = _hexadecimal("vector")

#: Flags of a :class:`sim.record.records.State` that have a counter.
FLAGS = ("wp", "smap", "ac", "smep", "pg")

_rflags = Fields(RFLAGS)


def access_slices(accesses: Sequence[AccessRecord], cycles: int) -> list[Slice]:
    """Accesses. One without a response lasts until the record of ``cycles`` ends."""
    reads, writes = (AccessKind.READ, AccessKind.FETCH), AccessKind.WRITE
    return [
        Slice(access.accepted, access.completed + 1 if access.completed >= 0 else cycles,
              _access_name(access.kind, access.user, access.implicit, access.completed >= 0,
                           access.fault, access.error_code),
              (access.linear, access.physical if access.done else None, access.size,
               None if access.kind in reads else access.data,
               None if access.kind is writes or not access.done else access.result,
               error_text(access.error_code) if access.fault is Fault.PAGE_FAULT else None))
        for access in accesses]


@cache
def _access_name(kind: AccessKind, user: bool, implicit: bool, ended: bool, fault: Fault,
                 error_code: int) -> str:
    words = ["implicit"] * implicit + [str(kind.name).lower().replace("_", "-")]
    words.append("user" if user else "kernel")
    if not ended:
        words.append("without a response")
    elif fault is Fault.SKIPPED:
        words.append("skipped")
    elif fault is Fault.BUS_ERROR:
        words.append("bus error")
    elif fault is not Fault.NONE:
        words.append(FAULTS[fault])
    if fault is Fault.PAGE_FAULT:
        words.append(f"{error_code:#x}")
    return " ".join(words)


def transfer_slices(transfers: Sequence[TransferRecord], cycles: int) -> list[Slice]:
    """Transfers of physical memory."""
    return [
        Slice(transfer.accepted, transfer.acked + 1 if transfer.acked >= 0 else cycles,
              _transfer_name(transfer.walk, transfer.write, transfer.lock, transfer.acked >= 0,
                             transfer.failed),
              (transfer.address,
               transfer.data if transfer.write or transfer.acked >= 0 else None, transfer.sel))
        for transfer in transfers]


@cache
def _transfer_name(walk: bool, write: bool, lock: bool, acked: bool, failed: bool) -> str:
    return ("locked " * lock + ("write" if write else "read") + " entry" * walk
            + " without a response" * (not acked) + " bus error" * failed)


def control_slices(controls: Sequence[ControlRecord], cycles: int) -> list[Slice]:
    """Control operations."""
    return [
        Slice(control.accepted, control.completed + 1 if control.completed >= 0 else cycles,
              _control_name(control),
              (control.result if control.op is ControlOp.READ else control.value,))
        for control in controls]


def _control_name(control: ControlRecord) -> str:
    if control.op is ControlOp.INVLPG:
        return "INVLPG"
    if control.op is ControlOp.INVPCID:
        return f"INVPCID type {control.value}" + " #GP" * control.refused
    if control.op is ControlOp.WRITE and control.register is Register.RFLAGS:
        # STAC, CLAC, and what restores the flags.
        name = f"AC = {_rflags(control.value)['ac']}"
    else:
        name = f"{control.op.name.lower()} {control.register.name}"
    return name + " #GP" * control.refused


def tlb_slices(changes: Sequence[TlbRecord]) -> list[Slice]:
    """Changes of the TLB, a cycle wide."""
    found = []
    for change in changes:
        name  = change.change.value + " all" * (change.flush is Flush.ALL)
        entry = change.entry
        if entry is None:
            values: tuple[int | str | None, ...] = (change.linear or None,)
        else:
            values = (entry.linear, entry.physical, change.evicted, entry.size,
                      cached_rights_text(entry))
        found.append(Slice(change.cycle, change.cycle + 1, name, values))
    return found


def look_ups(events: Sequence[EventRecord]) -> list[Slice]:
    """Look-ups in the TLB, and accesses that go on to a second page."""
    return [Slice(event.cycle, event.cycle + 1, event.name) for event in events
            if event.name in ("hit", "hit_second", "missed", "crossed")]


def walks(events: Sequence[EventRecord], cycles: int) -> Iterator[Slice]:
    """Page walks, and in them, a cycle wide, the bits that they set and their new beginnings."""
    walk: int | None   = None
    inner: list[Slice] = []
    for event in events:
        match event.name:
            case "walk_begun":
                walk, inner = event.cycle, []
            case "accessed":
                inner.append(Slice(event.cycle, event.cycle, f"sets A, {LEVELS[event.level]}"))
            case "dirtied":
                inner.append(Slice(event.cycle, event.cycle, "sets D"))
            case "walk_again":
                inner.append(Slice(event.cycle, event.cycle, "starts again"))
            case "walk_ended" if walk is not None:
                yield from (Slice(walk, event.cycle + 1, "page walk"), *inner)
                walk = None
    if walk is not None:
        yield from (Slice(walk, cycles, "page walk without an end"), *inner)


def interrupt_slices(interrupts: Sequence[InterruptRecord]) -> list[Slice]:
    """Interrupts that the processor sends and takes, a cycle wide."""
    return [
        Slice(interrupt.cycle, interrupt.cycle + 1,
              "takes" if interrupt.target is None else f"sends to CPU {interrupt.target}",
              (interrupt.vector,))
        for interrupt in interrupts]


def counters(states: Sequence[State]) -> list[Counter]:
    """Flags of the control registers; those that never change are left out."""
    found = []
    for flag in FLAGS:
        values: list[tuple[int, int]] = []
        for state in states:
            value = getattr(state, flag)
            if not values or values[-1][1] != value:
                values.append((state.cycle, value))
        if len(values) > 1:
            found.append(Counter(flag.upper(), values))
    return found
