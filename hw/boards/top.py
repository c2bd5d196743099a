"""The demonstration system on the pins of a board."""

from amaranth import *
from amaranth.build import ResourceError
from amaranth.lib import io, wiring

from hw.demo.system import BAUD, System
from hw.presets import PRESETS

from .pll import PLLS


__all__ = ["LIGHTS", "Top", "system_of"]


#: Lights of a board, by the names that :class:`.board.Board` and the system have for them.
LIGHTS = ("fault", "bypass", "wp", "busy")


def system_of(board, *, baud=BAUD):
    """The :class:`hw.demo.system.System` that a board has. Raises :class:`ValueError`."""
    if board.preset not in PRESETS:
        raise ValueError(f"there is no preset {board.preset!r}: there are {', '.join(PRESETS)}")
    return System(PRESETS[board.preset], preset=list(PRESETS).index(board.preset), ram=board.ram,
                  ram_kib=board.ram_kib, clock_hz=board.clock_hz, baud=baud)


class Top(wiring.Component):
    """The whole of the FPGA. Its pins are those that the platform has for the board's pads.

    Elaboration raises :class:`ValueError` if what the board says cannot be.

    Parameters
    ----------
    board : :class:`.board.Board`
        What it is for.
    """

    def __init__(self, board):
        super().__init__({})
        self._board = board

    def elaborate(self, platform):
        board, pll, pads = self._board, self._pll(platform), _Pads(platform)
        # What cannot be is found out here, before anything is made in vain.
        rx, tx  = pads.signals(board.uart, "rx", "tx")
        pressed = [pads.of(board.button)] if board.button else []
        lit     = {name: pads.of(pad) for name in LIGHTS if (pad := getattr(board, name))}
        system  = system_of(board)
        m = Module()

        if pll is not None:
            m.domains.sync = ClockDomain()
            m.submodules.clock = pll(board.clock_hz)
        m.submodules.system = system
        m.submodules.rx_pad = rx_pad = io.Buffer("i", rx)
        m.submodules.tx_pad = tx_pad = io.Buffer("o", tx)
        m.d.comb += [
            system.rx.eq(rx_pad.i),
            tx_pad.o.eq(system.tx),
        ]
        for port in pressed:
            m.submodules.button_pad = button = io.Buffer("i", port)
            m.d.comb += system.button.eq(button.i)
        for name, port in lit.items():
            m.submodules[f"{name}_pad"] = light = io.Buffer("o", port)
            m.d.comb += light.o.eq(getattr(system, name))
        for number, port in enumerate(pads.left()):
            m.submodules[f"dark_pad{number}"] = io.Buffer("o", port)

        return m

    def _pll(self, platform):
        """The kind of PLL, if the clock needs one. Raises :class:`ValueError` if none makes it."""
        given, wanted = round(platform.default_clk_frequency), self._board.clock_hz
        if given == wanted:
            return None
        for family, (kind, dividers) in PLLS.items():
            if self._board.fpga.startswith(family):
                dividers(given, wanted)
                return kind
        raise ValueError(f"there is no PLL for a clock of {wanted!r} Hz but on an "
                         f"{' or '.join(PLLS)}, not on {self._board.fpga!r}")


class _Pads:
    """Hands out pads, of which several may be signals of one resource of the platform."""

    def __init__(self, platform):
        self._platform = platform
        self._groups   = {}
        self._given    = set()

    def of(self, pad):
        """The port that the pad names. Raises :class:`ValueError` if it names none, or a given one.
        """
        group = self._group(pad)
        if pad.part:
            return _signal(pad, group, pad.part)
        if not isinstance(group, io.PortLike):
            raise ValueError(f"{_named(pad)} is several signals: {', '.join(vars(group))}; its "
                             "part must name one")
        return group

    def signals(self, pad, *names):
        """Ports of a resource, the others of which are left alone."""
        group = self._group(pad)
        return [_signal(pad, group, name) for name in names]

    def left(self):
        """Ports beside those that were handed out, in the same groups: colours of a light."""
        return [port for key, group in self._groups.items() if (*key, "") not in self._given
                for part, port in vars(group).items() if (*key, part) not in self._given]

    def _group(self, pad):
        """The port, or the group of ports, of the pad's resource."""
        key = pad.resource, pad.number
        given = (*key, pad.part)
        if given in self._given:
            raise ValueError(f"{_named(pad)} is given twice")
        self._given.add(given)
        if key not in self._groups:
            try:
                self._groups[key] = self._platform.request(*key, dir="-")
            except ResourceError as error:
                raise ValueError(f"the platform has no {_named(pad)}") from error
        return self._groups[key]


def _signal(pad, group, name):
    if not hasattr(group, name):
        raise ValueError(f"{pad.resource} {pad.number} has no signal {name!r}")
    return getattr(group, name)


def _named(pad):
    return f"{pad.resource} {pad.number}" + f" {pad.part}" * bool(pad.part)
