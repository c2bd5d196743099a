"""Model of the unit's TLB: what each level holds, in which place, and what takes whose place.

Written from what :mod:`hw.tlb` promises, on the golden model's translations.
"""

import enum
from collections import Counter
from dataclasses import dataclass, replace

from hw.config import MmuConfig
from sim.golden.control import Flush
from sim.golden.invpcid import Invalidation
from sim.golden.walk import Reference, Translation


__all__ = ["FirstLevel", "Loss", "SecondLevel", "UnitTlb"]


PAGE, LARGE = 1 << 12, 1 << 21

#: The last stamp that is ever given, and the one after a sweep.
LAST, FIRST = (1 << 10) - 2, 1

#: PCIDs whose stamps are kept beside the current one's.
CONTEXTS = 8


class Loss(enum.Enum):
    """Reason why the unit has forgotten a translation that no flush and no fault concerned."""

    EVICTED   = "another page took its place"
    DISPLACED = "it was kept for a larger page, or by stamps that were used up"


@dataclass(frozen=True)
class Piece:
    """Translation of a page of 4 KiB, of its own or in a larger one."""

    linear:   int
    physical: int
    whole:    Translation

    @property
    def large(self) -> bool:
        """It is a piece of a larger page."""
        return self.whole.size > PAGE

    @classmethod
    def of(cls, whole: Translation, linear: int) -> "Piece":
        """The piece that contains ``linear``."""
        return cls(linear & -PAGE, whole.translate(linear & -PAGE), whole)


class FirstLevel:
    """Translations of the current PCID and global ones, by sets of so many ways."""

    def __init__(self, entries: int, ways: int):
        self._sets: list[list[Piece | None]] = [[None] * ways for _ in range(entries // ways)]
        self._oldest = [0] * len(self._sets)

    @property
    def pieces(self) -> list[Piece]:
        """All that it holds."""
        return [piece for ways in self._sets for piece in ways if piece is not None]

    def find(self, linear: int) -> Piece | None:
        """The translation of ``linear``, if there is one."""
        found = [piece for piece in self._ways(linear)
                 if piece is not None and piece.linear == linear & -PAGE]
        assert len(found) <= 1, f"two translations of {linear:#x}: {found}"
        return found[0] if found else None

    def fill(self, piece: Piece) -> Piece | None:
        """Remember a translation; return that of another page whose place it takes."""
        number = self._number(piece.linear)
        ways   = self._sets[number]
        same   = [way for way, held in enumerate(ways)
                  if held is not None and held.linear == piece.linear]
        free   = [way for way, held in enumerate(ways) if held is None]
        way    = (same or free or [self._oldest[number]])[0]
        before, ways[way]    = ways[way], piece
        self._oldest[number] = (way + 1) % len(ways)
        return None if same else before

    def forget(self, invalidation: Invalidation, pcid: int) -> None:
        """Forget what becomes invalid while ``pcid`` is current; with a page, all pieces too."""
        flush, linear = invalidation.flush, invalidation.linear
        spares = flush in (Flush.OF_PCID, Flush.NON_GLOBAL)
        if flush is Flush.NOTHING or (
                flush in (Flush.OF_PCID, Flush.OF_PCID_AND_GLOBAL) and invalidation.pcid != pcid):
            return
        for ways in self._sets:
            for way, piece in enumerate(ways):
                if piece is None or spares and piece.whole.global_page:
                    continue
                if linear is None or piece.large or piece.linear == linear & -PAGE:
                    ways[way] = None

    def _number(self, linear: int) -> int:
        return linear // PAGE % len(self._sets)

    def _ways(self, linear: int) -> list[Piece | None]:
        return self._sets[self._number(linear)]


@dataclass
class Stamps:
    """Stamps that local rows and structures of one PCID have."""

    local:     int = FIRST
    structure: int = FIRST


@dataclass
class Row:
    """A row of an array. ``stamp`` tells whether it counts; ``turn`` is of the array of pages."""

    key:   int
    stamp: int
    held:  Translation | Reference
    turn:  int = 0


class SecondLevel:
    """Translations of 4 KiB and of 2 MiB, and tables, in direct-mapped arrays of rows.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        Sizes.
    events : :class:`collections.Counter`
        Where its strobes are counted.
    """

    def __init__(self, config: MmuConfig, events: Counter[str]):
        self._events = events
        self._pages: list[list[Row | None]] = [[None] * (config.second_entries // 2)
                                               for _ in range(2)]
        self._turns: list[list[int]] = [[0] * (config.second_entries // 2) for _ in range(2)]
        self._directory: list[Row | None] = [None] * config.directory_entries
        self._references: dict[int, list[Row | None]] = {
            1 << 12 + 9 * level: [None] * config.reference_entries
            for level in config.upper_levels}
        self._current = Stamps()
        self._shared  = FIRST
        self._next    = FIRST + 1
        self._left: list[tuple[int, Stamps] | None] = [None] * CONTEXTS
        self._oldest  = 0

    @property
    def stamps(self) -> Stamps:
        """Those that rows of the current PCID get now."""
        return replace(self._current)

    def translations(self, pcid: int) -> list[tuple[int, Translation]]:
        """All that count, now or when their PCID comes back: with that, or 0 for global ones.

        ``pcid`` is the current one.
        """
        local = {self._current.local: pcid}
        local |= {kept[1].local: kept[0] for kept in self._left if kept}
        rows  = [row for rows in (*self._pages, self._directory) for row in rows
                 if row is not None and isinstance(row.held, Translation)]
        return [(0 if row.held.global_page else local[row.stamp], row.held) for row in rows
                if (row.stamp == self._shared if row.held.global_page else row.stamp in local)]

    def search(self, linear: int, *, write: bool) -> Translation | None:
        """A translation that serves an access to ``linear``."""
        for row in (*(way[self._set(linear)] for way in self._pages), self._entry(linear)):
            held = self._live(row, linear)
            if isinstance(held, Translation) and (held.dirty or not write):
                return held
        return None

    def start(self, linear: int) -> Reference | None:
        """The lowest table that is known for ``linear``."""
        rows = [self._entry(linear)]
        rows += [rows_[linear // size % len(rows_)] for size, rows_ in
                 sorted(self._references.items())]
        for row in rows:
            held = self._live(row, linear)
            if isinstance(held, Reference):
                return held
        return None

    def learn(self, linear: int, reference: Reference, *, region: int) -> None:
        """Keep a table that a walk of ``linear`` came to by an entry for ``region`` bytes."""
        row = Row(linear // region, self._current.structure, reference)
        if region in self._references:
            rows = self._references[region]
            rows[linear // region % len(rows)] = row
        elif region in (LARGE, 2 * LARGE):
            self._events["displaced"] += 1
            row.key = linear // LARGE
            self._directory[linear // LARGE % len(self._directory)] = row

    def keep(self, linear: int, translation: Translation) -> None:
        """Keep the translation of ``linear`` that a walk has found, if its size is kept."""
        stamp = self._shared if translation.global_page else self._current.local
        self._events["kept"] += translation.size in (PAGE, LARGE)
        if translation.size == LARGE:
            self._directory[linear // LARGE % len(self._directory)] = Row(
                linear // LARGE, stamp, translation)
        if translation.size != PAGE:
            return
        number = self._set(linear)
        rows   = [way[number] for way in self._pages]
        turns  = [way[number] for way in self._turns]
        found  = [way for way, row in enumerate(rows) if self._live(row, linear) is not None]
        free   = [way for way, row in enumerate(rows) if row is None]
        way    = (found or free or [turns[0] ^ turns[1]])[0]
        other  = 1 - way
        self._pages[way][number] = Row(linear // PAGE, stamp, translation)
        self._turns[way][number] = turns[other] ^ (way == 0)
        beside = rows[other]
        if translation.global_page and beside is not None and beside.key == linear // PAGE:
            self._clear(other, number)

    def forget(self, invalidation: Invalidation, pcid: int) -> None:
        """Forget what becomes invalid while ``pcid`` is current."""
        flush, linear = invalidation.flush, invalidation.linear
        if flush is Flush.NOTHING:
            return
        if linear is not None:
            self._forget_page(invalidation, pcid)
        elif flush in (Flush.EVERYTHING, Flush.NON_GLOBAL):
            self._left = [None] * CONTEXTS
            self._renew(self._current)
        elif invalidation.pcid == pcid:
            self._renew(self._current)
        else:
            self._left = [None if kept and kept[0] == invalidation.pcid else kept
                          for kept in self._left]
        if linear is None and flush in (Flush.EVERYTHING, Flush.OF_PCID_AND_GLOBAL):
            self._shared = self._next
        self._count()

    def switch(self, pcid: int, left: int) -> None:
        """Keep the stamps of ``left``, and take up those of ``pcid``."""
        places = [place for place, kept in enumerate(self._left) if kept and kept[0] == pcid]
        place  = places[0] if places else self._oldest
        self._events["expired"] += not places and self._left[place] is not None
        kept   = self._left[place] if places else None
        self._left[place] = left, self._current
        self._current = kept[1] if kept else Stamps(self._next, self._next)
        if not places:
            self._oldest = (self._oldest + 1) % CONTEXTS
        self._count()

    def _count(self) -> None:
        """Use up a stamp; after the last one all rows are swept."""
        self._next += 1
        if self._next > LAST:
            self._sweep()

    def _renew(self, stamps: Stamps) -> None:
        stamps.local = stamps.structure = self._next

    def _forget_page(self, invalidation: Invalidation, pcid: int) -> None:
        """Forget one page, and all tables of its PCID."""
        linear = invalidation.linear
        assert linear is not None
        stamps = self._current if invalidation.pcid == pcid else next(
            (kept[1] for kept in self._left if kept and kept[0] == invalidation.pcid), None)
        valid  = {stamps.local} if stamps else set()

        def gone(row: Row | None, key: int) -> bool:
            if row is None or row.key != key or isinstance(row.held, Reference):
                return False
            if row.held.global_page:
                return row.stamp == self._shared and invalidation.flush is not Flush.OF_PCID
            return row.stamp in valid

        for way, rows in enumerate(self._pages):
            if gone(rows[self._set(linear)], linear // PAGE):
                self._clear(way, self._set(linear))
        if gone(self._entry(linear), linear // LARGE):
            self._directory[linear // LARGE % len(self._directory)] = None
        if stamps:
            stamps.structure = self._next

    def _clear(self, way: int, number: int) -> None:
        self._pages[way][number] = None
        self._turns[way][number] = 0

    def _sweep(self) -> None:
        self._events["swept"] += 1
        for rows in (*self._pages, self._directory, *self._references.values()):
            rows[:] = [None] * len(rows)
        for turns in self._turns:
            turns[:] = [0] * len(turns)
        self._current, self._shared, self._next = Stamps(), FIRST, FIRST + 1
        self._left = [None] * CONTEXTS

    def _set(self, linear: int) -> int:
        return linear // PAGE % len(self._pages[0])

    def _entry(self, linear: int) -> Row | None:
        return self._directory[linear // LARGE % len(self._directory)]

    def _live(self, row: Row | None, linear: int) -> Translation | Reference | None:
        """The content of a row, if it counts and is of ``linear``."""
        if row is None:
            return None
        held = row.held
        if isinstance(held, Reference):
            region = held.size if held.size in self._references else LARGE
            live   = row.stamp == self._current.structure
        else:
            region = held.size
            live   = row.stamp == (self._shared if held.global_page else self._current.local)
        return held if live and row.key == linear // region else None


class UnitTlb:
    """Both levels.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        Sizes.
    events : :class:`collections.Counter`
        Where strobes of the second level are counted.
    """

    def __init__(self, config: MmuConfig, events: Counter[str]):
        self.first  = FirstLevel(config.tlb_entries, ways=1 if config.block_ram else 2)
        self.second = SecondLevel(config, events) if config.second_entries else None
        self._pcid  = 0

    def forget(self, invalidation: Invalidation, pcid: int) -> bool:
        """Forget what becomes invalid; ``pcid`` is current from now on. Was it not before?"""
        left, self._pcid = self._pcid, pcid
        if pcid != left:
            self.first.forget(Invalidation(Flush.NON_GLOBAL), pcid)
            if self.second is not None:
                self.second.switch(pcid, left)
        self.first.forget(invalidation, pcid)
        if self.second is not None:
            self.second.forget(invalidation, pcid)
        return pcid != left
