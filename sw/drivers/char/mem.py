"""/dev/zero, /dev/null, and /dev/mem: the machine's memory, for root to map.

Ref: Linux 6.12, drivers/char/mem.c; built without CONFIG_STRICT_DEVMEM, which keeps all but the
first MiB of memory from root.

/dev/mem can be mapped shared, and each page is mapped by its first access, where Linux maps all at
once. It is neither read nor written, nor mapped private: ENOSYS.
"""

from collections.abc import Mapping

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.lib.usercopy import clear_user
from sw.errno import Errno, KernelError
from sw.fs.splice.from_pipe import splice_from_pipe_to_nothing
from sw.fs.read_write.llseek import generic_file_llseek
from sw.include.linux.capability import CAP_SYS_RAWIO
from sw.include.linux.fs import S_IFCHR, file, file_operations, inode
from sw.include.linux.mm import (
    VM_DONTDUMP, VM_DONTEXPAND, VM_IO, VM_PFNMAP, VM_SHARED, is_cow_mapping,
)
from sw.include.linux.mm_types import vm_area_struct, vm_fault, vm_operations_struct
from sw.include.linux.pipe_fs_i import pipe_buffer, pipe_inode_info
from sw.include.linux.sched import signal_pending
from sw.kernel.capability import capable
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.access_phys import generic_access_phys
from sw.mm.memory.mem_map import mem_map
from sw.mm.mmap.special import vmf_insert_pfn
from sw.mm.page_alloc import __GFP_ZERO, GFP_HIGHUSER, alloc_page
from sw.mm.shmem import shmem_zero_setup
from sw.processor.cpu import Cpu


__all__ = ["memory_lookup"]


def null_lseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Stay where the file begins, which is everywhere."""
    filp.f_pos = 0
    return 0


async def read_null(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read nothing."""
    return 0, pos


async def write_null(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Drop what is written, without a look at it."""
    return count, pos


@traced
async def read_zero(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read zeros, as many as wanted. What stops it makes the result short, or is EFAULT."""
    done = 0
    while done < count:
        chunk = min(count - done, PAGE_SIZE)
        left  = await clear_user(cpu, buf + done, chunk)
        done += chunk - left
        if left:
            if not done:
                raise KernelError(Errno.EFAULT)
            break
        if signal_pending(current(cpu)):
            break
    return done, pos


@traced
async def splice_read_zero(cpu: Cpu, filp: file, pos: int, pipe: pipe_inode_info,
                           length: int) -> tuple[int, int]:
    """Give a pipe, which has place, pages of zeros of its own; the position stays. ENOMEM."""
    done = 0
    while done < length:
        size = min(PAGE_SIZE, length - done)
        pipe.bufs.append(pipe_buffer(await alloc_page(cpu, GFP_HIGHUSER | __GFP_ZERO), 0, size))
        done += size
    return done, pos


def mmap_zero(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Map memory without a file: shared if it may be written to by all, else each one's own."""
    if vma.vm_flags & VM_SHARED:
        shmem_zero_setup(cpu, vma)
        filp.f_count -= 1  # the caller's reference was for the mapping, which has another file now


zero_fops = file_operations(
    llseek       = null_lseek,
    read         = read_zero,
    write        = write_null,
    mmap         = mmap_zero,
    splice_read  = splice_read_zero,
    splice_write = splice_from_pipe_to_nothing,
)

null_fops = file_operations(llseek=null_lseek, read=read_null, write=write_null,
                            splice_write=splice_from_pipe_to_nothing)


# Memory itself

async def open_port(cpu: Cpu, node: inode, filp: file) -> None:
    """Let those in who may do anything to the machine. Raises EPERM."""
    if not capable(cpu, CAP_SYS_RAWIO):
        raise KernelError(Errno.EPERM)


async def read_mem(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Refuse: ENOSYS."""
    raise KernelError(Errno.ENOSYS)


@traced
async def mmap_mem_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Map the frame whose number is that of the page in the file."""
    return await vmf_insert_pfn(cpu, vmf, vmf.pgoff)


mmap_mem_ops = vm_operations_struct(fault=mmap_mem_fault, access=generic_access_phys)


def mmap_mem(cpu: Cpu, filp: file, vma: vm_area_struct) -> None:
    """Map frames, which have no references this way, and which nobody gets by get_user_pages.

    Raises EINVAL behind the end of memory, ENOSYS for a private mapping.
    """
    pages = vma.vm_end - vma.vm_start >> PAGE_SHIFT
    if vma.vm_pgoff + pages > mem_map(cpu).max_pfn:
        raise KernelError(Errno.EINVAL)
    if is_cow_mapping(vma.vm_flags):
        raise KernelError(Errno.ENOSYS)
    vma.vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP
    vma.vm_ops    = mmap_mem_ops


mem_fops = file_operations(llseek=generic_file_llseek, read=read_mem, write=read_mem, mmap=mmap_mem,
                           open=open_port)


_MODES: Mapping[str, int] = {"/dev/mem": 0o640}

_DEVICES: Mapping[str, file_operations] = {"/dev/zero": zero_fops, "/dev/null": null_fops,
                                            "/dev/mem": mem_fops}


def memory_lookup(path: str) -> inode | None:
    """Find a device of memory. All but /dev/mem are for everybody; ``None`` for other paths."""
    fops = _DEVICES.get(path)
    return None if fops is None else inode(S_IFCHR | _MODES.get(path, 0o666), 0, fops)
