"""statx(): what it tells of a file, what it says that it does not tell, and what it refuses."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_statx
from sw.errno import Errno
from sw.fs.stat import AT_EMPTY_PATH, AT_FDCWD, STATX_BASIC_STATS
from sw.include.linux.fs import O_CREAT, O_RDWR, S_IFREG
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ
from sw.kernel.cred import cred

from .user_support import EACH_PAGING, boot, raises_errno, runs


ROOM = 256

#: Type, mode, owner and size.
KNOWN = 0x01 | 0x02 | 0x08 | 0x200


async def prepared(**options):
    """Make a process of user 7 with a file of three bytes; its descriptor, and a page of 0xff."""
    user = await boot(credentials=cred.of_user(7), **options)
    fd   = await user.open("f", O_RDWR | O_CREAT, 0o640)
    at   = await user.mmap(4096)
    await user.store_bytes(at, b"\xff" * (ROOM + 1))
    await user.write(fd, at, 3)
    return user, fd, at


@EACH_PAGING
@pytest.mark.parametrize("by_path", [True, False], ids=["by path", "by descriptor"])
@runs
async def test_what_is_known_is_told_and_the_rest_is_zeros(paging, by_path):
    user, fd, at = await prepared(paging=paging)
    file = (AT_FDCWD, "f", 0) if by_path else (fd, "", AT_EMPTY_PATH)
    assert await user.syscall(NR_statx, *file, STATX_BASIC_STATS, at) == 0
    told = {0: KNOWN, 20: 7, 28: S_IFREG | 0o640, 40: 3}
    for offset in range(0, ROOM, 4):
        assert await user.load(at + offset, 4) == told.get(offset, 0), offset
    assert await user.load(at + ROOM, 1) == 0xFF


@pytest.mark.parametrize("dfd, path, flags, mask, errno", [
    (AT_FDCWD, "f",  0,             0x8000_0000, Errno.EINVAL),
    (AT_FDCWD, "f",  0x6000,        0, Errno.EINVAL),
    (AT_FDCWD, "f",  0x8000,        0, Errno.EINVAL),
    (99,       "",   0x8000,        0, Errno.EINVAL),
    (AT_FDCWD, "no", 0,             0, Errno.ENOENT),
    (99,       "",   0,             0, Errno.ENOENT),
    (99,       "",   AT_EMPTY_PATH, 0, Errno.EBADF),
    (99,       "f",  0,             0, Errno.EBADF),
    (0,        "f",  0,             0, Errno.ENOTDIR),
    (AT_FDCWD, "",   AT_EMPTY_PATH, 0, Errno.ENOSYS),
])
@runs
async def test_what_is_refused(dfd, path, flags, mask, errno):
    user, fd, at = await prepared()
    assert fd == 0
    with raises_errno(errno):
        await user.syscall(NR_statx, dfd, path, flags, mask, at)
    assert await user.load(at, 1) == 0xFF


@runs
async def test_a_whole_path_needs_no_folder():
    user, _, at = await prepared()
    await user.syscall(NR_statx, 99, "/proc/self/mem", AT_EMPTY_PATH, 0, at)
    assert await user.load(at + 28, 2) == S_IFREG | 0o600


@runs
async def test_an_answer_that_does_not_fit_is_refused():
    user, fd, at = await prepared()
    read_only = await user.mmap(4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS)
    for buffer in (read_only, at + 4096 - ROOM + 1, 0xFFFF_8880_0000_0000):
        with raises_errno(Errno.EFAULT):
            await user.syscall(NR_statx, fd, "", AT_EMPTY_PATH, 0, buffer)
