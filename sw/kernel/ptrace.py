"""Permission to look into another task, and tracing it.

Ref: Linux 6.12, kernel/ptrace.c. No security module is modelled.
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.sched import PF_KTHREAD, task_struct
from sw.processor.cpu import Cpu

from .capability import capable
from .pid import find_task_by_vpid


__all__ = [
    "PTRACE_ATTACH", "PTRACE_DETACH", "PTRACE_MODE_ATTACH_FSCREDS", "PTRACE_MODE_ATTACH_REALCREDS",
    "SUID_DUMP_USER", "ptrace_attach", "ptrace_detach", "ptrace_may_access", "sys_ptrace",
]


PTRACE_MODE_ATTACH    = 0x02
PTRACE_MODE_FSCREDS   = 0x08
PTRACE_MODE_REALCREDS = 0x10
PTRACE_MODE_ATTACH_FSCREDS   = PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS
PTRACE_MODE_ATTACH_REALCREDS = PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS

PT_PTRACED     = 0x0001
SUID_DUMP_USER = 1


PTRACE_ATTACH = 16
PTRACE_DETACH = 17


def ptrace_may_access(cpu: Cpu, task: task_struct, mode: int) -> bool:
    """Tell whether the current task may look into ``task``.

    Itself always. Otherwise all of the other's ids must be the caller's own (the file-system
    ids, or the real ones), and the other must be dumpable; a capability stands in for either.
    """
    if task.tgid == current(cpu).tgid:
        return True
    caller   = current(cpu).cred
    uid, gid = ((caller.fsuid, caller.fsgid) if mode & PTRACE_MODE_FSCREDS
                else (caller.uid, caller.gid))
    its     = task.cred
    same    = {its.euid, its.suid, its.uid} == {uid} and {its.egid, its.sgid, its.gid} == {gid}
    is_able = capable(cpu, CAP_SYS_PTRACE)
    if not same and not is_able:
        return False
    return task.mm is None or task.mm.dumpable == SUID_DUMP_USER or is_able


def ptrace_attach(cpu: Cpu, task: task_struct) -> None:
    """Become the tracer of ``task``.

    Raises EPERM for kernel threads, the caller's own process, dead and traced tasks, and those
    that the caller may not look into.
    """
    allowed = (not task.flags & PF_KTHREAD and task.tgid != current(cpu).tgid
               and ptrace_may_access(cpu, task, PTRACE_MODE_ATTACH_REALCREDS)
               and not task.exit_state and not task.ptrace)
    if not allowed:
        raise KernelError(Errno.EPERM)
    task.ptrace = PT_PTRACED
    task.parent = current(cpu)


def ptrace_detach(cpu: Cpu, task: task_struct) -> None:
    """Give ``task`` back to its real parent. Raises ESRCH if the caller does not trace it."""
    if not task.ptrace or task.parent is not current(cpu):
        raise KernelError(Errno.ESRCH)
    task.ptrace = 0
    task.parent = task.real_parent


async def sys_ptrace(cpu: Cpu, request: int, pid: int) -> int:
    """Begin or end tracing. Raises ESRCH if there is no such task, EIO for other requests."""
    task = find_task_by_vpid(cpu, pid)
    if task is None:
        raise KernelError(Errno.ESRCH)
    if request == PTRACE_ATTACH:
        ptrace_attach(cpu, task)
    elif request == PTRACE_DETACH:
        ptrace_detach(cpu, task)
    else:
        raise KernelError(Errno.EIO)
    return 0
