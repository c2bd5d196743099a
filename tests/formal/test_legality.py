"""Flaws in what control-register writes and INVPCID refuse are found."""

from types import SimpleNamespace

import pytest
from amaranth.hdl import Const
from amaranth.lib import data

from hw.config import MmuConfig
from hw.legality import key_register_refused
from sim.proofs.legality import (
    STATE, UNITS, prove_cr0, prove_cr3, prove_cr4, prove_efer, prove_invpcid, prove_key_register,
    prove_loads,
)
from sim.proofs.proof import Disproved

from .flaw_support import changed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


@pytest.mark.slow
@pytest.mark.parametrize("prove_register, register, name, stuck, shown", [
    (prove_cr0,  "cr4",  "pae", 1, "CR4.PAE = 0"),
    (prove_cr0,  "efer", "lme", 0, "IA32_EFER.LME = 1"),
    (prove_cr3,  "efer", "lma", 1, "IA32_EFER.LMA = 0"),
    (prove_cr0,  "cr4",  "pcide", 0, "CR4.PCIDE = 1"),
    (prove_cr3,  "cr4",  "pcide", 1, "CR4.PCIDE = 0"),
    (prove_cr4,  "efer", "lma", 1, "IA32_EFER.LMA = 0"),
    (prove_efer, "cr0",  "pg",  0, "CR0.PG = 1"),
    (prove_invpcid, "cr4", "pcide", 1, "CR4.PCIDE = 0"),
    (prove_invpcid, "cr4", "la57", 0, "CR4.LA57 = 1"),
    (prove_cr4,  "cr4",  "la57", 0, "CR4.LA57 = 1"),
])
def test_a_check_that_takes_a_bit_for_a_constant_is_disproved(
        prove_register, register, name, stuck, shown):
    flawed = changed(getattr(STATE, register), **{name: Const(stuck)})
    with pytest.raises(Disproved, match=rf"(?m)^  value = .*(.|\n)*^  {shown}$"):
        prove_register(UNITS["full"], SimpleNamespace(**vars(STATE) | {register: flawed}))


@pytest.mark.slow
def test_a_unit_without_pae_that_looks_at_pg_in_long_mode_alone_is_disproved():
    flawed = changed(STATE.cr0, pg=STATE.cr0.pg & STATE.efer.lma)
    with pytest.raises(Disproved, match=r"(?m)^unit without PAE paging: (.|\n)*^  CR0\.PG = 1$"):
        prove_cr4(UNITS["default"], SimpleNamespace(**vars(STATE) | {"cr0": flawed}))


@pytest.mark.slow
@pytest.mark.parametrize("prove_register, feature, register", [
    (prove_cr4, "smap", "CR4"), (prove_efer, "nx", "IA32_EFER")])
def test_a_bit_of_a_feature_that_a_unit_lacks_is_found(prove_register, feature, register):
    with pytest.raises(Disproved, match=f"reserved bits of {register} must be written with zeros"):
        prove_register(MmuConfig(**{feature: False}), of=MmuConfig())


@pytest.mark.slow
def test_a_key_register_of_which_a_reserved_bit_is_not_looked_at_is_found():
    with pytest.raises(Disproved, match=r"^SDM Vol\. 2, WRPKRU(.|\n)*  value = 0x8000000000000000"):
        prove_key_register(lambda value, exists: key_register_refused(
            value & ~(1 << 63), exists=exists), exists=True)


@pytest.mark.slow
def test_a_key_register_that_there_is_not_and_that_is_written_is_found():
    with pytest.raises(Disproved, match="a register that there is not cannot be written"):
        prove_key_register(lambda value, exists: key_register_refused(value, exists=True),
                           exists=False)


@pytest.mark.slow
@pytest.mark.parametrize("register, name, stuck, says", [
    ("cr4", "pae", 1, "nothing else loads the PDPTEs"),
    ("cr0", "pg", 0, "MOV to CR(3|4 that changes)"),
    ("efer", "lme", 0, "nothing else loads the PDPTEs"),
    ("cr0", "nw", 0, "MOV to CR0 that changes|nothing else"),
    ("cr4", "smep", 0, "MOV to CR4 that changes|nothing else"),
])
def test_a_load_of_pdptes_by_a_bit_that_is_taken_for_a_constant_is_found(
        register, name, stuck, says):
    state  = getattr(STATE, register)
    bit    = state.shape().const({name: 1}).as_bits()
    flawed = data.View(state.shape(), state.as_value() & ~Const(bit, 64) | (bit if stuck else 0))
    with pytest.raises(Disproved, match=rf"^SDM 4\.4\.1: ({says})"):
        prove_loads(UNITS["full"], SimpleNamespace(**vars(STATE) | {register: flawed}))
