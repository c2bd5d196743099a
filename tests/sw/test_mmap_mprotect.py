"""mprotect(): errors in order, mappings split and merged, entries and flushes."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_PROTNONE, _PAGE_RW,
)
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno
from sw.include.linux.fs import O_RDONLY, O_RDWR
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_GROWSDOWN,
    PROT_GROWSUP, PROT_NONE, PROT_READ, PROT_WRITE,
)

from .user_support import EACH_PAGING, boot, entry, file_of, frame, raises_errno, runs


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
AT   = 0x1000_0000

#: Contents of a file, a page and a bit.
COUNTING = bytes(index % 251 for index in range(5000))


@pytest.mark.parametrize("start, length, prot, errno", [
    (AT,        4096,    PROT_GROWSDOWN | PROT_GROWSUP, Errno.EINVAL),
    (AT + 1,    4096,    PROT_READ,                     Errno.EINVAL),
    (AT + 1,    0,       PROT_READ,                     Errno.EINVAL),
    (1 << 46,   0,       PROT_READ,                     None),           # no mapping is looked for
    (AT,        -4096,   PROT_READ,                     Errno.ENOMEM),   # wraps
    (AT,        4096,    0x100,                         Errno.EINVAL),
    (1 << 46,   4096,    PROT_READ,                     Errno.ENOMEM),
    (AT,        3 * 4096, PROT_READ,                    Errno.ENOMEM),   # hole behind the second
    (AT - 4096, 8192,    PROT_READ,                     Errno.ENOMEM),
    (AT,        4096,    PROT_READ | PROT_GROWSUP,      Errno.EINVAL),
    (AT,        4096,    PROT_READ | PROT_GROWSDOWN,    Errno.EINVAL),   # no stack
    (AT - 4096, 4096,    PROT_READ | PROT_GROWSDOWN,    Errno.ENOMEM),
    (AT,        8000,    PROT_READ,                     None),
])
@runs
async def test_mprotect_errors(start, length, prot, errno):
    user = await boot()
    await user.mmap(8192, RW, ANON | MAP_FIXED, addr=AT)
    if errno is None:
        await user.mprotect(start, length, prot)
    else:
        with raises_errno(errno):
            await user.mprotect(start, length & (1 << 64) - 1, prot)


@runs
async def test_mprotect_changes_what_is_below_a_hole():
    user = await boot()
    await user.mmap(4096, RW, ANON | MAP_FIXED, addr=AT)
    await user.mmap(4096, RW, ANON | MAP_FIXED, addr=AT + 8192)
    with raises_errno(Errno.ENOMEM):
        await user.mprotect(AT, 3 * 4096, PROT_READ)
    assert [vma.vm_flags & 7 for vma in user.task.mm.mmap] == [1, 3]


@runs
async def test_mprotect_never_makes_a_read_only_file_writable_when_shared():
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDONLY)
    at   = await user.mmap(4096, PROT_READ, MAP_SHARED, fd)
    with raises_errno(Errno.EACCES):
        await user.mprotect(at, 4096, RW)
    private = await user.mmap(4096, PROT_READ, MAP_PRIVATE, fd)
    await user.mprotect(private, 4096, RW)
    await user.store(private, 1)


@runs
async def test_mprotect_grows_from_the_start_of_a_stack():
    user = await boot()
    at   = await user.mmap(4 * 4096, RW, ANON | MAP_GROWSDOWN)
    await user.mprotect(at + 2 * 4096, 4096, PROT_READ | PROT_GROWSDOWN)
    assert [(vma.vm_start - at, vma.vm_end - at, vma.vm_flags & 7)
            for vma in user.task.mm.mmap] == [(0, 3 * 4096, 1), (3 * 4096, 4 * 4096, 3)]


@runs
async def test_mprotect_splits_and_merges():
    user = await boot()
    at   = await user.mmap(4 * 4096)
    await user.mprotect(at + 4096, 8192, PROT_READ)
    assert [vma.vm_flags & 7 for vma in user.task.mm.mmap] == [3, 1, 3]
    await user.mprotect(at + 4096, 8192, RW)
    assert [(vma.vm_start, vma.vm_end) for vma in user.task.mm.mmap] == [(at, at + 4 * 4096)]


@EACH_PAGING
@runs
async def test_prot_none_takes_the_present_bit_and_keeps_the_frame(paging):
    user = await boot(paging)
    at   = await user.mmap(4096)
    await user.store(at, 0x1122)
    kept = await frame(user, at)
    await user.mprotect(at, 4096, PROT_NONE)
    pte  = await entry(user, at)
    assert pte & _PAGE_PROTNONE and not pte & _PAGE_PRESENT
    assert await frame(user, at) is kept
    if paging.invert_protnone:
        assert pte >> 12 & (1 << 40) - 1 != kept.pfn
    await user.mprotect(at, 4096, RW)
    assert await user.load(at, 2) == 0x1122


@pytest.mark.parametrize("era, writable_at_once", [(ERA_6_X, True), (ERA_5_X, False)])
@runs
async def test_mprotect_makes_an_exclusive_page_writable(era, writable_at_once):
    user = await boot(era=era)
    at   = await user.mmap(4096)
    await user.store(at, 1)
    await user.mprotect(at, 4096, PROT_READ)
    own    = await frame(user, at)
    faults = user.task.min_flt
    await user.mprotect(at, 4096, RW)
    assert bool(await entry(user, at) & _PAGE_RW) is writable_at_once
    await user.store(at, 2)
    assert await frame(user, at) is own
    assert user.task.min_flt - faults == (0 if writable_at_once else 1)


@pytest.mark.parametrize("dirty", [False, True])
@runs
async def test_mprotect_makes_a_shared_page_writable_only_if_dirty(dirty):
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    at   = await user.mmap(4096, RW, MAP_SHARED, fd)
    await user.load(at)
    assert not await entry(user, at) & _PAGE_RW  # the file wants to hear of the first store
    if dirty:
        await user.store(at, 1)
    await user.mprotect(at, 4096, PROT_READ)
    await user.mprotect(at, 4096, RW)
    assert bool(await entry(user, at) & _PAGE_RW) is dirty


@runs
async def test_shared_memory_without_a_name_is_writable_from_the_first_load():
    user = await boot()
    at   = await user.mmap(4096, RW, MAP_SHARED | MAP_ANONYMOUS)
    await user.load(at)
    assert await entry(user, at) & (_PAGE_RW | _PAGE_DIRTY) == _PAGE_RW


@pytest.mark.parametrize("before, after, flushed", [
    (RW,        PROT_READ, True),
    (RW,        PROT_NONE, True),
    (PROT_NONE, RW,        False),  # was not present
    (PROT_READ, PROT_READ | PROT_EXEC, True),
])
@runs
async def test_mprotect_flushes_what_a_processor_could_misuse(before, after, flushed):
    user = await boot()
    at   = await user.mmap(4096)
    await user.store(at, 1)
    await user.mprotect(at, 4096, before)
    user.cpu.bus.log.clear()
    await user.mprotect(at, 4096, after)
    assert (("invlpg", at) in user.cpu.bus.log) is flushed


@runs
async def test_mprotect_flushes_if_one_of_many_entries_needs_it():
    user = await boot()
    at   = await user.mmap(8192)
    await user.store(at, 1)
    await user.load(at + 4096)  # the page of zeros, which is read-only already
    user.cpu.bus.log.clear()
    await user.mprotect(at, 8192, PROT_READ)
    assert ("invlpg", at) in user.cpu.bus.log


@runs
async def test_mprotect_to_the_rights_that_are_there_touches_no_entry():
    user = await boot()
    at   = await user.mmap(8192)
    await user.store(at, 1)
    user.cpu.bus.marks.clear()
    await user.mprotect(at, 4096, RW)
    assert not any("change_pte_range" in stack for stack in user.cpu.bus.marks)
    await user.mprotect(at, 4096, PROT_READ)
    assert any("change_pte_range" in stack for stack in user.cpu.bus.marks)
