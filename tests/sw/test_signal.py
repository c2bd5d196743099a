"""Signals that a program gets for its own accesses, and from others."""

from dataclasses import replace

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_rt_sigaction
from sw.arch.x86.include.asm.pgtable_types import PAGING_64, PAGING_64_L5, PAGING_PAE
from sw.errno import Errno
from sw.include.linux.capability import CAP_KILL
from sw.include.linux.mman import (
    MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import (
    BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, SI_USER, SIG_IGN, SIGBUS, SIGKILL, SIGSEGV,
    SIGTERM, Killed, Signal,
)
from sw.kernel.cred import cred
from sw.user import User

from .user_support import EACH_PAGING, boot, filled, raises_errno, runs


RW = PROT_READ | PROT_WRITE


async def access(user: User, kind: str, linear: int) -> None:
    """Do one access of one byte."""
    if kind == "store":
        await user.store(linear, 0x90, 1)
    elif kind == "load":
        await user.load(linear, 1)
    else:
        await user.fetch(linear, 1)


async def signal_of(user: User, kind: str, linear: int) -> tuple[int, int, int, int]:
    """Return number, code, error code and address of the signal that an access brings."""
    with pytest.raises(Signal) as caught:
        await access(user, kind, linear)
    signal = caught.value
    return signal.signo, signal.si_code, signal.error_code, signal.si_addr


@pytest.mark.parametrize("kind, error_code", [("load", 0x4), ("store", 0x6), ("fetch", 0x14)])
@runs
async def test_access_to_unmapped_memory(kind, error_code):
    user = await boot()
    assert await signal_of(user, kind, 0x1234_5678) == (
        SIGSEGV, SEGV_MAPERR, error_code, 0x1234_5678)


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("kind, error_code", [("load", 0x4), ("store", 0x6), ("fetch", 0x14)])
@EACH_PAGING
@runs
async def test_access_to_prot_none(kind, error_code, touched, paging):
    user = await boot(paging)
    at   = await user.mmap(4096)
    if touched:
        await user.store(at, 1)
    await user.mprotect(at, 4096, PROT_NONE)
    assert await signal_of(user, kind, at) == (SIGSEGV, SEGV_ACCERR, error_code, at)


@pytest.mark.parametrize("touched, error_code", [(False, 0x6), (True, 0x7)])
@EACH_PAGING
@runs
async def test_store_to_read_only_memory(touched, error_code, paging):
    user = await boot(paging)
    at   = await user.mmap(4096, PROT_READ)
    if touched:
        await user.load(at)
    assert await signal_of(user, "store", at) == (SIGSEGV, SEGV_ACCERR, error_code, at)


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("paging", [PAGING_64, PAGING_64_L5, PAGING_PAE])
@runs
async def test_fetch_of_what_is_not_executable_maps_it_first(paging, touched):
    user = await boot(paging)
    at   = await user.mmap(4096)
    if touched:
        await user.store(at, 1)
    before = user.task.min_flt
    assert await signal_of(user, "fetch", at) == (SIGSEGV, SEGV_ACCERR, 0x15, at)
    assert user.task.min_flt - before == (0 if touched else 1)


@pytest.mark.parametrize("prot, kind", [
    (PROT_EXEC,  "load"),   # the processor has no execute-only pages here
    (PROT_EXEC,  "fetch"),
    (PROT_WRITE, "load"),
    (PROT_WRITE, "store"),
    (PROT_READ,  "load"),
])
@runs
async def test_what_the_processor_cannot_forbid_is_allowed(prot, kind):
    user = await boot()
    await access(user, kind, await user.mmap(4096, prot))


@pytest.mark.parametrize("kind, error_code", [("load", 0x5), ("store", 0x7), ("fetch", 0x15)])
@pytest.mark.parametrize("paging, linear", [
    (PAGING_64,    0xFFFF_8880_0000_1000),  # mapped for the kernel
    (PAGING_64,    0xFFFF_C900_0000_0000),  # not mapped at all: the program cannot tell
    (PAGING_64,    0x0000_7FFF_FFFF_F000),  # the guard page at the end of user space
    (PAGING_64_L5, 0xFF11_0000_0000_1000),
    (PAGING_64_L5, 0xFFA0_0000_0000_0000),
    (PAGING_64_L5, 0x00FF_FFFF_FFFF_F000),
    (PAGING_PAE,   0xC000_1000),
    (PAGING_PAE,   0xF800_0000),
])
@runs
async def test_access_to_kernel_memory(kind, error_code, paging, linear):
    user = await boot(paging)
    assert await signal_of(user, kind, linear) == (SIGSEGV, SEGV_MAPERR, error_code, linear)


@pytest.mark.parametrize("kind", ["load", "store"])
@pytest.mark.parametrize("paging, linear", [
    (PAGING_64, 0x8000_0000_0000), (PAGING_64_L5, 0x100_0000_0000_0000),
])
@runs
async def test_access_to_non_canonical_address(kind, paging, linear):
    user = await boot(paging)
    assert await signal_of(user, kind, linear) == (SIGSEGV, SI_KERNEL, 0, 0)


@runs
async def test_with_5_levels_an_address_above_47_bits_is_a_process_s():
    user = await boot(PAGING_64_L5)
    assert await signal_of(user, "load", 0x8000_0000_0000) == (
        SIGSEGV, SEGV_MAPERR, 0x4, 0x8000_0000_0000)


@pytest.mark.parametrize("flags", [MAP_PRIVATE, MAP_SHARED])
@pytest.mark.parametrize("kind, error_code", [("load", 0x4), ("store", 0x6)])
@runs
async def test_access_past_the_end_of_a_file(kind, error_code, flags):
    user = await boot()
    buf  = await user.mmap(4096)
    fd   = await user.open("/file", 0o102, 0o600)
    assert await user.write(fd, buf, 10) == 10
    at = await user.mmap(8192, RW, flags, fd)
    assert await user.load(at + 10, 1) == 0     # within the last page there are zeros
    assert await signal_of(user, kind, at + 4096) == (SIGBUS, BUS_ADRERR, error_code, at + 4096)


@runs
async def test_the_program_goes_on_after_its_handler():
    user = await boot()
    at   = await user.mmap(4096, PROT_READ)
    with pytest.raises(Signal):
        await user.store(at, 1)
    await user.mprotect(at, 4096, RW)
    await user.store(at, 7)
    assert await user.load(at) == 7


@pytest.mark.parametrize("disposition", [0, SIG_IGN])
@runs
async def test_a_bad_access_without_handler_kills_even_if_ignored(disposition):
    user  = await boot()
    child = await user.fork()
    await child.syscall(NR_rt_sigaction, SIGSEGV, disposition)
    with pytest.raises(Killed) as caught:
        await child.load(0)
    assert caught.value.info.si_signo == SIGSEGV
    assert child.task.mm is None
    assert child.task.exit_code == SIGSEGV
    assert await user.wait() == child.pid


@runs
async def test_a_store_of_many_bytes_stops_exactly_at_the_fault():
    user = await boot()
    at   = await user.mmap(8192)
    await user.mprotect(at + 4096, 4096, PROT_READ)
    with pytest.raises(Signal) as caught:
        await user.store_bytes(at + 4090, b"0123456789")
    assert caught.value.si_addr == at + 4096
    assert await user.load_bytes(at + 4090, 10) == b"012345\0\0\0\0"


@pytest.mark.parametrize("handled", [False, True])
@runs
async def test_kill_reaches_the_program_before_its_next_instruction(handled):
    user  = await boot()
    child = await user.fork()
    if handled:
        await child.handle(SIGTERM)
    await user.kill(child.pid, SIGTERM)
    with pytest.raises(Signal if handled else Killed):
        await child.load(0)
    assert bool(child.task.exit_state) is not handled


@runs
async def test_ignored_signals_do_not_arrive():
    user = await boot()
    await user.syscall(NR_rt_sigaction, SIGTERM, SIG_IGN)
    await user.kill(user.pid, SIGTERM)
    assert user.task.signal.shared_pending == []


@runs
async def test_an_ignored_signal_is_not_even_sent():
    user  = await boot()
    child = await user.fork()
    await child.syscall(NR_rt_sigaction, SIGTERM, SIG_IGN)
    await user.kill(child.pid, SIGTERM)
    assert child.task.signal.shared_pending == []


@runs
async def test_a_signal_that_is_ignored_by_the_time_it_arrives_does_nothing():
    user  = await boot()
    at    = await filled(user)
    child = await user.fork()
    await child.sigprocmask(SIGTERM)
    await user.kill(child.pid, SIGTERM)
    child.task.sighand.action[SIGTERM] = SIG_IGN
    child.task.blocked = 0
    assert await child.load(at) == 0xABCD


@runs
async def test_sigkill_overtakes_what_was_sent_before():
    user  = await boot()
    child = await user.fork()
    await child.handle(SIGTERM)
    await user.kill(child.pid, SIGTERM)
    await user.kill(child.pid, SIGKILL)
    with pytest.raises(Killed) as caught:
        await child.load(0)
    assert caught.value.info.si_signo == SIGKILL


@runs
async def test_there_are_three_dispositions():
    user = await boot()
    for action in (-1, 3):
        with raises_errno(Errno.EINVAL):
            await user.syscall(NR_rt_sigaction, SIGTERM, action)
    assert await user.syscall(NR_rt_sigaction, SIGTERM, SIG_IGN) == 0
    assert await user.syscall(NR_rt_sigaction, SIGTERM, 0) == SIG_IGN


def ids(**others: int) -> cred:
    """Credentials with some ids of choice; all others are 1000."""
    return replace(cred.of_user(1000), **others)


@pytest.mark.parametrize("sender, target, errno", [
    (cred.of_user(0),          ids(uid=7, suid=7),   None),
    (cred.of_user(8, CAP_KILL), ids(),               None),
    (ids(uid=0, euid=0),       ids(),                Errno.EPERM),   # an id is no capability
    (ids(euid=8),              ids(suid=7),          None),   # real id and real id
    (ids(euid=8),              ids(uid=7),           None),   # real and saved
    (ids(uid=8),               ids(suid=7),          None),   # effective and real
    (ids(uid=8),               ids(uid=7),           None),   # effective and saved
    (ids(),                    ids(uid=7, suid=7),   Errno.EPERM),   # only the effective is alike
    (ids(uid=8, euid=9),       ids(),                Errno.EPERM),
])
@runs
async def test_whose_ids_may_send_a_signal(sender, target, errno):
    user  = await boot(credentials=target)
    other = await User.create(user.cpu, credentials=sender)
    if errno is None:
        await other.kill(user.pid, SIGTERM)
    else:
        with raises_errno(errno):
            await other.kill(user.pid, SIGTERM)
    assert (user.task.signal.group_exit_code == SIGTERM) is (errno is None)


@runs
async def test_a_signal_from_oneself_arrives_at_the_end_of_the_call():
    user = await boot()
    await user.handle(SIGTERM)
    with pytest.raises(Signal) as caught:
        await user.kill(user.pid, SIGTERM)
    assert (caught.value.signo, caught.value.si_code) == (SIGTERM, SI_USER)


@runs
async def test_sigkill_cannot_be_handled():
    user = await boot()
    with raises_errno(Errno.EINVAL):
        await user.handle(SIGKILL)


@pytest.mark.parametrize("uid, errno", [(1000, None), (1001, Errno.EPERM)])
@runs
async def test_only_the_owner_may_send_a_signal(uid, errno):
    user  = await boot(credentials=cred.of_user(1000))
    other = await User.create(user.cpu, credentials=cred.of_user(uid))
    if errno is None:
        await other.kill(user.pid, SIGTERM)
        assert user.task.signal.group_exit_code == SIGTERM
    else:
        with raises_errno(errno):
            await other.kill(user.pid, SIGTERM)
    with raises_errno(Errno.ESRCH):
        await other.kill(4711, SIGTERM)


@pytest.mark.parametrize("signo", [65, 999, -1])
@runs
async def test_there_is_no_signal_beyond_64(signo):
    user = await boot()
    with raises_errno(Errno.EINVAL):
        await user.kill(user.pid, signo)
    with raises_errno(Errno.EINVAL):
        await user.handle(signo)


@runs
async def test_signal_0_is_sent_to_nobody_and_handled_by_nobody():
    user = await boot()
    await user.kill(user.pid, 0)
    await user.mmap(4096)
    with raises_errno(Errno.ESRCH):
        await user.kill(4711, 0)
    with raises_errno(Errno.EINVAL):
        await user.handle(0)


@runs
async def test_a_process_that_has_ended_says_how():
    user  = await boot()
    child = await user.fork()
    await user.kill(child.pid, SIGTERM)
    with pytest.raises(Killed):
        await child.mmap(4096)
    with pytest.raises(RuntimeError, match=f"process {child.pid} has ended, killed by signal 15"):
        await child.mmap(4096)


@runs
async def test_the_number_of_a_system_call_is_a_number():
    user = await boot()
    with pytest.raises(TypeError, match="the number of a system call is a number, not 'open'"):
        await user.syscall("open")


@runs
async def test_a_signal_behind_a_system_call_has_its_result():
    user = await boot()
    await user.handle(SIGTERM)
    with pytest.raises(Signal) as caught:
        await user.kill(user.pid, SIGTERM)
    assert (caught.value.signo, caught.value.ax) == (SIGTERM, 0)
    with pytest.raises(Signal) as caught:
        await user.load(0x1234_5678)
    assert caught.value.ax is None


@runs
async def test_an_instruction_that_does_nothing_meets_the_signals_that_wait():
    user  = await boot()
    child = await user.fork()
    await child.handle(SIGTERM)
    await user.kill(child.pid, SIGTERM)
    with pytest.raises(Signal):
        await child.nop()
    await child.nop()
