"""Writes to present pages: copy or reuse, and in which order entry and flush happen."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty
from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_RW, _PAGE_SPECIAL, _PAGE_USER,
)
from sw.bus import Access, Kind, Response
from sw.era import ERA_5_X, ERA_6_X
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.mm import VM_WRITE
from sw.include.linux.mm_types import FAULT_FLAG_WRITE, VM_FAULT_WRITE
from sw.include.linux.mman import PROT_READ, PROT_WRITE
from sw.kconfig import kconfig
from sw.mm.memory.fault import handle_mm_fault
from sw.mm.mmap.find import vma_lookup
from sw.mm.pgtable_generic import pte_offset_map
from sw.user import User

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, contents, entry, fault, frame, free_pages, mapped, runs,
    runs_holding,
)


RW   = PROT_READ | PROT_WRITE

#: A user's page that was used.
USED = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED


# Copy or reuse

@pytest.mark.parametrize("kind", ["anon", "file"])
@pytest.mark.parametrize("prot", [PROT_READ, RW])
@EACH_ERA
@runs
async def test_a_write_to_a_page_of_others_copies_it(kind, prot, era):
    user = await boot(era=era)
    at   = await mapped(user, kind, prot)
    await user.load(at)
    old  = await frame(user, at)
    refs = old.refcount
    assert await fault(user, at, FAULT_FLAG_WRITE) == (VM_FAULT_WRITE if era is ERA_5_X else 0)
    new  = await frame(user, at)
    pte  = await entry(user, at)
    assert new is not old and new.anon_exclusive
    assert bool(pte & _PAGE_RW) is bool(prot & PROT_WRITE)
    assert not pte & _PAGE_SPECIAL and pte_dirty(kconfig(user.cpu).paging, pte)
    assert contents(user, new, 4096) == contents(user, old, 4096)
    if kind == "file":
        assert (old.refcount, old.mapcount) == (refs - 1, 0)


@pytest.mark.parametrize("prot", [PROT_READ, RW])
@EACH_ERA
@runs
async def test_a_write_to_the_own_page_reuses_it_without_a_flush(prot, era):
    user = await boot(era=era)
    at   = await mapped(user, "anon", RW)
    await user.store(at, 1)
    old  = await frame(user, at)
    await user.mprotect(at, 4096, PROT_READ)
    vma_lookup(user.task.mm, at).vm_flags |= prot  # as if it had become writable unnoticed
    user.cpu.bus.log.clear()
    await fault(user, at, FAULT_FLAG_WRITE)
    assert await frame(user, at) is old
    assert bool(await entry(user, at) & _PAGE_RW) is bool(prot & PROT_WRITE)
    assert user.cpu.bus.log == []


@pytest.mark.parametrize("exclusive, refs, copied", [
    (True,  1, False),
    (False, 1, False),   # the last user
    (False, 2, True),    # any other reference
])
@runs_holding
async def test_reuse_rule_of_6_x(exclusive, refs, copied):
    await _reuse(ERA_6_X, exclusive, refs, copied)


@pytest.mark.parametrize("refs, copied", [(1, False), (2, True)])
@pytest.mark.parametrize("exclusive", [False, True])
@runs_holding
async def test_reuse_rule_of_5_9_counts_references_only(exclusive, refs, copied):
    await _reuse(ERA_5_X, exclusive, refs, copied)


@runs_holding
async def test_an_exclusive_page_is_reused_whoever_else_refers_to_it_in_6_x():
    await _reuse(ERA_6_X, True, 2, False)


async def _reuse(era, exclusive, refs, copied):
    user = await boot(era=era)
    at   = await mapped(user, "anon", RW)
    await user.store(at, 1)
    await user.mprotect(at, 4096, PROT_READ)
    old  = await frame(user, at)
    old.anon_exclusive, old.refcount = exclusive, refs
    await fault(user, at, FAULT_FLAG_WRITE)
    new = await frame(user, at)
    assert (new is not old) is copied
    assert new.anon_exclusive


@runs
async def test_shared_memory_is_never_copied():
    user = await boot()
    at   = await mapped(user, "shared file", RW)
    await user.load(at)
    old  = await frame(user, at)
    refs = old.refcount
    await user.store(at, 1)
    assert await frame(user, at) is old
    assert (old.refcount, old.dirty, old.anon) == (refs, True, False)


@pytest.mark.parametrize("read_first", [False, True])
@runs
async def test_a_private_copy_keeps_no_reference_on_the_page_of_the_file(read_first):
    user = await boot()
    at   = await mapped(user, "file", RW)
    page = rootfs(user.cpu)["/file"].i_mapping.i_pages[0]
    if read_first:
        await user.load(at)
    await user.store(at, 1)
    assert (page.refcount, page.mapcount) == (1, 0)  # the cache's


@pytest.mark.parametrize("kind", ["anon", "file"])
@pytest.mark.parametrize("read_first", [False, True])
@runs
async def test_a_child_sees_the_private_copy_however_it_was_made(read_first, kind):
    user = await boot()
    at   = await mapped(user, kind, RW)
    if read_first:
        await user.load(at)
    await user.store(at, 0x1122)
    child = await user.fork()
    assert await child.load(at) == 0x1122


@runs
async def test_shared_memory_without_a_name_is_dirty_once_it_is_written_again():
    user = await boot()
    at   = await mapped(user, "shared anon", PROT_READ)
    await user.load(at)
    page = await frame(user, at)
    vma_lookup(user.task.mm, at).vm_flags |= VM_WRITE  # as if it had become writable unnoticed
    assert await fault(user, at, FAULT_FLAG_WRITE) == 0
    assert await frame(user, at) is page and page.dirty
    assert await entry(user, at) & _PAGE_RW


# Order

class Watch:
    """Bus operations on one entry and on its translation, in order."""

    def __init__(self, user: User, ptep: int, linear: int):
        self.events: list[str | int] = []
        self.bus     = user.cpu.bus
        self.ptep    = ptep
        self.linear  = linear
        self._access, self._invlpg = self.bus.access, self.bus.invlpg
        self.bus.access, self.bus.invlpg = self.access, self.invlpg

    async def access(self, access: Access) -> Response:
        if access.linear == self.ptep and access.kind is not Kind.READ:
            self.events.append(access.data)
        return await self._access(access)

    async def invlpg(self, linear: int) -> None:
        if linear == self.linear:
            self.events.append("flush")
        await self._invlpg(linear)


@EACH_PAGING
@EACH_ERA
@runs
async def test_no_new_entry_before_the_old_translation_is_flushed(era, paging):
    user = await boot(paging, era=era)
    at   = await mapped(user, "file", RW)
    await user.load(at)
    watch = Watch(user, await pte_offset_map(user.cpu, user.task.mm, at), at)
    await user.store(at, 1)
    cleared, flushed, new = watch.events
    assert (cleared, flushed) == (0, "flush")
    assert new & (_PAGE_RW | _PAGE_DIRTY) == _PAGE_RW | _PAGE_DIRTY


@runs
async def test_the_store_of_a_stale_translation_takes_one_fault_that_finds_nothing_to_do():
    user = await boot()
    at   = await mapped(user, "anon", RW)
    await user.store(at, 1)
    await user.mprotect(at, 4096, PROT_READ)
    await user.load(at)                            # the processor holds it read-only
    await user.mprotect(at, 4096, RW)              # R/W set at once
    user.cpu.bus.log.clear()
    faults = user.task.min_flt
    vma  = vma_lookup(user.task.mm, at)
    assert await handle_mm_fault(user.cpu, vma, at, FAULT_FLAG_WRITE) == 0
    assert user.cpu.bus.log == [] and user.task.min_flt == faults + 1
    await user.store(at, 2)
    assert await user.load(at) == 2


class Race:
    """Change the entry once, as another processor would, when a frame is copied."""

    def __init__(self, user: User, ptep: int, pte: int):
        self.bus    = user.cpu.bus
        self.change = (ptep, pte)
        self._store = self.bus.store_string
        self.bus.store_string = self.store_string

    async def store_string(self, linear, data, *, user):
        answer = await self._store(linear, data, user=user)
        if self.change:
            (ptep, pte), self.change = self.change, None
            await self.bus.access(Access(ptep, 8, Kind.WRITE, data=pte))
        return answer


@pytest.mark.parametrize("kind, read_first", [
    ("anon", False), ("anon", True), ("file", False), ("file", True),
])
@runs
async def test_an_entry_that_changed_meanwhile_is_left_alone(kind, read_first):
    user = await boot()
    at   = await mapped(user, kind, RW)
    await user.load(await user.mmap(4096, PROT_READ))
    if read_first:
        await user.load(at)
    ptep  = await pte_offset_map(user.cpu, user.task.mm, at)
    other = 0x8_0000_0000_0000 | USED | _PAGE_SPECIAL
    before = free_pages(user)
    Race(user, ptep, other)
    await fault(user, at, FAULT_FLAG_WRITE)
    assert await entry(user, at) == other
    assert free_pages(user) == before
