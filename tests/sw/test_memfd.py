"""Files in memory without a name, mapped twice, and sealed."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_fallocate
from sw.errno import Errno
from sw.fs.fcntl import F_ADD_SEALS, F_GET_SEALS, F_GETFD, F_GETFL
from sw.include.linux.fs import O_LARGEFILE, O_RDWR
from sw.include.linux.mman import MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE
from sw.include.linux.shmem_fs import (
    F_SEAL_EXEC, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE,
    MFD_ALLOW_SEALING, MFD_CLOEXEC, MFD_EXEC, MFD_HUGETLB, MFD_NOEXEC_SEAL,
)
from sw.include.linux.signal_types import SEGV_ACCERR, Signal
from sw.user import User

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, file_of, frame, free_pages, raises_errno, runs,
)


P  = 4096
RW = PROT_READ | PROT_WRITE


async def prepared(size: int = 2 * P, **options) -> tuple[User, int, int]:
    """Make a process, a file of ``size`` that can be sealed, and a buffer of three pages."""
    user = await boot(**options)
    fd   = await user.memfd_create("x", MFD_ALLOW_SEALING)
    await user.ftruncate(fd, size)
    buf  = await user.mmap(3 * P)
    await user.store_bytes(buf, b"x" * 3 * P)
    return user, fd, buf


async def seal(user: User, fd: int, seals: int) -> int:
    """Add seals, and return all that there are."""
    await user.fcntl(fd, F_ADD_SEALS, seals)
    return await user.fcntl(fd, F_GET_SEALS)


@EACH_PAGING
@EACH_ERA
@runs
async def test_a_file_mapped_twice_is_written_by_one_mapping_and_executed_by_the_other(era, paging):
    user, fd, _ = await prepared(era=era, paging=paging)
    code  = await user.mmap(P, PROT_READ | PROT_EXEC, MAP_SHARED, fd)
    alias = await user.mmap(P, RW, MAP_SHARED, fd)
    assert await user.fetch(code, 8) == 0
    await user.store(alias, 0xC3)
    assert await user.fetch(code, 8) == 0xC3
    assert await frame(user, code) is await frame(user, alias)
    with pytest.raises(Signal) as caught:
        await user.store(code, 0)
    assert (caught.value.si_code, caught.value.error_code) == (SEGV_ACCERR, 7)
    mem = await user.open("/proc/self/mem")
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, alias, 8, code)


@pytest.mark.parametrize("flags, result", [
    (0, F_SEAL_SEAL), (MFD_ALLOW_SEALING, 0), (MFD_NOEXEC_SEAL, F_SEAL_EXEC),
    (MFD_NOEXEC_SEAL | MFD_ALLOW_SEALING, F_SEAL_EXEC), (MFD_EXEC, F_SEAL_SEAL),
    (MFD_EXEC | MFD_NOEXEC_SEAL, Errno.EINVAL), (0x20, Errno.EINVAL), (MFD_HUGETLB, Errno.ENOSYS),
])
@runs
async def test_the_flags_say_what_can_be_sealed(flags, result):
    user = await boot()
    if isinstance(result, Errno):
        with raises_errno(result):
            await user.memfd_create("x", flags)
    else:
        fd = await user.memfd_create("x", flags)
        assert await user.fcntl(fd, F_GET_SEALS) == result
        assert user.task.files.fdt[fd].f_inode.i_mode & 0o777 == (
            0o666 if flags & MFD_NOEXEC_SEAL else 0o777)


@runs
async def test_a_file_in_memory_is_open_for_everything():
    user = await boot()
    fd   = await user.memfd_create("x" * 249, MFD_CLOEXEC)
    assert await user.fcntl(fd, F_GETFL) == O_RDWR | O_LARGEFILE
    assert await user.fcntl(fd, F_GETFD) == 1
    with raises_errno(Errno.EINVAL):
        await user.memfd_create("x" * 250)


@runs
async def test_its_pages_are_free_once_nobody_has_it():
    user = await boot()
    before = free_pages(user)
    fd   = await user.memfd_create()
    await user.ftruncate(fd, 2 * P)
    at   = await user.mmap(2 * P, RW, MAP_SHARED, fd)
    await user.store(at, 1)
    await user.close(fd)
    await user.store(at + P, 1)
    await user.munmap(at, 2 * P)
    assert free_pages(user) == before


@runs
async def test_what_cannot_be_sealed():
    user, fd, _ = await prepared()
    plain = await user.memfd_create()
    file  = await file_of(user, b"x", O_RDWR)
    for errno, which, seals in ((Errno.EPERM, plain, 0), (Errno.EPERM, plain, F_SEAL_WRITE),
                                (Errno.EINVAL, plain, 0x40), (Errno.EINVAL, fd, 0x40),
                                (Errno.EINVAL, file, 0)):
        with raises_errno(errno):
            await user.fcntl(which, F_ADD_SEALS, seals)
    with raises_errno(Errno.EINVAL):
        await user.fcntl(file, F_GET_SEALS)
    with raises_errno(Errno.EPERM):
        await user.fcntl(await file_of(user, b"x"), F_ADD_SEALS, 0)
    assert await seal(user, fd, F_SEAL_SEAL) == F_SEAL_SEAL
    with raises_errno(Errno.EPERM):
        await user.fcntl(fd, F_ADD_SEALS, F_SEAL_GROW)


@pytest.mark.parametrize("prot", [RW, PROT_READ])
@runs
async def test_a_shared_mapping_that_may_become_writable_forbids_the_seal(prot):
    user, fd, _ = await prepared()
    at = await user.mmap(P, prot, MAP_SHARED, fd)
    with raises_errno(Errno.EBUSY):
        await user.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
    assert await user.fcntl(fd, F_GET_SEALS) == 0
    await user.munmap(at, P)
    await user.mmap(P, RW, MAP_PRIVATE, fd)
    assert await seal(user, fd, F_SEAL_WRITE) == F_SEAL_WRITE


@runs
async def test_a_page_in_a_pipe_forbids_the_seal():
    user, fd, buf = await prepared()
    reader, writer = await user.pipe()
    await user.write(fd, buf, 8)
    await user.syscall(275, fd, await _zero(user), writer, 0, 8, 0)
    with raises_errno(Errno.EBUSY):
        await user.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
    assert await seal(user, fd, F_SEAL_GROW) == F_SEAL_GROW
    await user.read_bytes(reader, 8)
    assert await seal(user, fd, F_SEAL_WRITE) == F_SEAL_GROW | F_SEAL_WRITE


async def _zero(user: User) -> int:
    """Return the address of a position of 0."""
    return await user.mmap(P)


@pytest.mark.parametrize("seals", [F_SEAL_WRITE, F_SEAL_FUTURE_WRITE])
@runs
async def test_what_is_sealed_against_writes_can_be_read_and_copied_and_no_more(seals):
    user, fd, buf = await prepared()
    private = await user.mmap(P, RW, MAP_PRIVATE, fd)
    await seal(user, fd, seals)
    for errno, call in (
            (Errno.EPERM, user.mmap(P, RW, MAP_SHARED, fd)),
            (Errno.EPERM, user.pwrite(fd, buf, 4, 0)),
            (Errno.EPERM, user.syscall(NR_fallocate, fd, 3, 0, P))):
        with raises_errno(errno):
            await call
    shared = await user.mmap(P, PROT_READ, MAP_SHARED, fd)
    with raises_errno(Errno.EACCES):
        await user.mprotect(shared, P, RW)
    mem = await user.open("/proc/self/mem")
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 4, shared)
    assert await user.pwrite(mem, buf, 4, private) == 4
    assert await user.load_bytes(private, 5) == b"xxxx\0"
    assert await user.load_bytes(shared, 4) == await user.read_bytes(fd, 4, 0) == bytes(4)
    await user.ftruncate(fd, P)


@runs
async def test_against_future_writes_memory_that_is_there_is_no_matter():
    user, fd, _ = await prepared()
    shared = await user.mmap(P, RW, MAP_SHARED, fd)
    assert await seal(user, fd, F_SEAL_FUTURE_WRITE) == F_SEAL_FUTURE_WRITE
    await user.store_bytes(shared, b"still")
    assert await user.read_bytes(fd, 5, 0) == b"still"
    with raises_errno(Errno.EBUSY):
        await user.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)


@pytest.mark.parametrize("offset, count, result", [
    (0, 2 * P + 100, 2 * P + 100), (0, 2 * P + 101, 2 * P), (10, 3 * P, 2 * P - 10),
    (P + 5, P + 95, P + 95), (P + 5, P + 96, P - 5), (2 * P, 100, 100), (2 * P, 101, Errno.EPERM),
    (2 * P + 100, 1, Errno.EPERM),
])
@runs
async def test_what_must_not_grow_is_written_page_by_page_up_to_its_end(offset, count, result):
    user, fd, buf = await prepared(2 * P + 100)
    await seal(user, fd, F_SEAL_GROW)
    if isinstance(result, Errno):
        with raises_errno(result):
            await user.pwrite(fd, buf, count, offset)
    else:
        assert await user.pwrite(fd, buf, count, offset) == result


@pytest.mark.parametrize("seals, size, errno", [
    (F_SEAL_GROW, 3 * P, Errno.EPERM), (F_SEAL_GROW, 2 * P, None), (F_SEAL_GROW, P, None),
    (F_SEAL_SHRINK, P, Errno.EPERM), (F_SEAL_SHRINK, 2 * P, None), (F_SEAL_SHRINK, 3 * P, None),
])
@runs
async def test_sizes_are_sealed(seals, size, errno):
    user, fd, _ = await prepared()
    await seal(user, fd, seals)
    if errno is None:
        await user.ftruncate(fd, size)
    else:
        with raises_errno(errno):
            await user.ftruncate(fd, size)
    if seals == F_SEAL_GROW:
        for mode in (0, 1):
            with raises_errno(Errno.EPERM):
                await user.syscall(NR_fallocate, fd, mode, 0, 4 * P)


@runs
async def test_what_is_executed_is_sealed_against_everything():
    user = await boot()
    fd   = await user.memfd_create("x", MFD_ALLOW_SEALING | MFD_EXEC)
    assert await seal(user, fd, F_SEAL_EXEC) == 0x3E
