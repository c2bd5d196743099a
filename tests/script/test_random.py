"""Random scripts: drawn from a seed, compared, and shrunk to what differs."""

import pytest

from sim.cli.main import main
from sim.script import campaign as campaigns
from sim.script.compare import Difference
from sim.script.generator import STEPS, steps_of
from sim.script.outcome import Outcome
from sim.script.parser import parse
from sim.script.scene import FILES
from sim.script.script import Step
from sim.script.shrink import shrunk
from sim.script.toml import script_text

from .script_support import LINUX


def test_the_same_seed_draws_the_same_script():
    assert steps_of("7/0") == steps_of("7/0") != steps_of("7/1")


@pytest.mark.slow
def test_all_that_is_drawn_is_a_script():
    drawn = set()
    for number in range(50):
        steps  = steps_of(f"1/{number}")
        script = parse(script_text("Random", FILES, steps), "random", "random")
        drawn |= {step.do for step in script.steps}
        assert STEPS <= len(script.steps)
    assert drawn == {
        "brk", "clone", "exec", "exit", "fallocate", "fcntl", "fetch", "fork", "ftruncate", "int3",
        "kill", "load", "lseek", "madvise", "memfd_create", "mlock", "mlock2", "mmap", "mprotect",
        "mremap", "mseal", "munlock", "munmap", "open", "pipe", "pread", "process_vm_readv",
        "process_vm_writev", "ptrace", "pwrite", "query", "read", "sendfile", "sigaction",
        "sigprocmask", "splice", "stat", "store", "vfork", "vmsplice", "wait", "waitid", "write"}


def test_steps_that_are_not_needed_are_left_out():
    needed = {3, 17, 18}
    assert shrunk(range(40), lambda steps: needed <= set(steps)) == [3, 17, 18]


def test_a_step_that_only_another_one_needed_is_left_out_with_it():
    """2 is of use to 7 alone, which comes later, and is not needed."""
    assert shrunk(range(8), lambda steps: 3 in steps and (2 in steps or 7 not in steps)) == [3]


@pytest.mark.slow
@LINUX
def test_a_campaign_of_random_scripts_finds_nothing(capsys):
    assert main(["script", "--compare", "--random", "400", "--seed", "7"]) == 0
    assert "400 random steps from the seed 7: 0 scripts differ" in capsys.readouterr().out


def test_what_differs_is_shrunk_and_printed(monkeypatch, capsys):
    """A model whose stores of odd numbers are lost."""
    def on_linux(script):
        return [Outcome({"ret": 0}) for _ in script.steps]

    def on_model(script, **options):
        return [Outcome({"ret": int(step.do == "store" and step.args["value"].value({}) % 2)})
                for step in script.steps]

    stores = [{"who": who, "do": "store", "at": "p", "value": value}
              for who, value in (("b", 2), ("a", 4), ("a", 5), ("b", 6))]
    monkeypatch.setattr(campaigns, "on_linux", on_linux)
    monkeypatch.setattr(campaigns, "on_model", on_model)
    monkeypatch.setattr(campaigns, "steps_of", lambda seed: [
        {"who": "a", "do": "brk", "as": "p", "at": 0}, {"who": "a", "do": "fork", "as": "b"},
        *stores])
    assert main(["script", "--compare", "--random", "40"]) == 1
    out = capsys.readouterr().out
    assert out.count("[[step]]") == 2  # what gives the address its name, and the store
    assert "the model of 6.18 1" in out


def steps_like(do):
    """A step that does nothing but have a name."""
    return Step(1, "a", do, {})


def test_a_difference_that_does_not_come_again_is_none(monkeypatch):
    once  = [Difference(steps_like("load"), "faults", 0, 1)]
    found = iter([once, once, []])
    monkeypatch.setattr(campaigns, "_compare", lambda *args: next(found))
    assert campaigns.campaign(1, 0, engine="golden", era="6.18") == []


def test_a_difference_that_is_gone_when_it_is_small_is_none(monkeypatch):
    once  = [Difference(steps_like("load"), "faults", 0, 1)]
    found = iter([once] * 3)
    monkeypatch.setattr(campaigns, "_compare", lambda *args: next(found, []))
    assert campaigns.campaign(1, 0, engine="golden", era="6.18") == []


@pytest.mark.parametrize("words", [["--random", "40"], ["--random", "40", "--compare", "x.toml"]])
def test_random_scripts_are_for_comparisons(words, capsys):
    assert main(["script", *words]) == 2
    assert "--random N goes with --compare" in capsys.readouterr().err


@pytest.mark.parametrize("do, key, linux, model, known", [
    ("mmap",   "ret",     "0x2000",  None,         True),     # vm.mmap_min_addr is less there
    ("mmap",   "ret",     "0x10000", None,         False),
    ("mmap",   "ret",     None,      "0x2000",     False),
    ("munmap", "ret",     "0x2000",  None,         False),
    ("mremap", "errno",   None,      "EFAULT",     True),
    ("mremap", "errno",   "EFAULT",  None,         False),
    ("wait",   "signals", ["SIGHUP"], ["SIGINT"],  False),
])
def test_few_differences_are_known(do, key, linux, model, known):
    assert campaigns._is_known(Difference(steps_like(do), key, linux, model)) is known
