"""wait4(), kill() of many, and clone()'s flags: what a parent is told, and what is refused."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_clone, NR_exit, NR_rt_sigaction, NR_wait4
from sw.errno import Errno
from sw.include.linux.sched import EXIT_DEAD, EXIT_ZOMBIE
from sw.include.linux.signal_types import (
    CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIG_IGN, SIGCHLD, SIGCONT, SIGKILL, SIGSEGV, SIGSTOP,
    SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED, SIGTERM, SIGUSR1, Killed, Signal,
)
from sw.include.linux.wait import WNOHANG, __WALL, __WCLONE, __WNOTHREAD, WUNTRACED
from sw.kernel.cred import cred
from sw.kernel.exit.wait import wait_task_stopped
from sw.kernel.fork.clone import (
    CLONE_FILES, CLONE_FS, CLONE_NEWNS, CLONE_NEWUSER, CLONE_SIGHAND, CLONE_SYSVSEM, CLONE_THREAD,
    CLONE_VFORK, CLONE_VM,
)
from sw.kernel.pid import init_pid_ns
from sw.mm.page_alloc import nr_free_pages
from sw.user import User

from .user_support import EACH_PAGING, boot, raises_errno, runs


THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD


# Statuses

@runs
async def test_a_stop_is_told_when_all_threads_have_taken_it():
    user   = await boot()
    child  = await user.fork()
    signal = child.task.signal
    signal.group_stop_code, signal.flags = SIGSTOP, SIGNAL_STOP_CONTINUED
    assert wait_task_stopped(child.task, WUNTRACED, ptrace=False) is None
    signal.flags = SIGNAL_STOP_STOPPED
    assert wait_task_stopped(child.task, WUNTRACED, ptrace=False) == (CLD_STOPPED, SIGSTOP)


@runs
async def test_the_faults_of_a_dead_child_and_of_its_own_children_are_told():
    user  = await boot()
    ru    = await user.mmap(4096)
    await user.store(ru, 1)
    child = await user.fork()
    grandchild = await child.fork()
    for one, pages in ((child, 3), (grandchild, 2)):
        at = await one.mmap(pages * 4096)
        for number in range(pages):
            await one.store(at + number * 4096, 1)
    faults = [one.task.min_flt for one in (child, grandchild)]
    assert await user.syscall(NR_wait4, -1, 0, WNOHANG, ru) == 0
    assert await user.load(ru) == 1         # nobody is dead: nothing is told
    await grandchild.exit()
    await child.wait()
    await child.exit()
    assert await user.syscall(NR_wait4, -1, 0, WNOHANG, ru) == child.pid
    told = [await user.load(ru + 8 * index) for index in range(18)]
    assert told[8] == sum(faults) >= 5 and sum(told) == told[8]


@runs
async def test_a_bad_place_for_the_faults_is_found_when_the_child_is_gone():
    user  = await boot()
    child = await user.fork()
    await child.exit()
    with raises_errno(Errno.EFAULT):
        await user.syscall(NR_wait4, -1, 0, WNOHANG, 8)
    with raises_errno(Errno.ECHILD):
        await user.wait()

@pytest.mark.parametrize("code, status", [(0, 0), (3, 0x300), (255, 0xFF00), (256, 0),
                                          (-1, 0xFF00)])
@EACH_PAGING
@runs
async def test_status_of_an_exit(code, status, paging):
    user  = await boot(paging)
    child = await user.fork()
    assert await user.wait_status() == (0, 0)
    await child.exit(code)
    assert await user.wait_status() == (child.pid, status)
    with raises_errno(Errno.ECHILD):
        await user.wait_status()


@pytest.mark.parametrize("signo", [SIGTERM, SIGKILL, SIGSEGV, 64])
@runs
async def test_a_killed_child_whose_program_never_runs_is_gone(signo):
    user   = await boot()
    await user.sigprocmask()                     # from now on it has memory for statuses
    before = nr_free_pages(user.cpu)
    child  = await user.fork()
    child.task.sighand.action.clear()
    await user.kill(child.pid, signo)
    assert child.task.mm is None and child.task.files is None
    assert await user.wait_status(child.pid) == (child.pid, signo)
    assert nr_free_pages(user.cpu) == before
    with pytest.raises(Killed) as caught:
        await child.load(0)
    assert caught.value.info.si_signo == signo
    with pytest.raises(RuntimeError, match=f"killed by signal {signo}"):
        await child.load(0)


@runs
async def test_threads_die_with_their_process_though_they_never_run():
    user   = await boot()
    child  = await user.fork()
    await child.clone(THREAD)
    thread = await child.clone(THREAD)
    await user.kill(thread.pid, SIGTERM)
    assert list(init_pid_ns(user.cpu).tasks) == [user.pid, child.pid]
    assert await user.wait_status() == (child.pid, SIGTERM)


@runs
async def test_threads_of_a_process_that_exits_never_run_again():
    user   = await boot()
    child  = await user.fork()
    await child.clone(THREAD)
    await child.exit(4)
    assert list(init_pid_ns(user.cpu).tasks) == [user.pid, child.pid]
    assert await user.wait_status() == (child.pid, 0x400)


@runs
async def test_a_process_ends_with_its_last_thread_and_that_one_s_code():
    user   = await boot()
    child  = await user.fork()
    thread = await child.clone(THREAD)
    await child.syscall(NR_exit, 1)
    assert await user.wait_status() == (0, 0)
    await thread.syscall(NR_exit, 2)
    assert await user.wait_status() == (child.pid, 0x200)


@pytest.mark.parametrize("pid, options, ru, errno", [
    (-1,         0x4,     0, Errno.EINVAL),
    (-(1 << 31), WNOHANG, 0, Errno.ESRCH),
    (4711,       WNOHANG, 0, Errno.ECHILD),
    (-4711,      WNOHANG, 0, Errno.ECHILD),
    (-1,         0,       0, Errno.ENOSYS),    # nobody would end while it sleeps
])
@runs
async def test_refusals_of_wait(pid, options, ru, errno):
    user = await boot()
    await user.fork()
    with raises_errno(errno):
        await user.syscall(NR_wait4, pid, 0, options, ru)


@runs
async def test_a_status_that_cannot_be_stored_is_lost_with_the_child():
    user  = await boot()
    child = await user.fork()
    await child.exit()
    with raises_errno(Errno.EFAULT):
        await user.syscall(NR_wait4, -1, 8, WNOHANG, 0)
    assert child.task.exit_state == EXIT_DEAD


@runs
async def test_children_are_waited_for_by_group_and_by_all_threads():
    user   = await boot()
    thread = await user.clone(THREAD)
    one    = await thread.fork()
    two    = await user.fork()
    await one.exit(1)
    await two.exit(2)
    with raises_errno(Errno.ECHILD):
        await user.wait_status(one.pid, WNOHANG | __WNOTHREAD)
    assert await user.wait_status(0, WNOHANG | WUNTRACED) == (one.pid, 0x100)
    assert await thread.wait_status(-user.pid) == (two.pid, 0x200)


@runs
async def test_the_children_of_a_thread_go_to_another_one():
    user   = await boot()
    thread = await user.clone(THREAD)
    child  = await thread.fork()
    await thread.syscall(NR_exit, 0)
    await child.exit(5)
    assert await user.wait_status() == (child.pid, 0x500)


@runs
async def test_a_child_that_tells_its_end_otherwise_is_waited_for_if_asked():
    user  = await boot()
    child = await user.clone(CLONE_FILES | SIGUSR1)
    await user.handle(SIGUSR1)
    await child.exit()
    with pytest.raises(Signal) as caught:
        await user.load(0)
    assert caught.value.signo == SIGUSR1
    with raises_errno(Errno.ECHILD):
        await user.wait()
    assert await user.wait_status(-1, WNOHANG | __WCLONE) == (child.pid, 0)
    other = await user.clone(0)
    await other.exit()
    assert await user.wait_status(-1, WNOHANG | __WALL) == (other.pid, 0)


# SIGCHLD

@pytest.mark.parametrize("killed", [False, True])
@runs
async def test_the_parent_hears_of_the_end(killed):
    user  = await boot(credentials=cred.of_user(1000))
    child = await user.fork()
    await user.handle(SIGCHLD)
    with pytest.raises(Signal) as caught:
        if killed:
            await user.kill(child.pid, SIGTERM)
            await user.mmap(4096)
        else:
            await child.exit(3)
            await user.mmap(4096)
    signal = caught.value
    assert (signal.signo, signal.si_pid, signal.si_uid) == (SIGCHLD, child.pid, 1000)
    assert (signal.si_code, signal.si_status) == ((CLD_KILLED, SIGTERM) if killed
                                                  else (CLD_EXITED, 3))


@runs
async def test_nobody_waits_for_the_children_of_one_that_ignores_their_end():
    user  = await boot()
    await user.syscall(NR_rt_sigaction, SIGCHLD, SIG_IGN)
    child = await user.fork()
    await child.exit()
    assert child.task.exit_state == EXIT_DEAD
    with raises_errno(Errno.ECHILD):
        await user.wait()


# Signals to many

@runs
async def test_signals_to_the_group():
    user  = await boot()
    other = await User.create(user.cpu)
    for process in (user, other):
        await process.handle(SIGUSR1)
    child = await user.fork()
    with pytest.raises(Signal) as caught:
        await child.kill(0, SIGUSR1)
    assert caught.value.si_pid == child.pid
    with pytest.raises(Signal):
        await user.mmap(4096)
    await other.mmap(4096)
    await user.kill(-other.pid, SIGUSR1)
    with pytest.raises(Signal):
        await other.mmap(4096)
    await child.mmap(4096)
    with raises_errno(Errno.ESRCH):
        await user.kill(-4711, SIGUSR1)
    with raises_errno(Errno.EINVAL):
        await user.kill(0, 65)


@runs
async def test_signals_to_all_but_process_1_and_oneself():
    user   = await boot()
    with raises_errno(Errno.ESRCH):
        await user.kill(-1, SIGTERM)
    one    = await user.fork()
    sender = await user.fork()
    thread = await sender.clone(THREAD)
    await sender.kill(-1, SIGTERM)
    assert one.task.signal.group_exit_code == SIGTERM
    for process in (user, sender, thread):
        assert process.task.signal.group_exit_code is None


@runs
async def test_it_is_enough_that_one_of_a_group_may_be_sent_to():
    user  = await boot(credentials=cred.of_user(1000))
    mine  = await user.fork()
    user.task.cred = cred.of_user(1001)
    other = await user.fork()
    user.task.cred = cred.of_user(1000)
    await user.kill(0, 0)
    await user.kill(-1, 0)
    with raises_errno(Errno.EPERM):
        await user.kill(other.pid, 0)
    await user.kill(other.pid, SIGCONT)          # of one's own session
    await mine.exit()
    await user.wait()
    await user.kill(-1, 0)                       # there is one, and that it is foreign is no error


# Flags of clone

@pytest.mark.parametrize("flags, errno", [
    (CLONE_THREAD,                     Errno.EINVAL),
    (CLONE_THREAD | CLONE_VM,          Errno.EINVAL),
    (CLONE_SIGHAND,                    Errno.EINVAL),
    (CLONE_THREAD | CLONE_SIGHAND,     Errno.EINVAL),
    (CLONE_FS | CLONE_NEWNS,           Errno.EINVAL),
    (CLONE_FS | CLONE_NEWUSER,         Errno.EINVAL),
    (THREAD | CLONE_NEWUSER,           Errno.EINVAL),
    (CLONE_NEWNS,                      Errno.ENOSYS),
    (CLONE_THREAD | CLONE_VFORK,       Errno.EINVAL),
    (CLONE_FS | CLONE_SYSVSEM,         None),
    (1 << 32,                          None),          # flags have 32 bits
])
@runs
async def test_flags_of_clone(flags, errno):
    user = await boot()
    if errno is None:
        assert await user.syscall(NR_clone, flags | SIGCHLD)
    else:
        with raises_errno(errno):
            await user.syscall(NR_clone, flags | SIGCHLD)
        assert list(init_pid_ns(user.cpu).tasks) == [user.pid]


@runs
async def test_who_has_killed_can_be_killed():
    user   = await boot()
    killer = await user.fork()
    victim = await killer.fork()
    await killer.kill(victim.pid, SIGKILL)
    await user.kill(killer.pid, SIGKILL)
    assert (victim.task.exit_state, killer.task.exit_state) == (EXIT_DEAD, EXIT_ZOMBIE)
