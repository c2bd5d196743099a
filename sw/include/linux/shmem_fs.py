"""Files in memory, and their seals.

Ref: Linux 6.12, include/linux/shmem_fs.h, include/uapi/linux/fcntl.h, include/uapi/linux/memfd.h.
"""

from dataclasses import dataclass


__all__ = [
    "F_ALL_SEALS", "F_SEAL_EXEC", "F_SEAL_FUTURE_WRITE", "F_SEAL_GROW", "F_SEAL_SEAL",
    "F_SEAL_SHRINK", "F_SEAL_WRITE", "MFD_ALLOW_SEALING", "MFD_CLOEXEC", "MFD_EXEC", "MFD_HUGETLB",
    "MFD_NOEXEC_SEAL", "shmem_inode_info",
]


F_SEAL_SEAL         = 0x01  #: No further seals.
F_SEAL_SHRINK       = 0x02
F_SEAL_GROW         = 0x04
F_SEAL_WRITE        = 0x08  #: No writes, and no memory that it could be written by.
F_SEAL_FUTURE_WRITE = 0x10  #: The same, but for memory that is there already.
F_SEAL_EXEC         = 0x20  #: Its permission to be executed stays what it is.
F_ALL_SEALS         = 0x3F

MFD_CLOEXEC       = 0x01
MFD_ALLOW_SEALING = 0x02
MFD_HUGETLB       = 0x04
MFD_NOEXEC_SEAL   = 0x08
MFD_EXEC          = 0x10


@dataclass(eq=False, slots=True)
class shmem_inode_info:
    """State of a file in memory, beside its pages.

    Attributes
    ----------
    seals : :class:`int`
        F_SEAL_*: what can never be done to it again.
    """

    seals: int = F_SEAL_SEAL
