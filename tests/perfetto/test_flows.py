"""Flows: a fault to its handler, an interrupt to its taker, INVLPG to the TLB."""

from hw.bus import ControlOp, Register
from sim.perfetto.flows import Flows, deliveries, handlers, invalidations
from sim.perfetto.slices import Slice
from sim.record.records import InterruptRecord
from sim.record.tlb import TlbChange, TlbRecord
from tests.record.trace_records import access, control, mark


def sent(cycle, vector, target):
    return InterruptRecord(cycle, vector, target, mark())


def taken(cycle, vector):
    return InterruptRecord(cycle, vector, None, mark())


def test_a_page_fault_leads_to_the_function_that_is_entered_next():
    functions = [Slice(2, 4, "do_syscall"), Slice(13, 30, "exc_page_fault"),
                 Slice(15, 20, "handle_mm_fault")]
    accesses  = [access(1, 0x1000), access(6, 0x2000, error_code=7, lasts=6), access(16, 0x3000)]
    assert [*handlers(accesses, functions)] == [(1, 1)]


def test_a_handler_may_be_entered_in_the_cycle_of_the_fault():
    assert [*handlers([access(6, 0x2000, error_code=7, lasts=6)], [Slice(12, 30, "exc")])] == [
        (0, 0)]


def test_a_fault_that_nothing_follows_leads_nowhere():
    assert [*handlers([access(6, 0x2000, error_code=7)], [Slice(2, 4, "do_syscall")])] == []


def test_an_interrupt_leads_to_the_processor_that_takes_it():
    assert [*deliveries([[sent(3, 0xfc, 1), taken(9, 0xfd)],
                         [taken(5, 0xfc), sent(7, 0xfd, 0)]])] == [((0, 0), (1, 0)),
                                                                   ((1, 1), (0, 1))]


def test_interrupts_of_one_vector_that_wait_are_taken_together():
    assert [*deliveries([[sent(3, 0xfc, 2)], [sent(4, 0xfc, 2), sent(5, 0xfd, 2)],
                         [taken(8, 0xfc), taken(10, 0xfc)]])] == [((0, 0), (2, 0)),
                                                                  ((1, 0), (2, 0))]


def test_one_that_is_sent_as_another_is_taken_waits_for_the_next_time():
    assert [*deliveries([[sent(3, 0xfc, 1), sent(8, 0xfc, 1)],
                         [taken(8, 0xfc), taken(12, 0xfc)]])] == [((0, 0), (1, 0)),
                                                                  ((0, 1), (1, 1))]


def test_invlpg_leads_to_the_change_that_it_makes():
    controls = [control(4, ControlOp.INVLPG, value=0x1000),
                control(6, ControlOp.WRITE, Register.CR3),
                control(9, ControlOp.INVLPG, value=0x2000),
                control(12, ControlOp.INVLPG, value=1 << 60)]
    changes  = [TlbRecord(2, TlbChange.INVALIDATED), TlbRecord(4, TlbChange.INVALIDATED, 0x1000),
                TlbRecord(6, TlbChange.FLUSHED), TlbRecord(9, TlbChange.INVALIDATED, 0x2000)]
    assert [*invalidations(controls, changes)] == [(0, 1), (2, 3)]


def test_a_flow_has_a_number_of_its_own_and_what_leads_to_one_slice_has_the_same():
    sources = [Slice(0, 1, "a"), Slice(1, 2, "b"), Slice(2, 3, "c")]
    targets = [Slice(5, 6, "x"), Slice(7, 8, "y")]
    Flows().join(sources, targets, [(0, 1), (1, 1), (2, 0)])
    assert [piece.leads for piece in sources] == [1, 1, 2]
    assert [piece.led for piece in targets] == [2, 1]
