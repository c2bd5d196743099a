"""splice(): bytes between a pipe and a file, or another pipe, without being copied to a program.

Ref: Linux 6.12, fs/splice.c.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.pipe import get_pipe_info, pipe_lock
from sw.fs.read_write.verify import rw_verify_area
from sw.include.linux.fs import (
    FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE, O_APPEND, O_NONBLOCK, file, loff_t,
)
from sw.include.linux.pipe_fs_i import pipe_inode_info
from sw.include.linux.splice import SPLICE_F_ALL, SPLICE_F_NONBLOCK
from sw.lib.iov_iter import MAX_RW_COUNT
from sw.processor.cpu import Cpu

from .ends import wait_for_space
from .tee import splice_pipe_to_pipe


__all__ = ["do_splice_from", "do_splice_read", "splice_file_to_pipe", "sys_splice"]


async def do_splice_read(cpu: Cpu, in_: file, pos: int, pipe: pipe_inode_info,
                         length: int) -> tuple[int, int]:
    """Give the pipe references on pages of a file. EBADF; EINVAL for a file that has none.

    Returns the bytes, and the position behind them.
    """
    if not in_.f_mode & FMODE_READ:
        raise KernelError(Errno.EBADF)
    if not length:
        return 0, pos
    length = min(length, MAX_RW_COUNT, (pipe.max_usage - len(pipe.bufs)) * PAGE_SIZE)
    if in_.f_op.splice_read is None:
        raise KernelError(Errno.EINVAL)
    return await in_.f_op.splice_read(cpu, in_, pos, pipe, length)


async def splice_file_to_pipe(cpu: Cpu, in_: file, opipe: pipe_inode_info, pos: int, length: int,
                              flags: int) -> tuple[int, int]:
    """Move bytes of a file into a pipe that has place. Returns how many, and the position then."""
    async with pipe_lock(cpu, opipe):
        await wait_for_space(cpu, opipe, flags)
        return await do_splice_read(cpu, in_, pos, opipe, length)


async def do_splice_from(cpu: Cpu, pipe: pipe_inode_info, out: file, pos: int, length: int,
                         flags: int) -> tuple[int, int]:
    """Write bytes of a pipe to a file. EINVAL for a file that cannot take any.

    Returns the bytes, and the position behind them.
    """
    if out.f_op.splice_write is None:
        raise KernelError(Errno.EINVAL)
    return await out.f_op.splice_write(cpu, pipe, out, pos, min(length, MAX_RW_COUNT), flags)


async def _splice_to_pipe(cpu: Cpu, in_: file, offset: int | None, opipe: pipe_inode_info,
                          length: int, flags: int) -> tuple[int, int | None]:
    """Move bytes of a file into a pipe, from ``offset``, or from the file's position if it is None.

    Returns how many, and the offset behind them.
    """
    if offset is not None and not in_.f_mode & FMODE_PREAD:
        raise KernelError(Errno.EINVAL)
    pos = in_.f_pos if offset is None else offset
    rw_verify_area(cpu, in_, pos, length)
    done, pos = await splice_file_to_pipe(cpu, in_, opipe, pos, length, flags)
    if offset is not None:
        return done, loff_t(pos)
    in_.f_pos = loff_t(pos)
    return done, None


async def _splice_from_pipe(cpu: Cpu, ipipe: pipe_inode_info, out: file, offset: int | None,
                            length: int, flags: int) -> tuple[int, int | None]:
    """Write bytes of a pipe to a file, at ``offset``, or at the file's position if it is None.

    Returns how many, and the offset behind them.
    """
    if offset is not None and not out.f_mode & FMODE_PWRITE or out.f_flags & O_APPEND:
        raise KernelError(Errno.EINVAL)
    pos = out.f_pos if offset is None else offset
    rw_verify_area(cpu, out, pos, length)
    done, pos = await do_splice_from(cpu, ipipe, out, pos, length, flags)
    if offset is not None:
        return done, loff_t(pos)
    out.f_pos = loff_t(pos)
    return done, None


async def do_splice(cpu: Cpu, in_: file, out: file, offset: int | None, length: int,
                    flags: int) -> tuple[int, int | None]:
    """Choose by which of the two is a pipe. Returns the bytes moved, and the offset behind them.

    Raises EBADF, EINVAL for two that are no pipes and for one and the same, and what the way
    chosen raises.
    """
    ipipe, opipe = get_pipe_info(in_), get_pipe_info(out)
    if not in_.f_mode & FMODE_READ or not out.f_mode & FMODE_WRITE:
        raise KernelError(Errno.EBADF)
    if (in_.f_flags if ipipe else 0) & O_NONBLOCK or (out.f_flags if opipe else 0) & O_NONBLOCK:
        flags |= SPLICE_F_NONBLOCK
    if ipipe is not None and opipe is not None:
        if ipipe is opipe:
            raise KernelError(Errno.EINVAL)
        return await splice_pipe_to_pipe(cpu, ipipe, opipe, length, flags), None
    if ipipe is not None:
        return await _splice_from_pipe(cpu, ipipe, out, offset, length, flags)
    if opipe is not None:
        return await _splice_to_pipe(cpu, in_, offset, opipe, length, flags)
    raise KernelError(Errno.EINVAL)


async def sys_splice(cpu: Cpu, fd_in: int, off_in: int, fd_out: int, off_out: int, length: int,
                     flags: int) -> int:
    """Move bytes between a pipe and a file, or another pipe.

    Offsets in the file are at ``off_in`` and ``off_out``, or 0 for its own position. Nothing is
    checked if no bytes are to be moved. Raises EINVAL for other flags, EBADF, ESPIPE for an offset
    in a pipe, EFAULT, and what ``do_splice`` raises.
    """
    if not length:
        return 0
    if flags & ~SPLICE_F_ALL:
        raise KernelError(Errno.EINVAL)
    async with fdget(cpu, fd_in) as in_, fdget(cpu, fd_out) as out:
        if get_pipe_info(in_) and off_in or get_pipe_info(out) and off_out:
            raise KernelError(Errno.ESPIPE)
        at     = off_in or off_out
        offset = loff_t(await get_user(cpu, at, 8)) if at else None
        done, offset = await do_splice(cpu, in_, out, offset, length, flags)
        if offset is not None:
            await put_user(cpu, offset & (1 << 64) - 1, at, 8)
        return done
