"""Coverpoints of the verdict on an access: rules 9 to 13."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen, privilege
from sim.coverage.reachability import Reachability
from sim.golden.permission import Refusal
from sim.golden.reserved import D, RW, US

from .terms import (
    BY, KINDS, MODES, PAGES, PRIVILEGES, attempt, bit, bits, class_of, cross, decided, first_reason,
    no_hit,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

ERROR  = ("P", "W", "U", "RSVD", "I/D", "PK")
CAUSES = ("missing", "reserved", "rights")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 9 to 13 for a unit."""
    yield from _error_codes(config)
    yield from _protections(config)
    yield from _implicit(config)


def _error_codes(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("error codes", "Each error code of a page fault.",
                     cross(*(bits(name) for name in ERROR)), reach.no_error,
                     9, ERROR, error_codes, "error code")
    yield Coverpoint("I/D", "Fetches that fault: SMEP and NXE, which tell of them, and the cause.",
                     cross(MODES, bits("SMEP"), bits("NXE"), CAUSES),
                     lambda mode, smep, nxe, cause: first_reason(
                         reach.mode(mode), reach.bits(smep, nxe),
                         cause == "reserved" and mode == "32-bit" and reach.reserved() or None),
                     9, ("mode", "SMEP", "NXE", "fault"), fetch_faults, "fault")
    yield Coverpoint("W", "Writes that fault, locked ones too.",
                     cross(("write", "exchange", "compare-exchange"), PRIVILEGES, CAUSES),
                     lambda kind, privilege, cause: reach.ending(kind, privilege, cause),
                     9, ("kind", "privilege", "fault"), write_faults, "fault")


def _protections(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)

    def by_tlb(*values: str) -> str | None:
        return first_reason(reach.bits(*values[:-1]), no_hit(config, "32-bit", "4K", values[-1]))

    yield Coverpoint("CR0.WP", "Writes: WP, the page's R/W and U/S, and the privilege.",
                     cross(bits("WP"), bits("R/W"), bits("U/S"), PRIVILEGES), rule=10,
                     axes=("WP", "R/W", "U/S", "privilege"), sample=write_protect, recipe="write")
    yield Coverpoint("WP by level", "Writes: where R/W is clear, and what has translated the page.",
                     cross(bits("WP"), ("nowhere", "above", "in the leaf", "at all levels"),
                           PRIVILEGES, BY), by_tlb, 10, ("WP", "read-only", "privilege", "by"),
                     write_protect_by, "write")
    yield Coverpoint("D of read-only pages", "Supervisor writes with WP = 0 that have set D.",
                     PAGES, reach.size, 10, ("mode", "size"), dirty_read_only, "dirty read-only")
    yield Coverpoint("SMAP whatever WP", "Supervisor writes to user pages with SMAP = 1.",
                     cross(bits("WP"), bits("AC")), lambda *rest: reach.bit("SMAP=1"),
                     10, ("WP", "AC"), smap_whatever_wp, "smap write")
    yield Coverpoint("SMEP", "Fetches: SMEP, the page's U/S, and the privilege.",
                     cross(bits("SMEP"), bits("U/S"), PRIVILEGES), reach.bits,
                     11, ("SMEP", "U/S", "privilege"), smep, "fetch")
    yield Coverpoint("SMEP by", "Fetches: the same with NXE, and what has translated the page.",
                     cross(bits("SMEP"), bits("U/S"), PRIVILEGES, bits("NXE"), BY), by_tlb,
                     11, ("SMEP", "U/S", "privilege", "NXE", "by"), smep_by, "fetch")
    yield Coverpoint("SMEP whatever AC", "Supervisor fetches from user pages: SMEP and AC.",
                     cross(bits("SMEP"), bits("AC")), reach.bits,
                     11, ("SMEP", "AC"), smep_whatever_ac, "fetch of user page")
    yield Coverpoint("SMAP", "Reads and writes: SMAP, AC, the page's U/S, and the privilege.",
                     cross(bits("SMAP"), bits("AC"), bits("U/S"), PRIVILEGES, ("read", "write")),
                     reach.bits, 12, ("SMAP", "AC", "U/S", "privilege", "class"), smap, "data")
    yield Coverpoint("SMAP by", "Data accesses: the same, and what has translated the page.",
                     cross(bits("SMAP"), bits("AC"), bits("U/S"), PRIVILEGES, BY), by_tlb,
                     12, ("SMAP", "AC", "U/S", "privilege", "by"), smap_by, "data")
    yield Coverpoint("SMAP and fetches", "Fetches from user pages with SMAP = 1 and SMEP = 0.",
                     cross(bits("AC"), ("supervisor", "implicit")),
                     lambda *rest: reach.bit("SMAP=1"),
                     12, ("AC", "privilege"), smap_and_fetches, "fetch under SMAP")


def _implicit(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("implicit", "Implicit accesses: the CPL, and what decides.",
                     cross(bits("CPL3"), ("read", "write"), bits("U/S"), bits("SMAP"), bits("AC")),
                     lambda cpl, kind, *rest: reach.bits(*rest),
                     13, ("CPL", "class", "U/S", "SMAP", "AC"), implicit, "implicit")
    yield Coverpoint("implicit faults", "Implicit accesses that fault with U = 0.",
                     cross(bits("CPL3"), CAUSES),
                     lambda cpl, cause: reach.ending("write", "implicit", cause),
                     13, ("CPL", "fault"), implicit_faults, "implicit fault")


# Samplers

def error_codes(seen: AccessSeen) -> Hits:
    """Bits of an error code."""
    if seen.fault == "#PF":
        yield tuple(bit(name, seen.error_code >> number & 1) for number, name in enumerate(ERROR))


def fetch_faults(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches that fault."""
    if page.ending in CAUSES and attempt(seen).fetch:
        yield (seen.state.mode.value, bit("SMEP", seen.state.smep),
               bit("NXE", seen.state.no_execute), page.ending)


def write_faults(seen: AccessSeen, page: PageSeen) -> Hits:
    """Writes that fault."""
    if page.ending in CAUSES and attempt(seen).write:
        yield KINDS[seen.access.kind], privilege(seen.access), page.ending


def write_protect(seen: AccessSeen, page: PageSeen) -> Hits:
    """Writes to pages."""
    if page.leaf is not None and attempt(seen).write and decided(
            seen, page, Refusal.READ_ONLY, Refusal.WRITE_PROTECT, Refusal.SUPERVISOR_PAGE):
        yield (bit("WP", seen.state.write_protect), bit("R/W", page.all_set(RW)),
               bit("U/S", page.all_set(US)), privilege(seen.access))


def write_protect_by(seen: AccessSeen, page: PageSeen) -> Hits:
    """Writes to pages, by where R/W is clear."""
    if page.leaf is None or not attempt(seen).write or not page.by or not decided(
            seen, page, Refusal.READ_ONLY, Refusal.WRITE_PROTECT):
        return
    above = all(entry.value & RW for entry in page.uppers)
    none  = not any(entry.value & RW for entry in page.entries)
    leaf  = page.leaf.value & RW
    where = ("nowhere" if above and leaf else "in the leaf" if above else
             "at all levels" if none and page.uppers else "above" if leaf else "")
    if where:
        yield bit("WP", seen.state.write_protect), where, privilege(seen.access), page.by


def dirty_read_only(seen: AccessSeen, page: PageSeen) -> Hits:
    """D set in a read-only leaf."""
    leaf = page.leaf
    if leaf is not None and page.ending == "done" and attempt(seen).write \
            and not leaf.value & (RW | D) and page.stored(leaf) & D:
        yield seen.state.mode.value, page.size


def smap_whatever_wp(seen: AccessSeen, page: PageSeen) -> Hits:
    """Supervisor writes to user pages under SMAP."""
    if page.leaf is not None and attempt(seen).write and not seen.access.user \
            and not seen.access.implicit and page.all_set(US) and seen.state.smap \
            and decided(seen, page, Refusal.SMAP):
        yield bit("WP", seen.state.write_protect), bit("AC", seen.state.ac)


def smep(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches."""
    if page.leaf is not None and attempt(seen).fetch and decided(
            seen, page, Refusal.SMEP, Refusal.SUPERVISOR_PAGE):
        yield bit("SMEP", seen.state.smep), bit("U/S", page.all_set(US)), privilege(seen.access)


def smep_by(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches, with NXE."""
    if page.by:
        for found in smep(seen, page):
            yield *found, bit("NXE", seen.state.no_execute), page.by


def smep_whatever_ac(seen: AccessSeen, page: PageSeen) -> Hits:
    """Supervisor fetches from user pages."""
    if page.leaf is not None and attempt(seen).fetch and page.all_set(US) \
            and not attempt(seen).user and decided(seen, page, Refusal.SMEP):
        yield bit("SMEP", seen.state.smep), bit("AC", seen.state.ac)


def smap(seen: AccessSeen, page: PageSeen) -> Hits:
    """Data accesses."""
    if page.leaf is not None and not attempt(seen).fetch and decided(
            seen, page, Refusal.SMAP, Refusal.IMPLICIT, Refusal.SUPERVISOR_PAGE):
        yield (bit("SMAP", seen.state.smap), bit("AC", seen.state.ac),
               bit("U/S", page.all_set(US)), privilege(seen.access), class_of(seen))


def smap_by(seen: AccessSeen, page: PageSeen) -> Hits:
    """Data accesses, by what has translated the page."""
    if page.by:
        for found in smap(seen, page):
            yield *found[:4], page.by


def smap_and_fetches(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches that SMAP does not concern."""
    if page.leaf is not None and page.ending == "done" and attempt(seen).fetch \
            and not attempt(seen).user and page.all_set(US) and seen.state.smap \
            and not seen.state.smep:
        yield bit("AC", seen.state.ac), privilege(seen.access)


def implicit(seen: AccessSeen, page: PageSeen) -> Hits:
    """Implicit data accesses."""
    if seen.access.implicit and page.leaf is not None and not attempt(seen).fetch and decided(
            seen, page, Refusal.SMAP, Refusal.IMPLICIT):
        yield (bit("CPL3", seen.access.user), class_of(seen), bit("U/S", page.all_set(US)),
               bit("SMAP", seen.state.smap), bit("AC", seen.state.ac))


def implicit_faults(seen: AccessSeen, page: PageSeen) -> Hits:
    """Implicit accesses that fault."""
    if seen.access.implicit and page.ending in CAUSES and not page.error_code & 4:
        yield bit("CPL3", seen.access.user), page.ending
