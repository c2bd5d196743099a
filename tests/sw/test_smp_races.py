"""Two processors in the same function of the kernel, for the same page, file or frame."""

import contextlib

import pytest

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE,
)
from sw.era import ERA_5_X, ERA_6_X
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.fs import O_APPEND, O_CREAT, O_RDWR, O_WRONLY
from sw.include.linux.mman import PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import Killed
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.core import context_switch
from sw.kernel.sched.idle import start_on
from sw.kernel.trace.ftrace import ret_stack
from sw.mm.init_mm import init_mm
from sw.mm.page_alloc import GFP_KERNEL, alloc_page, nr_free_pages
from sw.user import User
from sw.variables import per_cpu_ptr

from .arch_support import idle_task
from .smp_support import THREAD, Smp, beside, seeded, two_threads
from .user_support import contents, file_of, frame, mapped


SEEDS = pytest.mark.parametrize("seed", range(12))
RW    = PROT_READ | PROT_WRITE
MIB   = 1 << 20


async def both(user, thread, one, other):
    """Do ``one`` here and ``other`` on the other processor, at the same time."""
    started = []

    async def program():
        started.append(True)
        return await other()

    done = await beside(thread, program)
    while not started:
        await user.cpu.pause()
    return await one(), await wait_for_completion(user.cpu, done)


async def pages_taken(user, action):
    """Number of frames that ``action`` takes."""
    before = nr_free_pages(user.cpu)
    await action()
    return before - nr_free_pages(user.cpu)


@SEEDS
@pytest.mark.parametrize("kind, taken", [
    ("anon", 1), ("file", 1), ("shared file", 0), ("shared anon", 1),
])
def test_two_first_stores_to_a_page_make_one_page(kind, taken, seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await mapped(user, kind, RW)
        await user.store(await user.mmap(PAGE_SIZE), 1)  # so that the tables are there
        assert await pages_taken(user, lambda: both(
            user, thread, lambda: user.store(at, 1), lambda: thread.store(at + 8, 2))) == taken
        assert [await user.load(at), await user.load(at + 8)] == [1, 2]
        page = await frame(user, at)
        assert page.mapcount == 1
        assert page.refcount == (1 if page.anon else 2)

    Smp().run(main, seeded(seed))


@SEEDS
@pytest.mark.parametrize("era", [ERA_5_X, ERA_6_X], ids=lambda era: era.name)
@pytest.mark.parametrize("kind", ["anon", "file"])
def test_two_stores_to_a_page_that_was_only_read_make_one_copy(kind, era, seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await mapped(user, kind, RW)
        await user.load(at)
        assert await pages_taken(user, lambda: both(
            user, thread, lambda: user.store(at, 1), lambda: thread.store(at + 8, 2))) == 1
        assert [await user.load(at), await user.load(at + 8)] == [1, 2]
        page = await frame(user, at)
        assert page.anon and (page.mapcount, page.refcount) == (1, 1)

    Smp(era=era).run(main, seeded(seed))


@SEEDS
def test_a_page_that_a_fork_shared_is_copied_for_one_and_kept_by_the_other(seed):
    async def main(cpu):
        parent = await User.create(cpu)
        at     = await parent.mmap(PAGE_SIZE)
        await parent.store(at, 5)
        child  = (await parent.fork()).on(cpu_online_mask(cpu)[1])
        await both(parent, child, lambda: parent.store(at, 6), lambda: child.store(at + 8, 7))
        assert [await parent.load(at), await parent.load(at + 8)] == [6, 0]
        pages = [await frame(user, at) for user in (parent, child)]
        assert pages[0] is not pages[1]
        assert [(page.refcount, page.mapcount) for page in pages] == [(1, 1)] * 2
        assert contents(parent, pages[1], 16) == bytes([5, *bytes(7), 7, *bytes(7)])

    Smp().run(main, seeded(seed))


@SEEDS
def test_two_stores_that_need_the_same_new_tables_make_each_table_once(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await user.mmap(2 * PAGE_SIZE, addr=1 << 40)
        assert await pages_taken(user, lambda: both(
            user, thread, lambda: user.store(at, 1),
            lambda: thread.store(at + PAGE_SIZE, 2))) == 3 + 2
        assert [await user.load(at), await user.load(at + PAGE_SIZE)] == [1, 2]

    Smp().run(main, seeded(seed))


@SEEDS
def test_a_page_of_a_file_is_read_into_the_cache_once(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        buf = await user.mmap(2 * PAGE_SIZE)
        for page in (buf, buf + PAGE_SIZE):
            await user.store(page, 1)
        fd = await user.open("/file", O_CREAT | O_RDWR, 0o644)
        await user.pwrite(fd, buf, 1, 3 * PAGE_SIZE)
        assert await pages_taken(user, lambda: both(
            user, thread, lambda: user.pread(fd, buf, 8, 8),
            lambda: thread.pread(fd, buf + PAGE_SIZE, 8, 16))) == 1
        cache = rootfs(cpu)["/file"].i_mapping.i_pages
        assert {index: page.refcount for index, page in cache.items()} == {0: 1, 3: 1}

    Smp().run(main, seeded(seed))


@SEEDS
@pytest.mark.parametrize("same_file", [True, False])
def test_what_two_write_at_the_end_is_one_behind_the_other(same_file, seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        buf = await user.mmap(PAGE_SIZE)
        await user.store_bytes(buf, b"a" * 600 + b"b" * 600)
        flags = O_CREAT | O_WRONLY | (0 if same_file else O_APPEND)
        one   = await user.open("/file", flags, 0o666)
        other = one if same_file else await user.open("/file", flags)
        assert await both(user, thread, lambda: user.write(one, buf, 600),
                          lambda: thread.write(other, buf + 600, 600)) == (600, 600)
        fd = await user.open("/file", O_RDWR)
        assert await user.read(fd, buf, PAGE_SIZE) == 1200
        assert await user.load_bytes(buf, 1200) in (
            b"a" * 600 + b"b" * 600, b"b" * 600 + b"a" * 600)

    Smp().run(main, seeded(seed))


@SEEDS
def test_a_file_that_is_closed_while_it_is_read_is_read_to_the_end(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        child = await user.fork()
        at    = await child.mmap(PAGE_SIZE)
        await child.store(at, 5)
        buf = await user.mmap(PAGE_SIZE)
        await user.store(buf, 1)
        fd  = await user.open(f"/proc/{child.pid}/mem")
        mm  = child.task.mm

        done = await beside(thread, lambda: thread.pread(fd, buf, 8, at))
        while "mem_rw" not in per_cpu_ptr(ret_stack, thread.cpu) and not done.done:
            await cpu.pause()
        await user.close(fd)
        assert mm.mm_count == (2 if "mem_rw" in per_cpu_ptr(ret_stack, thread.cpu) else 1)
        assert await wait_for_completion(cpu, done) == 8
        assert await user.load(buf) == 5
        assert mm.mm_count == 1

    Smp().run(main, seeded(seed))


@SEEDS
def test_no_frame_is_given_to_two(seed):
    async def take(cpu):
        return [(await alloc_page(cpu, GFP_KERNEL | zero)).pfn for zero in (0, 0x100) * 10]

    async def main(cpu):
        done  = await start_on(cpu, cpu_online_mask(cpu)[1], take)
        mine  = await take(cpu)
        taken = mine + await wait_for_completion(cpu, done)
        assert len(set(taken)) == 40

    Smp().run(main, seeded(seed))


async def busy(user, turns, dice):
    """Use memory in many ways."""
    for turn in range(turns):
        at = await user.mmap(3 * PAGE_SIZE)
        await user.store(at, turn)
        await user.store(at + PAGE_SIZE, turn)
        child = await user.fork() if turn % 3 == dice else None
        await user.mprotect(at, PAGE_SIZE, PROT_READ)
        mem = await user.open("/proc/self/mem")
        await user.pwrite(mem, at + PAGE_SIZE, 8, at)
        await user.close(mem)
        assert await user.load(at) == turn
        if child is not None:
            await child.store(at + PAGE_SIZE, 7)
            assert await user.load(at + PAGE_SIZE) == turn
            await child.exit()
            assert await user.wait(child.pid) == child.pid
        await user.munmap(at, 3 * PAGE_SIZE)


async def ends(user):
    """End a process, or a thread of one that has ended already."""
    with contextlib.suppress(Killed):
        await user.exit()


@pytest.mark.slow
@SEEDS
@pytest.mark.parametrize("paging, threads", [
    (PAGING_64, True), (PAGING_64, False), (PAGING_32, True), (PAGING_PAE, True),
    (PAGING_PAE, False), (PAGING_64_L5, True), (PAGING_64_L5, False),
], ids=["threads", "processes", "32-bit threads", "PAE threads", "PAE processes",
        "5-level threads", "5-level processes"])
def test_every_frame_comes_back_from_two_who_are_busy(paging, threads, seed):
    async def main(cpu):
        before = nr_free_pages(cpu)
        user   = await User.create(cpu)
        other  = await (user.clone(THREAD) if threads else user.fork())
        other  = other.on(cpu_online_mask(cpu)[1])
        await both(user, other, lambda: busy(user, 4, 0), lambda: busy(other, 4, 1))
        await both(user, other, lambda: ends(user), lambda: ends(other))
        await context_switch(cpu, current(cpu), idle_task(cpu))
        borrowed = {idle_task(other).active_mm for other in cpu_online_mask(cpu)} - {init_mm(cpu)}
        kept = len(borrowed)      # root tables
        if paging.X86_PAE:        # two roots in one frame; each has two directories left of three
            kept = (len(borrowed) > 0) + 2 * len(borrowed)
        assert nr_free_pages(cpu) == before - kept
        assert init_pid_ns(cpu).tasks == {}

    highmem = {"highmem_bytes": 8 * MIB} if paging.PKMAP_BASE else {}
    Smp(2, paging, 9 * MIB if highmem else MIB, **highmem).run(main, seeded(seed))


@SEEDS
def test_a_file_is_punched_by_one_and_mapped_by_the_other(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        data = b"the file" * 100
        fd   = await file_of(user, data)
        one  = await user.mmap(PAGE_SIZE, PROT_READ, 2, fd)
        buf  = await user.mmap(PAGE_SIZE)
        await user.store_bytes(buf, b"punched!")
        mem  = await user.open("/proc/self/mem")
        await both(user, thread, lambda: user.pwrite(mem, buf, 8, one),
                   lambda: thread.load_bytes(one + 8, 64))
        assert await user.load_bytes(one, 16) == b"punched!the file"
        assert contents(user, rootfs(cpu)["/file"].i_mapping.i_pages[0], 8) == b"the file"

    Smp().run(main, seeded(seed))
