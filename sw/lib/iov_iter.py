"""Copies between a program's buffer and pages that others can see, such as those of a file.

Ref: Linux 6.12, lib/iov_iter.c, include/linux/uio.h.

An iterator over user memory is a plain address here: every system call has one buffer. What could
not be copied stays as it was: zeros behind a short copy are for the kernel's own buffers.
"""

from sw.arch.x86.lib.usercopy import access_ok, copy_to_user, raw_copy_from_user
from sw.include.linux.mm_types import page
from sw.include.linux.uaccess import pagefault_disable, pagefault_enable
from sw.kernel.trace.ftrace import traced
from sw.mm.gup import fault_in_readable
from sw.mm.highmem import kmap_local_page, kunmap_local
from sw.processor.cpu import Cpu


__all__ = ["copy_page_from_iter_atomic", "copy_page_to_iter", "fault_in_iov_iter_readable"]


async def fault_in_iov_iter_readable(cpu: Cpu, buf: int, size: int) -> int:
    """Make ``size`` bytes of the caller's memory present. Returns those that cannot be read."""
    return await fault_in_readable(cpu, buf, size)


@traced
async def copy_page_from_iter_atomic(cpu: Cpu, pg: page, offset: int, size: int,
                                     buf: int) -> int:
    """Copy from user address ``buf`` into a page, as far as that is present.

    Returns
    -------
    :class:`int`
        Bytes copied. The others of the page are as they were.
    """
    kaddr = await kmap_local_page(cpu, pg)
    left  = size
    pagefault_disable(cpu)
    if access_ok(cpu, buf, size):
        left = await raw_copy_from_user(cpu, kaddr + offset, buf, size)
    pagefault_enable(cpu)
    await kunmap_local(cpu, kaddr)
    return size - left


@traced
async def copy_page_to_iter(cpu: Cpu, pg: page, offset: int, size: int, buf: int) -> int:
    """Copy from a page to user address ``buf``. Returns the bytes copied."""
    kaddr = await kmap_local_page(cpu, pg)
    left  = await copy_to_user(cpu, buf, kaddr + offset, size)
    await kunmap_local(cpu, kaddr)
    return size - left
