"""Flags of splice(), tee() and vmsplice().

Ref: Linux 6.12, include/linux/splice.h.
"""

__all__ = [
    "SPLICE_F_ALL", "SPLICE_F_GIFT", "SPLICE_F_MORE", "SPLICE_F_MOVE", "SPLICE_F_NONBLOCK",
]


SPLICE_F_MOVE     = 1
SPLICE_F_NONBLOCK = 2
SPLICE_F_MORE     = 4
SPLICE_F_GIFT     = 8
SPLICE_F_ALL      = 15
