"""Physical memory as it was in any cycle of a run, from the transfers on record."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from .records import TransferRecord
from .trace import Trace


__all__ = ["MemoryHistory", "Store"]


#: Bits of a word that are in the byte lanes of each ``sel``.
_LANES = tuple(sum(0xFF << 8 * lane for lane in range(8) if sel >> lane & 1) for sel in range(256))


class Store(NamedTuple):
    """A store to a word of physical memory, of the processor or of its walker.

    Attributes
    ----------
    cpu : :class:`int`
        Number of the processor.
    transfer : :class:`sim.record.records.TransferRecord`
        The transfer.
    after : :class:`int`
        The word, once it was done.
    """

    cpu:      int
    transfer: TransferRecord
    after:    int


class MemoryHistory:
    """Contents of memory in any cycle: those that its stores make, on memory that was zero.

    Parameters
    ----------
    traces : sequence of :class:`sim.record.trace.Trace`
        What is on record of all processors, by number. What comes later is not looked at.
    """

    def __init__(self, traces: Sequence[Trace]):
        self._stores: dict[int, list[Store]] = defaultdict(list)
        stores = [(transfer.accepted, cpu, transfer) for cpu, trace in enumerate(traces)
                  for transfer in trace.transfers(write=True) if not transfer.failed]
        # A processor has one transfer in a cycle, so transfers themselves are never compared.
        for _, cpu, transfer in sorted(stores):
            before = self._stores[transfer.address]
            word   = before[-1].after if before else 0
            lanes  = _LANES[transfer.sel]
            before.append(Store(cpu, transfer, word & ~lanes | transfer.data & lanes))

    def read(self, address: int, size: int, *, cycle: int) -> int:
        """Bytes as a transfer that is accepted in ``cycle`` finds them, little-endian.

        They lie in one word of 8 bytes.
        """
        stores = self._stores.get(address & -8)
        if not stores:
            return 0
        done = _done(stores, cycle)
        word = stores[done - 1].after if done else 0
        return word >> 8 * (address & 7) & (1 << 8 * size) - 1

    def last_store(self, address: int, size: int, *, cycle: int) -> Store | None:
        """The last store to any of these bytes before ``cycle``; None if there was none."""
        lanes  = (1 << size) - 1 << (address & 7)
        stores = self._stores.get(address & -8, ())
        return next((stores[index] for index in reversed(range(_done(stores, cycle)))
                     if stores[index].transfer.sel & lanes), None)

    def next_store(self, address: int, size: int, *, cycle: int) -> Store | None:
        """The first store to any of these bytes in ``cycle`` or later; None if there is none."""
        stores = self._stores.get(address & -8, ())
        lanes  = (1 << size) - 1 << (address & 7)
        return next((stores[index] for index in range(_done(stores, cycle), len(stores))
                     if stores[index].transfer.sel & lanes), None)

    def stores(self, address: int) -> Sequence[Store]:
        """All stores to the word of 8 bytes at ``address``, in the order of cycles."""
        return self._stores.get(address, ())


def _done(stores: Sequence[Store], cycle: int) -> int:
    """Number of those that were accepted before ``cycle``."""
    return bisect_left(stores, cycle, key=lambda store: store.transfer.accepted)
