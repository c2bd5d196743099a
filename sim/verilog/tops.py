"""Designs that can be written as Verilog: the unit alone, or the demonstration system around it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hw.adapters.unit import AdaptedMmu
from hw.adapters.width import DownConverter
from hw.config import MmuConfig
from hw.demo.system import System
from hw.mmu import Mmu
from hw.presets import PRESETS

from .convert import verilog
from .header import header
from .lint import tolerant
from .ports import summary


__all__ = ["BUSES", "mmu", "soc"]


#: Modes of the bus towards memory; the second one is classic.
BUSES = "pipelined", "classic"


def mmu(preset: str, config: MmuConfig | None = None, *, switches: str = "",
        classic: bool = False, data_width: int = 64) -> str:
    """A file with a unit, as the module ``dragoncage_mmu``.

    ``config`` is that of the preset, unless ``switches`` of the command, such as "unit.smap=0",
    have made another of it. The bus towards memory is as :class:`hw.adapters.unit.AdaptedMmu` says.
    Raises :class:`sim.errors.Unavailable` without Yosys.
    """
    config = config or PRESETS[preset]
    plain  = not classic and data_width == 64
    unit   = Mmu(config) if plain else AdaptedMmu(config, classic=classic, data_width=data_width)
    bus    = (" --bus classic" if classic else "") + (
        f" --data-width {data_width}" if data_width != 64 else "")
    return _file("mmu", unit,
                 command=f"--preset {preset}{f' --set {switches}' if switches else ''}{bus}",
                 parameters={"preset": preset, **_in_bits(config),
                             "bus": BUSES[classic], "data_width": data_width},
                 notes=(summary(DownConverter),) if data_width == 32 else ())


def soc(preset: str, *, clock_hz: int, baud: int, ram_kib: int = 128) -> str:
    """A file with the demonstration system, as the module ``dragoncage_soc``.

    Raises :class:`ValueError` for a size or a frequency that cannot be, and
    :class:`sim.errors.Unavailable` without Yosys.
    """
    config = PRESETS[preset]
    system = System(config, preset=list(PRESETS).index(preset), ram_kib=ram_kib,
                    clock_hz=clock_hz, baud=baud)
    return _file("soc", system,
                 command=f"--preset {preset} --top soc --clock {clock_hz} --baud {baud}",
                 parameters={"preset": preset, **_in_bits(config), "clock_hz": clock_hz,
                             "baud": baud, "ram_kib": ram_kib},
                 notes=(f"rx and tx: 8 data bits, no parity, 1 stop bit, {baud} of them a second. "
                        "What they carry is described in docs/serial-link.md.",))


def _file(top: str, component: Any, *, command: str, parameters: Mapping[str, Any],
          notes: Sequence[str] = ()) -> str:
    comment = header(component, command=f"dragoncage verilog {command}", parameters=parameters,
                     notes=notes)
    return f"{comment}\n{tolerant(verilog(component, name=f'dragoncage_{top}'))}"


def _in_bits(config: MmuConfig) -> dict[str, int]:
    """The fields of a configuration; a feature that it has is 1."""
    return {name: int(value) for name, value in asdict(config).items()}
