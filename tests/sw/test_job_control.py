"""Stops of processes by signals, as a shell uses them; and those who are told of it.

Where a test gives numbers, they are those of a real Linux 6.18.
"""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_rt_sigaction
from sw.errno import Errno
from sw.include.linux.signal_types import (
    CLD_CONTINUED, CLD_STOPPED, SIG_IGN, SIGCHLD, SIGCONT, SIGHUP, SIGKILL, SIGSTOP, SIGTERM,
    SIGTSTP, SIGTTIN, SIGUSR1, Killed, Signal, Stopped,
)
from sw.include.linux.wait import WCONTINUED, WNOHANG, WUNTRACED
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.user import User

from .user_support import boot, raises_errno, runs


THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD


async def status(user: User, options: int = WUNTRACED | WCONTINUED) -> int:
    """Return the next status of a child; 0 if there is none to report."""
    return (await user.wait_status(-1, options | WNOHANG))[1]


@runs
async def test_a_process_stops_and_goes_on():
    user  = await boot()
    child = await user.fork()
    await user.kill(child.pid, SIGSTOP)
    with pytest.raises(Stopped):
        await child.mmap(4096)
    assert await status(user, 0) == 0            # only those who ask hear of it, and once
    assert await status(user) == 0x137F
    assert await status(user) == 0
    await user.kill(child.pid, SIGCONT)
    assert await status(user, WUNTRACED) == 0
    assert await status(user) == 0xFFFF
    assert await status(user) == 0
    await child.mmap(4096)


@runs
async def test_a_process_stops_itself_when_its_call_is_done():
    user  = await boot()
    child = await user.fork()
    await child.kill(child.pid, SIGSTOP)
    with pytest.raises(Stopped, match="stopped by signal 19"):
        await child.mmap(4096)
    assert await status(user) == 0x137F


@pytest.mark.parametrize("signo, code, number", [(SIGSTOP, CLD_STOPPED, SIGSTOP),
                                                 (SIGCONT, CLD_CONTINUED, SIGCONT)])
@runs
async def test_the_parent_gets_a_signal(signo, code, number):
    user  = await boot()
    child = await user.fork()
    if signo == SIGCONT:
        await user.kill(child.pid, SIGSTOP)
    await user.handle(SIGCHLD)
    with pytest.raises(Signal) as caught:
        await user.kill(child.pid, signo)
    signal = caught.value
    assert (signal.signo, signal.si_code, signal.si_pid, signal.si_status) == (
        SIGCHLD, code, child.pid, number)


@runs
async def test_all_threads_stop_before_the_process_has():
    user   = await boot()
    child  = await user.fork()
    thread = await child.clone(THREAD)
    await user.kill(child.pid, SIGSTOP)
    for each in (child, thread):
        with pytest.raises(Stopped):
            await each.mmap(4096)
    assert await status(user) == 0x137F
    await user.kill(child.pid, SIGCONT)
    for each in (child, thread):
        await each.mmap(4096)


@runs
async def test_a_signal_waits_in_a_process_that_has_stopped():
    user  = await boot()
    child = await user.fork()
    await child.handle(SIGUSR1)
    await user.kill(child.pid, SIGSTOP)
    await user.kill(child.pid, SIGUSR1)
    await user.kill(child.pid, SIGTERM)
    assert await status(user) == 0x137F
    with pytest.raises(Stopped):
        await child.mmap(4096)
    await user.kill(child.pid, SIGCONT)
    assert await status(user) == SIGTERM


@runs
async def test_a_process_that_has_stopped_can_be_killed():
    user  = await boot()
    child = await user.fork()
    await user.kill(child.pid, SIGSTOP)
    await user.kill(child.pid, SIGKILL)
    assert await status(user) == SIGKILL
    with pytest.raises(Killed):
        await child.mmap(4096)


@runs
async def test_a_process_stops_again_by_another_signal():
    user  = await boot()
    child = await user.fork()
    await child.setpgid(0, 0)
    for signo in (SIGSTOP, SIGTSTP):
        await user.kill(child.pid, signo)
        with pytest.raises(Stopped, match=f"stopped by signal {signo}$"):
            await child.mmap(4096)
        await user.kill(child.pid, SIGCONT)


@pytest.mark.parametrize("signo", [SIGTSTP, SIGTTIN])
@runs
async def test_a_stop_signal_can_be_ignored(signo):
    user  = await boot()
    child = await user.fork()
    await child.syscall(NR_rt_sigaction, signo, SIG_IGN)
    await user.kill(child.pid, signo)
    assert await status(user) == 0
    await child.mmap(4096)


@runs
async def test_sigcont_lets_a_process_go_on_that_ignores_it():
    user  = await boot()
    child = await user.fork()
    await child.syscall(NR_rt_sigaction, SIGCONT, SIG_IGN)
    await user.kill(child.pid, SIGSTOP)
    await user.kill(child.pid, SIGCONT)
    assert await status(user) == 0xFFFF
    await child.mmap(4096)


@runs
async def test_a_handler_of_sigcont_begins():
    user  = await boot()
    child = await user.fork()
    await child.handle(SIGCONT)
    await user.kill(child.pid, SIGSTOP)
    await user.kill(child.pid, SIGCONT)
    with pytest.raises(Signal) as caught:
        await child.mmap(4096)
    assert caught.value.signo == SIGCONT


@runs
async def test_a_parent_that_ignores_its_children_can_wait_for_their_stops():
    user = await boot()
    await user.syscall(NR_rt_sigaction, SIGCHLD, SIG_IGN)
    child = await user.fork()
    await user.kill(child.pid, SIGSTOP)
    assert await status(user) == 0x137F
    await user.kill(child.pid, SIGKILL)
    with raises_errno(Errno.ECHILD):
        await status(user)


@runs
async def test_the_end_of_a_shell_wakes_its_jobs():
    user  = await boot()
    shell = await user.fork()
    job   = await shell.fork()
    await job.setpgid(0, 0)
    await job.handle(SIGHUP)
    await shell.kill(job.pid, SIGSTOP)
    with pytest.raises(Stopped):
        await job.mmap(4096)
    await shell.exit()
    with pytest.raises(Signal) as caught:
        await job.mmap(4096)
    assert caught.value.signo == SIGHUP
    await job.mmap(4096)
    await job.kill(job.pid, SIGTSTP)         # nobody could let it go on
    await job.mmap(4096)


@runs
async def test_the_end_of_the_one_with_a_parent_outside_wakes_its_group():
    user  = await boot()
    shell = await user.fork()
    first = await shell.fork()
    await first.setpgid(0, 0)
    other = await first.fork()
    await other.handle(SIGHUP)
    await shell.kill(other.pid, SIGSTOP)
    await first.exit()
    with pytest.raises(Signal) as caught:
        await other.mmap(4096)
    assert caught.value.signo == SIGHUP
    await other.mmap(4096)
