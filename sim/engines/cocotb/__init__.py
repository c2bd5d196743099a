"""The machine as Verilog, in a simulator that runs Python by cocotb.

================================  =============================================================
:mod:`sim.engines.cocotb.engine`  the engine, and what it is outside of a simulator
:mod:`sim.engines.cocotb.top`     the testbench with ports that a simulator's Python can handle
:mod:`sim.engines.cocotb.host`    starts a simulator that calls a function, and listens
:mod:`sim.engines.cocotb.inside`  what cocotb runs in the simulator: the other end
:mod:`sim.engines.cocotb.pins`    a testbench's inputs, probe and clock, by cocotb's handles
================================  =============================================================
"""

from .engine import CocotbEngine


__all__ = ["CocotbEngine"]
