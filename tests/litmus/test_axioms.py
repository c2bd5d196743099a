"""The axioms: outcomes of well-known tests, and of machines that do one thing at a time."""

import pytest

from sim.litmus.axioms import AXIOMS, Model, broken, permitted
from sim.litmus.candidates import candidates
from sim.litmus.enumeration import enumerated
from sim.litmus.library import library

from .litmus_support import two


def model_of(test):
    """The plainest machine that shows what a test asks for."""
    found = permitted(candidates(test))
    return min((model for outcome, model in found.items() if test.condition.holds(outcome)),
               key=list(Model).index)


MAPPED = "PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a)); PTE(y)=(oa:PA(b));"


@pytest.mark.parametrize("first, second, condition, model", [
    ("MOV [x],$5; MOV EAX,[y]", "MOV [y],$6; MOV EAX,[x]", "0:EAX=2 /\\ 1:EAX=1", Model.BUFFERED),
    ("MOV [x],$5; MFENCE; MOV EAX,[y]", "MOV [y],$6; MFENCE; MOV EAX,[x]", "0:EAX=2 /\\ 1:EAX=1",
     Model.NONE),
    ("MOV [x],$5; MOV [y],$6", "MOV EAX,[y]; MOV EBX,[x]", "1:EAX=6 /\\ 1:EBX=1", Model.NONE),
    ("MOV EAX,[x]; MOV [y],$6", "MOV EAX,[y]; MOV [x],$5", "0:EAX=5 /\\ 1:EAX=6", Model.NONE),
    ("MOV [PTE(x)],(oa:PA(b)); MOV [y],$6", "MOV EAX,[y]; MOV EBX,[x]",
     "1:EAX=6 /\\ 1:EBX=1", Model.EARLY),
    ("MOV [PTE(x)],(P:0); MOV [y],$6", "MOV EAX,[y]; MOV EBX,[x]",
     "1:EAX=6 /\\ ~fault(1,x)", Model.EARLY),
    ("MOV [PTE(x)],(oa:PA(b)); INVLPG [x]; IPI P1", "HLT; MOV EAX,[x]", "1:EAX=1", Model.EARLY),
    ("MOV [PTE(x)],(oa:PA(b)); INVLPG [x]; IPI P1", "MOV EBX,[x]; HLT; INVLPG [x]; MOV EAX,[x]",
     "1:EAX=1", Model.NONE),
    ("MOV EBX,[x]; MOV [PTE(x)],(oa:PA(b)); MOV EAX,[x]", "", "0:EAX=1", Model.ORDERED),
], ids=lambda value: value.name if isinstance(value, Model) else str(value))
def test_an_outcome_needs_a_machine(first, second, condition, model):
    assert model_of(two(MAPPED, first, second, f"exists ({condition})")) is model


def test_a_machine_that_does_one_thing_at_a_time_obeys_every_axiom():
    # Its outcomes are allowed before the axioms are asked, so this must be so.
    tests = [*library().values(), *enumerated(3)]
    for test in tests:
        plain = {outcome for outcome, model in permitted(candidates(test)).items()
                 if model is Model.ORDERED}
        obeyed = {candidate.outcome for candidate in candidates(test) if not broken(candidate)}
        assert plain <= obeyed, test.name


FORBIDS = {
    "coherence": two(MAPPED, "MOV [x],$5; MOV EAX,[x]", "", "exists (0:EAX=1)"),
    "atomicity": two(MAPPED + "0:EAX=5; 1:EAX=6;", "XCHG [x],EAX", "XCHG [x],EAX",
                     "exists (0:EAX=1 /\\ 1:EAX=1)"),
    "causality": two(MAPPED, "MOV [x],$5; MOV [y],$6", "MOV EAX,[y]; MOV EBX,[x]",
                     "exists (1:EAX=6 /\\ 1:EBX=1)"),
    "INVLPG": two(MAPPED, "MOV [PTE(x)],(oa:PA(b)); INVLPG [x]; IPI P1",
                  "HLT; INVLPG [x]; MOV EAX,[x]", "exists (1:EAX=1)"),
}


@pytest.mark.parametrize("axiom", AXIOMS)
def test_each_axiom_forbids_something(axiom):
    test   = FORBIDS[axiom]
    wanted = [candidate for candidate in candidates(test)
              if test.condition.holds(candidate.outcome)]
    assert wanted and all(axiom in broken(candidate) for candidate in wanted)


def test_tlb_causality_of_x86t_elt_follows_from_coherence():
    # It has an arrow from the access that made a walk to each that uses it. Coherence has the same
    # arrows: both are of one processor, in this order, at one place.
    shared = 0
    for test in [*library().values(), *enumerated(3)]:
        for candidate in candidates(test):
            for access, _, owner in candidate.uses:
                one, other = candidate.events[owner], candidate.events[access]
                assert owner <= access and one.thread == other.thread, test.name
                assert one.location == other.location and {one.what, other.what} <= {"R", "W"}
                shared += owner != access
    assert shared > 100
