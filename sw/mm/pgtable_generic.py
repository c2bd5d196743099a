"""Changes of a page-table entry that include the flush.

Ref: Linux 6.12, mm/pgtable-generic.c.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import ptep_get_and_clear
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.arch.x86.mm.tlb import flush_tlb_page
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.processor.cpu import Cpu


__all__ = ["pte_lock", "pte_offset_map", "pte_unlock", "ptep_clear_flush"]


async def ptep_clear_flush(cpu: Cpu, vma: vm_area_struct, address: int, ptep: int) -> int:
    """Clear an entry, and make every processor forget it. Returns the entry as it was last."""
    pte = await ptep_get_and_clear(cpu, vma.vm_mm, address, ptep)
    await flush_tlb_page(cpu, vma, address)
    return pte


async def pte_offset_map(cpu: Cpu, mm: mm_struct, addr: int) -> int | None:
    """Linear address of the entry of ``mm`` for the page at ``addr``; None without a table."""
    found = await lookup_address(cpu, mm.pgd, addr)
    if found is None:
        return None
    ptep, shift = found
    assert shift == PAGE_SHIFT, f"{addr:#x} is in a large page"
    return ptep


async def pte_lock(cpu: Cpu, mm: mm_struct) -> None:
    """Own the entries of the page tables (``pte_offset_map_lock``, one lock for all tables)."""
    await spin_lock(cpu, mm.page_table_lock)


def pte_unlock(cpu: Cpu, mm: mm_struct) -> None:
    """End what ``pte_lock`` began (``pte_unmap_unlock``)."""
    spin_unlock(cpu, mm.page_table_lock)
