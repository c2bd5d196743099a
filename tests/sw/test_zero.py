"""/dev/zero and /dev/null: read, written, mapped."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_readv
from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_RDONLY, O_RDWR, O_TRUNC
from sw.include.linux.mman import (
    MADV_WIPEONFORK, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import SIGBUS, Signal
from sw.kernel.cred import cred
from sw.user import User

from .user_support import EACH_ERA, EACH_PAGING, boot, free_pages, raises_errno, runs


P  = 4096
RW = PROT_READ | PROT_WRITE


async def prepared(path: str = "/dev/zero", mode: int = O_RDWR, **options) -> tuple[User, int, int]:
    """Make a process, a buffer behind whose first page is a wall, and open a device."""
    user = await boot(**options)
    buf  = await user.mmap(2 * P)
    await user.store_bytes(buf, b"x" * P)
    await user.mprotect(buf + P, P, PROT_NONE)
    return user, buf, await user.open(path, mode)


@EACH_PAGING
@runs
async def test_zeros_can_be_read_without_end(paging):
    user, buf, fd = await prepared(paging=paging)
    assert await user.read(fd, buf, 10) == 10
    assert await user.load_bytes(buf, 12) == bytes(10) + b"xx"
    assert await user.pread(fd, buf + 20, 4, 1 << 40) == 4
    assert await user.lseek(fd, 100) == 0


@runs
async def test_a_bad_buffer_makes_the_count_short():
    user, buf, fd = await prepared()
    assert await user.read(fd, buf + P - 4, 8) == 4
    with raises_errno(Errno.EFAULT):
        await user.read(fd, buf + P, 8)
    vec = await user.iovec((buf, 4), (buf + P - 2, 4))
    assert await user.syscall(NR_readv, fd, vec, 2) == 6


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
@runs
async def test_what_is_written_is_not_even_looked_at(path):
    user, buf, fd = await prepared(path, O_RDWR | O_TRUNC | O_CREAT)
    assert await user.write(fd, buf + P, 8) == 8
    assert await user.pwrite(fd, buf, 8, 1 << 40) == 8
    with raises_errno(Errno.EINVAL):
        await user.ftruncate(fd, 0)


@runs
async def test_from_null_nothing_is_read_and_it_cannot_be_mapped():
    user, buf, fd = await prepared("/dev/null")
    assert await user.read(fd, buf, 8) == 0
    with raises_errno(Errno.ENODEV):
        await user.mmap(P, RW, MAP_PRIVATE, fd)


@runs
async def test_everybody_may_open_the_devices():
    user  = await boot()
    other = await User.create(user.cpu, credentials=cred.of_user(1000))
    await other.open("/dev/zero")


@EACH_ERA
@runs
async def test_mapped_private_it_is_memory_of_its_own(era):
    user, buf, fd = await prepared(era=era)
    at    = await user.mmap(2 * P, RW, MAP_PRIVATE, fd, P)
    assert await user.load(at + P) == 0
    await user.store(at, 7)
    child = await user.fork()
    await child.store(at, 8)
    assert await user.load(at) == 7
    with raises_errno(Errno.EINVAL):
        await user.madvise(at, P, MADV_WIPEONFORK)    # it has a file, after all


@EACH_ERA
@runs
async def test_mapped_shared_it_is_memory_of_the_family(era):
    user, buf, fd = await prepared(era=era)
    before = free_pages(user)
    at     = await user.mmap(2 * P, RW, MAP_SHARED, fd)
    other  = await user.mmap(2 * P, RW, MAP_SHARED, fd)
    await user.close(fd)
    child  = await user.fork()
    await child.store(at, 8)
    assert (await user.load(at), await user.load(other)) == (8, 0)
    await child.exit()
    await user.wait()
    await user.munmap(at, 2 * P)
    await user.munmap(other, 2 * P)
    assert free_pages(user) == before


@runs
async def test_shared_memory_begins_where_its_mapping_does_whatever_the_offset():
    user, _, fd = await prepared()
    at = await user.mmap(P, RW, MAP_SHARED, fd, P)
    with pytest.raises(Signal) as caught:
        await user.load(at)
    assert caught.value.signo == SIGBUS


@EACH_ERA
@runs
async def test_what_was_opened_to_be_read_stays_read_only_where_it_is_shared(era):
    user, buf, fd = await prepared(mode=O_RDONLY, era=era)
    with raises_errno(Errno.EACCES):
        await user.mmap(P, RW, MAP_SHARED, fd)
    shared  = await user.mmap(P, PROT_READ, MAP_SHARED, fd)
    private = await user.mmap(P, PROT_READ, MAP_PRIVATE, fd)
    mem     = await user.open("/proc/self/mem")
    assert await user.load(shared) == 0
    with raises_errno(Errno.EACCES):
        await user.mprotect(shared, P, RW)
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 4, shared)
    assert await user.pwrite(mem, buf, 4, private) == 4
