"""Mappings found by address.

Ref: Linux 6.12, mm/mmap.c (find_vma), include/linux/mm.h (vma_lookup).

Linux keeps them in a maple tree; a sorted list serves a handful of them as well.
"""

from bisect import bisect_right

from sw.include.linux.mm_types import mm_struct, vm_area_struct


__all__ = ["find_vma", "find_vma_intersection", "vma_lookup", "vma_prev"]


def find_vma(mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the first mapping that ends above ``addr``; it need not contain it."""
    index = bisect_right(mm.mmap, addr, key=lambda vma: vma.vm_end)
    return mm.mmap[index] if index < len(mm.mmap) else None


def vma_lookup(mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the mapping that contains ``addr``."""
    vma = find_vma(mm, addr)
    return vma if vma is not None and vma.vm_start <= addr else None


def find_vma_intersection(mm: mm_struct, start: int, end: int) -> vm_area_struct | None:
    """Return the first mapping that has an address in ``[start, end)``."""
    vma = find_vma(mm, start)
    return vma if vma is not None and vma.vm_start < end else None


def vma_prev(mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the last mapping that ends at or below ``addr``."""
    index = bisect_right(mm.mmap, addr, key=lambda vma: vma.vm_end)
    return mm.mmap[index - 1] if index else None
