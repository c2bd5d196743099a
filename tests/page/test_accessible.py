"""The page for everybody: by keyboard, by screen reader, on paper, in light and dark."""

import pytest
from browser_support import visit

from .page_support import played
from .reader_support import Reader


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name, fragment, width, scheme", [
    ("article",   "#claim=1.1",        1400, "light"),
    ("article",   "#cycle=7071&cpu=0", 390,  "dark"),
    ("shootdown", "#cycle=8566&cpu=1", 1400, "dark"),
])
def test_a_checker_finds_nothing_serious(chromium, pages, axe, name, fragment, width, scheme):
    with visit(chromium, viewport={"width": width, "height": 900}, color_scheme=scheme,
               reduced_motion="reduce") as tab:
        reader = Reader(tab, pages / f"{name}.html")
        reader.open(fragment)
        reader.press("k")
        for summary in reader.page.locator("summary").all():
            summary.click()
        reader.page.evaluate(axe)
        found = reader.page.evaluate("axe.run()")
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3])
                for each in found["violations"] if each["impact"] in ("serious", "critical")] == []
        assert len(found["passes"]) > 20


def test_a_claim_is_reached_and_followed_by_keyboard_alone(reader):
    reader.open()
    reached = None
    for _ in range(60):
        reader.press("Tab")
        reached = reader.page.evaluate("document.activeElement.getAttribute('href')")
        if reached == "#claim=1.3":
            break
    assert reached == "#claim=1.3"
    reader.press("Enter")
    reader.page.wait_for_selector("#lab >> text=Claim 1.3")
    assert reader.fragment == "#claim=1.3"


#: The control of the explorer that has the focus: a switch, a button, the select or the checkbox.
FOCUSED = """() => {
    const at = document.activeElement;
    if (at.closest("#explorer") === null) return null;
    const name = at.querySelector(".hidden")?.textContent.replace(", decides", "");
    return at.hasAttribute("aria-pressed") ? name : at.type === "button" ? "take" : at.type;
}"""

#: The state that the switches of the explorer show, and its decision as the page has it in words.
SHOWN = """() => {
    const explorer = document.getElementById("explorer");
    const pressed  = Object.fromEntries([...explorer.querySelectorAll("[aria-pressed]")].map(each =>
        [each.querySelector(".hidden").textContent.replace(", decides", ""),
         each.getAttribute("aria-pressed") === "true"]));
    const words = selector => [...explorer.querySelectorAll(selector)].map(each =>
        each.textContent.replace(/\\s+/g, " ").trim());
    return { pressed, attempt: explorer.querySelector("select").value,
             cached: explorer.querySelector("input").checked,
             ending: words(".verdict strong"), reasons: words(".verdict .reason") };
}"""


def asked_of(shown):
    """The state that the switches show, as ``dragoncage.decided`` takes it."""
    levels, controls = {}, {}
    for name, on in shown["pressed"].items():
        level, _, bit = name.partition(" ")
        if bit:
            levels.setdefault(level, {})[bit] = on
        else:
            controls[name] = on
    cached = levels.pop("TLB", None)
    return {"levels": [{"name": name, "bits": bits} for name, bits in levels.items()],
            "controls": controls, "attempt": shown["attempt"], "cached": cached}


def test_the_explorer_is_driven_by_keyboard_alone(reader):
    reader.open()

    def agrees():
        """Compare what is shown with what the unit decides; return what is shown."""
        shown   = reader.page.evaluate(SHOWN)
        decided = reader.page.evaluate("state => dragoncage.decided(state)", asked_of(shown))
        if decided == "impossible":
            assert shown["ending"] == []
            return shown
        reasons = [] if decided["done"] else [decided, *decided["also"]]
        ending  = "allowed" if decided["done"] else f"#PF {decided['error_code']:#x}"
        assert shown["ending"] == [f"{shown['attempt']}: {ending}"]
        assert shown["reasons"] == [
            f"{reason['reason']} (rule {reason['rule']}; SDM Vol. 3A, {reason['section']})"
            for reason in reasons]
        return shown

    def drive(direction):
        """Go through the explorer by Tab or Shift+Tab, and use whatever is there."""
        used = []
        while name := reader.page.evaluate(FOCUSED):
            used.append(name)
            before = agrees()
            if name == "checkbox":
                reader.press("Space")
                assert agrees()["cached"] is not before["cached"]
            elif name == "select-one":
                tried = set()
                for key in [*7 * ["ArrowUp"], *7 * ["ArrowDown"]]:
                    reader.press(key)
                    tried.add(agrees()["attempt"])
                assert len(tried) == 8
            elif name != "take":
                reader.press("Space" if len(used) % 2 else "Enter")
                after = agrees()
                assert after["pressed"] == {**before["pressed"], name: not before["pressed"][name]}
            reader.press(direction)
        return used

    while reader.page.evaluate(FOCUSED) is None:
        reader.press("Tab")
    switches = list(reader.page.evaluate(SHOWN)["pressed"])
    assert len(switches) == 28
    assert switches[20:23] == ["TLB R/W", "TLB U/S", "TLB XD"]
    # The checkbox is the last one; on the way back the TLB has no translation, with no switches.
    assert drive("Tab") == ["take", "take", *switches, "select-one", "checkbox"]
    reader.press("Shift+Tab", "Shift+Tab")
    back = ["take", "take", *switches[:20], *switches[23:], "select-one"]
    assert drive("Shift+Tab") == back[::-1]
    assert reader.tab.errors == []


def test_the_keys_are_told_and_can_be_switched_off(reader):
    reader.open("#claim=1.1")
    reader.press("?")
    assert "next claim" in reader.text("dialog")
    reader.page.uncheck("dialog input")
    reader.press("Escape", "c")
    assert "Claim 1.1" in reader.text("#lab")
    reader.page.click("#bar .help")
    reader.page.check("dialog input")
    reader.press("Escape", "c")
    assert "Claim 1.2" in reader.text("#lab")


def test_a_screen_reader_is_told_the_place(reader):
    reader.open("#claim=1.1")
    reader.press("s")
    status = reader.page.locator("[role=status]", has_text="the PTE of")
    status.wait_for(state="attached")
    said = status.text_content()
    assert said.startswith(f"Cycle {reader.cycle:,}; act ")


def test_the_theme_can_be_chosen(reader):
    reader.open()
    grounds = []
    for _ in range(3):
        grounds.append(reader.page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        reader.press("t")
    # The system has it light; so it is light, light, and dark.
    assert grounds[0] == grounds[1] != grounds[2]


def test_on_paper_are_all_claims_with_their_walks_and_no_controls(reader):
    reader.open()
    reader.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    reader.page.emulate_media(media="print")
    claims = played("article").document["claims"]
    assert reader.page.locator("#print .claim:visible").count() == len(claims)
    assert reader.page.locator("#print .walk:visible").count() == sum(
        (claim["left"] is not None) + (claim["right"] is not None) for claim in claims)
    assert reader.page.locator("button:visible, input:visible, select:visible").count() == 0
    reader.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert reader.page.locator("#print .claim").count() == 0
