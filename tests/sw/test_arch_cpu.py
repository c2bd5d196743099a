"""The processor: string operations, exceptions, privilege."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch_support import RecordingBus, booted, run
from sw.arch.x86.include.processor import X86_TRAP_GP, X86_TRAP_PF
from sw.arch.x86.kernel.cpu import Cpu, TripleFault
from sw.arch.x86.kernel.strings import pieces
from sw.arch.x86.mm.extable import Fixup, ex_table, fixup_exception
from sw.bus import Access, Kind, PageFault, Register


#: Tables in low memory: a root, one table, and frames for its pages. 32-bit, pages 0 to 15.
ROOT, TABLE, FRAMES = 0x1000, 0x2000, 0x10
PRESENT, WRITABLE, USER = 1, 2, 4


def flat():
    """A processor with paging off."""
    return Cpu(RecordingBus(), None)


def paged(**absent):
    """A processor whose pages 0 to 15 are mapped to frames 16 to 31, but for ``absent=``."""
    cpu = flat()
    run(cpu.store(ROOT, 4, TABLE | PRESENT | WRITABLE | USER))
    for number in range(16):
        entry = (FRAMES + number) << 12 | PRESENT | WRITABLE | USER
        run(cpu.store(TABLE + 4 * number, 4, 0 if number in absent.get("absent", ()) else entry))
    run(cpu.write_cr(Register.CR3, ROOT))
    run(cpu.write_cr(Register.CR0, 1 << 31 | 1 << 16 | 1))
    return cpu


def memory(cpu, linear, count):
    """Bytes behind linear addresses of ``paged``, or of physical ones of ``flat``."""
    shift = FRAMES if run(cpu.bus.read_control(Register.CR0)) >> 31 else 0
    return bytes(cpu.bus.mmu.memory.read((shift << 12) + linear + i, 1) for i in range(count))


def page_in(cpu, number):
    """Map an absent page, behind the processor's back."""
    cpu.bus.mmu.memory.write(TABLE + 4 * number, 4,
                             (FRAMES + number) << 12 | PRESENT | WRITABLE | USER)


@given(st.integers(0, 9000), st.integers(0, 9000))
def test_pieces_are_aligned_and_cover_every_byte_once(linear, count):
    cut = list(pieces(linear, count))
    assert all(size in (1, 2, 4, 8) and address % size == 0 for address, size in cut)
    assert [address + i for address, size in cut for i in range(size)] == list(
        range(linear, linear + count))


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_rep_movs_copies_like_bytes_one_by_one(to, from_, count):
    cpu   = flat()
    model = bytearray((7 * i + i // 251) % 256 for i in range(6000))
    run(cpu.store_bytes(0, bytes(model)))
    for i in range(count):
        model[to + i] = model[from_ + i]
    run(cpu.rep_movs(to, from_, count))
    assert memory(cpu, 0, 6000) == model


def test_rep_movs_that_overlaps_by_all_but_one_byte_smears_the_first():
    cpu = flat()
    run(cpu.store_bytes(0x100, b"x" + bytes(600)))
    run(cpu.rep_movs(0x101, 0x100, 600))
    assert memory(cpu, 0x100, 601) == b"x" * 601


def test_a_page_is_copied_in_eight_byte_accesses_and_bursts():
    cpu = flat()
    run(cpu.rep_movs(0x2000, 0x1000, 0x1000))
    assert len(cpu.bus.done) == 1024
    assert {access.size for access in cpu.bus.done} == {8}
    run(cpu.rep_stos(0x2000, 0x5A, 0x1000))
    assert len(cpu.bus.done) == 1024 + 512
    assert memory(cpu, 0x2000, 0x1000) == b"\x5a" * 0x1000


@pytest.mark.parametrize("to, from_, left", [
    (0x1F03, 0x5100, 0x103),   # the store runs into the hole
    (0x5100, 0x1F03, 0x103),   # the load does
    (0x1FFF, 0x1FFE, 0x1FF),   # both, the store one byte earlier
    (0x1FFE, 0x1FFF, 0x1FF),   # both, the load one byte earlier
])
def test_rep_movs_stops_at_the_byte_that_faults(to, from_, left):
    cpu    = paged(absent={2})
    source = bytes(i % 251 for i in range(0x200))
    for i, byte in enumerate(source):
        cpu.bus.mmu.memory.write((FRAMES << 12) + from_ + i, 1, byte)
    faults = []

    async def handler(cpu, regs):
        faults.append(await cpu.read_cr(Register.CR2))
        fixup_exception(cpu, regs)

    cpu.idt[X86_TRAP_PF] = handler

    async def copy():
        with ex_table(cpu):
            await cpu.rep_movs(to, from_, 0x200)

    with pytest.raises(Fixup) as caught:
        run(copy())
    assert caught.value.rcx == left
    assert memory(cpu, to, 0x200 - left) == source[:0x200 - left]


@pytest.mark.parametrize("to, from_, first, second", [
    (0x1F90, 0x3F80, (0x2000, 2), (0x4000, 0)),   # the store of an earlier byte
    (0x1F80, 0x3F90, (0x4000, 0), (0x2000, 2)),   # the load of an earlier byte
])
def test_when_load_and_store_fault_the_earlier_byte_comes_first(to, from_, first, second):
    cpu    = paged(absent={2, 4})
    faults = []

    async def handler(cpu, regs):
        address = await cpu.read_cr(Register.CR2)
        faults.append((address, regs.error_code))
        page_in(cpu, address >> 12)

    cpu.idt[X86_TRAP_PF] = handler
    run(cpu.rep_movs(to, from_, 0x100))
    assert faults == [first, second]


@pytest.mark.parametrize("to, from_", [(0x1F03, 0x5100), (0x5100, 0x1F03), (0x1F05, 0x3F01)])
def test_rep_movs_goes_on_where_it_stopped(to, from_):
    cpu    = paged(absent={2, 4})
    source = bytes(i % 251 for i in range(0x800))
    for i, byte in enumerate(source):
        cpu.bus.mmu.memory.write((FRAMES << 12) + from_ + i, 1, byte)

    async def handler(cpu, regs):
        page_in(cpu, await cpu.read_cr(Register.CR2) >> 12)

    cpu.idt[X86_TRAP_PF] = handler
    cpu.bus.done.clear()
    run(cpu.rep_movs(to, from_, 0x800))
    assert memory(cpu, to, 0x800) == source
    stored = [a.linear for a in cpu.bus.done if a.kind is Kind.WRITE]
    assert len(stored) - len(set(stored)) <= 2  # only the pieces that faulted came twice


def test_bytes_are_loaded_and_stored_across_a_page_that_comes_late():
    cpu = paged(absent={2})

    async def handler(cpu, regs):
        page_in(cpu, await cpu.read_cr(Register.CR2) >> 12)

    cpu.idt[X86_TRAP_PF] = handler
    data = bytes(range(256)) * 4
    run(cpu.store_bytes(0x1E01, data))
    assert memory(cpu, 0x1E01, len(data)) == data
    assert run(cpu.load_bytes(0x1E01, len(data))) == data


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


def test_a_system_call_masks_ac_and_gives_it_back():
    cpu = booted()
    seen = []

    async def function(cpu, first, second):
        seen.append((cpu.cpl, cpu.ac, cpu.stack[:]))
        return first + second

    cpu.kernel.sys_call_table[1] = function
    cpu.cpl = 3
    run(cpu.popf(True))
    assert run(cpu.syscall(1, 40, 2)) == 42
    assert seen == [(0, False, ["do_syscall"])]
    assert (cpu.cpl, cpu.ac, cpu.stack) == (3, True, [])


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
    lambda cpu: cpu.load_bytes(0x2000, 16),
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
            assert run(cpu.load_bytes(0x2000, 16)) == bytes(16)
