"""Addresses of a program.

Ref: Linux 6.12, arch/x86/include/asm/elf.h.
"""

from .page_types import PAGE_MASK
from .pgtable_types import Paging


__all__ = ["ELF_ET_DYN_BASE"]


def ELF_ET_DYN_BASE(paging: Paging) -> int:
    """Return the address of a program that may be anywhere: at two thirds of the window."""
    return paging.DEFAULT_MAP_WINDOW // 3 * 2 & PAGE_MASK if paging.X86_64 else 0x40_0000
