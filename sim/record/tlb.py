"""Contents of a TLB, rebuilt from the changes that its unit shows.

Nothing is sampled but the changes: each says what it concerns, so that the contents of any cycle
follow from those before, however the unit keeps its translations.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from hw.layout import Flush


__all__ = ["TlbChange", "TlbContents", "TlbEntry", "TlbHistory", "TlbRecord"]


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

    def serves(self, linear: int, pcid: int) -> bool:
        """Tell whether it serves an access to ``linear`` under ``pcid``."""
        return self.covers(linear) and (self.global_page or self.pcid == pcid)

    def covers(self, linear: int) -> bool:
        """Tell whether the page contains ``linear``."""
        return self.linear <= linear < self.linear + self.size

    def translate(self, linear: int) -> int:
        """Physical address of ``linear``, which is in the page."""
        return self.physical | linear & self.size - 1


class TlbChange(Enum):
    """Kind of a change."""

    FILLED      = "filled"       #: A translation came.
    DROPPED     = "dropped"      #: A page fault made that of its address go, if there was one.
    INVALIDATED = "invalidated"  #: INVLPG did.
    SWITCHED    = "switched"     #: Another PCID made those of the one before go.
    FLUSHED     = "flushed"      #: A control-register write or INVPCID made many go.


class TlbRecord(NamedTuple):
    """A change of the TLB. It counts from the next cycle on.

    Attributes
    ----------
    cycle : :class:`int`
        Cycle of its strobe.
    change : :class:`TlbChange`
        Its kind.
    linear : :class:`int`
        First byte of the 4-KiB page that it concerns; 0 of a flush.
    entry : :class:`TlbEntry` or :class:`None`
        The translation that came, if it is a fill.
    evicted : :class:`int` or :class:`None`
        An address in the page whose translation was replaced, though the new one does not
        overlap it.
    pcid : :class:`int`
        PCID whose translations it concerns.
    global_page : :class:`bool`
        An invalidation that concerns global translations, too.
    flush : :class:`hw.layout.Flush`
        Those that a flush concerns.
    """

    cycle:        int
    change:       TlbChange
    linear:       int             = 0
    entry:        TlbEntry | None = None
    evicted:      int | None      = None
    pcid:         int             = 0
    global_page:  bool            = True
    flush:        Flush           = Flush.NONE


class TlbContents:
    """Translations that a TLB holds, as its changes make them.

    Attributes
    ----------
    entries : :class:`tuple` of :class:`TlbEntry`
        The translations, in the order in which they came. No two serve one address and PCID.
    """

    def __init__(self, changes: Iterable[TlbRecord] = ()):
        self.entries: tuple[TlbEntry, ...] = ()
        for change in changes:
            self.apply(change)

    def find(self, linear: int, pcid: int = 0) -> TlbEntry | None:
        """The translation of ``linear`` that serves ``pcid``, if there is one."""
        return next((entry for entry in self.entries if entry.serves(linear, pcid)), None)

    def apply(self, record: TlbRecord) -> tuple[TlbEntry, ...]:
        """Make a change; return the translations that go."""
        gone = tuple(entry for entry in self.entries if _goes(entry, record))
        self.entries = tuple(entry for entry in self.entries if entry not in gone)
        if record.entry is not None:
            self.entries += (record.entry,)
        return gone


class TlbHistory:
    """Contents of a TLB in any cycle, each after the changes before it.

    They are kept after every change that has been looked at, so that it takes no time to step
    through a run, forwards or back; and so are, for each page, the changes that concern it.

    Parameters
    ----------
    changes : sequence of :class:`TlbRecord`
        The changes, in the order of cycles. May grow.
    """

    def __init__(self, changes: Sequence[TlbRecord]):
        self._changes = changes
        self._after: list[tuple[TlbEntry, ...]] = [()]  # so many changes
        # First cycles with and without a translation, by its size and first byte, in order.
        self._turns: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))

    def at(self, cycle: int) -> TlbContents:
        """Translations that the TLB holds in ``cycle``."""
        count = bisect_left(self._changes, cycle, key=attrgetter("cycle"))
        self._follow(count)
        contents = TlbContents()
        contents.entries = self._after[count]
        return contents

    def next_change(self, linear: int, *, after: int) -> int | None:
        """First cycle later than ``after`` with another translation of ``linear``, or with none.

        None if what there is stays.
        """
        self._follow(len(self._changes))
        pages = (turns.get(linear & -size, ()) for size, turns in self._turns.items())
        later = (turns[place] for turns in pages
                 if (place := bisect_right(turns, after)) < len(turns))
        return min(later, default=None)

    def _follow(self, count: int) -> None:
        """Look at the first ``count`` changes, as far as that was not done before."""
        contents = TlbContents()
        contents.entries = self._after[-1]
        for change in self._changes[len(self._after) - 1:count]:
            gone = contents.apply(change)
            self._after.append(contents.entries)
            for entry in gone if change.entry is None else (*gone, change.entry):
                self._turns[entry.size][entry.linear].append(change.cycle + 1)


def _goes(entry: TlbEntry, record: TlbRecord) -> bool:
    """Tell whether a change makes a translation go."""
    match record.change:
        case TlbChange.FLUSHED:
            return _flushed(entry, record)
        case TlbChange.FILLED:
            new = record.entry
            assert new is not None, "a fill has a translation"
            overlaps = entry.covers(new.linear) or new.covers(entry.linear)
            return overlaps or record.evicted is not None and entry.covers(record.evicted)
        case TlbChange.SWITCHED:
            return not entry.global_page
        case TlbChange.INVALIDATED if not record.global_page:
            return (entry.covers(record.linear) or entry.large) and not entry.global_page and (
                entry.pcid == record.pcid)
    return entry.serves(record.linear, record.pcid) or entry.large


def _flushed(entry: TlbEntry, record: TlbRecord) -> bool:
    """Tell whether a flush makes a translation go."""
    own = entry.pcid == record.pcid
    match record.flush:
        case Flush.LOCAL:              return not entry.global_page
        case Flush.OF_PCID:            return own and not entry.global_page
        case Flush.OF_PCID_AND_GLOBAL: return own or entry.global_page
    return True
