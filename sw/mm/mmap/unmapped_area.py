"""Free addresses for a new mapping.

Ref: Linux 6.12, mm/mmap.c (__get_unmapped_area), arch/x86/kernel/sys_x86_64.c.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.mm.mmap import mmap_address_hint_valid
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_RAWIO
from sw.include.linux.mm import vm_start_gap
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.mman import MAP_32BIT, MAP_ABOVE4G, MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED
from sw.kconfig import kconfig
from sw.kernel.capability import capable
from sw.processor.cpu import Cpu

from .find import find_vma


__all__ = ["get_unmapped_area", "hugetlb_get_unmapped_area", "mmap_min_addr", "stack_guard_gap"]


#: Lowest address that a process without privileges may map (vm.mmap_min_addr).
mmap_min_addr = 0x10000

#: Bytes below a stack that stay free (the default of the boot parameter of that name).
stack_guard_gap = 256 * PAGE_SIZE

#: Where MAP_32BIT has its addresses: jumps of 32 bits reach each from each.
_BEGIN_32BIT, _END_32BIT = 0x4000_0000, 0x8000_0000

#: MAP_ABOVE4G: below it nothing is chosen.
_SZ_4G = 1 << 32


def _is_free(mm: mm_struct, addr: int, length: int) -> bool:
    vma = find_vma(mm, addr)
    return vma is None or addr + length <= vm_start_gap(vma, stack_guard_gap)


def _unmapped_area(mm: mm_struct, length: int, low_limit: int, high_limit: int) -> int:
    """Return the lowest free range from ``low_limit`` to ``high_limit``. Raises ENOMEM."""
    addr = low_limit
    for vma in mm.mmap:
        if vma.vm_end > addr:
            if addr + length <= vm_start_gap(vma, stack_guard_gap):
                break
            addr = vma.vm_end
    if addr + length > high_limit:
        raise KernelError(Errno.ENOMEM)
    return addr


def _unmapped_area_topdown(mm: mm_struct, length: int, low_limit: int, high_limit: int) -> int:
    """Return the highest free range from ``low_limit`` to ``high_limit``. Raises ENOMEM."""
    end = high_limit
    for vma in reversed(mm.mmap):
        if vma.vm_end <= end - length:
            break
        end = min(end, vm_start_gap(vma, stack_guard_gap))
    if end - length < low_limit:
        raise KernelError(Errno.ENOMEM)
    return end - length


def _in_first_2_gib(mm: mm_struct, wish: int, length: int) -> int:
    """Choose an address for MAP_32BIT: the wish, or the lowest of the second GiB. ENOMEM."""
    if wish and wish <= _END_32BIT - length and _is_free(mm, wish, length):
        return wish
    return _unmapped_area(mm, length, _BEGIN_32BIT, _END_32BIT)


def thp_get_unmapped_area(cpu: Cpu, mm: mm_struct, length: int, low: int, high: int,
                          pgoff: int) -> int | None:
    """Choose an address for whole huge pages, of which page ``pgoff`` is the first page.

    None if there is no room for a huge page more, or none is in the mapping.
    """
    size  = kconfig(cpu).paging.HPAGE_PMD_SIZE
    start = pgoff << PAGE_SHIFT
    if start + length - (start + size - 1) // size * size < size:
        return None
    try:
        found = _unmapped_area_topdown(mm, length + size, low, high)
    except KernelError:
        return None
    return found + ((start - found) % size or size)


def hugetlb_get_unmapped_area(cpu: Cpu, mm: mm_struct, addr: int, length: int, flags: int) -> int:
    """Choose the address of a mapping of whole pages of the pool; the highest, without a wish.

    A wish is rounded up to a huge page; a command is one already. Raises ENOMEM, EINVAL, EPERM.
    """
    paging = kconfig(cpu).paging
    rest   = paging.HPAGE_PMD_SIZE - PAGE_SIZE
    mask   = ~(paging.HPAGE_PMD_SIZE - 1)
    if length > paging.TASK_SIZE:
        raise KernelError(Errno.ENOMEM)
    if flags & MAP_FIXED:
        return get_unmapped_area(cpu, mm, addr, length, flags)
    wish = addr + ~mask & mask
    if (wish >= mmap_min_addr and mmap_address_hint_valid(paging, wish, length)
            and _is_free(mm, wish, length)):
        return wish
    found = _unmapped_area_topdown(mm, length + rest, mmap_min_addr, mm.mmap_base)
    return found + rest & mask


def get_unmapped_area(cpu: Cpu, mm: mm_struct, addr: int, length: int, flags: int,
                      pgoff: int = 0) -> int:
    """Choose the address of a mapping of ``length`` bytes, which are whole pages.

    ``addr`` is a wish, or a command with MAP_FIXED. A kernel of 64 bits looks for MAP_32BIT and
    MAP_ABOVE4G. Whoever wishes for an address above the default window gets one there; whoever
    wishes for none, and wants private memory for whole huge pages, gets one that suits them.
    Raises ENOMEM if it does not fit below TASK_SIZE, EINVAL for a command that is not page
    aligned, EPERM below ``mmap_min_addr`` without CAP_SYS_RAWIO.
    """
    paging    = kconfig(cpu).paging
    task_size = paging.TASK_SIZE
    if length > task_size:
        raise KernelError(Errno.ENOMEM)
    if not flags & MAP_FIXED:
        wish = max(addr & PAGE_MASK, mmap_min_addr) if addr & PAGE_MASK else 0
        if paging.X86_64 and flags & MAP_32BIT:
            return _in_first_2_gib(mm, wish, length)
        if wish and mmap_address_hint_valid(paging, wish, length) and _is_free(mm, wish, length):
            return wish
        above = task_size - paging.DEFAULT_MAP_WINDOW if addr > paging.DEFAULT_MAP_WINDOW else 0
        low   = _SZ_4G if paging.X86_64 and flags & MAP_ABOVE4G else mmap_min_addr
        high  = mm.mmap_base + above
        huge  = None
        if (kconfig(cpu).era.mmap_aligns_huge and paging.X86_64 and not wish
                and flags & MAP_ANONYMOUS and not flags & MAP_SHARED
                and length % paging.HPAGE_PMD_SIZE == 0):
            huge = thp_get_unmapped_area(cpu, mm, length, low, high, pgoff)
        return huge or _unmapped_area_topdown(mm, length, low, high)
    if addr > task_size - length:
        raise KernelError(Errno.ENOMEM)
    if addr & ~PAGE_MASK:
        raise KernelError(Errno.EINVAL)
    if addr < mmap_min_addr and not capable(cpu, CAP_SYS_RAWIO):
        raise KernelError(Errno.EPERM)
    return addr
