"""Shared anonymous memory: a file without a name.

Ref: Linux 6.12, mm/shmem.c.
"""

from sw.fs.read_write.llseek import generic_file_llseek
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_RDWR, S_IFREG, address_space, file, file_operations, inode,
)
from sw.include.linux.mm_types import vm_area_struct, vm_operations_struct
from sw.processor.cpu import Cpu

from .filemap import filemap_fault, filemap_read, filemap_splice_read, generic_file_write_iter
from .page_alloc import put_page


__all__ = ["shmem_mmap", "shmem_vm_ops", "shmem_zero_setup"]


#: Memory without a disk behind it need not know of the first write.
shmem_vm_ops = vm_operations_struct(fault=filemap_fault)


def shmem_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Set the operations of a mapping."""
    vma.vm_ops = shmem_vm_ops


async def shmem_evict_inode(cpu: Cpu, node: inode, filp: file) -> None:
    """Free the pages of a file without a name, with its last mapping."""
    assert node.i_mapping is not None
    for cached in node.i_mapping.i_pages.values():
        cached.mapping = None
        put_page(cpu, cached)
    node.i_mapping.i_pages.clear()


shmem_file_operations = file_operations(
    llseek     = generic_file_llseek,
    read_iter  = filemap_read,
    write_iter = generic_file_write_iter,
    splice_read  = filemap_splice_read,
    splice_write = True,
    release    = shmem_evict_inode,
    mmap       = shmem_mmap,
)


def shmem_zero_setup(size: int) -> file:
    """Make the file without a name that shared anonymous memory is, of ``size`` bytes."""
    node = inode(S_IFREG | 0o600, 0, shmem_file_operations, i_size=size, i_mapping=address_space())
    return file(node, node.i_fop, FMODE_READ | FMODE_WRITE, O_RDWR)
