"""mmap() as x86 has it.

Ref: Linux 6.12, arch/x86/kernel/sys_x86_64.c.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT
from sw.errno import Errno, KernelError
from sw.mm.mmap.map import ksys_mmap_pgoff
from sw.processor.cpu import Cpu


__all__ = ["sys_mmap"]


async def sys_mmap(cpu: Cpu, addr: int, length: int, prot: int, flags: int, fd: int,
                   offset: int) -> int:
    """Map memory; ``offset`` in the file is in bytes, and page aligned."""
    if offset & ~PAGE_MASK:
        raise KernelError(Errno.EINVAL)
    return await ksys_mmap_pgoff(cpu, addr, length, prot, flags, fd, offset >> PAGE_SHIFT)
