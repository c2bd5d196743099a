"""The observer sees on the ports by what a page was translated, and what has become of it since."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sim.coverage.points.flags import edited_clean, written_in_a_race
from sim.coverage.points.verdict import write_protect
from sim.engines.cxxrtl.log import LogReader
from sim.vectors.sequence import InvlpgStep, LateStoreStep, StoreStep, WriteStep
from sw.bus import Register
from tests.coverage.coverage_support import PAGE, PTE, seen, step, unit, vector


def contradicting(monkeypatch, change, *steps, **machine):
    """The difference of a run whose log of the ports is changed before it is observed."""
    def read(reader, log):
        sound(reader, log)
        for name in ("accesses", "controls", "events", "transfers"):
            setattr(reader.recording, name, list(getattr(reader.recording, name)))
        change(reader.recording)

    sound = LogReader.read
    monkeypatch.setattr(LogReader, "read", read)
    return unit().run(vector(*steps, **machine)).difference


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


def test_d_is_left_alone_in_a_leaf_that_became_read_only_before_its_update():
    access, = seen(LateStoreStep(PTE, 8, 0x5005), step("write"), cr0=0x8001_0011)
    one = page(access)
    assert one.again == (PTE, 0x5007, 0x5005) and one.ending == "rights"
    assert PTE not in one.changed
    bin_ = "4-level", "4K", "A and D", "R/W cleared", "fault"
    assert list(written_in_a_race(access, one)) == [bin_]
    assert list(written_in_a_race(access, replace(one, changed={PTE: 0x5065}))) == []


def test_a_clean_page_that_became_read_only_is_read_anew_for_d():
    *_, access = seen(step(), StoreStep(PTE, 8, 0x5025), step("write"), cr0=0x8001_0011)
    one = page(access)
    assert (one.by, one.begins, one.ending, one.changed) == ("first level", "PTE", "rights", {})
    assert list(edited_clean(access, one)) == [("4-level", "4K", "R/W cleared", "fault")]
    assert list(edited_clean(access, replace(one, changed={PTE: 0x5065}))) == []


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


def test_a_page_that_was_hit_has_read_no_entry():
    walked, hit, below = map(page, seen(step(), step(), step(linear=PAGE + 0x1000),
                                        entries=[(PTE + 8, 0x6007)]))
    assert walked.read == walked.entries and hit.read == ()
    assert [entry.level.name for entry in below.read] == ["PTE"]
    assert [walked.stored(entry) for entry in walked.read] == [0x2027, 0x3027, 0x4027, 0x5027]


def _walks_anew(record):
    missed = next(event for event in record.events if event.name == "missed")
    record.events.insert(record.events.index(missed) + 1, missed._replace(name="walk_again"))


def _hits(record):
    record.transfers.clear()
    record.events[:] = [event._replace(name="hit") if event.name == "missed" else event
                        for event in record.events]


def _begins_elsewhere(record):
    del record.transfers[:next(number for number, transfer in enumerate(record.transfers)
                               if transfer.address == 0x2008)]


def _reads_elsewhere(record):
    number, third = next((number, transfer) for number, transfer in enumerate(record.transfers)
                         if transfer.address == 0x3018)
    record.transfers[number] = third._replace(address=0x3020)


def _reads_on(record):
    first = next(transfer for transfer in record.transfers if transfer.walk)
    record.transfers[record.transfers.index(first):0] = [first] * 4


@pytest.mark.parametrize("change, complaint", [
    (lambda record: record.accesses.pop(), "has accepted an access, and never responded"),
    (lambda record: record.controls.clear(),
     "has accepted a control operation, and never responded"),
    (lambda record: record.transfers.clear(), "was walked, and no entry was read"),
    (_walks_anew, "a walk has begun anew in cycle"),
    (_hits, "a hit of 0x40605000, which no walk has found under PCID 0x0"),
    (_begins_elsewhere, "begins at 0x2000, where no walk has found a table"),
    (_reads_elsewhere, "reads 0x3020, but the PDE is at 0x3018"),
    (_reads_on, "8 entries were read for 0x40605000, below the table at 0x1000, where there are 4 "
                "levels"),
], ids=["no response", "no operation", "no entry", "anew", "a hit", "another table",
       "another entry", "too many entries"])
def test_ports_that_do_not_fit_together_are_a_difference(monkeypatch, change, complaint):
    found = contradicting(monkeypatch, change, step())
    assert found.startswith("the ports: ") and complaint in found and "\n" not in found


@pytest.mark.parametrize("steps", [[step()], [StoreStep(PTE, 8, 0), step()]])
def test_a_machine_that_only_the_unit_can_have_is_a_difference(monkeypatch, steps):
    # CR4.PCIDE is set with a PCID in CR3.
    forbidden = vector(*steps)._replace(cr4=0x2_0020, cr3=0x1001, efer=0)
    outcome, log = unit()._player.observe(vector(*steps))
    monkeypatch.setattr(unit(), "_player", SimpleNamespace(observe=lambda vector: (outcome, log)))
    found = unit().run(forbidden).difference
    assert found.startswith("the golden model: ") and "\n" not in found


def test_a_write_that_should_be_refused_is_a_difference_after_an_edit_too(monkeypatch):
    steps = [StoreStep(PTE, 8, 0), WriteStep(Register.CR4, 0)]
    sound = unit().run(vector(*steps))
    assert sound.difference is None and sound.outcome.steps == [None, True]
    _, log = unit()._player.observe(vector(*steps))
    wrong  = sound.outcome._replace(steps=[None, False])
    monkeypatch.setattr(unit(), "_player", SimpleNamespace(observe=lambda vector: (wrong, log)))
    assert unit().run(vector(*steps)).difference == "step 1: no #GP, but the golden model: #GP"


@pytest.mark.parametrize("register, changed, complaint", [
    (Register.CR4, {"cr4": 0x4020}, "cr4 is 0x4020, but the golden model's is 0x20"),
    (Register.CR3, {"cr3": 0x9000}, "cr3 is 0x9000, but the golden model's is 0x1000"),
], ids=["refused, and stored", "stored, but another value"])
def test_a_register_that_is_not_the_golden_models_after_a_write_is_a_difference(
        monkeypatch, register, changed, complaint):
    def change(record):
        cycle = record.controls[-1].completed + 1
        record.states.append(record.states[-1]._replace(cycle=cycle, **changed))

    value = {Register.CR4: 0x4020, Register.CR3: 0x1000}[register]
    assert complaint in contradicting(monkeypatch, change, WriteStep(register, value))


def test_an_access_that_did_not_fault_leaves_cr2_alone(monkeypatch):
    def change(record):
        cycle = record.accesses[-1].completed + 1
        record.states.append(record.states[-1]._replace(cycle=cycle, cr2=PAGE))

    assert "CR2 has changed" in contradicting(monkeypatch, change, step())


def test_a_write_that_smap_refuses_says_nothing_of_wp():
    _, opened, _, refused = seen(step("write", ac=1), step("write"), cr4=0x20_0020)
    assert list(write_protect(opened, page(opened))) == [("WP=0", "R/W=1", "U/S=1", "supervisor")]
    assert refused.error_code == 3 and list(write_protect(refused, page(refused))) == []


@pytest.mark.parametrize("operation, begins", [
    (InvlpgStep(PAGE), "PML4E"), (InvlpgStep(1 << 60 | PAGE), "PTE"),
    (WriteStep(Register.CR0, 0x8001_0011), "PTE"), (WriteStep(Register.CR3, 0x1000), "PML4E")])
def test_what_has_happened_to_a_table_is_remembered(operation, begins):
    *_, last = seen(step(), operation, step(linear=PAGE + 0x1000), entries=[(PTE + 8, 0x6007)])
    assert page(last).begins == begins and len(page(last).tables) == 1
