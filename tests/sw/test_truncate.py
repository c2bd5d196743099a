"""Files of another size: what their mappings still show, and what is refused."""

from collections.abc import Iterator

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_fallocate, NR_fdatasync, NR_fsync, NR_splice, NR_truncate,
)
from sw.errno import Errno
from sw.fs.open.fallocate import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE
from sw.include.linux.fs import (
    O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, SEEK_DATA, SEEK_END, SEEK_HOLE,
)
from sw.include.linux.mman import MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import BUS_ADRERR, SIGBUS, Signal
from sw.kernel.cred import cred
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.trace.ftrace import ret_stack
from sw.user import User
from sw.variables import per_cpu_ptr

from .smp_support import Smp, beside, two_threads
from .user_support import EACH_ERA, EACH_PAGING, boot, frame, free_pages, raises_errno, runs


P  = 4096
RW = PROT_READ | PROT_WRITE


async def prepared(pages: int = 3, **options) -> tuple[User, int, int, int]:
    """Make a process, a file in memory, and a shared and a private mapping of it."""
    user = await boot(**options)
    fd   = await user.memfd_create()
    await user.ftruncate(fd, pages * P)
    shared  = await user.mmap(pages * P, RW, MAP_SHARED, fd)
    private = await user.mmap(pages * P, RW, MAP_PRIVATE, fd)
    await user.store_bytes(shared, b"abcdefgh" * 100)
    return user, fd, shared, private


async def bus_error(call) -> int:
    """Return the error code of the SIGBUS that a load or a store gets."""
    with pytest.raises(Signal) as caught:
        await call
    assert (caught.value.signo, caught.value.si_code) == (SIGBUS, BUS_ADRERR)
    return caught.value.error_code


@EACH_PAGING
@EACH_ERA
@runs
async def test_behind_the_new_end_there_is_nothing_not_even_a_private_copy(era, paging):
    user, fd, shared, private = await prepared(era=era, paging=paging)
    await user.store_bytes(shared + 2 * P, b"two")
    await user.store_bytes(private + 2 * P, b"own")
    await user.ftruncate(fd, P)
    for at in (shared + 2 * P, private + 2 * P):
        assert await bus_error(user.load(at, 1)) == 4
        assert await bus_error(user.store(at, 1, 1)) == 6
    mem = await user.open("/proc/self/mem")
    for call in (user.pread(mem, shared, 3, private + 2 * P),
                 user.pwrite(mem, shared, 3, private + 2 * P)):
        with raises_errno(Errno.EIO):
            await call
    await user.ftruncate(fd, 3 * P)
    assert await user.load_bytes(private + 2 * P, 3) == await user.load_bytes(shared + 2 * P, 3)
    assert await user.load_bytes(private + 2 * P, 3) == bytes(3)


@runs
async def test_of_the_page_with_the_new_end_only_the_files_bytes_go():
    user, fd, shared, private = await prepared()
    await user.store_bytes(private, b"own")
    page = await frame(user, shared)
    await user.ftruncate(fd, 400)
    assert await user.load_bytes(shared + 396, 8) == b"efgh" + bytes(4)
    assert await user.load_bytes(private + 396, 8) == b"efghabcd"
    assert await frame(user, shared) is page
    await user.store_bytes(shared + 500, b"beyond")    # in memory, not in the file
    assert await user.read_bytes(fd, 999, 0) == b"abcdefgh" * 50


@runs
async def test_all_processes_lose_the_page():
    user, fd, shared, private = await prepared()
    await user.store(private + P, 1)
    child = await user.fork()
    await child.store(private + P, 2)
    await child.load(shared)
    await user.ftruncate(fd, 0)
    for at in (shared, private + P):
        assert await bus_error(child.load(at, 1)) == 4


@runs
async def test_the_pages_are_free():
    user, fd, shared, private = await prepared()
    await user.store(private + P, 1)
    before = free_pages(user)
    await user.store(shared + 2 * P, 1)
    await user.ftruncate(fd, 0)
    assert free_pages(user) == before + 3    # the third page was not there yet


@runs
async def test_mappings_that_were_cut_moved_or_joined_lose_it_too():
    user, fd, shared, private = await prepared(4)
    await user.mprotect(private + P, P, PROT_READ)
    moved = await user.mremap(private + 2 * P, 2 * P, 8 * P, 1)
    await user.store(moved + P, 5)
    await user.store(private, 5)
    await user.mprotect(private + P, P, RW)
    await user.ftruncate(fd, 0)
    for at in (moved + P, private, private + P, shared):
        assert await bus_error(user.load(at, 1)) == 4


@runs
async def test_a_mapping_that_is_gone_is_not_looked_at():
    user, fd, shared, private = await prepared()
    await user.munmap(shared, 3 * P)
    await user.munmap(private + P, P)
    await user.ftruncate(fd, 0)
    assert len(user.task.files.fdt[fd].f_inode.i_mapping.i_mmap) == 2


@runs
async def test_opening_with_o_trunc_empties_a_file():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o644)
    await user.write_bytes(fd, b"x" * 5000)
    at   = await user.mmap(2 * P, RW, MAP_PRIVATE, fd)
    await user.store(at, 1)
    await user.open("/file", O_RDONLY | O_TRUNC)
    assert await user.lseek(fd, 0, SEEK_END) == 0
    assert await bus_error(user.load(at, 1)) == 4
    other = await User.create(user.cpu, credentials=cred.of_user(1000))
    with raises_errno(Errno.EACCES):
        await other.open("/file", O_RDONLY | O_TRUNC)


@pytest.mark.parametrize("path, size, errno", [
    ("/file", 3, None), ("/none", 3, Errno.ENOENT), ("/file", -1, Errno.EINVAL),
    ("/none", -1, Errno.EINVAL), ("/proc/self/mem", 0, None), ("/proc/self/mem", -1, Errno.EINVAL),
    ("/proc/self/mem", 1 << 62, Errno.EFBIG), ("/file", (1 << 63) - 1, None),
])
@runs
async def test_truncate_by_path(path, size, errno):
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o644)
    if errno is None:
        assert await user.syscall(NR_truncate, path, size) == 0
        assert path != "/file" or await user.lseek(fd, 0, SEEK_END) == size
    else:
        with raises_errno(errno):
            await user.syscall(NR_truncate, path, size)


@runs
async def test_a_file_must_be_open_for_writing():
    user = await boot()
    await user.open("/file", O_CREAT | O_RDWR, 0o644)
    other = await User.create(user.cpu, credentials=cred.of_user(1000))
    fd    = await other.open("/file", O_RDONLY)
    with raises_errno(Errno.EINVAL):
        await other.ftruncate(fd, 0)
    with raises_errno(Errno.EACCES):
        await other.syscall(NR_truncate, "/file", 0)
    for fd, errno in (((await user.pipe())[1], Errno.EINVAL), (99, Errno.EBADF)):
        with raises_errno(errno):
            await user.ftruncate(fd, 0)


# The memory file has no size, and no disk

@pytest.mark.parametrize("size, errno", [(0, None), (100, None), (-1, Errno.EINVAL),
                                         (1 << 62, Errno.EFBIG)])
@runs
async def test_another_size_of_the_memory_file(size, errno):
    user = await boot()
    fd   = await user.open("/proc/self/mem", O_RDWR | O_TRUNC | O_APPEND)
    if errno is None:
        await user.ftruncate(fd, size)
    else:
        with raises_errno(errno):
            await user.ftruncate(fd, size)
    with raises_errno(Errno.EINVAL):
        await user.ftruncate(await user.open("/proc/self/mem", O_RDONLY), 0)


@pytest.mark.parametrize("path, errno", [("/proc/self/mem", Errno.EINVAL), ("/file", None)])
@pytest.mark.parametrize("number", [NR_fsync, NR_fdatasync])
@runs
async def test_only_what_could_have_a_disk_can_be_synchronised(number, path, errno):
    user = await boot()
    fd   = await user.open(path, O_RDWR | O_CREAT)
    if errno is None:
        assert await user.syscall(number, fd) == 0
    else:
        with raises_errno(errno):
            await user.syscall(number, fd)


@pytest.mark.parametrize("kind, args, errno", [
    ("mem",  (0, 0, 10),  Errno.EOPNOTSUPP), ("mem",  (3, 0, P), Errno.EOPNOTSUPP),
    ("mem",  (0, 0, 0),   Errno.EINVAL),     ("mem",  (0, -1, 10), Errno.EINVAL),
    ("mem",  (0x40, 0, 10), Errno.EOPNOTSUPP),
    ("ro mem", (0, 0, 10), Errno.EBADF),     ("file", (0, 0, 10), Errno.EOPNOTSUPP),
    ("pipe", (0, 0, 10),  Errno.ESPIPE),     ("read end", (0, 0, 10), Errno.EBADF),
    ("memfd", (2, 0, P),  Errno.EOPNOTSUPP), ("memfd", (0x10, 0, P), Errno.EOPNOTSUPP),
    ("memfd", (0, 0, 10), None),
    ("memfd", (0, (1 << 63) - 1, 10), Errno.EFBIG),
])
@runs
async def test_pages_cannot_be_made_for_every_file(kind, args, errno):
    user = await boot()
    reader, writer = await user.pipe()
    fd = {"mem": lambda: user.open("/proc/self/mem"), "memfd": user.memfd_create,
          "ro mem": lambda: user.open("/proc/self/mem", O_RDONLY),
          "file": lambda: user.open("/file", O_RDWR | O_CREAT),
          "pipe": lambda: user.syscall(32, writer),
          "read end": lambda: user.syscall(32, reader)}[kind]
    if errno is None:
        assert await user.syscall(NR_fallocate, await fd(), *args) == 0
    else:
        with raises_errno(errno):
            await user.syscall(NR_fallocate, await fd(), *args)


# Holes

@EACH_ERA
@runs
async def test_a_hole_is_punched_into_the_file_and_not_into_private_copies(era):
    user, fd, shared, private = await prepared(2, era=era)
    await user.store_bytes(private, b"own")
    await user.load(private + P)
    await user.store(shared + P, 7)
    await user.syscall(NR_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * P)
    assert await user.load_bytes(shared, 8) == bytes(8)
    assert await user.load_bytes(private, 8) == b"owndefgh"
    assert await user.load(private + P) == await user.load(shared + P) == 0
    assert await user.lseek(fd, 0, SEEK_END) == 2 * P


@runs
async def test_a_hole_of_a_few_bytes_is_zeros():
    user, fd, shared, _ = await prepared(1)
    await user.syscall(NR_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3, 4)
    assert await user.load_bytes(shared, 9) == b"abc" + bytes(4) + b"ha"


@runs
async def test_pages_are_made_and_the_file_grows():
    user, fd, *_ = await prepared(2)
    await user.syscall(NR_fallocate, fd, 0, P, 4 * P)
    assert await user.lseek(fd, 0, SEEK_END) == 5 * P
    before = free_pages(user)
    await user.syscall(NR_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 6 * P)
    assert free_pages(user) == before - 1    # all but the last were there
    assert await user.lseek(fd, 0, SEEK_END) == 5 * P
    with raises_errno(Errno.ENOMEM):
        await user.syscall(NR_fallocate, fd, 0, 0, 1 << 30)
    assert free_pages(user) == before - 1


async def made(user):
    """Make the four pages of a file in memory; return its descriptor."""
    fd = await user.memfd_create("made")
    await user.syscall(NR_fallocate, fd, 0, 0, 4 * P)
    return fd


async def data_at(user, fd):
    """Tell which of four pages hold something."""
    return [await user.lseek(fd, number * P, SEEK_HOLE) != number * P for number in range(4)]


@runs
async def test_a_page_that_was_made_is_a_hole_until_it_is_written_or_mapped():
    user = await boot(fault_around_bytes=0x10000)
    fd   = await made(user)
    assert await data_at(user, fd) == [False] * 4
    assert await user.read_bytes(fd, 9, 0) == bytes(9)
    assert await data_at(user, fd) == [False] * 4
    at = await user.mmap(4 * P, RW, MAP_SHARED, fd)
    assert await user.load(at + P) == 0         # maps no others, though they are there
    assert await data_at(user, fd) == [False, True, False, False]
    await user.write_bytes(fd, b"x", 2 * P)
    assert await data_at(user, fd) == [False, True, True, False]
    assert await user.lseek(fd, 3 * P, SEEK_HOLE) == 3 * P


@runs
async def test_a_pipe_gets_zeros_for_a_page_that_was_only_made():
    user = await boot()
    fd   = await made(user)
    reader, writer = await user.pipe()
    await user.syscall(NR_splice, fd, 0, writer, 0, P + 1, 0)
    await user.write_bytes(fd, b"later", 0)
    assert await user.read_bytes(reader, P + 1) == bytes(P + 1)


@runs
async def test_data_and_holes_are_found_and_reading_makes_no_data():
    user, fd, shared, _ = await prepared(4)
    await user.store(shared + 3 * P, 1)
    await user.ftruncate(fd, 3 * P + 8)
    await user.read_bytes(fd, 3 * P, 0)
    places = (0, 8, P, 3 * P + 4)
    assert [await user.lseek(fd, at, SEEK_DATA) for at in places] == [0, 8, 3 * P, 3 * P + 4]
    assert [await user.lseek(fd, at, SEEK_HOLE) for at in places] == [P, P, P, 3 * P + 8]
    for at in (3 * P + 8, -1):
        with raises_errno(Errno.ENXIO):
            await user.lseek(fd, at, SEEK_DATA)


# With another processor

def turns(smp: Smp, begun: list[bool]) -> Iterator[int]:
    """Processor 0 until it has found the page, once it has ``begun``; then 1 for a long time."""
    stack = per_cpu_ptr(ret_stack, smp.cpus[0])
    while not (begun and "finish_fault" in stack):
        yield 0
    yield from [1] * 3000


def test_a_page_does_not_go_between_a_faults_look_at_it_and_its_entry():
    smp   = Smp(2, ram_bytes=2 << 20)
    begun = []

    async def main(cpu):
        user, thread = await two_threads(cpu)
        fd = await user.memfd_create()
        await user.ftruncate(fd, 2 * P)
        at = await user.mmap(2 * P, RW, MAP_SHARED, fd)
        await user.write_bytes(fd, b"\7", P)    # in the cache, and not mapped yet
        await user.handle()
        done = await beside(thread, lambda: thread.ftruncate(fd, P))
        begun.append(True)
        seen = await user.load(at + P, 1)
        await wait_for_completion(cpu, done)
        assert await bus_error(user.load(at + P, 1)) == 4
        assert not user.task.files.fdt[fd].f_inode.i_mapping.i_pages.keys() - {0}
        return seen

    assert smp.run(main, turns(smp, begun)) == 7
