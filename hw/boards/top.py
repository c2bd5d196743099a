"""The demonstration system on the pins of a board."""

from amaranth import *
from amaranth.lib import io, wiring

from hw.demo.system import BAUD, System
from hw.presets import PRESETS

from .pll import PllClock, dividers


__all__ = ["LIGHTS", "Top", "system_of"]


#: Lights of a board, by the names that :class:`.board.Board` and the system have for them.
LIGHTS = ("fault", "bypass", "wp", "busy")


def system_of(board, *, baud=BAUD):
    """The :class:`hw.demo.system.System` that a board has."""
    return System(PRESETS[board.preset], preset=list(PRESETS).index(board.preset), ram=board.ram,
                  ram_kib=board.ram_kib, clock_hz=board.clock_hz, baud=baud)


class Top(wiring.Component):
    """The whole of the FPGA. Its pins are those that the platform has for the board's pads.

    Parameters
    ----------
    board : :class:`.board.Board`
        What it is for.
    """

    def __init__(self, board):
        super().__init__({})
        self._board = board

    def elaborate(self, platform):
        board, needs_pll = self._board, self._needs_pll(platform)
        m = Module()

        if needs_pll:
            m.domains.sync = ClockDomain()
            m.submodules.clock = PllClock(board.clock_hz)
        m.submodules.system = system = system_of(board)

        pads = _Pads(platform)
        uart = pads.of(board.uart)
        m.submodules.rx_pad = rx = io.Buffer("i", uart.rx)
        m.submodules.tx_pad = tx = io.Buffer("o", uart.tx)
        m.d.comb += [
            system.rx.eq(rx.i),
            tx.o.eq(system.tx),
        ]
        if board.button is not None:
            m.submodules.button_pad = button = io.Buffer("i", pads.of(board.button))
            m.d.comb += system.button.eq(button.i)
        for name in LIGHTS:
            if (pad := getattr(board, name)) is not None:
                m.submodules[f"{name}_pad"] = light = io.Buffer("o", pads.of(pad))
                m.d.comb += light.o.eq(getattr(system, name))
        for number, port in enumerate(pads.left()):
            m.submodules[f"dark_pad{number}"] = io.Buffer("o", port)

        return m

    def _needs_pll(self, platform):
        """Is the clock not the platform's? Raises :class:`ValueError` if there is no such PLL."""
        given, wanted = round(platform.default_clk_frequency), self._board.clock_hz
        if given == wanted:
            return False
        if not self._board.fpga.startswith("ECP5"):
            raise ValueError(f"there is no PLL for a clock of {wanted!r} Hz but on an ECP5, "
                             f"not on {self._board.fpga!r}")
        dividers(given, wanted)
        return True


class _Pads:
    """Hands out pads, of which several may be signals of one resource of the platform."""

    def __init__(self, platform):
        self._platform = platform
        self._groups   = {}
        self._given    = set()

    def of(self, pad):
        """The port, or the group of ports, that the pad names."""
        key = (pad.resource, pad.number)
        if key not in self._groups:
            self._groups[key] = self._platform.request(*key, dir="-")
        self._given.add((*key, pad.part))
        return getattr(self._groups[key], pad.part) if pad.part else self._groups[key]

    def left(self):
        """Ports beside those that were handed out, in the same groups: colours of a light."""
        return [port for key, group in self._groups.items() if (*key, "") not in self._given
                for part, port in vars(group).items() if (*key, part) not in self._given]
