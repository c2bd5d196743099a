"""Huge pages from the pool: who is promised them, and who gets them."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_64
from sw.era import ERA_6_X
from sw.errno import Errno
from sw.include.linux.mman import (
    MADV_COLD, MADV_COLLAPSE, MADV_DODUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE,
    MADV_PAGEOUT, MADV_POPULATE_WRITE, MADV_WIPEONFORK, MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE,
    MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE,
    PROT_NONE, PROT_READ,
)
from sw.mm.mmap.map import ksys_mmap_pgoff
from sw.vmlinux import Kernel

from .huge_support import (
    AT, EACH_HUGE_PAGING, HUGE, MIB, PAGE, RW, head, is_huge, quick,
)
from .hugetlb_support import (
    ANON, BUS, EACH_KIND, REFUSED, SHARED, boot_pool, mapped, pool, signal_of,
)
from .user_support import free_pages, raises_errno, runs


__all__ = ["quick"]


# The pool

@EACH_HUGE_PAGING
@runs
async def test_the_pool_is_put_by_at_boot(paging):
    without = await boot_pool(paging, hugepages=0)
    user    = await boot_pool(paging)
    assert free_pages(without) - free_pages(user) == 3 * 512 and pool(user) == (3, 0)


@runs
async def test_a_pool_larger_than_memory_has_what_there_is():
    assert pool(await boot_pool(hugepages=2, ram_bytes=4 * MIB)) == (1, 0)


@runs
async def test_32_bit_paging_has_no_pool():
    user = await boot_pool(PAGING_32)
    assert pool(user) == (0, 0)
    for flags in (ANON, ANON | MAP_NORESERVE):
        with raises_errno(Errno.ENOMEM):
            await mapped(user, flags=flags)


def test_a_pool_cannot_be_negative():
    with pytest.raises(ValueError, match="hugepages cannot be -1"):
        Kernel(PAGING_64, 1 << 20, ERA_6_X, hugepages=-1)


# mmap()

@EACH_KIND
@runs
async def test_a_mapping_is_promised_its_pages_or_is_refused(kind):
    user = await boot_pool()
    at   = await user.mmap(2 * HUGE - PAGE, RW, kind)
    assert at % HUGE == 0 and pool(user) == (3, 2)
    with raises_errno(Errno.ENOMEM):
        await user.mmap(2 * HUGE, RW, kind)
    assert pool(user) == (3, 2)
    await user.munmap(at, 2 * HUGE)
    assert pool(user) == (3, 0)


@runs
async def test_mappings_are_placed_one_below_the_other_and_wishes_are_rounded_up():
    user = await boot_pool()
    await user.mmap(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS)
    first = await user.mmap(HUGE, RW, ANON)
    assert await user.mmap(HUGE, RW, ANON) == first - HUGE
    assert await user.mmap(HUGE, RW, ANON, addr=AT + PAGE) == AT + HUGE


@EACH_KIND
@runs
async def test_noreserve_promises_nothing_so_that_the_pool_may_be_empty(kind):
    user = await boot_pool()
    await mapped(user, 4, flags=kind | MAP_NORESERVE)
    assert pool(user) == (3, 0)
    for number in range(3):
        await user.store(AT + number * HUGE, 1)
    assert await signal_of(user.store(AT + 3 * HUGE, 1)) == BUS
    with raises_errno(Errno.EFAULT):
        await user.madvise(AT + 3 * HUGE, HUGE, MADV_POPULATE_WRITE)
    await user.munmap(AT, 4 * HUGE)
    assert pool(user) == (3, 0)


@runs
async def test_noreserve_does_not_take_what_is_promised_to_others():
    user = await boot_pool()
    await mapped(user, 3)
    at = await user.mmap(HUGE, RW, ANON | MAP_NORESERVE)
    assert await signal_of(user.load(at)) == BUS
    assert await user.load(AT) == 0 and pool(user) == (2, 2)


@EACH_KIND
@runs
async def test_without_a_pool_noreserve_maps_what_nobody_can_touch(kind):
    user = await boot_pool(hugepages=0)
    with raises_errno(Errno.ENOMEM):
        await mapped(user, flags=kind)
    await mapped(user, flags=kind | MAP_NORESERVE)
    assert await signal_of(user.load(AT)) == BUS


# Faults

@EACH_HUGE_PAGING
@EACH_KIND
@runs
async def test_one_fault_brings_a_huge_page_of_zeros(paging, kind):
    user = await boot_pool(paging)
    await mapped(user, flags=kind)
    faults = user.task.min_flt
    await user.store(AT + PAGE, 7)
    assert await user.load_bytes(AT, 8) == bytes(8) and await user.load(AT + PAGE) == 7
    assert user.task.min_flt == faults + 1 and await is_huge(user) and pool(user) == (2, 0)
    await user.exit()
    assert pool(user) == (3, 0)


@pytest.mark.parametrize("kind, faults", [(ANON, 2), (SHARED, 1)])
@runs
async def test_a_page_that_was_only_read_is_the_processs_own_already(kind, faults):
    user = await boot_pool()
    await mapped(user, flags=kind)
    before = user.task.min_flt
    await user.load(AT)
    old = await head(user)
    await user.store(AT, 1)
    assert await head(user) is old and user.task.min_flt == before + faults


@runs
async def test_a_page_of_an_earlier_user_comes_back_as_zeros():
    user = await boot_pool(hugepages=1)
    await mapped(user)
    await user.store(AT + PAGE, 7)
    await mapped(user)
    assert await user.load(AT + PAGE) == 0


@runs
async def test_behind_the_end_of_the_file_is_no_page():
    user = await boot_pool()
    with raises_errno(Errno.EINVAL):
        await ksys_mmap_pgoff(user.cpu, 0, HUGE, PROT_READ, ANON, -1, 1)
    at = await ksys_mmap_pgoff(user.cpu, 0, HUGE, PROT_READ, ANON, -1, 512)
    assert await signal_of(user.load(at)) == BUS


# Parts of pages

@runs
async def test_nothing_ends_within_a_page():
    user = await boot_pool()
    await mapped(user, 2)
    for start, length in ((AT, PAGE), (AT + PAGE, HUGE), (AT, HUGE + PAGE)):
        with raises_errno(Errno.EINVAL):
            await user.munmap(start, length)
        with raises_errno(Errno.EINVAL):
            await user.mprotect(start, length, PROT_READ)
        with raises_errno(Errno.EINVAL):
            await user.madvise(start, length, MADV_DONTFORK)
    assert len(user.task.mm.mmap) == 1
    await user.munmap(AT, HUGE - 1)
    assert [vma.vm_start for vma in user.task.mm.mmap] == [AT + HUGE] and pool(user) == (3, 1)


@runs
async def test_the_parts_of_a_mapping_are_never_joined_again():
    user = await boot_pool()
    await mapped(user, 3)
    await user.mprotect(AT + HUGE, HUGE, PROT_READ)
    await user.mprotect(AT + HUGE, HUGE, RW)
    assert len(user.task.mm.mmap) == 3
    await user.store(AT + HUGE, 1)
    await user.munmap(AT + HUGE, HUGE)
    assert pool(user) == (3, 2)
    await user.munmap(AT, 3 * HUGE)
    assert pool(user) == (3, 0)


@runs
async def test_what_is_not_needed_goes_back_to_the_pool_and_is_promised_again():
    user = await boot_pool()
    await mapped(user, 2)
    await user.store(AT, 7)
    with raises_errno(Errno.EINVAL):
        await user.madvise(AT + PAGE, HUGE, MADV_DONTNEED)
    await user.madvise(AT, HUGE - PAGE, MADV_DONTNEED)      # no whole page
    assert pool(user) == (2, 1)
    await user.madvise(AT, 2 * HUGE - PAGE, MADV_DONTNEED)
    assert pool(user) == (3, 2) and await user.load(AT) == 0


@runs
async def test_what_is_shared_stays_in_the_file():
    user = await boot_pool()
    await mapped(user, flags=SHARED)
    await user.store(AT, 7)
    await user.madvise(AT, HUGE, MADV_DONTNEED)
    assert pool(user) == (2, 0) and await user.load(AT) == 7


@pytest.mark.parametrize("advice, errno", [
    (MADV_FREE, Errno.EINVAL), (MADV_COLD, Errno.EINVAL), (MADV_PAGEOUT, Errno.EINVAL),
    (MADV_COLLAPSE, Errno.EINVAL), (MADV_WIPEONFORK, Errno.EINVAL),
    (MADV_DODUMP, None), (MADV_HUGEPAGE, None), (MADV_POPULATE_WRITE, None),
])
@runs
async def test_advice(advice, errno):
    user = await boot_pool()
    await mapped(user)
    if errno is None:
        await user.madvise(AT, HUGE, advice)
        assert await is_huge(user) is (advice == MADV_POPULATE_WRITE)
    else:
        with raises_errno(errno):
            await user.madvise(AT, HUGE, advice)


# mprotect(), mremap()

@EACH_KIND
@runs
async def test_protection(kind):
    user = await boot_pool()
    await mapped(user, flags=kind)
    await user.store(AT, 7)
    old = await head(user)
    await user.mprotect(AT, HUGE, PROT_READ)
    assert await signal_of(user.store(AT, 8)) == REFUSED and await user.load(AT) == 7
    await user.mprotect(AT, HUGE, PROT_NONE)
    assert await signal_of(user.load(AT)) == REFUSED
    await user.mprotect(AT, HUGE, RW)
    faults = user.task.min_flt
    await user.store(AT, 8)
    assert user.task.min_flt == faults + (kind == ANON) and await head(user) is old


@runs
async def test_moves_are_refused_and_sizes_are_rounded():
    user = await boot_pool()
    await mapped(user, 3)
    for old, new, flags, errno in (
            (3 * HUGE, 4 * HUGE, MREMAP_MAYMOVE, Errno.EINVAL),
            (HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, Errno.EINVAL)):
        with raises_errno(errno):
            await user.mremap(AT, old, new, flags)
    for to, errno in ((AT + 4 * HUGE + PAGE, Errno.EINVAL), (AT + 4 * HUGE, Errno.ENOSYS)):
        with raises_errno(errno):
            await user.mremap(AT, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, to)
    with raises_errno(Errno.EINVAL):
        await user.mremap(AT + PAGE, HUGE, HUGE)
    assert await user.mremap(AT, 3 * HUGE, HUGE + PAGE) == AT
    assert user.task.mm.mmap[0].vm_end == AT + 2 * HUGE and pool(user) == (3, 2)
