"""Signals that wait: which are kept, which come first, and which do nothing by default."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_rt_sigaction, NR_rt_sigprocmask, NR_tgkill, NR_tkill,
)
from sw.errno import Errno
from sw.include.linux.signal import SIG_KERNEL_IGNORE_MASK, siginmask, sigmask
from sw.include.linux.signal_types import (
    SI_TKILL, SI_USER, SIG_BLOCK, SIG_DFL, SIG_IGN, SIG_SETMASK, SIG_UNBLOCK, SIGBUS, SIGCHLD,
    SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGKILL, SIGRTMIN, SIGSEGV, SIGSTOP, SIGTERM, SIGTSTP, SIGUSR1,
    SIGUSR2, SIGURG, SIGWINCH, Killed, Signal, Stopped, kernel_siginfo,
)
from sw.include.linux.wait import WNOHANG, WUNTRACED
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.kthread import kthread_create
from sw.user import User

from .user_support import EACH_PAGING, boot, filled, raises_errno, runs


async def arrivals(user: User) -> list[int]:
    """Let a program go on, and return the numbers of the signals that it gets."""
    numbers = []
    while True:
        try:
            await user._run(nothing)
        except Signal as signal:
            numbers.append(signal.signo)
        else:
            return numbers


async def nothing() -> None:
    """A way into the kernel and back, without an instruction of the program."""


async def sent(user: User, target: User, *signals: int) -> None:
    """Send signals to a process that handles them all."""
    await target.handle(*frozenset(signals) - {SIGKILL, SIGSTOP})
    for signo in signals:
        await user.kill(target.pid, signo)


@runs
async def test_the_lowest_number_comes_first():
    user  = await boot()
    child = await user.fork()
    await sent(user, child, 64, SIGTERM, SIGRTMIN, SIGHUP, SIGUSR1)
    assert await arrivals(child) == [SIGHUP, SIGUSR1, SIGTERM, SIGRTMIN, 64]


@runs
async def test_what_an_instruction_may_cause_comes_before_lower_numbers():
    user  = await boot()
    child = await user.fork()
    await sent(user, child, SIGHUP, SIGSEGV, SIGFPE, SIGBUS)
    assert await arrivals(child) == [SIGBUS, SIGFPE, SIGSEGV, SIGHUP]


@runs
async def test_a_fault_comes_before_what_others_have_sent():
    user  = await boot()
    child = await user.fork()
    await child.handle(SIGILL)

    async def fault() -> None:
        for signo in (SIGILL, SIGSEGV):   # another processor sends them meanwhile
            child.task.signal.shared_pending.append(kernel_siginfo(signo, SI_USER))
        await child.cpu.load(8, 1)

    with pytest.raises(Signal) as caught:
        await child._run(fault)
    assert (caught.value.signo, caught.value.si_addr) == (SIGSEGV, 8)
    assert await arrivals(child) == [SIGILL, SIGSEGV]


@runs
async def test_of_a_standard_signal_one_waits_and_all_real_time_ones_do():
    user  = await boot()
    child = await user.fork()
    await sent(user, child, SIGUSR1, SIGRTMIN, SIGUSR1, SIGRTMIN, 30, 30)
    assert await arrivals(child) == [SIGUSR1, 30, SIGRTMIN, SIGRTMIN]


@pytest.mark.parametrize("signo", range(1, 65))
@runs
async def test_default_of_each_signal(signo):
    user  = await boot()
    at    = await filled(user)
    child = await user.fork()
    if signo in (SIGSEGV, SIGBUS):
        await child.syscall(NR_rt_sigaction, signo, SIG_DFL)
    await user.kill(child.pid, signo)
    if signo in (SIGCHLD, SIGCONT, SIGURG, SIGWINCH):
        assert await child.load(at) == 0xABCD
    elif signo in (SIGSTOP, SIGTSTP, 21, 22):
        stopped = child.pid, signo << 8 | 0x7F
        assert await user.wait_status(child.pid, WNOHANG | WUNTRACED) == stopped
        with pytest.raises(Stopped):
            await child.load(at)
    else:
        assert await user.wait_status() == (child.pid, signo)


@pytest.mark.parametrize("signo", [SIGKILL, SIGSTOP])
@pytest.mark.parametrize("action", [SIG_IGN, SIG_DFL])
@runs
async def test_two_signals_have_one_disposition(signo, action):
    user = await boot()
    with raises_errno(Errno.EINVAL):
        await user.syscall(NR_rt_sigaction, signo, action)


# The mask

@EACH_PAGING
@runs
async def test_blocked_signals_wait_until_they_are_let_through(paging):
    user  = await boot(paging)
    child = await user.fork()
    await child.sigprocmask(SIGUSR1, SIGUSR2)
    await sent(user, child, SIGUSR2, SIGUSR1, SIGHUP)
    assert await arrivals(child) == [SIGHUP]
    with pytest.raises(Signal) as caught:
        await child.sigprocmask(SIGUSR1, how=SIG_UNBLOCK)
    assert caught.value.signo == SIGUSR1
    assert await arrivals(child) == []
    with pytest.raises(Signal):
        await child.sigprocmask(how=SIG_SETMASK)


@runs
async def test_a_fatal_signal_that_is_blocked_kills_when_it_is_let_through():
    user  = await boot()
    child = await user.fork()
    await child.sigprocmask(SIGTERM)
    await user.kill(child.pid, SIGTERM)
    assert not child.task.exit_state
    with pytest.raises(Killed):
        await child.sigprocmask(how=SIG_SETMASK)


@runs
async def test_sigkill_and_sigstop_are_never_blocked():
    user  = await boot()
    child = await user.fork()
    await child.sigprocmask(*range(1, 65))
    assert child.task.blocked == (1 << 64) - 1 & ~sigmask(SIGKILL, SIGSTOP)
    await user.kill(child.pid, SIGKILL)
    assert await user.wait_status() == (child.pid, SIGKILL)


@runs
async def test_a_fault_whose_signal_is_blocked_kills_though_there_is_a_handler():
    user  = await boot()
    child = await user.fork()
    await child.sigprocmask(SIGSEGV)
    with pytest.raises(Killed) as caught:
        await child.load(0)
    assert caught.value.info.si_signo == SIGSEGV
    assert await user.wait_status() == (child.pid, SIGSEGV)


@runs
async def test_the_mask_before_goes_to_memory():
    user = await boot()
    at   = await filled(user)
    await user.sigprocmask(SIGTERM, 64)
    assert await user.syscall(NR_rt_sigprocmask, SIG_BLOCK, 0, at, 8) == 0
    assert await user.load(at) == sigmask(SIGTERM, 64)
    await user.store(at, 0)
    assert await user.syscall(NR_rt_sigprocmask, SIG_SETMASK, at, at, 8) == 0
    assert await user.load(at) == sigmask(SIGTERM, 64) and user.task.blocked == 0


@pytest.mark.parametrize("how, nset, size, errno", [
    (3,         True,  8, Errno.EINVAL),
    (3,         False, 8, None),           # nothing is done in that way
    (SIG_BLOCK, True,  4, Errno.EINVAL),
    (SIG_BLOCK, 8,     8, Errno.EFAULT),
    (SIG_BLOCK, 8,     4, Errno.EINVAL),   # the size is looked at first
    (3,         8,     8, Errno.EFAULT),   # and the way last
])
@runs
async def test_refusals_of_a_mask(how, nset, size, errno):
    user = await boot()
    at   = await filled(user)
    call = user.syscall(NR_rt_sigprocmask, how, at if nset is True else int(nset), 0, size)
    if errno is None:
        assert await call == 0
    else:
        with raises_errno(errno):
            await call
    assert user.task.blocked == 0


@runs
async def test_a_child_inherits_the_mask_and_not_what_waits():
    user = await boot()
    await user.sigprocmask(SIGUSR1)
    await user.kill(user.pid, SIGUSR1)
    child = await user.fork()
    assert child.task.blocked == sigmask(SIGUSR1)
    assert child.task.signal.shared_pending == [] != user.task.signal.shared_pending


@pytest.mark.parametrize("signo, action, waits", [
    (SIGUSR1, SIG_IGN, False), (SIGUSR1, SIG_DFL, True), (SIGCHLD, SIG_DFL, False),
])
@runs
async def test_to_ignore_a_signal_is_to_forget_the_one_that_waits(signo, action, waits):
    user = await boot()
    await user.handle(signo)
    await user.sigprocmask(signo)
    await user.kill(user.pid, signo)
    await user.syscall(NR_rt_sigaction, signo, action)
    assert bool(user.task.signal.shared_pending) is waits


@runs
async def test_an_ignored_signal_waits_if_it_is_blocked():
    user = await boot()
    await user.sigprocmask(SIGCHLD)
    await user.kill(user.pid, SIGCHLD)
    assert [info.si_signo for info in user.task.signal.shared_pending] == [SIGCHLD]


@runs
async def test_sigcont_and_the_stop_signals_undo_each_other():
    user = await boot()
    await user.handle(SIGTSTP, SIGCONT)
    await user.sigprocmask(SIGTSTP, SIGCONT)
    for signo in (SIGTSTP, SIGCONT, SIGTSTP):
        await user.kill(user.pid, signo)
        assert [info.si_signo for info in user.task.signal.shared_pending] == [signo]


# Threads

@runs
async def test_a_signal_to_a_process_goes_to_a_thread_that_does_not_block_it():
    user   = await boot()
    child  = await user.fork()
    thread = await child.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    await child.sigprocmask(SIGUSR1)
    await sent(user, child, SIGUSR1)
    assert await arrivals(child) == []
    assert await arrivals(thread) == [SIGUSR1]


@runs
async def test_kernel_threads_ignore_all_signals():
    user   = await boot()
    thread = kthread_create(user.cpu, "kthread")
    for signo in (SIGTERM, SIGSTOP, SIGKILL):
        await user.kill(thread.pid, signo)
    assert thread.pending == thread.signal.shared_pending == [] and not thread.exit_state


def test_sets_have_one_bit_a_signal():
    assert sigmask(1, 64, 1) == 1 << 63 | 1
    assert [signo for signo in range(1, 65) if siginmask(signo, SIG_KERNEL_IGNORE_MASK)] == [
        17, 18, 23, 28]


@pytest.mark.parametrize("tgid, pid, signo, errno", [
    ("its", "its", 0, None), ("its", "its", 65, Errno.EINVAL), (0, "its", 0, Errno.EINVAL),
    ("its", 0, 0, Errno.EINVAL), ("its", -1, 0, Errno.EINVAL), ("mine", "its", 0, Errno.ESRCH),
    (4711, 4711, 0, Errno.ESRCH),
])
@runs
async def test_whom_a_signal_to_a_thread_may_name(tgid, pid, signo, errno):
    user  = await boot()
    child = await user.fork()
    named = {"its": child.pid, "mine": user.pid}
    call  = user.syscall(NR_tgkill, named.get(tgid, tgid), named.get(pid, pid), signo)
    if errno is None:
        assert await call == 0
    else:
        with raises_errno(errno):
            await call


@pytest.mark.parametrize("number", [NR_tkill, NR_tgkill])
@runs
async def test_a_signal_to_a_thread_is_for_no_other(number):
    user   = await boot()
    child  = await user.fork()
    thread = await child.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    await child.handle(SIGUSR1)
    process = () if number == NR_tkill else (child.pid,)
    await user.syscall(number, *process, thread.pid, SIGUSR1)
    assert await arrivals(child) == []
    with pytest.raises(Signal) as caught:
        await thread.mmap(4096)
    assert (caught.value.si_code, caught.value.si_pid) == (SI_TKILL, user.pid)
    await user.syscall(number, *process, thread.pid, SIGTERM)       # the end is for all
    assert await user.wait_status() == (child.pid, SIGTERM)
