"""Buffers of a program, in one piece or in several.

Ref: Linux 6.12, include/linux/uio.h, include/uapi/linux/uio.h.
"""

from dataclasses import dataclass


__all__ = ["UIO_MAXIOV", "iov_iter", "iov_iter_count"]


#: Most buffers of one call.
UIO_MAXIOV = 1024


@dataclass(eq=False, slots=True)
class iov_iter:
    """Memory of a program that a call still has to read or to fill.

    Attributes
    ----------
    segments : :class:`list` of :class:`tuple`
        Linear address and bytes of each piece. Copies take away what they have done.
    """

    segments: list[tuple[int, int]]


def iov_iter_count(i: iov_iter) -> int:
    """Bytes that are left."""
    return sum(length for _, length in i.segments)
