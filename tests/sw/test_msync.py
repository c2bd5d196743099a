"""msync(): what it refuses; there is no disk that anything could be written to. And
sched_yield()."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_memfd_secret, NR_msync, NR_sched_yield
from sw.errno import Errno
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_LOCKED, MAP_PRIVATE, MAP_SHARED, MS_ASYNC, MS_INVALIDATE,
    MS_SYNC, PROT_READ, PROT_WRITE,
)

from .user_support import EACH_PAGING, boot, mapped, raises_errno, runs


RW    = PROT_READ | PROT_WRITE
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
AT    = 0x1000_0000
PAGE  = 4096
HOLE  = AT + 8 * PAGE


@pytest.mark.parametrize("start, length, flags, errno", [
    (AT,     PAGE,      MS_SYNC,            None),
    (AT,     PAGE,      MS_ASYNC,           None),
    (AT,     PAGE,      MS_INVALIDATE,      None),
    (AT,     PAGE,      0,                  None),
    (AT,     PAGE,      8,                  Errno.EINVAL),
    (AT,     PAGE,      MS_SYNC | MS_ASYNC, Errno.EINVAL),
    (AT + 1, PAGE,      MS_SYNC,            Errno.EINVAL),
    (AT,     -1,        MS_SYNC,            None),          # rounded up to nothing
    (AT,     -PAGE,     MS_SYNC,            Errno.ENOMEM),  # wraps
    (AT,     2 * PAGE,  MS_SYNC,            None),
    (AT,     3 * PAGE,  MS_SYNC,            Errno.ENOMEM),
    (AT,     3 * PAGE,  MS_ASYNC,           Errno.ENOMEM),
    (HOLE,   PAGE,      MS_SYNC,            Errno.ENOMEM),
    (HOLE,   0,         MS_SYNC,            None),
])
@EACH_PAGING
@runs
async def test_arguments(paging, start, length, flags, errno):
    user = await boot(paging)
    await user.mmap(2 * PAGE, RW, FIXED, addr=AT)
    if errno is None:
        assert await user.syscall(NR_msync, start, length, flags) == 0
    else:
        with raises_errno(errno):
            await user.syscall(NR_msync, start, length, flags)


@pytest.mark.parametrize("flags, errno", [
    (MS_SYNC | MS_INVALIDATE,  Errno.EBUSY),    # it goes on behind the hole
    (MS_ASYNC | MS_INVALIDATE, Errno.EBUSY),
    (MS_ASYNC,                 Errno.ENOMEM),
    (MS_SYNC,                  Errno.ENOMEM),
])
@runs
async def test_a_hole_is_found_after_what_is_behind_it(flags, errno):
    user = await boot()
    await user.mmap(PAGE, RW, FIXED, addr=AT)
    await user.mmap(PAGE, RW, FIXED | MAP_LOCKED, addr=AT + 2 * PAGE)
    with raises_errno(errno):
        await user.syscall(NR_msync, AT, 3 * PAGE, flags)
    with raises_errno(Errno.ENOMEM):            # locked, but not asked for
        await user.syscall(NR_msync, AT, 2 * PAGE, flags)


@pytest.mark.parametrize("kind", ["file", "shared file", "shared anon"])
@runs
async def test_files_have_no_disk_and_so_nothing_to_do(kind):
    user = await boot()
    at   = await mapped(user, kind, RW)
    await user.store(at, 1)
    assert await user.syscall(NR_msync, at, PAGE, MS_SYNC) == 0
    assert await user.load(at) == 1


@runs
async def test_secret_memory_can_have_no_disk():
    user = await boot()
    fd   = await user.syscall(NR_memfd_secret, 0)
    await user.ftruncate(fd, PAGE)
    at = await user.mmap(PAGE, RW, MAP_SHARED, fd)
    with raises_errno(Errno.EINVAL):
        await user.syscall(NR_msync, at, PAGE, MS_SYNC)
    assert await user.syscall(NR_msync, at, PAGE, MS_ASYNC) == 0


@runs
async def test_sched_yield_never_fails():
    user = await boot()
    assert await user.syscall(NR_sched_yield) == 0
