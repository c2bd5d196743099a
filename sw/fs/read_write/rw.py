"""read(), write(), pread() and pwrite(): calls of one buffer.

Ref: Linux 6.12, fs/read_write.c.
"""

from sw.arch.x86.lib.usercopy import access_ok
from sw.errno import Errno, KernelError
from sw.fs.file import fdget, fdget_pos
from sw.include.linux.fs import FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE, file, loff_t
from sw.include.linux.uio import iov_iter
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import MAX_RW_COUNT
from sw.processor.cpu import Cpu

from .verify import check_positioned, rw_verify_area, verify_mode


__all__ = [
    "call_read", "call_write", "ksys_pread64", "ksys_pwrite64", "ksys_read", "ksys_write",
    "vfs_read", "vfs_write",
]


async def call_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Have the file read into one buffer."""
    if filp.f_op.read is not None:
        return await filp.f_op.read(cpu, filp, buf, count, pos)
    assert filp.f_op.read_iter is not None
    return await filp.f_op.read_iter(cpu, filp, iov_iter([(buf, count)]), pos)


async def call_write(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Have the file write from one buffer."""
    if filp.f_op.write is not None:
        return await filp.f_op.write(cpu, filp, buf, count, pos)
    assert filp.f_op.write_iter is not None
    return await filp.f_op.write_iter(cpu, filp, iov_iter([(buf, count)]), pos)


def _verify(cpu: Cpu, filp: file, mode: int, buf: int, count: int, pos: int) -> int:
    """Check one call as a whole; return the bytes to move. EBADF, EINVAL, EFAULT, EOVERFLOW."""
    verify_mode(filp, mode)
    if not access_ok(cpu, buf, count):
        raise KernelError(Errno.EFAULT)
    rw_verify_area(cpu, filp, pos, count)
    return min(count, MAX_RW_COUNT)


@traced
async def vfs_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read at ``pos`` into the caller's memory; return the bytes done, and the new position."""
    count = _verify(cpu, filp, FMODE_READ, buf, count, pos)
    return await call_read(cpu, filp, buf, count, pos)


@traced
async def vfs_write(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Write at ``pos`` from the caller's memory; return the bytes done, and the new position."""
    count = _verify(cpu, filp, FMODE_WRITE, buf, count, pos)
    return await call_write(cpu, filp, buf, count, pos)


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
        check_positioned(filp, FMODE_PREAD)
        done, _ = await vfs_read(cpu, filp, buf, count, pos)
        return done


@traced
async def ksys_pwrite64(cpu: Cpu, fd: int, buf: int, count: int, pos: int) -> int:
    """Write at ``pos``; the file's position stays. EINVAL for a negative one, whatever the fd."""
    if pos < 0:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        check_positioned(filp, FMODE_PWRITE)
        done, _ = await vfs_write(cpu, filp, buf, count, pos)
        return done
