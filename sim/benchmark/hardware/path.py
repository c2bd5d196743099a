"""Critical path of a design that was placed and routed, in words.

Ref: nextpnr, option ``--report``: the arrays ``critical_paths``, and ``path`` in each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any


__all__ = ["CriticalPath", "critical_path"]


#: Inputs of look-up tables, and of the multiplexers behind them: those of the ECP5, those of the
#: iCE40. Through a carry chain a path has no look-up table.
LUT_INPUTS = frozenset(("A", "B", "C", "D", "M", "FXA", "FXB", "I0", "I1", "I2", "I3"))

#: Ends of a path at a flip-flop, other than its data.
ENDS: Mapping[str, str] = {"CE": "the clock enable of ", "CEN": "the clock enable of ",
                           "LSR": "the reset of ", "SR": "the reset of "}

#: What Yosys and nextpnr append to the name of a signal, for a cell beside it that has no name.
MADE_UP = re.compile(r"(_(TRELLIS_\w+|LUT4|CCU2C|PFUMX|L6MUX21|DP16KD|SB_[A-Z0-9_]+)_.*"
                     r"|\$(SB|nextpnr|CCU2|PACKER)\w*.*)$")

#: A number that tells signals of one name apart, or that says which bit of one it is.
NUMBER = re.compile(r"\$\d+|\[\d+\]")


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path from a flip-flop to a flip-flop.

    Attributes
    ----------
    begin, end : :class:`str`
        Names of the registers.
    through : sequence of :class:`str`
        Names along it, of the nearest signals that have one.
    luts : :class:`int`
        Look-up tables on it, with the multiplexers behind them, and without carry chains.
    ns, routing_ns : :class:`float`
        Its delay, and how much of that is routing.
    """

    begin:      str
    end:        str
    through:    Sequence[str]
    luts:       int
    ns:         float
    routing_ns: float

    def __str__(self) -> str:
        through = f" through {', '.join(self.through)}" if self.through else ""
        return (f"{self.ns:.1f} ns, {self.luts} look-up tables, {self.routing_ns / self.ns:.0%} "
                f"routing: from {self.begin}{through} to {self.end}")


def critical_path(report: Mapping[str, Any], clock: str) -> CriticalPath | None:
    """Return the path of a ``clock`` in a report of nextpnr, None if it has none there.

    Raises :class:`KeyError` or :class:`TypeError` if the report makes no sense.
    """
    edge = f"posedge {clock}"
    for path in report["critical_paths"]:
        if path["from"] == path["to"] == edge:
            return _told(path["path"])
    return None


def _told(arcs: Sequence[Mapping[str, Any]]) -> CriticalPath:
    end   = arcs[-1]["to"]
    names = [_name(arcs[0]["from"]["cell"]),
             *(_name(arc["net"]) for arc in arcs if arc["type"] == "routing")]
    begin, *through = [name for name, _ in groupby(names)]
    last  = _name(end["cell"])
    return CriticalPath(
        begin=begin,
        end=ENDS.get(end["port"], "") + last,
        through=_once(through, but={begin, last}),
        luts=sum(arc["type"] == "logic" and arc["from"]["port"] in LUT_INPUTS for arc in arcs),
        ns=sum(arc["delay"] for arc in arcs),
        routing_ns=sum(arc["delay"] for arc in arcs if arc["type"] == "routing"))


def _once(names: Sequence[str], *, but: set[str]) -> Sequence[str]:
    """Each name where it comes first, without those of the ends."""
    return [name for name in dict.fromkeys(names) if name not in but]


def _name(text: str) -> str:
    """The name of a signal of ours in that of a net or a cell, by its place in the unit."""
    found = NUMBER.sub("", MADE_UP.sub("", text)).removeprefix("unit.")
    return found.replace("__", ".").strip(".") or text
