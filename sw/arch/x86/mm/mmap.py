"""Highest address of a process's mappings.

Ref: Linux 6.12, arch/x86/mm/mmap.c, without randomization.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.arch.x86.include.asm.pgtable_types import Paging


__all__ = ["mmap_base"]


#: Least space that is left for the stack, in bytes.
_SIZE_128M = 128 << 20


def mmap_base(paging: Paging) -> int:
    """Return the address below which mappings are placed: 128 MiB under the end."""
    return (paging.TASK_SIZE - _SIZE_128M) & PAGE_MASK
