"""An access below a stack makes it grow: through /proc/<pid>/mem, and by the program."""

import pytest

from sw.errno import Errno
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.resource import RLIMIT_STACK, rlimit
from sw.include.linux.signal_types import SEGV_MAPERR, Signal
from sw.mm.mmap.find import vma_lookup

from .user_support import EACH_ERA, EACH_PAGING, boot, filled, raises_errno, runs


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
MEM  = "/proc/self/mem"


@pytest.mark.parametrize("call", ["pread", "pwrite"])
@pytest.mark.parametrize("below, grows", [(8, True), (16 * 4096, True), (64 << 20, False)])
@EACH_ERA
@runs
async def test_a_stack_grows_by_exactly_the_distance(below, grows, call, era):
    user  = await boot(era=era)
    buf   = await filled(user)
    mem   = await user.open(MEM)
    stack = await user.mmap(2 * 4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000_0000)
    start = stack - below & ~4095
    if grows:
        assert await getattr(user, call)(mem, buf, 8, stack - below) == 8
        assert vma_lookup(user.task.mm, stack).vm_start == start
        assert await user.load(start) == (0xABCD if call == "pwrite" and start == stack - below
                                          else 0)
    else:
        with raises_errno(Errno.EIO):
            await getattr(user, call)(mem, buf, 8, stack - below)
        assert vma_lookup(user.task.mm, stack).vm_start == stack


@pytest.mark.parametrize("prot, flags, gap, grows", [
    (RW,        ANON,                 256, True),
    (RW,        ANON,                 255, False),
    (PROT_READ, ANON,                 1,   False),
    (PROT_NONE, ANON,                 1,   True),
    (RW,        ANON | MAP_GROWSDOWN, 1,   True),
])
@runs
async def test_the_neighbour_below_a_stack(prot, flags, gap, grows):
    user  = await boot()
    buf   = await filled(user)
    mem   = await user.open(MEM)
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000_0000)
    await user.mmap(4096, prot, flags | MAP_FIXED, addr=stack - 4096 * (gap + 2))
    if grows:
        assert await user.pwrite(mem, buf, 8, stack - 4096) == 8
    else:
        with raises_errno(Errno.EIO):
            await user.pwrite(mem, buf, 8, stack - 4096)


@runs
async def test_the_limit_of_a_stack_is_the_writers():
    user   = await boot()
    buf    = await filled(user)
    stack  = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN)
    child  = await user.fork()
    mem    = await user.open(f"/proc/{child.pid}/mem")
    user.task.signal.rlim[RLIMIT_STACK] = rlimit(2 * 4096, 2 * 4096)
    assert await user.pwrite(mem, buf, 8, stack - 4096) == 8
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 8, stack - 8192)
    await child.store(stack - 8192, 1)


@runs
async def test_nothing_grows_below_the_lowest_address():
    user  = await boot()
    buf   = await filled(user)
    mem   = await user.open(MEM)
    await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x1_0000)
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 8, 0xF000)


@EACH_ERA
@runs
async def test_a_write_that_begins_above_a_hole_may_grow_the_stack_behind_it(era):
    user  = await boot(era=era)
    buf   = await filled(user)
    mem   = await user.open(MEM)
    await user.mmap(4096, PROT_NONE, ANON | MAP_FIXED, addr=0x7000_0000_0000 - 3 * 4096)
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000_0000)
    assert await user.pwrite(mem, buf, 4096, stack - 2 * 4096 - 8) == 4096
    assert await user.load(stack - 2 * 4096) == 0
    assert vma_lookup(user.task.mm, stack).vm_start == stack - 2 * 4096


# The program's own accesses: the same rules

@pytest.mark.parametrize("below, grows", [
    (8, True), (16 * 4096, True), (8 << 20, False), (64 << 20, False),
])
@EACH_PAGING
@runs
async def test_a_store_below_a_stack(below, grows, paging):
    user  = await boot(paging)
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000)
    if grows:
        await user.store(stack - below, 7, 4)
        assert await user.load(stack - below, 4) == 7
    else:
        with pytest.raises(Signal) as caught:
            await user.store(stack - below, 7, 4)
        assert (caught.value.si_code, caught.value.error_code) == (SEGV_MAPERR, 0x6)
    start = stack - below & ~4095 if grows else stack
    assert vma_lookup(user.task.mm, stack).vm_start == start
    assert user.task.mm.mmap_lock.readers == []
