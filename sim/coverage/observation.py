"""Observations: what was on a unit's ports in an access, a write of a register, an operation."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sim.golden.keys import key_of
from sim.golden.reserved import Level
from sim.golden.state import ControlState
from sw.bus import Access


__all__ = [
    "SIZES_OF_PAGES", "AccessSeen", "Earlier", "Happening", "OperationSeen", "PageSeen",
    "WalkedEntry", "WriteSeen", "privilege",
]


#: Sizes of pages by their bytes.
SIZES_OF_PAGES = {1 << 12: "4K", 1 << 21: "2M", 1 << 22: "4M", 1 << 30: "1G"}


def privilege(access: Access) -> str:
    """The privilege of an access in a word."""
    return "implicit" if access.implicit else "user" if access.user else "supervisor"


@dataclass(frozen=True)
class WalkedEntry:
    """An entry on the way of a walk, as it was before.

    Attributes
    ----------
    level : :class:`Level`
        Its level.
    value : :class:`int`
        The whole entry.
    reserved : :class:`int`
        Those of its bits that must not be set, if it is present.
    leaf : :class:`bool`
        It maps a page.
    address : :class:`int`
        Its physical address.
    """

    level:    Level
    value:    int
    reserved: int
    leaf:     bool
    address:  int = 0


@dataclass(frozen=True)
class Happening:
    """Something that can make a cached translation wrong, or make the unit forget it.

    Attributes
    ----------
    name : :class:`str`
        What it is, such as "WP=1", "INVLPG", "MOV CR3", "edit".
    state : :class:`ControlState`
        Registers before it.
    linear : :class:`int`
        The address of INVLPG, INVPCID and #PF; the physical address of an edit.
    value : :class:`int`
        The type of INVPCID; the value of an edit.
    pcid : :class:`int`
        The PCID that it concerns.
    """

    name:   str
    state:  ControlState
    linear: int = 0
    value:  int = 0
    pcid:   int = 0


class Earlier(NamedTuple):
    """The walk that has cached a translation.

    Attributes
    ----------
    state : :class:`ControlState`
        Registers at the time.
    user : :class:`bool`
        It was for an access at CPL 3.
    global_page : :class:`bool`
        The translation is global.
    leaf : :class:`int`
        The entry that maps the page, as the walk has left it.
    """

    state:       ControlState
    user:        bool
    global_page: bool
    leaf:        int


@dataclass(frozen=True)
class PageSeen:
    """One page of an access: its look-up, and its walk if there was one.

    Attributes
    ----------
    linear : :class:`int`
        First address of the access in it.
    entries : tuple of :class:`WalkedEntry`
        The entries that translate it, root first, as the unit has read them: those of an earlier
        walk, where the TLB knew what came of them.
    ending : :class:`str`
        "done", or the cause of its fault: "missing", "reserved", "rights".
    error_code : :class:`int`
        That of its fault.
    by : :class:`str`
        What has translated it: "walk", "first level", "second level"; "" if nobody looked.
    begins : :class:`str`
        Level of the first entry that was read in this access; "" if none was.
    changed : mapping
        New values of entries that the walk has stored, by their physical addresses.
    again : tuple of :class:`int` or :class:`None`
        A locked update found its entry changed, so that the walk began anew: the physical address
        of the entry, its value as the walk had read it, and as the update found it.
    cached : :class:`Earlier` or :class:`None`
        The walk that has cached the translation, if there was one.
    since : tuple of :class:`Happening`
        All that has happened since then.
    refused : :class:`PageSeen` or :class:`None`
        The look-up of the same page before this one, if it has ended in a fault.
    bypassed : tuple of :class:`int`
        What now stands, by edits, in entries that this walk has not read, as it began below.
    tables : tuple of :class:`Happening` or :class:`None`
        All that has happened since a walk under this PCID has read the entry above the last one, by
        which the unit may know the table; None, if there was none.
    """

    linear:     int
    entries:    tuple[WalkedEntry, ...]
    ending:     str
    error_code: int = 0
    by:         str = ""
    begins:     str = ""
    changed:    dict[int, int] = field(default_factory=dict)
    again:      tuple[int, int, int] | None = None
    cached:     Earlier | None = None
    since:      tuple[Happening, ...] = ()
    refused:    "PageSeen | None" = None
    bypassed:   tuple[int, ...] = ()
    tables:     tuple[Happening, ...] | None = None

    @property
    def read(self) -> tuple[WalkedEntry, ...]:
        """The entries that were read in this access. Of a hit none were, of a prediction all."""
        if not self.by:
            return self.entries
        names = [entry.level.name for entry in self.entries]
        return self.entries[names.index(self.begins):] if self.begins in names else ()

    def stored(self, entry: WalkedEntry) -> int:
        """The value of an entry after the walk, as it was read or as an update has stored it."""
        word = self.changed.get(entry.address & -8)
        if word is None:
            return entry.value
        return word >> 8 * (entry.address & 7) & (1 << 8 * entry.level.entry_size) - 1

    @property
    def leaf(self) -> WalkedEntry | None:
        """The entry that maps the page, if the walk gets there."""
        if not self.entries:
            return None
        last = self.entries[-1]
        return last if last.leaf and last.value & 1 and not last.reserved else None

    @property
    def uppers(self) -> tuple[WalkedEntry, ...]:
        """The entries above the one at which the walk ends."""
        return self.entries[:-1]

    @property
    def size(self) -> str:
        """Size of the page; "" if the walk does not get to the leaf."""
        leaf = self.leaf
        return "" if leaf is None else SIZES_OF_PAGES[leaf.level.region]

    def all_set(self, bit: int) -> bool:
        """True if ``bit`` is set in every entry."""
        return all(entry.value & bit for entry in self.entries)

    def any_set(self, bit: int) -> bool:
        """True if ``bit`` is set in some entry."""
        return any(entry.value & bit for entry in self.entries)


@dataclass(frozen=True)
class AccessSeen:
    """One access, from its request to its response.

    Attributes
    ----------
    access : :class:`sw.bus.Access`
        The request.
    state : :class:`ControlState`
        Registers when it was accepted.
    fault : :class:`str`
        "", "#PF", "#GP", or "bus error".
    error_code : :class:`int`
        That of a page fault.
    pages : tuple of :class:`PageSeen`
        Its pages, as far as they were looked at.
    data : :class:`int`
        What was read.
    cr2 : :class:`int`
        CR2 afterwards.
    """

    access:     Access
    state:      ControlState
    fault:      str
    error_code: int
    pages:      tuple[PageSeen, ...]
    data:       int = 0
    cr2:        int = 0

    @property
    def crosses(self) -> bool:
        """It has bytes in two pages."""
        return (self.access.linear & 0xfff) + self.access.size > 4096

    def key_of(self, page: PageSeen) -> int | None:
        """Protection key of a page that the walk has got to; None if it has none."""
        leaf = page.leaf
        return None if leaf is None else key_of(self.state, leaf.value)


@dataclass(frozen=True)
class WriteSeen:
    """One write of a control register.

    Attributes
    ----------
    register : :class:`str`
        Its name.
    value : :class:`int`
        The operand.
    before, after : :class:`ControlState`
        Registers before it, and after it.
    refused : :class:`bool`
        It ended in #GP.
    pdptes : tuple of :class:`int`
        The PDPTEs that it has read from memory.
    """

    register: str
    value:    int
    before:   ControlState
    after:    ControlState
    refused:  bool
    pdptes:   tuple[int, ...]


@dataclass(frozen=True)
class OperationSeen:
    """One INVLPG or INVPCID.

    Attributes
    ----------
    name : :class:`str`
        "INVLPG" or "INVPCID".
    state : :class:`ControlState`
        Registers.
    type, pcid, linear : :class:`int`
        Its operands; of INVLPG, ``linear`` alone.
    refused : :class:`bool`
        It ended in #GP.
    invalidated : :class:`bool`
        A strobe has told that something is to be forgotten.
    """

    name:        str
    state:       ControlState
    type:        int
    pcid:        int
    linear:      int
    refused:     bool
    invalidated: bool
