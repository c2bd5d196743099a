"""Memory that was promised: mappings that it keeps apart, and promises that are refused."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.era import ERA_6_X
from sw.errno import Errno
from sw.include.linux.mm import VM_ACCOUNT
from sw.include.linux.mman import (
    MADV_DONTFORK, MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED,
    MREMAP_MAYMOVE, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import Signal
from sw.user import User
from sw.vmlinux import Kernel

from .user_support import boot, raises_errno, runs


P       = 4096
AT      = 0x4000_0000
R, RW   = PROT_READ, PROT_READ | PROT_WRITE
PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS

#: The machine has a MiB, of which half can be promised.
HALF = 512 << 10


async def put(user: User, first: int, pages: int, prot: int, flags: int = PRIVATE) -> None:
    """Map memory at page ``first`` of the area."""
    await user.mmap(pages * P, prot, flags | MAP_FIXED, addr=AT + first * P)


async def change(user: User, first: int, pages: int, prot: int) -> None:
    """Protect pages of the area."""
    await user.mprotect(AT + first * P, pages * P, prot)


def mappings(user: User) -> list[tuple[int, int]]:
    """Return the mappings of the area, as pages."""
    return [((vma.vm_start - AT) // P, (vma.vm_end - AT) // P) for vma in user.task.mm.mmap
            if AT <= vma.vm_start < AT + 64 * P]


# Mappings that the promise keeps apart, as on a real Linux

async def untouched(user: User) -> None:
    await put(user, 0, 2, RW)
    await put(user, 2, 2, R)
    await change(user, 0, 2, R)


async def touched(user: User) -> None:
    await put(user, 0, 2, RW)
    await user.store(AT, 1)
    await put(user, 2, 2, R)
    await change(user, 0, 2, R)


async def became_writable(user: User) -> None:
    await put(user, 0, 2, R)
    await put(user, 2, 2, RW)
    await change(user, 0, 2, RW)


async def middle_touched_and_back(user: User) -> None:
    await put(user, 0, 4, R)
    await change(user, 1, 2, RW)
    await user.store(AT + P, 1)
    await change(user, 1, 2, R)


async def middle_untouched_and_back(user: User) -> None:
    await put(user, 0, 4, R)
    await change(user, 1, 2, RW)
    await change(user, 1, 2, R)


async def not_reserved(user: User) -> None:
    await put(user, 0, 2, RW, PRIVATE | MAP_NORESERVE)
    await put(user, 2, 2, RW)


async def writable_with_a_read_only_part_and_back(user: User) -> None:
    await put(user, 0, 4, RW)
    await change(user, 1, 1, R)
    await change(user, 1, 1, RW)


async def none_beside_none(user: User) -> None:
    await put(user, 0, 2, PROT_NONE)
    await put(user, 2, 2, RW)
    await change(user, 2, 2, PROT_NONE)


@pytest.mark.parametrize("history, apart", [
    (untouched,                 [(0, 4)]),
    (touched,                   [(0, 2), (2, 4)]),
    (became_writable,           [(0, 4)]),
    (middle_touched_and_back,   [(0, 1), (1, 3), (3, 4)]),
    (middle_untouched_and_back, [(0, 4)]),
    (not_reserved,              [(0, 2), (2, 4)]),
    (none_beside_none,          [(0, 4)]),
    (writable_with_a_read_only_part_and_back, [(0, 4)]),
])
@runs
async def test_mappings_that_were_promised_pages_stay_apart_from_others(history, apart):
    user = await boot(overcommit_memory=0)
    await history(user)
    assert mappings(user) == apart


@runs
async def test_nothing_is_promised_unless_the_kernel_is_told_to():
    user = await boot()
    await touched(user)
    assert mappings(user) == [(0, 4)]
    assert not any(vma.vm_flags & VM_ACCOUNT for vma in user.task.mm.mmap)


# Promises refused

@pytest.mark.parametrize("mode, length, errno", [
    (0, 1 << 20, None), (0, (1 << 20) + P, Errno.ENOMEM), (1, 1 << 40, None),
    (2, HALF - P, None), (2, HALF, Errno.ENOMEM), (None, 1 << 40, None),
])
@runs
async def test_a_mapping_that_can_be_written_to_is_a_promise(mode, length, errno):
    user = await boot(overcommit_memory=mode)
    if errno is None:
        await user.mmap(length, RW)
    else:
        with raises_errno(errno):
            await user.mmap(length, RW)
    at = await user.mmap(length, R)    # it need not be kept yet
    if errno is not None:
        with raises_errno(errno):
            await user.mprotect(at, length, RW)


@pytest.mark.parametrize("mode, errno", [(0, None), (1, None), (2, Errno.ENOMEM)])
@runs
async def test_a_program_may_do_without_a_promise_unless_all_is_to_be_kept(mode, errno):
    user = await boot(overcommit_memory=mode)
    if errno is None:
        await user.mmap(1 << 30, RW, PRIVATE | MAP_NORESERVE)
    else:
        with raises_errno(errno):
            await user.mmap(1 << 30, RW, PRIVATE | MAP_NORESERVE)


@runs
async def test_what_is_promised_to_one_cannot_be_promised_to_another():
    user  = await boot(overcommit_memory=2)
    other = await User.create(user.cpu)
    await other.mmap(HALF // 2, RW)
    await put(user, 0, 32, RW)
    with raises_errno(Errno.ENOMEM):
        await user.fork()
    await put(user, 0, 32, RW)    # in its own place it is no more than before
    with raises_errno(Errno.ENOMEM):
        await user.mremap(AT, 32 * P, 128 * P, MREMAP_MAYMOVE)
    await user.madvise(AT, 32 * P, MADV_DONTFORK)
    await user.fork()
    assert await user.brk(brk := await user.brk(0)) == brk
    assert await user.brk(brk + HALF // 2) == brk
    assert await user.brk(brk + P) == brk + P
    await user.munmap(AT, 32 * P)
    await user.mmap(HALF // 4, RW)


@runs
async def test_a_stack_grows_as_far_as_was_promised():
    user = await boot(overcommit_memory=2)
    await put(user, 63, 1, RW, PRIVATE | MAP_GROWSDOWN)
    await user.store(AT + 62 * P, 1)
    with pytest.raises(Signal):
        await user.store(AT - 128 * P, 1)


@runs
async def test_shared_memory_is_not_counted():
    user = await boot(overcommit_memory=2)
    await user.mmap(HALF, RW, MAP_SHARED | MAP_ANONYMOUS)


def test_there_are_three_modes():
    with pytest.raises(ValueError, match="overcommit_memory"):
        Kernel(PAGING_64, 1 << 20, ERA_6_X, overcommit_memory=3)
