"""Proofs that gateware does what sentences say, in every case; or a counterexample."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

import z3
from amaranth.hdl import Const, Elaboratable, Module, Value

from .solver_support import Design, Trace


__all__ = ["Disproved", "Sentence", "Subject", "prove", "prove_for_ever", "under"]


class Disproved(AssertionError):
    """A sentence that is not true. The message is the counterexample, a field a line."""


@dataclass(frozen=True)
class Sentence:
    """A sentence about gateware, as of one cycle.

    Attributes
    ----------
    source : :class:`str`
        Section of the manual; or the part of the gateware that promises it.
    text : :class:`str`
        What it says, in few words.
    when : :class:`amaranth.hdl.Value`
        The cases that it is about: not 0.
    then : :class:`amaranth.hdl.Value`
        What is true in these: not 0.
    """

    source: str
    text:   str
    when:   Value
    then:   Value

    def __str__(self) -> str:
        return f"{self.source}: {self.text}"


@dataclass(frozen=True)
class Subject:
    """A part of the gateware, or values, that sentences are about.

    Attributes
    ----------
    inputs : iterable of :class:`amaranth.hdl.Signal`
        Signals that may have any value in any cycle.
    fields : mapping of :class:`str` to :class:`amaranth.hdl.Value`
        What a counterexample shows, by its name in the manual. A pair of a value and an enumeration
        is shown by the name of the member.
    given : :class:`amaranth.hdl.Value`
        What holds in every cycle, since the manual knows no other case, or others see to it.
    part : :class:`amaranth.hdl.Elaboratable`
        Gateware, if there is any beside pure functions of the inputs.
    """

    inputs: Iterable[Value]
    fields: Mapping[str, Value | tuple[Value, type[Enum]]]
    given:  Value = field(default_factory=lambda: Const(1))
    part:   Elaboratable = field(default_factory=Module)


def under(condition: Value, sentences: Iterable[Sentence]) -> list[Sentence]:
    """The same sentences, about those of their cases in which ``condition`` holds."""
    return [replace(sentence, when=condition & sentence.when.bool()) for sentence in sentences]


def prove(subject: Subject, sentences: Iterable[Sentence], *, cycles: int = 1,
          from_reset: bool = True, complete: bool = False) -> None:
    """Prove that the sentences are true in every cycle of every run that has ``cycles`` cycles.

    A sentence without a case proves nothing, and counts as disproved.

    Parameters
    ----------
    subject, sentences
        What is proven, and of what.
    cycles, from_reset
        See :class:`.solver_support.Design`. From reset, this is a bounded proof.
    complete
        Every case has a sentence, so that together they determine the result.

    Raises
    ------
    Disproved
        A sentence is not true, or has no case; or a case has no sentence.
    """
    question = _Question(subject, list(sentences), cycles=cycles, from_reset=from_reset)
    question.look_for_cases()
    if complete:
        question.look_for_a_gap()
    for cycle in range(cycles):
        question.look_for_an_untruth(cycle)


def prove_for_ever(subject: Subject, sentences: Iterable[Sentence], *, cycles: int,
                   depth: int) -> None:
    """Prove that the sentences are true in every cycle of every run, by induction.

    They are true in the first ``cycles`` after reset, and have cases there; and whatever the
    registers hold, if they are true for ``depth`` cycles, which are not more, they are in the next
    one. Raises :class:`Disproved`, also if this is too little to go on from: the run that is shown
    then does not begin with a reset.
    """
    sentences = list(sentences)
    prove(subject, sentences, cycles=cycles)
    step = _Question(subject, sentences, cycles=depth + 1, from_reset=False)
    for cycle in range(depth):
        step.suppose_all_true(cycle)
    step.look_for_an_untruth(depth)


class _Question:
    """Sentences about a subject, translated, so that a solver can be asked about them."""

    def __init__(self, subject, sentences, *, cycles, from_reset):
        self._sentences = sentences
        self._fields    = {name: value if isinstance(value, tuple) else (value, None)
                           for name, value in subject.fields.items()}
        module = Module()
        module.submodules.part = subject.part
        self._design = Design(
            module, inputs=subject.inputs, cycles=cycles, from_reset=from_reset, values={
                "given": subject.given.bool(),
                **{f"when {number}": one.when.bool() for number, one in enumerate(sentences)},
                **{f"then {number}": one.then.bool() for number, one in enumerate(sentences)},
                **{f"field {name}": value for name, (value, _) in self._fields.items()},
            })
        self._design.learn(*(self._design["given", cycle] == 1 for cycle in range(cycles)))

    def _applies(self, number, cycle):
        """Condition that a sentence is about the case in a cycle."""
        return self._design[f"when {number}", cycle] == 1

    def _all_true(self, cycle):
        """Condition that all sentences are true in a cycle."""
        return z3.And([z3.Or(self._design[f"when {number}", cycle] == 0,
                             self._design[f"then {number}", cycle] == 1)
                       for number in range(len(self._sentences))])

    def suppose_all_true(self, cycle):
        """Leave all runs aside in which a sentence is untrue in a cycle."""
        self._design.learn(self._all_true(cycle))

    def look_for_cases(self):
        """Raise :class:`Disproved` if there is a sentence that is never about anything."""
        for number, sentence in enumerate(self._sentences):
            if not self._design.can_be(z3.Or(
                    [self._applies(number, cycle) for cycle in range(self._design.cycles)])):
                raise Disproved(f"{sentence}\nthere is no such case")

    def look_for_an_untruth(self, cycle):
        """Raise :class:`Disproved` if a sentence can be untrue in a cycle; else learn from it."""
        run = self._design.run_with(z3.Not(self._all_true(cycle)))
        if run is not None:
            untrue = next(sentence for number, sentence in enumerate(self._sentences)
                          if run[cycle][f"when {number}"] > run[cycle][f"then {number}"])
            raise Disproved("\n".join([str(untrue), *self._shown(run[:cycle + 1])]))
        self.suppose_all_true(cycle)

    def look_for_a_gap(self):
        """Raise :class:`Disproved` if there is a case that no sentence is about."""
        run = self._design.run_with(*(
            z3.Not(self._applies(number, 0)) for number in range(len(self._sentences))))
        if run is not None:
            raise Disproved("\n".join(["no sentence is about this case", *self._shown(run)]))

    def _shown(self, run: Trace) -> Iterator[str]:
        """The fields of a run; of a long one those that are not 0, in each cycle."""
        for cycle, values in enumerate(run):
            if len(run) > 1:
                yield f"cycle {cycle}"
            for name, (_, enum) in self._fields.items():
                value = values[f"field {name}"]
                if value or len(run) == 1:
                    yield f"  {name} = {_shown(value, enum)}"


def _shown(value: int, enum: type[Enum] | None) -> str:
    """A value, by name if it has one."""
    names = {member.value: member.name for member in enum or ()}
    return names.get(value, f"{value:#x}" if value > 9 else str(value))
