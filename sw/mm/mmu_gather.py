"""The flush at the end of a change of many entries, and the pages that are free after it.

Ref: Linux 6.12, mm/mmu_gather.c, arch/x86/include/asm/tlb.h.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.mm.tlb import flush_tlb_mm_range
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.mm_types import (
    dec_tlb_flush_pending, inc_tlb_flush_pending, mm_struct, mm_tlb_flush_nested, vm_area_struct,
)
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu

from .page_alloc import put_page


__all__ = ["tlb_finish_mmu", "tlb_gather_mmu"]


def tlb_gather_mmu(mm: mm_struct) -> mmu_gather:
    """Begin to change entries of an address space; :func:`tlb_finish_mmu` ends it."""
    inc_tlb_flush_pending(mm)
    return mmu_gather()


async def tlb_finish_mmu(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, start: int,
                         end: int) -> None:
    """Flush ``[start, end)`` if need be: where all entries were huge, once for each that can be.

    A page is free only after no processor can reach it any more. Somebody else may have cleared
    entries in the range, which are none now, and not have flushed them yet: then it is flushed here
    too, lest the caller returns while processors still reach what was there.
    """
    if mm_tlb_flush_nested(vma.vm_mm) and kconfig(cpu).era.flushes_nested:
        tlb.flush = tlb.cleared_ptes = True
    if tlb.flush:
        stride = PAGE_SHIFT if tlb.cleared_ptes else kconfig(cpu).paging.shifts[-2]
        await flush_tlb_mm_range(cpu, vma.vm_mm, start, end, stride_shift=stride)
    dec_tlb_flush_pending(vma.vm_mm)
    for unmapped in tlb.pages:
        put_page(cpu, unmapped)
