"""Lines of version 2: what is read, what is written, and what is complained about."""

import json

import pytest
from vector_support import ENTRIES, LINEAR, as_text, long_mode, two_levels

from sim.vectors.parser import MalformedLine, parse
from sim.vectors.renderer import render
from sim.vectors.sequence import (
    AccessOutcome, AccessStep, InvlpgStep, InvpcidStep, SequenceOutcome, StoreStep, WriteStep,
)
from sim.vectors.vector import Ending
from sw.bus import Kind, Register

from .sequence_lines_support import access, sequence, store, write


def parsed(line):
    return parse(1, json.dumps(line))


INVPCID = {"op": "invpcid", "type": 1, "pcid": "0x2", "linear": "0x3000"}


def test_every_step_is_read():
    vector = parsed(sequence(
        access("rmw", size=4, implicit=1, cpl=3, ac=0, data="0xffffffff"), access("fetch"),
        store(0x4028, 1 << 63), store(0x402c, 7, size=4), {"op": "invlpg", "linear": "0x5000"},
        INVPCID, *(write(name, 9) for name in ("cr0", "cr3", "cr4", "efer", "pkru", "pkrs")),
        id=["x"], ac=1, pkru="0x4", pkrs="0xc", maxphyaddr=40))
    assert vector[:8] == (["x"], 0x8000_0011, 0x1000, 0x20, 0x500, 4, 12, 40)
    assert vector.entries == [(int(a, 16), int(v, 16)) for a, v in ENTRIES]
    assert vector.steps == [
        AccessStep("rmw", LINEAR, 4, 1, 3, 0, 0xffff_ffff),
        AccessStep("fetch", LINEAR, 1, 0, 0, 1, 0),
        StoreStep(0x4028, 8, 1 << 63), StoreStep(0x402c, 4, 7), InvlpgStep(0x5000),
        InvpcidStep(1, 2, 0x3000),
        *(WriteStep(register, 9) for register in (
            Register.CR0, Register.CR3, Register.CR4, Register.EFER, Register.PKRU, Register.PKRS)),
    ]
    assert vector.steps[0].access.kind is Kind.EXCHANGE
    assert vector.steps[5].descriptor == 0x3000 << 64 | 2


def test_version_1_may_be_named():
    assert parsed(long_mode(version=1)) == parsed(long_mode())


def test_an_outcome_has_what_belongs_to_each_step():
    line = sequence(access(), access("write"), access(), write("cr0", 0), INVPCID,
                    store(0x9000, 1), store(0x4028, 1, size=4), store(0x904, 1, size=4))
    done, fault = Ending(physical=0x5008), Ending("#PF", 0x15, 1 << 63)
    text = render(parsed(line), SequenceOutcome(
        [AccessOutcome(done, 0xab, 26, [(done, 0xab), (Ending("#GP"), None)]),
         AccessOutcome(done, None, 2), AccessOutcome(fault), True, False, None, None, None],
        [1, 2, 3, 4, 5, 6]))
    assert text.endswith("}\n") and text.count("\n") == 1
    assert json.loads(text) == {
        "id": 1,
        "steps": [
            {"fault": None, "physical": "0x5008", "data": "0xab", "cycles": 26,
             "allowed": [{"fault": None, "physical": "0x5008", "data": "0xab"}, {"fault": "#GP"}]},
            {"fault": None, "physical": "0x5008", "cycles": 2},
            {"fault": "#PF", "error_code": "0x15", "cr2": "0x8000000000000000"},
            {"fault": "#GP"}, {"fault": None}, None, None, None],
        # An address that is named twice comes once, with the larger size.
        "entries": [["0x1000", "0x1"], ["0x2008", "0x2"], ["0x3018", "0x3"], ["0x4028", "0x4"],
                    ["0x9000", "0x5"], ["0x904", "0x6"]]}
    assert list(parsed(line).places.values()) == [8, 8, 8, 8, 8, 4]
    assert render(parsed(line), "why") == '{"id": 1, "error": "why"}\n'


HEX = 'expected hex such as "0x1f", not '

KEYS = ("ac, cpl, cr0, cr3, cr4, efer, entries, id, maxphyaddr, pkrs, pkru, steps, version")

NUMBER = 'expected a number such as 1 or "0x1", not '

WIDE = "0x1" + "0" * 16


def without(line, key):
    return {name: value for name, value in line.items() if name != key}


#: A line, the key that is wrong, and the complaint about it.
WRONG = [
    (sequence(version=3),          "version", "expected 1 or 2, not 3"),
    (sequence(version="2"),        "version", 'expected 1 or 2, not "2"'),
    (sequence(version=True),       "version", "expected 1 or 2, not true"),
    (long_mode(version=2),         "", f'unknown key "access"; expected one of {KEYS}'),
    (sequence(before=[]),          "", f'unknown key "before"; expected one of {KEYS}'),
    (sequence(version=1),          "", 'unknown key "steps"; expected one of ac, access, before, '
                                       "cpl, cr0, cr3, cr4, efer, entries, id, maxphyaddr, pkrs, "
                                       "pkru"),
    *((without(sequence(), key), key, "this key is missing")
      for key in sequence() if key != "version"),
    (sequence(cr0=1),              "cr0", HEX + "1"),
    (sequence(efer=WIDE),          "efer", f'expected a number of 64 bits at most, not "{WIDE}"'),
    (sequence(ac=2),               "ac", "expected 0 or 1, not 2"),
    (sequence(cpl=1),              "cpl", "expected 0 or 3, not 1"),
    (sequence(pkru="0x100000000"), "pkru", "expected a number of 32 bits at most, not "
                                           '"0x100000000"'),
    (sequence(maxphyaddr=53),      "maxphyaddr", "expected a number from 32 to 52, not 53"),
    (sequence(entries=[["0x0", 0]]), "entries[0][1]", HEX + "0"),
    (sequence(entries=[["0x4", "0x0"]]), "entries[0][0]", 'expected a multiple of 8, not "0x4"'),
    (sequence(steps={}),           "steps", "expected a list, not {}"),
    (sequence(1),                  "steps[0]", "expected an object, not 1"),
    (sequence(access(), {}),       "steps[1].op", "this key is missing"),
    (sequence({"op": "halt"}),     "steps[0].op", 'expected "access" or "invlpg" or "invpcid" or '
                                                  '"store" or "write", not "halt"'),
    (sequence({"op": []}),         "steps[0].op", 'expected "access" or "invlpg" or "invpcid" or '
                                                  '"store" or "write", not []'),

    (sequence(access(id=1)),       "steps[0]", 'unknown key "id"; expected one of ac, cpl, data, '
                                               "implicit, kind, linear, op, size"),
    (sequence(without(access(), "kind")), "steps[0].kind", "this key is missing"),
    (sequence(access("load")),     "steps[0].kind", 'expected "fetch" or "read" or "rmw" or '
                                                    '"write", not "load"'),
    (sequence(access() | {"linear": 1}), "steps[0].linear", HEX + "1"),
    (sequence(access(size=3)),     "steps[0].size", "expected 1 or 2 or 4 or 8, not 3"),
    (sequence(access(implicit=True)), "steps[0].implicit", "expected 0 or 1, not true"),
    (sequence(access(cpl=1)),      "steps[0].cpl", "expected 0 or 3, not 1"),
    (sequence(access(ac="0x0")),   "steps[0].ac", 'expected 0 or 1, not "0x0"'),
    (sequence(access("write", data=1)), "steps[0].data", HEX + "1"),
    (sequence(access("write", size=2, data="0x10000")), "steps[0].data",
     'expected a number of 16 bits at most, not "0x10000"'),

    (sequence({"op": "store", "value": "0x0"}), "steps[0].address", "this key is missing"),
    (sequence(store(0x4, 0)),      "steps[0].address", 'expected a multiple of 8, not "0x4"'),
    (sequence(store(0x2, 0, size=4)), "steps[0].address", 'expected a multiple of 4, not "0x2"'),
    (sequence(store(1 << 40, 0), maxphyaddr=40), "steps[0].address",
     'expected a number of 40 bits at most, not "0x10000000000"'),
    (sequence(store(0, 1 << 32, size=4)), "steps[0].value",
     'expected a number of 32 bits at most, not "0x100000000"'),
    (sequence(store(0, 0, size=2)), "steps[0].size", "expected 4 or 8, not 2"),

    (sequence({"op": "invlpg"}),   "steps[0].linear", "this key is missing"),
    (sequence({"op": "invlpg", "linear": "0x0", "pcid": 1}), "steps[0]",
     'unknown key "pcid"; expected one of linear, op'),
    *((sequence(without(INVPCID, key)), f"steps[0].{key}", "this key is missing")
      for key in ("type", "pcid", "linear")),
    (sequence(INVPCID | {"type": -1}),   "steps[0].type", NUMBER + "-1"),
    (sequence(INVPCID | {"type": 1.0}),  "steps[0].type", NUMBER + "1.0"),
    (sequence(INVPCID | {"pcid": True}), "steps[0].pcid", NUMBER + "true"),
    (sequence(INVPCID | {"pcid": "2"}),  "steps[0].pcid", HEX + '"2"'),
    (sequence(INVPCID | {"pcid": 1 << 64}), "steps[0].pcid",
     f"expected a number of 64 bits at most, not {1 << 64}"),

    (sequence(write("cr2", 0)),    "steps[0].register", 'expected "cr0" or "cr3" or "cr4" or '
                                                        '"efer" or "pkrs" or "pkru", not "cr2"'),
    (sequence({"op": "write", "register": "cr0"}), "steps[0].value", "this key is missing"),
    (sequence(write("pkru", 1 << 64)), "steps[0].value",
     f'expected a number of 64 bits at most, not "{WIDE}"'),
]


@pytest.mark.parametrize("line, key, complaint", WRONG, ids=range(len(WRONG)))
def test_a_complaint_names_line_and_key(line, key, complaint):
    with pytest.raises(MalformedLine) as raised:
        parse(12, as_text(line).rstrip("\n"))
    assert str(raised.value) == f"line 12: {f'{key}: ' if key else ''}{complaint}"
    assert raised.value.key == key


def test_entries_are_those_of_the_mode_at_the_beginning():
    line = two_levels(entries=[["0x4", "0xffffffff"]])
    vector = parsed(without(line, "access") | {"version": 2, "steps": [store(8, 1)]})
    assert vector.places == {4: 4, 8: 8}
