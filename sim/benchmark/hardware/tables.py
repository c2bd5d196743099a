"""Figures of units as tables of 80 columns, beside other units."""

from collections.abc import Mapping, Sequence

from sim.output.text import table, wrap
from sim.record.words import count

from .aims import NOT_MADE, AimResult, judged
from .cycles import MEASURES
from .measure import LATENCIES, Costs, Measurement, Unit
from .peers import PEERS, Cost
from .targets import Target


__all__ = ["as_text"]


#: Kinds of cells, in words of a head.
HEADS: Mapping[str, str] = {"lut4": "LUT4", "ff": "FF", "dpr16x4": "DPR16X4", "dp16kd": "DP16KD",
                            "ram40": "RAM40"}

#: Measures that are compared in nanoseconds, and their heads.
COMPARED: Mapping[str, str] = {"hit": "read hit", "walk_2": "walk of 2", "walk_4": "walk of 4"}

#: Digits behind the point that a figure has at most.
MOST_DIGITS = 6

#: The unit to which others are compared, if it was measured; else the first one.
USUAL = "default"


def as_text(found: Measurement) -> str:
    """Return all tables: a part for each target, the cycles, and what was aimed at."""
    return "\n".join((
        _intro(found), *(_target(found, target) for target in found.targets), _cycles(found.units),
        _aims(found)))


def _intro(found: Measurement) -> str:
    seeds = count(len(found.seeds), "seed", "seeds")
    return "\n".join(wrap(
        f"{', '.join(found.tools)}; {seeds}. Cells are of the unit alone; MHz is the median of the "
        "seeds, and the lowest and the highest. Other units were measured on the same flow, and "
        "differ in what they include: see docs/hardware.md.", "")) + "\n"


def _target(found: Measurement, target: Target) -> str:
    units = found.units
    unfit = [peer.name for peer in PEERS
             if target.name in peer.costs and peer.costs[target.name].unfit]
    parts = [f"{target.title}\n",
             _areas(units, target) + (f"too large: {', '.join(unfit)}\n" if unfit else ""),
             _times(units, target.name)]
    for unit in units:
        costs = unit.costs[target.name]
        if costs.unfit:
            parts.append("\n".join(wrap(f"{unit.preset} does not fit: {costs.unfit}", "", "  "))
                         + "\n")
        elif costs.typical is not None:
            parts.append("\n".join(wrap(
                f"{unit.preset}, critical path of seed {costs.typical.seed}: {costs.typical.path}",
                "", "  ")) + "\n")
    return "\n".join(filter(None, parts))


def _areas(units: Sequence[Unit], target: Target) -> str:
    """Cells and clocks: a row for each unit, and each peer that was measured there."""
    kinds = list(target.cells)
    rows  = [(unit.preset, unit.costs[target.name].cells, *_clock(unit.costs[target.name]),
              unit.held) for unit in units]
    rows += [(peer.name, cost.cells, *_clock_of_peer(cost), peer.held)
             for peer in PEERS if (cost := peer.costs.get(target.name)) is not None]
    return table([
        ("unit", *(HEADS[kind] for kind in kinds), "MHz", "from", "to", "held", "LUT4 each"),
        *((name, *(f"{cells[kind]:,}" if kind in cells else "-" for kind in kinds), *clock,
           f"{held}", _number(cells["lut4"] / held)) for name, cells, *clock, held in rows)])


def _clock(costs: Costs) -> tuple[str, str, str]:
    if costs.fmax_hz is None or costs.spread_hz is None:
        return ("-", "-", "-")
    low, high = costs.spread_hz
    return (f"{costs.fmax_hz / 1e6:.1f}", f"{low / 1e6:.1f}", f"{high / 1e6:.1f}")


def _clock_of_peer(cost: Cost) -> tuple[str, str, str]:
    if not cost.mhz:
        return ("-", "-", "-")
    low, high = cost.mhz
    if low == high:
        return (_number(low), "-", "-")
    return (_number((low + high) / 2), _number(low), _number(high))


def _times(units: Sequence[Unit], target: str) -> str:
    """Nanoseconds of units and peers, and their ratio to one of ours; empty if none fits."""
    ours   = {unit.preset: times for unit in units if (times := unit.nanoseconds(target, 1))}
    if not ours:
        return ""
    usual  = USUAL if USUAL in ours else next(iter(ours))
    theirs = {peer.name if peer.with_data else f"{peer.name} *": {
        name: cycles / (sum(cost.mhz) / 2) * 1e3 for name, cycles in peer.cycles.items()}
        for peer in PEERS if (cost := peer.costs.get(target)) is not None and cost.mhz}
    head   = [cell for name in COMPARED.values() for cell in (name, "ratio")]
    return table([
        ("ns, memory N = 1", *head),
        *((name, *(cell for measure in COMPARED for cell in _compared(times, ours[usual], measure)))
          for name, times in {**ours, **theirs}.items())]) + (
        f"ratio: to the time of {usual}. *: the translation alone, without the data.\n")


def _compared(times: Mapping[str, float], usual: Mapping[str, float],
              measure: str) -> tuple[str, str]:
    if measure not in times:
        return ("-", "-")
    return (f"{times[measure]:.0f}",
            f"{times[measure] / usual[measure]:.2f}" if measure in usual else "-")


def _cycles(units: Sequence[Unit]) -> str:
    """Cycles by the latency of memory, a column for each unit."""
    latencies = " / ".join(map(str, LATENCIES))
    return table([
        (f"cycles, memory N = {latencies}", *(unit.preset for unit in units)),
        *((measure.text, *(_both(unit, name) for unit in units))
          for name, measure in MEASURES.items())])


def _both(unit: Unit, name: str) -> str:
    if any(name not in unit.cycles[latency] for latency in LATENCIES):
        return "-"
    return " / ".join(f"{unit.cycles[latency][name]:.3g}" for latency in LATENCIES)


def _aims(found: Measurement) -> str:
    """Aims of what was measured: the bound, and the figure that was reached."""
    rows = [(verdict.aim.text, f"{verdict.aim.relation} {verdict.aim.bound:,} {verdict.aim.unit}",
             _reached(verdict), "yes" if verdict.met else "no") for verdict in judged(found)]
    return table([("what was aimed at", "bound", "reached", "met"), *rows]) + "\n".join(
        wrap(f"Not made: {'; '.join(NOT_MADE)}.", "")) + "\n"


def _reached(verdict: AimResult) -> str:
    """Return a figure with so many digits that it is not rounded to a bound that it misses."""
    figure, bound = verdict.reached, verdict.aim.bound
    digits = 0 if figure == round(figure) else 1
    while not verdict.met and round(figure, digits) == bound and digits < MOST_DIGITS:
        digits += 1
    return f"{figure:,.{digits}f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"
