"""Leaf entries of any page tables; and pages taken out of the linear map.

Ref: Linux 6.12, arch/x86/mm/pat/set_memory.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import __va, page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pmd_leaf, pmd_present, ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import (
    _KERNPG_TABLE, _PAGE_GLOBAL, _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, PTE_PFN_MASK,
)
from sw.arch.x86.mm.tlb import do_flush_tlb_all
from sw.include.linux.mm_types import page
from sw.kconfig import kconfig
from sw.kernel.smp import on_each_cpu
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.mm.page_alloc import GFP_KERNEL
from sw.mm.pgalloc import pagetable_alloc
from sw.processor.cpu import Cpu


__all__ = [
    "lookup_address", "set_direct_map_default_noflush", "set_direct_map_invalid_noflush",
]


async def lookup_address(cpu: Cpu, pgd: int, addr: int) -> tuple[int, int] | None:
    """Find the leaf entry for ``addr`` in the tables under the root table ``pgd``.

    Returns
    -------
    :class:`tuple` of :class:`int`, or :class:`None`
        Linear address of the entry, and the size of its page as a power of two. None if a table
        is missing, or if the entry above a large page would be.
    """
    paging = kconfig(cpu).paging
    table  = pgd
    for shift in paging.shifts[:-1]:
        entryp = paging.entry(table, shift, addr)
        entry  = await ptep_get(cpu, entryp)
        if pmd_leaf(entry):
            return entryp, shift
        if not pmd_present(entry):
            return None
        table = __va(cpu, entry & PTE_PFN_MASK)
    return paging.entry(table, PAGE_SHIFT, addr), PAGE_SHIFT


@traced
async def split_large_page(cpu: Cpu, kpte: int, shift: int) -> None:
    """Put a table of smaller pages in the place of a large one at entry ``kpte``. Raises ENOMEM.

    Everything translates as before. All processors forget the large page, as none may hold
    translations of both sizes once one of them changes.
    """
    paging = kconfig(cpu).paging
    entry  = await ptep_get(cpu, kpte)
    lower  = paging.shifts[paging.shifts.index(shift) + 1]
    if lower == PAGE_SHIFT:
        entry &= ~_PAGE_PSE
    base  = await pagetable_alloc(cpu, GFP_KERNEL, init_mm(cpu).pgd)
    table = page_to_virt(cpu, base)
    for index in range(paging.entries):
        await set_pte(cpu, table + index * paging.entry_size, entry + (index << lower))
    await set_pte(cpu, kpte, base.pfn << PAGE_SHIFT | _KERNPG_TABLE)
    await on_each_cpu(cpu, do_flush_tlb_all, None)


async def __change_page_attr(cpu: Cpu, pg: page, mask_set: int, mask_clr: int) -> None:
    """Change flags of a page's entry in the linear map, which is its own from then on. ENOMEM."""
    address = page_to_virt(cpu, pg)
    while True:
        leaf = await lookup_address(cpu, init_mm(cpu).pgd, address)
        assert leaf is not None, f"BUG: frame {pg.pfn:#x} is not in the linear map"
        kpte, shift = leaf
        if shift == PAGE_SHIFT:
            break
        await split_large_page(cpu, kpte, shift)
    pte = await ptep_get(cpu, kpte) & ~mask_clr | mask_set
    if not pte & _PAGE_PRESENT:
        pte &= ~_PAGE_GLOBAL  # which means something else then
    await set_pte(cpu, kpte, pte)


@traced
async def set_direct_map_invalid_noflush(cpu: Cpu, pg: page) -> None:
    """Take a page out of the linear map: the kernel's own accesses fault. The caller flushes."""
    await __change_page_attr(cpu, pg, 0, _PAGE_PRESENT | _PAGE_RW)


@traced
async def set_direct_map_default_noflush(cpu: Cpu, pg: page) -> None:
    """Put a page back into the linear map."""
    await __change_page_attr(cpu, pg, _PAGE_PRESENT | _PAGE_RW, 0)
