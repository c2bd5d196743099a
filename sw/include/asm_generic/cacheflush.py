"""Copies to and from pages of programs.

Ref: Linux 6.12, include/asm-generic/cacheflush.h.
"""

from sw.include.linux.mm_types import page, vm_area_struct
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.processor.strings import rep_movs


__all__ = ["copy_from_user_page", "copy_to_user_page"]


@traced
async def copy_to_user_page(cpu: Cpu, vma: vm_area_struct, pg: page, vaddr: int, dst: int,
                            src: int, length: int) -> None:
    """Store into a page that a process has at ``vaddr``, by the kernel's address ``dst``.

    A plain copy: no user address, no STAC, no landing pad. Caches of x86 need no help.
    """
    await rep_movs(cpu, dst, src, length)


@traced
async def copy_from_user_page(cpu: Cpu, vma: vm_area_struct, pg: page, vaddr: int, dst: int,
                              src: int, length: int) -> None:
    """Load from a page that a process has at ``vaddr``, by the kernel's address ``src``."""
    await rep_movs(cpu, dst, src, length)
