"""What a fault saw may have changed by the time it has the lock: it looks again.

And what a file says when it is asked whether a page may become writable: it may have found by then
that the page is not the file's any more (VM_FAULT_NOPAGE).
"""

from dataclasses import replace

import pytest

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import ptep_get_and_clear
from sw.bus import Access, Kind
from sw.era import ERA_5_X, ERA_6_X
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.mm_types import FAULT_FLAG_WRITE, VM_FAULT_NOPAGE, VM_FAULT_SIGBUS
from sw.include.linux.mman import PROT_READ, PROT_WRITE
from sw.kernel.sched.completion import wait_for_completion
from sw.mm.mmap.find import vma_lookup
from sw.mm.page_alloc import nr_free_pages
from sw.mm.pgtable_generic import pte_offset_map
from sw.user import User

from .smp_support import Smp, beside, seeded, two_threads
from .user_support import EACH_ERA, boot, contents, entry, fault, frame, free_pages, mapped, runs


RW = PROT_READ | PROT_WRITE


# handle_pte_fault

@pytest.mark.parametrize("era", [ERA_5_X, ERA_6_X], ids=lambda era: era.name)
@pytest.mark.parametrize("seed", range(24))
def test_two_threads_that_store_to_a_page_shared_by_fork_never_reach_the_child(era, seed):
    """One copies the page. The other, which has seen the old entry, is then alone in using it."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at    = await user.mmap(PAGE_SIZE)
        await user.store(at, 5)
        child = await user.fork()
        free  = nr_free_pages(cpu)
        begun = []

        async def other():
            begun.append(True)
            await thread.store(at + 8, 7)

        done = await beside(thread, other)
        while not begun:
            await cpu.pause()
        await user.store(at, 6)
        await wait_for_completion(cpu, done)
        assert free - nr_free_pages(cpu) == 1
        assert [await user.load(at), await user.load(at + 8)] == [6, 7]
        assert [await child.load(at), await child.load(at + 8)] == [5, 0]
        for owner in (user, child):
            page = await frame(owner, at)
            assert (page.refcount, page.mapcount) == (1, 1)

    Smp(era=era).run(main, seeded(seed))


class ChangedAfterLook:
    """Change an entry once, as another processor would, right after its first load."""

    def __init__(self, user: User, ptep: int, pte: int):
        self.bus     = user.cpu.bus
        self.change  = (ptep, pte)
        self._access = self.bus.access
        self.bus.access = self.access

    async def access(self, access):
        answer = await self._access(access)
        if self.change and access.linear == self.change[0]:
            (ptep, pte), self.change = self.change, None
            await self._access(Access(ptep, 8, Kind.WRITE, data=pte))
        return answer


@pytest.mark.parametrize("kind, prot", [
    ("anon",        RW),          # the zero page, to be copied
    ("anon",        PROT_READ),
    ("file",        RW),          # the file's page, to be copied
    ("shared file", RW),          # the file's page, to become writable
])
@EACH_ERA
@runs
async def test_an_entry_that_changes_before_the_lock_is_taken_is_left_alone(era, kind, prot):
    user = await boot(era=era)
    at   = await mapped(user, kind, prot)
    await user.load(at)
    ptep   = await pte_offset_map(user.cpu, user.task.mm, at)
    other  = await entry(user, at) ^ 1 << PAGE_SHIFT     # another frame
    before = free_pages(user)
    ChangedAfterLook(user, ptep, other)
    assert await fault(user, at, FAULT_FLAG_WRITE) == 0
    assert await entry(user, at) == other
    assert free_pages(user) == before
    assert user.task.mm.page_table_lock.holder is None


@EACH_ERA
@runs
async def test_a_page_of_a_file_that_somebody_else_has_mapped_meanwhile_is_given_back(era):
    user = await boot(era=era)
    at   = await mapped(user, "file", PROT_READ)
    await user.store(await user.mmap(PAGE_SIZE), 1)      # the tables are there
    page = rootfs(user.cpu)["/file"].i_mapping.i_pages[0]
    ptep = await pte_offset_map(user.cpu, user.task.mm, at)
    refs = page.refcount
    ChangedAfterLook(user, ptep, 0x8_0000_0000_0001)
    assert await fault(user, at, 0) == VM_FAULT_NOPAGE
    assert await entry(user, at) == 0x8_0000_0000_0001
    assert (page.refcount, page.mapcount) == (refs, 0)
    assert user.task.mm.page_table_lock.holder is None


# page_mkwrite

def let_file_say(user: User, at: int, page_mkwrite) -> None:
    """Let the file of a mapping answer by ``page_mkwrite``."""
    vma = vma_lookup(user.task.mm, at)
    vma.vm_ops = replace(vma.vm_ops, page_mkwrite=page_mkwrite)


@pytest.mark.parametrize("ret", [VM_FAULT_NOPAGE, VM_FAULT_SIGBUS])
@pytest.mark.parametrize("present", [False, True])
@EACH_ERA
@runs
async def test_a_page_that_its_file_does_not_let_go_stays_as_it_is(era, present, ret):
    user = await boot(era=era)
    at   = await mapped(user, "shared file", RW)
    page = rootfs(user.cpu)["/file"].i_mapping.i_pages[0]
    if present:
        await user.load(at)
    page.dirty = False
    before, counts = await entry(user, at), (page.refcount, page.mapcount)

    async def page_mkwrite(cpu, vmf):
        assert current(cpu_online_mask(cpu)[0]).mm.page_table_lock.holder is None
        assert vmf.page is page and page.refcount == counts[0] + 1
        return ret

    let_file_say(user, at, page_mkwrite)
    assert await fault(user, at, FAULT_FLAG_WRITE) == ret
    assert await entry(user, at) == before
    assert (page.refcount, page.mapcount, page.dirty) == (*counts, False)
    assert user.task.mm.page_table_lock.holder is None


@EACH_ERA
@runs
async def test_a_store_that_the_file_sends_back_is_done_again(era):
    user = await boot(era=era)
    at   = await mapped(user, "shared file", RW)
    said = [VM_FAULT_NOPAGE, VM_FAULT_NOPAGE, 0]

    async def page_mkwrite(cpu, vmf):
        return said.pop(0)

    let_file_say(user, at, page_mkwrite)
    faults = user.task.min_flt
    await user.store(at, 0x55, 1)
    assert said == [] and user.task.min_flt == faults + 3
    assert contents(user, await frame(user, at), 4) == b"\x55age"


@EACH_ERA
@runs
async def test_a_page_that_is_unmapped_while_its_file_is_asked_is_not_mapped_again(era):
    user = await boot(era=era)
    at   = await mapped(user, "shared file", RW)
    await user.load(at)
    ptep = await pte_offset_map(user.cpu, user.task.mm, at)
    page = await frame(user, at)

    async def page_mkwrite(cpu, vmf):
        await ptep_get_and_clear(cpu, user.task.mm, at, ptep)
        return 0

    let_file_say(user, at, page_mkwrite)
    page.dirty = False
    assert await fault(user, at, FAULT_FLAG_WRITE) == VM_FAULT_NOPAGE
    assert await entry(user, at) == 0
    assert (page.refcount, page.dirty) == (2, False)   # the cache's, and the lost entry's
    assert user.task.mm.page_table_lock.holder is None
