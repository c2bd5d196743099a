"""The processor: accesses, exceptions, privilege."""

import contextlib

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import sys_call_table
from sw.arch.x86.include.asm.trapnr import X86_TRAP_GP, X86_TRAP_PF
from sw.arch.x86.mm.extable import ex_table, fixup_exception
from sw.bus import Access, BusError, Kind, PageFault, Register, Response
from sw.kernel.trace.ftrace import ret_stack
from sw.processor.exceptions import Fixup, TripleFault
from sw.processor.strings import load_bytes
from sw.variables import per_cpu_ptr

from .arch_support import ROOT, TABLE, booted, page_in, paged, run


def test_an_exception_enters_the_kernel_and_returns_to_the_interrupted_state():
    cpu  = paged(absent={2})
    seen = []

    async def handler(cpu, regs):
        seen.append((cpu.cpl, cpu.ac, list(cpu.extable), regs.user_mode, regs.ac,
                     regs.error_code))
        await cpu.clac()
        page_in(cpu, 2)

    cpu.idt[X86_TRAP_PF] = handler
    cpu.cpl = 3
    run(cpu.popf(True))
    run(cpu.store(0x2000, 8, 0x1122334455667788))
    assert seen == [(0, True, [], True, True, 0b110)]
    assert (cpu.cpl, cpu.ac) == (3, True)
    assert run(cpu.bus.read_control(Register.RFLAGS)) == 1 << 18
    assert run(cpu.load(0x2000, 8)) == 0x1122334455667788


def test_a_landing_pad_is_not_taken_by_a_fault_of_the_handler():
    cpu = paged(absent={2, 3})

    async def handler(cpu, regs):
        if regs.extable is None:
            page_in(cpu, 3)
            return
        await cpu.load(0x3000, 8)
        fixup_exception(cpu, regs)

    cpu.idt[X86_TRAP_PF] = handler

    async def covered():
        with ex_table(cpu):
            await cpu.load(0x2000, 8)

    with pytest.raises(Fixup):
        run(covered())
    assert cpu.extable == []
    assert run(cpu.load(0x3000, 8)) == 0


def test_an_exception_in_the_handler_gives_the_processor_back():
    cpu = paged(absent={2})

    async def handler(cpu, regs):
        raise KeyError("signal")

    cpu.idt[X86_TRAP_PF] = handler
    cpu.cpl = 3
    with pytest.raises(KeyError):
        run(cpu.load(0x2000, 8))
    assert (cpu.cpl, cpu.extable) == (3, [])


def test_a_fault_without_a_handler_shuts_the_processor_down():
    cpu = paged(absent={2})
    with pytest.raises(TripleFault) as caught:
        run(cpu.load(0x2000, 8))
    assert isinstance(caught.value.__cause__, PageFault)


def test_a_bus_error_is_a_machine_check_which_nobody_handles(monkeypatch):
    async def fails(access):
        return Response(fault=BusError("a bus error"))

    cpu = paged()
    monkeypatch.setattr(cpu.bus, "access", fails)
    with pytest.raises(TripleFault, match="no handler for vector 0x12") as caught:
        run(cpu.load(0x2000, 8))
    assert isinstance(caught.value.__cause__, BusError)


@pytest.mark.parametrize("instruction", [
    lambda cpu: cpu.write_cr(Register.CR3, ROOT),
    lambda cpu: cpu.read_cr(Register.CR0),
    lambda cpu: cpu.invlpg(0),
])
def test_a_program_cannot_use_privileged_instructions(instruction):
    cpu = paged()
    cpu.cpl = 3

    async def handler(cpu, regs):
        assert regs.user_mode
        raise KeyError("signal")

    cpu.idt[X86_TRAP_GP] = handler
    cpu.bus.log.clear()
    with pytest.raises(KeyError):
        run(instruction(cpu))
    assert cpu.bus.log == []


def test_accesses_carry_the_privilege_level():
    cpu = paged()
    cpu.bus.done.clear()
    for cpl in (0, 3):
        cpu.cpl = cpl
        run(cpu.load(0, 8))
        run(cpu.fetch(8, 4))
        run(cpu.exchange(0, 4, 5))
        assert run(cpu.compare_exchange(0, 4, 5, 6)) == 5
        assert run(cpu.load(0, 4)) == 6
    assert [access.user for access in cpu.bus.done] == [False] * 5 + [True] * 5
    assert cpu.bus.done[3] == Access(0, 4, Kind.COMPARE_EXCHANGE, data=6, compare=5)


def test_a_system_call_masks_ac_and_gives_it_back(monkeypatch):
    cpu = booted()
    seen = []

    async def function(cpu, first, second):
        seen.append((cpu.cpl, cpu.ac, per_cpu_ptr(ret_stack, cpu)[:]))
        return first + second

    monkeypatch.setitem(sys_call_table, 1, function)
    cpu.cpl = 3
    run(cpu.popf(True))
    assert run(cpu.syscall(1, 40, 2)) == 42
    assert seen == [(0, False, ["do_syscall"])]
    assert (cpu.cpl, cpu.ac, per_cpu_ptr(ret_stack, cpu)) == (3, True, [])


def test_an_unknown_system_call_fails_with_enosys():
    cpu = booted()
    cpu.cpl = 3
    assert run(cpu.syscall(999)) == -38


def test_the_kernel_cannot_make_system_calls():
    with pytest.raises(TripleFault):
        run(booted().syscall(1))


def test_a_handler_that_faults_without_end_shuts_the_processor_down():
    cpu = paged(absent={2})

    async def handler(cpu, regs):
        await cpu.load(0x2000, 8)

    cpu.idt[X86_TRAP_PF] = handler
    with pytest.raises(TripleFault, match="stack overflow"):
        run(cpu.load(0x2000, 8))


@pytest.mark.parametrize("operation", [
    lambda cpu: cpu.load(0x2000, 8),
    lambda cpu: load_bytes(cpu, 0x2000, 16),
])
def test_a_handler_that_mends_nothing_does_not_run_for_ever(operation):
    cpu = paged(absent={2})

    async def handler(cpu, regs):
        pass

    cpu.idt[X86_TRAP_PF] = handler
    with pytest.raises(TripleFault, match="in vain"):
        run(operation(cpu))


@pytest.mark.parametrize("mends", [True, False])
def test_restarts_are_counted_for_one_instruction_alone(mends):
    cpu = paged(absent={2})

    async def handler(cpu, regs):
        if not mends:
            raise KeyError("signal")
        page_in(cpu, 2)

    cpu.idt[X86_TRAP_PF] = handler
    for _ in range(150):
        cpu.bus.mmu.memory.write(TABLE + 4 * 2, 4, 0)
        run(cpu.bus.invlpg(0x2000))
        with contextlib.nullcontext() if mends else pytest.raises(KeyError):
            assert run(load_bytes(cpu, 0x2000, 16)) == bytes(16)
