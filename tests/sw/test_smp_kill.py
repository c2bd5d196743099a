"""Deaths of tasks whose programs do not run, while several processors have a hand in them."""

import pytest

from sw.errno import Errno, KernelError
from sw.include.linux.cpumask import cpu_online_mask
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
