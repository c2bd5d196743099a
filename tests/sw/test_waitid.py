"""waitid(): what is told of a child, for what is asked."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_pidfd_open, NR_pidfd_send_signal, NR_ptrace, NR_waitid,
)
from sw.errno import Errno
from sw.include.linux.fs import O_NONBLOCK
from sw.include.linux.ptrace import PTRACE_TRACEME
from sw.include.linux.signal_types import (
    CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, CLD_TRAPPED, SIGCHLD, SIGCONT, SIGKILL,
    SIGSTOP,
)
from sw.include.linux.wait import (
    P_ALL, P_PGID, P_PID, P_PIDFD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED,
)
from sw.kernel.cred import cred
from sw.user import User

from .user_support import EACH_PAGING, boot, raises_errno, runs


ALL = WEXITED | WSTOPPED | WCONTINUED


async def _told(user: User, at: int, options: int, which: int = P_ALL,
                upid: int = 0) -> tuple[int, ...]:
    """Return number, user, code and status of what waitid() tells."""
    await user.store_bytes(at, b"\xFF" * 128)
    assert await user.syscall(NR_waitid, which, upid, at, options | WNOHANG, 0) == 0
    union = at + 8 + user.word
    pid, uid, status = [await user.load(union + offset, 4) for offset in (0, 4, 8)]
    assert await user.load(at, 4) == (SIGCHLD if pid else 0)
    assert await user.load(at + 4, 4) == 0
    return pid, uid, await user.load(at + 8, 4), status


@EACH_PAGING
@runs
async def test_an_end_is_told_until_it_is_waited_for(paging):
    user  = await boot(paging, credentials=cred.of_user(1000))
    at    = await user.mmap(4096)
    child = await user.fork()
    assert await _told(user, at, ALL) == (0, 0, 0, 0)
    await child.exit(3)
    for options in (WEXITED | WNOWAIT, WEXITED):
        assert await _told(user, at, options) == (child.pid, 1000, CLD_EXITED, 3)
    with raises_errno(Errno.ECHILD):
        await _told(user, at, ALL)
    assert await user.load(at + 8, 4) == 0       # for an error the fields are 0, too


@runs
async def test_a_stop_is_told_apart_from_its_end():
    user  = await boot()
    at    = await user.mmap(4096)
    child = await user.fork()
    await user.kill(child.pid, SIGSTOP)
    assert await _told(user, at, WEXITED | WCONTINUED) == (0, 0, 0, 0)
    for options in (WSTOPPED | WNOWAIT, WSTOPPED):
        assert await _told(user, at, options) == (child.pid, 0, CLD_STOPPED, SIGSTOP)
    assert await _told(user, at, ALL) == (0, 0, 0, 0)
    await user.kill(child.pid, SIGCONT)
    for options in (WCONTINUED | WNOWAIT, WCONTINUED):
        assert await _told(user, at, options) == (child.pid, 0, CLD_CONTINUED, SIGCONT)
    assert await _told(user, at, ALL) == (0, 0, 0, 0)
    await user.kill(child.pid, SIGKILL)
    with raises_errno(Errno.ECHILD):             # there is none that could still stop
        await _told(user, at, WSTOPPED)
    assert await _told(user, at, WEXITED) == (child.pid, 0, CLD_KILLED, SIGKILL)


@runs
async def test_a_tracee_is_trapped():
    user  = await boot()
    at    = await user.mmap(4096)
    child = await user.fork()
    await child.syscall(NR_ptrace, PTRACE_TRACEME, 0, 0, 0)
    await user.kill(child.pid, SIGSTOP)
    for options in (WSTOPPED | WNOWAIT, WEXITED | WSTOPPED):
        assert await _told(user, at, options) == (child.pid, 0, CLD_TRAPPED, SIGSTOP)
    assert await _told(user, at, ALL) == (0, 0, 0, 0)


@runs
async def test_a_child_is_named_by_its_number_or_its_group():
    user = await boot()
    at   = await user.mmap(4096)
    one  = await user.fork()
    two  = await user.fork()
    await two.setpgid(0, 0)
    for child in (one, two):
        await child.exit()
    look = WEXITED | WNOWAIT
    assert user.task.signal.pgrp == 1            # as a number of wait4(), -1 would be all
    assert (await _told(user, at, look, P_PID, two.pid))[0] == two.pid
    assert (await _told(user, at, look, P_PGID, two.pid))[0] == two.pid
    assert (await _told(user, at, look, P_PGID, 0))[0] == one.pid
    await user.wait(one.pid)
    for which, upid in ((P_PID, one.pid), (P_PGID, 1), (P_PGID, 0)):
        with raises_errno(Errno.ECHILD):
            await _told(user, at, look, which, upid)


@pytest.mark.parametrize("which, upid, options, errno", [
    (P_ALL,   0,    WNOHANG,           Errno.EINVAL),
    (P_ALL,   0,    WNOWAIT,           Errno.EINVAL),
    (P_ALL,   0,    WEXITED | 0x10,    Errno.EINVAL),
    (P_PID,   0,    WEXITED,           Errno.EINVAL),
    (P_PID,   -1,   WEXITED,           Errno.EINVAL),
    (P_PGID,  -1,   WEXITED,           Errno.EINVAL),
    (P_PIDFD, -1,   WEXITED,           Errno.EINVAL),
    (P_PIDFD, 3,    WEXITED,           Errno.EBADF),
    (4,       0,    WEXITED,           Errno.EINVAL),
    (P_PID,   4711, WEXITED,           Errno.ECHILD),
    (P_ALL,   0,    WEXITED,           Errno.ENOSYS),    # nobody would end while it sleeps
])
@runs
async def test_refusals(which, upid, options, errno):
    user = await boot()
    await user.fork()
    with raises_errno(errno):
        await user.syscall(NR_waitid, which, upid, 0, options, 0)


@runs
async def test_who_asks_by_a_descriptor_that_does_not_block_is_told_to_come_again():
    user  = await boot()
    child = await user.fork()
    for flags, errno in ((O_NONBLOCK, Errno.EAGAIN), (0, Errno.ENOSYS)):
        pidfd = await user.syscall(NR_pidfd_open, child.pid, flags)
        with raises_errno(errno):
            await user.syscall(NR_waitid, P_PIDFD, pidfd, 0, WEXITED, 0)


@runs
async def test_a_signal_with_a_report_of_the_senders_own_is_not_modelled():
    user  = await boot()
    pidfd = await user.syscall(NR_pidfd_open, user.pid, 0)
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_pidfd_send_signal, pidfd, SIGCONT, 4096, 0)


@runs
async def test_what_a_child_has_used_and_places_that_are_bad():
    user  = await boot()
    ru    = await user.mmap(4096)
    child = await user.fork()
    await child.store(await child.mmap(4096), 1)
    faults = child.task.min_flt
    await child.exit()
    assert await user.syscall(NR_waitid, P_ALL, 0, 0, WEXITED | WNOWAIT, ru) == 0
    assert await user.load(ru + 8 * 8) == faults > 0
    for infop, usage in ((8, 0), (0, 8)):
        with raises_errno(Errno.EFAULT):
            await user.syscall(NR_waitid, P_ALL, 0, infop, WEXITED | WNOWAIT, usage)
    assert await user.wait() == child.pid
