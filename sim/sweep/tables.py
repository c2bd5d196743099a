"""Paging structures of a case, and the case as an access vector.

All tables, indices and addresses are the same in every case of a space, so that a case is its bits
alone. Where the page is, there is a word that shows whether an access has stored.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sim.golden.reserved import PS, XD, A, D, G, P, RW, US
from sim.golden.state import (
    CR0_ET, CR0_PE, CR0_PG, CR0_WP, CR4_LA57, CR4_PAE, CR4_PKE, CR4_PKS, CR4_PSE, CR4_SMAP,
    CR4_SMEP, EFER_LMA, EFER_LME, EFER_NXE, PagingMode,
)
from sim.vectors.line import vector_line
from sim.vectors.vector import Vector, VectorStep

from .spaces import CHANGES, IGNORED, KEYS, KINDS, Case, Space


__all__ = ["BITS", "DATA", "MAXPHYADDR", "SIZE", "Layout", "Slot", "Tables", "layout", "line",
           "tables", "vector"]


#: Bits of a physical address.
MAXPHYADDR = 46

#: Bytes of an access, and what the page holds there.
SIZE = 8
DATA = 0xc3a5_5a3c_0ff0_9669

#: Key of the page, in long mode.
KEY = 9

#: Table that the root register refers to, and those below it, in long mode and elsewhere.
_WIDE   = (0x1a5a_5a53_6000, 0x2596_9c31_a000, 0x13c3_87e5_9000, 0x2e1e_d27a_5000, 0x0b4b_695c_3000)
_NARROW = (0x5a53_6000, 0x9c31_a000, 0xe7e5_9000)

#: Address of the page, a multiple of every size: in long mode, in PAE paging, in 32-bit paging, and
#: of its pages of 4 MiB, whose upper bits stand elsewhere in the entry.
_FRAMES = {True: 0x1655_8000_0000, PagingMode.PAE: 0x2ac3_c000_0000,
           PagingMode.BITS_32: 0x6540_0000}
_PSE36  = 0xa5_6540_0000

#: Linear address: no two indices are equal, and none is 0.
_LINEAR = {PagingMode.FIVE_LEVELS: 0x005a_3b4c_9d6a_7e58, PagingMode.FOUR_LEVELS: 0x3b4c_9d6a_7e58,
           PagingMode.PAE: 0x9d6a_7e58, PagingMode.BITS_32: 0x9d6a_7e58}

#: Bits by the names that digits have for them, but for reserved ones.
BITS = {"p": P, "rw": RW, "us": US, "xd": XD, "a": A, "d": D,
        "ignored": 7 << 9, "global": G, "pat": 1 << 12}


class Slot(NamedTuple):
    """Place of an entry: its physical address, and its size in bytes."""

    address: int
    size:    int


@dataclass(frozen=True)
class Layout:
    """All that the cases of a space have in common.

    Attributes
    ----------
    linear, physical : :class:`int`
        Address of the access, and where it goes.
    root : :class:`int`
        CR3.
    slots : :class:`tuple` of :class:`Slot`
        Places of the entries, root first; the last one is the page's word.
    bases : :class:`tuple` of :class:`int`
        For each of the entries the bits that no digit has: where it leads to, PS, the key.
    reserved : :class:`tuple` of :class:`int`
        For each of them the bit that the digit ``reserved`` sets.
    pdpte : :class:`int` or None
        In PAE paging the address of the PDPTE, whose register is loaded from there.
    table : :class:`int`
        In PAE paging, what that leads to.
    """

    linear:   int
    physical: int
    root:     int
    slots:    tuple[Slot, ...]
    bases:    tuple[int, ...]
    reserved: tuple[int, ...]
    pdpte:    int | None = None
    table:    int = 0


@cache
def layout(space: Space) -> Layout:
    """The layout of a space."""
    mode, linear = space.mode, _LINEAR[space.mode]
    places = iter(_WIDE if space.long_mode else _NARROW)
    pdpte, root = None, next(places)
    table = root
    if mode is PagingMode.PAE:
        pdpte = root + 8 * (linear >> 30)
        table = next(places)
    first = table
    size  = 4 if mode is PagingMode.BITS_32 else 8
    width = 10 if size == 4 else 9
    slots, bases, reserved = [], [], []
    for number, level in enumerate(space.levels):
        shift = 12 + width * ("PTE", "PDE", "PDPTE", "PML4E", "PML5E").index(level)
        slots.append(Slot(table + size * (linear >> shift & (1 << width) - 1), size))
        if number < len(space.levels) - 1:
            table = next(places)
            bases.append(table)
            reserved.append(_reserved(space, level, number))
    frame  = _FRAMES[True if space.long_mode else mode]
    stored = frame
    if size == 4 and space.large:
        frame, stored = _PSE36, _PSE36 & 0xffff_ffff | _PSE36 >> 32 << 13
    if not space.large:
        frame = stored = frame + 0x5_7000
    bases.append(stored | PS * space.large | (KEY << 59) * space.long_mode)
    reserved.append(_reserved(space, space.levels[-1], len(space.levels) - 1))
    physical = frame | linear & (1 << shift) - 1
    slots.append(Slot(physical, SIZE))
    return Layout(linear, physical, root, tuple(slots), tuple(bases), tuple(reserved), pdpte, first)


def _reserved(space: Space, level: str, number: int) -> int:
    """The bit that is reserved in an entry; of an entry that has none, 0."""
    if space.mode is PagingMode.BITS_32:
        return 1 << 21 if space.large else 0
    if number == len(space.levels) - 1 and space.large:
        return 1 << {"PDE": 20, "PDPTE": 29}[level]
    if level in ("PML4E", "PML5E"):
        return PS
    return 1 << (58 if space.mode is PagingMode.PAE else 46 + number)


class Tables(NamedTuple):
    """Entries of a case: the values of those in memory, root first, and that of the PDPTE."""

    entries: tuple[int, ...]
    pdpte:   int


def tables(space: Space, values: Mapping[str, int]) -> Tables:
    """Entries of the case that has these digits. A bit whose digit is not there is clear."""
    here    = layout(space)
    entries = list(here.bases)
    for number in range(space.uppers):
        entries[number] |= P | RW | US | A
    if change := values.get("upper", 0):
        number, index = divmod(change - 1, len(CHANGES))
        entries[number] ^= (BITS | {"reserved": here.reserved[number]})[CHANGES[index]]
    for number in range(space.uppers, len(space.levels)):
        for name, bit in (BITS | {"reserved": here.reserved[number]}).items():
            entries[number] |= bit * values.get(f"{name}{number}", 0)
    for name in IGNORED:
        entries[-1] |= BITS[name] * values.get(name, 0)
    return Tables(tuple(entries), here.table | P * (1 - values.get("pdpte", 0)))


def vector(case: Case) -> Vector:
    """The case as an access vector."""
    space, values, here = case.space, case.values, layout(case.space)
    found   = tables(space, values)
    entries = [(slot.address, value)
               for slot, value in zip(here.slots[:-1], found.entries, strict=True)]
    if here.pdpte is not None:
        entries.insert(0, (here.pdpte, found.pdpte))
    if here.slots[0].size == SIZE:
        entries.append((here.slots[-1].address, DATA))
    else:  # Lines have entries of one size.
        entries += [(here.slots[-1].address + 4 * half, DATA >> 32 * half & 0xffff_ffff)
                    for half in range(2)]
    pke, pks, _ = KEYS[values.get("keys", 0)]
    pkru, pkrs  = key_registers(values)
    return Vector(
        id=None,
        cr0=CR0_PG | CR0_ET | CR0_PE | CR0_WP * values["wp"],
        cr3=here.root,
        cr4=(CR4_SMEP * values["smep"] | CR4_SMAP * values["smap"] | CR4_PKE * pke | CR4_PKS * pks
             | CR4_LA57 * (space.mode is PagingMode.FIVE_LEVELS)
             | (CR4_PSE if space.mode is PagingMode.BITS_32 else CR4_PAE)),
        efer=((EFER_LME | EFER_LMA) * space.long_mode | EFER_NXE * values.get("nxe", 0)),
        pkru=pkru, pkrs=pkrs, maxphyaddr=MAXPHYADDR,
        access=VectorStep(KINDS[values["kind"]], here.linear, SIZE, values["implicit"],
                          3 * values["user"], values["ac"]),
        entries=entries, before=None)


def key_registers(values: Mapping[str, int]) -> tuple[int, int]:
    """PKRU and IA32_PKRS."""
    pke, pks, rights = KEYS[values.get("keys", 0)]
    if not pke and not pks:
        return 0, 0
    others = ((rights ^ 3) * 0x5555_5555) & ~(3 << 2 * KEY)
    pkru   = others | rights << 2 * KEY
    return pkru, pkru ^ 0xffff_ffff


def line(number: int, case: Case) -> str:
    """The case as a line for `dragoncage access`, with its number as the id."""
    return json.dumps(vector_line(vector(case)._replace(id=number)))
