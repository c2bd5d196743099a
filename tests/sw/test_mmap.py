"""mmap() and munmap(): where, what, which error; and what stays in the tables."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE,
)
from sw.errno import Errno
from sw.include.linux.capability import CAP_SYS_RAWIO
from sw.include.linux.fs import O_RDONLY, O_RDWR, O_WRONLY
from sw.include.linux.mm import (
    VM_EXEC, VM_GROWSDOWN, VM_MAYEXEC, VM_MAYREAD, VM_MAYSHARE, VM_MAYWRITE, VM_READ, VM_SHARED,
)
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED,
    PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import Signal
from sw.kernel.cred import cred

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, file_of, frame, free_pages, raises_errno, runs, runs_holding,
)


RW      = PROT_READ | PROT_WRITE
ANON    = MAP_PRIVATE | MAP_ANONYMOUS
MAYALL  = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
AT      = 0x1000_0000
TOP     = 0x7FFF_F7FF_F000
END     = 0x7FFF_FFFF_F000

#: Contents of a file, a page and a bit.
COUNTING = bytes(index % 251 for index in range(5000))


# Where

@pytest.mark.parametrize("paging, top", [
    (PAGING_64, TOP),           # as on any x86-64 Linux without randomization
    (PAGING_32, 0xB800_0000),
    (PAGING_PAE, 0xB800_0000),
    (PAGING_64_L5, TOP),        # more only for who asks for it
])
@runs
async def test_mappings_are_placed_downwards_from_the_base(paging, top):
    user  = await boot(paging)
    first = await user.mmap(4096)
    large = await user.mmap(3 * 4096, PROT_READ)
    assert (first, large) == (top - 4096, top - 4 * 4096)
    await user.munmap(first, 4096)
    assert await user.mmap(2 * 4096) == large - 2 * 4096    # does not fit into the hole
    assert await user.mmap(4096, PROT_EXEC) == first        # does


@EACH_PAGING
@runs
async def test_a_process_of_a_few_mappings_needs_one_table_a_level(paging):
    user   = await boot(paging)
    before = free_pages(user)
    for _ in range(5):
        await user.store(await user.mmap(4096), 1)
    levels = 1 if paging.X86_PAE else len(paging.shifts) - 1   # directories are there already
    assert before - free_pages(user) == 5 + levels


@pytest.mark.parametrize("wish, got", [
    (AT,          AT),
    (AT + 1,      AT),              # rounded down
    (AT + 4095,   AT),
    (0xFFF,       TOP - 3 * 4096),  # rounded down to 0, which is no wish
    (0x1000,      0x1_0000),        # not below vm.mmap_min_addr
    (TOP - 8192,  TOP - 3 * 4096),  # taken: below what is there
    (END - 4096,  END - 4096),      # the last page
    (END,         TOP - 3 * 4096),
])
@runs
async def test_a_wish_for_an_address(wish, got):
    user = await boot()
    assert await user.mmap(8192) == TOP - 8192
    assert await user.mmap(4096, PROT_READ, addr=wish) == got


@runs
async def test_mappings_keep_clear_of_a_stack():
    user  = await boot()
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN)
    assert await user.mmap(4096) == stack - 256 * 4096 - 4096


@runs
async def test_a_length_is_rounded_up_to_whole_pages():
    user = await boot()
    await user.mmap(4097, RW, ANON | MAP_FIXED, addr=AT)
    assert [(vma.vm_start, vma.vm_end) for vma in user.task.mm.mmap] == [(AT, AT + 8192)]


@runs
async def test_a_mapping_may_have_all_that_is_free_and_the_last_page():
    user = await boot()
    assert await user.mmap(TOP - 0x1_0000) == 0x1_0000
    assert await user.mmap(4096, RW, ANON | MAP_FIXED, addr=END - 4096) == END - 4096


@runs
async def test_fixed_mapping_replaces_what_is_there():
    user = await boot()
    await user.mmap(3 * 4096, RW, ANON | MAP_FIXED, addr=AT)
    for page in range(3):
        await user.store(AT + 4096 * page, page + 1)
    before = free_pages(user)
    await user.mmap(4096, PROT_READ, ANON | MAP_FIXED, addr=AT + 4096)
    assert [await user.load(AT + 4096 * page) for page in range(3)] == [1, 0, 3]
    assert free_pages(user) == before + 1
    assert [vma.vm_flags & 7 for vma in user.task.mm.mmap] == [3, 1, 3]


# Errors

@pytest.mark.parametrize("addr, length, prot, flags, errno", [
    (0,          0,       RW,        ANON,                        Errno.EINVAL),
    (0,          TOP - 0xF000, RW,   ANON,                        Errno.ENOMEM),
    (0x1000,     0,       RW,        ANON | MAP_FIXED,            Errno.EINVAL),
    (END - 4096, 8192,    RW,        ANON | MAP_FIXED,            Errno.ENOMEM),
    (0x1001,     4096,    RW,        ANON | MAP_FIXED,            Errno.EINVAL),
    (TOP - 8191, 4096,    RW,        ANON | MAP_FIXED_NOREPLACE,  Errno.EINVAL),
    (0,          1 << 47, RW,        ANON,                        Errno.ENOMEM),
    (0,          -1,      RW,        ANON,                        Errno.ENOMEM),
    (AT + 1,     4096,    RW,        ANON | MAP_FIXED,            Errno.EINVAL),
    (1 << 47,    4096,    RW,        ANON | MAP_FIXED,            Errno.ENOMEM),
    (TOP - 8192, 4096,    RW,        ANON | MAP_FIXED_NOREPLACE,  Errno.EEXIST),
    (0,          4096,    RW,        MAP_ANONYMOUS,               Errno.EINVAL),
    (0,          4096,    RW,        MAP_ANONYMOUS | 3,           Errno.EINVAL),
    (0,          4096,    RW,        MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, Errno.EINVAL),
    (0,          4096,    RW,        MAP_PRIVATE,                 Errno.EBADF),
])
@runs
async def test_mmap_refuses(addr, length, prot, flags, errno):
    user = await boot()
    await user.mmap(8192)
    with raises_errno(errno):
        await user.mmap(length & (1 << 64) - 1, prot, flags, 99, addr=addr)


@pytest.mark.parametrize("addr", [0, 0x1000, 0xF000])
@pytest.mark.parametrize("credentials, may", [
    (cred.of_user(1000), False), (cred.of_user(1000, CAP_SYS_RAWIO), True), (cred.of_user(0), True),
])
@runs
async def test_the_lowest_addresses_are_for_those_who_may_have_them(credentials, may, addr):
    user = await boot(credentials=credentials)
    here = await user.mmap(4096)
    if may:
        assert await user.mmap(4096, RW, ANON | MAP_FIXED, addr=addr) == addr
        await user.store(addr, 7)
        assert await user.load(addr) == 7
        await user.mremap(here, 4096, 4096, 3, 0x2000)
    else:
        with raises_errno(Errno.EPERM):
            await user.mmap(4096, RW, ANON | MAP_FIXED, addr=addr)
        with raises_errno(Errno.EPERM):
            await user.mremap(here, 4096, 4096, 3, 0x2000)
    assert await user.mmap(4096, addr=0x2000) >= 0x1_0000      # a wish is moved for everybody


@pytest.mark.parametrize("mode, prot, flags, errno", [
    (O_RDONLY, PROT_WRITE, MAP_SHARED,                  Errno.EACCES),
    (O_WRONLY, PROT_READ,  MAP_SHARED,                  Errno.EACCES),
    (O_WRONLY, PROT_READ,  MAP_PRIVATE,                 Errno.EACCES),
    (O_RDONLY, PROT_READ,  MAP_PRIVATE | MAP_GROWSDOWN, Errno.EINVAL),
    (O_RDONLY, PROT_READ,  0,                           Errno.EINVAL),
])
@runs
async def test_mmap_of_a_file_refuses(mode, prot, flags, errno):
    user = await boot()
    fd   = await file_of(user, COUNTING, mode)
    with raises_errno(errno):
        await user.mmap(4096, prot, flags, fd)
    with raises_errno(Errno.EINVAL):
        await user.mmap(4096, prot, flags, fd, 100)  # offset is not page aligned


@pytest.mark.parametrize("flags", [MAP_PRIVATE, MAP_SHARED])
@runs
async def test_mem_files_cannot_be_mapped(flags):
    user = await boot()
    with raises_errno(Errno.ENODEV):
        await user.mmap(4096, PROT_READ, flags, await user.open("/proc/self/mem"))


@pytest.mark.parametrize("start, length", [(AT + 1, 4096), (AT, 0), (1 << 47, 4096), (AT, 1 << 47)])
@runs
async def test_munmap_refuses(start, length):
    with raises_errno(Errno.EINVAL):
        await (await boot()).munmap(start, length)


# What a mapping may become

@pytest.mark.parametrize("mode, flags, expected", [
    (None,     ANON,                           MAYALL),
    (None,     ANON | MAP_GROWSDOWN,           MAYALL | VM_GROWSDOWN),
    (None,     MAP_SHARED | MAP_ANONYMOUS,     MAYALL | VM_SHARED | VM_MAYSHARE),
    (O_RDWR,   MAP_SHARED,                     MAYALL | VM_SHARED | VM_MAYSHARE),
    (O_RDONLY, MAP_SHARED,                     MAYALL & ~VM_MAYWRITE | VM_MAYSHARE),
    (O_RDONLY, MAP_PRIVATE,                    MAYALL),
    (O_RDWR,   MAP_PRIVATE,                    MAYALL),
    (O_RDWR,   MAP_SHARED | MAP_FIXED,         MAYALL | VM_SHARED | VM_MAYSHARE),
    (O_RDWR,   MAP_PRIVATE | MAP_FIXED,        MAYALL),
])
@pytest.mark.parametrize("prot, rights", [
    (PROT_NONE, 0), (PROT_READ, VM_READ), (PROT_READ | PROT_EXEC, VM_READ | VM_EXEC),
])
@runs
async def test_flags_of_a_mapping(mode, flags, expected, prot, rights):
    user = await boot()
    fd   = -1 if mode is None else await file_of(user, COUNTING, mode)
    await user.mmap(4096, prot, flags, fd, addr=AT)
    assert [vma.vm_flags for vma in user.task.mm.mmap] == [expected | rights]


# munmap

@pytest.mark.parametrize("start, pages, left", [
    (0, 4, []),
    (0, 1, [(1, 4)]),
    (3, 1, [(0, 3)]),
    (1, 2, [(0, 1), (3, 4)]),
    (2, 9, [(0, 2)]),
])
@runs
async def test_munmap_cuts(start, pages, left):
    user = await boot()
    await user.mmap(4 * 4096, RW, ANON | MAP_FIXED, addr=AT)
    for page in range(4):
        await user.store(AT + 4096 * page, page + 1)
    await user.munmap(AT + 4096 * start, 4096 * pages)
    vmas = [((vma.vm_start - AT) >> 12, (vma.vm_end - AT) >> 12) for vma in user.task.mm.mmap]
    assert vmas == left
    for page in range(4):
        if any(low <= page < high for low, high in left):
            assert await user.load(AT + 4096 * page) == page + 1
        else:
            with pytest.raises(Signal):
                await user.load(AT + 4096 * page)


#: Where the addresses of 5-level paging begin that only who asks for them gets, and their end.
WINDOW, FAR = 0x7FFF_FFFF_F000, 0xFF_FFFF_FFFF_F000


@pytest.mark.parametrize("wish, length, got", [
    (0,                 4096, TOP - 4096),
    (AT,                4096, AT),
    (WINDOW - 4096,     4096, WINDOW - 4096),   # the last page of the window
    (WINDOW - 4096,     8192, TOP - 8192),      # across its end: no wish
    (WINDOW,            4096, TOP - 4096),      # so is this, not above the window but at its end
    (1 << 47,           4096, 1 << 47),
    (1 << 55,           4096, 1 << 55),
    (FAR - 4096,        4096, FAR - 4096),
    (FAR,               4096, TOP - 4096 + FAR - WINDOW),    # none there: the highest that is free
    ((1 << 64) - 4096,  4096, TOP - 4096 + FAR - WINDOW),
])
@runs
async def test_5_level_paging_gives_high_addresses_to_who_asks_for_them(wish, length, got):
    user = await boot(PAGING_64_L5)
    at   = await user.mmap(length, addr=wish)
    assert at == got
    await user.store(at, 0x51)
    assert await user.load(at) == 0x51
    child = await user.fork()
    await child.store(at, 0x52)
    assert (await user.load(at), await child.load(at)) == (0x51, 0x52)
    await user.munmap(at, length)
    with pytest.raises(Signal):
        await user.load(at)


@runs
async def test_5_level_paging_maps_where_it_is_told_to():
    user = await boot(PAGING_64_L5)
    for at in (WINDOW, FAR - 4096):
        assert await user.mmap(4096, RW, ANON | MAP_FIXED, addr=at) == at
        await user.store(at, at)
        assert await user.load(at) == at
    with raises_errno(Errno.ENOMEM):
        await user.mmap(4096, RW, ANON | MAP_FIXED, addr=FAR)


@EACH_PAGING
@runs
async def test_munmap_gives_every_frame_back(paging):
    user   = await boot(paging)
    await user.load(await user.mmap(4096, PROT_READ))
    if paging.X86_PAE:   # its directory was there from the beginning, and goes with the first
        await user.munmap(await user.mmap(4096, RW, ANON | MAP_FIXED, addr=AT), 4096)
    before = free_pages(user)
    for flags in (ANON, MAP_SHARED | MAP_ANONYMOUS):
        at = await user.mmap(8 * 4096, RW, flags | MAP_FIXED, addr=AT)
        for page in range(8):
            await user.store(at + 4096 * page, 1)
        await user.load(at)
        await user.munmap(at, 8 * 4096)
    assert free_pages(user) == before


@runs
async def test_a_page_is_flushed_before_it_is_freed():
    user = await boot()
    at   = await user.mmap(4096)
    await user.store(at, 1)
    old  = await frame(user, at)
    seen = []
    user.cpu.bus.invlpg = _spy(user.cpu.bus.invlpg, lambda linear: seen.append(old.refcount))
    await user.munmap(at, 4096)
    assert seen[0] == 1 and old.refcount == 0


def _spy(method, note):
    async def spied(argument):
        note(argument)
        await method(argument)
    return spied


@pytest.mark.parametrize("store, before, after", [
    (True,  False, True),    # only the entry knows
    (False, False, False),
    (False, True,  True),
])
@runs
async def test_a_page_of_a_file_is_as_dirty_as_its_last_entry_or_as_it_was(store, before, after):
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    at   = await user.mmap(4096, RW, MAP_SHARED, fd)
    await (user.store(at, 1) if store else user.load(at))
    page = await frame(user, at)
    page.dirty = before
    await user.munmap(at, 4096)
    assert page.dirty is after


@runs_holding
async def test_a_private_page_is_not_dirty_by_its_entry():
    user = await boot()
    at   = await user.mmap(4096)
    await user.store(at, 1)
    page = await frame(user, at)
    page.refcount += 1  # somebody holds it, so that it is not free afterwards
    await user.munmap(at, 4096)
    assert page.refcount == 1 and not page.dirty


@runs
async def test_what_was_never_touched_needs_no_flush():
    user = await boot()
    await user.store(await user.mmap(4096), 1)  # the tables are there, and stay
    at   = await user.mmap(4096, PROT_READ)
    user.cpu.bus.log.clear()
    await user.munmap(at, 4096)
    assert user.cpu.bus.log == []


@EACH_ERA
@EACH_PAGING
@runs
async def test_exit_gives_every_frame_back(paging, era):
    highmem = 0 if paging.entry_size == 8 else 256 << 10
    user    = await boot(paging, era=era, highmem_bytes=highmem)
    at      = await user.mmap(4 * 4096)
    await user.store(at, 1)
    await user.load(at + 4096)
    before  = free_pages(user)
    child   = await user.fork()
    await child.store(at, 2)
    await child.store(await child.mmap(4096, RW, MAP_SHARED | MAP_ANONYMOUS), 2)
    await child.open("/proc/self/mem")
    await child.exit()
    await user.store(at, 3)
    assert free_pages(user) == before


# Files

@pytest.mark.parametrize("flags", [MAP_PRIVATE, MAP_SHARED])
@runs
async def test_a_mapped_file_shows_its_bytes(flags):
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    at   = await user.mmap(8192, RW, flags, fd)
    assert await user.load_bytes(at + 4000, 200) == bytes(i % 251 for i in range(4000, 4200))
    tail = await user.mmap(4096, PROT_READ, flags, fd, 4096)
    assert await user.load(tail, 1) == 4096 % 251


@pytest.mark.parametrize("read_first", [False, True])
@pytest.mark.parametrize("flags, reaches_file", [(MAP_PRIVATE, False), (MAP_SHARED, True)])
@runs
async def test_a_store_to_a_mapped_file(flags, reaches_file, read_first):
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    at   = await user.mmap(4096, RW, flags, fd)
    if read_first:
        await user.load(at)
    await user.store_bytes(at, b"changed")
    assert await user.load_bytes(at, 9) == b"changed\x07\x08"
    buf  = await user.mmap(4096)
    assert await user.pread(fd, buf, 7, 0) == 7
    assert (await user.load_bytes(buf, 7) == b"changed") is reaches_file


@runs
async def test_a_write_to_the_file_is_seen_until_the_private_copy_is_made():
    user = await boot()
    fd   = await file_of(user, COUNTING, O_RDWR)
    at   = await user.mmap(4096, RW, MAP_PRIVATE, fd)
    buf  = await user.mmap(4096)
    await user.store(buf, ord("A"), 1)
    await user.load(at)
    await user.pwrite(fd, buf, 1, 0)
    assert await user.load(at, 1) == ord("A")
    await user.store(at + 1, 0, 1)
    await user.store(buf, ord("B"), 1)
    await user.pwrite(fd, buf, 1, 0)
    assert await user.load(at, 1) == ord("A")
