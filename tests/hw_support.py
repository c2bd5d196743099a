"""Running gateware in the simulator."""

from collections.abc import Awaitable, Callable

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator, SimulatorContext


__all__ = ["PERIOD", "Bench", "Testbench", "simulate"]


#: Seconds of a cycle of the clock.
PERIOD = 1e-6

Testbench = Callable[[SimulatorContext], Awaitable[None]]


def simulate(
    dut: Elaboratable, *testbenches: Testbench, background: tuple[Testbench, ...] = (),
    deadline: int = 1000,
) -> None:
    """Run ``testbenches`` on ``dut`` to their end; fail after ``deadline`` cycles.

    ``background`` are testbenches that never return, such as a memory.
    """
    async def watchdog(ctx: SimulatorContext) -> None:
        await ctx.delay(deadline * PERIOD)
        raise TimeoutError(f"testbench still running after {deadline} cycles")

    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in (*background, watchdog):
        simulator.add_testbench(testbench, background=True)
    simulator.run()


class Bench:
    """A design that is compiled once, and reset for every run.

    Parameters
    ----------
    dut : :class:`amaranth.hdl.Elaboratable`
        The design.

    Attributes
    ----------
    dut
        As given.
    """

    def __init__(self, dut: Elaboratable):
        self.dut = dut
        self._started   = False
        self._simulator = Simulator(dut)
        self._simulator.add_clock(PERIOD)
        self._simulator.add_testbench(self._run)
        for testbench in (self._run_background, self._run_watchdog):
            self._simulator.add_testbench(testbench, background=True)

    def run(self, testbench: Testbench, *, background: Testbench | None = None,
            deadline: int = 1000) -> None:
        """Run ``testbench`` from reset to its end: see :func:`simulate`."""
        self._testbench, self._background, self._deadline = testbench, background, deadline
        if self._started:
            self._simulator.reset()
        self._started = True
        self._simulator.run()

    async def _run(self, ctx: SimulatorContext) -> None:
        await self._testbench(ctx)

    async def _run_background(self, ctx: SimulatorContext) -> None:
        if self._background is not None:
            await self._background(ctx)

    async def _run_watchdog(self, ctx: SimulatorContext) -> None:
        await ctx.delay(self._deadline * PERIOD)
        raise TimeoutError(f"testbench still running after {self._deadline} cycles")
