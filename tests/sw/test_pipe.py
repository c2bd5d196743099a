"""Pipes: what goes in comes out, in order and counted as Linux counts it."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_fcntl, NR_pipe, NR_pipe2, NR_readv, NR_writev,
)
from sw.errno import Errno
from sw.fs.fcntl import F_GETFL, F_GETPIPE_SZ, F_SETFL, F_SETPIPE_SZ
from sw.include.linux.fs import O_DIRECT, O_NONBLOCK, O_RDWR, O_WRONLY
from sw.include.linux.mman import MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ
from sw.include.linux.signal_types import SIG_IGN, SIGPIPE, Killed, Signal
from sw.kernel.cred import cred
from sw.user import User

from .user_support import EACH_PAGING, boot, free_pages, raises_errno, runs


P    = 4096
BODY = bytes(index % 251 + 1 for index in range(20 * P))


async def prepared(flags: int = O_NONBLOCK, **options) -> tuple[User, int, int, int]:
    """Make a process, the end of a buffer of BODY behind which is a wall, and a pipe."""
    user = await boot(**options)
    buf  = await user.mmap(21 * P)
    await user.mprotect(buf + 20 * P, P, PROT_NONE)
    await user.store_bytes(buf, BODY)
    return user, buf + 20 * P, *await user.pipe(flags)


@EACH_PAGING
@runs
async def test_bytes_come_out_in_the_order_in_which_they_went_in(paging):
    user, end, reader, writer = await prepared(paging=paging)
    buf = end - 20 * P
    assert [await user.write(writer, buf, count) for count in (4, 3 * P, 5)] == [4, 3 * P, 5]
    assert await user.read_bytes(reader, 6) == BODY[:4] + BODY[:2]
    assert await user.read_bytes(reader, 4 * P) == BODY[2:3 * P] + BODY[:5]


@runs
async def test_a_pipe_that_is_empty_or_full_is_waited_for_by_nobody():
    user, end, reader, writer = await prepared()
    with raises_errno(Errno.EAGAIN):
        await user.read(reader, end - 4, 4)
    assert await user.write(writer, end - 17 * P, 17 * P) == 16 * P
    with raises_errno(Errno.EAGAIN):
        await user.write(writer, end - 1, 1)
    await user.read(reader, end - 10, 10)
    with raises_errno(Errno.EAGAIN):
        await user.write(writer, end - 1, 1)    # a page has to become free, not a byte
    await user.read(reader, end - P, P - 10)
    assert await user.write(writer, end - P, P) == P


@runs
async def test_where_linux_would_wait_nothing_has_moved():
    user, end, reader, writer = await prepared(0)
    with raises_errno(Errno.ENOSYS):
        await user.read(reader, end - 4, 4)
    with raises_errno(Errno.ENOSYS):
        await user.write(writer, end - 17 * P, 17 * P)
    await user.syscall(NR_fcntl, reader, F_SETFL, O_NONBLOCK)
    with raises_errno(Errno.EAGAIN):
        await user.read(reader, end - 4, 4)
    assert await user.write(writer, end - 16 * P, 16 * P) == 16 * P


@runs
async def test_no_bytes_are_moved_without_a_look_at_the_pipe():
    user, end, reader, writer = await prepared(0)
    await user.close(reader)
    assert await user.write(writer, end, 0) == 0


@runs
async def test_of_a_page_that_could_not_be_filled_nothing_is_in_the_pipe():
    user, end, reader, writer = await prepared()
    with raises_errno(Errno.EFAULT):
        await user.write(writer, end - 4, 8)
    with raises_errno(Errno.EAGAIN):
        await user.read(reader, end - 8, 8)
    assert await user.write(writer, end - 5, 5) == 5
    with raises_errno(Errno.EFAULT):
        await user.write(writer, end - 4, 8)    # neither if it would have joined others
    assert await user.write(writer, end - P, 2 * P) == P
    assert await user.read_bytes(reader, 2 * P) == BODY[-5:] + BODY[-P:]


@runs
async def test_a_bad_buffer_of_a_reader_is_an_error_though_bytes_were_copied():
    user, end, reader, writer = await prepared()
    await user.write(writer, end - 20 * P, 8)
    with raises_errno(Errno.EFAULT):
        await user.read(reader, end - 4, 8)
    assert await user.load_bytes(end - 4, 4) == BODY[:4]
    assert await user.read_bytes(reader, 8) == BODY[:8]    # they are still in the pipe
    for _ in range(2):
        await user.write(writer, end - 20 * P, P)
    assert await user.read(reader, end - P, 2 * P) == P


@runs
async def test_a_pipe_has_two_ends_and_no_position():
    user, end, reader, writer = await prepared()
    for call in (user.read(writer, end - 1, 1), user.write(reader, end - 1, 1)):
        with raises_errno(Errno.EBADF):
            await call
    for call in (user.pread(reader, end - 1, 1, 0), user.pwrite(writer, end - 1, 1, 0),
                 user.lseek(reader, 0, 0), user.lseek(reader, 0, 4)):
        with raises_errno(Errno.ESPIPE):
            await call
    for call in (user.pread(reader, end - 1, 1, -1), user.lseek(reader, 0, 5)):
        with raises_errno(Errno.EINVAL):
            await call


@pytest.mark.parametrize("flags, end, errno", [
    (MAP_PRIVATE, 0, Errno.ENODEV), (MAP_SHARED, 0, Errno.ENODEV), (MAP_PRIVATE, 1, Errno.EACCES),
])
@runs
async def test_a_pipe_cannot_be_mapped(flags, end, errno):
    user = await boot()
    with raises_errno(errno):
        await user.mmap(P, PROT_READ, flags, (await user.pipe())[end])


@runs
async def test_without_a_writer_the_rest_is_read_and_then_the_end():
    user, end, reader, writer = await prepared(0)
    await user.write(writer, end - 3, 3)
    await user.close(writer)
    assert [await user.read(reader, end - 9, 9) for _ in range(2)] == [3, 0]


@runs
async def test_a_write_without_a_reader_is_a_signal():
    user, end, reader, writer = await prepared(0)
    await user.close(reader)
    await user.handle(SIGPIPE)
    with pytest.raises(Signal) as caught:
        await user.write(writer, end - 1, 1)
    assert (caught.value.signo, caught.value.si_pid) == (SIGPIPE, user.pid)
    other = await user.fork()
    other.task.sighand.action[SIGPIPE] = SIG_IGN
    with raises_errno(Errno.EPIPE):
        await other.write(writer, end - 1, 1)
    del user.task.sighand.action[SIGPIPE]
    with pytest.raises(Killed, match="signal 13"):
        await user.write(writer, end - 1, 1)


@runs
async def test_the_child_reads_what_its_parent_wrote():
    user, end, reader, writer = await prepared(0)
    child = await user.fork()
    await user.write(writer, end - 8, 8)
    assert await child.read_bytes(reader, 8) == BODY[-8:]


@runs
async def test_with_both_ends_closed_the_pages_are_free():
    user, end, reader, writer = await prepared()
    before = free_pages(user)
    await user.write(writer, end - 3 * P, 3 * P)
    assert free_pages(user) == before - 3
    await user.close(writer)
    await user.close(reader)
    assert free_pages(user) == before


@pytest.mark.parametrize("flags, errno", [
    (1, Errno.EINVAL), (0o2000, Errno.EINVAL), (O_DIRECT, Errno.ENOSYS),
])
@runs
async def test_flags_that_a_pipe_cannot_have(flags, errno):
    user = await boot()
    with raises_errno(errno):
        await user.pipe(flags)


@runs
async def test_without_a_place_for_its_descriptors_there_is_no_pipe():
    user = await boot()
    at   = await user.mmap(2 * P)
    await user.munmap(at + P, P)
    for number, *args in ((NR_pipe, 0), (NR_pipe2, at + P - 4, 0)):
        with raises_errno(Errno.EFAULT):
            await user.syscall(number, *args)
    await user.syscall(NR_pipe, at)
    assert [await user.load(at + 4 * index, 4) for index in range(2)] == [0, 1]


@runs
async def test_buffers_of_one_call_share_pages():
    user, end, reader, writer = await prepared()
    vec  = await user.iovec((end - 8, 3), (end - 4, 0), (end - 4, 4))
    free = free_pages(user)
    assert await user.syscall(NR_writev, writer, vec, 3) == 7
    assert free_pages(user) == free - 1
    vec = await user.iovec((end - 20, 2), (end - 10, 9))
    assert await user.syscall(NR_readv, reader, vec, 2) == 7
    assert await user.load_bytes(end - 20, 2) == BODY[-8:-6]
    assert await user.load_bytes(end - 10, 5) == BODY[-6:-5] + BODY[-4:]


@runs
async def test_of_a_write_whose_second_buffer_is_bad_nothing_is_in_the_pipe():
    user, end, reader, writer = await prepared()
    vec = await user.iovec((end - 4, 4), (end, 4))
    with raises_errno(Errno.EFAULT):
        await user.syscall(NR_writev, writer, vec, 2)
    with raises_errno(Errno.EAGAIN):
        await user.read(reader, end - 4, 4)


@pytest.mark.parametrize("wanted, got", [(0, P), (1, P), (P, P), (3 * P, 4 * P), (1 << 20, 1 << 20),
                                         (2 << 20, Errno.EPERM), ((1 << 31) + 1, Errno.EINVAL)])
@runs
async def test_the_size_of_a_pipe_is_a_power_of_two(wanted, got):
    user   = await boot(credentials=cred.of_user(1000))
    _, end = await user.pipe()
    assert await user.syscall(NR_fcntl, end, F_GETPIPE_SZ, 0) == 16 * P
    if isinstance(got, Errno):
        with raises_errno(got):
            await user.syscall(NR_fcntl, end, F_SETPIPE_SZ, wanted)
    else:
        assert await user.syscall(NR_fcntl, end, F_SETPIPE_SZ, wanted) == got
        assert await user.syscall(NR_fcntl, end, F_GETPIPE_SZ, 0) == got


@runs
async def test_a_pipe_does_not_become_smaller_than_what_is_in_it():
    user, end, _, writer = await prepared()
    await user.write(writer, end - 2 * P, 2 * P)
    with raises_errno(Errno.EBUSY):
        await user.syscall(NR_fcntl, writer, F_SETPIPE_SZ, P)


@runs
async def test_each_end_has_flags_of_its_own():
    user, _, reader, writer = await prepared()
    assert await user.syscall(NR_fcntl, reader, F_GETFL, 0) == O_NONBLOCK
    await user.syscall(NR_fcntl, reader, F_SETFL, O_RDWR)
    assert await user.syscall(NR_fcntl, reader, F_GETFL, 0) == 0
    assert await user.syscall(NR_fcntl, writer, F_GETFL, 0) == O_NONBLOCK | O_WRONLY
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_fcntl, reader, F_SETFL, O_DIRECT)
