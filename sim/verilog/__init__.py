"""The design as Verilog, for those who do not use Amaranth.

=============================  ================================================
:mod:`sim.verilog.convert`     a component as one module
:mod:`sim.verilog.docstrings`  docstrings part by part, comments on fields
:mod:`sim.verilog.ports`       its ports, and what their docstrings say of them
:mod:`sim.verilog.header`      all this as a comment
:mod:`sim.verilog.tops`        what there is to write: the unit, the system
:mod:`sim.verilog.lint`        what linters say of it, and why
=============================  ================================================
"""

from .convert import from_rtlil, verilog


__all__ = ["from_rtlil", "verilog"]
