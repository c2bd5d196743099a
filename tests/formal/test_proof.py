"""Proofs are found if there are some, and counterexamples if there are none."""

import pytest
from amaranth.hdl import Elaboratable, Module, Signal, Value

from sim.proofs.proof import Disproved, Sentence, Subject, prove, prove_for_ever


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

ONE, OTHER = Signal(8, name="one"), Signal(8, name="other")

PAIR = Subject(inputs=[ONE, OTHER], fields={"one": ONE, "other": OTHER}, given=ONE <= OTHER)


def says(text, *, when=1, then):
    """A sentence, with numbers for what is always or never so."""
    return Sentence("test", text, Value.cast(when), Value.cast(then))


class Counter(Elaboratable):
    """Counts up to a limit, and stays there."""

    def __init__(self, limit):
        self.up, self.count, self.limit = Signal(), Signal(8), limit

    def elaborate(self, platform):
        m = Module()
        with m.If(self.up & (self.count != self.limit)):
            m.d.sync += self.count.eq(self.count + 1)
        return m


def counting(limit):
    """A counter, and what a counterexample shows of it."""
    counter = Counter(limit)
    return counter, Subject(inputs=[counter.up], part=counter,
                            fields={"up": counter.up, "count": counter.count})


@pytest.mark.slow
def test_what_is_true_of_all_inputs_is_proven():
    prove(PAIR, [says("sum", then=ONE + OTHER >= ONE)], complete=True)


@pytest.mark.slow
def test_what_is_not_true_has_a_counterexample_with_a_line_for_each_field():
    with pytest.raises(Disproved) as disproved:
        prove(PAIR, [says("equal", when=OTHER == 0x21, then=(ONE == OTHER) | (ONE == 3))])
    first, one, other = str(disproved.value).splitlines()
    assert (first, other) == ("test: equal", "  other = 0x21")
    assert one.startswith("  one = ")


@pytest.mark.slow
def test_a_sentence_about_nothing_is_no_proof():
    with pytest.raises(Disproved, match="^test: never\nthere is no such case$"):
        prove(PAIR, [says("never", when=ONE > OTHER, then=1)])


@pytest.mark.slow
def test_a_case_without_a_sentence_is_shown():
    with pytest.raises(Disproved, match="^no sentence is about this case\n  one = 0\n  other = 0$"):
        prove(PAIR, [says("some", when=OTHER > 0, then=1)], complete=True)


@pytest.mark.slow
def test_the_shortest_run_is_shown_cycle_by_cycle():
    counter, subject = counting(9)
    with pytest.raises(Disproved) as disproved:
        prove(subject, [says("few", then=counter.count < 2)], cycles=6)
    # In the last cycle ``up`` does not matter.
    lines = str(disproved.value).splitlines()
    assert lines[:7] == [
        "test: few", "cycle 0", "  up = 1", "cycle 1", "  up = 1", "  count = 1", "cycle 2"]
    assert lines[-1] == "  count = 2"


@pytest.mark.slow
def test_a_bounded_proof_is_about_no_more_cycles_than_it_says():
    counter, subject = counting(9)
    prove(subject, [says("few", then=counter.count < 2)], cycles=2)


@pytest.mark.slow
def test_induction_is_about_all_cycles():
    counter, subject = counting(9)
    prove_for_ever(subject, [says("limit", then=counter.count <= 9)], cycles=2, depth=1)
    with pytest.raises(Disproved, match="cycle 1\n(.*\n)?  count = 8$"):
        prove_for_ever(subject, [says("few", then=counter.count < 8)], cycles=2, depth=1)


@pytest.mark.slow
def test_a_proof_from_any_state_does_not_know_reset():
    counter, subject = counting(9)
    with pytest.raises(Disproved, match="count = "):
        prove(subject, [says("limit", then=counter.count <= 9)], from_reset=False)
