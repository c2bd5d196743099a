"""Processes of others: no script reaches them on Linux."""

import os
import time
from pathlib import Path

import pytest
from process_support import Child

from sim.cli.main import main
from sim.errors import Unavailable
from sim.script.bystanders import reached
from sim.script.model import on_model
from sim.script.runs import lacking, on_linux

from .script_support import LINUX, of_steps


def kill(pid, signo='"SIGUSR1"'):
    """A step that sends a signal."""
    return f'who="a", do="kill", pid={pid}, signal={signo}'


@pytest.fixture(name="bystander")
def _bystander():
    """A process of the user that the script's processes belong to, which dies of SIGUSR1."""
    user = {} if os.getuid() else {"user": 1000}
    with Child("sleep", "60", **user) as child:
        yield child


@LINUX
@pytest.mark.parametrize("sign, more", [(1, 0), (-1, 0), (1, 1 << 32)],
                         ids=["itself", "its group", "cut to 32 bits"])
def test_a_bystander_outlives_a_script_that_kills_it(sign, more, bystander):
    number = sign * bystander.pid + more
    script = of_steps(kill(number))
    with pytest.raises(Unavailable, match=rf"line 5, kill pid={number} would reach them"):
        on_linux(script)
    time.sleep(0.1)
    assert Path(f"/proc/{bystander.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize("steps", [
    kill(4711), kill(-1, '"SIGKILL"'),
    'who="a", do="tgkill", pid="a", tid=4711, signal="SIGUSR1"',
    'who="a", do="ptrace", request="attach", pid=4711',
    'who="a", do="process_vm_writev", pid=1, iov=[{ data="41" }], remote=[{ at=4096, count=1 }]',
    'who="a", do="pwrite", file="/proc/4711/mem", at=4096, data="41"',
    'who="a", do="open", path="/proc/self/../004711/mem", flags=["rdwr"]',
    'who="a", do="open", path="/proc/1{a}/mem", flags=["rdwr"]',
], ids=range(8))
def test_a_step_that_reaches_others_is_named_with_its_line(steps):
    script = of_steps('who="a", do="int3"\n' + steps)
    assert reached(script).startswith(f"line 6, {script.steps[1].do} ")
    assert "is not played here" in lacking(script)


@pytest.mark.parametrize("steps", [
    kill(0), kill('"a"'), kill(99999999), kill(-1, "0"), 'who="a", do="wait", pid=-1',
    'who="a", do="setpgid", pid=4711, pgid=0', 'who="a", do="ptrace", request="traceme"',
    'who="a", do="open", path="/proc/0{a}/mem", flags=["rdwr"]',
    'who="a", do="open", path="/proc/99999999/mem", flags=["rdwr"]',
], ids=range(9))
def test_a_step_among_the_processes_of_a_script_reaches_nobody_else(steps):
    assert not reached(of_steps(steps))


@LINUX
def test_a_process_that_was_not_made_is_nobody(bystander):
    """As its maker has ended. -1, as a missing descriptor is, would be everybody."""
    steps = ('who="a", do="fork", as="b"\n' + kill('"a"', '"SIGKILL"')
             + '\nwho="a", do="fork", as="c"\nwho="b", do="kill", pid="c", signal="SIGUSR1"')
    on_both = [play(of_steps(steps)) for play in (on_linux, on_model)]
    assert [outcomes[-1].said["errno"] for outcomes in on_both] == ["ESRCH", "ESRCH"]
    assert Path(f"/proc/{bystander.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_the_model_plays_what_reaches_all():
    *_, signals = on_model(of_steps(
        'who="a", do="signals"\n'
        'who="b", do="sigaction", signal="SIGUSR1", action="handle"\n' + kill(-1)
        + '\nwho="b", do="signals", expect={ signals=["SIGUSR1"] }'))
    assert not signals.failed


def test_a_comparison_leaves_the_script_out_and_says_why(tmp_path, capsys):
    file = tmp_path / "kill.toml"
    file.write_text(f'format = 1\ntitle = "One"\nstep = [\n{{ {kill(4194304)} }},\n]\n')
    for options in (["--compare"], ["--on", "linux"]):
        assert main(["script", str(file), *options]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert "line 4, kill pid=4194304 would reach them, and is not played here" in out
        assert "1 left out" in out
