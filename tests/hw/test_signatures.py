# amaranth: UnusedElaboratable=no
"""Signatures say what they are made of, and are equal if that is."""

import inspect
from importlib import import_module
from pkgutil import walk_packages

import pytest
from amaranth.lib import wiring

import hw
from hw.bus import AccessSignature, ControlSignature
from hw.config import MmuConfig
from hw.demo.subsystem import ObservedSignature
from hw.interrupts import InterruptSignature
from hw.mmu import Mmu
from hw.wishbone import ClassicSignature, WishboneSignature


#: One of each, and one with other parameters if there are any.
SIGNATURES = {
    "AccessSignature()":                lambda: AccessSignature(),
    "ControlSignature()":               lambda: ControlSignature(),
    "InterruptSignature(processors=1)": lambda: InterruptSignature(processors=1),
    "InterruptSignature(processors=4)": lambda: InterruptSignature(processors=4),
    "ObservedSignature(32)":            lambda: ObservedSignature(32),
    "ObservedSignature(40)":            lambda: ObservedSignature(40),
    "WishboneSignature(maxphyaddr=32)": lambda: WishboneSignature(maxphyaddr=32),
    "WishboneSignature(maxphyaddr=40)": lambda: WishboneSignature(maxphyaddr=40),
    "WishboneSignature(maxphyaddr=40, data_width=32)":
        lambda: WishboneSignature(maxphyaddr=40, data_width=32),
    "ClassicSignature(maxphyaddr=32)":  lambda: ClassicSignature(maxphyaddr=32),
    "ClassicSignature(maxphyaddr=40)":  lambda: ClassicSignature(maxphyaddr=40),
    "ClassicSignature(maxphyaddr=40, data_width=32)":
        lambda: ClassicSignature(maxphyaddr=40, data_width=32),
}


def test_all_signatures_are_here():
    modules = [import_module(module.name) for module in walk_packages(hw.__path__, "hw.")]
    classes = {value for module in modules for name, value in vars(module).items()
               if inspect.isclass(value) and issubclass(value, wiring.Signature)
               and value.__module__ == module.__name__ and not name.startswith("_")}
    assert classes == {type(make()) for make in SIGNATURES.values()}


@pytest.mark.parametrize("text", SIGNATURES)
def test_a_signature_reads_as_the_call_that_makes_it(text):
    made = SIGNATURES[text]()
    assert repr(made) == text
    assert repr(made.flip()) == f"{text}.flip()"
    assert eval(text, globals()) == made


def test_signatures_are_equal_if_class_and_parameters_are():
    for text, make in SIGNATURES.items():
        assert [other for other, made in SIGNATURES.items() if made() == make()] == [text]
        assert make() != wiring.Signature(make().members)
        assert make().flip() == make().flip() and make().flip() != make()


def test_the_ports_of_a_unit_can_be_read():
    members = Mmu(MmuConfig(maxphyaddr=36)).signature.members
    assert repr(members["access"])  == "In(AccessSignature())"
    assert repr(members["control"]) == "In(ControlSignature())"
    assert repr(members["memory"])  == "Out(WishboneSignature(maxphyaddr=36))"
