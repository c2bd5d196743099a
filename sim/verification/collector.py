"""From what happens to the bins of :mod:`.coverpoints`."""

from collections.abc import Mapping, Sequence

from sim.golden.mmu import Outcome
from sim.golden.permission import PRESENT, RESERVED, Attempt
from sim.golden.reserved import RW, US, XD
from sim.golden.state import ControlState, PagingMode
from sw.bus import Access, Kind, PageFault

from .coverage import Coverage
from .coverpoints import KINDS
from .monitors import Transfer, length
from .payloads import EVENTS
from .texts import who
from .walks import Look, Seen


__all__ = ["Observer", "place"]


PAGES = {1 << 12: "4K", 1 << 21: "2M", 1 << 22: "4M", 1 << 30: "1G"}
ERROR = ("P", "W", "U", "RSVD", "I/D")


def place(access: Access) -> str:
    """Where the bytes of the access lie."""
    offset = access.linear & 0xfff
    if offset + access.size > 4096:
        return "in two pages"
    if (offset & 7) + access.size > 8:
        return "in two words"
    return "in a word" if offset % access.size else "aligned"


def _is(name: str, value: object) -> str:
    return f"{name}={int(bool(value))}"


class Observer:
    """Counts what the unit is put through.

    Parameters
    ----------
    coverage : :class:`Coverage`
        Where hits are counted.
    """

    def __init__(self, coverage: Coverage):
        self.coverage  = coverage
        self._hit      = coverage.hit
        self._previous = "done"

    def begin(self) -> None:
        """The unit was reset."""
        self._previous = "done"

    # Accesses

    def access(self, state: ControlState, access: Access, chained: bool, looks: Sequence[Look],
               outcome: Outcome | None) -> None:
        """An access, as memory was before it; ``outcome`` is None if it was skipped."""
        kind, end = KINDS[access.kind], self._end(outcome)
        self._hit("accesses", kind, who(access), end)
        self._string(chained, end)
        if outcome is None:
            return
        self._hit("alignment", kind, str(access.size), place(access))
        if isinstance(outcome.fault, PageFault):
            self._hit("error codes", *(_is(name, outcome.fault.error_code >> bit & 1)
                                       for bit, name in enumerate(ERROR)))
        if outcome.fault is None:
            self._done(state, access, looks, outcome)
        if place(access) == "in two pages" and looks:
            self._crossing(state, kind, looks)
        if looks:
            self._control(state)
        for page in looks:
            self._walk(state, access, page)
            self._rights(state, access, page)

    def _end(self, outcome: Outcome | None) -> str:
        if outcome is None:
            return "skipped"
        if isinstance(outcome.fault, PageFault):
            code = outcome.fault.error_code
            return "missing" if not code & PRESENT else "reserved" if code & RESERVED else "rights"
        return "done" if outcome.fault is None else "#GP"

    def _string(self, chained: bool, end: str) -> None:
        end = end if end in ("done", "skipped") else "fault"
        self._hit("strings", self._previous, "chained" if chained else "plain", end)
        self._previous = end

    def _done(self, state: ControlState, access: Access, looks: Sequence[Look],
              outcome: Outcome) -> None:
        kind = KINDS[access.kind]
        if not looks:
            self._hit("pages", "off", "-", kind)
        elif looks[0].walk.translation:
            self._hit("pages", state.mode.value, PAGES[looks[0].walk.translation.size], kind)
        if access.kind is Kind.EXCHANGE:
            self._hit("locked", "exchange", place(access))
        elif access.kind is Kind.COMPARE_EXCHANGE:
            equal = outcome.data == access.compare & (1 << 8 * access.size) - 1
            self._hit("locked", f"compare: {'equal' if equal else 'other'}", place(access))

    def _crossing(self, state: ControlState, kind: str, looks: Sequence[Look]) -> None:
        sizes = [PAGES[page.walk.translation.size] for page in looks if page.walk.translation]
        if len(looks) == 1:
            self._hit("crossings", kind, "first faults")
        elif len(sizes) == 1:
            self._hit("crossings", kind, f"second {looks[1].end}")
        else:
            self._hit("crossings", kind, "both done")
            self._hit("neighbours", state.mode.value, *sizes)

    # Entries

    def _walk(self, state: ControlState, access: Access, page: Look) -> None:
        mode = state.mode.value
        for seen in page.entries:
            self._entry(mode, state, seen)
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
        for seen in uppers:
            self._hit("upper flags", mode, seen.level.name, _is("A", seen.value >> 5 & 1),
                      "done" if page.walk.translation else "fault")

    def _entry(self, mode: str, state: ControlState, seen: Seen) -> None:
        name, value = seen.level.name, seen.value

        def note(bit: str, present: object) -> None:
            self._hit("entry bits", mode, name, _is(bit, present))

        note("P", value & 1)
        if not value & 1:
            return
        if mode == "4-level" or name == "PDE":
            note("RSVD", seen.reserved)
        if seen.reserved:
            return
        note("R/W", value & RW)
        note("U/S", value & US)
        note("A", value >> 5 & 1)
        if mode == "4-level" and state.no_execute:
            note("XD", value & XD)
        if name in ("PDPTE", "PDE"):
            note("PS", value >> 7 & 1)
        if seen.leaf:
            note("D", value >> 6 & 1)
            note("G", value >> 8 & 1)

    @staticmethod
    def _defect(state: ControlState, seen: Seen) -> str:
        if seen.reserved & XD:
            return "XD without NXE"
        if seen.reserved >> state.machine.maxphyaddr and state.mode is PagingMode.FOUR_LEVELS:
            return "address"
        return "PS" if seen.reserved >> 7 & 1 else "page address"

    # Rights

    def _control(self, state: ControlState) -> None:
        bits = {"WP": state.write_protect, "SMEP": state.smep, "SMAP": state.smap, "AC": state.ac,
                "PGE": state.global_pages}
        bits |= {"NXE": state.no_execute} if state.mode is PagingMode.FOUR_LEVELS else {
            "PSE": state.page_size_extensions}
        for name, value in bits.items():
            self._hit("control bits", state.mode.value, _is(name, value))

    def _rights(self, state: ControlState, access: Access, page: Look) -> None:
        attempt = Attempt.of(access)
        malformed = page.entries[-1].reserved == XD
        if state.mode is PagingMode.FOUR_LEVELS and (page.leaf or malformed):
            disabled = any(seen.value & XD for seen in page.entries)
            self._hit("NX", _is("NXE", state.no_execute), _is("XD", disabled), who(access),
                      "fetch" if attempt.fetch else "other")
        if not page.leaf:
            return
        user = _is("U/S", page.all_set(US))
        if attempt.write:
            self._hit("CR0.WP", _is("WP", state.write_protect), _is("R/W", page.all_set(RW)), user,
                      who(access))
        if attempt.fetch:
            self._hit("SMEP", _is("SMEP", state.smep), user, who(access))
        else:
            self._hit("SMAP", _is("SMAP", state.smap), _is("AC", state.ac), user, who(access),
                      "write" if attempt.write else "read")

    # Time

    def operation(self, register: str, end: str) -> None:
        """A control operation."""
        self._hit("operations", register, end)

    def lookup(self, hit: bool, access: Access, outcome: Outcome) -> None:
        """A lookup of the TLB for an access to one page, which was done or may not be."""
        self._hit("lookups", "hit" if hit else "miss", KINDS[access.kind],
                  "done" if outcome.fault is None else "rights")

    def stale(self, by: str, outcome: Outcome) -> None:
        """An access whose outcome tells whether the unit went by ``memory`` or its ``TLB``."""
        self._hit("stale", by, "done" if outcome.fault is None else "fault")

    def race(self, orders: Sequence[str]) -> None:
        """An access during an edit, and the orders that explain its outcome."""
        self._hit("edits in a walk", orders[0] if len(orders) == 1 else "either")

    def events(self, strobes: int) -> None:
        """The strobes of one cycle."""
        for name, (offset, width) in EVENTS.items():
            bits = strobes >> offset & (1 << width) - 1
            if width == 1 and bits:
                self._hit("events", name)
            for level, table in enumerate(("PT", "PD", "PDPT", "PML4")):
                if width > 1 and bits >> level & 1:
                    self._hit("events", f"accessed {table}")

    def waits(self, stream: str, waits: Mapping[str, int]) -> None:
        """For how long payloads of a stream were offered in vain, and how often."""
        for cycles, count in waits.items():
            self.coverage.hits["handshakes", (stream, cycles)] += count

    def transfer(self, transfer: Transfer, waiting: int) -> None:
        """A transfer that was answered, and how many waited with it."""
        kind = "locked " * transfer.lock + ("write" if transfer.write else "read")
        self._hit("stalls", kind, length(transfer.stalled))
        self._hit("latency", kind, length(transfer.answered - transfer.asked))
        self._hit("in flight", str(waiting))
