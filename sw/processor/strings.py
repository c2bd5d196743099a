"""String operations: they stop at the byte that faults, or for an interrupt, and go on there.

Ref: Intel SDM Vol. 2, REP; Vol. 1, section 7.3.9.3 "Fast-String Operation".
"""

from sw.bus import BURST_LENGTH, check_bytes, check_number

from .cpu import Cpu
from .exceptions import Restarts


__all__ = ["load_bytes", "rep_movs", "rep_stos", "store_bytes"]


_64_BITS = (1 << 64) - 1

#: Bytes of the smallest page.
_SMALLEST_PAGE = 4096


def _chunk_size(to: int, from_: int, count: int) -> int:
    """Bytes that can be loaded together before the first of them is stored.

    A forward copy to a little above its source reads what it has written; so no more than the
    distance. Two linear addresses may be of one page, so what counts is the distance within pages.
    """
    distance = (to - from_) % _SMALLEST_PAGE
    return min(count, BURST_LENGTH, distance or count)


def _check_range(linear: int, count: int) -> None:
    """Refuse anything but an address and a number of bytes. Raises like :func:`check_number`."""
    check_number(linear, 64, "the address")
    check_number(count, 64, "the number of bytes")


def _behind(linear: int, done: int) -> int:
    """Return the address ``done`` bytes further. Behind the last one comes 0."""
    return linear + done & _64_BITS


async def load_bytes(cpu: Cpu, linear: int, count: int) -> bytes:
    """Read ``count`` bytes, one load after the other."""
    _check_range(linear, count)
    data, restarts = b"", Restarts()
    while len(data) < count:
        if cpu.bus.interrupts and cpu.interrupts_enabled:
            await cpu.interrupt()
        more, fault = await cpu.bus.load_string(
            _behind(linear, len(data)), min(count - len(data), BURST_LENGTH), user=cpu.cpl == 3)
        data += more
        if fault is not None:
            await cpu.restart(fault, count - len(data), restarts)
    return data


async def store_bytes(cpu: Cpu, linear: int, data: bytes) -> None:
    """Write ``data``, one store after the other."""
    check_bytes(data)
    _check_range(linear, len(data))
    done, restarts = 0, Restarts()
    while done < len(data):
        if cpu.bus.interrupts and cpu.interrupts_enabled:
            await cpu.interrupt()
        more, fault = await cpu.bus.store_string(
            _behind(linear, done), data[done:done + BURST_LENGTH], user=cpu.cpl == 3)
        done += more
        if fault is not None:
            await cpu.restart(fault, len(data) - done, restarts)


async def rep_movs(cpu: Cpu, to: int, from_: int, count: int) -> None:
    """Copy ``count`` bytes upwards (REP MOVSB)."""
    _check_range(to, count)
    _check_range(from_, count)
    done, restarts = 0, Restarts()
    while done < count:
        if cpu.bus.interrupts and cpu.interrupts_enabled:
            await cpu.interrupt()
        size, user = _chunk_size(to + done, from_ + done, count - done), cpu.cpl == 3
        data, fault = await cpu.bus.load_string(_behind(from_, done), size, user=user)
        if data:
            more, store_fault = await cpu.bus.store_string(
                _behind(to, done), data, user=user)
            done += more
            fault = store_fault or fault  # of an earlier byte than the load that faults
        if fault is not None:
            await cpu.restart(fault, count - done, restarts)


async def rep_stos(cpu: Cpu, to: int, value: int, count: int) -> None:
    """Store the byte ``value`` at ``count`` addresses upwards (REP STOSB)."""
    _check_range(to, count)
    check_number(value, 8, "the value of a byte")
    await store_bytes(cpu, to, bytes((value,)) * count)
