"""Taking pages out of an address space.

Ref: Linux 6.12, mm/memory.c (unmap_page_range), mm/mmu_gather.c.
"""

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_present, pte_protnone, ptep_get_and_clear
from sw.arch.x86.mm.tlb import flush_tlb_range
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import page, vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.page_alloc import put_page
from sw.mm.pagewalk import walk_page_range
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.rmap import folio_remove_rmap_pte
from sw.processor.cpu import Cpu

from .vm_page import vm_normal_page


__all__ = ["unmap_page_range", "zap_page_range_single"]


@traced
async def zap_pte_range(cpu: Cpu, vma: vm_area_struct, start: int,
                        end: int) -> tuple[list[page], bool]:
    """Clear the entries of ``[start, end)``.

    Returns the pages that lose a reference by it, and whether a processor may remember an entry.
    """
    gathered = []
    flush    = False
    for addr, ptep, _ in await walk_page_range(cpu, vma.vm_mm, start, end):
        await spin_lock(cpu, pte_lockptr(vma.vm_mm))
        pte = await ptep_get_and_clear(cpu, vma.vm_mm, addr, ptep)
        pte_unmap_unlock(cpu, vma.vm_mm)
        flush = flush or not pte_protnone(pte)
        folio = vm_normal_page(cpu, vma, pte) if pte_present(pte) else None
        if folio is not None:
            folio.dirty = folio.dirty or (not folio.anon and pte_dirty(kconfig(cpu).paging, pte))
            folio_remove_rmap_pte(folio)
            gathered.append(folio)
    return gathered, flush


@traced
async def unmap_page_range(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Unmap part of a mapping. A page is free only after no processor can reach it any more."""
    gathered, flush = await zap_pte_range(cpu, vma, start, end)
    if flush:
        await flush_tlb_range(cpu, vma, start, end)
    for unmapped in gathered:
        put_page(cpu, unmapped)


async def zap_page_range_single(cpu: Cpu, vma: vm_area_struct, address: int, size: int) -> None:
    """Unmap the pages of ``size`` bytes of a mapping that stays: its faults fill it anew."""
    await unmap_page_range(cpu, vma, address, address + size)
