"""Paging modes and paging-structure entries, as a walk comes by them.

Ref: Intel SDM Vol. 3A, sections 4.1 to 4.5: tables 4-4 to 4-20.
"""

from enum import Enum
from typing import NamedTuple

from sim.record.records import State


__all__ = ["A", "D", "Entry", "Found", "Mode", "Table", "entry_of"]


P, RW, US, A, D, PS, G = (1 << bit for bit in (0, 1, 2, 5, 6, 7, 8))
XD = 1 << 63


class Mode(NamedTuple):
    """A paging mode.

    Attributes
    ----------
    shifts : :class:`tuple` of :class:`int`
        For each level, from the root down, the number of the lowest address bit that chooses an
        entry.
    bits : :class:`int`
        Address bits that choose an entry.
    size : :class:`int`
        Bytes of an entry.
    linear : :class:`int`
        Bits of a linear address.
    extended : :class:`bool`
        It is that of long mode.
    """

    shifts:   tuple[int, ...]
    bits:     int
    size:     int
    linear:   int
    extended: bool

    @classmethod
    def of(cls, state: State) -> "Mode | None":
        """The mode of some control registers; None: there is no paging."""
        if not state.pg:
            return None
        if not state.cr4 >> 5 & 1:
            return cls((22, 12), 10, 4, 32, False)
        if not state.efer >> 8 & 1:
            return cls((21, 12), 9, 8, 32, False)
        if state.cr4 >> 12 & 1:
            return cls((48, 39, 30, 21, 12), 9, 8, 57, True)
        return cls((39, 30, 21, 12), 9, 8, 48, True)

    def masked(self, linear: int) -> int:
        """The bits of an address that are translated."""
        return linear & (1 << self.linear) - 1

    def canonical(self, linear: int) -> bool:
        """Tell whether the upper bits of an address are as they must be."""
        if not self.extended:
            return True
        upper = linear >> self.linear - 1
        return upper in (0, (1 << 65 - self.linear) - 1)

    def below(self, entry: "Entry") -> "Table":
        """The table that an entry references."""
        return Table(entry.base, self.shifts[self.shifts.index(entry.shift) + 1], entry.upper,
                     entry.writable, entry.user, entry.execute)


class Table(NamedTuple):
    """A table that a walk has come to.

    Attributes
    ----------
    base : :class:`int`
        Its physical address.
    shift : :class:`int`
        Number of the lowest address bit that chooses one of its entries.
    upper : :class:`int`
        Upper bits of the linear addresses whose walks come here.
    writable, user, execute : :class:`bool`
        Rights that the entries above it give.
    """

    base:     int
    shift:    int
    upper:    int
    writable: bool = True
    user:     bool = True
    execute:  bool = True


class Found(Enum):
    """Kind of an entry."""

    ABSENT   = "is not present"
    RESERVED = "has reserved bits"
    TABLE    = "references a table"
    PAGE     = "maps a page"


class Entry(NamedTuple):
    """An entry that a walk has read.

    Attributes
    ----------
    found : :class:`Found`
        Its kind.
    shift, upper : :class:`int`
        It translates the addresses whose bits from ``shift`` on are ``upper``.
    base : :class:`int`
        Physical address of the table or of the page.
    writable, user, execute : :class:`bool`
        Rights that it gives together with those above it.
    accessed, dirty, global_page : :class:`bool`
        Its flags; the last two mean nothing in an entry that maps no page.
    key : :class:`int`
        Protection key of the page.
    """

    found:       Found
    shift:       int
    upper:       int
    base:        int  = 0
    writable:    bool = False
    user:        bool = False
    execute:     bool = False
    accessed:    bool = False
    dirty:       bool = False
    global_page: bool = False
    key:         int  = 0

    def covers(self, linear: int) -> bool:
        """Tell whether it translates an address, of which only translated bits are given."""
        return linear >> self.shift == self.upper


def entry_of(table: Table, address: int, bits: int, mode: Mode, state: State,
             maxphyaddr: int) -> Entry:
    """Read ``bits`` as the entry at a physical address, which is in a table."""
    index  = (address - table.base) // mode.size
    where  = table.shift, table.upper << mode.bits | index
    if not bits & P:
        return Entry(Found.ABSENT, *where)
    lowest = table.shift == mode.shifts[-1]
    large  = bool(bits & PS) and not lowest and (mode.size == 8 or bool(state.cr4 >> 4 & 1))
    if _reserved(bits, table.shift, mode, state, maxphyaddr, large=large):
        return Entry(Found.RESERVED, *where)
    wide = mode.size == 8
    physical = bits & ((1 << maxphyaddr) - 1 if wide else 0xffff_ffff)
    base = physical >> (table.shift if large else 12) << (table.shift if large else 12)
    if large and not wide:
        base |= (bits >> 13 & 0xff) << 32
    return Entry(
        Found.PAGE if lowest or large else Found.TABLE, *where, base,
        table.writable and bool(bits & RW), table.user and bool(bits & US),
        table.execute and not (wide and bits & XD), bool(bits & A), bool(bits & D),
        bool(bits & G) and bool(state.cr4 >> 7 & 1), bits >> 59 & 15 if mode.extended else 0)


def _reserved(bits: int, shift: int, mode: Mode, state: State, maxphyaddr: int, *,
              large: bool) -> bool:
    """Tell whether a present entry has a bit that must be 0."""
    if mode.size == 4:
        return large and bool(bits & 1 << 21 or (bits >> 13 & 0xff) << 32 >> maxphyaddr)
    top = 52 if mode.extended else 63
    if bits & (1 << top) - (1 << maxphyaddr):
        return True
    if bits & XD and not state.efer >> 11 & 1:
        return True
    if large:
        return shift > 30 or bool(bits & (1 << shift) - (1 << 13))
    return False
