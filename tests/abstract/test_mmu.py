"""The abstract MMU keeps what it may, and forgets what it must: steps made by hand."""

import pytest

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault
from sim.abstract.mmu import AbstractMmu
from sim.record.records import AccessRecord, ControlRecord, Mark, State, TransferRecord


MARK = Mark(0, (), "")

#: 32-bit paging, its page directory at 0x1000.
STATE = State(0, cr0=0x8001_0001, cr2=0, cr3=0x1000, cr4=0, efer=0, pg=1, wp=1, smep=0, smap=0,
              ac=0)

SMEP = STATE._replace(cr4=1 << 20, smep=1)

#: A page that is mapped by the second entry of a page table, which is at 0x2000.
PAGE = 0x00c0_1000


def transfer(address, entry, *, write=False, lock=False):
    """A transfer of a walk."""
    lane = address % 8
    return TransferRecord(1, address - lane, write, lock, 0xf << lane, entry << 8 * lane, True,
                          MARK, acked=2)


def read_by_a_walk(mmu, address, entry, state=STATE):
    """Have an entry read; return the complaint."""
    return mmu.walk(transfer(address, entry), state, [])


def updated(mmu, address, entry, after, *accesses):
    """Have flags set in an entry while accesses are in progress; return the complaint."""
    assert mmu.walk(transfer(address, entry, lock=True), STATE, accesses) == ""
    return mmu.walk(transfer(address, after, write=True, lock=True), STATE, accesses)


def access(linear, *, size=4, kind=AccessKind.READ, state=STATE, **end):
    """A user's access, of which the walks are done."""
    return AccessRecord(3, linear, size, kind, True, False, False, 0, 0, state, MARK,
                        completed=4, **end)


def fault(mmu, linear, code, **options):
    """Have an access end in a page fault; return the complaint."""
    return mmu.ends(access(linear, fault=Fault.PAGE_FAULT, error_code=code, **options))


def keeps_page(mmu, state=STATE):
    """Tell whether the page may be accessed without another walk."""
    (_, _, places), = mmu.places(access(PAGE, state=state))
    return places == [0x5000]


@pytest.fixture
def mmu():
    """One that has walked to the page, which is writable and dirty."""
    made = AbstractMmu(40)
    assert read_by_a_walk(made, 0x100c, 0x2027) == ""
    assert read_by_a_walk(made, 0x2004, 0x5067) == ""
    assert keeps_page(made)
    return made


def control(op, register=Register.CR0, value=0):
    return ControlRecord(5, op, register, value, MARK, completed=6)


@pytest.mark.parametrize("done, before, after, kept", [
    (control(ControlOp.INVLPG, value=PAGE + 8), STATE, STATE, False),
    (control(ControlOp.INVLPG, value=PAGE + 0x1000), STATE, STATE, True),
    (control(ControlOp.WRITE, Register.CR3, 0x1000), STATE, STATE, False),
    (control(ControlOp.WRITE, Register.CR0), STATE, STATE._replace(pg=0), False),
    (control(ControlOp.WRITE, Register.CR0), STATE, STATE._replace(wp=0), True),
    (control(ControlOp.WRITE, Register.CR4), STATE, STATE._replace(cr4=1 << 7), False),
    (control(ControlOp.WRITE, Register.CR4), STATE, SMEP, False),
    (control(ControlOp.WRITE, Register.CR4), SMEP, STATE, True),
], ids=["INVLPG", "INVLPG elsewhere", "CR3", "PG", "WP", "PGE", "SMEP set", "SMEP cleared"])
def test_a_control_operation_obliges_it_to_forget_or_not(done, before, after, kept, mmu):
    assert mmu.control(done, before, after) == ""
    assert keeps_page(mmu) is kept


def test_a_page_fault_obliges_it_to_forget_the_page_and_the_way_to_it(mmu):
    assert read_by_a_walk(mmu, 0x2008, 0x6065) == ""
    assert fault(mmu, PAGE + 0x1000, 7, kind=AccessKind.WRITE) == ""
    assert "none of its walks can have come to" in read_by_a_walk(mmu, 0x2008, 0x6065)


def test_a_page_fault_elsewhere_does_not(mmu):
    # Bits 31 to 21 of this address are bits 31 to 22 of the page's.
    assert read_by_a_walk(mmu, 0x1004, 0) == ""
    assert fault(mmu, 0x0060_1000, 4) == ""
    assert read_by_a_walk(mmu, 0x2004, 0x5067) == ""


def test_of_an_access_to_two_pages_the_one_that_did_not_fault_may_be_kept(mmu):
    assert read_by_a_walk(mmu, 0x2008, 0) == ""
    assert fault(mmu, PAGE + 0xffc, 6, size=8, kind=AccessKind.WRITE) == ""
    assert keeps_page(mmu)


def test_a_page_fault_without_a_reason_is_told(mmu):
    assert "for which there is no reason" in fault(mmu, PAGE, 7, kind=AccessKind.WRITE)


@pytest.mark.parametrize("done", [
    access(PAGE, kind=AccessKind.WRITE), access(PAGE, kind=AccessKind.EXCHANGE),
    access(PAGE - 2, kind=AccessKind.WRITE),
    access(PAGE + 0xffe, kind=AccessKind.WRITE, fault=Fault.PAGE_FAULT),
], ids=["a store", "an exchange", "over the page's start", "its second page faults"])
def test_a_write_sets_d(done, mmu):
    assert updated(mmu, 0x2004, 0x5027, 0x5067, done) == ""


@pytest.mark.parametrize("entry, done", [
    (0x5027, []),
    (0x5027, [access(PAGE)]),
    (0x5027, [access(PAGE + 0x1000, kind=AccessKind.WRITE)]),
    (0x5027, [access(PAGE, kind=AccessKind.WRITE, fault=Fault.PAGE_FAULT)]),
    (0x5025, [access(PAGE, kind=AccessKind.WRITE)]),
], ids=["no access", "a load", "another page", "a fault", "no right to write"])
def test_nothing_less_than_a_write_sets_d(entry, done, mmu):
    assert "and nothing is written through it" in updated(mmu, 0x2004, entry, entry | 0x40, *done)


def test_a_may_be_set_for_an_access_that_never_comes():
    made = AbstractMmu(40)
    assert updated(made, 0x100c, 0x2007, 0x2027) == ""
    assert updated(made, 0x2004, 0x5007, 0x5027) == ""


def test_a_walk_may_go_on_before_it_sets_a_and_another_may_not_begin_there():
    made = AbstractMmu(40)
    assert read_by_a_walk(made, 0x100c, 0x2007) == ""
    assert read_by_a_walk(made, 0x2004, 0x5067) == ""
    assert made.ends(access(PAGE)) == ""
    assert "none of its walks can have come to" in read_by_a_walk(made, 0x2004, 0x5067)


#: Global pages and PCIDs, in 4-level paging.
FIRST, SECOND = (STATE._replace(cr3=0x1000 | pcid, cr4=0x2_00a0, efer=0x500) for pcid in (1, 2))


def with_global_page(entry):
    """An abstract MMU that has walked to a page under the first PCID."""
    made = AbstractMmu(40)
    for address, bits in ((0x1000, 0x2027), (0x2000, 0x3027), (0x3030, 0x4027), (0x4008, entry)):
        assert made.walk(TransferRecord(1, address, False, False, 0xff, bits, True, MARK, acked=2),
                         FIRST, []) == ""
    return made


def test_a_global_translation_serves_every_pcid_and_goes_with_the_page_fault_of_its_own():
    made = with_global_page(0x5165)
    assert keeps_page(made, FIRST) and keeps_page(made, SECOND)
    assert fault(made, PAGE, 7, kind=AccessKind.WRITE, state=SECOND) == ""
    assert keeps_page(made, FIRST) and keeps_page(made, SECOND)
    assert fault(made, PAGE, 7, kind=AccessKind.WRITE, state=FIRST) == ""
    assert not keeps_page(made, FIRST) and not keeps_page(made, SECOND)


def test_invlpg_forgets_a_global_translation_of_another_pcid():
    made = with_global_page(0x5167)
    assert made.control(control(ControlOp.INVLPG, value=PAGE), SECOND, SECOND) == ""
    assert not keeps_page(made, FIRST)
