"""A whole unit, compiled, behind the processor that drives it."""

from collections.abc import Awaitable, Callable

from hw.config import MmuConfig
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.operations import SingleAccess
from sim.golden.mmu import Outcome
from sw.bus import Access, Register


__all__ = ["CompiledUnit"]


class CompiledUnit:
    """A unit that is driven as by :class:`.processor_support.Processor`, many times faster.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.

    Attributes
    ----------
    memory : :class:`sim.memory.PhysicalMemory`
        Physical memory; looking at it, or changing it, takes no cycle.
    maxphyaddr : :class:`int`
        Width of the unit's physical addresses.
    """

    def __init__(self, config: MmuConfig):
        self._engine    = CxxrtlEngine(config)
        self.memory     = self._engine.memory
        self.maxphyaddr = config.maxphyaddr

    def run(self, main: "Callable[[CompiledUnit], Awaitable[None]]", *, deadline: int) -> None:
        """Run ``main`` from reset to its end; fail after ``deadline`` cycles."""
        self._engine.limit = deadline
        self._engine.run(lambda: main(self))

    async def access(self, access: Access) -> Outcome:
        """Do one access. Its physical address is on record only."""
        # Not by the bus: that has no operands which are wider than the access.
        response = await SingleAccess(access)
        if response.fault is not None:
            return Outcome(fault=response.fault)
        return Outcome(response.data, self._engine.trace.all_accesses[-1].physical)

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`sw.bus.GeneralProtection`."""
        await self._engine.bus.write_control(register, value)
