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


def read_by_a_walk(mmu, address, entry):
    """Have an entry read; return the complaint."""
    lane = address % 8
    return mmu.walk(TransferRecord(1, address - lane, False, False, 0xf << lane, entry << 8 * lane,
                                   True, MARK, acked=2), STATE)


def access(linear, *, size=4, kind=AccessKind.READ, **end):
    """A user's access, of which the walks are done."""
    return AccessRecord(3, linear, size, kind, True, False, False, 0, 0, STATE, MARK,
                        completed=4, **end)


def fault(mmu, linear, code, **options):
    """Have an access end in a page fault; return the complaint."""
    return mmu.ends(access(linear, fault=Fault.PAGE_FAULT, error_code=code, **options))


def keeps_page(mmu):
    """Tell whether the page may be accessed without another walk."""
    (_, _, places), = mmu.places(access(PAGE))
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
