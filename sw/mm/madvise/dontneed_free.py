"""Advice to drop pages: at once, when memory is short, or from the file too.

Ref: Linux 6.12, mm/madvise.c (madvise_dontneed_free, madvise_free_single_vma, madvise_remove).
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_mkclean, pte_mkold, pte_young
from sw.errno import Errno, KernelError
from sw.fs.file_table import fput
from sw.fs.open.fallocate import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, vfs_fallocate
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.fs import get_file
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import (
    VM_LOCKED, VM_MAYWRITE, VM_PFNMAP, VM_SHARED, vma_is_anonymous,
)
from sw.include.linux.mm_types import folio_pages, page, page_folio, vm_area_struct
from sw.include.linux.mman import MADV_DONTNEED_LOCKED, MADV_FREE
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.kconfig import kconfig
from sw.mm.memory.zap import zap_page_range_single
from sw.processor.cpu import Cpu

from .walk import Entry, mapped_once, modify_entry, walk_pages


__all__ = ["madvise_dontneed_free", "madvise_remove"]


async def madvise_free_single_vma(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Have the pages be freed when memory is short, unless they are written before. EINVAL.

    Memory is never short here, so they stay until they are paged out (MADV_PAGEOUT). A page that
    others map too, and that the kernel has written to, is not freed.
    """
    if not vma_is_anonymous(vma):
        raise KernelError(Errno.EINVAL)
    paging = kconfig(cpu).paging

    async def page_entry(tlb: mmu_gather, entry: Entry, pg: page) -> None:
        huge  = page_folio(pg).entire_mapcount
        pages = folio_pages(pg) if huge else (pg,)
        if any(one.dirty for one in pages) and not mapped_once(pg):
            return
        if pte_young(entry[2]) or pte_dirty(paging, entry[2]):
            await modify_entry(cpu, tlb, vma, entry,
                               lambda pte: pte_mkclean(paging, pte_mkold(pte)))
        for one in pages:
            one.dirty, one.lazyfree = False, True

    await walk_pages(cpu, vma, start, end, page_entry)


async def madvise_dontneed_free(cpu: Cpu, vma: vm_area_struct, start: int, end: int,
                                behavior: int) -> None:
    """Drop the pages of one mapping. Raises EINVAL if they are locked, or have no struct page.

    Pages of the pool are dropped whole: from the first on, whose address it must be (EINVAL), those
    of which all is in the range.
    """
    forbidden = VM_PFNMAP if behavior == MADV_DONTNEED_LOCKED else VM_PFNMAP | VM_LOCKED
    if vma.vm_flags & forbidden or behavior == MADV_FREE and is_vm_hugetlb_page(vma):
        raise KernelError(Errno.EINVAL)
    if behavior == MADV_FREE:
        await madvise_free_single_vma(cpu, vma, start, end)
        return
    if is_vm_hugetlb_page(vma):
        size = kconfig(cpu).paging.HPAGE_PMD_SIZE
        end -= end % size
        if start % size:
            raise KernelError(Errno.EINVAL)
    if start < end:
        await zap_page_range_single(cpu, vma, start, end - start)


async def madvise_remove(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Punch a hole into the file behind a shared mapping.

    The lock of the mappings is given up meanwhile. Raises EINVAL for locked memory and memory
    without a file, EACCES for a private mapping, and what the file refuses.
    """
    filp = vma.vm_file
    if vma.vm_flags & VM_LOCKED or filp is None or filp.f_inode.i_mapping is None:
        raise KernelError(Errno.EINVAL)
    shared = VM_SHARED | VM_MAYWRITE
    if vma.vm_flags & shared != shared:
        raise KernelError(Errno.EACCES)
    mm, offset = vma.vm_mm, start - vma.vm_start + (vma.vm_pgoff << PAGE_SHIFT)
    get_file(filp)
    mmap_read_unlock(cpu, mm)
    try:
        await vfs_fallocate(cpu, filp, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                            end - start)
    finally:
        await fput(cpu, filp)
        await mmap_read_lock(cpu, mm)
