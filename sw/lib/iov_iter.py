"""Copies between a program's buffers and pages that others can see, such as those of a file.

Ref: Linux 6.12, lib/iov_iter.c.

What could not be copied stays as it was: zeros behind a short copy are for the kernel's own
buffers.
"""

from collections.abc import Awaitable, Callable

from sw.arch.x86.include.asm.page import pfn_to_page
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.lib.usercopy import access_ok, copy_to_user, get_user, raw_copy_from_user
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import page
from sw.include.linux.uaccess import pagefault_disable, pagefault_enable
from sw.include.linux.uio import UIO_MAXIOV, iov_iter
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.gup.pages import get_user_pages_fast
from sw.mm.gup.populate import fault_in_readable
from sw.mm.highmem import kmap_local_page, kunmap_local
from sw.processor.cpu import Cpu
from sw.processor.strings import rep_movs


__all__ = [
    "MAX_RW_COUNT", "copy_page_from_iter", "copy_page_from_iter_atomic",
    "copy_page_to_iter", "fault_in_iov_iter_readable", "import_iovec", "iov_iter_get_pages2",
    "iovec_from_user",
]


#: Most bytes of one call: INT_MAX rounded down to a page.
MAX_RW_COUNT = 0x7FFF_F000


async def iovec_from_user(cpu: Cpu, uvec: int, nr_segs: int) -> list[tuple[int, int]]:
    """Read the array of buffers at ``uvec``: the address and the length of each.

    Raises EINVAL for too many, and for a length that is negative as a number; EFAULT.
    """
    if nr_segs > UIO_MAXIOV:
        raise KernelError(Errno.EINVAL)
    mask  = kconfig(cpu).paging.address_mask
    word  = mask.bit_length() // 8
    pairs = []
    for at in range(uvec, uvec + nr_segs * 2 * word, 2 * word):
        length = await get_user(cpu, at + word, word)
        pairs.append((await get_user(cpu, at, word), length))
        if length > mask >> 1:
            raise KernelError(Errno.EINVAL)
    return pairs


@traced
async def import_iovec(cpu: Cpu, uvec: int, nr_segs: int) -> iov_iter:
    """Read the caller's own buffers, all together shortened to what one call may move.

    Raises EINVAL and EFAULT like ``iovec_from_user``; EFAULT for a buffer that is no memory of a
    program.
    """
    segments, left = [], MAX_RW_COUNT
    for base, length in await iovec_from_user(cpu, uvec, nr_segs):
        if not access_ok(cpu, base, min(length, MAX_RW_COUNT) if nr_segs == 1 else length):
            raise KernelError(Errno.EFAULT)
        segments.append((base, min(length, left)))
        left -= segments[-1][1]
    return iov_iter(segments)


async def _iterate(i: iov_iter, size: int, step: Callable[[int, int, int], Awaitable[int]]) -> int:
    """Have ``step`` copy up to ``size`` bytes, piece by piece, up to one that is short.

    It is called with a user address, the number of bytes before it and its own, and returns how
    many it left. Returns the bytes copied, which are taken off the iterator.
    """
    done = 0
    while i.segments and done < size:
        base, length = i.segments[0]
        count = min(length, size - done)
        left  = await step(base, done, count) if count else 0
        done += count - left
        if left or count < length:
            i.segments[0] = base + count - left, length - count + left
            break
        del i.segments[0]
    return done


async def fault_in_iov_iter_readable(cpu: Cpu, i: iov_iter, size: int) -> int:
    """Make ``size`` bytes of the caller's memory present. Returns those that cannot be read."""
    if i.bvec:
        return 0
    for base, length in i.segments:
        count = min(length, size)
        if count and (left := await fault_in_readable(cpu, base, count)):
            return size - count + left
        size -= count
        if not size:
            break
    return size


async def _copy_from_iter(cpu: Cpu, kaddr: int, size: int, i: iov_iter) -> int:
    """Copy to the kernel's own mapping of a page."""
    async def step(base: int, done: int, count: int) -> int:
        if i.bvec:
            source = await kmap_local_page(cpu, pfn_to_page(cpu, base >> PAGE_SHIFT))
            await rep_movs(cpu, kaddr + done, source + base % PAGE_SIZE, count)
            await kunmap_local(cpu, source)
            return 0
        if not access_ok(cpu, base, count):
            return count
        return await raw_copy_from_user(cpu, kaddr + done, base, count)

    return await _iterate(i, size, step)


@traced
async def copy_page_from_iter_atomic(cpu: Cpu, pg: page, offset: int, size: int,
                                     i: iov_iter) -> int:
    """Copy from the caller's memory into a page, as far as that memory is present.

    Returns
    -------
    :class:`int`
        Bytes copied. The others of the page are as they were.
    """
    kaddr = await kmap_local_page(cpu, pg)
    pagefault_disable(cpu)
    copied = await _copy_from_iter(cpu, kaddr + offset, size, i)
    pagefault_enable(cpu)
    await kunmap_local(cpu, kaddr)
    return copied


@traced
async def copy_page_from_iter(cpu: Cpu, pg: page, offset: int, size: int, i: iov_iter) -> int:
    """Copy from the caller's memory into a page that nobody else has. Returns bytes copied."""
    kaddr  = await kmap_local_page(cpu, pg)
    copied = await _copy_from_iter(cpu, kaddr + offset, size, i)
    await kunmap_local(cpu, kaddr)
    return copied


@traced
async def copy_page_to_iter(cpu: Cpu, pg: page, offset: int, size: int, i: iov_iter) -> int:
    """Copy from a page to the caller's memory. Returns the bytes copied."""
    kaddr = await kmap_local_page(cpu, pg)

    async def step(base: int, done: int, count: int) -> int:
        return await copy_to_user(cpu, base, kaddr + offset + done, count)

    copied = await _iterate(i, size, step)
    await kunmap_local(cpu, kaddr)
    return copied


@traced
async def iov_iter_get_pages2(cpu: Cpu, i: iov_iter, maxpages: int) -> list[tuple[page, int, int]]:
    """Take references on the pages of the next piece, for a reader of their contents.

    Returns
    -------
    :class:`list` of :class:`tuple`
        Up to ``maxpages`` pages, each with the offset and the number of the bytes in it. They are
        taken off the iterator. Empty at its end. Raises EFAULT if there is not even one.
    """
    while i.segments and not i.segments[0][1]:
        del i.segments[0]
    if not i.segments:
        return []
    base, length = i.segments[0]
    last   = min((base & PAGE_MASK) + maxpages * PAGE_SIZE, base + length)
    parts: list[tuple[page, int, int]] = []
    nr_pages = (last - (base & PAGE_MASK) + PAGE_SIZE - 1) // PAGE_SIZE
    for pg in await get_user_pages_fast(cpu, base, nr_pages, 0):
        count = min(PAGE_SIZE - base % PAGE_SIZE, length)
        parts.append((pg, base % PAGE_SIZE, count))
        base, length = base + count, length - count
    i.segments[0] = base, length
    return parts
