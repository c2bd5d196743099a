"""Page faults on empty entries: which page and which entry there is afterwards."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty
from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_NX, _PAGE_PRESENT, _PAGE_RW, _PAGE_SAVED_DIRTY_64,
    _PAGE_SPECIAL, _PAGE_USER, PTE_FLAGS_MASK,
)
from sw.era import ERA_5_X
from sw.include.linux.mm import VM_SHARED
from sw.include.linux.mm_types import (
    FAULT_FLAG_WRITE, VM_FAULT_OOM, VM_FAULT_SIGBUS, VM_FAULT_SIGSEGV,
)
from sw.include.linux.mman import MADV_FREE, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE
from sw.kconfig import kconfig
from sw.mm.memory.mem_map import empty_zero_page
from sw.mm.mmap.find import vma_lookup
from sw.mm.page_alloc import node_zones

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, contents, entry, fault, frame, free_pages, mapped, runs,
)


RW = PROT_READ | PROT_WRITE

#: A user's page that was used.
USED = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED


# The entry that the first fault makes

@pytest.mark.parametrize("kind, prot, write, expected", [
    ("anon",        PROT_READ, False, USED | _PAGE_SPECIAL | _PAGE_NX),
    ("anon",        RW,        False, USED | _PAGE_SPECIAL | _PAGE_NX),
    ("anon",        RW,        True,  USED | _PAGE_RW | _PAGE_DIRTY | _PAGE_NX),
    ("anon",        RW | PROT_EXEC, True, USED | _PAGE_RW | _PAGE_DIRTY),
    ("anon",        PROT_READ, True,  USED | _PAGE_NX),   # forced: read-only, and clean
    ("file",        PROT_READ, False, USED | _PAGE_NX),
    ("file",        RW,        False, USED | _PAGE_NX),
    ("file",        RW,        True,  USED | _PAGE_RW | _PAGE_DIRTY | _PAGE_NX),
    ("file",        PROT_READ, True,  USED | _PAGE_SAVED_DIRTY_64 | _PAGE_NX),  # forced
    ("shared file", RW,        False, USED | _PAGE_NX),
    ("shared file", RW,        True,  USED | _PAGE_RW | _PAGE_DIRTY | _PAGE_NX),
    ("shared anon", RW,        False, USED | _PAGE_RW | _PAGE_NX),
    ("shared anon", RW,        True,  USED | _PAGE_RW | _PAGE_DIRTY | _PAGE_NX),
])
@runs
async def test_entry_after_the_first_fault(kind, prot, write, expected):
    user = await boot()
    at   = await mapped(user, kind, prot)
    assert await fault(user, at, FAULT_FLAG_WRITE if write else 0) == 0
    assert await entry(user, at) & PTE_FLAGS_MASK == expected


@pytest.mark.parametrize("kind, write, owner", [
    ("anon", False, "zero"), ("anon", True, "own"),
    ("file", False, "file"), ("file", True, "own"),
    ("shared file", False, "file"), ("shared file", True, "file"),
    ("shared anon", False, "file"), ("shared anon", True, "file"),
])
@EACH_PAGING
@EACH_ERA
@runs
async def test_frame_after_the_first_fault(kind, write, owner, era, paging):
    user = await boot(paging, era=era)
    at   = await mapped(user, kind, RW)
    await fault(user, at, FAULT_FLAG_WRITE if write else 0)
    page = await frame(user, at)
    zero = empty_zero_page(user.cpu)
    assert (page is zero, page.anon, page.mapping is not None) == {
        "zero": (True, False, False), "own": (False, True, False), "file": (False, False, True),
    }[owner]
    assert page.anon_exclusive is page.anon
    assert page.mapcount == (0 if page is zero else 1)
    assert page.refcount == (2 if owner == "file" else 1)


@pytest.mark.parametrize("flags, noted", [
    (0,                0),                              # that is the processor's
    (FAULT_FLAG_WRITE, _PAGE_ACCESSED | _PAGE_DIRTY),
])
@runs
async def test_a_fault_for_a_write_marks_a_page_that_is_there(flags, noted):
    user = await boot()
    at   = await mapped(user, "anon", RW)
    await user.store(at, 1)
    await user.madvise(at, 4096, MADV_FREE)             # neither accessed nor dirty from now on
    assert await entry(user, at) & (_PAGE_ACCESSED | _PAGE_DIRTY) == 0
    await fault(user, at, flags)
    assert await entry(user, at) & (_PAGE_ACCESSED | _PAGE_DIRTY) == noted


@EACH_ERA
@runs
async def test_dirty_and_read_only_together(era):
    user = await boot(era=era)
    at   = await mapped(user, "file", PROT_READ)
    await fault(user, at, FAULT_FLAG_WRITE)
    pte = await entry(user, at)
    assert pte_dirty(kconfig(user.cpu).paging, pte) and not pte & _PAGE_RW
    assert bool(pte & _PAGE_DIRTY) is (era is ERA_5_X)


@pytest.mark.parametrize("kind", ["anon", "file"])
@runs
async def test_new_pages_hold_nothing_but_zeros_or_the_file(kind):
    user = await boot()
    at   = await mapped(user, kind, RW)
    await user.store(at + 8, 0x55, 1)
    head = b"page cac\x55e" if kind == "file" else b"\0" * 8 + b"\x55\0"
    assert contents(user, await frame(user, at), 4096) == head + bytes(4086)


# What handle_mm_fault refuses

@pytest.mark.parametrize("kind, prot, ret", [
    ("anon",        PROT_READ, 0),
    ("anon",        PROT_NONE, 0),
    ("file",        PROT_READ, 0),
    ("shared file", RW,        0),
    ("shared file", PROT_READ, VM_FAULT_SIGSEGV),
    ("shared anon", PROT_READ, VM_FAULT_SIGSEGV),
    ("shared anon", PROT_NONE, VM_FAULT_SIGSEGV),
])
@runs
async def test_a_private_mapping_is_not_asked_for_its_right_to_write(kind, prot, ret):
    user = await boot()
    at   = await mapped(user, kind, prot)
    assert await fault(user, at, FAULT_FLAG_WRITE) == ret


@pytest.mark.parametrize("flags", [0, FAULT_FLAG_WRITE])
@runs
async def test_no_page_behind_the_end_of_a_file(flags):
    user = await boot()
    at   = await mapped(user, "file", RW)
    vma_lookup(user.task.mm, at).vm_pgoff = 1
    before = free_pages(user)
    assert await fault(user, at, flags) == VM_FAULT_SIGBUS
    assert await entry(user, at) == 0
    assert before - free_pages(user) == 3  # tables


@runs
async def test_shared_memory_without_a_file_has_no_pages():
    user = await boot()
    at   = await mapped(user, "anon", RW)
    vma_lookup(user.task.mm, at).vm_flags |= VM_SHARED
    assert await fault(user, at, FAULT_FLAG_WRITE) == VM_FAULT_SIGBUS


@pytest.mark.parametrize("kind", ["anon", "file"])
@pytest.mark.parametrize("present", [False, True])
@runs
async def test_out_of_memory_changes_nothing(kind, present):
    user = await boot()
    at   = await mapped(user, kind, RW)
    await user.store(await user.mmap(4096), 1)  # the tables are there
    if present:
        await user.load(at)
    before = await entry(user, at), (await frame(user, at)).refcount if present else 0
    for zone in node_zones(user.cpu):
        zone.end_pfn, zone.free_list = zone.next_pfn, []
    assert await fault(user, at, FAULT_FLAG_WRITE) == VM_FAULT_OOM
    assert before == (await entry(user, at), (await frame(user, at)).refcount if present else 0)
    assert user.task.mm.page_table_lock.holder is None


# Accounting

@pytest.mark.parametrize("write", [False, True])
@runs
async def test_faults_are_accounted_to_the_current_task(write):
    user   = await boot()
    at     = await mapped(user, "anon", RW)
    before = user.task.min_flt
    await (user.store(at, 1) if write else user.load(at))
    await user.load(at)
    assert user.task.min_flt == before + 1
