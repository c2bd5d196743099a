"""The observer sees on the ports by what a page was translated, and what has become of it since."""

from sim.vectors.sequence import InvlpgStep, LateStoreStep, StoreStep, WriteStep
from sw.bus import Register
from tests.coverage.coverage_support import PAGE, PTE, seen, step


def page(access):
    one, = access.pages
    return one


def test_a_walk_reads_all_levels_and_a_hit_has_the_entries_of_the_walk():
    walked, hit = map(page, seen(step(), step()))
    assert (walked.by, walked.begins, walked.ending, walked.size) == ("walk", "PML4E", "done", "4K")
    assert [entry.level.name for entry in walked.entries] == ["PML4E", "PDPTE", "PDE", "PTE"]
    assert (hit.by, hit.begins, hit.since) == ("first level", "", ())
    # The walk has set A in the leaf, and the entries above are as it has read them.
    assert [entry.value for entry in hit.entries] == [
        *(entry.value for entry in walked.entries[:3]), 0x5027]


def test_a_walk_that_begins_below_knows_the_entries_above():
    _, below = map(page, seen(step(), step(linear=PAGE + 0x1000),
                              entries=[(PTE + 8, 0x6007)]))
    assert (below.by, below.begins) == ("walk", "PTE")
    assert [entry.level.name for entry in below.entries] == ["PML4E", "PDPTE", "PDE", "PTE"]


def test_flags_that_a_walk_has_set_are_seen_on_the_bus():
    walked, written = map(page, seen(step(), step("write")))
    assert set(walked.changed) == {0x1000, 0x2008, 0x3018, PTE}
    assert written.by == "first level" and written.changed == {PTE: 0x5067}


def test_the_two_pages_of_an_access_are_told_apart():
    access, = seen(step(linear=PAGE + 0xffe), entries=[(PTE + 8, 0)])
    first, second = access.pages
    assert (first.ending, second.ending) == ("done", "missing")
    assert (first.begins, second.begins) == ("PML4E", "PTE")
    assert access.fault == "#PF" and second.error_code == 0 == access.error_code


def test_all_that_happens_to_a_cached_translation_is_remembered_in_order():
    *_, last = seen(step(), WriteStep(Register.CR0, 0x8001_0011), StoreStep(PTE, 8, 0x5005),
                    step("read"))
    assert page(last).by == "first level"
    assert [happening.name for happening in page(last).since] == ["WP=1", "edit"]
    *_, last = seen(step(), InvlpgStep(PAGE + 5), step())
    assert page(last).by == "walk" and page(last).cached is not None
    assert [happening.name for happening in page(last).since] == ["INVLPG"]


def test_an_entry_that_changes_before_its_update_is_seen_twice():
    access, = seen(LateStoreStep(0x2008, 8, 0), step())
    one = page(access)
    assert one.again == (0x2008, 0x3007, 0) and one.ending == "missing"
    assert one.entries[-1].level.name == "PDPTE"


def test_a_walk_through_a_table_that_is_gone_tells_what_now_stands_above():
    *_, last = seen(step(), StoreStep(0x3018, 8, 0), step(linear=PAGE + 0x1000),
                    entries=[(PTE + 8, 0x6007)])
    assert page(last).bypassed == (0,) and page(last).ending == "done"


def test_another_pcid_does_not_hide_whose_translation_was_cached():
    *_, last = seen(step(), WriteStep(Register.CR3, 1 << 63 | 0x1002), step(), cr4=0x2_0020,
                    cr3=0x1001)
    assert page(last).by == "walk"
    assert page(last).cached.state.pcid == 1 and last.state.pcid == 2


def test_a_refusal_is_remembered_until_the_page_is_accessed_again():
    refused, retried = seen(step("write", cpl=3), step(), entries=[(PTE, 0x5005)])
    assert page(refused).ending == "rights" and page(refused).error_code == 7
    assert page(retried).refused.ending == "rights"
