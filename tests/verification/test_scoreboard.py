"""The scoreboard reports each difference between a unit and the golden model, and nothing else."""

from collections import Counter
from types import SimpleNamespace

import pytest

from hw.bus import AccessResponse, ControlResponse
from hw.layout import Fault
from sim.golden.state import Features
from sim.memory import PhysicalMemory
from sim.verification.monitors import WishboneTransfer
from sim.verification.scoreboard import Scoreboard
from sim.verification.sequence import AccessStep, ControlStep, EditStep, PredictedSequence
from sw.bus import Access, Kind, PageFault, Register


DIRECTORY, TABLE, FRAME = 0x1000, 0x2000, 0x8000


def sequence():
    """A store, a load, and a user's load, on a page of the supervisor's; then CR2."""
    steps = PredictedSequence(Features())
    steps.edit(DIRECTORY, 4, TABLE | 0x7)
    steps.edit(TABLE + 4 * 5, 4, FRAME | 0x3)
    steps.write(Register.CR3, DIRECTORY)
    steps.write(Register.CR0, 0x8000_0001)
    steps.access(Access(0x5008, 8, Kind.WRITE, data=0x1122))
    steps.access(Access(0x5008, 8))
    steps.access(Access(0x5008, 8, user=True))
    steps.access(Access(0x5010, 8), chained=True)
    steps.read(Register.CR2)
    return steps


def perfect(steps):
    """All that a perfect unit does in ``steps``: responses, stores, memory, strobes."""
    unit = SimpleNamespace(accesses=[], operations=[], stores=[], memory=PhysicalMemory(),
                           strobes=Counter(page_fault=1))
    for step in steps.steps:
        match step:
            case AccessStep(outcome=None):
                unit.accesses.append({"fault": Fault.SKIPPED})
            case AccessStep(outcome=outcome) if isinstance(outcome.fault, PageFault):
                unit.accesses.append({"fault": Fault.PAGE_FAULT,
                                      "error": {"present": 1, "user": 1}})
            case AccessStep(outcome=outcome):
                unit.accesses.append({"data": outcome.data, "physical": outcome.physical})
            case ControlStep():
                unit.operations.append({"value": step.value or 0})
            case EditStep():
                unit.memory.write(step.address, step.size, step.value)
    for store in steps.stores:
        unit.stores.append(WishboneTransfer(store.word, store.sel, store.data, True, store.lock,
                                            accepted=0, stalled=0))
        unit.memory.transfer(store.word, 1, store.sel, store.data)
    return unit


def mismatches(steps, unit):
    scoreboard = Scoreboard(steps)
    for response in unit.accesses:
        scoreboard.access(AccessResponse.const(response).as_bits())
    for response in unit.operations:
        scoreboard.control(ControlResponse.const(response).as_bits())
    for store in unit.stores:
        scoreboard.transfer(store)
    scoreboard.finish(unit.memory, unit.strobes)
    return scoreboard.mismatches


def test_a_unit_that_does_what_the_model_does_has_no_mismatch():
    steps = sequence()
    assert [step.outcome and step.outcome.data for step in steps.steps
            if isinstance(step, AccessStep)] == [0, 0x1122, 0, None]
    # The accessed bit of the directory, accessed and dirty of the table, and the operand.
    assert [(store.word << 3, store.lock) for store in steps.stores] == [
        (DIRECTORY, True), (TABLE + 16, True), (FRAME + 8, False)]
    assert mismatches(steps, perfect(steps)) == []


def wrong_data(unit):
    unit.accesses[1]["data"] = 0x1123


def wrong_error_code(unit):
    unit.accesses[2]["error"] = {"user": 1}


def not_skipped(unit):
    unit.accesses[3] = {"physical": 0x8010}


def one_response_more(unit):
    unit.accesses.append({"fault": Fault.SKIPPED})


def wrong_register(unit):
    unit.operations[-1]["value"] = 0x5000


def refused(unit):
    unit.operations[0]["fault"] = 1


def store_without_lock(unit):
    unit.stores[0].lock = False


def store_lost(unit):
    unit.stores.pop()


def memory_changed(unit):
    unit.memory.write(FRAME + 0x20, 1, 7)


def strobe_lost(unit):
    unit.strobes.clear()


@pytest.mark.parametrize("flaw, message", [
    (wrong_data,         "0x1123 at physical 0x8008, but the golden model: 0x1122"),
    (wrong_error_code,   "#PF(0x4), but the golden model: #PF(0x5) at 0x5008"),
    (not_skipped,        "0x0 at physical 0x8010, but the golden model: skipped"),
    (one_response_more,  "skipped, but no access is outstanding"),
    (wrong_register,     "read CR2: 0x5000, #GP False, but the golden model: 0x5008, #GP False"),
    (refused,            "CR3 = 0x1000: 0x0, #GP True, but the golden model: #GP False"),
    (store_without_lock, "at physical 0x1000, but the golden model: locked store"),
    (store_lost,         "there was no store of 0x0000000000001122"),
    (memory_changed,     "memory at 0x8020 is 0x7, but the golden model's is 0x0"),
    (strobe_lost,        "0 strobes 'page_fault', but 1 responses"),
])
def test_each_difference_is_one_mismatch(flaw, message):
    steps = sequence()
    unit  = perfect(steps)
    flaw(unit)
    only, = mismatches(steps, unit)
    assert message in only
