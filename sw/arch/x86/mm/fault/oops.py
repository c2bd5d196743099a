"""Report of a page fault that the kernel did not expect of itself.

Ref: Linux 6.12, arch/x86/mm/fault.c (show_fault_oops, dump_pagetable).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from sw.arch.x86.include.asm.page import __va
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import pmd_leaf, pmd_present, pte_exec, ptep_get
from sw.arch.x86.include.asm.pgtable_types import _PAGE_USER, PTE_PFN_MASK
from sw.arch.x86.include.asm.trap_pf import (
    X86_PF_INSTR, X86_PF_PK, X86_PF_PROT, X86_PF_RSVD, X86_PF_USER, X86_PF_WRITE,
)
from sw.bus import Register
from sw.kconfig import kconfig
from sw.kernel.panic import KernelOops
from sw.kernel.trace.ftrace import ret_stack
from sw.processor.cpu import Cpu
from sw.processor.exceptions import pt_regs
from sw.variables import this_cpu_ptr


__all__ = ["page_fault_oops"]


#: Names of the levels of a walk from the root down, by their number.
_LEVELS: Mapping[int, Sequence[str]] = {
    5: ("PGD", "P4D", "PUD", "PMD", "PTE"), 4: ("PGD", "PUD", "PMD", "PTE"),
    3: ("PGD", "PMD", "PTE"), 2: ("PGD", "PTE"),
}


async def _walk(cpu: Cpu, address: int) -> list[int]:
    """Entries for ``address`` in the tables that the processor uses, from the root down."""
    paging  = kconfig(cpu).paging
    table   = __va(cpu, await cpu.read_cr(Register.CR3) & paging.CR3_ADDR_MASK)
    entries = []
    for shift in paging.shifts:
        entry = await ptep_get(cpu, paging.entry(table, shift, address))
        entries.append(entry)
        if not pmd_present(entry) or pmd_leaf(entry):
            break
        table = __va(cpu, entry & PTE_PFN_MASK)
    return entries


def _describe(regs: pt_regs, error_code: int, address: int) -> list[str]:
    null   = address < PAGE_SIZE and not regs.user_mode
    title  = ("kernel NULL pointer dereference, address" if null
              else "unable to handle page fault for address")
    who    = "user" if error_code & X86_PF_USER else "supervisor"
    mode   = "user" if regs.user_mode else "kernel"
    access = ("instruction fetch" if error_code & X86_PF_INSTR
              else "write access" if error_code & X86_PF_WRITE else "read access")
    why    = ("not-present page" if not error_code & X86_PF_PROT
              else "reserved bit violation" if error_code & X86_PF_RSVD
              else "protection keys violation" if error_code & X86_PF_PK
              else "permissions violation")
    return [
        f"BUG: {title}: {address:016x}",
        f"#PF: {who} {access} in {mode} mode",
        f"#PF: error_code(0x{error_code:04x}) - {why}",
    ]


async def page_fault_oops(cpu: Cpu, regs: pt_regs, error_code: int, address: int) -> NoReturn:
    """Report a fault that cannot be resolved. Raises :class:`sw.kernel.panic.KernelOops`."""
    lines   = _describe(regs, error_code, address)
    entries = await _walk(cpu, address)
    if error_code & X86_PF_INSTR and error_code & X86_PF_PROT:
        if not pte_exec(entries[-1]):
            lines.insert(0, "kernel tried to execute NX-protected page - exploit attempt?")
        elif entries[-1] & _PAGE_USER:
            lines.insert(0, "unable to execute userspace code (SMEP?)")
    names = _LEVELS[len(kconfig(cpu).paging.shifts)]
    lines.append(" ".join(f"{name} {entry:x}"
                          for name, entry in zip(names, entries, strict=False)))
    raise KernelOops("\n".join(lines), address, error_code, this_cpu_ptr(cpu, ret_stack))
