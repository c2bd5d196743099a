"""Advice on huge pages.

Ref: Linux 6.12, mm/khugepaged.c (hugepage_madvise). The daemon itself is not modelled.
"""

from sw.include.linux.mm import VM_HUGEPAGE, VM_NOHUGEPAGE
from sw.include.linux.mman import MADV_HUGEPAGE


__all__ = ["hugepage_madvise"]


def hugepage_madvise(vm_flags: int, advice: int) -> int:
    """Return the flags of a mapping after MADV_HUGEPAGE or MADV_NOHUGEPAGE."""
    if advice == MADV_HUGEPAGE:
        return vm_flags & ~VM_NOHUGEPAGE | VM_HUGEPAGE
    return vm_flags & ~VM_HUGEPAGE | VM_NOHUGEPAGE
