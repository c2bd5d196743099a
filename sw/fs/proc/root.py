"""Files of processes, by their paths.

Ref: Linux 6.12, fs/proc/root.c, base.c (proc_pid_lookup, tgid_base_stuff), self.c, thread_self.c.
"""

import re
from collections.abc import Mapping

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.include.linux.fs import MAX_NON_LFS, S_IFREG, file_operations, inode
from sw.include.linux.mm_types import SUID_DUMP_USER
from sw.kernel.pid import find_task_by_vpid
from sw.processor.cpu import Cpu

from .array import proc_tgid_status_operations
from .base import proc_mem_operations
from .task_mmu import proc_pagemap_operations, proc_pid_maps_operations


__all__ = ["proc_pid_lookup"]


#: Files of a process, or of a thread: their permissions, and what they do.
tgid_base_stuff: Mapping[str, tuple[int, file_operations]] = {
    "maps":    (0o444, proc_pid_maps_operations),
    "mem":     (0o600, proc_mem_operations),
    "pagemap": (0o400, proc_pagemap_operations),
    "status":  (0o444, proc_tgid_status_operations),
}

#: As many digits as a number of 32 bits may have.
_NUMBER = "0|[1-9][0-9]{0,9}"
_FILE   = re.compile(
    f"/proc/(?:thread-self|(self|{_NUMBER})(?:/task/({_NUMBER}))?)/({'|'.join(tgid_base_stuff)})")


def proc_pid_lookup(cpu: Cpu, path: str) -> inode | None:
    """Find ``/proc/<pid>/mem``, ``/proc/<pid>/task/<tid>/mem`` or another file of a task.

    Either number may be that of any thread of the process; ``/proc/thread-self`` is the caller. The
    file belongs to the task's owner if it is dumpable, else to root. ``None`` for other paths.
    Raises ENOENT if there is no such task.
    """
    match = _FILE.fullmatch(path)
    if match is None:
        return None
    caller = current(cpu)
    pid    = caller.tgid if match[1] in ("self", None) else int(match[1])
    leader = find_task_by_vpid(cpu, pid)
    task   = find_task_by_vpid(cpu, int(match[2] or (pid if match[1] else caller.pid)))
    if leader is None or task is None or task.tgid != leader.tgid:
        raise KernelError(Errno.ENOENT)
    mode, fops = tgid_base_stuff[match[3]]
    dumpable   = task.mm is not None and task.mm.dumpable == SUID_DUMP_USER
    return inode(S_IFREG | mode, task.cred.euid if dumpable else 0, fops, i_private=task,
                 s_maxbytes=MAX_NON_LFS)
