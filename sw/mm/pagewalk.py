"""Entries of a range of addresses.

Ref: Linux 6.12, mm/pagewalk.c.

Linux gives each level a function; here one walk goes down the levels of
:class:`sw.arch.x86.include.asm.pgtable_types.Paging`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sw.arch.x86.include.asm.page import __va
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pmd_leaf, pmd_present, pte_none, ptep_get
from sw.arch.x86.include.asm.pgtable_types import PTE_PFN_MASK
from sw.include.linux.mm_types import mm_struct
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu
from sw.processor.strings import load_bytes


__all__ = ["load_entries", "walk_page_range"]


async def load_entries(
    cpu: Cpu, table: int, shift: int, start: int, end: int,
) -> list[tuple[int, int, int]]:
    """Read the entries of one table for ``[start, end)``: first address, pointer, value."""
    paging = kconfig(cpu).paging
    size   = paging.entry_size
    first  = paging.entry(table, shift, start)
    last   = paging.entry(table, shift, end - 1)
    raw    = await load_bytes(cpu, first, last - first + size)
    base   = start >> shift << shift
    return [
        (base + (offset // size << shift), first + offset,
         int.from_bytes(raw[offset:offset + size], "little"))
        for offset in range(0, len(raw), size)
    ]


#: ``await pmd_entry(pmdp, addr, next)`` for the directory entry of a huge page, of which ``[addr,
#: next)`` is in the range. True if that is all; False if it names a table now, to walk through.
PmdEntry: TypeAlias = Callable[[int, int, int], Awaitable[bool]]


async def walk_page_range(
    cpu: Cpu, mm: mm_struct, start: int, end: int, pmd_entry: PmdEntry | None = None,
) -> list[tuple[int, int, int]]:
    """Entries of ``mm`` for ``[start, end)`` that are not empty; huge pages are ``pmd_entry``'s.

    Returns
    -------
    :class:`list` of :class:`tuple`
        Linear address of the page, of its entry, and the entry as it was read. Whoever changes
        it must do so without losing A and D bits that the processor has set since.
    """
    entries: list[tuple[int, int, int]] = []
    if start < end:
        await _walk(cpu, mm.pgd, 0, start, end, entries, pmd_entry)
    return entries


async def _walk(
    cpu: Cpu, table: int, level: int, start: int, end: int, entries: list[tuple[int, int, int]],
    pmd_entry: PmdEntry | None,
) -> None:
    shifts = kconfig(cpu).paging.shifts
    shift  = shifts[level]
    for base, entryp, entry in await load_entries(cpu, table, shift, start, end):
        if shift == PAGE_SHIFT:
            if not pte_none(entry):
                entries.append((base, entryp, entry))
            continue
        first, last = max(start, base), min(end, base + (1 << shift))
        if pmd_leaf(entry):
            assert pmd_entry is not None, f"BUG: {base:#x} is in a huge page"
            if await pmd_entry(entryp, first, last):
                continue
            entry = await ptep_get(cpu, entryp)
        if pmd_present(entry):
            await _walk(cpu, __va(cpu, entry & PTE_PFN_MASK), level + 1, first, last, entries,
                        pmd_entry)
