"""Pages that a file loses: behind its new end, or in a hole that is punched into it.

Ref: Linux 6.12, mm/truncate.c.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SIZE
from sw.include.linux.fs import MAX_LFS_FILESIZE, address_space, inode
from sw.include.linux.mm import PAGE_ALIGN
from sw.include.linux.mm_types import page
from sw.kernel.locking.rwsem import down_write, up_write
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.processor.strings import rep_stos

from .highmem import kmap_local_page, kunmap_local
from .memory.zap import unmap_mapping_range
from .page_alloc import put_page


__all__ = ["truncate_inode_pages_range", "truncate_pagecache_range", "truncate_setsize"]


async def folio_zero_range(cpu: Cpu, folio: page, start: int, length: int) -> None:
    """Fill part of a page with zeros."""
    kaddr = await kmap_local_page(cpu, folio)
    await rep_stos(cpu, kaddr + start, 0, length)
    await kunmap_local(cpu, kaddr)
    folio.dirty = True


@traced
async def truncate_inode_pages_range(cpu: Cpu, mapping: address_space, lstart: int,
                                     lend: int) -> None:
    """Take the pages of bytes ``[lstart, lend)`` out of the cache; they are mapped nowhere.

    Of a page that is only partly in the range those bytes become zeros.
    """
    for index in sorted(mapping.i_pages):
        first = index * PAGE_SIZE
        start, end = max(lstart, first), min(lend, first + PAGE_SIZE)
        if start >= end:
            continue
        folio = mapping.i_pages[index]
        if end - start < PAGE_SIZE:
            await folio_zero_range(cpu, folio, start - first, end - start)
        else:
            del mapping.i_pages[index]
            folio.mapping = None
            put_page(cpu, folio)


@traced
async def truncate_setsize(cpu: Cpu, node: inode, newsize: int) -> None:
    """Give a file another size. The caller keeps others from writing.

    Whole pages behind the end vanish from all mappings, and so do private copies of them: there is
    nothing any more that they could be a copy of.
    """
    mapping = node.i_mapping
    assert mapping is not None, "BUG: a file without a page cache"
    await down_write(cpu, mapping.invalidate_lock)
    oldsize, node.i_size = node.i_size, newsize
    if newsize < oldsize:
        hole = PAGE_ALIGN(newsize)
        await unmap_mapping_range(cpu, mapping, hole, (MAX_LFS_FILESIZE & PAGE_MASK) - hole, True)
        await truncate_inode_pages_range(cpu, mapping, newsize, MAX_LFS_FILESIZE)
    up_write(cpu, mapping.invalidate_lock)


@traced
async def truncate_pagecache_range(cpu: Cpu, node: inode, lstart: int, lend: int) -> None:
    """Make ``[lstart, lend)`` of a file a hole. Private copies stay what they are."""
    mapping = node.i_mapping
    assert mapping is not None, "BUG: a file without a page cache"
    await down_write(cpu, mapping.invalidate_lock)
    start, end = PAGE_ALIGN(lstart), lend & PAGE_MASK
    if start < end:
        await unmap_mapping_range(cpu, mapping, start, end - start, False)
    await truncate_inode_pages_range(cpu, mapping, lstart, lend)
    up_write(cpu, mapping.invalidate_lock)
