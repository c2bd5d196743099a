"""The interface of an engine: a way of making the machine run."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from hw.config import MmuConfig
from sim.record.trace import Trace
from sim.record.waves import WaveSink
from sim.schedule import Schedule
from sw.bus import Bus


__all__ = ["Engine"]


class Engine(Protocol):
    """One machine in one simulator (or on one board).

    Attributes
    ----------
    config : :class:`hw.config.MmuConfig`
        What each unit can do.
    ram : :class:`int` or :class:`None`
        Bytes of physical memory, if the machine has no more than these.
    buses : sequence of :class:`sw.bus.Bus`
        Each processor's view of memory, and of the others.
    traces : sequence of :class:`sim.record.trace.Trace`
        Everything that happened on the ports of each processor's unit, recorded from the signals.
    bus, trace
        Those of processor 0.
    cycle : :class:`int`
        Cycle in which the next operation of processor 0 can begin; the first after reset is 0.
    schedule : :class:`sim.schedule.Schedule`
        Which processor goes on, and which time slices there have been.
    limit : :class:`int` or :class:`None`
        Cycles after which a run is ended, on each engine before the same cycle.
    progress : callable or :class:`None`
        Called now and then during a run, with the cycle.
    counted : mapping of :class:`str` to :class:`int`
        What the machine has counted by itself, at the end of a run; nothing, if it does not.
    link : mapping of :class:`str` to :class:`int`
        What went over the link to the machine, at the end of a run; nothing, if there is no link.
    """

    config:   MmuConfig
    ram:      int | None
    schedule: Schedule
    limit:    int | None
    progress: Callable[[int], None] | None
    counted:  Mapping[str, int]
    link:     Mapping[str, int]

    @property
    def buses(self) -> Sequence[Bus]: ...

    @property
    def traces(self) -> Sequence[Trace]: ...

    @property
    def bus(self) -> Bus: ...

    @property
    def trace(self) -> Trace: ...

    @property
    def cycle(self) -> int: ...

    def prepare(self) -> None:
        """Do what takes time and is no part of a run, such as compiling the machine.

        If it is not called, ``run`` does so. Raises :class:`Unavailable`.
        """

    def run(self, *mains: Callable[[], Awaitable[None]], waves: WaveSink | None = None) -> None:
        """Run ``mains``, one for each processor, from reset to the end of the first.

        ``waves`` is shown the signals of the waveform, if it is given. Raises :class:`BusHang`,
        :class:`LimitReached`, and whatever one of the ``mains`` or ``waves`` raises.
        """

    async def settle(self) -> None:
        """Wait until all marks of processor 0 so far are on record."""

    def claim(self, text: str) -> None:
        """Note which claim is being tested; a signal in the waveform, beside the marks."""
