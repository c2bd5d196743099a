"""Outcome of a step, as words and numbers that two kernels can agree in.

Addresses are told by the names of the script, since each kernel has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


__all__ = ["Outcome", "hex_of", "symbol"]


#: Repeated bytes that are told as one, and how many of them at least.
_RUN = 8

#: Distance from a name up to which an address is told by it.
_NEAR = 1 << 30

#: End of where nothing is mapped but by root, mmap_min_addr: what is below is a number.
_LOW = 1 << 16


@dataclass(frozen=True)
class Outcome:
    """Outcome of one step.

    Attributes
    ----------
    said : mapping
        Results by name; see :data:`sim.script.script.EXPECTED`.
    failed : :class:`tuple` of :class:`str`
        Expectations that did not come true, each a text.
    """

    said:   Mapping[str, Any]
    failed: tuple[str, ...] = field(default=())


def symbol(value: int, names: Mapping[str, int], preferred: tuple[str, ...] = ()) -> str:
    """Tell an address by the name of one that is near; by its number if there is none."""
    nearest = sorted(names, key=lambda one: abs(value - names[one]))
    others  = [name for name in nearest if value >= _LOW or names[name] < _LOW]
    for name in (*preferred, *others):
        if name in names and abs(value - names[name]) < _NEAR:
            return _sum(name, value - names[name])
    return f"{value:#x}"


def _sum(name: str, offset: int) -> str:
    return name if not offset else f"{name}{offset:+d}"


def hex_of(data: bytes) -> str:
    """Tell bytes in hex, with runs of equal ones as ``41*4096``."""
    parts: list[str] = []
    plain = b""
    at = 0
    while at < len(data):
        end = at
        while end < len(data) and data[end] == data[at]:
            end += 1
        if end - at < _RUN:
            plain += data[at:end]
        else:
            parts += [plain.hex()] if plain else []
            parts.append(f"{data[at]:02x}*{end - at}")
            plain = b""
        at = end
    return " ".join(parts + ([plain.hex()] if plain else []))
