"""Stories of blocks by themselves, driven at their ports."""

from functools import partial
from typing import Any

from amaranth.sim import SimulatorContext

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.control import Control
from hw.invalidation import Invalidator
from hw.layout import Flush, PageSize
from hw.pdpte import PdpteLoader
from hw.tlb.array import CacheArray, RowKind
from hw.tlb.block import BlockFirstLevel
from hw.tlb.first import FirstLevel
from hw.tlb.second import SecondLevel
from hw.tlb.stamps import StampBank
from hw.updater import Updater
from sim.memory import PhysicalMemory

from .diagrams import Bench, Diagram, Player
from .lanes import bits, bus, control, numbers, stream
from .unit import SMALL


__all__ = ["ALONE"]


#: Two pages of one set.
PAGE, OTHER = 0x800, 0x804

#: Physical addresses of PDPTEs, and of an entry.
PDPTES, ENTRY = 0x4000, 0x2000


async def _look(player: Player, page: int) -> None:
    player.ctx.set(player.parts.page, page)
    await player.strobe(player.parts.look)


async def first_level(player: Player) -> None:
    """A page that is not there; it is filled, found, and dropped.

    What is filled is there in the next cycle. Another page is looked up in between, then the first
    one again. After the drop it is not found any more.
    """
    player.ctx.set(player.parts.fill.payload, {"frame": 5})
    player.begin()
    await player.idle()
    await _look(player, PAGE)
    await player.strobe(player.parts.fill.valid)
    await player.idle()
    await _look(player, OTHER)
    await _look(player, PAGE)
    await player.strobe(player.parts.drop)
    await _look(player, PAGE)
    await player.idle(2)


async def block_first_level(player: Player) -> None:
    """The same as in the first level in look-up tables; out of block RAM it comes later.

    What is filled is there when its page is looked up again.
    """
    await first_level(player)


async def second_level(player: Player) -> None:
    """A page that is kept, and looked up.

    ``served`` means something three cycles after the look-up.
    """
    level = player.parts
    player.ctx.set(level.stamps, {"local": 1, "shared": 1, "structure": 1})
    player.ctx.set(level.looked, PAGE)
    player.ctx.set(level.size, PageSize.KIB4)
    player.ctx.set(level.keep.payload, {"frame": 5})
    player.begin()
    await player.idle()
    await _look(player, PAGE)
    await player.idle(3)
    await player.strobe(level.keep.valid)
    await _look(player, PAGE)
    await player.idle(4)


async def cache_array(player: Player) -> None:
    """A row that is written, found, and made invalid by another stamp.

    The row was written with stamp 1. It stays in the memory (``same``), and is not found once 2 is
    the stamp that counts.
    """
    array = player.parts
    player.ctx.set(array.stamps, {"local": 1})
    player.ctx.set(array.looked, PAGE)
    player.ctx.set(array.fill.payload, {"kind": RowKind.LOCAL, "value": 0xcafe})
    player.begin()
    await player.idle()
    await player.strobe(array.fill.valid)
    await _look(player, PAGE)
    await player.idle(2)
    player.ctx.set(array.stamps, {"local": 2})
    await _look(player, PAGE)
    await player.idle(4)


async def stamps(player: Player) -> None:
    """From PCID 1 to PCID 2, and back; then all of PCID 1 is forgotten.

    A PCID is asked for in the cycle before ``switches``. PCID 2 is new, and gets stamps that no row
    has. PCID 1 has its old ones again. To forget its rows is to give it new ones; the third kind,
    of global rows, stays.
    """
    bank = player.parts
    player.begin()
    await player.idle()
    for pcid, left in ((2, 1), (1, 2)):
        player.ctx.set(bank.asked, pcid)
        await player.idle()
        player.ctx.set(bank.left, left)
        await player.strobe(bank.switches)
        await player.idle()
    player.ctx.set(bank.flush, Flush.OF_PCID)
    await player.strobe(bank.own)
    player.ctx.set(bank.flush, Flush.NONE)
    await player.idle(2)


async def invalidation(player: Player) -> None:
    """MOV CR3, INVLPG, and a MOV CR4 that is refused.

    Each is told of in the cycle after it, and so is that it was refused: then nothing is forgotten.
    """
    operation = player.parts.operation
    player.begin()
    await player.idle()
    for payload, refused in (
            ({"op": ControlOp.WRITE, "register": Register.CR3, "value": 0x3000}, 0),
            ({"op": ControlOp.INVLPG, "value": 0x80_0000}, 0),
            ({"op": ControlOp.WRITE, "register": Register.CR4, "value": 1 << 7}, 1)):
        player.ctx.set(operation.payload, payload)
        await player.strobe(operation.valid)
        player.ctx.set(player.parts.refused, refused)
        await player.idle()
        player.ctx.set(player.parts.refused, 0)
    await player.idle()


async def update(player: Player) -> None:
    """The update of an entry, twice: D is set; then the entry is not what is expected any more.

    The entry is read under ``lock``, compared, and stored in the same bus cycle. The second time,
    memory has 5067 where 5027 is expected: nothing is stored.
    """
    player.begin()
    await player.idle()
    for _ in range(2):
        await player.put(player.parts.request, {
            "address": ENTRY, "expected": 0x5027, "updated": 0x5067})
        await player.idle()
    await player.idle()


async def pdptes(player: Player) -> None:
    """MOV CR3 with PAE paging, which loads four registers.

    The operation is accepted when all four have been read. They count from the next cycle on,
    together with CR3.
    """
    await _pae(player)
    player.begin()
    await player.idle()
    await player.put(player.parts.control.request, {
        "op": ControlOp.WRITE, "register": Register.CR3, "value": PDPTES})
    await player.idle(3)


async def malformed(player: Player) -> None:
    """Four PDPTEs of which the third has a reserved bit set.

    All four are read nevertheless, one after the other.
    """
    player.begin()
    await player.idle()
    await player.put(player.parts.request, PDPTES + 0x20 >> 5)
    await player.idle(2)


async def _pae(player: Player) -> None:
    """Turn on PAE paging."""
    player.ctx.set(player.parts.quiet, 1)
    player.ctx.set(player.parts.control.response.ready, 1)
    for register, value in ((Register.CR4, 1 << 5), (Register.CR0, 0x8000_0001)):
        await player.put(player.parts.control.request, {
            "op": ControlOp.WRITE, "register": register, "value": value})
    await player.idle(3)


def _on(make: Any, config: MmuConfig = SMALL) -> Bench:
    """Make a block."""
    return Bench(*[make(config)] * 2)


def _with_memory(make: Any, config: MmuConfig = SMALL) -> Bench:
    """Make a block with memory, in which there are PDPTEs, and an entry."""
    block, memory = make(config), PhysicalMemory()
    for number in range(8):
        memory.write(PDPTES + 8 * number, 8, 0x1_0001 + 0x1000 * number)
    memory.write(PDPTES + 0x30, 8, 0x1_6003)
    memory.write(ENTRY, 4, 0x5027)

    async def serve(ctx: SimulatorContext) -> None:
        await memory.serve(ctx, block.memory)

    return Bench(block, block, (serve,))


_PAE = MmuConfig(pae=True, long_mode=False, gigabyte_pages=False, nx=False, pcid=False)

_BLOCK_RAM = MmuConfig(maxphyaddr=32, tlb_entries=4, block_ram=True, second_entries=0,
                       long_mode=False, gigabyte_pages=False, nx=False, pcid=False)

_FIRST = {
    "look-ups": (*bits("look"), *numbers("page"), *bits("hit"),
                 *numbers("entry.frame", when="hit")),
    "fill":     (*stream("fill", "valid", "frame"), *bits("drop")),
}

#: The diagrams, by the names of their files.
ALONE = {
    "first-level": Diagram("a page is filled, found, and dropped", first_level, _FIRST,
                           partial(_on, FirstLevel)),
    "block-first-level": Diagram("a page is filled, found, and dropped, in block RAM",
                                 block_first_level, _FIRST,
                                 partial(_on, BlockFirstLevel, _BLOCK_RAM)),
    "second-level": Diagram("a page is kept, and served", second_level, {
        "look-ups": (*bits("look"), *numbers("page"), *bits("served"),
                     *numbers("piece.frame", when="served")),
        "keep":     stream("keep", "valid", "frame"),
    }, partial(_on, SecondLevel)),
    "cache-array": Diagram("a row is written, found, and made invalid by a stamp", cache_array, {
        "fill":     (*stream("fill", "valid", "value"), *numbers("stamps.local")),
        "look-ups": (*bits("look"), *numbers("page"), *bits("same", "found"),
                     *numbers("row", when="found")),
    }, partial(_on, lambda _: CacheArray(16, low=0, page_width=20, depth=8, block=True))),
    "stamps": Diagram("PCIDs come and go", stamps, {
        "operations": (*numbers("asked"), *bits("switches"), *numbers("left", "flush"),
                       *bits("own")),
        "stamps":     numbers("stamps.local", "stamps.structure", "stamps.shared"),
    }, partial(_on, StampBank, MmuConfig())),
    "invalidation": Diagram("operations, and what they make the TLB forget", invalidation, {
        "operation":    (*stream("operation", "valid", "op", "value"), *bits("refused")),
        "invalidation": (*numbers("invalidation.flush"), *bits("invalidation.single"),
                         *numbers("invalidation.page", when="invalidation.single")),
    }, partial(_on, Invalidator), scale=5),
    "update": Diagram("an entry is updated, and then has changed", update, {
        "request": (*stream("request", "valid", "ready", "expected", "updated"),
                    *bits("done", "changed")),
        "memory":  bus("cyc", "stb", "lock", "we", "address", "sel", "dat_w", "ack", "dat_r"),
    }, partial(_with_memory, Updater)),
    "pdptes": Diagram("MOV CR3 loads the PDPTE registers", pdptes, {
        "control": control("request.valid", "request.ready", "request.register", "request.value",
                           "response.valid", "response.fault", "state.cr3", "state.pdpte0",
                           "state.pdpte1"),
        "memory":  bus("cyc", "stb", "address", "ack", "dat_r"),
    }, partial(_with_memory, Control, _PAE)),
    "malformed-pdpte": Diagram("four PDPTEs, of which one is malformed", malformed, {
        "request": (*stream("request", "valid", "ready"), *bits("malformed")),
        "memory":  bus("cyc", "stb", "address", "ack", "dat_r"),
        "pdptes":  numbers("pdptes.0.frame", "pdptes.3.frame", when="request.ready"),
    }, partial(_with_memory, PdpteLoader, _PAE)),
}
