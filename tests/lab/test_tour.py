"""The guided tour of the lab: walked from end to end, and true on this computer as in a browser."""

import pytest

from sim.lab.player import perform
from sim.lab.tour import SCENARIO, TOUR
from sim.scenarios import SCENARIOS

from .visitor_support import visitor


pytestmark = pytest.mark.slow

NUMBERED = list(enumerate(TOUR, 1))


def acts(**choice):
    """The acts of a run of the tour's scenario on this computer."""
    return perform(SCENARIOS[SCENARIO], choice, lambda message: None).acts


def test_the_tour_has_eight_acts_of_the_article_each_with_one_question():
    assert len(TOUR) == 8
    assert [station.words.question.count("?") for station in TOUR] == [1] * 8
    assert all(claim.holds for act in acts() for claim in act.claims)


@pytest.mark.parametrize("act, station", NUMBERED, ids=[str(act) for act, _ in NUMBERED])
def test_a_trial_ends_as_is_to_be_expected(act, station):
    claims = acts(**station.trial.choice)[act - 1].claims
    failed = [number for number, claim in enumerate(claims, 1) if not claim.holds]
    assert failed == list(station.trial.fails)
    assert station.claim <= len(claims)


def test_the_tour_is_walked_from_end_to_end(chromium, lab):
    with visitor(chromium, lab, "opened") as someone:
        page = someone.page
        someone.open("#tour=")
        someone.run()
        someone.played()
        for act, station in NUMBERED:
            assert page.inner_text("#station-title") == station.words.question
            assert page.evaluate("document.activeElement.id") == "station-title"
            assert page.evaluate("location.hash") in ("#tour=", f"#tour={act}")
            assert page.inner_text(".answer") == station.words.answer
            assert page.locator(".station .path .walk").count() in (1, 2)
            assert page.locator(".station details .bad").count() == 0
            assert page.locator(".happened").count() == 0
            assert station.words.expect in page.inner_text(".trial")
            someone.run()
            someone.played()
            assert page.inner_text(".trial .run") == station.words.offer
            said = page.inner_text(".trial .outcome")
            assert "As expected." in said and station.words.because in said
            assert page.locator(".trial li").count() == len(station.trial.fails)
            page.click(".way > button >> text=Next")
        assert page.inner_text("#station-title") == "So who is overruled?"
        assert page.evaluate("workers") == 1
        page.click(".run")
        assert page.get_attribute("#tab-scenario", "aria-selected") == "true"


def test_what_was_tried_is_drawn_and_leads_to_everything_about_its_cycle(chromium, lab):
    with visitor(chromium, lab, "served") as someone:
        page = someone.page
        someone.open("#tour=2")
        someone.run()
        someone.played()
        walks = ".station figure"
        assert "kernel write: #PF 0x3" in page.inner_text(walks)
        someone.run()
        someone.played()
        assert "kernel write: allowed" in page.inner_text(walks)
        assert "CR0.WP = 0" in page.inner_text(walks)
        page.get_by_label("as it is").check()
        assert "kernel write: #PF 0x3" in page.inner_text(walks)
        page.get_by_label("after").check()
        page.get_by_text("Everything about this cycle").click()
        page.wait_for_selector("#lab >> text=Claim 2.1")
        assert page.input_value("#panel .switches input") == "kernel.wp=0"
        assert "8 of 53 claims do not hold" in page.inner_text("#summary")


def test_the_tour_needs_no_mouse(chromium, lab):
    with visitor(chromium, lab, "opened") as someone:
        page = someone.page
        someone.open("#tour=")
        someone.wait()
        page.focus("#tab-tour")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "About"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".way")
        someone.wait()
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.trial .run')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector(".happened")
        page.focus("#tab-tour")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == "tab-scenario"
        assert page.get_attribute("#tab-scenario", "aria-selected") == "true"
        page.keyboard.press("End")
        assert page.inner_text("#panel").startswith("The page walk of any address")
