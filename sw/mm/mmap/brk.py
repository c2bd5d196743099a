"""brk(): the heap.

Ref: Linux 6.12, mm/mmap.c (brk, do_brk_flags).
"""

from sw.arch.x86.include.asm.current import current, current_mm
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.errno import KernelError
from sw.include.linux.mm import (
    VM_LOCKED, VM_MAYEXEC, VM_MAYREAD, VM_MAYWRITE, VM_READ, VM_WRITE, PAGE_ALIGN, vm_start_gap,
)
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mman import MAP_FIXED
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.include.linux.resource import RLIMIT_DATA
from sw.include.linux.sched import task_rlimit
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.gup.populate import mm_populate
from sw.mm.util import account_flags, security_vm_enough_memory_mm
from sw.mm.vma import vma_link, vma_merge, vma_set_page_prot
from sw.processor.cpu import Cpu

from .find import find_vma, find_vma_intersection
from .limits import may_expand_vm, mlock_future_ok
from .unmap import do_munmap
from .unmapped_area import get_unmapped_area, stack_guard_gap


__all__ = ["do_brk_flags", "sys_brk"]


#: Flags of the heap: data, which may become anything (VM_DATA_DEFAULT_FLAGS).
_DATA = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC


def do_brk_flags(cpu: Cpu, mm: mm_struct, addr: int, length: int) -> None:
    """Map memory of the heap; it joins the heap that ends at ``addr``."""
    flags = _DATA | mm.def_flags | account_flags(cpu, _DATA)
    vma   = vm_area_struct(mm, addr, addr + length, flags, 0, vm_pgoff=addr >> PAGE_SHIFT)
    vma_set_page_prot(kconfig(cpu).paging, vma)
    vma_link(mm, vma)
    vma_merge(vma)


async def _shrink(cpu: Cpu, mm: mm_struct, newbrk: int, oldbrk: int) -> bool:
    """Unmap the end of the heap. False if the program has unmapped all of it already, or sealed it.
    """
    if find_vma_intersection(mm, newbrk, oldbrk) is None:
        return False
    try:
        await do_munmap(cpu, mm, newbrk, oldbrk - newbrk)
    except KernelError:
        return False
    return True


def _grow(cpu: Cpu, mm: mm_struct, oldbrk: int, newbrk: int) -> bool:
    """Map more at the end of the heap. False above a limit, or too near to what comes next."""
    length = newbrk - oldbrk
    try:
        get_unmapped_area(cpu, mm, oldbrk, length, MAP_FIXED)
    except KernelError:
        return False
    if (not mlock_future_ok(cpu, mm, mm.def_flags, length)
            or not may_expand_vm(cpu, mm, _DATA | mm.def_flags, length)
            or not security_vm_enough_memory_mm(cpu, length)):
        return False
    above = find_vma(mm, oldbrk)
    # A page stays free, so that an overrun of the heap is noticed.
    if above is not None and newbrk + PAGE_SIZE > vm_start_gap(above, stack_guard_gap):
        return False
    do_brk_flags(cpu, mm, oldbrk, length)
    return True


@traced
async def sys_brk(cpu: Cpu, brk: int) -> int:
    """Make the heap end at ``brk``; the result is where it ends then.

    It fails by returning what it was: below the start of the heap, where there is no room, and
    above a limit.
    """
    mm, limit = current_mm(cpu), task_rlimit(current(cpu), RLIMIT_DATA)
    await mmap_write_lock_killable(cpu, mm)
    try:
        newbrk, oldbrk = PAGE_ALIGN(brk), PAGE_ALIGN(mm.brk)
        if brk < mm.start_brk or brk - mm.start_brk > limit:
            return mm.brk
        if newbrk < oldbrk:
            done = await _shrink(cpu, mm, newbrk, oldbrk)
        else:
            done = newbrk == oldbrk or _grow(cpu, mm, oldbrk, newbrk)
        if done:
            mm.brk = brk
    finally:
        mmap_write_unlock(cpu, mm)
    if done and newbrk > oldbrk and mm.def_flags & VM_LOCKED:
        await mm_populate(cpu, oldbrk, newbrk - oldbrk)
    return mm.brk
