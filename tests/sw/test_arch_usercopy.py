"""Access to user memory: how much is copied, and that it is closed again."""

import pytest

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.arch.x86.lib.usercopy import (
    access_ok, clear_user, copy_from_user, copy_to_user, get_user, put_user,
)
from sw.bus import Register
from sw.errno import Errno, KernelError
from sw.include.linux.mm import VM_READ, VM_WRITE
from sw.mm.page_alloc import GFP_KERNEL, alloc_page
from sw.processor.strings import load_bytes, store_bytes

from .arch_support import EACH_PAGING, add_vma, booted, run, user_task


#: Two pages that may be written, then two that may be read, then nothing.
START, READ_ONLY, END = 0x10000, 0x12000, 0x14000
DATA = bytes(range(1, 252)) * 40


def program(paging=PAGING_64, **options):
    """A processor in the kernel for a program; and the address of a kernel buffer of a page."""
    cpu = booted(paging, **options)
    mm  = user_task(cpu)
    add_vma(cpu, mm, START, READ_ONLY, VM_READ | VM_WRITE)
    add_vma(cpu, mm, READ_ONLY, END, VM_READ)
    buffer = page_to_virt(cpu, run(alloc_page(cpu, GFP_KERNEL)))
    run(store_bytes(cpu, buffer, DATA[:4096]))
    return cpu, buffer


def user_bytes(cpu, linear, count):
    """Bytes that the program sees."""
    cpu.cpl = 3
    data = run(load_bytes(cpu, linear, count))
    cpu.cpl = 0
    return data


def closed(cpu):
    """True if user memory is closed to the kernel, as before."""
    return not cpu.ac and run(cpu.bus.read_control(Register.RFLAGS)) == 0 and not cpu.extable


@EACH_PAGING
@pytest.mark.parametrize("offset, count", [(0, 4096), (0xFFD, 100), (7, 1), (0, 0)])
def test_bytes_come_to_pages_that_were_never_touched(paging, offset, count):
    cpu, buffer = program(paging)
    assert run(copy_to_user(cpu, START + offset, buffer, count)) == 0
    assert user_bytes(cpu, START + offset, count) == DATA[:count]
    assert closed(cpu)


@EACH_PAGING
@pytest.mark.parametrize("before", [0, 1, 7, 8, 100, 0x800])
def test_a_copy_stops_at_the_byte_that_the_program_may_not_write(paging, before):
    cpu, buffer = program(paging)
    assert run(copy_to_user(cpu, READ_ONLY - before, buffer, 0x900)) == 0x900 - before
    assert user_bytes(cpu, READ_ONLY - before, before) == DATA[:before]
    assert user_bytes(cpu, READ_ONLY, 64) == bytes(64)
    assert closed(cpu)


@pytest.mark.parametrize("before", [0, 5, 0x800])
def test_what_could_not_be_read_is_zero_in_the_kernel(before):
    cpu, buffer = program()
    cpu.cpl = 3
    run(store_bytes(cpu, START, b"\x77" * 0x2000))
    cpu.cpl = 0
    current(cpu).mm.mmap.pop()   # what was READ_ONLY is a hole now
    assert run(copy_from_user(cpu, buffer, READ_ONLY - before, 0x900)) == 0x900 - before
    assert run(load_bytes(cpu, buffer, 0x900)) == b"\x77" * before + bytes(0x900 - before)
    assert run(cpu.load(buffer + 0x900, 1)) == DATA[0x900]
    assert closed(cpu)


@EACH_PAGING
@pytest.mark.parametrize("behind, size, good", [
    (0, 0, True), (0, 1, False), (1, 0, False), (-1, 1, True), (-8, 9, False), (-8, 8, True),
])
def test_access_ok_ends_with_the_users_part(paging, behind, size, good):
    assert access_ok(booted(paging), paging.TASK_SIZE + behind, size) is good


def test_a_size_beyond_everything_is_not_ok():
    cpu = booted()
    assert not access_ok(cpu, 0, PAGING_64.TASK_SIZE + 1)
    assert not access_ok(cpu, 1 << 63, 8)


@EACH_PAGING
def test_a_kernel_address_is_refused_before_it_is_touched(paging):
    cpu, buffer = program(paging)
    cpu.bus.done.clear()
    assert run(copy_to_user(cpu, buffer, buffer, 16)) == 16
    assert run(clear_user(cpu, buffer, 16)) == 16
    for call in (get_user(cpu, buffer, 8), put_user(cpu, 0, buffer, 8)):
        with pytest.raises(KernelError):
            run(call)
    assert cpu.bus.done == []
    assert run(copy_from_user(cpu, buffer, buffer, 16)) == 16
    assert run(load_bytes(cpu, buffer, 17)) == bytes(16) + DATA[16:17]


def test_zeros_stop_at_the_byte_that_the_program_may_not_write():
    cpu, buffer = program()
    assert run(copy_to_user(cpu, READ_ONLY - 0x1000, buffer, 0x1000)) == 0
    assert run(clear_user(cpu, READ_ONLY - 9, 20)) == 11
    assert user_bytes(cpu, READ_ONLY - 10, 11) == DATA[0xFF6:0xFF7] + bytes(10)
    assert closed(cpu)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_numbers_go_to_the_program_and_back(size):
    cpu, _ = program()
    value  = 0x8877665544332211 & (1 << 8 * size) - 1
    run(put_user(cpu, value, START + 3, size))
    assert run(get_user(cpu, START + 3, size)) == value
    assert closed(cpu)


def test_a_number_across_the_end_of_what_is_allowed_is_not_written_at_all():
    cpu, _ = program()
    run(put_user(cpu, 0x1111, READ_ONLY - 2, 2))
    with pytest.raises(KernelError) as caught:
        run(put_user(cpu, 0xFFFF_FFFF, READ_ONLY - 2, 4))
    assert caught.value.errno is Errno.EFAULT
    assert run(get_user(cpu, READ_ONLY - 2, 4)) == 0x1111
    with pytest.raises(KernelError):
        run(get_user(cpu, END, 4))
    assert closed(cpu)


@pytest.mark.parametrize("smap, asked", [(True, [1 << 18, 0]), (False, [])])
def test_user_memory_is_opened_for_the_copy_only(smap, asked):
    cpu, buffer = program(smap=smap)
    run(put_user(cpu, 0, START, 8))
    cpu.bus.log.clear()
    run(copy_to_user(cpu, START, buffer, 8))
    assert cpu.bus.log == [("write", Register.RFLAGS, value) for value in asked]


def test_a_fault_during_the_copy_closes_user_memory_for_the_handler():
    cpu, buffer = program()
    cpu.bus.log.clear()
    run(copy_to_user(cpu, START, buffer, 8))
    flags = [op[2] for op in cpu.bus.log if op[:2] == ("write", Register.RFLAGS)]
    assert flags == [1 << 18, 0, 1 << 18, 0]
    assert ("copy_to_user", "exc_page_fault", "do_user_addr_fault") in cpu.bus.marks
