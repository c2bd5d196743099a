"""Root tables of address spaces.

Ref: Linux 6.12, arch/x86/mm/pgtable.c.

Tables are frames of the linear map.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import page_to_virt, virt_to_page
from sw.arch.x86.include.asm.pgtable import ptep_get, set_pte
from sw.include.linux.cpumask import cpu_online_mask
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, __free_page, alloc_page
from sw.processor.cpu import Cpu
from sw.variables import DEFINE, per_cpu_ptr

from .tlb import cpu_tlbstate


__all__ = ["kernel_pgd_indices", "pgd_alloc", "pgd_free"]


#: Entries of the root table that all address spaces share.
kernel_pgd_indices: DEFINE[tuple[int, ...]] = DEFINE()


@traced
async def pgd_alloc(cpu: Cpu) -> int:
    """Make a root table with the kernel's half in it. Returns its linear address.

    The kernel's entries name tables that all processes share, and never change after boot.
    """
    size = kconfig(cpu).paging.entry_size
    pgd  = page_to_virt(cpu, await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO))
    for index in kernel_pgd_indices(cpu):
        entry = await ptep_get(cpu, init_mm(cpu).pgd + index * size)
        await set_pte(cpu, pgd + index * size, entry)
    return pgd


def pgd_free(cpu: Cpu, pgd: int) -> None:
    """Free a root table that no processor uses any more."""
    loaded = [per_cpu_ptr(cpu_tlbstate, other).loaded_mm for other in cpu_online_mask(cpu)]
    assert all(mm is None or mm.pgd != pgd for mm in loaded), "BUG: root table freed while in CR3"
    __free_page(cpu, virt_to_page(cpu, pgd))
