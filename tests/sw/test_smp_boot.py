"""Processors come up one after the other, and idle."""

import pytest

from sim.golden.processors import golden_processors
from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irq_vectors import RESCHEDULE_VECTOR, STARTUP_VECTOR
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.arch.x86.kernel.cpu.common import cr4_pinned_bits
from sw.arch.x86.kernel.smpboot import wait_for_startup
from sw.arch.x86.mm.tlb import cpu_tlbstate
from sw.bus import Register
from sw.era import ERA_6_X
from sw.include.linux.cpumask import cpu_online_mask
from sw.init.main import start_kernel
from sw.kernel.printk.printk import log_buf
from sw.kernel.sched.idle import start_on
from sw.mm.init_mm import init_mm
from sw.processor.cpu import Cpu
from sw.variables import per_cpu_ptr
from sw.vmlinux import Kernel

from .arch_support import EACH_PAGING, executing, idle_task, is_lazy, loaded_mm, processor, run
from .smp_support import Deadlock, Processor, Smp, seeded


STATE = (Register.CR0, Register.CR3, Register.CR4, Register.EFER)


@EACH_PAGING
@pytest.mark.parametrize("count", [1, 2, 4])
def test_all_processors_end_up_alike(paging, count):
    smp = Smp(count, paging)
    assert cpu_online_mask(smp.cpus[0]) == smp.cpus
    states = {tuple(bus.mmu.read_control(register) for register in STATE) for bus in smp.buses}
    assert len(states) == 1
    assert log_buf(smp.cpus[0]) == []
    for cpu in smp.cpus:
        assert loaded_mm(cpu) is init_mm(cpu) and not is_lazy(cpu)
        assert cpu.idt == smp.cpus[0].idt and cpu.lstar is smp.cpus[0].lstar
        assert current(cpu) is idle_task(cpu) and idle_task(cpu).on_cpu is cpu
        assert idle_task(cpu).comm == f"swapper/{cpu.number}"
        pinned = cr4_pinned_bits(cpu)
        assert per_cpu_ptr(cpu_tlbstate, cpu).cr4 & pinned == pinned != 0
        assert cpu.interrupts_enabled and not cpu.ac


@pytest.mark.parametrize("seed", range(20))
def test_they_come_up_in_any_order_of_operations(seed):
    smp = Smp(3, order=seeded(seed, 3))
    assert [cpu.number for cpu in cpu_online_mask(smp.cpus[0])] == [0, 1, 2]


def test_a_processor_that_is_alone_boots_as_if_there_were_no_others():
    alone, = golden_processors(1, Processor)
    cpu    = processor()
    alone.mmu.memory = cpu.bus.mmu.memory
    boot   = Kernel(PAGING_64, 1 << 20, ERA_6_X).boot(Cpu(alone))
    with pytest.raises(StopIteration):
        while True:
            boot.send(None)
    run(start_kernel(cpu))
    assert (alone.done, alone.log) == (cpu.bus.done, cpu.bus.log)
    assert alone.sent == []


def test_a_processor_out_of_reset_waits_for_its_startup_interrupt_alone():
    bus   = Processor()
    other = wait_for_startup(Cpu(bus, number=1))
    for _ in range(5):
        other.send(None)
    bus.interrupts |= 1 << RESCHEDULE_VECTOR - 0xF0
    for _ in range(5):
        other.send(None)
    assert bus.interrupts == 0
    bus.interrupts |= 1 << STARTUP_VECTOR - 0xF0
    with pytest.raises(StopIteration):
        for _ in range(3):
            other.send(None)
    assert bus.done == [] and bus.log == []


def test_a_processor_that_lacks_a_feature_is_not_brought_up():
    smp = Smp(1)
    bus, other = smp.buses[0], Processor(smep=False)
    bus.processors = other.processors = [bus, other]
    other.mmu.memory = bus.mmu.memory
    cpu = executing(smp.kernel, Cpu(other, number=1))
    other.interrupts |= 1 << STARTUP_VECTOR - 0xF0
    secondary = smp.kernel.secondary(cpu)
    with pytest.raises(AssertionError, match="alike"):
        for _ in range(10):
            secondary.send(None)


def test_idle_processors_do_nothing():
    async def main(cpu):
        for _ in range(50):
            await cpu.pause()

    smp = Smp(4)
    smp.run(main)
    for bus in smp.buses[1:]:
        assert (bus.done, bus.log, bus.sent) == ([], [], [])


def test_a_machine_in_which_nobody_will_go_on_says_so():
    async def main(cpu):
        await cpu.hlt()

    with pytest.raises(Deadlock, match="halted"):
        Smp(2).run(main)


def test_operations_are_done_in_the_order_that_a_test_asks_for():
    async def forever(other):
        while True:
            await other.pause()
            done.append(1)

    async def main(cpu):
        for _ in range(4):
            await cpu.pause()
            done.append(0)

    smp, done = Smp(2), []
    smp.run(lambda cpu: start_on(cpu, smp.cpus[1], forever))
    smp.run(main, [1] * 10)
    done.clear()
    smp.run(main, [0, 0, 1, 1, 1, 0, 1, 0, 0])
    assert done == [0, 1, 1, 1, 0, 1, 0, 0]
