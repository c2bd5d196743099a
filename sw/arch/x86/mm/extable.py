"""Exception table: code that expects to fault, and where it goes on then.

Ref: Linux 6.12, arch/x86/mm/extable.c, Documentation/arch/x86/exception-tables.rst.

In C the table is sorted by the address of the faulting instruction. Here a ``with`` block is the
covered code, and :class:`Fixup` is the jump to the landing pad behind it::

    try:
        with ex_table(cpu):
            await cpu.rep_movs(to, from_, n)
    except Fixup as fixup:
        return fixup.rcx
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sw.arch.x86.include.asm.processor import pt_regs
    from sw.processor.cpu import Cpu


__all__ = ["Fixup", "ex_table", "exception_table_entry", "fixup_exception"]


@dataclass(frozen=True, eq=False)
class exception_table_entry:
    """One stretch of covered code.

    Attributes
    ----------
    function : :class:`str`
        Traced function that contains it.
    """

    function: str


class Fixup(Exception):
    """The landing pad of the innermost entry is reached.

    Attributes
    ----------
    rcx : :class:`int`
        Bytes that a string operation had left to do, exactly; 0 after any other instruction.
    """

    def __init__(self) -> None:
        super().__init__("exception table fixup")
        self.rcx = 0


@contextmanager
def ex_table(cpu: Cpu) -> Iterator[exception_table_entry]:
    """Cover the body with an exception table entry. An exception in it can raise Fixup."""
    entry = exception_table_entry(cpu.stack[-1] if cpu.stack else "")
    cpu.extable.append(entry)
    try:
        yield entry
    finally:
        cpu.extable.pop()


def fixup_exception(cpu: Cpu, regs: pt_regs) -> bool:
    """Let the interrupted code go on at its landing pad, if it has one. Has it?"""
    if regs.extable is None:
        return False
    regs.fixup = True
    return True
