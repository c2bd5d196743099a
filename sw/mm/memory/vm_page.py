"""The page that an entry maps, and what it counts of its mappings.

Ref: Linux 6.12, mm/memory.c (vm_normal_page), mm/rmap.c, include/linux/pgtable.h.
"""

from sw.arch.x86.include.asm.pgtable import pte_page, pte_special
from sw.include.linux.mm_types import PAGE_SHIFT, page, vm_area_struct
from sw.processor.cpu import Cpu


__all__ = [
    "folio_add_file_rmap_pte", "folio_add_new_anon_rmap", "folio_remove_rmap_pte", "is_zero_pfn",
    "linear_page_index", "vm_normal_page",
]


def is_zero_pfn(cpu: Cpu, pfn: int) -> bool:
    """Is it the frame of zeros that all reads of untouched memory share?"""
    return pfn == cpu.kernel.zero_page.pfn


def vm_normal_page(cpu: Cpu, vma: vm_area_struct, pte: int) -> page | None:
    """Return the page of a present entry, or ``None`` if no reference is counted for it."""
    return None if pte_special(pte) else pte_page(cpu, pte)


def linear_page_index(vma: vm_area_struct, address: int) -> int:
    """Return the page number in the file of what belongs at ``address``."""
    return vma.vm_pgoff + (address - vma.vm_start >> PAGE_SHIFT)


def folio_add_new_anon_rmap(page: page, vma: vm_area_struct, address: int) -> None:
    """Count the first mapping of a new private page: nobody else has it."""
    assert page.mapcount == 0, f"BUG: new frame {page.pfn:#x} is mapped"
    page.anon = page.anon_exclusive = True
    page.index    = linear_page_index(vma, address)
    page.mapcount = 1


def folio_add_file_rmap_pte(page: page) -> None:
    """Count one more mapping of a page of a file."""
    page.mapcount += 1


def folio_remove_rmap_pte(page: page) -> None:
    """Count one mapping less."""
    assert page.mapcount > 0, f"BUG: frame {page.pfn:#x} is unmapped once too often"
    page.mapcount -= 1
