"""ptrace(): what a tracer asks of a task that has stopped for it.

Ref: Linux 6.12, kernel/ptrace.c, arch/x86/kernel/ptrace.c.

There are no registers of programs here, no single steps and no stops at system calls: such requests
are ENOSYS.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.lib.usercopy import clear_user, put_user
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE, SUID_DUMP_USER
from sw.include.linux.ptrace import (
    PT_OPT_FLAG_SHIFT, PT_SEIZED, PTRACE_ATTACH, PTRACE_CONT, PTRACE_DETACH, PTRACE_EVENT_STOP,
    PTRACE_GETEVENTMSG, PTRACE_GETSIGINFO, PTRACE_INTERRUPT, PTRACE_KILL, PTRACE_LISTEN,
    PTRACE_O_MASK, PTRACE_PEEKDATA, PTRACE_PEEKTEXT, PTRACE_POKEDATA, PTRACE_POKETEXT,
    PTRACE_SEIZE, PTRACE_SETOPTIONS, PTRACE_TRACEME, PTRACE_UNMODELLED,
)
from sw.include.linux.sched import (
    JOBCTL_LISTENING, JOBCTL_TRACED, JOBCTL_TRAP_NOTIFY, JOBCTL_TRAP_STOP, task_struct,
)
from sw.include.linux.signal import valid_signal
from sw.include.linux.signal_types import SI_TKILL, SI_USER, SIGCHLD, SIGKILL, kernel_siginfo
from sw.kconfig import kconfig
from sw.kernel.fork.mm import get_task_mm, mmput
from sw.kernel.pid import find_task_by_vpid
from sw.kernel.signal.jobctl import ptrace_signal_wake_up, task_set_jobctl_pending
from sw.kernel.signal.send import send_signal
from sw.mm.memory.access import access_remote_vm
from sw.mm.page_alloc import GFP_KERNEL, __free_page, alloc_page
from sw.processor.cpu import Cpu

from .attach import check_ptrace_options, ptrace_attach, ptrace_detach, ptrace_traceme


__all__ = ["ptrace_access_vm", "sys_ptrace"]


#: Bytes of a program's siginfo_t.
_SIGINFO_SIZE = 128


def ptrace_check_attach(cpu: Cpu, task: task_struct, ignore_state: bool) -> None:
    """Check that the caller traces ``task``, and that it has stopped for it. Raises ESRCH."""
    stopped = task.jobctl & JOBCTL_TRACED and not task.jobctl & JOBCTL_LISTENING
    if not task.ptrace or task.parent is not current(cpu) or not (stopped or ignore_state):
        raise KernelError(Errno.ESRCH)


async def ptrace_access_vm(cpu: Cpu, task: task_struct, addr: int, buf: int, length: int,
                           gup_flags: int) -> int:
    """Copy between a tracee's memory and the kernel's ``buf``; return the bytes done.

    Nothing of a tracee that is not dumpable, unless its tracer had CAP_SYS_PTRACE on attaching.
    """
    mm = get_task_mm(task)
    if mm is None:
        return 0
    try:
        able = task.ptracer_cred is not None and CAP_SYS_PTRACE in task.ptracer_cred.cap_effective
        if not task.ptrace or task.parent is not current(cpu) or not (
                mm.dumpable == SUID_DUMP_USER or able):
            return 0
        return await access_remote_vm(cpu, mm, addr, buf, length, gup_flags)
    finally:
        await mmput(cpu, mm)


def _word(cpu: Cpu) -> int:
    """Bytes of a register."""
    return kconfig(cpu).paging.BITS_PER_LONG // 8


async def generic_ptrace_peekdata(cpu: Cpu, task: task_struct, addr: int, data: int) -> None:
    """Read a word of a tracee, whatever its mappings forbid, to ``data``. EIO, EFAULT."""
    bounce = await alloc_page(cpu, GFP_KERNEL)
    try:
        buf = page_to_virt(cpu, bounce)
        if await ptrace_access_vm(cpu, task, addr, buf, _word(cpu), FOLL_FORCE) != _word(cpu):
            raise KernelError(Errno.EIO)
        await put_user(cpu, await cpu.load(buf, _word(cpu)), data, _word(cpu))
    finally:
        __free_page(cpu, bounce)


async def generic_ptrace_pokedata(cpu: Cpu, task: task_struct, addr: int, data: int) -> None:
    """Write the word ``data`` to a tracee, whatever its mappings forbid.

    Raises EIO if not all bytes can be written; those before the first that cannot be are.
    """
    bounce = await alloc_page(cpu, GFP_KERNEL)
    try:
        buf = page_to_virt(cpu, bounce)
        await cpu.store(buf, _word(cpu), data)
        done = await ptrace_access_vm(cpu, task, addr, buf, _word(cpu), FOLL_FORCE | FOLL_WRITE)
    finally:
        __free_page(cpu, bounce)
    if done != _word(cpu):
        raise KernelError(Errno.EIO)


def ptrace_setoptions(task: task_struct, options: int) -> None:
    """Set a tracee's options. Raises EINVAL for those that do not exist, ENOSYS."""
    if options & ~PTRACE_O_MASK:
        raise KernelError(Errno.EINVAL)
    check_ptrace_options(options)
    task.ptrace = task.ptrace & ~(PTRACE_O_MASK << PT_OPT_FLAG_SHIFT) | (
        options << PT_OPT_FLAG_SHIFT)


async def ptrace_getsiginfo(cpu: Cpu, task: task_struct, datavp: int) -> None:
    """Store what stopped a tracee. Raises EINVAL if that was its process's stop; EFAULT."""
    info = task.last_siginfo
    if info is None:
        raise KernelError(Errno.EINVAL)
    fields = [(0, info.si_signo, 4), (8, info.si_code & 0xFFFF_FFFF, 4)]
    union  = 8 + _word(cpu)
    if info.si_pid or info.si_code in (SI_USER, SI_TKILL):
        fields += [(union, info.si_pid, 4), (union + 4, info.si_uid, 4)]
        fields += [(union + 8, info.si_status, 4)] if info.si_signo == SIGCHLD else []
    else:
        fields += [(union, info.si_addr, _word(cpu))]
    if await clear_user(cpu, datavp, _SIGINFO_SIZE):
        raise KernelError(Errno.EFAULT)
    for offset, value, size in fields:
        await put_user(cpu, value, datavp + offset, size)


async def ptrace_interrupt(cpu: Cpu, task: task_struct) -> None:
    """Have a seized tracee stop. Raises EIO for another one."""
    if not task.ptrace & PT_SEIZED:
        raise KernelError(Errno.EIO)
    if task_set_jobctl_pending(task, JOBCTL_TRAP_STOP):
        await ptrace_signal_wake_up(cpu, task, bool(task.jobctl & JOBCTL_LISTENING))


async def ptrace_listen(cpu: Cpu, task: task_struct) -> None:
    """Leave a seized tracee in its process's stop, but wait for the end of that. Raises EIO."""
    info = task.last_siginfo
    if not task.ptrace & PT_SEIZED or info is None or info.si_code >> 8 != PTRACE_EVENT_STOP:
        raise KernelError(Errno.EIO)
    task.jobctl |= JOBCTL_LISTENING
    if task.jobctl & JOBCTL_TRAP_NOTIFY:
        await ptrace_signal_wake_up(cpu, task, resume=True)


async def ptrace_resume(cpu: Cpu, task: task_struct, signo: int) -> None:
    """Let a tracee go on, with the signal ``signo`` in the place of its own. Raises EIO."""
    if not valid_signal(signo):
        raise KernelError(Errno.EIO)
    task.exit_code    = signo
    task.last_siginfo = None
    await ptrace_signal_wake_up(cpu, task, resume=True)


async def ptrace_request(cpu: Cpu, task: task_struct, request: int, addr: int, data: int) -> None:
    """Do what the tracer asks. Raises EIO for a request that there is not; ENOSYS."""
    if request in (PTRACE_PEEKTEXT, PTRACE_PEEKDATA):
        await generic_ptrace_peekdata(cpu, task, addr, data)
    elif request in (PTRACE_POKETEXT, PTRACE_POKEDATA):
        await generic_ptrace_pokedata(cpu, task, addr, data)
    elif request == PTRACE_SETOPTIONS:
        ptrace_setoptions(task, data)
    elif request == PTRACE_GETEVENTMSG:
        await put_user(cpu, task.ptrace_message, data, _word(cpu))
    elif request == PTRACE_GETSIGINFO:
        await ptrace_getsiginfo(cpu, task, data)
    elif request == PTRACE_INTERRUPT:
        await ptrace_interrupt(cpu, task)
    elif request == PTRACE_LISTEN:
        await ptrace_listen(cpu, task)
    elif request == PTRACE_DETACH:
        await ptrace_detach(cpu, task, data)
    elif request == PTRACE_CONT:
        await ptrace_resume(cpu, task, data)
    elif request == PTRACE_KILL:
        await send_signal(cpu, task, kernel_siginfo(
            SIGKILL, SI_USER, si_pid=current(cpu).tgid, si_uid=current(cpu).cred.uid))
    else:
        raise KernelError(Errno.ENOSYS if request in PTRACE_UNMODELLED else Errno.EIO)


async def sys_ptrace(cpu: Cpu, request: int, pid: int, addr: int, data: int) -> int:
    """Begin, use or end the tracing of the task ``pid``.

    Raises ESRCH if there is none, or it has not stopped for the caller.
    """
    if request == PTRACE_TRACEME:
        ptrace_traceme(cpu)
        return 0
    task = find_task_by_vpid(cpu, pid)
    if task is None:
        raise KernelError(Errno.ESRCH)
    if request in (PTRACE_ATTACH, PTRACE_SEIZE):
        await ptrace_attach(cpu, task, seize=request == PTRACE_SEIZE, addr=addr, options=data)
    else:
        ptrace_check_attach(cpu, task, request in (PTRACE_KILL, PTRACE_INTERRUPT))
        await ptrace_request(cpu, task, request, addr, data)
    return 0
