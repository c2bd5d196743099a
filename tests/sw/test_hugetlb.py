"""Huge pages from the pool: who is promised them, who gets them, and what a write does to them."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_write
from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_64
from sw.audit import audit
from sw.era import ERA_6_X, ERAS
from sw.errno import Errno
from sw.include.linux.hugetlb import default_hstate
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE
from sw.include.linux.mman import (
    MADV_COLD, MADV_COLLAPSE, MADV_DODUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE,
    MADV_PAGEOUT, MADV_POPULATE_WRITE, MADV_WIPEONFORK, MAP_ANONYMOUS, MAP_FIXED, MAP_HUGETLB,
    MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE,
    PROT_NONE, PROT_READ,
)
from sw.include.linux.signal_types import BUS_ADRERR, SEGV_ACCERR, SIGBUS, SIGSEGV, Signal
from sw.kernel.sched.completion import wait_for_completion
from sw.mm.gup.follow import unpin_user_page
from sw.mm.gup.pages import get_user_pages_remote, pin_user_pages_remote
from sw.mm.mmap.map import ksys_mmap_pgoff
from sw.mm.page_alloc import put_page
from sw.vmlinux import Kernel

from .huge_support import (
    AT, EACH_HUGE_PAGING, HUGE, MIB, PAGE, RW, boot_huge, head, is_huge, leaf, quick,
)
from .smp_support import Smp, beside, seeded, two_threads
from .user_support import free_pages, raises_errno, runs


__all__ = ["quick"]

ANON    = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB
SHARED  = MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB
FORCED  = FOLL_WRITE | FOLL_FORCE
BUS     = (SIGBUS, BUS_ADRERR)
REFUSED = (SIGSEGV, SEGV_ACCERR)

EACH_KIND    = pytest.mark.parametrize("kind", [ANON, SHARED], ids=["private", "shared"])
EACH_VERSION = pytest.mark.parametrize("name", [n for n, era in ERAS.items() if n == era.name])


async def boot_pool(*args, hugepages=3, **options):
    """Boot with a pool of three huge pages, which leave two MiB."""
    return await boot_huge(*args, hugepages=hugepages, **options)


def pool(user):
    """Count the pages of the pool that are free, and how many of those are promised."""
    state = default_hstate(user.cpu)
    return len(state.hugepage_freelist), state.resv_huge_pages


async def mapped(user, pages=1, prot=RW, flags=ANON):
    """Map memory from the pool at a known address."""
    return await user.mmap(pages * HUGE, prot, flags | MAP_FIXED, addr=AT)


async def signal_of(access):
    """Return the number and the code of the signal that an access ends in."""
    with pytest.raises(Signal) as caught:
        await access
    return caught.value.signo, caught.value.si_code


async def get(user, at, flags):
    """Get one page of a process, and give the reference back."""
    got, = await get_user_pages_remote(user.cpu, user.task.mm, at, 1, flags)
    put_page(user.cpu, got)
    return got


async def family(pages=1, **options):
    """Start a parent that has written to a page each, and its child."""
    user = await boot_pool(**options)
    await mapped(user, pages)
    for number in range(pages):
        await user.store(AT + number * HUGE, 7)
    return user, await user.fork()


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


# fork() and copies

@runs
async def test_a_child_shares_a_private_page_until_a_write():
    user, child = await family()
    old = await head(user)
    assert await child.load(AT) == 7 and await head(child) is old
    await child.store(AT, 8)
    assert [await user.load(AT), await child.load(AT)] == [7, 8]
    assert await head(user) is old and await is_huge(child) and pool(user) == (1, 0)
    faults = user.task.min_flt
    await user.store(AT, 9)
    assert await head(user) is old and user.task.min_flt == faults + 1
    await child.exit()
    assert pool(user) == (2, 0)


@runs
async def test_a_child_shares_a_file():
    user = await boot_pool()
    await mapped(user, 2, flags=SHARED)
    await user.store(AT, 7)
    child = await user.fork()
    await child.store(AT + HUGE, 8)
    assert [await child.load(AT), await user.load(AT + HUGE)] == [7, 8] and pool(user) == (1, 0)
    await user.exit()
    assert await child.load(AT) == 7
    await child.exit()
    assert pool(user) == (3, 0)


@runs
async def test_nothing_is_promised_to_a_child():
    user = await boot_pool()
    await mapped(user, 3)
    child = await user.fork()
    assert await signal_of(child.load(AT)) == BUS
    await child.exit()
    await user.store(AT, 1)
    assert pool(user) == (2, 2)


@runs
async def test_a_child_finds_no_page_for_its_copy():
    user, child = await family(3)
    assert await signal_of(child.store(AT, 8)) == BUS
    assert [await child.load(AT), await user.load(AT)] == [7, 7]
    assert await head(user) is await head(child)


@runs
async def test_a_parent_takes_the_page_from_its_child_rather_than_go_without():
    user, child = await family(3)
    old = await head(user)
    await user.store(AT, 8)
    assert await head(user) is old and old.entire_mapcount == 1
    assert await signal_of(child.load(AT)) == BUS
    assert await child.load(AT + HUGE) == 7
    assert await user.load(AT) == 8 and pool(user) == (0, 0)


@runs
async def test_a_copy_is_not_taken_from_what_is_promised():
    user = await boot_pool()
    await mapped(user, 3)
    await user.store(AT, 7)
    child = await user.fork()
    await user.store(AT, 8)                 # two are free, both promised
    assert pool(user) == (2, 2) and await signal_of(child.load(AT)) == BUS


@runs
async def test_a_page_that_a_child_still_has_is_not_promised_again():
    user, child = await family()
    await user.madvise(AT, HUGE, MADV_DONTNEED)
    assert pool(user) == (2, 0) and await child.load(AT) == 7
    await user.exit()
    await child.exit()
    assert pool(user) == (3, 0)


# get_user_pages

@runs
async def test_the_page_behind_an_address_outlives_its_mapping():
    user = await boot_pool()
    await mapped(user)
    got, = await get_user_pages_remote(user.cpu, user.task.mm, AT + 5 * PAGE + 3, 1, FOLL_WRITE)
    assert got is (await head(user)).compound_pages[5]
    await user.munmap(AT, HUGE)
    assert pool(user) == (2, 0)
    put_page(user.cpu, got)
    assert pool(user) == (3, 0)


@EACH_VERSION
@runs
async def test_a_forced_write_in_each_era(name):
    user = await boot_pool(era=ERAS[name])
    await mapped(user, prot=PROT_READ)
    if name == "6.x":
        with raises_errno(Errno.EFAULT):
            await get(user, AT + PAGE, FORCED)
        assert pool(user) == (3, 1)
        return
    assert await get(user, AT + PAGE, FORCED) is (await head(user)).compound_pages[1]
    assert pte_write((await leaf(user, AT))[0]) is (name != "6.18")
    if name == "6.18":
        assert await signal_of(user.store(AT, 1)) == REFUSED
    else:
        await user.store(AT, 1)             # against the mapping's protection


@pytest.mark.parametrize("prot", [PROT_READ, PROT_NONE])
@runs
async def test_a_forced_write_copies_what_a_child_shares(prot):
    user, child = await family(era=ERAS["6.18"])
    await user.mprotect(AT, HUGE, prot)
    old = await head(child)
    got = await get(user, AT, FORCED)
    assert got is await head(user) and got is not old and not pte_write((await leaf(user, AT))[0])
    assert await get(user, AT, FOLL_FORCE) is got


@EACH_VERSION
@runs
async def test_what_is_shared_is_never_forced(name):
    user = await boot_pool(era=ERAS[name])
    await mapped(user, prot=PROT_READ, flags=SHARED)
    with raises_errno(Errno.EFAULT):
        await get(user, AT, FORCED)
    assert await get(user, AT, FOLL_FORCE) is await head(user)


@runs
async def test_a_pin_makes_a_shared_page_the_processs_own():
    user, child = await family()
    old  = await head(user)
    got, = await pin_user_pages_remote(child.cpu, child.task.mm, AT, 1, 0)
    assert got is await head(child) and got is not old and got.anon_exclusive
    assert not pte_write((await leaf(child, AT))[0])
    unpin_user_page(child.cpu, got)


# Two processors

@pytest.mark.parametrize("seed", range(3))
def test_two_faults_take_one_page(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await mapped(user, flags=ANON | MAP_NORESERVE)
        done = await beside(thread, lambda: thread.store(AT + PAGE, 2))
        await user.store(AT, 1)
        await wait_for_completion(cpu, done)
        assert [await user.load(AT), await user.load(AT + PAGE)] == [1, 2] and pool(user) == (0, 0)

    Smp(ram_bytes=8 * MIB, pse=True, hugepages=1).run(main, seeded(seed))


def test_another_processor_does_not_reach_what_a_copy_replaced():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await mapped(user)
        await user.store(AT, 1)
        await wait_for_completion(cpu, await beside(thread, lambda: thread.load(AT)))
        await user.fork()
        await user.store(AT, 2)
        seen = []

        async def look():
            seen.append(await thread.load(AT))

        await wait_for_completion(cpu, await beside(thread, look))
        assert seen == [2]

    Smp(ram_bytes=8 * MIB, pse=True, hugepages=2).run(main)


# The end

@EACH_KIND
@runs
async def test_nothing_is_left_over(kind):
    user = await boot_pool()
    await mapped(user, 2, flags=kind)
    await user.store(AT, 7)
    child = await user.fork()
    await child.store(AT, 8)
    audit(user.cpu)
    await child.exit()
    await user.exit()
    audit(user.cpu)
    assert pool(user) == (3, 0)
