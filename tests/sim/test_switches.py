"""Switches: their words, and the machine that they make."""

from dataclasses import fields
from inspect import signature

import pytest

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.errors import Unsuited
from sim.scenario.assembly import assembled
from sim.switches import PARAMETERS, SWITCHES, Switches
from sw.arch.x86.include.asm.cpufeatures import X86_FEATURE_SMAP, X86_FEATURE_SMEP
from sw.mm.hugetlb.pool import default_hstate_max_huge_pages
from sw.security.yama.yama_lsm import yama_ptrace_scope
from sw.vmlinux import Kernel


def test_every_field_of_a_unit_has_a_switch_but_the_one_for_many_machines_at_once():
    switches = {name.removeprefix("unit.") for name in SWITCHES if name.startswith("unit.")}
    assert switches == {field.name for field in fields(MmuConfig)} - {"variable_maxphyaddr"}


@pytest.mark.parametrize("switch", [
    switch for name, switch in SWITCHES.items() if name.startswith("unit.") and switch.most > 1])
def test_a_unit_can_have_the_least_and_the_most_of_what_a_switch_takes(switch):
    for value in (switch.least, switch.most):
        unit = Switches.parse([f"{switch.name}={value}"]).unit(PRESETS["full"])
        assert getattr(unit, switch.name.removeprefix("unit.")) == value


def test_the_last_value_of_a_switch_counts():
    switches = Switches.parse(["unit.smap=0", "machine.ram=8MiB", "unit.smap=1"])
    assert switches.of("unit") == {"smap": 1}
    assert switches.of("machine") == {"ram": 8 << 20}
    assert str(switches) == "unit.smap=1 machine.ram=8388608"
    assert Switches.parse(str(switches).split()) == switches


@pytest.mark.parametrize("word, complaint", [
    ("smap=0",            'there is no switch "smap"; did you mean unit.smap or kernel.smap? --se'),
    ("wp=0",              'there is no switch "wp"; did you mean kernel.wp? --set help lists all'),
    ("vm.nr_hugepage=4",  'there is no switch "vm.nr_hugepage"; did you mean vm.nr_hugepages? --s'),
    ("unit.snap=0",       'there is no switch "unit.snap"; did you mean unit.smap'),
    ("zzz=4",             'there is no switch "zzz"; --set help lists all'),
    ("zzz",               'there is no switch "zzz"; --set help lists all'),
    ("unit.smap",         'unit.smap has no value: write unit.smap=VALUE'),
    ("unit.smap=off",     'unit.smap is 0 or 1, not "off"'),
    ("unit.smap=2",       'unit.smap is 0 or 1, not "2"'),
    ("machine.latency=0", 'machine.latency is a number from 1 to 5000, not "0"'),
    ("machine.cpus=2KiB", 'machine.cpus is a number from 1 to 32, not "2KiB"'),
    ("kernel.yama.ptrace_scope=4", 'kernel.yama.ptrace_scope is a number from 0 to 3, not "4"'),
    ("kernel.transparent_hugepage=1", "kernel.transparent_hugepage is always or madvise or never"),
    ("machine.ram=" + "9" * 5000, "machine.ram is a number from "),
])
def test_a_word_that_makes_no_sense_is_refused(word, complaint):
    with pytest.raises(ValueError) as refused:
        Switches.parse([word])
    assert str(refused.value).startswith(complaint) and len(str(refused.value)) < 150


def test_no_switch_is_proposed_of_a_group_that_has_nothing_to_say_here():
    with pytest.raises(ValueError, match="did you mean kernel.smap[?] --set"):
        Switches.parse(["smap=0"], ["kernel", "vm"])


def test_a_unit_has_what_the_switches_say_and_else_what_the_preset_has():
    unit = Switches.parse(["unit.smap=0", "unit.tlb_entries=4"]).unit(PRESETS["tiny"])
    assert (unit.smap, unit.smep, unit.tlb_entries, unit.long_mode) == (False, True, 4, False)
    with pytest.raises(ValueError, match="power of two"):
        Switches.parse(["unit.tlb_entries=5"]).unit(PRESETS["tiny"])


def test_a_kernel_is_told_of_what_it_does_otherwise_alone():
    assert Switches.parse(["kernel.wp=1", "kernel.smap=1"]).kernel() == {}
    assert Switches.parse(["kernel.wp=0", "kernel.smap=0", "kernel.smep=0"]).kernel() == {
        "write_protect": False, "clearcpuid": X86_FEATURE_SMAP | X86_FEATURE_SMEP}


def test_what_linux_has_as_a_sysctl_or_a_boot_parameter_has_its_name():
    switches = Switches.parse([
        "kernel.yama.ptrace_scope=1", "kernel.transparent_hugepage=always", "kernel.vdso=1",
        "kernel.fault_around_bytes=64KiB", "vm.overcommit_memory=2", "vm.overcommit_ratio=80",
        "vm.nr_hugepages=4"])
    assert switches.kernel() == {
        "yama_ptrace_scope": 1, "transparent_hugepage": "always", "vdso": 1,
        "fault_around_bytes": 65536, "overcommit_memory": 2, "overcommit_ratio": 80,
        "hugepages": 4}
    assert Switches.parse(str(switches).split()) == switches


def test_every_parameter_of_a_kernel_can_be_set():
    parameters = {name for name, parameter in signature(Kernel).parameters.items()
                  if parameter.kind is parameter.KEYWORD_ONLY}
    others = {"highmem_bytes", "proc_mem_force_override", "clearcpuid", "write_protect"}
    assert parameters == set(PARAMETERS.values()) | others


def test_a_scenario_keeps_what_it_wants_of_the_kernel_and_the_rest_is_set():
    wanted = {"kernel": {"yama_ptrace_scope": 1}}
    found  = machine("vm.nr_hugepages=1", wanted=wanted).kernel.image
    assert (found[yama_ptrace_scope], found[default_hstate_max_huge_pages]) == (1, 1)
    with pytest.raises(Unsuited, match='it has "yama_ptrace_scope" for the kernel in its MACHINE'):
        machine("kernel.yama.ptrace_scope=0", wanted=wanted)


def test_a_value_that_no_kernel_can_have_is_refused_by_its_switch():
    with pytest.raises(Unsuited, match="--set kernel.fault_around_bytes=5000: fault_around_bytes"):
        machine("kernel.fault_around_bytes=5000")


def machine(*words, wanted=(), modes=("4level", "32bit"), **choice):
    return assembled(modes, dict(wanted), {
        "engine": "pysim", "era": "6.x", "switches": Switches.parse(words), **choice})


def test_a_machine_has_the_memory_and_the_processors_that_are_set():
    made = machine("machine.latency=7", "machine.cpus=3", "machine.ram=2MiB",
                   "machine.highmem=1MiB", mode="32bit")
    assert (made.memory.latency, len(made.cpus)) == (7, 3)
    assert (made.kernel.ram_bytes, made.kernel.lowmem_bytes) == (2 << 20, 1 << 20)


def test_a_unit_without_long_mode_is_played_in_the_mode_that_it_has():
    made = machine("unit.long_mode=0", "unit.gigabyte_pages=0", "unit.nx=0", "unit.pcid=0")
    assert made.mode == "32bit"


@pytest.mark.parametrize("words, wanted, complaint", [
    (["machine.cpus=1"],    {"cpus": 2},      'it has "cpus" in its MACHINE; leave machine.cpus'),
    (["machine.latency=2"], {"memory": None}, 'it has "memory" in its MACHINE; leave machine.late'),
    (["unit.long_mode=0"],  {},               "gigabyte_pages needs long_mode"),
    (["machine.highmem=1"], {},               "there is no such machine with --set machine.hi"),
])
def test_a_machine_that_cannot_be_is_refused(words, wanted, complaint):
    with pytest.raises(Unsuited, match=complaint):
        machine(*words, wanted=wanted)
