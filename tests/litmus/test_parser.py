"""Litmus tests as text: what is written is read again, and what is none is refused in a line."""

import pytest

from sim.litmus.enumeration import enumerated
from sim.litmus.library import library
from sim.litmus.parser import parse
from sim.litmus.playable import MalformedTest
from sim.litmus.test import Entry, Kind, Location, Op, Quantifier
from sim.litmus.text import as_text


@pytest.mark.parametrize("test", library().values(), ids=lambda test: test.name)
def test_a_test_that_comes_with_the_project_is_read_as_it_is_written(test):
    assert parse(as_text(test)) == test and test.about


def test_an_enumerated_test_is_read_as_it_is_written():
    for test in enumerated(3):
        assert parse(as_text(test)) == test


GOOD = """
X86 good (* a comment
            of two lines *)
"about"
{ PA(a)=1; PTE(x)=(oa:PA(a), D:0);
  PDE=(oa:PT); 1:EAX=5; }
 P0 | P1 ;
 MOV [ PTE(x) ], (oa:PA(a), RW:0) | XCHG EAX , [x] ;
 IPI P1 | HLT ;
~exists (1:EAX=1 /\\ fault(1,x) \\/ ~[PA(a)]=5)
"""


def test_blanks_comments_and_the_words_of_herd_are_understood():
    test = parse(GOOD)
    assert test.about == "about"
    assert test.initial[Location(Kind.TABLE, "x")] == Entry("a", dirty=False)
    assert [step.op for step in test.threads[1]] == [Op.EXCHANGE, Op.WAIT]
    assert test.threads[1][0].value == 5
    assert test.condition.quantifier is Quantifier.FORBIDDEN
    assert len(test.condition.clauses) == 2


@pytest.mark.parametrize("change, complaint", [
    (("X86 good", "ARM good"), "line 2: a litmus test begins with X86 and its name"),
    (("{", ""),                "line 5: { and } enclose what is in memory at first"),
    (("}", ""),                "line 7: "),
    (("PA(a)=1", "PA(a)=(P:0)"), "line 5: PA(a) cannot be (P:0)"),
    (("PA(a)=1", "a=1"),       "line 5: a is an address: say what PTE(a) is"),
    (("PA(a)=1", "PA(a)=1; PA(a)=2"), "line 5: PA(a) has a value already"),
    (("1:EAX=5", "1:EAX=5; 1:EAX=6"), "line 6: 1:EAX has a value already"),
    (("1:EAX=5", "1:EAX=5;\n 4:EAX=5"), "line 7: 4:EAX has a value for nothing: P4 has no store"),
    (("1:EAX=5", "1:EAX=5; 1:EBX=5"), "line 6: 1:EBX has a value for nothing: P1 has no store"),
    (("D:0)", "D:0, D:1)"),    "line 5: an entry has D once"),
    (("~exists", "exist"),     "line 10: a line of programs ends in ;, and a condition begins"),
    (("D:0", "Z:0"),           '"Z:0" is no part of an entry'),
    (("P0 | P1", "P1 | P0"),   "line 7: columns have the heads P0, P1"),
    (("HLT ;", "HLT"),         "line 9: a line of programs ends in ;"),
    (("| HLT", ""),            "line 9: there are 2 columns, not 1"),
    (("HLT", "NOP"),           '"NOP" is no instruction'),
    (("IPI P1 | HLT", "HLT; | HLT"), "is no instruction"),
    (("IPI P1 | HLT ;", "HLT | HLT ;\n IPI P1 | IPI P0 ;"), "P0 waits for an interrupt that"),
    (("IPI P1", "IPI P7"),     "line 9: there is no P7 to interrupt"),
    (("IPI P1", "MFENCE"),     "line 9: P1 waits for an interrupt that nobody sends"),
    (("XCHG EAX", "XCHG EBX"), "EBX has no value at first: write 1:EBX=1"),
    (("[x]", "[z]"),           "line 8: nobody says what PTE(z) is at first"),
    (("RW:0)", "RW:0), oa:"),  "is no instruction"),
    (("oa:PA(a), RW:0", "oa:PA(q)"), "line 8: nobody says what is in PA(q) at first"),
    (("~exists (", "~exists "), "~exists is followed by a condition in"),
    (("[PA(a)]=5", "[a]=5"),   "line 10: nothing is known of [a] at the end"),
    (("1:EAX=1", "1:EBX=1"),   "nothing is known of 1:EBX at the end"),
    (("fault(1,x)", "crash"),  '"crash" is no condition'),
    (("| HLT", "| XCHG EAX , [x]"), "line 9: EAX is loaded before: take another register"),
    (("| HLT", "| MOV EAX,[x]"), "line 9: EAX is loaded before: take another register"),
    (("| HLT", "| MOV [x],EAX"), "line 9: EAX is loaded before: take another register"),
    (("PDE=(oa:PT)", "PDE=(oa:PT, RW:0)"), "PDE is (oa:PT) or (P:0), not (oa:PT, RW:0)"),
    (("PDE=(oa:PT)", "PDE=(oa:PA(a))"), "line 6: PDE is (oa:PT) or (P:0), not (oa:PA(a))"),
    (("oa:PA(a), D:0", "oa:PT, D:0"), "PTE(x) maps no page: write oa:PA(a), or (P:0)"),
    (("oa:PA(a), RW:0", "RW:0"), "PTE(x) maps no page: write oa:PA(a), or (P:0)"),
])
def test_a_text_that_is_no_test_is_refused(change, complaint):
    with pytest.raises(MalformedTest) as refused:
        parse(GOOD.replace(*change))
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_empty_text_is_refused():
    with pytest.raises(MalformedTest, match="line 1"):
        parse("")


@pytest.mark.parametrize("line, count, complaint", [
    (" INVLPG [x] ;\n", 17, "at most 16 instructions"), (" MOV [x],$1 ;\n", 7, "at most 6 stores"),
])
def test_a_test_that_would_take_hours_to_think_out_is_refused(line, count, complaint):
    def text(count):
        return "X86 long\n{ PA(a)=1; PTE(x)=(oa:PA(a)); }\n P0 ;\n" + count * line

    with pytest.raises(MalformedTest, match=complaint):
        parse(text(count))
    parse(text(count - 1))
