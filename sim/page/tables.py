"""Stores to paging-structure entries: who changed which, and into what."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sim.record.history import MemoryHistory, Store
from sim.record.trace import Trace


__all__ = ["EntryStore", "entry_stores", "rows"]


class EntryStore(NamedTuple):
    """A store that changes an entry.

    Attributes
    ----------
    cycle, cpu : :class:`int`
        When it was accepted, and whose it is.
    walker : :class:`bool`
        The page walker did it.
    function : :class:`str`
        The innermost function of the kernel at that moment; empty: user code.
    address, before, after : :class:`int`
        Physical address of the entry, its value before and after.
    """

    cycle:    int
    cpu:      int
    walker:   bool
    function: str
    address:  int
    before:   int
    after:    int


def entry_stores(traces: Sequence[Trace], history: MemoryHistory, size: int,
                 known: Iterable[int]) -> list[EntryStore]:
    """The stores to entries of ``size`` bytes, in the order of cycles.

    Entries are those ``known`` by their addresses, and what a page walker has read in the run,
    whenever that was.
    """
    words = {transfer.address for trace in traces for transfer in trace.transfers(walk=True)}
    words.update(address & -8 for address in known)
    return sorted(store for word in words for store in _of_word(history, word, size))


def _of_word(history: MemoryHistory, word: int, size: int) -> Iterator[EntryStore]:
    before = 0
    for store in history.stores(word):
        for offset in range(0, 8, size):
            old, new = (value >> 8 * offset & (1 << 8 * size) - 1
                        for value in (before, store.after))
            if old != new:
                yield _entry_store(store, word + offset, old, new)
        before = store.after


def _entry_store(store: Store, address: int, before: int, after: int) -> EntryStore:
    transfer = store.transfer
    return EntryStore(transfer.accepted, store.cpu, transfer.walk,
                      "".join(transfer.mark.stack[-1:]), address, before, after)


def rows(stores: Collection[EntryStore], functions: Mapping[str, int],
         known: Mapping[int, str]) -> list[list[Any]]:
    """The stores as JSON has them; ``known`` names entries in words by their addresses."""
    return [[store.cycle, store.cpu, int(store.walker), functions[store.function],
             hex(store.address), hex(store.before), hex(store.after),
             known.get(store.address, "an entry")] for store in stores]
