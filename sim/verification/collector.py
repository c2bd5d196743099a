"""The collector of functional coverage: from events to the bins of :mod:`.coverpoints`."""

from collections.abc import Mapping, Sequence

from sim.coverage.bins import Coverage
from sim.coverage.observation import AccessSeen, PageSeen, WriteSeen, privilege
from sim.coverage.points import Sampler
from sim.coverage.points.terms import KINDS
from sim.golden.mmu import Outcome
from sim.golden.permission import PRESENT, RESERVED
from sim.golden.state import CR4_PKE, CR4_PKS, ControlState, PagingMode
from sw.bus import Access, GeneralProtection, Kind, PageFault

from .coverpoints import STRUCTURES
from .monitors import WishboneTransfer, duration_bin
from .payloads import EVENTS


__all__ = ["CoverageCollector", "alignment"]


_FAULTS = {PageFault: "#PF", GeneralProtection: "#GP", type(None): ""}


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
        self._sampler  = Sampler([coverpoint for coverpoint in coverage.coverpoints.values()
                                  if coverpoint.sample is not None])
        self._hit      = coverage.hit
        self._previous = "done"

    def begin(self) -> None:
        """Note that the unit was reset."""
        self._previous = "done"

    # Accesses

    def access(self, state: ControlState, access: Access, chained: bool,
               walks: Sequence[PageSeen], outcome: Outcome | None) -> None:
        """Count an access, by memory as it was before; ``outcome`` is None if it was skipped."""
        kind, ending = KINDS[access.kind], self._ending(outcome)
        self._hit("accesses", kind, privilege(access), ending)
        self._string(chained, ending)
        if outcome is None:
            return
        self._hit("alignment", kind, str(access.size), alignment(access))
        if outcome.fault is None:
            self._done(access, outcome)
        sizes = [page.size for page in walks if page.ending == "done"]
        if len(sizes) == 2:
            self._hit("neighbours", state.mode.value, *sizes)
        if walks:
            self._control(state)
        self._sample(AccessSeen(access, state, _FAULTS[type(outcome.fault)],
                                getattr(outcome.fault, "error_code", 0), tuple(walks),
                                outcome.data))

    def _sample(self, seen: AccessSeen | WriteSeen) -> None:
        for name, values in self._sampler.hits(seen):
            self._hit(name, *values)

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

    def _done(self, access: Access, outcome: Outcome) -> None:
        if access.kind is Kind.EXCHANGE:
            self._hit("locked", "exchange", alignment(access))
        elif access.kind is Kind.COMPARE_EXCHANGE:
            equal = outcome.data == access.compare & (1 << 8 * access.size) - 1
            self._hit("locked", f"compare: {'equal' if equal else 'other'}", alignment(access))

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

    # Time

    def operation(self, register: str, ending: str) -> None:
        """Count a control operation: "read", "written", "refused"."""
        self._hit("operations", register, ending)

    def write(self, write: WriteSeen) -> None:
        """Count a write of a control register."""
        self.operation(write.register, "refused" if write.refused else "written")
        self._sample(write)

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
