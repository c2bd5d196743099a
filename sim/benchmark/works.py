"""What is done to see how fast an engine is."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random

from hw.config import MmuConfig
from sim.engines.base import Simulation
from sim.engines.cxxrtl import CxxrtlEngine
from sim.memory import PhysicalMemory
from sw.arch.x86.include.page import page_to_virt
from sw.arch.x86.include.pgtable_types import PAGING_64
from sw.arch.x86.kernel.cpu import Cpu
from sw.bus import Access, Register
from sw.era import ERA_5_X
from sw.kernel.kernel import Kernel
from sw.mm.mm_types import PAGE_SIZE
from sw.mm.page_alloc import GFP_KERNEL, alloc_page


__all__ = ["CONFIG", "RAM", "SLOW", "Engine", "Unread", "Workload", "at_desk", "wait"]


#: What is measured.
CONFIG = MmuConfig()

#: Bytes of physical memory.
RAM = 16 << 20

#: Cycles in which a slow memory answers.
SLOW = 1000

#: An engine that can be made.
Engine = Callable[..., Simulation]


class Unread(CxxrtlEngine):
    """Drops its log: to decode that of a measurement takes ten times as long as to make it."""

    def _update(self) -> None:
        if self._machine is not None:
            self._machine.take_log(0)


class Workload:
    """A kernel that has booted, and two pages of its memory.

    Attributes
    ----------
    cpu : :class:`sw.arch.x86.kernel.cpu.Cpu`
        Its processor.
    engine : :class:`sim.engines.engine.Engine`
        What this runs on.
    to, from_ : :class:`int`
        Linear addresses of the pages.
    contents : :class:`bytes`
        Those of the second.
    """

    def __init__(self, cpu: Cpu, engine: Simulation, to: int, from_: int):
        self.cpu      = cpu
        self.engine   = engine
        self.to       = to
        self.from_    = from_
        self.contents = Random(1).randbytes(PAGE_SIZE)

    async def copies(self, count: int) -> None:
        """Copy one page to the other."""
        for _ in range(count):
            await self.cpu.rep_movs(self.to, self.from_, PAGE_SIZE)

    async def recorded(self, count: int) -> None:
        """Copy, and look at the trace of that."""
        await self.copies(count)
        _ = self.engine.trace.all_accesses

    async def loads(self, count: int) -> None:
        """Load 8 bytes, always the same."""
        cpu, linear = self.cpu, self.from_
        for _ in range(count):
            await cpu.load(linear, 8)

    async def registers(self, count: int) -> None:
        """Read CR0."""
        cpu = self.cpu
        for _ in range(count):
            await cpu.read_cr(Register.CR0)

    async def controls(self) -> Mapping[Register, int]:
        """The control registers, in an order in which they can be written after reset."""
        return {register: await self.cpu.read_cr(register)
                for register in (Register.CR4, Register.EFER, Register.CR3, Register.CR0)}

    async def check(self) -> None:
        """Raise :class:`RuntimeError` unless the copy is one."""
        if await self.cpu.load_bytes(self.to, PAGE_SIZE) != self.contents:
            raise RuntimeError("the kernel does not copy")


def at_desk(engine: Engine, do: Callable[[Workload], Awaitable[None]]) -> None:
    """Boot a kernel, and ``do`` something on it."""
    machine = engine(CONFIG, memory=PhysicalMemory())
    kernel  = Kernel(PAGING_64, RAM, ERA_5_X)
    cpu     = Cpu(machine.bus, kernel, 0)

    async def main() -> None:
        await kernel.boot(cpu)
        to, from_ = [page_to_virt(cpu, await alloc_page(cpu, GFP_KERNEL)) for _ in range(2)]
        desk = Workload(cpu, machine, to, from_)
        await cpu.store_bytes(from_, desk.contents)
        await do(desk)

    machine.run(main)


async def wait(machine: Simulation, count: int) -> None:
    """Load from a memory that is slow; no kernel, no paging."""
    for _ in range(count):
        await machine.bus.access(Access(0x1000, 8))
