"""Registers saved by an exception, and what a task carries for the processor.

Ref: Linux 6.12, arch/x86/include/asm/ptrace.h, processor.h and trapnr.h, include/linux/sched.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sw.arch.x86.mm.extable import exception_table_entry


__all__ = ["X86_TRAP_GP", "X86_TRAP_PF", "kmap_ctrl", "pt_regs", "thread_struct"]


X86_TRAP_GP = 13
X86_TRAP_PF = 14


@dataclass(eq=False)
class kmap_ctrl:
    """Pages that one task has mapped with ``kmap_local_page``.

    Attributes
    ----------
    pteval : :class:`list` of :class:`int`
        Entries of the slots in use, in the order of mapping.
    """

    pteval: list[int] = field(default_factory=list)


@dataclass(eq=False)
class thread_struct:
    """The last exception for which a task got a signal.

    Attributes
    ----------
    trap_nr : :class:`int`
        Exception vector.
    error_code : :class:`int`
        Error code of a page fault, as the signal frame shows it.
    cr2 : :class:`int`
        Its linear address.
    """

    trap_nr:    int = 0
    error_code: int = 0
    cr2:        int = 0


@dataclass(eq=False)
class pt_regs:
    """State of the interrupted code, as far as this kernel looks at it.

    Attributes
    ----------
    user_mode : :class:`bool`
        The CPL was 3.
    ac : :class:`bool`
        RFLAGS.AC.
    interrupts : :class:`bool`
        RFLAGS.IF.
    trap_nr : :class:`int`
        Vector of the exception or the interrupt.
    error_code : :class:`int`
        Error code; 0 for #GP(0) and interrupts.
    address : :class:`int`
        CR2 of a page fault; 0 otherwise.
    extable : :class:`exception_table_entry` or :class:`None`
        Innermost exception table entry that covers the interrupted instruction.
    fixup : :class:`bool`
        The return goes to the entry's landing pad and not to the interrupted instruction.
    """

    user_mode:  bool
    ac:         bool
    interrupts: bool
    trap_nr:    int
    error_code: int                          = 0
    address:    int                          = 0
    extable:    exception_table_entry | None = None
    fixup:      bool                         = False
