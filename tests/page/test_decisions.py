"""The explorer's table: what the gateware decides, also in states that are not reduced."""

import base64
import json
from math import prod
from random import Random

import pytest

from sim.page.decisions import FILE, IMPOSSIBLE, decisions
from sim.page.reduced import CONTROLS, FIRSTS, MAXPHYADDR, Reduced, all_reduced, vector
from sim.vectors.engines import VECTOR_ENGINES


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


def test_with_a_hit_the_unit_does_not_walk(table):
    states = [state for state in all_reduced() if state.hit
              and answer(table, fields(state)) != IMPOSSIBLE]
    assert {state.first for state in states} == {"whole"}
    vectors = [vector(state, may=answer(table, fields(state))["done"]) for state in states]
    hits    = VECTOR_ENGINES["cxxrtl"]().run(vectors)
    walks   = VECTOR_ENGINES["cxxrtl"]().run([asked._replace(before=None) for asked in vectors])
    assert max(outcome.cycles for outcome in hits) < min(outcome.cycles for outcome in walks)


def reduced(entries, controls, attempt):
    """Put the entries of all levels together."""
    first = "whole"
    for entry in entries:
        malformed = entry >> MAXPHYADDR & 1 or entry >> 63 and not controls["EFER.NXE"]
        if first == "whole" and (not entry & 1 or malformed):
            first = "malformed" if entry & 1 else "missing"
    return {"first": first, "R/W": all(entry & 2 for entry in entries),
            "U/S": all(entry & 4 for entry in entries), "XD": any(entry >> 63 for entry in entries),
            **controls, "attempt": attempt, "hit": False}


def test_ten_thousand_states_that_are_not_reduced_are_decided_alike(table):
    rng = Random(1)
    states = list(all_reduced())
    asked, expected = [], []
    for _ in range(10_000):
        state   = rng.choice(states)._replace(hit=False)
        plain   = vector(state, may=False)
        entries = [
            (address, 0x2000 + 0x1000 * level | (rng.random() < 0.95)
             | (rng.random() < 0.8) << 1 | (rng.random() < 0.8) << 2
             | (rng.random() < 0.03) << MAXPHYADDR | (rng.random() < 0.15) << 63)
            for level, (address, _) in enumerate(plain.entries)]
        asked.append(plain._replace(entries=entries))
        expected.append(answer(table, reduced([entry for _, entry in entries], state.control,
                                              state.attempt)))
    seen = set()
    for outcome, decided in zip(VECTOR_ENGINES["cxxrtl"]().run(asked), expected, strict=True):
        assert (outcome.ending.fault is None) is decided["done"]
        assert outcome.ending.error_code == decided.get("error_code", 0)
        seen.add(json.dumps(decided))
    assert len(seen) == len(table["answers"]) - 1


def test_firsts_and_controls_are_in_the_order_of_the_table(table):
    names = [name for name, _ in table["dimensions"]]
    assert dict(table["dimensions"])["first"] == list(FIRSTS)
    assert names == ["first", "R/W", "U/S", "XD", *CONTROLS, "attempt", "hit"]
