"""Error numbers, and the failure of a kernel function.

Ref: Linux 6.12, include/uapi/asm-generic/errno-base.h and errno.h.
"""

import enum


__all__ = ["Errno", "KernelError"]


class Errno(enum.IntEnum):
    """Error number, as user space sees it."""

    EPERM      = 1
    ENOENT     = 2
    ESRCH      = 3
    EINTR      = 4
    EIO        = 5
    ENXIO      = 6
    E2BIG      = 7
    ENOEXEC    = 8
    EBADF      = 9
    ECHILD     = 10
    EAGAIN     = 11
    ENOMEM     = 12
    EACCES     = 13
    EFAULT     = 14
    EBUSY      = 16
    EEXIST     = 17
    EXDEV      = 18
    ENODEV     = 19
    ENOTDIR    = 20
    EISDIR     = 21
    EINVAL     = 22
    EMFILE     = 24
    ENOTTY     = 25
    ETXTBSY    = 26
    EFBIG      = 27
    ENOSPC     = 28
    ESPIPE     = 29
    EMLINK     = 31
    EPIPE      = 32
    ENOSYS     = 38
    EOVERFLOW  = 75
    EOPNOTSUPP = 95


class KernelError(Exception):
    """Failure of a kernel function: ``return -EFAULT`` in C.

    Attributes
    ----------
    errno : :class:`Errno`
        Which error.
    """

    def __init__(self, errno: Errno):
        super().__init__(errno.name)
        self.errno = errno
