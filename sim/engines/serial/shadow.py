"""A waveform of what a board reports: its ports, and the marks of software."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from amaranth import Cat, Elaboratable, Module, Signal, Value
from amaranth.sim import Simulator, SimulatorContext

from hw.bus import AccessSignature, ControlSignature, Events
from hw.config import MmuConfig
from hw.interrupts import InterruptSignature
from hw.wishbone import WishboneSignature
from sim.engines.processor import Names
from sim.record.recorder import Sample, probes
from sim.record.view import functions, ports, tested
from sim.record.waves import Waveform


__all__ = ["Shadow"]


class Shadow(Elaboratable):
    """The ports of a unit that is elsewhere.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    stacks, claims : :class:`sim.engines.processor.Names`
        What the numbers on the marks mean.

    Attributes
    ----------
    shown : :class:`list` of :class:`sim.record.waves.Shown`
        What a waveform shows: all but the unit's state machines, which no board reports.
    """

    def __init__(self, config: MmuConfig, stacks: Names, claims: Names):
        unit: Any = SimpleNamespace(
            access=AccessSignature().create(), control=ControlSignature().create(),
            events=Signal(Events), memory=WishboneSignature(maxphyaddr=config.maxphyaddr).create())
        stack, claim = Signal(24), Signal(24)
        interrupts   = InterruptSignature(processors=1).create()
        viewed       = [tested(lambda: claims.texts, claim),
                        *functions(lambda: stacks.texts, stack), *ports(unit)]
        self.shown   = [shown for shown, _ in viewed]
        self._values = [value for _, value in viewed]
        self._view   = Signal(sum(map(len, self._values)))
        self._inputs: list[Value] = probes(unit, interrupts, stack, claim)
        self._ready  = [unit.access.response.ready, unit.control.response.ready]

    def elaborate(self, platform: Any) -> Module:
        """Pack what is shown."""
        m = Module()
        m.d.comb += self._view.eq(Cat(self._values))
        return m

    def write(self, wave: Waveform, rows: Sequence[tuple[int, Sample]]) -> None:
        """Write the cycles in ``rows``, each with its signals, and the quiet ones between them."""
        async def testbench(ctx: SimulatorContext) -> None:
            for ready in self._ready:
                ctx.set(ready, 1)
            driven = [0] * len(self._inputs)
            for cycle, sample in _with_quiet(rows):
                for place, value in enumerate(sample):
                    if value != driven[place]:
                        ctx.set(self._inputs[place], value)
                        driven[place] = value
                wave.step(cycle, ctx.get(self._view))

        simulator = Simulator(self)
        simulator.add_testbench(testbench)
        simulator.run()


def _with_quiet(rows: Sequence[tuple[int, Sample]]) -> Iterator[tuple[int, Sample]]:
    """The rows, and after each the cycle in which its strobes are low again."""
    for place, (cycle, sample) in enumerate(rows):
        yield cycle, sample
        if place + 1 == len(rows) or rows[place + 1][0] > cycle + 1:
            yield cycle + 1, sample._replace(
                request_valid=0, response_valid=0, control_valid=0, controlled_valid=0, events=0,
                cyc=0, stb=0, ack=0)
