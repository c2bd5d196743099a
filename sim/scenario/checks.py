"""Checks of what a scenario gives to its stage."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from sim.record.verdict import Verdict
from sw.errno import KernelError
from sw.include.linux.signal_types import Killed, Signal
from sw.kernel.panic import KernelOops
from sw.processor.cpu import Cpu
from sw.processor.exceptions import TripleFault

from .mistakes import Misuse, ProgramError


__all__ = ["check_text", "guarded", "is_verdict"]


def check_text(text: Any, method: str) -> None:
    """Raise :class:`.mistakes.Misuse` if ``method`` of the stage gets no text."""
    if not isinstance(text, str):
        raise Misuse(f"stage.{method} takes a text, not {text!r}")


def is_verdict(verdict: Any, cpus: int) -> bool:
    """True for a verdict whose fields are of the types that they have, on so many processors."""
    return (isinstance(verdict, Verdict) and isinstance(verdict.holds, bool)
            and isinstance(verdict.cycle, int | None) and isinstance(verdict.detail, str)
            and isinstance(verdict.expected, str) and isinstance(verdict.linear, int | None)
            and verdict.cpu in (None, *range(cpus)))


def guarded(program: Callable[[Cpu], Awaitable[Any]]) -> Callable[[Cpu], Awaitable[Any]]:
    """The same program, in which what nobody may wait for stops the machine."""
    async def running(cpu: Cpu) -> Any:
        try:
            begun = program(cpu)
            if not isawaitable(begun):
                raise Misuse(f"stage.start takes an async function, and {program!r} is none")
            return await begun
        except (KernelError, Signal, Killed, KernelOops, TripleFault, AssertionError):
            raise
        except Exception as error:
            raise ProgramError(f"{type(error).__name__}: {error}") from error

    return running
