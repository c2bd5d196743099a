"""Credentials of a task: user and group ids, and capabilities.

Ref: Linux 6.12, include/linux/cred.h and kernel/cred.c; capabilities(7).
"""

from dataclasses import dataclass, field


__all__ = ["CAP_DAC_OVERRIDE", "CAP_IPC_LOCK", "CAP_SYS_PTRACE", "cred"]


CAP_DAC_OVERRIDE = "CAP_DAC_OVERRIDE"
CAP_IPC_LOCK     = "CAP_IPC_LOCK"
CAP_SYS_PTRACE   = "CAP_SYS_PTRACE"


@dataclass(frozen=True, slots=True)
class cred:
    """Credentials. A task changes them by taking another object.

    Attributes
    ----------
    uid, euid, suid, fsuid : :class:`int`
        Real, effective, saved and file-system user id.
    gid, egid, sgid, fsgid : :class:`int`
        The same for the group.
    cap_effective : :class:`frozenset` of :class:`str`
        Capabilities, by name.
    """

    uid:   int = 0
    gid:   int = 0
    euid:  int = 0
    egid:  int = 0
    suid:  int = 0
    sgid:  int = 0
    fsuid: int = 0
    fsgid: int = 0
    cap_effective: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of_user(cls, uid: int, *capabilities: str) -> "cred":
        """An ordinary login: all ids the same."""
        return cls(uid, uid, uid, uid, uid, uid, uid, uid, frozenset(capabilities))

    def capable(self, capability: str) -> bool:
        """Tell whether the task has ``capability``."""
        return capability in self.cap_effective
