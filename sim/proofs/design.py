"""Designs as formulas: Amaranth's netlists, translated by Yosys, and a solver that is asked."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Module, Signal, Value
from amaranth.lib import wiring

from sim.errors import Unavailable
from sim.toolchain.yosys import newer


__all__ = ["Design", "Undecided", "both", "either", "inputs_of", "negated"]


#: From a netlist to one formula, in which a state is one vector of bits. A register that never
#: leaves its initial value becomes a constant, without which some inductions do not close. To look
#: for more takes longer than it saves.
SCRIPT = """read_rtlil <<rtlil
{netlist}
rtlil
hierarchy -top top
proc
flatten
memory -nomap
memory_map
opt -fast
dffunmap
opt_clean
write_smt2 -stbv -wires
"""

#: Seconds after which the solver gives up a question.
PATIENCE = 3600


class Undecided(Exception):
    """A question that the solver has given up."""


def inputs_of(component: Any) -> list[Value]:
    """The input ports of a component."""
    ports = [Value.cast(port) for _, member, port in component.signature.flatten(component)
             if member.flow == wiring.In]
    return [port for port in ports if isinstance(port, Signal)]


def both(conditions: Iterable[str]) -> str:
    """The condition that all of some hold."""
    return f"(and true {' '.join(conditions)})"


def either(conditions: Iterable[str]) -> str:
    """The condition that one of some holds."""
    return f"(or false {' '.join(conditions)})"


def negated(condition: str) -> str:
    """The condition that another one does not hold."""
    return f"(not {condition})"


class Design:
    """All runs of a design that have a number of cycles.

    Reset is never asserted. In the first cycle all registers have their initial values, or any.
    A condition on a run is a text in SMT-LIB, made by :meth:`is_true` and the functions above.

    Parameters
    ----------
    m : :class:`amaranth.hdl.Module`
        The design; it may use the domain ``sync``.
    inputs : iterable of :class:`amaranth.hdl.Signal`
        Signals that nothing drives, and that may have any value in any cycle.
    values : mapping of :class:`str` to value
        What may be asked about.
    cycles : :class:`int`
        Length of the runs.
    from_reset : :class:`bool`
        Registers begin with their initial values; else with any.
    """

    def __init__(self, m: Module, *, inputs: Iterable[Value], values: Mapping[str, Any],
                 cycles: int = 1, from_reset: bool = True):
        self._outputs = {name: Signal(len(Value.cast(value)), name=f"value_{number}")
                         for number, (name, value) in enumerate(values.items())}
        m.domains.sync = domain = ClockDomain(reset_less=True)
        m.d.comb += [output.eq(values[name]) for name, output in self._outputs.items()]
        self._text = _translated(rtlil.convert(
            m, ports=[domain.clk, *map(Value.cast, inputs), *self._outputs.values()]))
        self._begin(cycles, from_reset)

    def in_others(self, *, cycles: int, from_reset: bool) -> "Design":
        """The same design, in other runs: of so many cycles, from reset or not."""
        other = copy(self)
        other._begin(cycles, from_reset)
        return other

    def _begin(self, cycles: int, from_reset: bool) -> None:
        """Have a solver that knows of runs of the design, and of nothing else."""
        self.cycles = cycles
        # Who is told what the properties say has no solver, perhaps.
        import bitwuzla
        options = bitwuzla.Options()
        options.set(bitwuzla.Option.PRODUCE_MODELS, True)
        options.set(bitwuzla.Option.TIME_LIMIT_PER, 1000 * PATIENCE)
        self._parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
        self._parser.parse("\n".join(["(set-logic QF_BV)", self._text, *self._runs(from_reset)]),
                           True, False)
        self._solver = self._parser.bitwuzla()

    def _runs(self, from_reset: bool) -> Iterator[str]:
        """The formula's commands, beyond those that define the design."""
        yield from (f"(declare-const s{cycle} |top_s|)" for cycle in range(self.cycles))
        if from_reset:
            yield "(assert (|top_i| s0))"
        for cycle in range(1, self.cycles):
            yield f"(assert (|top_t| s{cycle - 1} s{cycle}))"
        for cycle in range(self.cycles):
            for output in self._outputs.values():
                name, wire = f"|{output.name}@{cycle}|", f"(|top_n {output.name}| s{cycle})"
                yield f"(declare-const {name} (_ BitVec {len(output)}))"
                yield f"(assert (= {name} {wire if len(output) > 1 else f'(ite {wire} #b1 #b0)'}))"

    def is_true(self, name: str, cycle: int) -> str:
        """The condition that a value of one bit is 1 in a cycle."""
        return f"(= |{self._outputs[name].name}@{cycle}| #b1)"

    def learn(self, *conditions: str) -> None:
        """Have all further questions be about runs in which ``conditions`` hold."""
        for condition in conditions:
            self._solver.assert_formula(self._parser.parse_term(condition))

    def can_be(self, *conditions: str) -> bool:
        """True if there is a run in which all ``conditions`` hold.

        Raises :class:`Undecided` if the solver cannot tell in time.
        """
        import bitwuzla
        answer = self._solver.check_sat(*map(self._parser.parse_term, conditions))
        if answer == bitwuzla.Result.UNKNOWN:
            raise Undecided(f"the solver gave up after {PATIENCE} s")
        return bool(answer == bitwuzla.Result.SAT)

    def holds(self, condition: str) -> bool:
        """True if a condition holds in the run that was found last."""
        return bool(self._solver.get_value(self._parser.parse_term(condition)).is_true())

    def seen(self, name: str, cycle: int) -> int:
        """A value in a cycle of the run that was found last."""
        term = self._parser.parse_term(f"|{self._outputs[name].name}@{cycle}|")
        return int(self._solver.get_value(term).value(2), 2)


def _translated(netlist: str) -> str:
    """SMT-LIB text of a netlist in RTLIL."""
    done = subprocess.run(newer("-q", "-"), input=SCRIPT.format(netlist=netlist),
                          capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        *_, last = done.stderr.strip().splitlines() or ["without a message"]
        raise Unavailable(f"Yosys failed: {last}")
    return done.stdout
