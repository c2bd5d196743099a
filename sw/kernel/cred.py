"""Credentials of a task: user and group ids, and capabilities.

Ref: Linux 6.12, include/linux/cred.h and kernel/cred.c; capabilities(7).
"""

from dataclasses import dataclass, field

from sw.include.linux.capability import CAP_FULL_SET


__all__ = ["cred", "init_cred"]


@dataclass(frozen=True, slots=True)
class cred:
    """Credentials. A task changes them by taking another object.

    Attributes
    ----------
    uid, euid, suid, fsuid : :class:`int`
        Real, effective, saved and file-system user id.
    gid, egid, sgid, fsgid : :class:`int`
        The same for the group.
    cap_effective, cap_permitted : :class:`frozenset` of :class:`str`
        Capabilities that it has, by name; and those that it may have again.
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
    cap_permitted: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of_user(cls, uid: int, *capabilities: str) -> "cred":
        """Make those of an ordinary login: all ids the same. User 0 has all capabilities."""
        caps = frozenset(capabilities) if uid else CAP_FULL_SET
        return cls(uid, uid, uid, uid, uid, uid, uid, uid, caps, caps)


#: Those of the kernel's own tasks, and of the first process: root's.
init_cred = cred(cap_effective=CAP_FULL_SET, cap_permitted=CAP_FULL_SET)
