"""Entries of page tables: looked up, locked, and cleared with the flush.

Ref: Linux 6.12, mm/pgtable-generic.c, arch/x86/mm/pgtable.c
(pmdp_invalidate_ad).
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pmdp_invalidate_ad, ptep_get_and_clear
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.arch.x86.mm.tlb import flush_tlb_page, flush_tlb_range
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import mm_struct, page, vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock, spin_unlock
from sw.processor.cpu import Cpu


__all__ = [
    "pgtable_trans_huge_deposit", "pgtable_trans_huge_withdraw", "pmdp_huge_clear_flush",
    "pmdp_invalidate", "pte_offset_map", "pte_offset_map_lock", "pte_unmap_unlock",
    "ptep_clear_flush",
]


async def ptep_clear_flush(cpu: Cpu, vma: vm_area_struct, address: int, ptep: int) -> int:
    """Clear an entry, and make every processor forget it. Returns the entry as it was last."""
    pte = await ptep_get_and_clear(cpu, vma.vm_mm, address, ptep)
    await flush_tlb_page(cpu, vma, address)
    return pte


async def pte_offset_map(cpu: Cpu, mm: mm_struct, addr: int) -> int | None:
    """Return the address of the entry of ``mm`` for the page at ``addr``.

    None without a table: where nothing is mapped, or a huge page.
    """
    leaf = await lookup_address(cpu, mm.pgd, addr)
    return leaf[0] if leaf is not None and leaf[1] == PAGE_SHIFT else None


async def pte_offset_map_lock(cpu: Cpu, mm: mm_struct, addr: int) -> int | None:
    """Find the entry like :func:`pte_offset_map`, and own it. None: the lock is not held."""
    ptep = await pte_offset_map(cpu, mm, addr)
    if ptep is not None:
        await spin_lock(cpu, pte_lockptr(mm))
    return ptep


async def pmdp_huge_clear_flush(cpu: Cpu, vma: vm_area_struct, address: int, pmdp: int) -> int:
    """Clear the entry of the huge page at ``address``, and make every processor forget it."""
    pmd = await ptep_get_and_clear(cpu, vma.vm_mm, address, pmdp)
    await flush_tlb_range(cpu, vma, address, address + kconfig(cpu).paging.HPAGE_PMD_SIZE)
    return pmd


async def pmdp_invalidate(cpu: Cpu, vma: vm_area_struct, address: int, pmdp: int) -> int:
    """Have the entry of the huge page at ``address`` map nothing for now, for every processor.

    Returns the entry as it was last.
    """
    pmd = await pmdp_invalidate_ad(cpu, pmdp)
    await flush_tlb_range(cpu, vma, address, address + kconfig(cpu).paging.HPAGE_PMD_SIZE)
    return pmd


def pgtable_trans_huge_deposit(mm: mm_struct, pgtable: page) -> None:
    """Put a page table by, for the split of a huge page that is being mapped."""
    mm.pmd_huge_pte.append(pgtable)


def pgtable_trans_huge_withdraw(mm: mm_struct) -> page:
    """Take a page table back, for a split, or because a huge page is unmapped."""
    return mm.pmd_huge_pte.pop(0)


def pte_unmap_unlock(cpu: Cpu, mm: mm_struct) -> None:
    """Give up the entries of ``mm``."""
    spin_unlock(cpu, pte_lockptr(mm))
