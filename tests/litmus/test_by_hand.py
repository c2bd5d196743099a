"""Well-known shapes, with all their outcomes derived by hand from the manual, not by the axioms.

What is not listed is forbidden. Each is a line of reasoning that fits in a comment.
"""

import pytest

from sim.litmus.axioms import Model, permitted
from sim.litmus.candidates import candidates
from sim.litmus.examine import examine
from sim.litmus.golden import GoldenPlayer

from .litmus_support import two


ORDERED, BUFFERED, EARLY = Model.ORDERED, Model.BUFFERED, Model.EARLY

#: Value of a register whose load has faulted, or did not happen.
FAULT = None

X      = "PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a));"
X_Y    = X + "PTE(y)=(oa:PA(b));"
SHARED = "PA(a)=1; PTE(x)=(oa:PA(a)); PTE(y)=(oa:PA(a));"
TABLE  = X_Y + "PA(s)=3; PDE=(oa:PT);"
REMAP  = "MOV [PTE(x)],(oa:PA(b)); INVLPG [x]"

SHAPES = {
    # ptwalk2 of COATCheck: the walk behind the INVLPG reads the new entry.
    "ptwalk2": (X, f"{REMAP}; MOV EAX,[x]", "", ("0:EAX",), {(2,): ORDERED}),
    # dirtybit3 of COATCheck: both accesses are to the new page, and the store sets D.
    "dirtybit3": (
        X, "MOV [PTE(x)],(oa:PA(b), D:0); INVLPG [x]; MOV EAX,[x]; MOV [x],$5", "",
        ("0:EAX", "[PA(a)]", "[PA(b)]", "[PTE(x)]"), {(2, 1, 5, "(oa:PA(b))"): ORDERED}),
    # SB of the TSO literature: the loads may overtake the stores, in buffers.
    "SB": (X_Y, "MOV [x],$5; MOV EAX,[y]", "MOV [y],$6; MOV EAX,[x]", ("0:EAX", "1:EAX"),
           {(2, 5): ORDERED, (6, 1): ORDERED, (6, 5): ORDERED, (2, 1): BUFFERED}),
    # n5: of two stores to one place one is last, and each load has its own or the last one.
    "n5": (X, "MOV [x],$5; MOV EAX,[x]", "MOV [x],$6; MOV EAX,[x]", ("0:EAX", "1:EAX"),
           {(5, 5): ORDERED, (5, 6): ORDERED, (6, 6): ORDERED}),
    # sb_synonym of COATCheck: store buffering through two addresses of one page is n5.
    "sb_synonym": (SHARED, "MOV [x],$5; MOV EAX,[y]", "MOV [y],$6; MOV EAX,[x]",
                   ("0:EAX", "1:EAX"), {(5, 5): ORDERED, (5, 6): ORDERED, (6, 6): ORDERED}),
    # CoWT: the second load has the translation of the first, or walks anew.
    "CoWT": (X, "MOV EAX,[x]; MOV [PTE(x)],(oa:PA(b)); MOV EBX,[x]", "", ("0:EAX", "0:EBX"),
             {(1, 1): ORDERED, (1, 2): ORDERED}),
    # MP+translate: the flag is set when the entry is there. With no flag both are possible.
    "MP+translate": (
        "PA(a)=1; PA(f)=0; PTE(x)=(P:0); PTE(y)=(oa:PA(f));",
        "MOV [PTE(x)],(oa:PA(a)); MOV [y],$5", "MOV EAX,[y]; MOV EBX,[x]", ("1:EAX", "1:EBX"),
        {(0, FAULT): ORDERED, (0, 1): ORDERED, (5, 1): ORDERED}),
    # The same with an entry that is there before: the load's walk may have been early.
    "MP+remap": (X_Y, "MOV [PTE(x)],(oa:PA(b)); MOV [y],$5", "MOV EAX,[y]; MOV EBX,[x]",
                 ("1:EAX", "1:EBX"),
                 {(2, 1): ORDERED, (2, 2): ORDERED, (2, 5): ORDERED, (5, 5): ORDERED,
                  (5, 1): EARLY}),
    # remap+shootdown: behind its INVLPG the other processor stores to the new page.
    "ipi8": (X, f"{REMAP}; IPI P1; MOV EAX,[x]", "HLT; INVLPG [x]; MOV [x],$6",
             ("0:EAX", "[PA(a)]", "[PA(b)]"), {(2, 1, 6): ORDERED, (6, 1, 6): ORDERED}),
    # ... and before its INVLPG to either page, before or after the first one reads.
    "ipi6": (X, f"{REMAP}; IPI P1; MOV EAX,[x]", "MOV [x],$6; HLT; INVLPG [x]",
             ("0:EAX", "[PA(a)]", "[PA(b)]"),
             {(2, 6, 2): ORDERED, (2, 1, 6): ORDERED, (6, 1, 6): ORDERED}),
    # Break before make: between the two there is no page, and after it the new one.
    "BBM": (X, "MOV [PTE(x)],(P:0); INVLPG [x]; IPI P1; HLT; MOV [PTE(x)],(oa:PA(b))",
            "MOV EAX,[x]; HLT; INVLPG [x]; IPI P0; MOV EBX,[x]", ("1:EAX", "1:EBX"),
            {(1, FAULT): ORDERED, (1, 2): ORDERED, (FAULT, FAULT): ORDERED, (FAULT, 2): ORDERED}),
    # A table that nobody may use any more is used by nobody, whatever is stored there.
    "table reused": (
        TABLE, "MOV [PDE],(P:0); INVLPG [x]; IPI P1; HLT; MOV [PTE(x)],(oa:PA(s))",
        "MOV EAX,[y]; HLT; INVLPG [x]; IPI P0; MOV EBX,[x]", ("1:EAX", "1:EBX"),
        {(2, FAULT): ORDERED, (FAULT, FAULT): ORDERED}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_axioms_allow_what_the_manual_does_and_a_machine_shows_what_it_must(shape):
    start, first, second, names, allowed = SHAPES[shape]
    test   = two(start, first, second)
    found  = {}
    models = list(Model)
    for outcome, model in permitted(candidates(test)).items():
        known  = dict(outcome)
        values = tuple(value if isinstance(value := known.get(name, FAULT), int | None)
                       else str(value) for name in names)
        found[values] = min(model, found.get(values, model), key=models.index)
    assert {values: model for values, model in found.items() if model is not Model.NONE} == allowed
    # There is something to forbid: these are no empty words.
    assert Model.NONE in found.values() or shape == "SB"
    assert examine(test, GoldenPlayer()).holds
