"""ptrace(): tracers, tracees, their stops and what becomes of signals.

Where a test gives numbers, they are those of a real Linux 6.18.
"""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_wait4
from sw.errno import Errno
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_SHARED, PROT_NONE, PROT_READ
from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_CONT, PTRACE_DETACH, PTRACE_GETEVENTMSG, PTRACE_GETSIGINFO,
    PTRACE_INTERRUPT, PTRACE_KILL, PTRACE_LISTEN, PTRACE_O_EXITKILL, PTRACE_O_TRACEEXEC,
    PTRACE_PEEKDATA, PTRACE_POKEDATA, PTRACE_SEIZE, PTRACE_SETOPTIONS, PTRACE_TRACEME,
)
from sw.include.linux.signal_types import (
    CLD_STOPPED, SI_KERNEL, SI_USER, SIGCHLD, SIGCONT, SIGKILL, SIGSEGV, SIGSTOP, SIGTERM, SIGTRAP,
    SIGUSR1, SIGUSR2, SIGWINCH, Killed, Signal, Stopped,
)
from sw.include.linux.wait import WCONTINUED, WNOHANG, WUNTRACED, __WALL
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.user import User

from .user_support import EACH_PAGING, boot, filled, free_pages, raises_errno, runs


THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD

#: Status of a stop for the tracer that no signal brought: SIGTRAP, and PTRACE_EVENT_STOP above.
EVENT_STOP = 0x80057F


async def wait(user: User, task: User, options: int = WNOHANG) -> int:
    """Return the status of a task; 0 if it has none to report."""
    return (await user.wait_status(task.pid, options | __WALL))[1]


async def siginfo(user: User, task: User) -> tuple[int, int, int]:
    """Return number, code and sender of what has stopped a tracee."""
    at = await user.mmap(4096)
    await user.ptrace(PTRACE_GETSIGINFO, task.pid, 0, at)
    found = [await user.load(at + offset, 4) for offset in (0, 8, 16)]
    await user.munmap(at, 4096)
    return tuple(found)


async def attached() -> tuple[User, User]:
    """Start a tracer, and a tracee that has stopped and was waited for."""
    user  = await boot()
    child = await user.fork()
    await user.ptrace(PTRACE_ATTACH, child.pid)
    assert await wait(user, child) == SIGSTOP << 8 | 0x7F
    return user, child


async def seized(options: int = 0) -> tuple[User, User]:
    """Start a tracer, and a tracee that goes on."""
    user  = await boot()
    child = await user.fork()
    await user.ptrace(PTRACE_SEIZE, child.pid, 0, options)
    assert await wait(user, child) == 0
    return user, child


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


# Stops of the whole process

@runs
async def test_a_stop_signal_that_is_let_through_is_another_stop():
    user, child = await attached()
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGSTOP)
    assert await wait(user, child) == 0x137F
    with raises_errno(Errno.EINVAL):           # of which there is nothing to tell
        await user.ptrace(PTRACE_GETSIGINFO, child.pid, 0, 8)
    await user.ptrace(PTRACE_CONT, child.pid)
    await child.mmap(4096)
    await user.kill(child.pid, SIGTERM)
    assert await wait(user, child) == 0xF7F
    await user.ptrace(PTRACE_DETACH, child.pid)
    with pytest.raises(Stopped):               # its process has stopped, with or without tracer
        await child.mmap(4096)
    await user.kill(child.pid, SIGCONT)
    await child.mmap(4096)


@runs
async def test_sigcont_undoes_a_stop_that_the_tracer_has_yet_to_let_through():
    user, child = await attached()
    await user.kill(child.pid, SIGCONT)
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGSTOP)
    assert await wait(user, child) == SIGCONT << 8 | 0x7F


@runs
async def test_the_parent_hears_of_a_stop_that_the_tracer_lets_through():
    user   = await boot()
    child  = await user.fork()
    tracer = await user.fork()
    await user.handle(SIGCHLD)
    await tracer.ptrace(PTRACE_ATTACH, child.pid)
    await tracer.ptrace(PTRACE_CONT, child.pid, 0, SIGSTOP)
    with pytest.raises(Signal) as caught:
        await user.mmap(4096)
    signal = caught.value
    assert (signal.si_code, signal.si_pid, signal.si_status) == (CLD_STOPPED, child.pid, SIGSTOP)
    assert await user.wait_status(child.pid, WNOHANG | WUNTRACED) == (child.pid, 0x137F)


@runs
async def test_an_interruption_that_waits_ends_with_the_tracing():
    user, child = await seized()
    for _ in range(2):
        await user.ptrace(PTRACE_INTERRUPT, child.pid)
    await user.ptrace(PTRACE_DETACH, child.pid)
    await child.mmap(4096)


@runs
async def test_a_tracer_comes_to_a_process_that_has_stopped():
    user  = await boot()
    child = await user.fork()
    await user.kill(child.pid, SIGSTOP)
    assert await wait(user, child, WNOHANG | WUNTRACED) == 0x137F
    assert await wait(user, child, WNOHANG | WUNTRACED) == 0
    await user.ptrace(PTRACE_ATTACH, child.pid)
    assert await wait(user, child) == 0x137F
    with raises_errno(Errno.EINVAL):
        await user.ptrace(PTRACE_GETSIGINFO, child.pid, 0, 8)
    await user.ptrace(PTRACE_CONT, child.pid)
    assert await wait(user, child) == 0x137F
    assert await siginfo(user, child) == (SIGSTOP, SI_KERNEL, 0)
    await user.ptrace(PTRACE_CONT, child.pid)
    await child.mmap(4096)
    await user.kill(child.pid, SIGCONT)
    assert await wait(user, child) == SIGCONT << 8 | 0x7F
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGCONT)
    assert await wait(user, child, WNOHANG | WCONTINUED) == 0xFFFF


@runs
async def test_a_seized_task_is_interrupted():
    user, child = await seized()
    await user.ptrace(PTRACE_INTERRUPT, child.pid)
    assert await wait(user, child) == EVENT_STOP
    assert await siginfo(user, child) == (SIGTRAP, 0x8005, child.pid)
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGTERM)    # no signal stopped it: none is changed
    await child.mmap(4096)
    assert await wait(user, child) == 0


@runs
async def test_an_interruption_in_a_stop_is_another_stop():
    user, child = await seized()
    await user.ptrace(PTRACE_INTERRUPT, child.pid)
    assert await wait(user, child) == EVENT_STOP
    await user.ptrace(PTRACE_INTERRUPT, child.pid)
    await user.ptrace(PTRACE_CONT, child.pid)
    assert await wait(user, child) == EVENT_STOP


@runs
async def test_a_tracer_listens_to_a_process_that_has_stopped():
    user, child = await seized()
    await user.kill(child.pid, SIGSTOP)
    assert await wait(user, child) == 0x137F
    assert await siginfo(user, child) == (SIGSTOP, SI_USER, user.pid)
    await user.ptrace(PTRACE_CONT, child.pid, 0, SIGSTOP)
    assert await wait(user, child) == 0x80137F
    assert await siginfo(user, child) == (SIGSTOP, 0x8013, child.pid)
    await user.ptrace(PTRACE_LISTEN, child.pid)
    with raises_errno(Errno.ESRCH):
        await user.ptrace(PTRACE_PEEKDATA, child.pid)
    assert await wait(user, child) == 0
    await user.kill(child.pid, SIGCONT)
    assert await wait(user, child) == EVENT_STOP
    await user.ptrace(PTRACE_CONT, child.pid)
    assert await wait(user, child) == SIGCONT << 8 | 0x7F


@runs
async def test_a_traced_thread_is_waited_for_by_its_tracer_alone():
    user   = await boot()
    child  = await user.fork()
    thread = await child.clone(THREAD)
    tracer = await user.fork()
    await tracer.ptrace(PTRACE_SEIZE, thread.pid)
    await tracer.ptrace(PTRACE_INTERRUPT, thread.pid)
    assert await wait(user, child) == 0
    assert await tracer.wait_status(thread.pid, WNOHANG) == (thread.pid, EVENT_STOP)
    await tracer.ptrace(PTRACE_CONT, thread.pid)
    await thread.syscall(60, 3)                                # exit: its process goes on
    assert await wait(tracer, thread) == 0x300
    await child.exit(4)
    assert await wait(user, child) == 0x400


# Memory

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


@runs
async def test_options_are_kept_beside_the_flags_of_a_tracee():
    user, child = await seized(PTRACE_O_TRACEEXEC)
    assert child.task.ptrace == 0x1_0001 | PTRACE_O_TRACEEXEC << 3
    await user.ptrace(PTRACE_INTERRUPT, child.pid)
    await user.ptrace(PTRACE_SETOPTIONS, child.pid, 0, PTRACE_O_EXITKILL)
    assert child.task.ptrace == 0x1_0001 | PTRACE_O_EXITKILL << 3


@runs
async def test_a_wait_that_must_sleep_is_not_modelled():
    user, child = await seized()
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_wait4, child.pid, 0, 0, 0)
