"""A waveform of what a board reports: its ports, and the marks of software."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from amaranth import Cat, Elaboratable, Module, Signal
from amaranth.sim import Simulator, SimulatorContext

from hw.bus import AccessSignature, ControlSignature, Events, TlbUpdate
from hw.config import MmuConfig
from hw.interrupts import InterruptSignature
from hw.wishbone import WishboneSignature
from sim.engines.processor import Names
from sim.record.signals import MARK_WIDTH, QUIET, STROBES, Sample, inputs, outputs
from sim.record.view import functions, ports, tested
from sim.record.waves import Wave


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
        What a waveform shows: all but the unit's state machines and the changes of its TLB, which
        no board reports.
    """

    def __init__(self, config: MmuConfig, stacks: Names, claims: Names):
        unit = SimpleNamespace(
            access=AccessSignature().create(), control=ControlSignature().create(),
            events=Signal(Events), tlb=Signal(TlbUpdate),
            memory=WishboneSignature(maxphyaddr=config.maxphyaddr).create())
        port = SimpleNamespace(
            unit=unit, interrupts=InterruptSignature(processors=1).create(),
            kernel_stack=Signal(MARK_WIDTH), claim=Signal(MARK_WIDTH))
        viewed = [tested(lambda: claims.texts, port.claim),
                  *functions(lambda: stacks.texts, port.kernel_stack), *ports(unit, tlb=False)]
        self.shown   = [shown for shown, _ in viewed]
        self._values = [value for _, value in viewed]
        self._view   = Signal(sum(map(len, self._values)))
        self._driven = inputs(port)
        self._shadow = list(outputs(port).values())

    def elaborate(self, platform: Any) -> Module:
        """Pack what is shown."""
        m = Module()
        m.d.comb += self._view.eq(Cat(self._values))
        return m

    def write(self, wave: Wave, rows: Sequence[tuple[int, Sample]]) -> None:
        """Write the cycles in ``rows``, each with its signals, and the quiet ones between them."""
        async def testbench(ctx: SimulatorContext) -> None:
            for name, value in QUIET.items():
                ctx.set(self._driven[name], value)
            shown = Sample()
            for cycle, sample in _with_quiet(rows):
                for signal, value, before in zip(self._shadow, sample, shown, strict=True):
                    if value != before:
                        ctx.set(signal, value)
                shown = sample
                wave.step(cycle, ctx.get(self._view))

        simulator = Simulator(self)
        simulator.add_testbench(testbench)
        simulator.run()


def _with_quiet(rows: Sequence[tuple[int, Sample]]) -> Iterator[tuple[int, Sample]]:
    """The rows, and after each the cycle in which its strobes are low again."""
    quiet = dict.fromkeys(STROBES, 0)
    for index, (cycle, sample) in enumerate(rows):
        yield cycle, sample
        if index + 1 == len(rows) or rows[index + 1][0] > cycle + 1:
            yield cycle + 1, sample._replace(**quiet)
