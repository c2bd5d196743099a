"""`dragoncage explore`: what it prints, writes and refuses."""

import json

import pytest

from sim.cli.main import main


@pytest.mark.slow
def test_it_prints_what_is_known_and_the_schedule(capsys):
    assert main(["explore", "dirty-cow", "--jobs", "1"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "n = 2, k = " in printed
    assert "all schedules with at most one preemption tried" in printed
    assert "Found: /etc/passwd, which is read-only, has" in printed
    assert "with 1 preemption in " in printed
    assert "faultin_page" in printed and "zap_pte_range" in printed


@pytest.mark.slow
def test_nothing_is_found_where_it_was_mended_and_the_same_bound_is_told(capsys):
    assert main(["explore", "dirty-cow", "--sound", "--jobs", "1", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["era"], known["found"], known["complete"]) == ("4.14", None, True)
    assert sum(entry["bad"] for entry in known["rounds"]) == 0
    assert sum(entry["played"] for entry in known["rounds"]) > 10


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_number_of_workers(capsys):
    outputs = []
    for jobs in ("1", "2"):
        main(["explore", "dirty-cow", "--strategy", "pct:2", "--schedules", "40", "--seed", "3",
              "--jobs", jobs, "--json"])
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0])["bound"] == 2 * json.loads(outputs[0])["steps"]


@pytest.mark.slow
def test_a_schedule_is_saved_as_a_scenario(tmp_path, capsys):
    file = tmp_path / "found.py"
    main(["explore", "dirty-cow", "--jobs", "1", "--save", str(file), "--steps"])
    printed = capsys.readouterr().out
    assert "copy_to_user_page" in printed
    assert f"scenario: {file}; play it by dragoncage run {file} --era 4.8\n" in printed
    text = file.read_text(encoding="utf-8")
    assert f"dragoncage run {file} --era 4.8" in text
    assert 'replayed(stage, "dirty-cow", SCHEDULE, sound=False)' in text


@pytest.mark.slow
def test_what_is_not_found_is_not_saved_and_that_is_told(tmp_path, capsys):
    file = tmp_path / "found.py"
    assert main(["explore", "dirty-cow", "--strategy", "exhaustive:0", "--jobs", "1", "--save",
                 str(file)]) == 0
    assert f"--save {file}: not written, as nothing was found" in capsys.readouterr().err
    assert not file.exists()


@pytest.mark.slow
def test_the_kernel_has_the_switches_that_are_set_and_the_scenario_says_so(tmp_path, capsys):
    file = tmp_path / "found.py"
    assert main(["explore", "vmsplice", "--jobs", "1", "--set", "vm.overcommit_memory=1",
                 "--save", str(file)]) == 1
    assert "a kernel of 5.7 with vm.overcommit_memory=1" in capsys.readouterr().out
    assert "--era 5.7 --set vm.overcommit_memory=1\n" in file.read_text()
    main(["explore", "vmsplice", "--strategy", "exhaustive:0", "--jobs", "1", "--json",
          "--set", "vm.overcommit_memory=1"])
    assert json.loads(capsys.readouterr().out)["switches"] == "vm.overcommit_memory=1"


@pytest.mark.slow
def test_the_saved_schedule_has_the_bad_outcome_on_the_gateware(tmp_path, capsys):
    file = tmp_path / "found.py"
    main(["explore", "dirty-cow", "--jobs", "1", "--save", str(file)])
    assert main(["run", str(file), "--era", "4.8", "--engine", "cxxrtl"]) == 0
    assert main(["run", str(file), "--era", "4.14", "--engine", "cxxrtl"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "/etc/passwd, which is read-only, has" in printed
    assert "memory is as it should be" in printed


@pytest.mark.slow
def test_schedules_end_on_the_gateware_as_on_the_golden_machine(capsys):
    assert main(["explore", "dirty-cow", "--jobs", "1", "--json", "--confirm", "cxxrtl"]) == 1
    confirmed = json.loads(capsys.readouterr().out)["confirmed"]
    assert confirmed["agree"] == confirmed["schedules"] > 15
    assert 0 < confirmed["bad"] < confirmed["schedules"]


@pytest.mark.slow
@pytest.mark.parametrize("arguments, complaint", [
    (["unlocked-dirty", "--confirm", "cxxrtl"], "has not the flaw"),
    (["dirty-cat"], "invalid choice"),
    (["dirty-cow", "--strategy", "pct"], "no strategy"),
    (["dirty-cow", "--strategy", "pct:0"], "no strategy"),
    (["dirty-cow", "--set", "vm.overcommit_memory=2", "vm.overcommit_ratio=0"],
     "the race cannot be set up on this kernel: ENOMEM"),
    (["dirty-cow", "--set", "machine.cpus=2"], "nothing for machine.cpus"),
    (["dirty-cow", "--set", "kernel.fault_around_bytes=5000"], "fault_around_bytes cannot be 5000"),
    (["dirty-cow", "--schedules", "0"], "not a whole number"),
    (["dirty-cow", "--save", "found.txt"], "ends in .py"),
    (["dirty-cow", "--state", "nowhere/state"], "no folder"),
    (["dirty-cow", "--jobs", "1", "--scheduler", "tcp://127.0.0.1:1"], "not allowed with"),
    (["dirty-cow", "--scheduler", "nonsense://"], "no scheduler answers"),
])
def test_mistakes_are_one_line(arguments, complaint, capsys):
    assert main(["explore", *arguments]) == 2
    err = capsys.readouterr().err
    assert complaint in err and len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_file_of_another_search_is_refused(tmp_path, capsys):
    file = tmp_path / "state"
    main(["explore", "dirty-cow", "--strategy", "exhaustive:0", "--state", str(file)])
    assert main(["explore", "dirty-cow", "--sound", "--state", str(file)]) == 2
    err = capsys.readouterr().err
    assert "not of this search" in err and len(err.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("line", ["nonsense", "[1, 2]", '[["chain", "", [0], 0, true], [[1]]]'])
def test_a_damaged_file_of_a_search_is_refused_with_its_line(line, tmp_path, capsys):
    file = tmp_path / "state"
    main(["explore", "dirty-cow", "--strategy", "exhaustive:0", "--state", str(file)])
    lines = [*file.read_text(encoding="utf-8").splitlines(), line]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    capsys.readouterr()
    assert main(["explore", "dirty-cow", "--state", str(file)]) == 2
    err = capsys.readouterr().err
    assert f"{file}: line {len(lines)}: not a unit and its result" in err
    assert len(err.splitlines()) == 1
