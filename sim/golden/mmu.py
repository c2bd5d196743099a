"""The golden machine: control state, memory, cached translations, and whole accesses.

Where the manual leaves a choice, this machine takes one: it caches every successful translation
until it is flushed, trusts a cached translation over memory, and drops it at a page fault. The
accessed flags of the upper levels are set on the way down, in faulting walks too, and those of an
access's first page before its second page is looked at. :mod:`sim.golden.stale` knows the other
choices.

Ref: Intel SDM Vol. 3A, sections 4.7, 4.8, 4.10; Vol. 1, section 3.3.7.1 "Canonical Addressing".
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from sw.bus import Access, Fault, GeneralProtection, Kind, PageFault, Register

from .control import Flush, read_register, write_register
from .invpcid import invpcid
from .memory import GoldenMemory
from .permission import Attempt, denied, violation_code
from .state import ControlState, Features, PagingMode
from .tlb import GoldenTlb
from .walk import Walk, walk


__all__ = ["GoldenMmu", "Outcome"]


class Outcome(NamedTuple):
    """End of an access.

    Attributes
    ----------
    data : :class:`int`
        The value that was read; 0 after a write or a fault.
    physical : :class:`int` or :class:`None`
        Physical address of the first byte, if there was no fault.
    fault : ``sw.bus.Fault`` or :class:`None`
        Why the access was not done.
    """

    data:     int          = 0
    physical: int | None   = None
    fault:    Fault | None = None

    def agrees(self, other: "Outcome") -> bool:
        """Equality of what the processor sees: faults are equal if their contents are."""
        if isinstance(self.fault, PageFault) and isinstance(other.fault, PageFault):
            return (self.fault.address, self.fault.error_code) == (
                other.fault.address, other.fault.error_code)
        return type(self.fault) is type(other.fault) and self[:2] == other[:2]


class GoldenMmu:
    """One processor's memory-management unit, with its memory.

    Parameters
    ----------
    machine : :class:`Features`
        Features.

    Attributes
    ----------
    memory : :class:`GoldenMemory`
        Physical memory.
    tlb : :class:`GoldenTlb`
        Cached translations.
    """

    def __init__(self, machine: Features | None = None) -> None:
        self.memory = GoldenMemory()
        self.tlb    = GoldenTlb()
        self._state = ControlState(machine=machine or Features())
        self._mask  = self._state.linear_mask
        # Pages that a class of accesses may use at once: derived from the TLB and the state.
        self._ready: dict[int, tuple[bytearray, int]] = {}

    @property
    def state(self) -> ControlState:
        """Present control state. Setting it flushes nothing."""
        return self._state

    @state.setter
    def state(self, state: ControlState) -> None:
        self._state = state
        self._mask  = state.linear_mask
        self._ready.clear()

    def read_control(self, register: Register) -> int:
        """Read a control register."""
        return read_register(self._state, register)

    def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        state, flush = write_register(self._state, register, value, self.memory.read)
        if register in (Register.RFLAGS, Register.CR2):
            self._state = state
            return
        self.state = state
        if flush is not Flush.NOTHING:
            self.tlb.forget(lambda translation: flush.concerns(translation, state.pcid))

    def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``. Rules 26, 34."""
        linear &= self._mask
        if self._state.canonical(linear):
            self._drop(linear)

    def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        self.tlb.forget(invpcid(self._state, kind, descriptor).concerns)
        self._ready.clear()

    def access(self, access: Access) -> Outcome:
        """Do one access, or none of it."""
        linear, size, kind = access.linear & self._mask, access.size, access.kind
        offset = linear & 0xfff
        if offset + size > 4096:
            return self._access_two_pages(access, linear)

        try:
            page, base = self._page(linear, access)
        except (PageFault, GeneralProtection) as fault:
            return Outcome(fault=fault)
        if kind is Kind.READ or kind is Kind.FETCH:
            data = int.from_bytes(page[offset:offset + size], "little")
            return Outcome(data, base | offset)
        if kind is Kind.WRITE:
            stored = access.data & (1 << 8 * size) - 1
            page[offset:offset + size] = stored.to_bytes(size, "little")
            return Outcome(0, base | offset)
        return Outcome(self._operate(access, base | offset, base), base | offset)

    def spans(self, linear: int, count: int, kind: Kind, *,
              user: bool) -> Iterator[tuple[bytearray, int, int]]:
        """Memory of ``count`` bytes upwards, page by page: its page, offset in it, and bytes.

        A page is looked at when it is its turn, with an access to its first byte: if that is
        allowed, so are those that follow. Raises :class:`PageFault`, :class:`GeneralProtection`.
        """
        while count:
            offset  = linear & 0xfff
            size    = min(count, 4096 - offset)
            page, _ = self._page(linear & self._mask, Access(linear, 1, kind, user))
            yield page, offset, size
            linear += size
            count  -= size

    def _page(self, linear: int, access: Access) -> tuple[bytearray, int]:
        """The page of memory that an access within one page is to, and its physical address.

        Raises :class:`PageFault`, :class:`GeneralProtection`.
        """
        key   = self._key(linear, access)
        ready = self._ready.get(key)
        if ready is None:
            physical = self._translate(linear, access)
            ready    = self.memory.page(physical >> 12), physical & -4096
            self._ready[key] = ready
        return ready

    def _key(self, linear: int, access: Access) -> int:
        """Number of a page and of a class of accesses to it."""
        # STAC and CLAC are frequent, hence the flag is part of the key instead of a flush.
        kind = access.kind
        return (
            linear >> 12 << 5 | self._state.ac << 4 | access.implicit << 3 | access.user << 2
            | (0 if kind is Kind.READ else 1 if kind is Kind.FETCH else 2)
        )

    def _access_two_pages(self, access: Access, linear: int) -> Outcome:
        """Do an access whose last byte is in another page than its first."""
        second = (linear | 0xfff) + 1 & self._mask
        try:
            self._check_canonical(linear)
            self._check_canonical(linear + access.size - 1 & self._mask)
            physical = self._translate(linear, access)
            base     = self._translate(second, access)
        except (PageFault, GeneralProtection) as fault:
            return Outcome(fault=fault)
        return Outcome(self._operate(access, physical, base), physical)

    def _operate(self, access: Access, physical: int, second: int) -> int:
        """Read and write memory byte by byte; bytes beyond the first page are at ``second``."""
        addresses = [
            physical + i if (physical & 0xfff) + i < 4096
            else second + (physical + i & 0xfff)
            for i in range(access.size)
        ]
        data = sum(self.memory.read(address, 1) << 8 * i for i, address in enumerate(addresses))
        mask = (1 << 8 * access.size) - 1
        if access.kind in (Kind.WRITE, Kind.EXCHANGE) or (
            access.kind is Kind.COMPARE_EXCHANGE and data == access.compare & mask
        ):
            for i, address in enumerate(addresses):
                self.memory.write(address, 1, access.data >> 8 * i)
        return 0 if access.kind is Kind.WRITE else data

    def _check_canonical(self, linear: int) -> None:
        if not self._state.canonical(linear):
            raise GeneralProtection(f"the address {linear:#x} is not canonical")

    def _translate(self, linear: int, access: Access) -> int:
        """Physical address of ``linear``. Raises :class:`PageFault`, :class:`GeneralProtection`.

        Rules 18, 22, 23.
        """
        self._check_canonical(linear)
        state, attempt = self._state, Attempt.of(access)
        if state.mode is PagingMode.OFF:
            return linear

        cached = self.tlb.find(linear, state.pcid)
        if cached is not None:
            if denied(state, cached.rights, attempt):
                raise self._page_fault(linear, violation_code(state, cached.rights, attempt))
            if cached.dirty or not attempt.write:
                return cached.translate(linear)

        walked = walk(state, attempt, linear, self.memory.read)
        for update in walked.updates:
            self.memory.write(update.address, update.size, update.value)
        self.conclude(linear, walked)
        assert walked.translation is not None, "a walk without one ends in a fault"
        return walked.translation.translate(linear)

    def walks(self, linear: int, access: Access) -> bool:
        """True if an access to ``linear`` needs a walk. Nothing changes."""
        linear &= self._mask
        if self._key(linear, access) in self._ready:
            return False
        state, attempt = self._state, Attempt.of(access)
        if state.mode is PagingMode.OFF or not state.canonical(linear):
            return False
        cached = self.tlb.find(linear, state.pcid)
        return cached is None or not (denied(state, cached.rights, attempt)
                                      or cached.dirty or not attempt.write)

    def conclude(self, linear: int, walked: Walk) -> None:
        """End a walk whose updates are in memory: cache what it found, instead of what was there.

        Raises :class:`PageFault`.
        """
        if walked.translation is None:
            raise self._page_fault(linear, walked.error_code)
        if self.tlb.find(linear, self._state.pcid) is not None:
            self._drop(linear)
        self.tlb.fill(walked.translation)

    def _page_fault(self, linear: int, code: int) -> PageFault:
        """Drop the translation, set CR2, and return the fault. Rule 25."""
        self._drop(linear)
        self._state = replace(self._state, cr2=linear)
        return PageFault(linear, code)

    def _drop(self, linear: int) -> None:
        """Forget what the current PCID has of ``linear``, and what is global."""
        self.tlb.drop(linear, self._state.pcid)
        self._ready.clear()
