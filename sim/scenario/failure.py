"""Ends of a run before its time, and the record of what was going on then."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.errors import BusHang, LimitReached, MachineLost
from sim.machine import Machine
from sim.record.trace import Trace
from sim.record.verdict import Unproven
from sim.record.words import describe, describe_transfer
from sw.errno import KernelError
from sw.include.linux.signal_types import Killed, Signal
from sw.kernel.panic import KernelOops
from sw.processor.exceptions import TripleFault

from .mistakes import Frame, Location, innermost, raised_through
from .watch import Watch, call_in


__all__ = ["STOPS", "Failure", "failure_of"]


#: Ends that a run may come to before its time. Anything else is a mistake, the scenario's or ours.
STOPS = (BusHang, LimitReached, MachineLost, KernelOops, TripleFault, KernelError, Signal, Killed,
         Unproven, AssertionError)

#: Accesses and transfers shown with a run that failed.
LAST = 8


@dataclass(frozen=True)
class Failure:
    """Reason for which a run ended early, and what was going on.

    ``location`` is the line of the scenario, if it was there; ``call`` the system call with its
    arguments, if it was in one.
    """

    reason:       str
    cycle:        int
    stack:        tuple[str, ...]
    transactions: tuple[str, ...]  #: The last accesses and transfers of each processor.
    location:     Location | None = None
    call:         str          = ""


def failure_of(stop: BaseException, machine: Machine, watch: Watch, file: str) -> Failure:
    """The failure that ``stop``, one of :data:`STOPS`, is for the scenario in ``file``.

    A machine that hangs raises nothing in the scenario, so that ``watch`` must know where it was.
    """
    trace = machine.engine.trace
    stack: Sequence[str] = trace.marks[-1].stack if trace.marks else ()
    if isinstance(stop, KernelOops):
        reason, stack = f"kernel oops: {stop.reason}", stop.stack
    else:
        name   = MachineLost if isinstance(stop, MachineLost) else type(stop)
        reason = f"{name.__name__}: {stop}"
    frames: Sequence[Frame] = raised_through(stop)
    location = innermost(frames, file)
    if location is None:
        location, frames = watch.location, watch.frames
    return Failure(reason, max(0, trace.cycles - 1), tuple(stack), _last(machine.engine.traces),
                   location, call_in(frames))


def _last(traces: Sequence[Trace]) -> tuple[str, ...]:
    """The last transactions of all processors, in words, in the order of cycles."""
    said = []
    for number, trace in enumerate(traces):
        who   = f"processor {number}: " if len(traces) > 1 else ""
        said += [(access.accepted, who + describe(access)) for access in trace.all_accesses[-LAST:]]
        said += [(transfer.accepted, who + describe_transfer(transfer))
                 for transfer in trace.all_transfers[-LAST:]]
    return tuple(f"cycle {cycle}: {words}" for cycle, words in sorted(said))
