"""The end of a task: who hears of it, and what becomes of those that belonged to it."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_exit
from sw.errno import Errno
from sw.include.linux.ptrace import PTRACE_SEIZE
from sw.include.linux.sched import EXIT_DEAD, EXIT_ZOMBIE
from sw.include.linux.signal_types import SIGTERM, Killed
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.pid import init_pid_ns

from .user_support import boot, filled, raises_errno, runs


@runs
async def test_the_tracees_of_a_dead_tracer_go_back_to_their_parents():
    user   = await boot()
    child  = await user.fork()
    tracer = await user.fork()
    await tracer.ptrace(PTRACE_SEIZE, child.pid)
    assert child.task.parent is tracer.task
    await tracer.exit()
    assert not child.task.ptrace and child.task.parent is user.task
    assert await user.wait() == tracer.pid
    await child.exit()
    assert await user.wait() == child.pid


@runs
async def test_a_tracer_hears_of_the_end_in_the_place_of_the_parent():
    user   = await boot()
    child  = await user.fork()
    tracer = await user.fork()
    await tracer.ptrace(PTRACE_SEIZE, child.pid)
    await child.exit()
    assert await user.wait(child.pid) == 0          # the parent is told when the tracer has waited
    assert await tracer.wait() == child.pid
    assert await user.wait(child.pid) == child.pid
    with raises_errno(Errno.ECHILD):
        await user.wait(child.pid)


@runs
async def test_a_traced_child_whose_parent_dies_stays_with_its_tracer():
    user   = await boot()
    parent = await user.fork()
    child  = await parent.fork()
    await user.ptrace(PTRACE_SEIZE, child.pid)
    await parent.exit()
    assert child.task.ptrace and child.task.parent is user.task and child.task.real_parent is None
    await child.exit()
    assert await user.wait(child.pid) == child.pid


@runs
async def test_a_zombie_vanishes_with_its_parent():
    user   = await boot()
    parent = await user.fork()
    child  = await parent.fork()
    await child.exit()
    assert child.task.exit_state == EXIT_ZOMBIE
    await parent.exit()
    assert child.task.exit_state == EXIT_DEAD
    assert list(init_pid_ns(user.cpu).tasks) == [user.pid, parent.pid]


@runs
async def test_only_ones_own_children_are_waited_for():
    user  = await boot()
    child = await user.fork()
    other = await user.fork()
    await child.exit()
    with raises_errno(Errno.ECHILD):
        await other.wait(child.pid)
    with raises_errno(Errno.ECHILD):
        await other.wait()
    assert await user.wait(other.pid) == 0
    assert await user.wait() == child.pid
    assert child.task.exit_state == EXIT_DEAD


@runs
async def test_a_thread_vanishes_when_it_ends_and_its_process_does_not():
    user   = await boot()
    at     = await filled(user)
    child  = await user.fork()
    thread = await child.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    await thread.syscall(NR_exit, 1)
    assert thread.task.exit_state == EXIT_DEAD
    assert list(init_pid_ns(user.cpu).tasks) == [user.pid, child.pid]
    assert await user.wait() == 0
    assert await child.load(at) == 0xABCD


@runs
async def test_no_signal_waits_for_a_dead_task():
    user  = await boot()
    child = await user.fork()
    for _ in range(2):
        await user.kill(child.pid, SIGTERM)
    with pytest.raises(Killed):
        await child.load(0)
    assert child.task.pending == []
