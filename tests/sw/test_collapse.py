"""MADV_COLLAPSE: small pages that become a huge page, and what keeps them small."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.errno import Errno
from sw.include.linux.mman import (
    MADV_COLLAPSE, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ,
)
from sw.mm import khugepaged
from sw.mm.page_alloc import get_page, put_page
from sw.user import User

from .huge_support import AT, EACH_HUGE_PAGING, HUGE, MIB, PAGE, RW, boot_huge, is_huge, quick
from .user_support import frame, free_pages, raises_errno, runs


__all__ = ["quick"]


async def small_pages(paging=PAGING_64, **options) -> User:
    """Boot, and map room for a huge page of which the second small page alone was written."""
    user = await boot_huge(paging, transparent_hugepage="never", **options)
    await user.mmap(HUGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=AT)
    await user.store(AT + PAGE, 7)
    return user


@EACH_HUGE_PAGING
@runs
async def test_they_become_one_whatever_the_policy_is(paging):
    user = await small_pages(paging)
    await user.load(AT)                      # the page of zeros
    await user.madvise(AT, HUGE, MADV_COLLAPSE)
    assert await is_huge(user)
    assert [await user.load(AT + PAGE * number) for number in range(3)] == [0, 7, 0]
    await user.store(AT, 8)
    await user.munmap(AT, PAGE)              # by the table that was put by
    assert await user.load(AT + PAGE) == 7


@runs
async def test_only_those_that_are_in_the_range_as_a_whole_become_one():
    user = await small_pages()
    await user.mmap(2 * HUGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=AT + HUGE)
    for number in (1, 2):
        await user.store(AT + number * HUGE, number)
    await user.madvise(AT + PAGE, 2 * HUGE, MADV_COLLAPSE)
    assert [await is_huge(user, AT + number * HUGE) for number in range(3)] == [False, True, False]
    assert [await user.load(AT + number * HUGE) for number in range(3)] == [0, 1, 2]


@runs
async def test_their_frames_are_free_again():
    user = await small_pages()
    free = free_pages(user)
    await user.madvise(AT, HUGE, MADV_COLLAPSE)
    assert free_pages(user) == free - HUGE // PAGE + 1


@runs
async def test_without_memory_they_stay_small():
    user = await small_pages(ram_bytes=2 * MIB)
    with raises_errno(Errno.ENOMEM):
        await user.madvise(AT, HUGE, MADV_COLLAPSE)
    assert not await is_huge(user) and await user.load(AT + PAGE) == 7


@pytest.mark.parametrize("late", [False, True])
@runs
async def test_a_page_that_is_held_stays_where_it_is(late, monkeypatch):
    """Also if that is seen only when the table is out already."""
    user = await small_pages()
    page = await frame(user, AT + PAGE)
    free = free_pages(user)
    held = khugepaged.vma_alloc_anon_folio_pmd

    async def alloc(cpu, gfp):
        get_page(cpu, page)
        return await held(cpu, gfp)

    if late:
        monkeypatch.setattr(khugepaged, "vma_alloc_anon_folio_pmd", alloc)
    else:
        get_page(user.cpu, page)
    with raises_errno(Errno.EAGAIN):
        await user.madvise(AT, HUGE, MADV_COLLAPSE)
    assert not await is_huge(user) and await user.load(AT + PAGE) == 7
    assert free_pages(user) == free
    put_page(user.cpu, page)


@pytest.mark.parametrize("size, flags, errno", [
    (HUGE,        MAP_SHARED,  Errno.ENOSYS),
    (HUGE - PAGE, MAP_SHARED,  Errno.EINVAL),
    (HUGE - PAGE, MAP_PRIVATE, Errno.EINVAL),
    (HUGE,        MAP_PRIVATE, Errno.EINVAL),    # nothing was ever written there
])
@runs
async def test_refusals(size, flags, errno):
    user = await boot_huge()
    await user.mmap(size, PROT_READ, flags | MAP_ANONYMOUS | MAP_FIXED, addr=AT)
    await user.load(AT)
    with raises_errno(errno):
        await user.madvise(AT, size, MADV_COLLAPSE)
