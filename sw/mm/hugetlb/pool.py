"""The pool: filled at boot, promised to mappings, and emptied by their faults.

Ref: Linux 6.12, mm/hugetlb.c (hugetlb_init, hugetlb_reserve_pages, alloc_hugetlb_folio).

There are no surplus pages, no limits of cgroups or of mounts, and nothing changes the pool's size.
A page whose last reference goes is the pool's again (:mod:`sw.mm.page_alloc`).
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.errno import Errno, KernelError
from sw.include.linux.fs import inode
from sw.include.linux.hugetlb import default_hstate, resv_map
from sw.include.linux.mm import VM_MAYSHARE, VM_NORESERVE
from sw.include.linux.mm_types import folio_pages, page, vm_area_struct
from sw.include.linux.pagemap import linear_page_index
from sw.kconfig import kconfig
from sw.mm.highmem import clear_highpage
from sw.mm.page_alloc import GFP_HIGHUSER_MOVABLE, alloc_pages
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "alloc_hugetlb_folio", "default_hstate_max_huge_pages", "hugetlb_acct_memory", "hugetlb_init",
    "hugetlb_reserve_pages", "restore_reserve", "vma_hugecache_offset", "vma_resv_map",
]


#: How many pages are wanted at boot (``hugepages=``).
default_hstate_max_huge_pages = DEFINE(lambda: 0)


async def hugetlb_init(cpu: Cpu) -> None:
    """Put as many huge pages by as are wanted, or as memory has."""
    state, order = default_hstate(cpu), kconfig(cpu).paging.shifts[-2] - PAGE_SHIFT
    try:
        for _ in range(default_hstate_max_huge_pages(cpu)):
            folio = await alloc_pages(cpu, GFP_HIGHUSER_MOVABLE, order)
            state.pfns.add(folio.pfn)
            state.hugepage_freelist.append(folio)
    except KernelError:
        return


def _nr_available(cpu: Cpu) -> int:
    """Pages that are neither used nor promised."""
    state = default_hstate(cpu)
    return len(state.hugepage_freelist) - state.resv_huge_pages


def hugetlb_acct_memory(cpu: Cpu, delta: int) -> None:
    """Promise ``delta`` pages more, or fewer if it is negative. Raises ENOMEM."""
    if delta > _nr_available(cpu):
        raise KernelError(Errno.ENOMEM)
    default_hstate(cpu).resv_huge_pages += delta
    assert default_hstate(cpu).resv_huge_pages >= 0, "BUG: a huge page is given back twice"


def hugetlb_reserve_pages(cpu: Cpu, node: inode, start: int, behind: int,
                          vma: vm_area_struct) -> None:
    """Promise a new mapping its pages, from ``start`` to ``behind`` of the file. Raises ENOMEM.

    Shared ones are promised to the file. With MAP_NORESERVE nothing is.
    """
    if vma.vm_flags & VM_NORESERVE:
        return
    hugetlb_acct_memory(cpu, behind - start)
    if vma.vm_flags & VM_MAYSHARE:
        node.i_private.regions |= set(range(start, behind))
    else:
        vma.vm_private_data = resv_map()


def vma_resv_map(vma: vm_area_struct) -> resv_map | None:
    """Return what was promised to a mapping, or to the file that it shares; None if nothing was."""
    if vma.vm_flags & VM_MAYSHARE:
        assert vma.vm_file is not None
        shared: resv_map = vma.vm_file.f_inode.i_private
        return shared
    return vma.vm_private_data if isinstance(vma.vm_private_data, resv_map) else None


def vma_hugecache_offset(cpu: Cpu, vma: vm_area_struct, address: int) -> int:
    """Number of the huge page of the file that belongs at ``address``."""
    paging = kconfig(cpu).paging
    return linear_page_index(vma, address) >> paging.shifts[-2] - PAGE_SHIFT


def _is_promised(vma: vm_area_struct, index: int) -> bool:
    """Tell whether a page that is not there yet has been promised."""
    resv = vma_resv_map(vma)
    return resv is not None and (index in resv.regions) == bool(vma.vm_flags & VM_MAYSHARE)


def _take_promised(cpu: Cpu, vma: vm_area_struct, index: int) -> None:
    """Count a page that was promised as taken."""
    default_hstate(cpu).resv_huge_pages -= 1
    resv = vma_resv_map(vma)
    if resv is not None and not vma.vm_flags & VM_MAYSHARE:
        resv.regions.add(index)


async def alloc_hugetlb_folio(cpu: Cpu, vma: vm_area_struct, address: int, *,
                              zero: bool = True) -> page | None:
    """Take a page for ``address``, with one reference. None if the pool has none to give.

    It is a promised one, if there is a promise that was not kept yet: the copy of a page is more
    than was promised.
    """
    state, index = default_hstate(cpu), vma_hugecache_offset(cpu, vma, address)
    promised = _is_promised(vma, index)
    if not state.hugepage_freelist or not promised and _nr_available(cpu) <= 0:
        return None
    folio = state.hugepage_freelist.pop()
    if promised:
        _take_promised(cpu, vma, index)
    if zero:
        for pg in folio_pages(folio):
            await clear_highpage(cpu, pg)
    return folio


def restore_reserve(cpu: Cpu, vma: vm_area_struct, address: int) -> None:
    """Promise a page again that a private mapping is about to give back to the pool."""
    resv, index = vma_resv_map(vma), vma_hugecache_offset(cpu, vma, address)
    if resv is not None and not vma.vm_flags & VM_MAYSHARE:
        resv.regions.remove(index)
        default_hstate(cpu).resv_huge_pages += 1
