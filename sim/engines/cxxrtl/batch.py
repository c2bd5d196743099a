"""A processor that hands over whole operations, for an engine that runs them on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.engine import BusHang
from sim.engines.operations import Accesses, Control
from sim.engines.processor import Processor
from sim.recorder import Sample


__all__ = ["Batch", "BatchProcessor"]


@dataclass(frozen=True)
class Batch:
    """What is on the ports until the kernel can move again.

    Attributes
    ----------
    marks : :class:`list` of :class:`int`
        What ``kernel_stack`` shows, cycle by cycle; one or more. The operation begins with the
        last, which stays.
    accesses, controls : :class:`list` of :class:`int`
        Requests to do back to back. Either or both are empty.
    """

    marks:    list[int]
    accesses: list[int]
    controls: list[int]


class BatchProcessor(Processor):
    """A :class:`Processor` that is not stepped cycle by cycle."""

    def batch(self) -> Batch:
        """What to do next."""
        marks = list(self._marks) or [self.kernel_stack]
        self._marks.clear()
        self.kernel_stack = marks[-1]
        operation = self._operation
        accesses, controls = [], []
        if isinstance(operation, Accesses):
            accesses = [operation.packed(index) for index in range(len(operation.requests))]
        elif isinstance(operation, Control):
            controls = [operation.packed()]
        return Batch(marks, accesses, controls)

    def finish(self, cycle: int, samples: Sequence[Sample], *, hung: bool) -> None:
        """Take note that the batch has ended with ``cycle``; let the kernel move.

        ``samples`` are those in which something happened. Raises
        :class:`sim.engine.BusHang`, and whatever the kernel raises.
        """
        operation = self._operation
        outcome: Any = None
        if isinstance(operation, Accesses):
            operation.responses += [s.response for s in samples if s.response_valid]
        if hung:
            raise BusHang(cycle, str(operation))
        if isinstance(operation, Accesses):
            outcome = self._answers(operation, samples[-1].state)
        elif isinstance(operation, Control):
            outcome = samples[-1].controlled
        if operation is None:
            self.running = False
        else:
            self._resume(outcome, cycle)

    def _drive(self) -> None:
        """Leave that to whoever runs the batch."""
