"""Error code of a page fault.

Ref: Intel SDM Vol. 3A, section 4.7; Linux 6.12, arch/x86/include/asm/trap_pf.h.
"""


__all__ = [
    "X86_PF_INSTR", "X86_PF_PK", "X86_PF_PROT", "X86_PF_RSVD", "X86_PF_USER", "X86_PF_WRITE",
]


X86_PF_PROT  = 1 << 0  #: 0: no page found; 1: the access is not allowed.
X86_PF_WRITE = 1 << 1
X86_PF_USER  = 1 << 2  #: By a program.
X86_PF_RSVD  = 1 << 3  #: A reserved bit is set in an entry.
X86_PF_INSTR = 1 << 4  #: Of an instruction fetch.
X86_PF_PK    = 1 << 5  #: The protection key of the page forbids the access.
