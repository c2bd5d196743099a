"""Coverpoints of pages and reserved bits: rules 5 to 7."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen, WalkedEntry, privilege
from sim.coverage.reachability import NO_NX, Reachability
from sim.golden.reserved import PS, XD
from sim.golden.state import ControlState, PagingMode

from .terms import (
    DATA, KINDS, LEVELS, MODES, PAGES, PRIVILEGES, attempt, bit, bits, class_of, cross,
    first_reason, shift_name,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 5 to 7 for a unit."""
    yield from _sizes(config)
    yield from _reserved(config)


def _sizes(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("pages", "Accesses that are done, by the size of the page.",
                     (*((*page, kind) for page in PAGES for kind in KINDS.values()),
                      *cross(("off",), ("-",), KINDS.values())),
                     lambda mode, size, kind: reach.size(mode, size),
                     5, ("mode", "size", "kind"), pages)
    yield Coverpoint("PAT", "Bit 7 of a PTE, and bit 12 of an entry that maps a larger page.",
                     tuple((*page, value) for page in PAGES for value in bits("PAT")),
                     lambda mode, size, value: reach.size(mode, size),
                     5, ("mode", "size", "PAT"), pat)


def _reserved(config: MmuConfig) -> Iterator[Coverpoint]:
    reach  = Reachability(config)
    family = {"long mode": "4-level", "PAE": "PAE"}
    yield Coverpoint("reserved address bits", "The only reserved bit that is set, from M to 51.",
                     cross(family, ("leaf", "table"), shift_name(range(32, 52))),
                     lambda name, *rest: reach.mode(family[name]),
                     6, ("family", "form", "bit"), reserved_address, "reserved bit")
    yield Coverpoint("reserved bits of large pages", "The only reserved bit that is set.",
                     (*cross(family, ("2M",), shift_name(range(13, 21))),
                      *cross(("long mode",), ("1G",), shift_name(range(13, 30)))),
                     lambda name, size, number: reach.size(family[name], size),
                     6, ("family", "size", "bit"), reserved_large, "reserved bit")
    yield Coverpoint("ignored bits", "Bits that long mode ignores, in an access that is done.",
                     cross(("leaf", "table"), shift_name(range(52, 63))),
                     lambda form, number: reach.mode("4-level"),
                     6, ("form", "bit"), ignored_bits, "ignored bit")
    yield Coverpoint("D and G of tables", "Ignored in an entry that refers to a table.",
                     tuple((mode, level, name) for mode in MODES for level in LEVELS[mode][:-1]
                           for name in "DG"), lambda mode, *rest: reach.mode(mode),
                     6, ("mode", "level", "ignored"), ignored_flags, "ignored bit")
    yield Coverpoint("XD without NXE", "The level of the entry, and the access.",
                     tuple((mode, level, kind) for mode in MODES[:3] for level in LEVELS[mode]
                           for kind in DATA),
                     lambda mode, *rest: first_reason(
                         reach.mode(mode), None if config.nx or config.wide_entries else NO_NX),
                     7, ("mode", "level", "class"), xd_without_nxe, "XD without NXE")
    yield Coverpoint("NX", "Walks of 8-byte entries: NXE, XD anywhere, privilege and kind.",
                     cross(bits("NXE"), bits("XD"), PRIVILEGES, ("fetch", "other")),
                     reach.no_nx, 7, ("NXE", "XD", "privilege", "fetches"), nx)


def pages(seen: AccessSeen) -> Hits:
    """Pages of accesses that are done."""
    if seen.fault:
        return
    if seen.state.mode is PagingMode.OFF:
        yield "off", "-", KINDS[seen.access.kind]
    elif seen.pages and seen.pages[0].size:
        yield seen.state.mode.value, seen.pages[0].size, KINDS[seen.access.kind]


def pat(seen: AccessSeen, page: PageSeen) -> Hits:
    """PAT of the leaf of an access that is done."""
    if page.ending == "done" and page.leaf is not None and page.read:
        place = 7 if page.size == "4K" else 12
        yield seen.state.mode.value, page.size, bit("PAT", page.leaf.value >> place & 1)


def _only_reserved(seen: AccessSeen, page: PageSeen) -> tuple[WalkedEntry, int] | None:
    """The entry with a reserved bit, and the number of that bit, if it is the only one."""
    if page.ending != "reserved":
        return None
    last = page.entries[-1]
    if last.reserved & last.reserved - 1:
        return None
    return last, last.reserved.bit_length() - 1


def _family(state: ControlState) -> str:
    return "long mode" if state.long_mode else state.mode.value


def reserved_address(seen: AccessSeen, page: PageSeen) -> Hits:
    """The one address bit beyond M that is set."""
    found = _only_reserved(seen, page)
    if found is None or seen.state.mode is PagingMode.BITS_32:
        return
    entry, number = found
    if seen.state.machine.maxphyaddr <= number < 52:
        yield _family(seen.state), "leaf" if entry.leaf else "table", f"bit {number}"


def reserved_large(seen: AccessSeen, page: PageSeen) -> Hits:
    """The one bit below the address of a large page that is set."""
    found = _only_reserved(seen, page)
    if found is None or seen.state.mode is PagingMode.BITS_32:
        return
    entry, number = found
    if entry.value & PS and 12 < number < entry.level.shift:
        yield _family(seen.state), "2M" if entry.level.shift == 21 else "1G", f"bit {number}"


def ignored_bits(seen: AccessSeen, page: PageSeen) -> Hits:
    """Bits 52 to 62 of the entries of an access that is done."""
    if page.ending != "done" or not seen.state.long_mode:
        return
    for entry in page.read:
        for number in range(52, 63):
            if entry.value >> number & 1:
                yield "leaf" if entry.leaf else "table", f"bit {number}"


def ignored_flags(seen: AccessSeen, page: PageSeen) -> Hits:
    """D and G of upper entries of an access that is done."""
    if page.ending != "done":
        return
    for entry in page.read[:-1]:
        for name, number in (("D", 6), ("G", 8)):
            if entry.value >> number & 1:
                yield seen.state.mode.value, entry.level.name, name


def xd_without_nxe(seen: AccessSeen, page: PageSeen) -> Hits:
    """XD where it is reserved."""
    if page.ending == "reserved" and page.entries[-1].reserved == XD:
        yield seen.state.mode.value, page.entries[-1].level.name, class_of(seen)


def nx(seen: AccessSeen, page: PageSeen) -> Hits:
    """XD and NXE."""
    malformed = bool(page.entries) and page.entries[-1].reserved == XD
    if seen.state.mode is PagingMode.BITS_32 or not page.read or not (page.leaf or malformed):
        return
    yield (bit("NXE", seen.state.no_execute), bit("XD", page.any_set(XD)),
           privilege(seen.access), "fetch" if attempt(seen).fetch else "other")
