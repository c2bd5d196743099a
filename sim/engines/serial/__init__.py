"""The engine whose machine is on a board, or on a simulated one, behind a serial link.

================================  ======================================================
:mod:`sim.engines.serial.link`    requests and completions on the line
:mod:`sim.engines.serial.image`   physical memory of a board, rebuilt from its transfers
:mod:`sim.engines.serial.shadow`  a waveform of what a board reports
:mod:`sim.engines.serial.engine`  the engine
================================  ======================================================
"""

from .engine import SerialEngine, on_port


__all__ = ["SerialEngine", "on_port"]
