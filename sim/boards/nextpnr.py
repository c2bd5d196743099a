"""Report of place and route: how much of the FPGA a design takes, and how fast it may be.

Ref: nextpnr, option ``--report``: an object of JSON with ``utilization`` and ``fmax``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


__all__ = ["KINDS", "Clock", "NextpnrReport", "overfull", "parse", "shortcomings"]


#: Parts of FPGAs in plain words.
KINDS: Mapping[str, str] = {
    "ICESTORM_LC":    "logic cells",
    "ICESTORM_RAM":   "block RAMs of 4 kbit",
    "ICESTORM_SPRAM": "RAMs of 256 kbit",
    "ICESTORM_DSP":   "multipliers",
    "SB_GB":          "global nets",
    "SB_IO":          "pins",
    "TRELLIS_COMB":   "look-up tables",
    "TRELLIS_FF":     "flip-flops",
    "DP16KD":         "block RAMs of 18 kbit",
    "MULT18X18D":     "multipliers",
    "EHXPLLL":        "PLLs",
    "TRELLIS_IO":     "pins",
}

#: Words of a failure with enough of all parts, and no place for some of them.
UNPLACED = "Unable to find legal placement"

#: Relative difference of two frequencies that are meant to be the same: one was rounded to a
#: period.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Clock:
    """A clock in the design.

    Attributes
    ----------
    name : :class:`str`
        Its net.
    achieved_hz, required_hz : :class:`float`
        Highest frequency of the design, and the one that it needs.
    """

    name:        str
    achieved_hz: float
    required_hz: float

    @property
    def met(self) -> bool:
        """True if it is fast enough."""
        return self.achieved_hz >= self.required_hz


@dataclass(frozen=True)
class NextpnrReport:
    """Report of place and route.

    Attributes
    ----------
    clocks : sequence of :class:`Clock`
        All with paths between flip-flops.
    used : mapping of :class:`str` to :class:`tuple`
        Parts of a kind that are used, and that the FPGA has; without kinds of which none is used.
    """

    clocks: Sequence[Clock]
    used:   Mapping[str, tuple[int, int]]


def parse(text: str) -> NextpnrReport:
    """Read the report of nextpnr. Raises :class:`ValueError` if it makes no sense."""
    try:
        document = json.loads(text)
        clocks = [Clock(name, clock["achieved"] * 1e6, clock["constraint"] * 1e6)
                  for name, clock in document["fmax"].items()]
        used   = {kind: (count["used"], count["available"])
                  for kind, count in document["utilization"].items() if count["used"]}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return NextpnrReport(clocks, used)


def shortcomings(report: NextpnrReport, clock_hz: int) -> list[str]:
    """Return reasons not to use the design on a board whose clock has ``clock_hz``."""
    found = [f"{clock.name} reaches {clock.achieved_hz / 1e6:.2f} MHz, "
             f"and needs {clock.required_hz / 1e6:.2f} MHz"
             for clock in report.clocks if not clock.met]
    if not any(abs(clock.required_hz - clock_hz) <= TOLERANCE * clock_hz
               for clock in report.clocks):
        found.append(f"no clock was held to the board's {clock_hz / 1e6:.2f} MHz")
    return found


def overfull(log: str) -> list[str]:
    """Return the parts that there are not enough of, by the table in nextpnr's log.

    If there are enough of all, and yet no placement was found, that and the fullest one.
    """
    rows = [(int(used), int(available), KINDS.get(kind, kind)) for kind, used, available in
            re.findall(r"(\w+): +(\d+)/ *(\d+) +\d+%", log)]
    full = [f"{used:,} {kind} of {available:,}" for used, available, kind in rows
            if used > available]
    if not full and rows and UNPLACED in log:
        used, available, kind = max(rows, key=lambda row: row[0] / row[1])
        full.append(f"no placement was found with {used:,} {kind} of {available:,}")
    return full
