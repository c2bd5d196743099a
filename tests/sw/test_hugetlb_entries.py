"""Entries and records of the pool's pages: dirty, old, exclusive, and whose they are."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_write, pte_young
from sw.era import ERAS
from sw.errno import Errno
from sw.include.linux.mm_types import FOLL_WRITE
from sw.include.linux.mman import MAP_FIXED, MAP_HUGE_1GB, PROT_READ
from sw.kconfig import kconfig
from sw.mm.gup.follow import unpin_user_page
from sw.mm.gup.pages import get_user_pages_remote, pin_user_pages_remote
from sw.mm.page_alloc import put_page

from .huge_support import AT, HUGE, PAGE, RW, head, leaf, quick
from .hugetlb_support import (
    ANON, BUS, EACH_VERSION, FORCED, SHARED, boot_pool, family, get, mapped, pool, signal_of,
)
from .user_support import raises_errno, runs


__all__ = ["quick"]


async def bits(user, at=AT):
    """Tell of an entry: young, dirty, writable."""
    pmd, _ = await leaf(user, at)
    return bool(pte_young(pmd)), bool(pte_dirty(kconfig(user.cpu).paging, pmd)), bool(
        pte_write(pmd))


@runs
async def test_a_forced_write_leaves_the_entry_dirty_and_read_only():
    user = await boot_pool(era=ERAS["6.18"])
    await mapped(user, prot=PROT_READ)
    await get(user, AT, FORCED)
    assert await bits(user) == (True, True, False)


@runs
async def test_a_shared_page_is_dirty_and_writable_though_it_was_only_read():
    user = await boot_pool()
    await mapped(user, flags=SHARED)
    await user.load(AT)
    assert await bits(user) == (True, True, True)
    await mapped(user, prot=PROT_READ, flags=SHARED)
    await user.load(AT)
    assert await bits(user) == (True, False, False)


@runs
async def test_each_frame_of_a_shared_page_knows_its_file():
    user = await boot_pool()
    await mapped(user, 2, flags=SHARED)
    await user.store(AT + HUGE, 1)
    folio   = await head(user, AT + HUGE)
    mapping = user.task.mm.mmap[0].vm_file.f_inode.i_mapping
    assert {pg.mapping for pg in folio.compound_pages} == {mapping} and folio.index == 1


@runs
async def test_a_child_that_has_lost_a_page_finds_none_though_the_pool_has_one_again():
    user, child = await family(3)
    await user.store(AT, 8)                         # the child loses its page
    await user.munmap(AT, HUGE)
    assert pool(user)[0] == 1
    assert await signal_of(child.load(AT)) == BUS


@runs
async def test_a_child_that_has_unmapped_the_page_loses_nothing():
    user, child = await family(3)
    other = await user.fork()
    await child.munmap(AT, HUGE)
    await user.store(AT, 8)                         # the other child loses its page
    assert await signal_of(other.load(AT)) == BUS
    assert child.task.mm.mmap[0].vm_private_data is None and await child.load(AT + HUGE) == 7


@runs
async def test_the_last_process_that_maps_a_page_has_it_alone_again():
    user, child = await family()
    old = await head(user)
    assert not old.anon_exclusive
    await child.exit()
    await user.store(AT, 8)
    assert await head(user) is old and old.anon_exclusive


@EACH_VERSION
@runs
async def test_references_do_not_make_a_copy(name):
    user, child = await family(era=ERAS[name])
    await child.exit()
    held, = await get_user_pages_remote(user.cpu, user.task.mm, AT, 1, 0)
    await user.store(AT, 8)
    assert await head(user) is held
    put_page(user.cpu, held)


@runs
async def test_a_pin_for_reading_leaves_the_entry_read_only():
    user, child = await family()
    await child.exit()
    pinned, = await pin_user_pages_remote(user.cpu, user.task.mm, AT, 1, 0)
    assert pinned.anon_exclusive and not (await bits(user))[2]
    unpin_user_page(user.cpu, pinned)


@runs
async def test_a_shared_page_is_never_copied_nor_anybodys_own():
    user = await boot_pool()
    await mapped(user, flags=SHARED)
    await user.store(AT, 7)
    old   = await head(user)
    child = await user.fork()
    for one in (user, child):
        await one.mprotect(AT, HUGE, PROT_READ)
        await one.mprotect(AT, HUGE, RW)
        await one.store(AT, one.pid)
        await get(one, AT, FOLL_WRITE)
        assert await head(one) is old and not old.anon_exclusive
    assert await user.load(AT) == child.pid


@runs
async def test_a_fork_takes_no_right_from_who_shares_memory():
    user = await boot_pool()
    await mapped(user, flags=SHARED)
    await user.store(AT, 7)
    child  = await user.fork()
    before = user.task.min_flt
    await user.store(AT, 8)
    assert user.task.min_flt == before and await leaf(child, AT) == (0, 0)


@runs
async def test_a_child_has_not_used_its_page_yet():
    user, child = await family()
    assert [await bits(one) for one in (user, child)] == [(True, True, False), (False, True, False)]


@pytest.mark.parametrize("flags, addr", [
    (ANON, AT + PAGE), (SHARED, AT + PAGE), (ANON | MAP_HUGE_1GB, AT + HUGE),
])
@runs
async def test_a_fixed_address_is_one_of_a_page(flags, addr):
    user = await boot_pool()
    with raises_errno(Errno.EINVAL):
        await user.mmap(HUGE, RW, flags | MAP_FIXED, addr=addr)
    assert pool(user) == (3, 0)
