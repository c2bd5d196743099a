"""Coverpoints of the accessed and dirty flags: rules 15 to 18."""

from collections.abc import Iterator

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.coverage.observation import SIZES_OF_PAGES, AccessSeen, PageSeen, WalkedEntry
from sim.coverage.reachability import Reachability
from sim.golden.reserved import A, D, P, RW

from .history import the_one
from .terms import (
    HITS, KINDS, LEVELS, MODES, PAGES, attempt, bit, bits, class_of, cross, first_reason, level_of,
    no_hit,
)


__all__ = ["points"]


Hits = Iterator[tuple[str, ...]]

FAULTS = ("missing", "reserved", "rights")
WRITES = ("write", "exchange", "compare-exchange")

#: Flags that the update of a write sets.
UPDATES = ("A", "D", "A and D")

#: Edits of a leaf before its page is written, and what comes of the write: a right that is gone
#: counts, but not for a supervisor while WP = 0.
EDITS = (("P cleared", "fault"), ("R/W cleared", "fault"), ("R/W cleared", "done"),
         ("another frame", "done"))


def points(config: MmuConfig) -> Iterator[Coverpoint]:
    """Coverpoints of rules 15 to 18 for a unit."""
    reach = Reachability(config)
    yield Coverpoint("leaf flags", "A and D of the leaf, before a walk that succeeds.",
                     tuple((*size, *flags) for size in PAGES
                           for flags in cross(("A=0", "A=1"), ("D=0", "D=1"), ("read", "write"))),
                     lambda mode, size, *flags: reach.size(mode, size),
                     15, ("mode", "size", "A", "D", "class"), leaf_flags, "flags")
    yield Coverpoint("levels with A set", "Levels whose accessed flag a walk has set.",
                     tuple((mode, size, level) for mode, size in PAGES
                           for level in level_of(mode, size)),
                     lambda mode, size, level: reach.size(mode, size),
                     15, ("mode", "size", "sets A"), levels_set, "flags")
    yield Coverpoint("D by kind", "Whether a walk with a clean leaf has set its dirty flag.",
                     (*((*page, kind, "set") for page in PAGES for kind in WRITES),
                      *((*page, kind, "left alone") for page in PAGES
                        for kind in ("read", "fetch"))),
                     lambda mode, size, *rest: reach.size(mode, size),
                     15, ("mode", "size", "kind", "dirty"), dirty_by_kind, "flags")
    yield Coverpoint("upper flags", "A of an entry that refers to a table, and the walk's result.",
                     tuple((mode, level, *rest) for mode, levels in LEVELS.items()
                           for level in levels[:-1]
                           for rest in cross(bits("A"), ("done", "fault"))),
                     lambda mode, *rest: reach.mode(mode),
                     16, ("mode", "level", "upper A", "result"), upper_flags, "upper flags")
    yield Coverpoint("leaves after a fault", "A and D of a leaf whose page refuses an access: it "
                     "keeps them.",
                     tuple((*page, *flags) for page in PAGES
                           for flags in cross(("A=0", "A=1"), ("D=0", "D=1"))),
                     lambda mode, size, *flags: reach.size(mode, size),
                     16, ("mode", "size", "A", "D"), after_fault, "refused flags")
    yield Coverpoint("crossings", "Accesses to two pages: kind, and outcome.",
                     cross(KINDS.values(), ("both done", "first faults",
                                            *(f"second {fault}" for fault in FAULTS))),
                     reach.no_crossing, 16, ("kind", "crossing"), crossings, "crossing")
    yield Coverpoint("entries that end a walk", "Missing and malformed entries with A = 0: they "
                     "are left alone.",
                     tuple((mode, level, cause, kind) for mode, levels in LEVELS.items()
                           for level in levels for cause in ("missing", "reserved")
                           for kind in ("read", "write")
                           if (mode, level, cause) != ("32-bit", "PTE", "reserved")),
                     lambda mode, level, cause, kind: first_reason(
                         reach.mode(mode),
                         mode == "32-bit" and cause == "reserved" and reach.reserved() or None),
                     16, ("mode", "level", "cause", "class"), left_alone, "left alone")
    yield Coverpoint("first pages", "Accesses to two pages, of which the second one faults: the "
                     "first has its flags set.", cross(MODES, ("read", "write")),
                     lambda mode, kind: reach.mode(mode),
                     16, ("mode", "class"), first_pages, "first page")
    yield Coverpoint("edits before an update", "Entries that somebody else has changed between "
                     "their read and their update.",
                     tuple((mode, level, edit) for mode in MODES for level in LEVELS[mode]
                           for edit in ("P cleared", "R/W cleared", "A set")),
                     lambda mode, *rest: reach.mode(mode),
                     17, ("mode", "level", "edit"), edits, "race")
    yield Coverpoint("writes in a race", "Leaves that somebody else has changed before the update "
                     "of a write: the flags that it was about to set, and what came of the write.",
                     tuple((*page, *rest) for page in PAGES
                           for rest in ((update, *edit) for update in UPDATES for edit in EDITS)),
                     lambda mode, size, *rest: reach.size(mode, size),
                     17, ("mode", "size", "update", "edit", "result"), written_in_a_race,
                     "write race")
    yield Coverpoint("writes of clean pages", "Writes of pages that are cached with D = 0.",
                     tuple((*page, kind, by) for page in PAGES for kind in WRITES for by in HITS),
                     lambda mode, size, kind, by: first_reason(
                         no_hit(config, mode, size, by),
                         "the second level of the TLB serves no write of a clean page, which is "
                         "walked" if by == "second level" else None),
                     18, ("mode", "size", "kind", "by"), clean_writes, "clean write")
    yield Coverpoint("edited clean pages", "Writes of pages that are cached with D = 0, whose leaf "
                     "was edited without a flush: it is read anew for D.",
                     tuple((*page, *edit) for page in PAGES
                           for edit in (*EDITS, ("D set", "done"))),
                     lambda mode, size, *rest: reach.size(mode, size),
                     18, ("mode", "size", "edit", "result"), edited_clean, "edited clean")


# Samplers

def leaf_flags(seen: AccessSeen, page: PageSeen) -> Hits:
    """Flags of the leaf before a walk."""
    leaf = page.leaf
    if leaf is not None and page.ending == "done" and page.by in ("walk", ""):
        yield (seen.state.mode.value, page.size, bit("A", leaf.value & A),
               bit("D", leaf.value & D), "write" if attempt(seen).write else "read")


def levels_set(seen: AccessSeen, page: PageSeen) -> Hits:
    """Levels at which a walk has stored A."""
    if page.ending == "done" and page.size:
        for entry in page.entries:
            if not entry.value & A and entry.address & -8 in page.changed:
                yield seen.state.mode.value, page.size, entry.level.name


def dirty_by_kind(seen: AccessSeen, page: PageSeen) -> Hits:
    """D of a leaf that was clean, after a walk."""
    leaf = page.leaf
    if leaf is None or page.ending != "done" or not page.begins or leaf.value & D:
        return
    yield (seen.state.mode.value, page.size, KINDS[seen.access.kind],
           "set" if page.stored(leaf) & D else "left alone")


def upper_flags(seen: AccessSeen, page: PageSeen) -> Hits:
    """A of upper entries that a walk has read, and has set A in."""
    for entry in page.read:
        marked = page.stored(entry) & A or not page.by
        if marked and entry.value & P and not entry.reserved and not entry.leaf:
            yield (seen.state.mode.value, entry.level.name, bit("A", entry.value & A),
                   "done" if page.ending == "done" else "fault")


def after_fault(seen: AccessSeen, page: PageSeen) -> Hits:
    """Flags of a leaf that a fault has left alone."""
    leaf = page.leaf
    if leaf is not None and page.ending == "rights" and page.by == "walk" \
            and leaf.address & -8 not in page.changed:
        yield (seen.state.mode.value, page.size, bit("A", leaf.value & A),
               bit("D", leaf.value & D))


def crossings(seen: AccessSeen) -> Hits:
    """Accesses to two pages."""
    if not seen.crosses or not seen.pages:
        return
    kind = KINDS[seen.access.kind]
    if len(seen.pages) == 1:
        if seen.fault == "#PF":
            yield kind, "first faults"
    elif seen.fault == "#PF":
        yield kind, f"second {seen.pages[1].ending}"
    elif not seen.fault:
        yield kind, "both done"


def left_alone(seen: AccessSeen, page: PageSeen) -> Hits:
    """Entries that are missing or malformed."""
    kind = class_of(seen)
    if page.ending in ("missing", "reserved") and page.read and kind != "fetch":
        last = page.read[-1]
        if not last.value & A:
            # One that is stored is a bin that must not be.
            changed = ("stored",) if last.address & -8 in page.changed else ()
            yield seen.state.mode.value, last.level.name, page.ending, kind, *changed


def first_pages(seen: AccessSeen) -> Hits:
    """First pages of accesses whose second page faults."""
    kind = class_of(seen)
    if len(seen.pages) < 2 or seen.fault != "#PF" or kind == "fetch":
        return
    first = seen.pages[0]
    leaf  = first.leaf
    flags = D if kind == "write" else A
    if leaf is not None and not leaf.value & flags and first.stored(leaf) & flags:
        yield seen.state.mode.value, kind


def edits(seen: AccessSeen, page: PageSeen) -> Hits:
    """Entries that an update has found changed."""
    if page.again is None:
        return
    address, *words = page.again
    for entry in page.entries:
        if entry.address & -8 == address:
            before, found = (_entry_in(word, entry) for word in words)
            change = before ^ found
            edit   = ("P cleared" if change & P and not found & P else
                      "R/W cleared" if change & RW and not found & RW else
                      "A set" if change == A and found & A else "")
            if edit:
                yield seen.state.mode.value, entry.level.name, edit


def _entry_in(word: int, entry: WalkedEntry) -> int:
    """The value of an entry in the word of memory that it is in."""
    return word >> 8 * (entry.address & 7) & (1 << 8 * entry.level.entry_size) - 1


def _edited(before: int, after: int) -> str:
    """The one thing that an edit of a leaf has changed; "" if it is another."""
    change = before ^ after
    if change >> 12 and not change & 0xfff:
        return "another frame"
    return {(P, 0): "P cleared", (RW, 0): "R/W cleared", (D, D): "D set"}.get(
        (change, change & after), "")


def _written(page: PageSeen, edit: str) -> str:
    """The end of a write that should set D: "" if it has, and was not done, or the reverse."""
    last  = page.entries[-1]
    dirty = bool(page.stored(last) & D)
    if page.ending == "done":
        return "done" * dirty
    return "fault" * (page.ending == ("missing" if edit == "P cleared" else "rights")
                      and last.address & -8 not in page.changed)


def written_in_a_race(seen: AccessSeen, page: PageSeen) -> Hits:
    """Writes whose update has found the leaf changed."""
    if page.again is None or not attempt(seen).write:
        return
    address, *words = page.again
    last = page.entries[-1]
    if not last.leaf or last.address & -8 != address:
        return
    before, found = (_entry_in(word, last) for word in words)
    update = {0: "A and D", A: "D", D: "A"}.get(before & (A | D))
    edit   = _edited(before, found)
    result = _written(page, edit)
    if update and edit and result:
        yield seen.state.mode.value, SIZES_OF_PAGES[last.level.region], update, edit, result


def clean_writes(seen: AccessSeen, page: PageSeen) -> Hits:
    """Hits of clean pages that are walked for the dirty flag."""
    leaf = page.leaf
    if page.by in HITS and leaf is not None and page.begins and page.ending == "done" \
            and attempt(seen).write and not leaf.value & D and page.stored(leaf) & D:
        yield seen.state.mode.value, page.size, KINDS[seen.access.kind], page.by


def edited_clean(seen: AccessSeen, page: PageSeen) -> Hits:
    """Hits of clean pages that are walked for the dirty flag, and found edited."""
    if page.by not in HITS or page.cached is None or not page.read or not attempt(seen).write \
            or page.cached.leaf & D or the_one(page, "AC=0", "AC=1") is None:
        return
    last   = page.read[-1]
    edit   = _edited(page.cached.leaf, last.value)
    result = _written(page, edit)
    if last.leaf and edit and result:
        yield seen.state.mode.value, SIZES_OF_PAGES[last.level.region], edit, result
