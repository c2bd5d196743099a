"""Huge pages: who gets them, what they hold, and what becomes of them when a part goes."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_protnone, pte_write
from sw.arch.x86.include.asm.pgtable_types import PAGING_32
from sw.bus import Register
from sw.errno import Errno
from sw.era import ERAS
from sw.include.linux.mman import (
    MADV_DONTFORK, MADV_DONTNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_POPULATE_WRITE,
    MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_NONE,
    PROT_READ,
)
from sw.include.linux.signal_types import Signal
from sw.kconfig import kconfig
from sw.mm.huge_memory.zero import huge_zero_folio
from sw.mm.page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_pages, put_page

from .arch_support import booted, run
from .huge_support import (
    AT, EACH_HUGE_PAGING, HUGE, MIB, PAGE, RW, boot_huge, head, is_huge, leaf, quick, untouched,
    written,
)
from .user_support import boot, file_of, frame, free_pages, raises_errno, runs


__all__ = ["quick"]

FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
TO    = MREMAP_MAYMOVE | MREMAP_FIXED


# Who gets one

@pytest.mark.parametrize("policy, advice, huge", [
    ("madvise", MADV_HUGEPAGE,   True),
    ("madvise", None,            False),
    ("always",  None,            True),
    ("always",  MADV_NOHUGEPAGE, False),
    ("never",   MADV_HUGEPAGE,   False),
    ("rubbish", MADV_HUGEPAGE,   True),     # ignored: "madvise"
    ("rubbish", None,            False),
])
@runs
async def test_the_policy_and_the_advice_decide(policy, advice, huge):
    user = await boot_huge(transparent_hugepage=policy)
    await user.mmap(HUGE, RW, FIXED, addr=AT)
    if advice is not None:
        await user.madvise(AT, HUGE, advice)
    await user.store(AT, 1)
    assert await is_huge(user) is huge


@EACH_HUGE_PAGING
@runs
async def test_the_advice_can_be_taken_back(paging):
    user = await boot_huge(paging)
    await untouched(user)
    await user.madvise(AT, HUGE, MADV_NOHUGEPAGE)
    await user.store(AT, 1)
    assert not await is_huge(user)


@runs
async def test_memory_of_files_has_none():
    user = await boot_huge(transparent_hugepage="always")
    fd   = await file_of(user, b"file")
    await user.mmap(HUGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, addr=AT)
    await user.mmap(HUGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, addr=AT + HUGE)
    await user.madvise(AT, 2 * HUGE, MADV_HUGEPAGE)
    assert await user.load_bytes(AT, 4) == b"file"
    await user.store(AT + HUGE, 1)
    assert not await is_huge(user, AT) and not await is_huge(user, AT + HUGE)


@runs
async def test_a_mapping_that_has_not_all_of_it_has_none():
    user = await boot_huge(transparent_hugepage="always")
    await user.mmap(2 * HUGE - PAGE, RW, FIXED, addr=AT + PAGE)
    await user.store(AT + PAGE, 1)
    await user.store(AT + HUGE, 1)
    assert [await is_huge(user, at) for at in (AT + PAGE, AT + HUGE)] == [False, True]


@runs
async def test_32_bit_paging_knows_no_such_advice():
    user = await boot(PAGING_32)
    await user.mmap(PAGE, RW, FIXED, addr=AT)
    for advice in (MADV_HUGEPAGE, MADV_NOHUGEPAGE):
        with raises_errno(Errno.EINVAL):
            await user.madvise(AT, PAGE, advice)


@runs
async def test_a_processor_without_them_gets_none():
    user = await boot(ram_bytes=8 * MIB, pse=False)
    await written(user)
    assert not await is_huge(user)


@pytest.mark.parametrize("era, length, aligned", [
    ("6.x", HUGE, True), ("6.x", 2 * HUGE, True), ("6.x", HUGE + PAGE, False),
    ("5.19", HUGE, False),
])
@runs
async def test_addresses_for_huge_pages(era, length, aligned):
    user = await boot_huge(era=ERAS[era])
    await user.mmap(PAGE)
    assert ((await user.mmap(length)) % HUGE == 0) is aligned
    assert (await user.mmap(length, addr=AT + PAGE)) == AT + PAGE


@runs
async def test_what_grows_where_it_is_moved_stays_as_it_was_to_huge_pages():
    user = await boot_huge()
    await user.mmap(PAGE)
    at   = await user.mmap(HUGE)
    assert (await user.mremap(at + PAGE, PAGE, 2 * HUGE, MREMAP_MAYMOVE)) % HUGE == PAGE


# A read, a write

@EACH_HUGE_PAGING
@runs
async def test_reads_share_the_huge_page_of_zeros(paging):
    user   = await boot_huge(paging)
    await untouched(user)
    faults = user.task.min_flt
    assert [await user.load(AT + offset) for offset in (8, PAGE, HUGE - 8)] == [0, 0, 0]
    assert await is_huge(user) and user.task.min_flt == faults + 1
    child  = await user.fork()
    await untouched(child, at=AT + HUGE)
    assert await child.load(AT) == await child.load(AT + HUGE + PAGE) == 0
    zeros  = huge_zero_folio(user.cpu).folio
    assert [await head(child, AT), await head(child, AT + HUGE), await head(user)] == [zeros] * 3
    assert not pte_write((await leaf(user, AT))[0])
    await child.exit()
    await user.wait()
    assert huge_zero_folio(user.cpu).users == 1
    await user.munmap(AT, HUGE)
    assert user.task.mm.pmd_huge_pte == []
    assert zeros.refcount == 1                 # as long as the process lives


@runs
async def test_the_last_user_of_the_zeros_frees_them():
    user  = await boot_huge()
    free  = free_pages(user)
    child = await user.fork()
    await untouched(child)
    await child.load(AT)
    await child.exit()
    await user.wait()
    assert huge_zero_folio(user.cpu).folio is None and free_pages(user) == free


@EACH_HUGE_PAGING
@runs
async def test_a_write_makes_a_page_of_its_own(paging):
    user = await boot_huge(paging)
    await untouched(user)
    faults = user.task.min_flt
    await user.store(AT + HUGE - 8, 7)
    entry, _ = await leaf(user, AT)
    folio    = await head(user)
    assert await is_huge(user) and user.task.min_flt == faults + 1
    assert pte_write(entry) and pte_dirty(paging, entry)
    assert (folio.refcount, folio.entire_mapcount, folio.anon_exclusive) == (1, 1, True)
    assert folio.pfn % 512 == 0 and [part.pfn - folio.pfn for part in folio.compound_pages] == [
        *range(512)]
    assert [await user.load(AT + HUGE - 8), await user.load(AT)] == [7, 0]


@runs
async def test_a_huge_page_begins_with_zeros(monkeypatch):
    monkeypatch.undo()                    # by the processor, whatever memory held
    user = await boot_huge()
    for pfn in range(1024, 2048):
        user.cpu.bus.mmu.memory.page(pfn)[:] = b"\xa5" * PAGE
    await untouched(user)
    await user.store(AT, 0)
    assert [await user.load(AT + at) for at in range(0, HUGE, 65_528)] == [0] * 33
    assert (await head(user)).pfn >= 1024


@runs
async def test_without_a_huge_page_there_is_a_small_one():
    user = await boot_huge(ram_bytes=2 * MIB)
    await untouched(user)
    await user.load(AT)
    await user.store(AT + PAGE, 1)
    assert not await is_huge(user) and user.task.mm.pmd_huge_pte == []
    assert [await user.load(AT), await user.load(AT + PAGE)] == [0, 1]


@runs
async def test_populate_takes_one_fault():
    user = await boot_huge()
    await untouched(user)
    faults = user.task.min_flt
    await user.madvise(AT, HUGE, MADV_POPULATE_WRITE)
    assert await is_huge(user) and user.task.min_flt == faults + 1


# A part goes, or all

@EACH_HUGE_PAGING
@pytest.mark.parametrize("drop", ["munmap", "madvise"])
@runs
async def test_memory_is_free_when_all_of_it_is_unmapped(paging, drop):
    user = await boot_huge(paging)
    await written(user)
    free, old = free_pages(user), await head(user)

    async def dropped(at, length):
        await (user.munmap(at, length) if drop == "munmap" else
               user.madvise(at, length, MADV_DONTNEED))

    await dropped(AT + 2 * PAGE, PAGE)
    assert not await is_huge(user) and (old.refcount, free_pages(user)) == (511, free)
    assert (await frame(user, AT + PAGE)).pfn == old.pfn + 1 and await user.load(AT + PAGE) == 7
    await dropped(AT, HUGE // 2)
    assert (old.refcount, free_pages(user)) == (256, free)
    await dropped(AT + HUGE // 2, HUGE // 2)
    assert old.refcount == 0 and free_pages(user) - free >= 512
    if drop == "madvise":
        assert [await user.load(AT + at) for at in (PAGE, 2 * PAGE)] == [0, 0]


@EACH_HUGE_PAGING
@runs
async def test_whole_huge_pages_go_at_once(paging):
    user = await boot_huge(paging)
    await untouched(user)
    free = free_pages(user)
    await user.store(AT, 1)
    old  = await head(user)
    await user.madvise(AT, HUGE, MADV_DONTNEED)
    assert (await leaf(user, AT))[0] == 0 and user.task.mm.pmd_huge_pte == []
    assert (old.refcount, old.compound_pages) == (0, ())
    await user.store(AT, 2)
    assert await is_huge(user)
    await user.munmap(AT, HUGE)
    assert free_pages(user) >= free


@runs
async def test_what_was_freed_can_be_a_huge_page_again():
    user = await boot_huge(ram_bytes=6 * MIB)
    for _ in range(3):
        await written(user)
        assert await is_huge(user)
        await user.munmap(AT, PAGE)
        await user.munmap(AT, HUGE)


@pytest.mark.parametrize("advice", [MADV_DONTFORK, MADV_NOHUGEPAGE])
@runs
async def test_a_mapping_that_is_cut_has_no_huge_page_in_two(advice):
    user = await boot_huge()
    await written(user)
    old  = await head(user)
    await user.madvise(AT + HUGE // 2, PAGE, advice)
    assert not await is_huge(user)
    assert await frame(user, AT) is old and await user.load(AT + PAGE) == 7
    child = await user.fork()
    assert await child.load(AT + PAGE) == 7


@pytest.mark.parametrize("change", ["munmap", "madvise", "mprotect"])
@runs
async def test_one_flush_is_enough_for_a_huge_page(change):
    user = await boot_huge()
    await written(user)
    await user.mmap(PAGE, RW, FIXED, addr=AT + HUGE)     # so that the tables stay
    await user.store(AT + HUGE, 1)
    user.cpu.bus.log.clear()
    await {"munmap": user.munmap, "madvise": lambda *at: user.madvise(*at, MADV_DONTNEED),
           "mprotect": lambda *at: user.mprotect(*at, PROT_READ)}[change](AT, HUGE)
    assert [operation for operation in user.cpu.bus.log
            if operation[:2] != ("write", Register.RFLAGS)] == [("invlpg", AT)]


@runs
async def test_small_pages_are_flushed_beside_huge_ones():
    user = await boot_huge()
    await written(user)
    await user.mmap(2 * PAGE, RW, FIXED, addr=AT + HUGE)
    await user.store(AT + HUGE, 1)
    user.cpu.bus.log.clear()
    await user.mprotect(AT, HUGE + PAGE, PROT_READ)
    with pytest.raises(Signal):
        await user.store(AT + HUGE, 2)
    with pytest.raises(Signal):
        await user.store(AT + HUGE - PAGE, 2)


# mprotect

@EACH_HUGE_PAGING
@runs
async def test_mprotect_of_all_of_it(paging):
    user = await boot_huge(paging)
    await written(user)
    old  = await head(user)
    for prot in (PROT_READ, PROT_NONE, PROT_READ, RW):
        await user.mprotect(AT, HUGE, prot)
        entry, size = await leaf(user, AT)
        assert (size, await head(user)) == (HUGE, old)
        assert pte_protnone(entry) is (prot == PROT_NONE)
        assert pte_write(entry) is (prot == RW) and pte_dirty(kconfig(user.cpu).paging, entry)
    faults = user.task.min_flt
    await user.store(AT, 1)
    assert await user.load(AT + PAGE) == 7 and user.task.min_flt == faults


@EACH_HUGE_PAGING
@runs
async def test_mprotect_of_a_part_splits(paging):
    user = await boot_huge(paging)
    await written(user)
    old  = await head(user)
    await user.mprotect(AT + PAGE, PAGE, PROT_READ)
    assert [pte_write((await leaf(user, AT + at))[0]) for at in (0, PAGE, 2 * PAGE)] == [
        True, False, True]
    assert [await frame(user, AT + number * PAGE) for number in range(512)] == [
        *old.compound_pages]
    assert old.refcount == 512 and all(
        part.anon_exclusive and part.mapcount == 1 for part in old.compound_pages)
    assert await user.load(AT + PAGE) == 7


@runs
async def test_the_zeros_split_into_zeros():
    user = await boot_huge()
    await untouched(user)
    await user.load(AT)
    await user.mprotect(AT + PAGE, PAGE, PROT_READ)
    assert not await is_huge(user) and await user.load(AT + PAGE) == 0
    await user.store(AT, 1)
    assert [await user.load(AT + at) for at in (0, 2 * PAGE)] == [1, 0]


# mremap

@EACH_HUGE_PAGING
@pytest.mark.parametrize("to, huge", [(AT + 8 * HUGE, True), (AT + 8 * HUGE + PAGE, False)])
@runs
async def test_a_huge_page_moves_as_one_if_it_can(paging, to, huge):
    user = await boot_huge(paging)
    await written(user)
    old  = await head(user)
    assert await user.mremap(AT, HUGE, HUGE, TO, to) == to
    assert await is_huge(user, to) is huge and (await leaf(user, AT))[0] == 0
    assert await head(user, to) is old and await user.load(to + PAGE) == 7
    assert len(user.task.mm.pmd_huge_pte) == huge
    free = free_pages(user)
    await user.munmap(to, HUGE)
    assert free_pages(user) - free >= 512


@runs
async def test_a_huge_page_moves_in_parts_to_where_a_table_is():
    user = await boot_huge()
    await written(user)
    await user.mmap(PAGE, RW, FIXED, addr=AT + 5 * HUGE - PAGE)
    await user.mmap(2 * PAGE, RW, FIXED, addr=AT + 4 * HUGE)
    await user.store(AT + 5 * HUGE - PAGE, 3)
    await user.mremap(AT, HUGE // 2, HUGE // 2, TO, AT + 4 * HUGE)
    assert await user.load(AT + 4 * HUGE + PAGE) == 7
    assert await user.load(AT + 5 * HUGE - PAGE) == 3


# The allocator

def test_blocks_come_from_the_end_and_leave_single_frames_in_their_order():
    cpu    = booted(ram_bytes=8 * MIB)
    first  = run(alloc_pages(cpu, GFP_HIGHUSER_MOVABLE, 9))
    second = run(alloc_pages(cpu, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 9))
    assert (first.pfn, second.pfn) == (1536, 1024)
    assert cpu.bus.mmu.memory.page(1500) == bytes(PAGE)
    put_page(cpu, first.compound_pages[7])
    assert run(alloc_pages(cpu, GFP_HIGHUSER_MOVABLE, 9)) is first
