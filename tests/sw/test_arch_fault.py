"""Page faults: who is answered how."""

import pytest

from sw.arch.x86.include.asm.cpufeatures import X86_CR0_WP
from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.pgtable import ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_NX, _PAGE_PRESENT, _PAGE_RW, PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE,
)
from sw.arch.x86.include.asm.smap import stac
from sw.arch.x86.include.asm.trap_pf import X86_PF_INSTR, X86_PF_PK, X86_PF_PROT, X86_PF_WRITE
from sw.arch.x86.mm.extable import ex_table
from sw.arch.x86.mm.fault.oops import page_fault_oops
from sw.arch.x86.mm.fault.page_fault import spurious_kernel_fault
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.bus import Register
from sw.include.linux.mm import VM_EXEC, VM_GROWSDOWN, VM_NONE, VM_READ, VM_WRITE
from sw.include.linux.signal_types import (
    SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, SIGKILL, SIGSEGV, Killed, Signal,
)
from sw.kernel.panic import KernelOops
from sw.kernel.trace.ftrace import ret_stack
from sw.mm.init_mm import init_mm
from sw.mm.memory.pgtable import pte_alloc
from sw.mm.page_alloc import GFP_KERNEL, alloc_page, nr_free_pages
from sw.mm.pgtable_generic import pte_offset_map
from sw.processor.exceptions import Fixup, pt_regs
from sw.variables import per_cpu_ptr

from .arch_support import EACH_PAGING, add_vma, booted, new_mm, run, user_task


NOTHING, READ_ONLY, READ_WRITE, NONE, CODE = 0x8000, 0x10000, 0x20000, 0x30000, 0x40000
KERNEL        = 0xFFFF_8880_0000_0000
NON_CANONICAL = 0x8000_0000_0000_0000


def program(paging=PAGING_64, **options):
    """A processor in a program with a mapping of each kind."""
    cpu = booted(paging, 1 << 20, **options)
    mm  = user_task(cpu)
    for start, flags in [(READ_ONLY, VM_READ), (READ_WRITE, VM_READ | VM_WRITE), (NONE, VM_NONE),
                         (CODE, VM_READ | VM_EXEC)]:
        add_vma(cpu, mm, start, start + 0x4000, flags)
    return cpu


async def as_program(cpu, access, linear):
    """Do an access at CPL 3."""
    cpu.cpl = 3
    try:
        match access:
            case "load":  await cpu.load(linear, 4)
            case "store": await cpu.store(linear, 4, 1)
            case "fetch": await cpu.fetch(linear, 4)
    finally:
        cpu.cpl = 0


async def as_kernel(cpu, access, linear, *, ac=True, covered=True):
    """Do an access at CPL 0, with or without STAC and an exception table entry."""
    if ac:
        await stac(cpu)
    instruction = {"load":  lambda: cpu.load(linear, 4),
                   "store": lambda: cpu.store(linear, 4, 1),
                   "fetch": lambda: cpu.fetch(linear, 4)}[access]
    if covered:
        with ex_table(cpu):
            await instruction()
    else:
        await instruction()


@pytest.mark.parametrize("access, linear, si_code, error_code", [
    ("load",  NOTHING,    SEGV_MAPERR, 0x04),
    ("store", NOTHING,    SEGV_MAPERR, 0x06),
    ("fetch", NOTHING,    SEGV_MAPERR, 0x14),
    ("load",  NONE,       SEGV_ACCERR, 0x04),
    ("store", NONE,       SEGV_ACCERR, 0x06),
    ("store", READ_ONLY,  SEGV_ACCERR, 0x06),
    ("store", CODE,       SEGV_ACCERR, 0x06),
    ("fetch", READ_ONLY,  SEGV_ACCERR, 0x15),
    ("fetch", READ_WRITE, SEGV_ACCERR, 0x15),
    ("load",  KERNEL,     SEGV_MAPERR, 0x05),
    ("store", KERNEL,     SEGV_MAPERR, 0x07),
    ("fetch", KERNEL,     SEGV_MAPERR, 0x15),
    # Nothing is there, but a program must not learn that.
    ("load",  KERNEL + (1 << 40), SEGV_MAPERR, 0x05),
])
def test_a_program_gets_sigsegv(access, linear, si_code, error_code):
    cpu = program()
    with pytest.raises(Signal) as caught:
        run(as_program(cpu, access, linear))
    signal = caught.value
    assert (signal.signo, signal.si_code, signal.si_addr, signal.error_code) == (
        SIGSEGV, si_code, linear, error_code)
    thread = current(cpu).thread
    assert (thread.trap_nr, thread.cr2, thread.error_code) == (14, linear, error_code)


def test_a_store_to_a_read_only_page_that_is_present_is_a_protection_violation():
    cpu = program()
    run(as_program(cpu, "load", READ_ONLY))
    with pytest.raises(Signal) as caught:
        run(as_program(cpu, "store", READ_ONLY))
    assert (caught.value.si_code, caught.value.error_code) == (SEGV_ACCERR, 0x7)


def test_a_non_canonical_address_has_no_si_addr():
    cpu = program()
    with pytest.raises(Signal) as caught:
        run(as_program(cpu, "load", NON_CANONICAL))
    signal = caught.value
    assert (signal.signo, signal.si_code, signal.si_addr, signal.error_code) == (
        SIGSEGV, SI_KERNEL, 0, 0)
    assert current(cpu).thread.trap_nr == 13


@EACH_PAGING
@pytest.mark.parametrize("access, linear", [
    ("load", READ_ONLY), ("load", READ_WRITE), ("store", READ_WRITE), ("fetch", CODE),
])
def test_what_a_mapping_allows_is_done(paging, access, linear):
    cpu = program(paging)
    run(as_program(cpu, access, linear + 0x123))
    assert current(cpu).min_flt == 1
    ptep = run(pte_offset_map(cpu, current(cpu).mm, linear))
    assert bool(run(ptep_get(cpu, ptep)) & 0x40) == (access == "store")
    run(as_program(cpu, access, linear + 0x123))
    assert current(cpu).min_flt == 1


def test_32_bit_paging_cannot_stop_a_fetch_from_data():
    cpu = program(PAGING_32)
    run(as_program(cpu, "fetch", READ_WRITE))


def test_a_fetch_from_a_page_never_touched_maps_it_first():
    cpu = program()
    with pytest.raises(Signal):
        run(as_program(cpu, "fetch", READ_ONLY))
    begun = [after for before, after in zip([()] + cpu.bus.marks, cpu.bus.marks, strict=False)
             if before == () and after == ("exc_page_fault",)]
    assert len(begun) == 2
    assert current(cpu).min_flt == 1


@EACH_PAGING
def test_a_stack_grows(paging):
    cpu = program(paging)
    vma = add_vma(cpu, current(cpu).mm, 0x80_0000, 0x80_1000, VM_READ | VM_WRITE | VM_GROWSDOWN)
    run(as_program(cpu, "store", 0x7F_8010))
    assert vma.vm_start == 0x7F_8000


def test_a_program_dies_when_there_is_no_memory():
    cpu = program()
    while nr_free_pages(cpu):
        run(alloc_page(cpu, GFP_KERNEL))
    with pytest.raises(Killed) as caught:
        run(as_program(cpu, "store", READ_WRITE))
    assert caught.value.info.si_signo == SIGKILL


@EACH_PAGING
def test_the_kernel_gets_a_users_page_as_the_user_would(paging):
    cpu = program(paging)
    run(as_kernel(cpu, "store", READ_WRITE, covered=False))
    assert run(as_kernel(cpu, "load", READ_ONLY)) is None
    assert current(cpu).min_flt == 2


@pytest.mark.parametrize("access, linear, touched", [
    ("load",  NOTHING,   False),
    ("load",  NONE,      False),
    ("store", READ_ONLY, False),
    ("store", READ_ONLY, True),
    ("load",  KERNEL + (1 << 40), False),
    ("load",  NON_CANONICAL,      False),
])
def test_the_kernel_goes_to_its_landing_pad_where_a_program_would_be_stopped(
        access, linear, touched):
    cpu = program()
    if touched:
        run(as_program(cpu, "load", linear))
    with pytest.raises(Fixup):
        run(as_kernel(cpu, access, linear))
    assert cpu.ac and cpu.cpl == 0 and not current(cpu).pending


@pytest.mark.parametrize("access, linear", [("load", NOTHING), ("store", READ_ONLY)])
def test_without_a_landing_pad_the_kernel_is_lost(access, linear):
    cpu = program()
    with pytest.raises(KernelOops) as caught:
        run(as_kernel(cpu, access, linear, covered=False))
    assert caught.value.address == linear


@EACH_PAGING
@pytest.mark.parametrize("access", ["load", "store"])
def test_user_memory_without_stac_is_an_oops_and_no_landing_pad_helps(paging, access):
    cpu = program(paging)
    run(as_program(cpu, "store", READ_WRITE))
    with pytest.raises(KernelOops) as caught:
        run(as_kernel(cpu, access, READ_WRITE, ac=False))
    assert caught.value.error_code == (0x1 if access == "load" else 0x3)


@pytest.mark.parametrize("access", ["load", "store"])
def test_a_machine_without_smap_lets_the_kernel_use_user_memory(access):
    cpu = program(smap=False)
    run(as_kernel(cpu, access, READ_WRITE, ac=False, covered=False))
    assert current(cpu).min_flt == 1


def test_the_kernel_does_not_execute_user_memory():
    cpu = program()
    run(as_program(cpu, "fetch", CODE))
    with pytest.raises(KernelOops, match=r"unable to execute userspace code \(SMEP\?\)") as caught:
        run(as_kernel(cpu, "fetch", CODE))
    assert caught.value.error_code == 0x11


def test_the_kernel_does_not_execute_its_data():
    cpu = program()
    with pytest.raises(KernelOops, match="NX-protected page"):
        run(as_kernel(cpu, "fetch", KERNEL, ac=False, covered=False))


def test_a_reserved_bit_in_an_entry_is_an_oops():
    cpu = program()
    run(as_program(cpu, "load", READ_ONLY))
    ptep = run(pte_offset_map(cpu, current(cpu).mm, READ_ONLY))
    run(set_pte(cpu, ptep, run(ptep_get(cpu, ptep)) | 1 << 51))
    run(cpu.invlpg(READ_ONLY))
    with pytest.raises(KernelOops, match="reserved bit violation"):
        run(as_program(cpu, "load", READ_ONLY))


def test_a_refusal_by_a_protection_key_is_told_in_an_oops():
    regs = pt_regs(user_mode=False, ac=False, interrupts=True, trap_nr=14)
    for code, said in (X86_PF_PK, "protection keys"), (0, "permissions"):
        with pytest.raises(KernelOops, match=f"- {said} violation"):
            run(page_fault_oops(program(), regs, X86_PF_PROT | X86_PF_WRITE | code, KERNEL))


@EACH_PAGING
def test_a_stale_read_only_translation_of_the_kernel_costs_one_fault(paging):
    cpu   = booted(paging, 256 << 10)
    page  = paging.PAGE_OFFSET + 0x2_0000
    ptep, _ = run(lookup_address(cpu, init_mm(cpu).pgd, page))
    entry = run(ptep_get(cpu, ptep))
    run(set_pte(cpu, ptep, entry & ~2))
    run(cpu.invlpg(page))
    run(cpu.load(page, 4))
    run(set_pte(cpu, ptep, entry))
    cpu.bus.marks.clear()
    run(cpu.store(page, 4, 0x1234))
    assert cpu.bus.mmu.memory.read(0x2_0000, 4) == 0x1234
    assert ("exc_page_fault", "do_kern_addr_fault", "spurious_kernel_fault") in cpu.bus.marks


def test_a_read_only_page_of_the_kernel_is_not_spurious():
    cpu = booted(PAGING_64, 256 << 10)
    ptep, _ = run(lookup_address(cpu, init_mm(cpu).pgd, KERNEL + 0x2_0000))
    run(set_pte(cpu, ptep, run(ptep_get(cpu, ptep)) & ~2))
    run(cpu.invlpg(KERNEL + 0x2_0000))
    with pytest.raises(KernelOops, match="permissions violation"):
        run(cpu.store(KERNEL + 0x2_0000, 8, 1))
    run(cpu.write_cr(Register.CR0, run(cpu.read_cr(Register.CR0)) & ~X86_CR0_WP))
    run(cpu.store(KERNEL + 0x2_0000, 8, 1))


@pytest.mark.parametrize("error_code, bits, spurious", [
    (X86_PF_PROT | X86_PF_WRITE, _PAGE_PRESENT | _PAGE_RW, True),
    (X86_PF_PROT | X86_PF_WRITE, _PAGE_PRESENT,            False),
    (X86_PF_PROT | X86_PF_WRITE, _PAGE_RW,                 False),   # not present
    (X86_PF_PROT | X86_PF_INSTR, _PAGE_PRESENT,            True),
    (X86_PF_PROT | X86_PF_INSTR, _PAGE_PRESENT | _PAGE_NX, False),
    (X86_PF_PROT,                _PAGE_PRESENT | _PAGE_RW, False),   # a load meets nothing stale
    (X86_PF_WRITE,               _PAGE_PRESENT | _PAGE_RW, False),
    (X86_PF_INSTR,               _PAGE_PRESENT,            False),
])
def test_a_fault_is_spurious_if_the_entry_allows_the_access_by_now(error_code, bits, spurious):
    cpu     = booted(PAGING_64, 256 << 10)
    at      = KERNEL + 0x2_0000
    ptep, _ = run(lookup_address(cpu, init_mm(cpu).pgd, at))
    run(set_pte(cpu, ptep, 0x2_0000 | bits))
    assert run(spurious_kernel_fault(cpu, error_code, at)) is spurious
    assert not run(spurious_kernel_fault(cpu, error_code, KERNEL + (1 << 40)))   # no table


@pytest.mark.parametrize("access, linear, lines", [
    ("load", 0x10, ["BUG: kernel NULL pointer dereference, address: 0000000000000010",
                    "#PF: supervisor read access in kernel mode",
                    "#PF: error_code(0x0000) - not-present page"]),
    ("load", 0xFF8, ["BUG: kernel NULL pointer dereference, address: 0000000000000ff8",
                     "#PF: supervisor read access in kernel mode",
                     "#PF: error_code(0x0000) - not-present page"]),
    ("load", 0x1000, ["BUG: unable to handle page fault for address: 0000000000001000",
                      "#PF: supervisor read access in kernel mode",
                      "#PF: error_code(0x0000) - not-present page"]),
    ("store", KERNEL + (1 << 40), [
        "BUG: unable to handle page fault for address: ffff898000000000",
        "#PF: supervisor write access in kernel mode",
        "#PF: error_code(0x0002) - not-present page"]),
])
def test_an_oops_reads_as_in_the_kernel_log(access, linear, lines):
    cpu = program()
    per_cpu_ptr(ret_stack, cpu).append("caller")
    with pytest.raises(KernelOops) as caught:
        run(as_kernel(cpu, access, linear, covered=False))
    oops = caught.value
    assert oops.reason.splitlines()[:3] == lines
    assert oops.reason.splitlines()[3].startswith("PGD ")
    assert oops.stack[0] == "caller" and oops.stack[1] == "exc_page_fault"
    text = str(oops).splitlines()
    assert text[text.index("Call Trace:") + 1:] == [f" {name}" for name in reversed(oops.stack)]


#: Names of the entries that an oops shows, and rights of the upper ones: PAE has none at the top.
LEVELS = {
    PAGING_32:    (["PGD", "PTE"], [0x67]),
    PAGING_PAE:   (["PGD", "PMD", "PTE"], [0x01, 0x67]),
    PAGING_64:    (["PGD", "PUD", "PMD", "PTE"], [0x67] * 3),
    PAGING_64_L5: (["PGD", "P4D", "PUD", "PMD", "PTE"], [0x67] * 4),
}


@EACH_PAGING
def test_an_oops_shows_each_entry_of_the_walk(paging):
    cpu = program(paging)
    new_mm(cpu)
    mm = user_task(cpu)      # CR3 has bits below 12: of the second root table of PAE, or a PCID
    assert bool(run(cpu.read_cr(Register.CR3)) & 0xFFF) == (paging is not PAGING_32)
    ptep = run(pte_alloc(cpu, mm, 0x5000))
    run(set_pte(cpu, ptep, 0x7_7005))
    with pytest.raises(KernelOops) as caught:
        run(cpu.load(0x5000, 4))     # a page of the program's, without STAC
    names, upper = LEVELS[paging]
    words = caught.value.reason.splitlines()[-1].split()
    assert words[::2] == names
    entries = [int(word, 16) for word in words[1::2]]
    assert entries[-1] == 0x7_7005 and [entry & 0xF5F for entry in entries[:-1]] == [
        bits & 0xF5F for bits in upper]


def test_a_general_protection_fault_of_the_kernel_is_an_oops():
    cpu = program()
    with pytest.raises(KernelOops, match="general protection fault"):
        run(cpu.load(NON_CANONICAL, 8))
    with pytest.raises(KernelOops, match="general protection fault"):
        run(cpu.write_cr(Register.CR4, 1 << 63))


def test_the_handler_runs_with_ac_clear():
    cpu = program()
    run(cpu.popf(True))
    cpu.bus.log.clear()
    run(as_program(cpu, "store", READ_WRITE))
    writes = [op[2] for op in cpu.bus.log if op[:2] == ("write", Register.RFLAGS)]
    assert writes == [0, 1 << 18]
