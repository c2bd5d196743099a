"""mremap(): mappings made smaller, larger, and moved with their pages.

Ref: Linux 6.12, mm/mremap.c. Entries are moved one by one; whole page tables are not.
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import pte_present, ptep_get_and_clear, set_pte_at
from sw.arch.x86.mm.tlb import flush_tlb_range
from sw.errno import Errno, KernelError
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import (
    PAGE_ALIGN, VM_ACCOUNT, VM_DONTEXPAND, VM_LOCKED, VM_LOCKED_MASK, VM_MAYSHARE, VM_PFNMAP,
    VM_SEALED, VM_SHARED, pte_lockptr, vma_is_anonymous,
)
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE,
)
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.include.linux.pagemap import linear_page_index
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .gup.populate import mm_populate
from .huge_memory.entries import move_huge_pmd
from .huge_memory.split import __split_huge_pmd
from .memory.pgtable import pmd_alloc, pte_alloc
from .mmap.find import find_vma_intersection, vma_lookup
from .mmap.limits import may_expand_vm, mlock_future_ok
from .mmap.unmap import do_munmap
from .mmap.unmapped_area import get_unmapped_area
from .pagewalk import walk_page_range
from .pgtable_generic import pte_unmap_unlock
from .util import security_vm_enough_memory_mm
from .vma import copy_vma, vma_merge, vma_merge_extend


__all__ = ["move_page_tables", "sys_mremap"]


@traced
async def move_ptes(cpu: Cpu, vma: vm_area_struct, old_addr: int, old_end: int,
                    new_addr: int) -> bool:
    """Move the entries of one page table into one other, or a huge page. Raises ENOMEM.

    Returns True if a flush must follow. There is none to follow where the era's rule has the flush
    come before the lock is given up: until then nobody can find the page at its new address and
    free it while a processor still reaches it by the old one (CVE-2018-18281).
    """
    paging  = kconfig(cpu).paging
    rule    = kconfig(cpu).era.mremap_flush
    mm      = vma.vm_mm
    late    = False

    async def pmd_entry(pmdp: int, addr: int, next_: int) -> bool:
        nonlocal late
        if next_ - addr == paging.HPAGE_PMD_SIZE:
            new_pmd = await pmd_alloc(cpu, mm, new_addr)
            moved, late = await move_huge_pmd(cpu, vma, old_addr, new_addr, pmdp, new_pmd)
            if moved:
                return True
        await __split_huge_pmd(cpu, vma, pmdp, addr)
        return False

    entries = await walk_page_range(cpu, mm, old_addr, old_end, pmd_entry)
    if not entries:
        return late
    new_table = await pte_alloc(cpu, mm, new_addr)
    size      = paging.entry_size
    need_flush = force_flush = False
    await spin_lock(cpu, pte_lockptr(mm))
    for addr, old_pte, _ in entries:
        pte   = await ptep_get_and_clear(cpu, mm, addr, old_pte)
        place = addr - old_addr
        need_flush  = need_flush or pte_present(pte)
        force_flush = force_flush or rule.flush_locked(paging, pte)
        await set_pte_at(cpu, mm, new_addr + place, new_table + (place >> PAGE_SHIFT) * size, pte)
    if force_flush:
        await flush_tlb_range(cpu, vma, old_addr, old_end)
    pte_unmap_unlock(cpu, mm)
    return need_flush and not force_flush


@traced
async def move_page_tables(cpu: Cpu, vma: vm_area_struct, old_addr: int, new_addr: int,
                           length: int) -> None:
    """Move entries, page table by page table of the old and of the new address. Raises ENOMEM."""
    size, done, need_flush = 1 << kconfig(cpu).paging.shifts[-2], 0, False
    while done < length:
        old, new = old_addr + done, new_addr + done
        extent   = min(length - done, size - old % size, size - new % size)
        late     = await move_ptes(cpu, vma, old, old + extent, new)
        done    += extent
        need_flush = need_flush or late
    if need_flush:
        await flush_tlb_range(cpu, vma, old_addr, old_addr + length)


@traced
async def move_vma(cpu: Cpu, vma: vm_area_struct, old_addr: int, old_len: int, new_len: int,
                   new_addr: int, flags: int) -> int:
    """Move part of a mapping, with its pages, to a place that is free. Raises ENOMEM."""
    mm = vma.vm_mm
    if (flags & MREMAP_DONTUNMAP and vma.vm_flags & VM_ACCOUNT
            and not security_vm_enough_memory_mm(cpu, new_len)):
        raise KernelError(Errno.ENOMEM)
    new = copy_vma(vma, new_addr, new_len, linear_page_index(vma, old_addr))
    try:
        await move_page_tables(cpu, vma, old_addr, new_addr, old_len)
    except KernelError:
        await move_page_tables(cpu, new, new_addr, old_addr, old_len)
        await do_munmap(cpu, mm, new_addr, new_len)
        raise
    if flags & MREMAP_DONTUNMAP:
        vma.vm_flags &= ~VM_LOCKED_MASK
        if (vma.vm_start, vma.vm_end) == (old_addr, old_addr + old_len):
            vma.anon_vma = False
    elif old_len:
        await do_munmap(cpu, mm, old_addr, old_len)
    vma_merge(new)
    return new_addr


def vma_to_resize(cpu: Cpu, addr: int, old_len: int, new_len: int, flags: int) -> vm_area_struct:
    """Return the mapping that is to get another size or place. EFAULT, EINVAL, EAGAIN."""
    mm  = current_mm(cpu)
    vma = vma_lookup(mm, addr)
    if vma is None:
        raise KernelError(Errno.EFAULT)
    # Length 0 maps shared memory a second time; of private memory there is nothing to share.
    if not old_len and not vma.vm_flags & (VM_SHARED | VM_MAYSHARE):
        raise KernelError(Errno.EINVAL)
    fixed_size = vma.vm_flags & (VM_DONTEXPAND | VM_PFNMAP)
    if flags & MREMAP_DONTUNMAP and fixed_size:
        raise KernelError(Errno.EINVAL)
    if old_len > vma.vm_end - addr or new_len != old_len and fixed_size:
        raise KernelError(Errno.EFAULT)
    if new_len > old_len and not mlock_future_ok(cpu, mm, vma.vm_flags, new_len - old_len):
        raise KernelError(Errno.EAGAIN)
    if not may_expand_vm(cpu, mm, vma.vm_flags, new_len - old_len):
        raise KernelError(Errno.ENOMEM)
    if vma.vm_flags & VM_ACCOUNT and not security_vm_enough_memory_mm(cpu, new_len - old_len):
        raise KernelError(Errno.ENOMEM)
    return vma


def _map_flags(vma: vm_area_struct) -> int:
    """Return MAP_* for the search of a place for it."""
    return MAP_ANONYMOUS if vma_is_anonymous(vma) else 0


async def mremap_to(cpu: Cpu, addr: int, old_len: int, new_addr: int, new_len: int,
                    flags: int) -> int:
    """Move to an address of the caller's choice; what is there goes, even if the move fails."""
    mm, task_size = current_mm(cpu), kconfig(cpu).paging.TASK_SIZE
    if new_addr & ~PAGE_MASK or new_len > task_size or new_addr > task_size - new_len:
        raise KernelError(Errno.EINVAL)
    if addr + old_len > new_addr and new_addr + new_len > addr:
        raise KernelError(Errno.EINVAL)
    if flags & MREMAP_FIXED:
        await do_munmap(cpu, mm, new_addr, new_len)
    if old_len > new_len:
        await do_munmap(cpu, mm, addr + new_len, old_len - new_len)
        old_len = new_len
    vma      = vma_to_resize(cpu, addr, old_len, new_len, flags)
    new_addr = get_unmapped_area(
        cpu, mm, new_addr, new_len,
        _map_flags(vma) | (MAP_FIXED if flags & MREMAP_FIXED else 0), linear_page_index(vma, addr))
    return await move_vma(cpu, vma, addr, old_len, new_len, new_addr, flags)


def vma_expandable(cpu: Cpu, vma: vm_area_struct, delta: int) -> bool:
    """Tell whether ``delta`` bytes behind it are free, and a process's."""
    end = vma.vm_end + delta
    return (end <= kconfig(cpu).paging.TASK_SIZE
            and find_vma_intersection(vma.vm_mm, vma.vm_end, end) is None)


def _hugetlb_lengths(cpu: Cpu, addr: int, old_len: int, new_len: int, flags: int,
                     new_addr: int) -> tuple[int, int]:
    """Return both lengths in whole huge pages. EINVAL for addresses that are none's, and to grow.

    Such memory stays where it is, for now: ENOSYS.
    """
    size = kconfig(cpu).paging.HPAGE_PMD_SIZE
    old_len, new_len = (-(-length // size) * size for length in (old_len, new_len))
    move = flags & MREMAP_FIXED
    if addr % size or move and new_addr % size or new_len > old_len:
        raise KernelError(Errno.EINVAL)
    if move and not flags & MREMAP_DONTUNMAP:
        raise KernelError(Errno.ENOSYS)
    return old_len, new_len


async def _mremap(cpu: Cpu, mm: mm_struct, addr: int, old_len: int, new_len: int, flags: int,
                  new_addr: int) -> int:
    vma = vma_lookup(mm, addr)
    if vma is None:
        raise KernelError(Errno.EFAULT)
    if vma.vm_flags & VM_SEALED:
        raise KernelError(Errno.EPERM)
    if is_vm_hugetlb_page(vma):
        old_len, new_len = _hugetlb_lengths(cpu, addr, old_len, new_len, flags, new_addr)
    if flags & (MREMAP_FIXED | MREMAP_DONTUNMAP):
        return await mremap_to(cpu, addr, old_len, new_addr, new_len, flags)
    if old_len >= new_len:
        if old_len > new_len:
            await do_munmap(cpu, mm, addr + new_len, old_len - new_len)
        return addr
    vma = vma_to_resize(cpu, addr, old_len, new_len, flags)
    if old_len == vma.vm_end - addr and vma_expandable(cpu, vma, new_len - old_len):
        vma_merge_extend(vma, new_len - old_len)
        return addr
    if not flags & MREMAP_MAYMOVE:
        raise KernelError(Errno.ENOMEM)
    new_addr = get_unmapped_area(cpu, mm, 0, new_len, _map_flags(vma), linear_page_index(vma, addr))
    return await move_vma(cpu, vma, addr, old_len, new_len, new_addr, flags)


@traced
async def sys_mremap(cpu: Cpu, addr: int, old_len: int, new_len: int, flags: int,
                     new_addr: int) -> int:
    """Give memory another size or address; the result is its address.

    Raises EINVAL, EFAULT without one mapping that has it all, ENOMEM without room, EAGAIN.
    """
    mm, mask = current_mm(cpu), kconfig(cpu).paging.address_mask
    old_len, new_len = PAGE_ALIGN(old_len) & mask, PAGE_ALIGN(new_len) & mask
    move, dontunmap  = flags & MREMAP_MAYMOVE, flags & MREMAP_DONTUNMAP
    if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
            or flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) and not move
            or dontunmap and old_len != new_len or addr & ~PAGE_MASK or not new_len):
        raise KernelError(Errno.EINVAL)
    await mmap_write_lock_killable(cpu, mm)
    try:
        at     = await _mremap(cpu, mm, addr, old_len, new_len, flags, new_addr)
        vma    = vma_lookup(mm, at)
        locked = vma is not None and vma.vm_flags & VM_LOCKED
    finally:
        mmap_write_unlock(cpu, mm)
    if locked and new_len > old_len:
        await mm_populate(cpu, at + old_len, new_len - old_len)
    return at
