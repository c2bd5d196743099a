"""A component as one Verilog module, for simulators and tools that do not know Amaranth."""

from typing import Any

from amaranth.back import rtlil

from sim.toolchain.yosys import yosys


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

    Ports are named by the path through the signature, joined by two underscores, such as
    ``access__request__payload``; packed ones are vectors. There are ``clk`` and ``rst`` besides.
    Equal components give equal texts. Raises :class:`sim.errors.Unavailable` without Yosys.
    """
    return from_rtlil(rtlil.convert(component, name=name, emit_src=False))


def from_rtlil(text: str) -> str:
    """A design in RTLIL as Verilog. Raises :class:`sim.errors.Unavailable` without Yosys."""
    return yosys(f"read_rtlil <<rtlil\n{text}\nrtlil\n{SCRIPT}\n", who="Verilog")
