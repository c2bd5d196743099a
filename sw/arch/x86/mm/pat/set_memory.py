"""Leaf entries of any page tables.

Ref: Linux 6.12, arch/x86/mm/pat/set_memory.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import __va
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pmd_leaf, pmd_present, ptep_get
from sw.arch.x86.include.asm.pgtable_types import PTE_PFN_MASK
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu


__all__ = ["lookup_address"]


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
        if not pmd_present(entry):
            return None
        if pmd_leaf(entry):
            return entryp, shift
        table = __va(cpu, entry & PTE_PFN_MASK)
    return paging.entry(table, PAGE_SHIFT, addr), PAGE_SHIFT
