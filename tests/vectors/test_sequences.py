"""Outcomes of sequences: by hand, and the gateware beside the golden model."""

import json
from itertools import takewhile

import pytest
from hypothesis import HealthCheck, given, seed, settings
from vector_support import ENTRIES, LINEAR, long_mode, pae_paging, two_levels

from sim.errors import BusHang
from sim.golden.tlb import GoldenTlb
from sim.vectors.allowed import with_allowed
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import parse
from sim.vectors.renderer import render
from sim.vectors.sequence import AccessOutcome

from .sequence_lines_support import APART, WORLDS, access, random_lines, sequence, store, write


on_each_engine = pytest.mark.parametrize("engine", ["golden", "pysim", "cxxrtl"])

PCIDE, PKE, PGE, SMAP = 1 << 17, 1 << 22, 1 << 7, 1 << 21
KEEP = 1 << 63

LEAF = int(ENTRIES[3][0], 16)

#: A second root, whose tables lead to another page: 0x9000.
OTHER = [["0xa000", "0xb007"], ["0xb008", "0xc007"], ["0xc018", "0xd007"], ["0xd028", "0x9007"]]

INVLPG = {"op": "invlpg", "linear": hex(LINEAR)}


def invpcid(kind, pcid=0, linear=LINEAR):
    return {"op": "invpcid", "type": kind, "pcid": pcid, "linear": hex(linear)}


def played(engine, *lines):
    """Outcomes of lines on ``engine``, but for their cycles."""
    vectors  = [parse(1, json.dumps(line)) for line in lines]
    outcomes = VECTOR_ENGINES[engine]().run(vectors)
    found    = [json.loads(render(*pair)) for pair in zip(vectors, outcomes, strict=True)]
    for outcome in found:
        for step in outcome.get("steps", []):
            if step:
                step.pop("cycles", None)
    return found


def at(physical, data=None):
    """The end of an access; that of a write has no data."""
    found = {"fault": None, "physical": hex(physical)}
    return found if data is None else found | {"data": hex(data)}


def fault(code, linear=LINEAR):
    return {"fault": "#PF", "error_code": hex(code), "cr2": hex(linear)}


DONE, GP = {"fault": None}, {"fault": "#GP"}
READ  = access()
EIGHT = access(size=8)

#: Steps, how they end, and changes of the line.
STEPS = {
    "a store is read": (
        [access("write", size=4, data="0xdeadbeef"), EIGHT, access("fetch", size=2)],
        [at(0x5008), at(0x5008, 0xdead_beef), at(0x5008, 0xbeef)], {}),
    "rmw exchanges": (
        [access("rmw", size=4, data="0xabcd"), access("rmw", size=4), READ],
        [at(0x5008, 0), at(0x5008, 0xabcd), at(0x5008, 0)], {}),
    "somebody else stores": (
        [store(0x5008, 0x1122_3344_5566_7788), store(0x500c, 0xaabb_ccdd, size=4), EIGHT],
        [None, None, at(0x5008, 0xaabb_ccdd_5566_7788)], {}),
    "a stale translation, until INVLPG": (
        [READ, store(LEAF, 0x9007), READ, INVLPG, READ],
        [at(0x5008, 0), None, at(0x5008, 0), None, at(0x9008, 0)], {}),
    "INVLPG of another page flushes no translation": (
        [READ, store(LEAF, 0), INVLPG | {"linear": "0x0"}, READ],
        [at(0x5008, 0), None, None, at(0x5008, 0)], {}),
    "MOV to CR3 flushes": (
        [READ, write("cr3", 0xa000), READ], [at(0x5008, 0), DONE, at(0x9008, 0)], {}),
    "another PCID sees nothing of it": (
        [READ, write("cr3", 0xa001 | KEEP), READ, write("cr3", 0x1000 | KEEP), store(LEAF, 0), READ,
         write("cr3", 0x1000), READ],
        [at(0x5008, 0), DONE, at(0x9008, 0), DONE, None, at(0x5008, 0), DONE, fault(0)],
        {"cr4": hex(0x20 | PCIDE)}),
    "bit 63 without PCIDs is reserved": (
        [write("cr3", 0x1000 | KEEP)], [GP], {}),
    "INVPCID of an address of a PCID": (
        [READ, store(LEAF, 0), invpcid(0, 1), READ, invpcid(0), READ],
        [at(0x5008, 0), None, DONE, at(0x5008, 0), DONE, fault(0)], {"cr4": hex(0x20 | PCIDE)}),
    "INVPCID of a PCID": (
        [READ, store(LEAF, 0), invpcid(1, "0x1"), READ, invpcid(1), READ],
        [at(0x5008, 0), None, DONE, at(0x5008, 0), DONE, fault(0)], {"cr4": hex(0x20 | PCIDE)}),
    "INVPCID spares global pages, or not": (
        [store(LEAF, 0x5107), READ, store(LEAF, 0), invpcid(3), READ, invpcid(2), READ],
        [None, at(0x5008, 0), None, DONE, at(0x5008, 0), DONE, fault(0)],
        {"cr4": hex(0x20 | PGE)}),
    "INVPCID that is refused": (
        [invpcid(4), invpcid(0, linear=1 << 60), invpcid(1, 1 << 12), invpcid(1, 1)],
        [GP, GP, GP, GP], {}),
    "PCIDE needs an empty PCID, and long mode": (
        [write("cr3", 0x1018), write("cr4", 0x20 | PCIDE), write("cr3", 0x1000),
         write("cr4", 0x20 | PCIDE), write("cr0", 0x11)],
        [DONE, GP, DONE, DONE, GP], {}),
    "PKRU is state while PKE is 0": (
        [*(write("pkru", value) for value in (0xffff_ffff, 0x5555_5555, 1)), access(cpl=3),
         write("cr4", 0x20 | PKE), access(cpl=3), write("pkru", 1 << 32), write("pkrs", 1 << 32),
         write("pkrs", 0xffff_ffff)],
        [DONE, DONE, DONE, at(0x5008, 0), DONE, fault(0x25), GP, GP, DONE], {}),
    "from 4-level paging to 32-bit paging": (
        [READ, write("cr0", 0x11), write("efer", 0), write("cr4", 0),
         store(0x1404, 0x4007, size=4), write("cr0", 0x8000_0011), store(0x4814, 0x6007, size=4),
         access(linear=LINEAR | 5 << 32)],
        [at(0x5008, 0), DONE, DONE, DONE, None, DONE, None, at(0x6008, 0)], {}),
    "an access has the line's CPL and AC, or its own": (
        [READ, access(cpl=0), access(cpl=0, ac=0), access(cpl=0, ac=1)],
        [at(0x5008, 0), at(0x5008, 0), fault(1), at(0x5008, 0)],
        {"cr4": hex(0x20 | SMAP), "cpl": 3, "ac": 1}),
    "not canonical": ([access(linear=1 << 47)], [GP], {}),
    "no steps": ([], [], {}),
}


@pytest.mark.slow
@on_each_engine
@pytest.mark.parametrize("steps, ends, changes", STEPS.values(), ids=STEPS)
def test_each_step_ends_by_the_rules(engine, steps, ends, changes):
    [outcome] = played(engine, sequence(*steps, entries=ENTRIES + OTHER, **changes))
    assert outcome["steps"] == ends


@pytest.mark.slow
@on_each_engine
def test_entries_and_stores_have_their_values_afterwards(engine):
    [outcome] = played(engine, sequence(
        access("write"), store(0x9000, 7), store(0x4028, 0xff, size=4), store(0x9004, 5, size=4)))
    assert outcome["entries"] == [
        ["0x1000", "0x2027"], ["0x2008", "0x3027"], ["0x3018", "0x4027"], ["0x4028", "0xff"],
        ["0x9000", "0x500000007"], ["0x9004", "0x5"]]


@pytest.mark.slow
@on_each_engine
def test_lines_of_both_versions_stand_in_one_file_and_see_nothing_of_each_other(engine):
    lines = [long_mode(id="a"), sequence(READ, store(LEAF, 0), READ, id="b"), long_mode(id="c"),
             sequence(READ, id="d", cr4="0x800020"), sequence(READ, id="e"), long_mode(id="f")]
    found = played(engine, *lines)
    assert [outcome["id"] for outcome in found] == list("abcdef")
    assert found[3] == {"id": "d", "error": "this unit has no CR4.CET"}
    assert found[4]["steps"] == [at(0x5008, 0)]
    assert found[0]["fault"] is found[2]["fault"] is found[5]["fault"] is None


CANNOT = [
    (sequence(cr4="0x80020020"), "this unit has no CR4.bit 31"),
    (sequence(efer="0x1500"),    "this unit has no EFER.bit 12"),
    (sequence(cr3=hex(KEEP | 0x1000), cr4=hex(0x20 | PCIDE)),
     "bit 63 of CR3 is an operand's, and in no register"),
    (sequence(cr0="0x11", efer="0x0", cr4=hex(PCIDE)),
     "the architecture forbids CR4 = 0x20000 with these registers: #GP"),
    (sequence(cr0="0x80000010"),
     "the architecture forbids CR0 = 0x80000010 with these registers: #GP"),
]


@pytest.mark.slow
@on_each_engine
@pytest.mark.parametrize("line, reason", CANNOT, ids=range(len(CANNOT)))
def test_a_line_that_cannot_begin_has_the_reason_as_its_error(engine, line, reason):
    assert played(engine, line | {"steps": [READ]}) == [{"id": 1, "error": reason}]


@pytest.mark.slow
@on_each_engine
def test_other_modes_and_pcids_are_there_at_the_beginning(engine):
    lines = [pae_paging(), two_levels(), sequence(cr3="0x1005", cr4=hex(0x20 | PCIDE)),
             sequence(cr0="0x10", efer="0x0", cpl=3)]
    for line in lines:
        line.pop("access", None)
    found = played(engine, *(line | {"version": 2, "steps": [READ]} for line in lines))
    assert [outcome["steps"][0] for outcome in found] == [
        at(0x20_2008, 0), at(0x3008, 0), at(0x5008, 0), at(LINEAR, 0)]


def test_a_unit_that_hangs_is_an_error(monkeypatch):
    def hang(engine, main):
        raise BusHang(10_001, "a read of 1 bytes at 0x40605008")

    monkeypatch.setattr("sim.engines.pysim.PysimEngine.run", hang)
    assert played("pysim", sequence(READ)) == [
        {"id": 1, "error": "no response to a read of 1 bytes at 0x40605008 by cycle 10001"}]


def without_cycles(outcome):
    return [step._replace(cycles=None) if isinstance(step, AccessOutcome) else step
            for step in outcome.steps]


def forbidden(vector, outcome):
    """The first access whose outcome the manual does not permit, after those before it."""
    return next((step for step in with_allowed(vector, outcome).steps
                 if isinstance(step, AccessOutcome)
                 and (step.ending, step.data) not in step.allowed), None)


def random_vector(line):
    return parse(1, json.dumps(line))


@pytest.mark.slow
@seed(2)
@given(line=random_lines())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_golden_model_does_what_is_allowed(line):
    vector    = random_vector(line)
    [outcome] = VECTOR_ENGINES["golden"]().run([vector])
    assert forbidden(vector, outcome) is None


@pytest.mark.slow
@seed(3)
@given(line=random_lines())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_gateware_does_what_is_allowed(line):
    vector   = random_vector(line)
    [golden] = VECTOR_ENGINES["golden"]().run([vector])
    [found]  = VECTOR_ENGINES["cxxrtl"]().run([vector])
    assert forbidden(vector, found) is None
    # By the golden model's own list, too, up to the first step that ends in another way.
    alike = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(
        without_cycles(found), golden.steps, strict=True))))
    steps = with_allowed(vector, golden).steps
    if alike < len(steps) and isinstance(steps[alike], AccessOutcome):
        ended = found.steps[alike]
        assert (ended.ending, ended.data) in steps[alike].allowed


@pytest.mark.slow
@seed(4)
@given(line=random_lines())
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_interpreted_gateware_is_in_every_cycle_the_compiled_one(line):
    vector = random_vector(line)
    assert VECTOR_ENGINES["pysim"]().run([vector]) == VECTOR_ENGINES["cxxrtl"]().run([vector])


FIND, DROP = GoldenTlb.find, GoldenTlb.drop


def found_of_any_pcid(tlb, linear, pcid=0):
    """A translation of whatever PCID."""
    return next(filter(None, (FIND(tlb, linear, each) for each in (pcid, 0, 1, 2, 0xfff))), None)


#: Mistakes in the golden machine's TLB, of which the list of permitted outcomes knows nothing; and
#: worlds in which they show.
BROKEN = {
    "no flush":         ("forget", lambda tlb, concerned: None, WORLDS),
    "PCIDs are one":    ("find", found_of_any_pcid, (APART,)),
    "only global pages are dropped": ("drop", lambda tlb, linear, pcid: DROP(tlb, linear, None),
                                      WORLDS),
}


@pytest.mark.slow
@pytest.mark.parametrize("method, mistake, worlds", BROKEN.values(), ids=BROKEN)
def test_a_broken_machine_is_noticed(monkeypatch, method, mistake, worlds):
    monkeypatch.setattr(GoldenTlb, method, mistake)
    noticed = []

    @seed(5)
    @given(line=random_lines(worlds))
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck),
              database=None)
    def play(line):
        vector    = random_vector(line)
        [outcome] = VECTOR_ENGINES["golden"]().run([vector])
        noticed.append(forbidden(vector, outcome) is not None)

    play()
    assert any(noticed)
