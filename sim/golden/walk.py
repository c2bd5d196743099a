"""One page walk, as a pure function of the control state and of memory.

Ref: Intel SDM Vol. 3A, sections 4.3, 4.4, 4.5, 4.7 "Page-Fault Exceptions", 4.8 "Accessed and Dirty
Flags".
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import NamedTuple

from sw.bus import BusError

from .keys import key_of
from .memory import Read
from .permission import Attempt, Refusal, Rights, error_code, refusal, violation_code
from .reserved import (
    A, D, G, Level, P, is_leaf, levels, page_address, reserved_bits, root_table, table_address,
)
from .state import ControlState


__all__ = ["Reference", "Step", "Translation", "Update", "Walk", "found_by", "stepwise", "walk"]


class Update(NamedTuple):
    """An entry that a walk changes: its physical address, its size in bytes, its new value."""

    address: int
    size:    int
    value:   int


@dataclass(frozen=True)
class Translation:
    """The part of a successful walk that may be cached (section 4.10.2.2).

    Attributes
    ----------
    linear, physical : :class:`int`
        First byte of the page.
    size : :class:`int`
        Bytes of the page.
    rights : :class:`Rights`
        Combined over all levels.
    global_page : :class:`bool`
        G is set in the leaf, and CR4.PGE was set at the walk.
    dirty : :class:`bool`
        D is set in the leaf.
    pcid : :class:`int`
        The PCID that was current at the walk.
    """

    linear:      int
    physical:    int
    size:        int
    rights:      Rights
    global_page: bool
    dirty:       bool
    pcid:        int = 0

    def translate(self, linear: int) -> int:
        """Physical address of ``linear``, which is in the page."""
        return self.physical | linear & self.size - 1

    def covers(self, linear: int) -> bool:
        """True if ``linear`` is in the page."""
        return linear & -self.size == self.linear

    def serves(self, linear: int, pcid: int) -> bool:
        """True if an access to ``linear`` may use it while ``pcid`` is current. Rules 32, 34."""
        return self.covers(linear) and (self.global_page or self.pcid == pcid)


class Step(NamedTuple):
    """An entry that a walk has read.

    Attributes
    ----------
    level : :class:`.reserved.Level`
        Its level.
    address : :class:`int`
        Its physical address.
    entry : :class:`int`
        Its value.
    rights : :class:`sim.golden.permission.Rights`
        Rights of all levels down to this one, without a protection key. They mean nothing if it
        ends the walk in a fault.
    """

    level:   Level
    address: int
    entry:   int
    rights:  Rights


class Reference(NamedTuple):
    """A table that entries above it refer to, as paging-structure caches keep it (section 4.10.3).

    Attributes
    ----------
    linear, size : :class:`int`
        First byte of the linear addresses that its entries translate, and how many bytes.
    table : :class:`int`
        Its physical address.
    rights : :class:`sim.golden.permission.Rights`
        Rights of all levels above it.
    depth : :class:`int`
        How many levels there are above it.
    pcid : :class:`int`
        The PCID that was current at the walk.
    """

    linear: int
    size:   int
    table:  int
    rights: Rights
    depth:  int
    pcid:   int = 0

    def serves(self, linear: int, pcid: int) -> bool:
        """True if a walk of ``linear`` may begin at it while ``pcid`` is current."""
        return linear & -self.size == self.linear and self.pcid == pcid


@dataclass(frozen=True)
class Walk:
    """Outcome of a walk.

    Attributes
    ----------
    translation : :class:`Translation` or :class:`None`
        None: the walk ended in a page fault, or has failed.
    refusal : :class:`sim.golden.permission.Refusal` or :class:`None`
        Reason of that page fault.
    error_code : :class:`int`
        Of that page fault; 0 if there was none.
    upper : :class:`tuple`
        Accessed flags set in entries that refer to tables. After a fault the manual lets
        each of them be set or not; this model's machine sets them on its way down.
    leaf : :class:`tuple`
        The update of the leaf, if there is one. Always empty after a fault.
    steps : :class:`tuple` of :class:`Step`
        The entries that were read, root first. None, if a PDPTE register ends the walk.
    references : :class:`tuple` of :class:`Reference`
        The tables that the walk came to, but for the one at which it began.
    failed : :class:`bool`
        Memory did not answer the read of an entry, so that there is neither a translation nor a
        page fault. That entry is not among ``steps``.
    """

    translation: Translation | None
    refusal:     Refusal | None
    error_code:  int
    upper:       tuple[Update, ...]
    leaf:        tuple[Update, ...]
    steps:       tuple[Step, ...]
    references:  tuple[Reference, ...]
    failed:      bool = False

    @property
    def entries(self) -> tuple[int, ...]:
        """Physical addresses of the entries that were read, root first."""
        return tuple(step.address for step in self.steps)

    @property
    def updates(self) -> tuple[Update, ...]:
        """All updates, in the order of the walk."""
        return self.upper + self.leaf


def walk(state: ControlState, attempt: Attempt, linear: int, read: Read,
         start: Reference | None = None) -> Walk:
    """Translate ``linear`` for ``attempt`` by the entries in memory. Paging is on.

    The walk begins at ``start``, if a paging-structure cache knows this table.

    Rules 1, 2, 15, 16, 28.
    """
    steps = stepwise(state, attempt, linear, start)
    try:
        wanted = next(steps)
        while True:
            try:
                entry = read(*wanted)
            except BusError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(entry)
    except StopIteration as end:
        result: Walk = end.value
        return result


def stepwise(state: ControlState, attempt: Attempt, linear: int,
             start: Reference | None = None) -> Generator[tuple[int, int], int, Walk]:
    """Walk like :func:`walk`, entry by entry.

    Yields the physical address and the size of each entry that it needs, and is sent the entry, or
    thrown the :class:`sw.bus.BusError` of its read.
    """
    rights = start.rights if start else Rights()
    table  = start.table if start else root_table(state, linear)
    depth  = start.depth if start else 0
    upper: tuple[Update, ...] = ()
    steps: tuple[Step, ...]   = ()
    references: tuple[Reference, ...] = ()

    def broken(reason: Refusal) -> Walk:
        code = error_code(state, attempt, present=reason is not Refusal.NOT_PRESENT,
                          reserved=reason is Refusal.RESERVED)
        return Walk(None, reason, code, upper, (), steps, references)

    if table is None:
        return broken(Refusal.NOT_PRESENT)
    for level in levels(state)[depth:]:
        address = table + level.index(linear) * level.entry_size
        try:
            entry = yield address, level.entry_size
        except BusError:
            return Walk(None, None, 0, upper, (), steps, references, failed=True)
        rights  = rights.below(entry)
        steps  += (Step(level, address, entry, rights),)
        if not entry & P:
            return broken(Refusal.NOT_PRESENT)
        if entry & reserved_bits(state, level, entry):
            return broken(Refusal.RESERVED)
        if is_leaf(state, level, entry):
            break
        upper += _updated(address, level, entry, entry | A)
        table = table_address(state, entry)
        depth += 1
        references += (Reference(linear & -level.region, level.region, table, rights, depth,
                                 state.pcid),)

    after = entry | A | D * attempt.write
    found = found_by(state, steps[-1], linear, dirty=bool(after & D))
    if reason := refusal(state, found.rights, attempt):
        code = violation_code(state, found.rights, attempt)
        return Walk(None, reason, code, upper, (), steps, references)
    return Walk(found, None, 0, upper, _updated(address, level, entry, after), steps, references)


def found_by(state: ControlState, leaf: Step, linear: int, *, dirty: bool) -> Translation:
    """The translation of ``linear`` by a well-formed leaf, whatever the access."""
    key = key_of(state, leaf.entry)
    return Translation(
        linear=linear & -leaf.level.region,
        physical=page_address(state, leaf.level, leaf.entry),
        size=leaf.level.region,
        rights=leaf.rights if key is None else replace(leaf.rights, key=key),
        global_page=bool(leaf.entry & G) and state.global_pages,
        dirty=dirty,
        pcid=state.pcid,
    )


def _updated(address: int, level: Level, entry: int, after: int) -> tuple[Update, ...]:
    return () if after == entry else (Update(address, level.entry_size, after),)
