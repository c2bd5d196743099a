"""Interrupts, terminations and hangups of a command."""

import signal
import subprocess
import sys
import tomllib

import pytest
from files_support import await_drafts
from process_support import ROOT, started

from sim.cli.main import main

from .cli_support import complaints, write_scenario


pytestmark = pytest.mark.slow


def test_an_interrupt_is_one_line_and_status_130(tmp_path, capsys):
    name = write_scenario(tmp_path, "    raise KeyboardInterrupt\n")
    assert main(["run", name]) == 130
    assert complaints(capsys.readouterr().err) == ["dragoncage: interrupted"]


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129),
])
def test_an_interrupted_run_leaves_nothing(tmp_path, number, status):
    with started("run", "--waves", "new/er/waves", cwd=tmp_path) as child:
        await_drafts(child, folder=tmp_path)
        child.send_signal(number)
        assert child.wait() == status
    assert list(tmp_path.iterdir()) == []


#: Runs the command, which is interrupted by itself when it comes to import a module.
INTERRUPTED = """
import os, runpy, signal, sys

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interruption())
sys.argv = ["dragoncage", "list"]
{before}
runpy.run_module("dragoncage", run_name="__main__", alter_sys=True)
"""


def interrupted_at(module, before=""):
    return subprocess.run([sys.executable, "-c", INTERRUPTED.format(module=module, before=before)],
                          cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["sim.cli.main", "amaranth.hdl", "sim.cli.verilog"])
def test_an_interrupt_during_imports_is_one_line_and_status_130(module):
    done = interrupted_at(module)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "dragoncage: interrupted\n")


def test_an_interrupt_that_is_ignored_is_ignored_during_imports():
    done = interrupted_at("amaranth.hdl", "signal.signal(signal.SIGINT, signal.SIG_IGN)")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_that_is_installed_is_the_module_that_can_be_interrupted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"dragoncage": "dragoncage.__main__:main"}


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_that_comes_again_while_a_command_ends_changes_nothing(tmp_path, number, status):
    name = write_scenario(tmp_path, "    import os, signal\n"
                                    "    try:\n"
                                    f"        os.kill(os.getpid(), {int(number)})\n"
                                    "    finally:\n"
                                    "        os.kill(os.getpid(), signal.SIGTERM)\n"
                                    "        os.kill(os.getpid(), signal.SIGHUP)\n")
    with pytest.raises(SystemExit) as stopped:
        main(["run", name])
    assert stopped.value.code == status


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path):
    name   = write_scenario(tmp_path, "    import os, signal\n"
                                      "    from sim.scenario import Verdict\n"
                                      "    async with stage.act('one'):\n"
                                      "        os.kill(os.getpid(), signal.SIGHUP)\n"
                                      "        stage.claim('on it goes', Verdict(True, 1, ''))\n")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["run", name]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
