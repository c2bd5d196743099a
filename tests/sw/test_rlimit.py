"""Limits of mapped memory and of data, and who may set them. Results are those of Linux 6.18."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_getrlimit, NR_prlimit64, NR_setrlimit
from sw.errno import Errno, KernelError
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED, MREMAP_MAYMOVE, PROT_EXEC,
    PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.resource import (
    RLIM_INFINITY, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_STACK, rlimit,
)
from sw.kernel.cred import cred
from sw.mm.mmap.limits import total_vm
from sw.user import User

from .user_support import EACH_PAGING, boot, raises_errno, runs


PAGE = 4096
RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS


async def outcome(user: User, number: int, *args: int) -> str | int:
    """Return the result of a system call, or the name of its error."""
    try:
        return await user.syscall(number, *args)
    except KernelError as error:
        return error.errno.name


async def limit(user: User, resource: int, cur: int, most: int = RLIM_INFINITY) -> None:
    """Set a limit as programs do."""
    at = await user.mmap(PAGE)
    await user.store(at, cur)
    await user.store(at + 8, most)
    await user.syscall(NR_prlimit64, 0, resource, at, 0)
    await user.munmap(at, PAGE)


@runs
async def test_the_limit_of_mapped_memory():
    user = await boot()
    at   = await user.mmap(4 * PAGE)
    heap = await user.brk(0)
    await limit(user, RLIMIT_AS, total_vm(user.task.mm) + 11 * PAGE)
    for prot, flags in ((RW, ANON), (RW, MAP_SHARED | MAP_ANONYMOUS), (PROT_NONE, ANON)):
        with raises_errno(Errno.ENOMEM):
            await user.mmap(64 * PAGE, prot, flags)
    await user.mmap(2 * PAGE)
    await user.mmap(4 * PAGE, RW, ANON | MAP_FIXED, addr=at)    # what it replaces does not count
    assert await user.brk(heap + 64 * PAGE) == heap
    with raises_errno(Errno.ENOMEM):
        await user.mremap(at, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE)


@runs
async def test_the_limit_of_data():
    user = await boot()
    at   = await user.mmap(4 * PAGE)
    heap = await user.brk(0)
    await limit(user, RLIMIT_DATA, PAGE)
    for prot in (RW, RW | PROT_EXEC):
        with raises_errno(Errno.ENOMEM):
            await user.mmap(PAGE, prot)
    readable = await user.mmap(PAGE, PROT_READ)
    await user.mmap(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS)
    await user.mmap(PAGE, PROT_NONE)
    await user.mmap(PAGE, RW, ANON | MAP_GROWSDOWN)
    with raises_errno(Errno.ENOMEM):
        await user.mprotect(readable, PAGE, RW)
    await user.mprotect(readable, PAGE, PROT_READ | PROT_EXEC)
    assert await user.brk(heap + PAGE) == heap
    with raises_errno(Errno.ENOMEM):
        await user.mremap(at, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE)
    user.task.signal.rlim[RLIMIT_DATA] = rlimit(0, RLIM_INFINITY)
    await user.mmap(PAGE)                             # it limits the heap alone
    assert await user.brk(heap + PAGE) == heap


@pytest.mark.parametrize("args, result", [
    ((0, 16, 0, 0), "EINVAL"), ((0, 99, 0, 0), "EINVAL"), ((4711, 2, 0, 0), "ESRCH"),
    ((0, 2, 8, 0), "EFAULT"), ((0, 2, 0, 8), "EFAULT"), ((0, 16, 8, 0), "EFAULT"),
    ((0, 4, 0, 0), "ENOSYS"),                        # RLIMIT_CORE: no core files
    ((0, 3, 0, 0), 0),
])
@runs
async def test_arguments(args, result):
    assert await outcome(await boot(), NR_prlimit64, *args) == result


@EACH_PAGING
@runs
async def test_limits_are_told_and_inherited(paging):
    user = await boot(paging)
    at   = await user.mmap(PAGE)
    word = paging.BITS_PER_LONG // 8
    await user.syscall(NR_getrlimit, RLIMIT_STACK, at)
    assert await user.load(at, word) == 8 << 20
    assert await user.load(at + word, word) == paging.address_mask
    await user.store(at, 4096, word)
    await user.syscall(NR_setrlimit, RLIMIT_STACK, at)
    child = await user.fork()
    await user.store(at, 8192, word)
    await user.syscall(NR_setrlimit, RLIMIT_STACK, at)
    assert await child.syscall(NR_prlimit64, 0, RLIMIT_STACK, 0, at) == 0
    assert await child.load(at) == 4096 and await child.load(at + 8) == RLIM_INFINITY


@runs
async def test_only_the_able_raise_a_maximum():
    user = await boot(credentials=cred.of_user(1000))
    at   = await user.mmap(PAGE)
    for cur, most, result in ((2, 1, "EINVAL"), (1, 5, 0), (1, 6, "EPERM"), (5, 5, 0)):
        await user.store(at, cur)
        await user.store(at + 8, most)
        assert await outcome(user, NR_prlimit64, 0, RLIMIT_MEMLOCK, at, 0) == result
    other = await User.create(user.cpu)
    assert await outcome(user, NR_prlimit64, other.pid, RLIMIT_MEMLOCK, 0, at) == "EPERM"
    assert await outcome(other, NR_prlimit64, user.pid, RLIMIT_MEMLOCK, 0, 0) == 0
