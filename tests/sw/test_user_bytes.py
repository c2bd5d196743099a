"""Bytes that a program writes and reads without a buffer of its own."""

from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_RDWR, SEEK_SET

from .user_support import EACH_PAGING, boot, filled, raises_errno, runs


def mappings(user):
    """The ranges that a process has mapped."""
    return [(vma.vm_start, vma.vm_end) for vma in user.task.mm.mmap]


@EACH_PAGING
@runs
async def test_bytes_that_were_written_can_be_read(paging):
    user = await boot(paging)
    fd   = await user.creat("/file")
    data = bytes(range(256)) * 20
    assert await user.write_bytes(fd, data[:100]) == 100
    assert await user.write_bytes(fd, data[100:]) == len(data) - 100
    fd = await user.open("/file")
    assert await user.read_bytes(fd, 10) == data[:10]
    assert await user.read_bytes(fd, 9_000) == data[10:]
    assert await user.read_bytes(fd, 10) == b""


@runs
async def test_an_offset_is_where_they_go_and_leaves_the_position_alone():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    assert await user.write_bytes(fd, b"abcdefgh") == 8
    assert await user.write_bytes(fd, b"XY", 2) == 2
    assert await user.read_bytes(fd, 8) == b""
    assert await user.read_bytes(fd, 4, 1) == b"bXYe"
    assert await user.lseek(fd, 0, SEEK_SET) == 0
    assert await user.read_bytes(fd, 8) == b"abXYefgh"


@runs
async def test_no_bytes_need_no_memory():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    assert await user.write_bytes(fd, b"") == 0
    assert await user.read_bytes(fd, 0) == b""


@runs
async def test_a_refusal_is_that_of_the_system_call():
    user = await boot()
    with raises_errno(Errno.EBADF):
        await user.write_bytes(77, b"abc")
    with raises_errno(Errno.EBADF):
        await user.read_bytes(77, 3)


@runs
async def test_memory_is_mapped_once_and_again_only_for_more():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    await user.write_bytes(fd, bytes(5000))
    before = mappings(user)
    for count in (1, 4096, 5000):
        await user.write_bytes(fd, bytes(count))
        await user.read_bytes(fd, count, 0)
    assert mappings(user) == before
    await user.read_bytes(fd, 9000, 0)
    assert mappings(user) != before


@runs
async def test_a_child_has_memory_of_its_own():
    user  = await boot()
    page  = await filled(user)
    fd    = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    await user.write_bytes(fd, b"parent")
    child = await user.fork()
    await child.write_bytes(fd, b"child!", 0)
    assert await user.read_bytes(fd, 6, 0) == b"child!"
    assert await user.load(page) == 0xABCD
