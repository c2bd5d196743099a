"""Every way in which an access may end on a machine whose translations may be stale.

On a fault, accessed flags of upper levels may be set or not (section 4.8). The same is true of
all that an access has done to its first page's entries when its second page faults.

Memory may not answer. Then an access ends in a bus error: if a table of its walk cannot be read, or
an entry that has to be updated cannot be stored, or one of its words cannot be transferred. The
manual leaves all else to the machine: what this one promises is in decision 029.

Ref: Intel SDM Vol. 3A, section 4.8 "Accessed and Dirty Flags", section 4.10 "Caching Translation
Information".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType

from sw.bus import Access, BusError, GeneralProtection, Kind, PageFault

from .memory import GoldenMemory, Read
from .mmu import Outcome
from .permission import Attempt, denied, violation_code
from .reserved import A, D, levels
from .state import ControlState, PagingMode
from .walk import Reference, Translation, Update, walk


__all__ = ["Bytes", "Possibility", "StaleMachine"]


#: Values that bytes of memory may have, by physical address.
Bytes = dict[int, frozenset[int]]


@dataclass(frozen=True)
class Possibility:
    """One way in which an access may end.

    Attributes
    ----------
    outcome : :class:`.mmu.Outcome`
        What the processor sees.
    memory : :class:`dict`
        Physical byte address to the values that the byte may have afterwards. The bytes of
        the entries that were looked at are there too. No other byte changes.
    filled : :class:`tuple`
        Translations that this way may leave in the TLB.
    learnt : :class:`tuple`
        Tables that it may leave in paging-structure caches.
    """

    outcome: Outcome
    memory:  Bytes
    filled:  tuple[Translation, ...] = ()
    learnt:  tuple[Reference, ...]   = ()


@dataclass(frozen=True)
class _Way:
    """One way in which one page of an access may be translated: to ``physical``, or a fault.

    Or memory has not answered its walk, which has ``failed``.
    """

    physical: int | None              = None
    code:     int                     = 0
    upper:    tuple[Update, ...]      = ()
    leaf:     tuple[Update, ...]      = ()
    filled:   tuple[Translation, ...] = ()
    entries:  tuple[int, ...]         = ()
    learnt:   tuple[Reference, ...]   = ()
    failed:   bool                    = False


@dataclass
class StaleMachine:
    """A machine with all that it may have cached.

    Attributes
    ----------
    state : :class:`ControlState`
        Control state.
    memory : :class:`GoldenMemory`
        Physical memory, kept equal to the real machine's.
    cached : :class:`set`
        Every translation that may be in the TLB.
    known : :class:`set`
        Every table that a paging-structure cache may know.
    unsettled : :class:`set`
        Physical addresses of bytes whose accessed flag is clear in ``memory``, but may be set. None
        while ``memory`` is a real machine's.
    """

    state:  ControlState     = field(default_factory=ControlState)
    memory: GoldenMemory     = field(default_factory=GoldenMemory)
    cached: set[Translation] = field(default_factory=set)
    known:  set[Reference]   = field(default_factory=set)

    unsettled: set[int] = field(default_factory=set)

    def possible(self, access: Access) -> list[Possibility]:
        """Every way in which ``access`` may end now."""
        linear = access.linear & self.state.linear_mask
        last   = linear + access.size - 1 & self.state.linear_mask
        if not self.state.canonical(linear) or not self.state.canonical(last):
            return [Possibility(Outcome(fault=GeneralProtection("not canonical")), {})]

        possibilities = []
        for first in self._ways(linear, access, self.memory.load):
            if first.physical is None:
                possibilities.append(self._not_done(linear, first))
            elif (linear ^ last) >> 12 == 0:
                possibilities += self._done(access, first, first)
            else:
                possibilities += self._cross(access, linear, last & -4096, first)
        return possibilities

    def starts(self, linear: int) -> list[Reference]:
        """Tables at which a walk of ``linear`` may begin."""
        return [each for each in self.known if each.serves(linear, self.state.pcid)]

    def _ways(self, linear: int, access: Access, read: Read) -> Iterator[_Way]:
        """Ways to translate the page of ``linear``: by memory, and by what may be cached."""
        if self.state.mode is PagingMode.OFF:
            yield _Way(linear)
            return
        attempt = Attempt.of(access)
        for start in (None, *self.starts(linear)):
            walked = walk(self.state, attempt, linear, read, start)
            updates = walked.updates
            silent  = [number for number, update in enumerate(updates)
                       if not self.memory.answers(update.address, True)]
            if walked.failed or silent:
                yield _Way(failed=True, upper=updates[:silent[0]] if silent else updates,
                           entries=walked.entries, learnt=walked.references)
            if walked.failed or silent and walked.translation is not None:
                continue
            if walked.translation is None:
                yield _Way(code=walked.error_code, upper=walked.upper, entries=walked.entries,
                           learnt=walked.references)
            else:
                yield _Way(walked.translation.translate(linear), 0, walked.upper, walked.leaf,
                           (walked.translation,), walked.entries, walked.references)
        for translation in self.cached:
            if not translation.serves(linear, self.state.pcid):
                continue
            if denied(self.state, translation.rights, attempt):
                yield _Way(code=violation_code(self.state, translation.rights, attempt))
            elif translation.dirty or not attempt.write:
                yield _Way(translation.translate(linear))

    def _cross(
        self, access: Access, linear: int, second_page: int, first: _Way,
    ) -> Iterator[Possibility]:
        """Ways to end, once the first page is translated as ``first``."""
        overlay = _Overlay(self.memory)
        for update in first.upper + first.leaf:
            overlay.write(update.address, update.size, update.value)
        for second in self._ways(second_page, access, overlay.load):
            if second.physical is None:
                yield self._not_done(second_page, second, first)
            else:
                yield from self._done(access, first, second)

    def _not_done(self, linear: int, way: _Way, first: _Way | None = None) -> Possibility:
        """A fault at ``linear``, perhaps after the first page was translated."""
        optional = way.upper
        if first is not None:
            optional += first.upper + first.leaf + tuple(map(self._undirtied, first.leaf))
        memory = self._unchanged(way, first or way)
        for update in optional:
            for i in range(update.size):
                address = update.address + i
                either = {self.memory.read(address, 1), update.value >> 8 * i & 0xff}
                memory[address] |= either
        fault = BusError("of a walk") if way.failed else PageFault(linear, way.code)
        return Possibility(Outcome(fault=fault), memory, first.filled if first else (),
                           way.learnt + (first.learnt if first else ()))

    def _unchanged(self, *ways: _Way) -> Bytes:
        """The entries that ``ways`` looked at, as they are."""
        size = levels(self.state)[0].entry_size
        return {
            address: self._values(address)
            for way in ways for entry in way.entries for address in range(entry, entry + size)
        }

    def _values(self, address: int) -> frozenset[int]:
        """The values that a byte may have."""
        value = self.memory.read(address, 1)
        return frozenset((value, value | A) if address in self.unsettled else (value,))

    def _undirtied(self, update: Update) -> Update:
        """``update`` without a dirty flag that is new."""
        before = self.memory.read(update.address, update.size)
        return update._replace(value=before | update.value & ~D)

    def _done(self, access: Access, first: _Way, second: _Way) -> Iterator[Possibility]:
        """The access is done, with its bytes beyond the first page where ``second`` says.

        Or memory does not answer: of two words, one may be stored all the same.
        """
        assert first.physical is not None and second.physical is not None
        walked = _Overlay(self.memory)
        for update in first.upper + first.leaf + second.upper + second.leaf:
            walked.write(update.address, update.size, update.value)

        inside = min(access.size, 4096 - (first.physical & 0xfff))
        addresses = [first.physical + i for i in range(inside)]
        addresses += [second.physical + i for i in range(access.size - inside)]
        seen = [address for address in addresses if address in self.unsettled
                and address not in walked.bytes and access.kind is not Kind.WRITE]
        for flags in product((0, A), repeat=len(seen)):
            after = _Overlay(self.memory, walked.bytes)
            for address, flag in zip(seen, flags, strict=True):
                after.write(address, 1, self.memory.read(address, 1) | flag)
            data   = sum(after.read(address, 1) << 8 * i for i, address in enumerate(addresses))
            found  = {address: frozenset((after.read(address, 1),)) for address in addresses}
            failed = self._fails(access, data, addresses)
            if _stores(access, data) and failed is not Kind.READ:
                for i, address in enumerate(addresses):
                    if self.memory.answers(address, True):
                        after.write(address, 1, access.data >> 8 * i)

            memory  = self._unchanged(first, second)
            memory |= {address: frozenset((value,)) for address, value in after.bytes.items()}
            others  = first.filled + second.filled, first.learnt + second.learnt
            if failed is None:
                outcome = Outcome(0 if access.kind is Kind.WRITE else data, first.physical)
                yield Possibility(outcome, memory, *others)
            else:
                outcome = Outcome(fault=BusError("of data"))
                yield Possibility(outcome, found | memory, *others)
                yield Possibility(outcome, memory | found, *others)

    def _fails(self, access: Access, data: int, addresses: list[int]) -> Kind | None:
        """Kind of the transfers of which one is not answered: reads, or else writes."""
        if access.kind is not Kind.WRITE and not all(
                self.memory.answers(address, False) for address in addresses):
            return Kind.READ
        if _stores(access, data) and not all(
                self.memory.answers(address, True) for address in addresses):
            return Kind.WRITE
        return None


class _Overlay:
    """Memory with bytes written over it, which leave the memory itself alone."""

    def __init__(self, memory: GoldenMemory, written: Mapping[int, int] = MappingProxyType({})):
        self._memory = memory
        self.bytes   = dict(written)

    def read(self, physical: int, size: int) -> int:
        value = self._memory.read(physical, size)
        for shift, address in zip(range(0, 8 * size, 8), range(physical, physical + size),
                                  strict=True):
            if address in self.bytes:
                value = value & ~(0xff << shift) | self.bytes[address] << shift
        return value

    def load(self, physical: int, size: int) -> int:
        self._memory.load(physical, size)  # If that fails, so does this.
        return self.read(physical, size)

    def write(self, physical: int, size: int, value: int) -> None:
        for i in range(size):
            self.bytes[physical + i] = value >> 8 * i & 0xff


def _stores(access: Access, found: int) -> bool:
    """True if the access changes memory in which it finds ``found``."""
    if access.kind is Kind.COMPARE_EXCHANGE:
        return found == access.compare & (1 << 8 * access.size) - 1
    return access.kind in (Kind.WRITE, Kind.EXCHANGE)
