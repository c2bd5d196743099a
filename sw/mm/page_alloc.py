"""Free page frames, and references on the others.

Ref: Linux 6.12, mm/page_alloc.c, include/linux/gfp_types.h, mmzone.h, page_ref.h, mm.h
(get_page), mm/swap.c (put_page).

Two sizes: single frames, of which what was freed last is given out first, as from Linux's per-CPU
lists; and blocks that make a huge page, which come from the end of the zone, so that what is single
stays together. Single frames become a block again if one is asked for and there is no other.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import pfn_to_page
from sw.errno import Errno, KernelError
from sw.include.linux.hugetlb import default_hstate, folio_test_hugetlb
from sw.include.linux.mm_types import folio_pages, page, page_folio
from sw.processor.cpu import Cpu
from sw.variables import DEFINE

from .highmem import clear_highpage
from .memory.mem_map import mem_map


__all__ = [
    "__GFP_HIGHMEM", "__GFP_ZERO", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE", "GFP_KERNEL",
    "__free_page", "alloc_page", "alloc_pages", "folio_put_refs", "folio_ref_add",
    "free_area_init", "get_page",
    "node_zones", "nr_free_pages", "put_page", "zone",
]


__GFP_HIGHMEM = 0x0002    #: The frame may be in high memory.
__GFP_ZERO    = 0x0100    #: It is filled with zeros.
GFP_KERNEL    = 0x0CC0    #: The frame is in the linear map.

GFP_HIGHUSER         = GFP_KERNEL | __GFP_HIGHMEM | 0x10_0000
GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER | 0x8


class zone:
    """Frames that are alike to the allocator.

    ``free_list`` has single frames; ``free_blocks`` the first frame and the order of each block;
    from ``next_pfn`` to ``end_pfn`` are those that were never used.
    """

    def __init__(self, name: str, start_pfn: int, end_pfn: int):
        self.name      = name
        self.end_pfn   = end_pfn
        self.next_pfn  = start_pfn
        self.free_list:   list[int]             = []
        self.free_blocks: list[tuple[int, int]] = []

    @property
    def nr_free(self) -> int:
        """Free frames."""
        return (self.end_pfn - self.next_pfn + len(self.free_list)
                + sum(1 << order for _, order in self.free_blocks))

    def is_free(self, pfn: int) -> bool:
        """Tell whether a frame is free."""
        return (self.next_pfn <= pfn < self.end_pfn or pfn in self.free_list
                or any(first <= pfn < first + (1 << order) for first, order in self.free_blocks))

    def take(self) -> int:
        """Return a free frame, of which there must be one."""
        if self.free_list:
            return self.free_list.pop()
        if self.next_pfn == self.end_pfn:
            first, order = self.free_blocks.pop()
            self.free_list += range(first + (1 << order) - 1, first, -1)
            return first
        self.next_pfn += 1
        return self.next_pfn - 1

    def take_block(self, order: int) -> int | None:
        """Return the first of ``1 << order`` free frames, which is aligned to as many; or None."""
        count = 1 << order
        found = next((block for block in self.free_blocks if block[1] == order), None)
        if found is not None:
            self.free_blocks.remove(found)
            return found[0]
        first = self.end_pfn // count * count - count
        if first >= self.next_pfn:
            self.free_list[:0] = range(first + count, self.end_pfn)
            self.end_pfn = first
            return first
        single = set(self.free_list)
        for first in sorted(single):
            if first % count == 0 and single.issuperset(range(first, first + count)):
                self.free_list = [pfn for pfn in self.free_list
                                  if not first <= pfn < first + count]
                return first
        return None

    def put(self, pfn: int, order: int) -> None:
        """Free a frame, or a block."""
        if order:
            self.free_blocks.append((pfn, order))
        else:
            self.free_list.append(pfn)


#: Normal memory, and high memory if there is any.
node_zones: DEFINE[list[zone]] = DEFINE(list)


def free_area_init(cpu: Cpu, first_pfn: int) -> None:
    """Make the zones: frames from ``first_pfn`` on are free."""
    records = mem_map(cpu)
    node_zones(cpu).append(zone("Normal", first_pfn, records.max_low_pfn))
    if records.max_low_pfn < records.max_pfn:
        node_zones(cpu).append(zone("HighMem", records.max_low_pfn, records.max_pfn))


def nr_free_pages(cpu: Cpu) -> int:
    """Free frames of all zones."""
    return sum(zone.nr_free for zone in node_zones(cpu))


def _usable(cpu: Cpu, gfp: int) -> list[zone]:
    """Return the zones, the best first: the linear map is the scarcer kind of memory."""
    zones = node_zones(cpu)
    return zones[::-1] if gfp & __GFP_HIGHMEM else zones[:1]


async def alloc_page(cpu: Cpu, gfp: int) -> page:
    """Take a frame, with one reference. Raises ENOMEM."""
    for usable in _usable(cpu, gfp):
        if usable.nr_free:
            break
    else:
        raise KernelError(Errno.ENOMEM)
    return await _prepared(cpu, gfp, usable.take(), 0)


async def alloc_pages(cpu: Cpu, gfp: int, order: int) -> page:
    """Take a compound page of ``1 << order`` frames, with one reference on it. Raises ENOMEM.

    Its frames are contiguous, and the first is aligned to their number.
    """
    for usable in _usable(cpu, gfp):
        first = usable.take_block(order)
        if first is not None:
            return await _prepared(cpu, gfp, first, order)
    raise KernelError(Errno.ENOMEM)


async def _prepared(cpu: Cpu, gfp: int, pfn: int, order: int) -> page:
    """Make frames that were taken from a zone a page with one reference."""
    head  = pfn_to_page(cpu, pfn)
    pages = [head, *(pfn_to_page(cpu, tail) for tail in range(pfn + 1, pfn + (1 << order)))]
    for pg in pages:
        assert pg.refcount == 0, f"BUG: bad page state: free frame {pg.pfn:#x} is in use"
        pg.compound_head = None if pg is head else head
    head.compound_pages = tuple(pages) if order else ()
    head.refcount = 1
    if gfp & __GFP_ZERO:
        for pg in pages:
            await clear_highpage(cpu, pg)
    return head


def folio_ref_add(cpu: Cpu, pg: page, refs: int) -> None:
    """Take ``refs`` more references on a page that is in use."""
    folio = page_folio(pg)
    assert folio.refcount > 0, f"BUG: reference on the free frame {pg.pfn:#x}"
    folio.refcount += refs


def folio_put_refs(cpu: Cpu, pg: page, refs: int) -> None:
    """Give ``refs`` references back; the last one frees the frame, or all of a compound page."""
    folio = page_folio(pg)
    assert folio.refcount >= refs, f"BUG: frame {pg.pfn:#x} freed twice"
    folio.refcount -= refs
    if folio.refcount == 0:
        _free_unref_page(cpu, folio)


def get_page(cpu: Cpu, pg: page) -> None:
    """Take one more reference on a page that is in use."""
    folio_ref_add(cpu, pg, 1)


def put_page(cpu: Cpu, pg: page) -> None:
    """Give a reference back; the last one frees the page."""
    folio_put_refs(cpu, pg, 1)


__free_page = put_page


def _free_unref_page(cpu: Cpu, folio: page) -> None:
    assert folio.entire_mapcount == 0, f"BUG: bad page state: free frame {folio.pfn:#x} is mapped"
    pages = folio_pages(folio)
    for pg in pages:
        assert pg.mapcount == 0, f"BUG: bad page state: free frame {pg.pfn:#x} is mapped"
        pg.anon    = pg.anon_exclusive = pg.dirty = pg.lazyfree = False
        pg.uptodate = True
        pg.mapping  = None
        pg.index    = 0
    if folio_test_hugetlb(cpu, folio):
        folio.refcount = 1  # the pool's
        default_hstate(cpu).hugepage_freelist.append(folio)
        return
    for pg in pages:
        pg.compound_head = None
    folio.compound_pages = ()
    node_zones(cpu)[-1 if folio.highmem else 0].put(folio.pfn, len(pages).bit_length() - 1)
