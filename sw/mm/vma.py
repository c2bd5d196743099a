"""Mappings of an address space: added, split and merged.

Ref: Linux 6.12, mm/vma.c.

Linux keeps them in a maple tree; a sorted list serves a handful of them as well.
"""

from bisect import insort
from dataclasses import replace

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable_types import Paging, vm_get_page_prot
from sw.include.linux.fs import address_space, get_file
from sw.include.linux.mm import VM_SHARED, VM_SPECIAL, VM_UFFD_MINOR, VM_WRITE
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.kernel.locking.rwsem import down_write, up_write
from sw.processor.cpu import Cpu

from .huge_memory.split import vma_adjust_trans_huge
from .mmap.find import find_vma_intersection


__all__ = [
    "copy_vma", "split_vma", "unlink_file_vma", "vma_link", "vma_merge", "vma_merge_extend",
    "vma_modify", "vma_set_page_prot", "vma_wants_writenotify",
]


def vma_wants_writenotify(vma: vm_area_struct) -> bool:
    """Tell whether the file wants to hear of the first write to each page."""
    shared_writable = vma.vm_flags & (VM_WRITE | VM_SHARED) == VM_WRITE | VM_SHARED
    return shared_writable and vma.vm_ops is not None and vma.vm_ops.page_mkwrite is not None


def vma_set_page_prot(paging: Paging, vma: vm_area_struct) -> None:
    """Derive ``vm_page_prot`` from ``vm_flags``; read-only at first if the file wants to know."""
    flags = vma.vm_flags & ~VM_SHARED if vma_wants_writenotify(vma) else vma.vm_flags
    vma.vm_page_prot = vm_get_page_prot(paging, flags)


def _pages(vma: vm_area_struct) -> address_space | None:
    """Return the page cache that a mapping shows, if any."""
    mapping: address_space | None = None if vma.vm_file is None else vma.vm_file.f_inode.i_mapping
    return mapping


def _link(vma: vm_area_struct) -> None:
    """Add a mapping to its address space's list, and to its file's."""
    insort(vma.vm_mm.mmap, vma, key=lambda other: other.vm_start)
    if (mapping := _pages(vma)) is not None:
        mapping.i_mmap.append(vma)


def vma_link(mm: mm_struct, vma: vm_area_struct) -> None:
    """Add a mapping to the list. It must not overlap another."""
    assert find_vma_intersection(mm, vma.vm_start, vma.vm_end) is None, "BUG: vmas overlap"
    _link(vma)


async def unlink_file_vma(cpu: Cpu, vma: vm_area_struct) -> None:
    """Take a mapping from its file's list, before its page tables go: nobody is in them then."""
    if (mapping := _pages(vma)) is not None:
        await down_write(cpu, mapping.i_mmap_rwsem)
        mapping.i_mmap.remove(vma)
        up_write(cpu, mapping.i_mmap_rwsem)


async def split_vma(cpu: Cpu, vma: vm_area_struct, addr: int) -> vm_area_struct:
    """Cut a mapping in two at ``addr``; return the upper part, which is the new one.

    A huge page that is in both is split. Raises EINVAL for a mapping that must stay whole.
    """
    assert vma.vm_start < addr < vma.vm_end, f"BUG: no split of a vma at {addr:#x}"
    if vma.vm_ops is not None and vma.vm_ops.may_split is not None:
        vma.vm_ops.may_split(cpu, vma, addr)
    await vma_adjust_trans_huge(cpu, vma, addr)
    upper = replace(vma, vm_start=addr,
                    vm_pgoff=vma.vm_pgoff + (addr - vma.vm_start >> PAGE_SHIFT))
    if vma.vm_file is not None:
        get_file(vma.vm_file)
    vma.vm_end = addr
    _link(upper)
    return upper


async def vma_modify(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> vm_area_struct:
    """Cut ``[start, end)`` out of a mapping, for a change; return the mapping that it is then."""
    if vma.vm_start < start:
        vma = await split_vma(cpu, vma, start)
    if end < vma.vm_end:
        await split_vma(cpu, vma, end)
    return vma


def copy_vma(vma: vm_area_struct, addr: int, length: int, pgoff: int) -> vm_area_struct:
    """Add a mapping like ``vma`` at ``addr``, which is free, of the file from page ``pgoff`` on.

    Private memory that has no page yet may as well have been made there. A userfaultfd does not
    follow it.
    """
    if vma.vm_ops is None and not vma.anon_vma:
        pgoff = addr >> PAGE_SHIFT
    new = replace(vma, vm_start=addr, vm_end=addr + length, vm_pgoff=pgoff,
                  vm_flags=vma.vm_flags & ~VM_UFFD_MINOR, vm_userfaultfd_ctx=None)
    if new.vm_file is not None:
        get_file(new.vm_file)
    vma_link(vma.vm_mm, new)
    return new


def _mergeable(low: vm_area_struct, high: vm_area_struct) -> bool:
    pgoff = low.vm_pgoff + (low.vm_end - low.vm_start >> PAGE_SHIFT)
    return (low.vm_end == high.vm_start and pgoff == high.vm_pgoff
            and low.vm_flags == high.vm_flags and not low.vm_flags & VM_SPECIAL
            and low.vm_file is high.vm_file and low.vm_ops is high.vm_ops
            and low.vm_userfaultfd_ctx is high.vm_userfaultfd_ctx)


def _absorb(low: vm_area_struct, high: vm_area_struct) -> None:
    low.vm_end   = high.vm_end
    low.anon_vma = low.anon_vma or high.anon_vma
    if high.vm_file is not None:
        high.vm_file.f_count -= 1
    if (mapping := _pages(high)) is not None:
        mapping.i_mmap.remove(high)
    low.vm_mm.mmap.remove(high)


def vma_merge(vma: vm_area_struct) -> None:
    """Join a mapping with its neighbours where nothing tells them apart."""
    mmap  = vma.vm_mm.mmap
    index = mmap.index(vma)
    if index + 1 < len(mmap) and _mergeable(vma, mmap[index + 1]):
        _absorb(vma, mmap[index + 1])
    if index and _mergeable(mmap[index - 1], vma):
        _absorb(mmap[index - 1], vma)


def vma_merge_extend(vma: vm_area_struct, delta: int) -> None:
    """Make a mapping longer; join it with the one behind, but not with the one before, from which
    a fork may have left it apart."""
    vma.vm_end += delta
    mmap  = vma.vm_mm.mmap
    index = mmap.index(vma)
    if index + 1 < len(mmap) and _mergeable(vma, mmap[index + 1]):
        _absorb(vma, mmap[index + 1])
