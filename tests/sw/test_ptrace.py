"""ptrace(): how a task is traced, and what becomes of its signals.

Where a test gives numbers, they are those of a real Linux 6.18.
"""

import pytest

from sw.errno import Errno
from sw.include.linux.mman import PROT_READ
from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_CONT, PTRACE_DETACH, PTRACE_GETEVENTMSG, PTRACE_GETSIGINFO,
    PTRACE_INTERRUPT, PTRACE_KILL, PTRACE_LISTEN, PTRACE_O_EXITKILL, PTRACE_PEEKDATA, PTRACE_SEIZE,
    PTRACE_SETOPTIONS, PTRACE_TRACEME,
)
from sw.include.linux.signal_types import (
    SI_KERNEL, SI_USER, SIGCHLD, SIGKILL, SIGSEGV, SIGSTOP, SIGTERM, SIGTRAP,
    SIGUSR1, SIGUSR2, SIGWINCH, Killed, Signal, Stopped,
)

from .ptrace_support import attached, seized, siginfo, wait
from .user_support import EACH_PAGING, boot, free_pages, raises_errno, runs


# Beginning and end

@runs
async def test_a_task_that_is_attached_to_stops_and_executes_nothing():
    user, child = await attached()
    assert await siginfo(user, child) == (SIGSTOP, SI_KERNEL, 0)
    for _ in range(2):
        with pytest.raises(Stopped, match="stopped by signal 19"):
            await child.mmap(4096)
    await user.ptrace(PTRACE_CONT, child.pid)
    await child.mmap(4096)
    assert await wait(user, child) == 0


@pytest.mark.parametrize("request_", [PTRACE_CONT, PTRACE_PEEKDATA, PTRACE_DETACH, 4711])
@runs
async def test_a_tracee_that_runs_is_none_to_ask(request_):
    user, child = await seized()
    with raises_errno(Errno.ESRCH):
        await user.ptrace(request_, child.pid)
    other = await user.fork()
    with raises_errno(Errno.ESRCH):
        await user.ptrace(request_, other.pid)


@pytest.mark.parametrize("request_, data, errno", [
    (4711,              0,       Errno.EIO),
    (PTRACE_INTERRUPT,  0,       Errno.EIO),     # only for those that are seized
    (PTRACE_LISTEN,     0,       Errno.EIO),
    (PTRACE_SETOPTIONS, 1 << 25, Errno.EINVAL),
    (PTRACE_SETOPTIONS, 1,       Errno.ENOSYS),
    (PTRACE_CONT,       65,      Errno.EIO),
    (PTRACE_CONT,       -1,      Errno.EIO),
    (PTRACE_DETACH,     65,      Errno.EIO),
    (PTRACE_GETSIGINFO, 8,       Errno.EFAULT),
    (PTRACE_GETEVENTMSG, 8,      Errno.EFAULT),
    (12,                0,       Errno.ENOSYS),  # PTRACE_GETREGS
    (24,                0,       Errno.ENOSYS),  # PTRACE_SYSCALL
])
@runs
async def test_refused_requests(request_, data, errno):
    user, child = await attached()
    with raises_errno(errno):
        await user.ptrace(request_, child.pid, 0, data)


@pytest.mark.parametrize("addr, options, errno", [
    (1, 0, Errno.EIO), (0, 1 << 25, Errno.EIO), (0, 1, Errno.ENOSYS),
])
@runs
async def test_refused_arguments_of_a_seizure(addr, options, errno):
    user  = await boot()
    child = await user.fork()
    with raises_errno(errno):
        await user.ptrace(PTRACE_SEIZE, child.pid, addr, options)
    assert not child.task.ptrace


@runs
async def test_a_child_that_wants_to_be_traced_stops_for_its_signals():
    user  = await boot()
    child = await user.fork()
    await child.ptrace(PTRACE_TRACEME)
    with raises_errno(Errno.EPERM):
        await child.ptrace(PTRACE_TRACEME)
    await child.kill(child.pid, SIGUSR1)               # the call is done before the stop
    with pytest.raises(Stopped):
        await child.mmap(4096)
    assert await wait(user, child) == 0xA7F
    assert await siginfo(user, child) == (SIGUSR1, SI_USER, child.pid)


@runs
async def test_a_process_without_parent_cannot_be_traced_by_it():
    user = await boot()
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_TRACEME)


@pytest.mark.parametrize("signo, status", [(0, 0), (SIGTERM, 15)])
@runs
async def test_a_tracee_goes_on_when_it_is_let_go(signo, status):
    user, child = await attached()
    await user.ptrace(PTRACE_DETACH, child.pid, 0, signo)
    assert await wait(user, child) == status
    if not signo:
        await child.mmap(4096)


@pytest.mark.parametrize("option, dies", [(0, False), (PTRACE_O_EXITKILL, True)])
@runs
async def test_tracees_of_a_tracer_that_ends(option, dies):
    user   = await boot()
    child  = await user.fork()
    tracer = await user.fork()
    await tracer.ptrace(PTRACE_ATTACH, child.pid)
    assert await wait(tracer, child) == 0x137F
    await tracer.ptrace(PTRACE_SETOPTIONS, child.pid, 0, option)
    await tracer.exit()
    assert await wait(user, child) == (SIGKILL if dies else 0)


@runs
async def test_a_tracee_that_has_stopped_can_be_killed():
    user, child = await attached()
    before = free_pages(user)
    await user.ptrace(PTRACE_KILL, child.pid)
    assert await wait(user, child) == SIGKILL
    assert free_pages(user) > before
    with pytest.raises(Killed):
        await child.mmap(4096)


# Signals

@pytest.mark.parametrize("given, gets", [(0, None), (SIGUSR1, SIGUSR1), (SIGUSR2, SIGUSR2)])
@runs
async def test_the_tracer_chooses_the_signal_that_a_tracee_gets(given, gets):
    user, child = await attached()
    await user.ptrace(PTRACE_CONT, child.pid)
    await child.handle(SIGUSR1, SIGUSR2)
    await user.kill(child.pid, SIGUSR1)
    assert await wait(user, child) == 0xA7F
    await user.ptrace(PTRACE_CONT, child.pid, 0, given)
    if gets is None:
        await child.mmap(4096)
        return
    with pytest.raises(Signal) as caught:
        await child.mmap(4096)
    assert (caught.value.signo, caught.value.si_pid) == (gets, user.pid)
    await child.mmap(4096)


@runs
async def test_a_signal_that_the_tracer_lets_through_kills():
    user, child = await attached()
    await user.ptrace(PTRACE_CONT, child.pid, 0, 12)
    assert await wait(user, child) == 12


@runs
async def test_a_blocked_signal_of_the_tracer_s_waits():
    user, child = await attached()
    await user.ptrace(PTRACE_CONT, child.pid)
    await child.sigprocmask(SIGUSR2)
    await user.kill(child.pid, SIGUSR1)
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGUSR2)
    await child.mmap(4096)
    assert [info.si_signo for info in child.task.pending] == [SIGUSR2]


@runs
async def test_a_tracer_is_told_of_signals_that_do_nothing_in_their_order():
    user, child = await attached()
    await user.kill(child.pid, SIGWINCH)
    await user.kill(child.pid, SIGCHLD)
    await user.ptrace(PTRACE_CONT, child.pid)
    assert await wait(user, child) == SIGCHLD << 8 | 0x7F
    assert await siginfo(user, child) == (SIGCHLD, SI_USER, user.pid)
    await user.ptrace(PTRACE_CONT, child.pid)
    assert await wait(user, child) == SIGWINCH << 8 | 0x7F


@EACH_PAGING
@runs
async def test_a_bad_access_stops_a_tracee_and_is_done_again(paging):
    user  = await boot(paging)
    at    = await user.mmap(4096, PROT_READ)
    child = await user.fork()
    await child.ptrace(PTRACE_TRACEME)
    with pytest.raises(Stopped):
        await child.store(at, 1)
    assert await wait(user, child) == SIGSEGV << 8 | 0x7F
    await user.ptrace(PTRACE_CONT, child.pid)
    with pytest.raises(Stopped):
        await child.store(at, 1)
    assert await wait(user, child) == SIGSEGV << 8 | 0x7F
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGSEGV)
    with pytest.raises(Signal) as caught:
        await child.load(at)
    assert (caught.value.signo, caught.value.si_addr) == (SIGSEGV, at)


@runs
async def test_a_breakpoint_is_done_when_the_tracer_hears_of_it():
    user  = await boot()
    child = await user.fork()
    await child.ptrace(PTRACE_TRACEME)
    await child.int3()
    assert await wait(user, child) == 0x57F
    assert (await siginfo(user, child))[:2] == (SIGTRAP, SI_KERNEL)
    with pytest.raises(Stopped):
        await child.mmap(4096)
    await user.ptrace(PTRACE_CONT, child.pid)
    await child.mmap(4096)


@pytest.mark.parametrize("handled", [True, False])
@runs
async def test_a_breakpoint_without_tracer(handled):
    user  = await boot()
    child = await user.fork()
    if handled:
        await child.handle(SIGTRAP)
        with pytest.raises(Signal) as caught:
            await child.int3()
        signal = caught.value
        assert (signal.signo, signal.si_code, signal.si_addr) == (SIGTRAP, SI_KERNEL, 0)
    else:
        with pytest.raises(Killed):
            await child.int3()
        assert await wait(user, child) == SIGTRAP
