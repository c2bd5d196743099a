"""brk(): the heap grows and shrinks, and says where it ends."""

import pytest

from sw.errno import Errno
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import SEGV_MAPERR, Signal

from .user_support import EACH_PAGING, boot, free_pages, raises_errno, runs


RW    = PROT_READ | PROT_WRITE
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
PAGE  = 4096


def mappings(user, start):
    """Mappings in pages from ``start`` on, with their rights."""
    return [((vma.vm_start - start) // PAGE, (vma.vm_end - start) // PAGE, vma.vm_flags & 7)
            for vma in user.task.mm.mmap]


@EACH_PAGING
@runs
async def test_the_heap_begins_empty_and_grows_by_bytes(paging):
    user  = await boot(paging)
    start = await user.brk(0)
    assert start % PAGE == 0 and mappings(user, start) == []
    assert await user.brk(start + 1) == start + 1
    await user.store(start, 5)
    assert await user.brk(start + PAGE) == start + PAGE
    assert mappings(user, start) == [(0, 1, 3)]
    assert await user.brk(start + PAGE + 1) == start + PAGE + 1
    await user.store(start + PAGE, 6)
    assert mappings(user, start) == [(0, 2, 3)]
    assert (await user.load(start), await user.brk(0)) == (5, start + PAGE + 1)


@pytest.mark.parametrize("asked", [0, 1, -1, -4096, -4097, "end", "below the start"])
@EACH_PAGING
@runs
async def test_what_cannot_be_changes_nothing(paging, asked):
    user  = await boot(paging)
    start = await user.brk(0)
    end   = await user.brk(start + 5000)
    asked = {"below the start": start - 1, "end": paging.TASK_SIZE + 1}.get(asked, asked)
    assert await user.brk(asked) == end == start + 5000
    assert mappings(user, start) == [(0, 2, 3)]


@EACH_PAGING
@runs
async def test_a_heap_that_shrinks_gives_frames_back_and_grows_with_zeros(paging):
    user  = await boot(paging)
    start = await user.brk(0)
    await user.brk(start + 4 * PAGE)
    for page in range(4):
        await user.store(start + page * PAGE, page + 1)
    before = free_pages(user)
    assert await user.brk(start + PAGE + 1) == start + PAGE + 1
    assert free_pages(user) == before + 2 and mappings(user, start) == [(0, 2, 3)]
    assert await user.load(start + PAGE) == 2       # the page of the last byte is whole
    with pytest.raises(Signal) as caught:
        await user.load(start + 2 * PAGE)
    assert caught.value.si_code == SEGV_MAPERR
    await user.brk(start + 3 * PAGE)
    assert await user.load(start + 2 * PAGE) == 0


@pytest.mark.parametrize("flags, most", [(0, 299), (MAP_GROWSDOWN, 300 - 256 - 1)])
@runs
async def test_a_page_or_the_gap_of_a_stack_stays_free_above(flags, most):
    user  = await boot()
    start = await user.brk(0)
    await user.mmap(PAGE, RW, FIXED | flags, addr=start + 300 * PAGE)
    assert await user.brk(start + (most + 1) * PAGE) == start
    assert await user.brk(start + most * PAGE) == start + most * PAGE


@runs
async def test_a_heap_with_holes_shrinks_as_far_as_there_is_some_left():
    user  = await boot()
    start = await user.brk(0)
    await user.brk(start + 4 * PAGE)
    await user.munmap(start, 2 * PAGE)
    assert await user.brk(start) == start and mappings(user, start) == []
    await user.brk(start + 4 * PAGE)
    await user.munmap(start, 4 * PAGE)
    assert await user.brk(start + 2 * PAGE) == start + 4 * PAGE    # nothing to unmap: refused


@runs
async def test_a_child_has_a_heap_of_its_own():
    user  = await boot()
    start = await user.brk(0)
    await user.brk(start + PAGE)
    await user.store(start, 1)
    child = await user.fork()
    assert await child.brk(start + 2 * PAGE) == start + 2 * PAGE
    await child.store(start, 2)
    assert (await user.brk(0), await user.load(start)) == (start + PAGE, 1)
    with raises_errno(Errno.ENOMEM):
        await user.madvise(start + PAGE, PAGE, 0)
