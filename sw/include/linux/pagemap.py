"""Pages of files, by number.

Ref: Linux 6.12, include/linux/pagemap.h.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT

from .mm_types import vm_area_struct


__all__ = ["linear_page_index"]


def linear_page_index(vma: vm_area_struct, address: int) -> int:
    """Return the page number in the file of what belongs at ``address``."""
    return vma.vm_pgoff + (address - vma.vm_start >> PAGE_SHIFT)
