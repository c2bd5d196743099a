"""One linear address as of one cycle: the entries that translate it, and what is allowed.

The tables are read from the record of the ports, and judged by the golden model. What the TLB
holds is on record too; where it differs from the tables, it is stale, and it is the TLB that
counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from hw.config import MmuConfig
from sim.golden.keys import key_of
from sim.golden.permission import Attempt, Refusal, Rights, error_code, refusals, violation_code
from sim.golden.reserved import D, Level
from sim.golden.state import CR4_PKE, CR4_PKS, ControlState, Features, PagingMode
from sim.golden.walk import Translation, found_by, walk
from sim.record.history import MemoryHistory, Store
from sim.record.tlb import TlbEntry
from sim.record.trace import Trace

from .kernel import KernelRecords


__all__ = ["ATTEMPTS", "KINDS", "PageWalk", "Verdict", "WalkStep", "address_space", "attempts_of",
           "control_state", "features_of", "has_keys", "outdated", "page_walk", "pdpte_address"]


#: Accesses that are judged, by their names. Implicit ones, such as to the GDT, are the
#: supervisor's at any CPL.
ATTEMPTS: Mapping[str, Attempt] = {
    "user read":      Attempt(user=True),
    "user write":     Attempt(user=True, write=True),
    "user fetch":     Attempt(user=True, fetch=True),
    "kernel read":    Attempt(),
    "kernel write":   Attempt(write=True),
    "kernel fetch":   Attempt(fetch=True),
    "implicit read":  Attempt(implicit=True),
    "implicit write": Attempt(implicit=True, write=True),
}

#: The bits of CR3 that say where the PDPTEs of PAE paging are.
_PAE_ROOT = 0xffff_ffe0

#: Kinds of accesses, as :func:`attempts_of` takes them.
KINDS = ("read", "write", "fetch", "implicit-read", "implicit-write")


def attempts_of(kind: str | None = None, cpl: int | None = None) -> Mapping[str, Attempt]:
    """Those of :data:`ATTEMPTS` that are of one of :data:`KINDS`, and made at ``cpl``, 0 or 3."""
    def wanted(name: str) -> bool:
        who, what = name.split()
        if who == "implicit":
            return kind in (None, f"{who}-{what}")
        return kind in (None, what) and cpl in (None, {"user": 3, "kernel": 0}[who])

    return {name: attempt for name, attempt in ATTEMPTS.items() if wanted(name)}


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
    """End of an access: done, or a page fault with its error code and all that would cause it."""

    refusals:   tuple[Refusal, ...]
    error_code: int

    @property
    def refusal(self) -> Refusal | None:
        """The first reason; None if the access is done."""
        return next(iter(self.refusals), None)


@dataclass(frozen=True)
class PageWalk:
    """The translation of one address, in one address space, for one processor, as of one cycle.

    Attributes
    ----------
    linear, cycle, cpu : :class:`int`
        What was asked for.
    state : :class:`sim.golden.state.ControlState`
        The control registers; CR3 is that of the address space.
    loaded : :class:`bool`
        The processor has that CR3 in that cycle. If not, what its TLB holds is of another address
        space, but for global translations, which are of all.
    canonical : :class:`bool`
        The address is one; any access to another ends in #GP.
    steps : sequence of :class:`WalkStep`
        The entries in memory, root first; empty without paging, and if a PDPTE register of PAE
        paging is not present.
    translation : :class:`sim.golden.walk.Translation` or :class:`None`
        What they make of the address, whatever the access; None if one of them is missing or
        malformed, and without paging.
    verdicts : mapping of :class:`str` to :class:`Verdict`
        What becomes of each attempt that was asked for, by the entries in memory.
    cached : :class:`sim.record.tlb.TlbEntry` or :class:`None`
        The translation in the TLB, if there is one.
    cached_verdicts : mapping of :class:`str` to :class:`Verdict`
        What becomes of each, if the TLB translates it; empty if it does not. A write through a
        translation that is not dirty is walked, and so not among them.
    tlb_reported : :class:`bool`
        The record has the changes of the TLB. Without them nothing is known of it.
    kernel : :class:`.kernel.KernelRecords` or :class:`None`
        The kernel's own records, if the machine stands in that cycle and the kernel is up.
    """

    linear:          int
    cycle:           int
    cpu:             int
    state:           ControlState
    loaded:          bool
    canonical:       bool
    steps:           Sequence[WalkStep]
    translation:     Translation | None
    verdicts:        Mapping[str, Verdict]
    cached:          TlbEntry | None
    cached_verdicts: Mapping[str, Verdict]
    tlb_reported:    bool
    kernel:          KernelRecords | None = None

    @property
    def physical(self) -> int | None:
        """Physical address by the entries in memory; None if they lead nowhere."""
        if self.translation is not None:
            return self.translation.translate(self.linear)
        return self.linear if self.state.mode is PagingMode.OFF else None

    @property
    def pdpte(self) -> int | None:
        """The PDPTE register that the address selects; None but in PAE paging."""
        if self.state.mode is not PagingMode.PAE:
            return None
        return self.state.pdptes[self.linear >> 30]

    @property
    def registers(self) -> Mapping[str, bool]:
        """Control bits that verdicts depend on, by name."""
        state = self.state
        bits = {"CR0.WP": state.write_protect, "CR4.SMEP": state.smep, "CR4.SMAP": state.smap,
                "EFER.NXE": state.no_execute, "RFLAGS.AC": state.ac}
        if state.machine.pku:
            bits["CR4.PKE"] = bool(state.cr4 & CR4_PKE)
        if state.machine.pks:
            bits["CR4.PKS"] = bool(state.cr4 & CR4_PKS)
        return bits

    @property
    def key_registers(self) -> Mapping[str, int]:
        """Registers with the rights of protection keys, by name; empty without keys."""
        state = self.state
        return {name: value for name, value, exists in (
            ("PKRU", state.pkru, state.machine.pku), ("PKRS", state.pkrs, state.machine.pks))
            if exists}

    @property
    def stale(self) -> bool:
        """True if the TLB holds a translation that the entries in memory do not make."""
        return self.cached is not None and outdated(self.cached, self.translation)


def page_walk(traces: Sequence[Trace], history: MemoryHistory, linear: int, *, cycle: int,
              cpu: int = 0, cr3: int | None = None, features: Features,
              attempts: Mapping[str, Attempt] = ATTEMPTS) -> PageWalk:
    """Walk the tables for ``linear`` as of ``cycle``, before anything of that cycle is done.

    They are those of ``cr3``, or else those that the processor has loaded. The ``attempts`` are
    judged, by name.

    Raises :class:`LookupError` if that cycle is not on record.
    """
    state, loaded = address_space(traces[cpu], history, cycle, features, cr3)
    masked = linear & state.linear_mask
    paging = state.mode is not PagingMode.OFF

    def read(address: int, size: int) -> int:
        return history.read(address, size, cycle=cycle)

    reported = traces[cpu].reports_tlb
    if not paging or not state.canonical(masked):
        return PageWalk(masked, cycle, cpu, state, loaded, state.canonical(masked), (), None, {},
                        None, {}, reported)
    found  = walk(state, Attempt(), masked, read)
    broken = found.refusal if found.refusal in (Refusal.NOT_PRESENT, Refusal.RESERVED) else None
    cached = traces[cpu].cached(masked, state.pcid, cycle=cycle) if reported else None
    if cached is not None and not (loaded or cached.global_page):
        cached = None
    page   = None
    if not broken:
        leaf = found.steps[-1]
        page = found_by(state, leaf, masked, dirty=bool(leaf.entry & D))
    rights = Rights() if page is None else page.rights
    return PageWalk(
        masked, cycle, cpu, state, loaded, True,
        [WalkStep(step.level, step.address, step.entry, step.rights,
                  history.last_store(step.address, step.level.entry_size, cycle=cycle))
         for step in found.steps],
        page,
        {name: _verdict(state, rights, attempt, broken)
         for name, attempt in attempts.items()},
        cached, {} if cached is None else _cached_verdicts(state, cached, attempts), reported)


def features_of(config: MmuConfig) -> Features:
    """Features of the golden model's machine that is configured as a unit is."""
    has = {field.name for field in fields(MmuConfig)}
    return Features(**{field.name: getattr(config, field.name)
                       for field in fields(Features) if field.name in has})


def control_state(trace: Trace, cycle: int, features: Features) -> ControlState:
    """Control registers in ``cycle``, for the golden model."""
    state = trace.state_at(cycle)
    return ControlState(machine=features, cr0=state.cr0, cr2=state.cr2, cr3=state.cr3,
                        cr4=state.cr4, efer=state.efer, ac=bool(state.ac), pkru=state.pkru,
                        pkrs=state.pkrs, pdptes=state.pdptes)


def address_space(trace: Trace, history: MemoryHistory, cycle: int, features: Features,
                  cr3: int | None) -> tuple[ControlState, bool]:
    """Control registers in ``cycle``, but with this ``cr3``, and if that is what CR3 has.

    None is what it has. The PDPTE registers go with CR3: others are in memory, well-formed or not.
    """
    state = control_state(trace, cycle, features)
    if cr3 in (None, state.cr3):
        return state, True
    state = replace(state, cr3=cr3)
    if state.mode is PagingMode.PAE:
        first, second, third, fourth = (
            history.read(pdpte_address(state.cr3, number << 30), 8, cycle=cycle)
            for number in range(4))
        state = replace(state, pdptes=(first, second, third, fourth))
    return state, False


def pdpte_address(cr3: int, linear: int) -> int:
    """Physical address of the PDPTE of PAE paging for ``linear``, where ``cr3`` is loaded."""
    return (cr3 & _PAE_ROOT) + 8 * (linear >> 30)


def has_keys(state: ControlState) -> bool:
    """Tell whether pages have protection keys."""
    return key_of(state, 0) is not None


def _verdict(state: ControlState, rights: Rights, attempt: Attempt,
             broken: Refusal | None = None) -> Verdict:
    """End of an ``attempt`` at a page with these ``rights``, or where the walk is ``broken``."""
    if broken:
        return Verdict((broken,), error_code(
            state, attempt, present=broken is not Refusal.NOT_PRESENT,
            reserved=broken is Refusal.RESERVED))
    reasons = tuple(refusals(state, rights, attempt))
    return Verdict(reasons, violation_code(state, rights, attempt) if reasons else 0)


def _cached_verdicts(state: ControlState, cached: TlbEntry,
                     attempts: Mapping[str, Attempt]) -> dict[str, Verdict]:
    rights = Rights(cached.writable, cached.user, cached.execute_disable,
                    key=cached.key if has_keys(state) else None)
    found  = {name: _verdict(state, rights, attempt) for name, attempt in attempts.items()}
    return {name: verdict for name, verdict in found.items()
            if verdict.refusals or cached.dirty or not attempts[name].write}


def outdated(cached: TlbEntry, translation: Translation | None) -> bool:
    """Tell whether a translation differs from what memory says now, in more than its dirty bit.

    A piece of a larger page is compared with its part of that.
    """
    if translation is None or cached.large != (translation.size > cached.size):
        return True
    rights = translation.rights
    return (cached.physical, cached.writable, cached.user, cached.execute_disable, cached.key) != (
        translation.translate(cached.linear), rights.writable, rights.user,
        rights.execute_disable, rights.key or 0)
