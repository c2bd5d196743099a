"""The machine as C++, compiled: the same cycles as in Amaranth's simulator, much faster."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hw.config import MmuConfig
from sim.engines.base import Simulation
from sim.errors import BusHang
from sim.record.waves import Wave, WaveSink

from .commands import Status
from .log import LogReader
from .native import CompiledMachine, Native, native
from .plan import Plan
from .processor import CompiledProcessor
from .view import view_rows


__all__ = ["CxxrtlEngine"]


#: Cycles between two reports of progress.
STRIDE = 65_536


class CxxrtlEngine(Simulation[CompiledProcessor]):
    """A :class:`sim.engines.engine.Engine`; see :class:`sim.engines.base.Simulation`.

    What happens is logged in C++, and decoded when somebody looks at a trace.

    Parameters
    ----------
    shipped : :class:`bool`
        The code of the units is as its files have it: the machine is found by these.
    """

    def __init__(self, config: MmuConfig | None = None, *, shipped: bool = False,
                 **options: Any):
        super().__init__(config, **options)
        self._shipped = shipped

    _machine: CompiledMachine | None = None
    _read = 0  #: Cycles whose log has been read.

    def _processor(self) -> CompiledProcessor:
        return CompiledProcessor(self.stacks)

    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink | None) -> None:
        """Run until the end of the first of ``mains``.

        Raises :class:`sim.errors.Unavailable` without a compiler.
        """
        compiled = self._native()
        self._machine = CompiledMachine(compiled, self.memory, deadline=self.deadline,
                                        view=waves is not None)
        self._readers = [LogReader(recording, self.stacks.texts, self.claims.texts)
                         for recording in self.recordings]
        for number, processor in enumerate(self.processors):
            self._machine.attach(number, processor)
        try:
            if waves is None:
                self._go(mains, None, 0)
            else:
                bench = compiled.bench
                bench.stacks, bench.claims = self.stacks, self.claims
                with waves(bench.shown) as wave:
                    self._go(mains, wave, len(bench.view))
        finally:
            self._update()
            self._machine.delete()
            self._machine = None

    def prepare(self) -> None:
        """Compile the machine, if it has not been."""
        self._native()

    def _native(self) -> Native:
        return native(self.config, cpus=len(self.processors), arbiter=self.arbiter,
                      shipped=self._shipped)

    def _go(
        self, mains: Sequence[Callable[[], Awaitable[None]]], wave: Wave | None, width: int,
    ) -> None:
        """Command by command to the end of the kernel."""
        assert self._machine is not None
        status, run, processors = self._machine.status, self._machine.run, self.processors
        plan = Plan(self.schedule, self._machine, len(processors))
        stop = STRIDE
        cycle, view = 0, 0
        try:
            self._start(mains)
            for processor in processors:
                processor.command()
            while self.bus.running:
                self._check_limit()
                status.claim = self._claim
                status.limit = stop if self.limit is None else min(stop, self.limit)
                plan.look_ahead()
                run()
                plan.note()
                self._cycle = status.now
                if wave is not None:
                    for cycle, view in view_rows(self._machine.take_views(), width):
                        wave.step(cycle, view)
                if status.now >= stop:
                    stop += STRIDE
                    if self.progress is not None:
                        self.progress(self._cycle)
                if status.hung or status.stuck:
                    self._hang(status)
                ended = status.ended
                for number, processor in enumerate(processors):
                    if ended >> number & 1:
                        processor.finish()
        finally:
            self._stop()
            # Only cycles in which something changes are handed over, and the last may be none.
            if wave is not None and cycle + 1 < self._cycle:
                wave.step(self._cycle - 1, view)

    def _hang(self, status: Status) -> None:
        if status.stuck:
            raise BusHang(self._cycle - 1, "an interrupt, which nobody can send")
        first = (status.hung & -status.hung).bit_length() - 1
        raise BusHang(self._cycle - 1, str(self.processors[first].operation))

    def _update(self) -> None:
        """Read what has been logged since the last time, if a cycle has passed."""
        machine = self._machine
        if machine is None or machine.status.now == self._read:
            return
        self._read = machine.status.now
        for number, reader in enumerate(self._readers):
            reader.read(machine.take_log(number))
            reader.recording.cycles = self._read
