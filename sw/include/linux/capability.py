"""Capabilities: the parts of root's power, by name.

Ref: Linux 6.12, include/uapi/linux/capability.h, include/linux/capability.h; capabilities(7).
"""

__all__ = [
    "CAP_DAC_OVERRIDE", "CAP_FS_SET", "CAP_FULL_SET", "CAP_IPC_LOCK", "CAP_KILL", "CAP_SETGID",
    "CAP_SETUID", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_RESOURCE",
]


CAP_DAC_OVERRIDE = "CAP_DAC_OVERRIDE"  # pass the permission bits of files
CAP_IPC_LOCK     = "CAP_IPC_LOCK"      # lock more memory than the limit is
CAP_KILL         = "CAP_KILL"          # send signals to anybody's processes
CAP_SETGID       = "CAP_SETGID"        # become another group
CAP_SETUID       = "CAP_SETUID"        # become another user
CAP_SYS_ADMIN    = "CAP_SYS_ADMIN"     # know the frames behind addresses, among much else
CAP_SYS_PTRACE   = "CAP_SYS_PTRACE"    # trace anybody's processes
CAP_SYS_RAWIO    = "CAP_SYS_RAWIO"     # map the lowest addresses, among other things
CAP_SYS_RESOURCE = "CAP_SYS_RESOURCE"  # raise limits, and set anybody's

#: All that this kernel asks for.
CAP_FULL_SET = frozenset((
    CAP_DAC_OVERRIDE, CAP_IPC_LOCK, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN, CAP_SYS_PTRACE,
    CAP_SYS_RAWIO, CAP_SYS_RESOURCE))

#: Those that go with the file-system id of user 0.
CAP_FS_SET = frozenset((CAP_DAC_OVERRIDE,))
