"""The machine in Amaranth's own simulator: nothing to install, and every signal in a waveform."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from amaranth import Value
from amaranth.sim import Simulator, SimulatorContext

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from sim.record.waves import WaveSink

from .driver import CycleDriver, PinDriver
from .packed import PackedTestbench, parts
from .testbench import Testbench


__all__ = ["PysimEngine"]


#: Of the clock, in seconds. Nothing depends on it.
PERIOD = 1e-9


class PysimEngine(CycleDriver):
    """A :class:`sim.engines.engine.Engine`; see :class:`.base.Simulation`."""

    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink | None) -> None:
        with _compiled(self.config, len(mains), self.arbiter, waves is not None) as compiled:
            bench = compiled.design.bench
            bench.stacks, bench.claims = self.stacks, self.claims
            with nullcontext() if waves is None else waves(bench.shown) as wave:
                compiled.run(lambda pins: self._tick(mains, wave, compiled.design, pins))


class _Pins(PinDriver[Value]):
    """Inputs of a testbench in a simulation."""

    def __init__(self, ctx: SimulatorContext, design: PackedTestbench):
        super().__init__([part.inputs for part in parts(design.bench)])
        self._ctx  = ctx
        # Not ctx.tick(), which is made anew in every cycle, and takes longer than all the rest.
        self._edge = ctx.posedge(design.bench.clock.clk).sample(
            design.probe, design.bench.view)

    def _set(self, pin: Value, value: int) -> None:
        self._ctx.set(pin, value)

    async def edge(self) -> tuple[int, int]:
        """Wait for the edge; see :class:`.driver.PinDriver`."""
        _, bits, view = await self._edge
        return bits, view


class _Compiled:
    """A testbench that is compiled once, and reset for every further run."""

    def __init__(self, bench: Testbench):
        self.design     = PackedTestbench(bench)
        self._simulator = Simulator(self.design)
        self._simulator.add_clock(PERIOD, phase=PERIOD)
        self._begun     = False

    def run(self, drive: Callable[[_Pins], Awaitable[None]]) -> None:
        """Run ``drive`` to its end."""
        self._clockwork = drive
        # Not before: both make a coroutine, which complains if nobody runs it.
        if self._begun:
            self._simulator.reset()
        else:
            self._simulator.add_process(self._process)
        self._begun = True
        self._simulator.run()

    async def _process(self, ctx: SimulatorContext) -> None:
        with ctx.critical():
            await self._clockwork(_Pins(ctx, self.design))


_idle: dict[tuple[MmuConfig, int, type[Arbiter], bool], _Compiled] = {}


@contextmanager
def _compiled(
    config: MmuConfig, cpus: int, arbiter: type[Arbiter], view: bool,
) -> Iterator[_Compiled]:
    """A compiled testbench, idle if there is any such. One whose run failed is not used again."""
    key = config, cpus, arbiter, view
    compiled = _idle.pop(key, None) or _Compiled(
        Testbench(config, cpus=cpus, arbiter=arbiter, view=view))
    yield compiled
    _idle[key] = compiled
