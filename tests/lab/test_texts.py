"""Texts of a visitor's in the lab: scenarios, access vectors, scripts, lines of a prompt."""

import re
import zipfile
from pathlib import Path
from urllib.parse import urlencode

import pytest

from sim.cli.main import main
from sim.lab.choices import offered

from .visitor_support import visitor


pytestmark = pytest.mark.slow

CHOICES = offered()

REFUSED = next(each["text"] for each in CHOICES["scenarios"] if each["name"] == "refused")


@pytest.fixture(scope="module")
def someone(chromium, lab):
    """Someone in the lab, whose Python stays for all tests."""
    with visitor(chromium, lab, "opened") as found:
        found.open()
        found.wait()
        yield found


def line_of(text, part):
    """The number of the line with a part of a text, from 1."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def marked(page):
    """Numbers of the lines that are marked in the editor."""
    return page.evaluate("""() => [...document.querySelectorAll("#panel .pce-line")].flatMap(
        (line, index) => line.classList.contains("mistake") ? [index + 1] : [])""")


def test_a_mistake_in_a_scenario_is_shown_at_its_line(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "refused")
    wrong = REFUSED.replace("await user.load(page)", "await user.lode(page)")
    page.fill("#panel textarea", wrong)
    someone.run()
    someone.played()
    line = line_of(wrong, "lode")
    assert marked(page) == [line]
    assert page.inner_text("#refusal").startswith(f"Line {line}: AttributeError")
    assert page.get_attribute("#panel textarea", "aria-invalid") == "true"
    page.click("#refusal a")
    assert page.evaluate("""() => { const { value, selectionStart } = document.activeElement;
        return value.slice(0, selectionStart).split("\\n").length; }""") == line
    page.keyboard.press("End")
    page.keyboard.type("  # mended")
    assert (marked(page), page.locator("#refusal").count()) == ([], 0)


def test_an_edited_scenario_fails_at_the_right_claim(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "refused")
    page.fill("#panel textarea", REFUSED.replace("error_code=0x7", "error_code=0x6"))
    someone.run()
    someone.played()
    assert "1 of 1 claim does not hold." in page.inner_text("#summary")
    assert "the store ends in #PF: P, W and U" in page.inner_text("#acts .fails")


def test_enter_keeps_the_indent_and_can_be_undone(someone):
    page = someone.page
    page.click("#tab-scenario")
    page.fill("#panel textarea", "if True:")
    page.keyboard.press("Enter")
    page.keyboard.type("pass")
    assert page.input_value("#panel textarea") == "if True:\n    pass"
    undone = []
    for _ in "\npass":
        page.keyboard.press("Control+z")
        undone.append(page.input_value("#panel textarea"))
    assert "if True:" in undone
    page.fill("#panel textarea", "if True:")
    # A letter is no command of the page while a text has the focus.
    page.keyboard.type("c?")
    assert page.input_value("#panel textarea") == "if True:c?"
    assert not page.evaluate("document.querySelector('dialog').open")


@pytest.mark.parametrize("tab, fragment, shown", [
    ("scenario", {"scenario": "refused", "text": "raise SystemExit  # mine"}, "raise SystemExit"),
    ("scenario", {"scenario": "elsewhere", "text": "# mine & yours"}, "# mine & yours"),
    ("vectors", {"vectors": '{"id": 1}\n'}, '{"id": 1}'),
    ("script", {"script": "format = 1\n"}, "format = 1"),
    ("walk", {"walk": "0xnothing"}, "0xnothing"),
])
def test_a_link_brings_a_text_and_nothing_of_it_runs(someone, tab, fragment, shown):
    page = someone.page
    page.click("#tab-walk")
    page.evaluate("heard.length = 0")
    page.evaluate("fragment => { location.hash = fragment; }", urlencode(fragment))
    page.wait_for_selector(f"#tab-{tab}[aria-selected=true]")
    assert shown in page.input_value("#panel :is(textarea, .prompt input)")
    assert "a text that somebody else has written" in page.inner_text(".foreign")
    assert "Nothing runs before you press" in page.inner_text(".foreign")
    page.wait_for_timeout(300)
    assert page.evaluate("heard") == []
    someone.run()
    someone.played()
    assert page.locator("#refusal, .terminal-log .bad").last.inner_text()
    assert page.locator(".foreign").count() == 0


def test_the_link_of_the_page_is_a_link_that_brings_it(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "forked")
    someone.choose("Paging mode", "32bit")
    page.fill("#panel .switches input", "machine.latency=2")
    page.locator("#panel .switches input").blur()
    link = page.get_attribute(".link a", "href")
    someone.choose("Scenario", "race")
    page.evaluate("fragment => { location.hash = fragment; }", link)
    page.wait_for_selector("#panel textarea")
    assert "The child stores to a page" in page.input_value("#panel textarea")
    assert page.input_value("#panel .switches input") == "machine.latency=2"
    assert page.get_by_label("Paging mode").input_value() == "32bit"


def test_the_address_of_the_page_keeps_the_choice_and_the_place(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "forked")
    page.fill("#panel .switches input", "kernel.smep=0")
    page.locator("#panel .switches input").blur()
    someone.run()
    someone.played()
    page.click("#acts .claim >> nth=2 >> a")
    page.wait_for_selector("#lab >> text=Claim 1.3")
    kept = page.evaluate("location.hash")
    assert page.locator(".foreign").count() == 0
    someone.open(kept)
    assert page.input_value("#panel .switches input") == "kernel.smep=0"
    assert "The child stores to a page" in page.input_value("#panel textarea")
    someone.run()
    someone.played()
    assert "Claim 1.3" in page.inner_text("#lab")
    page.click("#acts .claim >> nth=0 >> a")
    page.wait_for_selector("#lab >> text=Claim 1.1")
    page.go_back()
    page.wait_for_selector("#lab >> text=Claim 1.3")
    assert page.evaluate("location.hash") == kept


def test_what_is_shown_is_what_was_played_whatever_was_chosen_meanwhile(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "counting")
    someone.run()
    someone.choose("Scenario", "refused")
    someone.played()
    assert page.evaluate("location.hash").startswith("#scenario=counting&")
    assert page.locator(".saves").count() == 0
    page.click(".link a")
    assert page.locator(".foreign").count() == 0


def test_what_is_said_of_a_request_stays_in_its_tab(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "refused")
    page.fill("#panel textarea", "1/0")
    someone.run()
    someone.played()
    page.click("#tab-script")
    assert page.inner_text("#panel .status") == "Ready."
    page.click("#tab-scenario")
    assert "Line 1: ZeroDivisionError" in page.inner_text("#panel .status")
    assert marked(page) == [1]


def test_a_switch_is_found_in_a_list(someone):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "refused")
    page.click(".all summary")
    page.get_by_role("button", name="kernel.wp", exact=True).click()
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    assert page.input_value("#switches") == "kernel.wp=0"
    someone.played()
    assert "set=kernel.wp%3D0" in page.evaluate("location.hash")


def test_a_link_that_names_what_there_is_not_says_so(someone):
    page = someone.page
    page.evaluate("location.hash = 'scenario=race&preset=huge'")
    page.wait_for_selector("#panel .foreign")
    assert "what this lab has not: unit \u201chuge\u201d" in page.inner_text("#panel .foreign")
    assert page.get_by_label("Unit").input_value() == ""


def test_vectors_are_run_on_the_golden_model_and_on_the_unit(someone):
    page = someone.page
    page.click("#tab-vectors")
    for name, text in CHOICES["vectors"].items():
        someone.choose("Begin with", name)
        assert page.input_value("#panel textarea") == text
        someone.run()
        someone.played()
        assert page.inner_text(".said").endswith("Both say the same.")
        outcomes = page.locator(".said pre").all_inner_texts()
        assert [len(each.splitlines()) for each in outcomes] == [len(text.splitlines())] * 2
    page.fill("#panel textarea", f"{CHOICES['vectors']['what guards a page']}[]\n")
    someone.run()
    someone.played()
    assert marked(page) == [7]
    assert page.inner_text("#refusal").startswith("Line 7: ")


def test_a_script_is_played_on_the_golden_machine_and_on_the_unit(someone):
    page = someone.page
    page.click("#tab-script")
    for name in CHOICES["scripts"]:
        someone.choose("Begin with", name)
        someone.run()
        someone.played()
        assert page.locator(".said h2").all_inner_texts() == [
            "On the golden model: all as expected", "On the unit, as RTL: all as expected"]
    first = next(iter(CHOICES["scripts"]))
    someone.choose("Begin with", first)
    text = CHOICES["scripts"][first]
    page.fill("#panel textarea", text.replace("ret = 4", "ret = 5"))
    someone.run()
    someone.played()
    assert "1 of " in page.locator(".said h2").first.inner_text()
    assert "not as expected: ret" in page.locator(".said pre").first.inner_text()
    page.fill("#panel textarea", text.replace('do     = "mmap"', 'do     = "map"'))
    someone.run()
    someone.played()
    # The first step begins there.
    assert marked(page) and f"Line {marked(page)[0]}: " in page.inner_text("#refusal")


@pytest.mark.parametrize("line", [
    "0x7ffff7ffc000 --at 5.7", "--all --flags user,writable",
    "0x7ffff7ffb000 shootdown --cpu 1 --at 8566", "0x7ffff7ffc000 --at nowhere", "--help",
    "0xnothing", "",
])
def test_the_prompt_says_what_the_command_says(someone, line, capsys):
    page = someone.page
    page.click("#tab-walk")
    page.fill(".prompt input", line)
    someone.run()
    someone.played()
    try:
        main(["walk", *line.split(), *(["--engine", "cxxrtl"] if "help" not in line else [])])
    except SystemExit:
        pass
    said = capsys.readouterr()
    # Beside an answer is progress, of which a page has its own; without one is why there is none.
    assert page.locator(".terminal-log pre").last.evaluate("each => each.textContent") == (
        said.out or said.err)
    page.keyboard.press("ArrowUp")
    assert page.input_value(".prompt input") == line


def test_a_run_is_saved_as_the_command_writes_it(someone, tmp_path, monkeypatch, capsys):
    page = someone.page
    page.click("#tab-scenario")
    someone.choose("Scenario", "jit")
    page.fill("#panel .switches input", "machine.latency=2")
    page.locator("#panel .switches input").blur()
    someone.run()
    someone.played()
    found = {}
    for name in ("Waveform", "Perfetto", "JSON"):
        someone.wait()
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        found[download.value.suggested_filename] = download.value.path()
    assert list(found) == [f"jit-4level-5.x.{ending}" for ending in ("zip", "pftrace", "json")]
    monkeypatch.chdir(tmp_path)
    command = ["run", "jit", "--set", "machine.latency=2", "--engine", "cxxrtl"]
    assert main([*command, "--waves", "waves", "--perfetto", "trace"]) == 0
    capsys.readouterr()
    written = {str(file.relative_to("waves")): file.read_bytes()
               for file in Path("waves").rglob("*") if file.is_file()}
    with zipfile.ZipFile(found["jit-4level-5.x.zip"]) as packed:
        saved = {name: packed.read(name) for name in packed.namelist()}
    assert sorted(name.partition(".x/")[2] for name in saved) == [
        "waves.gtkw", "waves.sucl", "waves.vcd"]
    # The time of day, and the folder in which it was written.
    own = re.compile(rb'\$date .*|"/.*/(?=jit-)')
    assert {name: own.sub(b"", content) for name, content in saved.items()} == {
        name: own.sub(b"", content) for name, content in written.items()}
    assert found["jit-4level-5.x.pftrace"].read_bytes() == (tmp_path / "trace").read_bytes()
    assert main([*command, "--json"]) == 0
    seconds = re.compile(r'"seconds": [\d.]+')
    assert seconds.sub("", found["jit-4level-5.x.json"].read_text()) == seconds.sub(
        "", capsys.readouterr().out)
