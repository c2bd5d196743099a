"""Other open units, as they were measured on the same flow.

Yosys 0.70 and nextpnr 0.11.1, with the options of :mod:`.targets`, one to three seeds each. Their
cycles were counted in simulation, with a memory that responds in the next cycle. What each includes
differs; ``docs/hardware.md`` says more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


__all__ = ["PEERS", "TOOLS", "Cost", "Peer"]


#: The programs that they were measured with.
TOOLS = ("Yosys 0.70", "nextpnr 0.11.1")


@dataclass(frozen=True)
class Cost:
    """A unit on one target.

    Attributes
    ----------
    cells : mapping of :class:`str` to :class:`int`
        Cells by their kinds, as in :class:`.targets.Target`; those that are not known are left out.
    mhz : sequence of :class:`float`
        Lowest and highest clock of the seeds; empty if it was not placed.
    unfit : :class:`bool`
        It does not fit.
    """

    cells: Mapping[str, int]
    mhz:   Sequence[float] = ()
    unfit: bool = False


@dataclass(frozen=True)
class Peer:
    """A unit of others.

    Attributes
    ----------
    name, what : :class:`str`
        Its name, and what it includes.
    held : :class:`int`
        Translations that it holds.
    costs : mapping of :class:`str` to :class:`Cost`
        Its cost by target.
    cycles : mapping of :class:`str` to :class:`int`
        Cycles from the request to the one after which the requester may go on: one more than
        *answered minus taken*. By the names of :data:`.cycles.MEASURES`.
    with_data : :class:`bool`
        The data access is in these cycles; else they are of the translation alone.
    """

    name:      str
    what:      str
    held:      int
    costs:     Mapping[str, Cost]
    cycles:    Mapping[str, int]
    with_data: bool = False


def _ecp5(lut4: int, ff: int, dp16kd: int, *mhz: float) -> Cost:
    return Cost({"lut4": lut4, "ff": ff, "dp16kd": dp16kd}, mhz)


def _ice40(lut4: int, ff: int, ram40: int, hx8k: float,
           up5k: float | None) -> dict[str, Cost]:
    """Costs on both iCE40s, by their clocks; None: it does not fit an UP5K."""
    cells = {"lut4": lut4, "ff": ff, "ram40": ram40}
    return {"hx8k": Cost(cells, (hx8k, hx8k)),
            "up5k": Cost(cells, unfit=True) if up5k is None else Cost(cells, (up5k, up5k))}


#: All that were measured whole, those for x86 first.
PEERS = (
    Peer("ao486", "x86, 2 levels, 4 KiB pages: TLB of 32, walker", 32,
         {"ecp5": _ecp5(4116, 1794, 0, 40, 42), **_ice40(3248, 1794, 0, 28, None)},
         {"hit": 3, "walk_2": 8}, with_data=True),
    Peer("z386", "x86, 2 levels, 4 KiB pages: TLB of 8 x 4 with 2 read ports, walker", 32,
         {"ecp5": _ecp5(7572, 2015, 0, 49, 49), **_ice40(6752, 2015, 0, 39, None)},
         {"hit": 2, "walk_2": 17, "fault": 2}, with_data=True),
    Peer("microwatt", "Power, 4 levels: TLB of 256 and walk cache of 256 in RAM, no first level",
         512,
         {"ecp5": _ecp5(2495, 1067, 8, 79, 83), **_ice40(2237, 1082, 18, 65, 24)},
         {"hit": 7, "walk_4": 16}),
    Peer("CVA6", "RISC-V Sv39: 2 + 2 first level, 64 x 2 shared in RAM, walker; cycles: Sv32", 132,
         {"ecp5": _ecp5(2615, 1273, 8, 57, 57),
          **dict.fromkeys(("hx8k", "up5k"), Cost({"lut4": 2390, "ff": 1273, "ram40": 14}))},
         {"hit": 1, "walk_2": 11}),
    Peer("mor1kx", "OpenRISC: TLB of 64 in RAM, no walker in hardware", 64,
         {"ecp5": _ecp5(293, 37, 2, 79, 79), **_ice40(193, 37, 4, 112, 51)},
         {"hit": 1}),
)
