"""The machine compiled to native code: some hundred times faster, and the same cycle by cycle.

====================================  ====================================================
:mod:`sim.engines.cxxrtl.engine`      the engine
:mod:`sim.engines.cxxrtl.processor`   a processor that hands whole operations to C++
:mod:`sim.engines.cxxrtl.commands`    the structures in which it does so
:mod:`sim.engines.cxxrtl.plan`        time slices, told ahead
:mod:`sim.engines.cxxrtl.log`         what C++ has logged, as records
:mod:`sim.engines.cxxrtl.lazy`        records that are made when they are looked at
:mod:`sim.engines.cxxrtl.logged`      the structures in which it has
:mod:`sim.engines.cxxrtl.native`      the compiled machine, called through its C interface
:mod:`sim.engines.cxxrtl.vectors`     access vectors in compiled code
:mod:`sim.engines.cxxrtl.simulator`   a stand-in for Amaranth's simulator
:mod:`sim.engines.cxxrtl.pins`        a component by itself, whose ports Python reads and writes
:mod:`sim.engines.cxxrtl.ports`       the design, and a header that names its ports
:mod:`sim.engines.cxxrtl.view`        what a waveform shows, as a design
:mod:`sim.engines.cxxrtl.library`     from designs and C++ to a library in the cache
:mod:`sim.engines.cxxrtl.shortcut`    the name of a library that is known without its design
:mod:`sim.engines.cxxrtl.platforms`   what a library is compiled for, and by what
:mod:`sim.engines.cxxrtl.prebuilt`    folders of machines that were compiled before
:mod:`sim.engines.cxxrtl.machines`    maker of such a folder
:mod:`sim.engines.cxxrtl.structures`  structures that C++ and Python share
====================================  ====================================================

The C++ beside them, each file with what it includes:

``machine.cc``
    A machine: ``processor_port.h`` carries out the commands of a processor, ``dispatcher.h`` holds
    processors back, ``log.h`` (with ``entries.h``) and ``view_log.h`` keep what happens.
``vectors.cc``, ``bare.h``
    A unit by itself (``lone_unit.h``), for access vectors (``vectors.h``), and for a loop that
    shows how fast a machine could be.
``simulator.cc``
    Any component, whose clock and ports are in Python's hands.
``clock.h``, ``port.h``, ``unit_driver.h``, ``target.h``, ``memory.h``
    What all of them drive: the design's clock and ports, the unit's handshakes, and the memory
    target, with a kind of memory for each.
"""

from .engine import CxxrtlEngine


__all__ = ["CxxrtlEngine"]
