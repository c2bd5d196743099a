"""The machine in Amaranth's own simulator: nothing to install, and every signal in a waveform."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from amaranth.sim import Simulator, SimulatorContext

from hw.config import MmuConfig
from sim.memory import PhysicalMemory, Target
from sim.recorder import Recorder
from sim.trace import Trace
from sim.waves import Waveform, waveform

from .bench import Bench
from .processor import Names, Processor


__all__ = ["PysimEngine"]


#: Of the clock, in seconds. Nothing depends on it.
PERIOD = 1e-9

#: Cycles between two reports of progress.
STRIDE = 256


class PysimEngine:
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
    bus : :class:`.processor.Processor`
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
        self.config  = config
        self.memory  = memory or PhysicalMemory()
        self.trace   = Trace()
        self._stacks = Names(())
        self._claims = Names("")
        self.bus     = Processor(self._stacks, deadline=deadline)
        self.progress: Callable[[int], None] | None = None
        self._claim  = 0
        self._cycle  = 0
        self._spent  = False

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
        """Run ``main`` from reset to its end; see :class:`sim.engine.Engine`."""
        if self._spent:
            raise RuntimeError("this machine has run already; make another")
        self._spent = True
        with _simulation(self.config, view=waves is not None) as simulation:
            bench = simulation.bench
            bench.stacks, bench.claims = self._stacks, self._claims
            with nullcontext() if waves is None else waveform(waves, bench.shown) as wave:
                simulation.run(partial(self._clockwork, main, wave))

    async def _clockwork(
        self, main: Callable[[], Awaitable[None]], wave: Waveform | None,
        ctx: SimulatorContext, bench: Bench,
    ) -> None:
        """Process: drive, wait for the clock, sample; cycle by cycle to the end of the kernel."""
        target   = Target(self.memory)
        recorder = Recorder(self.trace, self._stacks.texts, self._claims.texts)
        outputs  = list(bench.inputs.values())
        driven   = [0] * len(outputs)
        # Not ctx.tick(), which is made anew in every cycle, and takes longer than all the rest.
        edge = ctx.posedge(bench.clock.clk).sample(bench.probe, bench.view)
        try:
            self.bus.start(main())
            while self.bus.running:
                values = self._values(target)
                if values != driven:
                    for signal, value, before in zip(outputs, values, driven, strict=True):
                        if value != before:
                            ctx.set(signal, value)
                    driven = values
                _, bits, view = await edge
                sample = bench.sample(bits)
                recorder.step(self._cycle, sample)
                if wave is not None:
                    wave.step(self._cycle, view)
                target.step(sample.cyc, sample.stb, sample.we, sample.adr, sample.sel,
                            sample.dat_w)
                self._cycle += 1
                self.bus.step(self._cycle - 1, sample)
                if self.progress is not None and self._cycle % STRIDE == 0:
                    self.progress(self._cycle)
        finally:
            self.bus.stop()

    def _values(self, target: Target) -> list[int]:
        """What to drive onto the inputs of the bench."""
        bus = self.bus
        return [1, 1, bus.request_valid, bus.request, bus.control_valid, bus.control,
                bus.kernel_stack, self._claim,
                target.ack, target.dat_r, target.stall]


class _Simulation:
    """A bench that is compiled once, and reset for every further run."""

    def __init__(self, config: MmuConfig, *, view: bool):
        self.bench      = Bench(config, view=view)
        self._simulator = Simulator(self.bench)
        self._simulator.add_clock(PERIOD, phase=PERIOD)
        self._begun     = False

    def run(self, clockwork: Callable[[SimulatorContext, Bench], Awaitable[None]]) -> None:
        """Run ``clockwork`` to its end."""
        self._clockwork = clockwork
        # Not before: both make a coroutine, which complains if nobody runs it.
        if self._begun:
            self._simulator.reset()
        else:
            self._simulator.add_process(self._process)
        self._begun = True
        self._simulator.run()

    async def _process(self, ctx: SimulatorContext) -> None:
        with ctx.critical():
            await self._clockwork(ctx, self.bench)


_idle: dict[tuple[MmuConfig, bool], _Simulation] = {}


@contextmanager
def _simulation(config: MmuConfig, *, view: bool) -> Iterator[_Simulation]:
    """A compiled bench: an idle one if there is any. One whose run failed is not used again."""
    simulation = _idle.pop((config, view), None) or _Simulation(config, view=view)
    yield simulation
    _idle[config, view] = simulation
