"""Ports of a block: those of its signature, with what its docstring says of them."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.lib import stream, wiring

from hw import translation
from sim.verilog.docstrings import Entry, entries_of

from .catalog import Block


__all__ = ["Port", "disagreements", "ports_of"]


@dataclass(frozen=True)
class Port:
    """One port, as a row of a table.

    Attributes
    ----------
    name, direction, shape : :class:`str`
        As the docstring spells them, "in" or "out".
    bits : :class:`int` or :class:`None`
        Bits of a signal, or of a stream's payload; of another interface there is no one number.
    """

    name:      str
    direction: str
    shape:     str
    bits:      int | None


def _bits(member: wiring.Member) -> int | None:
    if member.is_port:
        return Shape.cast(member.shape).width
    signature = member.signature
    if isinstance(signature, wiring.FlippedSignature):
        signature = signature.flip()
    if isinstance(signature, stream.Signature):
        return Shape.cast(signature.members["payload"].shape).width
    return None


def ports_of(block: Block) -> list[tuple[list[Port], str]]:
    """Return the ports, those that are explained together together, and what they mean."""
    return [([_port(entry, name, block.members[name]) for name in entry.names], entry.text)
            for entry in entries_of(block.component, "Members")]


def _port(entry: Entry, name: str, member: wiring.Member) -> Port:
    spelt = re.fullmatch(r"(In|Out)\((.*?)\)(?:\.array\((.*)\))?", entry.shape_of(name))
    assert spelt, f"the docstring spells no shape of {name}"
    direction, shape, times = spelt.groups()
    return Port(name, direction.lower(), shape + (f" × {times}" if times else ""), _bits(member))


def disagreements(block: Block) -> Iterator[str]:
    """Return in what a docstring and a signature are not of one mind."""
    members   = block.members
    entries   = entries_of(block.component, "Members")
    explained = [name for entry in entries for name in entry.names]
    yield from (f"{name} is not explained" for name in members if name not in explained)
    yield from (f"{name} is explained twice" for name in set(explained)
                if explained.count(name) > 1)
    for entry in entries:
        for name in entry.names:
            if name not in members:
                yield f"there is no {name}"
            elif "..." not in (shape := entry.shape_of(name)):
                # A level of the TLB has its ports from there, with the names in their shapes.
                known = vars(translation) | vars(sys.modules[entry.home]) | block.parameters
                if eval(shape, known) != members[name]:
                    yield f"{name} is {members[name]!r}, not {shape}"
