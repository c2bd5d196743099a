"""Calls that move bytes between an open file and its caller's memory.

Ref: Linux 6.12, fs/read_write.c.

Every error that can be told without the file is told here, in the order of the C code.
"""

from sw.arch.x86.lib.usercopy import access_ok
from sw.errno import Errno, KernelError
from sw.include.linux.fs import FMODE_READ, FMODE_WRITE, SEEK_CUR, SEEK_END, file, loff_t
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .file import fdget, fdget_pos


__all__ = [
    "generic_file_llseek", "ksys_lseek", "ksys_pread64", "ksys_pwrite64", "ksys_read", "ksys_write",
    "vfs_read", "vfs_write",
]


#: Most bytes of one call: INT_MAX rounded down to a page.
MAX_RW_COUNT = 0x7FFF_F000


def rw_verify_area(cpu: Cpu, filp: file, pos: int, count: int) -> None:
    """Check the position, and that ``count`` is not negative as a signed number.

    Raises EINVAL for a negative count, and for a position or an end that is negative where
    positions are not addresses. Where they are, only a range that wraps is refused: EOVERFLOW.
    """
    if count > kconfig(cpu).paging.address_mask >> 1:
        raise KernelError(Errno.EINVAL)
    unsigned = filp.f_op.unsigned_offset
    if pos < 0:
        if not unsigned:
            raise KernelError(Errno.EINVAL)
        if count >= -pos:
            raise KernelError(Errno.EOVERFLOW)
    elif loff_t(pos + count) < 0 and not unsigned:
        raise KernelError(Errno.EINVAL)


def _verify(cpu: Cpu, filp: file, mode: int, buf: int, count: int, pos: int) -> int:
    """Check one call as a whole; return the bytes to move. EBADF, EFAULT, EINVAL, EOVERFLOW."""
    if not filp.f_mode & mode:
        raise KernelError(Errno.EBADF)
    if not access_ok(cpu, buf, count):
        raise KernelError(Errno.EFAULT)
    rw_verify_area(cpu, filp, pos, count)
    return min(count, MAX_RW_COUNT)


@traced
async def vfs_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read at ``pos`` into the caller's memory; return the bytes done, and the new position."""
    count = _verify(cpu, filp, FMODE_READ, buf, count, pos)
    return await filp.f_op.read(cpu, filp, buf, count, pos)


@traced
async def vfs_write(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Write at ``pos`` from the caller's memory; return the bytes done, and the new position."""
    count = _verify(cpu, filp, FMODE_WRITE, buf, count, pos)
    return await filp.f_op.write(cpu, filp, buf, count, pos)


@traced
async def ksys_read(cpu: Cpu, fd: int, buf: int, count: int) -> int:
    """Read at the file's position. Only success moves it."""
    async with fdget_pos(cpu, fd) as filp:
        done, pos  = await vfs_read(cpu, filp, buf, count, filp.f_pos)
        filp.f_pos = loff_t(pos)
        return done


@traced
async def ksys_write(cpu: Cpu, fd: int, buf: int, count: int) -> int:
    """Write at the file's position. Only success moves it."""
    async with fdget_pos(cpu, fd) as filp:
        done, pos  = await vfs_write(cpu, filp, buf, count, filp.f_pos)
        filp.f_pos = loff_t(pos)
        return done


@traced
async def ksys_pread64(cpu: Cpu, fd: int, buf: int, count: int, pos: int) -> int:
    """Read at ``pos``; the file's position stays. EINVAL for a negative one, whatever the fd."""
    if pos < 0:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        done, _ = await vfs_read(cpu, filp, buf, count, pos)
        return done


@traced
async def ksys_pwrite64(cpu: Cpu, fd: int, buf: int, count: int, pos: int) -> int:
    """Write at ``pos``; the file's position stays. EINVAL for a negative one, whatever the fd."""
    if pos < 0:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        done, _ = await vfs_write(cpu, filp, buf, count, pos)
        return done


@traced
async def ksys_lseek(cpu: Cpu, fd: int, offset: int, whence: int) -> int:
    """Set the file's position and return it, as the unsigned number that a register holds."""
    async with fdget_pos(cpu, fd) as filp:
        if whence > SEEK_END:
            raise KernelError(Errno.EINVAL)
        return filp.f_op.llseek(cpu, filp, offset, whence) & (1 << 64) - 1


def generic_file_llseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Set the position. Raises EINVAL if it would be negative."""
    base = {SEEK_CUR: filp.f_pos, SEEK_END: filp.f_inode.i_size}.get(whence, 0)
    if not 0 <= offset + base == loff_t(offset + base):
        raise KernelError(Errno.EINVAL)
    filp.f_pos = offset + base
    return filp.f_pos
