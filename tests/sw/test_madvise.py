"""madvise(): which pages go, which stay, what a fork leaves out, and which error comes."""

import pytest

from sw.errno import Errno
from sw.include.linux.fs import O_RDWR
from sw.include.linux.mm import VM_DONTDUMP, VM_LOCKED, VM_RAND_READ, VM_SEQ_READ, VM_SPECIAL
from sw.include.linux.mman import (
    MADV_COLD, MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED,
    MADV_DONTNEED_LOCKED, MADV_FREE, MADV_KEEPONFORK, MADV_NORMAL, MADV_PAGEOUT,
    MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM, MADV_REMOVE, MADV_SEQUENTIAL,
    MADV_WILLNEED, MADV_WIPEONFORK, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_EXEC,
    PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import SEGV_MAPERR, SIGSEGV, Signal
from sw.mm.mmap.find import vma_lookup

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, entry, file_of, frame, free_pages, mapped, raises_errno, runs,
)


RW    = PROT_READ | PROT_WRITE
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
AT    = 0x1000_0000
PAGE  = 4096
HOLE  = AT + 8 * PAGE

ADVICE = {name: value for name, value in globals().items() if name.startswith("MADV_")}


async def three_pages(**options):
    """Boot, and map three pages at ``AT`` that hold 1, 2 and 3."""
    user = await boot(**options)
    await user.mmap(3 * PAGE, RW, FIXED, addr=AT)
    for page in range(3):
        await user.store(AT + page * PAGE, page + 1)
    return user


async def present(user, pages=3):
    """Tell of each page at ``AT`` whether it has an entry."""
    return [bool(await entry(user, AT + page * PAGE)) for page in range(pages)]


# Arguments

@pytest.mark.parametrize("start, length, advice, errno", [
    (AT,       PAGE,          26,                  Errno.EINVAL),
    (AT,       PAGE,          -1,                  Errno.EINVAL),
    (AT,       0,             26,                  Errno.EINVAL),
    (AT,       PAGE,          12,                  Errno.EINVAL),    # MADV_MERGEABLE
    (AT,       PAGE,          100,                 Errno.EINVAL),    # MADV_HWPOISON
    (AT + 1,   PAGE,          MADV_DONTNEED,       Errno.EINVAL),
    (AT + 1,   0,             MADV_DONTNEED,       Errno.EINVAL),
    (AT,       -1,            MADV_DONTNEED,       Errno.EINVAL),
    (AT,       -4095,         MADV_DONTNEED,       Errno.EINVAL),
    (AT,       -4096,         MADV_DONTNEED,       Errno.EINVAL),
    (AT,       -AT,           MADV_DONTNEED,       Errno.EINVAL),    # ends at 0
    (AT,       0,             MADV_DONTNEED,       None),
    (HOLE,     0,             MADV_DONTNEED,       None),
    (AT,       PAGE,          MADV_FREE,           None),
    (AT,       PAGE,          MADV_REMOVE,         Errno.EINVAL),    # no file
    (AT,       PAGE,          MADV_COLD,           None),
    (AT,       PAGE,          MADV_PAGEOUT,        None),
])
@EACH_PAGING
@runs
async def test_arguments(paging, start, length, advice, errno):
    user = await three_pages(paging=paging)
    if errno is None:
        await user.madvise(start, length, advice)
    else:
        with raises_errno(errno):
            await user.madvise(start, length, advice)
    assert await user.load(AT, 4) == 1


@pytest.mark.parametrize("advice", ADVICE.values(), ids=ADVICE)
@runs
async def test_advice_for_a_hole(advice):
    user = await three_pages()
    with raises_errno(Errno.ENOMEM):
        await user.madvise(HOLE, PAGE, advice)


# DONTNEED

@EACH_PAGING
@EACH_ERA
@runs
async def test_dontneed_gives_pages_back_and_zeros_are_there_instead(era, paging):
    user   = await three_pages(paging=paging, era=era)
    before = free_pages(user)
    await user.madvise(AT + PAGE, PAGE + 1, MADV_DONTNEED)
    assert free_pages(user) == before + 2
    assert [await user.load(AT + page * PAGE, 4) for page in range(3)] == [1, 0, 0]
    assert [(vma.vm_start, vma.vm_end) for vma in user.task.mm.mmap] == [(AT, AT + 3 * PAGE)]


@runs
async def test_dontneed_of_a_private_page_brings_the_files_back():
    user = await boot()
    fd   = await file_of(user, b"in the file")
    at   = await user.mmap(PAGE, RW, MAP_PRIVATE, fd)
    await user.store_bytes(at, b"of mine")
    await user.madvise(at, PAGE, MADV_DONTNEED)
    assert await user.load_bytes(at, 11) == b"in the file"


@pytest.mark.parametrize("kind", ["shared anon", "shared file"])
@runs
async def test_dontneed_of_shared_memory_loses_nothing(kind):
    user  = await boot()
    at    = await mapped(user, kind, RW)
    await user.store_bytes(at, b"of all")
    folio = await frame(user, at)
    await user.madvise(at, PAGE, MADV_DONTNEED)
    assert folio.dirty and await entry(user, at) == 0
    assert await user.load_bytes(at, 6) == b"of all"
    assert await frame(user, at) is folio


@runs
async def test_dontneed_goes_on_behind_a_hole():
    user = await three_pages()
    await user.munmap(AT + PAGE, PAGE)
    with raises_errno(Errno.ENOMEM):
        await user.madvise(AT, 3 * PAGE, MADV_DONTNEED)
    assert await present(user) == [False, False, False]


@runs
async def test_dontneed_stops_at_locked_pages():
    user = await three_pages()
    await user.mprotect(AT + PAGE, PAGE, PROT_READ)     # a mapping of its own
    vma_lookup(user.task.mm, AT + PAGE).vm_flags |= VM_LOCKED
    with raises_errno(Errno.EINVAL):
        await user.madvise(AT, 3 * PAGE, MADV_DONTNEED)
    assert await present(user) == [False, True, True]
    await user.madvise(AT, 3 * PAGE, MADV_DONTNEED_LOCKED)
    assert await present(user) == [False, False, False]


@runs
async def test_dontneed_flushes_before_a_frame_is_free():
    user = await three_pages()
    old  = await frame(user, AT)
    seen = []
    invlpg = user.cpu.bus.invlpg

    async def spied(linear):
        seen.append((linear, old.refcount))
        await invlpg(linear)

    user.cpu.bus.invlpg = spied
    await user.madvise(AT, PAGE, MADV_DONTNEED)
    assert seen == [(AT, 1)] and old.refcount == 0


# POPULATE

@pytest.mark.parametrize("prot, read, write", [
    (PROT_NONE,  Errno.EINVAL, Errno.EINVAL),
    (PROT_READ,  None,         Errno.EINVAL),
    (PROT_WRITE, Errno.EINVAL, None),
    (PROT_EXEC,  Errno.EINVAL, Errno.EINVAL),
    (RW,         None,         None),
])
@EACH_ERA
@runs
async def test_populate_needs_the_right(era, prot, read, write):
    user = await boot(era=era)
    await user.mmap(3 * PAGE, prot, FIXED, addr=AT)
    for advice, errno in ((MADV_POPULATE_READ, read), (MADV_POPULATE_WRITE, write)):
        if errno is None:
            await user.madvise(AT, 3 * PAGE, advice)
        else:
            with raises_errno(errno):
                await user.madvise(AT, 3 * PAGE, advice)
        assert await present(user) == [None in (read, errno)] * 3


@pytest.mark.parametrize("kind", ["anon", "file", "shared file", "shared anon"])
@EACH_ERA
@runs
async def test_what_is_populated_needs_no_fault(era, kind):
    user   = await boot(era=era)
    at     = await mapped(user, kind, RW)
    await user.madvise(at, PAGE, MADV_POPULATE_WRITE)
    own    = await frame(user, at)
    faults = user.task.min_flt
    await user.store(at, 1)
    assert user.task.min_flt == faults and await frame(user, at) is own
    assert own.refcount == (1 if kind in ("anon", "file") else 2)   # the entry, and the page cache


@pytest.mark.parametrize("advice", [MADV_POPULATE_READ, MADV_POPULATE_WRITE])
@runs
async def test_populate_stops_at_a_hole_and_at_the_end_of_the_file(advice):
    user = await boot()
    await user.mmap(3 * PAGE, RW, FIXED, addr=AT)
    await user.munmap(AT + PAGE, PAGE)
    with raises_errno(Errno.ENOMEM):
        await user.madvise(AT, 3 * PAGE, advice)
    assert await present(user) == [True, False, False]
    fd = await file_of(user, bytes(5000), O_RDWR)
    at = await user.mmap(4 * PAGE, RW, MAP_SHARED, fd)
    with raises_errno(Errno.EFAULT):
        await user.madvise(at, 4 * PAGE, advice)
    assert [bool(await entry(user, at + page * PAGE)) for page in range(3)] == [True, True, False]


# fork

@runs
async def test_what_a_child_does_not_get():
    user = await three_pages()
    await user.madvise(AT, PAGE, MADV_DONTFORK)
    await user.madvise(AT + PAGE, PAGE, MADV_WIPEONFORK)
    child = await user.fork()
    with pytest.raises(Signal) as caught:
        await child.load(AT)
    assert (caught.value.signo, caught.value.si_code) == (SIGSEGV, SEGV_MAPERR)
    with raises_errno(Errno.ENOMEM):
        await child.madvise(AT, PAGE, MADV_DONTNEED)
    assert [await child.load(AT + page * PAGE) for page in (1, 2)] == [0, 3]
    assert [await user.load(AT + page * PAGE) for page in range(3)] == [1, 2, 3]

    await user.madvise(AT, PAGE, MADV_DOFORK)
    await user.madvise(AT + PAGE, PAGE, MADV_KEEPONFORK)
    assert len(user.task.mm.mmap) == 1      # nothing tells the parts apart any more
    child = await user.fork()
    assert [await child.load(AT + page * PAGE) for page in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["file", "shared file", "shared anon"])
@runs
async def test_only_private_memory_without_a_file_can_be_wiped(kind):
    user = await boot()
    at   = await mapped(user, kind, RW)
    with raises_errno(Errno.EINVAL):
        await user.madvise(at, PAGE, MADV_WIPEONFORK)
    await user.madvise(at, PAGE, MADV_KEEPONFORK)


# Advice that is only noted

@pytest.mark.parametrize("advice, flags", [
    (MADV_RANDOM,     [VM_RAND_READ, VM_RAND_READ]),
    (MADV_SEQUENTIAL, [VM_SEQ_READ, VM_SEQ_READ]),
    (MADV_NORMAL,     [0, 0]),
    (MADV_WILLNEED,   [VM_RAND_READ, VM_SEQ_READ]),
    (MADV_DONTDUMP,   [VM_RAND_READ | VM_DONTDUMP, VM_SEQ_READ | VM_DONTDUMP]),
])
@runs
async def test_advice_about_reading_and_dumps_is_noted(advice, flags):
    user  = await three_pages()
    await user.madvise(AT, PAGE, MADV_RANDOM)
    await user.madvise(AT + PAGE, PAGE, MADV_SEQUENTIAL)
    await user.madvise(AT, 2 * PAGE, advice)
    noted = VM_RAND_READ | VM_SEQ_READ | VM_DONTDUMP
    assert [vma_lookup(user.task.mm, AT + page * PAGE).vm_flags & noted
            for page in range(3)] == [*flags, 0]
    assert [await user.load(AT + page * PAGE) for page in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("advice, refused", [(MADV_DODUMP, VM_SPECIAL), (MADV_DOFORK, 1 << 14)])
@runs
async def test_what_a_driver_has_decided_stays(advice, refused):
    user = await three_pages()
    await user.madvise(AT, 3 * PAGE, advice)
    vma_lookup(user.task.mm, AT).vm_flags |= refused
    with raises_errno(Errno.EINVAL):
        await user.madvise(AT, 3 * PAGE, advice)
