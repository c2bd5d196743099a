"""Measurement of units: cost and clock on each target, and cycles in simulation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from hw.config import MmuConfig
from hw.mmu import Mmu
from hw.presets import PRESETS

from .cycles import measured
from .flow import Flow, Placement
from .targets import Target


__all__ = ["LATENCIES", "Costs", "Measurement", "Unit", "measure"]


#: Latencies of memory for which cycles are counted.
LATENCIES = (1, 3)

#: Measures that are of a whole access, and so have a duration.
LASTING = ("hit", "second_hit", "walk_2", "walk_4", "same_table", "first_write", "fault")


@dataclass(frozen=True)
class Costs:
    """A unit on one target.

    Attributes
    ----------
    cells : mapping of :class:`str` to :class:`int`
        Cells of the unit alone, by their kinds.
    placements : sequence of :class:`.flow.Placement`
        One for each seed; none if it does not fit.
    unfit : :class:`str`
        What there is too little of; empty if it fits.
    """

    cells:      Mapping[str, int]
    placements: Sequence[Placement]
    unfit:      str = ""

    @property
    def fmax_hz(self) -> float | None:
        """Median of the seeds' clocks."""
        return median(placed.fmax_hz for placed in self.placements) if self.placements else None

    @property
    def spread_hz(self) -> tuple[float, float] | None:
        """Lowest and highest of them."""
        found = [placed.fmax_hz for placed in self.placements]
        return (min(found), max(found)) if found else None

    @property
    def typical(self) -> Placement | None:
        """The placement that is at the median, or the nearest one below it."""
        ordered = sorted(self.placements, key=lambda placed: placed.fmax_hz)
        return ordered[(len(ordered) - 1) // 2] if ordered else None


@dataclass(frozen=True)
class Unit:
    """All that was measured of one preset.

    Attributes
    ----------
    preset : :class:`str`
        Its name.
    config : :class:`hw.config.MmuConfig`
        Its configuration.
    cycles : mapping
        Figures of :data:`.cycles.MEASURES`, by the latency of memory.
    costs : mapping of :class:`str` to :class:`Costs`
        By target.
    """

    preset: str
    config: MmuConfig
    cycles: Mapping[int, Mapping[str, float]]
    costs:  Mapping[str, Costs]

    @property
    def held(self) -> int:
        """Translations that it holds."""
        held: int = self.config.second_entries or self.config.tlb_entries
        return held

    def nanoseconds(self, target: str, latency: int) -> dict[str, float]:
        """Durations of what takes cycles; none where the unit does not fit.

        The cycle after an answer is counted too: it is the first in which its requester can go on.
        """
        fmax_hz = self.costs[target].fmax_hz
        if fmax_hz is None:
            return {}
        return {name: (cycles + 1) / fmax_hz * 1e9
                for name, cycles in self.cycles[latency].items() if name in LASTING}


@dataclass(frozen=True)
class Measurement:
    """Units, in the order in which they were asked for, and all that was used.

    Attributes
    ----------
    units : sequence of :class:`Unit`
        The units.
    targets : sequence of :class:`.targets.Target`
        The FPGAs.
    seeds : sequence of :class:`int`
        Seeds of place and route.
    tools : sequence of :class:`str`
        Programs, with their versions.
    """

    units:   Sequence[Unit]
    targets: Sequence[Target]
    seeds:   Sequence[int]
    tools:   Sequence[str]


def measure(presets: Iterable[str], targets: Sequence[Target], *, seeds: int,
            announce: Callable[[str], None]) -> Measurement:
    """Measure ``presets`` on ``targets``, with as many seeds.

    ``announce`` is called several times a second with what is being done. Raises
    :class:`sim.errors.Unavailable`, before anything is measured if a program is missing.
    """
    names   = list(dict.fromkeys(presets))
    session = _Session(targets, range(1, seeds + 1), len(names) * (1 + len(targets)), announce)
    units   = [session.unit(name) for name in names]
    return Measurement(units, targets, session.seeds, session.tools)


class _Session:
    """Programs that were found, and the step that is under way."""

    def __init__(self, targets: Sequence[Target], seeds: Sequence[int], steps: int,
                 announce: Callable[[str], None]):
        self.seeds     = seeds
        self._steps    = steps
        self._step     = 0
        self._doing    = ""
        self._announce = announce
        self._flows    = {target.name: Flow(target, announce=self._say) for target in targets}
        self.tools     = list(dict.fromkeys(
            tool for flow in self._flows.values() for tool in flow.tools))

    def unit(self, preset: str) -> Unit:
        """Measure one preset."""
        config = PRESETS[preset]
        self._begin(preset)
        self._say("cycles")
        cycles = {latency: measured(config, latency) for latency in LATENCIES}
        return Unit(preset, config, cycles, {
            target: self._costs(preset, target) for target in self._flows})

    def _costs(self, preset: str, target: str) -> Costs:
        self._begin(f"{preset}, {target}")
        flow  = self._flows[target]
        cells = flow.cells(Mmu(PRESETS[preset]))
        found = flow.placements(Mmu(PRESETS[preset]), self.seeds)
        return Costs(cells, (), found) if isinstance(found, str) else Costs(cells, found)

    def _begin(self, doing: str) -> None:
        self._step += 1
        self._doing = doing

    def _say(self, what: str) -> None:
        self._announce(f"{self._doing}: {what} (step {self._step} of {self._steps})")
