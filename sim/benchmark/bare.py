"""The kernel's copies without a kernel: a loop in C++ around the compiled design."""

from collections.abc import Mapping

from sim.engines.cxxrtl.native import Native
from sw.arch.x86.include.page import __pa as pa
from sw.bus import Register
from sw.mm.mm_types import PAGE_SIZE

from .works import RAM, Workload


__all__ = ["BareCopies"]


class BareCopies:
    """Copies one page to another as a kernel would; made by :meth:`of`.

    Attributes
    ----------
    cycles : :class:`int`
        How many it has taken so far.
    """

    def __init__(
        self, compiled: Native, memory: bytearray, controls: Mapping[Register, int], desk: Workload,
    ):
        self.cycles    = 0
        self._compiled = compiled
        self._memory   = memory
        self._controls = controls
        self._desk     = desk

    @classmethod
    async def of(cls, desk: Workload, compiled: Native) -> "BareCopies":
        """Take over a copy of the kernel's memory, page tables and all, and its registers."""
        memory = bytearray(desk.engine.memory.read_bytes(0, RAM))
        return cls(compiled, memory, await desk.controls(), desk)

    async def copies(self, count: int) -> None:
        """Copy so many times."""
        self.cycles += self._compiled.bare_copies(
            self._memory, self._controls, to=self._desk.to, from_=self._desk.from_,
            count=PAGE_SIZE, times=count)

    def check(self) -> None:
        """Raise :class:`RuntimeError` unless the copy is one."""
        to = pa(self._desk.cpu, self._desk.to)
        if self._memory[to:to + PAGE_SIZE] != self._desk.contents:
            raise RuntimeError("the bare loop does not copy")
