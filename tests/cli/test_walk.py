"""The command `walk`: its cycle, its processor, and its complaints."""

import json

import pytest

from sim.cli.main import main
from tests.scenario.story_support import FAST

from .cli_support import CASE, write_scenario


pytestmark = pytest.mark.slow


#: The kernel's first page, which is mapped from the boot on.
KERNEL = "0xffff888000000000"


def walked(capsys, *arguments):
    """Output of the command, as JSON."""
    assert main(["walk", *arguments, "--engine", FAST, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    return document["walk"]


def test_the_walk_is_of_the_end_of_the_run_or_of_a_cycle(capsys):
    found = walked(capsys, KERNEL, CASE)
    assert (found["mode"], found["page"]["rights"]) == ("4-level", "rw- kernel")
    # The last that happened was a page fault there.
    assert found["tlb"] is None
    early = walked(capsys, KERNEL, CASE, "--at", "5")
    assert (early["cycle"], early["mode"], early["entries"]) == (5, "off", [])
    assert early["cycle"] < found["cycle"]


def test_the_words_of_a_claim_are_its_cycle(capsys):
    found = walked(capsys, KERNEL, CASE, "--at", "the store faulted")
    assert main(["run", CASE, "--engine", FAST, "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    [claim] = [claim for act in run["acts"] for claim in act["claims"]
               if "the store faulted" in claim["text"]]
    assert found["cycle"] == claim["cycle"]
    assert found["verdicts"]["user write"] == {
        "done": False, "error_code": 7, "rule": 4, "section": "4.6.1",
        "reason": "a user access to a supervisor page: U/S = 0 at some level",
        "decided_by": [{"level": level, "bit": "U/S"} for level in ("PML4E", "PDPTE", "PDE")],
        "also": []}


def test_each_processor_has_registers_and_a_tlb_of_its_own(capsys):
    first, second = (walked(capsys, "0xffff888000005000", "race", "--cpu", cpu) for cpu in "01")
    assert (first["cpu"], second["cpu"]) == (0, 1)
    assert first["tlb"]["filled"] != second["tlb"]["filled"]


def test_another_address_space_is_walked_and_mapped(capsys):
    at     = "the other process reads what it read before"
    loaded = walked(capsys, "0x7ffff7ffa000", "article", "--at", at)
    other  = walked(capsys, "0x7ffff7ffa000", "article", "--at", at, "--cr3", "0xd004")
    assert (loaded["cr3"], loaded["loaded"], loaded["page"]) == ("0x6002", True, None)
    assert (other["cr3"], other["loaded"]) == ("0xd004", False)
    assert other["entries"][0]["address"] == "0xd7f8" and other["page"]["rights"] == "r-- user"
    assert other["kernel"]["mapping"]["name"] == "/libc"
    assert main(["walk", "--all", "article", "--at", at, "--cr3", "0xd004", "--flags", "user",
                 "--engine", FAST]) == 0
    out = capsys.readouterr().out
    assert "CR3=0xd004 (not loaded), " in out and "7ffff7ffa000-7ffff7ffafff" in out


def test_text_is_the_default(capsys):
    assert main(["walk", KERNEL, CASE, "--mode", "4level", "--engine", FAST]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{KERNEL} in cycle ") and "PML4E" in out and err == ""


@pytest.mark.parametrize("arguments, complaint", [
    (["page"],                        '"page" is not an address of 64 bits: write it in hex'),
    (["0x" + "1" * 17],               "is not an address of 64 bits: write it in hexadecimal, as "),
    ([KERNEL, "--cr3", "6000h"],      'argument --cr3: "6000h" is not an address of 64 bits'),
    (["7ffff7ffc000"],                "write it in hexadecimal, as 0x7ffff7ffc000, or in decimal"),
    (["9" * 5000],                    "is not an address of 64 bits"),
    ([],                              "what is to be walked: an ADDRESS, or --all that is mapped?"),
    ([KERNEL, CASE, "more"],          "unrecognized arguments: more"),
    ([KERNEL, "--range", "0-1"],      "--range needs --all"),
    ([KERNEL, "--flags", "user"],     "--flags needs --all"),
    (["--all", "--cpl", "0"],         "--access and --cpl are for one ADDRESS; leave --all out"),
    (["--all", KERNEL, CASE],         f"--all is of all addresses; leave {KERNEL} out"),
    (["--all", "--range", "2-1"],     'argument --range: "2-1" ends before it begins'),
    (["--all", "--flags", "blue"],    'argument --flags: "blue" is no flag of pages; there are: '),
    ([KERNEL, CASE, "--at", "3.1"],   '--at: "3.1" is neither a cycle nor in a claim of the run'),
    ([KERNEL, CASE, "--seed", "1"],   "has one processor: there is nothing to schedule"),
    ([KERNEL, "no-such-story"],       'unknown scenario "no-such-story"'),
    ([KERNEL, CASE, "--cpu", "1"],    '--cpu 1: scenario "scenario_cases" has processors 0 to 0'),
    ([KERNEL, CASE, "--at", "99999999"], '--at: "99999999" is not a whole number from 0 to '),
    ([KERNEL, CASE, "--at", "the"],   '--at: "the" is in several claims; choose one of '),
    ([KERNEL, CASE, "--at", "dragons"], '--at: "dragons" is neither a cycle nor in a claim'),
    ([KERNEL, CASE, "--engine", "serial"], "--engine: invalid choice: 'serial'"),
])
def test_what_makes_no_sense_is_one_line_and_status_2(capsys, arguments, complaint):
    assert main(["walk", "--engine", FAST, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1


def test_a_mistake_in_the_scenario_is_status_3_and_the_walk_is_shown(tmp_path, capsys):
    name = write_scenario(tmp_path, "    stage.nothing()\n")
    assert main(["walk", KERNEL, name, "--engine", FAST]) == 3
    out, err = capsys.readouterr()
    assert out.startswith(KERNEL) and "the scenario has a mistake: " in err


def test_a_run_that_stops_is_status_1_and_the_walk_is_shown(tmp_path, capsys):
    name = write_scenario(tmp_path, "    assert False, 'a bug in the kernel'\n")
    assert main(["walk", KERNEL, name, "--engine", FAST]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(KERNEL) and "the run stopped: AssertionError: a bug in the" in err


def test_an_address_that_has_fewer_bits_in_the_mode_is_told(capsys):
    assert main(["walk", KERNEL, CASE, "--at", "5", "--engine", FAST]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("0x0 in cycle 5") and f"{KERNEL} is 0x0 here: " in err


@pytest.mark.parametrize("at", ["the store faulted", "  THE store\tfaulted ", "2.1"])
def test_neither_blanks_nor_capitals_matter_and_a_claim_has_a_number(at, capsys):
    found = walked(capsys, KERNEL, CASE, "--at", at)
    assert found["verdicts"]["user write"]["error_code"] == 7
    assert found["cycle"] == walked(capsys, KERNEL, CASE, "--at", "the store faulted")["cycle"]


def test_a_cycle_may_be_behind_the_limit_of_the_scenario(tmp_path, capsys):
    name = write_scenario(tmp_path, """    user = await stage.user("dragon")
    page = await user.mmap(4096)
    while True:
        await user.store(page, 1)


CYCLES = 6_000
""")
    assert walked(capsys, KERNEL, name, "--at", "9000")["cycle"] == 9000


def test_options_and_names_come_in_any_order(capsys):
    one = walked(capsys, "--mode", "4level", KERNEL, "--at", "4000", CASE)
    assert one == walked(capsys, KERNEL, CASE, "--at", "4000", "--mode", "4level")


def test_an_address_without_0x_is_decimal(capsys):
    assert walked(capsys, str(int(KERNEL, 16)), CASE)["linear"] == KERNEL
    assert walked(capsys, "4096", CASE)["linear"] == "0x1000"


@pytest.mark.parametrize("options, names", [
    (["--access", "write", "--cpl", "3"],         ["user write"]),
    (["--access", "implicit-read"],               ["implicit read"]),
    # Implicit accesses are made at any privilege level.
    (["--cpl", "3"], ["user read", "user write", "user fetch", "implicit read", "implicit write"]),
])
def test_the_accesses_to_judge_can_be_chosen(options, names, capsys):
    assert list(walked(capsys, KERNEL, CASE, *options)["verdicts"]) == names


def test_the_kernel_s_records_are_those_of_the_cycle(capsys):
    end  = walked(capsys, KERNEL, CASE)
    then = walked(capsys, KERNEL, CASE, "--at", "2.1")
    for found in (end, then):
        assert found["kernel"]["mapping"]["name"] == "linear map"
        assert found["kernel"]["frame"]["use"] == "the kernel's since boot"
    assert walked(capsys, KERNEL, CASE, "--at", "5")["kernel"] is None  # it is not up yet


def test_all_that_is_mapped_is_shown_and_filtered(capsys):
    def mapped(*options):
        assert main(["walk", "--all", CASE, *options, "--engine", FAST, "--json"]) == 0
        return json.loads(capsys.readouterr().out)["map"]["regions"]

    user, kernel = mapped()
    assert kernel["linear"] == KERNEL and user["rights"] == "rw- user"
    assert mapped("--flags", "user,writable") == [user]
    assert mapped("--flags", "no-user", "--range", f"{KERNEL}-0xffffffffffffffff") == [kernel]
    assert mapped("--physical", user["physical"])[0] == user
    assert mapped("--range", "0x1000-0x2000") == []
    assert main(["walk", CASE, "--all", "--engine", FAST, "--at", "2.1"]) == 0
    out = capsys.readouterr().out
    assert "4-level paging, CR3=0x" in out and " 8 x 2M  rw- kernel A D G " in out


def test_a_walk_has_the_machine_that_the_command_says(capsys):
    found = walked(capsys, KERNEL, CASE, "--set", "kernel.smap=0", "kernel.wp=0")
    assert (found["registers"]["CR4.SMAP"], found["registers"]["CR0.WP"]) == (0, 0)
    several = walked(capsys, KERNEL, "race", "--cpu", "1", "--seed", "3", "--at", "3000")
    assert several["cpu"] == 1
