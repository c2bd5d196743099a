"""Stale translations of another processor: none is left when the kernel has changed an entry.

Each test has its counterpart with a kernel that forgets to ask the other processor, and there the
old page is seen: the machine does remember, and it is the flush that helps.
"""

import pytest

from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable_types import PAGING_64_L5
from sw.arch.x86.mm import tlb
from sw.include.linux.mman import (
    MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_READ,
    PROT_WRITE,
)
from sw.include.linux.signal_types import SEGV_ACCERR, SEGV_MAPERR, SIGSEGV, Signal
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.smp import on_each_cpu_cond_mask
from sw.user import User
from sw.variables import per_cpu_ptr

from .arch_support import EACH_PAGING
from .smp_support import Smp, beside, seeded, two_threads
from .user_support import file_of


SEEDS   = range(15)
OLD     = int.from_bytes(b"old page", "little")
NEW     = int.from_bytes(b"new page", "little")
SECRET  = int.from_bytes(b"secret!!", "little")


class Stale(Exception):
    """A processor used a translation that the kernel has taken back."""


@pytest.fixture
def forgetful(monkeypatch):
    """Let the kernel flush on its own processor only."""
    async def only_here(cpu, cond_func, func, info, mask):
        if cpu.number in mask:
            await on_each_cpu_cond_mask(cpu, cond_func, func, info, {cpu.number})

    monkeypatch.setattr(tlb, "on_each_cpu_cond_mask", only_here)


def seen_stale(scenario, paging):
    """Seeds with which a processor saw what it must not see."""
    stale = []
    for seed in SEEDS:
        try:
            scenario(seed, paging)
        except Stale:
            stale.append(seed)
    return stale


class Change:
    """Something that one processor does once, while another looks all the time."""

    def __init__(self):
        self.begun = self.over = False

    async def watched(self, cpu, thread, look, change):
        """Do ``change`` while the thread does ``look(late)``: late if the change was over before.

        The thread stops after some late looks, or when ``look`` returns true.
        """
        async def watch():
            late = 0
            while late < 3:
                over  = self.over
                late += over
                if await look(over):
                    break
                self.begun = True

        done = await beside(thread, watch)
        while not self.begun:
            await cpu.pause()
        await change()
        self.over = True
        await wait_for_completion(cpu, done)


def punch(seed, paging):
    """A private page of a file is written through /proc/self/mem, and read meanwhile."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        fd  = await file_of(user, OLD.to_bytes(8, "little") * 16)
        at  = await user.mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd)
        buf = await user.mmap(PAGE_SIZE)
        await user.store(buf, NEW)
        mem = await user.open("/proc/self/mem")
        assert await user.load(at) == OLD
        seen = []

        async def look(late):
            seen.append(await thread.load(at))
            assert seen[-1] in (OLD, NEW)
            if seen[-1] == OLD and (late or NEW in seen):
                raise Stale

        await Change().watched(cpu, thread, look, lambda: user.pwrite(mem, buf, 8, at))
        assert await user.load(at) == NEW
        assert await user.pread(fd, buf, 8, 0) == 8
        assert await user.load(buf) == OLD

    Smp(2, paging).run(main, seeded(seed))


def protect(seed, paging):
    """A page is made read-only while it is written."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await user.mmap(PAGE_SIZE)
        await user.store(at, 0)
        stores = []

        async def look(late):
            try:
                await thread.store(at, len(stores) + 1)
            except Signal as signal:
                assert (signal.signo, signal.si_code, signal.si_addr) == (SIGSEGV, SEGV_ACCERR, at)
                return True
            if late:
                raise Stale
            stores.append(len(stores) + 1)
            return False

        await Change().watched(cpu, thread, look, lambda: user.mprotect(at, PAGE_SIZE, PROT_READ))
        assert await user.load(at) == len(stores)

    Smp(2, paging).run(main, seeded(seed))


async def two_pages(cpu):
    """Two threads, and two pages of theirs, of which the first holds ``OLD``."""
    user, thread = await two_threads(cpu)
    at    = await user.mmap(PAGE_SIZE)
    other = await user.mmap(PAGE_SIZE, addr=0x10_0000)
    await user.store(other + 8, 0)
    await user.store(at, OLD)
    return user, thread, at, other


def reads_until_gone(thread, at):
    """A look at a page that holds ``OLD`` until it is not mapped any more."""
    async def look(late):
        try:
            value = await thread.load(at)
        except Signal as signal:
            assert (signal.signo, signal.si_code, signal.si_addr) == (SIGSEGV, SEGV_MAPERR, at)
            return True
        if late or value != OLD:
            raise Stale
        return False

    return look


def unmap(seed, paging):
    """A page is unmapped while it is read, and its frame is given to another."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at    = await user.mmap(2 * PAGE_SIZE)
        other = await user.mmap(PAGE_SIZE, addr=0x10_0000)
        for page in (at, at + PAGE_SIZE, other):
            await user.store(page + 8, 0)
        await user.store(at, OLD)

        async def change():
            await user.munmap(at, PAGE_SIZE)
            await user.mmap(PAGE_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, addr=other)
            await user.store(other, SECRET)

        await Change().watched(cpu, thread, reads_until_gone(thread, at), change)

    Smp(2, paging).run(main, seeded(seed))


def dontneed(seed, paging):
    """A page is dropped while it is read, and its frame is given to another."""
    async def main(cpu):
        user, thread, at, other = await two_pages(cpu)

        async def look(late):
            value = await thread.load(at)
            if value not in (0, OLD) or late and value:
                raise Stale
            return value == 0

        async def change():
            await user.madvise(at, PAGE_SIZE, MADV_DONTNEED)
            await user.madvise(other, PAGE_SIZE, MADV_DONTNEED)
            await user.store(other, SECRET)

        await Change().watched(cpu, thread, look, change)

    Smp(2, paging).run(main, seeded(seed))


def move(seed, paging):
    """A page is moved while it is read, and dropped at its new place; another gets its frame."""
    async def main(cpu):
        user, thread, at, other = await two_pages(cpu)
        place = 0x20_0000

        async def change():
            await user.mremap(at, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place)
            assert await user.load(place) == OLD
            await user.madvise(place, PAGE_SIZE, MADV_DONTNEED)
            await user.madvise(other, PAGE_SIZE, MADV_DONTNEED)
            await user.store(other, SECRET)

        await Change().watched(cpu, thread, reads_until_gone(thread, at), change)

    Smp(2, paging).run(main, seeded(seed))


def fork(seed, paging):
    """A process forks while a thread of it stores one number after the other."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at     = await user.mmap(PAGE_SIZE)
        words  = [at + 8 * i for i in range(512)]
        await user.store(at, 0)
        begun, bounds, family = [], [], []

        async def look(late):
            begun.append(True)
            await thread.store(words[len(begun) - 1], len(begun))
            return len(begun) == len(words)

        async def change():
            bounds.append(len(begun))
            family.append(await user.fork())
            bounds.append(len(begun))

        await Change().watched(cpu, thread, look, change)
        child, = family
        assert [await user.load(word) for word in words[:len(begun)]] == [
            i + 1 for i in range(len(begun))]
        copied = [await child.load(word) for word in words]
        count  = next((i for i, value in enumerate(copied) if value == 0), len(words))
        assert copied == [i + 1 for i in range(count)] + [0] * (len(words) - count)
        assert count >= bounds[0] - 1
        if count > bounds[1]:
            raise Stale  # stores of the parent after the fork are in the child

    Smp(2, paging).run(main, seeded(seed))


def leave(seed, paging):
    """A page becomes read-only while the processor that has written it is in another process."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        stranger = (await User.create(cpu)).on(thread.cpu)
        at       = await user.mmap(PAGE_SIZE)
        other    = await stranger.mmap(PAGE_SIZE)

        async def on_the_other(program):
            return await wait_for_completion(cpu, await beside(thread, program))

        async def stores():
            try:
                await thread.store(at, NEW)
            except Signal as signal:
                return signal.si_code
            return None

        assert await on_the_other(stores) is None
        await on_the_other(lambda: stranger.load(other))
        await user.mprotect(at, PAGE_SIZE, PROT_READ)
        if await on_the_other(stores) != SEGV_ACCERR:
            raise Stale

    Smp(2, paging).run(main, seeded(seed))


CASES = pytest.mark.parametrize("scenario", [punch, protect, unmap, dontneed, move, fork])


@pytest.mark.slow
@CASES
@EACH_PAGING
def test_no_processor_sees_the_old_page_once_the_kernel_has_changed_it(paging, scenario):
    assert seen_stale(scenario, paging) == []


@pytest.mark.slow
@CASES
@EACH_PAGING
def test_without_the_flush_on_other_processors_one_does(paging, scenario, forgetful):
    assert seen_stale(scenario, paging)


@EACH_PAGING
def test_nor_does_one_that_comes_back_from_another_process(paging):
    assert seen_stale(leave, paging) == []


def test_with_pcids_it_does_if_the_kernel_does_not_count_flushes(monkeypatch):
    def never_behind(cpu, next_, next_tlb_gen):
        asid, need_flush = choose(cpu, next_, next_tlb_gen)
        known = per_cpu_ptr(tlb.cpu_tlbstate, cpu).ctxs[asid].ctx_id == next_.context.ctx_id
        return asid, need_flush and not known

    choose = tlb.choose_new_asid
    monkeypatch.setattr(tlb, "choose_new_asid", never_behind)
    assert seen_stale(leave, PAGING_64_L5)
