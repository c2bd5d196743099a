"""Permission to look into another task.

Ref: Linux 6.12, kernel/ptrace.c; security/commoncap.c (cap_ptrace_access_check).
"""

from sw.arch.x86.include.asm.current import current
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.mm_types import SUID_DUMP_USER
from sw.include.linux.ptrace import PTRACE_MODE_FSCREDS
from sw.include.linux.sched import task_struct
from sw.kernel.capability import capable
from sw.processor.cpu import Cpu
from sw.security.yama.yama_lsm import yama_ptrace_access_check


__all__ = ["ptrace_may_access"]


def ptrace_may_access(cpu: Cpu, task: task_struct, mode: int) -> bool:
    """Tell whether the current task may look into ``task``.

    Itself always. Otherwise all of the other's ids must be the caller's own (the file-system
    ids, or the real ones), the other must be dumpable, and must not have a capability that the
    caller lacks; CAP_SYS_PTRACE stands in for each of these. Then Yama is asked.
    """
    if task.tgid == current(cpu).tgid:
        return True
    caller   = current(cpu).cred
    uid, gid = ((caller.fsuid, caller.fsgid) if mode & PTRACE_MODE_FSCREDS
                else (caller.uid, caller.gid))
    its  = task.cred
    same = {its.euid, its.suid, its.uid} == {uid} and {its.egid, its.sgid, its.gid} == {gid}
    caps = caller.cap_effective if mode & PTRACE_MODE_FSCREDS else caller.cap_permitted
    allowed = capable(cpu, CAP_SYS_PTRACE) or (
        same and (task.mm is None or task.mm.dumpable == SUID_DUMP_USER)
        and its.cap_permitted <= caps)
    return allowed and yama_ptrace_access_check(cpu, task, mode)
