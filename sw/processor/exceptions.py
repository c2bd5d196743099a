"""Exceptions and interrupts, as a processor hands them to the kernel and takes them back.

Ref: Intel SDM Vol. 3A, section 6.12 "Exception and Interrupt Handling".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sw.bus import Fault


__all__ = ["NESTED", "RESTARTS", "Fixup", "Handler", "Restarts", "TripleFault", "pt_regs"]


#: Exceptions, one in the handler of the other, that overflow the kernel's stack.
NESTED = 16

#: Restarts of one instruction after faults that its handler has dealt with, it says. A machine
#: whose handler never mends what is wrong would go on for ever.
RESTARTS = 100


class TripleFault(Exception):
    """An exception that cannot be delivered: the processor shuts down."""


class Fixup(Exception):
    """A return from an exception to the landing pad, and not to the interrupted instruction.

    Attributes
    ----------
    rcx : :class:`int`
        Bytes that a string operation had left to do, exactly; 0 after any other instruction.
    """

    def __init__(self) -> None:
        super().__init__("exception table fixup")
        self.rcx = 0


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
    extable : :class:`object` or :class:`None`
        Innermost entry of ``Cpu.extable``, which covers the interrupted instruction.
    fixup : :class:`bool`
        The return goes to the entry's landing pad and not to the interrupted instruction.
    """

    user_mode:  bool
    ac:         bool
    interrupts: bool
    trap_nr:    int
    error_code: int           = 0
    extable:    object | None = None
    fixup:      bool          = False


#: ``await handler(cpu, regs)``, where ``cpu`` is the processor that was interrupted.
Handler = Callable[[Any, pt_regs], Awaitable[None]]


class Restarts:
    """Restarts of one instruction, counted while it gets no further."""

    def __init__(self) -> None:
        self._left  = 0
        self._times = 0

    def count(self, fault: Fault, left: int) -> None:
        """Count one more, with ``left`` bytes to do."""
        self._times = self._times + 1 if left == self._left else 1
        self._left  = left
        if self._times > RESTARTS:
            raise TripleFault(f"handled {RESTARTS} times, in vain: {fault}") from fault
