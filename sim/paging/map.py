"""The whole address space of one processor as of one cycle: what is mapped, and with what rights.

As a walk is, it is read from the record of the ports, and judged by the golden model.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sim.golden.memory import Read
from sim.golden.permission import Rights
from sim.golden.reserved import A, D, G, P, is_leaf, levels, reserved_bits, table_address
from sim.golden.state import ControlState, Features, PagingMode
from sim.golden.walk import Step, Translation, found_by
from sim.record.history import MemoryHistory
from sim.record.tlb import TlbEntry
from sim.record.trace import Trace

from .walk import address_space, outdated


__all__ = ["FLAGS", "AddressMap", "Region", "address_map"]


#: Bits of a linear address that are translated, in the modes that extend the sign of the last one.
_EXTENDED = {PagingMode.FOUR_LEVELS: 48, PagingMode.FIVE_LEVELS: 57}

#: Bytes of linear address space behind a PDPTE register of PAE paging.
_QUARTER = 1 << 30


@dataclass(frozen=True)
class Region:
    """Pages of one size and of equal flags, one after the other, linear and physical.

    Attributes
    ----------
    linear : :class:`int`
        First byte.
    physical : :class:`int` or :class:`None`
        First byte; None if an entry is malformed, so that any access faults.
    size, count : :class:`int`
        Bytes of a page; and how many pages there are.
    rights : :class:`sim.golden.permission.Rights`
        Rights of all levels together, and the key of the leaves where pages have keys.
    accessed, dirty, global_page : :class:`bool`
        Flags of the leaves.
    held, stale : :class:`int`
        How many of the pages the TLB holds a translation of; and how many otherwise than memory.
    """

    linear:      int
    physical:    int | None
    size:        int
    count:       int
    rights:      Rights
    accessed:    bool
    dirty:       bool
    global_page: bool
    held:        int = 0
    stale:       int = 0

    @property
    def span(self) -> range:
        """Its linear addresses."""
        return range(self.linear, self.linear + self.size * self.count)

    @property
    def frames(self) -> range:
        """Its physical addresses; none if an entry is malformed."""
        start = self.physical or 0
        return range(start, start + self.size * self.count * (self.physical is not None))


#: Properties of a region that one can ask for, by name.
FLAGS: Mapping[str, Callable[[Region], bool]] = {
    "writable":   lambda region: region.rights.writable,
    "executable": lambda region: not region.rights.execute_disable,
    "user":       lambda region: region.rights.user,
    "kernel":     lambda region: not region.rights.user,
    "accessed":   lambda region: region.accessed,
    "dirty":      lambda region: region.dirty,
    "global":     lambda region: region.global_page,
    "reserved":   lambda region: region.physical is None,
    "cached":     lambda region: region.held > 0,
    "stale":      lambda region: region.stale > 0,
}


@dataclass(frozen=True)
class AddressMap:
    """Pages that the tables of one address space map.

    Attributes
    ----------
    cycle, cpu : :class:`int`
        What was asked for.
    state : :class:`sim.golden.state.ControlState`
        The control registers; CR3 is that of the address space.
    loaded : :class:`bool`
        The processor has that CR3 in that cycle; see :class:`.walk.PageWalk`.
    regions : sequence of :class:`Region`
        By rising linear address; empty without paging.
    stale : sequence of :class:`sim.record.tlb.TlbEntry`
        Translations in the TLB that the entries in memory do not make.
    """

    cycle:   int
    cpu:     int
    state:   ControlState
    loaded:  bool
    regions: Sequence[Region]
    stale:   Sequence[TlbEntry]


def address_map(
    traces: Sequence[Trace], history: MemoryHistory, *, cycle: int, cpu: int = 0,
    cr3: int | None = None, features: Features, linear: range | None = None,
    physical: range | None = None, flags: Iterable[str] = (),
) -> AddressMap:
    """Map of what the tables map as of ``cycle``, before anything of that cycle is done.

    Of the pages that have a byte in ``linear`` and in ``physical``, and all of :data:`FLAGS` that
    are named; ``no-`` before a name asks for those without. The tables are those of ``cr3``, or
    else those that the processor has loaded.

    A record without the changes of the TLB tells nothing of it. Raises :class:`LookupError` if
    that cycle is not on record.
    """
    state, loaded = address_space(traces[cpu], history, cycle, features, cr3)

    def read(address: int, size: int) -> int:
        return history.read(address, size, cycle=cycle)

    if state.mode is PagingMode.OFF:
        return AddressMap(cycle, cpu, state, loaded, (), ())
    held   = traces[cpu].tlb_at(cycle) if traces[cpu].reports_tlb else ()
    cached = [entry for entry in held if entry.serves(entry.linear, state.pcid)
              and (loaded or entry.global_page)]
    pages  = list(_pages(state, read))
    wanted = (page for page in _held(pages, cached)
              if (linear   is None or _overlap(page.span, linear))
              and (physical is None or _overlap(page.frames, physical))
              and all(FLAGS[name.removeprefix("no-")](page) != name.startswith("no-")
                      for name in flags))
    return AddressMap(cycle, cpu, state, loaded, tuple(_merged(wanted)), tuple(
        entry for entry in cached if _is_stale(pages, entry)))


def _pages(state: ControlState, read: Read) -> Iterator[Region]:
    """The pages of an address space, one by one, by rising address."""
    if state.mode is not PagingMode.PAE:
        yield from _table(state, read, table_address(state, state.cr3), 0, 0, Rights())
        return
    for number, pdpte in enumerate(state.pdptes):
        if pdpte & P:
            yield from _table(state, read, table_address(state, pdpte), 0, number * _QUARTER,
                              Rights())


def _table(state: ControlState, read: Read, table: int, depth: int, base: int,
           above: Rights) -> Iterator[Region]:
    """Those that a table of level ``depth`` leads to; it translates the addresses from ``base``."""
    level = levels(state)[depth]
    for index in range(1 << level.index_bits):
        address = table + index * level.entry_size
        entry   = read(address, level.entry_size)
        if not entry & P:
            continue
        linear = base + index * level.region
        width  = _EXTENDED.get(state.mode)
        if width is not None and linear >> width - 1:
            linear |= (1 << 64) - (1 << width)
        rights = above.below(entry)
        if entry & reserved_bits(state, level, entry):
            yield Region(linear, None, level.region, 1, rights, bool(entry & A), False, False)
        elif is_leaf(state, level, entry):
            page = found_by(state, Step(level, address, entry, rights), linear,
                            dirty=bool(entry & D))
            yield Region(linear, page.physical, page.size, 1, page.rights, bool(entry & A),
                         page.dirty, bool(entry & G))
        else:
            yield from _table(state, read, table_address(state, entry), depth + 1, linear, rights)


def _held(pages: Iterable[Region], cached: Sequence[TlbEntry]) -> Iterator[Region]:
    """The same pages, with what the TLB holds of each."""
    for page in pages:
        held = [entry for entry in cached if _overlap(page.span, _span(entry))]
        stale = any(outdated(entry, _translation(page)) for entry in held)
        yield replace(page, held=1, stale=int(stale)) if held else page


def _is_stale(pages: Sequence[Region], entry: TlbEntry) -> bool:
    page = next((page for page in pages if entry.linear in page.span), None)
    return outdated(entry, None if page is None else _translation(page))


def _translation(page: Region) -> Translation | None:
    """The translation that memory makes of a page; None if an entry is malformed."""
    if page.physical is None:
        return None
    return Translation(page.linear, page.physical, page.size, page.rights, page.global_page,
                       page.dirty)


def _merged(pages: Iterable[Region]) -> Iterator[Region]:
    """Regions as long as they can be."""
    last: Region | None = None
    for page in pages:
        if last is not None and _follows(last, page):
            last = replace(last, count=last.count + 1, held=last.held + page.held,
                           stale=last.stale + page.stale)
        else:
            if last is not None:
                yield last
            last = page
    if last is not None:
        yield last


def _follows(last: Region, page: Region) -> bool:
    """Tell whether a page belongs to the region before it."""
    alike = replace(page, linear=last.linear, physical=last.physical, count=last.count,
                    held=last.held, stale=last.stale) == last
    return (alike and page.linear == last.span.stop and page.physical is not None
            and page.physical == last.frames.stop)


def _span(entry: TlbEntry) -> range:
    return range(entry.linear, entry.linear + entry.size)


def _overlap(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)
