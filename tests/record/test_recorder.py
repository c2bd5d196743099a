"""From samples to a trace."""

import pytest

from hw.bus import AccessRequest, AccessResponse, ControlState, Events
from hw.layout import CR0, AccessKind, Fault
from sim.record.recorder import Recorder
from sim.record.records import Recording
from sim.record.signals import Fields, Sample
from sim.record.trace import Trace


def record(*samples):
    """Record samples, each a dictionary of what is not zero, in cycles from 0 on."""
    made     = Recording()
    recorder = Recorder(made, stacks=[(), ("f",), ("f", "g")], claims=["", "it is so"])
    for cycle, values in enumerate(samples):
        recorder.step(cycle, Sample(**values))
    return Trace(made)


def bits(shape, **fields):
    return shape.const(fields).as_bits()


def request(linear, **fields):
    return {"request_valid": 1, "request_ready": 1,
            "request": bits(AccessRequest, linear=linear, size=3, **fields)}


def response(**fields):
    return {"response_valid": 1, "response": bits(AccessResponse, **fields)}


@pytest.mark.parametrize("layout, values", [
    (AccessRequest, {"linear": 0xffff_8000_0000_1234, "size": 2, "user": 1}),
    (CR0,           {"pe": 1, "wp": 1, "pg": 1}),
])
def test_fields_agree_with_the_layout(layout, values):
    whole = layout.const(values).as_bits()
    assert Fields(layout).pack(values) == whole
    assert {name: Fields(layout)(whole)[name] for name in values} == values


def test_fields_cut_a_value_to_its_width():
    assert Fields(AccessRequest).pack({"size": 5}) == bits(AccessRequest, size=1)


def test_an_access_lasts_from_its_request_to_its_response():
    made = record({}, request(0x1000, user=1), {}, response(data=7, physical=0x5000))
    [access] = made.all_accesses
    assert (access.accepted, access.completed) == (1, 3)
    assert (access.linear, access.size, access.kind) == (0x1000, 8, AccessKind.READ)
    assert (access.user, access.result, access.physical) == (True, 7, 0x5000)
    assert access.done


def test_a_request_that_is_not_taken_is_no_access():
    waiting = {**request(0x1000), "request_ready": 0}
    made = record(waiting, waiting, request(0x1000))
    assert [access.accepted for access in made.all_accesses] == [2]
    assert made.all_accesses[0].completed == -1
    assert not made.all_accesses[0].done


def test_a_response_belongs_to_the_oldest_request_before_it():
    made = record(request(0x1000), {**request(0x2000), **response(data=1)}, response(data=2))
    assert [(a.linear, a.result) for a in made.all_accesses] == [(0x1000, 1), (0x2000, 2)]


def test_a_page_fault_has_an_error_code():
    made = record(request(0x1000, kind=AccessKind.WRITE),
                  response(fault=Fault.PAGE_FAULT, error={"present": 1, "write": 1}))
    [access] = made.all_accesses
    assert (access.fault, access.error_code) == (Fault.PAGE_FAULT, 0b11)
    assert access.faulted and access.writes


def test_a_transfer_counts_when_the_target_takes_it():
    ask  = {"cyc": 1, "stb": 1, "adr": 0x200, "sel": 0xff}
    made = record({**ask, "stall": 1}, ask, {"cyc": 1, "ack": 1, "dat_r": 9})
    [transfer] = made.all_transfers
    assert (transfer.accepted, transfer.acked, transfer.address, transfer.data) == (1, 2, 0x1000, 9)


def test_an_acknowledgement_belongs_to_the_oldest_transfer_before_it():
    ask  = {"cyc": 1, "stb": 1}
    made = record({**ask, "adr": 1}, {**ask, "adr": 2}, {"cyc": 1, "ack": 1, "dat_r": 7},
                  {"cyc": 1, "ack": 1, "dat_r": 9})
    assert [(t.address, t.acked, t.data) for t in made.all_transfers] == [(8, 2, 7), (16, 3, 9)]


def test_a_record_of_what_goes_on_is_replaced_when_it_ends():
    made     = Recording()
    recorder = Recorder(made, stacks=[()], claims=[""])
    recorder.step(0, Sample(**request(0x1000)))
    [before] = made.accesses
    recorder.step(1, Sample(**response(data=7)))
    assert (before.completed, made.accesses[0].completed) == (-1, 1)


def test_a_bus_cycle_that_ends_forgoes_its_answers():
    ask  = {"cyc": 1, "stb": 1, "adr": 1}
    made = record(ask, {}, {**ask, "adr": 2}, {"cyc": 1, "ack": 1, "dat_r": 9})
    assert [(t.address, t.acked) for t in made.all_transfers] == [(8, -1), (16, 3)]


def test_transfers_between_the_begin_and_the_end_of_a_walk_are_the_walkers():
    ask  = {"cyc": 1, "stb": 1}
    made = record(ask, {**ask, "events": bits(Events, walk_begun=1)}, ask,
                  {**ask, "events": bits(Events, walk_ended=1)}, ask)
    assert [transfer.walk for transfer in made.all_transfers] == [False, True, True, True, False]


def test_every_level_of_a_strobe_is_an_event():
    made = record({"events": bits(Events, accessed=0b1001, hit=1)})
    assert [(event.name, event.level) for event in made.all_events] == \
        [("hit", 0), ("accessed", 0), ("accessed", 3)]


def test_the_control_state_is_noted_when_it_changes():
    on   = bits(ControlState, cr0=bits(CR0, wp=1), ac=1)
    made = record({}, {}, {"state": on, **request(0)}, {"state": on})
    assert [(state.cycle, state.wp, state.ac) for state in made.states] == [(0, 0, 0), (2, 1, 1)]
    assert made.all_accesses[0].state is made.states[1]


def test_marks_are_noted_when_they_change():
    made = record({}, {"kernel_stack": 1}, {"kernel_stack": 2, "claim": 1, **request(0)}, {})
    assert [(mark.cycle, mark.stack, mark.claim) for mark in made.marks] == \
        [(0, (), ""), (1, ("f",), ""), (2, ("f", "g"), "it is so"), (3, (), "")]
    assert made.all_accesses[0].mark is made.marks[2]


def test_cycles_are_counted():
    assert record({}, {}, {}).cycles == 3
