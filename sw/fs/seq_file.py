"""Files whose contents are text that the kernel writes when it is read.

Ref: Linux 6.12, fs/seq_file.c.

The whole text is made at the first read, and again at a read from the start; Linux makes as much as
a read asks for.
"""

from collections.abc import Awaitable, Callable

from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.lib.usercopy import copy_to_user
from sw.errno import Errno, KernelError
from sw.include.linux.fs import SEEK_CUR, SEEK_SET, file
from sw.mm.page_alloc import GFP_KERNEL, __free_page, alloc_page
from sw.processor.cpu import Cpu
from sw.processor.strings import store_bytes


__all__ = ["copy_out", "seq_lseek", "seq_read"]


def seq_lseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Set the position. Raises EINVAL from the end, and if it would be negative."""
    if whence not in (SEEK_SET, SEEK_CUR):
        raise KernelError(Errno.EINVAL)
    pos = offset + (filp.f_pos if whence == SEEK_CUR else 0)
    if pos < 0:
        raise KernelError(Errno.EINVAL)
    filp.f_pos = pos
    return pos


async def copy_out(cpu: Cpu, buf: int, data: bytes) -> int:
    """Copy ``data`` to the caller by way of a page of the kernel's own. Returns the bytes copied.

    Raises ENOMEM; EFAULT if there is none.
    """
    bounce, done = await alloc_page(cpu, GFP_KERNEL), 0
    try:
        while done < len(data):
            chunk = data[done:done + PAGE_SIZE]
            await store_bytes(cpu, page_to_virt(cpu, bounce), chunk)
            left  = await copy_to_user(cpu, buf + done, page_to_virt(cpu, bounce), len(chunk))
            done += len(chunk) - left
            if left:
                break
    finally:
        __free_page(cpu, bounce)
    if data and not done:
        raise KernelError(Errno.EFAULT)
    return done


async def seq_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int,
                   show: Callable[[], Awaitable[str]], text: str | None) -> tuple[int, int, str]:
    """Read what ``show`` writes, or ``text``, which it has written before.

    Returns the bytes done, the position behind them, and the text. Raises EFAULT, ENOMEM.
    """
    if text is None or pos == 0:
        text = await show()
    done = await copy_out(cpu, buf, text.encode()[pos:pos + count])
    return done, pos + done, text
