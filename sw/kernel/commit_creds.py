"""Other credentials for the current task.

Ref: Linux 6.12, kernel/cred.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.include.linux.mm_types import SUID_DUMP_DISABLE
from sw.processor.cpu import Cpu

from .cred import cred


__all__ = ["commit_creds", "suid_dumpable"]


#: What the memory of a program becomes that has changed its ids (fs.suid_dumpable).
suid_dumpable = SUID_DUMP_DISABLE


def commit_creds(cpu: Cpu, new: cred) -> None:
    """Give the current task the credentials ``new``.

    With ids that count for access, or with more capabilities, it may have secrets in its memory
    that others with these ids are not to see: it is not dumpable any more.
    """
    task, old = current(cpu), current(cpu).cred
    same = ((old.euid, old.egid, old.fsuid, old.fsgid) == (new.euid, new.egid, new.fsuid, new.fsgid)
            and new.cap_permitted <= old.cap_permitted)
    if not same and task.mm is not None:
        task.mm.dumpable = suid_dumpable
    task.cred = new
