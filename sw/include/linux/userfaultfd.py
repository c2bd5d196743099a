"""Numbers of userfaultfd().

Ref: Linux 6.12, include/uapi/linux/userfaultfd.h.
"""

__all__ = [
    "UFFD_API", "UFFD_FEATURE_MINOR_SHMEM", "UFFD_FEATURE_SIGBUS", "UFFD_USER_MODE_ONLY",
    "UFFDIO_API", "UFFDIO_CONTINUE", "UFFDIO_CONTINUE_MODE_DONTWAKE", "UFFDIO_REGISTER",
    "UFFDIO_REGISTER_MODE_MINOR", "UFFDIO_REGISTER_MODES", "UFFDIO_UNREGISTER",
]


UFFD_USER_MODE_ONLY = 1

UFFD_API = 0xAA

UFFD_FEATURE_SIGBUS      = 1 << 7   #: A fault that somebody is to answer is SIGBUS at once.
UFFD_FEATURE_MINOR_SHMEM = 1 << 10  #: Faults on pages that are in the file, and have no entry.

# The commands carry the sizes of their structures.
UFFDIO_API        = 0xC018_AA3F
UFFDIO_REGISTER   = 0xC020_AA00
UFFDIO_UNREGISTER = 0x8010_AA01
UFFDIO_CONTINUE   = 0xC020_AA07

UFFDIO_REGISTER_MODE_MINOR = 1 << 2
UFFDIO_REGISTER_MODES      = 0b111  #: Missing pages, write protection, and these.

UFFDIO_CONTINUE_MODE_DONTWAKE = 1
