"""Programs of others: compilers, Yosys, Verilator, and the cache of what they made.

===============================  =================================================
:mod:`sim.toolchain.process`     runner of a program
:mod:`sim.toolchain.compiler`    compiler with a cache, with progress
:mod:`sim.toolchain.cache`       cache of compiled files, for one user
:mod:`sim.toolchain.yosys`       Yosys, as a Python package
:mod:`sim.toolchain.verilator`   Verilator, as a Python package
:mod:`sim.toolchain.simulators`  Verilator and Icarus Verilog, with cocotb in them
===============================  =================================================
"""
