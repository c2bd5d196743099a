"""Coverpoints of PAE paging and its registers: rules 20, 28, 29 and 31."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen, WriteSeen
from sim.coverage.reachability import Reachability
from sim.golden.keys import key_rights
from sim.golden.pdpte import reserved_in_pdpte
from sim.golden.state import (
    CR0_CD, CR0_NW, CR0_PG, CR4_PAE, CR4_PGE, CR4_PKE, CR4_PKS, CR4_PSE, CR4_SMEP, PagingMode,
)

from .terms import attempt, class_of, cross, first_reason, shift_name


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

OUTCOMES = ("loaded", "refused")

#: Writes that load the PDPTEs, by register and bit.
LOADS = ("CR3", "CR0.CD", "CR0.NW", "CR0.PG", "CR4.PAE", "CR4.PGE", "CR4.PSE", "CR4.SMEP")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 20, 28, 29 and 31 for a unit."""
    reach = Reachability(config)

    def no_pae(*rest: str) -> str | None:
        return reach.mode("PAE")

    yield Coverpoint("PDPTEs in use", "The register, the page's size, and the access.",
                     cross("0123", ("4K", "2M"), ("read", "write", "fetch")), no_pae,
                     20, ("PDPTE", "size", "class"), pdptes_in_use, "PAE")
    yield Coverpoint("no keys in PAE", "Data accesses, done, with PKE or PKS, and AD of key 0.",
                     (("PKE",), ("PKS",)),
                     lambda name: first_reason(no_pae(), reach.bit(f"{name}=1")),
                     20, ("PAE key",), no_keys, "PAE keys")
    yield Coverpoint("PDPTEs", "Writes of a control register that load PDPTEs.",
                     cross(("CR0", "CR3", "CR4"), OUTCOMES), no_pae,
                     28, ("register", "load"), loads, "PDPTE load")
    yield Coverpoint("causes of loads", "The register, or the bit that changes, which loads them.",
                     cross(LOADS, OUTCOMES),
                     lambda cause, outcome: first_reason(no_pae(), _no_bit(reach, cause)),
                     28, ("cause of load", "load"), load_causes, "PDPTE load")
    yield Coverpoint("writes without a load", "Writes in PAE paging that read no memory.",
                     cross(("CR0.WP", "CR4.SMAP", "CR4.PKE", "EFER.NXE", "RFLAGS.AC")),
                     lambda cause: first_reason(no_pae(), _no_bit(reach, cause)),
                     28, ("no load",), no_loads, "no PDPTE load")
    yield Coverpoint("malformed PDPTEs", "The register, and its only reserved bit.",
                     (*cross("0123", shift_name((1, 2, 5, 6, 7, 8, 63))),
                      *cross(("any",), shift_name(range(32, 64)))), no_pae,
                     28, ("PDPTE", "bit"), malformed_pdptes, "malformed PDPTE")
    yield Coverpoint("missing PDPTEs", "Accesses through a register with P = 0.",
                     cross("0123", ("read", "write", "fetch")), no_pae,
                     28, ("PDPTE", "class"), missing_pdptes, "missing PDPTE")
    yield Coverpoint("edited PDPTEs", "PDPTEs that memory has no longer, what was done since, and "
                     "by which a page is walked.",
                     (("INVLPG", "the old one"), ("MOV CR3", "the new one")), no_pae,
                     28, ("since", "walked by"), edited_pdptes, "edited PDPTE")
    yield Coverpoint("upper bits in PAE", "The only reserved bit that is set, from 52 to 62.",
                     cross(("PDE", "PTE", "2M"), shift_name(range(52, 63))), no_pae,
                     29, ("entry", "bit"), upper_bits, "reserved bit")
    yield Coverpoint("upper half of CR3", "Accesses, done, while long mode's upper half is there.",
                     (("32-bit",), ("PAE",)),
                     lambda mode: first_reason(reach.mode("4-level"), reach.mode(mode)),
                     31, ("mode",), upper_half, "upper half")


def pdptes_in_use(seen: AccessSeen, page: PageSeen) -> Hits:
    """Registers that lead to a page."""
    if seen.state.mode is PagingMode.PAE and page.ending == "done" and page.size:
        yield str(page.linear >> 30), page.size, class_of(seen)


def no_keys(seen: AccessSeen, page: PageSeen) -> Hits:
    """Accesses that a key would refuse in long mode."""
    if seen.state.mode is not PagingMode.PAE or page.ending != "done" or attempt(seen).fetch:
        return
    for name, enabled, user in (("PKE", CR4_PKE, True), ("PKS", CR4_PKS, False)):
        if seen.state.cr4 & enabled and page.all_set(4) == user \
                and key_rights(seen.state, 0, user_page=user).access_disable:
            yield (name,)


def loads(seen: WriteSeen) -> Hits:
    """Writes that read PDPTEs."""
    if seen.pdptes:
        yield seen.register, "refused" if seen.refused else "loaded"


def load_causes(seen: WriteSeen) -> Hits:
    """The one bit of a write that makes it read PDPTEs."""
    if not seen.pdptes:
        return
    causes: dict[str, list[tuple[str, int]]] = {
        "CR3": [("CR3", 1)],
        "CR0": [(f"CR0.{name}", (seen.before.cr0 ^ seen.value) & mask) for name, mask in (
            ("CD", CR0_CD), ("NW", CR0_NW), ("PG", CR0_PG))],
        "CR4": [(f"CR4.{name}", (seen.before.cr4 ^ seen.value) & mask) for name, mask in (
            ("PAE", CR4_PAE), ("PGE", CR4_PGE), ("PSE", CR4_PSE), ("SMEP", CR4_SMEP))],
    }
    found = [name for name, changes in causes.get(seen.register, ()) if changes]
    if len(found) == 1:
        yield found[0], "refused" if seen.refused else "loaded"


def no_loads(seen: WriteSeen) -> Hits:
    """Writes in PAE paging that have read nothing."""
    if seen.before.mode is not PagingMode.PAE or seen.refused or seen.pdptes:
        return
    before, after = seen.before, seen.after
    changes = {
        "CR0.WP":    before.write_protect != after.write_protect,
        "CR4.SMAP":  before.smap != after.smap,
        "CR4.PKE":   (before.cr4 ^ after.cr4) & CR4_PKE,
        "EFER.NXE":  before.no_execute != after.no_execute,
        "RFLAGS.AC": before.ac != after.ac,
    }
    for name, changed in changes.items():
        if changed:
            yield (name,)


def malformed_pdptes(seen: WriteSeen) -> Hits:
    """PDPTEs that have one reserved bit set."""
    if not seen.refused or not seen.pdptes:
        return
    reserved = reserved_in_pdpte(seen.before)
    wrong    = [(number, pdpte & reserved) for number, pdpte in enumerate(seen.pdptes)
                if pdpte & 1 and pdpte & reserved]
    if len(wrong) == 1 and not wrong[0][1] & wrong[0][1] - 1:
        number, mask = wrong[0]
        name = f"bit {mask.bit_length() - 1}"
        if mask < 1 << 32 or mask == 1 << 63:
            yield str(number), name
        if mask >= 1 << 32:
            yield "any", name


def missing_pdptes(seen: AccessSeen, page: PageSeen) -> Hits:
    """Accesses through a PDPTE that is not present."""
    if seen.state.mode is PagingMode.PAE and page.ending == "missing" and not page.entries:
        yield str(page.linear >> 30), class_of(seen)


def edited_pdptes(seen: AccessSeen, page: PageSeen) -> Hits:
    """Walks after P was cleared in the PDPTE in memory."""
    if seen.state.mode is not PagingMode.PAE or page.by != "walk" or len(page.since) != 2:
        return
    edit, then = page.since
    place = (seen.state.cr3 & 0xffff_ffe0) + 8 * (page.linear >> 30)
    if (edit.name, edit.linear) == ("edit", place) and not edit.value & 1 \
            and then.name in ("INVLPG", "MOV CR3"):
        if page.ending == "done" and page.begins == "PDE":
            yield then.name, "the old one"
        elif page.ending == "missing" and not page.entries:
            yield then.name, "the new one"


def upper_bits(seen: AccessSeen, page: PageSeen) -> Hits:
    """The one of bits 52 to 62 that is set."""
    if seen.state.mode is not PagingMode.PAE or page.ending != "reserved":
        return
    entry  = page.entries[-1]
    number = entry.reserved.bit_length() - 1
    if 52 <= number < 63 and entry.reserved == 1 << number:
        yield ("2M" if entry.leaf and entry.level.name == "PDE" else entry.level.name,
               f"bit {number}")


def upper_half(seen: AccessSeen) -> Hits:
    """Accesses outside long mode while CR3 has more than 32 bits."""
    if not seen.fault and seen.state.cr3 >> 32 and seen.pages and not seen.state.long_mode:
        yield (seen.state.mode.value,)


def _no_bit(reach: Reachability, cause: str) -> str | None:
    return reach.bit(f"{cause.partition('.')[2]}=1")
