"""Pages that a program puts into its own page tables.

Ref: Linux 6.12, mm/userfaultfd.c (mfill_atomic_continue). Only pages that a file in memory has.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import (
    mk_pte, pte_mkdirty, pte_mkwrite, pte_none, ptep_get, set_pte_at,
)
from sw.errno import Errno, KernelError
from sw.include.linux.mm import VM_SHARED, VM_WRITE, pte_lockptr
from sw.include.linux.mm_types import mm_struct, page, vm_area_struct
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.include.linux.pagemap import linear_page_index
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .memory.pgtable import pte_alloc
from .mmap.find import vma_lookup
from .page_alloc import get_page
from .pgtable_generic import pte_unmap_unlock
from .rmap import folio_add_file_rmap_pte


__all__ = ["mfill_atomic_continue"]


@traced
async def mfill_atomic_install_pte(cpu: Cpu, dst_vma: vm_area_struct, dst_addr: int,
                                   folio: page) -> None:
    """Map a page of the file; read-only if the mapping is private. Raises EEXIST, ENOMEM."""
    mm, paging = dst_vma.vm_mm, kconfig(cpu).paging
    writable   = dst_vma.vm_flags & (VM_WRITE | VM_SHARED) == VM_WRITE | VM_SHARED
    entry      = mk_pte(paging, folio, dst_vma.vm_page_prot)
    if kconfig(cpu).era.uffd_fill.marks_dirty(writable=writable):
        entry = pte_mkdirty(paging, entry)
    if writable:
        entry = pte_mkwrite(paging, entry, dst_vma)
    ptep = await pte_alloc(cpu, mm, dst_addr)
    await spin_lock(cpu, pte_lockptr(mm))
    try:
        if not pte_none(await ptep_get(cpu, ptep)):
            raise KernelError(Errno.EEXIST)
        get_page(cpu, folio)
        folio_add_file_rmap_pte(folio)
        await set_pte_at(cpu, mm, dst_addr, ptep, entry)
    finally:
        pte_unmap_unlock(cpu, mm)


async def mcontinue_atomic_pte(cpu: Cpu, dst_vma: vm_area_struct, dst_addr: int) -> None:
    """Map the page that the file has for ``dst_addr``. EFAULT if it has none; EINVAL behind it."""
    assert dst_vma.vm_file is not None
    node, index = dst_vma.vm_file.f_inode, linear_page_index(dst_vma, dst_addr)
    if index << PAGE_SHIFT >= node.i_size:
        raise KernelError(Errno.EINVAL)
    folio = node.i_mapping.i_pages.get(index)
    if folio is None:
        raise KernelError(Errno.EFAULT)
    await mfill_atomic_install_pte(cpu, dst_vma, dst_addr, folio)


@traced
async def mfill_atomic_continue(cpu: Cpu, mm: mm_struct, dst_start: int, length: int) -> int:
    """Map pages of one mapping that is registered; return the bytes.

    What stops it makes the result short, or is raised: ENOENT without such a mapping, EEXIST where
    an entry is already, EFAULT, EINVAL.
    """
    done = 0
    await mmap_read_lock(cpu, mm)
    try:
        vma = vma_lookup(mm, dst_start)
        if vma is None or dst_start + length > vma.vm_end or vma.vm_userfaultfd_ctx is None:
            raise KernelError(Errno.ENOENT)
        while done < length:
            await mcontinue_atomic_pte(cpu, vma, dst_start + done & PAGE_MASK)
            done += PAGE_SIZE
    except KernelError:
        if not done:
            raise
    finally:
        mmap_read_unlock(cpu, mm)
    return done
