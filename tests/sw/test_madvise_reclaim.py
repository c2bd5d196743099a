"""madvise(): pages that are free lazily, cold, paged out, and removed from their file."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_write, pte_young
from sw.errno import Errno
from sw.include.linux.fs import O_RDONLY, O_RDWR
from sw.include.linux.mman import (
    MADV_COLD, MADV_FREE, MADV_PAGEOUT, MADV_REMOVE, MAP_ANONYMOUS, MAP_FIXED, MAP_LOCKED,
    MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE,
)
from sw.include.linux.shmem_fs import F_SEAL_FUTURE_WRITE, MFD_ALLOW_SEALING
from sw.kconfig import kconfig

from . import huge_support
from .huge_support import HUGE, boot_huge, is_huge, leaf, quick
from .user_support import (
    EACH_ERA, EACH_PAGING, boot, entry, file_of, frame, free_pages, mapped, raises_errno, runs,
)


__all__ = ["quick"]

HUGE_AT = huge_support.AT

RW    = PROT_READ | PROT_WRITE
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
AT    = 0x1000_0000
PAGE  = 4096

F_ADD_SEALS = 1033


async def page_of(value=1, pages=1, **options):
    """Boot, and map pages at ``AT`` that hold ``value``."""
    user = await boot(**options)
    await user.mmap(pages * PAGE, RW, FIXED, addr=AT)
    for number in range(pages):
        await user.store(AT + number * PAGE, value)
    return user


async def bits(user, at=AT):
    """Tell of an entry: young, dirty, writable."""
    paging, pte = kconfig(user.cpu).paging, await entry(user, at)
    return bool(pte_young(pte)), bool(pte_dirty(paging, pte)), bool(pte_write(pte))


# FREE

@EACH_PAGING
@EACH_ERA
@runs
async def test_a_lazily_freed_page_is_clean_and_keeps_its_frame_and_contents(era, paging):
    user  = await page_of(era=era, paging=paging)
    folio = await frame(user, AT)
    assert await bits(user) == (True, True, True)
    await user.madvise(AT, PAGE, MADV_FREE)
    assert await bits(user) == (False, False, True)
    faults = user.task.min_flt
    assert await user.load(AT) == 1
    assert await frame(user, AT) is folio and user.task.min_flt == faults


@runs
async def test_a_store_after_it_is_seen_though_the_processor_knew_the_page_as_dirty():
    user = await page_of()
    await user.madvise(AT, PAGE, MADV_FREE)
    await user.store(AT, 2)
    assert await bits(user) == (True, True, True)


@runs
async def test_a_lazily_freed_page_that_is_paged_out_is_gone():
    user   = await page_of(pages=2)
    before = free_pages(user)
    await user.madvise(AT, PAGE, MADV_FREE)
    await user.madvise(AT, 2 * PAGE, MADV_PAGEOUT)
    assert free_pages(user) == before + 1
    assert [await user.load(AT), await user.load(AT + PAGE)] == [0, 1]


@runs
async def test_a_store_keeps_a_lazily_freed_page():
    user = await page_of()
    await user.madvise(AT, PAGE, MADV_FREE)
    await user.store(AT, 2)
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 2
    await user.mprotect(AT, PAGE, PROT_READ)
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 2


@runs
async def test_a_write_by_force_keeps_it_though_the_entry_stays_clean():
    user = await page_of()
    await user.mprotect(AT, PAGE, PROT_READ)
    await user.madvise(AT, PAGE, MADV_FREE)
    mem = await user.open("/proc/self/mem")
    await user.write_bytes(mem, b"\x05", AT)
    assert not (await bits(user))[1]
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 5
    # The kernel's write is forgotten where the page is given up once more.
    await user.madvise(AT, PAGE, MADV_FREE)
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 0


@runs
async def test_a_pipe_keeps_it():
    user = await page_of()
    read, write = await user.pipe()
    await user.vmsplice(write, (AT, 8))
    await user.madvise(AT, PAGE, MADV_FREE)
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 1
    await user.read_bytes(read, 8)
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 0


@runs
async def test_a_child_keeps_it_as_long_as_it_lives():
    user = await page_of()
    await user.madvise(AT, PAGE, MADV_FREE)
    child = await user.fork()
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert [await user.load(AT), await child.load(AT)] == [1, 1]
    await child.exit()
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 0


@runs
async def test_a_page_that_the_kernel_has_written_is_not_freed_where_a_child_has_it_too():
    user = await page_of()
    mem  = await user.open("/proc/self/mem")
    await user.mprotect(AT, PAGE, PROT_READ)
    await user.write_bytes(mem, b"\x05", AT)
    child = await user.fork()
    await user.madvise(AT, PAGE, MADV_FREE)
    await child.exit()
    await user.madvise(AT, PAGE, MADV_PAGEOUT)
    assert await user.load(AT) == 5


@pytest.mark.parametrize("kind", ["file", "shared anon"])
@runs
async def test_only_memory_without_a_file_is_freed(kind):
    user = await boot()
    at   = await mapped(user, kind, RW)
    with raises_errno(Errno.EINVAL):
        await user.madvise(at, PAGE, MADV_FREE)


@pytest.mark.parametrize("advice", [MADV_FREE, MADV_COLD, MADV_PAGEOUT])
@runs
async def test_locked_memory_is_refused(advice):
    user = await boot()
    at   = await user.mmap(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED)
    with raises_errno(Errno.EINVAL):
        await user.madvise(at, PAGE, advice)


# COLD and PAGEOUT

@runs
async def test_a_cold_page_is_old_and_as_dirty_as_before():
    user = await page_of()
    await user.madvise(AT, PAGE, MADV_COLD)
    assert await bits(user) == (False, True, True)
    assert await user.load(AT) == 1
    assert await bits(user) == (True, True, True)


@runs
async def test_a_page_that_a_child_has_too_does_not_become_cold():
    user  = await page_of()
    child = await user.fork()
    await user.madvise(AT, PAGE, MADV_COLD)
    assert (await bits(user))[0]
    await child.exit()


@pytest.mark.parametrize("advice", [MADV_COLD, MADV_PAGEOUT])
@runs
async def test_private_memory_stays_where_it_is_without_swap(advice):
    user   = await page_of()
    folio  = await frame(user, AT)
    faults = user.task.min_flt
    await user.madvise(AT, PAGE, advice)
    assert await user.load(AT) == 1
    assert await frame(user, AT) is folio and user.task.min_flt == faults


@runs
async def test_a_page_of_a_file_in_memory_is_unmapped_and_found_again():
    user  = await boot()
    at    = await mapped(user, "shared anon", RW)
    await user.store(at, 7)
    folio = await frame(user, at)
    folio.dirty = False
    await user.madvise(at, PAGE, MADV_PAGEOUT)
    assert await entry(user, at) == 0 and folio.dirty
    faults = user.task.min_flt
    assert await user.load(at) == 7
    assert await frame(user, at) is folio and user.task.min_flt == faults + 1


@runs
async def test_a_page_that_two_have_mapped_is_not_paged_out():
    user  = await boot()
    at    = await mapped(user, "shared anon", RW)
    await user.store(at, 7)
    child = await user.fork()
    assert await child.load(at) == 7
    await user.madvise(at, PAGE, MADV_PAGEOUT)
    assert await entry(user, at) != 0
    await child.exit()
    await user.madvise(at, PAGE, MADV_PAGEOUT)
    assert await entry(user, at) == 0


@runs
async def test_pages_of_the_root_file_system_are_never_reclaimed():
    user = await boot()
    at   = await mapped(user, "shared file", RW)
    await user.store(at, 7)
    await user.madvise(at, PAGE, MADV_PAGEOUT)
    assert await entry(user, at) != 0


# Huge pages

@runs
async def test_a_huge_page_is_freed_whole():
    user = await boot_huge()
    await huge_support.untouched(user)
    await user.store(HUGE_AT, 1)
    await user.madvise(HUGE_AT, HUGE, MADV_FREE)
    pmd, _ = await leaf(user, HUGE_AT)
    assert not pte_dirty(kconfig(user.cpu).paging, pmd) and not pte_young(pmd)
    before = free_pages(user)
    await user.madvise(HUGE_AT, HUGE, MADV_PAGEOUT)
    assert free_pages(user) >= before + 512
    assert await user.load(HUGE_AT) == 0


@pytest.mark.parametrize("advice", [MADV_FREE, MADV_COLD, MADV_PAGEOUT])
@runs
async def test_a_huge_page_is_split_for_a_part_of_it(advice):
    user = await boot_huge()
    await huge_support.untouched(user)
    await user.store(HUGE_AT, 1)
    await user.store(HUGE_AT + PAGE, 2)
    await user.madvise(HUGE_AT, PAGE, advice)
    assert await entry(user, HUGE_AT) and await entry(user, HUGE_AT + PAGE)
    assert pte_dirty(kconfig(user.cpu).paging, await entry(user, HUGE_AT + PAGE))
    assert [await user.load(HUGE_AT), await user.load(HUGE_AT + PAGE)] == [1, 2]


@runs
async def test_paging_out_splits_a_whole_huge_page_and_cold_does_not():
    user = await boot_huge()
    await huge_support.untouched(user)
    await user.store(HUGE_AT, 1)
    await user.madvise(HUGE_AT, HUGE, MADV_COLD)
    assert await is_huge(user) and not pte_young((await leaf(user, HUGE_AT))[0])
    await user.madvise(HUGE_AT, HUGE, MADV_PAGEOUT)
    assert not await is_huge(user)
    assert await user.load(HUGE_AT) == 1


@pytest.mark.parametrize("advice", [MADV_FREE, MADV_COLD, MADV_PAGEOUT])
@runs
async def test_a_huge_page_of_two_processes_is_left_as_it_is(advice):
    user = await boot_huge()
    await huge_support.untouched(user)
    await user.store(HUGE_AT, 1)
    child  = await user.fork()
    before = await leaf(user, HUGE_AT)
    await user.madvise(HUGE_AT, PAGE, advice)
    assert await leaf(user, HUGE_AT) == before
    await child.exit()


# REMOVE

async def memfd_mapped(user, prot=RW, flags=MAP_SHARED, pages=2):
    """Map a file in memory at ``AT``; return its descriptor."""
    fd = await user.memfd_create("file", MFD_ALLOW_SEALING)
    await user.ftruncate(fd, pages * PAGE)
    await user.mmap(pages * PAGE, prot, flags | MAP_FIXED, fd, addr=AT)
    return fd


@runs
async def test_remove_punches_a_hole_into_the_file_behind_a_mapping():
    user = await boot()
    fd   = await memfd_mapped(user, pages=3)
    for number in range(3):
        await user.store(AT + number * PAGE, number + 1)
    await user.munmap(AT, PAGE)
    await user.madvise(AT + PAGE, PAGE, MADV_REMOVE)
    assert [await user.load(AT + PAGE), await user.load(AT + 2 * PAGE)] == [0, 3]
    assert await user.read_bytes(fd, 1, 0) == b"\x01"
    assert await user.lseek(fd, 0, 2) == 3 * PAGE


@runs
async def test_remove_needs_a_shared_mapping_that_may_be_written():
    user = await boot()
    await memfd_mapped(user, flags=MAP_PRIVATE)
    with raises_errno(Errno.EACCES):
        await user.madvise(AT, PAGE, MADV_REMOVE)
    fd = await file_of(user, b"x", O_RDONLY)
    at = await user.mmap(PAGE, PROT_READ, MAP_SHARED, fd)
    with raises_errno(Errno.EACCES):
        await user.madvise(at, PAGE, MADV_REMOVE)
    await memfd_mapped(user, PROT_READ)                 # may become writable
    await user.madvise(AT, PAGE, MADV_REMOVE)


@runs
async def test_remove_fails_as_the_file_does():
    user = await boot()
    fd   = await memfd_mapped(user)
    await user.fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE)
    with raises_errno(Errno.EPERM):
        await user.madvise(AT, PAGE, MADV_REMOVE)
    at = await user.mmap(PAGE, RW, MAP_SHARED, await file_of(user, b"x", O_RDWR))
    with raises_errno(Errno.EOPNOTSUPP):
        await user.madvise(at, PAGE, MADV_REMOVE)


@runs
async def test_remove_refuses_locked_memory():
    user = await boot()
    await memfd_mapped(user, flags=MAP_SHARED | MAP_LOCKED)
    with raises_errno(Errno.EINVAL):
        await user.madvise(AT, PAGE, MADV_REMOVE)
