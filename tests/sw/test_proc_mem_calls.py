"""/proc/<pid>/mem: the calls, their errors in order, positions, chunks and short counts."""

from dataclasses import replace

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_32
from sw.arch.x86.lib import usercopy
from sw.errno import Errno
from sw.include.asm_generic import cacheflush
from sw.include.linux.fs import (
    O_APPEND, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_CUR, SEEK_END, SEEK_SET,
)
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.processor.strings import rep_movs
from sw.user import User

from .user_support import EACH_ERA, EACH_PAGING, boot, raises_errno, runs


RW     = PROT_READ | PROT_WRITE
AT     = 0x1000_0000  # the target: two pages, then a hole
BUF    = 0x2000_0000  # the caller's buffer: three pages, then a hole
KERNEL = 0xFFFF_8880_0000_0000
MASK   = (1 << 64) - 1


async def prepared(mode: int = O_RDWR, *, prot: int = PROT_READ, **options) -> tuple[User, int]:
    """Make a process with a target of protection ``prot``, a full buffer and an open mem file."""
    user  = await boot(**options)
    fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    await user.mmap(2 * 4096, prot, fixed, addr=AT)
    await user.mmap(3 * 4096, RW, fixed, addr=BUF)
    await user.store_bytes(BUF, pattern(3 * 4096))
    return user, await user.open("/proc/self/mem", mode)


def pattern(count: int) -> bytes:
    """Return the bytes of the buffer."""
    return bytes(index % 251 + 1 for index in range(count))


# What works

@EACH_PAGING
@EACH_ERA
@pytest.mark.parametrize("prot", [PROT_NONE, PROT_READ, RW])
@runs
async def test_write_and_read_ignore_the_protection_of_private_memory(prot, era, paging):
    user, fd = await prepared(prot=prot, era=era, paging=paging)
    assert await user.pwrite(fd, BUF, 100, AT + 4090) == 100
    assert await user.pread(fd, BUF + 8192, 102, AT + 4089) == 102
    assert await user.load_bytes(BUF + 8192, 102) == b"\0" + pattern(100) + b"\0"
    await user.mprotect(AT, 2 * 4096, PROT_READ)
    assert await user.load_bytes(AT + 4090, 100) == pattern(100)


@EACH_ERA
@pytest.mark.parametrize("size", [1, 7, 8, 4095, 4096, 4097, 8192])
@runs
async def test_whole_requests_of_any_size(size, era):
    user, fd = await prepared(era=era)
    assert await user.pwrite(fd, BUF, size, AT) == size
    assert await user.load_bytes(AT, 8192) == pattern(size) + bytes(8192 - size)


# Errors, in order

@pytest.mark.parametrize("fd, count, offset, errno", [
    # an offset that is negative as a number is refused before anything else
    (99,  -1, KERNEL,      Errno.EINVAL),
    (0,   8,  KERNEL,      Errno.EINVAL),
    (0,   0,  MASK,        Errno.EINVAL),
    (99,  -1, 0,           Errno.EBADF),
    (0,   -1, AT,          Errno.EFAULT),   # the buffer would leave user space
    (0,   1 << 62, AT,     Errno.EFAULT),
    (0,   1,  0x100_0000,  Errno.EIO),
    (0,   1,  1 << 62,     Errno.EIO),
    (0,   8,  (1 << 63) - 4, Errno.EIO),    # the end is negative: addresses may be
])
@pytest.mark.parametrize("call", ["pread", "pwrite"])
@runs
async def test_errors_of_positioned_calls(call, fd, count, offset, errno):
    user, mem = await prepared()
    with raises_errno(errno):
        await getattr(user, call)(fd or mem, BUF, count & MASK, offset)


@pytest.mark.parametrize("call, mode", [("pread", O_WRONLY), ("pwrite", O_RDONLY)])
@runs
async def test_a_descriptor_that_is_not_open_for_that_comes_before_the_buffer(call, mode):
    user, fd = await prepared(mode)
    with raises_errno(Errno.EBADF):
        await getattr(user, call)(fd, 0, MASK, AT)


@pytest.mark.parametrize("position, count, errno", [
    (-8,     8,      Errno.EOVERFLOW),
    (-8,     9,      Errno.EOVERFLOW),
    (-8,     7,      Errno.EIO),
    (KERNEL, 8,      Errno.EIO),
    (-8,     0,      None),
    (KERNEL, 0,      None),
    (0,      0,      None),
])
@pytest.mark.parametrize("call", ["read", "write"])
@runs
async def test_errors_at_positions_set_by_lseek(call, position, count, errno):
    user, fd = await prepared()
    assert await user.lseek(fd, position) == position & MASK
    if errno is None:
        assert await getattr(user, call)(fd, BUF, count) == 0
    else:
        with raises_errno(errno):
            await getattr(user, call)(fd, BUF, count)
    assert await user.lseek(fd, 0, SEEK_CUR) == position & MASK


@pytest.mark.parametrize("offset", [0, AT, 0x7FFF_FFFF_F000, (1 << 63) - 1])
@pytest.mark.parametrize("call", ["pread", "pwrite"])
@runs
async def test_no_bytes_at_any_address_is_success(call, offset):
    user, fd = await prepared()
    assert await getattr(user, call)(fd, BUF, 0, offset) == 0


# The address of the buffer

@pytest.mark.parametrize("call", ["pread", "pwrite"])
@pytest.mark.parametrize("buffer", [0x3000_0000, BUF + 3 * 4096 - 4])
@runs
async def test_a_bad_buffer_is_efault_and_changes_nothing(call, buffer):
    user, fd = await prepared()
    with raises_errno(Errno.EFAULT):
        await getattr(user, call)(fd, buffer, 8, AT)
    assert await user.load(AT) == 0


@runs
async def test_a_read_into_read_only_memory_is_efault_though_a_write_to_it_works():
    user, fd = await prepared()
    with raises_errno(Errno.EFAULT):
        await user.pread(fd, AT, 8, BUF)
    assert await user.pwrite(fd, BUF, 8, AT) == 8


@runs
async def test_efault_in_a_later_chunk_discards_the_count_but_not_the_bytes():
    user, fd = await prepared()
    with raises_errno(Errno.EFAULT):
        await user.pwrite(fd, BUF + 2 * 4096, 4096 + 8, AT)
    assert await user.load_bytes(AT, 4096) == pattern(3 * 4096)[2 * 4096:]
    assert await user.load(AT + 4096) == 0


@runs
async def test_efault_within_the_first_chunk_writes_nothing_of_it():
    user, fd = await prepared()
    with raises_errno(Errno.EFAULT):
        await user.pwrite(fd, BUF + 3 * 4096 - 100, 4096, AT)
    assert await user.load_bytes(AT, 100) == bytes(100)


@runs
async def test_efault_of_a_read_discards_the_count_too():
    user, fd = await prepared(prot=RW)
    await user.store(AT, 0x77)
    with raises_errno(Errno.EFAULT):
        await user.pread(fd, BUF + 2 * 4096, 4096 + 8, AT)
    assert await user.load(BUF + 2 * 4096) == 0x77


# Short counts and chunks

@pytest.mark.parametrize("offset, count, done", [
    (8188,        8,    4),
    (8192,        8,    None),
    (4096 - 2,    8192, 4098),
    (0,           8193, 8192),
])
@pytest.mark.parametrize("call", ["pread", "pwrite"])
@EACH_ERA
@runs
async def test_a_hole_makes_the_count_short(call, offset, count, done, era):
    user, fd = await prepared(era=era)
    if done is None:
        with raises_errno(Errno.EIO):
            await getattr(user, call)(fd, BUF, count, AT + offset)
        return
    assert await getattr(user, call)(fd, BUF, count, AT + offset) == done
    if call == "pwrite":
        assert await user.load_bytes(AT + offset, done) == pattern(done)


@runs
async def test_chunks_are_counted_from_the_start_of_the_request(monkeypatch):
    user, fd = await prepared()
    copies   = []

    async def counted(cpu, to, from_, count):
        copies.append(count)
        await rep_movs(cpu, to, from_, count)

    for module in (usercopy, cacheflush):
        monkeypatch.setattr(module, "rep_movs", counted)
    assert await user.pwrite(fd, BUF, 6000, AT + 96) == 6000
    # from the caller, to the first page, to the second; and the rest of the request
    assert copies == [4096, 4000, 96, 1904, 1904]


# Position

@runs
async def test_only_success_moves_the_position():
    user, fd = await prepared()
    await user.lseek(fd, AT + 8184)
    assert await user.write(fd, BUF, 100) == 8
    assert await user.lseek(fd, 0, SEEK_CUR) == AT + 8192
    with raises_errno(Errno.EIO):
        await user.write(fd, BUF, 1)
    assert await user.lseek(fd, -8, SEEK_CUR) == AT + 8184
    with raises_errno(Errno.EFAULT):
        await user.read(fd, 0x3000_0000, 8)
    assert await user.lseek(fd, 0, SEEK_CUR) == AT + 8184
    assert await user.read(fd, BUF, 8) == 8
    assert await user.lseek(fd, 0, SEEK_CUR) == AT + 8192


@runs
async def test_a_failed_chunk_does_not_move_the_position_past_what_was_written():
    user, fd = await prepared()
    await user.lseek(fd, AT)
    with raises_errno(Errno.EFAULT):
        await user.write(fd, BUF + 2 * 4096, 8192)
    assert await user.lseek(fd, 0, SEEK_CUR) == AT


@runs
async def test_positioned_calls_leave_the_position():
    user, fd = await prepared()
    await user.lseek(fd, 5)
    await user.pwrite(fd, BUF, 8, AT)
    await user.pread(fd, BUF, 8, AT)
    assert await user.lseek(fd, 0, SEEK_CUR) == 5


@pytest.mark.parametrize("offset", [0, 1, -1, KERNEL, (1 << 63) - 1, 1 << 63])
@runs
async def test_lseek_goes_anywhere(offset):
    user, fd = await prepared()
    assert await user.lseek(fd, offset) == offset & MASK
    assert await user.lseek(fd, 1, SEEK_CUR) == offset + 1 & MASK


@pytest.mark.parametrize("whence", [SEEK_END, 3, 4, 5, -1])
@runs
async def test_lseek_from_elsewhere_is_refused(whence):
    user, fd = await prepared()
    with raises_errno(Errno.EINVAL):
        await user.lseek(fd, 0, whence)
    with raises_errno(Errno.EBADF):
        await user.lseek(fd + 1, 0, SEEK_SET)


@pytest.mark.parametrize("flag", [O_TRUNC, O_APPEND])
@runs
async def test_flags_without_effect(flag):
    user, fd = await prepared(O_RDWR | flag)
    await user.lseek(fd, AT)
    assert await user.write(fd, BUF, 8) == 8
    assert await user.load_bytes(AT, 8) == pattern(8)


# Sizes of numbers

@runs
async def test_offsets_of_a_32_bit_kernel_are_cut_to_its_addresses():
    user, fd = await prepared(paging=PAGING_32)
    assert await user.pwrite(fd, BUF, 8, (1 << 32) + AT) == 8
    assert await user.load_bytes(AT, 8) == pattern(8)


@pytest.mark.parametrize("count, passed", [
    (0x7FFF_F000,     0x7FFF_F000),
    (0x7FFF_F001,     0x7FFF_F000),
    (0x1_0000_0000,   0x7FFF_F000),
])
@pytest.mark.parametrize("call", ["read", "write"])
@runs
async def test_huge_counts_are_shortened(call, count, passed):
    user, fd = await prepared()
    asked    = []

    async def operation(cpu, filp, buf, count, pos):
        asked.append(count)
        return 0, pos

    filp = user.task.files.fdt[fd]
    filp.f_op = replace(filp.f_op, **{call: operation})
    await getattr(user, call)(fd, BUF, count)
    assert asked == [passed]
