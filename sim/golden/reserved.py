"""Form of the paging-structure entries: levels, leaves, addresses, reserved bits.

Ref: Intel SDM Vol. 3A, sections 4.3 "32-Bit Paging" (Tables 4-3 to 4-6), 4.4 "PAE Paging" (Tables
4-7 to 4-11), 4.5 "4-Level Paging and 5-Level Paging" (Tables 4-12 to 4-20).
"""

from dataclasses import dataclass

from .state import ControlState, PagingMode


__all__ = ["P", "RW", "US", "A", "D", "PS", "G", "XD", "Level", "bits", "is_leaf", "levels",
           "page_address", "reserved_bits", "root_table", "table_address"]


P  = 1 <<  0
RW = 1 <<  1
US = 1 <<  2
A  = 1 <<  5
D  = 1 <<  6
PS = 1 <<  7
G  = 1 <<  8
XD = 1 << 63


@dataclass(frozen=True)
class Level:
    """One level of the paging-structure hierarchy.

    Attributes
    ----------
    name : :class:`str`
        Name of an entry of this level in the manual.
    shift, index_bits : :class:`int`
        The linear-address bits that select an entry.
    entry_size : :class:`int`
        Bytes of one entry.
    """

    name:       str
    shift:      int
    index_bits: int
    entry_size: int

    @property
    def region(self) -> int:
        """Bytes of linear address space behind one entry; the size of its page if it is a leaf."""
        return 1 << self.shift

    def index(self, linear: int) -> int:
        """Number of the entry that translates ``linear`` in a table of this level."""
        return linear >> self.shift & (1 << self.index_bits) - 1


_BITS_32     = (Level("PDE", 22, 10, 4), Level("PTE", 12, 10, 4))
_PAE         = (Level("PDE", 21, 9, 8), Level("PTE", 12, 9, 8))
_FOUR_LEVELS = (Level("PML4E", 39, 9, 8), Level("PDPTE", 30, 9, 8), *_PAE)
_FIVE_LEVELS = (Level("PML5E", 48, 9, 8), *_FOUR_LEVELS)


def bits(high: int, low: int) -> int:
    """Mask of bits ``high`` down to ``low``, written in the manual's order."""
    return (1 << high + 1) - (1 << low)


def levels(state: ControlState) -> tuple[Level, ...]:
    """Levels of the entries that a walk reads from memory, root first. Rules 19, 20, 37."""
    match state.mode:
        case PagingMode.FIVE_LEVELS: return _FIVE_LEVELS
        case PagingMode.FOUR_LEVELS: return _FOUR_LEVELS
        case PagingMode.PAE:         return _PAE
        case _:                      return _BITS_32


def is_leaf(state: ControlState, level: Level, entry: int) -> bool:
    """True if ``entry``, which is well-formed, maps a page; else it refers to a table. Rule 5."""
    if level.name == "PDE" and state.mode is PagingMode.BITS_32:
        return bool(entry & PS) and state.page_size_extensions
    return level.name == "PTE" or bool(entry & PS)


def reserved_bits(state: ControlState, level: Level, entry: int) -> int:
    """Bits that must be zero in ``entry``, which is present and of ``level``.

    Rules 5, 6, 7, 19, 29, 30, 37.
    """
    mode = state.mode
    if mode is PagingMode.BITS_32:
        large = is_leaf(state, level, entry) and level.name == "PDE"
        return bits(21, min(40, state.machine.maxphyaddr) - 19) if large else 0

    # PAE paging reserves what long mode leaves to software and to the protection key.
    reserved = bits(62 if mode is PagingMode.PAE else 51, state.machine.maxphyaddr)
    if not state.no_execute:
        reserved |= XD
    match level.name:
        case "PML5E" | "PML4E":
            reserved |= PS
        case "PDPTE" if not state.machine.gigabyte_pages:
            reserved |= PS
        case "PDPTE" | "PDE" if entry & PS:
            reserved |= bits(level.shift - 1, 13)
    return reserved


def root_table(state: ControlState, linear: int) -> int | None:
    """Physical address of the table at which a walk of ``linear`` begins.

    None if there is no table, because the PDPTE register is not present. Rules 20, 31.
    """
    if state.mode is not PagingMode.PAE:
        return table_address(state, state.cr3)
    pdpte = state.pdptes[linear >> 30 & 3]
    return table_address(state, pdpte) if pdpte & P else None


def table_address(state: ControlState, entry: int) -> int:
    """Physical address of the table that ``entry``, or CR3, refers to."""
    return entry & bits(_frame_top(state), 12)


def page_address(state: ControlState, level: Level, entry: int) -> int:
    """Physical address of the page that the leaf ``entry`` maps. Rules 19, 30."""
    address = entry & bits(_frame_top(state), level.shift)
    if state.mode is PagingMode.BITS_32 and level.name == "PDE":
        # PSE-36: the address bits from 32 up stand below the frame, from bit 13 up.
        address |= (entry & bits(20, 13)) << 19
    return address


def _frame_top(state: ControlState) -> int:
    """Highest address bit that an entry can hold in its usual place."""
    return 31 if state.mode is PagingMode.BITS_32 else state.machine.maxphyaddr - 1
