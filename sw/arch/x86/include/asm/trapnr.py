"""Vectors of exceptions.

Ref: Linux 6.12, arch/x86/include/asm/trapnr.h.
"""

from __future__ import annotations


__all__ = ["X86_TRAP_BP", "X86_TRAP_GP", "X86_TRAP_PF"]


X86_TRAP_BP = 3
X86_TRAP_GP = 13
X86_TRAP_PF = 14
