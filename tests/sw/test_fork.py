"""fork(): what is shared, what is copied, and who gets the old frame."""

import pytest

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_young
from sw.arch.x86.include.asm.pgtable_types import _PAGE_ACCESSED, _PAGE_RW
from sw.bus import Register
from sw.errno import Errno
from sw.include.linux.fs import O_CREAT, O_RDWR, SEEK_CUR
from sw.include.linux.mm import VM_DONTCOPY, VM_WIPEONFORK
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import SIG_IGN, SIGSEGV, Killed, Signal
from sw.kconfig import kconfig
from sw.kernel.fork.clone import CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.pid import init_pid_ns
from sw.kernel.signal.action import do_sigaction
from sw.mm.gup.pages import get_user_pages_remote
from sw.mm.page_alloc import node_zones
from sw.user import User

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, contents, entry, frame, free_pages, raises_errno, runs,
    runs_holding,
)


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS


async def written(user: User, prot: int = RW, flags: int = ANON) -> int:
    """Map a page, store to it, and give it the protection ``prot``."""
    at = await user.mmap(4096, RW, flags)
    await user.store(at, 0x1111)
    if prot != RW:
        await user.mprotect(at, 4096, prot)
    return at


@EACH_PAGING
@EACH_ERA
@runs
async def test_parent_and_child_see_their_own_stores_only(era, paging):
    user  = await boot(paging, era=era)
    at    = await written(user)
    child = await user.fork()
    assert await child.load(at) == 0x1111
    await child.store(at, 0x2222)
    await user.store(at, 0x3333)
    assert (await user.load(at), await child.load(at)) == (0x3333, 0x2222)


@EACH_PAGING
@EACH_ERA
@runs
async def test_a_writable_private_page_becomes_read_only_for_both(era, paging):
    user   = await boot(paging, era=era)
    at     = await written(user)
    shared = await frame(user, at)
    child  = await user.fork()
    for process in (user, child):
        assert await frame(process, at) is shared
        pte = await entry(process, at)
        assert not pte & _PAGE_RW and pte_dirty(kconfig(user.cpu).paging, pte)
    assert (shared.refcount, shared.mapcount, shared.anon_exclusive) == (2, 2, False)
    assert pte_young(await entry(user, at)) and not pte_young(await entry(child, at))


@runs
async def test_the_entry_of_a_read_only_page_is_the_same_and_only_exclusive_is_lost():
    user  = await boot()
    at    = await written(user, PROT_READ)
    child = await user.fork()
    assert await entry(user, at) == await entry(child, at) | _PAGE_ACCESSED
    assert not (await frame(user, at)).anon_exclusive


@pytest.mark.parametrize("first", ["user", "child"])
@EACH_ERA
@runs
async def test_the_first_to_store_copies_and_the_last_one_reuses(first, era):
    user    = await boot(era=era)
    at      = await written(user)
    shared  = await frame(user, at)
    child   = await user.fork()
    one, other = (user, child) if first == "user" else (child, user)
    await one.store(at, 2)
    assert await frame(one, at) is not shared
    assert (shared.refcount, shared.mapcount) == (1, 1)
    await other.store(at, 3)
    assert await frame(other, at) is shared and shared.anon_exclusive
    assert contents(user, shared, 8) == (3).to_bytes(8, "little")


@pytest.mark.parametrize("prot", [PROT_READ, RW])
@pytest.mark.parametrize("target", ["user", "child"])
@EACH_ERA
@runs_holding
async def test_a_forced_write_by_the_parent_gives_the_new_frame_to_its_target(target, prot, era):
    user   = await boot(era=era)
    at     = await written(user, prot)
    shared = await frame(user, at)
    child  = await user.fork()
    who, other = (user, child) if target == "user" else (child, user)
    got, = await get_user_pages_remote(user.cpu, who.task.mm, at, 1, FOLL_WRITE | FOLL_FORCE)
    assert await frame(who, at) is got is not shared
    assert await frame(other, at) is shared


@EACH_PAGING
@runs
async def test_the_parent_is_flushed_once_and_afterwards(paging):
    user  = await boot(paging)
    pages = [await written(user) for _ in range(3)]
    await user.mmap(4096, PROT_READ)
    user.cpu.bus.log.clear()
    child = await user.fork()
    assert [entry[:2] for entry in user.cpu.bus.log if entry[1] is Register.CR3] == [
        ("write", Register.CR3)]
    for at in pages:  # no stale translation is left to store through
        await user.store(at, 5)
        assert await child.load(at) == 0x1111


@runs
async def test_pages_of_files_are_found_again_by_faults():
    user   = await boot()
    fd     = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    buf    = await written(user)
    await user.write(fd, buf, 8)
    at     = await user.mmap(4096, RW, MAP_PRIVATE, fd)
    await user.load(at)
    cached = await frame(user, at)
    child  = await user.fork()
    assert await entry(child, at) == 0
    assert await child.load(at) == 0x1111
    assert await frame(child, at) is cached


@EACH_ERA
@runs
async def test_shared_memory_stays_shared(era):
    user  = await boot(era=era)
    at    = await written(user, flags=MAP_SHARED | MAP_ANONYMOUS)
    child = await user.fork()
    assert await entry(child, at) == 0
    await child.store(at, 0x2222)
    assert await user.load(at) == 0x2222
    assert await frame(user, at) is await frame(child, at)


@runs
async def test_untouched_pages_are_not_made():
    user   = await boot()
    at     = await user.mmap(2 * 4096)
    await user.load(at)
    before = free_pages(user)
    child  = await user.fork()
    assert before - free_pages(user) == 1  # the root table: nothing private was written
    assert await child.load(at) == 0


@pytest.mark.parametrize("flag, mapped, value", [
    (VM_DONTCOPY,   False, None),
    (VM_WIPEONFORK, True,  0),
])
@runs
async def test_mappings_that_a_child_does_not_inherit(flag, mapped, value):
    user  = await boot()
    at    = await written(user)
    user.task.mm.mmap[0].vm_flags |= flag
    child = await user.fork()
    assert bool(child.task.mm.mmap) is mapped
    if mapped:
        assert await child.load(at) == value
    else:
        with pytest.raises(Signal):
            await child.load(at)


@runs
async def test_a_failed_fork_leaves_nothing_behind():
    user = await boot()
    at   = await written(user)
    full = free_pages(user)
    for zone in node_zones(user.cpu):
        zone.end_pfn, zone.free_list = zone.next_pfn + 2, []
    left = free_pages(user)
    assert left < full
    with raises_errno(Errno.ENOMEM):
        await user.fork()
    assert free_pages(user) == left
    assert list(init_pid_ns(user.cpu).tasks) == [user.pid]
    assert user.task.mm.mmap_lock.writer is None
    await user.store(at, 2)


# Threads, descriptors

@runs
async def test_a_thread_shares_memory_descriptors_and_handlers():
    user   = await boot()
    at     = await written(user)
    thread = await user.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
    assert (thread.task.mm, thread.task.files, thread.task.tgid) == (
        user.task.mm, user.task.files, user.pid)
    await thread.store(at, 7)
    assert await user.load(at) == 7
    with pytest.raises(Signal):
        await thread.load(0)


@runs
async def test_the_death_of_one_thread_is_the_death_of_all():
    user   = await boot()
    thread = await user.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
    await thread.exit()
    with pytest.raises(Killed):
        await user.load(0)
    assert init_pid_ns(user.cpu).tasks == {}


@runs
async def test_memory_lives_as_long_as_its_last_thread():
    user   = await boot()
    at     = await written(user)
    other  = await user.clone(CLONE_VM)
    await other.exit()
    assert await user.load(at) == 0x1111


@runs
async def test_parent_and_child_share_the_position_of_an_open_file():
    user  = await boot()
    buf   = await written(user)
    fd    = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    child = await user.fork()
    await child.write(fd, buf, 5)
    assert await user.lseek(fd, 0, SEEK_CUR) == 5
    await child.close(fd)
    assert await user.lseek(fd, 0, SEEK_CUR) == 5


@runs
async def test_a_file_is_closed_with_its_last_descriptor():
    user  = await boot()
    fd    = await user.open("/proc/self/mem")
    child = await user.fork()
    mm    = user.task.mm
    await child.close(fd)
    assert mm.mm_count == 2   # its users, and the open file
    await user.close(fd)
    assert mm.mm_count == 1


# Exit and wait

@runs
async def test_wait_tells_of_dead_children_once():
    user  = await boot()
    with raises_errno(Errno.ECHILD):
        await user.wait()
    child = await user.fork()
    assert await user.wait() == 0
    await child.exit(3)
    assert child.task.exit_code == 0x300
    assert await user.wait(child.pid) == child.pid
    with raises_errno(Errno.ECHILD):
        await user.wait(child.pid)


@runs
async def test_orphans_vanish_when_they_die():
    user  = await boot()
    child = await user.fork()
    grand = await child.fork()
    await child.exit()
    await grand.exit()
    await user.wait()
    assert list(init_pid_ns(user.cpu).tasks) == [user.pid]


@EACH_ERA
@runs
async def test_the_last_user_of_a_page_gets_it_back(era):
    user  = await boot(era=era)
    at    = await written(user)
    own   = await frame(user, at)
    child = await user.fork()
    await child.exit()
    assert own.refcount == own.mapcount == 1
    await user.store(at, 9)
    assert await frame(user, at) is own


@runs
async def test_a_child_holds_the_files_of_its_mappings_until_it_exits():
    user = await boot()
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o644)
    filp = user.task.files.fdt[fd]
    await user.mmap(4096, RW, MAP_SHARED, fd)
    await user.close(fd)
    assert filp.f_count == 1
    child = await user.fork()
    assert filp.f_count == 2
    await child.exit()
    assert filp.f_count == 1


@runs
async def test_a_child_that_shares_the_descriptors_leaves_them_open():
    user  = await boot()
    child = await user.clone(CLONE_FILES)
    assert user.task.files is child.task.files and user.task.files.count == 2
    await child.exit()
    assert user.task.files.count == 1


@runs
async def test_a_child_is_as_dumpable_as_its_parent():
    user = await boot()
    user.task.mm.dumpable = 0
    child = await user.fork()
    assert child.task.mm.dumpable == 0 and child.task.mm.mmap_base == user.task.mm.mmap_base


@pytest.mark.parametrize("flags, shared", [(0, False), (CLONE_VM, False),
                                           (CLONE_VM | CLONE_SIGHAND, True)])
@runs
async def test_dispositions_of_signals_are_copied_unless_they_are_shared(flags, shared):
    user  = await boot()
    child = await user.clone(flags)
    assert child.task.sighand.action == user.task.sighand.action != {}
    await child.mmap(4096)  # the child is the current task
    do_sigaction(child.cpu, SIGSEGV, SIG_IGN)
    assert (user.task.sighand.action[SIGSEGV] == SIG_IGN) is shared
