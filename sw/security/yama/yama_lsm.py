"""Yama: an ordinary user's processes kept from tracing each other.

Ref: Linux 6.12, security/yama/yama_lsm.c; Documentation/admin-guide/LSM/Yama.rst.

A kernel has it or not; if it has, there is a scope (kernel.yama.ptrace_scope):

0. as without it;
1. a process may be traced by those that it descends from, and by the one that it names (prctl());
2. ... only by those that have CAP_SYS_PTRACE;
3. ... by nobody.
"""

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.prctl import PR_SET_PTRACER_ANY
from sw.include.linux.ptrace import PTRACE_MODE_ATTACH
from sw.include.linux.sched import task_struct
from sw.kernel.capability import capable
from sw.kernel.pid import find_task_by_vpid
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "YAMA_SCOPES", "yama_ptrace_access_check", "yama_ptrace_scope", "yama_ptrace_traceme",
    "yama_set_ptracer", "yama_task_free",
]


YAMA_SCOPE_DISABLED   = 0
YAMA_SCOPE_RELATIONAL = 1
YAMA_SCOPE_CAPABILITY = 2
YAMA_SCOPE_NO_ATTACH  = 3

YAMA_SCOPES = range(4)

#: The scope; ``None`` in a kernel that is built without Yama.
yama_ptrace_scope: DEFINE[int | None] = DEFINE(lambda: None)

#: The process that may trace one, by number; PR_SET_PTRACER_ANY: each.
ptracer_relations: DEFINE[dict[int, int]] = DEFINE(dict)


def _is_descendant(parent: task_struct, child: task_struct) -> bool:
    """Tell whether ``child`` is of the process of ``parent``, or descends from it."""
    walker: task_struct | None = child
    while walker is not None:
        if walker.tgid == parent.tgid:
            return True
        walker = walker.real_parent
    return False


def _is_exception(cpu: Cpu, tracer: task_struct, tracee: task_struct) -> bool:
    """Tell whether ``tracee`` has named ``tracer``, or one that it descends from."""
    named = ptracer_relations(cpu).get(tracee.tgid)
    if named is None:
        return False
    parent = find_task_by_vpid(cpu, named)
    return named == PR_SET_PTRACER_ANY or parent is not None and _is_descendant(parent, tracer)


def yama_ptrace_access_check(cpu: Cpu, child: task_struct, mode: int) -> bool:
    """Tell whether the current task may attach to ``child``. It may look without Yama's leave."""
    scope = yama_ptrace_scope(cpu)
    if not scope or not mode & PTRACE_MODE_ATTACH:
        return True
    if scope == YAMA_SCOPE_NO_ATTACH:
        return False
    if capable(cpu, CAP_SYS_PTRACE):
        return True
    return scope == YAMA_SCOPE_RELATIONAL and (
        _is_descendant(current(cpu), child) or _is_exception(cpu, current(cpu), child))


def yama_ptrace_traceme(cpu: Cpu, parent: task_struct) -> bool:
    """Tell whether the current task may have ``parent`` trace it."""
    scope = yama_ptrace_scope(cpu)
    if scope == YAMA_SCOPE_CAPABILITY:
        return CAP_SYS_PTRACE in parent.cred.cap_effective
    return scope != YAMA_SCOPE_NO_ATTACH


def yama_set_ptracer(cpu: Cpu, pid: int) -> None:
    """Let the process of ``pid`` trace the current one; PR_SET_PTRACER_ANY any, 0 none any more.

    Raises EINVAL if there is no such task, and in a kernel without Yama.
    """
    if yama_ptrace_scope(cpu) is None:
        raise KernelError(Errno.EINVAL)
    mine = current(cpu).tgid
    if pid == 0:
        ptracer_relations(cpu).pop(mine, None)
    elif pid == PR_SET_PTRACER_ANY:
        ptracer_relations(cpu)[mine] = pid
    else:
        tracer = find_task_by_vpid(cpu, pid)
        if tracer is None:
            raise KernelError(Errno.EINVAL)
        ptracer_relations(cpu)[mine] = tracer.tgid


def yama_task_free(cpu: Cpu, task: task_struct) -> None:
    """Forget what a task that is gone has named, and by whom it was named."""
    relations = ptracer_relations(cpu)
    for tracee, tracer in list(relations.items()):
        if task.pid in (tracee, tracer):
            del relations[tracee]
