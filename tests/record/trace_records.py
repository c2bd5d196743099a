"""Hand-made traces, for tests of what reads them."""

from hw.bus import Register
from hw.layout import AccessKind, Fault
from sim.record.records import (
    AccessRecord, ControlRecord, EventRecord, InterruptRecord, Mark, Recording, State,
    TransferRecord,
)
from sim.record.tlb import TlbRecord
from sim.record.trace import Trace


__all__ = ["access", "control", "event", "mark", "state", "trace", "transfer"]


def state(cycle=0, **flags):
    """Control registers from ``cycle`` on; all zero but for ``flags``."""
    zero = dict.fromkeys(("cr0", "cr2", "cr3", "cr4", "efer", "pg", "wp", "smep", "smap", "ac"), 0)
    return State(cycle=cycle, **{**zero, **flags})


def mark(cycle=0, *stack, claim=""):
    """Functions that execute from ``cycle`` on."""
    return Mark(cycle, stack, claim)


def access(accepted, linear, *, kind=AccessKind.READ, size=8, error_code=None, fault=None,
           physical=0, result=0, user=False, stack=(), ac=0, lasts=2):
    """An access that is completed ``lasts`` cycles later; by a page fault if ``error_code`` is."""
    if error_code is not None:
        fault = Fault.PAGE_FAULT
    return AccessRecord(
        accepted=accepted, linear=linear, size=size, kind=kind, user=user, implicit=False,
        chained=False, data=0, compare=0, state=state(ac=ac), mark=mark(0, *stack),
        completed=accepted + lasts, result=result, physical=physical, fault=fault or Fault.NONE,
        error_code=error_code or 0,
    )


def transfer(accepted, address, *, write=False, lock=False, walk=False, sel=0xff, data=0):
    """A transfer that is completed in the next cycle."""
    return TransferRecord(accepted=accepted, address=address, write=write, lock=lock, sel=sel,
                          data=data, walk=walk, mark=mark(), acked=accepted + 1)


def control(accepted, op, register=Register.CR0, value=0, refused=False):
    """A control operation that is completed in the next cycle."""
    return ControlRecord(accepted=accepted, op=op, register=register, value=value, mark=mark(),
                   completed=accepted + 1, refused=refused)


def event(cycle, name, level=0):
    """A strobe."""
    return EventRecord(cycle, name, level)


def trace(*records, cycles=100, cpu=0):
    """A trace of records of any kind. Control registers are 0, and user code runs, at first."""
    made  = Recording(states=[state()], marks=[mark()], cycles=cycles)
    lists = {AccessRecord: made.accesses, TransferRecord: made.transfers,
             ControlRecord: made.controls, InterruptRecord: made.interrupts,
             EventRecord: made.events, TlbRecord: made.tlb, State: made.states,
             Mark: made.marks}
    for record in records:
        lists[type(record)].append(record)
    return Trace(made, cpu=cpu)
