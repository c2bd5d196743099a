"""Questions to the record of the ports."""

import pytest

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault
from sim.record.interval import Interval

from .trace_records import access, control, event, mark, state, trace, transfer


ACCESSES = trace(
    access(10, 0x1000, user=True),
    access(20, 0x1ffc, kind=AccessKind.WRITE, physical=0x5ffc, stack=("outer", "inner")),
    access(30, 0x3000, kind=AccessKind.EXCHANGE, error_code=0x3),
    access(40, 0x4000, kind=AccessKind.FETCH, size=1, fault=Fault.GENERAL_PROTECTION),
    access(50, 0x5000, fault=Fault.SKIPPED),
)


@pytest.mark.parametrize("which, found", [
    ({},                                  [10, 20, 30, 40, 50]),
    ({"during": Interval(20, 40)},        [20, 30]),
    ({"linear": 0x1007},                  [10]),
    ({"linear": 0x1008},                  []),
    ({"linear": 0x2000},                  [20]),   # its last four bytes
    ({"linear": range(0x2000, 0x3001)},   [20, 30]),
    ({"linear": range(0x2004, 0x3000)},   []),
    ({"physical": range(0x6000, 0x7000)}, [20]),
    ({"physical": 0},                     [10]),   # not those that faulted
    ({"kind": AccessKind.FETCH},          [40]),
    ({"writes": True},                    [20, 30]),
    ({"user": True},                      [10]),
    ({"faulted": True},                   [30, 40]),
    ({"faulted": False},                  [10, 20, 50]),
    ({"function": "outer"},               [20]),
    ({"function": "inner", "user": True}, []),
])
def test_accesses_are_found_by_what_they_are(which, found):
    assert [access.accepted for access in ACCESSES.accesses(**which)] == found


def test_faults_are_accesses_that_faulted():
    assert ACCESSES.faults() == ACCESSES.accesses(faulted=True)
    assert [access.accepted for access in ACCESSES.faults(linear=0x3000)] == [30]


@pytest.mark.parametrize("which, found", [
    ({"physical": 0x1000},                [10]),
    ({"physical": 0x1007},                [10]),
    ({"physical": 0x2000},                []),     # its lane is not selected
    ({"physical": 0x2004},                [20]),
    ({"physical": range(0x2001, 0x2004)}, []),
    ({"write": True},                     [20]),
    ({"lock": True},                      [20]),
    ({"walk": True},                      [10]),
    ({"during": Interval(11)},            [20]),
])
def test_transfers_are_found_by_their_byte_lanes(which, found):
    made = trace(transfer(10, 0x1000, walk=True),
                 transfer(20, 0x2000, write=True, lock=True, sel=0xf0))
    assert [transfer.accepted for transfer in made.transfers(**which)] == found


def test_invlpg_is_on_no_register():
    made = trace(control(1, ControlOp.WRITE, Register.CR0), control(2, ControlOp.INVLPG))
    assert [c.accepted for c in made.controls(register=Register.CR0)] == [1]
    assert [c.accepted for c in made.controls(op=ControlOp.INVLPG)] == [2]


def test_events_are_found_by_name_and_level():
    made = trace(event(3, "hit"), event(5, "accessed", 0), event(5, "accessed", 2), event(9, "hit"))
    assert [e.cycle for e in made.events("hit")] == [3, 9]
    assert [e.cycle for e in made.events("hit", during=Interval(4, 9))] == []
    assert made.events("accessed", level=2) == [event(5, "accessed", 2)]


def test_a_window_lasts_while_a_function_is_on_the_stack():
    made = trace(mark(10, "f"), mark(12, "f", "g"), mark(15, "f"), mark(20), mark(30, "g"))
    assert made.window("f") == [Interval(10, 20)]
    assert made.window("g") == [Interval(12, 15), Interval(30, 100)]
    assert made.window("g", during=Interval(13, 14)) == [Interval(13, 14)]
    assert made.window("g", during=Interval(32, 40)) == [Interval(32, 40)]
    assert made.window("f", during=Interval(20)) == made.window("g", during=Interval(40, 40)) == []
    assert made.window("h") == []


def test_between_two_functions_is_from_the_entry_of_one_to_the_exit_of_the_other():
    made = trace(mark(10, "kunmap"), mark(11), mark(20, "kmap"), mark(22), mark(30, "kunmap"),
                 mark(33))
    assert made.between("kmap", "kunmap") == Interval(20, 33)
    with pytest.raises(LookupError, match="no kmap and kunmap after cycle 22"):
        made.between("kmap", "kunmap", during=Interval(22, 30))
    with pytest.raises(LookupError):
        made.between("kmap", "kunmap", during=Interval(0, 30))


def test_the_control_state_lasts_until_it_changes():
    made = trace(state(10, ac=1), state(12, ac=1, wp=1), state(15, wp=1))
    assert made.while_state(lambda now: now.ac == 1) == [Interval(10, 15)]
    assert [made.state_at(cycle).wp for cycle in (0, 11, 12, 99)] == [0, 0, 1, 1]


def test_marks_can_be_looked_up_by_cycle():
    made = trace(mark(10, "f", claim="it holds"))
    assert made.mark_at(9).stack == ()
    assert (made.mark_at(10).stack, made.mark_at(10).claim) == (("f",), "it holds")
    with pytest.raises(LookupError, match="cycle -1"):
        made.mark_at(-1)
