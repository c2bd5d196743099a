"""Looks at the page tables of a machine, as of a cycle of its run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeGuard

from sim.golden.permission import Attempt
from sim.machine import Machine
from sim.paging.kernel import kernel_records
from sim.paging.map import FLAGS, AddressMap, address_map
from sim.paging.walk import ATTEMPTS, PageWalk, features_of, page_walk
from sim.record.history import MemoryHistory

from .acts import Act, Claim
from .mistakes import Misuse


__all__ = ["Look"]


class Look:
    """Looks at a machine, while it runs or afterwards.

    A board does not report the changes of its TLB: there, nothing is said of it.

    Parameters
    ----------
    machine : :class:`sim.machine.Machine`
        The machine.
    """

    def __init__(self, machine: Machine):
        self._machine  = machine
        self._features = features_of(machine.config)
        self._known: tuple[list[int], MemoryHistory] | None = None

    def walk(self, linear: int, *, cpu: int = 0, cr3: int | None = None, cycle: int | None = None,
             attempts: Mapping[str, Attempt] = ATTEMPTS) -> PageWalk:
        """Walk for ``linear`` as of ``cycle``; by default as of now.

        The tables are those of ``cr3``, or else those that the processor has loaded then.

        In the last cycle on record, and now, the walk has the kernel's own records, too.

        Raises :class:`.mistakes.Misuse`.
        """
        if not _is_address(linear):
            raise Misuse(f"stage.walk takes a linear address of 64 bits, not {linear!r}")
        _check("walk", cr3)
        at    = self._cycle("walk", cpu, cycle)
        found = self._walk(linear, cpu, cr3, at, attempts)
        if at < self._machine.engine.trace.cycles - 1:
            return found
        return replace(found, kernel=kernel_records(
            self._machine.cpus[cpu], found.linear, cr3=found.state.cr3, physical=found.physical))

    def map(
        self, *, cpu: int = 0, cr3: int | None = None, cycle: int | None = None,
        linear: range | None = None, physical: range | None = None, flags: Iterable[str] = (),
    ) -> AddressMap:
        """Return :func:`sim.paging.map.address_map` as of ``cycle``; by default, as of now.

        Raises what :meth:`walk` does.
        """
        for name in (flags := tuple(flags)):
            if name.removeprefix("no-") not in FLAGS:
                raise Misuse(f'"{name}" is no flag of pages; there are: {", ".join(FLAGS)}, and '
                             "no- before each")
        _check("address_map", cr3)
        return address_map(self._machine.engine.traces, self._history, cpu=cpu, cr3=cr3,
                           cycle=self._cycle("address_map", cpu, cycle), features=self._features,
                           linear=linear, physical=physical, flags=flags)

    def explain(self, act: Act) -> None:
        """Give each claim of ``act`` that does not hold the walk of its address.

        The walk is of the record alone: what the kernel knows now it may not have known then.
        """
        for place, claim in enumerate(act.entries):
            if not isinstance(claim, Claim) or claim.holds:
                continue
            cycle = act.place(claim)
            # A judge of somebody's own may name what there is not.
            if _is_address(claim.linear) and 0 <= cycle <= self._machine.engine.cycle:
                act.entries[place] = replace(
                    claim, walk=self._walk(claim.linear, claim.cpu, None, cycle, ATTEMPTS))

    def _walk(self, linear: int, cpu: int, cr3: int | None, cycle: int,
              attempts: Mapping[str, Attempt]) -> PageWalk:
        return page_walk(self._machine.engine.traces, self._history, linear, cycle=cycle, cpu=cpu,
                         cr3=cr3, features=self._features, attempts=attempts)

    @property
    def _history(self) -> MemoryHistory:
        """Memory in any cycle on record; the same one as long as no transfer is added."""
        traces = self._machine.engine.traces
        counts = [len(trace.all_transfers) for trace in traces]
        if self._known is None or self._known[0] != counts:
            self._known = counts, MemoryHistory(traces)
        return self._known[1]

    def _cycle(self, method: str, cpu: int, cycle: int | None) -> int:
        """The cycle that ``method`` looks at. Raises :class:`.mistakes.Misuse`."""
        now, cpus = self._machine.engine.cycle, len(self._machine.cpus)
        if cpu not in range(cpus):
            raise Misuse(f"there is no processor {cpu!r}: they are 0 to {cpus - 1}")
        if cycle is None:
            return now
        if not isinstance(cycle, int) or not 0 <= cycle <= now:
            raise Misuse(f"stage.{method} looks at a cycle from 0 to {now}, not {cycle!r}")
        return cycle


def _check(method: str, cr3: int | None) -> None:
    """Raise :class:`.mistakes.Misuse` if ``cr3`` is no value of the register."""
    if cr3 is not None and not _is_address(cr3):
        raise Misuse(f"stage.{method} takes a CR3 of 64 bits, not {cr3!r}")


def _is_address(linear: object) -> TypeGuard[int]:
    """True for a number of 64 bits."""
    return isinstance(linear, int) and 0 <= linear < 1 << 64
