"""Functions called on other processors, and programs given to them."""

import pytest

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR, RESCHEDULE_VECTOR
from sw.arch.x86.include.asm.irqflags import irqs_disabled, local_irq_disable
from sw.include.linux.completion import completion
from sw.kernel.panic import KernelOops
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.core import context_switch
from sw.kernel.sched.idle import start_on
from sw.kernel.sched.sched import runqueues
from sw.kernel.smp import on_each_cpu, on_each_cpu_cond_mask
from sw.kernel.trace.ftrace import ret_stack
from sw.processor.exceptions import TripleFault
from sw.user import User
from sw.variables import per_cpu_ptr

from . import smp_support
from .arch_support import idle_task
from .smp_support import Deadlock, Smp, seeded


class Calls:
    """A function to call, and who did."""

    def __init__(self):
        self.done = []

    async def __call__(self, cpu, info):
        assert irqs_disabled(cpu) and cpu.cpl == 0
        await cpu.invlpg(0)
        self.done.append((cpu.number, info))


def numbers(calls):
    """Processors that called it, in order of number."""
    return sorted(number for number, _ in calls.done)


@pytest.mark.parametrize("seed", range(10))
def test_a_function_is_called_on_every_processor_before_the_call_returns(seed):
    async def main(cpu):
        await on_each_cpu(cpu, calls, "info")
        assert numbers(calls) == [0, 1, 2]
        assert {info for _, info in calls.done} == {"info"}
        assert not irqs_disabled(cpu)
        assert smp.buses[0].sent == [(1, CALL_FUNCTION_VECTOR), (2, CALL_FUNCTION_VECTOR)]

    smp, calls = Smp(3), Calls()
    smp.run(main, seeded(seed, 3))


@pytest.mark.parametrize("mask, cond, called", [
    ({1},       None,                                 [1]),
    ({0, 2},    None,                                 [0, 2]),
    ({0},       None,                                 [0]),
    (set(),     None,                                 []),
    ({0, 1, 2}, lambda other, info: other.number != 1, [0, 2]),
    ({0},       lambda other, info: False,            []),
])
def test_the_mask_and_the_condition_choose(mask, cond, called):
    async def main(cpu):
        await on_each_cpu_cond_mask(cpu, cond, calls, None, mask)
        assert numbers(calls) == called
        assert [target for target, _ in smp.buses[0].sent] == [n for n in called if n]

    smp, calls = Smp(3), Calls()
    smp.run(main)


def test_nobody_may_call_others_with_interrupts_off():
    async def main(cpu):
        local_irq_disable(cpu)
        await on_each_cpu(cpu, Calls(), None)

    with pytest.raises(AssertionError, match="deadlock"):
        Smp().run(main)


@pytest.mark.parametrize("seed", range(30))
def test_processors_that_call_each_other_at_the_same_time_do_not_deadlock(seed):
    async def shoot(cpu):
        for turn in range(10):
            await on_each_cpu(cpu, calls, (cpu.number, turn))

    async def main(cpu):
        rest = [await start_on(cpu, other, shoot) for other in smp.cpus[1:]]
        await shoot(cpu)
        for done in rest:
            await wait_for_completion(cpu, done)

    smp, calls = Smp(3), Calls()
    smp.run(main, seeded(seed, 3))
    assert sorted(calls.done) == sorted(
        (on, (by, turn)) for on in range(3) for by in range(3) for turn in range(10))


def test_processors_that_call_each_other_with_interrupts_off_would(monkeypatch):
    async def shoot(cpu):
        local_irq_disable(cpu)
        ready.append(cpu)
        while len(ready) < 2:
            await cpu.pause()
        await on_each_cpu(cpu, Calls(), None)

    async def main(cpu):
        await start_on(cpu, smp.cpus[1], shoot)
        await shoot(cpu)

    monkeypatch.setattr("sw.kernel.smp.irqs_disabled",
                        lambda cpu: "sysvec_call_function" in per_cpu_ptr(ret_stack, cpu))
    monkeypatch.setattr(smp_support, "PATIENCE", 3000)
    smp, ready = Smp(), []
    with pytest.raises(Deadlock, match="csd_lock_wait"):
        smp.run(main)


# Programs for idle processors

@pytest.mark.parametrize("seed", range(10))
def test_programs_are_executed_in_order_by_the_processor_they_were_given_to(seed):
    async def main(cpu):
        def program(number):
            async def execute(other):
                await other.pause()
                executed.append(number)
                return other.number, number
            return execute

        waiting = [await start_on(cpu, smp.cpus[1], program(number)) for number in range(3)]
        assert [await wait_for_completion(cpu, done) for done in reversed(waiting)] == [
            (1, 2), (1, 1), (1, 0)]
        assert executed == [0, 1, 2]
        assert not per_cpu_ptr(runqueues, cpu).sleeping

    smp, executed = Smp(), []
    smp.run(main, seeded(seed))


def test_who_waits_is_woken_by_an_interrupt_and_sleeps_until_then():
    async def main(cpu):
        async def program(other):
            for _ in range(100):
                await other.pause()

        done = await start_on(cpu, smp.cpus[1], program)
        await wait_for_completion(cpu, done)

    smp = Smp()
    smp.run(main)
    assert smp.buses[0].sent == [(1, RESCHEDULE_VECTOR)]
    assert smp.buses[1].sent == [(0, RESCHEDULE_VECTOR)]


def test_an_exception_of_a_program_is_raised_where_it_is_waited_for():
    async def main(cpu):
        async def program(other):
            raise KeyError("its own")

        with pytest.raises(KeyError, match="its own"):
            await wait_for_completion(cpu, await start_on(cpu, smp.cpus[1], program))
        return await wait_for_completion(cpu, await start_on(cpu, smp.cpus[1], number))

    async def number(other):
        return other.number

    smp = Smp()
    assert smp.run(main) == 1


@pytest.mark.parametrize("end", [
    KernelOops("Oops", 0, 0, ()), TripleFault("shutdown"), AssertionError("BUG"),
], ids=lambda end: type(end).__name__)
def test_what_the_kernel_says_of_itself_stops_the_machine(end):
    async def main(cpu):
        async def program(other):
            raise end

        await start_on(cpu, smp.cpus[1], program)
        while True:
            await cpu.pause()

    smp = Smp()
    with pytest.raises(type(end)):
        smp.run(main)


def test_a_processor_gives_no_program_to_itself():
    async def main(cpu):
        await start_on(cpu, cpu, main)

    with pytest.raises(AssertionError, match="not idle"):
        Smp().run(main)


def test_waiting_for_what_nobody_does_is_a_bug():
    async def main(cpu):
        await wait_for_completion(cpu, await start_on(
            cpu, smp.cpus[1], lambda other: wait_for_completion(other, completion())))

    smp = Smp(3)
    with pytest.raises(AssertionError, match="sleep for ever"):
        smp.run(main)


def test_a_task_runs_on_one_processor_at_a_time():
    async def main(cpu):
        user = await User.create(cpu)
        await user.mmap(4096)
        other = user.on(smp.cpus[1])
        assert (other.task, other.cpu) == (user.task, smp.cpus[1])
        with pytest.raises(Moved):
            await wait_for_completion(cpu, await start_on(cpu, smp.cpus[1], lambda _: moves(other)))
        await context_switch(cpu, current(cpu), idle_task(cpu))
        await wait_for_completion(cpu, await start_on(cpu, smp.cpus[1], lambda _: moves(other)))
        assert user.task.on_cpu is None
        await user.mmap(4096)
        assert user.task.on_cpu is cpu

    async def moves(user):
        try:
            await user.mmap(4096)
        except AssertionError as bug:
            raise Moved from bug

    class Moved(Exception):
        pass

    smp = Smp()
    smp.run(main)
