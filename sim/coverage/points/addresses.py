"""Coverpoints of addresses, linear and physical: rules 6, 8, 19, 28 and 32.

Where tables and pages are, and which addresses are not canonical.
"""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen, WriteSeen
from sim.coverage.reachability import Reachability
from sim.golden.reserved import bits as mask
from sim.golden.state import PagingMode

from .terms import KINDS, LEVELS, cross, first_reason, shift_name


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

LONG = ("5-level", "4-level")

#: Bits of CR3 below the address of a directory.
LOW = shift_name(range(12))


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of addresses for a unit."""
    reach  = Reachability(config)
    family = {"long mode": "4-level", "PAE": "PAE"}

    def no_low(mode: str, number: str, *rest: str) -> str | None:
        kept = config.pae or config.pcid or number in ("bit 3", "bit 4")
        return first_reason(reach.mode(mode), None if kept else "this unit does not keep the bit")

    yield Coverpoint("address bits", "Bits below M of an entry, in an access that is done.",
                     cross(family, ("leaf", "table"), shift_name(range(32, 52))),
                     lambda name, *rest: reach.mode(family[name]),
                     6, ("family", "form", "bit"), address_bits, "address bit")
    yield Coverpoint("canonical", "Addresses that are not canonical, and what of an access is "
                     "there.",
                     cross(LONG, KINDS.values(), ("all bytes", "last bytes", "first bytes")),
                     lambda mode, *rest: reach.mode(mode),
                     8, ("mode", "kind", "where"), not_canonical, "canonical")
    yield Coverpoint("last canonical bytes", "Accesses that end or begin at the edge, and are "
                     "done.", cross(LONG, ("below", "above"), KINDS.values()),
                     lambda mode, *rest: reach.mode(mode),
                     8, ("mode", "edge", "kind"), edges, "canonical")
    yield Coverpoint("low bits of CR3", "Bits that 32-bit paging ignores, in a walk that is done.",
                     cross(("32-bit",), LOW), no_low,
                     19, ("mode", "bit"), low_bits, "low bits of CR3")
    yield Coverpoint("low bits of CR3 in PAE", "Bits that are ignored, and those that say where "
                     "the PDPTEs are, in a walk that is done.",
                     cross(("PAE",), LOW), no_low,
                     28, ("mode", "bit"), low_bits_in_pae, "low bits of CR3")
    yield Coverpoint("low bits of CR3 without PCIDs", "Bits that long mode ignores with PCIDE = 0, "
                     "in a walk that is done.", cross(LONG, LOW), no_low,
                     32, ("mode", "bit"), low_bits_in_long_mode, "low bits of CR3")
    yield Coverpoint("bit 63 of CR3", "It is reserved, or not stored.",
                     (("PCIDE=0", "refused"), ("PCIDE=1", "not stored")),
                     lambda pcide, *rest: first_reason(reach.mode("4-level"), reach.bit(pcide)),
                     32, ("PCIDE", "CR3"), highest_bit, "bit 63 of CR3")


def address_bits(seen: AccessSeen, page: PageSeen) -> Hits:
    """Address bits of the entries that were read, in an access that is done."""
    if page.ending != "done" or seen.state.mode in (PagingMode.BITS_32, PagingMode.OFF):
        return
    family = "long mode" if seen.state.long_mode else "PAE"
    for entry in page.read:
        for number in range(32, 52):
            if entry.value >> number & 1:
                yield family, "leaf" if entry.leaf else "table", f"bit {number}"


def not_canonical(seen: AccessSeen) -> Hits:
    """Accesses that end in #GP."""
    if seen.fault != "#GP":
        return
    last = seen.access.linear + seen.access.size - 1 & mask(63, 0)
    inside = [seen.state.canonical(seen.access.linear), seen.state.canonical(last)]
    where  = {(False, False): "all bytes", (True, False): "last bytes",
              (False, True): "first bytes"}
    if tuple(inside) in where:
        yield seen.state.mode.value, KINDS[seen.access.kind], where[inside[0], inside[1]]


def edges(seen: AccessSeen) -> Hits:
    """Accesses at the edge that are done."""
    if seen.fault or not seen.state.long_mode:
        return
    half = 1 << (56 if seen.state.mode is PagingMode.FIVE_LEVELS else 47)
    if seen.access.linear + seen.access.size == half:
        yield seen.state.mode.value, "below", KINDS[seen.access.kind]
    if seen.access.linear == (1 << 64) - half:
        yield seen.state.mode.value, "above", KINDS[seen.access.kind]


def _low_bits(seen: AccessSeen, page: PageSeen, *modes: str) -> Hits:
    mode = seen.state.mode.value
    if mode in modes and page.ending == "done" and page.read \
            and page.read[0].level.name == LEVELS[mode][0] and not seen.state.pcid_enable:
        for number in range(12):
            if seen.state.cr3 >> number & 1:
                yield mode, f"bit {number}"


def low_bits(seen: AccessSeen, page: PageSeen) -> Hits:
    """Low bits of CR3 in 32-bit paging."""
    return _low_bits(seen, page, "32-bit")


def low_bits_in_pae(seen: AccessSeen, page: PageSeen) -> Hits:
    """Low bits of CR3 in PAE paging."""
    return _low_bits(seen, page, "PAE")


def low_bits_in_long_mode(seen: AccessSeen, page: PageSeen) -> Hits:
    """Low bits of CR3 in long mode."""
    return _low_bits(seen, page, *LONG)


def highest_bit(seen: WriteSeen) -> Hits:
    """Bit 63 of a write of CR3."""
    if seen.register != "CR3" or not seen.value >> 63 or not seen.before.long_mode:
        return
    if not seen.before.pcid_enable:
        yield "PCIDE=0", "refused" if seen.refused else "loaded"
    else:
        yield "PCIDE=1", "stored" if seen.after.cr3 >> 63 else "not stored"
