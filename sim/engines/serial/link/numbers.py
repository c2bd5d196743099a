"""Numbers in bytes: LEB128, seven bits a byte, the lowest first.

Ref: DWARF Debugging Information Format, version 5, section 7.6 "Variable Length Data".
"""

__all__ = ["Numbers"]


class Numbers:
    """Bytes that come little by little, read as numbers.

    What was read is kept until :meth:`accept`, so that it can be read again once there is more.
    """

    def __init__(self) -> None:
        self._bytes  = bytearray()
        self._offset = 0

    def feed(self, data: bytes) -> None:
        """Add data at the end."""
        self._bytes += data

    def __bool__(self) -> bool:
        """True if there are bytes left."""
        return self._offset < len(self._bytes)

    def next(self) -> int:
        """The next number. Raises :class:`EOFError` if it has not all come."""
        number = shift = 0
        while self:
            byte    = self._bytes[self._offset]
            number |= (byte & 0x7F) << shift
            shift  += 7
            self._offset += 1
            if not byte & 0x80:
                return number
        raise EOFError

    def accept(self) -> None:
        """Forget what was read."""
        del self._bytes[:self._offset]
        self._offset = 0

    def go_back(self) -> None:
        """Read again from the last :meth:`accept` on."""
        self._offset = 0
