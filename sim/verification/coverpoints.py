"""Coverpoints of the unit: each condition alone, and the crosses that decide something.

After kvm-unit-tests' ``x86/access.c``: every condition that paging looks at is a bit with a short
printable name. Bins that a configuration cannot reach are excluded: see :mod:`.reachability`.
"""

import itertools
from collections.abc import Iterable, Iterator

from hw.config import MmuConfig
from sw.bus import Kind, Register

from .coverage import Coverpoint
from .payloads import EVENTS
from .reachability import Reachability, no_alignment
from .table_entries import KEYS


__all__ = ["ENDINGS", "KINDS", "LEVELS", "PRIVILEGES", "STRUCTURES", "coverpoints"]


KINDS      = {kind: kind.value for kind in Kind}
PRIVILEGES = ("user", "supervisor", "implicit")
FAULTS     = ("missing", "reserved", "rights")
ENDINGS    = ("done", *FAULTS, "#GP", "skipped")
LEVELS     = {"5-level": ("PML5E", "PML4E", "PDPTE", "PDE", "PTE"),
              "4-level": ("PML4E", "PDPTE", "PDE", "PTE"),
              "PAE":     ("PDE", "PTE"), "32-bit": ("PDE", "PTE")}
SIZES      = {"5-level": ("4K", "2M", "1G"), "4-level": ("4K", "2M", "1G"),
              "PAE":     ("4K", "2M"),       "32-bit":  ("4K", "4M")}
STRUCTURES = ("PT", "PD", "PDPT", "PML4", "PML5")
ALIGNMENTS = ("aligned", "in a word", "in two words", "in two pages")
DURATIONS  = ("0", "1", "2-3", "4+")


Bins = tuple[tuple[str, ...], ...]


def _cross(*values: Iterable[str]) -> Bins:
    return tuple(itertools.product(*values))


def _bits(*names: str) -> list[str]:
    return [f"{name}={value}" for name in names for value in (0, 1)]


def coverpoints(config: MmuConfig) -> list[Coverpoint]:
    """Coverpoints of a unit."""
    return [*_of_entries(config), *_of_rights(config), *_of_accesses(config), *_of_time(config)]


def _of_entries(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    sizes = [(mode, size) for mode in SIZES for size in SIZES[mode]]
    yield Coverpoint("entry bits", "Each bit of each entry that a walk reads.",
                     tuple(_entry_bits()), reach.no_entry_bit)
    yield Coverpoint("defects", "The cause of a fault in a walk, and its level.",
                     tuple(_defects()), reach.no_defect)
    yield Coverpoint("leaf flags", "A and D of the leaf, before a walk that succeeds.",
                     tuple((*size, *flags) for size in sizes
                           for flags in _cross(("A=0", "A=1"), ("D=0", "D=1"), ("read", "write"))),
                     lambda mode, size, *flags: reach.size(mode, size))
    yield Coverpoint("upper flags", "A of an entry that refers to a table, and the walk's result.",
                     tuple((mode, level, *rest) for mode, levels in LEVELS.items()
                           for level in levels[:-1]
                           for rest in _cross(_bits("A"), ("done", "fault"))),
                     lambda mode, *rest: reach.mode(mode))
    yield Coverpoint("pages", "Accesses that are done, by the size of the page.",
                     (*((*size, kind) for size in sizes for kind in KINDS.values()),
                      *_cross(("off",), ("-",), KINDS.values())),
                     lambda mode, size, kind: reach.size(mode, size))
    yield Coverpoint("PDPTEs", "Writes of a control register that load PDPTEs.",
                     _cross(("CR0", "CR3", "CR4"), ("loaded", "refused")),
                     lambda *values: reach.mode("PAE"))
    yield Coverpoint("modes", "Changes of the paging mode.",
                     (*((mode, "off") for mode in LEVELS), *(("off", mode) for mode in LEVELS),
                      ("32-bit", "PAE"), ("PAE", "32-bit")),
                     lambda *values: next(filter(None, map(reach.mode, values)), None))


def _of_rights(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("control bits", "Control bits that an access depends on, each alone.",
                     (*_cross(("5-level", "4-level"),
                              _bits("WP", "SMEP", "SMAP", "AC", "PGE", "NXE", "PCIDE", "PKE",
                                    "PKS")),
                      *_cross(("PAE",), _bits("WP", "SMEP", "SMAP", "AC", "PGE", "NXE")),
                      *_cross(("32-bit",), _bits("WP", "SMEP", "SMAP", "AC", "PGE", "PSE"))),
                     lambda mode, bit: reach.mode(mode) or reach.bit(bit))
    yield Coverpoint("CR0.WP", "Writes: WP, the page's R/W and U/S, and the privilege.",
                     _cross(_bits("WP"), _bits("R/W"), _bits("U/S"), PRIVILEGES))
    yield Coverpoint("SMAP", "Reads and writes: SMAP, AC, the page's U/S, and the privilege.",
                     _cross(_bits("SMAP"), _bits("AC"), _bits("U/S"), PRIVILEGES,
                            ("read", "write")), reach.bits)
    yield Coverpoint("SMEP", "Fetches: SMEP, the page's U/S, and the privilege.",
                     _cross(_bits("SMEP"), _bits("U/S"), PRIVILEGES), reach.bits)
    yield Coverpoint("NX", "Walks of 8-byte entries: NXE, XD anywhere, privilege and kind.",
                     _cross(_bits("NXE"), _bits("XD"), PRIVILEGES, ("fetch", "other")),
                     reach.no_nx)
    yield Coverpoint("error codes", "Each error code of a page fault.",
                     _cross(*(_bits(bit) for bit in ("P", "W", "U", "RSVD", "I/D", "PK"))),
                     reach.no_error)
    yield Coverpoint("key rights", "Reads and writes of a page that its key's AD and WD judge.",
                     _cross(("PKRU", "PKRS"), _bits("AD"), _bits("WD"), _bits("WP"), PRIVILEGES,
                            ("read", "write")), reach.no_key)
    yield Coverpoint("keys", "Pages by the register that judges them, their key, and its verdict.",
                     _cross(("PKRU", "PKRS"), map(str, KEYS), ("allowed", "refused")),
                     reach.no_key)
    yield Coverpoint("fetches by key", "Fetches of pages whose key has AD.",
                     _cross(("PKRU", "PKRS"), ("done", "fault")), reach.no_key)


def _of_accesses(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    yield Coverpoint("accesses", "Kind, privilege, and outcome.",
                     _cross(KINDS.values(), PRIVILEGES, ENDINGS), reach.ending)
    yield Coverpoint("alignment", "Kind, bytes, and alignment.",
                     _cross(KINDS.values(), "1248", ALIGNMENTS), no_alignment)
    yield Coverpoint("crossings", "Accesses to two pages: kind, and outcome.",
                     _cross(KINDS.values(), ("both done", "first faults",
                                             *(f"second {fault}" for fault in FAULTS))),
                     reach.no_crossing)
    yield Coverpoint("neighbours", "Sizes of the two pages of an access that is done.",
                     (*((mode, *pair) for mode in ("5-level", "4-level") for pair in (
                         ("4K", "4K"), ("4K", "2M"), ("2M", "2M"), ("2M", "4K"), ("4K", "1G"),
                         ("1G", "1G"), ("1G", "2M"))),
                      *(("PAE", *pair) for pair in (
                          ("4K", "4K"), ("4K", "2M"), ("2M", "2M"), ("2M", "4K"))),
                      *(("32-bit", *pair) for pair in (
                          ("4K", "4K"), ("4K", "4M"), ("4M", "4M"), ("4M", "4K")))),
                     lambda mode, *pair: next(
                         filter(None, (reach.size(mode, size) for size in pair)), None))
    yield Coverpoint("strings", "An access after another: outcome, chained or not, outcome.",
                     (("done", "chained", "done"), ("done", "chained", "fault"),
                      ("fault", "chained", "skipped"), ("skipped", "chained", "skipped"),
                      *_cross(("done", "fault", "skipped"), ("plain",), ("done", "fault"))))
    yield Coverpoint("locked", "Locked accesses: comparison, and alignment.",
                     _cross(("exchange", "compare: equal", "compare: other"), ALIGNMENTS))
    yield Coverpoint("operations", "Control operations, and their outcomes.",
                     (*_cross((register.name for register in Register),
                              ("read", "written", "refused")),
                      ("INVLPG", "canonical"), ("INVLPG", "not canonical"),
                      *_cross(("INVPCID",), (*(f"type {kind}" for kind in range(4)), "refused"))),
                     reach.no_operation)
    yield Coverpoint("PCIDs", "Writes of CR3 with CR4.PCIDE = 1: the PCID, and whether to flush.",
                     _cross(("same", "other"), ("flush", "no flush")),
                     lambda *_: reach.bit("PCIDE=1"))


def _of_time(config: MmuConfig) -> Iterator[Coverpoint]:
    reach  = Reachability(config)
    events = [name for name in EVENTS if name != "accessed"]
    yield Coverpoint("lookups", "One access at a time, in one page: hit or miss, kind, outcome.",
                     _cross(("hit", "miss"), KINDS.values(), ("done", "rights")))
    yield Coverpoint("stale", "An edit without a flush: the translation in use, and the outcome.",
                     _cross(("memory", "TLB"), ("done", "fault")))
    yield Coverpoint("edits in a walk",
                     "An entry is edited as it is read: the order that explains the outcome.",
                     (("before the access",), ("after the access",), ("either",)))
    yield Coverpoint("events", "Strobes of the unit.",
                     tuple((name,) for name in (
                         *events, *(f"accessed {level}" for level in STRUCTURES))),
                     reach.no_event)
    yield Coverpoint("handshakes", "Cycles for which a payload is offered in vain.",
                     _cross(("access request", "access response", "control request",
                             "control response"), DURATIONS))
    yield Coverpoint("stalls", "Cycles for which memory stalls a transfer.",
                     _cross(("read", "write", "locked read", "locked write"), DURATIONS))
    yield Coverpoint("latency", "Cycles from a transfer to its acknowledgement.",
                     _cross(("read", "write", "locked read", "locked write"), DURATIONS[1:]))
    yield Coverpoint("in flight", "Outstanding transfers.",
                     tuple((str(number + 1),) for number in range(config.outstanding)))


def _entry_bits() -> Iterator[tuple[str, ...]]:
    """Each bit of each entry, by mode and level."""
    for mode, levels in LEVELS.items():
        for level in levels:
            names = ["P", "R/W", "U/S", "A"] + ["XD", "RSVD"] * (mode != "32-bit")
            names += ["RSVD"] * (mode == "32-bit" and level == "PDE")
            names += ["PS"] * (level in ("PDPTE", "PDE")) + ["D", "G"] * ("PML" not in level)
            yield from itertools.product((mode,), (level,), _bits(*names))


def _defects() -> Iterator[tuple[str, ...]]:
    """Causes of a fault in a walk, by mode and level."""
    for mode in ("5-level", "4-level", "PAE"):
        for level in LEVELS[mode]:
            reasons = ["missing", "address", "XD without NXE"]
            reasons += ["upper bits"] * (mode == "PAE")
            reasons += ["PS"] * (level in ("PML5E", "PML4E", "PDPTE"))
            reasons += ["page address"] * (level in ("PDPTE", "PDE"))
            yield from itertools.product((mode,), (level,), reasons)
    yield "PAE", "PDPTE", "missing"
    yield from (("32-bit", "PDE", "missing"), ("32-bit", "PDE", "page address"),
                ("32-bit", "PTE", "missing"))
