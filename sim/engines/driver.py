"""Base of the engines that drive the ports from Python, cycle by cycle."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from sim.errors import BusHang
from sim.memory import Target
from sim.record.recorder import Recorder
from sim.record.signals import Sample
from sim.record.waves import Wave
from sim.schedule import Dispatcher

from .base import Simulation
from .packed import PackedTestbench
from .stepped import SteppedProcessor


__all__ = ["CycleDriver", "PinDriver"]


#: Cycles between two reports of progress.
STRIDE = 256

PinT = TypeVar("PinT")


class PinDriver(ABC, Generic[PinT]):
    """The inputs of a testbench in a simulator, and its clock.

    Only inputs that change are set, because setting takes long.

    Parameters
    ----------
    parts : sequence of mappings
        The simulator's handles of the inputs, which are all 0, by name: of each processor port, and
        of those that are shared.
    """

    def __init__(self, parts: Sequence[Mapping[str, PinT]]):
        self._parts = parts
        self._driven: list[dict[str, int]] = [{} for _ in parts]

    def drive(self, *values: Mapping[str, int]) -> None:
        """Set inputs of each processor port, and then those that are shared."""
        for pins, driven, part in zip(self._parts, self._driven, values, strict=True):
            for name, value in part.items():
                if value != driven.get(name, 0):
                    self._set(pins[name], value)
                    driven[name] = value

    @abstractmethod
    def _set(self, pin: PinT, value: int) -> None:
        """Set one input."""

    @abstractmethod
    async def edge(self) -> tuple[int, int]:
        """Wait for the clock's next rising edge.

        Returns what :class:`.packed.PackedTestbench` has as ``probe``, and its testbench as
        ``view``, just before it.
        """


class CycleDriver(Simulation[SteppedProcessor]):
    """A :class:`.base.Simulation` in which Python is there in every cycle."""

    def _processor(self) -> SteppedProcessor:
        return SteppedProcessor(self.stacks, deadline=self.deadline)

    async def _tick(
        self, mains: Sequence[Callable[[], Awaitable[None]]], wave: Wave | None,
        design: PackedTestbench, pins: PinDriver[PinT],
    ) -> None:
        """Drive, wait for the clock, sample; in every cycle, to the end of the first main."""
        target     = Target(self.memory)
        dispatcher = Dispatcher(self.schedule, len(mains))
        recorders  = [Recorder(recording, self.stacks.texts, self.claims.texts)
                      for recording in self.recordings]
        try:
            self._start(mains)
            while self.bus.running:
                self._check_limit()
                hold = dispatcher.begin()
                for number, processor in enumerate(self.processors):
                    processor.drive(held=bool(hold >> number & 1))
                pins.drive(*(processor.driven for processor in self.processors), {
                    "claim": self._claim, "hold": hold, "ack": target.ack,
                    "err": target.err, "dat_r": target.dat_r, "stall": target.stall})
                bits, view = await pins.edge()
                samples, memory = design.taken_apart(bits)
                for recorder, sample in zip(recorders, samples, strict=True):
                    recorder.step(self._cycle, sample)
                if wave is not None:
                    wave.step(self._cycle, view)
                target.step(*memory)
                self._cycle += 1
                self._step(samples, dispatcher)
                if self.progress is not None and self._cycle % STRIDE == 0:
                    self.progress(self._cycle)
        finally:
            self._stop()

    def _step(self, samples: Sequence[Sample], dispatcher: Dispatcher) -> None:
        """End the cycle for schedule and processors."""
        both  = list(zip(self.processors, samples, strict=True))
        idle  = [processor.idle(sample) for processor, sample in both]
        if all(idle):
            raise BusHang(self._cycle - 1, "an interrupt, which nobody can send")
        dispatcher.end([processor.steps(sample) for processor, sample in both], idle)
        for processor, sample in both:
            processor.step(self._cycle - 1, sample)
