"""Options that would change nothing are refused, each in one line."""

import pytest

from sim.cli.main import main


COW = ["explore", "dirty-cow"]


@pytest.mark.parametrize("arguments, complaint", [
    (["script", "--on", "linux", "--engine", "pysim"],
     "--engine is about the model, which does not play with --on linux; leave it out"),
    (["script", "--on", "linux", "--era", "6.x"], "--era is about the model"),
    (["script", "--record", "--engine", "golden"], "--engine is about the model"),
    (["script", "--record", "--era", "6.18"],      "not play with --record; leave it out"),
    (["script", "--record", "--json"],             "leave --json out"),
    (["script", "--record", "--set", "kernel.wp=0"], "as it is: leave --set out"),
    (["script", "--compare", "--random", "3", "--set", "kernel.wp=0"], "leave --set out"),
    (["script", "--set", "machine.cpus=2"], "--set: this command has nothing for machine.cpus"),
    (["script", "--seed", "3"],                    "--seed S goes with --random N"),
    (["script", "--random", "3"],                  "--random N goes with --compare"),
    ([*COW, "--seed", "3"],       "--seed: nothing is drawn with --strategy exhaustive:1"),
    ([*COW, "--seed", "0", "--strategy", "exhaustive:0"], "--seed: nothing is drawn"),
    ([*COW, "--sound", "--era", "4.8"], "--sound is --era 4.14 for this race; leave one"),
    ([*COW, "--steps", "--json"], "with --json all steps are there"),
    (["litmus", "SB", "--events", "3"], "--events is all tests of a size, instead of named ones"),
    (["litmus", "--list", "--json"],    "--list plays nothing: leave all other options out"),
    (["litmus", "--events", "3", "--show"], "--show is for named tests"),
    (["litmus", "SB", "--engine", "golden", "--waves", "here"], "leave --waves out"),
    (["litmus", "SB", "--jobs", "2"],   "--jobs is for many tests, with --events"),
    (["litmus", "SB", "--show", "--json"], "with --json all of it is there"),
    (["litmus", "SB", "--engine", "golden", "--preset", "tiny"], "the engine golden has none"),
    (["litmus", "SB", "--flaw", "INVLPG does nothing"], "take pysim or golden"),
    (["litmus", "SB", "--engine", "golden", "--flaw", "WP is ignored"], 'there are: "an update is'),
    (["conform", "--engine", "cxxrtl", "--flaw", "WP is ignored"], "runs with --engine pysim"),
    (["conform", "--preset", "classic", "--flaw", "INVPCID does nothing"],
     'changes nothing in a unit without invpcid; take another --preset'),
    (["conform", "race", "--preset", "full", "--mode", "32bit", "--flaw", "LA57 widens no address"],
     "changes nothing in the mode 32bit; take --mode 5level"),
    (["litmus", "SB", "--engine", "pysim", "--preset", "tiny",
      "--flaw", "INVLPG spares the second level"], "in a unit without second_entries"),
    (["run", "--from", "boot"],   "--from says where a waveform begins, and needs --waves"),
    (["run", "--port", "tty"],    "the engine pysim has no option --port; leave it out"),
    (["run", "--simulator", "icarus"], "the engine pysim has no option --simulator"),
    (["run", "--seed", "3"],      "has one processor: there is nothing to schedule"),
    (["walk", "0", "--flags", "user"], "--flags needs --all"),
    (["walk", "--all", "--cpl", "3"],  "--access and --cpl are for one ADDRESS"),
    (["prove", "--list", "--jobs", "2"], "--list proves nothing: leave --jobs out"),
    (["prove", "canonical", "--depth", "3"], "--depth is for bounded proofs"),
    (["verilog", "--baud", "9600"],    "--clock and --baud need --top soc"),
    (["verilog", "--top", "soc", "--bus", "classic"], "--bus and --data-width need --top mmu"),
], ids=" ".join)
def test_an_option_without_effect_is_refused(arguments, complaint, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1
