"""Model of the unit's own choices: what its TLB holds, and which of its strobes are due.

Where the manual leaves a choice the unit takes one. The model takes the same, stated a second time
on the golden model's reading of the manual, so that the gateware must agree with it exactly: in
outcomes, in memory, and in the number of each strobe of :class:`hw.bus.Events`.
"""

import enum
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from sim.golden.control import Flush, write_register
from sim.golden.invpcid import Invalidation, invpcid
from sim.golden.memory import GoldenMemory
from sim.golden.mmu import Outcome
from sim.golden.permission import Attempt, denied, violation_code
from sim.golden.reserved import A, D, levels
from sim.golden.state import ControlState, Features, PagingMode
from sim.golden.walk import Translation, Walk, walk
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register


__all__ = ["Loss", "UnitModel", "UnitTlb"]


class Loss(enum.Enum):
    """Reason why the unit has forgotten a translation that no flush and no fault concerned."""

    EVICTED    = "another page took its place"
    OVERLAPPED = "a page of another size was cached over it"


class UnitTlb:
    """Fully associative TLB with round-robin replacement, as :class:`hw.tlb.Tlb` promises it.

    Parameters
    ----------
    entries : :class:`int`
        Number of slots.

    Attributes
    ----------
    losses : :class:`dict`
        Why a page was forgotten, by its linear address, size and PCID. A page that is cached again,
        and what a flush, a page fault or INVLPG concerns, is here no longer.
    """

    def __init__(self, entries: int):
        self._slots: list[Translation | None] = [None] * entries
        self._next = 0
        self.losses: dict[tuple[int, int, int], Loss] = {}

    @property
    def translations(self) -> list[Translation]:
        """All that it holds."""
        return [slot for slot in self._slots if slot is not None]

    def find(self, linear: int, pcid: int) -> Translation | None:
        """The translation of ``linear`` that serves ``pcid``, if there is one."""
        found = [slot for slot in self._slots if slot is not None and slot.serves(linear, pcid)]
        assert len(found) <= 1, f"two translations of {linear:#x}: {found}"
        return found[0] if found else None

    def fill(self, translation: Translation) -> bool:
        """Remember a translation; return whether it took the place of another page's."""
        for number, slot in enumerate(self._slots):
            if slot is not None and _overlap(slot, translation):
                self._forget(number, Loss.OVERLAPPED)
        evicts = self._slots[self._next] is not None
        self._forget(self._next, Loss.EVICTED)
        self._slots[self._next] = translation
        self._next = (self._next + 1) % len(self._slots)
        self.losses.pop((translation.linear, translation.size, translation.pcid), None)
        return evicts

    def drop(self, linear: int, pcid: int) -> None:
        """Forget the translation of ``linear`` that serves ``pcid``."""
        self.forget(Invalidation(Flush.OF_PCID_AND_GLOBAL, pcid, linear))
        self.losses = {(page, size, owner): loss for (page, size, owner), loss
                       in self.losses.items() if linear & -size != page}

    def forget(self, invalidation: Invalidation) -> None:
        """Forget what becomes invalid."""
        if invalidation.flush is Flush.EVERYTHING:
            self.losses.clear()
        self._slots = [None if slot is not None and invalidation.concerns(slot) else slot
                       for slot in self._slots]

    def _forget(self, number: int, loss: Loss) -> None:
        slot = self._slots[number]
        if slot is not None:
            self.losses[slot.linear, slot.size, slot.pcid] = loss
            self._slots[number] = None


class UnitModel:
    """One unit, with its memory.

    Parameters
    ----------
    machine : :class:`sim.golden.state.Features`
        Features.
    entries : :class:`int`
        Translations held by the TLB.

    Attributes
    ----------
    state, memory, tlb
        Control state, physical memory, cached translations.
    events : :class:`collections.Counter`
        How often each strobe was due so far. ``accessed[n]`` is bit n of ``accessed``.
    after_read : :class:`dict`
        Physical address of an entry to what is called, once, after a walk has read it.
    """

    def __init__(self, machine: Features | None = None, *, entries: int):
        self.state  = ControlState(machine=machine or Features())
        self.memory = GoldenMemory()
        self.tlb    = UnitTlb(entries)
        self.events: Counter[str] = Counter()
        self.after_read: dict[int, Callable[[], None]] = {}

    def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        try:
            self.state, flush = write_register(
                self.state, register, value, self.memory.read)
        except GeneralProtection:
            self.events["refused"] += 1
            raise
        self.events["flushed"] += flush is not Flush.NOTHING
        self.tlb.forget(Invalidation(flush, self.state.pcid))

    def invlpg(self, linear: int) -> None:
        """Forget the translation of the page that contains ``linear``."""
        linear &= self.state.linear_mask
        if self.state.canonical(linear):
            self.events["invalidated"] += 1
            self.tlb.drop(linear, self.state.pcid)

    def invpcid(self, kind: int, descriptor: int) -> None:
        """Do INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        try:
            invalidation = invpcid(self.state, kind, descriptor)
        except GeneralProtection:
            self.events["refused"] += 1
            raise
        linear = invalidation.linear
        if linear is None:
            self.events["flushed"] += 1
        elif linear <= self.state.linear_mask:
            self.events["invalidated"] += 1
        self.tlb.forget(invalidation)

    def access(self, access: Access) -> Outcome:
        """Do one access, or none of it."""
        mask   = self.state.linear_mask
        linear = access.linear & mask
        last   = linear + access.size - 1 & mask
        if not (self.state.canonical(linear) and self.state.canonical(last)):
            self.events["protection"] += 1
            return Outcome(fault=GeneralProtection("not canonical"))
        try:
            first  = self._translate(linear, access)
            second = None
            if linear >> 12 != last >> 12:
                self.events["crossed"] += 1
                second = self._translate(last & -4096, access)
        except PageFault as fault:
            self.events["page_fault"] += 1
            self.events["dropped"] += (
                self.tlb.find(fault.address, self.state.pcid) is not None)
            self.tlb.drop(fault.address, self.state.pcid)
            self.state = replace(self.state, cr2=fault.address)
            return Outcome(fault=fault)
        return Outcome(self._transfer(access, first, second), first)

    def _translate(self, linear: int, access: Access) -> int:
        """Physical address of ``linear``. Raises :class:`PageFault`."""
        if self.state.mode is PagingMode.OFF:
            return linear
        attempt = Attempt.of(access)
        cached  = self.tlb.find(linear, self.state.pcid)
        self.events["missed" if cached is None else "hit"] += 1
        if cached is not None:
            if denied(self.state, cached.rights, attempt):
                raise PageFault(linear, violation_code(self.state, cached.rights, attempt))
            if cached.dirty or not attempt.write:
                return cached.translate(linear)

        walked = self._walk(linear, attempt)
        if walked.translation is None:
            raise PageFault(linear, walked.error_code)
        self.events["filled"]  += 1
        self.events["evicted"] += self.tlb.fill(walked.translation)
        return walked.translation.translate(linear)

    def _walk(self, linear: int, attempt: Attempt) -> Walk:
        """Walk until no entry changes between its read and its update."""
        self.events["walk_begun"] += 1
        while True:
            found: dict[int, int] = {}

            def read(address: int, size: int, found: dict[int, int] = found) -> int:
                found[address] = self.memory.read(address, size)
                self.after_read.pop(address, lambda: None)()
                return found[address]

            walked = walk(self.state, attempt, linear, read)
            if self._update(walked, found):
                self.events["walk_ended"] += 1
                return walked
            self.events["walk_again"] += 1

    def _update(self, walked: Walk, found: dict[int, int]) -> bool:
        """Set accessed and dirty flags from the root on, until an entry is no longer as found."""
        updates = {update.address: update for update in walked.updates}
        for depth, address in enumerate(walked.entries):
            self.events["entry_read"] += 1
            update = updates.get(address)
            if update is None:
                continue
            if self.memory.read(address, update.size) != found[address]:
                return False
            self.memory.write(address, update.size, update.value)
            level = len(levels(self.state)) - 1 - depth
            new   = update.value & ~found[address]
            self.events[f"accessed[{level}]"] += bool(new & A)
            self.events["dirtied"] += bool(new & D)
        return True

    def _transfer(self, access: Access, first: int, second: int | None) -> int:
        """Read and write memory; bytes beyond the first page, if any, are at ``second``.

        Returns what was there, or 0 for a plain write.
        """
        places = list(range(first, first + access.size))
        if second is not None:
            inside = 4096 - (first & 0xfff)
            places[inside:] = range(second, second + access.size - inside)
        data   = sum(self.memory.read(place, 1) << 8 * n for n, place in enumerate(places))
        equal  = data == access.compare & (1 << 8 * access.size) - 1
        if access.kind in (Kind.WRITE, Kind.EXCHANGE) or (
                access.kind is Kind.COMPARE_EXCHANGE and equal):
            for number, place in enumerate(places):
                self.memory.write(place, 1, access.data >> 8 * number)
        return 0 if access.kind is Kind.WRITE else data


def _overlap(one: Translation, other: Translation) -> bool:
    """Tell whether there is an access that both would serve."""
    size   = max(one.size, other.size)
    shared = one.global_page or other.global_page or one.pcid == other.pcid
    return shared and one.linear & -size == other.linear & -size
