"""Judges: each must be able to say yes and no."""

import pytest

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Entry, Fault
from sim.record import claims
from sim.record.interval import Interval
from sim.record.verdict import Verdict, all_of
from sw.mm.highmem import kmap, kunmap

from .trace_records import access, control, event, mark, state, trace, transfer


PAGE  = range(0x1000, 0x2000)
WRITE = AccessKind.WRITE


def entry(**fields):
    return Entry.const(fields).as_bits()


@pytest.mark.parametrize("which, holds, cycle", [
    ({"error_code": 0x7},                                          True,  12),
    ({},                                                           True,  12),
    ({"error_code": 0x3},                                          False, 12),
    ({"fault": Fault.GENERAL_PROTECTION},                          False, 12),
    ({"during": Interval(11)},                                     False, None),
])
def test_faulted(which, holds, cycle):
    made = trace(access(10, 0x1000, kind=WRITE, user=True, error_code=0x7))
    verdict = claims.faulted(made, linear=PAGE, **which)
    assert (verdict.holds, verdict.cycle) == (holds, cycle)


def test_faulted_says_what_was_found():
    made = trace(access(10, 0x1000, kind=WRITE, user=True, error_code=0x7))
    assert claims.faulted(made, linear=PAGE).detail == \
        "user write of 0x1000: #PF, error code 0x7"
    assert claims.faulted(made, linear=0).detail == "there was no such access"


@pytest.mark.parametrize("which, holds", [
    ({"user": False}, True),
    ({},              False),
    ({"during": Interval(50)}, False),   # nothing happened: nothing is shown
])
def test_no_fault(which, holds):
    made = trace(access(10, 0x1000), access(20, 0x1000, user=True, error_code=0x4))
    assert claims.no_fault(made, **which).holds == holds


@pytest.mark.parametrize("which, holds", [
    ({"linear": range(0x3000, 0x4000)},              True),
    ({"linear": PAGE},                               False),
    ({"linear": PAGE, "during": Interval(11)},       False),  # nothing happened there at all
    ({"linear": PAGE, "function": "kmap"},           False),
])
def test_no_request(which, holds):
    made = trace(access(10, 0x1000))
    assert claims.no_request(made, **which).holds == holds


def test_each_names_the_access_that_breaks_it():
    made = trace(access(10, 0x1000), access(20, 0x2000, user=True))
    assert claims.each(made, lambda a: not a.user).cycle == 20
    assert claims.each(made, lambda a: a.size == 8)[:3] == (True, 22, "2 accesses")
    assert not claims.each(made, lambda a: True, linear=0x9000).holds


@pytest.mark.parametrize("value, holds", [(5, True), (4, False)])
def test_loaded_takes_the_last_access(value, holds):
    made = trace(access(10, 0x1000, result=4), access(20, 0x1000, result=5),
                 access(30, 0x1000, error_code=0x4))
    assert claims.loaded(made, value, linear=0x1000).holds == holds


@pytest.mark.parametrize("linear, holds", [
    (range(0x9000, 0xa000), True),
    (range(0x1000, 0x2000), False),
])
def test_stored_through_one_address_only(linear, holds):
    store = access(10, 0x9008, kind=WRITE, physical=0x5008)
    read  = access(20, 0x1008, physical=0x5008)
    frame = range(0x5000, 0x6000)
    assert claims.stored_through(trace(store, read), physical=frame, linear=linear).holds == holds
    other = access(30, 0x7008, kind=WRITE, physical=0x5008)
    assert not claims.stored_through(trace(store, other), physical=frame, linear=linear).holds
    assert not claims.stored_through(trace(read), physical=frame, linear=linear).holds


@pytest.mark.parametrize("changes, holds", [
    ({},              True),
    ({"walk": False}, False),
    ({"lock": False}, False),
    ({"data": 0},     False),
])
def test_set_by_walker_wants_a_locked_store_by_the_walker(changes, holds):
    dirty = entry(present=1, dirty=1)
    read  = transfer(10, 0x2008, walk=True, lock=True, data=entry(present=1))
    store = {"write": True, "walk": True, "lock": True, "data": dirty, **changes}
    made  = trace(read, transfer(12, 0x2008, **store))
    assert claims.set_by_walker(made, "dirty", entry=0x2008).holds == holds


def test_set_by_walker_finds_the_upper_32_bit_entry_of_a_word():
    dirty = entry(present=1, dirty=1)
    made  = trace(transfer(10, 0x2008, walk=True, lock=True),
                  transfer(12, 0x2008, walk=True, lock=True, write=True, sel=0xf0,
                           data=dirty << 32))
    assert claims.set_by_walker(made, "dirty", entry=0x200c).holds
    assert not claims.set_by_walker(made, "dirty", entry=0x2008).holds


@pytest.mark.parametrize("writable, holds", [(0, True), (1, False)])
def test_set_by_walker_looks_at_other_bits_of_the_entry(writable, holds):
    walks = {"walk": True, "lock": True}
    made  = trace(transfer(10, 0x2008, data=entry(present=1), **walks),
                  transfer(12, 0x2008, write=True, **walks,
                           data=entry(present=1, dirty=1, writable=writable)))
    assert claims.set_by_walker(made, "dirty", entry=0x2008, writable=0).holds == holds


def test_set_by_walker_wants_the_read_locked_too():
    made = trace(transfer(10, 0x2008, walk=True, data=entry(present=1)),
                 transfer(12, 0x2008, walk=True, lock=True, write=True,
                          data=entry(present=1, dirty=1)))
    assert not claims.set_by_walker(made, "dirty", entry=0x2008).holds


def test_a_bit_that_was_set_before_is_not_set_by_the_walker():
    both = {"walk": True, "lock": True, "data": entry(present=1, dirty=1)}
    made = trace(transfer(10, 0x2008, **both), transfer(12, 0x2008, write=True, **both))
    assert not claims.set_by_walker(made, "dirty", entry=0x2008).holds


@pytest.mark.parametrize("between, holds", [
    ([],                        True),
    ([event(15, "walk_begun")], False),
    ([event(15, "flushed")],    False),
    ([event(15, "missed")],     False),
])
def test_both_in_tlb_wants_two_hits_and_no_walk_between(between, holds):
    made = trace(access(10, 0x1000), access(20, 0x9000),
                 event(11, "hit"), *between, event(21, "hit"))
    assert claims.both_in_tlb(made, PAGE, range(0x9000, 0xa000)).holds == holds


def test_one_hit_is_not_both():
    made = trace(access(10, 0x1000), access(20, 0x9000), event(21, "hit"))
    assert not claims.both_in_tlb(made, PAGE, range(0x9000, 0xa000)).holds


def test_no_event():
    made = trace(event(10, "walk_begun"))
    assert claims.no_event(made, "walk_begun", during=Interval(11)).holds
    assert claims.no_event(made, "walk_begun").cycle == 10
    assert not claims.no_event(made, "walk_begun").holds
    assert not claims.no_event(made, "hit", during=Interval(20, 20)).holds   # no cycle at all


@pytest.mark.parametrize("interval, holds", [
    ({},                         False),
    ({"during": Interval(10, 20)}, True),
    ({"during": Interval(10, 21)}, False),
    ({"during": Interval(10, 10)}, False),   # no cycle at all
])
def test_state_throughout(interval, holds):
    made = trace(state(10, wp=1), state(20, wp=0))
    assert claims.state_throughout(made, wp=1, **interval).holds == holds


BRACKETED = [mark(8, "copy_to_user"), mark(40), state(10, ac=1), state(20)]


@pytest.mark.parametrize("records, holds", [
    ([*BRACKETED, access(12, 0x1000, ac=1)],                                   True),
    ([*BRACKETED],                                                             False),
    ([access(12, 0x1000)],                                                     False),
    ([*BRACKETED, access(12, 0x1000, ac=1), access(30, 0x1000)],               False),
    ([*BRACKETED, access(12, 0x1000, ac=1), access(30, 0x1000, user=True)],    True),
    ([*BRACKETED[:3], access(12, 0x1000, ac=1)],                               False),  # left set
    ([*BRACKETED, state(30, ac=1), state(35), access(12, 0x1000, ac=1)], False),  # set for nothing
    ([*BRACKETED[2:], mark(8), access(12, 0x1000, ac=1)],                False),  # set elsewhere
    ([mark(12, "copy_to_user"), mark(40), *BRACKETED[2:], access(14, 0x1000, ac=1)], False),
    ([mark(8, "copy_to_user"), mark(15), *BRACKETED[2:], access(12, 0x1000, ac=1)],  False),
])
def test_ac_brackets(records, holds):
    assert claims.ac_brackets(
        trace(*records), function="copy_to_user", linear=PAGE).holds == holds


def test_control_done():
    made = trace(control(10, ControlOp.INVLPG, value=0x1234),
                 control(20, ControlOp.WRITE, Register.CR4, refused=True))
    assert claims.control_done(made, op=ControlOp.INVLPG, linear=0x1fff).holds
    assert not claims.control_done(made, op=ControlOp.INVLPG, linear=0x2000).holds
    assert not claims.control_done(made, op=ControlOp.WRITE, register=Register.CR4).holds


def test_executed_in_order():
    made = trace(mark(10, "f"), mark(12, "f", "g"), mark(14), mark(20, "h"), mark(22))
    assert claims.executed(made, "f", "g", "h").cycle == 20
    assert not claims.executed(made, "h", "f").holds
    assert not claims.executed(made, "f", during=Interval(0, 10)).holds


def test_not_executed():
    made = trace(mark(10, "kmap"), mark(14))
    assert claims.not_executed(made, kunmap.__name__).holds
    assert claims.not_executed(made, kmap.__name__, during=Interval(14)).holds
    assert claims.not_executed(made, kunmap.__name__, kmap.__name__).cycle == 10
    # In no cycle at all there is nothing to be seen.
    assert not claims.not_executed(made, kunmap.__name__, during=Interval(20, 20)).holds


def test_what_can_never_be_seen_is_not_absent():
    with pytest.raises(ValueError, match="wp_page_cpy is no function of the kernel that leaves a"):
        claims.not_executed(trace(), kmap.__name__, "wp_page_cpy")
    with pytest.raises(ValueError, match='there is no event "walk_begn"; there are: .*walk_begun'):
        claims.no_event(trace(), "walk_begn")


@pytest.mark.parametrize("flags, holds, said", [
    ({"ac": 1},          True,  "kernel read of 0x1000: physical 0x0, with ac = 1"),
    ({"ac": 1, "wp": 1}, False, "kernel read of 0x1000: physical 0x0, with ac = 1, wp = 0"),
])
def test_each_under_says_which_flags_there_were(flags, holds, said):
    made = trace(access(10, 0x1000, ac=1), access(20, 0x2000))
    verdict = claims.each_under(made, flags, linear=PAGE)
    assert (verdict.holds, verdict.detail) == (holds, said)
    assert not claims.each_under(made, flags).holds
    assert not claims.each_under(made, flags, linear=0).holds


SPAN = Interval(10, 20)

#: Judgements of an empty record, and what each had expected.
EXPECTED = [
    (lambda made: claims.faulted(made, error_code=0x7, linear=PAGE, user=True, writes=True,
                                  during=SPAN),
     "a user write of 0x1000 to 0x1fff in cycles 10 to 19 that ends in #PF, error code 0x7"),
    (lambda made: claims.faulted(made, fault=Fault.GENERAL_PROTECTION, kind=AccessKind.FETCH),
     "a fetch that ends in #GP"),
    (lambda made: claims.no_fault(made, user=False, function="mem_rw", during=Interval(5)),
     "a kernel access in mem_rw from cycle 5 on; each: no fault"),
    (lambda made: claims.each(made, bool, expected="something", writes=False, implicit=True),
     "an implicit read; each: something"),
    (lambda made: claims.each_under(made, {"wp": 0, "ac": 1}, linear=0x1000),
     "an access of 0x1000; each with wp = 0, ac = 1"),
    (lambda made: claims.no_request(made, physical=PAGE, writes=True, faulted=False),
     "accesses, but not a write at physical 0x1000 to 0x1fff without a fault"),
    (lambda made: claims.loaded(made, 0x1234, linear=0x1000, user=True),
     "a user access of 0x1000 that is done, the last of them with value 0x1234"),
    (lambda made: claims.stored_through(made, physical=PAGE, linear=0x5000),
     "a write at physical 0x1000 to 0x1fff; each of linear address 0x5000"),
    (lambda made: claims.set_by_walker(made, "dirty", entry=0x2008, writable=0, during=SPAN),
     "the page walker sets the bit dirty of the entry at physical 0x2008 in a locked bus cycle, "
     "with writable = 0 in cycles 10 to 19"),
    (lambda made: claims.both_in_tlb(made, 0x1000, PAGE),
     "an access of 0x1000, then one of 0x1000 to 0x1fff, two hits without a walk between them"),
    (lambda made: claims.no_event(made, "walk_begun", during=Interval(3)),
     'no "walk_begun" from cycle 3 on'),
    (lambda made: claims.state_throughout(made, wp=1, during=SPAN),
     "wp = 1 in every cycle in cycles 10 to 19"),
    (lambda made: claims.ac_brackets(made, function="copy_to_user", linear=PAGE),
     "AC set for a kernel access of 0x1000 to 0x1fff, only then, and only in copy_to_user"),
    (lambda made: claims.control_done(made, op=ControlOp.INVLPG, linear=0x1234, during=SPAN),
     "INVLPG the page of 0x1234 in cycles 10 to 19"),
    (lambda made: claims.control_done(made, op=ControlOp.WRITE, register=Register.CR3,
                                      function="switch_mm"), "WRITE CR3 in switch_mm"),
    (lambda made: claims.executed(made, "f", "g", during=Interval(1)), "f, then g from cycle 1 on"),
    (lambda made: claims.not_executed(made, kmap.__name__, kunmap.__name__),
     "nothing of kmap, kunmap"),
]


@pytest.mark.parametrize("judge, expected", EXPECTED)
def test_every_judge_says_what_it_expected(judge, expected):
    assert judge(trace()).expected == expected


@pytest.mark.parametrize("judge, expected", EXPECTED)
def test_every_judge_names_the_processor_whose_record_it_judges(judge, expected):
    assert judge(trace(cpu=1)).cpu == 1


def test_there_is_an_expectation_of_every_judge():
    judges = set(claims.__all__) - {"NOTHING", "Unproven", "Verdict", "all_of"}
    assert judges == {name for judge, _ in EXPECTED for name in judge.__code__.co_names} & judges


def test_a_state_that_differs_is_said():
    verdict = claims.state_throughout(trace(state(20, wp=1)), wp=1, ac=0)
    assert verdict.detail == "wp = 0, ac = 0 from cycle 0 to 19"


def test_all_of_gives_the_first_verdict_against():
    yes, no = Verdict(True, 1, "yes"), Verdict(False, 2, "no")
    assert all_of(yes, no, yes) == no
    assert all_of(yes, Verdict(True, 3, "too")).cycle == 3
