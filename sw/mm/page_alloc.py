"""Free page frames, and references on the others.

Ref: Linux 6.12, mm/page_alloc.c, include/linux/gfp_types.h, mmzone.h, page_ref.h, mm.h
(get_page), mm/swap.c (put_page).

Single frames only; what was freed last is given out first, as from Linux's per-CPU lists.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import pfn_to_page
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import page
from sw.processor.cpu import Cpu
from sw.variables import DEFINE

from .highmem import clear_highpage
from .memory.mem_map import mem_map


__all__ = [
    "__GFP_HIGHMEM", "__GFP_ZERO", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE", "GFP_KERNEL",
    "__free_page", "alloc_page", "folio_put_refs", "folio_ref_add", "free_area_init", "get_page",
    "node_zones", "nr_free_pages", "put_page", "zone",
]


__GFP_HIGHMEM = 0x0002    #: The frame may be in high memory.
__GFP_ZERO    = 0x0100    #: It is filled with zeros.
GFP_KERNEL    = 0x0CC0    #: The frame is in the linear map.

GFP_HIGHUSER         = GFP_KERNEL | __GFP_HIGHMEM | 0x10_0000
GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER | 0x8


class zone:
    """Frames that are alike to the allocator: ``[start_pfn, end_pfn)``."""

    def __init__(self, name: str, start_pfn: int, end_pfn: int):
        self.name      = name
        self.end_pfn   = end_pfn
        self.next_pfn  = start_pfn
        self.free_list: list[int] = []

    @property
    def nr_free(self) -> int:
        """Free frames."""
        return self.end_pfn - self.next_pfn + len(self.free_list)

    def take(self) -> int:
        """Return a free frame, of which there must be one."""
        if self.free_list:
            return self.free_list.pop()
        self.next_pfn += 1
        return self.next_pfn - 1


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


async def alloc_page(cpu: Cpu, gfp: int) -> page:
    """Take a frame, with one reference. Raises ENOMEM.

    High memory comes first where it may be used: the linear map is the scarcer kind.
    """
    zones  = node_zones(cpu)
    usable = zones if gfp & __GFP_HIGHMEM else zones[:1]
    for zone in reversed(usable):
        if zone.nr_free:
            break
    else:
        raise KernelError(Errno.ENOMEM)

    pg = pfn_to_page(cpu, zone.take())
    assert pg.refcount == 0, f"BUG: bad page state: free frame {pg.pfn:#x} is in use"
    pg.refcount = 1
    if gfp & __GFP_ZERO:
        await clear_highpage(cpu, pg)
    return pg


def folio_ref_add(cpu: Cpu, pg: page, refs: int) -> None:
    """Take ``refs`` more references on a frame that is in use."""
    assert pg.refcount > 0, f"BUG: reference on the free frame {pg.pfn:#x}"
    pg.refcount += refs


def folio_put_refs(cpu: Cpu, pg: page, refs: int) -> None:
    """Give ``refs`` references back; the last one frees the frame."""
    assert pg.refcount >= refs, f"BUG: frame {pg.pfn:#x} freed twice"
    pg.refcount -= refs
    if pg.refcount == 0:
        _free_unref_page(cpu, pg)


def get_page(cpu: Cpu, pg: page) -> None:
    """Take one more reference on a frame that is in use."""
    folio_ref_add(cpu, pg, 1)


def put_page(cpu: Cpu, pg: page) -> None:
    """Give a reference back; the last one frees the frame."""
    folio_put_refs(cpu, pg, 1)


__free_page = put_page


def _free_unref_page(cpu: Cpu, pg: page) -> None:
    assert pg.mapcount == 0, f"BUG: bad page state: free frame {pg.pfn:#x} is mapped"
    pg.anon    = pg.anon_exclusive = pg.dirty = False
    pg.mapping = None
    pg.index   = 0
    zones      = node_zones(cpu)
    zones[-1 if pg.highmem else 0].free_list.append(pg.pfn)
