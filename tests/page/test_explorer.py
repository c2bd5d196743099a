"""The explorer: what it says is what the gateware does."""

from random import Random

import pytest

from sim.page.reduced import MAXPHYADDR, all_reduced, vector
from sim.vectors.engines import VECTOR_ENGINES


pytestmark = pytest.mark.slow

#: Switches a whole state together, by its buttons, and reads the decision; for each of many.
SWITCHED = """states => states.map(({ attempt, hit, switches }) => {
    const explorer = document.getElementById("explorer");
    for (const [name, on] of Object.entries(switches)) {
        const button = [...explorer.querySelectorAll("button[aria-pressed]")].find(each =>
            each.querySelector(".hidden").textContent.replace(", decides", "") === name);
        if (button.getAttribute("aria-pressed") !== String(on)) button.click();
    }
    const select = explorer.querySelector("select");
    select.value = attempt;
    select.dispatchEvent(new Event("change"));
    const box = explorer.querySelector("input");
    if (box.checked !== hit) box.click();
    return explorer.querySelector(".verdict p").textContent.trim();
})"""

LEVELS = ("PML4E", "PDPTE", "PDE", "PTE")

#: Bits of an entry by their names in the explorer, and how often a random entry has them.
BITS = {"P": (0, 0.95), "R/W": (1, 0.8), "U/S": (2, 0.8), "reserved": (MAXPHYADDR, 0.03),
        "XD": (63, 0.15)}


def test_it_answers_like_the_engine(reader):
    rng = Random(2)
    reduced = list(all_reduced())
    vectors, switched = [], []
    for _ in range(400):
        state = rng.choice(reduced)._replace(hit=False)
        bits  = {level: {name for name, (_, often) in BITS.items() if rng.random() < often}
                 for level in LEVELS}
        plain = vector(state, may=False)
        values = [0x2000 + 0x1000 * number | sum(1 << BITS[name][0] for name in bits[level])
                  for number, level in enumerate(LEVELS)]
        vectors.append(plain._replace(entries=[
            (address, value) for (address, _), value in zip(plain.entries, values, strict=True)]))
        switched.append({"attempt": state.attempt, "hit": False, "switches": {
            **state.control, **{f"{level} {name}": name in bits[level]
                                for level in LEVELS for name in BITS}}})
    reader.open()
    said = reader.page.evaluate(SWITCHED, switched)
    done = [f"{state['attempt']}: " + ("allowed" if outcome.ending.fault is None
                                       else f"#PF {outcome.ending.error_code:#x}")
            for state, outcome in zip(switched, VECTOR_ENGINES["cxxrtl"]().run(vectors),
                                      strict=True)]
    assert said == done
    assert len(set(done)) > 20


def test_it_lights_what_decides(reader):
    reader.open()
    lit = reader.page.locator("#explorer .lit .hidden")
    assert lit.all_text_contents() == ["PTE R/W, decides"]
    reader.page.select_option("#explorer select", "kernel write")
    assert lit.all_text_contents() == [
        "PTE R/W, decides", "CR0.WP, decides"]
    reader.page.select_option("#explorer select", "kernel read")
    # It is SMAP that refuses now: each level gives the page to the user, and AC is clear.
    assert lit.all_text_contents() == [
        *(f"{level} U/S, decides" for level in LEVELS), "CR4.SMAP, decides", "RFLAGS.AC, decides"]


def test_it_takes_the_walks_of_the_page(reader):
    reader.open("#claim=5.7")
    reader.page.click("#explorer >> text=As the right walk is now")
    assert reader.page.locator("#explorer tbody th").all_inner_texts() == ["PML4E", "PDPTE", "PDE"]
    assert reader.text("#explorer .verdict").startswith("kernel write: allowed")
    reader.page.click("#explorer >> text=As the left walk is now")
    assert reader.text("#explorer .verdict").startswith("user write: #PF 0x7")


def test_the_tlb_holds_only_what_a_walk_can_make(reader):
    reader.open()
    reader.page.check("#explorer input")
    assert reader.text("#explorer .verdict").startswith("user write: #PF 0x7")
    reader.page.click("#explorer button:has-text('PDE P')")
    assert reader.text("#explorer .verdict").startswith("No walk could have brought")
    reader.page.uncheck("#explorer input")
    assert "the walk ends at the PDE, which is missing" in reader.text("#explorer tfoot")
