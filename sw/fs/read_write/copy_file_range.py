"""copy_file_range(): bytes from one file to another of the same file system.

Ref: Linux 6.12, fs/read_write.c (vfs_copy_file_range, generic_copy_file_checks).

No file system here shares blocks between files, so bytes are copied.
"""

from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.splice.direct import do_splice_direct
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, O_APPEND, S_IFMT, S_IFREG, file, loff_t,
)
from sw.lib.iov_iter import MAX_RW_COUNT
from sw.processor.cpu import Cpu

from .verify import rw_verify_area


__all__ = ["sys_copy_file_range", "vfs_copy_file_range"]


_UNSIGNED = (1 << 64) - 1


def generic_copy_file_checks(in_: file, pos_in: int, out: file, pos_out: int, count: int) -> int:
    """Return the bytes that there are to copy.

    Raises EINVAL, EBADF, EXDEV, EOVERFLOW, EFBIG. A file system is known by its operations.
    """
    if any(filp.f_inode.i_mode & S_IFMT != S_IFREG for filp in (in_, out)):
        raise KernelError(Errno.EINVAL)
    if (not in_.f_mode & FMODE_READ or not out.f_mode & FMODE_WRITE
            or out.f_flags & O_APPEND):
        raise KernelError(Errno.EBADF)
    if in_.f_op is not out.f_op:
        raise KernelError(Errno.EXDEV)
    if any((pos & _UNSIGNED) + count > _UNSIGNED for pos in (pos_in, pos_out)):
        raise KernelError(Errno.EOVERFLOW)
    count = max(0, min(count, in_.f_inode.i_size - pos_in))
    if pos_out >= out.f_inode.s_maxbytes:
        raise KernelError(Errno.EFBIG)
    count = min(count, out.f_inode.s_maxbytes - pos_out)
    if in_.f_inode is out.f_inode and pos_in < pos_out + count and pos_out < pos_in + count:
        raise KernelError(Errno.EINVAL)
    return count


async def vfs_copy_file_range(cpu: Cpu, in_: file, pos_in: int, out: file, pos_out: int,
                              length: int) -> int:
    """Copy up to ``length`` bytes; fewer at the end of the file. Raises what the files refuse."""
    count = generic_copy_file_checks(in_, pos_in, out, pos_out, length)
    rw_verify_area(cpu, in_, pos_in, count)
    rw_verify_area(cpu, out, pos_out, count)
    count      = min(count, MAX_RW_COUNT)
    done, _, _ = await do_splice_direct(cpu, in_, pos_in, out, pos_out, count)
    return done


async def sys_copy_file_range(cpu: Cpu, fd_in: int, off_in: int, fd_out: int, off_out: int,
                              length: int, flags: int) -> int:
    """Copy from one file to another; each offset is in memory, or 0 for the file's position.

    Raises EBADF, EFAULT, EINVAL for any flag, and what ``vfs_copy_file_range`` raises.
    """
    async with fdget(cpu, fd_in) as in_, fdget(cpu, fd_out) as out:
        pos_in  = loff_t(await get_user(cpu, off_in, 8)) if off_in else in_.f_pos
        pos_out = loff_t(await get_user(cpu, off_out, 8)) if off_out else out.f_pos
        if flags:
            raise KernelError(Errno.EINVAL)
        done = await vfs_copy_file_range(cpu, in_, pos_in, out, pos_out, length)
        for filp, offset, pos in ((in_, off_in, pos_in), (out, off_out, pos_out)):
            if not done:
                break
            if offset:
                await put_user(cpu, pos + done, offset, 8)
            else:
                filp.f_pos = pos + done
        return done
