"""Pages in pipes: of programs, of files, of other pipes; and files that refuse it."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_sendfile, NR_splice, NR_tee
from sw.arch.x86.include.asm.page import __pa
from sw.era import ERA_5_X, ERA_6_X, ERAS
from sw.errno import Errno
from sw.include.linux.fs import O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY
from sw.include.linux.mman import PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import SIG_IGN, SIGPIPE
from sw.include.linux.splice import SPLICE_F_GIFT, SPLICE_F_NONBLOCK
from sw.mm.gup import fast, pages
from sw.mm.pgtable_generic import pte_offset_map
from sw.user import User

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, file_of, filled, frame, free_pages, raises_errno, runs,
)


P = 4096


async def prepared(**options) -> tuple[User, int, int, int]:
    """Make a process, a page that begins with "hello---", and a pipe."""
    user = await boot(**options)
    page = await user.mmap(P)
    await user.store_bytes(page, b"hello---")
    return user, page, *await user.pipe(O_NONBLOCK)


# A program's pages

@EACH_PAGING
@EACH_ERA
@runs
async def test_the_pipe_has_the_very_page_and_shows_what_is_written_to_it_later(era, paging):
    user, page, reader, writer = await prepared(era=era, paging=paging)
    assert await user.vmsplice(writer, (page, 8)) == 8
    await user.store_bytes(page, b"HELLO")
    assert await user.read_bytes(reader, 9) == b"HELLO---"


@runs
async def test_a_page_in_a_pipe_outlives_its_mapping():
    user, page, reader, writer = await prepared()
    folio = await frame(user, page)
    await user.vmsplice(writer, (page, 8))
    assert folio.refcount == 2
    await user.munmap(page, P)
    assert (folio.refcount, folio.mapcount) == (1, 0)
    assert await user.read_bytes(reader, 8) == b"hello---"
    assert folio.refcount == 0


@EACH_ERA
@runs
async def test_a_page_that_was_shared_by_fork_and_spliced_is_copied_for_the_writer(era):
    user, page, reader, writer = await prepared(era=era)
    child = await user.fork()
    await child.vmsplice(writer, (page, 8))
    await child.munmap(page, P)
    before = await frame(user, page)
    await user.store_bytes(page, b"secret")
    assert await frame(user, page) is not before
    assert await child.read_bytes(reader, 8) == b"hello---"


@runs
async def test_a_forced_write_to_an_exclusive_page_is_seen_in_the_pipe():
    user, page, reader, writer = await prepared(era=ERA_6_X)
    await user.mprotect(page, P, PROT_READ)
    await user.vmsplice(writer, (page, 8))
    await user.write_bytes(await user.open("/proc/self/mem"), b"forced", page)
    assert await user.read_bytes(reader, 8) == b"forced--"


@runs
async def test_a_forced_write_of_5_x_copies_a_page_that_a_pipe_has():
    user, page, reader, writer = await prepared(era=ERA_5_X)
    await user.mprotect(page, P, PROT_READ)
    await user.vmsplice(writer, (page, 8))
    await user.write_bytes(await user.open("/proc/self/mem"), b"forced", page)
    assert await user.read_bytes(reader, 8) == b"hello---"


@runs
async def test_buffers_go_into_the_pipe_page_by_page():
    user, page, reader, writer = await prepared()
    two = await user.mmap(2 * P)
    await user.store_bytes(two + 4090, b"abcdefghijkl")
    assert await user.vmsplice(writer, (two + 4090, 12), (page, 0), (page, 5)) == 17
    assert len(user.task.files.fdt[writer].f_inode.i_private.bufs) == 3
    assert await user.read_bytes(reader, 99) == b"abcdefghijklhello"


@runs
async def test_what_is_written_next_does_not_go_to_the_programs_page():
    user, page, reader, writer = await prepared()
    await user.vmsplice(writer, (page, 4))
    await user.write(writer, page + 4, 4)
    assert await user.load_bytes(page, 8) == b"hello---"
    assert await user.read_bytes(reader, 8) == b"hello---"


@pytest.mark.parametrize("prot, errno", [
    (PROT_NONE, Errno.EFAULT), (PROT_WRITE, Errno.EFAULT), (PROT_EXEC, Errno.EFAULT),
    (PROT_READ, None),
])
@runs
async def test_the_program_must_be_allowed_to_read_the_page(prot, errno):
    user, _, _, writer = await prepared()
    page = await user.mmap(P, prot)
    if errno is None:
        assert await user.vmsplice(writer, (page, 8)) == 8
    else:
        with raises_errno(errno):
            await user.vmsplice(writer, (page, 8))


@runs
async def test_a_bad_buffer_makes_the_count_short():
    user, page, reader, writer = await prepared()
    two = await user.mmap(2 * P)
    await user.mprotect(two + P, P, PROT_NONE)
    assert await user.vmsplice(writer, (two + P - 4, 8)) == 4
    assert await user.vmsplice(writer, (page, 4), (two + P, 8)) == 4
    for at in (two + P, 0xFFFF_FFFF_FFFF_F000):
        with raises_errno(Errno.EFAULT):
            await user.vmsplice(writer, (at, 8))
    assert await user.read_bytes(reader, 99) == bytes(4) + b"hell"


@runs
async def test_a_full_pipe_takes_no_more_pages():
    user, page, _, writer = await prepared()
    segments = [(page, P)] * 20
    assert await user.vmsplice(writer, *segments) == 16 * P
    with raises_errno(Errno.EAGAIN):
        await user.vmsplice(writer, (page, 1), flags=SPLICE_F_NONBLOCK)
    with raises_errno(Errno.ENOSYS):    # O_NONBLOCK does not count
        await user.vmsplice(writer, (page, 1))


@runs
async def test_a_pipe_can_be_read_into_buffers():
    user, page, reader, writer = await prepared()
    await user.write(writer, page, 8)
    assert await user.vmsplice(reader, (page + 100, 3), (page + 200, 10)) == 8
    assert await user.load_bytes(page + 100, 3) == b"hel"
    assert await user.load_bytes(page + 200, 5) == b"lo---"
    with raises_errno(Errno.EAGAIN):
        await user.vmsplice(reader, (page, 8), flags=SPLICE_F_NONBLOCK)
    await user.write(writer, page, 8)
    with raises_errno(Errno.EFAULT):
        await user.vmsplice(reader, (page + 100, 4), (0, 4))
    assert await user.read_bytes(reader, 8) == b"hello---"


@runs
async def test_what_vmsplice_refuses():
    user, page, reader, writer = await prepared()
    fd = await file_of(user, b"file")
    for errno, call in (
            (Errno.EINVAL, user.vmsplice(writer, (page, 8), flags=16)),
            (Errno.EBADF,  user.vmsplice(99, (page, 8))),
            (Errno.EBADF,  user.vmsplice(fd, (page, 8)))):
        with raises_errno(errno):
            await call
    assert await user.vmsplice(writer, flags=SPLICE_F_GIFT) == 0
    await user.close(reader)
    user.task.sighand.action[SIGPIPE] = SIG_IGN
    with raises_errno(Errno.EPIPE):
        await user.vmsplice(writer, (page, 8))


# Between pipes

@runs
async def test_tee_gives_a_second_pipe_the_same_pages():
    user, page, reader, writer = await prepared()
    other, end = await user.pipe(O_NONBLOCK)
    with raises_errno(Errno.EAGAIN):
        await user.syscall(NR_tee, reader, end, 8, 0)
    await user.write(writer, page, 8)
    assert await user.syscall(NR_tee, reader, end, 3, 0) == 3
    assert await user.read_bytes(other, 9) == b"hel"
    assert await user.read_bytes(reader, 9) == b"hello---"
    await user.close(writer)
    assert await user.syscall(NR_tee, reader, end, 3, 0) == 0


@runs
async def test_splice_moves_pages_to_a_second_pipe():
    user, page, reader, writer = await prepared()
    other, end = await user.pipe(O_NONBLOCK)
    before = free_pages(user)
    await user.vmsplice(writer, (page, 8))
    assert await user.syscall(NR_splice, reader, 0, end, 0, 5, 0) == 5
    assert await user.read_bytes(reader, 9) == b"---"
    assert await user.read_bytes(other, 9) == b"hello"
    assert free_pages(user) == before - 1    # which the last two calls read into
    with raises_errno(Errno.EAGAIN):
        await user.syscall(NR_splice, reader, 0, end, 0, 5, 0)


@pytest.mark.parametrize("number, args", [(NR_splice, (0, 0)), (NR_tee, ())])
@runs
async def test_a_pipe_is_not_moved_into_itself(number, args):
    user, page, reader, writer = await prepared()
    await user.write(writer, page, 8)
    between = [0] if args else []
    with raises_errno(Errno.EINVAL):
        await user.syscall(number, reader, *between, writer, *between, 8, 0)
    with raises_errno(Errno.EBADF):
        await user.syscall(number, writer, *between, reader, *between, 8, 0)
    with raises_errno(Errno.EINVAL):
        await user.syscall(number, reader, *between, writer, *between, 8, 16)
    assert await user.syscall(number, 98, *between, 99, *between, 0, 0) == 0


@pytest.mark.parametrize("count, pages", [(8, 1), (3, 2)])
@runs
async def test_only_a_page_that_moved_as_a_whole_takes_more_bytes(count, pages):
    user, page, reader, writer = await prepared()
    _, end = await user.pipe(O_NONBLOCK)
    await user.write(writer, page, 8)
    assert await user.syscall(NR_splice, reader, 0, end, 0, count, 0) == count
    await user.write(end, page, 8)
    assert len(user.task.files.fdt[end].f_inode.i_private.bufs) == pages


# From files

@runs
async def test_a_pipe_has_the_files_own_page():
    user, page, reader, writer = await prepared()
    fd = await file_of(user, b"contents of the file", O_RDWR)
    assert await user.syscall(NR_splice, fd, 0, writer, 0, 8, 0) == 8
    assert await user.lseek(fd, 0, 1) == 8
    await user.pwrite(fd, page, 4, 0)
    assert await user.read_bytes(reader, 9) == b"hellents"
    await user.store(page, 12)
    assert await user.syscall(NR_splice, fd, page, writer, 0, 99, 0) == 8
    assert await user.load(page) == 20
    assert await user.read_bytes(reader, 99) == b"the file"
    assert await user.syscall(NR_sendfile, writer, fd, 0, 8) == 8
    assert await user.read_bytes(reader, 9) == b" of the "


# The memory file

MEM, READ_ONLY, WRITE_ONLY, READER, WRITER, OFFSET = "mem ro wo r w at".split()


@pytest.mark.parametrize("errno, number, args", [
    (Errno.EINVAL, NR_splice, (MEM, 0, WRITER, 0, 8, 0)),
    (Errno.EINVAL, NR_splice, (MEM, OFFSET, WRITER, 0, 8, 0)),
    (Errno.EINVAL, NR_splice, (READER, 0, MEM, 0, 8, 0)),
    (Errno.EINVAL, NR_splice, (READER, 0, MEM, OFFSET, 8, 0)),
    (Errno.EBADF,  NR_splice, (WRITE_ONLY, 0, WRITER, 0, 8, 0)),
    (Errno.EBADF,  NR_splice, (READER, 0, READ_ONLY, 0, 8, 0)),
    (Errno.ESPIPE, NR_splice, (MEM, 0, WRITER, OFFSET, 8, 0)),
    (Errno.ESPIPE, NR_splice, (READER, OFFSET, MEM, 0, 8, 0)),
    (Errno.EFAULT, NR_splice, (WRITE_ONLY, 8, WRITER, 0, 8, 0)),
    (Errno.EINVAL, NR_splice, (MEM, 0, MEM, 0, 8, 0)),
    (Errno.EBADF,  NR_splice, (99, 8, WRITER, 0, 8, 0)),
    (Errno.EINVAL, NR_sendfile, (WRITER, MEM, 0, 8)),
    (Errno.EINVAL, NR_sendfile, (MEM, MEM, 0, 8)),
    (Errno.EOVERFLOW, NR_sendfile, (WRITER, MEM, OFFSET, 8)),
    (Errno.ESPIPE, NR_sendfile, (MEM, READER, OFFSET, 8)),
    (Errno.EBADF,  NR_sendfile, (MEM, WRITE_ONLY, 0, 8)),
    (Errno.EBADF,  NR_sendfile, (READ_ONLY, MEM, 0, 8)),
    (Errno.EFAULT, NR_sendfile, (99, 99, 8, 8)),
    (None, NR_sendfile, (MEM, MEM, 0, 0)),
    (None, NR_sendfile, (WRITER, MEM, 0, 0)),
])
@EACH_ERA
@runs
async def test_the_memory_file_takes_no_part_in_it(era, errno, number, args):
    user, page, reader, writer = await prepared(era=era)
    await user.store(page, page)
    await user.write(writer, page, 8)
    names = {MEM: await user.open("/proc/self/mem", O_RDWR),
             READ_ONLY: await user.open("/proc/self/mem", O_RDONLY),
             WRITE_ONLY: await user.open("/proc/self/mem", O_WRONLY),
             READER: reader, WRITER: writer, OFFSET: page}
    call = user.syscall(number, *(names.get(arg, arg) for arg in args))
    if errno is None:
        assert await call == 0
    else:
        with raises_errno(errno):
            await call
    assert await user.read(reader, page, 9) == 8    # what was in the pipe is still there


@EACH_ERA
@runs
async def test_reading_the_zero_page_into_a_pipe_takes_no_reference_away(era):
    user, _, reader, writer = await prepared(era=era)
    at = await user.mmap(P)
    assert await user.load(at) == 0
    await user.vmsplice(writer, (at, 8))
    await user.store(at, 7)
    assert await user.read_bytes(reader, 8) == bytes(8)
    assert await filled(user) != at


@pytest.mark.parametrize("era, own", [("5.7", False), ("5.8", True), ("5.19", False)])
@runs
async def test_a_page_that_a_fork_shares_is_taken_without_a_lock_but_in_5_8(era, own, monkeypatch):
    """There it is made the process's own first, and so with the lock of its memory."""
    user  = await boot(era=ERAS[era])
    page  = await user.mmap(P)
    await user.store(page, 1)
    child = await user.fork()
    _, writer = await child.pipe()
    locked = []
    monkeypatch.setattr(pages, "mmap_read_lock", _noted(pages.mmap_read_lock, locked))
    await child.vmsplice(writer, (page, 8))
    assert bool(locked) is own is (await frame(child, page) is not await frame(user, page))


def _noted(function, calls):
    async def noted(*args):
        calls.append(args)
        await function(*args)

    return noted


@runs
async def test_a_page_whose_entry_changes_meanwhile_is_not_taken(monkeypatch):
    """As by a fork, which then asks whether anybody holds it."""
    user = await boot()
    page = await user.mmap(P)
    await user.store(page, 1)
    _, writer = await user.pipe()
    locked, grab = [], fast.try_grab_folio

    def grab_late(cpu, folio, flags):
        grab(cpu, folio, flags)
        cpu.bus.mmu.memory.write(entry_at, 8, cpu.bus.mmu.memory.read(entry_at, 8) ^ 1 << 6)

    entry_at = __pa(user.cpu, await pte_offset_map(user.cpu, user.task.mm, page))
    monkeypatch.setattr(fast, "try_grab_folio", grab_late)
    monkeypatch.setattr(pages, "mmap_read_lock", _noted(pages.mmap_read_lock, locked))
    await user.vmsplice(writer, (page, 8))
    assert locked and (await frame(user, page)).refcount == 2
