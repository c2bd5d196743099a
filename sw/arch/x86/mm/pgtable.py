"""Page tables: finding entries, making tables, freeing them.

Ref: Linux 6.12, arch/x86/mm/pgtable.c, arch/x86/mm/pat/set_memory.c, mm/memory.c,
mm/pagewalk.c.

Tables are frames of the linear map. Linux gives each level a function; here one walk goes down
the levels of :class:`sw.arch.x86.include.asm.pgtable_types.Paging`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sw.arch.x86.include.asm.page import __va, page_to_virt, virt_to_page
from sw.arch.x86.include.asm.pgtable import pmd_leaf, pmd_present, pte_none, ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import _PAGE_PRESENT, _PAGE_TABLE, PTE_PFN_MASK
from sw.include.linux.mm_types import PAGE_SHIFT, mm_struct, page
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, __free_page, alloc_page

from .tlb import flush_tlb_mm_range

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = [
    "free_pgtables", "lookup_address", "pgd_alloc", "pgd_free", "pte_alloc", "pte_offset_map",
    "walk_page_range",
]


async def pgd_alloc(cpu: Cpu) -> int:
    """Make a root table with the kernel's half in it. Returns its linear address.

    The kernel's entries name tables that all processes share, and never change after boot.
    """
    kernel = cpu.kernel
    size   = kernel.paging.entry_size
    pgd    = page_to_virt(cpu, await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO))
    for index in kernel.kernel_pgd_indices:
        entry = await ptep_get(cpu, kernel.init_mm.pgd + index * size)
        await set_pte(cpu, pgd + index * size, entry)
    return pgd


def pgd_free(cpu: Cpu, pgd: int) -> None:
    """Free a root table that no processor uses any more."""
    assert all(other.loaded_mm is None or other.loaded_mm.pgd != pgd
               for other in cpu.kernel.cpus), "BUG: root table freed while in CR3"
    __free_page(cpu, virt_to_page(cpu, pgd))


async def lookup_address(cpu: Cpu, pgd: int, addr: int) -> tuple[int, int] | None:
    """Find the leaf entry for ``addr`` in the tables under the root table ``pgd``.

    Returns
    -------
    :class:`tuple` of :class:`int`, or :class:`None`
        Linear address of the entry, and the size of its page as a power of two. None if a table
        is missing, or if the entry above a large page would be.
    """
    paging = cpu.kernel.paging
    table  = pgd
    for shift in paging.shifts[:-1]:
        entryp = paging.entry(table, shift, addr)
        entry  = await ptep_get(cpu, entryp)
        if not pmd_present(entry):
            return None
        if pmd_leaf(entry):
            return entryp, shift
        table = __va(cpu, entry & PTE_PFN_MASK)
    return paging.entry(table, PAGE_SHIFT, addr), PAGE_SHIFT


async def pte_offset_map(cpu: Cpu, mm: mm_struct, addr: int) -> int | None:
    """Linear address of the entry of ``mm`` for the page at ``addr``; None without a table."""
    found = await lookup_address(cpu, mm.pgd, addr)
    if found is None:
        return None
    ptep, shift = found
    assert shift == PAGE_SHIFT, f"{addr:#x} is in a large page"
    return ptep


async def pte_alloc(cpu: Cpu, mm: mm_struct, addr: int) -> int:
    """Linear address of the entry of ``mm`` for the page at ``addr``; makes tables. ENOMEM."""
    paging = cpu.kernel.paging
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
    old   = await cpu.compare_exchange(entryp, cpu.kernel.paging.entry_size, 0, entry)
    if old == 0:
        return entry
    # Another processor was faster.
    __free_page(cpu, table)
    return old


async def _load_entries(
    cpu: Cpu, table: int, shift: int, start: int, end: int,
) -> list[tuple[int, int, int]]:
    """Read the entries of one table for ``[start, end)``: first address, pointer, value."""
    paging = cpu.kernel.paging
    size   = paging.entry_size
    first  = paging.entry(table, shift, start)
    last   = paging.entry(table, shift, end - 1)
    raw    = await cpu.load_bytes(first, last - first + size)
    base   = start >> shift << shift
    return [
        (base + (offset // size << shift), first + offset,
         int.from_bytes(raw[offset:offset + size], "little"))
        for offset in range(0, len(raw), size)
    ]


async def walk_page_range(
    cpu: Cpu, mm: mm_struct, start: int, end: int,
) -> list[tuple[int, int, int]]:
    """Entries of ``mm`` for ``[start, end)`` that are not empty.

    Returns
    -------
    :class:`list` of :class:`tuple`
        Linear address of the page, of its entry, and the entry as it was read. Whoever changes
        it must do so without losing A and D bits that the processor has set since.
    """
    found: list[tuple[int, int, int]] = []
    if start < end:
        await _walk(cpu, mm.pgd, 0, start, end, found)
    return found


async def _walk(
    cpu: Cpu, table: int, level: int, start: int, end: int, found: list[tuple[int, int, int]],
) -> None:
    shifts = cpu.kernel.paging.shifts
    shift  = shifts[level]
    for base, entryp, entry in await _load_entries(cpu, table, shift, start, end):
        if shift == PAGE_SHIFT:
            if not pte_none(entry):
                found.append((base, entryp, entry))
        elif pmd_present(entry):
            await _walk(cpu, __va(cpu, entry & PTE_PFN_MASK), level + 1,
                        max(start, base), min(end, base + (1 << shift)), found)


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
    shifts = cpu.kernel.paging.shifts
    shift  = shifts[level]
    for base, entryp, entry in await _load_entries(cpu, table, shift, start, end):
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
