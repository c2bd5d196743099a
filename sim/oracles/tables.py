"""Paging structures of the guest: its own, and the entry by which a vector's have the region."""

import struct
from collections.abc import Iterator, Mapping

from .layout import END, MEMORY, REGION, TABLES, USER_CODE, Mode


__all__ = ["Clash", "hook", "home_root", "home_tables"]


_P, _RW, _US, _A, _D, _PS = 1, 2, 4, 0x20, 0x40, 0x80

#: Entries that refer to tables allow everything; the pages of the region do not.
_TABLE = _P | _RW | _US | _A
_PAGE  = _P | _RW | _A | _D

#: The last page is left out, so that nothing can be stored at the end of linear memory.
_PAGES_OF_REGION = 511

#: The bits of an entry that are a table's address.
_ADDRESS = 0x000f_ffff_ffff_f000


class Clash(Exception):
    """A vector uses what the guest needs. The message says what."""


def home_root(mode: Mode) -> int:
    """Return the value of CR3 at home."""
    return TABLES + 0x1000 * mode.levels


def home_tables(mode: Mode) -> Iterator[tuple[int, bytes]]:
    """Yield the guest's own paging structures: each a physical address and what stands there.

    They have all memory at its physical address, for the supervisor, and the region where ``mode``
    says. The tables of the region, the root excepted, are one for each level from
    :data:`.layout.TABLES` on, that of level 1 first.
    """
    yield TABLES, _table(mode, {
        page: REGION + 0x1000 * page | _PAGE | (_US if page == USER_CODE >> 12 else 0)
        for page in range(_PAGES_OF_REGION)})
    for level in range(2, mode.levels):
        yield _region_table(level), _table(mode, {_index(mode, level): _below(mode, level)})

    root = {_index(mode, mode.levels): _below(mode, mode.levels)}
    if mode.levels == 2:
        root |= {page: page << 22 | _PAGE | _PS for page in range(MEMORY >> 22)}
        yield home_root(mode), _table(mode, root)
        return
    memory = home_root(mode) + 0x1000
    for gibibyte in range(MEMORY >> 30):
        yield memory + 0x1000 * gibibyte, _table(mode, {
            page: gibibyte << 30 | page << 21 | _PAGE | _PS for page in range(512)})
    directories = {gibibyte: memory + 0x1000 * gibibyte | (_P if mode.levels == 3 else _TABLE)
                   for gibibyte in range(MEMORY >> 30)}
    if mode.levels == 3:
        yield home_root(mode), _table(mode, root | directories)
        return
    table = memory + 0x1000 * (MEMORY >> 30)
    yield table, _table(mode, directories)
    for _ in range(4, mode.levels):
        yield table + 0x1000, _table(mode, {0: table | _TABLE})
        table += 0x1000
    yield home_root(mode), _table(mode, root | {0: table | _TABLE})


def hook(mode: Mode, cr3: int, entries: Mapping[int, int]) -> tuple[int, int]:
    """Return the entry, address and value, that puts the region into the structures of a vector.

    It is one of the root; with PAE paging, where there are but four, one of the table below if need
    be. ``entries`` are the vector's, by address. Raises :class:`Clash` if that place is taken.
    """
    table = cr3 & (0xffff_ffe0 if mode.levels == 3 else _ADDRESS)
    level = mode.levels
    place = table + mode.word * _index(mode, level)
    if mode.levels == 3 and entries.get(place, 0) & _P:
        table, level = entries[place] & _ADDRESS, 2
        place        = table + mode.word * _index(mode, level)
    if place in entries:
        raise Clash("the guest needs that entry of the root for itself")
    if REGION - 0x1000 < table < END or table >= MEMORY:
        raise Clash("the guest has no memory for the table that would have its own entry")
    return place, _below(mode, level)


def _region_table(level: int) -> int:
    """Address of the region's table of a level, that of PTEs being 1."""
    return TABLES + 0x1000 * (level - 1)


def _below(mode: Mode, level: int) -> int:
    """Entry of a table of ``level`` that refers to the region's next. PDPTEs of PAE have P only."""
    return _region_table(level - 1) | (_P if mode.levels == level == 3 else _TABLE)


def _index(mode: Mode, level: int) -> int:
    return mode.linear >> mode.shift(level) & (1 << mode.index_bits) - 1


def _table(mode: Mode, entries: Mapping[int, int]) -> bytes:
    return b"".join(_entry(mode, entries.get(index, 0)) for index in range(0x1000 // mode.word))


def _entry(mode: Mode, value: int) -> bytes:
    return struct.pack("<I" if mode.word == 4 else "<Q", value)
