"""Programs that pretend to build and to load, and designs that are elaborated at once."""

import json
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib import io, wiring

from hw.boards.pll import PllClock


#: A report of nextpnr, as far as we read it.
GOOD = {
    "fmax": {"cd_sync.clk": {"achieved": 62.5, "constraint": 50.0}},
    "utilization": {"TRELLIS_COMB": {"used": 1234, "available": 83640},
                    "EHXPLLL": {"used": 0, "available": 4}},
}


class Blinker(wiring.Component):
    """A light that blinks: stands for the whole system."""

    def __init__(self, board):
        super().__init__({})
        self._board = board

    def elaborate(self, platform):
        m = Module()
        pad = self._board.fault
        port = platform.request(pad.resource, pad.number, dir="-")
        m.submodules.light = light = io.Buffer("o", getattr(port, pad.part) if pad.part else port)
        timer = Signal(24)
        m.d.sync += timer.eq(timer + 1)
        m.d.comb += light.o.eq(timer[-1])
        return m


class ClockedBlinker(Blinker):
    """The same on the clock of a PLL."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.domains.sync = ClockDomain()
        m.submodules.clock = PllClock(self._board.clock_hz)
        return m


@dataclass
class Programs:
    """A folder of programs of our own, named to the toolchain by its environment variables."""

    folder: Path
    environment: pytest.MonkeyPatch

    def put(self, name, body):
        """Provide the program ``name``, a shell script."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "$@" >> {self.folder / name}.args\n{body}')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.environment.setenv(name.upper().replace("-", "_"), str(path))
        return path

    def arguments(self, name):
        """Arguments of its calls, a line each."""
        path = self.folder / f"{name}.args"
        return path.read_text().splitlines() if path.exists() else []

    def report(self, report):
        """Let place and route succeed with this report: a value, or the text of one."""
        text = report if isinstance(report, str) else json.dumps(report)
        (self.folder / "report").write_text(text)
        self.put("nextpnr-ecp5",
                 'echo "Info: Device utilisation:"\necho "Info: Routing.."\n'
                 'while [ $# -gt 0 ]; do [ "$1" = --report ] && report=$2; shift; done\n'
                 f'cp {self.folder / "report"} "$report"\n')


