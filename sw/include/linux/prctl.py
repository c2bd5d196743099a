"""Options of prctl().

Ref: Linux 6.12, include/uapi/linux/prctl.h.
"""

__all__ = [
    "PR_GET_DUMPABLE", "PR_LAST", "PR_SET_DUMPABLE", "PR_SET_PTRACER", "PR_SET_PTRACER_ANY",
]


PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_SET_PTRACER  = 0x5961_6D61

#: The highest of those that have no number of a module's own.
PR_LAST = 79

#: Any process may trace: -1, as an unsigned number.
PR_SET_PTRACER_ANY = -1
