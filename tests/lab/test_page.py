"""The lab in a browser, served and as a file: what it plays is what this computer plays."""

import pytest

from sim.lab.player import SLOWLY

from .lab_support import CHOICES, TESTED, assert_same_run
from .visitor_support import WAYS, visitor


pytestmark = pytest.mark.slow

#: Every scenario in every mode; and the machines of the presets that these leave out.
RUNS = {
    **{scenario["name"]: [(scenario["name"], mode, None) for mode in scenario["modes"]]
       for scenario in CHOICES["scenarios"] if scenario["text"] is None},
    "examples": [(scenario["name"], mode, None) for scenario in CHOICES["scenarios"]
                 if scenario["text"] is not None for mode in scenario["modes"]],
    "machines": [(name, preset["modes"][-1], preset["name"]) for preset in CHOICES["presets"]
                 if preset["name"] in TESTED for name in ("article", "shootdown")],
}


@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
def test_every_scenario_in_every_mode_is_the_same_run(chromium, lab, runs):
    with visitor(chromium, lab, "served") as someone:
        someone.open()
        for name, mode, preset in runs:
            assert_same_run(someone, name, mode, preset)
        assert someone.page.evaluate("workers") == 1


def test_without_compiled_machines_it_says_so_and_plays_in_amaranth_s_simulator(chromium, labs):
    with visitor(chromium, labs / "bare", "opened") as someone:
        someone.open()
        someone.choose("Scenario", "refused")
        someone.choose("Unit", "tiny")
        someone.run()
        begun, *_, ended, _ = someone.played()
        assert begun == {"kind": "begun", "engine": "pysim", "remark": SLOWLY}
        assert ended["document"]["run"]["holds"]
        assert SLOWLY in someone.page.inner_text("#controls .remark")


@pytest.mark.parametrize("way", WAYS)
def test_the_article_is_played_and_drawn_with_nothing_from_elsewhere(chromium, lab, way):
    with visitor(chromium, lab, way) as someone:
        someone.open()
        someone.run()
        someone.played()
        assert "All 53 claims hold." in someone.page.inner_text("#summary")
        assert "17,351 cycles" in someone.page.inner_text("#summary")
        parts = [url for url in someone.tab.requests if not url.startswith("blob:")]
        assert len(parts) == (7 if way == "served" else 1)


def test_a_run_after_one_with_a_mistake_is_the_run_that_it_always_is(chromium, lab):
    with visitor(chromium, lab, "opened") as someone:
        someone.open()
        someone.choose("Scenario", "refused")
        someone.change("await user.load(page)", "1/0")
        someone.run()
        someone.played()
        assert someone.page.inner_text("#refusal") == "Line 13: ZeroDivisionError: division by zero"
        assert "has a mistake: refused.py, line 13:" in someone.page.inner_text("#summary")
        someone.choose("Scenario", "shootdown")
        someone.run()
        assert someone.played()[-2]["document"]["run"]["holds"]
        assert someone.page.locator("#refusal").count() == 0


def test_a_link_does_not_run_by_itself(chromium, lab):
    with visitor(chromium, lab, "opened") as someone:
        someone.open("#scenario=refused&text=raise+SystemExit")
        someone.wait()
        someone.page.wait_for_timeout(300)
        assert someone.page.evaluate("heard.map(({ kind }) => kind)")[-1] == "ready"
        assert "somebody else has written" in someone.page.inner_text("#controls .foreign")


def test_stop_ends_a_run_and_another_one_can_follow(chromium, lab):
    with visitor(chromium, lab, "opened") as someone:
        someone.open()
        someone.choose("Scenario", "refused")
        someone.change("await user.load(page)", "while True: pass")
        someone.run()
        someone.hears("begun")
        someone.page.get_by_text("Stop", exact=True).click()
        someone.choose("Scenario", "refused")
        someone.run()
        assert someone.played()[-2]["document"]["run"]["holds"]


def test_a_folder_that_is_opened_from_the_disk_says_what_to_do(chromium, lab):
    with visitor(chromium, lab, "opened") as someone:
        someone.address = (lab / "folder" / "index.html").as_uri()
        someone.open()
        someone.wait("broken")
        assert "dragoncage lab --single" in someone.page.inner_text("#refusal")
