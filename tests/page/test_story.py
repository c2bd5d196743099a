"""The story: each claim has the paths that it is about."""

import pytest
from tests.page.page_support import at, played


pytestmark = pytest.mark.slow


def about(found, number):
    """Text of a claim, and the sides of its paths."""
    claim = found["claims"][number]
    text  = found["run"]["acts"][claim["act"]]["claims"][claim["claim"]]["text"]
    return text, claim


@pytest.mark.parametrize("mode", ["4level", "32bit"])
def test_the_two_paths_of_the_article_are_the_refused_store_and_that_through_the_alias(mode):
    found = played("article", mode).document
    hero  = found["hero"]
    refused, one = about(found, hero["refused"])
    done, other  = about(found, hero["done"])
    assert "#PF, error code 0x7" in refused and one["attempt"] == "user write"
    assert done.startswith("the store went to the same frame") and other["side"] == "right"
    assert other["attempt"] == "kernel write"
    left, right = (found["subjects"][hero[side]] for side in ("left", "right"))
    assert left["cr3"] == right["cr3"]
    assert (left["side"], right["side"]) == ("user", "kernel")
    frame = int(found["frames"][hero["frame"]]["physical"], 16)
    for claim, subject in ((one, left), (other, right)):
        walk = [number for cycle, number in subject["walks"] if cycle <= claim["cycle"]][-1]
        page = found["walks"][walk]["page"]
        assert int(page["physical"], 16) <= frame < int(page["physical"], 16) + page["size"]


@pytest.mark.parametrize("name", ["article", "race", "shootdown"])
def test_every_claim_of_an_act_with_two_paths_has_two(name):
    found = played(name).document
    for claim in found["claims"]:
        act = found["acts"][claim["act"]]
        if act["left"] is not None and act["right"] is not None:
            assert claim["left"] is not None and claim["right"] is not None
        if claim["side"] is not None:
            access  = found["traces"][claim["cpu"]]["accesses"][claim["access"]]
            subject = found["subjects"][claim[claim["side"]]]
            assert int(access[6], 16) & -0x1000 == int(subject["linear"], 16)
    assert any(claim["side"] for claim in found["claims"])


@pytest.mark.parametrize("mode", ["4level", "32bit"])
@pytest.mark.parametrize("name", ["article", "race", "shootdown"])
def test_the_access_of_each_claim_is_shown_under_the_cr3_that_it_had(name, mode):
    case  = played(name, mode)
    found = case.document
    for claim in found["claims"]:
        assert (claim["side"] is None) is (claim["access"] is None)
        if claim["side"] is not None:
            access  = case.stage.traces[claim["cpu"]].all_accesses[claim["access"]]
            subject = found["subjects"][claim[claim["side"]]]
            assert (subject["cpu"], int(subject["cr3"], 16)) == (claim["cpu"], access.state.cr3)
            walk = found["walks"][at(subject["walks"], access.accepted)[1]]
            assert walk["loaded"] and walk["cr3"] == subject["cr3"]


@pytest.mark.parametrize("name", ["article", "shootdown"])
def test_functions_of_an_act_are_nested_as_they_were_called(name):
    case = played(name)
    for number, act in enumerate(case.run.acts):
        rows = case.document["acts"][number]["functions"]
        for cpu, trace in enumerate(case.stage.traces):
            mine = [row for row in rows if row[4] == cpu]
            for cycle in range(act.since, act.until, 7):
                stack = [case.document["functions"][row[1]] for row in mine
                         if row[2] <= cycle < row[3]]
                assert tuple(stack) == trace.mark_at(cycle).stack


def test_what_was_notable_stands_with_the_function_in_which_it_was():
    found = played("article").document
    said  = {found["functions"][row[1]]: row[5] for row in found["acts"][4]["functions"]}
    assert any("physical" in text and "write" in text for text in said["copy_to_user_page"])
    assert said["copy_from_user"] == ["STAC", "CLAC"]


@pytest.mark.parametrize("name, mode", [
    ("article", "4level"), ("article", "32bit"), ("article", "pae"), ("article", "5level"),
    ("shootdown", "4level"), ("race", "4level"),
])
def test_the_verdict_that_is_drawn_is_how_the_access_ended(name, mode):
    found, ends = played(name, mode).document, set()
    for claim in found["claims"]:
        if claim["attempt"] is None:
            continue
        access  = found["traces"][claim["cpu"]]["accesses"][claim["access"]]
        subject = found["subjects"][claim[claim["side"]]]
        # An entry may come while the access waits for its walk.
        walk    = found["walks"][at(subject["walks"], access[1])[1]]
        by_tlb  = (walk["tlb"] or {"verdicts": {}})["verdicts"].get(claim["attempt"])
        verdict = by_tlb or walk["verdicts"][claim["attempt"]]
        ended   = found["faults"][access[9]]
        assert (ended, access[10]) == (
            ("NONE", 0) if verdict["done"] else ("PAGE_FAULT", verdict["error_code"]))
        ends.add(ended)
    assert ends == ({"NONE", "PAGE_FAULT"} if name == "article" else {"NONE"})


@pytest.mark.parametrize("act, place, attempt, left, right, unused", [
    (1, 1, "user write",   0x7fff_f7ff_c000, 0xffff_8880_0000_a000, ["right"]),
    (2, 1, "kernel write", 0x7fff_f7ff_c000, 0xffff_8880_0000_a000, ["right"]),
    (5, 7, "kernel write", 0x7fff_f7ff_c000, 0xffff_8880_0000_a000, []),
    (4, 8, None,           0x7fff_f7ff_c000, 0xffff_8880_0000_a000, ["right"]),
    (5, 3, "kernel read",  0x7fff_f7ff_c000, 0xffff_8880_0000_9000, []),
    (5, 4, None,           0x7fff_f7ff_c000, 0xffff_8880_0000_a000, []),
    (6, 7, "kernel read",  0x7fff_f7ff_b000, 0xffff_8880_0000_5000, []),
    (7, 4, "user write",   0x7fff_f7ff_a000, 0x7fff_f7ff_9000,      []),
    (8, 1, None,           0x7fff_f7ff_8000, 0xffff_8880_0000_5000, ["right"]),
])
def test_the_article_s_claims_are_about_these_addresses(act, place, attempt, left, right, unused):
    found   = played("article").document
    [claim] = [claim for claim in found["claims"]
               if (claim["act"] + 1, claim["claim"] + 1) == (act, place)]
    linear  = [int(found["subjects"][claim[side]]["linear"], 16) for side in ("left", "right")]
    assert (claim["attempt"], linear, claim["unused"]) == (attempt, [left, right], unused)


@pytest.mark.parametrize("mode", ["4level", "32bit"])
def test_two_processes_stand_beside_each_other_each_in_its_address_space(mode):
    case  = played("article", mode)
    found = case.document
    meet  = []
    # The last claim is about the file, which the kernel reads, beside the unchanged process.
    *claims, file = [claim for claim in found["claims"] if claim["act"] == 5]
    for claim in claims:
        left, right = (found["subjects"][claim[side]] for side in ("left", "right"))
        assert left["side"] == right["side"] == "user" and left["cr3"] != right["cr3"]
        ends = [int(found["walks"][at(each["walks"], claim["shown"])[1]]["page"]["physical"], 16)
                for each in (left, right)]
        meet.append(ends[0] == ends[1])
        assert int(found["frames"][claim["frame"]]["physical"], 16) in ends
    assert meet == [True, False, False, False, False, False]
    assert [claim["side"] for claim in claims] == ["left", None, None, "left", "left", "right"]
    frames = {claim["frame"] for claim in (claims[0], claims[-1], file)}
    assert len(frames) == 1 and (claims[-1]["right"], "right") == (file["left"], file["side"])


def test_of_a_claim_about_a_page_table_the_user_s_page_is_beside_it():
    found = played("race").document
    _, claim = about(found, 1)
    left, right = (found["subjects"][claim[side]] for side in ("left", "right"))
    assert (claim["side"], left["side"], right["side"]) == ("right", "user", "kernel")
    entries = found["walks"][at(left["walks"], claim["shown"])[1]]["entries"]
    page    = int(right["linear"], 16) & 0xFFFF_FFFF
    assert int(entries[-1]["address"], 16) & -0x1000 == page


def test_what_a_store_shows_is_seen_in_the_next_cycle():
    found = played("article").document
    later = [about(found, number)[0] for number, claim in enumerate(found["claims"])
             if claim["shown"] != claim["cycle"]]
    assert later == ["the page walker set D in the read-only leaf, in a locked bus cycle"]
