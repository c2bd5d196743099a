# amaranth: UnusedElaboratable=no
"""The width of a physical address, as a number of the configuration and as a port."""

import pytest
from amaranth.hdl import Signal
from hw_support import simulate

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.control import Control
from hw.layout import Features
from hw.mmu import Mmu
from hw.physical import exceeds
from hw.presets import PRESETS
from stream_support import get, put


VARIABLE = MmuConfig(maxphyaddr=52, variable_maxphyaddr=True)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_has_the_port(preset):
    assert "maxphyaddr" not in Mmu(PRESETS[preset]).signature.members


@pytest.mark.slow
@pytest.mark.parametrize("width", range(32, 53))
def test_a_bit_exceeds_a_width_whether_that_is_a_number_or_a_port(width):
    async def check(ctx):
        ctx.set(port, width)
        for bit in range(52):
            ctx.set(address, 1 << bit)
            wanted = bit >= width
            assert (ctx.get(exceeds(address, width)), ctx.get(exceeds(address, port))) == (
                wanted, wanted)

    address, port = Signal(52), Signal(6)
    simulate(Mmu(PRESETS["tiny"]), check)


@pytest.mark.parametrize("width", [32, 40, 52])
def test_software_reads_the_width_of_the_port(width):
    async def read(ctx):
        ctx.set(control.maxphyaddr, width)
        ctx.set(control.quiet, 1)
        await put(ctx, control.control.request, {
            "op": ControlOp.READ, "register": Register.FEATURES, "value": 0})
        response = await get(ctx, control.control.response)
        found.append(Features.from_bits(response.value).maxphyaddr)

    found, control = [], Control(VARIABLE)
    simulate(control, read)
    assert found == [width]
