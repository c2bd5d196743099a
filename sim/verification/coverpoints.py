"""Coverpoints of the unit: each condition alone, and the crosses that decide something.

After kvm-unit-tests' ``x86/access.c``: every condition that paging looks at is a bit with a short
printable name. Bins that a configuration cannot reach are excluded one by one, with the reason.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hw.config import MmuConfig
from sw.bus import Kind, Register

from .coverage import Coverpoint
from .payloads import EVENTS
from .tables import KEYS


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

NO_LONG_MODE = "there is no 4-level paging"
NO_PAE       = "there is no PAE paging"
NO_LA57      = "there is no 5-level paging"
NO_NX        = "there is no execute-disable bit"
NO_SMEP      = "there is no SMEP"
NO_SMAP      = "there is no SMAP"
NO_PGE       = "there are no global pages"
NO_PSE       = "there are no 4 MiB pages"
NO_PCID      = "there are no PCIDs"
NO_INVPCID   = "there is no INVPCID"

#: Events of the second level of the TLB.
OF_SECOND_LEVEL = ("hit_second", "kept", "displaced", "expired", "swept")
NO_GIGABYTE  = "there are no 1 GiB pages"
NO_PKU       = "user pages have no protection keys"
NO_PKS       = "supervisor pages have no protection keys"


Bins = tuple[tuple[str, ...], ...]


def _cross(*values: Iterable[str]) -> Bins:
    return tuple(itertools.product(*values))


def _bits(*names: str) -> list[str]:
    return [f"{name}={value}" for name in names for value in (0, 1)]


@dataclass(frozen=True)
class Reachability:
    """Reasons why a configuration cannot reach a bin; None for a bin that it can."""

    config: MmuConfig

    def mode(self, mode: str) -> str | None:
        """Reason why there is no such paging mode."""
        config  = self.config
        lacking = {"5-level": (config.la57, NO_LA57), "4-level": (config.long_mode, NO_LONG_MODE),
                   "PAE": (config.pae, NO_PAE)}
        exists, reason = lacking.get(mode, (True, ""))
        return None if exists else reason

    def size(self, mode: str, size: str) -> str | None:
        """Reason why there are no such pages."""
        if size == "4M" and not self.config.pse:
            return NO_PSE
        if size == "1G" and not self.config.gigabyte_pages:
            return NO_GIGABYTE
        return self.mode(mode)

    def reserved(self) -> str | None:
        """Reason why no entry can be malformed."""
        reason = "entries of 32-bit paging have reserved bits in 4 MiB pages only"
        return None if self.config.wide_entries or self.config.pse else reason

    def bit(self, bit: str) -> str | None:
        """Reason why a bit of an entry or a register cannot be set."""
        config = self.config
        features = {
            "SMEP=1": (config.smep, NO_SMEP), "SMAP=1": (config.smap, NO_SMAP),
            "PGE=1":  (config.pge, NO_PGE),   "PSE=1":  (config.pse, NO_PSE),
            "NXE=1":  (config.nx, NO_NX),     "XD=1":   (config.nx, NO_NX),
            "PCIDE=1": (config.pcid, NO_PCID),
            "PKE=1":  (config.pku, NO_PKU),   "PKS=1":  (config.pks, NO_PKS),
        }
        exists, reason = features.get(bit, (True, ""))
        return None if exists else reason

    def ending(self, kind: str, privilege: str, ending: str) -> str | None:
        """Reason why an access cannot end so."""
        config = self.config
        if ending == "#GP" and not config.long_mode:
            return "outside long mode every address is canonical"
        if ending == "reserved":
            return self.reserved()
        if ending == "rights" and privilege != "user":
            if kind == "fetch" and not (config.smep or config.nx):
                return "nothing forbids the supervisor to fetch"
            if kind == "read" and not (config.smap or config.keys):
                return "nothing forbids the supervisor to read"
        return None

    # Coverpoints

    def entry_bits(self) -> Iterator[tuple[str, ...]]:
        for mode, levels in LEVELS.items():
            for level in levels:
                names = ["P", "R/W", "U/S", "A"] + ["XD", "RSVD"] * (mode != "32-bit")
                names += ["RSVD"] * (mode == "32-bit" and level == "PDE")
                names += ["PS"] * (level in ("PDPTE", "PDE")) + ["D", "G"] * ("PML" not in level)
                yield from itertools.product((mode,), (level,), _bits(*names))

    def no_entry_bit(self, mode: str, level: str, bit: str) -> str | None:
        if (reason := self.mode(mode)) or (reason := self.bit(bit)):
            return reason
        large = "1G" if level == "PDPTE" else "4M" if (mode, level) == ("32-bit", "PDE") else ""
        if large and bit[0] in "DG" and (reason := self.size(mode, large)):
            return reason
        if large == "1G" and bit == "PS=1":
            return self.size(mode, large)
        if large == "4M" and bit == "RSVD=1":
            return self.reserved()
        return None

    def defects(self) -> Iterator[tuple[str, ...]]:
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

    def no_defect(self, mode: str, level: str, defect: str) -> str | None:
        if (reason := self.mode(mode)):
            return reason
        if defect == "address" and self.config.maxphyaddr == 52:
            return "physical addresses have all 52 bits"
        if (level, defect) == ("PDPTE", "PS") and self.config.gigabyte_pages:
            return "there are 1 GiB pages"
        if (level, defect) == ("PDPTE", "page address"):
            return self.size(mode, "1G")
        return self.reserved() if mode == "32-bit" and defect == "page address" else None

    def no_error(self, present: str, write: str, user: str, reserved: str,
                 fetch: str, key: str) -> str | None:
        if key == "PK=1" and (present, reserved, fetch) != ("P=1", "RSVD=0", "I/D=0"):
            return "a key stops data accesses to a page that there is"
        if key == "PK=1" and not self.config.keys:
            return "there are no protection keys"
        if (present, reserved) == ("P=0", "RSVD=1"):
            return "RSVD is told of present entries only"
        if (write, fetch) == ("W=1", "I/D=1"):
            return "no fetch is a write"
        if fetch == "I/D=1" and not (self.config.smep or self.config.nx):
            return "I/D needs SMEP or NXE"
        if (present, write, user, reserved, fetch) == ("P=1", "W=0", "U=0", "RSVD=0", "I/D=0"):
            return self.ending("read", "supervisor", "rights")
        return self.reserved() if reserved == "RSVD=1" else None

    def no_key(self, register: str, *rest: str) -> str | None:
        """Reason why the register does not judge any page."""
        return self.bit({"PKRU": "PKE=1", "PKRS": "PKS=1"}[register])

    def no_crossing(self, kind: str, ending: str) -> str | None:
        return self.reserved() if ending == "second reserved" else None

    def no_event(self, event: str) -> str | None:
        if event == "bus_error":
            return "all of memory answers"
        if event in OF_SECOND_LEVEL and not self.config.second_entries:
            return "the TLB has one level"
        if event in ("expired", "swept"):
            return "a round is too short to use up the PCIDs and the stamps of the second level"
        if event == "switched":
            return self.bit("PCIDE=1")
        if event == "accessed PML5":
            return self.mode("5-level")
        if event in ("accessed PDPT", "accessed PML4"):
            return self.mode("4-level")
        return self.ending("read", "user", "#GP") if event == "protection" else None

    def no_operation(self, register: str, ending: str) -> str | None:
        if ending == "not canonical":
            return self.ending("read", "user", "#GP")
        if register in ("CR2", "RFLAGS") and ending == "refused":
            return "every value may be written"
        if register == "INVPCID" and ending != "refused" and not self.config.invpcid:
            return NO_INVPCID
        if register in ("PKRU", "PKRS") and ending == "written":
            return self.no_key(register)
        if register == "FEATURES" and ending == "written":
            return "the register is read-only"
        if register == "CR3" and ending == "refused" and not self.config.wide_entries:
            return "outside long mode every value may be written"
        return None


def no_alignment(kind: str, size: str, alignment: str) -> str | None:
    """Reason why an access of this size cannot be aligned so, or None."""
    if size == "1" and alignment != "aligned":
        return "a byte is always aligned"
    return "eight bytes fill a word" if (size, alignment) == ("8", "in a word") else None


def coverpoints(config: MmuConfig) -> list[Coverpoint]:
    """Coverpoints of a unit."""
    return [*_of_entries(config), *_of_rights(config), *_of_accesses(config), *_of_time(config)]


def _of_entries(config: MmuConfig) -> Iterator[Coverpoint]:
    reach = Reachability(config)
    sizes = [(mode, size) for mode in SIZES for size in SIZES[mode]]
    yield Coverpoint("entry bits", "Each bit of each entry that a walk reads.",
                     tuple(reach.entry_bits()), reach.no_entry_bit)
    yield Coverpoint("defects", "The cause of a fault in a walk, and its level.",
                     tuple(reach.defects()), reach.no_defect)
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

    def no_bit(*values: str) -> str | None:
        return next(filter(None, map(reach.bit, values)), None)

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
                            ("read", "write")), no_bit)
    yield Coverpoint("SMEP", "Fetches: SMEP, the page's U/S, and the privilege.",
                     _cross(_bits("SMEP"), _bits("U/S"), PRIVILEGES), no_bit)
    yield Coverpoint("NX", "Walks of 8-byte entries: NXE, XD anywhere, privilege and kind.",
                     _cross(_bits("NXE"), _bits("XD"), PRIVILEGES, ("fetch", "other")),
                     lambda *values: NO_LONG_MODE if not config.wide_entries else (
                         no_bit(values[0]) if values[1] == "XD=0" or config.nx else NO_NX))
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
