"""Files in memory: shared anonymous memory, which has no name, and those of memfd_create().

Ref: Linux 6.12, mm/shmem.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.errno import Errno, KernelError
from sw.fs.libfs import noop_fsync
from sw.fs.open.fallocate import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE
from sw.fs.read_write.llseek import generic_file_llseek
from sw.fs.splice.from_pipe import iter_file_splice_write
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, MAX_LFS_FILESIZE, O_RDWR, S_IFREG, SEEK_DATA, SEEK_HOLE,
    address_space, address_space_operations, file, file_operations, inode, inode_operations,
)
from sw.include.linux.mm import VM_UFFD_MINOR, PAGE_ALIGN
from sw.include.linux.mm_types import (
    VM_FAULT_SIGBUS, page, vm_area_struct, vm_fault, vm_operations_struct,
)
from sw.include.linux.shmem_fs import (
    F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE, shmem_inode_info,
)
from sw.kernel.locking.rwsem import down_write, up_write
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .filemap import (
    filemap_fault, filemap_get_page, filemap_map_pages, filemap_read, filemap_splice_read,
    generic_file_write_iter, is_hole,
)
from .memory.mem_map import empty_zero_page
from .memory.zap import unmap_mapping_range
from .page_alloc import get_page, put_page
from .truncate import truncate_pagecache_range, truncate_setsize


__all__ = [
    "shmem_file_operations", "shmem_file_setup", "shmem_mmap", "shmem_vm_ops", "shmem_zero_setup",
    "vma_is_shmem",
]


@traced
async def shmem_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Find the page like a file's, unless a program wants to be asked for one that there is."""
    assert vmf.vma.vm_file is not None
    if vmf.vma.vm_flags & VM_UFFD_MINOR and vmf.pgoff in vmf.vma.vm_file.f_inode.i_mapping.i_pages:
        return VM_FAULT_SIGBUS  # UFFD_FEATURE_SIGBUS
    ret = await filemap_fault(cpu, vmf)
    if vmf.page is not None:
        vmf.page.uptodate = True
    return ret


#: Memory without a disk behind it need not know of the first write.
shmem_vm_ops = vm_operations_struct(fault=shmem_fault, map_pages=filemap_map_pages)


def vma_is_shmem(vma: vm_area_struct) -> bool:
    """Tell whether it is of a file in memory."""
    return vma.vm_ops is shmem_vm_ops


def shmem_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Set the operations of a mapping."""
    vma.vm_ops = shmem_vm_ops


async def shmem_evict_inode(cpu: Cpu, node: inode, filp: file) -> None:
    """Free the pages of a file without a name, with its last descriptor and mapping."""
    assert node.i_mapping is not None
    for cached in node.i_mapping.i_pages.values():
        cached.mapping = None
        put_page(cpu, cached)
    node.i_mapping.i_pages.clear()


def _seals(node: inode) -> int:
    info: shmem_inode_info = node.i_private
    return info.seals


async def shmem_setattr(cpu: Cpu, node: inode, size: int) -> None:
    """Give the file another size. Raises EPERM if a seal forbids that."""
    if (size < node.i_size and _seals(node) & F_SEAL_SHRINK
            or size > node.i_size and _seals(node) & F_SEAL_GROW):
        raise KernelError(Errno.EPERM)
    await truncate_setsize(cpu, node, size)


def shmem_write_begin(cpu: Cpu, node: inode, pos: int, length: int) -> None:
    """Refuse what the seals forbid, page by page: with F_SEAL_GROW those that would make it grow.

    Raises EPERM.
    """
    if (_seals(node) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
            or _seals(node) & F_SEAL_GROW and pos + length > node.i_size):
        raise KernelError(Errno.EPERM)


def shmem_read_hole(cpu: Cpu) -> page:
    """Return the page of zeros: reading makes no page."""
    get_page(cpu, empty_zero_page(cpu))
    return empty_zero_page(cpu)


shmem_aops = address_space_operations(write_begin=shmem_write_begin, read_hole=shmem_read_hole)


async def _make_pages(cpu: Cpu, node: inode, index: int, behind: int) -> None:
    """Make those pages of a file that are not there, or none. Raises ENOMEM.

    One that was made before, and that nobody has used, is no hole any more.
    """
    assert node.i_mapping is not None
    pages = node.i_mapping.i_pages
    made: list[int] = []
    try:
        for missing in range(index, behind):
            if missing in pages:
                pages[missing].uptodate = True
                continue
            folio = await filemap_get_page(cpu, node.i_mapping, missing)
            folio.uptodate = False
            put_page(cpu, folio)
            made.append(missing)
    except KernelError:
        for missing in made:
            await truncate_pagecache_range(cpu, node, missing * PAGE_SIZE,
                                           (missing + 1) * PAGE_SIZE)
        raise


@traced
async def shmem_fallocate(cpu: Cpu, filp: file, mode: int, offset: int, length: int) -> None:
    """Make pages for a range, and the file as long as that; or punch a hole into it.

    A page that was made is a hole to readers until it is written, or mapped by a fault. Raises
    EOPNOTSUPP for anything else, EPERM if a seal forbids it; ENOMEM, and nothing is made.
    """
    if mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE):
        raise KernelError(Errno.EOPNOTSUPP)
    node = filp.f_inode
    await down_write(cpu, node.i_rwsem)
    try:
        if mode & FALLOC_FL_PUNCH_HOLE:
            if _seals(node) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE):
                raise KernelError(Errno.EPERM)
            assert node.i_mapping is not None
            if offset + length < PAGE_SIZE:
                # Linux takes the last byte of whole pages, -1 here, for the largest there is.
                await unmap_mapping_range(cpu, node.i_mapping, PAGE_ALIGN(offset), MAX_LFS_FILESIZE,
                                          even_cows=False)
            await truncate_pagecache_range(cpu, node, offset, offset + length)
            return
        end = offset + length
        if _seals(node) & F_SEAL_GROW and end > node.i_size:
            raise KernelError(Errno.EPERM)
        await _make_pages(cpu, node, offset // PAGE_SIZE, PAGE_ALIGN(end) // PAGE_SIZE)
        if not mode & FALLOC_FL_KEEP_SIZE:
            node.i_size = max(node.i_size, end)
    finally:
        up_write(cpu, node.i_rwsem)


def shmem_file_llseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Set the position; also to the next page that holds something, or the next that does not.

    Raises EINVAL, and ENXIO behind the end.
    """
    node = filp.f_inode
    if whence not in (SEEK_DATA, SEEK_HOLE):
        return generic_file_llseek(cpu, filp, offset, whence)
    if not 0 <= offset < node.i_size:
        raise KernelError(Errno.ENXIO)
    assert node.i_mapping is not None
    index, behind = offset // PAGE_SIZE, PAGE_ALIGN(node.i_size) // PAGE_SIZE
    while index < behind and is_hole(node.i_mapping, index) == (whence == SEEK_DATA):
        index += 1
    if index == behind and whence == SEEK_DATA:
        raise KernelError(Errno.ENXIO)
    filp.f_pos = min(max(offset, index * PAGE_SIZE), node.i_size)
    return filp.f_pos


shmem_inode_operations = inode_operations(setattr=shmem_setattr)

shmem_file_operations = file_operations(
    llseek       = shmem_file_llseek,
    read_iter    = filemap_read,
    write_iter   = generic_file_write_iter,
    splice_read  = filemap_splice_read,
    splice_write = iter_file_splice_write,
    release      = shmem_evict_inode,
    mmap         = shmem_mmap,
    fsync        = noop_fsync,
    fallocate    = shmem_fallocate,
)


def shmem_file_setup(cpu: Cpu, name: str, size: int) -> file:
    """Make a file of ``size`` bytes, which nobody can open by its name."""
    node = inode(S_IFREG | 0o777, current(cpu).cred.fsuid, shmem_file_operations,
                 shmem_inode_operations, size, address_space(a_ops=shmem_aops),
                 shmem_inode_info())
    return file(node, node.i_fop, FMODE_READ | FMODE_WRITE, O_RDWR, f_path=f"/{name} (deleted)")


def shmem_zero_setup(cpu: Cpu, vma: vm_area_struct) -> None:
    """Put a new file without a name behind a mapping that nobody has used yet."""
    vma.vm_file = shmem_file_setup(cpu, "dev/zero", vma.vm_end - vma.vm_start)
    vma.vm_ops  = shmem_vm_ops
