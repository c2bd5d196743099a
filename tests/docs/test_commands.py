"""Every command of the documentation is run by a test: by one of these, or by one that is named."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from sim.cli.main import main


pytestmark = pytest.mark.slow


ROOT  = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

#: Commands that are run here, and their exit status.
HERE = {
    "dragoncage list":                                              0,
    "dragoncage run":                                               0,
    "dragoncage run --mode 32bit":                                  0,
    "dragoncage run --mode pae":                                    0,
    "dragoncage run --mode 5level":                                 0,
    "dragoncage run --era 6.x":                                     0,
    "dragoncage run --preset tiny":                                 0,
    "dragoncage run --engine cxxrtl":                               0,
    "dragoncage run shootdown --seed 7":                            0,
    "dragoncage run --json":                                        0,
    "dragoncage run --report article.html":                         0,
    "dragoncage run article --waves waves":                         0,
    "dragoncage matrix":                                            0,
    "dragoncage matrix --columns private,wp=0,smap=0,wp=smap=0":    0,
    "dragoncage boards":                                            0,
    "dragoncage verilog -o mmu.v":                                  0,
    "dragoncage verilog -o dragoncage_mmu.v":                       0,
    "dragoncage verilog --preset tiny -o dragoncage_mmu.v":         0,
    "dragoncage verilog --bus classic --data-width 32 -o dragoncage_mmu.v": 0,
    "dragoncage verilog --top soc -o dragoncage_soc.v":             0,
    "dragoncage verilog --top soc --clock 25000000 --baud 1000000 -o dragoncage_soc.v": 0,
}

#: Pages whose commands are all run by tests of their own.
OF_PAGES = {
    "docs/hardware.md": "tests/benchmark/test_documentation.py::test_a_command_of_the_page_works",
    "docs/lesson.md":   "tests/docs/test_lesson.py::test_a_command_shows_what_the_answer_says",
    "docs/perfetto.md": "tests/docs/test_perfetto_page.py::"
                        "test_the_commands_write_the_rows_of_the_table",
    "docs/switches.md": "tests/docs/test_switches_page.py::test_a_command_of_the_page_works",
    "docs/walk.md":     "tests/docs/test_walk_page.py::test_a_command_of_the_page_works",
}

LITMUS   = "tests/litmus/test_command.py::test_tests_are_played_by_name_each_in_a_line"
COUNTED  = "tests/litmus/test_command.py::test_all_tests_of_a_size_are_counted"
CONFORMS = "tests/abstract/test_command.py::test_a_run_that_conforms_is_told_in_a_line"

MATRIX  = "tests/matrix/test_matrix.py::"
PLAYED  = "tests/script/test_command.py::test_a_script_is_played_and_told"
EXPLORE = "tests/explore/test_command.py::test_it_prints_what_is_known_and_the_schedule"
MENDED  = ("tests/explore/test_command.py::"
           "test_nothing_is_found_where_it_was_mended_and_the_same_bound_is_told")
DRAWN   = ("tests/explore/test_command.py::"
           "test_the_result_does_not_depend_on_the_number_of_workers")
SWEPT   = "tests/sweep/test_command.py::test_the_counts_do_not_depend_on_the_number_of_workers"
SAMPLED = ("tests/sweep/test_command.py::"
           "test_without_a_range_it_is_a_sample_and_with_full_it_is_all")
COVERED = "tests/coverage/test_command.py::"
MUTATED = "tests/mutation/test_unit.py::test_the_command_tells_what_has_noticed_each"
CHANGED = "tests/mutation/test_command.py::test_mutants_of_the_kernel_are_tried"
PROVEN  = "tests/formal/test_command.py::test_properties_are_proven_by_several_processes"
WRONG   = "tests/formal/test_command.py::test_one_that_is_disproved_is_shown_cycle_by_cycle"
SAVED   = "tests/explore/test_command.py::test_a_schedule_is_saved_as_a_scenario"
SERIAL  = ("tests/engines/test_serial.py::"
           "test_the_command_tells_a_whole_story_through_a_pseudo_terminal")
COCOTB  = "tests/packaging/test_engines.py::test_a_scenario_plays"
BENCH   = "tests/benchmark/test_benchmark.py::test_figures_are_printed"
BUILT   = "tests/boards/test_commands.py::test_what_was_built_is_brought_to_the_board"
VECTORS = "tests/vectors/test_command.py::test_each_line_has_its_outcome_in_order"

#: Tests that run the other commands: they have values for what is in capitals.
ELSEWHERE = {
    "dragoncage script sim/scripts/forced/hole.toml --compare":
        "tests/script/test_shipped.py::test_linux_does_what_the_scripts_expect",
    "dragoncage compare FILE --with kvm":
        "tests/oracles/test_command.py::test_it_tells_what_agrees_and_why_a_vector_was_left_out",
    "dragoncage compare FILE --with qemu":
        "tests/oracles/test_command.py::test_it_tells_what_agrees_and_why_a_vector_was_left_out",
    "dragoncage compare --random N --seed S --with qemu":
        "tests/oracles/test_command.py::test_random_vectors_are_compared_on_all_engines",
    "dragoncage compare --random 1000 --with kvm --engine cxxrtl":
        "tests/oracles/test_command.py::test_random_vectors_are_compared_on_all_engines",
    "dragoncage compare FILE --with qemu --save results.jsonl":
        "tests/oracles/test_command.py::test_its_document_and_its_file_have_every_outcome",
    "dragoncage run NAME ...":                        "tests/cli/test_run.py::"
        "test_a_run_whose_claims_hold_succeeds",
    "dragoncage run --waves DIR":                     "tests/cli/test_run.py::"
        "test_a_waveform_has_a_folder_of_its_own",
    "dragoncage run --report FILE":                   "tests/cli/test_report.py::"
        "test_a_page_is_written_and_named",
    "dragoncage run --perfetto FILE":                 OF_PAGES["docs/perfetto.md"],
    "dragoncage run --set kernel.wp=0":               OF_PAGES["docs/switches.md"],
    "dragoncage run --era 6.x --force-override ptrace": OF_PAGES["docs/switches.md"],
    "dragoncage run --engine cocotb":                 COCOTB,
    "dragoncage run --engine cocotb --simulator icarus": COCOTB,
    "dragoncage run --engine serial --port DEV":      SERIAL,
    "dragoncage run --engine serial --port /dev/pts/3": SERIAL,
    "dragoncage run --engine serial --port /dev/ttyUSB1": SERIAL,
    "dragoncage simulate-board BOARD":                SERIAL,
    "dragoncage simulate-board icebreaker":           SERIAL,
    "dragoncage walk ADDRESS":                        OF_PAGES["docs/walk.md"],
    "dragoncage walk --all":                          "tests/docs/test_walk_page.py::"
        "test_the_map_is_what_the_command_prints",
    "dragoncage matrix --columns conditions":         MATRIX +
        "test_as_text_in_eighty_columns_with_words_for_all",
    "dragoncage matrix --era 6.x --mode 32bit":       MATRIX +
        "test_each_way_does_what_it_does_to_each_kind_of_memory",
    "dragoncage matrix --report matrix.html":         MATRIX +
        "test_as_a_page_it_opens_without_errors_in_each_width",
    "dragoncage matrix --json":                       MATRIX +
        "test_as_json_each_cell_has_its_figures",
    "dragoncage access FILE":                         "tests/vectors/test_command.py::"
        "test_the_gateware_in_amaranths_simulator_is_the_default",
    "dragoncage access FILE -o OUT":                  "tests/vectors/test_command.py::"
        "test_output_may_replace_its_input",
    "dragoncage access FILE --engine golden":         VECTORS,
    "dragoncage access FILE --allowed":               "tests/vectors/test_command.py::"
        "test_allowed_is_added_to_sequences_alone",
    "dragoncage script FILE...":                      PLAYED,
    "dragoncage script --compare":                   "tests/script/test_shipped.py::"
        "test_the_model_does_what_the_record_of_linux_says",
    "dragoncage script FILE... --on linux":           PLAYED,
    "dragoncage script FILE... --engine cxxrtl":       PLAYED,
    "dragoncage script --compare --random 2000 --seed 7": "tests/script/test_random.py::"
        "test_a_campaign_of_random_scripts_finds_nothing",
    "dragoncage script FILE... --set vm.overcommit_memory=2": "tests/script/test_settings.py::"
        "test_a_command_sets_what_the_scripts_do_not",
    "dragoncage script FILE... --json":               "tests/script/test_command.py::"
        "test_results_are_printed_as_json",
    "dragoncage script FILE... --compare":            "tests/script/test_command.py::"
        "test_a_comparison_needs_no_record",
    "dragoncage script FILE... --record":             "tests/script/test_command.py::"
        "test_what_linux_did_is_recorded_and_stands_in_for_it",
    "dragoncage explore RACE":                        EXPLORE,
    "dragoncage explore RACE --sound":                MENDED,
    "dragoncage explore RACE --era ERA":              MENDED,
    "dragoncage explore RACE --set NAME=VALUE":       "tests/explore/test_command.py::"
        "test_the_kernel_has_the_switches_that_are_set_and_the_scenario_says_so",
    "dragoncage explore RACE --strategy exhaustive:2": EXPLORE,
    "dragoncage explore RACE --strategy pct:2":       DRAWN,
    "dragoncage explore RACE --strategy random":      DRAWN,
    "dragoncage explore RACE --state FILE":           "tests/explore/test_command.py::"
        "test_a_file_of_another_search_is_refused",
    "dragoncage explore RACE --save found.py":        SAVED,
    "dragoncage explore RACE --confirm cxxrtl":       "tests/explore/test_command.py::"
        "test_schedules_end_on_the_gateware_as_on_the_golden_machine",
    "dragoncage explore RACE --steps":                SAVED,
    "dragoncage explore RACE --jobs 2":               DRAWN,
    "dragoncage run found.py --era 4.8 --engine cxxrtl": "tests/explore/test_command.py::"
        "test_the_saved_schedule_has_the_bad_outcome_on_the_gateware",
    "dragoncage litmus":                              LITMUS,
    "dragoncage litmus NAME ...":                     LITMUS,
    "dragoncage litmus NAME --show":                  "tests/litmus/test_command.py::"
        "test_a_test_is_shown_with_its_outcomes_and_steps",
    "dragoncage litmus NAME --waves DIR":             "tests/litmus/test_command.py::"
        "test_waveforms_are_written_of_all_that_was_seen",
    "dragoncage litmus --list":                       "tests/litmus/test_command.py::"
        "test_tests_are_listed",
    "dragoncage litmus --events 6":                   COUNTED,
    "dragoncage litmus --jobs 2 --events 6":          COUNTED,
    "dragoncage litmus --engine golden":              LITMUS,
    'dragoncage litmus --engine pysim --flaw "INVLPG does nothing"':
        "tests/litmus/test_command.py::"
        "test_a_flaw_is_found_out",
    "dragoncage litmus --json":                       COUNTED,
    "dragoncage conform":                             CONFORMS,
    "dragoncage conform NAME ...":                    CONFORMS,
    "dragoncage conform race --seed 7":               CONFORMS,
    "dragoncage conform --engine cxxrtl":             CONFORMS,
    'dragoncage conform shootdown --flaw "INVLPG spares tables"': "tests/abstract/test_command.py::"
        "test_a_unit_with_a_flaw_is_found_out_and_the_cycle_is_named",
    "dragoncage conform --json":                      "tests/abstract/test_command.py::"
        "test_a_unit_with_a_flaw_is_found_out_and_the_cycle_is_named",
    "dragoncage sweep":                               SAMPLED,
    "dragoncage sweep --full":                        SAMPLED,
    "dragoncage sweep --part 1/4":                    "tests/sweep/test_command.py::"
        "test_a_part_of_all_cases_is_swept",
    "dragoncage sweep --cases 0..1000000":            SWEPT,
    "dragoncage sweep --jobs 2":                      SWEPT,
    "dragoncage sweep --resume FILE":                 SWEPT,
    "dragoncage sweep --json":                        SWEPT,
    "dragoncage coverage":                            COVERED +
        "test_a_campaign_prints_a_table_and_each_bin_with_its_first_hit",
    "dragoncage coverage --rule 12":                  COVERED +
        "test_a_campaign_prints_a_table_and_each_bin_with_its_first_hit",
    "dragoncage coverage --until-closed":             COVERED +
        "test_it_goes_on_until_every_bin_was_hit",
    "dragoncage coverage --accesses 1000000":         COVERED +
        "test_a_campaign_prints_a_table_and_each_bin_with_its_first_hit",
    "dragoncage coverage --preset tiny --seed 7":     COVERED +
        "test_it_goes_on_until_every_bin_was_hit",
    "dragoncage coverage --jobs 2":                   COVERED +
        "test_a_campaign_prints_a_table_and_each_bin_with_its_first_hit",
    "dragoncage coverage --html coverage.html":       COVERED +
        "test_json_and_the_page_have_the_same_and_vectors_can_be_run",
    "dragoncage coverage --json":                     COVERED +
        "test_json_and_the_page_have_the_same_and_vectors_can_be_run",
    "dragoncage coverage --stimulus 1042.0":          COVERED +
        "test_a_stimulus_is_carried_out_again_and_tells_its_hits",
    "dragoncage mutate hw":                           MUTATED,
    "dragoncage mutate hw --mutants 500 --seed 1":    MUTATED,
    "dragoncage mutate hw --checks vectors,cycles":   MUTATED,
    "dragoncage mutate hw --resume FILE":             MUTATED,
    "dragoncage mutate sw":                           CHANGED,
    "dragoncage mutate sw --only 17":                 CHANGED,
    "dragoncage mutate sw --jobs 2":                  CHANGED,
    "dragoncage mutate sw --json":                    CHANGED,
    "dragoncage prove":                               PROVEN,
    "dragoncage prove --list":                        "tests/formal/test_command.py::"
        "test_each_property_is_listed_in_eighty_columns",
    "dragoncage prove unit walks":                    PROVEN,
    "dragoncage prove responses --depth 7":           WRONG,
    "dragoncage prove --jobs 2":                      PROVEN,
    "dragoncage prove --vcd FILE":                    "tests/formal/test_command.py::"
        "test_its_waveform_has_the_run",
    "dragoncage prove --json":                        "tests/formal/test_command.py::"
        "test_its_document_has_the_run",
    "dragoncage bench engines":                       BENCH,
    "dragoncage bench engines --seconds 3":           BENCH,
    "dragoncage bench engines --json":                BENCH,
    "dragoncage bench hardware":                      OF_PAGES["docs/hardware.md"],
    "dragoncage lab":                                "tests/lab/test_command.py::"
        "test_it_is_served_here",
    "dragoncage lab DIR":                            "tests/lab/test_command.py::"
        "test_a_folder_is_made",
    "dragoncage lab --single lab.html":              "tests/lab/test_command.py::"
        "test_one_file_is_made_that_may_ask_for_nothing",
    "dragoncage machines DIR":                        "tests/engines/test_cxxrtl_prebuilt.py::"
        "test_the_command_makes_a_folder_of_machines",
    "dragoncage build BOARD":                         BUILT,
    "dragoncage build icebreaker":                    BUILT,
    "dragoncage program BOARD":                       BUILT,
    "dragoncage program icebreaker":                  BUILT,
}


def commands(page):
    """Commands in the blocks of a page, without what is said of them."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"),
                        re.DOTALL | re.MULTILINE)
    # A command that is followed by a comma is a row of a table of figures.
    return [re.split(r"  +", line)[0] for block in blocks for line in block.splitlines()
            if re.match(r"dragoncage \w+(?!,)\b", line) and not re.match(r"dragoncage \w+,", line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_is_run_by_a_test(page):
    if str(page.relative_to(ROOT)) not in OF_PAGES:
        assert [command for command in commands(page)
                if command not in HERE and command not in ELSEWHERE] == []


def test_no_command_is_listed_that_no_page_has():
    found = {command for page in PAGES for command in commands(page)}
    assert {*HERE, *ELSEWHERE} - found == set()
    assert len(found) > 40


@pytest.mark.parametrize("name", sorted({*OF_PAGES.values(), *ELSEWHERE.values()}))
def test_the_tests_that_are_named_are_there(name):
    file, function = name.split("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("command", HERE)
def test_a_command_works(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    _, *arguments = shlex.split(command)
    if arguments[0] == "run" and "--engine" not in arguments:
        arguments += ["--engine", "cxxrtl"]   # the same cycles, sooner
    assert main(arguments) == HERE[command]
    files = [word for word in arguments if word.endswith((".v", ".html")) or word == "waves"]
    assert all(Path(file).exists() for file in files)
    assert files or capsys.readouterr().out
