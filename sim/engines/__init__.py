"""Ways of making the machine run.

=============================  ================================================================
:mod:`sim.engines.engine`      the interface of all engines
:mod:`sim.engines.operations`  operations that a kernel awaits
:mod:`sim.engines.processor`   one processor as the kernel sees it
:mod:`sim.engines.base`        processors, traces and one run, for all engines that simulate
:mod:`sim.engines.testbench`   the design that is simulated: units, and what joins them
:mod:`sim.engines.packed`      a testbench whose sampled signals are one
:mod:`sim.engines.responses`   responses of a unit as the kernel gets them
:mod:`sim.engines.stepped`     a processor that is stepped cycle by cycle
:mod:`sim.engines.driver`      the loop of the engines that drive the ports from Python
:mod:`sim.engines.pysim`       Amaranth's own simulator
:mod:`sim.engines.cxxrtl`      the design compiled to native code
:mod:`sim.engines.cocotb`      the design as Verilog, in a simulator that runs Python by cocotb
:mod:`sim.engines.serial`      a board behind a serial line
:mod:`sim.engines.golden`      the golden model, for what needs no signals
=============================  ================================================================
"""
