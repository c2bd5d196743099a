"""Checks before a file is asked to read or write.

Ref: Linux 6.12, fs/read_write.c.

Every error that can be told without the file is told here, in the order of the C code.
"""

from sw.errno import Errno, KernelError
from sw.include.linux.fs import FMODE_READ, file, loff_t
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu


__all__ = ["check_positioned", "rw_verify_area", "verify_mode"]


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


def verify_mode(filp: file, mode: int) -> None:
    """Refuse what the file is not open for (EBADF), and what it cannot do (EINVAL)."""
    if not filp.f_mode & mode:
        raise KernelError(Errno.EBADF)
    operations = ((filp.f_op.read, filp.f_op.read_iter) if mode == FMODE_READ else
                  (filp.f_op.write, filp.f_op.write_iter))
    if operations == (None, None):
        raise KernelError(Errno.EINVAL)


def check_positioned(filp: file, mode: int) -> None:
    """Refuse a position where there is none: ESPIPE. ``mode``: FMODE_PREAD or FMODE_PWRITE."""
    if not filp.f_mode & mode:
        raise KernelError(Errno.ESPIPE)
