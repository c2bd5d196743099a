"""Advice on huge pages, and small pages that are made one huge page.

Ref: Linux 6.12, mm/khugepaged.c. The daemon itself is not modelled.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import __va
from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pmd_populate, pmd_present, pte_page, pte_present, ptep_get, ptep_get_and_clear,
)
from sw.arch.x86.include.asm.pgtable_types import PTE_PFN_MASK
from sw.errno import Errno, KernelError
from sw.include.linux.mm import (
    VM_HUGEPAGE, VM_HUGETLB, VM_NOHUGEPAGE, VM_SPECIAL, pte_lockptr, vma_is_anonymous,
)
from sw.include.linux.mm_types import folio_pages, mm_struct, page, page_folio, vm_area_struct
from sw.include.linux.mman import MADV_HUGEPAGE
from sw.include.linux.mmap_lock import (
    mmap_read_lock, mmap_read_unlock, mmap_write_lock, mmap_write_unlock,
)
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import clear_highpage, copy_user_highpage
from sw.mm.huge_memory.fault import map_anon_folio_pmd, vma_alloc_anon_folio_pmd
from sw.mm.huge_memory.policy import has_transparent_hugepage
from sw.mm.memory.vm_page import vm_normal_page
from sw.mm.mmap.find import find_vma
from sw.mm.page_alloc import put_page
from sw.mm.pgtable_generic import (
    pgtable_trans_huge_deposit, pmdp_huge_clear_flush, pte_unmap_unlock,
)
from sw.mm.rmap import folio_remove_rmap_pte
from sw.mm.shmem import vma_is_shmem
from sw.processor.cpu import Cpu


__all__ = ["hugepage_madvise", "madvise_collapse"]


def hugepage_madvise(vm_flags: int, advice: int) -> int:
    """Return the flags of a mapping after MADV_HUGEPAGE or MADV_NOHUGEPAGE."""
    if advice == MADV_HUGEPAGE:
        return vm_flags & ~VM_NOHUGEPAGE | VM_HUGEPAGE
    return vm_flags & ~VM_HUGEPAGE | VM_NOHUGEPAGE


def hugepage_vma_check(cpu: Cpu, vma: vm_area_struct) -> None:
    """Refuse a mapping whose pages cannot be made huge ones, whatever the policy is.

    EINVAL also for one that has no room for a huge page, or in which nothing was ever written;
    ENOSYS for a file in memory, whose huge pages are not modelled.
    """
    size = kconfig(cpu).paging.HPAGE_PMD_SIZE
    last = vma.vm_end - size & ~(size - 1)
    if (vma.vm_flags & (VM_NOHUGEPAGE | VM_HUGETLB | VM_SPECIAL) or last < vma.vm_start
            or not has_transparent_hugepage(cpu)):
        raise KernelError(Errno.EINVAL)
    if vma_is_shmem(vma):
        raise KernelError(Errno.ENOSYS)
    if not vma_is_anonymous(vma) or not vma.anon_vma:
        raise KernelError(Errno.EINVAL)


async def mm_find_pmd(cpu: Cpu, mm: mm_struct, address: int) -> int | None:
    """Return the address of the entry for a huge page; None if there is no table of such."""
    paging = kconfig(cpu).paging
    table  = mm.pgd
    for shift in paging.shifts[:-2]:
        entry = await ptep_get(cpu, paging.entry(table, shift, address))
        if not pmd_present(entry):
            return None
        table = __va(cpu, entry & PTE_PFN_MASK)
    return paging.entry(table, paging.shifts[-2], address)


async def _small_pages(cpu: Cpu, vma: vm_area_struct, table: int) -> list[page | None]:
    """Return the pages that a table maps; None where there is none, or that of zeros.

    Raises EAGAIN if anybody holds a reference beside those who map one.
    """
    found: list[page | None] = []
    paging = kconfig(cpu).paging
    for number in range(paging.HPAGE_PMD_NR):
        pte = await ptep_get(cpu, table + number * paging.entry_size)
        found.append(vm_normal_page(cpu, vma, pte) if pte_present(pte) else None)
    for folio in {page_folio(pg) for pg in found if pg is not None}:
        if folio.refcount != folio.entire_mapcount + sum(pg.mapcount for pg in folio_pages(folio)):
            raise KernelError(Errno.EAGAIN)
    return found


async def _move_pages(cpu: Cpu, vma: vm_area_struct, address: int, pmdp: int, new: page) -> None:
    """Put what a table maps into a huge page, and that in its place. Raises EAGAIN.

    The mappings are locked for writing, so that nobody takes a fault meanwhile.
    """
    paging  = kconfig(cpu).paging
    mm      = vma.vm_mm
    await spin_lock(cpu, pte_lockptr(mm))
    pmd     = await pmdp_huge_clear_flush(cpu, vma, address, pmdp)
    pte_unmap_unlock(cpu, mm)
    pgtable = pte_page(cpu, pmd)
    table   = __va(cpu, pmd & PTE_PFN_MASK)
    try:
        pages = await _small_pages(cpu, vma, table)
    except KernelError:
        await spin_lock(cpu, pte_lockptr(mm))
        await pmd_populate(cpu, mm, pmdp, pgtable)
        pte_unmap_unlock(cpu, mm)
        raise
    for number, (to, pg) in enumerate(zip(folio_pages(new), pages, strict=True)):
        await ptep_get_and_clear(cpu, mm, address, table + number * paging.entry_size)
        if pg is None:
            await clear_highpage(cpu, to)
            continue
        await copy_user_highpage(cpu, to, pg, address, vma)
        folio_remove_rmap_pte(pg, vma)
        put_page(cpu, pg)
    await spin_lock(cpu, pte_lockptr(mm))
    pgtable_trans_huge_deposit(mm, pgtable)
    await map_anon_folio_pmd(cpu, new, pmdp, vma, address)
    pte_unmap_unlock(cpu, mm)


@traced
async def collapse_huge_page(cpu: Cpu, vma: vm_area_struct, address: int, pmd: int) -> None:
    """Make the small pages of a table, which the entry ``pmd`` names, a huge page.

    Enters and leaves with the mappings locked for reading, and gives that up meanwhile. Raises
    EAGAIN, ENOMEM; EINVAL if the mapping has changed.
    """
    mm = vma.vm_mm
    await _small_pages(cpu, vma, __va(cpu, pmd & PTE_PFN_MASK))
    new = await vma_alloc_anon_folio_pmd(cpu, 0)
    if new is None:
        raise KernelError(Errno.ENOMEM)
    mmap_read_unlock(cpu, mm)
    await mmap_write_lock(cpu, mm)
    try:
        found = find_vma(mm, address)
        pmdp  = await mm_find_pmd(cpu, mm, address)
        if (found is None or found.vm_start > address or pmdp is None
                or (await ptep_get(cpu, pmdp) ^ pmd) & PTE_PFN_MASK):
            raise KernelError(Errno.EINVAL)
        hugepage_vma_check(cpu, found)
        await _move_pages(cpu, found, address, pmdp, new)
    except KernelError:
        put_page(cpu, new)
        raise
    finally:
        mmap_write_unlock(cpu, mm)
        await mmap_read_lock(cpu, mm)


@traced
async def madvise_collapse(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Make all huge pages that there is room for in ``[start, end)``, whatever the policy is.

    Pages that others hold do not stop it, and are EAGAIN in the end. Raises EINVAL at the first
    place where there is nothing, ENOMEM; ENOSYS for a file in memory.
    """
    hugepage_vma_check(cpu, vma)
    mm, size = vma.vm_mm, kconfig(cpu).paging.HPAGE_PMD_SIZE
    failed: KernelError | None = None
    for address in range(start + size - 1 & ~(size - 1), end & ~(size - 1), size):
        pmdp = await mm_find_pmd(cpu, mm, address)
        if pmdp is None:
            failed = KernelError(Errno.EINVAL)
            continue
        pmd = await ptep_get(cpu, pmdp)
        if pmd_leaf(pmd):
            continue
        if not pmd_present(pmd):
            raise KernelError(Errno.EINVAL)
        try:
            await collapse_huge_page(cpu, vma, address, pmd)
        except KernelError as error:
            if error.errno != Errno.EAGAIN:
                raise
            failed = error
    if failed is not None:
        raise failed
