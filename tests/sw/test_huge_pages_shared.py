"""Huge pages that others see: writes to them, references on them, other processors."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_write
from sw.era import ERAS
from sw.errno import Errno
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE
from sw.include.linux.mman import (
    MADV_DONTFORK, MADV_DONTNEED, MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_NONE,
    PROT_READ,
)
from sw.include.linux.signal_types import Signal
from sw.kconfig import kconfig
from sw.kernel.sched.completion import wait_for_completion
from sw.mm.gup.follow import unpin_user_page
from sw.mm.gup.pages import get_user_pages_remote, pin_user_pages_remote
from sw.mm.huge_memory.zero import huge_zero_folio
from sw.mm.page_alloc import node_zones, put_page

from .huge_support import (
    AT, EACH_HUGE_PAGING, HUGE, MIB, PAGE, RW, boot_huge, head, is_huge, leaf, quick, untouched,
    written,
)
from .smp_support import Holder, Smp, beside, seeded, two_threads
from .user_support import contents, frame, free_pages, raises_errno, runs


__all__ = ["quick"]

EACH_VERSION = pytest.mark.parametrize("name", [n for n, era in ERAS.items() if n == era.name])

FORCED = FOLL_WRITE | FOLL_FORCE

#: Eras that replace a huge page by a huge page.
WHOLE = ("4.8", "4.14", "4.18", "5.7")


async def get(user, at, flags):
    """Get one page of a process, and give the reference back."""
    got, = await get_user_pages_remote(user.cpu, user.task.mm, at, 1, flags)
    put_page(user.cpu, got)
    return got


# Parts of a huge page whose other users are gone

@EACH_VERSION
@runs
async def test_the_last_user_of_small_parts_reuses_them_by_the_rules_of_its_version(name):
    user  = await boot_huge(era=ERAS[name])
    await written(user)
    child = await user.fork()
    await child.mprotect(AT, PAGE, PROT_READ)
    await user.munmap(AT, HUGE)
    before = await frame(child, AT + PAGE)
    await child.store(AT + PAGE, 8)
    # From 5.9 on references are counted, and each small entry has one.
    assert (await frame(child, AT + PAGE) is before) == (
        name in ("4.8", "4.14", "4.18", "5.7", "5.8", "6.18"))
    assert await child.load(AT + PAGE) == 8


@runs
async def test_a_huge_page_knows_how_many_entries_two_address_spaces_have():
    user = await boot_huge()
    await written(user)
    second, third = [await user.fork() for _ in range(2)]
    folio = await head(user)
    known = [process.task.mm for process in (user, second)]
    assert folio.mm_ids == dict.fromkeys(known, 1)
    assert (folio.large_mapcount, folio.maybe_mapped_shared) == (3, True)
    await second.mprotect(AT, PAGE, PROT_READ)
    assert folio.mm_ids == {known[0]: 1, known[1]: 512}
    await user.munmap(AT, HUGE)
    assert (folio.mm_ids, folio.large_mapcount) == ({known[1]: 512}, 513)
    assert folio.maybe_mapped_shared
    await third.munmap(AT, HUGE)
    assert not folio.maybe_mapped_shared
    await second.munmap(AT + PAGE, HUGE - PAGE)
    assert (folio.mm_ids, folio.large_mapcount) == ({known[1]: 1}, 1)
    await second.munmap(AT, PAGE)
    assert (folio.mm_ids, folio.large_mapcount) == ({}, 0)


# fork()

@EACH_HUGE_PAGING
@runs
async def test_parent_and_child_share_a_huge_page_until_one_writes(paging):
    user  = await boot_huge(paging)
    await written(user)
    child = await user.fork()
    old   = await head(user)
    assert (await head(child), old.refcount, old.entire_mapcount) == (old, 2, 2)
    assert not old.anon_exclusive
    for process in (user, child):
        entry, size = await leaf(process, AT)
        assert size == HUGE and not pte_write(entry) and pte_dirty(paging, entry)
    await child.store(AT + 2 * PAGE, 9)
    assert [await is_huge(user), await is_huge(child)] == [True, False]
    parts = [await frame(child, AT + number * PAGE) for number in range(512)]
    assert [number for number, part in enumerate(parts) if part is not old.compound_pages[number]
            ] == [2]
    assert (old.refcount, old.entire_mapcount) == (512, 1)
    assert [await child.load(AT + at) for at in (PAGE, 2 * PAGE)] == [7, 9]
    assert [await user.load(AT + at) for at in (PAGE, 2 * PAGE)] == [7, 0]


@runs
async def test_the_last_user_writes_to_the_huge_page_itself():
    user  = await boot_huge()
    await written(user)
    old   = await head(user)
    child = await user.fork()
    await child.store(AT, 9)
    await child.exit()
    await user.wait()
    faults = user.task.min_flt
    await user.store(AT, 8)
    assert await is_huge(user) and await head(user) is old and old.anon_exclusive
    assert user.task.min_flt == faults + 1


@runs
async def test_the_last_user_of_small_parts_copies_them():
    user  = await boot_huge()
    await written(user)
    old   = await head(user)
    child = await user.fork()
    await child.store(AT, 9)
    await user.exit()
    await child.store(AT + PAGE, 9)        # the compound page has 511 references
    assert (await frame(child, AT + PAGE)).compound_head is None
    assert old.refcount == 510


@EACH_VERSION
@runs
async def test_a_write_to_a_shared_huge_page_in_each_era(name):
    user  = await boot_huge(era=ERAS[name])
    await written(user)
    child = await user.fork()
    old   = await head(user)
    await child.store(AT + PAGE, 9)
    assert await is_huge(child) is (name in WHOLE) and await head(user) is old
    assert (await head(child) is old) is (name not in WHOLE)
    assert [await user.load(AT + PAGE), await child.load(AT + PAGE)] == [7, 9]
    if name in WHOLE:
        assert (old.refcount, old.entire_mapcount) == (1, 1)


@EACH_VERSION
@runs
async def test_a_write_to_the_huge_page_of_zeros_in_each_era(name):
    user = await boot_huge(era=ERAS[name])
    await untouched(user)
    await user.load(AT)
    await user.store(AT + PAGE, 9)
    assert await is_huge(user) is (name in (*WHOLE, "6.18"))
    assert [await user.load(AT + at) for at in (0, PAGE)] == [0, 9]
    assert contents(user, huge_zero_folio(user.cpu).folio.compound_pages[1], 8) == bytes(8)


@EACH_VERSION
@pytest.mark.parametrize("reader", ["none", "of another page"])
@runs
async def test_which_huge_pages_are_reused(name, reader):
    user  = await boot_huge(era=ERAS[name])
    await written(user)
    child = await user.fork()
    old   = await head(user)
    if reader != "none":
        # Written by the child, so that it was split there; what is left is a reference.
        got, = await get_user_pages_remote(child.cpu, child.task.mm, AT + PAGE, 1, 0)
    await child.exit()
    await user.wait()
    await user.store(AT, 8)
    reused = reader == "none" or name in (*WHOLE, "5.8", "5.15")
    assert (await head(user) is old and await is_huge(user)) is reused
    if reader != "none":
        put_page(user.cpu, got)


@runs
async def test_without_memory_for_a_copy_it_is_split():
    user  = await boot_huge(era=ERAS["5.7"], ram_bytes=4 * MIB)
    await written(user)
    child = await user.fork()
    await child.store(AT, 9)
    assert not await is_huge(child) and [await child.load(AT), await user.load(AT)] == [9, 0]


# get_user_pages

@EACH_HUGE_PAGING
@runs
async def test_the_page_behind_an_address(paging):
    user = await boot_huge(paging)
    await written(user)
    old  = await head(user)
    got, = await get_user_pages_remote(user.cpu, user.task.mm, AT + 5 * PAGE + 3, 1, FOLL_WRITE)
    assert got is old.compound_pages[5] and old.refcount == 2
    assert await is_huge(user)
    await user.munmap(AT, HUGE)
    assert old.refcount == 1 and old.compound_pages
    free = free_pages(user)
    put_page(user.cpu, got)
    assert free_pages(user) == free + 512


@pytest.mark.parametrize("prot", [PROT_READ, PROT_NONE])
@runs
async def test_a_forced_write_to_a_huge_page_that_is_exclusive(prot):
    user = await boot_huge()
    await written(user, prot)
    old  = await head(user)
    faults = user.task.min_flt
    assert await get(user, AT + PAGE, FORCED) is old.compound_pages[1]
    assert user.task.min_flt == faults and await is_huge(user)


@pytest.mark.parametrize("prot", [PROT_READ, PROT_NONE])
@EACH_VERSION
@runs
async def test_a_forced_write_to_what_was_never_touched_makes_a_huge_page(name, prot):
    user = await boot_huge(era=ERAS[name])
    await untouched(user, prot)
    got  = await get(user, AT + PAGE, FORCED)
    entry, _ = await leaf(user, AT)
    assert await is_huge(user) and got is (await head(user)).compound_pages[1]
    assert not pte_write(entry) and pte_dirty(kconfig(user.cpu).paging, entry)


@runs
async def test_a_forced_write_to_a_shared_huge_page_copies_one_small_page():
    user  = await boot_huge()
    await written(user, PROT_READ)
    child = await user.fork()
    old   = await head(user)
    got   = await get(user, AT + PAGE, FORCED)
    assert got.compound_head is None and not await is_huge(user)
    assert await is_huge(child) and await head(child) is old


@runs
async def test_a_pin_of_a_shared_huge_page_unshares_a_small_one():
    user   = await boot_huge()
    await written(user)
    child  = await user.fork()
    pinned, = await pin_user_pages_remote(child.cpu, child.task.mm, AT + PAGE, 1, 0)
    assert pinned.anon_exclusive and pinned.compound_head is None
    assert await child.load(AT + PAGE) == 7 and await is_huge(user)
    unpin_user_page(user.cpu, pinned)
    await child.exit()
    await user.wait()
    pinned, = await pin_user_pages_remote(user.cpu, user.task.mm, AT + PAGE, 1, 0)
    assert await is_huge(user) and pinned.compound_head.anon_exclusive     # the last user's
    unpin_user_page(user.cpu, pinned)


# Other processors

@pytest.mark.parametrize("zeros", [False, True])
def test_no_processor_holds_the_huge_translation_of_what_is_split(zeros):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await untouched(user)
        await (user.load(AT) if zeros else user.store(AT, 1))
        await wait_for_completion(cpu, await beside(thread, lambda: thread.load(AT)))
        holder = Holder(thread)
        await holder.begin(cpu)
        mmu = smp.cpus[1].bus.mmu
        assert mmu.tlb.find(AT, mmu.state.pcid) is not None
        await user.madvise(AT + PAGE, PAGE, MADV_DONTFORK)
        assert not await is_huge(user) and mmu.tlb.find(AT, mmu.state.pcid) is None
        await holder.end(cpu)

    smp = Smp(ram_bytes=8 * MIB, pse=True)
    smp.run(main)


def test_each_access_is_judged_by_the_small_entry():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await thread.handle()
        await written(user)
        old  = await head(user)
        done = await beside(thread, lambda: thread.store(AT + 3 * PAGE, 3))
        await wait_for_completion(cpu, done)
        await user.mprotect(AT + 3 * PAGE, PAGE, PROT_READ)

        async def refused():
            await thread.store(AT + 2 * PAGE, 2)
            with pytest.raises(Signal):
                await thread.store(AT + 3 * PAGE, 4)

        done = await beside(thread, refused)
        await wait_for_completion(cpu, done)
        assert contents(user, old.compound_pages[3], 1) == b"\x03"
        assert contents(user, old.compound_pages[2], 1) == b"\x02"

    Smp(ram_bytes=8 * MIB, pse=True).run(main)


@pytest.mark.parametrize("seed", range(4))
def test_two_first_writes_make_one_huge_page(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await untouched(user)
        done = await beside(thread, lambda: thread.store(AT + PAGE, 2))
        await user.store(AT, 1)
        await wait_for_completion(cpu, done)
        assert [await user.load(AT), await user.load(AT + PAGE)] == [1, 2]
        assert await is_huge(user) and (await head(user)).refcount == 1
        assert len(user.task.mm.pmd_huge_pte) == 1

    Smp(ram_bytes=8 * MIB, pse=True).run(main, seeded(seed))


@pytest.mark.parametrize("seed", range(4))
def test_writes_against_madvise_lose_no_memory(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await untouched(user)
        free = free_pages(user)

        async def drops():
            for part in (PAGE, HUGE, 2 * PAGE, HUGE):
                await thread.madvise(AT, part, MADV_DONTNEED)

        done = await beside(thread, drops)
        for number in range(6):
            await user.store(AT + number * PAGE, number)
        await wait_for_completion(cpu, done)
        await user.munmap(AT, HUGE)
        assert free_pages(user) >= free and user.task.mm.pmd_huge_pte == []

    Smp(ram_bytes=8 * MIB, pse=True).run(main, seeded(seed))


@runs
async def test_a_pipe_keeps_a_part_of_a_huge_page():
    user = await boot_huge()
    await written(user)
    old  = await head(user)
    reader, writer = await user.pipe()
    assert await user.vmsplice(writer, (AT + PAGE, 8)) == 8
    assert old.refcount == 2
    await user.munmap(AT, HUGE)
    buf = await user.mmap(PAGE)
    assert old.refcount == 1 and await user.read(reader, buf, 8) == 8
    assert await user.load(buf) == 7 and old.refcount == 0


@pytest.mark.parametrize("left, forks", [(1, False), (2, False), (3, False), (4, True)])
@runs
async def test_a_fork_that_finds_no_memory_leaves_nothing_behind(left, forks):
    user = await boot_huge()
    await written(user)
    for zone in node_zones(user.cpu):
        zone.end_pfn, zone.free_list = zone.next_pfn + left, []
    if forks:
        await user.fork()
    else:
        with raises_errno(Errno.ENOMEM):
            await user.fork()
    assert (await head(user)).entire_mapcount == 1 + forks
    assert await is_huge(user) and await user.load(AT + PAGE) == 7


@runs
async def test_a_second_mapping_may_have_one_too():
    user = await boot_huge()
    await user.mmap(2 * HUGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=AT)
    await user.madvise(AT, 2 * HUGE, MADV_HUGEPAGE)
    for at in (AT, AT + HUGE):
        await user.store(at, at)
    assert [await user.load(at) for at in (AT, AT + HUGE)] == [AT, AT + HUGE]
    assert len(user.task.mm.pmd_huge_pte) == 2
