"""fork(): entries for the child, and the loss of the parent's write permissions.

Ref: Linux 6.12, mm/memory.c (copy_page_range).
"""

from sw.arch.x86.include.asm.pgtable import (
    pte_mkclean, pte_mkold, pte_present, pte_write, pte_wrprotect, ptep_get, ptep_set_wrprotect,
    set_pte_at,
)
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import VM_MIXEDMAP, VM_PFNMAP, VM_SHARED, is_cow_mapping, pte_lockptr
from sw.include.linux.mm_types import vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.entries import copy_huge_pmd
from sw.mm.hugetlb.entries import copy_hugetlb_pmd
from sw.mm.page_alloc import get_page
from sw.mm.pagewalk import walk_page_range
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.rmap import folio_add_file_rmap_pte, folio_dup_anon_rmap_pte
from sw.processor.cpu import Cpu

from .pgtable import pmd_alloc, pte_alloc
from .vm_page import vm_normal_page


__all__ = ["copy_page_range"]


def vma_needs_copy(src_vma: vm_area_struct) -> bool:
    """Tell whether the child would lose something. Its own faults find pages of files again."""
    return bool(src_vma.anon_vma or src_vma.vm_flags & (VM_PFNMAP | VM_MIXEDMAP))


async def copy_present_pte(cpu: Cpu, dst_vma: vm_area_struct, src_vma: vm_area_struct,
                           dst_pte: int, src_pte: int, pte: int, addr: int) -> None:
    """Share one page with the child. Nobody is exclusive any more, and nobody writes unasked."""
    paging = kconfig(cpu).paging
    folio  = vm_normal_page(cpu, src_vma, pte)
    if folio is not None:
        get_page(cpu, folio)
        if folio.anon:
            folio_dup_anon_rmap_pte(folio, dst_vma)
        else:
            folio_add_file_rmap_pte(folio)
    if is_cow_mapping(src_vma.vm_flags) and pte_write(pte):
        await ptep_set_wrprotect(cpu, src_vma.vm_mm, addr, src_pte)
        pte = pte_wrprotect(paging, pte)
    if src_vma.vm_flags & VM_SHARED:
        pte = pte_mkclean(paging, pte)
    await set_pte_at(cpu, dst_vma.vm_mm, addr, dst_pte, pte_mkold(pte))


@traced
async def copy_page_range(cpu: Cpu, dst_vma: vm_area_struct, src_vma: vm_area_struct) -> None:
    """Copy the entries of one mapping to the child. Raises ENOMEM.

    The caller flushes the parent's translations afterwards, once for all mappings.
    """
    if not vma_needs_copy(src_vma):
        return
    async def pmd_entry(pmdp: int, addr: int, end: int) -> bool:
        dst_pmd = await pmd_alloc(cpu, dst_vma.vm_mm, addr)
        if is_vm_hugetlb_page(src_vma):
            await copy_hugetlb_pmd(cpu, dst_vma, src_vma, dst_pmd, pmdp, addr)
            return True
        return await copy_huge_pmd(cpu, dst_vma, src_vma, dst_pmd, pmdp, addr)

    for addr, src_pte, _ in await walk_page_range(
            cpu, src_vma.vm_mm, src_vma.vm_start, src_vma.vm_end, pmd_entry):
        dst_pte = await pte_alloc(cpu, dst_vma.vm_mm, addr)
        await spin_lock(cpu, pte_lockptr(src_vma.vm_mm))
        pte = await ptep_get(cpu, src_pte)
        if pte_present(pte):
            await copy_present_pte(cpu, dst_vma, src_vma, dst_pte, src_pte, pte, addr)
        pte_unmap_unlock(cpu, src_vma.vm_mm)
