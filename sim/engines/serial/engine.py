"""A machine at the other end of a serial link.

The board reports what happened on the ports of its unit, cycle by cycle, and that is what goes on
record; see docs/serial-link.md.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.engines.base import Simulation
from sim.engines.operations import ControlAccess, LoadString, Operation, SingleAccess, StoreString
from sim.engines.processor import Names, Processor
from sim.engines.responses import responses
from sim.errors import MachineLost, Unavailable, Unsuited
from sim.memory import PhysicalMemory
from sim.record.recorder import Recorder
from sim.record.signals import FIELDS, Sample
from sim.record.waves import WaveSink
from sim.schedule import Schedule

from .image import MemoryImage
from .link import commands
from .link.client import Client, Counters, Greeting
from .link.exchange import CAPACITY
from .link.line import Line, opened
from .link.rows import RowReader
from .shadow import Shadow


__all__ = ["SerialEngine", "on_port"]


_controlled = FIELDS["controlled"]

#: Operations between two reports of progress.
STRIDE = 16


@dataclass
class _Heard:
    """Part of the rows of one request for which the kernel waits."""

    responses:  list[int] = field(default_factory=list)
    controlled: int       = 0
    state:      int       = 0


class SerialEngine(Simulation[Processor]):
    """One processor, and whatever unit and memory the board has: a
    :class:`sim.engines.engine.Engine`.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig` or :class:`None`
        What the unit must be; by default, what it is.
    line : :class:`sim.engines.serial.link.line.Line`
        Where the board is.
    cpus, memory, schedule, arbiter
        As in :class:`sim.engines.base.Simulation`: one processor, and a memory that is fast and
        empty, which becomes an image of the board's. There is nothing to schedule.

    Raises :class:`sim.errors.Unsuited`, and :class:`sim.errors.Unavailable` without a board.

    Attributes
    ----------
    client : :class:`sim.engines.serial.link.client.Client`
        The computer's end of the link.
    counted : mapping of :class:`str` to :class:`int`
        The board's counters, at the end of the run.
    link : mapping of :class:`str` to :class:`int`
        Counts of requests and frames at the end of the run, see :class:`.link.traffic.Traffic`.
    """

    # The rows of a board have the strobes, and not what they concern.
    reports_tlb = False

    def __init__(
        self, config: MmuConfig | None = None, *, line: Line,
        cpus: int = 1, memory: PhysicalMemory | None = None, schedule: Schedule | None = None,
        arbiter: type[Arbiter] = Arbiter,
    ):
        self.client = Client(line)
        try:
            board = self._connect(config, cpus, memory)
        except BaseException:
            self.client.close()
            raise
        super().__init__(board, cpus=cpus, memory=memory, schedule=schedule, arbiter=arbiter)
        self._recorder = Recorder(self.recordings[0], self.stacks.texts, self.claims.texts)
        self._image = MemoryImage(self.memory, self.ram or 0)
        self._names = Names((0, 0))
        self._rows  = RowReader(self._names.texts)
        self._kept: list[tuple[int, Sample]] | None = None  # the samples of a waveform
        self._request    = bytearray()
        self._operations = 0
        self._shown      = 0  # the mark on the board

    def _connect(
        self, config: MmuConfig | None, cpus: int, memory: PhysicalMemory | None,
    ) -> MmuConfig:
        """Reset the board; return what its unit can do, if that suits."""
        greeting = self.client.connect()
        name, board = _preset(greeting)
        if config is not None and config != board:
            raise Unsuited(f"the unit on the board has preset {name}; leave --preset out")
        if cpus != 1:
            raise Unsuited(f"there is one processor on the board, not {cpus}; "
                           "use another --engine")
        if memory is not None and (memory.latency != 1 or memory.stall):
            raise Unsuited("memory on the board responds in the next cycle; use another --engine")
        self.ram = greeting.ram_kib << 10
        return board

    def _processor(self) -> Processor:
        return Processor(self.stacks)

    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink | None) -> None:
        """Run until the end of the only one of ``mains``.

        Raises :class:`sim.errors.MachineLost` if the board falls silent, or what it reports
        cannot be.
        """
        try:
            if waves is None:
                self._play(mains)
            else:
                self._play_shown(mains, waves)
        finally:
            self.link = self.client.traffic.counts()
            self.client.close()

    def _play_shown(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink) -> None:
        """Play with a waveform, which is written once all is on record."""
        shadow = Shadow(self.config, self.stacks, self.claims)
        self._kept = []
        with waves(shadow.shown) as wave:
            try:
                self._play(mains)
            finally:
                shadow.write(wave, self._kept)

    def _play(self, mains: Sequence[Callable[[], Awaitable[None]]]) -> None:
        try:
            self._start(mains)
            self._go()
            self._audit(self.client.counters())
        finally:
            self._stop()

    def _go(self) -> None:
        """Operation by operation, to the end of the kernel."""
        bus = self.bus
        while bus.running:
            self._check_limit()
            operation = bus.operation
            self._command_marks()
            outcome = self._do(operation)
            if operation is None:
                bus.running = False
            else:
                bus.resume(outcome)
            self._operations += 1
            if self.progress is not None and self._operations % STRIDE == 0:
                self.progress(self._cycle)

    def _command_marks(self) -> None:
        """Show the marks, each for a cycle, but the last with what follows."""
        bus = self.bus
        while True:
            if bus.marks:
                bus.kernel_stack = bus.marks.popleft()
            mark = self._names.number((bus.kernel_stack, self._claim))
            if mark != self._shown:
                self._shown = mark
                self._command(commands.mark(mark))
            if not bus.marks:
                return
            self._command(commands.CYCLE)

    def _do(self, operation: Operation | None) -> Any:
        """Have an operation done, after the commands before it; return its outcome."""
        if isinstance(operation, SingleAccess | LoadString | StoreString):
            requests = operation.requests()
            self._command(commands.accesses(requests))
            heard = self._hear()
            if len(heard.responses) != len(requests):
                raise MachineLost(f"the board reports {len(heard.responses)} responses to "
                                  f"{len(requests)} accesses")
            return operation.outcome(responses(requests, heard.responses, heard.state))
        if isinstance(operation, ControlAccess):
            self._command(commands.control(operation))
            outcome = _controlled(self._hear().controlled)
            return outcome["value"], bool(outcome["fault"])
        # The marks before a pause, or before the end.
        self._command(commands.CYCLE)
        self._hear()
        return None

    def _command(self, command: bytes) -> None:
        """Add to the request, or to a new one if it does not fit."""
        if len(self._request) + len(command) > CAPACITY:
            self._hear()
        self._request += command

    def _hear(self) -> _Heard:
        """Have the request done, and put on record what happened."""
        heard = _Heard()
        request, self._request = bytes(self._request), bytearray()
        for data in self.client.do(request):
            for cycle, sample in self._rows.rows(data):
                self._record(cycle, sample, heard)
        if not self._rows.complete:
            raise MachineLost("the board's response ends in the middle of a row")
        self._cycle = self._rows.cycle + 1
        if self.limit is not None and self._cycle > self.limit:
            self.recordings[0].cycles = self.limit
            self._check_limit()
        return heard

    def _record(self, cycle: int, sample: Sample, heard: _Heard) -> None:
        if self.limit is not None and cycle >= self.limit:
            return  # The board does a whole request, which so may go beyond.
        self._recorder.step(cycle, sample)
        self._image.step(cycle, sample)
        if self._kept is not None:
            self._kept.append((cycle, sample))
        if sample.response_valid:
            heard.responses.append(sample.response)
        if sample.controlled_valid:
            # The last one is the kernel's. Before it there may be one by the button.
            heard.controlled = sample.controlled
        heard.state = sample.state

    def _audit(self, counters: Counters) -> None:
        """Compare the record with what the board has counted by itself."""
        self.counted = counters._asdict()
        self._cycle  = self.recordings[0].cycles = counters.cycles
        for name, event in (("hits", "hit"), ("misses", "missed"), ("walks", "walk_begun"),
                            ("page_faults", "page_fault")):
            counted, found = getattr(counters, name), len(self.trace.events(event))
            if counted != found:
                raise MachineLost(f"the board has counted {counted} {name.replace('_', ' ')}, "
                                  f"but reported {found}: the record is not whole")


def on_port(config: MmuConfig | None = None, *, port: str | None = None,
            **options: Any) -> SerialEngine:
    """The engine on a serial port. Raises :class:`sim.errors.Unavailable` if it cannot be opened.

    ``options`` are those of :class:`SerialEngine`.
    """
    if port is None:
        raise Unavailable("the engine serial needs to know where the board is: --port DEVICE")
    return SerialEngine(config, line=opened(port), **options)


def _preset(greeting: Greeting) -> tuple[str, MmuConfig]:
    """The preset that a board names by its index. Raises :class:`sim.errors.Unavailable`."""
    presets: list[tuple[str, MmuConfig]] = list(PRESETS.items())
    if greeting.preset >= len(presets):
        raise Unavailable(f"the board has preset number {greeting.preset}, which this program "
                          "does not know: build and program it anew")
    return presets[greeting.preset]
