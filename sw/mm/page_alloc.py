"""Page frames: which are free, and how many references the others have.

Ref: Linux 6.12, mm/page_alloc.c, include/linux/gfp_types.h, include/linux/mmzone.h.

Single frames only; what was freed last is given out first, as from Linux's per-CPU lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sw.arch.x86.include.asm.page import pfn_to_page
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import page

from .highmem import clear_highpage

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = [
    "GFP_HIGHUSER_MOVABLE", "GFP_KERNEL", "__GFP_HIGHMEM", "__GFP_ZERO",
    "__free_page", "alloc_page", "get_page", "mem_map", "nr_free_pages", "put_page", "zone",
]


__GFP_HIGHMEM = 0x0002    #: The frame may be in high memory.
__GFP_ZERO    = 0x0100    #: It is filled with zeros.
GFP_KERNEL    = 0x0CC0    #: The frame is in the linear map.

GFP_HIGHUSER_MOVABLE = GFP_KERNEL | __GFP_HIGHMEM | 0x10_0008


class mem_map(dict[int, page]):
    """Records of all frames by frame number, made when they are first asked for.

    Parameters
    ----------
    max_low_pfn : :class:`int`
        First frame that is not in the linear map.
    max_pfn : :class:`int`
        First frame that does not exist.
    """

    def __init__(self, max_low_pfn: int, max_pfn: int):
        super().__init__()
        self.max_low_pfn = max_low_pfn
        self.max_pfn     = max_pfn

    def __missing__(self, pfn: int) -> page:
        assert 0 <= pfn < self.max_pfn, f"no such frame: {pfn:#x}"
        record = self[pfn] = page(pfn, highmem=pfn >= self.max_low_pfn)
        return record


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


def nr_free_pages(cpu: Cpu) -> int:
    """Free frames of all zones."""
    return sum(zone.nr_free for zone in cpu.kernel.zones)


async def alloc_page(cpu: Cpu, gfp: int) -> page:
    """Take a frame, with one reference. Raises ENOMEM.

    High memory comes first where it may be used: the linear map is the scarcer kind.
    """
    kernel = cpu.kernel
    usable = kernel.zones if gfp & __GFP_HIGHMEM else kernel.zones[:1]
    for zone in reversed(usable):
        if zone.nr_free:
            break
    else:
        raise KernelError(Errno.ENOMEM)

    page = pfn_to_page(cpu, zone.take())
    assert page.refcount == 0, f"BUG: bad page state: free frame {page.pfn:#x} is in use"
    page.refcount = 1
    if gfp & __GFP_ZERO:
        await clear_highpage(cpu, page)
    return page


def get_page(cpu: Cpu, page: page) -> None:
    """Take one more reference on a frame that is in use."""
    assert page.refcount > 0, f"BUG: reference on the free frame {page.pfn:#x}"
    page.refcount += 1


def put_page(cpu: Cpu, page: page) -> None:
    """Give a reference back; the last one frees the frame."""
    assert page.refcount > 0, f"BUG: frame {page.pfn:#x} freed twice"
    page.refcount -= 1
    if page.refcount == 0:
        _free_unref_page(cpu, page)


__free_page = put_page


def _free_unref_page(cpu: Cpu, page: page) -> None:
    assert page.mapcount == 0, f"BUG: bad page state: free frame {page.pfn:#x} is mapped"
    page.anon = page.anon_exclusive = page.dirty = False
    page.mapping = None
    page.index   = 0
    zones = cpu.kernel.zones
    zones[-1 if page.highmem else 0].free_list.append(page.pfn)
