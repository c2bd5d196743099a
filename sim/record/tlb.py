"""Contents of a TLB, rebuilt from the changes that its unit shows.

Nothing is sampled but the changes: each says what it concerns, so that the contents of any cycle
follow from those before, however the unit keeps its translations.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from enum import Enum
from typing import NamedTuple

from hw.layout import Flush


__all__ = ["TlbChange", "TlbContents", "TlbEntry", "TlbRecord"]


#: Sizes of the pages of the second level.
_SIZES = (1 << 12, 1 << 21)


class TlbEntry(NamedTuple):
    """A translation that a TLB holds.

    Attributes
    ----------
    linear, physical : :class:`int`
        First byte of the page.
    size : :class:`int`
        Bytes of the page.
    writable, user, execute_disable : :class:`bool`
        Rights of all levels together.
    dirty : :class:`bool`
        The dirty bit was set in memory at the fill.
    global_page : :class:`bool`
        It outlasts writes of CR3, and serves every PCID.
    filled : :class:`int`
        Cycle of the fill. The translation is there from the next cycle on.
    pcid : :class:`int`
        PCID with which it was cached; 0 in a unit without PCIDs.
    key : :class:`int`
        Protection key of the page; 0 in a unit without keys.
    large : :class:`bool`
        It is a piece of a larger page, of which there may be other pieces.
    row : :class:`int` or :class:`None`
        Number of the row of the second level that it is in; None if it is in the first level.
    """

    linear:          int
    physical:        int
    size:            int
    writable:        bool
    user:            bool
    execute_disable: bool
    dirty:           bool
    global_page:     bool
    filled:          int
    pcid:            int = 0
    key:             int = 0
    large:           bool = False
    row:             int | None = None

    @property
    def level(self) -> int:
        """Level of the TLB that it is in: 1 or 2."""
        return 1 if self.row is None else 2

    def serves(self, linear: int, pcid: int) -> bool:
        """Tell whether it serves an access to ``linear`` under ``pcid``."""
        return self.covers(linear) and (self.global_page or self.pcid == pcid)

    def covers(self, linear: int) -> bool:
        """Tell whether the page contains ``linear``."""
        return self.linear <= linear < self.linear + self.size


class TlbChange(Enum):
    """Kind of a change."""

    FILLED      = "filled"       #: A translation came into the first level.
    KEPT        = "kept"         #: One came into the second level.
    DISPLACED   = "displaced"    #: A table took the row of one in the second level.
    DROPPED     = "dropped"      #: A page fault made that of its address go, if there was one.
    INVALIDATED = "invalidated"  #: INVLPG did.
    SWITCHED    = "switched"     #: Another PCID made those of the first level go.
    EXPIRED     = "expired"      #: Other PCIDs made those of one in the second level go.
    FLUSHED     = "flushed"      #: A control-register write or INVPCID made many go.
    SWEPT       = "swept"        #: The second level was cleared.


class TlbRecord(NamedTuple):
    """A change of the TLB. It counts from the next cycle on.

    Attributes
    ----------
    cycle : :class:`int`
        Cycle of its strobe.
    change : :class:`TlbChange`
        Its kind.
    linear : :class:`int`
        First byte of the 4-KiB page that it concerns; 0 if it is none.
    entry : :class:`TlbEntry` or :class:`None`
        The translation that came, if one did.
    evicted : :class:`int` or :class:`None`
        An address in the page whose translation was replaced, though the new one does not
        overlap it.
    pcid : :class:`int`
        PCID whose translations it concerns.
    global_page : :class:`bool`
        An invalidation that concerns global translations, too.
    flush : :class:`hw.layout.Flush`
        Those that a flush concerns.
    row : :class:`int` or :class:`None`
        Row of the second level that a table took.
    """

    cycle:        int
    change:       TlbChange
    linear:       int             = 0
    entry:        TlbEntry | None = None
    evicted:      int | None      = None
    pcid:         int             = 0
    global_page:  bool            = True
    flush:        Flush           = Flush.NONE
    row:          int | None      = None


class TlbContents:
    """Translations that a TLB holds, as its changes make them.

    Attributes
    ----------
    first : :class:`tuple` of :class:`TlbEntry`
        Those of the first level, in the order in which they came. No two serve one address and
        PCID.
    """

    def __init__(self, changes: Iterable[TlbRecord] = ()):
        self.first: tuple[TlbEntry, ...] = ()
        self._rows: dict[int, TlbEntry] = {}  # of the second level
        self._at: dict[int, set[int]] = defaultdict(set)  # their numbers, by first byte
        for change in changes:
            self.apply(change)

    @property
    def entries(self) -> tuple[TlbEntry, ...]:
        """The translations of both levels."""
        return (*self.first, *self._rows.values())

    def apply(self, record: TlbRecord) -> tuple[TlbEntry, ...]:
        """Make a change; return the translations that go."""
        gone  = [entry for entry in self.first if _goes_first(entry, record)]
        gone += [entry for entry in self._concerned(record) if _goes_second(entry, record)]
        self.first = tuple(entry for entry in self.first if entry not in gone)
        for entry in gone:
            if entry.row is not None:
                del self._rows[entry.row]
                self._at[entry.linear].remove(entry.row)
        if record.entry is not None and record.entry.row is not None:
            self._rows[record.entry.row] = record.entry
            self._at[record.entry.linear].add(record.entry.row)
        elif record.entry is not None:
            self.first += (record.entry,)
        return tuple(gone)

    def _concerned(self, record: TlbRecord) -> Collection[TlbEntry]:
        """Those of the second level that a change can concern: there may be many others."""
        match record.change:
            case TlbChange.FILLED | TlbChange.SWITCHED:
                return ()
            case TlbChange.FLUSHED | TlbChange.EXPIRED | TlbChange.SWEPT:
                return self._rows.values()
        rows = {row for size in _SIZES for row in self._at[record.linear & -size]}
        taken = record.row if record.entry is None else record.entry.row
        return [self._rows[row] for row in (rows if taken is None else rows | {taken})
                if row in self._rows]


def _goes_first(entry: TlbEntry, record: TlbRecord) -> bool:
    """Tell whether a change makes a translation of the first level go."""
    match record.change:
        case TlbChange.KEPT | TlbChange.DISPLACED | TlbChange.EXPIRED | TlbChange.SWEPT:
            return False
        case TlbChange.FLUSHED:
            return _flushed(entry, record)
        case TlbChange.FILLED:
            new = record.entry
            assert new is not None, "a fill has a translation"
            return entry.covers(new.linear) or (
                record.evicted is not None and entry.covers(record.evicted))
        case TlbChange.SWITCHED:
            return not entry.global_page
        case TlbChange.INVALIDATED if not record.global_page:
            return (entry.covers(record.linear) or entry.large) and not entry.global_page and (
                entry.pcid == record.pcid)
    return entry.serves(record.linear, record.pcid) or entry.large


def _goes_second(entry: TlbEntry, record: TlbRecord) -> bool:
    """Tell whether a change makes a translation of the second level go."""
    new = record.entry
    match record.change:
        case TlbChange.FLUSHED:
            return _flushed(entry, record)
        case TlbChange.EXPIRED:
            return not entry.global_page and entry.pcid == record.pcid
        case TlbChange.SWEPT:
            return True
        case TlbChange.KEPT:
            assert new is not None, "what is kept is a translation"
            # The one in the other way would serve the same accesses as a global one.
            return entry.row == new.row or new.global_page and (
                (entry.linear, entry.size) == (new.linear, new.size) == (new.linear, 1 << 12))
        case TlbChange.DISPLACED:
            return entry.row == record.row
        case TlbChange.INVALIDATED if not record.global_page:
            return not entry.global_page and entry.serves(record.linear, record.pcid)
    return entry.serves(record.linear, record.pcid)


def _flushed(entry: TlbEntry, record: TlbRecord) -> bool:
    """Tell whether a flush makes a translation go."""
    own = entry.pcid == record.pcid
    match record.flush:
        case Flush.LOCAL:              return not entry.global_page
        case Flush.OF_PCID:            return own and not entry.global_page
        case Flush.OF_PCID_AND_GLOBAL: return own or entry.global_page
    return True
