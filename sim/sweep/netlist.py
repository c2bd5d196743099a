"""A unit as gates: what Yosys makes of it, and C++ that computes one of its cycles.

The C++ knows words and no bits: bit *n* of every word is of unit number *n*, so an instruction
computes a gate of as many units as a word is wide.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.toolchain.compiler import Compiler
from sim.toolchain.yosys import newer


__all__ = ["SCRIPT", "Netlist", "cycle", "netlist"]


#: Registers become plain ones, whose enable and reset are gates like all others.
SCRIPT = """
read_rtlil unit.il
hierarchy -top top
proc
flatten
opt
memory
opt
techmap
opt
dffunmap
simplemap
opt_expr
opt_merge
opt_clean
write_json unit.json
"""

#: Gates in C++, by the names that Yosys has for them.
GATES = {
    "$_NOT_": "~{A}",
    "$_AND_": "{A} & {B}",
    "$_OR_":  "{A} | {B}",
    "$_XOR_": "{A} ^ {B}",
    "$_MUX_": "({S} & {B}) | (~{S} & {A})",
}

REGISTER = "$_DFF_P_"

#: A bit of a net: its number, or a constant.
Bit = int | str


@dataclass(frozen=True)
class Netlist:
    """Gates and registers of a unit.

    Attributes
    ----------
    inputs, outputs : :class:`dict`
        Bits of its ports, by their names.
    registers : :class:`list`
        For each register the bit that it shows, the one that it stores, and its value at power-up.
    gates : :class:`dict`
        By the bit that it drives, the type of a gate, and the bits at its inputs.
    """

    inputs:    dict[str, list[Bit]]
    outputs:   dict[str, list[Bit]]
    registers: list[tuple[int, Bit, int]]
    gates:     dict[int, tuple[str, dict[str, Bit]]]


def netlist(design: str, compiling: Compiler) -> Netlist:
    """Gates of a ``design``, whose module in RTLIL is called ``top``.

    Raises :class:`sim.errors.Unavailable` if Yosys fails.
    """
    compiling.write("unit.il", design)
    compiling.write("script.ys", SCRIPT)
    compiling.run(newer("-q", "script.ys"), called="Yosys")
    return _read(compiling.folder / "unit.json")


def _read(file: Path) -> Netlist:
    top = json.loads(file.read_text(encoding="utf-8"))["modules"]["top"]
    ports = {direction: {name: port["bits"] for name, port in top["ports"].items()
                         if port["direction"] == direction} for direction in ("input", "output")}
    initial = {bit: int(value == "1") for net in top["netnames"].values()
               if "init" in net["attributes"]
               for bit, value in zip(net["bits"], reversed(net["attributes"]["init"]),
                                     strict=False)}
    registers, gates = [], {}
    for cell in top["cells"].values():
        kind = cell["type"]
        pins = {name: bits[0] for name, bits in cell["connections"].items()}
        if kind == REGISTER:
            registers.append((pins["Q"], pins["D"], initial.get(pins["Q"], 0)))
        elif kind != "$scopeinfo":
            gates[pins.pop("Y")] = kind, pins
    return Netlist(ports["input"], ports["output"], registers, gates)


def cycle(unit: Netlist) -> str:
    """C++ of a cycle of ``unit``, and of its ports.

    A namespace for each direction has the first word of each port. What is not known, such as a
    register that nothing has stored into, is 0.
    """
    return "".join(f"{line}\n" for line in _lines(unit))


def _lines(unit: Netlist) -> Iterator[str]:
    for direction, ports in (("in", unit.inputs), ("out", unit.outputs)):
        yield f"namespace {direction} {{"
        place = 0
        for name, bits in ports.items():
            yield f"constexpr unsigned {name} = {place}, {name}_width = {len(bits)};"
            place += len(bits)
        yield f"constexpr unsigned words = {place};"
        yield "}"
    yield f"constexpr unsigned registers = {len(unit.registers)};"
    initial = ", ".join(str(value) for _, _, value in unit.registers)
    yield f"constexpr bool initial[] = {{{initial}}};"
    yield "static void cycle(const Word *__restrict in, const Word *__restrict now,"
    yield "                  Word *__restrict next, Word *__restrict out) {"
    yield "const Word zero = {}, one = ~zero;"
    yield from _statements(unit)
    yield "}"


def _statements(unit: Netlist) -> Iterator[str]:
    """Statements that compute each gate just before it is needed first."""
    names: dict[Any, str] = {"0": "zero", "1": "one", "x": "zero"}
    inputs = [bit for bits in unit.inputs.values() for bit in bits]
    names |= {bit: f"in[{place}]" for place, bit in enumerate(inputs)}
    names |= {shown: f"now[{place}]" for place, (shown, *_) in enumerate(unit.registers)}
    for place, (_, stored, _) in enumerate(unit.registers):
        yield from _computed(unit, stored, names)
        yield f"next[{place}] = {names[stored]};"
    outputs = [bit for bits in unit.outputs.values() for bit in bits]
    for place, bit in enumerate(outputs):
        yield from _computed(unit, bit, names)
        yield f"out[{place}] = {names[bit]};"


def _computed(unit: Netlist, wanted: Bit, names: dict[Any, str]) -> Iterator[str]:
    """Statements that compute a bit, as far as it is not computed yet: it has a name then."""
    waiting = [wanted]
    while waiting:
        bit = waiting[-1]
        if bit in names:
            waiting.pop()
            continue
        assert isinstance(bit, int)
        kind, pins = unit.gates[bit]
        missing = [pin for pin in pins.values() if pin not in names]
        if missing:
            waiting += missing
            continue
        text = GATES[kind].format(**{pin: names[value] for pin, value in pins.items()})
        names[bit] = f"n{bit}"
        yield f"const Word n{bit} = {text};"
        waiting.pop()
