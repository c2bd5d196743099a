"""Coverpoints of the walk: rules 1 to 3."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import AccessSeen, PageSeen, WalkedEntry, privilege
from sim.coverage.reachability import Reachability
from sim.golden.permission import Refusal
from sim.golden.reserved import RW, US, XD, reserved_bits
from sim.golden.state import ControlState, PagingMode

from .terms import (
    DATA, KINDS, LEVELS, MODES, PRIVILEGES, Bins, attempt, bit, bits, class_of,
    cross, first_reason, refusals_by, refused_by,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

LONG = ("5-level", "4-level")

#: Reasons to refuse an access that a missing or malformed entry further down wins over.
REFUSALS = {
    "U/S": {Refusal.SUPERVISOR_PAGE}, "R/W": {Refusal.READ_ONLY, Refusal.WRITE_PROTECT},
    "XD": {Refusal.EXECUTE_DISABLE}, "SMEP": {Refusal.SMEP},
    "SMAP": {Refusal.SMAP, Refusal.IMPLICIT},
}

#: What else is in an entry with P = 0. XD is reserved, or not.
RESTS = ("nothing", "reserved bits", "XD", "XD without NXE")


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 1 to 3 for a unit."""
    reach = Reachability(config)
    yield Coverpoint("entry bits", "Each bit of each entry that a walk reads.",
                     tuple(_entry_bits()), reach.no_entry_bit,
                     1, ("mode", "level", "entry bit"), entry_bits, "entry bit")
    yield Coverpoint("faults below refusals", "A missing or malformed entry below entries whose "
                     "rights refuse the access: it wins.",
                     tuple((mode, level, cause) for mode in MODES for level in LEVELS[mode][1:]
                           for cause in ("missing", "reserved")),
                     lambda mode, level, cause: first_reason(
                         reach.mode(mode), cause == "reserved" and mode == "32-bit"
                         and "a PTE of 32-bit paging has no reserved bits" or None),
                     1, ("mode", "level", "cause"), faults_below, "defect below")
    yield Coverpoint("refusals that lose", "What would refuse the access by the entries above a "
                     "missing or malformed one.",
                     cross(MODES, REFUSALS, ("missing", "reserved")),
                     lambda mode, name, cause: first_reason(
                         reach.mode(mode), _no_loser(reach, mode, name, cause)),
                     1, ("mode", "refusal", "cause"), losing_refusals, "losing refusal")
    yield Coverpoint("missing entries", "What else is in an entry with P = 0, and the access.",
                     tuple((mode, level, rest, kind) for mode in MODES for level in LEVELS[mode]
                           for rest in RESTS for kind in DATA),
                     lambda mode, level, rest, kind: first_reason(
                         reach.mode(mode), _no_rest(reach, mode, level, rest)),
                     2, ("mode", "level", "rest", "kind"), missing_entries, "missing")
    yield Coverpoint("defects", "The cause of a fault in a walk, and its level.",
                     tuple(_defects()), reach.no_defect,
                     3, ("mode", "level", "defect"), defects, "defect")
    yield Coverpoint("malformed entries", "The access that comes to a reserved bit.",
                     cross(MODES, KINDS.values(), PRIVILEGES),
                     lambda mode, *rest: first_reason(
                         reach.mode(mode), mode == "32-bit" and reach.reserved() or None),
                     3, ("mode", "kind", "privilege"), malformed_entries, "defect")


# Samplers

def entry_bits(seen: AccessSeen, page: PageSeen) -> Hits:
    """Bits of the entries that were read."""
    mode = seen.state.mode.value
    for entry in page.read:
        for name in _bits_of(mode, seen.state, entry):
            yield mode, entry.level.name, name


def _bits_of(mode: str, state: ControlState, entry: WalkedEntry) -> Iterator[str]:
    name, value = entry.level.name, entry.value
    yield bit("P", value & 1)
    if not value & 1:
        return
    if mode != "32-bit" or name == "PDE":
        yield bit("RSVD", entry.reserved)
    if entry.reserved:
        return
    yield bit("R/W", value & RW)
    yield bit("U/S", value & US)
    yield bit("A", value >> 5 & 1)
    if mode != "32-bit" and state.no_execute:
        yield bit("XD", value & XD)
    if name in ("PDPTE", "PDE"):
        yield bit("PS", value >> 7 & 1)
    if entry.leaf:
        yield bit("D", value >> 6 & 1)
        yield bit("G", value >> 8 & 1)


def faults_below(seen: AccessSeen, page: PageSeen) -> Hits:
    """Faults below refusals."""
    if page.ending not in ("missing", "reserved") or not page.uppers:
        return
    above = PageSeen(page.linear, page.uppers, "")
    if refused_by(seen.state, above, attempt(seen)):
        yield seen.state.mode.value, page.entries[-1].level.name, page.ending


def losing_refusals(seen: AccessSeen, page: PageSeen) -> Hits:
    """Refusals by the entries above the one that faults."""
    if page.ending in ("missing", "reserved") and page.uppers:
        above = PageSeen(page.linear, page.uppers, "")
        found = set(refusals_by(seen.state, above, attempt(seen)))
        for name, causes in REFUSALS.items():
            if found & causes:
                yield seen.state.mode.value, name, page.ending


def missing_entries(seen: AccessSeen, page: PageSeen) -> Hits:
    """The rest of entries with P = 0."""
    if page.ending != "missing" or not page.entries:
        return
    last     = page.entries[-1]
    reserved = last.value & reserved_bits(seen.state, last.level, last.value)
    rest = ("reserved bits" if reserved & ~XD else
            "XD without NXE" if last.value >> 63 and not seen.state.no_execute else
            "XD" if last.value >> 63 else "nothing" if not last.value else "")
    kind = class_of(seen)
    if rest:
        yield seen.state.mode.value, last.level.name, rest, kind


def defects(seen: AccessSeen, page: PageSeen) -> Hits:
    """Causes of faults."""
    mode = seen.state.mode.value
    if page.ending == "missing" and not page.entries:
        yield mode, "PDPTE", "missing"
    elif page.ending == "missing":
        yield mode, page.entries[-1].level.name, "missing"
    elif page.ending == "reserved":
        last = page.entries[-1]
        yield mode, last.level.name, _defect(seen.state, last)


def _defect(state: ControlState, entry: WalkedEntry) -> str:
    if entry.reserved & XD:
        return "XD without NXE"
    if entry.reserved >> 52:
        return "upper bits"
    if entry.reserved >> state.machine.maxphyaddr and state.mode is not PagingMode.BITS_32:
        return "address"
    return "PS" if entry.reserved >> 7 & 1 else "page address"


def malformed_entries(seen: AccessSeen, page: PageSeen) -> Hits:
    """Accesses that come to reserved bits."""
    if page.ending == "reserved":
        yield seen.state.mode.value, KINDS[seen.access.kind], privilege(seen.access)


# Bins

def _no_rest(reach: Reachability, mode: str, level: str, rest: str) -> str | None:
    if rest == "reserved bits" and mode == "32-bit":
        return "a PTE of 32-bit paging has no reserved bits" if level == "PTE" \
            else reach.reserved()
    if rest.startswith("XD") and mode == "32-bit":
        return "there is no XD in 32-bit paging"
    return reach.bit("XD=1") if rest == "XD" else None


def _no_loser(reach: Reachability, mode: str, name: str, cause: str) -> str | None:
    if mode == "32-bit" and cause == "reserved":
        return "a PTE of 32-bit paging has no reserved bits"
    if mode == "32-bit" and name == "XD":
        return "there is no XD in 32-bit paging"
    return reach.bit(f"{name}=1")


def _entry_bits() -> Bins:
    """Each bit of each entry, by mode and level."""
    found: list[tuple[str, ...]] = []
    for mode, levels in LEVELS.items():
        for level in levels:
            names = ["P", "R/W", "U/S", "A"] + ["XD", "RSVD"] * (mode != "32-bit")
            names += ["RSVD"] * (mode == "32-bit" and level == "PDE")
            names += ["PS"] * (level in ("PDPTE", "PDE")) + ["D", "G"] * ("PML" not in level)
            found += cross((mode,), (level,), bits(*names))
    return tuple(found)


def _defects() -> Bins:
    """Causes of a fault in a walk, by mode and level."""
    found: list[tuple[str, ...]] = [
        ("PAE", "PDPTE", "missing"), ("32-bit", "PDE", "missing"),
        ("32-bit", "PDE", "page address"), ("32-bit", "PTE", "missing"),
    ]
    for mode in MODES[:3]:
        for level in LEVELS[mode]:
            reasons = ["missing", "address", "XD without NXE"]
            reasons += ["upper bits"] * (mode == "PAE")
            reasons += ["PS"] * (level in ("PML5E", "PML4E", "PDPTE"))
            reasons += ["page address"] * (level in ("PDPTE", "PDE"))
            found += cross((mode,), (level,), reasons)
    return tuple(found)
