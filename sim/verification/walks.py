"""Walks as memory has them before an access is done: the conditions that decide how it ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sim.golden.control import write_register
from sim.golden.keys import key_of
from sim.golden.permission import Attempt
from sim.golden.reserved import Level, is_leaf, levels, reserved_bits
from sim.golden.state import ControlState, PagingMode
from sim.golden.walk import Walk, walk
from sw.bus import Access, GeneralProtection, Register


__all__ = ["PredictedWalk", "PredictedWrite", "WalkedEntry", "predicted_walks", "predicted_write"]


Read = Callable[[int, int], int]


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
    """

    level:    Level
    value:    int
    reserved: int
    leaf:     bool


@dataclass(frozen=True)
class PredictedWalk:
    """Translation of one page of an access, by the entries in memory.

    Attributes
    ----------
    entries : tuple of :class:`WalkedEntry`
        The entries that a walk reads, root first: none, if a PDPTE register is not present.
    walk : :class:`Walk`
        The golden model's walk.
    key : :class:`int` or :class:`None`
        Protection key of the page; None if it has none, or if the walk does not get there.
    """

    entries: tuple[WalkedEntry, ...]
    walk:    Walk
    key:     int | None = None

    @property
    def ending(self) -> str:
        """The result of the walk in a word: "done", or the cause of its fault."""
        if self.walk.translation is not None:
            return "done"
        if not self.entries or not (last := self.entries[-1]).value & 1:
            return "missing"
        return "reserved" if last.reserved else "rights"

    @property
    def leaf(self) -> WalkedEntry | None:
        """The entry that maps the page, if the walk gets there."""
        if not self.entries:
            return None
        last = self.entries[-1]
        return last if last.leaf and last.value & 1 and not last.reserved else None

    def all_set(self, bit: int) -> bool:
        """True if ``bit`` is set in every entry."""
        return all(entry.value & bit for entry in self.entries)


def predicted_walks(state: ControlState, access: Access, read: Read) -> Iterator[PredictedWalk]:
    """Walks for the pages of ``access``: none without paging, a second one if it gets there.

    ``read`` reads memory. The flags that the first page's walk sets are not there yet when the
    second page's entries are read.
    """
    if state.mode is PagingMode.OFF:
        return
    linear = access.linear & state.linear_mask
    last   = linear + access.size - 1 & state.linear_mask
    if not (state.canonical(linear) and state.canonical(last)):
        return
    yield (first := _page(state, access, linear, read))
    if (linear ^ last) >> 12 and first.ending == "done":
        yield _page(state, access, last & -4096, read)


def _page(state: ControlState, access: Access, linear: int, read: Read) -> PredictedWalk:
    walked  = walk(state, Attempt.of(access), linear, read)
    entries = []
    for level, address in zip(levels(state), walked.entries, strict=False):
        value = read(address, level.entry_size)
        entries.append(WalkedEntry(level, value, value & reserved_bits(state, level, value),
                                   is_leaf(state, level, value)))
    page = PredictedWalk(tuple(entries), walked)
    leaf = page.leaf
    return page if leaf is None else replace(page, key=key_of(state, leaf.value))


@dataclass(frozen=True)
class PredictedWrite:
    """A write of a control register.

    Attributes
    ----------
    before, after : :class:`ControlState`
        Registers before it, and after it: the same if it is refused.
    refused : :class:`bool`
        It ends in #GP.
    loads : :class:`bool`
        It reads PDPTEs from memory.
    """

    before:  ControlState
    after:   ControlState
    refused: bool
    loads:   bool


def predicted_write(state: ControlState, register: Register, value: int,
                    read: Read) -> PredictedWrite:
    """Predict a write of a control register. ``read`` reads memory."""
    places: list[int] = []

    def noted(physical: int, size: int) -> int:
        places.append(physical)
        return read(physical, size)

    try:
        after, _ = write_register(state, register, value, noted)
    except GeneralProtection:
        return PredictedWrite(state, state, True, bool(places))
    return PredictedWrite(state, after, False, bool(places))
