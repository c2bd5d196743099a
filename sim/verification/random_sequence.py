"""Sequences of random operations, in which nothing is stale when it is used."""

from dataclasses import replace

from sim.golden.invpcid import InvpcidType
from sim.golden.state import CR0_PE, CR0_PG, CR4_PCIDE, CR4_PGE
from sw.bus import Register

from .collector import CoverageCollector
from .sequence import PredictedSequence
from .stimulus import PCIDS, Stimulus, random_stimulus
from .table_entries import TableEntry
from .walks import predicted_write


__all__ = ["RandomSequence"]


class RandomSequence(PredictedSequence):
    """A :class:`PredictedSequence` that is drawn from a stimulus.

    Parameters
    ----------
    stimulus : :class:`Stimulus`
        The initial tables and registers, with which it begins, and the source of operations.
    collector : :class:`CoverageCollector` or None
        Collector of coverage.
    """

    def __init__(self, stimulus: Stimulus, collector: CoverageCollector | None = None):
        super().__init__(stimulus.features, collector)
        self._begin(stimulus)

    def _begin(self, stimulus: Stimulus) -> None:
        """Write tables and registers."""
        self._stimulus = stimulus
        if stimulus.tables is not None:
            for entry in stimulus.tables.entries:
                self._edit(entry, stimulus.tables.values[entry.address])
        for register, value in stimulus.registers:
            self.write(register, value)

    def extend(self, steps: int) -> None:
        """Add so many random operations, and then a read of every register."""
        kinds = {self._access: 12, self._string: 3, self._toggle: 3, self._any_write: 1,
                 self._read: 1, self._invlpg: 1, self._edit_any: 2, self._switch: 0.2,
                 self._invpcid: 1 if self._stimulus.features.invpcid else 0.2,
                 self._change_pcid: 1.5 if self._stimulus.features.pcid else 0}
        for kind in self._stimulus.rng.choices(list(kinds), list(kinds.values()), k=steps):
            kind()
        for register in Register:
            self.read(register)

    def _access(self) -> None:
        self.access(self._stimulus.access(self.golden.state),
                    chained=self._stimulus.rng.random() < 0.15)

    def _string(self) -> None:
        for number, access in enumerate(self._stimulus.string(self.golden.state)):
            self.access(access, chained=number > 0)

    def _toggle(self) -> None:
        self.write(*self._stimulus.toggle(self.golden.state))

    def _any_write(self) -> None:
        """Write anything that makes no translation stale: refused values, above all."""
        state = self.golden.state
        register, value = self._stimulus.any_write(state)
        after = predicted_write(state, register, value, self.golden.memory.read).after
        if (after.mode, after.page_size_extensions, after.no_execute, after.cr3) == (
                state.mode, state.page_size_extensions, state.no_execute, state.cr3):
            self.write(register, value)

    def _switch(self) -> None:
        """Go to another mode, with paging off between, and with tables of its own."""
        if self.golden.state.pcid_enable:
            self.write(Register.CR4, self.golden.state.cr4 & ~CR4_PCIDE)
        self.write(Register.CR0, CR0_PE)
        self._begin(random_stimulus(self._stimulus.rng, self._stimulus.features))

    def _read(self) -> None:
        self.read(self._stimulus.rng.choice(tuple(Register)))

    def _invlpg(self) -> None:
        self.invlpg(self._stimulus.page())

    def _invpcid(self) -> None:
        self.invpcid(*self._stimulus.invpcid())

    def _change_pcid(self) -> None:
        """Use a page under one PCID after another."""
        tables = self._stimulus.tables
        if tables is not None and self.golden.state.pcid_enable:
            self._use(tables.some_entry(), self._some_pcids())

    def _edit_any(self) -> None:
        """Use a page, write an entry anew, flush all that may be cached of it, use the page."""
        tables = self._stimulus.tables
        if tables is None:
            return
        entry, pcids = tables.some_entry(), self._some_pcids()
        self._use(entry, pcids)
        self._edit(entry, tables.draw(entry))
        state, likely = self.golden.state, self._stimulus.rng.random() < 0.6
        if state.pcid_enable and self._stimulus.features.invpcid and likely:
            self._invalidate(entry)
        elif entry.leaf and likely and not state.pcid_enable:
            self.invlpg(entry.linear)
        else:
            self._flush()
            if self.refused:
                # A PDPTE in memory is malformed. Without paging none is read.
                cr0 = self.golden.state.cr0
                self.write(Register.CR0, cr0 & ~CR0_PG)
                self._edit(entry, tables.draw(entry))
                self.write(Register.CR0, cr0)
        self._use(entry, pcids)

    def _invalidate(self, entry: TableEntry) -> None:
        """Have all that may be cached of an entry forgotten, under every PCID, by INVPCID."""
        state, rng = self.golden.state, self._stimulus.rng
        assert self._stimulus.tables is not None
        own   = not state.global_pages or self._stimulus.tables.is_never_global(entry)
        types = [InvpcidType.ALL_AND_GLOBAL]
        types += [InvpcidType.CONTEXT, InvpcidType.ALL] * own
        types += [InvpcidType.ADDRESS] * (own and entry.leaf)
        kind = rng.choice(types)
        each = kind in (InvpcidType.ADDRESS, InvpcidType.CONTEXT)
        for pcid in {*PCIDS, state.pcid} if each else [0]:
            self.invpcid(kind, entry.linear << 64 | pcid)

    def _flush(self) -> None:
        """Flush everything, of every PCID, unless that is refused."""
        state = self.golden.state
        if not (state.global_pages or state.pcid_enable):
            self.write(Register.CR3, state.cr3)
            return
        self.write(Register.CR4, state.cr4 ^ CR4_PGE)
        if not self.refused:
            self.write(Register.CR4, state.cr4)

    def _some_pcids(self) -> tuple[int, ...]:
        """PCIDs under which a page is used: often such that have the same root."""
        if not self.golden.state.pcid_enable:
            return ()
        return self._stimulus.rng.choice((PCIDS[::2], PCIDS[1::2], PCIDS))

    def _use(self, entry: TableEntry, pcids: tuple[int, ...]) -> None:
        """Access the first bytes that an entry translates, now and under each of these PCIDs."""
        self._access_first(entry)
        for pcid in pcids:
            self.write(*self._stimulus.to_pcid(self.golden.state, pcid))
            self._access_first(entry)

    def _access_first(self, entry: TableEntry) -> None:
        access = self._stimulus.access(self.golden.state)
        self.access(replace(access, linear=entry.linear))

    def _edit(self, entry: TableEntry, value: int) -> None:
        assert self._stimulus.tables is not None
        self.edit(entry.address, self._stimulus.tables.entry_size, value)
