"""String operations: they stop at the byte that faults, or for an interrupt, and go on there.

Ref: Intel SDM Vol. 2, REP; Vol. 1, section 7.3.9.3 "Fast-String Operation".
"""

from sw.pieces import CHUNK

from .execution import Execution, Restarts


__all__ = ["StringOperations", "chunk_size"]


def chunk_size(to: int, from_: int, count: int) -> int:
    """Bytes that can be loaded together before the first of them is stored.

    A forward copy to a little above its source reads what it has written; so no more than the
    distance.
    """
    distance = to - from_
    return min(count, CHUNK, distance if distance > 0 else count)


class StringOperations(Execution):
    """A processor's loads and stores of many bytes."""

    async def load_bytes(self, linear: int, count: int) -> bytes:
        """Read ``count`` bytes, one load after the other."""
        data, restarts = b"", Restarts()
        while len(data) < count:
            if self.bus.interrupts and self.interrupts_enabled:
                await self.interrupt()
            more, fault = await self.bus.load_string(
                linear + len(data), min(count - len(data), CHUNK), user=self.cpl == 3)
            data += more
            if fault is not None:
                await self._restart(fault, count - len(data), restarts)
        return data

    async def store_bytes(self, linear: int, data: bytes) -> None:
        """Write ``data``, one store after the other."""
        done, restarts = 0, Restarts()
        while done < len(data):
            if self.bus.interrupts and self.interrupts_enabled:
                await self.interrupt()
            more, fault = await self.bus.store_string(
                linear + done, data[done:done + CHUNK], user=self.cpl == 3)
            done += more
            if fault is not None:
                await self._restart(fault, len(data) - done, restarts)

    async def rep_movs(self, to: int, from_: int, count: int) -> None:
        """Copy ``count`` bytes upwards (REP MOVSB)."""
        done, restarts = 0, Restarts()
        while done < count:
            if self.bus.interrupts and self.interrupts_enabled:
                await self.interrupt()
            size, user = chunk_size(to + done, from_ + done, count - done), self.cpl == 3
            data, fault = await self.bus.load_string(from_ + done, size, user=user)
            if data:
                more, store_fault = await self.bus.store_string(to + done, data, user=user)
                done += more
                fault = store_fault or fault  # of an earlier byte than the load that faults
            if fault is not None:
                await self._restart(fault, count - done, restarts)

    async def rep_stos(self, to: int, value: int, count: int) -> None:
        """Store the byte ``value`` at ``count`` addresses upwards (REP STOSB)."""
        await self.store_bytes(to, bytes((value,)) * count)
