"""A unit with every paging mode does the same in every cycle, whatever makes it run."""

import pytest
from trace_support import assert_same

from sim.record.trace import Trace

from .cocotb_engine_support import through_all_modes


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("engine, options", [
    ("cxxrtl", {}), ("cocotb", {"simulator": "icarus"}),
], ids=["cxxrtl", "cocotb"])
def test_all_modes_are_the_same_in_every_cycle(engine, options):
    ours, others = (Trace(through_all_modes(engine=name, options=given))
                    for name, given in (("pysim", {}), (engine, options)))
    assert_same(ours, others)
    assert {state.pdptes for state in ours.states} > {(0, 0, 0, 0)}
    assert {control.refused for control in ours.all_controls} == {False, True}
    assert {event.level for event in ours.events("accessed")} == set(range(5))
    # What loads PDPTEs is no walk, and each of its reads is a transfer.
    assert sum(transfer.address == 0x1008 and not transfer.walk
               for transfer in ours.all_transfers) > 4
