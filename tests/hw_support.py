"""Running gateware in the simulator."""

from collections.abc import Awaitable, Callable

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator, SimulatorContext

from stream_support import idle


__all__ = ["Testbench", "simulate"]


Testbench = Callable[[SimulatorContext], Awaitable[None]]


def simulate(
    dut: Elaboratable, *testbenches: Testbench, background: tuple[Testbench, ...] = (),
    deadline: int = 1000,
) -> None:
    """Run ``testbenches`` on ``dut`` to their end; fail after ``deadline`` cycles.

    ``background`` are testbenches that never return, such as a memory.
    """
    async def watchdog(ctx: SimulatorContext) -> None:
        await idle(ctx, deadline)
        raise TimeoutError(f"testbench still running after {deadline} cycles")

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in (*background, watchdog):
        simulator.add_testbench(testbench, background=True)
    simulator.run()
