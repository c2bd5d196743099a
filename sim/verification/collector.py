"""The collector of functional coverage: from events to the bins of :mod:`.coverpoints`."""

from collections.abc import Mapping, Sequence

from sim.golden.mmu import Outcome
from sim.golden.keys import key_rights
from sim.golden.permission import PRESENT, PROTECTION_KEY, RESERVED, Attempt
from sim.golden.reserved import RW, US, XD
from sim.golden.state import CR4_PKE, CR4_PKS, ControlState, PagingMode
from sw.bus import Access, Kind, PageFault

from .coverage import Coverage
from .coverpoints import KINDS, STRUCTURES
from .monitors import WishboneTransfer, duration_bin
from .payloads import EVENTS
from .texts import privilege
from .walks import PredictedWalk, PredictedWrite, WalkedEntry


__all__ = ["CoverageCollector", "alignment"]


PAGES = {1 << 12: "4K", 1 << 21: "2M", 1 << 22: "4M", 1 << 30: "1G"}
ERROR = ("P", "W", "U", "RSVD", "I/D", "PK")


def alignment(access: Access) -> str:
    """Alignment of an access: the words and pages that its bytes share."""
    offset = access.linear & 0xfff
    if offset + access.size > 4096:
        return "in two pages"
    if (offset & 7) + access.size > 8:
        return "in two words"
    return "in a word" if offset % access.size else "aligned"


def _is(name: str, value: object) -> str:
    return f"{name}={int(bool(value))}"


class CoverageCollector:
    """Counts the conditions that the unit meets.

    Parameters
    ----------
    coverage : :class:`Coverage`
        Counter of the hits.
    """

    def __init__(self, coverage: Coverage):
        self.coverage  = coverage
        self._hit      = coverage.hit
        self._previous = "done"

    def begin(self) -> None:
        """Note that the unit was reset."""
        self._previous = "done"

    # Accesses

    def access(self, state: ControlState, access: Access, chained: bool,
               walks: Sequence[PredictedWalk], outcome: Outcome | None) -> None:
        """Count an access, by memory as it was before; ``outcome`` is None if it was skipped."""
        kind, ending = KINDS[access.kind], self._ending(outcome)
        self._hit("accesses", kind, privilege(access), ending)
        self._string(chained, ending)
        if outcome is None:
            return
        self._hit("alignment", kind, str(access.size), alignment(access))
        if isinstance(outcome.fault, PageFault):
            self._hit("error codes", *(_is(name, outcome.fault.error_code >> bit & 1)
                                       for bit, name in enumerate(ERROR)))
        if outcome.fault is None:
            self._done(state, access, walks, outcome)
        if alignment(access) == "in two pages" and walks:
            self._crossing(state, kind, walks)
        if walks:
            self._control(state)
        for page in walks:
            self._walk(state, access, page)
            self._rights(state, access, page)

    def _ending(self, outcome: Outcome | None) -> str:
        if outcome is None:
            return "skipped"
        if isinstance(outcome.fault, PageFault):
            code = outcome.fault.error_code
            return "missing" if not code & PRESENT else "reserved" if code & RESERVED else "rights"
        return "done" if outcome.fault is None else "#GP"

    def _string(self, chained: bool, ending: str) -> None:
        ending = ending if ending in ("done", "skipped") else "fault"
        self._hit("strings", self._previous, "chained" if chained else "plain", ending)
        self._previous = ending

    def _done(self, state: ControlState, access: Access, walks: Sequence[PredictedWalk],
              outcome: Outcome) -> None:
        kind = KINDS[access.kind]
        if not walks:
            self._hit("pages", "off", "-", kind)
        elif walks[0].walk.translation:
            self._hit("pages", state.mode.value, PAGES[walks[0].walk.translation.size], kind)
        if access.kind is Kind.EXCHANGE:
            self._hit("locked", "exchange", alignment(access))
        elif access.kind is Kind.COMPARE_EXCHANGE:
            equal = outcome.data == access.compare & (1 << 8 * access.size) - 1
            self._hit("locked", f"compare: {'equal' if equal else 'other'}", alignment(access))

    def _crossing(self, state: ControlState, kind: str,
                  walks: Sequence[PredictedWalk]) -> None:
        sizes = [PAGES[page.walk.translation.size] for page in walks if page.walk.translation]
        if len(walks) == 1:
            self._hit("crossings", kind, "first faults")
        elif len(sizes) == 1:
            self._hit("crossings", kind, f"second {walks[1].ending}")
        else:
            self._hit("crossings", kind, "both done")
            self._hit("neighbours", state.mode.value, *sizes)

    # Entries

    def _walk(self, state: ControlState, access: Access, page: PredictedWalk) -> None:
        mode = state.mode.value
        if not page.entries:
            self._hit("defects", mode, "PDPTE", "missing")
            return
        for entry in page.entries:
            self._entry(mode, state, entry)
        *uppers, last = page.entries
        if not last.value & 1:
            self._hit("defects", mode, last.level.name, "missing")
        elif last.reserved:
            self._hit("defects", mode, last.level.name, self._defect(state, last))
        elif not last.leaf:
            uppers.append(last)
        elif page.walk.translation:
            self._hit("leaf flags", mode, PAGES[page.walk.translation.size],
                      _is("A", last.value >> 5 & 1), _is("D", last.value >> 6 & 1),
                      "write" if Attempt.of(access).write else "read")
        for entry in uppers:
            self._hit("upper flags", mode, entry.level.name, _is("A", entry.value >> 5 & 1),
                      "done" if page.walk.translation else "fault")

    def _entry(self, mode: str, state: ControlState, entry: WalkedEntry) -> None:
        name, value = entry.level.name, entry.value

        def note(bit: str, present: object) -> None:
            self._hit("entry bits", mode, name, _is(bit, present))

        note("P", value & 1)
        if not value & 1:
            return
        if mode != "32-bit" or name == "PDE":
            note("RSVD", entry.reserved)
        if entry.reserved:
            return
        note("R/W", value & RW)
        note("U/S", value & US)
        note("A", value >> 5 & 1)
        if mode != "32-bit" and state.no_execute:
            note("XD", value & XD)
        if name in ("PDPTE", "PDE"):
            note("PS", value >> 7 & 1)
        if entry.leaf:
            note("D", value >> 6 & 1)
            note("G", value >> 8 & 1)

    @staticmethod
    def _defect(state: ControlState, entry: WalkedEntry) -> str:
        if entry.reserved & XD:
            return "XD without NXE"
        if entry.reserved >> 52:
            return "upper bits"
        if entry.reserved >> state.machine.maxphyaddr and state.mode is not PagingMode.BITS_32:
            return "address"
        return "PS" if entry.reserved >> 7 & 1 else "page address"

    # Rights

    def _control(self, state: ControlState) -> None:
        bits = {"WP": state.write_protect, "SMEP": state.smep, "SMAP": state.smap, "AC": state.ac,
                "PGE": state.global_pages}
        if state.mode is PagingMode.BITS_32:
            bits["PSE"] = state.page_size_extensions
        else:
            bits["NXE"] = state.no_execute
        if state.long_mode:
            bits |= {"PCIDE": state.pcid_enable, "PKE": bool(state.cr4 & CR4_PKE),
                     "PKS": bool(state.cr4 & CR4_PKS)}
        for name, value in bits.items():
            self._hit("control bits", state.mode.value, _is(name, value))

    def _rights(self, state: ControlState, access: Access, page: PredictedWalk) -> None:
        attempt = Attempt.of(access)
        malformed = bool(page.entries) and page.entries[-1].reserved == XD
        if state.mode is not PagingMode.BITS_32 and (page.leaf or malformed):
            disabled = any(entry.value & XD for entry in page.entries)
            self._hit("NX", _is("NXE", state.no_execute), _is("XD", disabled), privilege(access),
                      "fetch" if attempt.fetch else "other")
        if not page.leaf:
            return
        user = _is("U/S", page.all_set(US))
        if attempt.write:
            self._hit("CR0.WP", _is("WP", state.write_protect), _is("R/W", page.all_set(RW)), user,
                      privilege(access))
        if attempt.fetch:
            self._hit("SMEP", _is("SMEP", state.smep), user, privilege(access))
        else:
            self._hit("SMAP", _is("SMAP", state.smap), _is("AC", state.ac), user, privilege(access),
                      "write" if attempt.write else "read")
        if page.key is not None:
            self._key(state, access, page, page.key)

    def _key(self, state: ControlState, access: Access, page: PredictedWalk, key: int) -> None:
        """Count a page with a key that a register judges."""
        user     = page.all_set(US)
        register = "PKRU" if user else "PKRS"
        if not state.cr4 & (CR4_PKE if user else CR4_PKS):
            return
        attempt  = Attempt.of(access)
        disabled = key_rights(state, key, user_page=user)
        if attempt.fetch:
            if disabled.access_disable:
                self._hit("fetches by key", register, "done" if page.ending == "done" else "fault")
            return
        self._hit("key rights", register, _is("AD", disabled.access_disable),
                  _is("WD", disabled.write_disable), _is("WP", state.write_protect),
                  privilege(access), "write" if attempt.write else "read")
        self._hit("keys", register, str(key),
                  "refused" if page.walk.error_code & PROTECTION_KEY else "allowed")

    # Time

    def operation(self, register: str, ending: str) -> None:
        """Count a control operation: "read", "written", "refused"."""
        self._hit("operations", register, ending)

    def write(self, register: str, value: int, write: PredictedWrite) -> None:
        """Count a write of ``value`` to a control register."""
        before = write.before
        self.operation(register, "refused" if write.refused else "written")
        if write.loads:
            self._hit("PDPTEs", register, "refused" if write.refused else "loaded")
        if before.mode is not write.after.mode:
            self._hit("modes", before.mode.value, write.after.mode.value)
        if register == "CR3" and before.pcid_enable and not write.refused:
            self._hit("PCIDs", "same" if value & 0xfff == before.pcid else "other",
                      "no flush" if value >> 63 else "flush")

    def lookup(self, hit: bool, access: Access, outcome: Outcome) -> None:
        """Count a lookup of the TLB for an access to one page that is done or lacks rights."""
        self._hit("lookups", "hit" if hit else "miss", KINDS[access.kind],
                  "done" if outcome.fault is None else "rights")

    def stale(self, by: str, outcome: Outcome) -> None:
        """Count an access whose outcome tells the translation in use: ``memory`` or ``TLB``."""
        self._hit("stale", by, "done" if outcome.fault is None else "fault")

    def edit_in_walk(self, interleavings: Sequence[str]) -> None:
        """Count an access during an edit, by the interleavings that explain its outcome."""
        self._hit("edits in a walk", interleavings[0] if len(interleavings) == 1 else "either")

    def events(self, strobes: int) -> None:
        """Count the strobes of one cycle."""
        for name, (offset, width) in EVENTS.items():
            bits = strobes >> offset & (1 << width) - 1
            if width == 1 and bits:
                self._hit("events", name)
            for level, table in enumerate(STRUCTURES):
                if width > 1 and bits >> level & 1:
                    self._hit("events", f"accessed {table}")

    def waits(self, stream: str, waits: Mapping[str, int]) -> None:
        """Count payloads of a stream by the cycles for which they were offered in vain."""
        for cycles, count in waits.items():
            self.coverage.hits["handshakes", (stream, cycles)] += count

    def transfer(self, transfer: WishboneTransfer, outstanding: int) -> None:
        """Count a transfer that was acknowledged, and those outstanding, itself included."""
        kind = "locked " * transfer.lock + ("write" if transfer.write else "read")
        self._hit("stalls", kind, duration_bin(transfer.stalled))
        self._hit("latency", kind, duration_bin(transfer.acked - transfer.accepted))
        self._hit("in flight", str(outstanding))
