"""Signals as a waveform shows them, and what takes their values."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol


__all__ = ["Shown", "Wave", "WaveSink", "joined"]

#: Outermost scope.
TOP = "machine"


@dataclass(frozen=True)
class Shown:
    """One signal of a waveform.

    Attributes
    ----------
    group, name : :class:`str`
        Its scope in the waveform, which is also the title over it, and its name there.
    width : :class:`int`
        In bits.
    text : callable or :class:`None`
        What its numbers mean, if it is to be shown as a text.
    when : :class:`str`
        Name of the signal in its group while which is high it means something; empty: always.
    """

    group: str
    name:  str
    width: int
    text:  Callable[[int], str] | None = None
    when:  str                         = ""

    def within(self, scope: str) -> "Shown":
        """The same signal, its group inside ``scope``."""
        return replace(self, group=f"{scope}.{self.group}")

    @property
    def full_name(self) -> str:
        """Its name from the outermost scope on."""
        return f"{TOP}.{self.group}.{self.name}"


class Wave(Protocol):
    """Something that is shown the signals, cycle by cycle."""

    def step(self, cycle: int, bits: int) -> None:
        """Take the values in ``cycle``, packed in ``bits``. A cycle without a change may lack."""


#: Opens a wave of these signals, in the order in which their values are packed, for a run.
WaveSink = Callable[[Sequence[Shown]], AbstractContextManager[Wave]]


class _Several:
    """Shows the signals to several waves."""

    def __init__(self, waves: Sequence[Wave]):
        self._waves = waves

    def step(self, cycle: int, bits: int) -> None:
        """Show one cycle."""
        for wave in self._waves:
            wave.step(cycle, bits)


def joined(sinks: Sequence[WaveSink]) -> WaveSink | None:
    """One sink for all of ``sinks``; None if there are none."""
    @contextmanager
    def opened(signals: Sequence[Shown]) -> Iterator[Wave]:
        with ExitStack() as stack:
            yield _Several([stack.enter_context(sink(signals)) for sink in sinks])

    return opened if sinks else None
