"""Litmus tests on machines: golden processors, units, and both with flaws."""

from dataclasses import replace
from pathlib import Path

import pytest

from hw.presets import PRESETS
from sim.litmus.axioms import Model
from sim.litmus.enumeration import enumerated
from sim.litmus.examine import examine
from sim.litmus.library import library
from sim.litmus.machines import FLAWS_OF, player
from sim.litmus.parser import parse
from tests.scenario.story_support import FAST

from .litmus_support import two


@pytest.fixture(scope="module")
def units():
    return player(FAST, PRESETS["default"])


@pytest.fixture(scope="module")
def golden():
    return player("golden", PRESETS["default"])


@pytest.mark.parametrize("test", library().values(), ids=lambda test: test.name)
def test_units_show_what_they_must_and_nothing_that_is_forbidden(test, units):
    found = examine(test, units)
    assert found.holds and set(found.shown) == found.expected


@pytest.mark.parametrize("test", library().values(), ids=lambda test: test.name)
def test_golden_processors_do_too(test, golden):
    found = examine(test, golden)
    assert found.holds and set(found.shown) == found.expected


@pytest.mark.slow
@pytest.mark.parametrize("events, share", [(3, 1), (4, 3), (5, 61)])
def test_so_do_units_in_tests_that_are_enumerated(events, share, units):
    tests = list(enumerated(events))[::share]
    found = [examine(test, units) for test in tests]
    assert [entry.test.name for entry in found if not entry.holds] == []
    assert sum(len(entry.of(Model.NONE)) for entry in found) > len(tests) // 2


@pytest.mark.slow
def test_golden_processors_do_in_more_of_them(golden):
    tests = list(enumerated(5))[::17]
    assert [test.name for test in tests if not examine(test, golden).holds] == []


def test_units_have_as_many_schedules_as_golden_processors(units, golden):
    for name in ("SB", "MP+translate", "CoRT+tlb", "BBM", "dirty", "remap+shootdown"):
        test = library()[name]
        assert examine(test, units).schedules == examine(test, golden).schedules


def test_three_processors_show_what_they_must(golden):
    start = "PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a)); PTE(y)=(oa:PA(b));"
    test  = parse(f"X86 WRC\n{{ {start} }}\n P0 | P1 | P2 ;\n"
                  " MOV [x],$5 | MOV EAX,[x] | MOV EAX,[y] ;\n"
                  "            | MOV [y],$6  | MOV EBX,[x] ;\n"
                  "forbidden (1:EAX=5 /\\ 2:EAX=6 /\\ 2:EBX=1)\n")
    found = examine(test, golden)
    assert found.holds and len(found.shown) == found.schedules == 7


@pytest.mark.parametrize("machine", ["units", "golden"])
def test_a_translation_can_be_forgotten_behind_the_invlpg_of_another_address(machine, request):
    test  = two("PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a)); PTE(y)=(oa:PA(a)); PDE=(oa:PT);",
                "MOV EAX,[y]; INVLPG [x]; MOV [PTE(y)],(oa:PA(b)); MOV EBX,[y]; MOV [PDE],(P:0)",
                "")
    found = examine(test, request.getfixturevalue(machine))
    assert found.holds and {dict(outcome)["0:EBX"] for outcome in found.shown} == {1, 2}


#: A test that shows each flaw, by its name: one that comes with the project.
SHOWN_BY = {
    "an update is not locked":           "dirty",
    "an update does not compare":        "accessed+lost",
    "the D bit is lost":                 "dirty",
    "a lock ends between its halves":    "dirty",
    "a clean page is written unseen":    "dirty+cached",
    "INVLPG does nothing":               "remap+shootdown",
    "INVLPG spares the second level":    "CoWT+invlpg",
    "INVLPG spares tables":              "table-reused+elsewhere",
    "no translation is kept":            "CoWT",
    "a walk and its access are one":     "walk+access",
}

#: Flaws with which a machine does nothing that is forbidden, and does not show what it must.
SHOWS_TOO_LITTLE = {"no translation is kept", "a walk and its access are one"}

#: A unit that is simulated fast, and has a second level of the TLB.
SMALL = replace(PRESETS["classic"], second_entries=16, directory_entries=8, reference_entries=2)


@pytest.mark.parametrize("flaw", FLAWS_OF["golden"])
def test_a_golden_processor_with_a_flaw_is_found_out(flaw):
    found = examine(library()[SHOWN_BY[flaw]], player("golden", SMALL, flaw=flaw))
    assert not found.holds
    assert found.missing if flaw in SHOWS_TOO_LITTLE else found.forbidden
    assert not (found.forbidden and flaw in SHOWS_TOO_LITTLE)


@pytest.mark.slow
@pytest.mark.parametrize("flaw", FLAWS_OF["pysim"])
def test_a_unit_with_a_flaw_is_found_out_and_the_abstract_mmu_names_the_cycle(flaw):
    found = examine(library()[SHOWN_BY[flaw]], player("pysim", SMALL, flaw=flaw))
    assert not found.holds and found.complaints
    assert all(complaint.startswith("cycle ") for _, complaint in found.complaints)


@pytest.mark.slow
def test_without_a_flaw_this_unit_holds():
    units = player("pysim", SMALL)
    assert all(examine(library()[name], units).holds for name in ("dirty+cached", "CoWT+invlpg"))


def test_the_page_has_every_flaw_with_its_test():
    page = (Path(__file__).parents[2] / "docs" / "litmus.md").read_text(encoding="utf-8")
    rows = page.partition("## Flaws")[2].partition("\n## ")[0].splitlines()
    told = [row.split("|")[1:3] for row in rows if row.startswith("| ")][1:]
    assert {flaw.strip() for flaw, _ in told} == {*FLAWS_OF["pysim"], *FLAWS_OF["golden"]}
    assert all(f"`{SHOWN_BY[flaw.strip()]}`" in test for flaw, test in told)


def test_an_outcome_that_must_be_shown_and_is_not_is_told(golden):
    test  = two("PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a));", "MOV [PTE(x)],(oa:PA(b))", "MOV EAX,[x]",
                "forbidden (1:EAX=2)")
    found = examine(test, golden)
    assert not found.condition and not found.holds
    found.shown.clear()
    assert set(found.missing) == found.expected
