"""Interrupts: between which instructions they are taken, and what they leave as it was."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import sys_call_table
from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR
from sw.arch.x86.include.asm.irqflags import (
    irqs_disabled, local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save,
    safe_halt,
)
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.arch.x86.include.asm.trapnr import X86_TRAP_PF
from sw.arch.x86.lib.usercopy import copy_to_user
from sw.bus import BURST_LENGTH, Kind, Register
from sw.include.linux.signal_types import SIG_HANDLER, SIGKILL, SIGTERM, Killed, Signal
from sw.kconfig import kconfig
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.smp import call_single_data, call_single_queue
from sw.kernel.trace.ftrace import ret_stack
from sw.processor.exceptions import TripleFault
from sw.processor.strings import load_bytes, rep_movs, rep_stos, store_bytes
from sw.user import User
from sw.variables import per_cpu_ptr

from .arch_support import booted, flat, page_in, paged, run
from .smp_support import Smp, beside, seeded, two_threads


LOW, HIGH = 0xF1, 0xFA


def noting(cpu, *vectors):
    """Note the interrupts that come, with what the handler finds."""
    seen = []

    async def handler(cpu, regs):
        seen.append((regs.trap_nr, cpu.cpl, cpu.interrupts_enabled, len(cpu.bus.done)))

    cpu.idt.update(dict.fromkeys(vectors or (LOW, HIGH), handler))
    return seen


def interrupt(cpu, *vectors):
    """Let interrupts wait."""
    for vector in vectors:
        cpu.bus.interrupts |= 1 << vector - 0xF0


def interrupt_at(cpu, number, vector):
    """Let an interrupt wait once ``number`` accesses and strings have been done."""
    note = cpu.bus.note

    def counting(operation):
        note(operation)
        if len(cpu.bus.done) == number:
            interrupt(cpu, vector)

    cpu.bus.note = counting


@pytest.mark.parametrize("cpl", [0, 3])
def test_what_waits_is_taken_before_the_next_instruction_highest_first(cpl):
    cpu, cpu.cpl = paged(), cpl
    seen = noting(cpu)
    run(cpu.sti())
    done = len(cpu.bus.done)
    run(cpu.load(0, 8))
    interrupt(cpu, LOW, HIGH)
    assert seen == []
    run(cpu.load(0, 8))
    assert seen == [(HIGH, 0, False, done + 1), (LOW, 0, False, done + 1)]
    assert (cpu.cpl, cpu.interrupts_enabled, cpu.bus.interrupts) == (cpl, True, 0)


@pytest.mark.parametrize("instruction", [
    lambda cpu: cpu.store(0, 8, 1),
    lambda cpu: cpu.exchange(0, 8, 1),
    lambda cpu: load_bytes(cpu, 0, 8),
    lambda cpu: store_bytes(cpu, 0, bytes(8)),
    lambda cpu: rep_movs(cpu, 0, 0x100, 8),
    lambda cpu: rep_stos(cpu, 0, 1, 8),
    lambda cpu: cpu.stac(),
    lambda cpu: cpu.read_cr(Register.CR0),
    lambda cpu: cpu.write_cr(Register.CR2, 0),
    lambda cpu: cpu.invlpg(0),
    lambda cpu: cpu.pause(),
    lambda cpu: cpu.send_interrupt(0, LOW),
])
def test_every_instruction_lets_interrupts_in_before_it(instruction):
    cpu  = flat()
    seen = noting(cpu)
    run(cpu.sti())
    interrupt(cpu, HIGH)
    run(instruction(cpu))
    assert [(vector, done) for vector, *_, done in seen] == [(HIGH, 0)]


def test_interrupts_wait_while_if_is_clear():
    cpu  = flat()
    seen = noting(cpu)
    run(local_irq_enable(cpu))
    flags = local_irq_save(cpu)
    interrupt(cpu, LOW)
    run(cpu.load(0, 8))
    assert seen == [] and irqs_disabled(cpu)
    inner = local_irq_save(cpu)
    run(local_irq_restore(cpu, inner))
    assert irqs_disabled(cpu)
    run(local_irq_restore(cpu, flags))
    assert [done for *_, done in seen] == [1]
    local_irq_disable(cpu)
    assert irqs_disabled(cpu)


@pytest.mark.parametrize("operation, before", [
    (lambda cpu: load_bytes(cpu, 0, 3 * BURST_LENGTH),         1),
    (lambda cpu: store_bytes(cpu, 0, bytes(3 * BURST_LENGTH)), 1),
    (lambda cpu: rep_stos(cpu, 0, 1, 3 * BURST_LENGTH),        1),
    (lambda cpu: rep_movs(cpu, 0, 0x2000, 3 * BURST_LENGTH),   2),  # a load and a store
])
def test_a_string_instruction_is_interrupted_between_its_chunks(operation, before):
    cpu  = flat()
    seen = noting(cpu)
    run(cpu.sti())
    interrupt_at(cpu, 1, HIGH)
    run(operation(cpu))
    assert [done for *_, done in seen] == [before]
    assert len(cpu.bus.done) == 3 * before


def test_processors_send_no_interrupts_that_devices_send():
    cpu = booted(PAGING_64)
    with pytest.raises(ValueError, match="a vector is 0xf0 to 0xff, not 0xef"):
        run(cpu.send_interrupt(0, 0xEF))


def test_an_interrupt_without_a_handler_shuts_the_processor_down():
    cpu = flat()
    run(cpu.sti())
    interrupt(cpu, LOW)
    with pytest.raises(TripleFault, match="0xf1"):
        run(cpu.load(0, 8))


def test_hlt_takes_what_came_before_it_and_after_sti():
    cpu  = flat()
    seen = noting(cpu)
    interrupt(cpu, LOW)
    run(safe_halt(cpu))
    assert len(seen) == 1 and cpu.interrupts_enabled


def test_what_waits_is_taken_as_soon_as_if_is_set():
    cpu  = flat()
    seen = noting(cpu)
    interrupt(cpu, LOW, HIGH)
    run(cpu.sti())
    assert [vector for vector, *_ in seen] == [HIGH, LOW]


def test_an_interrupt_gate_clears_if_and_the_return_sets_it():
    cpu  = paged(absent={2})
    seen = []

    async def handler(cpu, regs):
        seen.append((cpu.interrupts_enabled, regs.interrupts))
        page_in(cpu, 2)

    cpu.idt[X86_TRAP_PF] = handler
    for enabled in (True, False):
        cpu.interrupts_enabled = enabled
        cpu.bus.mmu.memory.write(0x2008, 4, 0)
        run(cpu.bus.invlpg(0x2000))
        run(cpu.load(0x2000, 8))
        assert cpu.interrupts_enabled is enabled
    assert seen == [(False, True), (False, False)]


def called(cpu, number):
    """Let the kernel be asked for a function call after ``number`` accesses. What it finds."""
    seen = []

    async def func(cpu, info):
        seen.append((cpu.cpl, cpu.ac, cpu.interrupts_enabled, tuple(per_cpu_ptr(ret_stack, cpu))))

    per_cpu_ptr(call_single_queue, cpu).append(call_single_data(func, None))
    cpu.bus.done.clear()
    interrupt_at(cpu, number, CALL_FUNCTION_VECTOR)
    return seen


def test_ac_of_copy_to_user_is_cleared_for_the_handler_and_comes_back():
    cpu  = booted()
    user = run(User.create(cpu))
    at   = run(user.mmap(0x2000))
    run(user.store(at, 1))
    run(user.store(at + 0x1000, 1))
    seen   = called(cpu, 3)
    source = kconfig(cpu).paging.PAGE_OFFSET
    assert run(copy_to_user(cpu, at + 8, source, 0x1800)) == 0
    (cpl, ac, enabled, stack), = seen
    assert (cpl, ac, enabled) == (0, False, False)
    assert stack == ("copy_to_user", "sysvec_call_function", "generic_smp_call_function_interrupt")
    assert (cpu.ac, cpu.interrupts_enabled, per_cpu_ptr(ret_stack, cpu)) == (False, True, [])
    flags = [op[2] >> 18 for op in cpu.bus.log if op[:2] == ("write", Register.RFLAGS)]
    assert flags[-4:] == [1, 0, 1, 0]     # STAC, the entry, IRET, CLAC


def test_a_program_is_interrupted_and_goes_on():
    cpu  = booted()
    user = run(User.create(cpu))
    at   = run(user.mmap(0x2000))
    run(user.store(at, 7))
    seen = called(cpu, 1)
    assert [run(user.load(at)) for _ in range(3)] == [7, 7, 7]
    assert [entry[:3] for entry in seen] == [(0, False, False)]
    assert len([access for access in cpu.bus.done if access.user]) == 3


@pytest.mark.parametrize("enabled", [True, False])
def test_a_fault_handler_lets_interrupts_in_if_the_interrupted_code_did(enabled):
    cpu  = booted()
    user = run(User.create(cpu))
    at   = run(user.mmap(0x2000))
    seen = called(cpu, 4)     # while the page that is missing is made
    cpu.interrupts_enabled = enabled
    run(cpu.stac())
    run(cpu.store(at, 8, 5))
    assert bool(seen) is enabled
    if enabled:
        assert "do_user_addr_fault" in seen[0][3]
    assert cpu.interrupts_enabled is enabled and cpu.ac


def test_interrupts_are_off_until_the_fault_address_is_read():
    cpu  = booted()
    user = run(User.create(cpu))
    at   = run(user.mmap(0x2000))
    seen = called(cpu, 1)     # with the store that faults
    run(user.store(at, 5))
    assert seen[0][3][:2] == ("exc_page_fault", "do_user_addr_fault")
    assert [access.kind for access in cpu.bus.done if access.user] == [Kind.WRITE] * 2


def test_a_system_call_runs_with_interrupts(monkeypatch):
    cpu = booted()

    async def function(cpu):
        return int(cpu.interrupts_enabled)

    monkeypatch.setitem(sys_call_table, 5, function)
    assert run(run(User.create(cpu)).syscall(5)) == 1
    assert cpu.interrupts_enabled


# Signals between processors

async def loop(user, at):
    """Load for ever, without a way into the kernel but interrupts."""
    async def loads():
        while True:
            await user.cpu.load(at, 8)

    await user._run(loads)


@pytest.mark.parametrize("signo, action, ends", [
    (SIGTERM, SIG_HANDLER, Signal), (SIGTERM, 0, Killed), (SIGKILL, 0, Killed),
])
@pytest.mark.parametrize("seed", range(5))
def test_a_signal_reaches_a_program_that_makes_no_system_call(signo, action, ends, seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        killer = await User.create(cpu)
        at = await user.mmap(4096)
        await user.store(at, 1)
        if action:
            await user.handle(signo)
        done = await beside(thread, lambda: loop(thread, at))
        while thread.task.on_cpu is None:
            await cpu.pause()
        await killer.kill(thread.pid, signo)
        with pytest.raises(ends):
            await wait_for_completion(cpu, done)
        assert smp.buses[0].sent[-1] == (1, 0xFD)
        assert thread.task.on_cpu is None

    smp = Smp()
    smp.run(main, seeded(seed))


@pytest.mark.parametrize("seed", range(5))
def test_the_end_of_a_process_is_the_end_of_its_threads_elsewhere(seed):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await user.mmap(4096)
        await user.store(at, 1)
        done = await beside(thread, lambda: loop(thread, at))
        while thread.task.on_cpu is None:
            await cpu.pause()
        await user.exit()
        with pytest.raises(Killed):
            await wait_for_completion(cpu, done)
        assert init_pid_ns(cpu).tasks == {}

    Smp().run(main, seeded(seed))
