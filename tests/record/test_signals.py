"""The list of sampled signals, compared with the ports that it speaks of."""

from operator import attrgetter

import pytest
from amaranth import Value
from amaranth.hdl import Fragment
from amaranth.lib import data
from amaranth.lib.wiring import In

from hw.config import MmuConfig
from sim.engines import testbench
from sim.record.signals import FIELDS, QUIET, SIGNALS, STROBES, Sample, inputs, outputs


@pytest.fixture(scope="module")
def port():
    bench = testbench.Testbench(MmuConfig(), view=False)
    Fragment.get(bench, None)
    return bench.processor_ports[0]


@pytest.fixture(scope="module")
def leaves(port):
    """Flows of all ports of the unit and its interrupts, by their paths."""
    return {".".join((part, *path)): member.flow
            for part, interface in (("unit", port.unit), ("interrupts", port.interrupts))
            for path, member, _ in interface.signature.flatten(interface)}


def whole(path):
    """The port whose field is at ``path``, if that is one, or else what is there."""
    return path[:path.index("payload") + len("payload")] if "payload" in path else path


def test_a_sample_of_nothing_is_all_zeros():
    assert not any(Sample())


def test_the_signals_are_in_the_order_of_a_sample(port):
    assert tuple(SIGNALS) == tuple(outputs(port)) == Sample._fields


def test_all_ports_are_sampled_but_what_never_changes(leaves):
    constant = {"unit.access.response.ready", "unit.control.response.ready",
                "interrupts.send.ready"}
    marks    = {"kernel_stack", "claim"}
    assert {whole(signal.path) for signal in SIGNALS.values()} - marks == set(leaves) - constant


def test_a_processor_drives_all_inputs_but_those_of_memory(port, leaves):
    wanted = {path for path, flow in leaves.items() if flow == In and ".memory." not in path}
    driven = {whole(signal.path) for signal in SIGNALS.values() if signal.driven}
    ready  = {"unit.access.response.ready", "unit.control.response.ready"}
    assert driven - {"kernel_stack"} == wanted - ready
    assert len(inputs(port)) == len([s for s in SIGNALS.values() if s.driven]) + len(ready)


def test_a_quiet_processor_is_ready_and_strobes_nothing(port):
    assert QUIET.keys() <= inputs(port).keys()
    assert {name for name, value in QUIET.items() if value} == {
        "response_ready", "controlled_ready"}
    assert {name for name, value in QUIET.items() if not value} == {
        name for name, signal in SIGNALS.items()
        if signal.driven and signal.path.endswith((".valid", ".take"))}
    assert set(QUIET) - {"response_ready", "controlled_ready"} <= set(STROBES)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_layout_is_that_of_the_port(port, name):
    signal = attrgetter(SIGNALS[name].path)(port)
    packed = not isinstance(signal, Value) and isinstance(
        data.Layout.cast(signal.shape()), data.Layout)
    assert packed == (name in FIELDS)
    if packed:
        assert data.Layout.cast(signal.shape()) == data.Layout.cast(SIGNALS[name].layout)
