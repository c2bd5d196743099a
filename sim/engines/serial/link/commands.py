"""Operations of a processor, as requests of the link have them."""

from collections.abc import Iterator, Sequence

from hw.bus import ControlOp
from sim.engines.operations import KINDS, REGISTERS, ControlAccess
from sw.bus import Access, Kind


__all__ = ["CYCLE", "accesses", "control", "mark"]


#: Let the machine run a cycle with nothing on its ports.
CYCLE = b"\x05"

_MARK, _CONTROL, _ACCESS = 4, 6, 7

#: Most accesses of one operation.
_MOST = 255

_64_BITS = (1 << 64) - 1


def mark(number: int) -> bytes:
    """Set the mark, of 16 bits."""
    return bytes([_MARK]) + number.to_bytes(2, "big")


def control(operation: ControlAccess) -> bytes:
    """One control operation."""
    which   = operation.op.value | REGISTERS[operation.register] << 4
    command = bytes([_CONTROL, which]) + _number(operation.value)
    if operation.op is ControlOp.INVPCID:
        command += _number(operation.pcid) + _number(operation.linear)
    return command


def accesses(todo: Sequence[Access]) -> bytes:
    """Accesses back to back, all but the first chained to the one before."""
    commands, chained = bytearray(), False
    for alike in _grouped(todo):
        commands += _together(alike, chained=chained)
        chained = True
    return bytes(commands)


def _grouped(todo: Sequence[Access]) -> Iterator[list[Access]]:
    """Runs of accesses of one kind and size, each at the end of the one before."""
    group: list[Access] = []
    for access in todo:
        if group and (len(group) == _MOST or _flags(group[-1]) != _flags(access)
                      or group[-1].linear + group[-1].size != access.linear):
            yield group
            group = []
        group.append(access)
    yield group


def _together(alike: Sequence[Access], *, chained: bool) -> bytes:
    first    = alike[0]
    stored   = first.kind not in (Kind.READ, Kind.FETCH)
    command  = bytearray([_ACCESS, _flags(first) | chained << 7, len(alike)])
    command  += _number(first.linear)
    for access in alike:
        if stored:
            command += access.data.to_bytes(access.size, "big")
        if first.kind is Kind.COMPARE_EXCHANGE:
            command += access.compare.to_bytes(access.size, "big")
    return bytes(command)


def _flags(access: Access) -> int:
    return (access.size.bit_length() - 1 | KINDS[access.kind] << 2
            | access.user << 5 | access.implicit << 6)


def _number(value: int) -> bytes:
    return (value & _64_BITS).to_bytes(8, "big")
