"""Vectors that a guest cannot do, and the reason."""

from sim.vectors.support import lacking
from sim.vectors.vector import Vector

from .layout import END, LEGACY, LONG, MEMORY, REGION, VIDEO, Mode


__all__ = ["beyond", "has_memory", "mode_of"]


_PG, _PSE, _PAE, _LA57, _LME = 1 << 31, 1 << 4, 1 << 5, 1 << 12, 1 << 8

_P, _PS = 1, 1 << 7

#: Bits of a PDE of a 4 MiB page that are bits 32 to 39 of its physical address.
_PSE_36 = 0x001f_e000

_TABLE = 0x000f_ffff_ffff_f000

#: Entries have an address up to this bit.
_ADDRESS_END = 52


def mode_of(vector: Vector) -> Mode | None:
    """Return the paging mode of a vector; None if its paging is off."""
    if not vector.cr0 & _PG:
        return None
    if vector.efer & _LME:
        return LONG[bool(vector.cr4 & _LA57)]
    return LEGACY[bool(vector.cr4 & _PAE)]


def beyond(vector: Vector, maxphyaddr: int, gibibyte_pages: bool) -> str | None:
    """Return what a guest lacks for ``vector``, or None.

    Its physical addresses have ``maxphyaddr`` bits.
    """
    if reason := lacking(vector):
        return reason
    if not vector.cr0 & _PG:
        return "its paging is off, and without it no guest goes on"
    steps = [*(vector.before or ()), vector.access]
    if any(step.implicit for step in steps):
        return "a guest has no instruction that is a system access of any size"
    narrow, wide = sorted((maxphyaddr, vector.maxphyaddr))
    contested    = (1 << min(wide, _ADDRESS_END)) - (1 << narrow)
    outside      = (1 << narrow) - MEMORY
    if not gibibyte_pages and _gibibyte_page(vector):
        return "the guest has no pages of 1 GiB"
    word         = LEGACY[0].word if mode_of(vector) is LEGACY[0] else 8
    for address, value in vector.entries:
        if not has_memory(address):
            return "the guest has no memory for an entry"
        if not value & _P or word == 4 and not _wide(vector, value):
            continue
        if word == 8 and value & contested:
            return (f"whether an entry is valid depends on the width of physical addresses, "
                    f"{maxphyaddr} bits here")
        if word == 4 or value & outside or not has_memory(value & 0xffff_f000):
            return "an entry leads out of the guest's memory"
    return None


def _wide(vector: Vector, value: int) -> bool:
    """Tell whether an entry of 32 bits leads out of memory."""
    large = value & _PS and vector.cr4 & _PSE
    return bool(value & 0x8000_0000 or large and value & _PSE_36) or not has_memory(
        value & (0xffc0_0000 if large else 0xffff_f000))


def _gibibyte_page(vector: Vector) -> bool:
    """Tell whether a PDPTE of an access, as far as the walk gets by presence, maps a page."""
    mode = mode_of(vector)
    if mode is None or not mode.long:
        return False
    entries = dict(vector.entries)
    for step in (*(vector.before or ()), vector.access):
        for linear in (step.linear, step.linear + step.size - 1):
            table, value = vector.cr3, _P
            for level in range(mode.levels, 2, -1):
                value = entries.get((table & _TABLE) + 8 * (linear >> mode.shift(level) & 0x1ff), 0)
                if not value & _P:
                    break
                table = value
            if value & _P and value & _PS:
                return True
    return False


def has_memory(address: int) -> bool:
    """Tell whether a physical address is memory that a vector may use."""
    return address < MEMORY and address not in VIDEO and not REGION <= address < END
