"""Stories of the ports of the unit, and the signals that each of them shows."""

from functools import partial

from hw.bus import Register
from hw.layout import AccessKind

from .diagrams import Diagram
from .lanes import access, bus, control, events
from .unit import ACCESSED, PG_WP, READ_ONLY, WRITABLE, Processor, on_unit


__all__ = ["UNIT"]


async def _begin_with(cpu: Processor, linear: int) -> None:
    """Begin the diagram with the translation of ``linear`` in the TLB, a cycle before the next."""
    await cpu.access(linear)
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle(1)


async def hits(cpu: Processor) -> None:
    """Accesses that follow each other, their translation in the TLB."""
    await _begin_with(cpu, WRITABLE)
    await cpu.access(WRITABLE)
    await cpu.access(WRITABLE + 8, AccessKind.WRITE, data=0xcafe)
    await cpu.access(WRITABLE + 8)
    await cpu.idle(6)


async def fault(cpu: Processor) -> None:
    """A store to a page that may only be read."""
    await _begin_with(cpu, READ_ONLY)
    await cpu.access(READ_ONLY, AccessKind.WRITE, data=0xcafe)
    await cpu.idle(6)


async def walk(cpu: Processor) -> None:
    """A load whose translation must be looked up in the tables."""
    await cpu.idle(5)
    cpu.begin()
    await cpu.idle(1)
    await cpu.access(WRITABLE)
    await cpu.idle(11)


async def dirty(cpu: Processor) -> None:
    """A store to a page whose dirty bit is clear."""
    await _begin_with(cpu, WRITABLE)
    await cpu.access(WRITABLE, AccessKind.WRITE, data=0xcafe)
    await cpu.idle(17)


async def write(cpu: Processor) -> None:
    """A control write between two loads."""
    await _begin_with(cpu, WRITABLE)
    await cpu.access(WRITABLE)
    await cpu.write(Register.CR0, PG_WP)
    await cpu.access(WRITABLE)
    await cpu.idle(6)


async def memory(cpu: Processor) -> None:
    """Loads from a memory that stalls, and answers later than in the next cycle."""
    await cpu.access(WRITABLE)
    await cpu.idle(30)
    cpu.begin()
    for offset in (0, 8, 16):
        await cpu.access(WRITABLE + offset)
    await cpu.idle(10)


#: Signals that most diagrams show of an access without data.
_LOAD = access("request.valid", "request.ready", "request.linear", "request.kind",
               "response.valid", "response.fault", "response.physical")

#: The diagrams, by the names of their files.
UNIT = {
    "hits": Diagram("a load, a store and a load that hit the TLB", hits, {
        "access": access("request.valid", "request.ready", "request.linear", "request.kind",
                         "request.data", "response.valid", "response.fault", "response.physical",
                         "response.data"),
        "memory": bus("cyc", "stb", "we", "address", "sel", "dat_w", "ack", "dat_r"),
    }, on_unit),
    "fault": Diagram("a user's store to a read-only page: #PF, error code 7", fault, {
        "access":  access("request.valid", "request.ready", "request.linear", "request.kind",
                          "response.valid", "response.fault", "response.error"),
        "control": control("state.cr0", "state.cr2"),
        "events":  events("hit", "page_fault", "dropped"),
        "memory":  bus("cyc", "stb", "address"),
    }, on_unit),
    "walk": Diagram("a load that misses the TLB: a walk of two levels", walk, {
        "access": _LOAD,
        "events": events("missed", "walk_begun", "entry_read", "walk_ended", "filled"),
        "memory": bus("cyc", "stb", "address", "sel", "ack", "dat_r"),
    }, on_unit),
    "dirty": Diagram("a store to a clean page: a walk, and a locked update of its entry", dirty, {
        "access": _LOAD,
        "events": events("hit", "walk_begun", "entry_read", "dirtied", "walk_ended", "filled"),
        "memory": bus("cyc", "stb", "lock", "we", "address", "sel", "dat_w", "ack", "dat_r"),
    }, partial(on_unit, flags=ACCESSED)),
    "control": Diagram("a write that sets CR0.WP, between two loads", write, {
        "access":  access("request.valid", "request.ready", "request.linear",
                          "response.valid", "response.fault"),
        "control": control("request.valid", "request.ready", "request.op", "request.register",
                           "request.value", "response.valid", "response.fault", "state.cr0"),
    }, on_unit),
    "memory": Diagram("three loads from a memory that stalls, and has a latency of three", memory, {
        "access": access("request.valid", "request.ready", "request.linear",
                         "response.valid", "response.physical", "response.data"),
        "memory": bus("cyc", "stb", "stall", "address", "sel", "ack", "dat_r"),
    }, partial(on_unit, latency=3, stall=(False, True))),
}
