"""Files of huge pages from the pool: one without a name for each mmap() with MAP_HUGETLB.

Ref: Linux 6.12, fs/hugetlbfs/inode.c, and mm/hugetlb.c (hugetlb_vm_ops).

Nobody gets a descriptor of such a file: there is no mount, and memfd_create() makes none.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_RDWR, S_IFREG, address_space, file, file_operations, inode,
)
from sw.include.linux.hugetlb import resv_map
from sw.include.linux.mm import VM_DONTEXPAND, VM_MAYSHARE
from sw.include.linux.mm_types import vm_area_struct, vm_operations_struct
from sw.kconfig import kconfig
from sw.mm.hugetlb.pool import (
    hugetlb_acct_memory, hugetlb_reserve_pages, vma_hugecache_offset, vma_resv_map,
)
from sw.mm.page_alloc import put_page
from sw.processor.cpu import Cpu


__all__ = ["hugetlb_file_setup"]


def hugetlb_vm_op_split(cpu: Cpu, vma: vm_area_struct, addr: int) -> None:
    """Refuse to be cut within a page: EINVAL."""
    if addr % kconfig(cpu).paging.HPAGE_PMD_SIZE:
        raise KernelError(Errno.EINVAL)


def hugetlb_vm_op_close(cpu: Cpu, vma: vm_area_struct) -> None:
    """Take back what was promised to a private mapping, and not taken. A file keeps its own."""
    resv = vma_resv_map(vma)
    if resv is not None and not vma.vm_flags & VM_MAYSHARE:
        pages = range(vma_hugecache_offset(cpu, vma, vma.vm_start),
                      vma_hugecache_offset(cpu, vma, vma.vm_end))
        hugetlb_acct_memory(cpu, -len(set(pages) - resv.regions))


hugetlb_vm_ops = vm_operations_struct(may_split=hugetlb_vm_op_split, close=hugetlb_vm_op_close)


def hugetlbfs_file_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Set up a mapping, and promise it its pages. EINVAL within a page of the file; ENOMEM."""
    paging = kconfig(cpu).paging
    if (vma.vm_pgoff << PAGE_SHIFT) % paging.HPAGE_PMD_SIZE:
        raise KernelError(Errno.EINVAL)
    vma.vm_flags |= VM_DONTEXPAND
    vma.vm_ops    = hugetlb_vm_ops
    hugetlb_reserve_pages(cpu, filp.f_inode, vma_hugecache_offset(cpu, vma, vma.vm_start),
                          vma_hugecache_offset(cpu, vma, vma.vm_end), vma)


async def hugetlbfs_evict_inode(cpu: Cpu, node: inode, filp: file) -> None:
    """Give the pages of a shared file back, with its last mapping, and the promises left."""
    assert node.i_mapping is not None
    hugetlb_acct_memory(cpu, -len(node.i_private.regions - node.i_mapping.i_pages.keys()))
    for folio in node.i_mapping.i_pages.values():
        put_page(cpu, folio)
    node.i_mapping.i_pages.clear()


hugetlbfs_file_operations = file_operations(mmap=hugetlbfs_file_mmap,
                                            release=hugetlbfs_evict_inode)


def hugetlb_file_setup(cpu: Cpu, size: int) -> file:
    """Make a file of ``size`` bytes, which are whole huge pages."""
    node = inode(S_IFREG | 0o777, current(cpu).cred.fsuid, hugetlbfs_file_operations,
                 i_size=size, i_mapping=address_space(), i_private=resv_map())
    return file(node, node.i_fop, FMODE_READ | FMODE_WRITE, O_RDWR,
                f_path="/anon_hugepage (deleted)")
