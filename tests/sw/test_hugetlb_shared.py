"""Huge pages from the pool that others see: copies, forced writes, other processors."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_write
from sw.audit import audit
from sw.era import ERAS
from sw.errno import Errno
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE
from sw.include.linux.mman import (
    MADV_DONTNEED, MAP_NORESERVE, PROT_NONE, PROT_READ,
)
from sw.kernel.sched.completion import wait_for_completion
from sw.mm.gup.follow import unpin_user_page
from sw.mm.gup.pages import get_user_pages_remote, pin_user_pages_remote
from sw.mm.page_alloc import put_page

from .huge_support import (
    AT, HUGE, MIB, PAGE, head, is_huge, leaf, quick,
)
from .hugetlb_support import (
    ANON, BUS, EACH_KIND, EACH_VERSION, FORCED, REFUSED, SHARED, boot_pool, family, get, mapped,
    pool, signal_of,
)
from .smp_support import Smp, beside, seeded, two_threads
from .user_support import raises_errno, runs


__all__ = ["quick"]


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
        await wait_for_completion(cpu, await beside(thread, lambda: thread.load(AT)))
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
