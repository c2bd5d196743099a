"""What the golden model sees of an access before it is done: the conditions that decide it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sim.golden.permission import Attempt
from sim.golden.reserved import Level, is_leaf, levels, reserved_bits
from sim.golden.state import ControlState, PagingMode
from sim.golden.walk import Walk, walk
from sw.bus import Access


__all__ = ["Look", "Seen", "look"]


Read = Callable[[int, int], int]


@dataclass(frozen=True)
class Seen:
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
        Whether it maps a page.
    """

    level:    Level
    value:    int
    reserved: int
    leaf:     bool


@dataclass(frozen=True)
class Look:
    """One page of an access, by the entries in memory.

    Attributes
    ----------
    entries : tuple of :class:`Seen`
        The entries that a walk reads, root first.
    walk : :class:`Walk`
        How it ends.
    """

    entries: tuple[Seen, ...]
    walk:    Walk

    @property
    def end(self) -> str:
        """How a walk for the access ends: "done", or why it faults."""
        if self.walk.translation is not None:
            return "done"
        last = self.entries[-1]
        if not last.value & 1:
            return "missing"
        return "reserved" if last.reserved else "rights"

    @property
    def leaf(self) -> Seen | None:
        """The entry that maps the page, if the walk gets there."""
        last = self.entries[-1]
        return last if last.leaf and last.value & 1 and not last.reserved else None

    def all_set(self, bit: int) -> bool:
        """Whether ``bit`` is set in every entry."""
        return all(seen.value & bit for seen in self.entries)


def look(state: ControlState, access: Access, read: Read) -> Iterator[Look]:
    """Looks at the pages of ``access``: none without paging, the second one if it is got to.

    ``read`` reads memory. The flags that the first page's walk sets are not there yet when the
    second one's is looked at.
    """
    if state.mode is PagingMode.OFF:
        return
    linear = access.linear & state.linear_mask
    last   = linear + access.size - 1 & state.linear_mask
    if not (state.canonical(linear) and state.canonical(last)):
        return
    yield (first := _page(state, access, linear, read))
    if (linear ^ last) >> 12 and first.end == "done":
        yield _page(state, access, last & -4096, read)


def _page(state: ControlState, access: Access, linear: int, read: Read) -> Look:
    walked = walk(state, Attempt.of(access), linear, read)
    seen   = []
    for level, address in zip(levels(state), walked.entries, strict=False):
        value = read(address, level.entry_size)
        seen.append(Seen(level, value, value & reserved_bits(state, level, value),
                         is_leaf(state, level, value)))
    return Look(tuple(seen), walked)
