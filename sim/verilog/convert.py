"""A component as one Verilog module, for simulators and tools that do not know Amaranth."""

from typing import Any

from amaranth import Value
from amaranth.back import rtlil
from amaranth.hdl._ir import PortDirection
from amaranth.lib.wiring import In

from sim.toolchain.yosys import yosys

from .ports import port_names


__all__ = ["SCRIPT", "from_rtlil", "verilog"]


#: Processes become multiplexers and registers: of an ``always @*`` in which only constants are
#: assigned, Icarus Verilog never executes anything. One flat module has no loop of wires through
#: the ports of others, and no names of its own but one. What nobody reads is left out. The name of
#: a file may follow.
SCRIPT = """
proc -norom
flatten
opt_clean -purge
memory_collect
write_verilog -noattr"""


def verilog(component: Any, *, name: str) -> str:
    """``component`` as a Verilog-2005 module called ``name``, which needs no other.

    Ports are named by :func:`.ports.port_names`, such as ``access_request_payload``; packed ones
    are vectors. There are ``clk`` and ``rst`` besides. Equal components give equal texts. Raises
    :class:`ValueError` if two ports would have one name, and :class:`sim.errors.Unavailable`
    without Yosys.
    """
    names = port_names(component)
    # Left to find directions, Amaranth takes an output that is never driven for an input.
    ports = {
        names[path]: (Value.cast(value),
                      PortDirection.Input if member.flow is In else PortDirection.Output)
        for path, member, value in component.signature.flatten(component)
    }
    return from_rtlil(rtlil.convert(component, name=name, ports=ports, emit_src=False))


def from_rtlil(text: str) -> str:
    """A design in RTLIL as Verilog. Raises :class:`sim.errors.Unavailable` without Yosys."""
    return yosys(f"read_rtlil <<rtlil\n{text}\nrtlil\n{SCRIPT}\n", who="Verilog")
