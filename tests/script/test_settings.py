"""Settings of a script's kernel: its own, those of the command, and those of this Linux."""

import json

import pytest

from sim.cli.main import main
from sim.script import settings
from sim.script.model import on_model
from sim.script.runs import lacking
from sim.script.settings import another
from sim.switches import Switches

from .script_support import of_steps


#: Twice as much memory as the model has; with overcommit_memory=2 nobody is promised as much.
MAP = """who="a", do="mmap", length=33554432, prot="rw", flags=["private", "anonymous"]"""


def script(value):
    """A script with a setting of its own."""
    return of_steps(MAP, f"set.vm.overcommit_memory = {value}")


@pytest.mark.parametrize("value, errno", [(1, None), (2, "ENOMEM")])
def test_the_model_has_the_setting_of_a_script(value, errno):
    [outcome] = on_model(script(value))
    assert outcome.said.get("errno") == errno


def test_a_script_is_left_out_where_linux_has_another_value_and_told_both(tmp_path, monkeypatch):
    file = tmp_path / "overcommit_memory"
    monkeypatch.setattr(settings, "_PLACES", {"vm.overcommit_memory": file})
    assert lacking(script(2)) == "vm.overcommit_memory=2, which this machine does not tell"
    file.write_text("0\n")
    assert lacking(script(2)) == "vm.overcommit_memory=2, and this machine has 0"
    file.write_text("2\n")
    assert lacking(script(2)) == ""


def test_a_choice_of_linux_is_the_word_in_brackets(tmp_path, monkeypatch):
    file = tmp_path / "enabled"
    file.write_text("always [madvise] never\n")
    monkeypatch.setattr(settings, "_PLACES", {"kernel.transparent_hugepage": file})
    assert another(Switches.parse(["kernel.transparent_hugepage=madvise"])) == ""
    assert "has madvise" in another(Switches.parse(["kernel.transparent_hugepage=never"]))


@pytest.fixture(name="file")
def _file(tmp_path):
    file = tmp_path / "map.toml"
    file.write_text(f'format = 1\ntitle = "Much"\nstep = [\n{{ {MAP} }},\n]\n')
    return file


def test_a_command_sets_what_the_scripts_do_not(file, capsys):
    assert main(["script", str(file), "--set", "vm.overcommit_memory=2", "--json"]) == 1
    [found] = json.loads(capsys.readouterr().out)["scripts"]
    assert found["switches"] == "vm.overcommit_memory=2"
    assert found["steps"][0]["model"]["errno"] == "ENOMEM"
    text = file.read_text().replace("step =", "set.vm.overcommit_memory = 1\nstep =")
    file.write_text(text)
    assert main(["script", str(file), "--set", "vm.overcommit_memory=2"]) == 0
    assert "with vm.overcommit_memory=1" in " ".join(capsys.readouterr().out.split())


def test_a_comparison_with_a_switch_that_linux_has_not_is_left_out(file, capsys):
    assert main(["script", str(file), "--compare", "--set", "kernel.wp=0"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "it needs kernel.wp=0, which this machine does not tell" in out and "1 left out" in out
