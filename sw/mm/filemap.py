"""The page cache.

Ref: Linux 6.12, mm/filemap.c.

The contents of a file are in frames of the machine, written through the kernel's mappings. There
is no disk: a page that nobody has written is zeros.
"""

from dataclasses import replace

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pte_none, ptep_get
from sw.errno import Errno, KernelError
from sw.fs.libfs import simple_write_end
from sw.include.linux.fs import O_APPEND, address_space, file
from sw.include.linux.mm import PAGE_ALIGN, pte_lockptr
from sw.include.linux.mm_types import (
    VM_FAULT_NOPAGE, VM_FAULT_OOM, VM_FAULT_SIGBUS, page, vm_area_struct, vm_fault,
    vm_operations_struct,
)
from sw.include.linux.pipe_fs_i import pipe_buffer, pipe_inode_info
from sw.include.linux.sched import fatal_signal_pending
from sw.include.linux.uio import iov_iter, iov_iter_count
from sw.kconfig import kconfig
from sw.kernel.locking.rwsem import down_write, up_write
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import (
    copy_page_from_iter_atomic, copy_page_to_iter, fault_in_iov_iter_readable,
)
from sw.processor.cpu import Cpu

from .memory.file_fault import set_pte_range
from .page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_page, get_page, put_page
from .pgtable_generic import pte_unmap_unlock


__all__ = [
    "filemap_fault", "filemap_get_page", "filemap_map_pages", "filemap_read", "filemap_splice_read",
    "generic_file_mmap", "generic_file_vm_ops", "generic_file_write_iter", "is_hole",
]


async def filemap_get_page(cpu: Cpu, mapping: address_space, index: int) -> page:
    """Return page ``index`` of a file with a reference; a new one is zeros. Raises ENOMEM."""
    if index not in mapping.i_pages:
        new = await alloc_page(cpu, GFP_HIGHUSER_MOVABLE | __GFP_ZERO)
        if index in mapping.i_pages:  # somebody else was faster
            put_page(cpu, new)
        else:
            new.mapping, new.index = mapping, index
            mapping.i_pages[index] = new
    folio = mapping.i_pages[index]
    get_page(cpu, folio)
    return folio


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
async def filemap_map_pages(cpu: Cpu, vmf: vm_fault, start_pgoff: int, end_pgoff: int) -> int:
    """Map pages of the cache from ``start_pgoff`` to before ``end_pgoff`` where nothing is mapped.

    Returns VM_FAULT_NOPAGE if that of ``vmf`` is among them, else 0.
    """
    assert vmf.vma.vm_file is not None
    node, mm = vmf.vma.vm_file.f_inode, vmf.vma.vm_mm
    size, ret = kconfig(cpu).paging.entry_size, 0
    file_end  = PAGE_ALIGN(node.i_size) >> PAGE_SHIFT
    await spin_lock(cpu, pte_lockptr(mm))
    for pgoff in range(start_pgoff, min(end_pgoff, file_end)):
        folio    = node.i_mapping.i_pages.get(pgoff)
        distance = pgoff - vmf.pgoff
        ptep     = vmf.pte + distance * size
        if folio is None or not folio.uptodate or not pte_none(await ptep_get(cpu, ptep)):
            continue
        get_page(cpu, folio)
        await set_pte_range(
            cpu, replace(vmf, address=vmf.address + distance * PAGE_SIZE, pte=ptep), folio)
        ret |= VM_FAULT_NOPAGE if distance == 0 else 0
    pte_unmap_unlock(cpu, mm)
    return ret


@traced
async def filemap_page_mkwrite(cpu: Cpu, vmf: vm_fault) -> int:
    """Let a page become writable: it is dirty from now on."""
    assert vmf.page is not None
    vmf.page.dirty = True
    return 0


generic_file_vm_ops = vm_operations_struct(fault=filemap_fault, map_pages=filemap_map_pages,
                                           page_mkwrite=filemap_page_mkwrite)


def generic_file_mmap(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Set the operations of a mapping."""
    vma.vm_ops = generic_file_vm_ops


def is_hole(mapping: address_space, index: int) -> bool:
    """Tell whether a file has nothing at page ``index``: no page, or one that nobody has used."""
    return index not in mapping.i_pages or not mapping.i_pages[index].uptodate


async def _page_to_read(cpu: Cpu, mapping: address_space, index: int) -> page:
    """Return page ``index`` of a file, with a reference, for a reader. Raises ENOMEM."""
    if mapping.a_ops.read_hole is not None and is_hole(mapping, index):
        return mapping.a_ops.read_hole(cpu)
    return await filemap_get_page(cpu, mapping, index)


@traced
async def filemap_read(cpu: Cpu, filp: file, to: iov_iter, pos: int) -> tuple[int, int]:
    """Read up to the end of the file. What stops it makes the result short, or is its error."""
    node = filp.f_inode
    assert node.i_mapping is not None, "BUG: a file without a page cache"
    done, count = 0, iov_iter_count(to)
    try:
        while done < count and pos + done < node.i_size:
            index, offset = divmod(pos + done, PAGE_SIZE)
            size          = min(PAGE_SIZE - offset, count - done, node.i_size - pos - done)
            folio         = await _page_to_read(cpu, node.i_mapping, index)
            copied        = await copy_page_to_iter(cpu, folio, offset, size, to)
            put_page(cpu, folio)
            done  += copied
            if copied < size:
                raise KernelError(Errno.EFAULT)
    except KernelError:
        if not done:
            raise
    return done, pos + done


@traced
async def filemap_splice_read(cpu: Cpu, in_: file, pos: int, pipe: pipe_inode_info,
                              length: int) -> tuple[int, int]:
    """Give a pipe, which has place, the file's own pages up to its end.

    Returns the bytes, and the position behind them.
    """
    node = in_.f_inode
    assert node.i_mapping is not None, "BUG: a file without a page cache"
    done = 0
    while done < length and pos + done < node.i_size and len(pipe.bufs) < pipe.max_usage:
        index, offset = divmod(pos + done, PAGE_SIZE)
        size  = min(PAGE_SIZE - offset, length - done, node.i_size - pos - done)
        folio = await _page_to_read(cpu, node.i_mapping, index)
        pipe.bufs.append(pipe_buffer(folio, offset, size))
        done += size
    return done, pos + done


@traced
async def generic_perform_write(cpu: Cpu, filp: file, i: iov_iter, pos: int) -> tuple[int, int]:
    """Write, at the end with O_APPEND; the file grows.

    A failure makes the result short, or is raised if nothing was done: EFAULT, ENOMEM, EINTR, and
    what the file system refuses.
    The bytes behind those that were copied stay as they were. The copy itself takes no fault: the
    program's pages are made present before the file's page is touched, or once they were missed.
    """
    prefaults = kconfig(cpu).era.write_prefaults
    node = filp.f_inode
    assert node.i_mapping is not None, "BUG: a file without a page cache"
    pos  = node.i_size if filp.f_flags & O_APPEND else pos
    done, count = 0, iov_iter_count(i)
    try:
        while done < count:
            index, offset = divmod(pos + done, PAGE_SIZE)
            size = min(PAGE_SIZE - offset, count - done)
            if prefaults and await fault_in_iov_iter_readable(cpu, i, size) == size:
                raise KernelError(Errno.EFAULT)
            if fatal_signal_pending(current(cpu)):
                raise KernelError(Errno.EINTR)
            if node.i_mapping.a_ops.write_begin is not None:
                node.i_mapping.a_ops.write_begin(cpu, node, pos + done, size)
            folio  = await filemap_get_page(cpu, node.i_mapping, index)
            copied = await copy_page_from_iter_atomic(cpu, folio, offset, size, i)
            simple_write_end(cpu, node, pos + done, copied, folio)
            done  += copied
            if (not copied and not prefaults
                    and await fault_in_iov_iter_readable(cpu, i, size) == size):
                raise KernelError(Errno.EFAULT)
    except KernelError:
        if not done:
            raise
    return done, pos + done


async def generic_file_write_iter(cpu: Cpu, filp: file, from_: iov_iter,
                                  pos: int) -> tuple[int, int]:
    """Write, one caller at a time."""
    node = filp.f_inode
    await down_write(cpu, node.i_rwsem)
    try:
        return await generic_perform_write(cpu, filp, from_, pos)
    finally:
        up_write(cpu, node.i_rwsem)
