"""Lines and vectors: what is read, what is written, and what is complained about."""

import json

import pytest
from vector_support import ENTRIES, LINEAR, as_text, long_mode, two_levels

from sim.vectors.parser import MalformedLine, parse
from sim.vectors.renderer import render
from sim.vectors.vector import Ending, VectorOutcome, VectorStep


def parsed(line):
    return parse(1, json.dumps(line))


def rendered(line, outcome):
    text = render(parsed(line), outcome)
    assert text.endswith("}\n") and text.count("\n") == 1
    return json.loads(text)


def own_step(**changes):
    """An access that comes first."""
    return {"kind": "read", "linear": "0x0", "cpl": 0, "ac": 0} | changes


def test_every_key_is_read():
    vector = parsed(long_mode(
        {"kind": "rmw", "size": 4, "implicit": 1}, id={"any": [None, 1.5]}, ac=1, cpl=3,
        pkru="0x4", pkrs="0xC", maxphyaddr=40, before=[own_step(kind="fetch", ac=1, size=8)]))
    assert vector.id == {"any": [None, 1.5]}
    assert vector[1:8] == (0x8000_0011, 0x1000, 0x20, 0x500, 4, 12, 40)
    assert vector.access == VectorStep("rmw", LINEAR, 4, 1, 3, 1)
    assert vector.entries == [(int(a, 16), int(v, 16)) for a, v in ENTRIES]
    assert vector.before == [VectorStep("fetch", 0, 8, 0, 0, 1)]


def test_what_is_not_there_has_a_default():
    vector = parsed(long_mode())
    assert (vector.pkru, vector.pkrs, vector.maxphyaddr, vector.before) == (0, 0, 52, None)
    assert (vector.access.size, vector.access.implicit) == (1, 0)


@pytest.mark.parametrize("spelt", ["0xABCD", "0xabcd", "0x000000000000000000abcd"])
def test_hex_may_be_spelt_in_other_ways(spelt):
    assert parsed(long_mode({"linear": spelt})).access.linear == 0xabcd


@pytest.mark.parametrize("around", ["  {}", "{}  ", "{}\r", "\t{} \r"])
def test_white_space_around_a_line_is_allowed(around):
    assert parse(1, around.replace("{}", json.dumps(long_mode()))) == parsed(long_mode())


@pytest.mark.parametrize("name", [
    None, True, 0, -7, 10 ** 30, 1.5, -0.0, "", "a\"\\\n\u2028é\ud800", [], [1, ["x"]], {"é": {}},
])
def test_an_id_comes_back_unchanged(name):
    for outcome in ("why", VectorOutcome(Ending("#GP"), [0] * 4, [])):
        back = rendered(long_mode(id=name), outcome)["id"]
        assert (type(back), back) == (type(name), name)


@pytest.mark.parametrize("name", ["[" * 400 + "]" * 400, '{"": ' * 400 + "0" + "}" * 400,
                                  "[" * 994 + "]" * 994, "7" * 4300, "-" + "7" * 4300])
def test_an_id_that_is_read_can_be_written(name):
    text = json.dumps(long_mode(id="x")).replace('"x"', name)
    try:
        vector = parse(1, text)
    except MalformedLine as error:
        assert "nested too deep" in str(error)
    else:
        assert render(vector, "why").startswith(f'{{"id": {name}, ')


@pytest.mark.parametrize("ending, keys", [
    (Ending(physical=0x5008),       {"fault": None, "physical": "0x5008"}),
    (Ending("#PF", 0x15, 1 << 63),  {"fault": "#PF", "error_code": "0x15",
                                     "cr2": "0x8000000000000000"}),
    (Ending("#GP"),                 {"fault": "#GP"}),
])
def test_an_outcome_has_the_keys_that_belong_to_it(ending, keys):
    values = [1, 0, 0xabc, (1 << 64) - 1]
    after  = {"entries": [[address, hex(value)]
                          for (address, _), value in zip(ENTRIES, values, strict=True)]}
    assert rendered(long_mode(), VectorOutcome(ending, values, [])) == {"id": 1, **keys, **after}
    assert rendered(long_mode(before=[own_step()]), VectorOutcome(ending, values, [ending], 9)) == \
        {"id": 1, **keys, **after, "before": [keys], "cycles": 9}
    assert rendered(long_mode(before=[]), VectorOutcome(ending, values, []))["before"] == []


def test_a_vector_that_cannot_be_done_has_a_reason():
    assert rendered(long_mode(), 'no "PAE"') == {"id": 1, "error": 'no "PAE"'}


LONG_TEXT = "0x" + "f" * 60

#: A whole line, and the complaint about it.
WHOLE = [
    ("",                "expected a JSON object: Expecting value at column 1"),
    ("{",               "expected a JSON object: Expecting property name enclosed in double "
                        "quotes at column 2"),
    ("{} {}",           "expected a JSON object: Extra data at column 4"),
    (json.dumps(long_mode()) + " 0", "expected a JSON object: Extra data at column "
                                     f"{len(json.dumps(long_mode())) + 2}"),
    ("[1]",             "expected an object, not [1]"),
    ('"id"',            'expected an object, not "id"'),
    ("null",            "expected an object, not null"),
    ("\ufeff{}",        "a byte-order mark may begin a file, and nothing else"),
    ('{"id": "\udce9"}', "not UTF-8 at column 9"),
    ('{"id": NaN}',     "expected a JSON object: NaN is no number of JSON"),
    ('{"id": -Infinity}', "expected a JSON object: -Infinity is no number of JSON"),
    ('{"id": 1e999}',   "expected a JSON object: 1e999 is too large a number"),
    ('{"id": ' + "7" * 5000 + "}", "expected a JSON object: a number of 5,000 digits is too long; "
                                   "4,300 are read"),
    ("[" * 100_000,     "expected a JSON object: nested too deep"),
    ("{}",              "id: this key is missing"),
    ('{"a\\nb": 1}',    'unknown key "a\\nb"; expected one of ac, access, before, cpl, cr0, cr3, '
                        "cr4, efer, entries, id, maxphyaddr, pkrs, pkru"),
]


@pytest.mark.parametrize("text, complaint", WHOLE, ids=range(len(WHOLE)))
def test_a_line_that_is_no_vector(text, complaint):
    with pytest.raises(MalformedLine) as raised:
        parse(7, text)
    assert str(raised.value) == f"line 7: {complaint}"
    assert raised.value.number == 7


HEX = 'expected hex such as "0x1f", not '

#: Changes of a line, the key that they make wrong, and the complaint about it.
CHANGED = [
    (long_mode(cr5="0x0"),         "", 'unknown key "cr5"; expected one of ac, access, before, '
                                       "cpl, cr0, cr3, cr4, efer, entries, id, maxphyaddr, pkrs, "
                                       "pkru"),
    (long_mode({"data": "0x0"}),   "access", 'unknown key "data"; expected one of implicit, kind, '
                                             "linear, size"),
    (long_mode({"cpl": 0}),        "access", 'unknown key "cpl"; expected one of implicit, kind, '
                                             "linear, size"),
    (long_mode(before=[own_step(), own_step(id=1)]), "before[1]",
     'unknown key "id"; expected one of ac, cpl, implicit, kind, linear, size'),

    (long_mode(cr0=1),             "cr0",  HEX + "1"),
    (long_mode(cr3=None),          "cr3",  HEX + "null"),
    (long_mode(cr4="20"),          "cr4",  HEX + '"20"'),
    (long_mode(efer="0x"),         "efer", HEX + '"0x"'),
    (long_mode(efer="0x1_0"),      "efer", HEX + '"0x1_0"'),
    (long_mode(efer="0x1 "),       "efer", HEX + '"0x1 "'),
    (long_mode(efer=" 0x1"),       "efer", HEX + '" 0x1"'),
    (long_mode(efer="0x1\n"),      "efer", HEX + '"0x1\\n"'),
    (long_mode(efer="0x1,0x1"),    "efer", HEX + '"0x1,0x1"'),
    (long_mode(efer="-0x1"),       "efer", HEX + '"-0x1"'),
    (long_mode(efer="0X1"),        "efer", HEX + '"0X1"'),
    (long_mode(efer="0x\u0661"),   "efer", HEX + '"0x\\u0661"'),
    (long_mode(cr0="0x1" + "0" * 16), "cr0", "expected a number of 64 bits at most, not "
                                             '"0x10000000000000000"'),
    (long_mode(cr0=LONG_TEXT),     "cr0",  'expected a number of 64 bits at most, not "0xffffffff'
                                           'ffffffffffffffffffffffffff...'),
    (long_mode(pkru="0x100000000"), "pkru", "expected a number of 32 bits at most, not "
                                            '"0x100000000"'),
    (long_mode(pkru=0),            "pkru", HEX + "0"),
    (long_mode(pkrs=0.0),          "pkrs", HEX + "0.0"),

    (long_mode(ac=2),              "ac",   "expected 0 or 1, not 2"),
    (long_mode(ac=True),           "ac",   "expected 0 or 1, not true"),
    (long_mode(ac="0x1"),          "ac",   'expected 0 or 1, not "0x1"'),
    (long_mode(cpl=1),             "cpl",  "expected 0 or 3, not 1"),
    (long_mode(cpl=3.0),           "cpl",  "expected 0 or 3, not 3.0"),
    (long_mode(cpl=False),         "cpl",  "expected 0 or 3, not false"),
    (long_mode(maxphyaddr=31),     "maxphyaddr", "expected a number from 32 to 52, not 31"),
    (long_mode(maxphyaddr=53),     "maxphyaddr", "expected a number from 32 to 52, not 53"),
    (long_mode(maxphyaddr="0x34"), "maxphyaddr", 'expected a number from 32 to 52, not "0x34"'),
    (long_mode(maxphyaddr=52.0),   "maxphyaddr", "expected a number from 32 to 52, not 52.0"),

    (long_mode() | {"access": []}, "access", "expected an object, not []"),
    (long_mode({"kind": "WRITE"}), "access.kind", 'expected "fetch" or "read" or "rmw" or "write", '
                                                  'not "WRITE"'),
    (long_mode({"kind": []}),      "access.kind", 'expected "fetch" or "read" or "rmw" or "write", '
                                                  "not []"),
    (long_mode({"linear": 4096}),  "access.linear", HEX + "4096"),
    (long_mode({"linear": "0x1" + "0" * 16}), "access.linear",
     'expected a number of 64 bits at most, not "0x10000000000000000"'),
    (long_mode({"size": 3}),       "access.size", "expected 1 or 2 or 4 or 8, not 3"),
    (long_mode({"size": True}),    "access.size", "expected 1 or 2 or 4 or 8, not true"),
    (long_mode({"size": "8"}),     "access.size", 'expected 1 or 2 or 4 or 8, not "8"'),
    (long_mode({"implicit": 2}),   "access.implicit", "expected 0 or 1, not 2"),
    (long_mode({"implicit": None}), "access.implicit", "expected 0 or 1, not null"),

    (long_mode(entries={}),        "entries", "expected a list, not {}"),
    (long_mode(entries=["0x"]),    "entries[0]", 'expected a list of an address and a value, not '
                                                 '"0x"'),
    (long_mode(entries=[{"0x0": 0, "0x8": 0}]), "entries[0]",
     'expected a list of an address and a value, not {"0x0": 0, "0x8": 0}'),
    (long_mode(entries=[["0x0"], ["0x0", "0x8", "0x10"]]), "entries[0]",
     'expected a list of an address and a value, not ["0x0"]'),
    (long_mode(entries=[["0x0", "0x0"], [8, "0x0"]]), "entries[1][0]", HEX + "8"),
    (long_mode(entries=[["0x0", 0]]), "entries[0][1]", HEX + "0"),
    (long_mode(entries=[["0x4", "0x0"]]), "entries[0][0]", 'expected a multiple of 8, not "0x4"'),
    (two_levels(entries=[["0x2", "0x0"]]), "entries[0][0]", 'expected a multiple of 4, not "0x2"'),
    (long_mode(entries=[["0x1000000000", "0x0"]], maxphyaddr=36), "entries[0][0]",
     'expected a number of 36 bits at most, not "0x1000000000"'),
    (two_levels(entries=[["0x0", "0x100000000"]]), "entries[0][1]",
     'expected a number of 32 bits at most, not "0x100000000"'),
    (long_mode(entries=[["0x0", "0x1" + "0" * 16]]), "entries[0][1]",
     'expected a number of 64 bits at most, not "0x10000000000000000"'),
    (two_levels(entries=[["0x0", "0x1" + "0" * 16]]), "entries[0][1]",
     'expected a number of 32 bits at most, not "0x10000000000000000"'),
    (long_mode(entries=[["0x8", "0x0"], ["0x08", "0x1"]]), "entries[1][0]",
     'expected each address once, not "0x08"'),

    (long_mode(before=None),       "before", "expected a list, not null"),
    (long_mode(before=[1]),        "before[0]", "expected an object, not 1"),
    (long_mode(before=[own_step(linear=1)]), "before[0].linear", HEX + "1"),
    (long_mode(before=[own_step(cpl=2)]), "before[0].cpl", "expected 0 or 3, not 2"),
    (long_mode(before=[own_step(ac=2)]), "before[0].ac", "expected 0 or 1, not 2"),
    (long_mode(before=[own_step(), {"kind": "read", "linear": "0x0", "cpl": 0}]), "before[1].ac",
     "this key is missing"),
    *((dict(list(long_mode().items())[:place] + list(long_mode().items())[place + 1:]), key,
       "this key is missing") for place, key in enumerate(long_mode())),
    (long_mode() | {"access": {"kind": "read"}},  "access.linear", "this key is missing"),
    (long_mode() | {"access": {"linear": "0x0"}}, "access.kind",   "this key is missing"),
]


@pytest.mark.parametrize("line, key, complaint", CHANGED, ids=range(len(CHANGED)))
def test_a_complaint_names_line_and_key(line, key, complaint):
    with pytest.raises(MalformedLine) as raised:
        parse(12, as_text(line).rstrip("\n"))
    assert str(raised.value) == f"line 12: {f'{key}: ' if key else ''}{complaint}"
    assert raised.value.key == key


def test_entries_are_8_bytes_but_for_32_bit_paging():
    for line in (long_mode(), two_levels(cr0="0x11")):
        assert parsed(line | {"entries": [["0x8", hex(1 << 63)]]}).entries == [(8, 1 << 63)]
    assert parsed(two_levels(entries=[["0x4", "0xffffffff"]])).entries == [(4, 0xffff_ffff)]
