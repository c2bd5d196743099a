"""Ordinary files: positions, counts and the ways to open them."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_32
from sw.errno import Errno
from sw.fs.read_write.rw import vfs_read, vfs_write
from sw.include.linux.fs import (
    O_ACCMODE, O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_CUR, SEEK_DATA,
    SEEK_END, SEEK_HOLE, SEEK_SET,
)
from sw.include.linux.capability import CAP_DAC_OVERRIDE
from sw.include.linux.mman import MAP_SHARED, PROT_READ
from sw.kernel.cred import cred
from sw.user import User

from .user_support import EACH_PAGING, boot, raises_errno, runs


MASK = (1 << 64) - 1


async def prepared(flags: int = O_RDWR, **options) -> tuple[User, int, int]:
    """Make a process, a buffer of "abcdefgh", and an open file; return all three."""
    user = await boot(**options)
    buf  = await user.mmap(2 * 4096)
    await user.store_bytes(buf, b"abcdefgh")
    return user, buf, await user.open("/file", flags | O_CREAT, 0o600)


@EACH_PAGING
@runs
async def test_what_was_written_can_be_read(paging):
    user, buf, fd = await prepared(paging=paging)
    assert await user.write(fd, buf, 8) == 8
    assert await user.pwrite(fd, buf, 4, 4094) == 4
    assert await user.pread(fd, buf + 4096, 4096, 4) == 4094
    assert await user.load_bytes(buf + 4096, 6) == b"efgh\0\0"
    assert await user.load_bytes(buf + 4096 + 4090, 4) == b"abcd"
    assert await user.pread(fd, buf, 8, 5000) == 0


@runs
async def test_positions():
    user, buf, fd = await prepared()
    await user.write(fd, buf, 8)
    assert await user.read(fd, buf, 8) == 0
    assert await user.lseek(fd, -3, SEEK_END) == 5
    assert await user.read(fd, buf, 8) == 3
    assert await user.lseek(fd, -1, SEEK_CUR) == 7
    assert await user.lseek(fd, 0, SEEK_SET) == 0
    for offset, whence in ((-1, SEEK_SET), (-9, SEEK_END), ((1 << 63) - 1, SEEK_END)):
        with raises_errno(Errno.EINVAL):
            await user.lseek(fd, offset, whence)


@runs
async def test_a_file_is_data_up_to_its_end_and_there_a_hole_begins():
    user, buf, fd = await prepared()
    await user.write(fd, buf, 8)
    assert await user.lseek(fd, 5, SEEK_DATA) == 5
    assert await user.lseek(fd, 5, SEEK_HOLE) == 8
    for offset in (8, -1):
        for whence in (SEEK_DATA, SEEK_HOLE):
            with raises_errno(Errno.ENXIO):
                await user.lseek(fd, offset, whence)
    for whence in (SEEK_HOLE + 1, -1):
        with raises_errno(Errno.EINVAL):
            await user.lseek(fd, 0, whence)


@pytest.mark.parametrize("count, refused", [(0x7FFF_FFFF, False), (0x8000_0000, True)])
@runs
async def test_a_count_is_not_negative_in_a_register_of_32_bits(count, refused):
    user, _, fd = await prepared(paging=PAGING_32)
    if refused:
        with raises_errno(Errno.EINVAL):
            await user.read(fd, 0, count)
    else:
        assert await user.read(fd, 0, count) == 0  # the file is empty


@pytest.mark.parametrize("call", [vfs_read, vfs_write])
@runs
async def test_the_position_in_a_file_is_never_negative(call):
    user, buf, fd = await prepared()
    with raises_errno(Errno.EINVAL):
        await call(user.cpu, user.task.files.fdt[fd], buf, 8, -8)


@pytest.mark.parametrize("call", ["pread", "pwrite"])
@pytest.mark.parametrize("offset", [-1, (1 << 63) - 4])
@runs
async def test_positions_that_no_file_has(call, offset):
    user, buf, fd = await prepared()
    with raises_errno(Errno.EINVAL):
        await getattr(user, call)(fd, buf, 8, offset)


@runs
async def test_a_bad_buffer_makes_the_count_short():
    user, buf, fd = await prepared()
    await user.write(fd, buf, 8)
    end = buf + 2 * 4096
    await user.lseek(fd, 0)
    assert await user.read(fd, end - 4, 8) == 4
    assert await user.lseek(fd, 0, SEEK_CUR) == 4
    assert await user.write(fd, end - 4, 8) == 4
    with raises_errno(Errno.EFAULT):
        await user.write(fd, end, 8)
    assert await user.read(fd, end, 8) == 0     # at the end there is nothing to copy
    await user.lseek(fd, 0)
    with raises_errno(Errno.EFAULT):
        await user.read(fd, end, 8)


@runs
async def test_append_writes_at_the_end():
    user, buf, fd = await prepared(O_RDWR | O_APPEND)
    await user.write(fd, buf, 8)
    await user.lseek(fd, 0)
    await user.write(fd, buf, 2)
    assert await user.pread(fd, buf + 4096, 16, 0) == 10
    assert await user.load_bytes(buf + 4096, 10) == b"abcdefghab"


@pytest.mark.parametrize("flags, errno", [
    (O_CREAT | O_EXCL, Errno.EEXIST),
    (O_CREAT,          None),
    (O_RDONLY,         None),
    (O_TRUNC,          None),
    (3,                None),
])
@runs
async def test_opening_a_file_that_is_there(flags, errno):
    user, buf, fd = await prepared()
    await user.write(fd, buf, 8)
    if errno is None:
        assert await user.open("/file", flags) == fd + 1
    else:
        with raises_errno(errno):
            await user.open("/file", flags)


@runs
async def test_a_file_that_is_open_for_neither_reading_nor_writing():
    user, buf, fd = await prepared()
    fd = await user.open("/file", O_ACCMODE)
    for call in (user.read(fd, buf, 8), user.write(fd, buf, 8)):
        with raises_errno(Errno.EBADF):
            await call
    with raises_errno(Errno.EACCES):
        await user.mmap(4096, PROT_READ, MAP_SHARED, fd)
    other = await User.create(user.cpu, credentials=cred.of_user(1000))
    with raises_errno(Errno.EACCES):
        await other.open("/file", O_ACCMODE)


@runs
async def test_descriptors_are_the_lowest_free():
    user, _, first = await prepared()
    second = await user.creat("/other")
    assert (first, second) == (0, 1)
    await user.close(first)
    assert await user.open("/other", O_WRONLY) == first
    await user.close(second)
    for call in (user.close(second), user.read(second, 0, 0), user.lseek(second, 0)):
        with raises_errno(Errno.EBADF):
            await call
    with raises_errno(Errno.ENOENT):
        await user.open("/none")


@pytest.mark.parametrize("who, flags, errno", [
    (cred.of_user(1000), O_RDWR,   None),
    (cred.of_user(1001), O_RDONLY, None),
    (cred.of_user(1001), O_WRONLY, Errno.EACCES),
    (cred.of_user(1001), O_RDWR,   Errno.EACCES),
    (cred.of_user(1001, CAP_DAC_OVERRIDE), O_RDWR, None),
])
@runs
async def test_permissions(who, flags, errno):
    user  = await boot(credentials=cred.of_user(1000))
    await user.creat("/file", 0o644)
    other = await User.create(user.cpu, credentials=who)
    if errno is None:
        await other.open("/file", flags)
    else:
        with raises_errno(errno):
            await other.open("/file", flags)


@runs
async def test_unknown_system_calls():
    user = await boot()
    with raises_errno(Errno.ENOSYS):
        await user.syscall(4711)
