"""readv, writev, preadv, pwritev: of the memory file, call by call; of others, all at once."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_preadv, NR_pwritev, NR_readv, NR_writev
from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_RDONLY, O_RDWR
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_NONE, PROT_READ
from sw.user import User

from .user_support import EACH_ERA, EACH_PAGING, boot, raises_errno, runs


P      = 4096
AT     = 0x1000_0000            # the target: two read-only pages, then a hole
BUF    = 0x2000_0000            # the caller's buffer: a page, then a wall
BAD    = BUF + P
KERNEL = -4096
BODY   = bytes(range(1, 65))


async def prepared(path: str = "/proc/self/mem", **options) -> tuple[User, int]:
    """Make a process with a buffer that begins with BODY, and open a file."""
    user  = await boot(**options)
    fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    await user.mmap(2 * P, PROT_READ, fixed, addr=AT)
    await user.mmap(P, flags=fixed, addr=BUF)
    await user.mmap(P, PROT_NONE, fixed, addr=BAD)
    await user.store_bytes(BUF, BODY)
    return user, await user.open(path, O_CREAT | O_RDWR, 0o600)


async def vector(user: User, number: int, fd: int, segments: list[tuple[int, int]],
                 *position: int) -> int:
    """Do a call with an array of buffers; lengths and addresses are cut to a register."""
    mask = (1 << 64) - 1
    vec  = await user.iovec(*((base & mask, length & mask) for base, length in segments))
    return await user.syscall(number, fd, vec, len(segments), *position)


@EACH_PAGING
@EACH_ERA
@runs
async def test_buffers_of_one_call_follow_each_other(era, paging):
    user, fd = await prepared(era=era, paging=paging)
    assert await vector(user, NR_pwritev, fd, [(BUF, 3), (BUF + 10, 0), (BUF + 20, 5)], AT) == 8
    assert await user.load_bytes(AT, 9) == BODY[:3] + BODY[20:25] + b"\0"
    assert await vector(user, NR_preadv, fd, [(BUF + 100, 3), (BUF + 200, 5)], AT) == 8
    assert await user.load_bytes(BUF + 100, 4) == BODY[:3] + b"\0"
    assert await user.load_bytes(BUF + 200, 5) == BODY[20:25]


@pytest.mark.parametrize("position, segments, result", [
    (AT,             [(BUF, 4), (BAD, 4)],            4),
    (AT,             [(BAD, 4), (BUF, 4)],            Errno.EFAULT),
    (AT + 2 * P - 6, [(BUF, 4), (BUF, 4), (BUF, 4)],  6),
    (AT + 2 * P - 4, [(BUF, 4), (BUF, 4)],            4),
    (AT + 2 * P,     [(BUF, 4)],                      Errno.EIO),
    (AT,             [],                              0),
    (AT,             [(KERNEL, 4)],                   Errno.EFAULT),
    (AT,             [(KERNEL, 0)],                   Errno.EFAULT),
    (AT,             [(BUF, 4), (KERNEL, 4)],         Errno.EFAULT),
    (AT,             [(BUF, 4), (BUF, -1)],           Errno.EINVAL),
    (AT,             [(BUF, -1)],                     Errno.EINVAL),
    (AT,             [(BUF, 1 << 62), (BUF, 4)],      Errno.EFAULT),
    (1 << 62,        [(BUF, 0)],                      0),
    (-1,             [(BUF, 4)],                      Errno.EINVAL),
])
@runs
async def test_a_call_on_the_memory_file_stops_at_the_first_buffer_that_fails(
        position, segments, result):
    user, fd = await prepared()
    if isinstance(result, Errno):
        with raises_errno(result):
            await vector(user, NR_pwritev, fd, segments, position)
    else:
        assert await vector(user, NR_pwritev, fd, segments, position) == result


@pytest.mark.parametrize("number, vec, count, errno", [
    (NR_pwritev, 8, 0,    None),
    (NR_pwritev, 8, 1,    Errno.EFAULT),
    (NR_pwritev, 8, 1025, Errno.EINVAL),
    (NR_pwritev, 8, -1,   Errno.EINVAL),
])
@runs
async def test_the_array_of_buffers_itself(number, vec, count, errno):
    user, fd = await prepared()
    if errno is None:
        assert await user.syscall(number, fd, vec, count, AT) == 0
    else:
        with raises_errno(errno):
            await user.syscall(number, fd, vec, count, AT)


@runs
async def test_a_file_that_is_not_open_for_it_comes_before_the_array():
    user, fd = await prepared()
    await user.close(fd)
    fd = await user.open("/proc/self/mem", O_RDONLY)
    for call in (user.syscall(NR_pwritev, fd, 8, 1, AT), user.syscall(NR_writev, 99, 8, 1)):
        with raises_errno(Errno.EBADF):
            await call
    with raises_errno(Errno.EINVAL):
        await user.syscall(NR_preadv, 99, 8, 1, -1)


@runs
async def test_only_success_moves_the_position():
    user, fd = await prepared()
    await user.lseek(fd, AT)
    assert await vector(user, NR_writev, fd, [(BUF, 4), (BUF, 4)]) == 8
    assert await user.lseek(fd, 0, 1) == AT + 8
    with raises_errno(Errno.EFAULT):
        await vector(user, NR_writev, fd, [(BAD, 4)])
    assert await user.lseek(fd, 0, 1) == AT + 8
    assert await vector(user, NR_readv, fd, [(BUF, 4), (BUF, 4)]) == 8
    assert await user.lseek(fd, 0, 1) == AT + 16
    await vector(user, NR_pwritev, fd, [(BUF, 4)], AT)
    assert await user.lseek(fd, 0, 1) == AT + 16


@pytest.mark.parametrize("last, errno", [(4, Errno.EOVERFLOW), (3, Errno.EIO)])
@runs
async def test_all_buffers_together_may_reach_the_last_address(last, errno):
    user, fd = await prepared()
    await user.lseek(fd, -8)
    with raises_errno(errno):
        await vector(user, NR_writev, fd, [(BUF, 4), (BUF, last)])


@runs
async def test_a_file_is_written_and_read_by_one_call():
    user, fd = await prepared("/file")
    assert await vector(user, NR_writev, fd, [(BUF, 3), (BUF + 10, 5)]) == 8
    assert await vector(user, NR_pwritev, fd, [(BUF, 4), (BAD, 4)], 0) == 4
    with raises_errno(Errno.EFAULT):
        await vector(user, NR_pwritev, fd, [(BAD, 4), (BUF, 4)], 0)
    assert await vector(user, NR_pwritev, fd, [(BAD - 2, 4), (BUF, 4)], 2) == 2
    assert await vector(user, NR_preadv, fd, [(BUF + 100, 3), (BUF + 200, 99)], 0) == 8
    assert await user.load_bytes(BUF + 100, 3) == BODY[:2] + b"\0"
    assert await user.load_bytes(BUF + 200, 5) == b"\0" + BODY[11:15]
    assert await vector(user, NR_preadv, fd, [(BUF, 4), (BAD, 4)], 0) == 4
    assert await vector(user, NR_preadv, fd, [(BUF, 4)], 100) == 0


@runs
async def test_buffers_of_one_write_meet_in_a_page_of_the_file():
    user, fd = await prepared("/file")
    segments = [(BUF, 60)] * 70    # the file's page ends within one of them
    assert await vector(user, NR_writev, fd, segments) == 4200
    assert await user.pread(fd, BUF + 8, 60, 4080) == 60
    assert await user.load_bytes(BUF + 8, 60) == BODY[:60]
