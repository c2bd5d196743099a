"""Machines that were compiled before are found without a compiler, Yosys, or a design."""

import json
import shutil

import pytest

import sim.engines.cxxrtl.native
from hw.presets import PRESETS
from sim.cli.main import main
from sim.engines.cxxrtl import library as library_module
from sim.engines.cxxrtl import prebuilt
from sim.engines.cxxrtl.native import Design, Native
from sim.engines.cxxrtl.platforms import NATIVE
from sim.errors import Unavailable
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow

#: A unit that is compiled for other tests, too.
CONFIG = PRESETS["tiny"]

PARTS = Design(CONFIG).parts


@pytest.fixture(name="machines", scope="module")
def _machines(tmp_path_factory):
    """A folder with one machine."""
    folder = tmp_path_factory.mktemp("machines")
    assert main(["machines", str(folder), "--preset", "tiny", "--cpus", "1"]) == 0
    return folder


@pytest.fixture(name="elsewhere")
def _elsewhere(machines, monkeypatch, tmp_path):
    """A computer that has a folder of machines, no program, and an empty cache."""
    monkeypatch.setenv(prebuilt.VARIABLE, str(machines))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(library_module, "PACKAGE", "no_such_yosys")
    monkeypatch.setattr(sim.engines.cxxrtl.native, "_compiled", {})
    return machines


def changed(machines, folder, **entry):
    """A copy of the machines whose index says otherwise of each."""
    shutil.copytree(machines, folder)
    index = json.loads((folder / prebuilt.INDEX).read_text(encoding="utf-8"))
    for found in index["machines"].values():
        found |= entry
    (folder / prebuilt.INDEX).write_text(json.dumps(index), encoding="utf-8")
    return folder


def test_the_command_makes_a_folder_of_machines(tmp_path, capsys):
    assert main(["machines", str(tmp_path / "DIR"), "--preset", "tiny", "--cpus", "1"]) == 0
    told = capsys.readouterr()
    assert told.out == (f"machines: 1, in {tmp_path / 'DIR'}; use them by "
                        f"DRAGONCAGE_MACHINES={tmp_path / 'DIR'}\n")
    assert f"tiny-1-{NATIVE.name}.so" in told.err
    assert {file.name for file in (tmp_path / "DIR").iterdir()} == {
        prebuilt.INDEX, f"tiny-1-{NATIVE.name}.so"}


def test_a_scenario_is_played_without_a_compiler(elsewhere):
    run = SCENARIOS["article"].perform(engine="cxxrtl", era="5.x", mode="32bit", config=CONFIG,
                                       options={"shipped": True})
    assert run.holds
    assert run.claims


def test_whoever_may_have_changed_a_rule_does_not_get_it(elsewhere):
    with pytest.raises(Unavailable, match="needs a C\\+\\+ compiler"):
        Native(CONFIG, cpus=1, arbiter=sim.engines.cxxrtl.native.Arbiter, shipped=False)


@pytest.mark.parametrize("parts", [
    Design(PRESETS["classic"]).parts, Design(CONFIG, 2).parts,
], ids=["another unit", "another number of processors"])
def test_another_machine_is_not_there(elsewhere, parts):
    assert prebuilt.find(PARTS, NATIVE.name) is not None
    assert prebuilt.find(parts, NATIVE.name) is None


def test_a_machine_for_another_processor_is_not_there(elsewhere):
    assert prebuilt.find(PARTS, "m68k") is None


def test_a_machine_of_other_code_is_not_there(elsewhere, monkeypatch):
    monkeypatch.setattr(prebuilt, "code", lambda: "another")
    assert prebuilt.find(PARTS, NATIVE.name) is None


def test_an_error_says_that_the_folder_has_not_got_it(elsewhere):
    with pytest.raises(Unavailable, match=f"compiler.*; no machine in {elsewhere} "):
        Native(PRESETS["classic"], cpus=1, arbiter=sim.engines.cxxrtl.native.Arbiter,
               shipped=True)


def test_without_the_variable_there_is_no_folder(elsewhere, monkeypatch):
    monkeypatch.delenv(prebuilt.VARIABLE)
    assert prebuilt.find(PARTS, NATIVE.name) is None
    assert prebuilt.remark() == ""


def test_a_file_that_was_copied_in_part_is_refused(elsewhere, monkeypatch, tmp_path):
    folder = changed(elsewhere, tmp_path / "copy")
    [file] = folder.glob("*.so")
    file.write_bytes(file.read_bytes()[:-1])
    monkeypatch.setenv(prebuilt.VARIABLE, str(folder))
    with pytest.raises(Unavailable, match=r"tiny-1-.*\.so is not what machines\.json says"):
        prebuilt.find(PARTS, NATIVE.name)


def test_a_file_that_is_not_there_is_refused(elsewhere, monkeypatch, tmp_path):
    monkeypatch.setenv(prebuilt.VARIABLE,
                       str(changed(elsewhere, tmp_path / "copy", file="gone.so")))
    with pytest.raises(Unavailable, match=r"gone\.so: No such file"):
        prebuilt.find(PARTS, NATIVE.name)


def test_an_index_names_no_files_elsewhere(elsewhere, monkeypatch, tmp_path):
    monkeypatch.setenv(prebuilt.VARIABLE,
                       str(changed(elsewhere, tmp_path / "copy", file="../tiny.so")))
    with pytest.raises(Unavailable, match="names files elsewhere; make the folder anew"):
        prebuilt.find(PARTS, NATIVE.name)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "machines": []}',
                                  '{"schema": 1, "machines": {"a": {"file": "a"}}}'])
def test_what_is_no_index_is_refused_in_one_line(monkeypatch, tmp_path, text, capsys):
    (tmp_path / prebuilt.INDEX).write_text(text, encoding="utf-8")
    monkeypatch.setenv(prebuilt.VARIABLE, str(tmp_path))
    assert main(["run", "race", "--engine", "cxxrtl", "--preset", "tiny", "--mode", "32bit"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "is no index of machines" in line


def test_a_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(prebuilt.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="name a folder that `dragoncage machines` has made"):
        prebuilt.find(PARTS, NATIVE.name)


def test_a_machine_that_is_made_anew_takes_the_place_of_the_old_one(machines, monkeypatch,
                                                                   tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(machines, folder)
    with monkeypatch.context() as before:
        before.setattr(prebuilt, "code", lambda: "another")
        prebuilt.publish(folder, "b.so", folder / prebuilt.INDEX, PARTS, NATIVE.name)
    [file] = folder.glob("tiny*.so")
    prebuilt.publish(folder, "b.so", file, PARTS, NATIVE.name)
    index = json.loads((folder / prebuilt.INDEX).read_text(encoding="utf-8"))["machines"]
    assert [entry["file"] for entry in index.values()] == ["b.so"]
    monkeypatch.setenv(prebuilt.VARIABLE, str(folder))
    assert prebuilt.find(PARTS, NATIVE.name) == folder / "b.so"
