"""Coverpoints of the modes, and of their changes: rules 19, 21, 30 and 37."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, OperationSeen, PageSeen, WriteSeen
from sim.coverage.reachability import Reachability
from sim.golden.reserved import PS
from sim.golden.state import (
    CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR4_LA57, CR4_PAE, CR4_PCIDE, EFER_LME, PagingMode,
)
from sim.paging.walk import features_of

from .terms import (
    LEVELS, MODES, Bins, bit, bits, class_of, cross, first_reason, known_bits, shift_name,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

#: Illegal changes of a mode, but for bits that do not exist: what the write does, and the mode
#: that it is done in.
ILLEGAL: Bins = (
    ("PG without PE", "off"), ("NW without CD", "off"), ("LME without PAE", "off"),
    ("PAE cleared", "4-level"), ("PAE cleared", "5-level"),
    *(("LME changed", mode) for mode in MODES),
    ("LA57 changed", "4-level"), ("LA57 changed", "5-level"),
    *(("PCIDE set", mode) for mode in ("off", "32-bit", "PAE")),
    *((f"PCIDE set while CR3 bit {number} is", mode) for number in range(12)
      for mode in ("4-level", "5-level")),
    ("PG cleared while PCIDE is", "4-level"), ("PG cleared while PCIDE is", "5-level"),
)

#: Bits of the address of INVPCID and INVLPG that are not a copy of its sign, from 47 up.
WIDTHS = ("48 bits", "57 bits", "neither")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 19, 21, 30 and 37 for a unit."""
    yield from _thirty_two(config)
    yield from _changes(config)
    yield from _five_levels(config)


def _thirty_two(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("PSE and PS", "A PDE of 32-bit paging, in an access that is done.",
                     cross(bits("PSE"), bits("PS")), lambda pse, ps: reach.bit(pse),
                     19, ("PSE", "PS"), pse_and_ps, "32-bit")
    yield Coverpoint("PSE elsewhere", "2 MiB pages whatever CR4.PSE.",
                     cross(MODES[:3], bits("PSE")),
                     lambda mode, pse: first_reason(reach.mode(mode), reach.bit(pse)),
                     19, ("mode", "PSE"), pse_elsewhere, "2M")
    yield Coverpoint("PSE-36", "Bits 13 to 21 of a 4 MiB page's entry: address bits below M, or "
                     "reserved.",
                     (*cross(shift_name(range(13, 21)), ("address", "reserved")),
                      ("bit 21", "reserved")), lambda *rest: reach.size("32-bit", "4M"),
                     30, ("bit", "meaning"), pse_36, "PSE-36")


def _changes(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("modes", "Changes of the paging mode.",
                     (*((mode, "off") for mode in LEVELS), *(("off", mode) for mode in LEVELS),
                      ("32-bit", "PAE"), ("PAE", "32-bit")),
                     lambda *values: next(filter(None, map(reach.mode, values)), None),
                     21, ("mode before", "mode after"), modes, "change of mode")
    yield Coverpoint("illegal changes", "Changes of mode that end in #GP, and the mode before.",
                     ILLEGAL, lambda change, mode: _no_change(reach, change, mode),
                     21, ("illegal", "mode before"), illegal_changes, "illegal change")
    yield Coverpoint("bits that do not exist", "The only bit of a write that no register has.",
                     (*cross(("CR4", "EFER"), shift_name(range(64))),
                      *cross(("CR0",), shift_name(range(32, 64))),
                      *cross(("CR3",), shift_name(range(32, 63)))),
                     lambda register, number: _exists(config, reach, register, number),
                     21, ("register", "bit"), nonexistent_bits, "illegal write")


def _five_levels(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("addresses of 57 bits", "Accesses, done, beyond the reach of four levels.",
                     cross(("read", "write", "fetch"), ("low", "high")),
                     lambda *rest: reach.mode("5-level"),
                     37, ("class", "half"), wide_addresses, "5-level")
    yield Coverpoint("INVLPG of wide addresses", "Signs that extend 48 bits, 57 bits, or neither.",
                     cross(MODES[:2], WIDTHS), lambda mode, width: reach.mode(mode),
                     37, ("mode", "width"), wide_invlpg, "wide invlpg")
    yield Coverpoint("INVPCID of wide addresses", "Signs that extend 48 bits, 57 bits, or neither, "
                     "and LA57 in every mode.",
                     (*cross(("off", "32-bit", "PAE"), bits("LA57"), WIDTHS),
                      *cross(("4-level",), ("LA57=0",), WIDTHS),
                      *cross(("5-level",), ("LA57=1",), WIDTHS)),
                     lambda mode, la57, width: first_reason(
                         reach.mode(mode), reach.no_operation("INVPCID", "type 0"),
                         reach.mode("5-level") if la57 == "LA57=1" else None),
                     37, ("mode", "LA57", "width"), wide_invpcid, "wide invpcid")


# Samplers

def pse_and_ps(seen: AccessSeen, page: PageSeen) -> Hits:
    """PS of a PDE."""
    if seen.state.mode is PagingMode.BITS_32 and page.ending == "done" \
            and page.read[:1] == page.entries[:1] != ():
        yield (bit("PSE", seen.state.page_size_extensions), bit("PS", page.entries[0].value & PS))


def pse_elsewhere(seen: AccessSeen, page: PageSeen) -> Hits:
    """Pages of 2 MiB."""
    if page.ending == "done" and page.size == "2M" and page.read:
        yield seen.state.mode.value, bit("PSE", seen.state.page_size_extensions)


def pse_36(seen: AccessSeen, page: PageSeen) -> Hits:
    """The upper bits of the address of a 4 MiB page."""
    if seen.state.mode is not PagingMode.BITS_32 or not page.entries or not page.entries[0].leaf:
        return
    entry = page.entries[0]
    for number in range(13, 22):
        if entry.value >> number & 1:
            if page.ending == "done":
                yield f"bit {number}", "address"
            elif page.ending == "reserved" and entry.reserved == 1 << number:
                yield f"bit {number}", "reserved"


def modes(seen: WriteSeen) -> Hits:
    """Changes of mode."""
    if seen.before.mode is not seen.after.mode:
        yield seen.before.mode.value, seen.after.mode.value


def illegal_changes(seen: WriteSeen) -> Hits:
    """The one reason why a write is refused."""
    if seen.refused:
        reasons = list(_reasons(seen))
        if len(reasons) == 1:
            yield reasons[0], seen.before.mode.value


def _reasons(seen: WriteSeen) -> Iterator[str]:
    before, value = seen.before, seen.value
    paging = before.cr0 & CR0_PG
    if seen.register == "CR0":
        if value & CR0_PG and not value & CR0_PE:
            yield "PG without PE"
        if value & CR0_NW and not value & CR0_CD:
            yield "NW without CD"
        if value & CR0_PG and not paging and before.efer & EFER_LME and not before.cr4 & CR4_PAE:
            yield "LME without PAE"
        if not value & CR0_PG and before.pcid_enable:
            yield "PG cleared while PCIDE is"
    elif seen.register == "CR4":
        changed = before.cr4 ^ value
        if before.long_mode and not value & CR4_PAE:
            yield "PAE cleared"
        if before.long_mode and changed & CR4_LA57 and before.machine.la57:
            yield "LA57 changed"
        if changed & value & CR4_PCIDE and before.machine.pcid:
            low = before.cr3 & 0xfff
            if not before.long_mode:
                yield "PCIDE set"
            elif low and not low & low - 1:
                yield f"PCIDE set while CR3 bit {low.bit_length() - 1} is"
    elif seen.register == "EFER" and (value ^ before.efer) & EFER_LME and paging \
            and before.machine.long_mode:
        yield "LME changed"


def nonexistent_bits(seen: WriteSeen) -> Hits:
    """The one bit of a refused write that does not exist."""
    if not seen.refused or seen.pdptes or seen.register not in ("CR0", "CR3", "CR4", "EFER"):
        return
    unknown = seen.value & ~known_bits(seen.before.machine, seen.register)
    # Bit 63 of CR3 exists, but counts with PCIDs only.
    if unknown and not unknown & unknown - 1 and not list(_reasons(seen)) \
            and (seen.register, unknown) != ("CR3", 1 << 63):
        yield seen.register, f"bit {unknown.bit_length() - 1}"


def wide_addresses(seen: AccessSeen) -> Hits:
    """Accesses by addresses that have 57 bits."""
    linear = seen.access.linear
    if not seen.fault and seen.state.mode is PagingMode.FIVE_LEVELS \
            and linear >> 47 not in (0, (1 << 17) - 1):
        yield class_of(seen), "high" if linear >> 63 else "low"


def _width(linear: int) -> str:
    if linear >> 47 in (0, (1 << 17) - 1):
        return "48 bits"
    return "57 bits" if linear >> 56 in (0, 0xff) else "neither"


def wide_invlpg(seen: OperationSeen) -> Hits:
    """INVLPG of any address."""
    if seen.name == "INVLPG" and seen.state.long_mode:
        # The strobe tells whether the unit takes the address for canonical.
        expected = _width(seen.linear) == "48 bits" or (
            _width(seen.linear) == "57 bits" and seen.state.mode is PagingMode.FIVE_LEVELS)
        # Any other is a bin that does not exist.
        wrong = () if seen.invalidated == expected else (
            "invalidates" if seen.invalidated else "does nothing",)
        yield seen.state.mode.value, _width(seen.linear), *wrong


def wide_invpcid(seen: OperationSeen) -> Hits:
    """INVPCID of any address."""
    if seen.name == "INVPCID" and seen.type == 0 and seen.pcid == 0:
        yield (seen.state.mode.value, bit("LA57", seen.state.cr4 & CR4_LA57),
               _width(seen.linear))


# Bins that cannot be


def _no_change(reach: Reachability, change: str, mode: str) -> str | None:
    if change.startswith("LME") or change == "PAE cleared":
        return first_reason(reach.mode("4-level"), reach.mode(mode))
    if change.startswith("LA57"):
        return reach.mode("5-level")
    return first_reason(reach.mode(mode),
                        reach.bit("PCIDE=1") if "PCIDE" in change else None)


def _exists(config: MmuConfig, reach: Reachability, register: str, number: str) -> str | None:
    place = int(number.removeprefix("bit "))
    if register in ("CR4", "EFER") and known_bits(features_of(config), register) >> place & 1:
        return "this unit has the bit"
    if place > 31 and register in ("CR0", "CR3", "CR4"):
        return reach.mode("4-level") and "outside long mode operands have 32 bits"
    return None
