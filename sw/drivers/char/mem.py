"""/dev/zero and /dev/null.

Ref: Linux 6.12, drivers/char/mem.c.
"""

from collections.abc import Mapping

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.lib.usercopy import clear_user
from sw.errno import Errno, KernelError
from sw.fs.splice.from_pipe import splice_from_pipe_to_nothing
from sw.include.linux.fs import S_IFCHR, file, file_operations, inode
from sw.include.linux.mm import VM_SHARED
from sw.include.linux.mm_types import vm_area_struct
from sw.include.linux.pipe_fs_i import pipe_buffer, pipe_inode_info
from sw.include.linux.sched import signal_pending
from sw.kernel.trace.ftrace import traced
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


_DEVICES: Mapping[str, file_operations] = {"/dev/zero": zero_fops, "/dev/null": null_fops}


def memory_lookup(path: str) -> inode | None:
    """Find a device of memory, which everybody may read and write; ``None`` for other paths."""
    fops = _DEVICES.get(path)
    return None if fops is None else inode(S_IFCHR | 0o666, 0, fops)
