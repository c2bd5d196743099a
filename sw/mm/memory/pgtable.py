"""Page tables made and freed, down to the one whose entries map pages.

Ref: Linux 6.12, mm/memory.c (__pte_alloc, free_pgtables), arch/x86/mm/pgtable.c (pud_populate,
___pmd_free_tlb).

With PAE a change of the root table reaches a processor with a write of CR3 only: so a table that is
put there, or taken away, costs a flush of the whole address space.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import __va, virt_to_page
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import (
    pmd_clear, pmd_leaf, pmd_present, pte_none, ptep_get,
)
from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_PRESENT, _PAGE_TABLE, PTE_PFN_MASK, Paging,
)
from sw.arch.x86.include.asm.tlbflush import TLB_FLUSH_ALL
from sw.arch.x86.mm.tlb import flush_tlb_mm, flush_tlb_mm_range
from sw.include.linux.mm_types import mm_struct, page
from sw.kconfig import kconfig
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL
from sw.mm.pagewalk import load_entries
from sw.mm.pgalloc import pagetable_alloc, pagetable_free
from sw.processor.cpu import Cpu


__all__ = ["free_pgtables", "pmd_alloc", "pte_alloc", "pte_alloc_map", "pte_alloc_one"]


def _in_registers(paging: Paging, shift: int) -> bool:
    """Tell whether the processor holds a copy of the entries of the level ``shift``."""
    return paging.X86_PAE and shift == paging.shifts[0]


async def pmd_alloc(cpu: Cpu, mm: mm_struct, addr: int) -> int:
    """Linear address of the page directory's entry of ``mm`` for ``addr``; makes tables. ENOMEM."""
    paging = kconfig(cpu).paging
    table  = mm.pgd
    for shift in paging.shifts[:-2]:
        entryp = paging.entry(table, shift, addr)
        entry  = await ptep_get(cpu, entryp)
        if not pmd_present(entry):
            entry = await _install_table(cpu, mm, entryp, shift)
        table = __va(cpu, entry & PTE_PFN_MASK)
    return paging.entry(table, paging.shifts[-2], addr)


async def pte_alloc_map(cpu: Cpu, mm: mm_struct, pmdp: int, pmd: int, addr: int) -> int | None:
    """Linear address of the page table's entry for ``addr``, under the directory entry ``pmd``.

    Makes the table, if there is none yet. None if a huge page is mapped there by now. Raises
    ENOMEM.
    """
    paging = kconfig(cpu).paging
    if pte_none(pmd):
        pmd = await _install_table(cpu, mm, pmdp, paging.shifts[-2])
    if pmd_leaf(pmd):
        return None
    return paging.entry(__va(cpu, pmd & PTE_PFN_MASK), PAGE_SHIFT, addr)


async def pte_alloc(cpu: Cpu, mm: mm_struct, addr: int) -> int:
    """Linear address of the entry of ``mm`` for the page at ``addr``; makes tables. ENOMEM.

    No huge page may be mapped there.
    """
    pmdp = await pmd_alloc(cpu, mm, addr)
    ptep = await pte_alloc_map(cpu, mm, pmdp, await ptep_get(cpu, pmdp), addr)
    assert ptep is not None, f"BUG: {addr:#x} is in a huge page"
    return ptep


async def pte_alloc_one(cpu: Cpu, mm: mm_struct) -> page:
    """Return an empty page table for ``mm``. Raises ENOMEM."""
    return await pagetable_alloc(cpu, GFP_KERNEL | __GFP_ZERO, mm.pgd)


async def _install_table(cpu: Cpu, mm: mm_struct, entryp: int, shift: int) -> int:
    """Put an empty table under the entry at ``entryp``, of the level ``shift``.

    Returns what the entry is then.
    """
    paging     = kconfig(cpu).paging
    registered = _in_registers(paging, shift)
    table = await pte_alloc_one(cpu, mm)
    entry = table.pfn << PAGE_SHIFT | (_PAGE_PRESENT if registered else _PAGE_TABLE)
    old   = await cpu.compare_exchange(entryp, paging.entry_size, 0, entry)
    if old == 0:
        if registered:
            await flush_tlb_mm(cpu, mm)
        return entry
    # Another processor was faster.
    pagetable_free(cpu, mm.pgd, table)
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
    need_flush_all = start < end and await _unlink(
        cpu, mm.pgd, 0, start, end, floor, ceiling, freed)
    if freed:
        # The processor may hold these tables in its paging-structure caches.
        await flush_tlb_mm_range(cpu, mm, start, TLB_FLUSH_ALL if need_flush_all else end,
                                 freed_tables=True)
    for table in freed:
        pagetable_free(cpu, mm.pgd, table)


async def _unlink(
    cpu: Cpu, table: int, level: int, start: int, end: int, floor: int, ceiling: int,
    freed: list[page],
) -> bool:
    """Clear the entries of tables that are to go. True if the processors must reload CR3."""
    paging = kconfig(cpu).paging
    shifts = paging.shifts
    shift  = shifts[level]
    reload = False
    for base, entryp, entry in await load_entries(cpu, table, shift, start, end):
        if not entry & _PAGE_PRESENT:
            continue
        assert not pmd_leaf(entry), f"BUG: a huge page is mapped at {base:#x}"
        lower = __va(cpu, entry & PTE_PFN_MASK)
        limit = base + (1 << shift)
        if shifts[level + 1] != PAGE_SHIFT:
            await _unlink(cpu, lower, level + 1, max(start, base), min(end, limit),
                          floor, ceiling, freed)
        if floor <= base and limit <= ceiling:
            await pmd_clear(cpu, entryp)
            freed.append(virt_to_page(cpu, lower))
            reload = reload or _in_registers(paging, shift)
    return reload
