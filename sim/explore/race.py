"""Races: what several processors do at the same time, and the outcome that must not be.

A race is a module with a docstring, whose first line is its title, and with

``CPUS``
    How many processors it takes.
``FLAWED``, ``SOUND``
    Two :class:`Variant`: one in which the bad outcome can be had, and one in which it cannot.
``PREEMPTIONS``
    How many the bad outcome needs.
``RAM``
    Bytes of physical memory, if 1 MiB is not enough.
``async def prepare(cpus)``
    Executed on the first processor after the boot: sets up, and returns a :class:`Race`.

Programs share nothing in Python: what one does to another must go through the machine.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from sim.golden.stepwise import StepwiseProcessor
from sw.processor.cpu import Cpu


__all__ = ["Memory", "Program", "Race", "RaceModule", "Start", "Variant"]


class Memory(Protocol):
    """Physical memory, by which an outcome is judged."""

    def read(self, address: int, size: int) -> int:
        """Value of ``size`` bytes, at most 8, at a physical address, little-endian."""


#: ``await start(cpu)`` in a program: what comes before is set-up, what comes after is the race.
Start = Callable[[Cpu], Awaitable[None]]

#: ``await program(cpu, start)``.
Program = Callable[[Cpu, Start], Awaitable[None]]


@dataclass(frozen=True)
class Race:
    """Programs that are about to race.

    Attributes
    ----------
    programs : sequence of callables
        One for each processor, by number.
    judge : callable
        The bad outcome in words, or None, by what is in memory when all programs have ended.
    """

    programs: Sequence[Program]
    judge:    Callable[[Memory], str | None]


@dataclass(frozen=True)
class Variant:
    """A kernel and a machine for a race.

    Attributes
    ----------
    era : :class:`str`
        Rules of the kernel: a name in :data:`sw.era.ERAS`.
    flaw : :class:`str`
        What is wrong with the kernel or the machine besides, in words; empty: nothing.
    processor : class
        The machine's processors.
    kernel : callable
        Makes a context in which the kernel has the flaw.
    """

    era:       str
    flaw:      str                      = ""
    processor: type[StepwiseProcessor] = StepwiseProcessor
    kernel:    Callable[[], AbstractContextManager[None]] = nullcontext


class RaceModule(Protocol):
    """Module of a race."""

    CPUS:        int
    FLAWED:      Variant
    SOUND:       Variant
    PREEMPTIONS: int

    async def prepare(self, cpus: Sequence[Cpu]) -> Race:
        """Set up, on the first processor."""
