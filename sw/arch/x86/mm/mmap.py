"""Addresses of a process's mappings.

Ref: Linux 6.12, arch/x86/mm/mmap.c, without randomization;
Documentation/arch/x86/x86_64/5level-paging.rst.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.arch.x86.include.asm.pgtable_types import Paging


__all__ = ["mmap_address_hint_valid", "mmap_base"]


#: Least space that is left for the stack, in bytes.
_SIZE_128M = 128 << 20


def mmap_base(paging: Paging) -> int:
    """Return the address below which mappings are placed: 128 MiB under the end of the window."""
    return (paging.DEFAULT_MAP_WINDOW - _SIZE_128M) & PAGE_MASK


def mmap_address_hint_valid(paging: Paging, addr: int, length: int) -> bool:
    """Tell whether a mapping may be where it is wished: all of it in the window, or above it."""
    if paging.TASK_SIZE - length < addr:
        return False
    return (addr > paging.DEFAULT_MAP_WINDOW) == (addr + length > paging.DEFAULT_MAP_WINDOW)
