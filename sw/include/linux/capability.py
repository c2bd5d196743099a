"""Capabilities: the parts of root's power, by name.

Ref: Linux 6.12, include/uapi/linux/capability.h, include/linux/capability.h; capabilities(7).
"""

__all__ = [
    "CAP_DAC_OVERRIDE", "CAP_FULL_SET", "CAP_IPC_LOCK", "CAP_KILL", "CAP_SYS_PTRACE",
]


CAP_DAC_OVERRIDE = "CAP_DAC_OVERRIDE"  # pass the permission bits of files
CAP_IPC_LOCK     = "CAP_IPC_LOCK"      # lock more memory than the limit is
CAP_KILL         = "CAP_KILL"          # send signals to anybody's processes
CAP_SYS_PTRACE   = "CAP_SYS_PTRACE"    # trace anybody's processes

#: All that this kernel asks for.
CAP_FULL_SET = frozenset((CAP_DAC_OVERRIDE, CAP_IPC_LOCK, CAP_KILL, CAP_SYS_PTRACE))
