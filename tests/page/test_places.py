"""The cursor in time: links, steps, keys, and what is shown at each place."""

import pytest
from browser_support import visit

from .page_support import at, played, tlb_at
from .reader_support import Reader


pytestmark = pytest.mark.slow

#: Keys that go on to the next one of a kind, and back.
STEPS = {"cycle": ("ArrowRight", "ArrowLeft"), "event": ("k", "j"), "claim": ("c", "C"),
         "fault": ("f", "F"), "table store": ("s", "S"), "tlb": ("l", "L"), "act": ("a", "A")}

#: Of these there is at most one after the first claim.
ENDED = {("shootdown", "fault"), ("shootdown", "act")}


def test_a_claim_s_link_moves_cursor_walks_and_waveform(reader):
    reader.open()
    before = reader.drawing()
    with reader.moving():
        reader.page.click("#acts a:has-text('the page walker set D in the read-only leaf')")
    claim, = (claim for act in played("article").document["run"]["acts"] for claim in act["claims"]
              if claim["text"].startswith("the page walker set D in the read-only leaf"))
    assert reader.fragment == "#claim=2.4"
    # The store that shows it counts from the next cycle on.
    shown = claim["cycle"] + 1
    assert reader.cycle == shown
    assert claim["detail"] in reader.text("#lab")
    assert f"in {shown:,}" in reader.text(".wave-names thead")
    assert reader.drawing() != before


@pytest.mark.parametrize("fragment", ["#claim=5.7", "#cycle=7040&cpu=0"])
def test_the_page_opens_at_the_place_in_its_address(reader, fragment):
    reader.open(fragment)
    first = reader.state()
    reader.open()
    assert reader.state() != first
    reader.follow(fragment)
    assert reader.state() == first


@pytest.mark.parametrize("fragment", ["#claim=99.1", "#cycle=99999999", "#nonsense", "#cycle=x"])
def test_an_address_of_no_place_opens_the_page_as_ever(reader, fragment):
    reader.open()
    cycle = reader.cycle
    reader.open(fragment)
    assert (reader.cycle, reader.tab.errors) == (cycle, [])


def test_back_and_forward_go_from_claim_to_claim(reader):
    reader.open()
    with reader.moving():
        reader.page.click("#acts a[href='#claim=2.1']")
    with reader.moving():
        reader.page.click("#acts a[href='#claim=4.2']")
    there = reader.state()
    with reader.moving():
        reader.page.go_back()
    reader.page.wait_for_selector("#lab >> text=Claim 2.1")
    with reader.moving():
        reader.page.go_forward()
    reader.page.wait_for_selector("#lab >> text=Claim 4.2")
    assert reader.state() == there


@pytest.mark.parametrize("name", ["article", "shootdown"])
@pytest.mark.parametrize("kind", STEPS)
def test_as_many_steps_back_as_forwards_give_the_same(chromium, pages, name, kind):
    with visit(chromium) as tab:
        reader = Reader(tab, pages / f"{name}.html")
        reader.open("#claim=1.1")
        onwards, back = STEPS[kind]
        # Where the way back ends, too, is a stop of that kind.
        reader.press(onwards)
        seen = [reader.state()]
        for _ in range(4):
            reader.press(onwards)
            seen += [state for state in [reader.state()] if state != seen[-1]]
        for state in reversed(seen[:-1]):
            reader.press(back)
            assert reader.state() == state
        assert len(seen) > 1 or (name, kind) in ENDED


def test_the_same_steps_by_buttons_and_by_keys(reader):
    for kind, (onwards, _) in STEPS.items():
        if kind == "act":
            continue
        reader.open("#claim=2.1")
        reader.press(onwards)
        by_key = reader.state()
        reader.open("#claim=2.1")
        reader.page.click(f"[aria-label='next {kind}']")
        assert reader.state() == by_key


def test_what_is_shown_is_what_the_document_says(reader):
    document = played("article").document
    trace = document["traces"][0]
    changed = [change[0] for change in trace["tlb"]]
    reader.open("#claim=1.1")
    stored = [value[0] for frame in document["frames"] for word in frame["words"]
              for value in word["values"]]
    for cycle in [0, *stored[::23], *(cycle + 1 for cycle in stored[::23]),
                  *changed[::9], *(cycle + 1 for cycle in changed[1::9]),
                  *(stop[0] for stop in document["stops"][::1500]), document["run"]["cycles"]]:
        if cycle != reader.cycle:
            reader.follow(f"#cycle={cycle}&cpu=0")
        assert reader.cycle == cycle
        _, state = at(trace["states"], cycle)
        shown = dict(line.split("\n") for line in
                     reader.page.locator(".registers dl div").all_inner_texts())
        assert shown == {name.upper(): str(value) for name, value in state.items()}
        held = [document["tlb_entries"][index]["linear"] for index in tlb_at(document, 0, cycle)]
        assert sorted(reader.page.locator(".tlb tbody th").all_inner_texts()) == sorted(held)
        for side in ("left", "right"):
            assert_walk(reader, document, side, cycle)
        assert_frame(reader, document, cycle)
        _, stack = at(trace["marks"], cycle)
        assert reader.page.locator(".stack li").all_inner_texts() == [
            document["functions"][index] for index in stack]


def assert_walk(reader, document, side, cycle):
    """The walk on a side is that of the document."""
    chosen  = reader.page.locator(f"#lab .side.{side} select").input_value()
    subject = document["subjects"][int(chosen)]
    known = [walk for since, walk in subject["walks"] if since <= cycle]
    entries = document["walks"][known[-1]]["entries"] if known else []
    assert reader.page.locator(f"#lab .side.{side} .entry .value").all_inner_texts() == [
        entry["entry"] for entry in entries]


def assert_frame(reader, document, cycle):
    """The bytes of each frame are those that were stored before the cycle."""
    for shown in reader.page.locator("#lab .frame").all():
        frame, = (each for each in document["frames"]
                  if each["physical"] == shown.get_attribute("aria-label").split()[1])
        stored = [(word["address"], [value for value in word["values"] if value[0] < cycle])
                  for word in frame["words"]]
        rows = [row.split()[:2] for row in shown.locator("tbody tr").all_inner_texts()]
        assert rows == [[address, values[-1][1]] for address, values in stored if values]


@pytest.mark.parametrize("claim, arrows, frames", [
    ("6.1", ["left arrives", "right arrives"], 1),
    ("6.4", ["left arrives", "right arrives"], 2),
    ("5.3", ["left arrives", "right arrives"], 2),
])
def test_an_arrow_leads_to_the_frame_in_which_a_path_ends(reader, claim, arrows, frames):
    document = played("article").document
    reader.open(f"#claim={claim}")
    view, = (each for each in document["claims"]
             if f"{each['act'] + 1}.{each['claim'] + 1}" == claim)
    shown = reader.page.locator("#lab .frame")
    assert [each.get_attribute("class") for each in
            reader.page.locator("#lab .arrows path").all()] == arrows
    assert shown.count() == frames
    for side, box in zip(("left", "right"), shown.all(), strict=False):
        walks = document["subjects"][view[side]]["walks"]
        page  = document["walks"][at(walks, view["shown"])[1]]["page"]["physical"]
        if page != "0x0":  # the linear map's, of 2 MiB
            assert box.get_attribute("aria-label") == f"Frame {page}"
    columns = [box.bounding_box()["x"] for box in shown.all()]
    assert columns == sorted(set(columns))


def test_a_walk_tells_that_another_address_space_is_loaded(reader):
    reader.open("#claim=6.4")
    states = played("article").document["traces"][0]["states"]
    cr3    = at(states, reader.cycle)[1]["cr3"]
    assert "not loaded" not in reader.text("#lab .side.left .root")
    assert f"not loaded: it is {cr3}" in " ".join(reader.text("#lab .side.right .root").split())


def test_before_an_address_space_is_there_its_walk_is_not(reader):
    reader.open("#claim=6.4")
    chosen = reader.page.locator("#lab .side.left select").input_value()
    about  = played("article").document["subjects"][int(chosen)]
    walks, cr3 = about["walks"], about["cr3"]
    name   = reader.page.locator("#lab .side.left .linear code").first.inner_text()
    reader.open(f"#cycle={walks[0][0] - 1}&cpu=0&left={name}.{cr3}")
    assert f"No processor has had CR3 {cr3} yet" in reader.text("#lab .side.left")
    reader.press("ArrowRight")
    assert reader.page.locator("#lab .side.left .entry").count() == 4


def test_the_slider_goes_from_begin_to_end_by_keys(reader):
    reader.open()
    reader.page.focus("#bar input")
    reader.press("Home")
    assert reader.cycle == 0
    reader.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert reader.cycle == 1
    reader.press("End")
    assert reader.cycle == played("article").document["run"]["cycles"]


def test_a_cycle_is_gone_to_by_its_number(reader):
    reader.open("#claim=1.1")
    reader.page.fill("#bar [name=cycle]", "7040")
    reader.page.keyboard.press("Enter")
    assert (reader.cycle, reader.fragment) == (7040, "#cycle=7040&cpu=0")
    reader.page.fill("#bar [name=cycle]", "99999999")
    reader.page.click("#bar >> text=Go")
    assert reader.cycle == 7040


def test_to_skip_to_the_cycle_keeps_the_place(reader):
    reader.open("#claim=2.1")
    reader.press("Tab", "Enter")
    assert reader.page.evaluate("document.activeElement.id") == "lab-title"
    assert (reader.fragment, reader.cycle) == ("#claim=2.1", reader.cycle)


def test_a_chosen_address_is_kept_by_its_name(reader):
    reader.open("#claim=5.7")
    other = played("article").document["subjects"][3]["linear"]
    reader.page.select_option("#lab .side.left select", "3")
    assert reader.fragment == f"#claim=5.7&left={other}"
    there = reader.state()
    reader.open("#claim=1.1")
    reader.open(f"#claim=5.7&left={other}")
    assert reader.state() == there


def test_a_longer_document_is_drawn_where_the_reader_is(reader):
    document = played("article").document
    reader.open("#claim=1.2")
    reader.show(document)
    whole = reader.state(), reader.text("#acts")
    reader.open()
    reader.show(first_acts(document, 2))
    assert reader.page.locator(".acts > li").count() == 2
    reader.follow("#claim=1.2")
    reader.show(document)
    assert (reader.state(), reader.text("#acts")) == whole


def first_acts(document, count):
    """A document as it is when some acts have been played."""
    claims = [claim for claim in document["claims"] if claim["act"] < count]
    return {**document, "claims": claims, "acts": document["acts"][:count], "hero": None,
            "run": {**document["run"], "acts": document["run"]["acts"][:count]},
            "stops": [stop for stop in document["stops"]
                      if not (stop[1] == "claim" and stop[3] >= len(claims)
                              or stop[1] == "act" and stop[3] >= count)]}


def test_each_processor_can_be_chosen_and_all_be_seen(chromium, pages):
    with visit(chromium) as tab:
        reader = Reader(tab, pages / "shootdown.html")
        reader.open("#claim=2.3")
        first = reader.text(".states")  # of processor 1, which takes the interrupt
        reader.page.check("input[name=cpu] >> nth=0")
        assert reader.fragment.endswith("&cpu=0")
        assert reader.text(".states") != first
        reader.press("p")
        assert reader.fragment.endswith("&cpu=1")
        assert reader.text(".states") == first
        reader.page.check("input[name=cpu] >> nth=2")
        assert reader.page.locator(".state h4").all_inner_texts() == ["Processor 0", "Processor 1"]
