"""Objects that are smaller than a frame.

Ref: Linux 6.12, mm/slub.c, include/linux/slab.h.

A frame of the linear map is cut into objects of one size. It is given back when all are free.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import page_to_virt, virt_to_page
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SIZE
from sw.include.linux.mm_types import page
from sw.processor.cpu import Cpu
from sw.processor.strings import store_bytes

from .page_alloc import GFP_KERNEL, __free_page, alloc_page


__all__ = ["kmem_cache", "kmem_cache_alloc", "kmem_cache_free"]


class kmem_cache:
    """Objects of ``size`` bytes, a power of two, to which they are aligned.

    Attributes
    ----------
    partial : :class:`dict`
        Linear addresses of the free objects of each frame that has some, by that of the frame.
    slabs : :class:`set` of :class:`page`
        All of its frames.
    """

    def __init__(self, size: int):
        self.size = size
        self.partial: dict[int, list[int]] = {}
        self.slabs:   set[page]            = set()


async def kmem_cache_alloc(cpu: Cpu, cache: kmem_cache) -> int:
    """Take an object, filled with zeros. Returns its linear address. ENOMEM."""
    if not cache.partial:
        frame = await alloc_page(cpu, GFP_KERNEL)
        slab  = page_to_virt(cpu, frame)
        cache.slabs.add(frame)
        cache.partial[slab] = list(range(slab, slab + PAGE_SIZE, cache.size))
    slab, free = next(iter(cache.partial.items()))
    address    = free.pop(0)
    if not free:
        del cache.partial[slab]
    await store_bytes(cpu, address, bytes(cache.size))
    return address


def kmem_cache_free(cpu: Cpu, cache: kmem_cache, address: int) -> None:
    """Give an object back."""
    slab = address & PAGE_MASK
    free = cache.partial.setdefault(slab, [])
    assert address not in free, f"BUG: object {address:#x} freed twice"
    free.append(address)
    if len(free) == PAGE_SIZE // cache.size:
        del cache.partial[slab]
        cache.slabs.remove(virt_to_page(cpu, slab))
        __free_page(cpu, virt_to_page(cpu, slab))
