"""A whole unit in the simulator: memory behind it, and a processor in front that tests drive."""

from collections.abc import Awaitable, Callable
from typing import Any

from amaranth.sim import Simulator, SimulatorContext

from hw.bus import ControlOp
from hw.bus import Register as HwRegister
from hw.config import MmuConfig
from hw.layout import AccessKind, Fault
from hw.mmu import Mmu
from sim.golden.mmu import Outcome
from sim.memory import PhysicalMemory
from sim.ports import get, idle, put
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register


__all__ = ["MmuBench", "Processor"]


class MmuBench:
    """A unit with memory, compiled once and reset for every run.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.

    Attributes
    ----------
    mmu : :class:`hw.mmu.Mmu`
        The unit.
    """

    def __init__(self, config: MmuConfig):
        self.config = config
        self.mmu    = Mmu(config)
        self._simulator = Simulator(self.mmu)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(self._run_main)
        for testbench in (self._serve_memory, self._watch):
            self._simulator.add_testbench(testbench, background=True)

    def run(
        self, main: "Callable[[Processor], Awaitable[None]]", *, deadline: int = 10_000,
        memory: PhysicalMemory | None = None,
    ) -> None:
        """Run ``main`` from reset to its end; fail after ``deadline`` cycles.

        ``memory`` is what stands behind the unit; without it, an empty and fast one.
        """
        self._main, self._deadline = main, deadline
        self._memory = memory or PhysicalMemory()
        self._simulator.reset()
        self._simulator.run()

    async def _run_main(self, ctx: SimulatorContext) -> None:
        await self._main(Processor(ctx, self.mmu, self._memory))

    async def _serve_memory(self, ctx: SimulatorContext) -> None:
        await self._memory.serve(ctx, self.mmu.memory)

    async def _watch(self, ctx: SimulatorContext) -> None:
        await idle(ctx, self._deadline)
        raise TimeoutError(f"test still running after {self._deadline} cycles")


class Processor:
    """A processor in front of a unit: one operation at a time, answered as the golden model does.

    Attributes
    ----------
    ctx : :class:`SimulatorContext`
        The simulation.
    mmu : :class:`hw.mmu.Mmu`
        The unit.
    memory : :class:`sim.memory.PhysicalMemory`
        Physical memory; looking at it, or changing it, takes no cycle.
    """

    def __init__(self, ctx: SimulatorContext, mmu: Mmu, memory: PhysicalMemory):
        self.ctx    = ctx
        self.mmu    = mmu
        self.memory = memory

    @property
    def cr2(self) -> int:
        """CR2 in this cycle."""
        return self.ctx.get(self.mmu.control.state.cr2)

    async def access(self, access: Access) -> Outcome:
        """Do one access."""
        mask = (1 << 64) - 1
        await put(self.ctx, self.mmu.access.request, {
            "linear":   access.linear & mask,
            "size":     access.size.bit_length() - 1,
            "kind":     AccessKind[access.kind.name],
            "user":     access.user,
            "implicit": access.implicit,
            "chained":  0,
            "data":     access.data & mask,
            "compare":  access.compare & mask,
        })
        response = await get(self.ctx, self.mmu.access.response)
        match response.fault:
            case Fault.NONE:
                data = 0 if access.kind is Kind.WRITE else response.data
                return Outcome(data, response.physical)
            case Fault.PAGE_FAULT:
                return Outcome(fault=PageFault(self.cr2, response.error.as_bits()))
            case Fault.GENERAL_PROTECTION:
                return Outcome(fault=GeneralProtection("an access"))
        raise AssertionError(f"an access that is not chained was answered with {response.fault}")

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        return (await self._control(ControlOp.READ, HwRegister[register.name], 0)).value

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection`."""
        response = await self._control(ControlOp.WRITE, HwRegister[register.name], value)
        if response.fault:
            raise GeneralProtection(f"a write of {value:#x} to {register.name}")

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        await self._control(ControlOp.INVLPG, HwRegister.CR0, linear)

    async def _control(self, op: ControlOp, register: HwRegister, value: int) -> Any:
        await put(self.ctx, self.mmu.control.request, {
            "op": op, "register": register, "value": value,
        })
        return await get(self.ctx, self.mmu.control.response)
