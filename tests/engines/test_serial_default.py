"""The engine serial and a unit with long mode, of which addresses and registers have 64 bits.

Its board would take long to compile, and long to play on. A line has nothing to do with the width
of what goes over it, so here is none: requests go to the board's bridge, and rows come from its
row writer, in Amaranth's simulator.
"""

from pathlib import Path

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG
from trace_support import assert_same

from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.serial import engine as serial
from sim.errors import LimitReached
from sim.machine import ENGINES
from sim.scenario.scenario import load
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register
from tests.demo.demo_client import RAM_KIB, CoreClient


pytestmark = pytest.mark.slow


CASE = Path(__file__).parents[1] / "scenario/scenario_cases.py"

P, RW, XD = 1, 2, 1 << 63

#: Linear addresses in the upper half, above 4 GiB: of a page that is there, and of one that is not.
UPPER = 0xFFFF_8880_0040_5000
GONE  = UPPER + 0x1000


@pytest.fixture
def on_core(monkeypatch):
    """A function that makes an engine whose board has a unit of preset ``default``."""
    def made(config=None, **options):
        return serial.SerialEngine(config, line="default", **options)

    monkeypatch.setattr(serial, "Client", CoreClient)
    monkeypatch.setitem(ENGINES, "serial", made)
    return made


def worked(engine):
    """Let it work in long mode, with values of 64 bits; return what was seen."""
    async def work():
        bus = engine.bus
        tables = (0x1000, 0x2000, 0x3000, 0x4000)
        for shift, table, below in zip((39, 30, 21, 12), tables, (*tables[1:], 0x5000 | XD),
                                       strict=True):
            entry = table + 8 * (UPPER >> shift & 511)
            await bus.access(Access(entry, 8, Kind.WRITE, data=below | P | RW))
        for register, value in ((Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG | 1 << 11),
                                (Register.CR3, tables[0]), (Register.CR0, CR0_32)):
            await bus.write_control(register, value)
        bus.mark(["function"])
        seen.append(await bus.store_string(UPPER + 0xFE4, bytes(range(200, 228)), user=False))
        seen.append(str(await bus.load_string(UPPER + 0xFD0, 64, user=False)))  # the end faults
        for kind in Kind:
            data    = 0 if kind in (Kind.READ, Kind.FETCH) else 1 << 63 | 5
            compare = data if kind is Kind.COMPARE_EXCHANGE else 0
            seen.append(str(await bus.access(Access(UPPER + 0xFE8, 8, kind, data=data,
                                                    compare=compare))))
        seen.append(str((await bus.access(Access(GONE, 8, Kind.WRITE, data=2**64 - 1))).fault))
        seen.append(await bus.read_control(Register.CR2))
        seen.append(str((await bus.access(Access(1 << 63, 8))).fault))  # not canonical
        with pytest.raises(GeneralProtection):
            await bus.write_control(Register.CR3, 1 << 63 | 0x1000)
        await bus.invlpg(UPPER)

    seen = []
    engine.run(work)
    return seen


def test_in_every_cycle_it_is_on_record_what_a_simulated_unit_does(on_core):
    board, other = on_core(), CxxrtlEngine(PRESETS["default"])
    seen = worked(board)
    assert GONE in seen and str(PageFault(GONE, 2)) in seen
    assert seen == worked(other)
    assert board.config == other.config and board.ram == RAM_KIB << 10
    assert_same(board.trace, other.trace)
    assert board.memory.read_bytes(0, 0x6000) == other.memory.read_bytes(0, 0x6000)


def test_a_story_begins_in_the_mode_of_the_unit(on_core):
    run = load(CASE).perform(engine="serial", era="5.x", limit=1)
    assert run.mode == "4level" and run.preset == "default" and run.ram == RAM_KIB << 10
    assert run.failure.reason.startswith(LimitReached.__name__)
