"""mseal(): changes that a sealed mapping refuses. The results are those of a real Linux 6.18."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_mlock, NR_mseal
from sw.arch.x86.include.asm.pgtable_types import PAGING_PAE
from sw.errno import Errno
from sw.include.linux.fs import O_RDWR
from sw.include.linux.mman import (
    MADV_DOFORK, MADV_DONTFORK, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_KEEPONFORK,
    MADV_POPULATE_READ, MADV_RANDOM, MADV_WIPEONFORK, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE,
    MAP_SHARED, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.user import User

from .user_support import boot, entry, file_of, raises_errno, runs


PAGE  = 4096
RW    = PROT_READ | PROT_WRITE
ANON  = MAP_PRIVATE | MAP_ANONYMOUS


async def area(user: User) -> int:
    """Map four pages, each with its number in it; return their address."""
    at = await user.mmap(4 * PAGE)
    for page in range(4):
        await user.store(at + page * PAGE, page + 1)
    return at


async def seal(user: User, at: int, pages: int) -> None:
    """Seal whole pages."""
    await user.syscall(NR_mseal, at, pages * PAGE, 0)


async def present(user: User, at: int) -> str:
    """Return a digit for each of four pages: 1 if it is present."""
    return "".join([str(await entry(user, at + page * PAGE) & 1) for page in range(4)])


@pytest.mark.parametrize("offset, length, flags, errno", [
    (0, PAGE, 1, Errno.EINVAL), (1, PAGE, 0, Errno.EINVAL), (0, 0, 0, None),
    (0, -1, 0, Errno.EINVAL), (0, -8192, 0, Errno.EINVAL), (40 * PAGE, PAGE, 0, Errno.ENOMEM),
    (0, 5 * PAGE, 0, Errno.ENOMEM),
])
@runs
async def test_arguments(offset, length, flags, errno):
    user = await boot()
    at   = await area(user)
    if errno is None:
        await user.syscall(NR_mseal, at + offset, length, flags)
    else:
        with raises_errno(errno):
            await user.syscall(NR_mseal, at + offset, length, flags)
    await user.munmap(at, 4 * PAGE)                  # nothing of it is sealed


@runs
async def test_a_kernel_of_32_bits_has_no_such_call():
    user = await boot(PAGING_PAE)
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_mseal, 0, 0, 0)


@runs
async def test_sealed_memory_is_not_unmapped_nor_what_is_unmapped_with_it():
    user = await boot()
    at   = await area(user)
    await seal(user, at + PAGE, 2)
    await seal(user, at + PAGE, 2)
    for offset, pages in ((0, 4), (2, 1)):
        with raises_errno(Errno.EPERM):
            await user.munmap(at + offset * PAGE, pages * PAGE)
    with raises_errno(Errno.EPERM):
        await user.mmap(4 * PAGE, RW, ANON | MAP_FIXED, addr=at)
    assert await present(user, at) == "1111"
    await user.munmap(at, PAGE)
    await user.munmap(at + 3 * PAGE, PAGE)
    assert await user.load(at + PAGE) == 2
    child = await user.fork()
    with raises_errno(Errno.EPERM):
        await child.munmap(at + PAGE, PAGE)


@runs
async def test_permissions_of_sealed_memory_stay_and_change_up_to_it():
    user = await boot()
    at   = await area(user)
    await seal(user, at + PAGE, 2)
    with raises_errno(Errno.EPERM):
        await user.mprotect(at, 4 * PAGE, PROT_READ)
    with raises_errno(Errno.EPERM):
        await user.mprotect(at + PAGE, PAGE, RW)     # even if they are asked to be what they are
    assert [vma.vm_flags & 3 for vma in user.task.mm.mmap if vma.vm_start >= at][:2] == [1, 3]


@pytest.mark.parametrize("old, new, flags", [
    (4, 2, 0), (4, 4, 0), (4, 6, 0), (4, 6, MREMAP_MAYMOVE), (0, 4, MREMAP_MAYMOVE),
    (4, 4, MREMAP_MAYMOVE | MREMAP_FIXED),
])
@runs
async def test_sealed_memory_keeps_its_size_and_place(old, new, flags):
    user = await boot()
    free = await user.mmap(8 * PAGE)
    at   = await area(user)
    await seal(user, at, 4)
    with raises_errno(Errno.EPERM):
        await user.mremap(at, old * PAGE, new * PAGE, flags, free)
    assert await user.load(at + 3 * PAGE) == 4


@runs
async def test_nothing_is_moved_over_sealed_memory():
    user = await boot()
    at   = await area(user)
    await seal(user, at + PAGE, 1)
    here = await area(user)
    with raises_errno(Errno.EPERM):
        await user.mremap(here, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at)
    assert await present(user, here) == await present(user, at) == "1111"
    await user.mremap(here, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at)
    with raises_errno(Errno.EPERM):
        await user.mremap(at, 4 * PAGE, PAGE)        # the end would be unmapped


DISCARD = (MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_DONTFORK, MADV_WIPEONFORK)


@pytest.mark.parametrize("advice", DISCARD)
@pytest.mark.parametrize("prot", [PROT_READ, PROT_NONE])
@runs
async def test_sealed_memory_that_cannot_be_written_is_not_emptied(advice, prot):
    user = await boot()
    at   = await area(user)
    await user.mprotect(at + 2 * PAGE, 2 * PAGE, prot)
    await seal(user, at + 2 * PAGE, 2)
    with raises_errno(Errno.EPERM):
        await user.madvise(at + 2 * PAGE, PAGE, advice)


@runs
async def test_advice_is_followed_up_to_sealed_memory():
    user = await boot()
    at   = await area(user)
    await user.mprotect(at + 2 * PAGE, 2 * PAGE, PROT_NONE)
    await user.mprotect(at + 2 * PAGE, 2 * PAGE, PROT_READ)
    await seal(user, at + 2 * PAGE, 2)
    with raises_errno(Errno.EPERM):
        await user.madvise(at, 4 * PAGE, MADV_DONTNEED)
    assert await present(user, at) == "0011"


@pytest.mark.parametrize("advice", [MADV_KEEPONFORK, MADV_POPULATE_READ, MADV_DOFORK, MADV_RANDOM])
@runs
async def test_other_advice_is_followed(advice):
    user = await boot()
    at   = await area(user)
    await user.mprotect(at, 4 * PAGE, PROT_READ)
    await seal(user, at, 4)
    await user.madvise(at, 4 * PAGE, advice)


@pytest.mark.parametrize("kind, prot", [
    ("anonymous", RW), ("shared", PROT_READ), ("file", PROT_READ), ("file", RW),
])
@runs
async def test_other_sealed_memory_is_emptied(kind, prot):
    user  = await boot()
    flags = {"anonymous": ANON, "shared": MAP_SHARED | MAP_ANONYMOUS, "file": MAP_PRIVATE}[kind]
    fd    = await file_of(user, b"A" * 4096, O_RDWR) if kind == "file" else -1
    at    = await user.mmap(PAGE, prot, flags, fd)
    await user.load(at)
    await seal(user, at, 1)
    await user.madvise(at, PAGE, MADV_DONTNEED)
    assert await entry(user, at) & 1 == 0


@runs
async def test_a_seal_keeps_no_byte():
    user = await boot()
    at   = await area(user)
    buf  = await user.mmap(PAGE)
    await user.store(at, 7)
    await user.mprotect(at, 4 * PAGE, PROT_READ)
    await seal(user, at, 4)
    await user.syscall(NR_mlock, at, PAGE)
    mem = await user.open("/proc/self/mem")
    assert await user.pwrite(mem, buf, 8, at) == 8   # force is no change of the mapping
    assert await user.load(at) == 0


@runs
async def test_a_heap_that_is_sealed_does_not_shrink():
    user = await boot()
    heap = await user.brk(0)
    await user.brk(heap + 4 * PAGE)
    await seal(user, heap + PAGE, 1)
    assert await user.brk(heap) == heap + 4 * PAGE
    assert await user.brk(heap + 3 * PAGE) == heap + 3 * PAGE
