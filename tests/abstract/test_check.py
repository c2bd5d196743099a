"""The abstract MMU: runs of the unit are its runs, and records with a mistake are none."""

from dataclasses import replace

import pytest

from hw.bus import ControlOp
from hw.layout import AccessKind
from sim.abstract.check import check
from sim.record.records import ControlRecord, Mark, Recording, State, TransferRecord
from sim.record.trace import Trace
from sim.scenarios import SCENARIOS
from sim.schedule import Schedule, seeded
from tests.scenario.story_support import FAST


MAXPHYADDR = 40


def recordings(name, mode, seed=None):
    """Recordings of each processor, at the end of a scenario."""
    found = []

    def ended(stage):
        for trace in stage.traces:
            found.append(Recording(
                accesses=[*trace.all_accesses], transfers=[*trace.all_transfers],
                controls=[*trace.all_controls], interrupts=trace.all_interrupts,
                states=trace.states, marks=trace.marks, cycles=trace.cycles))

    SCENARIOS[name].perform(
        engine=FAST, era="5.x", mode=mode, options={"shipped": True}, ended=ended,
        schedule=None if seed is None else Schedule(seeded(seed, 2)))
    return found


def checked(found):
    return check([Trace(recording, cpu=cpu) for cpu, recording in enumerate(found)], MAXPHYADDR)


@pytest.mark.slow
@pytest.mark.parametrize("name, mode, seed", [
    ("shootdown", "4level", None), ("shootdown", "32bit", 7), ("shootdown", "pae", None),
    ("shootdown", "5level", 3), ("race", "4level", None), ("race", "32bit", None),
    ("race", "pae", None), ("race", "5level", None), ("article", "4level", None),
])
def test_a_run_of_the_unit_is_one_of_the_abstract_machine(name, mode, seed):
    found = checked(recordings(name, mode, seed))
    assert found.complaint is None and found.steps > 9000


@pytest.fixture(scope="module")
def shootdown():
    return recordings("shootdown", "4level")


@pytest.fixture(scope="module")
def race():
    return recordings("race", "32bit")


def changed(found, cpu, part, index, **fields):
    """Records of a run, one of which is otherwise."""
    records = [*getattr(found[cpu], part)]
    records[index] = records[index]._replace(**fields)
    mutated = [*found]
    mutated[cpu] = replace(found[cpu], **{part: records})
    return mutated


def first(records, wanted):
    return next(index for index, record in enumerate(records) if wanted(record))


def complaint_of(found, cpu, cycle, words):
    complaint = checked(found).complaint
    assert complaint is not None
    assert (complaint.cpu, complaint.cycle) == (cpu, cycle)
    assert words in complaint.text and f"cycle {cycle:,}, processor {cpu}" in str(complaint)


def test_flags_that_are_set_without_a_lock_are_named(race):
    transfers = race[0].transfers
    index = first(transfers, lambda t: t.walk and t.write)
    complaint_of(changed(race, 0, "transfers", index, lock=False), 0, transfers[index].accepted,
                 "without a lock")


def test_flags_other_than_a_and_d_are_named(race):
    transfers = race[0].transfers
    index = first(transfers, lambda t: t.walk and t.write)
    complaint_of(changed(race, 0, "transfers", index, data=transfers[index].data ^ 0x2_0000_0002),
                 0, transfers[index].accepted, "and not A or D alone")


@pytest.mark.slow
def test_a_walk_through_a_table_of_nobody_is_named(shootdown):
    transfers = shootdown[1].transfers
    index = first(transfers, lambda t: t.walk and not t.lock)
    complaint_of(changed(shootdown, 1, "transfers", index, address=0x12_3000), 1,
                 transfers[index].accepted, "in a table that none of its walks")


def test_a_read_that_misses_a_store_is_named(shootdown):
    transfers = shootdown[0].transfers
    stores    = {t.address for t in transfers[:400] if t.write}
    index = first(transfers, lambda t: not t.write and t.address in stores and t.accepted > 2000)
    complaint_of(changed(shootdown, 0, "transfers", index, data=transfers[index].data ^ t_lane(
        transfers[index])), 0, transfers[index].accepted, "which is not there")


def t_lane(transfer):
    """A bit in a byte that a transfer selects."""
    return 1 << 8 * ((transfer.sel & -transfer.sel).bit_length() - 1)


def test_an_access_through_what_invlpg_has_made_forget_is_named(shootdown):
    # Another INVLPG is put on record, just before an access that hits the TLB.
    recording = shootdown[1]
    index  = first(recording.accesses, lambda a: a.user and a.done and not any(
        t.walk and a.accepted <= t.accepted <= a.completed for t in recording.transfers))
    access = recording.accesses[index]
    invlpg = ControlRecord(access.accepted - 1, ControlOp.INVLPG, recording.controls[0].register,
                           access.linear, access.mark, completed=access.accepted)
    found  = [shootdown[0], replace(recording, controls=sorted(
        [*recording.controls, invlpg], key=lambda control: control.accepted))]
    transfer = next(t for t in recording.transfers
                    if access.accepted <= t.accepted <= access.completed)
    complaint_of(found, 1, transfer.accepted, "no translation that it may have allows it")


def test_an_access_to_another_page_than_its_own_is_named(shootdown):
    transfers = shootdown[0].transfers
    index = first(transfers, lambda t: not t.walk and t.write and t.accepted > 2500)
    complaint_of(changed(shootdown, 0, "transfers", index,
                         address=transfers[index].address ^ 0x1000),
                 0, transfers[index].accepted, "no translation that it may have allows it")


def test_a_store_of_other_bytes_is_named(shootdown):
    transfers = shootdown[0].transfers
    index = first(transfers, lambda t: not t.walk and t.write and t.accepted > 2500)
    complaint_of(changed(shootdown, 0, "transfers", index,
                         data=transfers[index].data ^ t_lane(transfers[index])),
                 0, transfers[index].accepted, "stores ")


def test_a_fault_without_a_reason_is_named(shootdown):
    accesses = shootdown[0].accesses
    index = first(accesses, lambda a: a.faulted)
    complaint_of(changed(shootdown, 0, "accesses", index,
                         error_code=accesses[index].error_code ^ 1),
                 0, accesses[index].completed, "for which there is no reason")


def test_a_transfer_within_another_processor_s_lock_is_named(race):
    transfers = race[1].transfers
    index = first(transfers, lambda t: t.lock and t.write and not t.walk)
    other = race[0].transfers
    moved = first(other, lambda t: t.accepted > transfers[index - 1].accepted)
    cycle = transfers[index].accepted
    complaint_of(changed(race, 0, "transfers", moved, accepted=cycle - 1), 0, cycle - 1,
                 "within a locked access of processor 1")


@pytest.mark.parametrize("cycle, complaint", [(2, ""), (4, "within a locked access of")])
def test_the_bus_is_free_behind_a_locked_read_that_is_all(cycle, complaint):
    # An update of flags, or a compare-and-exchange, may find another value than it wants: the read
    # in cycle 1 is all. That in cycle 3 is followed by its write.
    mark  = Mark(0, (), "")
    state = State(0, cr0=0x8001_0001, cr2=0, cr3=0x1000, cr4=0, efer=0, pg=1, wp=1, smep=0, smap=0,
                  ac=0)

    def walk(cycle, entry, *, write=False, lock=True):
        return TransferRecord(cycle, 0x1008, write, lock, 0xf, entry, True, mark, acked=cycle + 1)

    found = [Recording(transfers=[walk(1, 0x2007), walk(3, 0x2007), walk(5, 0x2027, write=True)],
                       states=[state]),
             Recording(transfers=[walk(cycle, 0x2007, lock=False)], states=[state])]
    if complaint:
        complaint_of(found, 1, cycle, complaint)
    else:
        assert checked(found).complaint is None


def test_an_interrupt_that_nobody_has_sent_is_named(shootdown):
    interrupts = shootdown[1].interrupts
    index = first(interrupts, lambda record: record.target is None)
    complaint_of(changed(shootdown, 1, "interrupts", index, vector=0xf9), 1,
                 interrupts[index].cycle, "which nobody has sent")


def test_there_are_locked_accesses_and_faults_in_these_runs(shootdown, race):
    assert any(access.kind is AccessKind.COMPARE_EXCHANGE for access in race[1].accesses)
    assert any(access.faulted for access in shootdown[0].accesses)
