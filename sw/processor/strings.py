"""String operations: they stop at the byte that faults, or for an interrupt, and go on there.

Ref: Intel SDM Vol. 2, REP; Vol. 1, section 7.3.9.3 "Fast-String Operation".
"""

from sw.bus import check_bytes, check_number
from sw.pieces import CHUNK

from .exceptions import Execution, Restarts


__all__ = ["StringOperations", "check_range", "chunk_size"]


_64_BITS = (1 << 64) - 1


def chunk_size(to: int, from_: int, count: int) -> int:
    """Bytes that can be loaded together before the first of them is stored.

    A forward copy to a little above its source reads what it has written; so no more than the
    distance.
    """
    distance = to - from_
    return min(count, CHUNK, distance if distance > 0 else count)


def check_range(linear: int, count: int) -> None:
    """Refuse what is no address, and no number of bytes. Raises like :func:`check_number`."""
    check_number(linear, 64, "the address")
    check_number(count, 64, "the number of bytes")


def _behind(linear: int, done: int) -> int:
    """Return the address ``done`` bytes further. Behind the last one comes 0."""
    return linear + done & _64_BITS


class StringOperations(Execution):
    """A processor's loads and stores of many bytes."""

    async def load_bytes(self, linear: int, count: int) -> bytes:
        """Read ``count`` bytes, one load after the other."""
        check_range(linear, count)
        data, restarts = b"", Restarts()
        while len(data) < count:
            if self.bus.interrupts and self.interrupts_enabled:
                await self.interrupt()
            more, fault = await self.bus.load_string(
                _behind(linear, len(data)), min(count - len(data), CHUNK), user=self.cpl == 3)
            data += more
            if fault is not None:
                await self._restart(fault, count - len(data), restarts)
        return data

    async def store_bytes(self, linear: int, data: bytes) -> None:
        """Write ``data``, one store after the other."""
        check_bytes(data)
        check_range(linear, len(data))
        done, restarts = 0, Restarts()
        while done < len(data):
            if self.bus.interrupts and self.interrupts_enabled:
                await self.interrupt()
            more, fault = await self.bus.store_string(
                _behind(linear, done), data[done:done + CHUNK], user=self.cpl == 3)
            done += more
            if fault is not None:
                await self._restart(fault, len(data) - done, restarts)

    async def rep_movs(self, to: int, from_: int, count: int) -> None:
        """Copy ``count`` bytes upwards (REP MOVSB)."""
        check_range(to, count)
        check_range(from_, count)
        done, restarts = 0, Restarts()
        while done < count:
            if self.bus.interrupts and self.interrupts_enabled:
                await self.interrupt()
            size, user = chunk_size(to + done, from_ + done, count - done), self.cpl == 3
            data, fault = await self.bus.load_string(_behind(from_, done), size, user=user)
            if data:
                more, store_fault = await self.bus.store_string(
                    _behind(to, done), data, user=user)
                done += more
                fault = store_fault or fault  # of an earlier byte than the load that faults
            if fault is not None:
                await self._restart(fault, count - done, restarts)

    async def rep_stos(self, to: int, value: int, count: int) -> None:
        """Store the byte ``value`` at ``count`` addresses upwards (REP STOSB)."""
        check_range(to, count)
        check_number(value, 8, "the value of a byte")
        await self.store_bytes(to, bytes((value,)) * count)
