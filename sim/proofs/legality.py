"""Proofs: control-register writes and INVPCID fault where the manual says so, in every state.

And which of the writes that do not fault load the PDPTE registers.
"""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Signal
from amaranth.lib import data

from hw.bus import Register
from hw.config import MmuConfig
from hw.layout import CR0, CR3, CR4, EFER
from hw.legality import (
    cr0_refused, cr3_refused, cr4_refused, efer_refused, invpcid_refused, key_register_refused,
    loads_pdptes,
)
from hw.presets import PRESETS

from .manual import control as manual
from .proof import Subject, prove
from .property import Method, Property


__all__ = [
    "PROPERTIES", "STATE", "UNITS", "prove_cr0", "prove_cr3", "prove_cr4", "prove_efer",
    "prove_invpcid", "prove_key_register", "prove_loads",
]


VALUE = Signal(64, name="value")
WIDTH = Signal(6, name="maxphyaddr")

#: The registers before the write.
STATE = SimpleNamespace(cr0=Signal(CR0, name="cr0"), cr3=Signal(CR3, name="cr3"),
                        cr4=Signal(CR4, name="cr4"), efer=Signal(EFER, name="efer"))

#: The same, in the manual's names.
NOW = manual.Now(pg=STATE.cr0.pg, pae=STATE.cr4.pae, la57=STATE.cr4.la57, pcide=STATE.cr4.pcide,
                 lme=STATE.efer.lme, lma=STATE.efer.lma, pcid=STATE.cr3.pcid)

#: Operands of INVPCID.
TYPE, DESCRIPTOR = Signal(64, name="type"), Signal(128, name="descriptor")

#: The register that is written.
REGISTER = Signal(Register, name="register")

INPUTS = [VALUE, WIDTH, REGISTER, TYPE, DESCRIPTOR, *map(data.View.as_value, vars(STATE).values())]

FIELDS = {
    "value":         VALUE,
    "type":          TYPE,
    "descriptor":    DESCRIPTOR,
    "CR0.PG":        NOW.pg,
    "CR3[11:0]":     NOW.pcid,
    "CR4.PAE":       NOW.pae,
    "CR4.LA57":      NOW.la57,
    "CR4.PCIDE":     NOW.pcide,
    "IA32_EFER.LME": NOW.lme,
    "IA32_EFER.LMA": NOW.lma,
    "MAXPHYADDR":    WIDTH,
}

#: SDM 4.1.1: in IA-32e mode LMA, PG, LME and PAE are 1. PCIDE is 1 in IA-32e mode only.
GIVEN = ((NOW.lma == (NOW.pg & NOW.lme)) & (~NOW.lma | NOW.pae) & (~NOW.pcide | NOW.lma)
         & (WIDTH >= 32) & (WIDTH <= 52))

UNITS = {
    **PRESETS,
    "without smap": MmuConfig(smap=False),
    "with pae alone": MmuConfig(long_mode=False, gigabyte_pages=False, pcid=False, pae=True),
    "of any width": MmuConfig(maxphyaddr=52, variable_maxphyaddr=True),
}

#: Bits of CR4 and of IA32_EFER, and the features that they come with (SDM 2.5, 2.2.1).
CR4_BITS  = {4: "pse", 5: "wide_entries", 7: "pge", 12: "la57", 17: "pcid", 20: "smep", 21: "smap",
             22: "pku", 24: "pks"}
EFER_BITS = {0: "long_mode", 8: "long_mode", 10: "long_mode", 11: "nx"}


def there(bits: Any, config: Any) -> Any:
    """The bits of a register that a unit has."""
    return [bit for bit, feature in bits.items() if getattr(config, feature)]


def features(config: Any) -> Any:
    """The features of a unit, as the manual's sentences have them."""
    names = {"long_mode": "4-level", "la57": "5-level", "pae": "PAE", "pcid": "PCID"}
    return [name for field, name in names.items() if getattr(config, field)]


def states_of(config: Any) -> Any:
    """The state is one that a unit can be in."""
    given = GIVEN
    if not config.long_mode:
        given &= ~NOW.lme
    if not config.wide_entries:
        given &= ~NOW.pae
    if not config.pae:
        given &= ~(NOW.pg & ~NOW.lme & NOW.pae)  # 32-bit paging
    if not config.la57:
        given &= ~NOW.la57
    if not config.pcid:
        given &= ~NOW.pcide
    return given


def prove_fault(config: Any, result: Any, sentences: Any) -> None:
    """Prove sentences about a write to a register of a unit, or about INVPCID."""
    prove(
        Subject(inputs=INPUTS, fields={**FIELDS, "#GP(0)": result}, given=states_of(config)),
        sentences, complete=True)


def prove_cr0(config: Any, state: Any = None) -> None:
    """Prove when a write to CR0 faults, with ``state`` as the unit sees it."""
    state = state or STATE
    result = cr0_refused(data.View(CR0, VALUE), state, config=config)
    prove_fault(config, result, manual.write_to_cr0(
        result, VALUE, NOW, features=features(config)))


def prove_cr3(config: Any, state: Any = None) -> None:
    """Prove when a write to CR3 faults."""
    state = state or STATE
    width  = WIDTH if config.variable_maxphyaddr else config.maxphyaddr
    result = cr3_refused(data.View(CR3, VALUE), state, maxphyaddr=width)
    prove_fault(config, result, manual.write_to_cr3(result, VALUE, NOW, m=width))


def prove_cr4(config: Any, state: Any = None, of: Any = None) -> None:
    """Prove when a write to CR4 faults, by the features ``of`` another unit, if there is one."""
    state = state or STATE
    result = cr4_refused(data.View(CR4, VALUE), state, config=of or config)
    prove_fault(config, result, manual.write_to_cr4(
        result, VALUE, NOW, bits=there(CR4_BITS, config), features=features(config)))


def prove_efer(config: Any, state: Any = None, of: Any = None) -> None:
    """Prove when a write to IA32_EFER faults, by the features ``of`` another unit."""
    state = state or STATE
    result = efer_refused(data.View(EFER, VALUE), state, config=of or config)
    prove_fault(config, result, manual.write_to_efer(
        result, VALUE, NOW, bits=there(EFER_BITS, config)))


def prove_invpcid(config: Any, state: Any = None) -> None:
    """Prove when INVPCID faults."""
    state = state or STATE
    result = invpcid_refused(TYPE, DESCRIPTOR[:64], DESCRIPTOR[64:], state)
    prove_fault(config, result, manual.invpcid(
        result, NOW, kind=TYPE, descriptor=DESCRIPTOR))


def prove_key_register(function: Any, exists: bool) -> None:
    """Prove when a write to PKRU or IA32_PKRS faults, by a function of the value."""
    result = function(VALUE, exists=exists)
    prove(Subject(inputs=[VALUE], fields={"value": VALUE, "#GP(0)": result}),
          manual.write_to_key_register(result, VALUE, exists=exists), complete=True)


def prove_loads(config: Any, state: Any = None) -> None:
    """Prove which writes load the PDPTE registers."""
    result = loads_pdptes(REGISTER, VALUE, state or STATE, config=config)
    prove(
        Subject(inputs=INPUTS, given=states_of(config),
                fields={**FIELDS, "register": (REGISTER, Register), "loads": result}),
        manual.loads_of_pdptes(
            result, VALUE, NOW, to_cr0=REGISTER == Register.CR0, to_cr3=REGISTER == Register.CR3,
            to_cr4=REGISTER == Register.CR4, cr0=STATE.cr0.as_value(), cr4=STATE.cr4.as_value()),
        complete=True)


def _property(name: str, operation: str, source: str, units: Iterable[str], prove: Any) -> Property:
    """The property that an operation faults where the manual says so."""
    return Property(
        name=name, block="hw.legality", source=source,
        says=f"{operation} faults where the manual says so, and nowhere else",
        method=Method.ALL_CASES, units=tuple(units),
        prove=lambda unit, depth: prove(UNITS[unit]))


PROPERTIES = [
    _property("cr0-writes", "a write to CR0", "SDM 2.5, 9.8.5", UNITS, prove_cr0),
    _property("cr3-writes", "a write to CR3", "SDM 2.5, 4.5", ("default", "full", "of any width"),
              prove_cr3),
    _property("cr4-writes", "a write to CR4", "SDM 2.5, 4.1.2", UNITS, prove_cr4),
    _property("efer-writes", "a write to IA32_EFER", "SDM 2.2.1, 9.8.5", UNITS, prove_efer),
    _property("invpcid-operands", "INVPCID", "SDM Vol. 2, INVPCID", ("full",), prove_invpcid),
    Property(
        name="key-registers", block="hw.legality", source="SDM 4.6.2; Vol. 2, WRPKRU",
        says="a write to PKRU or IA32_PKRS faults where the manual says so, and nowhere else",
        method=Method.ALL_CASES, units=("with the register", "without it"),
        prove=lambda unit, depth: prove_key_register(
            key_register_refused, unit == "with the register")),
    Property(
        name="pdpte-loads", block="hw.legality", source="SDM 4.4.1",
        says="a write to a control register loads the PDPTEs where the manual says so, and nowhere "
             "else",
        method=Method.ALL_CASES, units=("full", "with pae alone"),
        prove=lambda unit, depth: prove_loads(UNITS[unit])),
]
