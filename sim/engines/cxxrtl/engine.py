"""The machine as C++, compiled: the same cycles as in Amaranth's simulator, much faster."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path

from hw.config import MmuConfig
from sim.engines.processor import Names
from sim.memory import PhysicalMemory
from sim.recorder import Recorder
from sim.trace import Trace
from sim.waves import Waveform, waveform

from .batch import BatchProcessor
from .native import Machine, native


__all__ = ["CxxrtlEngine"]


#: Cycles between two reports of progress.
STRIDE = 65_536


class CxxrtlEngine:
    """A :class:`sim.engine.Engine`: one unit, one processor, one memory, for one run.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    memory : :class:`sim.memory.PhysicalMemory`
        What is behind it; by default, an empty and fast one.
    deadline : :class:`int`
        Cycles in which the unit must do something for an operation.

    Attributes
    ----------
    bus : :class:`.batch.BatchProcessor`
        The processor.
    trace : :class:`sim.trace.Trace`
        What happened.
    memory : :class:`sim.memory.PhysicalMemory`
        As given.
    progress : callable or :class:`None`
        Called now and then during the run, with the cycle.
    """

    def __init__(
        self, config: MmuConfig, *, memory: PhysicalMemory | None = None, deadline: int = 10_000,
    ):
        self.config    = config
        self.memory    = memory or PhysicalMemory()
        self.trace     = Trace()
        self._stacks   = Names(())
        self._claims   = Names("")
        self._deadline = deadline
        self.bus       = BatchProcessor(self._stacks, deadline=deadline)
        self.progress: Callable[[int], None] | None = None
        self._claim    = 0
        self._cycle    = 0
        self._spent    = False

    @property
    def cycle(self) -> int:
        """Cycle in which the next operation can begin."""
        return self._cycle + self.bus.ahead

    async def settle(self) -> None:
        """Wait until all marks so far are on record."""
        await self.bus.settle()

    def claim(self, text: str) -> None:
        """Note which claim is being tested, from the next cycle on; empty: none."""
        self._claim = self._claims.number(text)

    def run(
        self, main: Callable[[], Awaitable[None]], *, waves: Path | None = None,
    ) -> None:
        """Run ``main`` from reset to its end; see :class:`sim.engine.Engine`.

        Raises :class:`sim.engine.Unavailable` without a compiler.
        """
        if self._spent:
            raise RuntimeError("this machine has run already; make another")
        self._spent = True
        compiled = native(self.config, view=waves is not None)
        bench    = compiled.bench
        bench.stacks, bench.claims = self._stacks, self._claims
        machine  = Machine(compiled, self.memory)
        try:
            with nullcontext() if waves is None else waveform(waves, bench.shown) as wave:
                self._run(main, machine, wave)
        finally:
            machine.delete()

    def _run(
        self, main: Callable[[], Awaitable[None]], machine: Machine, wave: Waveform | None,
    ) -> None:
        """Batch by batch to the end of the kernel."""
        recorder = Recorder(self.trace, self._stacks.texts, self._claims.texts)
        reported = 0
        try:
            self.bus.start(main())
            while self.bus.running:
                machine.run(self.bus.batch(), self._claim, self._deadline)
                self._cycle = machine.cycle
                if wave is not None:
                    _show(machine, wave)
                samples = []
                for cycle, sample in machine.samples():
                    recorder.step(cycle, sample)
                    samples.append(sample)
                self.trace.cycles = self._cycle
                self.bus.finish(self._cycle - 1, samples, hung=machine.hung)
                if self.progress is not None and self._cycle - reported >= STRIDE:
                    reported = self._cycle
                    self.progress(self._cycle)
        finally:
            self.bus.stop()


def _show(machine: Machine, wave: Waveform) -> None:
    """Write what has changed."""
    for cycle, bits in machine.views():
        wave.step(cycle, bits)
