"""The explorer's table: what the gateware decides, also in states that are not reduced."""

import base64
import json
from math import prod
from random import Random

import pytest

from sim.page.decisions import FILE, IMPOSSIBLE, decisions
from sim.page.reduced import CONTROLS, FIRSTS, Reduced, all_reduced, vector
from sim.vectors.engines import VECTOR_ENGINES

from .reader_support import BITS


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table():
    """The table that comes with the project."""
    return json.loads(FILE.read_text(encoding="ascii"))


def answer(table, state):
    """The answer for a reduced state."""
    place = 0
    for name, values in table["dimensions"]:
        place = place * len(values) + values.index(state[name])
    return table["answers"][base64.b64decode(table["table"])[place]]


def fields(state):
    """A reduced state by the names of the table's dimensions."""
    return {"first": state.first, "R/W": state.writable, "U/S": state.user,
            "XD": state.execute_disable, **state.control, "attempt": state.attempt,
            "hit": state.hit}


def test_it_is_what_the_gateware_decides(table):
    assert table == decisions("cxxrtl")
    assert len(base64.b64decode(table["table"])) == prod(
        len(values) for _, values in table["dimensions"])


def test_a_state_is_found_at_its_place(table):
    assert answer(table, fields(Reduced("whole", False, True, False, (True,) * 5, "user write",
                                        False)))["error_code"] == 7
    write = Reduced("whole", False, False, False, (False,) * 5, "kernel write", True)
    assert answer(table, fields(write)) == {"done": True}
    protected = answer(table, fields(write._replace(controls=(True,) * 5)))
    assert (protected["rule"], protected["bit"], protected["controls"]) == (10, "R/W", ["CR0.WP"])


def test_all_reasons_of_a_refusal_are_named(table):
    write = Reduced("whole", False, False, False, (True,) * 5, "user write", False)
    refused = answer(table, fields(write))
    assert [(reason["rule"], reason["bit"]) for reason in (refused, *refused["also"])] == [
        (4, "U/S"), (4, "R/W")]
    assert answer(table, fields(write._replace(first="missing")))["also"] == []
    assert answer(table, fields(write._replace(user=True)))["also"] == []


def test_with_a_hit_the_unit_does_not_walk(table):
    states = [state for state in all_reduced() if state.hit
              and answer(table, fields(state)) != IMPOSSIBLE]
    assert {state.first for state in states} == {"whole"}
    vectors = [vector(state, may=answer(table, fields(state))["done"]) for state in states]
    hits    = VECTOR_ENGINES["cxxrtl"]().run(vectors)
    walks   = VECTOR_ENGINES["cxxrtl"]().run([asked._replace(before=None) for asked in vectors])
    assert max(outcome.cycles for outcome in hits) < min(outcome.cycles for outcome in walks)


def test_ten_thousand_states_are_decided_alike_by_the_page_and_the_gateware(table, reader):
    rng = Random(1)
    states = list(all_reduced())
    vectors, asked = [], []
    for _ in range(10_000):
        state = rng.choice(states)._replace(hit=False)
        plain = vector(state, may=False)
        bits  = [{name: rng.random() < often for name, (_, often) in BITS.items()}
                 for _ in plain.entries]
        vectors.append(plain._replace(entries=[
            (address, 0x2000 + 0x1000 * level | sum(1 << BITS[name][0] for name in BITS
                                                    if bits[level][name]))
            for level, (address, _) in enumerate(plain.entries)]))
        asked.append({"levels": [{"name": "", "bits": each} for each in bits],
                      "controls": state.control, "attempt": state.attempt, "cached": None})
    reader.open()
    answers = reader.page.evaluate("text => JSON.parse(text).map(dragoncage.decided)",
                                   json.dumps(asked))
    seen = set()
    for outcome, decided in zip(VECTOR_ENGINES["cxxrtl"]().run(vectors), answers, strict=True):
        assert (outcome.ending.fault is None) is decided["done"]
        assert outcome.ending.error_code == decided.get("error_code", 0)
        seen.add(json.dumps(decided))
    assert len(seen) == len(table["answers"]) - 1


def test_firsts_and_controls_are_in_the_order_of_the_table(table):
    names = [name for name, _ in table["dimensions"]]
    assert dict(table["dimensions"])["first"] == list(FIRSTS)
    assert names == ["first", "R/W", "U/S", "XD", *CONTROLS, "attempt", "hit"]
