"""Running gateware in the simulator."""

from collections.abc import Awaitable, Callable

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator, SimulatorContext


__all__ = ["PERIOD", "Testbench", "simulate"]


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
