"""Writes to a file that stop half-way: they change the bytes that they report, and no others."""

import random

import pytest

from sw.era import ERAS
from sw.errno import Errno, KernelError
from sw.fs.fcntl import F_ADD_SEALS
from sw.include.linux.fs import O_CREAT, O_RDWR, SEEK_END
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE,
)
from sw.include.linux.shmem_fs import F_SEAL_WRITE, MFD_ALLOW_SEALING
from sw.include.linux.signal_types import SI_USER, SIGKILL, kernel_siginfo
from sw.include.linux.uio import iov_iter
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.smp import call_single_queue
from sw.kernel.trace.ftrace import ret_stack
from sw.mm.page_alloc import GFP_KERNEL, alloc_page, put_page
from sw.user import User
from sw.variables import per_cpu_ptr

from .smp_support import Smp, beside, seeded, two_threads
from .user_support import EACH_ERA, EACH_PAGING, boot, file_of, raises_errno, runs, runs_holding


BODY = bytes(range(1, 0x41))

KERNEL = 0xFFFF_8880_0000_0000


async def prepared(readable: int, **options) -> tuple[User, int, int]:
    """Make a process, its file of BODY, and the end of a page of which ``readable`` bytes are set.

    What follows that page is not mapped.
    """
    user = await boot(**options)
    fd   = await file_of(user, BODY, O_RDWR)
    end  = await user.mmap(2 * 4096) + 4096
    await user.munmap(end, 4096)
    await user.store_bytes(end - readable, bytes(range(0xA0, 0xA0 + readable)))
    return user, fd, end


async def body(user: User, fd: int) -> bytes:
    """Read the whole file."""
    buf  = await user.mmap(2 * 4096)
    size = await user.pread(fd, buf, 2 * 4096, 0)
    return await user.load_bytes(buf, size)


def pages(user: User, fd: int) -> dict:
    """Return the pages of a file."""
    return user.task.files.fdt[fd].f_inode.i_mapping.i_pages


@EACH_PAGING
@EACH_ERA
@runs
async def test_a_short_write_leaves_the_bytes_behind_it(era, paging):
    user, fd, end = await prepared(4, era=era, paging=paging)
    assert await user.pwrite(fd, end - 4, 8, 10) == 4
    assert await body(user, fd) == BODY[:10] + bytes((0xA0, 0xA1, 0xA2, 0xA3)) + BODY[14:]


@pytest.mark.parametrize("buffer", ["unmapped", "kernel", "end of user memory"])
@EACH_ERA
@runs
async def test_a_write_from_a_bad_pointer_changes_nothing(era, buffer):
    user, fd, end = await prepared(0, era=era)
    at     = {"unmapped": end, "kernel": KERNEL, "end of user memory": 0x7FFF_FFFF_F000 - 4}[buffer]
    before = {**pages(user, fd)}
    for page in before.values():
        page.dirty = False
    for offset in (0, 10, 60, 64, 4090, 3 * 4096):
        with raises_errno(Errno.EFAULT):
            await user.pwrite(fd, at, 8, offset)
    assert await body(user, fd) == BODY
    assert pages(user, fd) == before   # it does not even make pages
    assert not any(page.dirty for page in before.values())


@pytest.mark.parametrize("seed", range(8))
@runs
async def test_a_file_has_the_bytes_that_were_reported_and_else_what_it_had(seed):
    dice     = random.Random(seed)
    user     = await boot()
    fd       = await user.open("/file", O_CREAT | O_RDWR)
    buf      = await user.mmap(4 * 4096) + 4096
    await user.munmap(buf - 4096, 4096)
    await user.munmap(buf + 2 * 4096, 4096)
    source   = dice.randbytes(2 * 4096)
    await user.store_bytes(buf, source)
    expected = bytearray()
    for _ in range(12):
        start  = dice.choice((dice.randrange(8192), 8192 - dice.randrange(9), 8192, -1))
        count  = dice.choice((dice.randrange(1, 10), dice.randrange(1, 9000)))
        offset = dice.choice((dice.randrange(64), 4096 - dice.randrange(9), dice.randrange(8192)))
        there  = source[start:start + count] if start >= 0 else b""
        if there:
            assert await user.pwrite(fd, buf + start, count, offset) == len(there)
            expected.extend(bytes(max(0, offset + len(there) - len(expected))))
            expected[offset:offset + len(there)] = there
        else:
            with raises_errno(Errno.EFAULT):
                await user.pwrite(fd, buf + start, count, offset)
    mapped = await user.mmap(5 * 4096, PROT_READ, MAP_SHARED, fd)
    assert await user.load_bytes(mapped, len(expected)) == bytes(expected)


@runs
async def test_who_maps_the_file_never_sees_a_zero_that_was_not_written():
    user, fd, end = await prepared(4)
    mapped = await user.mmap(2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd)  # not in the hole
    assert await user.load_bytes(mapped, 64) == BODY
    await user.pwrite(fd, end - 4, 64, 0)
    assert await user.load_bytes(mapped, 64) == bytes((0xA0, 0xA1, 0xA2, 0xA3)) + BODY[4:]


@runs_holding
async def test_without_memory_for_the_next_page_the_file_keeps_what_was_written():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR)
    buf  = await user.mmap(3 * 4096)
    await user.store_bytes(buf, b"\x5a" * 3 * 4096)
    taken = []
    with pytest.raises(KernelError):
        while True:
            taken.append(await alloc_page(user.cpu, GFP_KERNEL))
    put_page(user.cpu, taken.pop())    # one page for the file
    assert await user.write(fd, buf, 3 * 4096) == 4096
    assert user.task.files.fdt[fd].f_inode.i_size == 4096
    with raises_errno(Errno.ENOMEM):
        await user.write(fd, buf, 4096)
    assert user.task.files.fdt[fd].f_pos == 4096


@runs_holding
async def test_without_memory_for_the_next_page_a_read_is_short():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR)
    buf  = await user.mmap(2 * 4096)
    await user.store_bytes(buf, b"\x5a" * 2 * 4096)
    await user.pwrite(fd, buf, 4096, 0)
    await user.pwrite(fd, buf, 1, 2 * 4096)    # page 1 is a hole
    taken = []
    with pytest.raises(KernelError):
        while True:
            taken.append(await alloc_page(user.cpu, GFP_KERNEL))
    assert await user.pread(fd, buf, 2 * 4096, 0) == 4096
    with raises_errno(Errno.ENOMEM):
        await user.pread(fd, buf, 4096, 4096)


@runs
async def test_a_dying_task_writes_nothing_more():
    user, fd, end = await prepared(8)
    filp = user.task.files.fdt[fd]
    user.task.pending.append(kernel_siginfo(SIGKILL, SI_USER))
    with raises_errno(Errno.EINTR):
        await filp.f_op.write_iter(user.cpu, filp, iov_iter([(end - 8, 8)]), 0)
    user.task.pending.clear()
    assert await body(user, fd) == BODY


@pytest.mark.parametrize("seed", range(20))
def test_another_thread_may_unmap_the_buffer_at_any_moment(seed):
    smp = Smp(2, ram_bytes=2 << 20)

    async def main(cpu):
        user, thread = await two_threads(cpu)
        fd   = await file_of(user, BODY, O_RDWR)
        buf  = await user.mmap(4096)
        await user.store_bytes(buf, b"\xa5" * 64)
        done = await beside(thread, lambda: thread.munmap(buf, 4096))
        try:
            count = await user.pwrite(fd, buf, 32, 16)
        except KernelError as error:
            assert error.errno is Errno.EFAULT
            count = 0
        await wait_for_completion(cpu, done)
        assert await body(user, fd) == BODY[:16] + b"\xa5" * count + BODY[16 + count:]
        return count

    assert smp.run(main, seeded(seed)) in range(33)


def turns(smp, begun):
    """Processor 0 until it copies, once it has ``begun``; then 1, but for the flush by 0."""
    stack = per_cpu_ptr(ret_stack, smp.cpus[0])
    queue = per_cpu_ptr(call_single_queue, smp.cpus[0])
    while not (begun and "copy_page_from_iter_atomic" in stack):
        yield 0
    yield from [1] * 2000
    while queue or "sysvec_call_function" in stack:
        yield 0
    yield from [1] * 2000


@pytest.mark.parametrize("back", [False, True])
def test_the_copy_itself_takes_no_fault_and_the_write_looks_again(back):
    smp   = Smp(2, ram_bytes=2 << 20)
    begun = []

    async def main(cpu):
        user, thread = await two_threads(cpu)
        fd  = await file_of(user, BODY, O_RDWR)
        buf = await user.mmap(4096)
        await user.store_bytes(buf, b"\xa5" * 64)

        async def unmap():
            await thread.munmap(buf, 4096)
            if back:
                await thread.mmap(4096, flags=MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=buf)

        done = await beside(thread, unmap)
        smp.forget()
        begun.append(True)
        try:
            return await user.pwrite(fd, buf, 32, 16), await body(user, fd)
        except KernelError as error:
            return error.errno, await body(user, fd)
        finally:
            await wait_for_completion(cpu, done)

    ended = smp.run(main, turns(smp, begun))
    assert ended == ((32, BODY[:16] + bytes(32) + BODY[48:]) if back else (Errno.EFAULT, BODY))
    refused = [stack for stack in smp.buses[0].marks
               if {"copy_page_from_iter_atomic", "exc_page_fault"} <= set(stack)]
    assert refused and not any("handle_mm_fault" in stack for stack in refused)


@runs
async def test_a_buffer_behind_the_end_of_a_mapped_file_is_a_bad_pointer():
    user, fd, _ = await prepared(0)
    at = await user.mmap(2 * 4096, PROT_READ, MAP_SHARED, fd)
    with raises_errno(Errno.EFAULT):
        await user.pwrite(fd, at + 4096, 8, 0)
    with raises_errno(Errno.EFAULT):
        await user.pread(fd, at + 4096, 8, 0)
    assert await body(user, fd) == BODY


@runs
async def test_a_page_that_was_written_is_dirty():
    user, fd, end = await prepared(8)
    page, = pages(user, fd).values()
    page.dirty = False
    await user.pwrite(fd, end - 8, 8, 0)
    assert page.dirty


@pytest.mark.parametrize("era, size", [("6.x", len(BODY)), ("6.18", 3 * 4096)])
@runs
async def test_a_write_that_begins_before_it_knows_its_buffer_makes_the_file_grow(era, size):
    user, fd, end = await prepared(0, era=ERAS[era])
    with raises_errno(Errno.EFAULT):
        await user.pwrite(fd, end, 8, 3 * 4096)
    assert await user.lseek(fd, 0, SEEK_END) == size
    assert (await body(user, fd))[:len(BODY)] == BODY


@pytest.mark.parametrize("era", ["6.x", "6.18"])
@runs
async def test_a_buffer_that_is_not_present_yet_is_no_bad_one(era):
    user, fd, _ = await prepared(0, era=ERAS[era])
    buf    = await user.mmap(2 * 4096)
    before = user.task.min_flt
    assert await user.pwrite(fd, buf + 4000, 200, 0) == 200
    assert user.task.min_flt == before + 2
    assert (await body(user, fd)) == bytes(200)


@runs
async def test_a_seal_comes_before_a_bad_buffer_in_a_write_that_looks_at_it_late():
    for era, errno in (("6.x", Errno.EFAULT), ("6.18", Errno.EPERM)):
        user, _, end = await prepared(0, era=ERAS[era])
        fd = await user.memfd_create("x", MFD_ALLOW_SEALING)
        await user.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
        with raises_errno(errno):
            await user.write(fd, end, 8)
