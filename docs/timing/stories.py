"""Stories of the timing diagrams, and the signals that each of them shows."""

from collections.abc import Callable
from enum import Enum
from operator import attrgetter
from typing import Any

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault

from .diagrams import PG_WP, READ_ONLY, WRITABLE, Diagram, Lane, Processor


__all__ = ["DIAGRAMS"]


def _hex(value: int) -> str:
    return f"{value:x}"


def _fault(value: int) -> str:
    return {Fault.NONE: "-", Fault.PAGE_FAULT: "#PF", Fault.GENERAL_PROTECTION: "#GP"}[Fault(value)]


def _name(enumeration: type[Enum]) -> Callable[[int], str]:
    return lambda value: enumeration(value).name


def _request(unit: Any) -> Any:
    return unit.access.request.valid


def _store(unit: Any) -> Any:
    return _request(unit) & (unit.access.request.payload.kind == AccessKind.WRITE)


def _response(unit: Any) -> Any:
    return unit.access.response.valid


def _faults(unit: Any) -> Any:
    return _response(unit) & (unit.access.response.payload.fault != Fault.NONE)


def _done(unit: Any) -> Any:
    return _response(unit) & (unit.access.response.payload.fault == Fault.NONE)


def _operation(unit: Any) -> Any:
    return unit.control.request.valid


def _transfer(unit: Any) -> Any:
    return unit.memory.cyc & unit.memory.stb


ACCESS = (
    Lane("request.valid",     _request),
    Lane("request.ready",     lambda unit: unit.access.request.ready),
    Lane("request.linear",    lambda unit: unit.access.request.payload.linear, _hex, _request),
    Lane("request.kind",      lambda unit: unit.access.request.payload.kind, _name(AccessKind),
         _request),
    Lane("request.data",      lambda unit: unit.access.request.payload.data, _hex, _store),
    Lane("response.valid",    _response),
    Lane("response.fault",    lambda unit: unit.access.response.payload.fault, _fault, _response),
    Lane("response.error",    lambda unit: unit.access.response.payload.error, _hex, _faults),
    Lane("response.physical", lambda unit: unit.access.response.payload.physical, _hex, _done),
    Lane("response.data",     lambda unit: unit.access.response.payload.data, _hex, _done),
)

CONTROL = (
    Lane("request.valid",     _operation),
    Lane("request.ready",     lambda unit: unit.control.request.ready),
    Lane("request.op",        lambda unit: unit.control.request.payload.op, _name(ControlOp),
         _operation),
    Lane("request.register",  lambda unit: unit.control.request.payload.register,
         _name(Register), _operation),
    Lane("request.value",     lambda unit: unit.control.request.payload.value, _hex, _operation),
    Lane("response.valid",    lambda unit: unit.control.response.valid),
    Lane("response.fault",    lambda unit: unit.control.response.payload.fault, str,
         lambda unit: unit.control.response.valid),
    Lane("state.cr0",         lambda unit: unit.control.state.cr0, _hex),
    Lane("state.cr2",         lambda unit: unit.control.state.cr2, _hex),
)

MEMORY = (
    Lane("cyc",     lambda unit: unit.memory.cyc),
    Lane("stb",     lambda unit: unit.memory.stb),
    Lane("stall",   lambda unit: unit.memory.stall),
    Lane("lock",    lambda unit: unit.memory.lock),
    Lane("we",      lambda unit: unit.memory.we),
    Lane("adr * 8", lambda unit: unit.memory.adr << 3, _hex, _transfer),
    Lane("sel",     lambda unit: unit.memory.sel,   _hex, _transfer),
    Lane("dat_w",   lambda unit: unit.memory.dat_w, _hex,
         lambda unit: _transfer(unit) & unit.memory.we),
    Lane("ack",     lambda unit: unit.memory.ack),
    Lane("dat_r",   lambda unit: unit.memory.dat_r, _hex, lambda unit: unit.memory.ack),
)


def _of(lanes: tuple[Lane, ...], *names: str) -> tuple[Lane, ...]:
    """Return those of ``lanes`` that have one of ``names``; each must be there."""
    by_name = {lane.name: lane for lane in lanes}
    return tuple(by_name[name] for name in names)


def _events(*names: str) -> tuple[Lane, ...]:
    return tuple(Lane(name, attrgetter(f"events.{name}")) for name in names)


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


async def control(cpu: Processor) -> None:
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
_LOAD = _of(ACCESS, "request.valid", "request.ready", "request.linear", "request.kind",
            "response.valid", "response.fault", "response.physical")

#: The diagrams, by the names of their files.
DIAGRAMS = {
    "hits": Diagram("a load, a store and a load that hit the TLB", hits, {
        "access": _of(ACCESS, "request.valid", "request.ready", "request.linear", "request.kind",
                      "request.data", "response.valid", "response.fault", "response.physical",
                      "response.data"),
        "memory": _of(MEMORY, "cyc", "stb", "we", "adr * 8", "sel", "dat_w", "ack", "dat_r"),
    }),
    "fault": Diagram("a user's store to a read-only page: #PF, error code 7", fault, {
        "access":  _of(ACCESS, "request.valid", "request.ready", "request.linear", "request.kind",
                       "response.valid", "response.fault", "response.error"),
        "control": _of(CONTROL, "state.cr0", "state.cr2"),
        "events":  _events("hit", "page_fault", "dropped"),
        "memory":  _of(MEMORY, "cyc", "stb", "adr * 8"),
    }),
    "walk": Diagram("a load that misses the TLB: a walk of two levels", walk, {
        "access": _LOAD,
        "events": _events("missed", "walk_begun", "entry_read", "walk_ended", "filled"),
        "memory": _of(MEMORY, "cyc", "stb", "adr * 8", "sel", "ack", "dat_r"),
    }),
    "dirty": Diagram("a store to a clean page: a walk, and a locked update of its entry", dirty, {
        "access": _LOAD,
        "events": _events("hit", "walk_begun", "entry_read", "dirtied", "walk_ended", "filled"),
        "memory": _of(MEMORY, "cyc", "stb", "lock", "we", "adr * 8", "sel", "dat_w", "ack",
                      "dat_r"),
    }, leaf=0),
    "control": Diagram("a write that sets CR0.WP, between two loads", control, {
        "access":  _of(ACCESS, "request.valid", "request.ready", "request.linear",
                       "response.valid", "response.fault"),
        "control": _of(CONTROL, "request.valid", "request.ready", "request.op",
                       "request.register", "request.value", "response.valid", "response.fault",
                       "state.cr0"),
    }),
    "memory": Diagram("three loads from a memory that stalls, and has a latency of three", memory, {
        "access": _of(ACCESS, "request.valid", "request.ready", "request.linear",
                      "response.valid", "response.physical", "response.data"),
        "memory": _of(MEMORY, "cyc", "stb", "stall", "adr * 8", "sel", "ack", "dat_r"),
    }, {"latency": 3, "stall": (False, True)}),
}
