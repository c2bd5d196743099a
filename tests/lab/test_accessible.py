"""The lab for everybody: on a phone and on a desk, in light and dark, for a screen reader."""

import pytest

from .visitor_support import visitor


pytestmark = pytest.mark.slow

#: What is wider than the window.
WIDE = """() => [...document.querySelectorAll("body *")].filter(each =>
    each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(
        ".scroll, .prism-code-editor, pre, .terminal-log, .wave-scroll, .hidden, .skip")
    ).map(each => each.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1440, "light")])
def test_a_checker_finds_nothing_serious_in_any_tab(chromium, lab, axe, width, scheme):
    def check():
        found = page.evaluate("axe.run()")
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3])
                for each in found["violations"] if each["impact"] in ("serious", "critical")] == []
        assert page.evaluate(WIDE) == []

    with visitor(chromium, lab, "opened", viewport={"width": width, "height": 844},
                 color_scheme=scheme, reduced_motion="reduce") as someone:
        page = someone.page
        someone.open("#tour=4")
        someone.wait()
        page.evaluate(axe)
        check()
        page.click(".about")
        page.click(".notices summary >> nth=1")
        check()
        page.keyboard.press("Escape")
        for _ in ("the article", "the trial"):
            someone.run()
            someone.played()
        page.click(".station summary")
        check()
        page.click("#tab-scenario")
        someone.choose("Scenario", "refused")
        someone.run()
        someone.played()
        check()
        someone.change("await user.load(page)", "1/0")
        someone.run()
        someone.played()
        check()
        for tab in ("vectors", "script", "walk"):
            page.click(f"#tab-{tab}")
            someone.run()
            someone.played()
            check()
