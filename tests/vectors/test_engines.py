"""Outcomes of vectors: by hand, and the gateware compared with the golden model."""

import json

import pytest
from vector_support import (
    ENTRIES, LINEAR, five_levels, long_mode, pae_paging, random_line, two_levels,
)

from sim.engines.cxxrtl.vectors import CompiledVectors
from sim.errors import BusHang
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.engines.interpreted import PysimVectors
from sim.vectors.parser import parse
from sim.vectors.renderer import render


pytestmark = pytest.mark.slow


WP, SMEP, SMAP, XD = 1 << 16, 1 << 20, 1 << 21, 1 << 63
PKE, PKS, KEY = 1 << 22, 1 << 24, 5 << 59

on_each_engine = pytest.mark.parametrize("engine", ["golden", "pysim", "cxxrtl"])


def outcomes_of(engine, *lines):
    """Outcomes of lines on ``engine``, but for their cycles."""
    vectors  = [parse(1, json.dumps(line)) for line in lines]
    outcomes = VECTOR_ENGINES[engine]().run(vectors)
    found    = [json.loads(render(*pair)) for pair in zip(vectors, outcomes, strict=True)]
    for outcome in found:
        outcome.pop("cycles", None)
    return found


def leaf(flags):
    """Entries whose last one is the page 0x5000 with these flags."""
    return [*ENTRIES[:3], [ENTRIES[3][0], hex(0x5000 | flags)]]


def table(*values):
    """The entries with other values; None: as they are."""
    return [[address, before if value is None else hex(value)]
            for (address, before), value in zip(ENTRIES, values, strict=True)]


def fault(code, linear=LINEAR):
    return {"fault": "#PF", "error_code": hex(code), "cr2": hex(linear)}


#: A line; how it ends; what its entries then are, where they are not as before.
USER   = {"cpl": 3}
ACCESS = [
    ("a read sets A",   long_mode(), {"fault": None, "physical": "0x5008"},
     (0x2027, 0x3027, 0x4027, 0x5027)),
    ("a write sets D",  long_mode({"kind": "write", "size": 8}),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, 0x5067)),
    ("so does rmw",     long_mode({"kind": "rmw", "size": 8}),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, 0x5067)),
    ("missing",         long_mode(entries=leaf(0)), fault(0x0), (0x2027, 0x3027, 0x4027, None)),
    ("SMAP",            long_mode(cr4=hex(0x20 | SMAP)), fault(0x1),
     (0x2027, 0x3027, 0x4027, None)),
    ("AC",              long_mode(cr4=hex(0x20 | SMAP), ac=1),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, 0x5027)),
    ("AC is nothing to an implicit access", long_mode({"implicit": 1}, cr4=hex(0x20 | SMAP), ac=1),
     fault(0x1), (0x2027, 0x3027, 0x4027, None)),
    ("WP",              long_mode({"kind": "write"}, cr0=hex(0x8000_0011 | WP), entries=leaf(5)),
     fault(0x3), (0x2027, 0x3027, 0x4027, None)),
    ("no WP",           long_mode({"kind": "write"}, entries=leaf(5)),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, 0x5065)),
    ("a user's write",  long_mode({"kind": "rmw"}, **USER, entries=leaf(5)), fault(0x7),
     (0x2027, 0x3027, 0x4027, None)),
    ("a system page",   long_mode(**USER, entries=leaf(3)), fault(0x5),
     (0x2027, 0x3027, 0x4027, None)),
    ("... and an implicit access", long_mode({"implicit": 1}, **USER, entries=leaf(3)),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, 0x5023)),
    ("XD without NXE",  long_mode(entries=leaf(XD | 7)), fault(0x9),
     (0x2027, 0x3027, 0x4027, None)),
    ("XD",              long_mode({"kind": "fetch"}, efer="0xd00", entries=leaf(XD | 7)),
     fault(0x11), (0x2027, 0x3027, 0x4027, None)),
    ("SMEP",            long_mode({"kind": "fetch"}, cr4=hex(0x20 | SMEP)), fault(0x11),
     (0x2027, 0x3027, 0x4027, None)),
    ("AD in PKRU",      long_mode(**USER, cr4=hex(0x20 | PKE), pkru="0x400", entries=leaf(KEY | 7)),
     fault(0x25), (0x2027, 0x3027, 0x4027, None)),
    ("... of another key", long_mode(**USER, cr4=hex(0x20 | PKE), pkru="0x100",
                                     entries=leaf(KEY | 7)),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, KEY | 0x5027)),
    ("... without PKE", long_mode(**USER, cr4=hex(0x20 | PKS), pkru="0x400", entries=leaf(KEY | 7)),
     {"fault": None, "physical": "0x5008"}, (0x2027, 0x3027, 0x4027, KEY | 0x5027)),
    ("WD in PKRS",      long_mode({"kind": "write"}, cr0=hex(0x8000_0011 | WP),
                                  cr4=hex(0x20 | PKS), pkrs="0x800", entries=leaf(KEY | 3)),
     fault(0x23), (0x2027, 0x3027, 0x4027, None)),
    ("a wide frame",    long_mode(maxphyaddr=40, entries=table(None, None, None, 1 << 40 | 7)),
     fault(0x9), (0x2027, 0x3027, 0x4027, None)),
    ("... or not",      long_mode(maxphyaddr=41, entries=table(None, None, None, 1 << 40 | 7)),
     {"fault": None, "physical": "0x10000000008"}, (0x2027, 0x3027, 0x4027, 1 << 40 | 0x27)),
    ("not canonical",   long_mode({"linear": hex(1 << 47)}), {"fault": "#GP"}, (None,) * 4),
    ("paging off",      long_mode({"linear": "0x100005008"}, cr0="0x11",
                                  efer="0x0"), {"fault": None, "physical": "0x5008"}, (None,) * 4),
]


@on_each_engine
@pytest.mark.parametrize("line, ending, after", [
    pytest.param(*row, id=name) for name, *row in ACCESS])
def test_an_access_ends_by_the_rules(engine, line, ending, after):
    entries = [[address, before if value is None else hex(value)]
               for (address, before), value in zip(line["entries"], after, strict=True)]
    assert outcomes_of(engine, line) == [{"id": 1, **ending, "entries": entries}]


@on_each_engine
def test_32_bit_paging_has_entries_of_4_bytes(engine):
    line = two_levels({"kind": "write"})
    [outcome] = outcomes_of(engine, line)
    (pde, _), (pte, _) = line["entries"]
    assert outcome == {"id": 1, "fault": None, "physical": "0x3008",
                       "entries": [[pde, "0x2027"], [pte, "0x3067"]]}


@on_each_engine
def test_a_write_stores_zero_and_rmw_leaves_memory_alone(engine):
    # The page is the last table itself.
    entries = [*ENTRIES[:3], [ENTRIES[3][0], "0x4007"]]
    linear  = LINEAR & -0x1000 | int(ENTRIES[3][0], 16) & 0xfff
    for kind, after in ("rmw", "0x4067"), ("write", "0x0"):
        [outcome] = outcomes_of(engine, long_mode(
            {"kind": kind, "linear": hex(linear), "size": 8}, entries=entries))
        assert outcome["fault"] is None
        assert outcome["entries"][3][1] == after


@on_each_engine
def test_what_comes_before_has_its_own_cpl_and_ac(engine):
    before = [{"kind": "read", "linear": hex(LINEAR), "cpl": 0, "ac": 0},
              {"kind": "read", "linear": hex(LINEAR), "cpl": 0, "ac": 1},
              {"kind": "read", "linear": hex(LINEAR), "cpl": 3, "ac": 0},
              {"kind": "read", "linear": hex(1 << 50), "cpl": 3, "ac": 0}]
    done = {"fault": None, "physical": "0x5008"}
    for ac, ending in (0, fault(0x1)), (1, done):
        [outcome] = outcomes_of(engine, long_mode(cr4=hex(0x20 | SMAP), ac=ac, before=before))
        assert outcome["before"] == [fault(0x1), done, done, {"fault": "#GP"}]
        assert outcome == {"id": 1, **ending, "before": outcome["before"],
                           "entries": [[address, hex(int(value, 16) | 0x20)]
                                       for address, value in ENTRIES]}


@on_each_engine
def test_the_tlb_keeps_what_comes_before_and_no_line_sees_another(engine):
    # The first write caches the page and stores zero over its own entry.
    linear = hex(LINEAR & -0x1000 | int(ENTRIES[3][0], 16) & 0xfff)
    store  = {"kind": "write", "linear": linear, "size": 8}
    line   = long_mode({"linear": linear, "size": 8},
                       entries=[*ENTRIES[:3], [ENTRIES[3][0], "0x4007"]])
    cached, alone = outcomes_of(engine, line | {"before": [store | {"cpl": 0, "ac": 0}]}, line)
    assert (cached["fault"], cached["entries"][3][1]) == (None, "0x0")
    assert (alone["fault"],  alone["entries"][3][1])  == (None, "0x4027")


def changed(line, place, value):
    """A line whose entry number ``place`` is another one."""
    line["entries"][place][1] = hex(value)
    return line


#: A line in another mode; how it ends; which of its entries get a flag, and which.
MODES = [
    ("PAE",                 pae_paging(), {"fault": None, "physical": "0x202008"},
     {4: 0x20, 5: 0x20}),
    ("PAE, a write",        pae_paging({"kind": "write"}), {"fault": None, "physical": "0x202008"},
     {4: 0x20, 5: 0x60}),
    ("PAE, 2 MiB",          changed(pae_paging(), 4, 0x8000_0087),
     {"fault": None, "physical": "0x80005008"}, {4: 0x20}),
    ("PAE, no PDPTE",       changed(pae_paging(), 1, 0), fault(0x0), {}),
    ("PAE, an upper bit",   changed(pae_paging(), 5, 1 << 60 | 7), fault(0x9), {4: 0x20}),
    ("PAE, another table",  pae_paging({"linear": hex(LINEAR + (1 << 30))}),
     fault(0x0, LINEAR + (1 << 30)), {}),
    ("5 levels",            five_levels(), {"fault": None, "physical": "0x6008"},
     dict.fromkeys(range(5), 0x20)),
    ("5 levels, PS",        changed(five_levels(), 0, 0x87), fault(0x9), {}),
    ("5 levels, 57 bits",   five_levels({"linear": hex(1 << 55)}), fault(0x0, 1 << 55), {}),
    ("5 levels, and no more", five_levels({"linear": hex(1 << 56)}), {"fault": "#GP"}, {}),
]


@on_each_engine
@pytest.mark.parametrize("line, ending, new", [
    pytest.param(*row, id=name) for name, *row in MODES])
def test_an_access_in_another_mode(engine, line, ending, new):
    [outcome] = outcomes_of(engine, line)
    entries = [[address, hex(int(value, 16) | new.get(number, 0))]
               for number, (address, value) in enumerate(line["entries"])]
    assert outcome == {"id": 1, **ending, "entries": entries}


@on_each_engine
def test_a_malformed_pdpte_is_the_reason(engine):
    assert outcomes_of(engine, changed(pae_paging(), 2, 0x3003)) == [{
        "id": 1,
        "error": "the architecture forbids CR0 = 0x80000011 with these registers: #GP"}]


CANNOT = [
    (long_mode(cr4="0x80800020"), "this unit has no CR4.CET; this unit has no CR4.bit 31"),
    (long_mode(cr4="0x20020"), "this unit has no CR4.PCIDE"),
    (long_mode(efer="0x1500"), "this unit has no EFER.bit 12"),
    (long_mode(efer="0x100"),  "EFER.LMA is 0, but CR0.PG and EFER.LME make it 1"),
    (two_levels(efer="0x400"), "EFER.LMA is 1, but CR0.PG and EFER.LME make it 0"),
    (long_mode(cr0="0x11"),    "EFER.LMA is 1, but CR0.PG and EFER.LME make it 0"),
    (long_mode(cr0="0x180000011"),     "bits 63:32 of CR0 are reserved"),
    (two_levels(cr3="0x100000000"),    "bits 63:32 of CR3 cannot be set outside long mode"),
    (two_levels(cr0="0x10", cpl=3, entries=[]),
     "CPL is 3, but without CR0.PE there are no privilege levels"),
    (two_levels(cr0="0x10", entries=[],
                before=[{"kind": "read", "linear": "0x0", "cpl": 3, "ac": 0}]),
     "CPL is 3, but without CR0.PE there are no privilege levels"),
    (long_mode(cr3=hex(1 << 40 | 0x1000), maxphyaddr=40),
     "the architecture forbids CR3 = 0x10000001000 with these registers: #GP"),
    (long_mode(cr0="0x80000010"),
     "the architecture forbids CR0 = 0x80000010 with these registers: #GP"),
    (long_mode(cr0="0xa0000011"),
     "the architecture forbids CR0 = 0xa0000011 with these registers: #GP"),
    (long_mode(cr4="0x0"),
     "the architecture forbids CR0 = 0x80000011 with these registers: #GP"),
]


@on_each_engine
@pytest.mark.parametrize("line, reason", CANNOT, ids=range(len(CANNOT)))
def test_a_line_that_cannot_be_done_has_the_reason_as_its_error(engine, line, reason):
    before = [{"kind": "read", "linear": "0x0", "cpl": 0, "ac": 0}]
    for vector in line, {"before": before} | line:
        assert outcomes_of(engine, vector) == [{"id": 1, "error": reason}]


@on_each_engine
@pytest.mark.parametrize("line", [
    long_mode(cr0="0x80000001"),              # ET is 1, whatever is written
    long_mode(cr0="0x80050033"),              # MP, NE, AM
    long_mode(cr0="0xe0000011"),              # NW with CD
    long_mode(cr4="0x3000b0", efer="0xd01", ac=1),
    long_mode(cr3=hex(0x1018)),               # PWT and PCD
    long_mode(cr0="0x11", efer="0x100"),      # LME without PG
    two_levels(cr0="0x11", cr4="0x20", entries=[]),  # PAE without PG
    two_levels(efer="0x801"),
    two_levels(cr0="0x0", entries=[]),
])
def test_every_state_that_the_unit_has_can_be_brought_about(engine, line):
    [outcome] = outcomes_of(engine, line)
    assert outcome["fault"] is None


@pytest.mark.parametrize("engine, count", [("pysim", 400), ("cxxrtl", 4000)])
def test_the_gateware_does_what_the_golden_model_says(engine, count):
    lines  = list(map(random_line, range(count)))
    golden = outcomes_of("golden", *lines)
    assert outcomes_of(engine, *lines) == golden
    # The sample says something about everything.
    endings = [outcome for line in golden for outcome in (line, *line.get("before", []))]
    codes   = {outcome["error_code"] for outcome in endings if outcome["fault"] == "#PF"}
    assert {hex(code) for code in (0, 1, 2, 3, 4, 5, 6, 7, 9, 0xb, 0xd, 0xf, 0x10, 0x11, 0x14,
                                   0x15)} <= codes
    assert {outcome["fault"] for outcome in endings} == {None, "#PF", "#GP"}
    assert {(line["access"]["kind"], outcome["fault"]) for line, outcome
            in zip(lines, golden, strict=True)} >= {
                (kind, fault) for kind in ("read", "write", "fetch", "rmw")
                for fault in (None, "#PF")}


@pytest.mark.parametrize("maxphyaddr", [36, 40, 52])
def test_a_unit_whose_width_is_an_input_is_in_every_cycle_the_unit_of_that_width(maxphyaddr):
    # For the compiled engine the width is a number in each vector, for the other a constant.
    lines   = [line for line in map(random_line, range(400)) if line["maxphyaddr"] == maxphyaddr]
    vectors = [parse(1, json.dumps(line)) for line in lines]
    assert len(vectors) > 100
    assert VECTOR_ENGINES["cxxrtl"]().run(vectors) == VECTOR_ENGINES["pysim"]().run(vectors)


#: Entries with one bit that may be a physical address's, or a reserved one: all of them.
ONE_BIT = [
    *(long_mode(entries=table(None, None, None, 1 << bit | 7)) for bit in range(32, 52)),
    *(long_mode(entries=table(None, None, 1 << bit | 0x87, None)) for bit in range(32, 52)),
    *(two_levels(cr4="0x10", entries=[[two_levels()["entries"][0][0], hex(1 << bit | 0x87)]])
      for bit in range(13, 22)),
    *(long_mode(cr3=hex(1 << bit | 0x1000), entries=[]) for bit in range(32, 64)),
]


@pytest.mark.parametrize("maxphyaddr", [32, 36, 39, 40, 41, 51, 52])
def test_each_bit_of_an_address_exists_or_is_reserved_by_the_width(maxphyaddr):
    lines  = [line | {"maxphyaddr": maxphyaddr} for line in ONE_BIT]
    golden = outcomes_of("golden", *lines)
    assert outcomes_of("cxxrtl", *lines) == golden


def test_vectors_of_many_widths_are_done_by_one_unit(monkeypatch):
    lines = [random_line(number) | {"maxphyaddr": width, "entries": []}
             for number in range(40) for width in range(32, 53)]
    made  = []
    monkeypatch.setattr("sim.vectors.engines.compiled.CompiledVectors",
                        lambda: made.append(CompiledVectors()) or made[-1])
    assert outcomes_of("cxxrtl", *lines) == outcomes_of("golden", *lines)
    assert len(made) == 1


def test_a_vector_may_have_any_number_of_entries():
    far  = [[hex(0x10_0000 + 8 * number), hex(number)] for number in range(5000)]
    line = long_mode(entries=[*map(list, ENTRIES), *far])
    assert outcomes_of("cxxrtl", line, long_mode()) == outcomes_of("golden", line, long_mode())


def test_cycles_are_those_from_request_to_response():
    # By the contract of hw.mmu.Mmu: a hit takes two; a walk adds four, one for each level, and
    # four for each entry whose flags are set.
    step = {"kind": "read", "linear": hex(LINEAR), "cpl": 0, "ac": 0}
    lines = [long_mode(), long_mode(before=[step]),
             long_mode(entries=table(*(0x2027 + 0x1000 * level for level in range(4))))]
    vectors  = [parse(1, json.dumps(line)) for line in lines]
    outcomes = VECTOR_ENGINES["pysim"]().run(vectors)
    assert [outcome.cycles for outcome in outcomes] == [2 + 4 + 4 + 16, 2, 2 + 4 + 4]
    assert VECTOR_ENGINES["golden"]().run(vectors)[0].cycles is None


def test_a_unit_that_hangs_is_an_error(monkeypatch):
    def hang(engine, main):
        raise BusHang(10_001, "a read of 1 bytes at 0x40605008")

    monkeypatch.setattr("sim.engines.pysim.PysimEngine.run", hang)
    vector = parse(1, json.dumps(long_mode()))
    assert PysimVectors().run([vector]) == [
        "no response to a read of 1 bytes at 0x40605008 by cycle 10001"]
