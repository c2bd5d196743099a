"""The option `--set`, and `--force-override`: lists, complaints, and claims that no longer hold."""

import json

import pytest

from sim.cli.main import main
from tests.scenario.story_support import FAST

from .cli_support import CASE


pytestmark = pytest.mark.slow


def run(capsys, *arguments):
    """Exit status of a run, and its report as JSON."""
    status = main(["run", *arguments, "--engine", FAST, "--json"])
    [found] = json.loads(capsys.readouterr().out)["runs"]
    return status, found


def failed(found):
    """Numbers of the acts with a claim that does not hold."""
    return [number for number, act in enumerate(found["acts"], 1)
            if not all(claim["holds"] for claim in act["claims"])]


@pytest.mark.parametrize("command, groups", [
    (["run"], ["unit", "machine", "kernel", "vm"]), (["script"], ["kernel", "vm"]),
    (["verilog"], ["unit"]),
])
def test_help_lists_the_switches_of_a_command(command, groups, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--set", "help"])
    assert stopped.value.code == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["switch", "meaning", "default"]
    assert list(dict.fromkeys(line.partition(".")[0] for line in lines)) == groups
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("arguments, complaint", [
    (["run", "--set", "foo=1"],             '--set: there is no switch "foo"; --set help lists'),
    (["script", "--set", "smap=1"],         '--set: there is no switch "smap"; did you mean kern'),
    (["walk", "0", "--set", "machine.ran=1"], '--set: there is no switch "machine.ran"; did you m'),
    (["explore", "dirty-cow", "--set", "kernel.smaq=1"], '--set: there is no switch "kernel.smaq"'),
    (["verilog", "--set", "nx=1"],         '--set: there is no switch "nx"; did you mean unit.nx?'),
    (["run", "--set", "unit.smap=no"],      '--set: unit.smap is 0 or 1, not "no"'),
    (["run", "--set"],                      "argument --set: expected one argument"),
    (["run", "--set", "machine.cpus=2", "race"],
     'scenario "race": it has "cpus" in its MACHINE; leave machine.cpus out'),
    (["run", "--set", "unit.long_mode=0"],
     'scenario "article": there is no such machine with --set unit.long_mode=0: gigabyte_pages '),
    (["verilog", "--set", "kernel.wp=0"],   "--set: this command has nothing for kernel.wp, but "),
    (["verilog", "--set", "unit.nx=0", "--top", "soc"], "--set needs --top mmu: "),
    (["verilog", "--set", "unit.tlb_entries=3"],
     "there is no unit with --set unit.tlb_entries=3: tlb_entries must be a power of two"),
    (["run", "--force-override", "never"],  "--force-override: Linux has proc_mem.force_override="),
])
def test_what_cannot_be_set_is_one_line_and_status_2(arguments, complaint, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"dragoncage: {complaint}") and err.count("\n") == 1


def test_several_switches_may_follow_and_the_name_may_too(capsys):
    status, found = run(capsys, "--set", "machine.latency=3", "kernel.pge=0", CASE)
    assert (status, found["switches"]) == (0, "machine.latency=3 kernel.pge=0")
    assert found["scenario"] == "scenario_cases"
    _, fast = run(capsys, CASE)
    assert fast["switches"] is None and fast["cycles"] < found["cycles"]


def test_a_kernel_that_leaves_wp_clear_writes_where_it_must_not(capsys):
    status, found = run(capsys, "--set", "kernel.wp=0")
    assert (status, failed(found)) == (1, [2, 4, 5])
    [claim] = [claim for claim in found["acts"][1]["claims"] if claim["text"].startswith("WP=1")]
    assert "physical 0x" in claim["detail"] and "wp = 0" in claim["detail"]


def test_a_kernel_that_does_without_smap_is_not_stopped_at_user_pages(capsys):
    status, found = run(capsys, "--set", "kernel.smap=0")
    assert (status, failed(found)) == (1, [3, 4, 5])


def test_an_act_that_the_unit_cannot_show_is_left_out(capsys):
    # Compiled machines are kept; one that only this test wants would take longer to compile.
    assert main(["run", "--set", "unit.smap=0", "--mode", "32bit", "--preset", "tiny",
                 "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)["runs"]
    assert found["preset"] == "tiny" and found["switches"] == "unit.smap=0"
    assert found["acts"][2]["left_out"] == "the unit has no SMAP"


def test_two_processors_do_without_a_feature_alike(capsys):
    status, found = run(capsys, "race", "--set", "kernel.smep=0")
    assert (status, found["holds"]) == (0, True)


@pytest.mark.parametrize("policy, acts", [
    ("always", []), ("ptrace", [5, 6, 8]), ("never", [5, 6, 8]),  # act 6 writes without a tracer
])
def test_the_policy_of_forced_writes_decides_over_the_bypass(policy, acts, capsys):
    status, found = run(capsys, "--era", "6.x", "--force-override", policy)
    assert (failed(found), found["force_override"]) == (acts, policy)
    assert status == bool(acts)


def test_the_report_says_what_was_set(capsys):
    assert main(["run", CASE, "--engine", FAST, "--era", "6.x", "--force-override", "never",
                 "--set", "kernel.wp=0"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "kernel 6.x, force_override=never, on cxxrtl, preset default, 16 MiB of memory" in out
    assert "of memory with kernel.wp=0 1. A page of one's own" in out


def test_the_verilog_of_another_unit_says_how_it_was_made(tmp_path, capsys):
    path = tmp_path / "unit.v"
    assert main(["verilog", "--set", "unit.smap=0", "unit.nx=0", "-o", str(path)]) == 0
    text = path.read_text()
    assert "//   dragoncage verilog --preset default --set unit.smap=0 unit.nx=0\n" in text
    assert "//   smap                 0\n" in text and "//   smep                 1\n" in text
