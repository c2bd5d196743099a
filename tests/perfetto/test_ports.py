"""Slices of a processor: names that are alike for what is alike, and addresses as arguments."""

import pytest

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault, Flush
from sim.perfetto.ports import (
    ACCESS, TLB, access_slices, control_slices, counters, interrupt_slices, look_ups, tlb_slices,
    transfer_slices, walks,
)
from sim.perfetto.slices import Slice
from sim.record.records import InterruptRecord
from sim.record.tlb import TlbChange, TlbEntry, TlbRecord
from tests.record.trace_records import access, control, event, mark, state, transfer


def arguments(columns, piece):
    """Arguments that are shown, by name."""
    return {column.name: value for column, value in zip(columns, piece.values, strict=False)
            if value is not None}


@pytest.mark.parametrize("options, name", [
    ({"user": True}, "read user"),
    ({"kind": AccessKind.COMPARE_EXCHANGE}, "compare-exchange kernel"),
    ({"kind": AccessKind.WRITE, "error_code": 3}, "write kernel #PF 0x3"),
    ({"fault": Fault.GENERAL_PROTECTION}, "read kernel #GP"),
    ({"fault": Fault.SKIPPED}, "read kernel skipped"),
])
def test_an_access_has_a_name_without_an_address(options, name):
    [piece] = access_slices([access(4, 0x1230, **options)], 20)
    assert (piece.since, piece.until, piece.name) == (4, 7, name)


def test_an_access_shows_what_it_read_or_wrote():
    read, write, fault = (arguments(ACCESS, piece) for piece in access_slices([
        access(4, 0x1230, physical=0x5230, result=7),
        access(5, 0x1238, kind=AccessKind.WRITE, size=4, physical=0x5238, result=9),
        access(6, 0x2000, kind=AccessKind.WRITE, user=True, error_code=7)], 20))
    assert read  == {"linear": 0x1230, "physical": 0x5230, "bytes": 8, "loaded": 7}
    assert write == {"linear": 0x1238, "physical": 0x5238, "bytes": 4, "stored": 0}
    assert fault == {"linear": 0x2000, "bytes": 8, "stored": 0, "error code": "P|W|U"}


def test_what_has_no_response_lasts_as_long_as_the_record():
    late = access(4, 0x1230)._replace(completed=-1)
    lost = transfer(4, 0x5230)._replace(acked=-1)
    assert access_slices([late], 20)[0][:3] == (4, 20, "read kernel without a response")
    assert transfer_slices([lost], 20) == [
        Slice(4, 20, "read without a response", (0x5230, None, 0xff))]


def test_a_transfer_is_the_walkers_or_locked():
    assert [piece.name for piece in transfer_slices([
        transfer(1, 0), transfer(2, 0, write=True), transfer(3, 0, walk=True),
        transfer(4, 0, walk=True, lock=True), transfer(5, 0, walk=True, lock=True, write=True),
    ], 20)] == ["read", "write", "read entry", "locked read entry", "locked write entry"]


def test_a_control_operation_has_the_value_that_it_read_or_wrote():
    found = control(3, ControlOp.READ, Register.CR2)._replace(result=0x1000)
    assert control_slices([
        found, control(5, ControlOp.WRITE, Register.CR0, 1, refused=True),
        control(7, ControlOp.WRITE, Register.RFLAGS, 1 << 18),
        control(9, ControlOp.WRITE, Register.RFLAGS, 0),
        control(11, ControlOp.INVLPG, value=0x2000)], 20) == [
            Slice(3, 5, "read CR2", (0x1000,)), Slice(5, 7, "write CR0 #GP", (1,)),
            Slice(7, 9, "AC = 1", (1 << 18,)), Slice(9, 11, "AC = 0", (0,)),
            Slice(11, 13, "INVLPG", (0x2000,))]


def test_a_change_of_the_tlb_says_what_it_concerns():
    entry = TlbEntry(0x20_0000, 0x60_0000, 1 << 21, True, False, True, False, False, 4)
    fill, drop, flush = tlb_slices([
        TlbRecord(4, TlbChange.FILLED, 0x20_1000, entry, evicted=0x9000),
        TlbRecord(7, TlbChange.DROPPED, 0x3000),
        TlbRecord(9, TlbChange.FLUSHED, flush=Flush.ALL)])
    assert fill[:3] == (4, 5, "filled")
    assert arguments(TLB, fill) == {"linear": 0x20_0000, "physical": 0x60_0000, "evicted": 0x9000,
                                    "bytes": 1 << 21, "rights": "rw- kernel"}
    assert (drop.name, arguments(TLB, drop)) == ("dropped", {"linear": 0x3000})
    assert (flush.name, arguments(TLB, flush)) == ("flushed all", {})


def test_look_ups_hit_or_miss():
    assert look_ups([event(3, "hit"), event(3, "entry_read"), event(5, "missed"),
                     event(8, "crossed")]) == [
        Slice(3, 4, "hit"), Slice(5, 6, "missed"), Slice(8, 9, "crossed")]


def test_a_walk_shows_the_bits_that_it_sets():
    assert [*walks([event(3, "walk_begun"), event(6, "accessed", 2), event(8, "walk_again"),
                    event(12, "dirtied"), event(13, "walk_ended"), event(20, "walk_begun")],
                   30)] == [
        Slice(3, 14, "page walk"), Slice(6, 6, "sets A, PDPT"), Slice(8, 8, "starts again"),
        Slice(12, 12, "sets D"), Slice(20, 30, "page walk without an end")]


def test_an_interrupt_is_sent_to_a_processor_and_taken():
    assert interrupt_slices([InterruptRecord(4, 0xfc, 1, mark()),
                             InterruptRecord(9, 0xfb, None, mark())]) == [
        Slice(4, 5, "sends to CPU 1", (0xfc,)), Slice(9, 10, "takes", (0xfb,))]


def test_a_flag_has_a_counter_if_it_changes():
    [wp, ac] = counters([state(0, pg=1), state(5, pg=1, wp=1), state(8, pg=1, wp=1, ac=1)])
    assert (wp.name, wp.values) == ("WP", [(0, 0), (5, 1)])
    assert (ac.name, ac.values) == ("AC", [(0, 0), (8, 1)])
