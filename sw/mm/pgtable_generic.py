"""Changes of a page-table entry that include the flush.

Ref: Linux 6.12, mm/pgtable-generic.c.
"""

from sw.arch.x86.include.asm.pgtable import ptep_get_and_clear
from sw.arch.x86.mm.tlb import flush_tlb_page
from sw.include.linux.mm_types import vm_area_struct
from sw.processor.cpu import Cpu


__all__ = ["ptep_clear_flush"]


async def ptep_clear_flush(cpu: Cpu, vma: vm_area_struct, address: int, ptep: int) -> int:
    """Clear an entry, and make every processor forget it. Returns the entry as it was last."""
    pte = await ptep_get_and_clear(cpu, vma.vm_mm, address, ptep)
    await flush_tlb_page(cpu, vma, address)
    return pte
