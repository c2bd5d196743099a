"""Coverpoints of the verdict on an access, and of protection keys: rules 9 to 14, and 36."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen, WriteSeen, privilege
from sim.coverage.reachability import Reachability
from sim.golden.keys import KeyRights, key_rights
from sim.golden.permission import PROTECTION_KEY, Refusal, Rights, refusals
from sim.golden.reserved import RW, US
from sim.golden.state import CR4_PKE, CR4_PKS

from .terms import (
    BY, KEYS, KINDS, MODES, PAGES, PRIVILEGES, attempt, bit, bits, cross, first_reason, no_hit,
    shift_name,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

ERROR  = ("P", "W", "U", "RSVD", "I/D", "PK")
CAUSES = ("missing", "reserved", "rights")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 9 to 14, and 36, for a unit."""
    yield from _error_codes(config)
    yield from _protections(config)
    yield from _implicit(config)
    yield from _keys(config)


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


def _keys(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    causes = (*cross(("PKRU",), ("alone", "SMAP"), ("read", "write"), BY),
              *cross(("PKRU",), ("R/W",), ("write",), BY),
              *cross(("PKRS",), ("alone", "U/S"), ("read", "write"), BY),
              *cross(("PKRS",), ("R/W",), ("write",), BY))
    yield Coverpoint("PK beside other causes", "What else refuses, the access, and what has "
                     "translated the page.", causes,
                     lambda register, cause, kind, by: first_reason(
                         reach.no_key(register), no_hit(config, "4-level", "4K", by),
                         reach.bit("SMAP=1") if cause == "SMAP" else None),
                     14, ("register", "other cause", "class", "by"), key_beside, "key beside")
    yield Coverpoint("PK is not told", "Accesses that a key would refuse.",
                     cross(("PKRU", "PKRS"), ("fetch", "missing", "reserved")),
                     lambda register, case: first_reason(
                         reach.no_key(register),
                         None if case != "fetch" or config.nx or config.smep
                         else "no fetch of the supervisor faults"),
                     14, ("register", "untold"), key_untold, "key untold")
    yield Coverpoint("AC against a key", "Supervisor accesses to user pages that a key refuses.",
                     cross(bits("AC"), bits("SMAP")),
                     lambda ac, smap: first_reason(reach.no_key("PKRU"), reach.bit(smap)),
                     14, ("AC", "SMAP"), key_against_ac, "key and ac")
    yield Coverpoint("key rights", "Reads and writes of a page that its key's AD and WD judge.",
                     cross(("PKRU", "PKRS"), bits("AD"), bits("WD"), bits("WP"), PRIVILEGES,
                           ("read", "write")), reach.no_key,
                     36, ("register", "AD", "WD", "WP", "privilege", "class"), rights_of_keys,
                     "key")
    yield Coverpoint("keys", "Pages by the register that judges them, their key, and its verdict.",
                     cross(("PKRU", "PKRS"), map(str, KEYS), ("allowed", "refused")),
                     reach.no_key, 36, ("register", "key", "verdict"), keys, "key")
    yield Coverpoint("fetches by key", "Fetches of pages whose key has AD.",
                     cross(("PKRU", "PKRS"), ("done", "fault")), reach.no_key,
                     36, ("register", "result"), fetches_by_key, "fetch by key")
    yield Coverpoint("keys by", "What a key refuses, and what has translated the page.",
                     cross(("PKRU", "PKRS"), ("AD", "WD"), BY),
                     lambda register, disables, by: first_reason(
                         reach.no_key(register), no_hit(config, "4-level", "4K", by)),
                     36, ("register", "disables", "by"), keys_by, "key refuses")
    yield Coverpoint("upper halves", "Bits 32 to 63 of a write of PKRU or IA32_PKRS.",
                     cross(("PKRU", "PKRS"), shift_name(range(32, 64))), reach.no_key,
                     36, ("register", "bit"), upper_halves, "illegal write")


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
    if page.leaf is not None and attempt(seen).write:
        yield (bit("WP", seen.state.write_protect), bit("R/W", page.all_set(RW)),
               bit("U/S", page.all_set(US)), privilege(seen.access))


def write_protect_by(seen: AccessSeen, page: PageSeen) -> Hits:
    """Writes to pages, by where R/W is clear."""
    if page.leaf is None or not attempt(seen).write or not page.by:
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
    if page.ending == "done" and page.leaf is not None and not page.leaf.value & RW \
            and attempt(seen).write and page.changed and not page.leaf.value >> 6 & 1:
        yield seen.state.mode.value, page.size


def smap_whatever_wp(seen: AccessSeen, page: PageSeen) -> Hits:
    """Supervisor writes to user pages under SMAP."""
    if page.leaf is not None and attempt(seen).write and not seen.access.user \
            and not seen.access.implicit and page.all_set(US) and seen.state.smap:
        yield bit("WP", seen.state.write_protect), bit("AC", seen.state.ac)


def smep(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches."""
    if page.leaf is not None and attempt(seen).fetch:
        yield bit("SMEP", seen.state.smep), bit("U/S", page.all_set(US)), privilege(seen.access)


def smep_by(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches, with NXE."""
    if page.by:
        for found in smep(seen, page):
            yield *found, bit("NXE", seen.state.no_execute), page.by


def smep_whatever_ac(seen: AccessSeen, page: PageSeen) -> Hits:
    """Supervisor fetches from user pages."""
    if page.leaf is not None and attempt(seen).fetch and page.all_set(US) \
            and not attempt(seen).user:
        yield bit("SMEP", seen.state.smep), bit("AC", seen.state.ac)


def smap(seen: AccessSeen, page: PageSeen) -> Hits:
    """Data accesses."""
    if page.leaf is not None and not attempt(seen).fetch:
        yield (bit("SMAP", seen.state.smap), bit("AC", seen.state.ac),
               bit("U/S", page.all_set(US)), privilege(seen.access), _class(seen))


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
    if seen.access.implicit and page.leaf is not None and not attempt(seen).fetch:
        yield (bit("CPL3", seen.access.user), _class(seen), bit("U/S", page.all_set(US)),
               bit("SMAP", seen.state.smap), bit("AC", seen.state.ac))


def implicit_faults(seen: AccessSeen, page: PageSeen) -> Hits:
    """Implicit accesses that fault."""
    if seen.access.implicit and page.ending in CAUSES and not page.error_code & 4:
        yield bit("CPL3", seen.access.user), page.ending


def key_beside(seen: AccessSeen, page: PageSeen) -> Hits:
    """Refusals by a key, and what else refuses."""
    if not page.error_code & PROTECTION_KEY or page.leaf is None or not page.by:
        return
    tried  = attempt(seen)
    others = set(refusals(seen.state, Rights(page.all_set(RW), page.all_set(US)), tried))
    if len(others) > 1:
        return
    names = {Refusal.SMAP: "SMAP", Refusal.IMPLICIT: "SMAP", Refusal.READ_ONLY: "R/W",
             Refusal.WRITE_PROTECT: "R/W", Refusal.SUPERVISOR_PAGE: "U/S"}
    other = names[others.pop()] if others else "alone"
    yield "PKRU" if page.all_set(US) else "PKRS", other, _class(seen), page.by


def key_untold(seen: AccessSeen, page: PageSeen) -> Hits:
    """Faults in which a key has no part, of pages whose key has AD."""
    if page.ending not in CAUSES or not page.entries or not seen.state.long_mode \
            or page.entries[-1].level.name != "PTE":
        return
    key = page.entries[-1].value >> 59 & 0xf
    case = page.ending if page.ending != "rights" else "fetch" if attempt(seen).fetch else ""
    if case and not page.error_code & PROTECTION_KEY and _enabled(seen, page) \
            and key_rights(seen.state, key, user_page=page.all_set(US)).access_disable:
        yield "PKRU" if page.all_set(US) else "PKRS", case


def key_against_ac(seen: AccessSeen, page: PageSeen) -> Hits:
    """Supervisor accesses to user pages that PKRU refuses."""
    if page.error_code & PROTECTION_KEY and page.all_set(US) and not seen.access.user \
            and not seen.access.implicit:
        yield bit("AC", seen.state.ac), bit("SMAP", seen.state.smap)


def _judged(seen: AccessSeen, page: PageSeen) -> tuple[str, int, KeyRights] | None:
    """The register that judges a page, the page's key, and what that takes away."""
    key = seen.key_of(page)
    if key is None or not _enabled(seen, page):
        return None
    user = page.all_set(US)
    return "PKRU" if user else "PKRS", key, key_rights(seen.state, key, user_page=user)


def _enabled(seen: AccessSeen, page: PageSeen) -> bool:
    return bool(seen.state.cr4 & (CR4_PKE if page.all_set(US) else CR4_PKS))


def rights_of_keys(seen: AccessSeen, page: PageSeen) -> Hits:
    """Data accesses to pages that a key judges."""
    judged = _judged(seen, page)
    if judged is not None and not attempt(seen).fetch:
        register, _, disabled = judged
        yield (register, bit("AD", disabled.access_disable), bit("WD", disabled.write_disable),
               bit("WP", seen.state.write_protect), privilege(seen.access), _class(seen))


def keys(seen: AccessSeen, page: PageSeen) -> Hits:
    """Keys, and their verdicts."""
    judged = _judged(seen, page)
    if judged is not None and not attempt(seen).fetch and judged[1] in KEYS:
        register, key, _ = judged
        yield register, str(key), "refused" if page.error_code & PROTECTION_KEY else "allowed"


def fetches_by_key(seen: AccessSeen, page: PageSeen) -> Hits:
    """Fetches of pages that a key would refuse."""
    judged = _judged(seen, page)
    if judged is not None and attempt(seen).fetch and judged[2].access_disable:
        yield judged[0], "done" if page.ending == "done" else "fault"


def keys_by(seen: AccessSeen, page: PageSeen) -> Hits:
    """Refusals by a key, and what has translated the page."""
    judged = _judged(seen, page)
    if judged is None or not page.error_code & PROTECTION_KEY or not page.by:
        return
    register, _, disabled = judged
    if disabled.access_disable != disabled.write_disable:
        yield register, "AD" if disabled.access_disable else "WD", page.by


def upper_halves(seen: WriteSeen) -> Hits:
    """Bits of the upper half that are refused."""
    half = seen.value >> 32
    if seen.register in ("PKRU", "PKRS") and seen.refused and half and not half & half - 1:
        yield seen.register, f"bit {31 + half.bit_length()}"


def _class(seen: AccessSeen) -> str:
    return "write" if attempt(seen).write else "read"
