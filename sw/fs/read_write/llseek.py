"""lseek(): the position of an open file.

Ref: Linux 6.12, fs/read_write.c.
"""

from sw.errno import Errno, KernelError
from sw.fs.file import fdget_pos
from sw.include.linux.fs import (
    FMODE_LSEEK, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_MAX, file, loff_t,
)
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu


__all__ = ["generic_file_llseek", "ksys_lseek"]


@traced
async def ksys_lseek(cpu: Cpu, fd: int, offset: int, whence: int) -> int:
    """Set the file's position and return it, as the unsigned number that a register holds."""
    async with fdget_pos(cpu, fd) as filp:
        if whence > SEEK_MAX:
            raise KernelError(Errno.EINVAL)
        if not filp.f_mode & FMODE_LSEEK:
            raise KernelError(Errno.ESPIPE)
        assert filp.f_op.llseek is not None
        return filp.f_op.llseek(cpu, filp, offset, whence) & (1 << 64) - 1


def generic_file_llseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Set the position. Raises EINVAL if it would be negative.

    Up to its end a file is all data, and there a hole begins; ENXIO behind it.
    """
    if whence in (SEEK_DATA, SEEK_HOLE):
        if not 0 <= offset < filp.f_inode.i_size:
            raise KernelError(Errno.ENXIO)
        offset = offset if whence == SEEK_DATA else filp.f_inode.i_size
    base = {SEEK_CUR: filp.f_pos, SEEK_END: filp.f_inode.i_size}.get(whence, 0)
    if not 0 <= offset + base == loff_t(offset + base):
        raise KernelError(Errno.EINVAL)
    filp.f_pos = offset + base
    return filp.f_pos
