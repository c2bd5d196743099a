"""String operations: where they stop, and where they go on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.arch.x86.include.asm.trapnr import X86_TRAP_PF
from sw.arch.x86.mm.extable import ex_table, fixup_exception
from sw.bus import BURST_LENGTH, Kind, Register, naturally_aligned
from sw.processor.exceptions import Fixup
from sw.processor.strings import load_bytes, rep_movs, rep_stos, store_bytes

from .arch_support import FRAMES, TABLE, flat, memory, page_in, paged, run


@given(st.integers(0, 9000), st.integers(0, 9000))
def test_accesses_are_aligned_and_cover_every_byte_once(linear, count):
    cut = list(naturally_aligned(linear, count))
    assert all(size in (1, 2, 4, 8) and address % size == 0 for address, size in cut)
    assert [address + i for address, size in cut for i in range(size)] == list(
        range(linear, linear + count))


@pytest.mark.slow
@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_rep_movs_copies_like_bytes_one_by_one(to, from_, count):
    cpu   = flat()
    model = bytearray((7 * i + i // 251) % 256 for i in range(6000))
    run(store_bytes(cpu, 0, bytes(model)))
    for i in range(count):
        model[to + i] = model[from_ + i]
    run(rep_movs(cpu, to, from_, count))
    assert memory(cpu, 0, 6000) == model


def test_rep_movs_that_overlaps_by_all_but_one_byte_smears_the_first():
    cpu = flat()
    run(store_bytes(cpu, 0x100, b"x" + bytes(600)))
    run(rep_movs(cpu, 0x101, 0x100, 600))
    assert memory(cpu, 0x100, 601) == b"x" * 601


@pytest.mark.parametrize("distance", [1, 7, 100, BURST_LENGTH])
def test_rep_movs_between_two_addresses_of_one_page_copies_byte_by_byte(distance):
    cpu   = paged()
    entry = cpu.bus.mmu.memory.read(TABLE, 4)
    cpu.bus.mmu.memory.write(TABLE + 4, 4, entry)
    model = bytearray((7 * i + i // 251) % 256 for i in range(4096))
    run(store_bytes(cpu, 0, bytes(model)))
    for i in range(2000):
        model[distance + i] = model[i]
    run(rep_movs(cpu, 0x1000 + distance, 0, 2000))
    assert memory(cpu, 0, 4096) == model


def test_a_page_is_copied_in_strings_that_are_as_long_as_can_be():
    cpu = flat()
    run(rep_movs(cpu, 0x2000, 0x1000, 0x1000))
    assert len(cpu.bus.done) == 2 * 0x1000 // BURST_LENGTH
    assert {len(string.data) for string in cpu.bus.done} == {BURST_LENGTH}
    run(rep_stos(cpu, 0x2000, 0x5A, 0x1000))
    assert len(cpu.bus.done) == 3 * 0x1000 // BURST_LENGTH
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
            await rep_movs(cpu, to, from_, 0x200)

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
    run(rep_movs(cpu, to, from_, 0x100))
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
    run(rep_movs(cpu, to, from_, 0x800))
    assert memory(cpu, to, 0x800) == source
    stored = [string.linear + i for string in cpu.bus.done if string.kind is Kind.WRITE
              for i in range(len(string.data))]
    assert stored == list(range(to, to + 0x800))  # each byte once


def test_bytes_are_loaded_and_stored_across_a_page_that_comes_late():
    cpu = paged(absent={2})

    async def handler(cpu, regs):
        page_in(cpu, await cpu.read_cr(Register.CR2) >> 12)

    cpu.idt[X86_TRAP_PF] = handler
    data = bytes(range(256)) * 4
    run(store_bytes(cpu, 0x1E01, data))
    assert memory(cpu, 0x1E01, len(data)) == data
    assert run(load_bytes(cpu, 0x1E01, len(data))) == data
