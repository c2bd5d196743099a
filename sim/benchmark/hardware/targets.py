"""FPGAs that a unit is placed on, and what programs are told for each.

Ref: the flow by which the units of :mod:`.peers` were measured.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .wrapper import Registered, Scanned


__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """An FPGA.

    Attributes
    ----------
    name, title : :class:`str`
        The name that the command line uses, and one for readers.
    wrapper : callable
        What makes a design that can be placed of a unit.
    synthesis : :class:`str`
        The command of Yosys.
    router : :class:`str`
        The program for place and route.
    options : sequence of :class:`str`
        Its options.
    cells : mapping of :class:`str` to :class:`str`
        Regular expressions for the cells that are counted, by the names that JSON has for them.
    """

    name:      str
    title:     str
    wrapper:   Callable[[Any], Any]
    synthesis: str
    router:    str
    options:   Sequence[str]
    cells:     Mapping[str, str]

    def count(self, cells: Mapping[str, int]) -> dict[str, int]:
        """Count cells of each kind, of all cells by their types."""
        return {kind: sum(count for cell, count in cells.items() if re.fullmatch(pattern, cell))
                for kind, pattern in self.cells.items()}


def _ice40(name: str, title: str, *options: str) -> Target:
    return Target(name, f"{title}, between scan chains", Scanned, "synth_ice40", "nextpnr-ice40",
                  (*options, "--freq", "50"),
                  {"lut4": "SB_LUT4", "ff": r"SB_DFF\w*", "ram40": r"SB_RAM40_4K\w*"})


#: Targets by name.
TARGETS: Mapping[str, Target] = {target.name: target for target in (
    Target("ecp5", "ECP5-85k, speed 6, CABGA756, out of context", Registered, "synth_ecp5",
           "nextpnr-ecp5", ("--85k", "--package", "CABGA756", "--speed", "6", "--out-of-context",
                            "--freq", "200"),
           {"lut4": "LUT4", "ff": "TRELLIS_FF", "dpr16x4": "TRELLIS_DPR16X4", "dp16kd": "DP16KD"}),
    _ice40("hx8k", "iCE40 HX8K, CT256", "--hx8k", "--package", "ct256"),
    _ice40("up5k", "iCE40 UP5K, SG48", "--up5k", "--package", "sg48"),
)}
