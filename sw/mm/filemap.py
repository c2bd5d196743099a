"""The page cache, and files that live in nothing else.

Ref: Linux 6.12, mm/filemap.c, fs/ramfs/inode.c, fs/ramfs/file-mmu.c, mm/shmem.c.

The contents of a file are in frames of the machine, written through the kernel's mappings. There
is no disk: a page that nobody has written is zeros. Truncation is not modelled.
"""

from dataclasses import dataclass, field

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_APPEND, O_RDWR, SEEK_CUR, SEEK_END, file, file_operations, inode,
    loff_t,
)
from sw.include.linux.mm import VM_FAULT_OOM, VM_FAULT_SIGBUS, vm_fault, vm_operations_struct
from sw.include.linux.mm_types import PAGE_SHIFT, PAGE_SIZE, page, vm_area_struct
from sw.include.linux.signal_types import fatal_signal_pending
from sw.kernel.locking.spinlock import down_write, up_write
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import (
    copy_page_from_iter_atomic, copy_page_to_iter, fault_in_iov_iter_readable,
)
from sw.processor.cpu import Cpu

from .page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_page, get_page, put_page


__all__ = [
    "address_space", "filemap_get_page", "generic_file_vm_ops", "ramfs_file_operations",
    "ramfs_get_inode", "shmem_vm_ops", "shmem_zero_setup",
]


@dataclass(eq=False, slots=True)
class address_space:
    """Pages of a file.

    Attributes
    ----------
    i_pages : :class:`dict`
        By page number in the file. The cache holds a reference on each.
    """

    i_pages: dict[int, page] = field(default_factory=dict)


async def filemap_get_page(cpu: Cpu, mapping: address_space, index: int) -> page:
    """Return page ``index`` of a file with a reference; a new one is zeros. Raises ENOMEM."""
    if index not in mapping.i_pages:
        new = await alloc_page(cpu, GFP_HIGHUSER_MOVABLE | __GFP_ZERO)
        if index in mapping.i_pages:  # somebody else was faster
            put_page(cpu, new)
        else:
            new.mapping, new.index = mapping, index
            mapping.i_pages[index] = new
    found = mapping.i_pages[index]
    get_page(cpu, found)
    return found


@traced
async def filemap_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Find the page that belongs at the address. Behind the last page there is none: SIGBUS."""
    assert vmf.vma.vm_file is not None
    node = vmf.vma.vm_file.f_inode
    if vmf.pgoff << PAGE_SHIFT >= node.i_size:
        return VM_FAULT_SIGBUS
    try:
        vmf.page = await filemap_get_page(cpu, node.i_mapping, vmf.pgoff)
    except KernelError:
        return VM_FAULT_OOM
    return 0


@traced
async def filemap_page_mkwrite(cpu: Cpu, vmf: vm_fault) -> int:
    """Let a page become writable: it is dirty from now on."""
    assert vmf.page is not None
    vmf.page.dirty = True
    return 0


generic_file_vm_ops = vm_operations_struct(fault=filemap_fault,
                                           page_mkwrite=filemap_page_mkwrite)

#: Memory without a disk behind it need not know of the first write.
shmem_vm_ops = vm_operations_struct(fault=filemap_fault)


def generic_file_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Say how the pages of a mapping are found."""
    vma.vm_ops = generic_file_vm_ops


def shmem_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Say how the pages of a mapping are found."""
    vma.vm_ops = shmem_vm_ops


def generic_file_llseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Set the position. Raises EINVAL if it would be negative."""
    base = {SEEK_CUR: filp.f_pos, SEEK_END: filp.f_inode.i_size}.get(whence, 0)
    if not 0 <= offset + base == loff_t(offset + base):
        raise KernelError(Errno.EINVAL)
    filp.f_pos = offset + base
    return filp.f_pos


@traced
async def filemap_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read up to the end of the file. What stops it makes the result short, or is its error."""
    node = filp.f_inode
    assert node.i_mapping is not None, "BUG: a file without a page cache"
    done = 0
    try:
        while done < count and pos + done < node.i_size:
            index, offset = divmod(pos + done, PAGE_SIZE)
            size   = min(PAGE_SIZE - offset, count - done, node.i_size - pos - done)
            page   = await filemap_get_page(cpu, node.i_mapping, index)
            copied = await copy_page_to_iter(cpu, page, offset, size, buf + done)
            put_page(cpu, page)
            done  += copied
            if copied < size:
                raise KernelError(Errno.EFAULT)
    except KernelError:
        if not done:
            raise
    return done, pos + done


def simple_write_end(cpu: Cpu, node: inode, pos: int, copied: int, page: page) -> None:
    """End what was begun with a reference on ``page``: ``copied`` bytes at ``pos`` are new."""
    if copied:
        page.dirty  = True
        node.i_size = max(node.i_size, pos + copied)
    put_page(cpu, page)


@traced
async def generic_perform_write(cpu: Cpu, filp: file, buf: int, count: int,
                                pos: int) -> tuple[int, int]:
    """Write, at the end with O_APPEND; the file grows.

    What stops it makes the result short, or is its error: EFAULT, ENOMEM or EINTR. The bytes
    behind those that were copied stay as they were. The program's pages are made present before
    the file's page is touched; the copy itself takes no fault.
    """
    node = filp.f_inode
    assert node.i_mapping is not None, "BUG: a file without a page cache"
    pos  = node.i_size if filp.f_flags & O_APPEND else pos
    done = 0
    try:
        while done < count:
            index, offset = divmod(pos + done, PAGE_SIZE)
            size = min(PAGE_SIZE - offset, count - done)
            if await fault_in_iov_iter_readable(cpu, buf + done, size) == size:
                raise KernelError(Errno.EFAULT)
            if fatal_signal_pending(current(cpu)):
                raise KernelError(Errno.EINTR)
            page   = await filemap_get_page(cpu, node.i_mapping, index)
            copied = await copy_page_from_iter_atomic(cpu, page, offset, size, buf + done)
            simple_write_end(cpu, node, pos + done, copied, page)
            done  += copied
    except KernelError:
        if not done:
            raise
    return done, pos + done


async def generic_file_write_iter(cpu: Cpu, filp: file, buf: int, count: int,
                                  pos: int) -> tuple[int, int]:
    """Write, one caller at a time."""
    node = filp.f_inode
    await down_write(cpu, node.i_rwsem)
    try:
        return await generic_perform_write(cpu, filp, buf, count, pos)
    finally:
        up_write(cpu, node.i_rwsem)


ramfs_file_operations = file_operations(
    llseek = generic_file_llseek,
    read   = filemap_read,
    write  = generic_file_write_iter,
    mmap   = generic_file_mmap,
)


async def shmem_evict_inode(cpu: Cpu, node: inode, filp: file) -> None:
    """Free the pages of a file without a name, with its last mapping."""
    assert node.i_mapping is not None
    for cached in node.i_mapping.i_pages.values():
        cached.mapping = None
        put_page(cpu, cached)
    node.i_mapping.i_pages.clear()


shmem_file_operations = file_operations(
    llseek  = generic_file_llseek,
    read    = filemap_read,
    write   = generic_file_write_iter,
    release = shmem_evict_inode,
    mmap    = shmem_mmap,
)


def ramfs_get_inode(mode: int, uid: int) -> inode:
    """Make an empty file."""
    return inode(mode, uid, ramfs_file_operations, i_mapping=address_space())


def shmem_zero_setup(size: int) -> file:
    """Make the file without a name that shared anonymous memory is, of ``size`` bytes."""
    node = inode(0o600, 0, shmem_file_operations, i_size=size, i_mapping=address_space())
    return file(node, node.i_fop, FMODE_READ | FMODE_WRITE, O_RDWR)
