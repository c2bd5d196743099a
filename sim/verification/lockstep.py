"""A unit and the model of stale translations, step by step, side by side.

The unit may use translations that memory no longer agrees with. The model
:class:`sim.golden.stale.StaleModel` knows every outcome that is allowed, and follows the unit.
"""

from collections.abc import Callable
from copy import deepcopy

from hw.layout import Fault
from sim.golden.mmu import Outcome
from sim.golden.reserved import A, D
from sim.golden.stale import StaleModel
from sim.golden.state import CR0_PE, CR4_PCIDE
from sw.bus import Access, BusError, GeneralProtection, Kind, PageFault, Register

from .collector import alignment
from .monitors import WishboneTransfer
from .payloads import (
    AccessResult, decode_access, decode_control, encode_access, encode_control, encode_invlpg,
)
from .ports import WishboneCycle
from .scoreboard import Mismatch
from .stimulus import Stimulus
from .table_entries import TableEntry
from .tables import PagingTables
from .testbench import MmuTestbench
from .texts import access_text, outcome_text
from .walks import predicted_walks, predicted_write


__all__ = ["Lockstep"]


class Lockstep:
    """A unit that has just been reset, and the model.

    Every step that the unit does is judged at once; it raises :class:`.scoreboard.Mismatch`, and
    what :meth:`.testbench.MmuTestbench.until` raises.

    Parameters
    ----------
    testbench : :class:`MmuTestbench`
        The unit.
    stimulus : :class:`Stimulus`
        Tables and registers to begin with.

    Attributes
    ----------
    model : :class:`sim.golden.stale.StaleModel`
        The model after all steps.
    accesses : :class:`int`
        Accesses so far.
    """

    def __init__(self, testbench: MmuTestbench, stimulus: Stimulus):
        self.testbench = testbench
        self.collector = testbench.collector
        self.stimulus  = stimulus
        self.model     = StaleModel.of(stimulus.features)
        self.accesses  = 0
        self._access_responses:  list[int] = []
        self._control_responses: list[int] = []
        self._stored:   list[int] = []   # words of all stores since the last access
        self._unlocked: list[int] = []   # words of the plain ones
        testbench.access_responses.transferred.append(self._access_responses.append)
        testbench.control_responses.transferred.append(self._control_responses.append)
        testbench.bus.accepted.append(self._note_store)
        self.collector.begin()

    def _note_store(self, transfer: WishboneTransfer) -> None:
        if transfer.write:
            self._stored.append(transfer.word)
            if not transfer.lock:
                self._unlocked.append(transfer.word)

    async def start(self) -> None:
        """Write the tables, and the registers."""
        if self.stimulus.tables is not None:
            for entry in self.stimulus.tables.entries:
                self.edit(entry, self.stimulus.tables.values[entry.address])
        for register, value in self.stimulus.registers:
            await self.write(register, value)

    async def switch(self, stimulus: Stimulus) -> None:
        """Go to the mode of another stimulus, with paging off between."""
        self.compare_memories()
        if self.model.state.pcid_enable:
            await self.write(Register.CR4, self.model.state.cr4 & ~CR4_PCIDE)
        await self.write(Register.CR0, CR0_PE)
        self.stimulus = stimulus
        await self.start()

    @property
    def tables(self) -> PagingTables:
        """The tables of a stimulus with paging."""
        assert self.stimulus.tables is not None
        return self.stimulus.tables

    # Steps

    def edit(self, entry: TableEntry, value: int) -> None:
        """Write an entry into both memories."""
        self.testbench.target.memory.write(entry.address, self.tables.entry_size, value)
        self.model.memory.write(entry.address, self.tables.entry_size, value)

    async def write(self, register: Register, value: int) -> None:
        """Write a control register of both; they must agree on its refusal."""
        predicted = predicted_write(self.model.state, register, value, self.model.memory.read)
        if not predicted.refused:
            self.model.write_control(register, value)
        refused = decode_control(await self._operate(encode_control(register, value))).fault
        self.collector.write(predicted)
        if refused != predicted.refused:
            raise Mismatch(f"{register.name} = {value:#x}: #GP {refused}, but the golden "
                           f"model: #GP {predicted.refused}")

    async def invlpg(self, linear: int) -> None:
        """Flush a page."""
        self.model.invlpg(linear)
        await self._operate(encode_invlpg(linear))

    async def access(self, access: Access) -> None:
        """Do an access."""
        state    = self.model.state
        walks    = tuple(predicted_walks(state, access, self.model.memory.read))
        possible = self.model.possible(access)
        before   = self.testbench.strobes["hit"]
        outcome  = await self._access(access)
        self._check_stores(access, outcome)
        if not self.model.judge(access, outcome, self._read):
            allowed = {outcome_text(possibility.outcome) for possibility in possible}
            raise Mismatch(f"{access_text(access)}: {outcome_text(outcome)}, but the golden "
                           f"model allows {' or '.join(sorted(allowed))}, and memory to fit")
        if len({str(possibility.outcome) for possibility in possible}) > 1:
            # The first possibility is that of memory.
            by = "memory" if str(possible[0].outcome) == str(outcome) else "TLB"
            self.collector.stale(by, outcome)
            return
        self.collector.access(state, access, False, walks, outcome)
        if len(walks) == 1 and alignment(access) != "in two pages" and walks[0].ending in (
                "done", "rights"):
            self.collector.lookup(self.testbench.strobes["hit"] > before, access, outcome)

    async def access_during_edit(self, access: Access, entry: TableEntry, value: int) -> None:
        """Do an access while another processor writes an entry just when it was read.

        The outcome must be that of one interleaving or the other. The writer respects ``lock``.
        """
        size = self.tables.entry_size
        hook = _EditAfterRead(entry.address, lambda: self.testbench.target.memory.write(
            entry.address, size, value))
        self.testbench.target.accepted = hook
        outcome = await self._access(access)
        self.testbench.target.accepted = None
        if not hook.done:
            hook.edit()
        self._check_stores(access, outcome)
        interleavings = self._interleavings(access, outcome, entry, value)
        if not interleavings:
            raise Mismatch(f"{access_text(access)}: {outcome_text(outcome)} and memory as it is, "
                           f"while {entry} becomes {value:#x}: no interleaving explains that")
        # Memory is the same after all of them; what may be cached is what any of them may leave.
        self.model, *others = interleavings.values()
        self.model.include(*others)
        if hook.done:
            self.collector.edit_in_walk(list(interleavings))

    # The unit

    async def _access(self, access: Access) -> Outcome:
        self.accesses += 1
        self._stored.clear()
        self._unlocked.clear()
        self.testbench.access.send(encode_access(access, chained=False))
        await self.testbench.until(lambda: bool(self._access_responses))
        await self.testbench.drain()
        return await self._outcome(access, decode_access(self._access_responses.pop()))

    async def _outcome(self, access: Access, result: AccessResult) -> Outcome:
        if result.fault is Fault.NONE:
            return Outcome(0 if access.kind is Kind.WRITE else result.data, result.physical)
        if result.fault is Fault.GENERAL_PROTECTION:
            return Outcome(fault=GeneralProtection("an access"))
        if result.fault is Fault.BUS_ERROR:
            return Outcome(fault=BusError("an access"))
        cr2 = decode_control(await self._operate(encode_control(Register.CR2))).value
        if result.fault is Fault.PAGE_FAULT:
            return Outcome(fault=PageFault(cr2, result.error))
        raise Mismatch(f"{access_text(access)}: skipped, but it is not chained")

    async def _operate(self, payload: int) -> int:
        self.testbench.control.send(payload)
        await self.testbench.until(lambda: bool(self._control_responses))
        return self._control_responses.pop()

    # The score

    def _read(self, physical: int) -> int:
        return self.testbench.target.memory.read(physical, 1)

    def _check_stores(self, access: Access, outcome: Outcome) -> None:
        """Only a plain store may store without a lock, and no more than its words."""
        words = 0
        if access.kind is Kind.WRITE and outcome.fault is None:
            words = 1 + ((access.linear & 7) + access.size > 8)
        if len(self._unlocked) != words:
            raise Mismatch(f"{access_text(access)}: {len(self._unlocked)} stores without a lock, "
                           f"but the golden model: {words}")

    def _interleavings(self, access: Access, outcome: Outcome, edited: TableEntry,
                       value: int) -> dict[str, StaleModel]:
        """Models that explain the outcome, by the position of the edit."""
        size          = self.tables.entry_size
        interleavings = {}
        first         = deepcopy(self.model)
        first.memory.write(edited.address, size, value)
        if first.judge(access, outcome, self._read) and self._explains_stores(first):
            interleavings["before the access"] = first
        old = self.model.memory.read(edited.address, size)
        for entry in (old, old | A, old | A | D):
            if self.testbench.target.memory.read(edited.address, size) != value:
                break
            # The entry that the access left was overwritten, so that nobody can read it.
            def read(physical: int, entry: int = entry) -> int:
                if edited.address <= physical < edited.address + size:
                    return entry >> 8 * (physical - edited.address) & 0xff
                return self._read(physical)

            second = deepcopy(self.model)
            explains = second.judge(access, outcome, read)
            second.memory.write(edited.address, size, value)
            if explains and self._explains_stores(second):
                second.include(*interleavings.values())
                interleavings["after the access"] = second
        return interleavings

    def _explains_stores(self, model: StaleModel) -> bool:
        """True if a model has what the last access has stored into tables.

        Two interleavings may end in the same page fault after walks through different tables.
        """
        tables = set(self.tables.tables)
        real   = self.testbench.target.memory
        return all(real.read(word << 3, 8) == model.memory.read(word << 3, 8)
                   for word in self._stored if word << 3 & -4096 in tables)

    def compare_memories(self) -> None:
        """Nothing was written that the model does not know of."""
        if self.stimulus.tables is None:
            return
        for table in self.tables.tables:
            known = bytes(self.model.memory.page(table >> 12))
            if self.testbench.target.memory.read_bytes(table, 4096) != known:
                raise Mismatch(f"the table at {table:#x} is not that of the golden model")


class _EditAfterRead:
    """Edits an entry once, after the first transfer outside a lock that reads it."""

    def __init__(self, address: int, edit: Callable[[], None]):
        self.done  = False
        self.edit  = edit
        self._word = address >> 3

    def __call__(self, transfer: WishboneCycle) -> None:
        if not self.done and not transfer.lock and not transfer.we and transfer.adr == self._word:
            self.done = True
            self.edit()
