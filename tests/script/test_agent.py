"""The program of a script's processes on Linux: its bytes are what its source says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sim.script.host import PROCESSES
from sim.script.linux import agent, slots
from sim.script.linux.kernel import LinuxHost

from .script_support import LINUX


SOURCE = Path(agent.__file__).with_name("agent.S")


@pytest.mark.skipif(shutil.which("as") is None or shutil.which("objcopy") is None,
                    reason="needs an assembler for x86-64")
def test_the_bytes_are_those_of_the_source(tmp_path):
    subprocess.run(["as", "--64", "-o", tmp_path / "agent.o", SOURCE], check=True)
    subprocess.run(["objcopy", "-O", "binary", tmp_path / "agent.o", tmp_path / "agent"],
                   check=True)
    assert (tmp_path / "agent").read_bytes() == agent.CODE


def test_the_source_has_the_slots_where_the_player_has_them():
    source = SOURCE.read_text()
    for name, value in (("SLOTS", slots.START), ("SLOT", slots.SIZE), ("DATA", slots.DATA)):
        [line] = [line for line in source.splitlines() if f".set {name}," in line]
        assert int(line.split()[2], 0) == value
    assert f"SLOT_COUNT, {PROCESSES}" in source and f"SLOTS_FD,   {slots.SLOTS_FD}" in source


@LINUX
def test_a_process_that_waits_for_ever_has_a_minute():
    alarm = 37

    async def left():
        with LinuxHost() as host:
            process = await host.process("a", None)
            return await process.syscall(alarm, 60)

    with pytest.raises(StopIteration) as stop:
        left().send(None)
    assert 50 < stop.value.value <= 60
