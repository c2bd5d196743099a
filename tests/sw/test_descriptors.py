"""Descriptors: duplicated, replaced, kept from another program; flags of open files."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_dup, NR_dup2, NR_dup3, NR_fcntl
from sw.errno import Errno
from sw.fs.fcntl import (
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_GETPIPE_SZ, F_SETFD, F_SETFL, FD_CLOEXEC,
)
from sw.include.linux.fs import (
    O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECT, O_LARGEFILE, O_NONBLOCK, O_RDWR,
)

from .user_support import boot, file_of, raises_errno, runs


@runs
async def test_a_duplicate_shares_the_position():
    user = await boot()
    fd   = await file_of(user, b"abcdef", O_RDWR)
    copy = await user.syscall(NR_dup, fd)
    assert await user.read_bytes(copy, 2) == b"ab"
    await user.close(fd)
    assert await user.read_bytes(copy, 2) == b"cd"
    with raises_errno(Errno.EBADF):
        await user.syscall(NR_dup, fd)


@runs
async def test_a_descriptor_can_be_replaced():
    user = await boot()
    fd   = await file_of(user, b"abcdef", O_RDWR)
    reader, writer = await user.pipe(O_NONBLOCK)
    assert await user.syscall(NR_dup2, fd, reader) == reader
    assert await user.read_bytes(reader, 2) == b"ab"
    pipe = user.task.files.fdt[writer].f_inode.i_private
    assert pipe.readers == 0
    assert await user.syscall(NR_dup2, fd, fd) == fd
    assert await user.syscall(NR_dup3, fd, 600, O_CLOEXEC) == 600
    assert await user.syscall(NR_fcntl, 600, F_GETFD, 0) == FD_CLOEXEC


@pytest.mark.parametrize("number, args, errno", [
    (NR_dup2, (99, 99), Errno.EBADF), (NR_dup2, (99, 5), Errno.EBADF),
    (NR_dup2, (0, 1 << 20), Errno.EBADF), (NR_dup2, (0, -1), Errno.EBADF),
    (NR_dup3, (0, 0, 0), Errno.EINVAL), (NR_dup3, (0, 6, 1), Errno.EINVAL),
    (NR_fcntl, (0, F_DUPFD, 1 << 20), Errno.EINVAL), (NR_fcntl, (0, F_DUPFD, -1), Errno.EINVAL),
    (NR_fcntl, (99, F_DUPFD, 0), Errno.EBADF), (NR_fcntl, (0, 12345, 0), Errno.EINVAL),
    (NR_fcntl, (0, 6, 0), Errno.ENOSYS), (NR_fcntl, (0, F_GETPIPE_SZ, 0), Errno.EBADF),
])
@runs
async def test_what_is_refused(number, args, errno):
    user = await boot()
    assert await file_of(user, b"abcdef") == 0
    with raises_errno(errno):
        await user.syscall(number, *args)


@runs
async def test_there_are_1024_descriptors():
    user = await boot()
    fd   = await file_of(user, b"abcdef")
    assert await user.syscall(NR_fcntl, fd, F_DUPFD, 1023) == 1023
    with raises_errno(Errno.EMFILE):
        await user.syscall(NR_fcntl, fd, F_DUPFD, 1023)


@runs
async def test_what_another_program_does_not_get():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR | O_CLOEXEC)
    copy = await user.syscall(NR_fcntl, fd, F_DUPFD, 0)
    kept = await user.syscall(NR_fcntl, fd, F_DUPFD_CLOEXEC, 9)
    assert user.task.files.close_on_exec == {fd, kept}
    await user.syscall(NR_fcntl, fd, F_SETFD, 0)
    await user.syscall(NR_fcntl, copy, F_SETFD, FD_CLOEXEC)
    await user.close(kept)
    assert user.task.files.close_on_exec == {copy}
    assert (await user.fork()).task.files.close_on_exec == {copy}


@pytest.mark.parametrize("path", ["/file", "/proc/self/mem"])
@runs
async def test_flags_of_an_open_file(path):
    user  = await boot()
    fd    = await user.open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_APPEND)
    flags = O_RDWR | O_LARGEFILE
    assert await user.syscall(NR_fcntl, fd, F_GETFL, 0) == flags | O_APPEND
    await user.syscall(NR_fcntl, fd, F_SETFL, O_NONBLOCK | O_CREAT)
    assert await user.syscall(NR_fcntl, fd, F_GETFL, 0) == flags | O_NONBLOCK
    with raises_errno(Errno.EINVAL):
        await user.syscall(NR_fcntl, fd, F_SETFL, O_DIRECT)
