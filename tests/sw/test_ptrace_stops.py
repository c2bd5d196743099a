"""ptrace(): stops of a whole process, interruptions, and those who are told of them.

Where a test gives numbers, they are those of a real Linux 6.18.
"""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_wait4
from sw.errno import Errno
from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_CONT, PTRACE_DETACH, PTRACE_GETSIGINFO, PTRACE_INTERRUPT, PTRACE_LISTEN,
    PTRACE_O_EXITKILL, PTRACE_O_TRACEEXEC, PTRACE_PEEKDATA, PTRACE_SEIZE, PTRACE_SETOPTIONS,
)
from sw.include.linux.signal_types import (
    CLD_CONTINUED, CLD_STOPPED, SI_KERNEL, SI_USER, SIGCHLD, SIGCONT, SIGSTOP, SIGTERM, SIGTRAP,
    Signal, Stopped,
)
from sw.include.linux.wait import WCONTINUED, WNOHANG, WUNTRACED

from .ptrace_support import EVENT_STOP, THREAD, attached, seized, siginfo, wait
from .user_support import boot, raises_errno, runs


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
async def test_the_parent_hears_that_a_traced_process_goes_on():
    user   = await boot()
    child  = await user.fork()
    tracer = await user.fork()
    await tracer.ptrace(PTRACE_ATTACH, child.pid)
    await tracer.ptrace(PTRACE_CONT, child.pid, 0, SIGSTOP)
    await user.handle(SIGCHLD)
    await tracer.kill(child.pid, SIGCONT)
    with pytest.raises(Signal) as caught:
        await user.mmap(4096)
    assert (caught.value.si_code, caught.value.si_pid) == (CLD_CONTINUED, child.pid)


@runs
async def test_the_parent_hears_of_a_stop_once_though_a_tracer_comes_and_goes():
    user   = await boot()
    child  = await user.fork()
    tracer = await user.fork()
    await user.kill(child.pid, SIGSTOP)
    await user.handle(SIGCHLD)
    await tracer.ptrace(PTRACE_ATTACH, child.pid)
    await tracer.ptrace(PTRACE_DETACH, child.pid)
    await user.mmap(4096)
    with pytest.raises(Stopped):
        await child.mmap(4096)


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
