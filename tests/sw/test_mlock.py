"""mlock() and its kind. The results are those of a real Linux 6.18."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_mlock, NR_mlock2, NR_mlockall, NR_munlock, NR_munlockall,
)
from sw.errno import Errno, KernelError
from sw.include.linux.fs import O_RDWR
from sw.include.linux.mm import VM_LOCKED
from sw.include.linux.mman import (
    MADV_DONTNEED, MADV_DONTNEED_LOCKED, MAP_ANONYMOUS, MAP_FIXED, MAP_LOCKED, MAP_PRIVATE,
    MAP_SHARED, MREMAP_MAYMOVE, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.resource import RLIMIT_MEMLOCK, rlimit
from sw.kernel.cred import cred
from sw.mm.mmap.find import vma_lookup
from sw.mm.mmap.limits import locked_vm
from sw.user import User

from .user_support import EACH_PAGING, boot, entry, file_of, raises_errno, runs


PAGE = 4096
RW   = PROT_READ | PROT_WRITE


async def outcome(user: User, number: int, *args: int) -> str | int:
    """Return the result of a system call, or the name of its error."""
    try:
        return await user.syscall(number, *args)
    except KernelError as error:
        return error.errno.name


async def present(user: User, at: int, pages: int) -> str:
    """Return a digit a page: 1 if it is present."""
    return "".join([str(await entry(user, at + page * PAGE) & 1) for page in range(pages)])


def locked(user: User) -> int:
    """Return the number of pages that are locked."""
    return locked_vm(user.task.mm) // PAGE


async def limited(pages: int) -> User:
    """Start a process of an ordinary user that may lock some pages."""
    user = await boot(credentials=cred.of_user(1000))
    user.task.signal.rlim[RLIMIT_MEMLOCK] = rlimit(pages * PAGE, pages * PAGE)
    return user


@EACH_PAGING
@runs
async def test_locked_pages_are_present(paging):
    user = await boot(paging)
    at   = await user.mmap(4 * PAGE)
    await user.syscall(NR_mlock, at + PAGE + 1, PAGE)         # whole pages are
    assert await present(user, at, 4) == "0110" and locked(user) == 2
    for madvise, error in ((MADV_DONTNEED, Errno.EINVAL), (MADV_DONTNEED_LOCKED, None)):
        if error is None:
            await user.madvise(at + PAGE, PAGE, madvise)
        else:
            with raises_errno(error):
                await user.madvise(at + PAGE, PAGE, madvise)
    assert await present(user, at, 4) == "0010"
    child = await user.fork()
    assert locked(child) == 0
    await user.syscall(NR_munlock, at, 4 * PAGE)
    assert locked(user) == 0
    assert len([vma for vma in user.task.mm.mmap if vma.vm_start <= at < vma.vm_end]) == 1


@pytest.mark.parametrize("number", [NR_mlock, NR_munlock])
@pytest.mark.parametrize("offset, length, result", [
    (0, 0, 0), (50, 0, 0), (50, 1, "ENOMEM"), (3, 3, "ENOMEM"),
    (0, -1 / 4096, 0),           # rounded up, it is nothing
    (0, -2, "EINVAL"),
])
@runs
async def test_ranges(number, offset, length, result):
    user = await boot()
    at   = await user.mmap(4 * PAGE)
    assert await outcome(user, number, at + offset * PAGE, int(length * PAGE)) == result
    assert locked(user) == (1 if (offset, number) == (3, NR_mlock) else 0)


@pytest.mark.parametrize("prot, flags, result, pages", [
    (RW,        MAP_PRIVATE, "ENOMEM", "1100"),    # past the end of the file
    (PROT_READ, MAP_SHARED,  "ENOMEM", "1100"),
    (PROT_NONE, MAP_PRIVATE, "ENOMEM", "0000"),
])
@runs
async def test_what_cannot_be_made_present_is_locked_all_the_same(prot, flags, result, pages):
    user = await boot()
    fd   = await file_of(user, b"A" * 5000, O_RDWR)
    at   = await user.mmap(4 * PAGE, prot, flags, fd)
    assert await outcome(user, NR_mlock, at, 4 * PAGE) == result
    assert await present(user, at, 4) == pages and locked(user) == 4


@pytest.mark.parametrize("prot, dirty", [(RW, True), (PROT_READ, False)])
@runs
async def test_private_memory_that_may_be_written_is_made_present_as_by_a_store(prot, dirty):
    user = await boot()
    at   = await user.mmap(PAGE, prot)
    await user.syscall(NR_mlock, at, PAGE)
    faults = user.task.min_flt
    assert bool(await entry(user, at) & 0x40) is dirty
    await user.mprotect(at, PAGE, RW)                 # the copy is made now, not by the store
    await user.store(at, 1)
    assert user.task.min_flt == faults + (not dirty)


@runs
async def test_pages_that_are_locked_as_they_come():
    user = await boot()
    at   = await user.mmap(4 * PAGE)
    await user.syscall(NR_mlock2, at, 2 * PAGE, 1)
    assert await present(user, at, 4) == "0000" and locked(user) == 2
    with raises_errno(Errno.EINVAL):
        await user.syscall(NR_mlock2, at, PAGE, 2)
    await user.syscall(NR_mlock2, at, PAGE, 0)
    assert await present(user, at, 4) == "1000"
    await user.store(at + PAGE, 1)
    await user.syscall(NR_mlock, at, 4 * PAGE)
    assert await present(user, at, 4) == "1111" and locked(user) == 4


@pytest.mark.parametrize("flags, result, now, later", [
    (0, "EINVAL", "0", "0"), (1, 0, "1", "0"), (2, 0, "0", "1"), (3, 0, "1", "1"),
    (4, "EINVAL", "0", "0"), (5, 0, "0", "0"), (6, 0, "0", "0"), (7, 0, "0", "0"),
    (8, "EINVAL", "0", "0"),
])
@runs
async def test_all_memory_is_locked(flags, result, now, later):
    user   = await boot()
    before = await user.mmap(PAGE)
    assert await outcome(user, NR_mlockall, flags) == result
    after  = await user.mmap(PAGE)
    assert await present(user, before, 1) == now and await present(user, after, 1) == later
    flagged = [bool(vma_lookup(user.task.mm, at).vm_flags & VM_LOCKED) for at in (before, after)]
    assert flagged == ([bool(flags & 1), bool(flags & 2)] if result == 0 else [False, False])
    await user.syscall(NR_munlockall)
    assert locked(user) == 0
    assert await present(user, await user.mmap(PAGE), 1) == "0"


@pytest.mark.parametrize("flags, pages", [(2, "11"), (6, "00")])
@runs
async def test_the_heap_is_locked_as_it_grows(flags, pages):
    user = await boot()
    heap = await user.brk(0)
    await user.syscall(NR_mlockall, flags)
    assert await user.brk(heap + 2 * PAGE) == heap + 2 * PAGE
    assert await present(user, heap, 2) == pages and locked(user) == 2
    child = await user.fork()
    assert await present(child, await child.mmap(PAGE), 1) == "0"


@runs
async def test_the_limit_of_locked_memory():
    user = await limited(4)
    at   = await user.mmap(8 * PAGE)
    for offset, pages, result in ((0, 5, "ENOMEM"), (0, 4, 0), (4, 1, "ENOMEM"), (0, 4, 0),
                                  (0, 5, "ENOMEM"), (2, 4, "ENOMEM")):
        assert await outcome(user, NR_mlock, at + offset * PAGE, pages * PAGE) == result
    with raises_errno(Errno.EAGAIN):
        await user.mmap(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED)
    assert await outcome(user, NR_mlockall, 1) == "ENOMEM"
    assert await outcome(user, NR_mlockall, 2) == 0
    with raises_errno(Errno.EAGAIN):
        await user.mmap(PAGE)
    heap = await user.brk(0)
    assert await user.brk(heap + PAGE) == heap
    with raises_errno(Errno.EAGAIN):
        await user.mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE)


@pytest.mark.parametrize("number, args, result", [
    (NR_mlock, (0x10000, 1), "EPERM"), (NR_mlock, (0x10000, 0), "EPERM"),
    (NR_mlock2, (0x10000, 1, 2), "EINVAL"), (NR_mlockall, (2,), "EPERM"),
    (NR_mlockall, (0,), "EINVAL"), (NR_munlock, (0x10000, 0), 0),
])
@runs
async def test_a_limit_of_nothing(number, args, result):
    user = await limited(0)
    assert await outcome(user, number, *args) == result
    with raises_errno(Errno.EPERM):
        await user.mmap(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED)


@runs
async def test_a_hole_in_locked_memory_is_not_counted():
    user = await boot()
    at   = await user.mmap(4 * PAGE)
    await user.syscall(NR_mlock, at, 4 * PAGE)
    await user.munmap(at + PAGE, PAGE)
    assert locked(user) == 3
    await user.mmap(PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=at)
    assert locked(user) == 2
