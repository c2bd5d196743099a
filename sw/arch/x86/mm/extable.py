"""Exception table: code that expects to fault, and its landing pads.

Ref: Linux 6.12, arch/x86/mm/extable.c, Documentation/arch/x86/exception-tables.rst.

In C the table is sorted by the address of the faulting instruction. Here a ``with`` block is the
covered code, and :class:`sw.processor.exceptions.Fixup` is the jump to the landing pad behind it::

    try:
        with ex_table(cpu):
            await rep_movs(cpu, to, from_, n)
    except Fixup as fixup:
        return fixup.rcx
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sw.kernel.trace.ftrace import ret_stack
from sw.processor.cpu import Cpu
from sw.processor.exceptions import pt_regs
from sw.variables import this_cpu_ptr


__all__ = ["ex_table", "exception_table_entry", "fixup_exception"]


@dataclass(frozen=True, eq=False)
class exception_table_entry:
    """One section of covered code.

    Attributes
    ----------
    function : :class:`str`
        Traced function that contains it.
    """

    function: str


@contextmanager
def ex_table(cpu: Cpu) -> Iterator[exception_table_entry]:
    """Cover the body with an exception table entry. An exception in it can raise Fixup."""
    stack = this_cpu_ptr(cpu, ret_stack)
    entry = exception_table_entry(stack[-1] if stack else "")
    cpu.extable.append(entry)
    try:
        yield entry
    finally:
        cpu.extable.pop()


def fixup_exception(cpu: Cpu, regs: pt_regs) -> bool:
    """Let the interrupted code go on at its landing pad. Returns False if it has none."""
    if regs.extable is None:
        return False
    regs.fixup = True
    return True
