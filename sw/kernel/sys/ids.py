"""setuid() and its kind: other user and group ids for the current task.

Ref: Linux 6.12, kernel/sys.c; security/commoncap.c (cap_task_fix_setuid).

An id of -1 means: as it is.
"""

from dataclasses import replace

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.lib.usercopy import put_user
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_FS_SET, CAP_SETGID, CAP_SETUID
from sw.kernel.capability import capable
from sw.kernel.commit_creds import commit_creds
from sw.kernel.cred import cred
from sw.processor.cpu import Cpu


__all__ = [
    "sys_getegid", "sys_geteuid", "sys_getgid", "sys_getresgid", "sys_getresuid", "sys_getuid",
    "sys_setfsgid", "sys_setfsuid", "sys_setgid", "sys_setregid", "sys_setresgid",
    "sys_setresuid", "sys_setreuid", "sys_setuid",
]


#: An id that is none, as a register of 32 bits.
_NO_ID = 0xFFFF_FFFF


def _refuse(refused: bool, errno: Errno = Errno.EPERM) -> None:
    if refused:
        raise KernelError(errno)


def cap_emulate_setxuid(old: cred, new: cred) -> cred:
    """Return ``new`` with the capabilities that user 0 has, and loses, by its ids."""
    was_root = 0 in (old.uid, old.euid, old.suid)
    is_root  = 0 in (new.uid, new.euid, new.suid)
    if was_root and not is_root:
        new = replace(new, cap_permitted=frozenset(), cap_effective=frozenset())
    if old.euid == 0 != new.euid:
        new = replace(new, cap_effective=frozenset())
    if old.euid != 0 == new.euid:
        new = replace(new, cap_effective=new.cap_permitted)
    return new


def cap_fix_setfsuid(old: cred, new: cred) -> cred:
    """Return ``new`` with the capabilities about files that go with a file-system id of 0."""
    if old.fsuid == 0 != new.fsuid:
        return replace(new, cap_effective=new.cap_effective - CAP_FS_SET)
    if old.fsuid != 0 == new.fsuid:
        return replace(new, cap_effective=new.cap_effective | new.cap_permitted & CAP_FS_SET)
    return new


def _commit_uids(cpu: Cpu, uid: int, euid: int, suid: int) -> None:
    """Set the user ids; that for files follows the effective one."""
    old = current(cpu).cred
    new = replace(old, uid=uid, euid=euid, suid=suid, fsuid=euid)
    commit_creds(cpu, cap_emulate_setxuid(old, new))


def _commit_gids(cpu: Cpu, gid: int, egid: int, sgid: int) -> None:
    """Set the group ids; that for files follows the effective one."""
    commit_creds(cpu, replace(current(cpu).cred, gid=gid, egid=egid, sgid=sgid, fsgid=egid))


async def sys_setuid(cpu: Cpu, uid: int) -> int:
    """Set all user ids with CAP_SETUID; else the effective one, to the real or the saved one.

    Raises EINVAL for -1, EPERM.
    """
    old = current(cpu).cred
    _refuse(uid == _NO_ID, Errno.EINVAL)
    if capable(cpu, CAP_SETUID):
        _commit_uids(cpu, uid, uid, uid)
    else:
        _refuse(uid not in (old.uid, old.suid))
        _commit_uids(cpu, old.uid, uid, old.suid)
    return 0


async def sys_setgid(cpu: Cpu, gid: int) -> int:
    """Set all group ids with CAP_SETGID; else the effective one. Raises EINVAL, EPERM."""
    old = current(cpu).cred
    _refuse(gid == _NO_ID, Errno.EINVAL)
    if capable(cpu, CAP_SETGID):
        _commit_gids(cpu, gid, gid, gid)
    else:
        _refuse(gid not in (old.gid, old.sgid))
        _commit_gids(cpu, old.gid, gid, old.sgid)
    return 0


async def sys_setreuid(cpu: Cpu, ruid: int, euid: int) -> int:
    """Set the real and the effective user id, and the saved one with them. Raises EPERM."""
    old, able = current(cpu).cred, capable(cpu, CAP_SETUID)
    _refuse(ruid not in (_NO_ID, old.uid, old.euid) and not able)
    _refuse(euid not in (_NO_ID, old.uid, old.euid, old.suid) and not able)
    uid  = old.uid if ruid == _NO_ID else ruid
    new  = old.euid if euid == _NO_ID else euid
    suid = new if ruid != _NO_ID or euid not in (_NO_ID, old.uid) else old.suid
    _commit_uids(cpu, uid, new, suid)
    return 0


async def sys_setregid(cpu: Cpu, rgid: int, egid: int) -> int:
    """Set the real and the effective group id, and the saved one with them. Raises EPERM."""
    old, able = current(cpu).cred, capable(cpu, CAP_SETGID)
    _refuse(rgid not in (_NO_ID, old.gid, old.egid) and not able)
    _refuse(egid not in (_NO_ID, old.gid, old.egid, old.sgid) and not able)
    gid  = old.gid if rgid == _NO_ID else rgid
    new  = old.egid if egid == _NO_ID else egid
    sgid = new if rgid != _NO_ID or egid not in (_NO_ID, old.gid) else old.sgid
    _commit_gids(cpu, gid, new, sgid)
    return 0


async def sys_setresuid(cpu: Cpu, ruid: int, euid: int, suid: int) -> int:
    """Set the three user ids; without CAP_SETUID only to those that there are. Raises EPERM."""
    old   = current(cpu).cred
    known = (_NO_ID, old.uid, old.euid, old.suid)
    _refuse(not capable(cpu, CAP_SETUID) and any(uid not in known for uid in (ruid, euid, suid)))
    new = old.euid if euid == _NO_ID else euid
    _commit_uids(cpu, old.uid if ruid == _NO_ID else ruid, new,
                 old.suid if suid == _NO_ID else suid)
    return 0


async def sys_setresgid(cpu: Cpu, rgid: int, egid: int, sgid: int) -> int:
    """Set the three group ids; without CAP_SETGID only to those that there are. Raises EPERM."""
    old   = current(cpu).cred
    known = (_NO_ID, old.gid, old.egid, old.sgid)
    _refuse(not capable(cpu, CAP_SETGID) and any(gid not in known for gid in (rgid, egid, sgid)))
    new = old.egid if egid == _NO_ID else egid
    _commit_gids(cpu, old.gid if rgid == _NO_ID else rgid, new,
                 old.sgid if sgid == _NO_ID else sgid)
    return 0


async def sys_setfsuid(cpu: Cpu, uid: int) -> int:
    """Set the id that counts for files, if it may be; the result is the one before in any case."""
    old = current(cpu).cred
    if uid != _NO_ID and (uid in (old.uid, old.euid, old.suid, old.fsuid)
                          or capable(cpu, CAP_SETUID)):
        commit_creds(cpu, cap_fix_setfsuid(old, replace(old, fsuid=uid)))
    return old.fsuid


async def sys_setfsgid(cpu: Cpu, gid: int) -> int:
    """Set the group that counts for files, if it may be; the result is the one before."""
    old = current(cpu).cred
    if gid != _NO_ID and (gid in (old.gid, old.egid, old.sgid, old.fsgid)
                          or capable(cpu, CAP_SETGID)):
        commit_creds(cpu, replace(old, fsgid=gid))
    return old.fsgid


async def sys_getuid(cpu: Cpu) -> int:
    """Return the real user id."""
    return current(cpu).cred.uid


async def sys_geteuid(cpu: Cpu) -> int:
    """Return the effective user id."""
    return current(cpu).cred.euid


async def sys_getgid(cpu: Cpu) -> int:
    """Return the real group id."""
    return current(cpu).cred.gid


async def sys_getegid(cpu: Cpu) -> int:
    """Return the effective group id."""
    return current(cpu).cred.egid


async def sys_getresuid(cpu: Cpu, ruidp: int, euidp: int, suidp: int) -> int:
    """Store the three user ids. Raises EFAULT."""
    mine = current(cpu).cred
    for value, ptr in ((mine.uid, ruidp), (mine.euid, euidp), (mine.suid, suidp)):
        await put_user(cpu, value, ptr, 4)
    return 0


async def sys_getresgid(cpu: Cpu, rgidp: int, egidp: int, sgidp: int) -> int:
    """Store the three group ids. Raises EFAULT."""
    mine = current(cpu).cred
    for value, ptr in ((mine.gid, rgidp), (mine.egid, egidp), (mine.sgid, sgidp)):
        await put_user(cpu, value, ptr, 4)
    return 0
