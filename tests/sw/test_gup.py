"""get_user_pages: what it is allowed to touch, and how it gets it."""

import itertools

import pytest
from user_support import EACH_ERA, EACH_PAGING, boot, entry, frame, raises_errno, runs

from sw.arch.x86.include.pgtable import pte_dirty
from sw.arch.x86.include.pgtable_types import (
    _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_RW, _PAGE_SAVED_DIRTY_64, PAGING_64,
)
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno, KernelError
from sw.fs.file import O_CREAT, O_RDONLY, O_RDWR
from sw.kernel.signal_types import SIGKILL, kernel_siginfo
from sw.mm.fault_types import VM_FAULT_WRITE, vm_operations_struct
from sw.mm.gup import check_vma_flags, get_user_pages_remote
from sw.mm.gup_flags import FOLL_ANON, FOLL_COW, FOLL_FORCE, FOLL_WRITE
from sw.mm.mm_types import (
    VM_EXEC, VM_IO, VM_MAYREAD, VM_MAYSHARE, VM_MAYWRITE, VM_PFNMAP, VM_READ, VM_SHARED, VM_WRITE,
    mm_struct, page, vm_area_struct,
)
from sw.mm.mmap import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_NONE,
    PROT_READ, PROT_WRITE,
)
from sw.user import User


RW     = PROT_READ | PROT_WRITE
ANON   = MAP_PRIVATE | MAP_ANONYMOUS
FORCED = FOLL_WRITE | FOLL_FORCE
AT     = 0x1000_0000


def mapping(vm_flags: int, ops: vm_operations_struct | None = None) -> vm_area_struct:
    """Make a mapping that belongs nowhere."""
    return vm_area_struct(mm_struct(None), 0, 4096, vm_flags, 0, vm_ops=ops)


def passes(vm_flags: int, gup_flags: int, ops: vm_operations_struct | None = None) -> bool:
    """Ask check_vma_flags, which can only say EFAULT."""
    try:
        check_vma_flags(mapping(vm_flags, ops), gup_flags)
    except KernelError as error:
        assert error.errno == Errno.EFAULT
        return False
    return True


async def get(user: User, linear: int, flags: int, count: int = 1) -> list[page]:
    """Get pages of the process, and give the references back."""
    pages = await get_user_pages_remote(user.cpu, user.task.mm, linear, count, flags)
    for got in pages:
        got.refcount -= 1
    return pages


# check_vma_flags

@pytest.mark.parametrize("write, shared, maywrite, force", [*itertools.product([0, 1], repeat=4)])
@pytest.mark.parametrize("other", [0, VM_READ, VM_READ | VM_EXEC, VM_MAYSHARE])
def test_the_verdict_on_a_write_is_a_function_of_four_bits(write, shared, maywrite, force, other):
    vm_flags = VM_WRITE * write | VM_SHARED * shared | VM_MAYWRITE * maywrite | other
    expected = bool(write or (force and not shared and maywrite))
    assert passes(vm_flags, FOLL_WRITE | FOLL_FORCE * force) is expected


@pytest.mark.parametrize("read, mayread, force", [*itertools.product([0, 1], repeat=3)])
@pytest.mark.parametrize("other", [0, VM_WRITE, VM_EXEC, VM_SHARED])
def test_the_verdict_on_a_read_is_a_function_of_three_bits(read, mayread, force, other):
    vm_flags = VM_READ * read | VM_MAYREAD * mayread | other
    assert passes(vm_flags, FOLL_FORCE * force) is bool(read or (force and mayread))


@pytest.mark.parametrize("special", [VM_IO, VM_PFNMAP, VM_IO | VM_PFNMAP])
@pytest.mark.parametrize("gup_flags", [0, FOLL_WRITE, FORCED])
def test_device_memory_is_refused_whatever_it_allows(special, gup_flags):
    everything = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE
    assert passes(everything, gup_flags)
    assert not passes(everything | special, gup_flags)


@pytest.mark.parametrize("ops, expected", [(None, True), (vm_operations_struct(), False)])
def test_foll_anon_wants_memory_without_a_file(ops, expected):
    assert passes(VM_READ, FOLL_ANON, ops) is expected
    assert passes(VM_READ, 0, ops)


# can_follow_write_pte

def follows(era, *, pte=_PAGE_PRESENT, vm_flags=VM_MAYWRITE, anon=True, exclusive=True,
            normal=True, flags=FORCED) -> bool:
    """Ask the era about an entry and the page that it maps."""
    mapped = page(1, anon=anon, anon_exclusive=exclusive) if normal else None
    return era.can_follow_write_pte(PAGING_64, pte, mapped, mapping(vm_flags), flags)


@pytest.mark.parametrize("change, expected", [
    ({}, True),
    ({"flags": FOLL_WRITE}, False),
    ({"vm_flags": VM_MAYWRITE | VM_MAYSHARE}, False),
    ({"vm_flags": VM_MAYWRITE | VM_SHARED}, False),
    ({"vm_flags": 0}, False),
    ({"vm_flags": VM_MAYWRITE | VM_WRITE}, False),  # an ordinary fault is enough
    ({"normal": False}, False),                     # the zero page
    ({"anon": False}, False),
    ({"exclusive": False}, False),
    ({"pte": _PAGE_PRESENT | _PAGE_DIRTY}, True),   # the entry's D means nothing
    ({"exclusive": False, "pte": _PAGE_PRESENT | _PAGE_SAVED_DIRTY_64}, False),
])
def test_a_read_only_entry_may_be_followed_for_a_write_in_6_x(change, expected):
    assert follows(ERA_6_X, **change) is expected
    writable = change | {"pte": _PAGE_PRESENT | _PAGE_RW}
    assert follows(ERA_6_X, **writable), "a writable entry always is"


@pytest.mark.parametrize("force, cow, dirty", [*itertools.product([0, 1], repeat=3)])
@pytest.mark.parametrize("change", [{}, {"exclusive": False}, {"anon": False}, {"vm_flags": 0}])
def test_a_read_only_entry_may_be_followed_for_a_write_in_5_x(force, cow, dirty, change):
    flags = FOLL_WRITE | FOLL_FORCE * force | FOLL_COW * cow
    pte   = _PAGE_PRESENT | _PAGE_DIRTY * dirty
    assert follows(ERA_5_X, flags=flags, pte=pte, **change) is bool(force and cow and dirty)
    assert follows(ERA_5_X, flags=flags, pte=pte | _PAGE_RW, **change)


@pytest.mark.parametrize("ret, vm_flags, cow", [
    (VM_FAULT_WRITE, 0,        True),
    (VM_FAULT_WRITE, VM_WRITE, False),
    (0,              0,        False),
])
def test_foll_cow_notes_a_forced_write_that_broke_copy_on_write(ret, vm_flags, cow):
    vma = mapping(vm_flags)
    assert ERA_5_X.faulted_in(vma, ret, FORCED) == (FORCED | FOLL_COW if cow else FORCED)
    assert ERA_6_X.faulted_in(vma, ret, FORCED) == FORCED


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
        dirty = got.dirty or pte_dirty(user.cpu.kernel.paging, await entry(user, at))
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
    assert await get(user, at, 0) == [user.cpu.kernel.zero_page]


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
    for zone in user.cpu.kernel.zones:
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


@runs
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
