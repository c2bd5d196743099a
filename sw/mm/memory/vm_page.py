"""The page that an entry maps.

Ref: Linux 6.12, mm/memory.c (vm_normal_page).
"""

from sw.arch.x86.include.asm.pgtable import pte_page, pte_special
from sw.include.linux.mm_types import page, vm_area_struct
from sw.processor.cpu import Cpu


__all__ = ["vm_normal_page"]


def vm_normal_page(cpu: Cpu, vma: vm_area_struct, pte: int) -> page | None:
    """Return the page of a present entry, or ``None`` if no reference is counted for it."""
    return None if pte_special(pte) else pte_page(cpu, pte)
