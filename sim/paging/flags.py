"""Bits of a paging-structure entry in words.

Ref: Intel SDM Vol. 3A, Tables 4-3 to 4-6, 4-9 to 4-11 and 4-14 to 4-20.
"""

from sim.golden.keys import key_of
from sim.golden.permission import Rights
from sim.golden.reserved import (
    RW, US, XD, A, D, G, Level, P, is_leaf, page_address, reserved_bits, table_address,
)
from sim.golden.state import ControlState
from sim.record import words
from sim.record.tlb import TlbEntry

from .map import Region


__all__ = [
    "cached_rights_text", "flags", "key_text", "points_to", "region_flags", "rights_text",
]


#: Bits by their names, in the order of the manual's tables. D and G mean something in a leaf only.
_ALWAYS = (("P", P), ("R/W", RW), ("U/S", US), ("A", A))
_LEAF   = (("D", D), ("G", G))


def flags(state: ControlState, level: Level, entry: int) -> tuple[str, ...]:
    """Names of the bits that are set in an entry; of one that is not present, none."""
    if not entry & P:
        return ()
    found = [name for name, bit in _ALWAYS if entry & bit]
    leaf  = is_leaf(state, level, entry)
    if leaf:
        found += [name for name, bit in _LEAF if entry & bit]
        found += ["PS"] * (level.name != "PTE")
        found += key_text(key_of(state, entry))
    if level.entry_size == 8 and entry & XD:
        found.append("XD")
    if entry & reserved_bits(state, level, entry):
        found.append("reserved")
    return tuple(found)


def points_to(state: ControlState, level: Level, entry: int) -> int | None:
    """Physical address of the page or the table that an entry refers to; None if to nothing."""
    if not entry & P or entry & reserved_bits(state, level, entry):
        return None
    leaf = is_leaf(state, level, entry)
    return page_address(state, level, entry) if leaf else table_address(state, entry)


def region_flags(region: Region) -> tuple[str, ...]:
    """Names of the bits that are set in the leaves of a region, beside its rights."""
    if region.physical is None:
        return ("reserved",)
    return (*(name for name, bit in (
        ("A", region.accessed), ("D", region.dirty), ("G", region.global_page)) if bit),
        *key_text(region.rights.key))


def key_text(key: int | None) -> list[str]:
    """A protection key in words; nothing for key 0, or if there is none."""
    return [f"key {key}"] if key else []


def rights_text(rights: Rights) -> str:
    """Rights, as :func:`sim.record.words.rights_text` writes them."""
    return words.rights_text(rights.writable, rights.user, rights.execute_disable)


def cached_rights_text(entry: TlbEntry) -> str:
    """Rights of a translation in the TLB, likewise."""
    return words.rights_text(entry.writable, entry.user, entry.execute_disable)
