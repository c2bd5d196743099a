"""Proofs that gateware does what sentences say, in every case; or a counterexample."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from enum import Enum

from amaranth.hdl import Const, Elaboratable, Module, Value

from .design import Design, both, either, negated


__all__ = ["Disproved", "Field", "Sentence", "Subject", "Trace", "prove", "prove_for_ever", "under"]


#: What each field was in each cycle: ``trace[cycle][name]``.
Trace = list[dict[str, int]]


@dataclass(frozen=True)
class Field:
    """A value that counterexamples show.

    Attributes
    ----------
    width : :class:`int`
        Its bits.
    names : mapping of :class:`int` to :class:`str`
        Values that have a name.
    """

    width: int
    names: Mapping[int, str]

    def shown(self, value: int) -> str:
        """A value, by name if it has one."""
        return self.names.get(value, f"{value:#x}" if value > 9 else str(value))


class Disproved(Exception):
    """A sentence that is not true. The message is the counterexample, a field a line.

    Attributes
    ----------
    fields : mapping of :class:`str` to :class:`Field`
        What the counterexample shows, by name.
    run : list of mappings
        Their values in each cycle; of a sentence without a case there are none.
    """

    def __init__(
        self, lines: Iterable[str], fields: Mapping[str, Field] | None = None,
        run: Trace | None = None,
    ):
        super().__init__("\n".join(lines))
        self.fields = fields or {}
        self.run    = run or []


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
        See :class:`.design.Design`. From reset, this is a bounded proof.
    complete
        Every case has a sentence, so that together they determine the result.

    Raises
    ------
    Disproved
        A sentence is not true, or has no case; or a case has no sentence.
    """
    question = _Question(subject, list(sentences), cycles=cycles, from_reset=from_reset)
    for cycle in range(cycles):
        question.look_for_an_untruth(cycle)
    if complete:
        question.look_for_a_gap()
    question.look_for_cases()


def prove_for_ever(subject: Subject, sentences: Iterable[Sentence], *, cycles: int,
                   depth: int) -> None:
    """Prove that the sentences are true in every cycle of every run, by induction.

    They are true in the first ``depth`` cycles after reset; whatever the registers hold, if they
    are true for ``depth`` cycles, they are in the next one; and all have cases in the first
    ``cycles`` after reset.

    Raises :class:`Disproved`, also if this is too little to go on from: the run that is shown then
    does not begin with a reset, for none of ``cycles`` does that ends in an untruth.
    """
    sentences = list(sentences)
    runs = _Question(subject, sentences, cycles=cycles, from_reset=True)
    for cycle in range(depth):
        runs.look_for_an_untruth(cycle)
    step = runs.of_others(cycles=depth + 1, from_reset=False)
    for cycle in range(depth):
        step.suppose_all_true(cycle)
    try:
        step.look_for_an_untruth(depth)
    except Disproved:
        for cycle in range(depth, cycles):
            runs.look_for_an_untruth(cycle)
        raise
    runs.look_for_cases()


class _Question:
    """Sentences about a subject, translated, so that a solver can be asked about them."""

    def __init__(
        self, subject: Subject, sentences: Sequence[Sentence], *, cycles: int, from_reset: bool,
    ):
        self._sentences = sentences
        values = {name: value if isinstance(value, tuple) else (value, None)
                  for name, value in subject.fields.items()}
        self._fields = {
            name: Field(len(Value.cast(value)), {member.value: member.name
                                                 for member in enum or ()})
            for name, (value, enum) in values.items()}
        module = Module()
        module.submodules.part = subject.part
        self._design = Design(
            module, inputs=subject.inputs, cycles=cycles, from_reset=from_reset, values={
                "given": subject.given.bool(),
                **{f"when {number}": one.when.bool() for number, one in enumerate(sentences)},
                **{f"then {number}": one.then.bool() for number, one in enumerate(sentences)},
                **{f"field {name}": value for name, (value, _) in values.items()},
            })
        self._suppose_given()

    def of_others(self, *, cycles: int, from_reset: bool) -> "_Question":
        """The same question, about other runs."""
        other = copy(self)
        other._design = self._design.in_others(cycles=cycles, from_reset=from_reset)
        other._suppose_given()
        return other

    def _suppose_given(self) -> None:
        """Leave all runs aside in which not all is given, in each cycle."""
        self._design.learn(*(self._design.is_true("given", cycle)
                             for cycle in range(self._design.cycles)))

    def _applies(self, number: int, cycle: int) -> str:
        """Condition that a sentence is about the case in a cycle."""
        return self._design.is_true(f"when {number}", cycle)

    def _is_true(self, number: int, cycle: int) -> str:
        """Condition that a sentence is true in a cycle."""
        return either([negated(self._applies(number, cycle)),
                       self._design.is_true(f"then {number}", cycle)])

    def _all_true(self, cycle: int) -> str:
        """Condition that all sentences are true in a cycle."""
        return both(self._is_true(number, cycle) for number in range(len(self._sentences)))

    def suppose_all_true(self, cycle: int) -> None:
        """Leave all runs aside in which a sentence is untrue in a cycle."""
        self._design.learn(self._all_true(cycle))

    def look_for_cases(self) -> None:
        """Raise :class:`Disproved` if there is a sentence that is never about anything."""
        without = list(range(len(self._sentences)))
        for cycle in range(self._design.cycles):
            # A run that has a case of one has those of many.
            while without and self._design.can_be(either(
                    self._applies(number, cycle) for number in without)):
                without = [number for number in without
                           if not self._design.holds(self._applies(number, cycle))]
        if without:
            raise Disproved([str(self._sentences[without[0]]), "there is no such case"])

    def look_for_an_untruth(self, cycle: int) -> None:
        """Raise :class:`Disproved` if a sentence can be untrue in a cycle; else learn from it."""
        if self._design.can_be(negated(self._all_true(cycle))):
            untrue = next(sentence for number, sentence in enumerate(self._sentences)
                          if not self._design.holds(self._is_true(number, cycle)))
            raise self._disproved(str(untrue), cycle + 1)
        self.suppose_all_true(cycle)

    def look_for_a_gap(self) -> None:
        """Raise :class:`Disproved` if there is a case that no sentence is about."""
        if self._design.can_be(*(
                negated(self._applies(number, 0)) for number in range(len(self._sentences)))):
            raise self._disproved("no sentence is about this case", self._design.cycles)

    def _disproved(self, said: str, cycles: int) -> Disproved:
        """The counterexample that the beginning of the last run is, to what is ``said``."""
        seen = [{name: self._design.seen(f"field {name}", cycle) for name in self._fields}
                for cycle in range(cycles)]
        return Disproved([said, *self._shown(seen)], self._fields, seen)

    def _shown(self, run: Trace) -> Iterator[str]:
        """The fields of a run; of a long one those that are not 0, in each cycle."""
        for cycle, values in enumerate(run):
            if len(run) > 1:
                yield f"cycle {cycle}"
            for name, one in self._fields.items():
                if values[name] or len(run) == 1:
                    yield f"  {name} = {one.shown(values[name])}"
