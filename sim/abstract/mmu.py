"""The abstract MMU of one processor: what it may do, and a complaint about what it may not.

Its steps are those of the machine that the manual describes: it reads an entry of a table that a
walk has come to, sets A and D in a locked access, does an access through a translation that it may
have kept, faults, forgets. Each is given as it was recorded; the answer says why the abstract
machine has no such step, or is empty.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hw.bus import ControlOp, Register
from hw.layout import Fault
from sim.record.records import AccessRecord, ControlRecord, State, TransferRecord

from .kept import Kept
from .paging import A, D, Entry, Found, Mode, Table, entry_of
from .rights import code_of, denied, denied_by_key


__all__ = ["AbstractMmu"]


PAGE = 4096

_PAE, _PGE, _PCIDE, _SMEP = 1 << 5, 1 << 7, 1 << 17, 1 << 20


class _Read(NamedTuple):
    """An entry that was read, and when."""

    cycle: int
    entry: Entry


class _Update(NamedTuple):
    """The locked read of an entry whose flags are going to be set."""

    address: int
    bits:    int
    entries: tuple[Entry, ...]  # what it is in each table that a walk can have come to


class AbstractMmu:
    """The MMU of one processor.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical address.
    """

    def __init__(self, maxphyaddr: int):
        self._maxphyaddr = maxphyaddr
        self._kept       = Kept()
        self._reads: list[_Read] = []  # since the last access that ended
        self._update: _Update | None = None
        self._loaded: dict[int, int] = {}  # PDPTEs that a control write has read

    # Walks

    def walk(self, transfer: TransferRecord, state: State,
             accesses: Sequence[AccessRecord]) -> str:
        """Read an entry, or set flags in one, while these accesses are in progress."""
        mode = Mode.of(state)
        if mode is None:
            return "walks without paging"
        address = transfer.address + (4 if transfer.sel == 0xf0 else 0)
        bits    = transfer.data >> 8 * (address - transfer.address) & (1 << 8 * mode.size) - 1
        if transfer.write:
            return self._set_flags(transfer, address, bits, mode, state, accesses)
        tables = list(self._reached(address, mode, state))
        if not tables:
            return f"reads {address:#x}, in a table that none of its walks can have come to"
        entries = tuple(entry_of(table, address, bits, mode, state, self._maxphyaddr)
                        for table in tables)
        for entry in entries:
            self._learn(entry, transfer.accepted, state, mode)
        self._update = _Update(address, bits, entries) if transfer.lock else None
        return ""

    def _set_flags(self, transfer: TransferRecord, address: int, bits: int, mode: Mode,
                   state: State, accesses: Sequence[AccessRecord]) -> str:
        update, self._update = self._update, None
        if not transfer.lock or update is None or update.address != address:
            return f"sets flags in the entry at {address:#x} without a lock since it was read"
        new = bits & ~update.bits
        if bits & ~new != update.bits or not new or new & ~(A | D):
            return f"makes {bits:#x} of {update.bits:#x} at {address:#x}, and not A or D alone"
        before = update.entries[0]
        if before.found in (Found.ABSENT, Found.RESERVED):
            return f"sets flags in the entry at {address:#x}, which {before.found.value}"
        if new & D and (before.found is not Found.PAGE or not bits & A):
            return f"sets D in the entry at {address:#x}, which {before.found.value}"
        if new & D and not any(_writes_through(access, page, mode)
                               for access in accesses for page in update.entries):
            return f"sets D in the entry at {address:#x}, and nothing is written through it"
        for table in self._reached(address, mode, state):
            self._learn(entry_of(table, address, bits, mode, state, self._maxphyaddr),
                        transfer.accepted, state, mode)
        return ""

    def _learn(self, entry: Entry, cycle: int, state: State, mode: Mode) -> None:
        """Keep what may be kept: what is valid, and accessed in memory. Rule 22."""
        self._reads.append(_Read(cycle, entry))
        if entry.found is Found.PAGE and entry.accessed:
            self._kept.add_page(entry, _pcid(state))
        elif entry.found is Found.TABLE and entry.accessed:
            self._kept.add_table(mode.below(entry), _pcid(state))

    def _reached(self, address: int, mode: Mode, state: State) -> Iterator[Table]:
        """Yield the tables with an entry at ``address`` that a walk can have come to."""
        base = address & -PAGE
        if mode.size == 8 and not mode.extended:
            for index, pdpte in enumerate(state.pdptes):
                if pdpte & 1 and pdpte & (1 << self._maxphyaddr) - PAGE == base:
                    yield Table(base, mode.shifts[0], index)
        elif state.cr3 & (1 << (self._maxphyaddr if mode.extended else 32)) - PAGE == base:
            yield Table(base, mode.shifts[0], 0)
        for table in self._kept.tables(base, _pcid(state)):
            if table.shift in mode.shifts:
                yield table
        # A walk in progress may go on before it sets A: section 4.8 does not say when it is set.
        for _, entry in self._reads:
            if entry.found is Found.TABLE and entry.base == base and not entry.accessed:
                yield mode.below(entry)

    # Accesses

    def places(self, access: AccessRecord) -> Iterator[tuple[int, int, list[int]]]:
        """Yield the parts of an access, page by page: an address, a size, physical addresses."""
        mode, linear, left = Mode.of(access.state), access.linear, access.size
        while left:
            size = min(left, PAGE - linear % PAGE)
            if mode is None:
                yield linear, size, [linear & 0xffff_ffff]
            else:
                bits = mode.masked(linear)
                yield linear, size, [
                    page.base | bits & (1 << page.shift) - 1
                    for page in self._kept.pages(bits, _pcid(access.state))
                    if _serves(access, page)]
            linear, left = linear + size, left - size

    def ends(self, access: AccessRecord) -> str:
        """End an access, if need be in a fault."""
        complaint = ""
        mode      = Mode.of(access.state)
        if access.fault == Fault.GENERAL_PROTECTION:
            if mode is None or mode.canonical(access.linear) and mode.canonical(
                    access.linear + access.size - 1 & (1 << 64) - 1):
                complaint = f"#GP at {access.linear:#x}, which is canonical"
        elif access.fault == Fault.PAGE_FAULT:
            if mode is None:
                return f"#PF at {access.linear:#x} without paging"
            outer  = {mode.masked(access.linear), mode.masked(access.linear + access.size - 1)}
            causes = {linear for linear in outer
                      if access.error_code in self._codes(access, linear, mode)}
            if not causes:
                complaint = (f"#PF at {access.linear:#x} with the error code "
                             f"{access.error_code:#x}, for which there is no reason")
            # If either of two pages can have caused it, which one is forgotten is not known.
            elif len({linear // PAGE for linear in causes}) == 1:
                self._drop(min(causes), _pcid(access.state), mode)
        self._reads = [read for read in self._reads if read.cycle > access.completed]
        return complaint

    def _codes(self, access: AccessRecord, linear: int, mode: Mode) -> Iterator[int]:
        """Yield the error codes with which an access may fault at an address."""
        if mode.size == 8 and not mode.extended and not access.state.pdptes[linear >> 30] & 1:
            yield code_of(access, present=False)
        pages = list(self._kept.pages(linear, _pcid(access.state)))
        for _, entry in self._reads:
            if not entry.covers(linear):
                continue
            if entry.found is Found.ABSENT:
                yield code_of(access, present=False)
            elif entry.found is Found.RESERVED:
                yield code_of(access, present=True, reserved=True)
            elif entry.found is Found.PAGE:
                pages.append(entry)
        for page in pages:
            by_key = denied_by_key(access, page)
            if by_key or denied(access, page):
                yield code_of(access, present=True, key=by_key)

    # Forgetting

    def _drop(self, linear: int, pcid: int, mode: Mode) -> None:
        """Forget the translations of an address, and what a walk for it would begin with.

        Section 4.10.4.1 says so of page faults, of what is associated with the current PCID: unlike
        of INVLPG it does not say that a global translation of another one goes, too.
        """
        self._kept.forget(lambda page, of: of == pcid and page.covers(linear),
                          lambda table, of: of == pcid and _leads(table, linear, mode))

    def load(self, transfer: TransferRecord, control: ControlRecord | None, state: State) -> str:
        """Read a PDPTE into its register, for a control write that follows. Rule 28."""
        if control is None or control.op is not ControlOp.WRITE or transfer.write or transfer.lock:
            return f"reaches {transfer.address:#x} for no access"
        root = control.value if control.register is Register.CR3 else state.cr3
        if transfer.address & ~0x18 != root & 0xffff_ffe0:
            return f"reads {transfer.address:#x}, where no PDPTE is, for a control write"
        self._loaded[transfer.address >> 3 & 3] = transfer.data
        return ""

    def control(self, control: ControlRecord, before: State, after: State) -> str:
        """Carry out a control operation; registers were ``before``, and are ``after`` it."""
        loaded = self._loaded
        self._loaded = {}
        if control.refused:
            return ""
        if control.op in (ControlOp.INVLPG, ControlOp.INVPCID, ControlOp.WRITE):
            self._reads = []  # they are serializing: no walk goes on across one
        for index, pdpte in loaded.items():
            if after.pdptes[index] != pdpte * (pdpte & 1):
                return f"has {after.pdptes[index]:#x} in a PDPTE register, and has read {pdpte:#x}"
        match control.op:
            case ControlOp.INVLPG:
                mode = Mode.of(before)
                if mode is None or mode.canonical(control.value):
                    linear = control.value if mode is None else mode.masked(control.value)
                    pcid   = _pcid(before)
                    self._kept.forget(
                        lambda page, of: page.covers(linear) and (page.global_page or of == pcid),
                        lambda table, of: of == pcid)
            case ControlOp.INVPCID:
                self._invpcid(control, before)
            case ControlOp.WRITE:
                self._written(control, before, after)
        return ""

    def _invpcid(self, control: ControlRecord, state: State) -> None:
        """INVPCID. Rule 33."""
        pcid, kind = control.pcid & 0xfff, control.value
        mode = Mode.of(state)
        if kind == 0 and mode is not None:
            linear = mode.masked(control.linear)
            self._kept.forget(
                lambda page, of: page.covers(linear) and of == pcid and not page.global_page,
                lambda table, of: of == pcid and _leads(table, linear, mode))
        elif kind == 1:
            self._kept.forget(lambda page, of: of == pcid and not page.global_page,
                              lambda table, of: of == pcid)
        else:
            self._kept.forget(lambda page, of: kind == 2 or not page.global_page,
                              lambda table, of: True)

    def _written(self, control: ControlRecord, before: State, after: State) -> None:
        """A write of a control register. Rules 27, 32, 35."""
        changed = before.cr4 ^ after.cr4
        if control.register is Register.CR3:
            if after.cr4 & _PCIDE and control.value >> 63:
                return
            pcid = _pcid(after)
            self._kept.forget(lambda page, of: of == pcid and not page.global_page,
                              lambda table, of: of == pcid)
        elif before.pg > after.pg or changed & _PGE or before.cr4 & ~after.cr4 & _PCIDE:
            self._kept.forget(lambda page, of: True, lambda table, of: True)
        elif changed & _PAE or after.cr4 & ~before.cr4 & _SMEP:
            pcid = _pcid(after)
            self._kept.forget(lambda page, of: of == pcid, lambda table, of: of == pcid)


def _pcid(state: State) -> int:
    return state.cr3 & 0xfff if state.cr4 & _PCIDE else 0


def _serves(access: AccessRecord, page: Entry) -> bool:
    """Tell whether a kept translation lets an access be done as it is."""
    return not (denied(access, page) or denied_by_key(access, page)
                or access.writes and not page.dirty)


def _writes_through(access: AccessRecord, page: Entry, mode: Mode) -> bool:
    """Tell whether an access writes by way of a page's entry: its D is set for nothing less.

    Section 4.8: D is set when there is a write to a linear address. If the access has another page,
    too, and faults there, its first part may count as one.
    """
    inside = [page.covers(mode.masked(linear))
              for linear in (access.linear, access.linear + access.size - 1)]
    if not access.writes or not any(inside):
        return False
    ends = (Fault.NONE,) if all(inside) else (Fault.NONE, Fault.PAGE_FAULT)
    return access.fault in ends and not denied(access, page) and not denied_by_key(access, page)


def _leads(table: Table, linear: int, mode: Mode) -> bool:
    """Tell whether a walk for an address can come to a table."""
    return table.upper == linear >> table.shift + mode.bits
