"""The machine in Amaranth's own simulator: nothing to install, and every signal in a waveform."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from amaranth import Cat, Elaboratable, Module, Signal
from amaranth.sim import Simulator, SimulatorContext

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from sim.engine import BusHang
from sim.memory import Target
from sim.recorder import Sample
from sim.waves import Waveform, waveform

from .base import Simulation
from .bench import Bench
from .stepped import SteppedProcessor
from .turns import Turns


__all__ = ["PysimEngine"]


#: Of the clock, in seconds. Nothing depends on it.
PERIOD = 1e-9

#: Cycles between two reports of progress.
STRIDE = 256


class PysimEngine(Simulation[SteppedProcessor]):
    """A :class:`sim.engine.Engine`; see :class:`.base.Simulation`."""

    def _processor(self) -> SteppedProcessor:
        return SteppedProcessor(self.stacks, deadline=self.deadline)

    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: Path | None) -> None:
        with _compiled(self.config, len(mains), self.arbiter, waves is not None) as compiled:
            bench = compiled.bench
            bench.stacks, bench.claims = self.stacks, self.claims
            with nullcontext() if waves is None else waveform(waves, bench.shown) as wave:
                compiled.run(partial(self._clockwork, mains, wave))

    async def _clockwork(
        self, mains: Sequence[Callable[[], Awaitable[None]]], wave: Waveform | None,
        ctx: SimulatorContext, design: "_Probed",
    ) -> None:
        """Process: drive, wait for the clock, sample; cycle by cycle to the end of the kernel."""
        target = Target(self.memory)
        turns  = Turns(self.schedule, len(mains))
        pins   = _Pins(ctx, design.bench)
        # Not ctx.tick(), which is made anew in every cycle, and takes longer than all the rest.
        edge = ctx.posedge(design.bench.clock.clk).sample(design.probe, design.bench.view)
        try:
            self._start(mains)
            while self.bus.running:
                hold = turns.begin()
                for number, processor in enumerate(self.processors):
                    processor.drive(held=bool(hold >> number & 1))
                pins.drive(*(processor.driven for processor in self.processors), {
                    "claim": self._claim, "hold": hold, "ack": target.ack,
                    "dat_r": target.dat_r, "stall": target.stall})
                _, bits, view = await edge
                samples, memory = design.taken_apart(bits)
                for recorder, sample in zip(self.recorders, samples, strict=True):
                    recorder.step(self._cycle, sample)
                if wave is not None:
                    wave.step(self._cycle, view)
                target.step(*memory)
                self._cycle += 1
                self._step(samples, turns)
                if self.progress is not None and self._cycle % STRIDE == 0:
                    self.progress(self._cycle)
        finally:
            self._stop()

    def _step(self, samples: Sequence[Sample], turns: Turns) -> None:
        """End the cycle for schedule and processors."""
        both  = list(zip(self.processors, samples, strict=True))
        idle  = [processor.idle(sample) for processor, sample in both]
        if all(idle):
            raise BusHang(self._cycle - 1, "an interrupt, which nobody can send")
        turns.end([processor.steps(sample) for processor, sample in both], idle)
        for processor, sample in both:
            processor.step(self._cycle - 1, sample)


class _Pins:
    """Inputs of a bench; only those that change are set, because setting takes long."""

    def __init__(self, ctx: SimulatorContext, bench: Bench):
        self._ctx     = ctx
        self._parts   = [part.inputs for part in (*bench.sockets, bench)]
        self._driven: list[dict[str, int]] = [{} for _ in self._parts]

    def drive(self, *values: dict[str, int]) -> None:
        """Set inputs of each socket, and then those that are shared."""
        for signals, driven, part in zip(self._parts, self._driven, values, strict=True):
            for name, value in part.items():
                if value != driven.get(name, 0):
                    self._ctx.set(signals[name], value)
                    driven[name] = value


class _Probed(Elaboratable):
    """A bench, and all that is sampled of it packed into one signal: it is read much faster.

    Attributes
    ----------
    bench : :class:`.bench.Bench`
        The bench.
    probe : :class:`Signal`
        The signals of every socket, then those that are shared.
    """

    def __init__(self, bench: Bench):
        self.bench    = bench
        self._signals = [signal for part in (*bench.sockets, bench)
                         for signal in part.outputs.values()]
        self.probe    = Signal(sum(map(len, self._signals)))
        ends          = list(accumulate(map(len, self._signals)))
        self._places  = [(end - len(signal), (1 << len(signal)) - 1)
                         for signal, end in zip(self._signals, ends, strict=True)]

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.submodules.bench = self.bench
        m.d.comb += self.probe.eq(Cat(self._signals))
        return m

    def taken_apart(self, bits: int) -> tuple[list[Sample], list[int]]:
        """The samples of all sockets in a value of ``probe``, and the shared signals."""
        values = [bits >> offset & mask for offset, mask in self._places]
        width  = len(Sample._fields)
        shared = width * len(self.bench.sockets)
        samples = [Sample._make(values[start:start + width]) for start in range(0, shared, width)]
        return samples, values[shared:]


class _Compiled:
    """A bench that is compiled once, and reset for every further run."""

    def __init__(self, bench: Bench):
        self.bench      = bench
        self._design    = _Probed(bench)
        self._simulator = Simulator(self._design)
        self._simulator.add_clock(PERIOD, phase=PERIOD)
        self._begun     = False

    def run(self, clockwork: Callable[[SimulatorContext, _Probed], Awaitable[None]]) -> None:
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
            await self._clockwork(ctx, self._design)


_idle: dict[tuple[MmuConfig, int, type[Arbiter], bool], _Compiled] = {}


@contextmanager
def _compiled(
    config: MmuConfig, cpus: int, arbiter: type[Arbiter], view: bool,
) -> Iterator[_Compiled]:
    """A compiled bench: an idle one if there is any. One whose run failed is not used again."""
    key = config, cpus, arbiter, view
    compiled = _idle.pop(key, None) or _Compiled(
        Bench(config, cpus=cpus, arbiter=arbiter, view=view))
    yield compiled
    _idle[key] = compiled
