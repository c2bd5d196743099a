"""The rules on arrays are those of the golden model, case by case."""

import random

import pytest

from sim.golden.mmu import GoldenMmu
from sim.golden.permission import Attempt
from sim.golden.state import Features
from sim.golden.walk import walk
from sim.sweep.rules import CAUSES, digits, outcomes
from sim.sweep.sample import agrees
from sim.sweep.spaces import BLOCK, SPACES, Case
from sim.sweep.tables import MAXPHYADDR, vector
from sim.vectors.support import control_writes
from sim.vectors.vector import AC, entry_size
from sw.bus import Register


MACHINE = Features(maxphyaddr=MAXPHYADDR, pae=True, la57=True, pcid=False, pku=True, pks=True)


def golden_cause(case):
    """Reason of a case's fault in the golden model, or what the case has changed."""
    found = vector(case)
    mmu   = GoldenMmu(MACHINE)
    size  = entry_size(found.cr0, found.cr4, found.efer)
    for address, value in found.entries:
        mmu.memory.write(address, size, value)
    for register, value in control_writes(found):
        mmu.write_control(register, value)
    mmu.write_control(Register.RFLAGS, AC * found.access.ac)
    access = found.access.access
    done   = walk(mmu.state, Attempt.of(access), access.linear, mmu.memory.read)
    if done.refusal:
        return done.refusal.name.lower()
    leaf = done.steps[-1]
    if any(update.address == leaf.address and (update.value ^ leaf.entry) >> 6 & 1
           for update in done.updates):
        return "done_dirty"
    return "done_accessed" if done.updates else "done"


def drawn_cases(space, blocks, seed):
    """Cases of some blocks: in each, half of those that do not end at an entry, and others."""
    draw = random.Random(f"{space.name} {seed}")
    for _ in range(blocks):
        block = draw.randrange(space.blocks)
        found = outcomes(space, digits(space) | space.slow_values(block))
        judged = [lane for lane in range(BLOCK) if CAUSES[found.cause[lane]] not in
                  ("not_present", "reserved")]
        lanes = draw.sample(judged, min(4, len(judged))) + [draw.randrange(BLOCK) for _ in range(3)]
        yield from ((Case(space, block, lane), found) for lane in lanes)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_cases_end_as_in_the_golden_model(space):
    wrong = [case for case, found in drawn_cases(space, 25, 1) if not agrees(case, found)]
    assert wrong == []


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_they_end_for_the_reason_that_the_golden_model_has(space):
    for case, found in drawn_cases(space, 15, 2):
        assert CAUSES[found.cause[case.lane]] == golden_cause(case), case.values


@pytest.mark.slow
def test_every_cause_is_met():
    space, draw, met = SPACES[6], random.Random(3), set()
    for _ in range(400):
        found = outcomes(space, digits(space) | space.slow_values(draw.randrange(space.blocks)))
        met |= {CAUSES[number] for number in set(found.cause.tolist())}
    assert met == set(CAUSES)


def test_a_case_that_is_judged_wrongly_does_not_agree():
    space = SPACES[0]
    found = outcomes(space, digits(space) | space.slow_values(0))
    lane  = next(lane for lane in range(BLOCK) if CAUSES[found.cause[lane]] == "done_dirty")
    assert agrees(Case(space, 0, lane), found)
    found.dirtied[lane] = False
    assert not agrees(Case(space, 0, lane), found)
