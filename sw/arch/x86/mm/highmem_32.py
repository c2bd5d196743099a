"""Windows of 32-bit kernels to frames that are not in the linear map.

Ref: Linux 6.12, arch/x86/include/asm/highmem.h, fixmap.h, pgtable_32_areas.h,
arch/x86/mm/init_32.c.

Both areas have one page table each, made at boot: ``PKMAP_BASE`` begins the window of ``kmap()``,
and the slots of ``kmap_local_page()`` go down from ``FIXADDR_TOP``.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.include.linux.wait import wait_queue_head_t
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spinlock_t
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "FIX_KMAP_BEGIN", "KM_MAX_IDX", "fix_to_virt", "highmem", "highmem_areas", "kmap_local_slot",
    "pkmap_addr", "pkmap_nr",
]


#: Pages that one processor can have mapped locally at a time.
KM_MAX_IDX = 16

#: First fixmap slot of kmap_local_page; slot 0 is a hole, and this kernel has no others.
FIX_KMAP_BEGIN = 1


class highmem_areas:
    """Page tables and state of both areas.

    Parameters
    ----------
    last_pkmap : :class:`int`
        Slots of the pkmap window (LAST_PKMAP).
    pkmap_page_table, fixmap_page_table : :class:`int`
        Linear addresses of the two page tables.

    Attributes
    ----------
    pkmap_count : :class:`list` of :class:`int`
        For each slot of the window: 0, free and in no TLB; 1, mapped for nobody, and perhaps in
        TLBs; n, mapped for n - 1 users.
    last_pkmap_nr : :class:`int`
        Slot that was tried last.
    kmap_lock : :class:`spinlock_t`
        Guards them.
    pkmap_map_wait : :class:`wait_queue_head_t`
        Processors that wait for a slot.
    """

    def __init__(self, last_pkmap: int, pkmap_page_table: int, fixmap_page_table: int):
        self.pkmap_page_table  = pkmap_page_table
        self.fixmap_page_table = fixmap_page_table
        self.pkmap_count       = [0] * last_pkmap
        self.last_pkmap_nr     = 0
        self.kmap_lock         = spinlock_t()
        self.pkmap_map_wait    = wait_queue_head_t()


#: Windows to high memory. Only a kernel that has any sets them.
highmem: DEFINE[highmem_areas] = DEFINE()


def pkmap_addr(paging: Paging, nr: int) -> int:
    """Linear address of a slot of the window."""
    return paging.PKMAP_BASE + (nr << PAGE_SHIFT)


def pkmap_nr(paging: Paging, vaddr: int) -> int:
    """Return the slot at a linear address of the window."""
    return (vaddr - paging.PKMAP_BASE) >> PAGE_SHIFT


def fix_to_virt(paging: Paging, index: int) -> int:
    """Linear address of a fixmap slot."""
    return paging.FIXADDR_TOP - (index << PAGE_SHIFT)


def kmap_local_slot(cpu: Cpu, depth: int) -> tuple[int, int]:
    """Linear addresses of the ``depth``-th local slot of this processor, and of its entry."""
    paging = kconfig(cpu).paging
    vaddr  = fix_to_virt(paging, FIX_KMAP_BEGIN + depth + KM_MAX_IDX * cpu.number)
    return vaddr, paging.entry(highmem(cpu).fixmap_page_table, PAGE_SHIFT, vaddr)
