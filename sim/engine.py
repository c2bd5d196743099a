"""What an engine is: a way of making the machine run."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from sw.bus import Bus

from .trace import Trace


__all__ = ["BusHang", "Engine", "Unavailable"]


class BusHang(Exception):
    """The machine did not answer in time.

    Attributes
    ----------
    cycle : :class:`int`
        Cycle in which the engine gave up.
    """

    def __init__(self, cycle: int, waiting_for: str):
        super().__init__(f"no answer to {waiting_for} by cycle {cycle}")
        self.cycle = cycle


class Unavailable(Exception):
    """This engine lacks something on this computer. The message says what to install."""


class Engine(Protocol):
    """One machine in one simulator (or on one board).

    Attributes
    ----------
    bus : :class:`sw.bus.Bus`
        Processor 0's view of memory.
    trace : :class:`sim.trace.Trace`
        Everything that happened on the ports, recorded from the signals.
    cycle : :class:`int`
        Cycle in which the next operation can begin; the first after reset is number 0.
    progress : callable or :class:`None`
        Called now and then during a run, with the cycle.
    """

    progress: Callable[[int], None] | None

    @property
    def bus(self) -> Bus: ...

    @property
    def trace(self) -> Trace: ...

    @property
    def cycle(self) -> int: ...

    def run(self, main: Callable[[], Awaitable[None]], *, waves: Path | None = None) -> None:
        """Run ``main`` from reset to its end.

        ``waves`` names a folder for the waveform and its save files. Raises :class:`BusHang`.
        """

    async def settle(self) -> None:
        """Wait until all marks so far are on record, so that the trace is complete."""

    def claim(self, text: str) -> None:
        """Note which claim is being tested; a signal in the waveform, beside the marks."""
