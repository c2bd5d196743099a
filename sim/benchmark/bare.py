"""The kernel's copies without a kernel: a loop in C++ around the compiled design."""

from collections.abc import Sequence

from sim.engines.cxxrtl.native import Native
from sw.arch.x86.include.asm.page import __pa as pa
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.bus import Register

from .works import RAM, Workload


__all__ = ["BareCopies"]


class BareCopies:
    """Copies of one page to another as a kernel would make them; constructed by :meth:`of`.

    Attributes
    ----------
    cycles : :class:`int`
        Cycles so far.
    """

    def __init__(
        self, compiled: Native, memory: bytearray, controls: Sequence[tuple[Register, int]],
        workload: Workload,
    ):
        self.cycles    = 0
        self._compiled = compiled
        self._memory   = memory
        self._controls = controls
        self._workload = workload

    @classmethod
    async def of(cls, workload: Workload, compiled: Native) -> "BareCopies":
        """Construct from a copy of a kernel's memory, page tables and all, and its registers."""
        memory = bytearray(workload.engine.memory.read_bytes(0, RAM))
        return cls(compiled, memory, await workload.controls(), workload)

    async def copies(self, count: int) -> None:
        """Copy ``count`` times."""
        self.cycles += self._compiled.bare_copies(
            self._memory, self._controls, to=self._workload.to, from_=self._workload.from_,
            count=PAGE_SIZE, times=count)

    def check(self) -> None:
        """Raise :class:`RuntimeError` unless the pages are equal."""
        to = pa(self._workload.cpu, self._workload.to)
        if self._memory[to:to + PAGE_SIZE] != self._workload.contents:
            raise RuntimeError("the bare loop does not copy")
