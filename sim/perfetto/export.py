"""The file of a run for Perfetto: rows of the scenario, and those of each processor."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, ClassVar, cast

from sim.output.files import written
from sim.record.calls import calls
from sim.record.records import TransferRecord
from sim.record.trace import Trace
from sim.record.viewed import Viewed
from sim.scenario.run import Run
from sim.scenario.stage import Stage

from . import ports
from .encoder import Encoder
from .flows import Flows, deliveries, handlers, invalidations
from .lanes import lanes
from .slices import Counter, Row, Slice
from .story import story


__all__ = ["PerfettoExport", "encode"]


#: Rows of memory, and the transfers that each shows.
TRANSFERS: dict[str, Callable[[TransferRecord], bool]] = {
    "walker reads":   lambda transfer: transfer.walk and not transfer.lock,
    "locked updates": lambda transfer: transfer.walk and transfer.lock,
    "memory writes":  lambda transfer: not transfer.walk and transfer.write,
    "memory reads":   lambda transfer: not (transfer.walk or transfer.write),
}


@dataclass(frozen=True)
class PerfettoExport:
    """The file of a run for Perfetto; a :class:`sim.scenario.export.Export`.

    Attributes
    ----------
    file : :class:`pathlib.Path`
        Where to.
    """

    file: Path

    name:   ClassVar[str]  = "perfetto"
    viewed: ClassVar[bool] = False

    def write(self, run: Run, stage: Stage, viewed: Viewed | None) -> None:
        """Write it. Raises :class:`sim.output.files.FileTrouble`."""
        with written(self.file) as [file]:
            encode(run, stage.traces, cast(IO[bytes], file.buffer))


def encode(run: Run, traces: Sequence[Trace], file: IO[bytes]) -> None:
    """Write a run, of which ``traces`` are on record, to a file."""
    encoder = Encoder(file, f"{run.scenario}, {run.mode} paging, kernel {run.era}")
    for row in story(run, traces[0].marks):
        encoder.add(row)
    flows = Flows()
    interrupts = _interrupts(traces, flows)
    for number, trace in enumerate(traces):
        # A group for each processor would be closed at first; of one group all is seen.
        prefix = f"CPU {number}: " if len(traces) > 1 else ""
        for shown in _processor(trace, interrupts[number], flows):
            encoder.add(replace(shown, name=prefix + shown.name))


def _interrupts(traces: Sequence[Trace], flows: Flows) -> list[list[Slice]]:
    """Interrupts of all processors, with flows from each that is sent to its being taken."""
    found = [ports.interrupt_slices(trace.all_interrupts) for trace in traces]
    for (sender, sent), (taker, taken) in deliveries([trace.all_interrupts for trace in traces]):
        flows.join(found[sender], found[taker], [(sent, taken)])
    return found


def _processor(trace: Trace, interrupts: list[Slice], flows: Flows) -> Iterator[Row | Counter]:
    """Rows of a processor, from top to bottom."""
    cycles    = trace.cycles
    accesses  = ports.access_slices(trace.all_accesses, cycles)
    functions = [Slice(call.since, call.until, call.function)
                 for call in calls(trace.marks, cycles)]
    controls  = ports.control_slices(trace.all_controls, cycles)
    flows.join(accesses, functions, handlers(trace.all_accesses, functions))
    changes = _changes(trace, controls, flows)

    yield Row("kernel functions", (), [functions])
    yield from ports.counters(trace.states)
    yield Row("control",    ports.CONTROL,   lanes(controls))
    yield Row("interrupts", ports.INTERRUPT, lanes(interrupts))
    yield Row("accesses",   ports.ACCESS,    lanes(accesses))
    yield Row("TLB look-ups", (), lanes(ports.look_ups(trace.all_events)))
    if changes is not None:
        yield Row("TLB", ports.TLB, lanes(changes))
    yield Row("page walks", (), [[*ports.walks(trace.all_events, cycles)]])
    for name, belongs in TRANSFERS.items():
        transfers = [*filter(belongs, trace.all_transfers)]
        yield Row(name, ports.TRANSFER, lanes(ports.transfer_slices(transfers, cycles)))


def _changes(trace: Trace, controls: list[Slice], flows: Flows) -> list[Slice] | None:
    """Changes of the TLB, with flows from INVLPG; None where a board does not report them."""
    if not trace.reports_tlb:
        return None
    records = trace.all_tlb_changes
    found   = ports.tlb_slices(records)
    flows.join(controls, found, invalidations(trace.all_controls, records))
    return found
