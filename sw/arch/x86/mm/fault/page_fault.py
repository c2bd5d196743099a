"""Page faults, from the processor to the mapping that resolves them.

Ref: Linux 6.12, arch/x86/mm/fault.c, arch/x86/include/asm/trap_pf.h; Intel SDM Vol. 3A,
section 4.7.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.cpufeatures import X86_FEATURE_SMAP, boot_cpu_has
from sw.arch.x86.include.asm.current import current, pcpu_hot
from sw.arch.x86.include.asm.pgtable import pte_exec, pte_present, pte_write, ptep_get
from sw.arch.x86.include.asm.processor import thread_struct
from sw.arch.x86.include.asm.trap_pf import (
    X86_PF_INSTR, X86_PF_PROT, X86_PF_RSVD, X86_PF_USER, X86_PF_WRITE,
)
from sw.arch.x86.include.asm.trapnr import X86_TRAP_PF
from sw.arch.x86.kernel.traps import cond_local_irq_enable
from sw.arch.x86.mm.extable import fixup_exception
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.bus import Register
from sw.include.linux.mm import VM_ACCESS_FLAGS, VM_WRITE
from sw.include.linux.mm_types import (
    FAULT_FLAG_INSTRUCTION, FAULT_FLAG_USER, FAULT_FLAG_WRITE, VM_FAULT_ERROR, VM_FAULT_OOM,
    VM_FAULT_SIGBUS, mm_struct, vm_area_struct,
)
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.include.linux.signal_types import (
    BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, SIGBUS, SIGKILL, SIGSEGV, kernel_siginfo,
)
from sw.include.linux.uaccess import faulthandler_disabled
from sw.kconfig import kconfig
from sw.kernel.signal.send import force_sig_fault, send_signal
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.mm.memory.fault import handle_mm_fault
from sw.mm.mmap.find import vma_lookup
from sw.mm.mmap.stack import expand_stack
from sw.processor.cpu import Cpu
from sw.processor.exceptions import pt_regs
from sw.variables import this_cpu_ptr

from .oops import page_fault_oops


__all__ = ["exc_page_fault", "spurious_kernel_fault"]


@traced
async def exc_page_fault(cpu: Cpu, regs: pt_regs) -> None:
    """Handle exception 14.

    On return the interrupted instruction is done again, or goes to its landing pad, or its
    program has a signal waiting. Interrupts are off until CR2 is read: their handlers may fault.
    """
    address = await cpu.read_cr(Register.CR2)
    if address >= kconfig(cpu).paging.TASK_SIZE:
        await do_kern_addr_fault(cpu, regs, regs.error_code, address)
    else:
        await do_user_addr_fault(cpu, regs, regs.error_code, address)


# Kernel addresses

@traced
async def do_kern_addr_fault(cpu: Cpu, regs: pt_regs, error_code: int, address: int) -> None:
    """Handle a fault on a kernel address: a stale translation, or a mistake."""
    if await spurious_kernel_fault(cpu, error_code, address):
        return
    await bad_area_nosemaphore(cpu, regs, error_code, address)


@traced
async def spurious_kernel_fault(cpu: Cpu, error_code: int, address: int) -> bool:
    """Tell whether the tables allow the access by now.

    A right was added without a flush; the fault itself has dropped the old translation. Only a
    write or a fetch by the kernel can meet that.
    """
    if error_code not in (X86_PF_WRITE | X86_PF_PROT, X86_PF_INSTR | X86_PF_PROT):
        return False
    leaf = await lookup_address(cpu, init_mm(cpu).pgd, address)
    if leaf is None:
        return False
    pte = await ptep_get(cpu, leaf[0])
    return pte_present(pte) and (pte_write(pte) if error_code & X86_PF_WRITE else pte_exec(pte))


# User addresses

@traced
async def do_user_addr_fault(cpu: Cpu, regs: pt_regs, error_code: int, address: int) -> None:
    """Handle a fault on a user address, of a program or of the kernel."""
    if error_code & (X86_PF_USER | X86_PF_INSTR) == X86_PF_INSTR or error_code & X86_PF_RSVD:
        await page_fault_oops(cpu, regs, error_code, address)
    # The kernel used a user address without STAC: never meant, so no landing pad is looked for.
    if (boot_cpu_has(cpu, X86_FEATURE_SMAP) and not error_code & X86_PF_USER and not regs.ac):
        await page_fault_oops(cpu, regs, error_code, address)
    task = this_cpu_ptr(cpu, pcpu_hot).current_task
    if task is None or task.mm is None or faulthandler_disabled(cpu):
        await bad_area_nosemaphore(cpu, regs, error_code, address)
        return

    await cond_local_irq_enable(cpu, regs)
    mm  = task.mm
    vma = await lock_mm_and_find_vma(cpu, mm, address)
    if vma is None:
        await bad_area_nosemaphore(cpu, regs, error_code, address)
        return
    if access_error(error_code, vma):
        mmap_read_unlock(cpu, mm)
        await bad_area_nosemaphore(cpu, regs, error_code, address, SEGV_ACCERR)
        return
    fault = await handle_mm_fault(cpu, vma, address, _fault_flags(regs, error_code))
    mmap_read_unlock(cpu, mm)
    if fault & VM_FAULT_ERROR:
        await mm_fault_error(cpu, regs, error_code, address, fault)


def _fault_flags(regs: pt_regs, error_code: int) -> int:
    flags = FAULT_FLAG_USER if regs.user_mode else 0
    if error_code & X86_PF_WRITE:
        flags |= FAULT_FLAG_WRITE
    if error_code & X86_PF_INSTR:
        flags |= FAULT_FLAG_INSTRUCTION
    return flags


@traced
async def lock_mm_and_find_vma(cpu: Cpu, mm: mm_struct, address: int) -> vm_area_struct | None:
    """Find the mapping of ``address``; a stack grows to it. None: the lock is not held."""
    await mmap_read_lock(cpu, mm)
    vma = vma_lookup(mm, address)
    if vma is None:
        vma = await expand_stack(cpu, mm, address)
    return vma


def access_error(error_code: int, vma: vm_area_struct) -> bool:
    """Tell whether the mapping forbids the access. The same for programs and for the kernel.

    For a page that is not present a load or a fetch needs any right at all; what the entry then
    does not allow faults again, as a protection violation.
    """
    if error_code & X86_PF_WRITE:
        return not vma.vm_flags & VM_WRITE
    if error_code & X86_PF_PROT:
        return True
    return not vma.vm_flags & VM_ACCESS_FLAGS


# Refusals

@traced
async def bad_area_nosemaphore(
    cpu: Cpu, regs: pt_regs, error_code: int, address: int, si_code: int = SEGV_MAPERR,
) -> None:
    """Refuse an access: a signal for a program, the landing pad or an oops for the kernel."""
    if not regs.user_mode:
        await kernelmode_fixup_or_oops(cpu, regs, error_code, address)
    elif not error_code & X86_PF_USER:
        # A system access by the processor on behalf of the program: the kernel's tables are bad.
        await page_fault_oops(cpu, regs, error_code, address)
    else:
        await _force_sig(cpu, SIGSEGV, si_code, error_code, address)


async def _force_sig(cpu: Cpu, signo: int, si_code: int, error_code: int, address: int) -> None:
    if address >= kconfig(cpu).paging.TASK_SIZE:
        error_code |= X86_PF_PROT  # do not tell what the kernel has mapped
    current(cpu).thread = thread_struct(X86_TRAP_PF, error_code, address)
    await force_sig_fault(cpu, signo, si_code, address, error_code)


@traced
async def kernelmode_fixup_or_oops(
    cpu: Cpu, regs: pt_regs, error_code: int, address: int,
) -> None:
    """Send the kernel to its landing pad, if it has one."""
    if not fixup_exception(cpu, regs):
        await page_fault_oops(cpu, regs, error_code, address)


@traced
async def mm_fault_error(
    cpu: Cpu, regs: pt_regs, error_code: int, address: int, fault: int,
) -> None:
    """End a fault that could not be resolved: a signal, or the landing pad."""
    if not regs.user_mode:
        await kernelmode_fixup_or_oops(cpu, regs, error_code, address)
    elif fault & VM_FAULT_OOM:
        # The out-of-memory killer has no other choice here.
        await send_signal(cpu, current(cpu), kernel_siginfo(SIGKILL, SI_KERNEL))
    elif fault & VM_FAULT_SIGBUS:
        await _force_sig(cpu, SIGBUS, BUS_ADRERR, error_code, address)
    else:
        await bad_area_nosemaphore(cpu, regs, error_code, address)
