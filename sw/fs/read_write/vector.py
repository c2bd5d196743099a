"""readv(), writev() and their kind: calls of several buffers.

Ref: Linux 6.12, fs/read_write.c.
"""

from sw.errno import Errno, KernelError
from sw.fs.file import fdget, fdget_pos
from sw.include.linux.fs import FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE, file, loff_t
from sw.include.linux.uio import iov_iter, iov_iter_count
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import import_iovec
from sw.processor.cpu import Cpu

from .rw import call_read, call_write
from .verify import check_positioned, rw_verify_area, verify_mode


__all__ = ["sys_preadv", "sys_pwritev", "sys_readv", "sys_writev", "vfs_readv", "vfs_writev"]


async def _loop(cpu: Cpu, filp: file, mode: int, i: iov_iter, pos: int) -> tuple[int, int]:
    """Read or write one buffer after the other, up to the first that is short or fails.

    Raises why only if nothing was done (do_loop_readv_writev).
    """
    one, done = call_read if mode == FMODE_READ else call_write, 0
    for base, length in i.segments:
        try:
            count, pos = await one(cpu, filp, base, length, pos)
        except KernelError:
            if not done:
                raise
            break
        done += count
        if count != length:
            break
    return done, pos


async def _vector(cpu: Cpu, filp: file, mode: int, vec: int, vlen: int,
                  pos: int) -> tuple[int, int]:
    """Check one call with an array of buffers, and have the file do it."""
    verify_mode(filp, mode)
    i = await import_iovec(cpu, vec, vlen)
    if not iov_iter_count(i):
        return 0, pos
    rw_verify_area(cpu, filp, pos, iov_iter_count(i))
    whole = filp.f_op.read_iter if mode == FMODE_READ else filp.f_op.write_iter
    if whole is not None:
        return await whole(cpu, filp, i, pos)
    return await _loop(cpu, filp, mode, i, pos)


@traced
async def vfs_readv(cpu: Cpu, filp: file, vec: int, vlen: int, pos: int) -> tuple[int, int]:
    """Read at ``pos`` into the buffers of an array; return bytes done, and the new position."""
    return await _vector(cpu, filp, FMODE_READ, vec, vlen, pos)


@traced
async def vfs_writev(cpu: Cpu, filp: file, vec: int, vlen: int, pos: int) -> tuple[int, int]:
    """Write at ``pos`` from the buffers of an array; return bytes done, and the new position."""
    return await _vector(cpu, filp, FMODE_WRITE, vec, vlen, pos)


async def sys_readv(cpu: Cpu, fd: int, vec: int, vlen: int) -> int:
    """Read at the file's position into several buffers. Only success moves it."""
    async with fdget_pos(cpu, fd) as filp:
        done, pos  = await vfs_readv(cpu, filp, vec, vlen, filp.f_pos)
        filp.f_pos = loff_t(pos)
        return done


async def sys_writev(cpu: Cpu, fd: int, vec: int, vlen: int) -> int:
    """Write at the file's position from several buffers. Only success moves it."""
    async with fdget_pos(cpu, fd) as filp:
        done, pos  = await vfs_writev(cpu, filp, vec, vlen, filp.f_pos)
        filp.f_pos = loff_t(pos)
        return done


async def sys_preadv(cpu: Cpu, fd: int, vec: int, vlen: int, pos: int) -> int:
    """Read at ``pos`` into several buffers; the file's position stays. Fails like pread."""
    if pos < 0:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        check_positioned(filp, FMODE_PREAD)
        done, _ = await vfs_readv(cpu, filp, vec, vlen, pos)
        return done


async def sys_pwritev(cpu: Cpu, fd: int, vec: int, vlen: int, pos: int) -> int:
    """Write at ``pos`` from several buffers; the file's position stays. Fails like pwrite."""
    if pos < 0:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd) as filp:
        check_positioned(filp, FMODE_PWRITE)
        done, _ = await vfs_writev(cpu, filp, vec, vlen, pos)
        return done
