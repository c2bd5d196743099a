"""A whole unit in 32-bit paging, with memory behind it, for stories."""

from typing import Any

from amaranth.sim import SimulatorContext

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.layout import AccessKind
from hw.mmu import Mmu
from sim.memory import PhysicalMemory

from .diagrams import Bench, Player


__all__ = ["ABSENT", "ACCESSED", "END", "NEXT", "OTHERS", "PG_WP", "READ_ONLY", "SMALL", "WRITABLE",
           "Opened", "Processor", "on_unit", "tables"]


#: Linear addresses of pages: one that may be written, one that may not, and the one after that.
WRITABLE, READ_ONLY, NEXT = 0x80_0000, 0x80_2000, 0x80_3000

#: Linear addresses of further pages that may be written, and of one behind all others.
OTHERS, ABSENT = (0x80_4000, 0x80_6000), 0x80_8000

#: Physical addresses: of the page directory, of the page table, and of the writable page; and the
#: end of a memory without the page that is behind all others.
DIRECTORY, TABLE, FRAME, END = 0x1000, 0x2000, 0x5000, 0xd000

#: Flags of entries: present, user; accessed; writable; dirty.
BASE, ACCESSED, WRITE, DIRTY = 0x5, 0x20, 0x2, 0x40

#: CR0: paging with and without write protection.
PG, PG_WP = 0x8000_0001, 0x8001_0001


#: A unit with few translations in the first level of its TLB; and one of 32-bit paging alone.
DEFAULT = MmuConfig(tlb_entries=4)
SMALL   = MmuConfig(tlb_entries=4, maxphyaddr=32, second_entries=16, directory_entries=16,
                    long_mode=False, gigabyte_pages=False, nx=False, pcid=False)


class Opened:
    """A component as a part of a bench: its ports are attributes, the blocks in it are items.

    ``unit["walker"]["updater"].done`` is a port of a block of a block.
    """

    def __init__(self, component: Any):
        # What is simulated must be the module that is looked into.
        module = component.elaborate(None)
        component.elaborate = lambda platform: module
        self._component, self._module = component, module
        self._blocks: dict[str, Opened] = {}

    def __getattr__(self, port: str) -> Any:
        return getattr(self._component, port)

    def __getitem__(self, block: str) -> "Opened":
        if block not in self._blocks:
            self._blocks[block] = Opened(getattr(self._module.submodules, block))
        return self._blocks[block]


class Processor(Player):
    """The processor's side of the ports of a unit. It is always ready for responses."""

    async def prepare(self) -> None:
        """Turn on paging."""
        self.ctx.set(self.parts.access.response.ready, 1)
        self.ctx.set(self.parts.control.response.ready, 1)
        await self.write(Register.CR3, DIRECTORY)
        await self.write(Register.CR0, PG)

    async def access(
        self, linear: int, kind: AccessKind = AccessKind.READ, **fields: int,
    ) -> None:
        """Request an access, of four bytes by a user program unless ``fields`` say otherwise.

        Return once it is accepted.
        """
        await self.put(self.parts.access.request, {
            "linear": linear, "size": 2, "kind": kind, "user": 1} | fields)

    async def write(self, register: Register, value: int) -> None:
        """Request a write of a control register; return once it is accepted."""
        await self.put(self.parts.control.request, {
            "op": ControlOp.WRITE, "register": register, "value": value})

    async def invlpg(self, linear: int) -> None:
        """Request INVLPG; return once it is accepted."""
        await self.put(self.parts.control.request, {"op": ControlOp.INVLPG, "value": linear})


def tables(memory: PhysicalMemory, flags: int = ACCESSED | DIRTY) -> None:
    """Write the paging structures.

    ``flags`` are those of the writable page's entry; A of them, also of the entry above it.
    """
    for page in (READ_ONLY, NEXT, *OTHERS, ABSENT):
        number = page - WRITABLE
        memory.write(TABLE + (number >> 10), 4, FRAME + number | BASE | ACCESSED | DIRTY
                     | (0 if page == READ_ONLY else WRITE))
    memory.write(TABLE, 4, FRAME | BASE | WRITE | flags)
    memory.write(DIRECTORY + 4 * (WRITABLE >> 22), 4, TABLE | BASE | WRITE | flags & ACCESSED)
    memory.write(FRAME, 8, 0x1122_3344)


def on_unit(
    *, config: MmuConfig = DEFAULT, flags: int = ACCESSED | DIRTY, **parameters: Any,
) -> Bench:
    """Make a unit, with the paging structures in memory.

    ``flags`` are as for :func:`tables`, ``parameters`` those of the
    :class:`sim.memory.PhysicalMemory`.
    """
    unit   = Mmu(config)
    memory = PhysicalMemory(**parameters)
    tables(memory, flags)

    async def serve(ctx: SimulatorContext) -> None:
        await memory.serve(ctx, unit.memory)

    return Bench(unit, Opened(unit), (serve,), Processor)
