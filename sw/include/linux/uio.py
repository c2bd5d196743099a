"""Bytes to be read or filled: buffers of a program, or parts of the kernel's pages.

Ref: Linux 6.12, include/linux/uio.h, include/uapi/linux/uio.h.
"""

from dataclasses import dataclass


__all__ = ["UIO_MAXIOV", "iov_iter", "iov_iter_count"]


#: Most buffers of one call.
UIO_MAXIOV = 1024


@dataclass(eq=False, slots=True)
class iov_iter:
    """Memory that a call still has to read or to fill.

    Attributes
    ----------
    segments : :class:`list` of :class:`tuple`
        Address and bytes of each piece. Copies take away what they have done.
    bvec : :class:`bool`
        The pieces are the kernel's, each within a page, and their addresses physical (ITER_BVEC);
        else they are the program's, and linear (ITER_UBUF, ITER_IOVEC).
    """

    segments: list[tuple[int, int]]
    bvec:     bool = False


def iov_iter_count(i: iov_iter) -> int:
    """Bytes that are left."""
    return sum(length for _, length in i.segments)
