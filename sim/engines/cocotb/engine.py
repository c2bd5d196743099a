"""The engine ``cocotb``: the kernel as a coroutine that cocotb runs in a simulator of Verilog.

A simulator has its Python in its own process, and only there the engine can run: with
:func:`.host.call`, a function is called there, which makes an engine and runs it like any other.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Any

from sim.engines.driver import CycleDriver
from sim.engines.packed import PackedTestbench
from sim.engines.testbench import Testbench
from sim.record.waves import Wave, WaveSink


__all__ = ["CocotbEngine"]


class CocotbEngine(CycleDriver):
    """A :class:`sim.engines.engine.Engine`; see :class:`sim.engines.base.Simulation`.

    Parameters
    ----------
    simulator : :class:`str`
        Name in :data:`sim.toolchain.simulators.SIMULATORS`.

    Attributes
    ----------
    simulator : :class:`str`
        As given.
    dut : handle or :class:`None`
        That of the module, in a simulator that has not run an engine yet.
    """

    dut: Any = None

    def __init__(self, *positional: Any, simulator: str = "verilator", **named: Any):
        super().__init__(*positional, **named)
        self.simulator = simulator

    def testbench(self) -> Testbench:
        """Return the design that the simulator is built from."""
        # A view for every waveform, and for none: to build one without would take longer.
        return Testbench(self.config, cpus=len(self.processors), arbiter=self.arbiter, view=True)

    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink | None) -> None:
        if self.dut is None:
            raise RuntimeError("this engine runs in its simulator only: have what uses it called "
                               "there, by sim.engines.cocotb.host")
        from cocotb.task import resume

        dut, CocotbEngine.dut = self.dut, None
        bench = self.testbench()
        bench.stacks, bench.claims = self.stacks, self.claims
        with nullcontext() if waves is None else waves(bench.shown) as wave:
            resume(self._simulate)(mains, wave, dut, bench)

    async def _simulate(self, mains: Sequence[Callable[[], Awaitable[None]]],
                        wave: Wave | None, dut: Any, bench: Testbench) -> None:
        """Coroutine of cocotb: play on the module from its first cycle on."""
        from .pins import CocotbPinDriver

        pins = CocotbPinDriver(dut, bench, viewed=wave is not None)
        await pins.begin()
        await self._tick(mains, wave, PackedTestbench(bench), pins)
