"""Contents of a TLB in any cycle, from its changes."""

from hw.layout import Flush
from sim.record.tlb import TlbChange, TlbEntry, TlbRecord
from sim.record.tlb_history import TlbHistory


def entry(linear, size=0x1000, *, filled=0, pcid=0, row=None):
    return TlbEntry(linear=linear, physical=0x80_0000, size=size, writable=True, user=True,
                    execute_disable=False, dirty=False, global_page=False, filled=filled,
                    pcid=pcid, row=row)


def test_stepping_through_a_run_shows_what_the_changes_so_far_make():
    changes = [TlbRecord(2, TlbChange.FILLED, 0x1000, entry(0x1000, filled=2)),
               TlbRecord(4, TlbChange.FILLED, 0x2000, entry(0x2000, filled=4)),
               TlbRecord(4, TlbChange.DROPPED, 0x1000)]
    history = TlbHistory(changes)

    def held_at(*cycles):
        return [[each.linear for each in history.at(cycle)] for cycle in cycles]

    assert held_at(2, 4, 3, 0) == [[], [0x1000], [0x1000], []]
    changes.append(TlbRecord(6, TlbChange.FLUSHED, flush=Flush.LOCAL))
    assert held_at(7, 6, 5, 4) == [[], [0x2000], [0x2000], [0x1000]]


def test_the_next_change_of_an_address_is_the_next_that_concerns_it():
    changes = [TlbRecord(2, TlbChange.FILLED, 0x1000, entry(0x1000, filled=2)),
               TlbRecord(4, TlbChange.KEPT, 0x40_0000,
                         entry(0x40_0000, 0x20_0000, filled=4, row=0x8000)),
               TlbRecord(6, TlbChange.DROPPED, 0x1000)]
    history = TlbHistory(changes)

    def turns(linear):
        after, found = -1, []
        while (cycle := history.next_change(linear, after=after)) is not None:
            found.append(after := cycle)
        return found

    assert [turns(linear) for linear in (0x1FFF, 0x45_6789, 0x2000)] == [[3, 7], [5], []]
    changes.append(TlbRecord(8, TlbChange.FILLED, 0x40_1000, entry(0x40_1000, filled=8)))
    assert [turns(linear) for linear in (0x40_1234, 0x40_2000)] == [[5, 9], [5]]


def test_an_access_is_translated_by_the_first_level_before_the_second():
    changes = [TlbRecord(2, TlbChange.FILLED, 0x1000, entry(0x1000, filled=2, pcid=1)),
               TlbRecord(2, TlbChange.KEPT, 0x1000, entry(0x1000, filled=2, pcid=1, row=3)),
               TlbRecord(4, TlbChange.SWITCHED)]
    history = TlbHistory(changes)

    def level(cycle, pcid=1, linear=0x1FFF):
        found = history.find(linear, pcid, cycle)
        return found and found.level

    assert [level(cycle) for cycle in (2, 3, 4, 5)] == [None, 1, 1, 2]
    assert level(5, pcid=2) is level(5, linear=0x2000) is None
