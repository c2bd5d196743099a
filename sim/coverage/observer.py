"""The observer: from the log of a unit's ports to observations.

It knows the ports alone: requests and responses, the registers that the unit shows, the transfers
on its bus, and the strobes that tell a hit from a walk. Of a hit it remembers the entries that the
unit has read for that translation. Edits of memory are those of the environment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hw.bus import ControlOp
from hw.layout import Fault
from sim.golden.reserved import A, D, P, is_leaf, levels, reserved_bits, root_table, table_address
from sim.golden.state import ControlState, Features, PagingMode
from sim.record.records import AccessRecord, EventRecord, Recording, State, TransferRecord
from sw.bus import Access, Kind

from .happenings import happening_of_operation, happenings_of_write
from .observation import (
    AccessSeen, Earlier, Happening, OperationSeen, PageSeen, WalkedEntry, WriteSeen,
)


__all__ = ["Contradiction", "Observer", "Seen"]


#: Anything that is observed.
Seen = AccessSeen | WriteSeen | OperationSeen

_LOOK_UPS = {"hit": "first level", "hit_second": "second level", "missed": "walk"}
_KINDS    = {kind.name: kind for kind in Kind}
_FAULTS   = {Fault.NONE: "", Fault.PAGE_FAULT: "#PF", Fault.GENERAL_PROTECTION: "#GP"}


class Contradiction(Exception):
    """Ports that do not fit together, as those of no sound unit: what does not, in words."""


class _Cached:
    """A translation that the unit may hold."""

    def __init__(self, entries: tuple[WalkedEntry, ...], earlier: Earlier):
        self.entries = entries
        self.earlier = earlier
        self.since: list[Happening] = []


class Observer:
    """Observer of one run of a unit, from its reset on.

    Each of its methods raises :class:`Contradiction`.

    Parameters
    ----------
    features : :class:`Features`
        Features of the unit.
    recording : :class:`sim.record.records.Recording`
        What was on its ports.
    """

    def __init__(self, features: Features, recording: Recording):
        self._features  = features
        self._states    = recording.states
        self._accesses  = iter(recording.accesses)
        self._controls  = iter(recording.controls)
        self._transfers = _Window(recording.transfers, "accepted")
        self._events    = _Window(recording.events, "cycle")
        self._place     = 0
        self._tables: dict[int, tuple[int, tuple[WalkedEntry, ...]]] = {}
        self._known_tables: dict[tuple[int, int, int], list[Happening]] = {}
        self._cached: dict[tuple[int | None, int, int], _Cached] = {}
        self._refused: dict[int, PageSeen] = {}
        self._edits:   dict[int, int] = {}

    # Steps, in their order

    def access(self) -> tuple[int, AccessSeen]:
        """The next access, and the cycle in which it ended."""
        record    = _next(self._accesses, "an access")
        state     = self._state(record.accepted)
        events    = self._events.until(record.accepted, record.completed)
        transfers = self._transfers.until(record.accepted, record.completed)
        access    = Access(record.linear & state.linear_mask, record.size,
                           _KINDS[record.kind.name], record.user, record.implicit, record.data,
                           record.compare)
        pages = []
        for page in self._pages(record, access, state, events, transfers):
            # What the first page has taught the unit counts for the second.
            self._keep(state, access, page)
            pages.append(page)
        return record.completed, AccessSeen(
            access, state, _FAULTS.get(record.fault, "bus error"), record.error_code,
            tuple(pages), record.result, self._state(record.completed + 1).cr2)

    def control(self) -> tuple[int, WriteSeen | OperationSeen]:
        """The next control operation, and the cycle in which it ended."""
        record = _next(self._controls, "a control operation")
        before = self._state(record.accepted)
        after  = self._state(record.completed + 1)
        events = self._events.until(record.accepted, record.completed)
        # It is accepted once the PDPTEs are there.
        reads  = [transfer.data for transfer in self._transfers.until(0, record.completed)]
        if record.op is ControlOp.WRITE:
            write = WriteSeen(record.register.name, record.value, before, after, record.refused,
                              tuple(reads))
            self._happen(*happenings_of_write(write))
            return record.completed, write
        by_address = record.op is ControlOp.INVLPG
        operation  = OperationSeen(
            "INVLPG" if by_address else "INVPCID", before, 0 if by_address else record.value,
            0 if by_address else record.pcid, record.value if by_address else record.linear,
            record.refused, any(event.name in ("invalidated", "flushed") for event in events))
        if not record.refused:
            self._happen(happening_of_operation(operation))
        return record.completed, operation

    def edit(self, address: int, value: int) -> None:
        """Somebody else stores to an entry."""
        self._edits[address] = value
        self._happen(Happening("edit", self._state(None), address, value))

    # Pages

    def _pages(self, record: AccessRecord, access: Access, state: ControlState,
               events: Sequence[EventRecord], transfers: Sequence[TransferRecord],
               ) -> Iterator[PageSeen]:
        begins = [(event.cycle, _LOOK_UPS[event.name]) for event in events
                  if event.name in _LOOK_UPS]
        ends   = [*(cycle for cycle, _ in begins[1:]), record.completed + 1][:len(begins)]
        for number, ((begin, by), end) in enumerate(zip(begins, ends, strict=True)):
            linear = access.linear if not number else (access.linear | 0xfff) + 1
            linear &= state.linear_mask
            last   = number == len(begins) - 1
            ending = _ending(record) if last else "done"
            anew   = [event.cycle for event in events
                      if event.name == "walk_again" and begin <= event.cycle < end]
            walked = [transfer for transfer in transfers
                      if transfer.walk and begin <= transfer.accepted < end]
            page = self._page(state, linear, by, walked, anew)
            # Only a PDPTE register ends a walk before anything was read.
            if by == "walk" and not page.entries and (
                    ending != "missing" or state.mode is not PagingMode.PAE):
                raise Contradiction(f"the page at {linear:#x} was walked, and no entry was read")
            yield replace(page, ending=ending, error_code=record.error_code if last else 0)

    def _page(self, state: ControlState, linear: int, by: str,
              walked: Sequence[TransferRecord], anew: Sequence[int]) -> PageSeen:
        """A page, but for its ending."""
        known   = self._known(state, linear)
        served  = known is not None and (known.earlier.global_page
                                         or known.earlier.state.pcid == state.pcid)
        since   = () if known is None else tuple(known.since)
        cached  = None if known is None else known.earlier
        refused = self._refused.get(linear >> 12)
        reads   = [transfer for transfer in walked if not transfer.lock
                   and (not anew or transfer.accepted > anew[-1])]
        changed = {transfer.address: transfer.data for transfer in walked if transfer.write}
        again   = _changed(walked, anew[-1]) if anew else None
        if not reads and by != "walk":
            if known is None or not served:
                raise Contradiction(f"a hit of {linear:#x}, which no walk has found under PCID "
                                    f"{state.pcid:#x}")
            return PageSeen(linear, known.entries, "", by=by, cached=cached, since=since,
                            refused=refused)
        path, begins = self._path(state, linear, reads)
        unread = path[:len(path) - len(reads)]
        return PageSeen(linear, path, "", 0, by, begins, changed,
                        again, cached, since, refused,
                        tuple(self._edits[entry.address] for entry in unread
                              if entry.address in self._edits),
                        self._since_tables(state, linear, path))

    def _since_tables(self, state: ControlState, linear: int, path: tuple[WalkedEntry, ...]
                      ) -> tuple[Happening, ...] | None:
        """All that has happened since the entry above the last one was read."""
        if len(path) < 2:
            return None
        since = self._known_tables.get(_table(state, linear, path))
        return None if since is None else tuple(since)

    def _path(self, state: ControlState, linear: int, reads: Sequence[TransferRecord],
              ) -> tuple[tuple[WalkedEntry, ...], str]:
        """Entries of a walk, root first, and the level of the first that it has read."""
        if not reads:
            return (), ""
        base = reads[0].address & -4096
        path: tuple[WalkedEntry, ...] = ()
        depth = 0
        if base != root_table(state, linear):
            if base not in self._tables:
                raise Contradiction(f"a walk for {linear:#x} begins at {base:#x}, where no walk "
                                    "has found a table")
            depth, path = self._tables[base]
        below = levels(state)[depth:]
        if len(reads) > len(below):
            raise Contradiction(f"{len(reads)} entries were read for {linear:#x}, below the table "
                                f"at {base:#x}, where there are {len(below)} levels")
        for level, read in zip(below, reads, strict=False):
            address = (read.address & -4096) + level.index(linear) * level.entry_size
            if address & -8 != read.address:
                raise Contradiction(f"a walk for {linear:#x} reads {read.address:#x}, but the "
                                    f"{level.name} is at {address:#x}")
            value = read.data if level.entry_size == 8 \
                else read.data >> 8 * (address & 4) & 0xffff_ffff
            path += (WalkedEntry(level, value, value & reserved_bits(state, level, value),
                                 is_leaf(state, level, value), address),)
        return path, below[0].name

    def _keep(self, state: ControlState, access: Access, page: PageSeen) -> None:
        """Remember what a walk has taught the unit, and that a fault makes it forget."""
        for depth, entry in enumerate(page.entries, start=1):
            if page.begins and entry.value & P and not entry.reserved and not entry.leaf:
                self._tables[table_address(state, entry.value)] = depth, page.entries[:depth]
        if len(page.read) > 1:
            self._known_tables[_table(state, page.linear, page.entries)] = []
        self._refused.pop(page.linear >> 12, None)
        if page.ending != "done":
            self._refused[page.linear >> 12] = page
            self._happen(Happening("#PF", state, page.linear, pcid=state.pcid))
        elif page.begins and (leaf := page.leaf) is not None:
            writes  = access.kind not in (Kind.READ, Kind.FETCH)
            flagged = replace(leaf, value=leaf.value | A | D * writes)
            region  = leaf.level.region
            shared  = state.global_pages and leaf.value >> 8 & 1
            place   = (None if shared else state.pcid, page.linear & -region, region)
            earlier = Earlier(state, access.user and not access.implicit, bool(shared),
                              flagged.value)
            self._cached[place] = _Cached((*page.uppers, flagged), earlier)

    def _known(self, state: ControlState, linear: int) -> _Cached | None:
        """The translation of a page that was cached: for this PCID, for all, or for another."""
        others = {pcid for pcid, _, _ in self._cached if pcid not in (state.pcid, None)}
        for pcid in (state.pcid, None, *others):
            for region in (1 << 12, 1 << 21, 1 << 22, 1 << 30):
                found = self._cached.get((pcid, linear & -region, region))
                if found is not None:
                    return found
        return None

    def _happen(self, *happenings: Happening) -> None:
        for cached in self._cached.values():
            cached.since += happenings
        for since in self._known_tables.values():
            since += happenings

    def _state(self, cycle: int | None) -> ControlState:
        """Registers in a cycle, not before one that was looked at earlier; None: in that one."""
        states = self._states
        while cycle is not None and self._place + 1 < len(states) \
                and states[self._place + 1].cycle <= cycle:
            self._place += 1
        return _control_state(self._features, states[self._place]._replace(cycle=0))


def _table(state: ControlState, linear: int, path: tuple[WalkedEntry, ...]
           ) -> tuple[int, int, int]:
    """The table that the last entry of a path is in: whose, of which addresses, and how many."""
    region = path[-2].level.region
    return state.pcid, linear & -region, region


@lru_cache(maxsize=4096)
def _control_state(features: Features, state: State) -> ControlState:
    return ControlState(machine=features, cr0=state.cr0, cr2=state.cr2, cr3=state.cr3,
                        cr4=state.cr4, efer=state.efer, ac=bool(state.ac), pkru=state.pkru,
                        pkrs=state.pkrs, pdptes=state.pdptes)


def _next(records: Iterator[Any], name: str) -> Any:
    record = next(records, None)
    if record is None:
        raise Contradiction(f"the unit has accepted {name}, and never responded")
    return record


def _ending(record: AccessRecord) -> str:
    if record.fault is not Fault.PAGE_FAULT:
        return "" if record.fault is not Fault.NONE else "done"
    return ("missing" if not record.error_code & 1 else
            "reserved" if record.error_code & 8 else "rights")


def _changed(walked: Sequence[TransferRecord], cycle: int) -> tuple[int, int, int]:
    """The entry that an update has found changed: its word's address, as read, and as found."""
    locked = [transfer for transfer in walked if transfer.lock and transfer.accepted <= cycle]
    first  = [transfer for transfer in walked if not transfer.lock and locked
              and transfer.address == locked[-1].address
              and transfer.accepted < locked[-1].accepted]
    if not first:
        raise Contradiction(f"a walk has begun anew in cycle {cycle}, and no update was before")
    return locked[-1].address, first[-1].data, locked[-1].data


class _Window:
    """Records of one kind, taken in the order of cycles."""

    def __init__(self, records: Sequence[EventRecord] | Sequence[TransferRecord], cycle: str):
        self._records = list(records)
        self._cycles  = [getattr(record, cycle) for record in records]
        self._next    = 0

    def until(self, first: int, last: int) -> list[Any]:
        """Those from cycle ``first`` to ``last``."""
        while self._next < len(self._cycles) and self._cycles[self._next] < first:
            self._next += 1
        begin = self._next
        while self._next < len(self._cycles) and self._cycles[self._next] <= last:
            self._next += 1
        return self._records[begin:self._next]
