"""mremap(): sizes, places, the pages that go along, and which error comes."""

import pytest

from sw.errno import Errno, KernelError
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_LOCKED, MAP_PRIVATE, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED,
    MREMAP_MAYMOVE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.resource import RLIMIT_MEMLOCK, rlimit
from sw.kernel.cred import cred
from sw.mm import mremap
from sw.mm.memory.pgtable import pte_alloc

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, entry, file_of, frame, free_pages, raises_errno, runs,
)


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
PAGE = 4096
AT   = 0x1000_0000
NEW  = 0x2000_0000
HOLE = AT + 64 * PAGE
TO   = MREMAP_MAYMOVE | MREMAP_FIXED


async def four_pages(flags=ANON, **options):
    """Boot, and map four pages at ``AT`` that hold 1 to 4."""
    user = await boot(**options)
    await user.mmap(4 * PAGE, RW, flags | MAP_FIXED, addr=AT)
    for page in range(4):
        await user.store(AT + page * PAGE, page + 1)
    return user


async def present(user, at, pages=4):
    """Tell of each page from ``at`` on whether it has an entry."""
    return [bool(await entry(user, at + page * PAGE)) for page in range(pages)]


# Arguments

@pytest.mark.parametrize("addr, old, new, flags, to, errno", [
    (AT,        4, 4,       8,                     0,         Errno.EINVAL),
    (AT,        4, 4,       MREMAP_FIXED,          NEW,       Errno.EINVAL),
    (AT,        4, 4,       MREMAP_DONTUNMAP,      0,         Errno.EINVAL),
    (AT,        4, 2,       MREMAP_DONTUNMAP | 1,  0,         Errno.EINVAL),
    (AT + 1,    1, 1,       0,                     0,         Errno.EINVAL),
    (AT,        1, 0,       0,                     0,         Errno.EINVAL),
    (AT,        0, 4,       MREMAP_MAYMOVE,        0,         Errno.EINVAL),   # private
    (AT,        1, 1 << 35, MREMAP_MAYMOVE,        0,         Errno.ENOMEM),
    (HOLE,      1, 1,       0,                     0,         Errno.EFAULT),
    (AT,        5, 6,       MREMAP_MAYMOVE,        0,         Errno.EFAULT),
    (AT,        2, 3,       0,                     0,         Errno.ENOMEM),   # in the middle
    (AT,        1, 1,       TO,                    NEW + 1,   Errno.EINVAL),
    (AT,        4, 4,       TO,                    AT + PAGE, Errno.EINVAL),
    (AT,        4, 4,       TO,                    AT - PAGE, Errno.EINVAL),
    (AT,        4, 4,       TO,                    AT,        Errno.EINVAL),
    (AT,        1, 1,       TO,                    -PAGE,     Errno.EINVAL),
    (AT,        1, 1,       TO,                    1 << 47,   Errno.EINVAL),
    (HOLE,      1, 1,       TO,                    NEW,       Errno.EFAULT),
])
@runs
async def test_mremap_refuses(addr, old, new, flags, to, errno):
    user = await four_pages()
    with raises_errno(errno):
        await user.mremap(addr, old * PAGE, new * PAGE, flags, to)
    assert [await user.load(AT + page * PAGE) for page in range(4)] == [1, 2, 3, 4]
    assert [(vma.vm_start, vma.vm_end) for vma in user.task.mm.mmap] == [(AT, AT + 4 * PAGE)]


# Sizes

@runs
async def test_sizes_without_a_move():
    user   = await four_pages()
    before = free_pages(user)
    assert await user.mremap(AT, 4 * PAGE, 4 * PAGE) == AT
    assert await user.mremap(AT, 4 * PAGE, PAGE + 1) == AT
    assert free_pages(user) == before + 2 and await present(user, AT) == [True] * 2 + [False] * 2
    assert await user.mremap(AT, 2 * PAGE, 4 * PAGE) == AT
    assert [await user.load(AT + page * PAGE) for page in range(4)] == [1, 2, 0, 0]
    await user.mmap(PAGE, PROT_READ, ANON | MAP_FIXED, addr=AT + 4 * PAGE)
    with raises_errno(Errno.ENOMEM):
        await user.mremap(AT, 4 * PAGE, 5 * PAGE)
    at = await user.mremap(AT, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE)
    assert at != AT and [await user.load(at + page * PAGE) for page in range(5)] == [1, 2, 0, 0, 0]


@runs
async def test_locked_memory_that_grows_is_present():
    user = await four_pages(ANON | MAP_LOCKED)
    user.task.cred = cred.of_user(1000)
    await user.mremap(AT, 4 * PAGE, 6 * PAGE)
    assert await present(user, AT, 6) == [True] * 6
    await user.mremap(AT, 6 * PAGE, 7 * PAGE, TO, NEW)
    assert await present(user, NEW, 7) == [True] * 7
    user.task.signal.rlim[RLIMIT_MEMLOCK] = rlimit(8 * PAGE, 8 * PAGE)
    with raises_errno(Errno.EAGAIN):
        await user.mremap(NEW, 7 * PAGE, 9 * PAGE)


# Places

@EACH_PAGING
@EACH_ERA
@pytest.mark.parametrize("place", [NEW, NEW + (1 << 22) - 2 * PAGE])    # in one table, and in two
@runs
async def test_frames_move_along(era, paging, place):
    user   = await four_pages(paging=paging, era=era)
    frames = [await frame(user, AT + page * PAGE) for page in range(4)]
    faults = user.task.min_flt
    assert await user.mremap(AT, 4 * PAGE, 4 * PAGE, TO, place) == place
    assert [await frame(user, place + page * PAGE) for page in range(4)] == frames
    assert await present(user, AT) == [False] * 4
    for page in range(4):
        await user.store(place + page * PAGE + 8, page)
    assert [await user.load(place + page * PAGE) for page in range(4)] == [1, 2, 3, 4]
    assert user.task.min_flt == faults


@runs
async def test_what_is_at_the_new_place_goes_even_if_the_move_fails():
    user = await four_pages()
    await user.mmap(9 * PAGE, RW, ANON | MAP_FIXED, addr=NEW)
    await user.store(NEW + 5 * PAGE, 99)
    await user.mremap(AT, 4 * PAGE, 6 * PAGE, TO, NEW)
    assert [await user.load(NEW + page * PAGE) for page in range(6)] == [1, 2, 3, 4, 0, 0]
    with raises_errno(Errno.EFAULT):
        await user.mremap(HOLE - PAGE, PAGE, PAGE, TO, NEW)
    assert await user.load(NEW) == 1      # nothing is unmapped for what is not there
    with raises_errno(Errno.EFAULT):
        await user.mremap(NEW + 4 * PAGE, 9 * PAGE, 10 * PAGE, TO, AT)
    assert [vma.vm_start for vma in user.task.mm.mmap] == [NEW, NEW + 6 * PAGE]


@runs
async def test_a_part_moves_and_shrinks():
    user = await four_pages()
    assert await user.mremap(AT + PAGE, 2 * PAGE, PAGE, TO, NEW) == NEW
    assert await present(user, AT) == [True, False, False, True]
    assert await user.load(NEW) == 2


@runs
async def test_a_part_of_a_file_stays_that_part():
    user = await boot()
    fd   = await file_of(user, b"a" * PAGE + b"b" * PAGE)
    await user.mmap(2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, addr=AT)
    await user.mremap(AT + PAGE, PAGE, PAGE, TO, NEW)
    assert await user.load_bytes(NEW, 2) == b"bb"
    await user.munmap(AT, PAGE)
    await user.close(fd)
    assert await user.load_bytes(NEW + 8, 2) == b"bb"


@runs
async def test_dontunmap_leaves_an_empty_mapping():
    user = await four_pages()
    await user.mremap(AT, 4 * PAGE, 4 * PAGE, TO | MREMAP_DONTUNMAP, NEW)
    assert await present(user, AT) == [False] * 4
    assert (await user.load(NEW + PAGE), await user.load(AT + PAGE)) == (2, 0)


@runs
async def test_length_zero_maps_shared_memory_a_second_time():
    user = await four_pages(MAP_SHARED | MAP_ANONYMOUS)
    at   = await user.mremap(AT, 0, 4 * PAGE, MREMAP_MAYMOVE)
    await user.store(at, 77)
    assert (await user.load(AT), await user.load(at + PAGE)) == (77, 2)


@runs
async def test_the_flush_comes_before_the_lock_is_given_up():
    user = await four_pages()
    mm, seen = user.task.mm, []
    invlpg   = user.cpu.bus.invlpg

    async def spied(linear):
        seen.append((linear, mm.page_table_lock.holder))
        await invlpg(linear)

    user.cpu.bus.invlpg = spied
    await user.mremap(AT, PAGE, PAGE, TO, NEW)
    assert (AT, user.cpu) in seen


@runs
async def test_without_memory_for_tables_all_stays_where_it_was(monkeypatch):
    user = await four_pages()
    with monkeypatch.context() as context:
        async def refuses(cpu, mm, addr):
            if addr >= NEW:
                raise_errno()
            return await pte_alloc(cpu, mm, addr)

        context.setattr(mremap, "pte_alloc", refuses)
        with raises_errno(Errno.ENOMEM):
            await user.mremap(AT, 4 * PAGE, 4 * PAGE, TO, NEW)
    assert [await user.load(AT + page * PAGE) for page in range(4)] == [1, 2, 3, 4]
    assert len(user.task.mm.mmap) == 1


def raise_errno():
    """Fail like an allocation."""
    raise KernelError(Errno.ENOMEM)
