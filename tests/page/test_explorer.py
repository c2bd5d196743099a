"""The explorer: what it says is what the gateware does."""

from random import Random

import pytest

from sim.golden.permission import Rights, refusal
from sim.golden.state import ControlState, Features
from sim.page.reduced import all_reduced, vector
from sim.paging.walk import ATTEMPTS
from sim.vectors.engines import VECTOR_ENGINES

from .page_support import at, played
from .reader_support import BITS


pytestmark = pytest.mark.slow

#: Switches a whole state together, by its buttons, and reads the decision; for each of many.
SWITCHED = """states => states.map(({ attempt, hit, switches }) => {
    const explorer = document.getElementById("explorer");
    const box = explorer.querySelector("input");
    if (box.checked !== hit) box.click();
    for (const [name, on] of Object.entries(switches)) {
        const button = [...explorer.querySelectorAll("button[aria-pressed]")].find(each =>
            each.querySelector(".hidden").textContent.replace(", decides", "") === name);
        if (button.getAttribute("aria-pressed") !== String(on)) button.click();
    }
    const select = explorer.querySelector("select");
    select.value = attempt;
    select.dispatchEvent(new Event("change"));
    return explorer.querySelector(".verdict p").textContent.trim();
})"""

LEVELS = ("PML4E", "PDPTE", "PDE", "PTE")


def test_it_answers_like_the_engine(reader):
    rng = Random(2)
    reduced = list(all_reduced())
    vectors, switched = [], []
    for _ in range(400):
        state = rng.choice(reduced)
        bits  = {level: {name for name, (_, often) in BITS.items() if rng.random() < often}
                 for level in LEVELS}
        if state.hit:
            # The levels of the explorer say something else, and are not asked.
            asked = hit_vector(state)
            if asked is not None:
                vectors.append(asked)
                switched.append({"attempt": state.attempt, "hit": True, "switches": {
                    **state.control, **level_switches(bits), **tlb_switches(state)}})
            continue
        plain = vector(state, may=False)
        values = [0x2000 + 0x1000 * number | sum(1 << BITS[name][0] for name in bits[level])
                  for number, level in enumerate(LEVELS)]
        vectors.append(plain._replace(entries=[
            (address, value) for (address, _), value in zip(plain.entries, values, strict=True)]))
        switched.append({"attempt": state.attempt, "hit": False, "switches": {
            **state.control, **level_switches(bits)}})
    reader.open()
    said = reader.page.evaluate(SWITCHED, switched)
    done = [f"{state['attempt']}: " + ("allowed" if outcome.ending.fault is None
                                       else f"#PF {outcome.ending.error_code:#x}")
            for state, outcome in zip(switched, VECTOR_ENGINES["cxxrtl"]().run(vectors),
                                      strict=True)]
    assert said == done
    assert len(set(done)) > 20
    assert any(state["hit"] for state in switched)


def level_switches(bits):
    """Switches of the levels by their names."""
    return {f"{level} {name}": name in bits[level] for level in LEVELS for name in BITS}


def tlb_switches(state):
    """Switches of the translation in the TLB by their names."""
    return {"TLB R/W": state.writable, "TLB U/S": state.user, "TLB XD": state.execute_disable}


def hit_vector(state):
    """A state as a vector whose translation is in the TLB; None if no walk brings it there."""
    rights  = Rights(state.writable, state.user, state.execute_disable)
    asked   = vector(state, may=False)
    control = ControlState(machine=Features(), cr0=asked.cr0, cr3=asked.cr3, cr4=asked.cr4,
                           efer=asked.efer, ac=bool(asked.access.ac))
    if state.first != "whole" or state.execute_disable and not control.no_execute:
        return None
    return vector(state, may=refusal(control, rights, ATTEMPTS[state.attempt]) is None)


def test_it_lights_what_decides(reader):
    reader.open()
    reader.page.uncheck("#explorer input[type=checkbox]")  # no translation in the TLB
    lit = reader.page.locator("#explorer .lit .hidden")
    assert lit.all_text_contents() == ["PTE R/W, decides"]
    reader.page.select_option("#explorer select", "kernel write")
    # SMAP refuses it as well: each level gives the page to the user, and AC is clear.
    smap = [*(f"{level} U/S, decides" for level in LEVELS), "CR4.SMAP, decides",
            "RFLAGS.AC, decides"]
    assert sorted(lit.all_text_contents()) == sorted(
        [*smap, "PTE R/W, decides", "CR0.WP, decides"])
    reader.page.select_option("#explorer select", "kernel read")
    assert lit.all_text_contents() == smap


def test_it_names_all_reasons(reader):
    reader.open()
    reader.page.uncheck("#explorer input")  # no translation in the TLB
    reasons = reader.page.locator("#explorer .reason")
    assert len(reasons.all_text_contents()) == 1
    reader.page.click("#explorer button:has-text('PDE U/S')")
    assert ["U/S = 0" in reasons.nth(0).inner_text(), "R/W = 0" in reasons.nth(1).inner_text()] == [
        True, True]
    reader.page.check("#explorer input")
    assert len(reasons.all_text_contents()) == 2
    assert reader.page.locator("#explorer tfoot .lit .hidden").all_text_contents() == [
        "TLB R/W, decides", "TLB U/S, decides"]


def test_it_takes_the_walks_of_the_page(reader):
    reader.open("#claim=5.7")
    reader.page.click("#explorer >> text=As the right walk is now")
    assert reader.page.locator("#explorer tbody th").all_inner_texts() == ["PML4E", "PDPTE", "PDE"]
    assert reader.text("#explorer .verdict").startswith("kernel write: allowed")
    reader.page.click("#explorer >> text=As the left walk is now")
    assert reader.text("#explorer .verdict").startswith("user write: #PF 0x7")


@pytest.mark.parametrize("mode, offered", [("4level", 2), ("5level", 0), ("32bit", 0)])
def test_it_takes_walks_of_4_level_paging_alone(reader, mode, offered):
    document = played("article").document
    reader.open()
    reader.show({**document, "run": {**document["run"], "mode": mode}})
    assert reader.page.locator("#explorer .takes button").count() == offered
    assert "in 4-level paging" in reader.text("#explorer h2")


def test_a_translation_in_the_tlb_is_asked_and_the_levels_are_not(reader):
    reader.open()
    reader.page.check("#explorer input")
    assert reader.text("#explorer .verdict").startswith("user write: #PF 0x7")
    assert "they say the same" in reader.text("#explorer .asked")
    reader.page.click("#explorer button:has-text('TLB R/W')")
    assert reader.text("#explorer .verdict").startswith("user write: allowed")
    assert "STALE" in reader.text("#explorer .asked")
    reader.page.click("#explorer button:has-text('PDE P')")
    assert reader.text("#explorer .verdict").startswith("user write: allowed")
    reader.page.uncheck("#explorer input")
    assert "the walk ends at the PDE, which is missing" in reader.text("#explorer tfoot")
    assert reader.text("#explorer .verdict").startswith("user write: #PF 0x6")


def test_the_tlb_holds_only_what_a_walk_can_bring(reader):
    reader.open()
    reader.page.check("#explorer input")
    reader.page.click("#explorer button:has-text('EFER.NXE')")
    assert "no walk could have brought" in " ".join(reader.text("#explorer .verdict").split())


def test_the_address_of_the_page_keeps_what_is_switched(reader):
    reader.open("#claim=5.7")
    reader.page.select_option("#explorer select", "kernel write")
    reader.page.check("#explorer input")
    reader.page.click("#explorer button:has-text('TLB R/W')")
    shown, fragment = reader.text("#explorer"), reader.fragment
    assert fragment.startswith("#claim=5.7&explorer=")
    reader.follow("#claim=2.1")
    assert reader.text("#explorer") == shown
    reader.open(fragment)
    assert (reader.text("#explorer"), reader.fragment) == (shown, fragment)
    reader.open("#claim=5.7&explorer=zz.nonsense")
    assert reader.text("#explorer") != shown
    assert reader.tab.errors == []


def test_it_begins_with_the_left_of_the_two_paths(reader):
    reader.open()
    found   = played("article").document
    claim   = found["claims"][found["hero"]["refused"]]
    subject = found["subjects"][found["hero"]["left"]]
    walk    = found["walks"][at(subject["walks"], claim["cycle"])[1]]
    pressed = reader.page.locator("#explorer [aria-pressed=true] .hidden").all_text_contents()
    rights  = walk["tlb"]["rights"]  # the TLB has the translation in that cycle
    cached  = {"TLB R/W": "w" in rights, "TLB U/S": "user" in rights, "TLB XD": "x" not in rights}
    assert {text.removesuffix(", decides") for text in pressed} == {
        *(name for name, given in cached.items() if given),
        *(f"{entry['level']} {bit}" for entry in walk["entries"] for bit in entry["bits"]
          if bit in BITS), *(name for name, value in walk["registers"].items() if value)}
    assert reader.page.input_value("#explorer select") == claim["attempt"]
