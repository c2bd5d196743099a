"""Model of the unit's own choices: what its TLB holds, and which of its strobes are due.

Where the manual leaves a choice the unit takes one. The model takes the same, stated a second time
on the golden model's reading of the manual, so that the gateware must agree with it exactly: in
outcomes, in memory, and in the number of each strobe of :class:`hw.bus.Events`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from unit_tlb_support import Piece, UnitTlb

from hw.config import MmuConfig
from sim.golden.control import Flush, write_register
from sim.golden.invpcid import Invalidation, invpcid
from sim.golden.memory import GoldenMemory
from sim.golden.mmu import Outcome
from sim.golden.permission import Attempt, denied, violation_code
from sim.golden.reserved import A, D, levels
from sim.golden.state import ControlState, PagingMode
from sim.golden.walk import Reference, Walk, walk
from sim.paging.walk import features_of
from sw.bus import Access, BusError, GeneralProtection, Kind, PageFault, Register


__all__ = ["UnitModel"]


class UnitModel:
    """One unit, with its memory.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        Features and sizes.

    Attributes
    ----------
    state, memory, tlb
        Control state, physical memory, cached translations.
    events : :class:`collections.Counter`
        How often each strobe was due so far. ``accessed[n]`` is bit n of ``accessed``.
    after_read : :class:`dict`
        Physical address of an entry to what is called, once, after a walk has read it.
    """

    def __init__(self, config: MmuConfig):
        self.state  = ControlState(machine=features_of(config))
        self.memory = GoldenMemory()
        self.events: Counter[str] = Counter()
        self.tlb    = UnitTlb(config, self.events)
        self.after_read: dict[int, Callable[[], None]] = {}

    def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        try:
            self.state, flush = write_register(self.state, register, value, self._load_pdpte)
        except GeneralProtection:
            self.events["refused"] += 1
            raise
        self.events["flushed"] += flush is not Flush.NOTHING
        self._forget(Invalidation(flush, self.state.pcid))

    def invlpg(self, linear: int) -> None:
        """Forget the translation of the page that contains ``linear``."""
        linear &= self.state.linear_mask
        if self.state.canonical(linear):
            self.events["invalidated"] += 1
            self._forget(Invalidation(Flush.OF_PCID_AND_GLOBAL, self.state.pcid, linear))

    def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
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
        else:
            return
        self._forget(invalidation)

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
            self.events["dropped"] += 1
            self._forget(Invalidation(Flush.OF_PCID_AND_GLOBAL, self.state.pcid, fault.address))
            self.state = replace(self.state, cr2=fault.address)
            return Outcome(fault=fault)
        except BusError as error:
            return Outcome(fault=error)
        places = list(range(first, first + access.size))
        if second is not None:
            inside = 4096 - (first & 0xfff)
            places[inside:] = range(second, second + access.size - inside)
        try:
            return Outcome(self._transfer(access, places), first)
        except BusError as error:
            return Outcome(fault=error)

    def _load_pdpte(self, address: int, size: int) -> int:
        """Read a PDPTE. All four are read, whatever comes back."""
        if not self.memory.answers(address, False):
            self.events["bus_error"] += sum(not self.memory.answers(other, False) for other in
                                            range(address, (address | 0x18) + 1, 8))
        return self.memory.load(address, size)

    def _translate(self, linear: int, access: Access) -> int:
        """Physical address of ``linear``. Raises :class:`PageFault`, :class:`BusError`."""
        if self.state.mode is PagingMode.OFF:
            return linear
        attempt = Attempt.of(access)
        held    = self.tlb.first.find(linear)
        self.events["hit"] += held is not None
        if held is None or attempt.write and not held.whole.dirty and not denied(
                self.state, held.whole.rights, attempt):
            held = self._search(linear, attempt, hit=held is not None)
        if denied(self.state, held.whole.rights, attempt):
            raise PageFault(linear, violation_code(self.state, held.whole.rights, attempt))
        return held.physical | linear & 0xfff

    def _search(self, linear: int, attempt: Attempt, *, hit: bool) -> Piece:
        """Find a translation in the second level, or walk.

        Raises :class:`PageFault`, :class:`BusError`.
        """
        second = self.tlb.second
        found  = second.search(linear, write=attempt.write) if second else None
        if found is not None:
            self.events["hit_second"] += not hit
        else:
            self.events["missed"] += not hit
            walked = self._walk(linear, attempt, second.start(linear) if second else None)
            if walked.translation is None:
                raise PageFault(linear, walked.error_code)
            found = walked.translation
            if second:
                second.keep(linear, found)
        piece = Piece.of(found, linear)
        self.events["filled"]  += 1
        self.events["evicted"] += self.tlb.first.fill(piece) is not None
        return piece

    def _forget(self, invalidation: Invalidation) -> None:
        self.events["switched"] += self.tlb.forget(invalidation, self.state.pcid)

    def _walk(self, linear: int, attempt: Attempt, start: Reference | None) -> Walk:
        """Walk until no entry changes between its read and its update. Raises :class:`BusError`."""
        self.events["walk_begun"] += 1
        while True:
            found: dict[int, int] = {}

            def read(address: int, size: int, found: dict[int, int] = found) -> int:
                found[address] = self.memory.load(address, size)
                self.after_read.pop(address, lambda: None)()
                return found[address]

            walked = walk(self.state, attempt, linear, read, start)
            try:
                complete = self._update(walked, found, linear, start.depth if start else 0)
            except BusError:
                self.events["walk_ended"] += 1
                self.events["bus_error"]  += 1
                raise
            if complete:
                self.events["walk_ended"] += 1
                return walked
            self.events["walk_again"] += 1
            start = None

    def _update(self, walked: Walk, found: dict[int, int], linear: int, depth: int) -> bool:
        """Set accessed and dirty flags from the root on, until an entry is no longer as found.

        Learn each table that an entry refers to. The walk began below ``depth`` levels. Raises
        :class:`BusError` when it comes to an entry that memory does not take, or has not given.
        """
        updates = {update.address: update for update in walked.updates}
        for number, step in enumerate(walked.steps):
            address = step.address
            self.events["entry_read"] += 1
            update = updates.get(address)
            if update is None:
                self._learn(linear, walked, number)
                continue
            if self.memory.load(address, update.size) != found[address]:
                return False
            if not self.memory.answers(address, True):
                raise BusError("of an update")
            self.memory.write(address, update.size, update.value)
            level = len(levels(self.state)) - 1 - depth - number
            new   = update.value & ~found[address]
            self.events[f"accessed[{level}]"] += bool(new & A)
            self.events["dirtied"] += bool(new & D)
            self._learn(linear, walked, number)
        if walked.failed:
            self.events["entry_read"] += 1
            raise BusError("of a walk")
        return True

    def _learn(self, linear: int, walked: Walk, number: int) -> None:
        """Keep the table that entry ``number`` of a walk refers to, if it does."""
        if self.tlb.second and number < len(walked.references):
            reference = walked.references[number]
            self.tlb.second.learn(linear, reference, region=reference.size)

    def _transfer(self, access: Access, places: list[int]) -> int:
        """Read and write the bytes at ``places``.

        Returns what was there, or 0 for a plain write. Raises :class:`BusError`, if one of their
        words does not answer; then the other one has been written all the same.
        """
        if access.kind is not Kind.WRITE:
            self._check_answers(places, write=False)
        data   = sum(self.memory.read(place, 1) << 8 * n for n, place in enumerate(places))
        equal  = data == access.compare & (1 << 8 * access.size) - 1
        if access.kind in (Kind.WRITE, Kind.EXCHANGE) or (
                access.kind is Kind.COMPARE_EXCHANGE and equal):
            for number, place in enumerate(places):
                if self.memory.answers(place, True):
                    self.memory.write(place, 1, access.data >> 8 * number)
            self._check_answers(places, write=True)
        return 0 if access.kind is Kind.WRITE else data

    def _check_answers(self, places: list[int], *, write: bool) -> None:
        """Raise :class:`BusError` if one of the words at ``places`` does not answer."""
        silent = {place >> 3 for place in places if not self.memory.answers(place, write)}
        self.events["bus_error"] += len(silent)
        if silent:
            raise BusError("of data")
