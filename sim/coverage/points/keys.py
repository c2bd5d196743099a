"""Coverpoints of protection keys: rules 14 and 36."""

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
    BY, KEYS, PRIVILEGES, attempt, bit, bits, class_of, cross, decided, first_reason, no_hit,
    shift_name,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

CAUSES = ("missing", "reserved", "rights")

#: Refusals by a key.
BY_KEY = tuple(cause for cause in Refusal if cause.name.startswith("PK"))


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 14 and 36 for a unit."""
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
    yield Coverpoint("keys that are off", "Data accesses, done, that AD would stop if CR4.PKE or "
                     "CR4.PKS were 1, and what has translated the page.",
                     cross(("PKRU", "PKRS"), BY),
                     lambda register, by: first_reason(
                         reach.no_key(register), no_hit(config, "4-level", "4K", by)),
                     36, ("register", "by"), keys_off, "key off")
    yield Coverpoint("upper halves", "Bits 32 to 63 of a write of PKRU or IA32_PKRS.",
                     cross(("PKRU", "PKRS"), shift_name(range(32, 64))), reach.no_key,
                     36, ("register", "bit"), upper_halves, "illegal write")


def key_beside(seen: AccessSeen, page: PageSeen) -> Hits:
    """Refusals by a key, and what else refuses."""
    if not page.error_code & PROTECTION_KEY or page.leaf is None or not page.by:
        return
    tried  = attempt(seen)
    others = set(refusals(seen.state, Rights(page.all_set(RW), page.all_set(US)), tried))
    if len(others) > 1 or tried.fetch:
        return
    names = {Refusal.SMAP: "SMAP", Refusal.IMPLICIT: "SMAP", Refusal.READ_ONLY: "R/W",
             Refusal.WRITE_PROTECT: "R/W", Refusal.SUPERVISOR_PAGE: "U/S"}
    other = names[others.pop()] if others else "alone"
    yield "PKRU" if page.all_set(US) else "PKRS", other, class_of(seen), page.by


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
    if judged is not None and not attempt(seen).fetch and decided(
            seen, page, *BY_KEY, Refusal.SUPERVISOR_PAGE):
        register, _, disabled = judged
        yield (register, bit("AD", disabled.access_disable), bit("WD", disabled.write_disable),
               bit("WP", seen.state.write_protect), privilege(seen.access), class_of(seen))


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


def keys_off(seen: AccessSeen, page: PageSeen) -> Hits:
    """Data accesses to pages whose key nobody judges."""
    leaf = page.leaf
    if leaf is None or page.ending != "done" or attempt(seen).fetch or _enabled(seen, page) \
            or not seen.state.long_mode or not page.by:
        return
    user = page.all_set(US)
    if (seen.state.pkru if user else seen.state.pkrs) >> 2 * (leaf.value >> 59 & 0xf) & 1:
        yield "PKRU" if user else "PKRS", page.by


def upper_halves(seen: WriteSeen) -> Hits:
    """Bits of the upper half that are refused."""
    half = seen.value >> 32
    if seen.register in ("PKRU", "PKRS") and seen.refused and half and not half & half - 1:
        yield seen.register, f"bit {31 + half.bit_length()}"
