"""Mappings of files are split and merged with their files; private pages stay known to fork()."""

import pytest

from sw.include.linux.fs import O_CREAT, O_RDWR
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE,
)

from .user_support import boot, file_of, runs


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
FILE = MAP_SHARED | MAP_FIXED
AT   = 0x1000_0000

#: Contents of a file, two pages.
COUNTING = bytes(index % 251 for index in range(8192))


def vmas(user):
    """Mappings of a process: first page from ``AT`` on, end, and first page of the file."""
    return [((vma.vm_start - AT) >> 12, (vma.vm_end - AT) >> 12, vma.vm_pgoff)
            for vma in user.task.mm.mmap]


@runs
async def test_each_part_of_a_split_mapping_keeps_the_file():
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    filp = user.task.files.fdt[fd]
    await user.mmap(3 * 4096, RW, FILE, fd, addr=AT)
    await user.mprotect(AT + 4096, 4096, PROT_READ)
    assert vmas(user) == [(0, 1, 0), (1, 2, 1), (2, 3, 2)]
    assert filp.f_count == 1 + 3
    await user.munmap(AT, 4096)
    assert filp.f_count == 1 + 2
    assert await user.load(AT + 4096, 1) == 4096 % 251
    await user.mprotect(AT + 4096, 4096, RW)
    assert vmas(user) == [(1, 3, 1)]
    assert filp.f_count == 1 + 1
    await user.munmap(AT, 3 * 4096)
    assert filp.f_count == 1


@pytest.mark.parametrize("at, offset, merged", [
    (AT + 4096, 4096, True),
    (AT + 4096, 0,    False),   # another page of the file
    (AT + 4096, 8192, False),
    (AT + 8192, 4096, False),   # the next page, but not at the next address
])
@runs
async def test_mappings_of_a_file_are_merged_if_their_pages_follow_each_other(at, offset, merged):
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    await user.mmap(4096, RW, FILE, fd, addr=AT)
    await user.mmap(4096, RW, FILE, fd, offset, addr=at)
    assert len(vmas(user)) == (1 if merged else 2)


@runs
async def test_mappings_of_two_files_are_never_merged():
    user  = await boot()
    first = await file_of(user, COUNTING, O_RDWR)
    other = await user.open("/other", O_CREAT | O_RDWR, 0o644)
    await user.mmap(4096, RW, FILE, first, addr=AT)
    await user.mmap(4096, RW, FILE, other, 4096, addr=AT + 4096)
    assert vmas(user) == [(0, 1, 0), (1, 2, 1)]


@pytest.mark.parametrize("written", [0, 1])
@runs
async def test_a_child_finds_private_pages_of_either_part_of_a_merged_mapping(written):
    user = await boot()
    page = AT + 4096 * written
    await user.mmap(4096, RW, ANON, addr=page)
    await user.store(page, 0x1122)
    await user.mmap(4096, RW, ANON, addr=AT + 4096 * (1 - written))
    assert vmas(user) == [(0, 2, AT >> 12)]
    child = await user.fork()
    assert await child.load(page) == 0x1122
