"""The log of a compiled processor in C++ without the machine: samples are its ports."""

import ctypes
from functools import cache

from amaranth.hdl import Fragment

from hw.config import MmuConfig
from sim.engines import cxxrtl
from sim.engines.cxxrtl import logged, ports
from sim.engines.cxxrtl.library import Sources, library, package_files
from sim.engines.cxxrtl.log import copied
from sim.engines.testbench import Testbench


__all__ = ["Log", "widths"]


MAIN = """
#include "log.h"

#include <cstring>

struct Top {{
    {ports}
}};

struct Fed {{
    Top top;
    UnitDriver<Cpu0> driver;
    Log<Cpu0> log;
}};

extern "C" {{

Fed *log_new() {{ return new Fed; }}

void log_delete(Fed *fed) {{ delete fed; }}

void log_sample(Fed *fed, uint64_t now, const uint8_t *bytes) {{
    {copies}
    fed->driver.sample(fed->top);
    fed->log.sample(fed->top, fed->driver, now);
}}

void log_parts(Fed *fed, Logged *found) {{ *found = fed->log.parts(); }}

void log_forget(Fed *fed) {{ fed->log.forget(); }}

}}
"""

FUNCTIONS = (
    ("log_new",    ctypes.c_void_p, []),
    ("log_delete", None,            [ctypes.c_void_p]),
    ("log_sample", None,            [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p]),
    ("log_parts",  None,            [ctypes.c_void_p, ctypes.POINTER(logged.Logged)]),
    ("log_forget", None,            [ctypes.c_void_p]),
)


@cache
def bench():
    """A testbench whose processors have the ports that samples are of."""
    made = Testbench(MmuConfig(), cpus=2, view=False)
    Fragment.get(made, None)  # otherwise Amaranth says that it is not used
    return made


@cache
def widths():
    """Bits of the signals of a sample, by name."""
    return {name: len(value) for name, value in bench().processor_ports[0].outputs.items()}


def bytes_of(width):
    """Bytes of a signal in C++."""
    return -(-width // 32) * 4


def sources():
    """The headers that the log needs, and a program that has ports of which it knows nothing."""
    names = {name: f"p_out__0__{name.replace('_', '__')}" for name in widths()}
    main  = MAIN.format(
        ports="\n    ".join(f"cxxrtl_yosys::value<{width}> {names[name]};"
                            for name, width in widths().items()),
        copies="\n    ".join(f"std::memcpy(fed->top.{names[name]}.data, bytes, {bytes_of(width)}); "
                             f"bytes += {bytes_of(width)};" for name, width in widths().items()))
    headers = package_files(cxxrtl.__name__, "entries.h", "log.h", "port.h", "unit_driver.h")
    return Sources({}, {**headers, "ports.h": ports.header(bench(), None),
                        "logged.h": logged.header(), "main.cc": main}, main="main.cc")


class Log:
    """A log that samples are written to."""

    def __init__(self):
        self._calls = library(sources, FUNCTIONS)
        self._log   = ctypes.c_void_p(self._calls.log_new())

    def sample(self, cycle, sample):
        """Take note of a cycle."""
        self._calls.log_sample(self._log, cycle, b"".join(
            value.to_bytes(bytes_of(width), "little")
            for value, width in zip(sample, widths().values(), strict=True)))

    def take(self):
        """All that was logged since the last time, or was open then."""
        found = logged.Logged()
        self._calls.log_parts(self._log, found)
        parts = copied(found)
        self._calls.log_forget(self._log)
        return parts

    def delete(self):
        """Free what C++ has allocated."""
        self._calls.log_delete(self._log)
