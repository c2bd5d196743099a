"""One linear address as of one cycle: the entries that translate it, and what is allowed.

The tables are read from the record of the ports, and judged by the golden model. What the TLB
holds is on record too; where it differs from the tables, it is stale, and it is the TLB that
counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from hw.config import MmuConfig
from sim.golden.permission import Attempt, Refusal, Rights, error_code, refusal
from sim.golden.reserved import D, Level
from sim.golden.state import ControlState, Features, PagingMode
from sim.golden.walk import Translation, found_by, walk
from sim.record.history import MemoryHistory, Store
from sim.record.tlb import TlbEntry
from sim.record.trace import Trace


__all__ = ["ATTEMPTS", "PageWalk", "Verdict", "WalkStep", "control_state", "features_of",
           "page_walk"]


#: Accesses that are judged, by their names.
ATTEMPTS: Mapping[str, Attempt] = {
    "user read":    Attempt(user=True),
    "user write":   Attempt(user=True, write=True),
    "user fetch":   Attempt(user=True, fetch=True),
    "kernel read":  Attempt(),
    "kernel write": Attempt(write=True),
    "kernel fetch": Attempt(fetch=True),
}


@dataclass(frozen=True)
class WalkStep:
    """An entry on the way down.

    Attributes
    ----------
    level : :class:`sim.golden.reserved.Level`
        Its level.
    address, entry : :class:`int`
        Its physical address, and its value.
    rights : :class:`sim.golden.permission.Rights`
        Rights of all levels down to this one.
    store : :class:`sim.record.history.Store` or :class:`None`
        The last store to it; None if it was never written.
    """

    level:   Level
    address: int
    entry:   int
    rights:  Rights
    store:   Store | None


@dataclass(frozen=True)
class Verdict:
    """End of an access: done, or a page fault with its error code and reason."""

    refusal:    Refusal | None
    error_code: int


@dataclass(frozen=True)
class PageWalk:
    """The translation of one address, for one processor, as of one cycle.

    Attributes
    ----------
    linear, cycle, cpu : :class:`int`
        What was asked for.
    state : :class:`sim.golden.state.ControlState`
        The control registers.
    canonical : :class:`bool`
        The address is one; any access to another ends in #GP.
    steps : sequence of :class:`WalkStep`
        The entries, root first; empty without paging.
    translation : :class:`sim.golden.walk.Translation` or :class:`None`
        What they make of the address, whatever the access; None if one of them is missing or
        malformed, and without paging.
    verdicts : mapping of :class:`str` to :class:`Verdict`
        What becomes of each of :data:`ATTEMPTS`, by the entries in memory.
    cached : :class:`sim.record.tlb.TlbEntry` or :class:`None`
        The translation in the TLB, if there is one.
    cached_verdicts : mapping of :class:`str` to :class:`Verdict`
        What becomes of each, if the TLB translates it; empty if it does not. A write through a
        translation that is not dirty is walked, and so not among them.
    tlb_reported : :class:`bool`
        The record has the changes of the TLB. Without them nothing is known of it.
    """

    linear:          int
    cycle:           int
    cpu:             int
    state:           ControlState
    canonical:       bool
    steps:           Sequence[WalkStep]
    translation:     Translation | None
    verdicts:        Mapping[str, Verdict]
    cached:          TlbEntry | None
    cached_verdicts: Mapping[str, Verdict]
    tlb_reported:    bool

    @property
    def registers(self) -> Mapping[str, bool]:
        """Control bits that verdicts depend on, by name."""
        state = self.state
        return {"CR0.WP": state.write_protect, "CR4.SMEP": state.smep, "CR4.SMAP": state.smap,
                "EFER.NXE": state.no_execute, "RFLAGS.AC": state.ac}

    @property
    def stale(self) -> bool:
        """True if the TLB holds a translation that the entries in memory do not make."""
        return self.cached is not None and _outdated(self.cached, self.translation)


def page_walk(traces: Sequence[Trace], history: MemoryHistory, linear: int, *, cycle: int,
              cpu: int = 0, features: Features) -> PageWalk:
    """Walk the tables for ``linear`` as of ``cycle``, before anything of that cycle is done.

    Raises :class:`LookupError` if that cycle is not on record.
    """
    state  = control_state(traces[cpu], cycle, features)
    masked = linear & state.linear_mask
    paging = state.mode is not PagingMode.OFF

    def read(address: int, size: int) -> int:
        return history.read(address, size, cycle=cycle)

    reported = traces[cpu].reports_tlb
    if not paging or not state.canonical(masked):
        return PageWalk(masked, cycle, cpu, state, state.canonical(masked), (), None, {}, None, {},
                        reported)
    walks  = {name: walk(state, attempt, masked, read) for name, attempt in ATTEMPTS.items()}
    found  = walks["kernel read"]
    whole  = found.refusal not in (Refusal.NOT_PRESENT, Refusal.RESERVED)
    translation = found_by(state, found.steps[-1], masked,
                           dirty=bool(found.steps[-1].entry & D)) if whole else None
    steps  = [WalkStep(step.level, step.address, step.entry, step.rights,
                       history.last_store(step.address, step.level.entry_size, cycle=cycle))
              for step in found.steps]
    cached = traces[cpu].tlb_at(cycle).find(masked) if reported else None
    return PageWalk(
        masked, cycle, cpu, state, True, steps, translation,
        {name: Verdict(each.refusal, each.error_code) for name, each in walks.items()},
        cached, {} if cached is None else _cached_verdicts(state, cached), reported)


def features_of(config: MmuConfig) -> Features:
    """Features of the golden model's machine that is configured as a unit is."""
    return Features(**{field.name: getattr(config, field.name) for field in fields(Features)})


def control_state(trace: Trace, cycle: int, features: Features) -> ControlState:
    """Control registers in ``cycle``, for the golden model."""
    state = trace.state_at(cycle)
    return ControlState(machine=features, cr0=state.cr0, cr2=state.cr2, cr3=state.cr3,
                        cr4=state.cr4, efer=state.efer, ac=bool(state.ac))


def _cached_verdicts(state: ControlState, cached: TlbEntry) -> dict[str, Verdict]:
    rights = Rights(cached.writable, cached.user, cached.execute_disable)
    found  = {}
    for name, attempt in ATTEMPTS.items():
        reason = refusal(state, rights, attempt)
        if reason is not None:
            found[name] = Verdict(reason, error_code(state, attempt, present=True))
        elif cached.dirty or not attempt.write:
            found[name] = Verdict(None, 0)
    return found


def _outdated(cached: TlbEntry, translation: Translation | None) -> bool:
    """Tell whether a translation differs from what memory says now, in more than its dirty bit."""
    if translation is None:
        return True
    rights = translation.rights
    return (cached.linear, cached.physical, cached.size, cached.writable, cached.user,
            cached.execute_disable) != (
        translation.linear, translation.physical, translation.size, rights.writable, rights.user,
        rights.execute_disable)
