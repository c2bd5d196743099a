"""get_user_pages: the pages that it gets, the faults that it takes, and its errors."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty, set_pte
from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_RW, _PAGE_SAVED_DIRTY_64,
)
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_RDONLY, O_RDWR
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_GET, FOLL_TOUCH, FOLL_WRITE, page
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_NONE,
    PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import SIGKILL, kernel_siginfo
from sw.kconfig import kconfig
from sw.mm.gup.follow import follow_page_mask
from sw.mm.gup.pages import get_user_pages_remote
from sw.mm.gup.populate import fault_in_readable
from sw.mm.memory.mem_map import empty_zero_page
from sw.mm.mmap.find import vma_lookup
from sw.mm.page_alloc import node_zones
from sw.mm.pgtable_generic import pte_offset_map
from sw.user import User

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, entry, frame, raises_errno, runs, runs_holding,
)


RW     = PROT_READ | PROT_WRITE
ANON   = MAP_PRIVATE | MAP_ANONYMOUS
FORCED = FOLL_WRITE | FOLL_FORCE
AT     = 0x1000_0000


async def get(user: User, linear: int, flags: int, count: int = 1) -> list[page]:
    """Get pages of the process, and give the references back."""
    pages = await get_user_pages_remote(user.cpu, user.task.mm, linear, count, flags)
    for got in pages:
        got.refcount -= 1
    return pages


# Faults that a forced write of a page takes

async def _nothing(user, at):
    pass


async def _read(user, at):
    await user.load(at)


async def _own(user, at):
    await user.mprotect(at, 4096, RW)
    await user.store(at, 1)
    await user.mprotect(at, 4096, PROT_READ)


async def _punched(user, at):
    await get(user, at, FORCED)


async def _forked(user, at):
    await _own(user, at)
    await user.fork()


async def _last_user(user, at):
    await _own(user, at)
    await (await user.fork()).exit()


@pytest.mark.parametrize("era, column", [(ERA_6_X, 0), (ERA_5_X, 1)])
@pytest.mark.parametrize("kind, before, faults", [
    ("anon", _nothing,   (1, 2)),
    ("anon", _read,      (1, 1)),
    ("anon", _own,       (0, 1)),
    ("file", _nothing,   (1, 2)),
    ("file", _read,      (1, 1)),
    ("anon", _punched,   (0, 1)),
    ("file", _punched,   (0, 1)),
    ("anon", _forked,    (1, 1)),
    ("anon", _last_user, (1, 1)),
])
@runs
async def test_number_of_faults_of_a_forced_write(kind, before, faults, era, column):
    user = await boot(era=era)
    at   = await _read_only(user, kind)
    await before(user, at)
    await user.load(await user.mmap(4096, PROT_READ))
    count = user.task.min_flt
    got,  = await get(user, at, FORCED)
    assert user.task.min_flt - count == faults[column]
    assert got is await frame(user, at) and got.anon
    assert not await entry(user, at) & _PAGE_RW


async def _read_only(user: User, kind: str) -> int:
    if kind == "anon":
        return await user.mmap(4096, PROT_READ)
    buf = await user.mmap(4096)
    fd  = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    await user.store(buf, 0x1122)
    await user.write(fd, buf, 8)
    return await user.mmap(4096, PROT_READ, MAP_PRIVATE, await user.open("/file", O_RDONLY))


@pytest.mark.parametrize("before, copied", [(_own, False), (_forked, True), (_last_user, False)])
@EACH_ERA
@runs
async def test_a_forced_write_copies_only_what_others_see(before, copied, era):
    user = await boot(era=era)
    at   = await _read_only(user, "anon")
    await before(user, at)
    old  = await frame(user, at)
    got, = await get(user, at, FORCED)
    assert (got is not old) is copied


# Outcomes

@pytest.mark.parametrize("prot, flags, write, force, errno", [
    (PROT_READ, ANON,                        1, 1, None),
    (PROT_READ, ANON,                        1, 0, Errno.EFAULT),
    (PROT_NONE, ANON,                        1, 1, None),   # needs no VM_READ
    (PROT_NONE, ANON,                        0, 1, None),
    (PROT_NONE, ANON,                        0, 0, Errno.EFAULT),
    (PROT_EXEC, ANON,                        0, 1, None),
    (PROT_EXEC, ANON,                        0, 0, Errno.EFAULT),
    (RW,        MAP_SHARED | MAP_ANONYMOUS,  1, 0, None),
    (PROT_READ, MAP_SHARED | MAP_ANONYMOUS,  1, 1, Errno.EFAULT),
    (PROT_NONE, MAP_SHARED | MAP_ANONYMOUS,  0, 1, None),
])
@EACH_ERA
@EACH_PAGING
@runs
async def test_anonymous_memory(prot, flags, write, force, errno, era, paging):
    user = await boot(paging, era=era)
    at   = await user.mmap(4096, prot, flags)
    gup_flags = FOLL_WRITE * write | FOLL_FORCE * force
    if errno is None:
        got, = await get(user, at, gup_flags)
        dirty = got.dirty or pte_dirty(kconfig(user.cpu).paging, await entry(user, at))
        assert dirty is bool(write)
    else:
        with raises_errno(errno):
            await get(user, at, gup_flags)


@EACH_ERA
@runs
async def test_prot_none_pages_that_exist_can_be_read_and_written_by_force(era):
    user = await boot(era=era)
    at   = await user.mmap(4096)
    await user.store(at, 1)
    own  = await frame(user, at)
    await user.mprotect(at, 4096, PROT_NONE)
    assert await get(user, at, FOLL_FORCE) == [own]
    assert await get(user, at, FORCED) == [own]
    assert not await entry(user, at) & _PAGE_PRESENT


@runs
async def test_shared_file_not_open_for_writing_is_refused():
    user = await boot()
    at   = await _read_only(user, "file")
    await user.munmap(at, 4096)
    at   = await user.mmap(4096, PROT_READ, MAP_SHARED, await user.open("/file", O_RDONLY))
    with raises_errno(Errno.EFAULT):
        await get(user, at, FORCED)


@runs
async def test_a_read_of_untouched_memory_gets_the_zero_page():
    user = await boot()
    at   = await user.mmap(4096)
    assert await get(user, at, 0) == [empty_zero_page(user.cpu)]


@runs
async def test_what_would_be_sigbus_is_efault():
    user = await boot()
    at   = await _read_only(user, "file")
    await user.mprotect(at, 4096, RW)
    far  = await user.mmap(8192, RW, MAP_PRIVATE, await user.open("/file", O_RDONLY))
    with raises_errno(Errno.EFAULT):
        await get(user, far + 4096, FOLL_WRITE)


@runs
async def test_out_of_memory():
    user = await boot()
    at   = await user.mmap(4096)
    for zone in node_zones(user.cpu):
        zone.end_pfn, zone.free_list = zone.next_pfn, []
    with raises_errno(Errno.ENOMEM):
        await get(user, at, FOLL_WRITE)


@runs
async def test_a_dying_task_gets_nothing():
    user = await boot()
    at   = await user.mmap(4096)
    user.task.pending.append(kernel_siginfo(SIGKILL, 0))
    with raises_errno(Errno.EINTR):
        await get(user, at, FOLL_WRITE)


@runs
async def test_pages_up_to_the_first_that_fails():
    user = await boot()
    await user.mmap(8192, RW, ANON | MAP_FIXED, addr=AT)
    await user.mmap(4096, PROT_READ, ANON | MAP_FIXED, addr=AT + 8192)
    assert len(await get(user, AT + 5, FOLL_WRITE, 2)) == 2
    assert len(await get(user, AT + 5, FOLL_WRITE, 9)) == 2
    assert len(await get(user, AT + 5, FORCED, 9)) == 3
    with raises_errno(Errno.EFAULT):
        await get(user, AT + 8192, FOLL_WRITE, 2)
    with raises_errno(Errno.EFAULT):
        await get(user, AT + 3 * 4096, 0)


@pytest.mark.parametrize("era, grows", [(ERA_5_X, True), (ERA_6_X, False)])
@runs
async def test_only_old_kernels_let_a_stack_grow_here(era, grows):
    user  = await boot(era=era)
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN)
    if grows:
        await get(user, stack - 4096, FOLL_WRITE)
        assert user.task.mm.mmap[0].vm_start == stack - 4096
    else:
        with raises_errno(Errno.EFAULT):
            await get(user, stack - 4096, FOLL_WRITE)


@runs_holding
async def test_every_page_has_a_reference_of_its_own():
    user = await boot()
    at   = await user.mmap(4096)
    await user.store(at, 1)
    own  = await frame(user, at)
    for count in (2, 3):
        await get_user_pages_remote(user.cpu, user.task.mm, at, 1, FOLL_WRITE)
        assert own.refcount == count


@runs
async def test_a_page_that_is_written_this_way_is_dirty_though_its_entry_is_not():
    user = await boot()
    at   = await user.mmap(4096, PROT_READ)
    got, = await get(user, at, FORCED)
    pte  = await entry(user, at)
    assert got.dirty
    assert not pte & (_PAGE_DIRTY | _PAGE_SAVED_DIRTY_64)


@pytest.mark.parametrize("flags, refs, dirty", [
    (FOLL_WRITE,                         0, False),
    (FOLL_WRITE | FOLL_GET,              1, False),
    (FOLL_WRITE | FOLL_TOUCH,            0, True),
    (FOLL_FORCE | FOLL_TOUCH | FOLL_GET, 1, False),
])
@runs_holding
async def test_a_page_is_held_and_dirty_only_if_that_is_wanted(flags, refs, dirty):
    user = await boot()
    at   = await user.mmap(4096, PROT_READ)
    own, = await get(user, at, FORCED)
    before, own.dirty = own.refcount, False
    vma  = vma_lookup(user.task.mm, at)
    assert await follow_page_mask(user.cpu, vma, at, flags | FOLL_FORCE) is own
    assert (own.refcount - before, own.dirty) == (refs, dirty)


@runs
async def test_a_page_whose_entry_is_dirty_need_not_be():
    user = await boot()
    at   = await user.mmap(4096)
    await user.store(at, 1)
    own, = await get(user, at, FOLL_WRITE)
    assert not own.dirty


@runs
async def test_a_frame_that_is_nobodys_page_is_not_got():
    user = await boot()
    at   = await user.mmap(4096)
    await user.load(at)
    ptep = await pte_offset_map(user.cpu, user.task.mm, at)
    await set_pte(user.cpu, ptep, await entry(user, at) ^ 1 << 12)  # special, but not the zeros
    with raises_errno(Errno.EEXIST):
        await get(user, at, 0)


@runs
async def test_kernel_memory_is_not_faulted_in():
    user = await boot()
    assert await fault_in_readable(user.cpu, kconfig(user.cpu).paging.TASK_SIZE, 8) == 8


@runs
async def test_no_page_behind_a_buffer_is_faulted_in():
    user = await boot()
    at   = await user.mmap(8192)
    assert await fault_in_readable(user.cpu, at, 4096) == 0
    assert await entry(user, at) & _PAGE_PRESENT and await entry(user, at + 4096) == 0
