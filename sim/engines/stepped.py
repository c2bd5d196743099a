"""A processor that is stepped cycle by cycle, for an engine that drives the ports from Python."""

from dataclasses import dataclass, field
from typing import Any

from hw.interrupts import FIRST_VECTOR
from sim.errors import BusHang
from sim.record.signals import FIELDS, QUIET, Sample
from sw.bus import Access

from .operations import (
    KINDS, REGISTERS, ControlAccess, Halt, LoadString, SendInterrupt, Settle, SingleAccess,
    StoreString, TakeInterrupt,
)
from .processor import Names, Processor
from .responses import responses


__all__ = ["SteppedProcessor"]


_request    = FIELDS["request"]
_control    = FIELDS["control"]
_controlled = FIELDS["controlled"]


@dataclass
class _Pending:
    """Progress of an operation's accesses: requests accepted, and responses received."""

    requests:  list[Access] = field(default_factory=list)
    accepted:  int          = 0
    responses: list[int]    = field(default_factory=list)


class SteppedProcessor(Processor):
    """A :class:`.processor.Processor`, and the values to drive onto the ports in each cycle.

    Parameters
    ----------
    stacks : :class:`.processor.Names`
        Function stacks seen so far, as tuples.
    deadline : :class:`int`
        Cycles in which the unit must do something for an operation.

    Attributes
    ----------
    driven : :class:`dict`
        Values of the inputs in this cycle, by name; see :class:`.testbench.ProcessorPort`. What is
        not named stays what it was.
    """

    def __init__(self, stacks: Names, *, deadline: int):
        super().__init__(stacks)
        self.driven: dict[str, int] = {}
        self._deadline = deadline
        self._progress = 0
        self._held     = False
        self._offered  = False       # what is offered must stay until it is accepted
        self._accesses = _Pending()
        self._control_accepted = False

    def idle(self, sample: Sample) -> bool:
        """True if it has nothing to do after this cycle, unless somebody interrupts it."""
        return not self.running or isinstance(self.operation, Halt) and not sample.pending

    def steps(self, sample: Sample) -> int:
        """Steps, in the sense of :mod:`sim.schedule`, that it made in this cycle."""
        return ((sample.cyc & sample.stb & ~sample.stall)
                + (sample.control_valid & sample.control_ready)
                + sample.send_valid + sample.take)

    def drive(self, *, held: bool) -> None:
        """Begin a cycle: set ``driven``. A processor that is ``held`` begins nothing new."""
        self._held = held
        if self.marks:
            self.kernel_stack = self.marks.popleft()
        self.driven = {**QUIET, "kernel_stack": self.kernel_stack}
        if self.marks or held and not self._offered:
            return
        offer = self._offer()
        self._offered = bool(offer)
        self.driven.update(offer)

    def _offer(self) -> dict[str, int]:
        operation, pending = self.operation, self._accesses
        if isinstance(operation, ControlAccess) and not self._control_accepted:
            return {"control_valid": 1, "control": _packed_control(operation)}
        if isinstance(operation, SendInterrupt):
            return {"send_valid": 1, "send_target": operation.target,
                    "send_vector": operation.vector - FIRST_VECTOR}
        if isinstance(operation, TakeInterrupt):
            return {"take": 1, "vector": operation.vector - FIRST_VECTOR}
        if pending.accepted < len(pending.requests):
            return {"request_valid": 1, "request": _packed_access(pending)}
        return {}

    def step(self, cycle: int, sample: Sample) -> None:
        """End ``cycle``; the kernel goes on if its operation has ended.

        Raises :class:`sim.errors.BusHang`, and whatever the kernel raises.
        """
        operation = self.operation
        if self._pending_ends(cycle, sample):
            self.interrupts = sample.pending
            self._go_on(self._result(operation, sample), cycle)
        elif operation is None:
            self.running = self.running and bool(self.marks)
        elif not isinstance(operation, Halt):
            self._check(cycle)

    def start(self, kernel: Any) -> None:
        """Begin to run ``kernel``, up to its first operation."""
        super().start(kernel)
        self._begin()

    def _go_on(self, outcome: Any, cycle: int) -> None:
        self._progress = cycle
        self.resume(outcome)
        self._begin()

    def _begin(self) -> None:
        """Prepare the operation that the kernel waits for now."""
        self._offered = self._control_accepted = False
        operation = self.operation
        if isinstance(operation, SingleAccess | LoadString | StoreString):
            self._accesses = _Pending(operation.requests())

    def _pending_ends(self, cycle: int, sample: Sample) -> bool:
        """Take note of the cycle; return whether the operation ends with it."""
        operation, pending = self.operation, self._accesses
        if operation is None:
            return False
        if isinstance(operation, Settle):
            return not self.marks
        if isinstance(operation, Halt):
            return not self.marks and bool(sample.pending)
        if isinstance(operation, SendInterrupt | TakeInterrupt):
            return self._offered
        if isinstance(operation, ControlAccess):
            if sample.control_valid and sample.control_ready:
                self._control_accepted, self._offered, self._progress = True, False, cycle
            return bool(sample.controlled_valid)
        if sample.request_valid and sample.request_ready:
            pending.accepted += 1
            self._offered, self._progress = False, cycle
        if sample.response_valid:
            pending.responses.append(sample.response)
            self._progress = cycle
        return len(pending.responses) == len(pending.requests)

    def _result(self, operation: Any, sample: Sample) -> Any:
        if isinstance(operation, ControlAccess):
            outcome = _controlled(sample.controlled)
            return outcome["value"], bool(outcome["fault"])
        if isinstance(operation, SingleAccess | LoadString | StoreString):
            pending, self._accesses = self._accesses, _Pending()
            return operation.outcome(
                responses(pending.requests, pending.responses, sample.state))
        return None

    def _check(self, cycle: int) -> None:
        if self.marks or self._held:
            self._progress = cycle
        elif cycle - self._progress > self._deadline:
            raise BusHang(cycle, str(self.operation))


def _packed_control(operation: ControlAccess) -> int:
    return _control.pack({
        "op": operation.op.value, "register": REGISTERS[operation.register],
        "value": operation.value, "pcid": operation.pcid, "linear": operation.linear,
    })


def _packed_access(pending: _Pending) -> int:
    """The next request, as it is on the port."""
    access = pending.requests[pending.accepted]
    return _request.pack({
        "linear": access.linear, "size": access.size.bit_length() - 1,
        "kind": KINDS[access.kind], "user": access.user, "implicit": access.implicit,
        "chained": pending.accepted > 0, "data": access.data, "compare": access.compare,
    })
