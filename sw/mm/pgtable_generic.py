"""Entries of page tables: looked up, locked, and cleared with the flush.

Ref: Linux 6.12, mm/pgtable-generic.c.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import ptep_get_and_clear
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.arch.x86.mm.tlb import flush_tlb_page
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.processor.cpu import Cpu


__all__ = ["pte_offset_map", "pte_offset_map_lock", "pte_unmap_unlock", "ptep_clear_flush"]


async def ptep_clear_flush(cpu: Cpu, vma: vm_area_struct, address: int, ptep: int) -> int:
    """Clear an entry, and make every processor forget it. Returns the entry as it was last."""
    pte = await ptep_get_and_clear(cpu, vma.vm_mm, address, ptep)
    await flush_tlb_page(cpu, vma, address)
    return pte


async def pte_offset_map(cpu: Cpu, mm: mm_struct, addr: int) -> int | None:
    """Return the address of the entry of ``mm`` for the page at ``addr``; None without a table."""
    leaf = await lookup_address(cpu, mm.pgd, addr)
    if leaf is None:
        return None
    ptep, shift = leaf
    assert shift == PAGE_SHIFT, f"{addr:#x} is in a large page"
    return ptep


async def pte_offset_map_lock(cpu: Cpu, mm: mm_struct, addr: int) -> int | None:
    """Find the entry like :func:`pte_offset_map`, and own it. None: the lock is not held."""
    ptep = await pte_offset_map(cpu, mm, addr)
    if ptep is not None:
        await spin_lock(cpu, pte_lockptr(mm))
    return ptep


def pte_unmap_unlock(cpu: Cpu, mm: mm_struct) -> None:
    """Give up the entries of ``mm``."""
    spin_unlock(cpu, pte_lockptr(mm))
