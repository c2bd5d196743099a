"""Physical memory of a board, rebuilt from the transfers that it reports."""

from collections import deque

from sim.errors import MachineLost
from sim.memory import PhysicalMemory
from sim.record.signals import Sample


__all__ = ["MemoryImage"]


class MemoryImage:
    """A copy of the board's memory, by which what is read there is checked.

    Parameters
    ----------
    memory : :class:`sim.memory.PhysicalMemory`
        What becomes the image.
    size : :class:`int`
        Bytes that the board has. What is beyond does not answer.
    """

    def __init__(self, memory: PhysicalMemory, size: int):
        self._memory = memory
        self._size   = size
        # Each with its address, and the word that must come if that is known.
        self._outstanding: deque[tuple[int, int | None]] = deque()

    def step(self, cycle: int, sample: Sample) -> None:
        """Take note of a cycle.

        Raises :class:`sim.errors.MachineLost` if a word is not read as it was written: then
        the record is not what happened, or memory is broken.
        """
        if sample.err and self._outstanding:
            self._outstanding.popleft()
        if sample.ack:
            address, word = self._outstanding.popleft() if self._outstanding else (0, None)
            if word is not None and word != sample.dat_r:
                raise MachineLost(f"in cycle {cycle} memory has {sample.dat_r:#x} at {address:#x} "
                                  f"of the board, where {word:#x} was written last")
        if sample.stb:
            address = sample.adr * 8
            within  = address < self._size
            before  = self._memory.transfer(sample.adr, sample.we and within, sample.sel,
                                            sample.dat_w)
            self._outstanding.append((address, before if within and not sample.we else None))
