"""Looks at the page tables of a machine, as of a cycle of its run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sim.golden.permission import Attempt
from sim.machine import Machine
from sim.paging.kernel import kernel_records
from sim.paging.map import FLAGS, AddressMap, address_map
from sim.paging.walk import ATTEMPTS, PageWalk, features_of, page_walk
from sim.record.history import MemoryHistory

from .mistakes import Misuse


__all__ = ["map_on", "walk_on"]


def walk_on(machine: Machine, linear: int, *, cpu: int = 0, cycle: int | None = None,
            attempts: Mapping[str, Attempt] = ATTEMPTS) -> PageWalk:
    """Walk for ``linear`` as of ``cycle``; by default as of now.

    In the last cycle on record, and now, the walk has the kernel's own records, too.

    A board does not report the changes of its TLB: there, nothing is said of it. Raises
    :class:`.mistakes.Misuse`.
    """
    if not isinstance(linear, int) or not 0 <= linear < 1 << 64:
        raise Misuse(f"stage.walk takes a linear address of 64 bits, not {linear!r}")
    at     = _cycle(machine, "walk", cpu, cycle)
    traces = machine.engine.traces
    found  = page_walk(traces, MemoryHistory(traces), linear, cycle=at, cpu=cpu,
                       features=features_of(machine.config), attempts=attempts)
    if at < machine.engine.trace.cycles - 1:
        return found
    return replace(found, kernel=kernel_records(
        machine.cpus[cpu], found.linear, cr3=found.state.cr3, physical=found.physical))


def map_on(
    machine: Machine, *, cpu: int = 0, cycle: int | None = None, linear: range | None = None,
    physical: range | None = None, flags: Iterable[str] = (),
) -> AddressMap:
    """Return :func:`sim.paging.map.address_map` as of ``cycle``; by default, as of now.

    Raises what :func:`walk_on` does.
    """
    for name in (flags := tuple(flags)):
        if name.removeprefix("no-") not in FLAGS:
            raise Misuse(f'"{name}" is no flag of pages; there are: {", ".join(FLAGS)}, and no- '
                         "before each")
    traces = machine.engine.traces
    return address_map(traces, MemoryHistory(traces), cpu=cpu,
                       cycle=_cycle(machine, "address_map", cpu, cycle),
                       features=features_of(machine.config), linear=linear, physical=physical,
                       flags=flags)


def _cycle(machine: Machine, method: str, cpu: int, cycle: int | None) -> int:
    """The cycle that ``method`` looks at. Raises :class:`.mistakes.Misuse`."""
    now, cpus = machine.engine.cycle, len(machine.cpus)
    if cpu not in range(cpus):
        raise Misuse(f"there is no processor {cpu!r}: they are 0 to {cpus - 1}")
    if cycle is None:
        return now
    if not isinstance(cycle, int) or not 0 <= cycle <= now:
        raise Misuse(f"stage.{method} looks at a cycle from 0 to {now}, not {cycle!r}")
    return cycle
