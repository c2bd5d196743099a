"""Cycles of accesses that a unit makes on mapped pages, measured in simulation.

A figure is *answered minus taken*: the cycle in which the processor accepts the response, minus the
one in which the unit accepts the request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hw.config import MmuConfig
from sim.engines.base import Simulation
from sim.engines.cxxrtl import CxxrtlEngine
from sim.memory import PhysicalMemory
from sim.record.trace import Trace
from sw.bus import Access, Kind, Register


__all__ = ["MEASURES", "MODES", "Measure", "Mode", "cycles", "measured", "traced"]


#: Flags of a page-table entry.
PRESENT, WRITABLE, ACCESSED, DIRTY = 1 << 0, 1 << 1, 1 << 5, 1 << 6

#: Present, writable, user, accessed, dirty.
FLAGS = 0x67

ROOT = 0x1000

#: Pages that the last table of a walk maps.
PAGES = 64

#: Bytes of a string whose accesses follow each other.
STRING = 512


@dataclass(frozen=True)
class Mode:
    """A paging mode.

    Attributes
    ----------
    levels : :class:`int`
        Entries that a walk reads.
    entry : :class:`int`
        Bytes of one.
    controls : sequence
        Control writes that turn the mode on after reset.
    features : mapping
        Fields of :class:`hw.config.MmuConfig` that a unit needs for it.
    registers : :class:`bool`
        The first table is that of the PDPTE registers, which a walk does not read.
    """

    levels:    int
    entry:     int
    controls:  Sequence[tuple[Register, int]]
    features:  Mapping[str, bool] = field(default_factory=dict)
    registers: bool = False


#: Paging modes by name, those with most levels first.
MODES: Mapping[str, Mode] = {
    "5-level": Mode(5, 8, ((Register.CR4, 0x1020), (Register.CR3, ROOT), (Register.EFER, 0x100),
                           (Register.CR0, 0x8000_0001)), {"la57": True}),
    "4-level": Mode(4, 8, ((Register.CR4, 0x20), (Register.CR3, ROOT), (Register.EFER, 0x100),
                           (Register.CR0, 0x8000_0001)), {"long_mode": True}),
    "PAE":     Mode(2, 8, ((Register.CR4, 0x20), (Register.CR3, ROOT),
                           (Register.CR0, 0x8000_0001)), {"pae": True}, registers=True),
    "32-bit":  Mode(2, 4, ((Register.CR3, ROOT), (Register.CR0, 0x8000_0001))),
}

#: An access; or bytes to store in a string of accesses that follow each other, and their address.
Step = Access | tuple[int, bytes]


def traced(mode: str, *steps: Step, clear: int = 0, config: MmuConfig | None = None,
           engine: Callable[..., Simulation[Any]] = CxxrtlEngine, latency: int = 1) -> Trace:
    """Do ``steps`` on a machine that is switched on anew, and return the record of its unit.

    Pages from linear address 0 on are mapped. A step that faults is on record as such.

    Parameters
    ----------
    mode : :class:`str`
        Name in :data:`MODES`.
    clear : :class:`int`
        Flags that every entry on the way to the pages lacks.
    config : :class:`hw.config.MmuConfig`
        The unit's; by default, that of :class:`hw.config.MmuConfig` with what the mode needs.
    engine : callable
        What makes the machine run. Raises :class:`sim.errors.Unavailable` without its tools.
    latency : :class:`int`
        Cycles from a transfer to its response.
    """
    paging  = MODES[mode]
    machine = engine(config or MmuConfig(**paging.features),
                     memory=_mapped(paging, FLAGS & ~clear, latency))

    async def main() -> None:
        for register, value in paging.controls:
            await machine.bus.write_control(register, value)
        for step in steps:
            if isinstance(step, Access):
                await machine.bus.access(step)
            else:
                await machine.bus.store_string(*step, user=False)

    machine.run(main)
    return machine.trace


def _mapped(paging: Mode, flags: int, latency: int) -> PhysicalMemory:
    """Memory with one table of each level, of which the last one maps some pages."""
    memory = PhysicalMemory(latency=latency)
    if paging.registers:
        memory.write(ROOT, 8, ROOT + 0x1000 | PRESENT)
    for level in range(paging.levels):
        table = ROOT + 0x1000 * (level + paging.registers)
        for index in range(PAGES if level == paging.levels - 1 else 1):
            memory.write(table + paging.entry * index, paging.entry,
                         table + 0x1000 * (index + 1) | flags)
    return memory


def cycles(trace: Trace) -> list[int]:
    """Return the cycles from request to response, access by access."""
    return [access.completed - access.accepted for access in trace.all_accesses]


@dataclass(frozen=True)
class Measure:
    """Something that is measured of a unit.

    Attributes
    ----------
    text : :class:`str`
        Name for readers.
    mode : :class:`str` or :class:`None`
        The paging mode in which it is measured; None: the one with most levels that the unit has.
    of : callable
        The figure, from a unit to measure and the mode.
    second : :class:`bool`
        It is one of the second level of the TLB.
    """

    text:   str
    mode:   str | None
    of:     Callable[["_Unit", str], float]
    second: bool = False


@dataclass(frozen=True)
class _Unit:
    """A unit to measure, in front of a memory of some ``latency``."""

    config:  MmuConfig
    latency: int

    def last(self, mode: str, *steps: Step, clear: int = 0, walks: bool,
             faults: bool = False) -> int:
        """Cycles of the last access.

        Raises :class:`RuntimeError` unless it ``walks`` and ``faults`` as its figure's name says.
        """
        trace = traced(mode, *steps, clear=clear, config=self.config, latency=self.latency)
        access = trace.all_accesses[-1]
        begun = [event for event in trace.events("walk_begun") if event.cycle >= access.accepted]
        if (bool(begun), access.faulted) != (walks, faults):
            raise RuntimeError(f"an access is not what is measured: {access}")
        return cycles(trace)[-1]

    def per_cycle(self, mode: str) -> float:
        """Accesses of a string that begin in a cycle, on a page in the TLB."""
        trace = traced(mode, Access(0, 8), (0, bytes(STRING)), config=self.config,
                       latency=self.latency)
        accepted = [access.accepted for access in trace.all_accesses[1:]]
        if len(trace.events("walk_begun")) != 1:
            raise RuntimeError("a string walks, which is to hit")
        return (len(accepted) - 1) / (accepted[-1] - accepted[0])


def _accessed(unit: _Unit, mode: str) -> float:
    clean, clear = (unit.last(mode, Access(0, 8), clear=flags, walks=True)
                    for flags in (0, ACCESSED))
    return (clear - clean) / MODES[mode].levels


def _of_one_set(config: MmuConfig) -> list[Access]:
    """Accesses to more pages than a set of the first level of the TLB holds."""
    return [Access(0x1000 * config.tlb_entries // 2 * number, 8) for number in range(3)]


def _dirty(unit: _Unit, mode: str) -> float:
    write = Access(0, 8, Kind.WRITE)
    clean, clear = (unit.last(mode, write, clear=flags, walks=True) for flags in (0, DIRTY))
    return clear - clean


#: What is measured, by the names that JSON has for it.
MEASURES: Mapping[str, Measure] = {
    "hit": Measure(
        "read hit, with its data", None,
        lambda unit, mode: unit.last(mode, Access(0, 8), Access(8, 8), walks=False)),
    "hits_per_cycle": Measure(
        "hits per cycle", None, lambda unit, mode: unit.per_cycle(mode)),
    "second_hit": Measure(
        "hit of the second level", None,
        lambda unit, mode: unit.last(mode, *_of_one_set(unit.config), Access(0, 8), walks=False),
        second=True),
    "walk_2": Measure(
        "cold walk of 2 levels, A set", "32-bit",
        lambda unit, mode: unit.last(mode, Access(0, 8), walks=True)),
    "walk_4": Measure(
        "cold walk of 4 levels, A set", "4-level",
        lambda unit, mode: unit.last(mode, Access(0, 8), walks=True)),
    "same_table": Measure(
        "second page of the same table", None,
        lambda unit, mode: unit.last(mode, Access(0, 8), Access(0x1000, 8), walks=True)),
    "set_accessed": Measure("each A set, more", None, _accessed),
    "set_dirty":    Measure("each D set, more", None, _dirty),
    "first_write": Measure(
        "first write to a clean page, a hit", None,
        lambda unit, mode: unit.last(mode, Access(0, 8), Access(8, 8, Kind.WRITE), clear=DIRTY,
                                     walks=True)),
    "fault": Measure(
        "fault on a hit", None,
        lambda unit, mode: unit.last(mode, Access(0, 8, user=True),
                                     Access(0, 8, Kind.WRITE, user=True), clear=WRITABLE,
                                     walks=False, faults=True)),
}


def measured(config: MmuConfig, latency: int) -> dict[str, float]:
    """Return the figures of a unit in front of a memory that responds after ``latency`` cycles.

    Those of a paging mode that it lacks are left out. Raises :class:`sim.errors.Unavailable`
    without a compiler.
    """
    unit   = _Unit(config, latency)
    modes  = [mode for mode, needs in MODES.items()
              if all(getattr(config, name) for name in needs.features)]
    return {name: measure.of(unit, measure.mode or modes[0]) for name, measure in MEASURES.items()
            if (measure.mode is None or measure.mode in modes)
            and (config.second_entries or not measure.second)}
