"""The inputs of a testbench, its probe and its clock, by cocotb's handles."""

from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

from sim.engines.driver import PinDriver
from sim.engines.testbench import Testbench

from .top import inputs


__all__ = ["CocotbPinDriver"]


class CocotbPinDriver(PinDriver[Any]):
    """Inputs of a module that :func:`.top.text` describes.

    Parameters
    ----------
    dut
        cocotb's handle of the module.
    bench : :class:`sim.engines.testbench.Testbench`
        What it was made of.
    viewed : :class:`bool`
        Somebody wants to know its view.
    """

    def __init__(self, dut: Any, bench: Testbench, *, viewed: bool):
        super().__init__([{name: getattr(dut, port) for name, port in names.items()}
                          for names in inputs(bench)])
        self._clock = dut.clk
        self._probe = dut.probe
        self._view  = dut.view if viewed else None
        self._edge  = FallingEdge(dut.clk)

    async def begin(self) -> None:
        """Set all inputs to 0, and start the clock, with a low half of the first cycle to come."""
        for pins in self._parts:
            for pin in pins.values():
                pin.value = 0
        self._clock.value = 0
        # The unknown value before the first is seen to fall.
        await Timer(1, "ns")
        Clock(self._clock, 2, "ns", impl="gpi").start(start_high=False)

    def _set(self, pin: Any, value: int) -> None:
        pin.value = value

    async def edge(self) -> tuple[int, int]:
        """Wait for the middle of the next cycle, when what was sampled at its edge is there."""
        await self._edge
        return (self._probe.value.to_unsigned(),
                self._view.value.to_unsigned() if self._view is not None else 0)
