"""Workloads that are timed: copies, loads and control operations of a kernel, and waiting."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from hw.config import MmuConfig
from sim.engines.base import Simulation
from sim.engines.cxxrtl import CxxrtlEngine
from sim.memory import PhysicalMemory
from sim.record.interval import Interval
from sw.arch.x86.include.asm.cpufeatures import X86_CR4_PCIDE
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.bus import Access, Register
from sw.era import ERA_5_X
from sw.mm.page_alloc import GFP_KERNEL, alloc_page
from sw.processor.cpu import Cpu
from sw.processor.strings import load_bytes, rep_movs, store_bytes
from sw.vmlinux import Kernel


__all__ = ["CONFIG", "RAM", "SLOW", "Engine", "Unrecorded", "Workload", "on_kernel", "wait"]


#: Configuration of the unit.
CONFIG = MmuConfig()

#: Bytes of physical memory.
RAM = 16 << 20

#: Latency of a slow memory, in cycles.
SLOW = 1000

#: Maker of an engine.
Engine = Callable[..., Simulation[Any]]


class Unrecorded(CxxrtlEngine):
    """Engine that drops its log, so that the records of a measurement do not fill the memory."""

    def _update(self) -> None:
        if self._machine is not None:
            self._machine.drop_log(0)


class Workload:
    """Work on two pages of a kernel that has booted.

    Attributes
    ----------
    cpu : :class:`sw.processor.cpu.Cpu`
        Its processor.
    engine : :class:`sim.engines.engine.Engine`
        Engine of the machine.
    to, from_ : :class:`int`
        Linear addresses of the pages.
    contents : :class:`bytes`
        Contents of the second page.
    looked : :class:`int`
        Cycles of the trace that have been looked at.
    """

    def __init__(self, cpu: Cpu, engine: Simulation[Any], to: int, from_: int):
        self.cpu      = cpu
        self.engine   = engine
        self.to       = to
        self.from_    = from_
        self.contents = Random(1).randbytes(PAGE_SIZE)
        self.looked   = 0

    async def copies(self, count: int) -> None:
        """Copy one page to the other."""
        for _ in range(count):
            await rep_movs(self.cpu, self.to, self.from_, PAGE_SIZE)

    async def recorded(self, count: int) -> None:
        """Copy, and have every record of that."""
        await self.copies(count)
        trace, since = self.engine.trace, Interval(self.looked)
        for found in (trace.accesses, trace.transfers, trace.controls):
            found(during=since)
        trace.events("hit", during=since)
        self.looked = trace.cycles

    async def look(self, count: int) -> None:
        """Find the stores of copies that have been made, as a judge does.

        Raises :class:`RuntimeError` if they are not all there.
        """
        stores = self.engine.trace.accesses(
            during=Interval(self.looked), linear=range(self.to, self.to + PAGE_SIZE), writes=True)
        if len(stores) != count * PAGE_SIZE // 8:
            raise RuntimeError("the trace has not all stores")
        self.looked = self.engine.trace.cycles

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

    async def controls(self) -> Sequence[tuple[Register, int]]:
        """Return writes that bring a processor out of reset to these control registers.

        CR4.PCIDE can be set in long mode alone, and before there is a PCID.
        """
        cr0, cr3, cr4, efer = [await self.cpu.read_cr(register) for register in (
            Register.CR0, Register.CR3, Register.CR4, Register.EFER)]
        return (
            (Register.CR4, cr4 & ~X86_CR4_PCIDE), (Register.EFER, efer),
            (Register.CR3, cr3 & PAGE_MASK), (Register.CR0, cr0),
            (Register.CR4, cr4), (Register.CR3, cr3),
        )

    async def check(self) -> None:
        """Raise :class:`RuntimeError` unless the pages are equal."""
        if await load_bytes(self.cpu, self.to, PAGE_SIZE) != self.contents:
            raise RuntimeError("the kernel does not copy")


def on_kernel(engine: Engine, do: Callable[[Workload], Awaitable[None]]) -> None:
    """Boot a kernel on an engine, and ``do`` some work on it."""
    machine = engine(CONFIG, memory=PhysicalMemory())
    kernel  = Kernel(PAGING_64, RAM, ERA_5_X)
    cpu     = Cpu(machine.bus)

    async def main() -> None:
        await kernel.boot(cpu)
        to, from_ = [page_to_virt(cpu, await alloc_page(cpu, GFP_KERNEL)) for _ in range(2)]
        workload = Workload(cpu, machine, to, from_)
        await store_bytes(cpu, from_, workload.contents)
        await do(workload)

    machine.run(main)


async def wait(machine: Simulation[Any], count: int) -> None:
    """Load from a memory that is slow; no kernel, no paging."""
    for _ in range(count):
        await machine.bus.access(Access(0x1000, 8))
