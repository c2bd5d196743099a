"""Page tables made and freed, down to the one whose entries map pages.

Ref: Linux 6.12, mm/memory.c (__pte_alloc, free_pgtables).
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import __va, virt_to_page
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pmd_present, ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import _PAGE_PRESENT, _PAGE_TABLE, PTE_PFN_MASK
from sw.arch.x86.mm.tlb import flush_tlb_mm_range
from sw.include.linux.mm_types import mm_struct, page
from sw.kconfig import kconfig
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, __free_page, alloc_page
from sw.mm.pagewalk import load_entries
from sw.processor.cpu import Cpu


__all__ = ["free_pgtables", "pte_alloc"]


async def pte_alloc(cpu: Cpu, mm: mm_struct, addr: int) -> int:
    """Linear address of the entry of ``mm`` for the page at ``addr``; makes tables. ENOMEM."""
    paging = kconfig(cpu).paging
    table  = mm.pgd
    for shift in paging.shifts[:-1]:
        entryp = paging.entry(table, shift, addr)
        entry  = await ptep_get(cpu, entryp)
        if not pmd_present(entry):
            entry = await _install_table(cpu, entryp)
        table = __va(cpu, entry & PTE_PFN_MASK)
    return paging.entry(table, PAGE_SHIFT, addr)


async def _install_table(cpu: Cpu, entryp: int) -> int:
    """Put an empty table under the entry at ``entryp``. Returns what the entry is then."""
    table = await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO)
    entry = table.pfn << PAGE_SHIFT | _PAGE_TABLE
    old   = await cpu.compare_exchange(entryp, kconfig(cpu).paging.entry_size, 0, entry)
    if old == 0:
        return entry
    # Another processor was faster.
    __free_page(cpu, table)
    return old


async def free_pgtables(
    cpu: Cpu, mm: mm_struct, start: int, end: int, floor: int, ceiling: int,
) -> None:
    """Free the tables for ``[start, end)``, in which nothing is mapped any more.

    A table may serve the neighbours too: it goes only if all that it covers is between ``floor``
    and ``ceiling``: the end of the mapping below and the start of the one above, or where the
    root table's user half begins and ends.
    """
    freed: list[page] = []
    if start < end:
        await _unlink(cpu, mm.pgd, 0, start, end, floor, ceiling, freed)
    if freed:
        # The processor may hold these tables in its paging-structure caches.
        await flush_tlb_mm_range(cpu, mm, start, end, freed_tables=True)
    for table in freed:
        __free_page(cpu, table)


async def _unlink(
    cpu: Cpu, table: int, level: int, start: int, end: int, floor: int, ceiling: int,
    freed: list[page],
) -> None:
    shifts = kconfig(cpu).paging.shifts
    shift  = shifts[level]
    for base, entryp, entry in await load_entries(cpu, table, shift, start, end):
        if not entry & _PAGE_PRESENT:
            continue
        lower = __va(cpu, entry & PTE_PFN_MASK)
        limit = base + (1 << shift)
        if shifts[level + 1] != PAGE_SHIFT:
            await _unlink(cpu, lower, level + 1, max(start, base), min(end, limit),
                          floor, ceiling, freed)
        if floor <= base and limit <= ceiling:
            await set_pte(cpu, entryp, 0)
            freed.append(virt_to_page(cpu, lower))
