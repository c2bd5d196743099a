"""Waveforms, read back as a viewer would."""

import os
import re

import pytest
from files_support import files_of_at_most
from pywellen.pywellen import Waveform

from hw.config import MmuConfig
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.output.files import FileTrouble
from sim.record.view import error_text
from sim.record.waveform import Unwritten, waveform
from sw.bus import Access, Kind


CONFIG = MmuConfig(tlb_entries=2, outstanding=2)

FILES = ["waves.gtkw", "waves.sucl", "waves.vcd"]

def run(main, folder, **options):
    engine = PysimEngine(CONFIG, **options)
    engine.run(lambda: main(engine), waves=waveform(folder))
    return engine


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A machine that ran, and the folder of its waveform."""
    async def main(engine):
        engine.claim("the store is done")
        engine.bus.mark(["mem_rw"])
        await engine.bus.access(Access(0x1230, 8, Kind.WRITE, data=0xabcd))
        engine.bus.mark(["mem_rw", "copy_to_user"])
        engine.bus.mark(["mem_rw"])
        await engine.bus.access(Access(0x1232, 2, user=True))
        await engine.bus.access(Access(0x1238, 8, Kind.EXCHANGE, data=1))
        engine.bus.mark([])

    folder = tmp_path_factory.mktemp("waves") / "new" / "folder"
    return run(main, folder), folder


@pytest.fixture(scope="module")
def variables(recorded):
    """Variables of the waveform by full name."""
    return {var.full_name: var for var in Waveform(path=str(recorded[1] / "waves.vcd")).all_vars()}


@pytest.mark.slow
def test_there_are_three_files_and_no_others(recorded):
    assert sorted(path.name for path in recorded[1].iterdir()) == FILES


@pytest.mark.slow
def test_every_name_in_the_gtkwave_view_is_in_the_waveform(recorded, variables):
    lines = (recorded[1] / "waves.gtkw").read_text().splitlines()
    named = [line for line in lines if line.startswith("machine.")]
    assert len(named) > 40
    for name in named:
        plain, high = re.fullmatch(r"([\w.]+)(?:\[(\d+):0\])?", name).groups()
        var = variables[plain]
        if not var.is_string:
            assert var.bitwidth == (int(high) + 1 if high else 1)


def test_a_signal_is_blank_while_it_means_nothing(recorded, variables):
    accepted = {access.accepted for access in recorded[0].trace.all_accesses}
    for name, blank in ("linear", "z" * 64), ("user", "z"), ("kind", "-"):
        values = dict(variables[f"machine.access.{name}"].tv)
        shown  = [cycle for cycle, value in values.items() if value != blank]
        assert {*shown} <= accepted and shown
        for cycle in accepted:
            assert cycle + 1 in accepted or values[cycle + 1] == blank


def test_the_gtkwave_view_names_its_waveform(recorded):
    assert f'[dumpfile] "{recorded[1] / "waves.vcd"}"' in (recorded[1] / "waves.gtkw").read_text()


def test_every_name_in_the_surfer_view_is_in_the_waveform(recorded, variables):
    lines = [line.split() for line in (recorded[1] / "waves.sucl").read_text().splitlines()]
    assert lines[-1] == ["zoom_fit"]
    assert all(len(line) == 2 for line in lines[:-1])
    named = [name for command, name in lines[:-1] if command == "variable_add"]
    assert len(named) > 40
    assert set(named) <= set(variables)
    assert {command for command, _ in lines[:-1]} == {"variable_add", "divider_add"}


def test_the_views_show_the_same_and_begin_with_what_software_does(recorded):
    surfer = re.findall(r"variable_add (\S+)", (recorded[1] / "waves.sucl").read_text())
    gtkwave = re.findall(r"^(machine[\w.]+)", (recorded[1] / "waves.gtkw").read_text(),
                         re.MULTILINE)
    assert gtkwave == surfer
    assert surfer[:3] == [
        f"machine.software.{name}" for name in ("claim", "kernel_function", "kernel_stack")]


def test_state_machines_are_shown_by_the_names_of_their_states(variables):
    states = {text for _, text in variables["machine.states.transfer"].tv}
    assert len(states) > 1
    assert all(re.fullmatch("[A-Z_]+", text) for text in states)
    assert {"machine.states.walker", "machine.states.translator"} <= set(variables)


def test_marks_are_texts_in_the_cycle_of_the_trace(recorded, variables):
    marks = recorded[0].trace.marks
    assert list(variables["machine.software.kernel_stack"].tv) == \
        [(mark.cycle, " > ".join(mark.stack) or "user") for mark in marks]
    assert [text for _, text in variables["machine.software.kernel_function"].tv] == \
        ["mem_rw", "copy_to_user", "mem_rw", "user"]
    assert list(variables["machine.software.claim"].tv) == [(0, "the store is done")]


def test_an_access_is_shown_in_the_cycle_of_the_trace(recorded, variables):
    def value(name, cycle):
        return [value for time, value in variables[f"machine.{name}"].tv if time <= cycle][-1]

    access = recorded[0].trace.all_accesses[1]
    assert value("access.request", access.accepted) == 1
    assert value("access.linear",  access.accepted) == 0x1232
    assert value("access.bytes",   access.accepted) == 2
    assert value("access.user",    access.accepted) == 1
    assert value("access.kind",    access.accepted) == "READ"
    assert value("verdict.response",  access.completed) == 1
    assert value("verdict.load_data", access.completed) == access.result
    assert value("verdict.fault",     access.completed) == "NONE"


def test_the_waveform_lasts_as_long_as_the_run(recorded):
    *_, last = (line for line in (recorded[1] / "waves.vcd").read_text().splitlines()
                if line.startswith("#"))
    assert last == f"#{recorded[0].trace.cycles}"


def test_a_hang_has_a_waveform_up_to_its_cycle(tmp_path):
    async def main(engine):
        await engine.bus.access(Access(0x1234, 4))

    with pytest.raises(BusHang):
        run(main, tmp_path, memory=PhysicalMemory(latency=10_000), deadline=50)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


@pytest.mark.slow
def test_an_interrupt_leaves_nothing(tmp_path):
    async def main(engine):
        await engine.bus.access(Access(0x1234, 4))
        raise KeyboardInterrupt

    for folder in (tmp_path, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            run(main, folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("text", [
    "größer … 用户 🐉", "tab\there", "two\nlines", "a \\ and a \\x41", "\x0b\x0c\x1b[31m\x7f",
    "\u2028 \x85 \xa0.", "#5 $end \"'?%s {}", "not UTF-8: \udcff",
])
def test_any_text_is_read_back_and_the_file_is_ascii(tmp_path, text):
    async def main(engine):
        engine.claim(text)
        await engine.bus.access(Access(0x1234, 4))
        engine.claim("the next")
        await engine.bus.access(Access(0x1234, 4))

    engine = run(main, tmp_path)
    assert (tmp_path / "waves.vcd").read_bytes().isascii()
    [claim] = [var for var in Waveform(path=str(tmp_path / "waves.vcd")).all_vars()
               if var.full_name == "machine.software.claim"]
    # pywellen has a character for each byte.
    assert [value.encode("latin-1").decode("utf-8", "surrogatepass") for _, value in claim.tv] == \
        [text, "the next"]
    assert engine.trace.marks[-1].claim == "the next"


@pytest.mark.slow
@pytest.mark.parametrize("stop", [None, OSError("of the program's own")])
def test_a_full_disk_does_not_end_what_is_shown(tmp_path, stop):
    done = []

    async def main(engine):
        for number in range(1000):
            await engine.bus.access(Access(0x1000 + 8 * number, 8, Kind.WRITE, data=number))
        done.append(True)
        if stop is not None:
            raise stop

    with files_of_at_most(50_000), pytest.raises(Unwritten) as raised:
        run(main, tmp_path / "new")
    assert str(raised.value) == f"cannot write {tmp_path}/new/waves.vcd: File too large"
    assert raised.value.__cause__ is stop
    assert done and list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_waveform_that_cannot_be_opened_is_told_before_anything_is_done(tmp_path):
    async def main(engine):
        pytest.fail("too late")

    (tmp_path / "waves.gtkw").mkdir()
    with pytest.raises(FileTrouble, match="waves.gtkw: Is a directory"):
        run(main, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["waves.gtkw"]


@pytest.mark.slow
def test_a_folder_may_have_a_name_that_is_no_text(tmp_path):
    async def main(engine):
        await engine.bus.access(Access(0x1234, 4))

    folder = tmp_path / os.fsdecode(b"\xff")
    run(main, folder)
    assert os.fsencode(folder / "waves.vcd") in (folder / "waves.gtkw").read_bytes()


@pytest.mark.slow
def test_files_that_lead_elsewhere_are_written_there(tmp_path):
    async def main(engine):
        await engine.bus.access(Access(0x1234, 4))

    (tmp_path / "shown").mkdir()
    (tmp_path / "shown/waves.vcd").symlink_to(tmp_path / "elsewhere.vcd")
    run(main, tmp_path / "shown")
    assert (tmp_path / "shown/waves.vcd").is_symlink()
    assert (tmp_path / "elsewhere.vcd").read_text().endswith(tuple("0123456789\n"))


@pytest.mark.parametrize("code, text", [
    (0, "-"), (0b00011, "P|W"), (0b00100, "U"), (0b11001, "P|RSVD|I"),
    (0b100111, "P|W|U|PK"),
])
def test_error_codes_are_spelled_out(code, text):
    assert error_text(code) == text
