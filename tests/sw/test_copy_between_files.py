"""Bytes into files without a program's memory: splice() out of a pipe, sendfile(), and
copy_file_range()."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_copy_file_range, NR_sendfile, NR_splice
from sw.errno import Errno
from sw.fs.fcntl import F_SETFL
from sw.include.linux.fs import (
    O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, SEEK_CUR, SEEK_END,
)
from sw.include.linux.shmem_fs import F_SEAL_GROW, F_SEAL_WRITE, MFD_ALLOW_SEALING
from sw.include.linux.splice import SPLICE_F_NONBLOCK

from .user_support import boot, file_of, free_pages, raises_errno, runs


P = 4096
F_ADD_SEALS = 1033

MINUS_ONE = (1 << 64) - 1


async def memfd(user, data=b"", seals=0):
    """Make a file in memory that holds ``data``, with its position at the beginning."""
    fd = await user.memfd_create("m", MFD_ALLOW_SEALING)
    if data:
        await user.write_bytes(fd, data, 0)
    if seals:
        await user.fcntl(fd, F_ADD_SEALS, seals)
    return fd


async def piped(user, data=b"hello"):
    """Make a pipe that holds ``data``; return its ends."""
    reader, writer = await user.pipe(O_NONBLOCK)
    await user.write_bytes(writer, data)
    return reader, writer


async def splice(user, fd_in, fd_out, length, *, at=None, flags=SPLICE_F_NONBLOCK):
    """Splice to a file, at a position in memory if ``at``; return the result and that position."""
    off = 0
    if at is not None:
        off = await user.mmap(P)
        await user.store(off, at)
    done = await user.syscall(NR_splice, fd_in, 0, fd_out, off, length, flags)
    return done, await user.load(off) if off else None


async def position(user, fd):
    return await user.lseek(fd, 0, SEEK_CUR)


# splice() out of a pipe

@runs
async def test_of_the_flags_of_a_pipe_only_one_says_that_nobody_waits():
    user = await boot()
    reader, _ = await user.pipe()
    fd = await user.open("/file", O_RDWR | O_CREAT)
    for flags, errno in ((O_APPEND, Errno.ENOSYS), (O_APPEND | O_NONBLOCK, Errno.EAGAIN)):
        await user.fcntl(reader, F_SETFL, flags)
        with raises_errno(errno):
            await splice(user, reader, fd, 1, flags=0)


@runs
async def test_bytes_of_a_pipe_are_written_at_the_files_position():
    user = await boot()
    reader, _ = await piped(user)
    fd = await file_of(user, b"contents", O_RDWR)
    await user.lseek(fd, 2)
    before = free_pages(user)
    assert await splice(user, reader, fd, 99) == (5, None)
    assert await user.read_bytes(fd, 99, 0) == b"cohellos"
    assert await position(user, fd) == 7
    assert free_pages(user) == before       # the pipe's page for the memory of the reading


@runs
async def test_bytes_of_a_pipe_are_written_at_an_offset_and_the_rest_stays():
    user = await boot()
    reader, _ = await piped(user)
    fd = await memfd(user, b"x" * 8)
    assert await splice(user, reader, fd, 2, at=3) == (2, 5)
    assert await user.read_bytes(fd, 99, 0) == b"xxxhexxx"
    assert await position(user, fd) == 0
    assert await user.read_bytes(reader, 99) == b"llo"


@runs
async def test_pages_of_a_program_go_through_the_pipe_into_the_file():
    user = await boot()
    two  = await user.mmap(2 * P)
    await user.store_bytes(two + P - 3, b"abcdef")
    reader, writer = await user.pipe(O_NONBLOCK)
    await user.vmsplice(writer, (two + P - 3, 6))
    await user.store_bytes(two + P, b"X")       # the pipe has the very page
    fd = await memfd(user, b"-")
    assert await splice(user, reader, fd, 6, at=P - 1) == (6, P + 5)
    assert await user.read_bytes(fd, 8, P - 2) == b"\0abcXef"


@runs
async def test_an_empty_pipe_is_the_end_without_a_writer_and_else_has_to_be_waited_for():
    user = await boot()
    reader, writer = await piped(user, b"ab")
    fd = await memfd(user)
    await splice(user, reader, fd, 2)
    with raises_errno(Errno.EAGAIN):
        await splice(user, reader, fd, 2, flags=0)
    await user.close(writer)
    assert await splice(user, reader, fd, 2) == (0, None)


@runs
async def test_what_the_file_does_not_take_stays_in_the_pipe():
    user = await boot()
    reader, _ = await piped(user)
    fd = await memfd(user, b"x" * P, F_SEAL_GROW)
    assert await splice(user, reader, fd, 5, at=P - 2) == (2, P)
    with raises_errno(Errno.EPERM):
        await splice(user, reader, fd, 5, at=P)
    assert await user.read_bytes(reader, 99) == b"llo"


@runs
async def test_devices_take_all_and_keep_their_position():
    user = await boot()
    reader, _ = await piped(user)
    assert await splice(user, reader, await user.open("/dev/null"), 2, at=9) == (2, 9)
    assert await splice(user, reader, await user.open("/dev/zero"), 99) == (3, None)


@pytest.mark.parametrize("flags, at, errno", [
    (O_RDONLY,            None,      Errno.EBADF),
    (O_RDWR | O_APPEND,   None,      Errno.EINVAL),
    (O_RDWR | O_APPEND,   0,         Errno.EINVAL),
    (O_RDWR,              MINUS_ONE, Errno.EINVAL),
    (O_RDWR,              (1 << 63) - 2, Errno.EINVAL),
])
@runs
async def test_files_that_take_nothing_out_of_a_pipe(flags, at, errno):
    user = await boot()
    reader, _ = await piped(user)
    fd = await file_of(user, b"contents", flags)
    with raises_errno(errno):
        await splice(user, reader, fd, 5, at=at)
    assert await user.read_bytes(reader, 99) == b"hello"


@runs
async def test_zeros_can_be_spliced_and_are_new_pages():
    user = await boot()
    reader, writer = await user.pipe(O_NONBLOCK)
    zero = await user.open("/dev/zero")
    off  = await user.mmap(P)
    await user.store(off, 7)
    assert await user.syscall(NR_splice, zero, off, writer, 0, P + 5, SPLICE_F_NONBLOCK) == P + 5
    assert await user.load(off) == 7
    assert await user.read_bytes(reader, 2 * P) == bytes(P + 5)


# sendfile() into a file

@runs
async def test_sendfile_copies_from_position_to_position():
    user = await boot()
    from_, to = await memfd(user, b"0123456789"), await memfd(user)
    assert await user.syscall(NR_sendfile, to, from_, 0, 4) == 4
    assert [await position(user, fd) for fd in (from_, to)] == [4, 4]
    off = await user.mmap(P)
    await user.store(off, 8)
    assert await user.syscall(NR_sendfile, to, from_, off, 99) == 2
    assert await user.load(off) == 10
    assert [await position(user, fd) for fd in (from_, to)] == [4, 6]
    assert await user.read_bytes(to, 99, 0) == b"012389"
    assert await user.syscall(NR_sendfile, to, from_, off, 99) == 0


@runs
async def test_sendfile_copies_more_than_a_pipe_can_hold():
    user = await boot()
    from_, to = await memfd(user, b"first"), await memfd(user)
    await user.ftruncate(from_, 20 * P)
    await user.write_bytes(from_, b"last", 20 * P - 4)
    before = free_pages(user)
    assert await user.syscall(NR_sendfile, to, from_, 0, 30 * P) == 20 * P
    assert free_pages(user) == before - 20
    assert await user.read_bytes(to, 99, 20 * P - 4) == b"last"


@runs
async def test_sendfile_goes_as_far_as_the_file_takes_it():
    user = await boot()
    from_, to = await memfd(user, b"a" * 8), await memfd(user, b"x" * P, F_SEAL_GROW)
    await user.lseek(to, P - 3)
    assert await user.syscall(NR_sendfile, to, from_, 0, 8) == 3
    assert [await position(user, fd) for fd in (from_, to)] == [3, P]
    with raises_errno(Errno.EPERM):
        await user.syscall(NR_sendfile, to, from_, 0, 8)
    assert await position(user, from_) == 3


@runs
async def test_sendfile_of_zeros_moves_only_the_other_position():
    user = await boot()
    zero, to = await user.open("/dev/zero"), await memfd(user, b"xxxxxx")
    assert await user.syscall(NR_sendfile, to, zero, 0, 4) == 4
    assert await user.read_bytes(to, 99, 0) == b"\0\0\0\0xx"
    assert [await position(user, fd) for fd in (zero, to)] == [0, 4]


@runs
async def test_files_that_have_no_part_in_sendfile():
    user = await boot()
    fd   = await file_of(user, b"contents", O_RDWR)
    null = await user.open("/dev/null")
    end  = await user.open("/file", O_WRONLY | O_APPEND)
    reader, writer = await piped(user)
    for errno, to, from_ in ((Errno.EINVAL, end, fd), (Errno.EINVAL, fd, null),
                             (Errno.EINVAL, fd, reader), (Errno.EBADF, 99, fd),
                             (Errno.EBADF, fd, end)):
        with raises_errno(errno):
            await user.syscall(NR_sendfile, to, from_, 0, 3)
    assert await user.syscall(NR_sendfile, null, fd, 0, 3) == 3
    with raises_errno(Errno.EBADF):     # not for reading, before: no positions
        await user.syscall(NR_sendfile, fd, writer, await user.mmap(P), 3)


# copy_file_range()

async def copy(user, fd_in, fd_out, length, *, pos_in=None, pos_out=None, flags=0):
    """Copy; return the result, and the offsets then."""
    off = await user.mmap(P)
    for index, pos in enumerate((pos_in, pos_out)):
        await user.store(off + 8 * index, pos or 0)
    done = await user.syscall(NR_copy_file_range, fd_in, off if pos_in is not None else 0, fd_out,
                              off + 8 if pos_out is not None else 0, length, flags)
    return done, await user.load(off), await user.load(off + 8)


@runs
async def test_a_range_is_copied_from_position_to_position():
    user = await boot()
    from_, to = await memfd(user, b"0123456789"), await memfd(user)
    assert await copy(user, from_, to, 4) == (4, 0, 0)
    assert [await position(user, fd) for fd in (from_, to)] == [4, 4]
    assert await copy(user, from_, to, 99, pos_in=8, pos_out=1) == (2, 10, 3)
    assert [await position(user, fd) for fd in (from_, to)] == [4, 4]
    assert await user.read_bytes(to, 99, 0) == b"0893"
    assert await copy(user, from_, to, 9, pos_in=10) == (0, 10, 0)
    assert await copy(user, from_, to, 9, pos_in=11) == (0, 11, 0)


@runs
async def test_parts_of_one_file_must_not_overlap():
    user = await boot()
    fd   = await memfd(user, b"0123456789")
    for pos_out in (0, 3, 2):
        with raises_errno(Errno.EINVAL):
            await copy(user, fd, fd, 4, pos_in=1, pos_out=pos_out)
    assert await copy(user, fd, fd, 4, pos_in=1, pos_out=5) == (4, 5, 9)
    assert await user.read_bytes(fd, 99, 0) == b"0123412349"


@pytest.mark.parametrize("errno, options", [
    (Errno.EINVAL,    {"flags": 1}),
    (Errno.EOVERFLOW, {"pos_in": MINUS_ONE}),
    (Errno.EOVERFLOW, {"pos_out": MINUS_ONE}),
    (Errno.EINVAL,    {"pos_in": MINUS_ONE - 9}),
    (Errno.EINVAL,    {"pos_out": MINUS_ONE - 9}),
    (Errno.EFBIG,     {"pos_out": (1 << 63) - 1}),
])
@runs
async def test_ranges_that_cannot_be_copied(errno, options):
    user = await boot()
    from_, to = await memfd(user, b"0123456789"), await memfd(user)
    with raises_errno(errno):
        await copy(user, from_, to, 4, **options)
    assert await user.lseek(to, 0, SEEK_END) == 0


@runs
async def test_files_between_which_no_range_is_copied():
    user = await boot()
    ram  = await file_of(user, b"contents", O_RDWR)
    read = await user.open("/file", O_RDONLY)
    end  = await user.open("/file", O_RDWR | O_APPEND)
    mem  = await memfd(user, b"data")
    zero = await user.open("/dev/zero")
    reader, writer = await piped(user)
    sealed = await memfd(user, b"data", F_SEAL_WRITE)
    for errno, from_, to in ((Errno.EXDEV, ram, mem), (Errno.EXDEV, mem, ram),
                             (Errno.EBADF, ram, read), (Errno.EBADF, read, end),
                             (Errno.EINVAL, zero, mem), (Errno.EINVAL, mem, zero),
                             (Errno.EINVAL, reader, mem), (Errno.EINVAL, mem, writer),
                             (Errno.EBADF, 99, mem), (Errno.EBADF, mem, 99),
                             (Errno.EPERM, mem, sealed)):
        with raises_errno(errno):
            await copy(user, from_, to, 3, pos_out=4 if to == ram else None)
    assert await copy(user, ram, ram, 4, pos_in=0, pos_out=8) == (4, 4, 12)
