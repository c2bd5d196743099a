"""Aims for the units of the presets, and how far a measurement has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hw.boards import BOARDS
from sim.benchmark.bounds import within

from .measure import Measurement, Unit


__all__ = ["AIMS", "NOT_MADE", "Aim", "AimResult", "judged"]


#: A figure of a measurement; None if what it is of was not measured, or does not fit.
Figure = Callable[[Measurement], float | None]

#: A board's clock is to be this much below what its bitstream could run at.
MARGIN = 1.05

#: What was aimed at beside these, and is not made. ``docs/hardware.md`` says why.
NOT_MADE = ("a hit that completes in the next cycle, as a parameter (1 cycle, 30 ns)",
            "a first write in 9 cycles, where the address of its entry is kept",
            "hits under a miss")


@dataclass(frozen=True)
class Aim:
    """A bound for a figure.

    Attributes
    ----------
    text, unit : :class:`str`
        What is measured, and in what; no unit for a plain number.
    relation, bound : :class:`str`, :class:`float`
        ``">="`` or ``"<="``, and what the figure is to be compared with.
    figure : callable
        The figure, of a measurement.
    """

    text:     str
    relation: str
    bound:    float
    unit:     str
    figure:   Figure


@dataclass(frozen=True)
class AimResult:
    """An aim, and the figure that was reached."""

    aim:     Aim
    reached: float

    @property
    def met(self) -> bool:
        """True if the aim was reached."""
        return within(self.reached, self.aim.relation, self.aim.bound)


def judged(measurement: Measurement) -> list[AimResult]:
    """Compare a measurement with all aims of what was measured."""
    return [AimResult(aim, reached) for aim in AIMS
            if (reached := aim.figure(measurement)) is not None]


def _of(preset: str, figure: Callable[[Unit], float | None]) -> Figure:
    """A figure of one preset's unit."""
    def of(found: Measurement) -> float | None:
        return next((figure(unit) for unit in found.units if unit.preset == preset), None)
    return of


def _cycles(preset: str, name: str) -> Figure:
    """Cycles of an access, with a memory that responds in the next cycle."""
    return _of(preset, lambda unit: unit.cycles[1].get(name))


def _nanoseconds(preset: str, target: str, name: str) -> Figure:
    return _of(preset, lambda unit: unit.nanoseconds(target, 1).get(name)
               if target in unit.costs else None)


def _mhz(preset: str, target: str) -> Figure:
    def mhz(unit: Unit) -> float | None:
        fmax_hz = unit.costs[target].fmax_hz if target in unit.costs else None
        return None if fmax_hz is None else fmax_hz / 1e6
    return _of(preset, mhz)


def _lut4(preset: str) -> Figure:
    """Look-up tables on the ECP5."""
    return _of(preset, lambda unit: unit.costs["ecp5"].cells["lut4"]
               if "ecp5" in unit.costs else None)


def _lut4_each(preset: str) -> Figure:
    """Look-up tables on the ECP5 for each translation that the unit holds."""
    return _of(preset, lambda unit: unit.costs["ecp5"].cells["lut4"] / unit.held
               if "ecp5" in unit.costs else None)


def _hits_per_cycle(latency: int) -> Figure:
    """The lowest rate of the units that were measured."""
    return lambda found: min((unit.cycles[latency]["hits_per_cycle"] for unit in found.units
                              if "hits_per_cycle" in unit.cycles[latency]), default=None)


def _board(name: str, mhz: float) -> Aim:
    """The clock that a board has, if that leaves the margin; else what it may have.

    Of the build on record: nothing of it is measured here. It is judged if the board's preset was.
    """
    board = BOARDS[name]
    clock = None if board.built is None else min(board.clock_hz, board.built.fmax_hz / MARGIN) / 1e6
    return Aim(f"{name} as built: clock, with 5% in hand", ">=", mhz, "MHz",
               _of(board.preset, lambda unit: clock))


AIMS: Sequence[Aim] = (
    Aim("default, ECP5: clock", ">=", 85, "MHz", _mhz("default", "ecp5")),
    Aim("default, ECP5: look-up tables", "<=", 4300, "", _lut4("default")),
    Aim("default, ECP5: look-up tables for a translation", "<=", 5, "",
        _lut4_each("default")),
    Aim("default: read hit, with its data", "<=", 2, "cycles", _cycles("default", "hit")),
    Aim("default, ECP5: the same", "<=", 36, "ns", _nanoseconds("default", "ecp5", "hit")),
    Aim("each: hits per cycle, N = 1", ">=", 1, "", _hits_per_cycle(1)),
    Aim("each: hits per cycle, N = 3", ">=", 1, "", _hits_per_cycle(3)),
    Aim("default: hit of the second level", "<=", 5, "cycles", _cycles("default", "second_hit")),
    Aim("default: walk of one read", "<=", 7, "cycles", _cycles("default", "same_table")),
    Aim("default: cold walk of 4 levels", "<=", 10, "cycles", _cycles("default", "walk_4")),
    Aim("default, ECP5: the same", "<=", 130, "ns", _nanoseconds("default", "ecp5", "walk_4")),
    Aim("default: each A set, more", "<=", 4, "cycles", _cycles("default", "set_accessed")),
    Aim("default: each D set, more", "<=", 4, "cycles", _cycles("default", "set_dirty")),
    Aim("default: first write to a clean page", "<=", 11, "cycles",
        _cycles("default", "first_write")),
    Aim("default: fault on a hit", "<=", 4, "cycles", _cycles("default", "fault")),
    Aim("full, ECP5: clock", ">=", 75, "MHz", _mhz("full", "ecp5")),
    Aim("full, ECP5: look-up tables", "<=", 5500, "", _lut4("full")),
    Aim("tiny, UP5K: clock", ">=", 24, "MHz", _mhz("tiny", "up5k")),
    Aim("tiny: translations", ">=", 16, "", _of("tiny", lambda unit: unit.held)),
    _board("icebreaker", 18), _board("ulx3s", 50), _board("ecpix5", 50),
)
