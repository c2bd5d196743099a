"""Root tables of address spaces.

Ref: Linux 6.12, arch/x86/mm/pgtable.c, arch/x86/include/asm/pgtable-3level_types.h.

Tables are frames of the linear map; a root table of PAE has four entries only, and many of these
share a frame.

The processor reads PAE's four entries when CR3 is written, and never looks again. So the three of
a process's half are there before its tables are first loaded, and whoever writes one later must
have CR3 written on every processor that uses the tables.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import __pa, __va, page_to_virt, virt_to_page
from sw.arch.x86.include.asm.pgtable import pmd_clear, ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import _PAGE_PRESENT, PTE_PFN_MASK, Paging
from sw.errno import KernelError
from sw.include.linux.cpumask import cpu_online_mask
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, __free_page, alloc_page
from sw.mm.pgalloc import pagetable_alloc, pagetable_free
from sw.mm.slub import kmem_cache, kmem_cache_alloc, kmem_cache_free
from sw.processor.cpu import Cpu
from sw.variables import DEFINE, per_cpu_ptr

from .tlb import cpu_tlbstate


__all__ = ["kernel_pgd_indices", "pgd_alloc", "pgd_cache", "pgd_free"]


#: Entries of the root table that all address spaces share.
kernel_pgd_indices: DEFINE[tuple[int, ...]] = DEFINE()

#: Root tables of PAE: four entries of 8 bytes, aligned as CR3 needs them.
pgd_cache = DEFINE(lambda: kmem_cache(32))


def unshared_pgds(paging: Paging) -> range:
    """Indices of the root table of PAE that are the process's own (UNSHARED_PTRS_PER_PGD)."""
    return range(paging.index(paging.shifts[0], paging.TASK_SIZE))


async def _pgd_alloc(cpu: Cpu) -> int:
    if kconfig(cpu).paging.X86_PAE:
        return await kmem_cache_alloc(cpu, pgd_cache(cpu))
    return page_to_virt(cpu, await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO))


def _pgd_free(cpu: Cpu, pgd: int) -> None:
    if kconfig(cpu).paging.X86_PAE:
        kmem_cache_free(cpu, pgd_cache(cpu), pgd)
    else:
        __free_page(cpu, virt_to_page(cpu, pgd))


@traced
async def pgd_alloc(cpu: Cpu) -> int:
    """Make a root table with the kernel's half in it. Returns its linear address. ENOMEM.

    The kernel's entries name tables that all processes share, and never change after boot.
    """
    paging = kconfig(cpu).paging
    pgd    = await _pgd_alloc(cpu)
    for index in kernel_pgd_indices(cpu):
        entry = await ptep_get(cpu, init_mm(cpu).pgd + index * paging.entry_size)
        await set_pte(cpu, pgd + index * paging.entry_size, entry)
    if paging.X86_PAE:
        try:
            await pgd_prepopulate_pmd(cpu, pgd)
        except KernelError:
            await pgd_free(cpu, pgd)
            raise
    return pgd


async def pgd_prepopulate_pmd(cpu: Cpu, pgd: int) -> None:
    """Fill a process's half of a root table of PAE, before a processor has it. ENOMEM."""
    paging = kconfig(cpu).paging
    for index in unshared_pgds(paging):
        pmd = await pagetable_alloc(cpu, GFP_KERNEL | __GFP_ZERO, pgd)
        await set_pte(cpu, pgd + index * paging.entry_size,
                      __pa(cpu, page_to_virt(cpu, pmd)) | _PAGE_PRESENT)


async def pgd_mop_up_pmds(cpu: Cpu, pgd: int) -> None:
    """Free the tables of a process's half of a root table of PAE that are left: they are empty."""
    paging = kconfig(cpu).paging
    for index in unshared_pgds(paging):
        entryp = pgd + index * paging.entry_size
        entry  = await ptep_get(cpu, entryp)
        if entry:
            await pmd_clear(cpu, entryp)
            pagetable_free(cpu, pgd, virt_to_page(cpu, __va(cpu, entry & PTE_PFN_MASK)))


async def pgd_free(cpu: Cpu, pgd: int) -> None:
    """Free a root table that no processor uses any more."""
    loaded = [per_cpu_ptr(cpu_tlbstate, other).loaded_mm for other in cpu_online_mask(cpu)]
    assert all(mm is None or mm.pgd != pgd for mm in loaded), "BUG: root table freed while in CR3"
    if kconfig(cpu).paging.X86_PAE:
        await pgd_mop_up_pmds(cpu, pgd)
    _pgd_free(cpu, pgd)
