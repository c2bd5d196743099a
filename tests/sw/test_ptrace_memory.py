"""ptrace(): words of a tracee's memory, whatever its mappings forbid."""

import pytest

from sw.errno import Errno
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_SHARED, PROT_NONE, PROT_READ
from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_CONT, PTRACE_DETACH, PTRACE_PEEKDATA, PTRACE_POKEDATA,
)

from .ptrace_support import attached, wait
from .user_support import EACH_PAGING, boot, filled, raises_errno, runs


@pytest.mark.parametrize("prot", [PROT_READ, PROT_NONE])
@pytest.mark.parametrize("shared", [False, True])
@EACH_PAGING
@runs
async def test_words_are_read_whatever_the_mapping_forbids(prot, shared, paging):
    user  = await boot(paging)
    flags = MAP_ANONYMOUS | MAP_SHARED if shared else 0x22
    at    = await user.mmap(4096, 3, flags)
    await user.store(at + 8, 0x1234_5678_9ABC)
    child = await user.fork()
    await child.mprotect(at, 4096, prot)
    await user.ptrace(PTRACE_ATTACH, child.pid)
    word  = paging.address_mask
    assert await user.peek(child.pid, at + 8) == 0x1234_5678_9ABC & word
    if shared:
        with raises_errno(Errno.EIO):
            await user.ptrace(PTRACE_POKEDATA, child.pid, at + 8, 1)
    else:
        await user.ptrace(PTRACE_POKEDATA, child.pid, at + 8, 0xFEED)
        assert await user.peek(child.pid, at + 8) == 0xFEED
        assert await user.load(at + 8) == 0x1234_5678_9ABC     # the child has a page of its own


@runs
async def test_a_word_is_written_as_far_as_it_can_be_though_the_call_fails():
    user  = await boot()
    at    = await user.mmap(8192)
    await user.store_bytes(at, bytes(8192))
    await user.munmap(at + 4096, 4096)
    child = await user.fork()
    await user.ptrace(PTRACE_ATTACH, child.pid)
    with raises_errno(Errno.EIO):
        await user.ptrace(PTRACE_POKEDATA, child.pid, at + 4092, 0x8877_6655_4433_2211)
    assert await user.peek(child.pid, at + 4088) == 0x4433_2211_0000_0000
    with raises_errno(Errno.EIO):
        await user.peek(child.pid, at + 4092)


@runs
async def test_a_debugger_plants_a_breakpoint_and_takes_it_away():
    user  = await boot()
    code  = await user.mmap(4096)
    await user.store(code, 0x9090)
    await user.mprotect(code, 4096, 5)
    child = await user.fork()
    await user.ptrace(PTRACE_ATTACH, child.pid)
    old = await user.peek(child.pid, code)
    await user.ptrace(PTRACE_POKEDATA, child.pid, code, old & ~0xFF | 0xCC)
    await user.ptrace(PTRACE_CONT, child.pid)
    assert await child.fetch(code) == 0xCC
    await child.int3()
    assert await wait(user, child) == 0x57F
    await user.ptrace(PTRACE_POKEDATA, child.pid, code, old)
    await user.ptrace(PTRACE_DETACH, child.pid)
    assert await child.fetch(code) == 0x90 == await user.fetch(code)


@pytest.mark.parametrize("request_", [PTRACE_PEEKDATA, PTRACE_POKEDATA])
@runs
async def test_memory_that_is_not_dumpable_is_not_seen_without_the_capability(request_):
    user, child = await attached()
    at = await filled(user)
    child.task.mm.dumpable = 0
    child.task.ptracer_cred = user.task.cred.of_user(1000)
    with raises_errno(Errno.EIO):
        await user.ptrace(request_, child.pid, at, at)


@runs
async def test_a_read_word_that_cannot_be_stored():
    user  = await boot()
    at    = await filled(user)
    child = await user.fork()
    await user.ptrace(PTRACE_ATTACH, child.pid)
    with raises_errno(Errno.EFAULT):
        await user.ptrace(PTRACE_PEEKDATA, child.pid, at, 8)
    with raises_errno(Errno.EIO):                   # the tracee's memory is read first
        await user.ptrace(PTRACE_PEEKDATA, child.pid, 8, 8)
