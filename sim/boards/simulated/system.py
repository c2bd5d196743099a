"""The demonstration system of a board, as a simulator takes it: without a platform's pins."""

from typing import Any

from amaranth import ClockDomain, ClockSignal, Elaboratable, Module, Signal
from amaranth.back import rtlil
from amaranth.lib.memory import Memory

from hw.boards.board import Board
from hw.boards.top import system_of
from hw.demo.ram import SpramRam
from hw.demo.system import System


__all__ = ["DIVISOR", "spram", "text"]


#: Cycles that a bit lasts on the line of a simulated board: as few as there can be, since each of
#: them has to be simulated. Nothing but the speed of the line depends on it.
DIVISOR = 4


def text(board: Board, *, models: bool) -> str:
    """Return the system in RTLIL, its top called ``top``.

    With ``models``, cells that only the FPGA has come with a model.
    """
    top = _Top(system_of(board, baud=board.clock_hz // DIVISOR))
    found: str = rtlil.convert(top, ports=top.ports, emit_src=False)
    return found + spram() if models and board.ram is SpramRam else found


def spram() -> str:
    """Return the model of an UP5K's RAM, in RTLIL."""
    model = _Spram()
    found: str = rtlil.convert(model, name=_Spram.NAME, ports=model.ports, emit_src=False)
    return found.replace("  attribute \\top 1\n", "").replace("attribute \\top 1\n", "")


class _Top(Elaboratable):
    """The system, whose registers begin as at power-up, and are not reset from outside."""

    def __init__(self, system: System):
        self._system = system
        self._domain = ClockDomain("sync", reset_less=True)
        self.ports   = [self._domain.clk,
                        *(getattr(system, name) for name in system.signature.members)]

    def elaborate(self, platform: Any) -> Module:
        """Connect the clock."""
        m = Module()
        m.domains += self._domain
        m.submodules.system = self._system
        return m


class _Spram(Elaboratable):
    """Single-port RAM of an iCE40 UP5K: 16384 words of 16 bits, four write masks a word.

    Ref: Lattice TN-02022 "iCE40 SPRAM Usage Guide". Without its power modes.
    """

    NAME = "SB_SPRAM256KA"

    def __init__(self) -> None:
        self.clock      = Signal(name="CLOCK")
        self.address    = Signal(14, name="ADDRESS")
        self.datain     = Signal(16, name="DATAIN")
        self.maskwren   = Signal(4, name="MASKWREN")
        self.wren       = Signal(name="WREN")
        self.chipselect = Signal(name="CHIPSELECT")
        self.standby    = Signal(name="STANDBY")
        self.sleep      = Signal(name="SLEEP")
        self.poweroff   = Signal(name="POWEROFF")
        self.dataout    = Signal(16, name="DATAOUT")
        self.ports      = [self.clock, self.address, self.datain, self.maskwren, self.wren,
                           self.chipselect, self.standby, self.sleep, self.poweroff, self.dataout]

    def elaborate(self, platform: Any) -> Module:
        """Provide the words, behind one port that reads or writes."""
        m = Module()
        m.domains.sync = ClockDomain(local=True, reset_less=True)
        m.d.comb += ClockSignal().eq(self.clock)
        m.submodules.words = memory = Memory(shape=16, depth=1 << 14, init=[])
        write, read = memory.write_port(granularity=4), memory.read_port()
        m.d.comb += [
            write.addr.eq(self.address),
            write.data.eq(self.datain),
            write.en.eq(self.maskwren & (self.chipselect & self.wren).replicate(4)),
            read.addr.eq(self.address),
            read.en.eq(self.chipselect & ~self.wren),
            self.dataout.eq(read.data),
        ]
        return m
