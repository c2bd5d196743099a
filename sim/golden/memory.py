"""Sparse physical memory of the golden model: all zero until written."""

from collections.abc import Callable

from sw.bus import BusError


__all__ = ["GoldenMemory", "Read"]


#: Reads ``size`` bytes at a physical address, little-endian. May raise :class:`sw.bus.BusError`.
Read = Callable[[int, int], int]


class GoldenMemory:
    """Bytes by physical address, kept in pages of 4 KiB. There is memory at every address.

    Attributes
    ----------
    answers : callable
        Tells whether the 8-byte word that contains a physical address answers a processor that
        reads it, or that writes it if the second argument is true. Every word does at first.
    """

    def __init__(self) -> None:
        self.answers: Callable[[int, bool], bool] = lambda physical, write: True
        self._pages: dict[int, bytearray] = {}

    def copy(self) -> "GoldenMemory":
        """Another memory with the same content, which answers as this one does."""
        other = GoldenMemory()
        other.answers = self.answers
        other._pages = {frame: bytearray(page) for frame, page in self._pages.items()}
        return other

    def nonzero(self) -> dict[int, bytearray]:
        """The pages, by number, in which some byte is not zero; they are the memory, not copies."""
        return {frame: page for frame, page in self._pages.items() if any(page)}

    def page(self, frame: int) -> bytearray:
        """The bytes of physical page number ``frame``; they are the memory, not a copy."""
        page = self._pages.get(frame)
        if page is None:
            page = self._pages[frame] = bytearray(4096)
        return page

    def read(self, physical: int, size: int) -> int:
        """Little-endian value of ``size`` bytes, which do not cross a page."""
        page, offset = self._pages.get(physical >> 12), physical & 0xfff
        return int.from_bytes(page[offset:offset + size], "little") if page is not None else 0

    def load(self, physical: int, size: int) -> int:
        """Have a processor read ``size`` bytes of one word. Raises :class:`sw.bus.BusError`."""
        if not self.answers(physical, False):
            raise BusError(f"memory at {physical:#x} does not answer")
        return self.read(physical, size)

    def write(self, physical: int, size: int, value: int) -> None:
        """Store the low ``size`` bytes of ``value``, which do not cross a page."""
        offset = physical & 0xfff
        data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        self.page(physical >> 12)[offset:offset + size] = data
