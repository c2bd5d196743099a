"""Contents of memory, as far as they are known.

What nobody has read or written yet could be anything: its first read tells. From then on each read
must see the last write: there are no store buffers.
"""

from sim.record.records import TransferRecord


__all__ = ["KnownMemory"]


class KnownMemory:
    """Memory of a run."""

    def __init__(self) -> None:
        self._words: dict[int, tuple[int, int]] = {}  # contents, and the bits that are known

    def transfer(self, transfer: TransferRecord) -> bool:
        """Carry out a transfer; return whether a read has seen what is there."""
        mask = sum(0xff << 8 * lane for lane in range(8) if transfer.sel >> lane & 1)
        word, known = self._words.get(transfer.address, (0, 0))
        seen = transfer.data & mask
        self._words[transfer.address] = word & ~mask | seen, known | mask
        return transfer.write or not (word ^ seen) & mask & known
