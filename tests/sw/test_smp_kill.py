"""Deaths of tasks whose programs do not run, while several processors have a hand in them."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.sched import fatal_signal_pending
from sw.include.linux.signal_types import SIGKILL, SIGTERM, Killed
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.completion import wait_for_completion
from sw.user import User

from .smp_support import Smp, beside, seeded


SEEDS = pytest.mark.parametrize("seed", range(20))


async def kills(killer, pid, signo):
    """Send a signal to a process that may be gone."""
    try:
        await killer.kill(pid, signo)
    except KernelError as error:
        assert error.errno == Errno.ESRCH


@SEEDS
def test_a_child_is_killed_by_two_at_once(seed):
    async def main(cpu):
        user   = await User.create(cpu)
        killer = (await User.create(cpu)).on(cpu_online_mask(cpu)[1])
        await user.mmap(4096)
        child  = await user.fork()
        done   = await beside(killer, lambda: kills(killer, child.pid, SIGKILL))
        await user.kill(child.pid, SIGTERM)
        await wait_for_completion(cpu, done)
        await user.mmap(4096)
        number, status = await user.wait_status()
        assert number == child.pid and status in (SIGKILL, SIGTERM)

    Smp().run(main, seeded(seed))


@SEEDS
def test_a_child_is_killed_while_its_program_begins_elsewhere(seed):
    async def main(cpu):
        user  = await User.create(cpu)
        at    = await user.mmap(4096)
        child = (await user.fork()).on(cpu_online_mask(cpu)[1])
        done  = await beside(child, lambda: child.load_bytes(at, 4096))
        await user.kill(child.pid, SIGTERM)
        try:
            await wait_for_completion(cpu, done)
        except Killed:
            pass
        await user.mmap(4096)
        assert await user.wait_status() == (child.pid, SIGTERM)

    Smp().run(main, seeded(seed))


@SEEDS
def test_the_one_that_kills_is_killed_meanwhile(seed):
    async def main(cpu):
        user   = await User.create(cpu)
        killer = (await User.create(cpu)).on(cpu_online_mask(cpu)[1])
        child  = await user.fork()
        done   = await beside(killer, lambda: kills(killer, user.pid, SIGKILL))
        with pytest.raises(Killed):
            await user.kill(child.pid, SIGTERM)
            while True:
                await user.cpu.pause()
                await user.mmap(4096)
        await wait_for_completion(cpu, done)
        if child.task.signal.group_exit_code is None:     # its turn to be killed never came
            await killer.on(cpu).kill(child.pid, SIGTERM)
        assert list(init_pid_ns(cpu).tasks) == [killer.pid]

    Smp().run(main, seeded(seed))


# Moments of choice: the other processor comes in exactly there.

def when(condition: Callable[[], bool], turns: int = 2000) -> Iterator[int]:
    """Time slices: processor 0 alone until ``condition`` holds, then for a while processor 1."""
    while not condition():
        yield 0
    yield from itertools.repeat(1, turns)


def test_a_killer_that_lets_its_victim_die_is_executed_by_nobody_else():
    """While the victim dies in its place, a signal for it is no reason to take it over."""
    async def main(cpu):
        smp.user    = await User.create(cpu)
        smp.killer  = (await User.create(cpu)).on(cpu_online_mask(cpu)[1])
        await smp.user.mmap(4096)
        smp.child   = await smp.user.fork()
        smp.done    = await beside(smp.killer, lambda: kills(smp.killer, smp.user.pid, SIGKILL))
        with pytest.raises(Killed):
            await smp.user.kill(smp.child.pid, SIGTERM)
        await wait_for_completion(cpu, smp.done)
        assert smp.user.task.on_cpu is cpu

    smp = Smp()
    smp.child = None
    smp.run(main, when(lambda: smp.child is not None and current(smp.cpus[0]) is smp.child.task))


def test_a_program_that_begins_while_another_processor_ends_it():
    async def begins(child, at):
        with pytest.raises(Killed):
            await child.load(at)

    async def main(cpu):
        user      = await User.create(cpu)
        at        = await user.mmap(4096)
        await user.store(at, 1)
        smp.child = (await user.fork()).on(cpu_online_mask(cpu)[1])
        smp.done  = await beside(smp.child, lambda: begins(smp.child, at))
        await user.kill(smp.child.pid, SIGTERM)
        await wait_for_completion(cpu, smp.done)
        assert await user.wait_status() == (smp.child.pid, SIGTERM)

    smp = Smp()
    smp.child = None
    smp.run(main, when(lambda: smp.child is not None and current(smp.cpus[0]) is smp.child.task))


def test_a_task_that_leaves_its_processor_with_a_signal_dies_without_its_program():
    async def main(cpu):
        user   = await User.create(cpu)
        other  = await User.create(cpu)
        killer = (await User.create(cpu)).on(cpu_online_mask(cpu)[1])
        await other.mmap(4096)
        await user.mmap(4096)
        done   = await beside(killer, lambda: kills(killer, user.pid, SIGKILL))
        await wait_for_completion(cpu, done)         # the interrupt finds it in the kernel
        assert fatal_signal_pending(user.task) and not user.task.exit_state
        await other.mmap(4096)
        assert user.task.exit_state and user.task.mm is None

    Smp().run(main)
