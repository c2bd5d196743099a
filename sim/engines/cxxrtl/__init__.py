"""The machine compiled to native code: some hundred times faster, and the same cycle by cycle.

===================================  ========================================================
:mod:`sim.engines.cxxrtl.engine`     the engine
:mod:`sim.engines.cxxrtl.processor`  a processor that hands whole operations to compiled code
:mod:`sim.engines.cxxrtl.native`     the compiled machine, by its interface in C
:mod:`sim.engines.cxxrtl.design`     the design as CXXRTL takes it
:mod:`sim.engines.cxxrtl.build`      its compilation
:mod:`sim.engines.cxxrtl.samples`    from the machine's log to samples
:mod:`sim.engines.cxxrtl.plan`       the machine's supply of time slices
:mod:`sim.engines.cxxrtl.view`       signals of a waveform, as a design of their own
:mod:`sim.engines.cxxrtl.vectors`    access vectors in compiled code
===================================  ========================================================
"""

from .engine import CxxrtlEngine


__all__ = ["CxxrtlEngine"]
