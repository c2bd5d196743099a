"""Limits of a process's use of resources.

Ref: Linux 6.12, include/uapi/linux/resource.h, include/uapi/asm-generic/resource.h,
include/asm-generic/resource.h.
"""

from collections.abc import Mapping
from dataclasses import dataclass


__all__ = [
    "INIT_RLIMITS", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_MEMLOCK", "RLIMIT_STACK", "RLIM_INFINITY",
    "RLIM_NLIMITS", "rlimit",
]


RLIMIT_DATA    = 2  # private writable memory
RLIMIT_STACK   = 3  # one stack
RLIMIT_MEMLOCK = 8  # locked memory
RLIMIT_AS      = 9  # all memory that is mapped
RLIM_NLIMITS   = 16

RLIM_INFINITY = (1 << 64) - 1

#: Default limit of a stack, and of locked memory.
_STK_LIM    = 8 << 20
MLOCK_LIMIT = 8 << 20


@dataclass(frozen=True, slots=True)
class rlimit:
    """One limit, in bytes: what counts, and what it may be raised to."""

    rlim_cur: int
    rlim_max: int


#: Those that processes begin with. The others that Linux has limit what is not modelled.
INIT_RLIMITS: Mapping[int, rlimit] = {
    RLIMIT_DATA:    rlimit(RLIM_INFINITY, RLIM_INFINITY),
    RLIMIT_STACK:   rlimit(_STK_LIM, RLIM_INFINITY),
    RLIMIT_MEMLOCK: rlimit(MLOCK_LIMIT, MLOCK_LIMIT),
    RLIMIT_AS:      rlimit(RLIM_INFINITY, RLIM_INFINITY),
}
